//! Feeds that need no configuration: of every tag and source that an open output includes.

use std::path::Path;

use crate::origin::{Origin, Reply};
use crate::walk::{daemon, free_address, output};

/// The status, header fields and text of a path.
pub(crate) async fn get(address: &str, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let answer = client.get(format!("http://{address}/{path}"));
    let answer = answer.send().await.expect("answered");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.expect("a body"))
}

/// Writes a configuration with these lines after the address, and polls everything.
pub(crate) async fn polled(folder: &Path, address: &str, lines: &str) {
    let text = format!(
        "[server]\nlisten = \"{address}\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n{lines}"
    );
    std::fs::write(folder.join("feedmill.toml"), text).expect("written");
    output(folder, &["poll", "--all"]).await;
}

pub(crate) fn rss(title: &str, items: &str) -> Reply {
    Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>{title}</title>{items}</channel></rss>"
    ))
}

pub(crate) fn item(id: &str, link: &str, text: &str) -> String {
    format!(
        "<item><guid isPermaLink=\"false\">tag:x.example,2026:{id}</guid><title>About {id}</title><link>{link}</link>\
         <pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>{text}</description></item>"
    )
}

/// Polls Ants (`a`), Bees (`b`, for members only) and Cats (`c`), who share a story with the Bees. The open output `all`
/// drops one of the Ants; `inner` shows the Bees to who has `tok0`. Passwords are `pw0`.
pub(crate) async fn zoo(origin: &Origin, folder: &Path, address: &str) {
    let shared = "https://x.example/shared";
    let ants = item("antone", "https://x.example/a1", "One")
        + &item("anttwo", "https://x.example/a2", "Two, dropped");
    origin.script("/a", rss("Ants", &ants));
    let secret = format!(
        "The members' words. {}",
        "And many more of them. ".repeat(30)
    );
    let bees = item("b1", shared, &secret) + &item("b2", "https://x.example/b2", "Hidden");
    origin.script("/b", rss("Bees", &bees));
    origin.script("/c", rss("Cats", &item("c1", shared, "The public words.")));
    let source = |id: &str, tag: &str| {
        let url = origin.url(&format!("/{id}")).to_string();
        let url = url.replace("http://", "http://me:pw0@");
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{tag}\"]\n")
    };
    let lines = source("b", "members only")
        + "priority = 5\n"
        + &source("a", "small things")
        + &source("c", "pets")
        + "[[output]]\nname = \"all\"\ntitle = \"Zoo\"\ndrop = ['title = \"About anttwo\"']\n[[output]]\nname = \"inner\"\ntags = [\"members only\"]\ntoken = \"tok0\"\n";
    polled(folder, address, &lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_sources_have_feeds_of_what_open_outputs_show() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    zoo(&origin, folder.path(), &address).await;
    let _daemon = daemon(folder.path());

    for (path, kind) in [
        ("tag/small%20things.atom", "application/atom+xml"),
        ("source/a.rss", "application/rss+xml"),
        ("source/a.json", "application/feed+json"),
    ] {
        let (status, headers, body) = get(&address, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(
            headers["content-type"]
                .to_str()
                .expect("ASCII")
                .starts_with(kind)
        );
        assert!(
            body.contains("antone") && !body.contains("anttwo"),
            "{path}: {body}"
        );
        assert!(
            body.contains(&format!("http://{address}/{path}")),
            "{path}: {body}"
        );
        let (_, again, _) = get(&address, path).await;
        assert_eq!(
            (&headers["etag"], &headers["last-modified"]),
            (&again["etag"], &again["last-modified"])
        );
    }
    for path in [
        "tag/members%20only.atom",
        "source/b.json",
        "tag/none.atom",
        "source/a",
        "tag/pets.xml",
    ] {
        assert_eq!(get(&address, path).await.0, 404, "{path}");
    }
    // Bees represent the story; in the open only Cats' words are shown.
    for path in ["all.atom", "all.json", "tag/pets.atom"] {
        let (_, _, body) = get(&address, path).await;
        assert!(body.contains("The public words."), "{path}: {body}");
        for hidden in [
            "members' words",
            "Hidden",
            "Bees",
            "\"source\":\"b\"",
            "tok0",
        ] {
            assert!(!body.contains(hidden), "{hidden} in {path}: {body}");
        }
    }
    let (_, _, body) = get(&address, "inner.atom?token=tok0").await;
    assert!(
        body.contains("members' words") && body.contains("Hidden"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_followed_is_listed_without_secrets_and_can_be_imported() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for id in ["a", "b", "c"] {
        origin.script(
            &format!("/{id}"),
            rss(
                &format!("Feed {id}"),
                &item(id, "https://x.example/", "One"),
            ),
        );
    }
    let source = |id: &str, more: &str| {
        let url = origin
            .url(&format!("/{id}"))
            .to_string()
            .replace("http://", "http://me:pw0@");
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
    };
    let lines = source("a", "tags = [\"sea\", \"wind\"]")
        + &source("b", "private = true")
        + &source("c", "tags = [\"inner\"]")
        + "[[source]]\nid = \"local\"\nurl = \"file:none.xml\"\n"
        + "[[output]]\nname = \"all\"\n[[output]]\nname = \"inner\"\ntags = [\"inner\"]\ntoken = \"tok0\"\n";
    let address = free_address();
    let text = format!(
        "[server]\nlisten = \"{address}\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n{lines}"
    );
    std::fs::write(folder.path().join("feedmill.toml"), text).expect("written");
    output(folder.path(), &["poll", "a", "b", "c"]).await;
    let _daemon = daemon(folder.path());

    let (status, headers, list) = get(&address, "sources.opml").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"text/x-opml; charset=utf-8".parse().expect("a value"))
    );
    let file = folder.path().join("list.opml");
    std::fs::write(&file, &list).expect("written");
    let read = output(folder.path(), &["parse", file.to_str().expect("UTF-8")]).await;
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).expect("JSON");
    let url = origin.url("/a").to_string();
    let outline = |tag: &str| serde_json::json!({"title": "Feed a", "xml_url": url, "html_url": null, "tags": [tag]});
    assert_eq!(
        read["outlines"],
        serde_json::json!([outline("sea"), outline("wind")]),
        "{list}"
    );

    let (status, headers, json) = get(&address, "sources.json").await;
    assert_eq!(
        (status, &headers["access-control-allow-origin"]),
        (200, &"*".parse().expect("a value"))
    );
    let health: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let ids: Vec<&str> = { health.as_array().expect("a list").iter() }
        .map(|source| source["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["a", "b", "local"]);
    assert_eq!(health[1]["url"], "(private)");
    for document in [&list, &json] {
        for secret in ["pw0", "tok0", "none.xml", "/b\"", "inner"] {
            assert!(!document.contains(secret), "{secret} in {document}");
        }
    }
    assert_eq!(get(&address, "sources.xml").await.0, 404);
}
