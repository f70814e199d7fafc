//! `search.atom?q=`: any search as a feed, of what open outputs show.

use crate::asked::{get, polled};
use crate::origin::{Origin, Reply};
use crate::walk::{daemon, free_address, output};

fn feed(items: &[(&str, &str, &str)]) -> Reply {
    let items: String = { items.iter() }
        .map(|(id, author, text)| {
            format!(
                "<item><guid isPermaLink=\"false\">tag:x.example,2026:{id}</guid><title>{id}</title>\
                 <dc:creator>{author}</dc:creator><category>Water ways</category>\
                 <link>https://x.example/{id}</link><description>{text}</description></item>"
            )
        })
        .collect();
    Reply::ok(format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>T</title>{items}</channel></rss>"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_a_feed_of_what_open_outputs_show() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script(
        "/a",
        feed(&[
            ("a1", "Anna Weir", "The gate opens"),
            ("a2", "Ole Lock", "The tide"),
        ]),
    );
    origin.script("/b", feed(&[("b1", "Anna Weir", "The gate, for members")]));
    origin.script(
        "/c",
        feed(&[
            ("c1", "Uta Sluice", "Another gate"),
            ("c2", "Uta Sluice", "A gate dropped"),
        ]),
    );
    let source = |id: &str, tag: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{tag}\"]\n")
    };
    let lines = source("a", "sea")
        + &source("b", "members")
        + &source("c", "low land")
        + "[[output]]\nname = \"all\"\ndrop = ['title = \"c2\"']\n\
           [[output]]\nname = \"inner\"\ntags = [\"members\"]\ntoken = \"tok0\"\n";
    polled(folder.path(), &address, &lines).await;
    output(folder.path(), &["articles", "gate"]).await; // brings the index up to date
    let _daemon = daemon(folder.path());

    let found = async |query: &str| {
        let (status, _, body) = get(&address, &format!("search.atom?q={query}")).await;
        assert_eq!(status, 200, "{query}: {body}");
        let feed = feed_rs::parser::parse(body.as_bytes()).expect("a feed");
        let titles = feed.entries.into_iter().filter_map(|entry| entry.title);
        let mut titles: Vec<String> = titles.map(|title| title.content).collect();
        titles.sort();
        titles
    };
    for (query, titles) in [
        ("gate", &["a1", "c1"] as &[&str]),
        ("members", &[]),
        ("author:anna", &["a1"]),
        ("category:%22water+ways%22+tide", &["a2"]),
        ("gate+source:c", &["c1"]),
        ("gate+NOT+source:c", &["a1"]),
        ("tag:%22low+land%22", &["c1"]),
        ("gate+since:2999-01-01", &[]),
        ("source:a", &["a1", "a2"]),
    ] {
        assert_eq!(found(query).await, titles, "{query}");
    }
    let (_, headers, body) = get(&address, "search.json?q=gate+%26+tide").await;
    assert_eq!(
        headers["content-type"], "text/plain; charset=utf-8",
        "{body}"
    );
    for (query, part) in [
        ("q=gate+%26+tide", "cannot be read at \"&\""),
        ("q=", "nothing to search for"),
        ("", "nothing to search for"),
        ("q=source:b", "there is no source \"b\""),
        ("q=tag:members", "there is no tag \"members\""),
        ("q=%22gate", "a double quote is not closed"),
    ] {
        let (status, _, body) = get(&address, &format!("search.atom?{query}")).await;
        assert_eq!(status, 400, "{query}: {body}");
        assert!(body.contains(part), "{query}: {body}");
    }
    let (_, first, body) = get(&address, "search.rss?q=gate&utm=1").await;
    let (_, second, _) = get(&address, "search.rss?x=y&q=gate").await;
    assert_eq!(first["etag"], second["etag"]);
    assert!(body.contains("search.rss?q=gate\""), "{body}");
    assert!(
        body.contains(&format!("<link>http://{address}/search?q=gate</link>")),
        "{body}"
    );
    assert_eq!(get(&address, "search.xml?q=gate").await.0, 404);
}
