//! What only an output with a token shows, and what outputs carry in summary only, stands nowhere else.

use crate::asked::{get, polled};
use crate::origin::{Origin, Reply};
use crate::walk::{daemon, free_address, output};

fn rss(item: &str) -> Reply {
    Reply::ok(format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>T</title>{item}</channel></rss>"
    ))
}

/// Paths of the first article's page.
async fn article_page(address: &str) -> String {
    let (_, _, json) = get(address, "all.json").await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let id = json["items"][0]["_article"]["id"].as_str().expect("an id");
    format!("articles/{}", id.trim_start_matches("urn:uuid:"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_source_lends_nothing_to_the_story_it_shares() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script(
        "/inner",
        rss("<item><guid isPermaLink=\"false\">i</guid><title>Shared</title><link>https://x.example/shared</link>\
             <dc:creator>Hidden Author</dc:creator><category>Hidden Category</category>\
             <enclosure url=\"https://x.example/hidden.mp3\" type=\"audio/mpeg\" length=\"5\"/>\
             <media:content url=\"https://x.example/hidden.jpg\" type=\"image/jpeg\" width=\"900\" height=\"600\"/>\
             <description>Inner words.</description></item>"),
    );
    origin.script(
        "/open",
        rss("<item><guid isPermaLink=\"false\">o</guid><title>Shared</title><link>https://x.example/shared</link>\
             <description>Open words.</description></item>"),
    );
    let source = |id: &str, tag: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{tag}\"]\n")
    };
    let lines = source("inner", "members")
        + &source("open", "news")
        + "[[output]]\nname = \"all\"\n[[output]]\nname = \"club\"\ntags = [\"members\"]\ntoken = \"tok0\"\n";
    polled(folder.path(), &address, &lines).await;
    output(folder.path(), &["articles", "words"]).await; // brings the index up to date
    let _daemon = daemon(folder.path());
    let page = article_page(&address).await;
    for path in [
        "all.atom",
        "all.rss",
        "all.json",
        "all",
        "tag/news.json",
        "source/open.json",
        "search.json?q=shared",
        "search?q=shared",
        &page,
    ] {
        let (status, _, body) = get(&address, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body.contains("Shared"), "{path}: {body}");
        for hidden in ["Hidden", "hidden.", "Inner", "inner", "tok0"] {
            assert!(!body.contains(hidden), "{hidden} in {path}: {body}");
        }
    }
    let (_, _, body) = get(&address, "club.json?token=tok0").await;
    assert!(
        body.contains("Hidden Author") && body.contains("hidden.jpg"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_outputs_carry_in_summary_only_is_whole_nowhere() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let body = format!(
        "<p>The beginning.</p>{}<p>At the end a zebratail.</p>",
        "<p>Words between them.</p>".repeat(60)
    );
    let item = |id: &str| {
        let text = body.replace('<', "&lt;");
        format!(
            "<item><guid isPermaLink=\"false\">{id}</guid><title>About {id}</title><link>https://x.example/{id}</link>\
             <description>A standfirst.</description><content:encoded>{text}</content:encoded></item>"
        )
    };
    origin.script("/cut", rss(&item("cut")));
    origin.script(
        "/whole",
        rss(&item("whole").replace("zebratail", "lionmane")),
    );
    let source = |id: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{id}\"]\n")
    };
    let lines = source("cut")
        + &source("whole")
        + "[[output]]\nname = \"all\"\ncontent = \"summary\"\n\
           [[output]]\nname = \"full\"\ndrop = ['title = \"About cut\"']\n";
    polled(folder.path(), &address, &lines).await;
    output(folder.path(), &["articles", "words"]).await;
    let _daemon = daemon(folder.path());
    let (_, _, json) = get(&address, "source/cut.json").await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let id = json["items"][0]["_article"]["id"].as_str().expect("an id");
    let page = format!("articles/{}", id.trim_start_matches("urn:uuid:"));
    for path in [
        "all.atom",
        "all.rss",
        "all.json",
        "all",
        "full.json",
        "tag/cut.atom",
        "source/cut.json",
        "search.atom?q=between",
        "search.json?q=zebratail",
        "search?q=zebratail",
        &page,
    ] {
        let (status, _, text) = get(&address, path).await;
        assert_eq!(status, 200, "{path}: {text}");
        assert!(
            !text
                .replace("q=zebratail", "")
                .replace("\"zebratail\"", "")
                .contains("a zebratail"),
            "{path}: {text}"
        );
    }
    for path in [
        "full.atom",
        "source/whole.json",
        "tag/whole.rss",
        "search.json?q=lionmane",
    ] {
        let (_, _, text) = get(&address, path).await;
        assert!(text.contains("a lionmane"), "{path}: {text}");
    }
}
