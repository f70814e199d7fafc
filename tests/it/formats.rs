//! What we publish, as another parser reads it: each format says the same of an article.

use std::path::Path;

use feed_rs::model::Entry;
use feedmill::daemon;

use crate::mill::one;
use crate::origin::{Origin, Reply};

const PODCAST: &str = r#"<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Lock Radio</title>
<link>https://lock.example/</link><item><title>Water &amp; wind</title><link>https://lock.example/7</link>
<guid isPermaLink="false">tag:lock.example,2026:7</guid><pubDate>Sun, 22 Feb 2026 07:30:00 GMT</pubDate>
<itunes:author>Ida Lock</itunes:author><itunes:duration>30:01</itunes:duration>
<description>Half an hour at the weir.</description>
<content:encoded><![CDATA[<p>Half an hour at the weir. With <a href="/7/notes">notes</a> on the wind.</p>]]></content:encoded>
<enclosure url="https://lock.example/7.mp3" length="28800000" type="audio/mpeg"/></item></channel></rss>"#;

fn config() -> feedmill::config::Config {
    feedmill::config::parse("", Path::new("feedmill.toml")).expect("defaults")
}

/// Documents of the output `all`, by extension.
async fn published() -> [(&'static str, Vec<u8>); 3] {
    let (origin, mill): (Origin, _) = one().await;
    origin.script("/feed", Reply::ok(PODCAST));
    assert_eq!(mill.outcome("feed").await, "ok");
    let (site, _) = daemon::rendered(&config(), &mill.shell, &mill.sources).expect("rendered");
    ["atom", "rss", "json"].map(|extension| {
        let publication = &site[&format!("all.{extension}")];
        (extension, publication.body().to_vec())
    })
}

fn read(document: &[u8]) -> Entry {
    let feed = feed_rs::parser::parse(document).expect("a feed");
    assert_eq!(feed.entries.len(), 1);
    feed.entries.into_iter().next().expect("an entry")
}

/// Address, type and length of what is attached: enclosures of Atom are links, those of others media.
fn enclosure(entry: &Entry) -> (String, Option<String>, Option<u64>) {
    let link = entry
        .links
        .iter()
        .find(|link| link.rel.as_deref() == Some("enclosure"));
    if let Some(link) = link {
        return (link.href.clone(), link.media_type.clone(), link.length);
    }
    let contents = entry.media.iter().flat_map(|media| &media.content);
    let sized = { contents }.find(|content| content.size.is_some());
    let content = sized.expect("something attached");
    let kind = content.content_type.as_ref().map(ToString::to_string);
    let url = content.url.as_ref().map(ToString::to_string);
    (url.unwrap_or_default(), kind, content.size)
}

#[tokio::test]
async fn every_format_says_the_same_to_another_parser() {
    for (format, document) in published().await {
        let entry = read(&document);
        let title = entry.title.as_ref().map(|title| title.content.as_str());
        let title = title.map(|title| title.replace("&amp;", "&"));
        assert_eq!(title.as_deref(), Some("Water & wind"), "{format}");
        assert_eq!(entry.id, "tag:lock.example,2026:7", "{format}");
        let published = entry.published.expect("a date").to_rfc3339();
        assert_eq!(published, "2026-02-22T07:30:00+00:00", "{format}");
        assert_eq!(
            entry.authors[0].name.as_deref(),
            Some("Ida Lock"),
            "{format}"
        );
        let body = entry.content.and_then(|content| content.body);
        assert!(
            body.as_deref()
                .is_some_and(|html| html.contains("/7/notes\"") && html.contains("href=\"http")),
            "{format}: whole and with absolute links: {body:?}"
        );
        let entry = read(&document);
        let expected = (
            "https://lock.example/7.mp3".to_owned(),
            Some("audio/mpeg".to_owned()),
            Some(28_800_000),
        );
        if format != "json" {
            assert_eq!(enclosure(&entry), expected, "{format}");
        }
    }
}

#[tokio::test]
async fn a_json_feed_keeps_what_is_attached_whole() {
    let [.., (_, document)] = published().await;
    let feed: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
    let attached = &feed["items"][0]["attachments"][0];
    let expected = serde_json::json!({
        "url": "https://lock.example/7.mp3", "mime_type": "audio/mpeg",
        "size_in_bytes": 28_800_000, "duration_in_seconds": 1801,
    });
    assert_eq!(*attached, expected);
}

#[tokio::test]
async fn feedmill_reads_its_own_formats_back() {
    let (origin, mill): (Origin, _) = one().await;
    for (format, document) in published().await {
        origin.script(
            "/feed",
            Reply::ok(String::from_utf8(document).expect("UTF-8")),
        );
        assert_eq!(mill.outcome("feed").await, "ok", "{format}");
        let health = mill.health("feed");
        assert_eq!(health.recovered, [""; 0], "{format}: nothing to repair");
        let articles = mill.shell.store.count_articles().expect("counted");
        assert_eq!(articles, 1, "{format}: the same article");
    }
}
