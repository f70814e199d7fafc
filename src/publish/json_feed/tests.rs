use serde_json::{Value, json};

use super::*;
use crate::publish::tests::{at, plain, rich};

fn channel() -> Channel {
    Channel {
        id: "urn:uuid:0a0a0a0a-0000-4000-8000-000000000000".into(),
        title: "Everything".into(),
        self_url: "https://feeds.example/all.json".into(),
        home_url: "https://feeds.example/".into(),
        updated: at("2026-03-01T10:00:00Z"),
        hubs: vec!["https://hub.example/".into()],
        title_prefix: "[{source}] ".into(),
        summary_only: false,
        archive: Default::default(),
    }
}

fn rendered(channel: &Channel, articles: &[model::Article]) -> Value {
    serde_json::from_slice(&render(channel, articles)).expect("JSON")
}

#[test]
fn a_feed_says_what_the_version_wants() {
    assert_eq!(
        rendered(&channel(), &[]),
        json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Everything",
            "home_page_url": "https://feeds.example/",
            "feed_url": "https://feeds.example/all.json",
            "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
            "items": [],
        })
    );
}

#[test]
fn a_rich_article_carries_everything_and_itself_as_an_extension() {
    let mut article = rich();
    article.entry.content_html = "<p>Bread</p>".into();
    let mut item = rendered(&channel(), &[article.clone()])["items"][0].take();
    let extension = item["_article"].take();
    assert_eq!(
        extension,
        serde_json::to_value(json::article(&article)).expect("JSON")
    );
    assert_eq!(
        item,
        json!({
            "id": "https://mill.example/posts/1",
            "url": "https://mill.example/posts/1",
            "title": "[Mill Notes] Flour & water < bread",
            "content_html": "<p>Bread</p>",
            "summary": "Why a < b & c.",
            "image": "https://mill.example/wheel.jpg?w=1200&h=800",
            "date_published": "2026-03-01T08:00:00Z",
            "date_modified": "2026-03-01T10:00:00.250Z",
            "authors": [
                {"name": "Ada Miller", "url": "https://mill.example/ada"},
                {"name": "Ben Baker"},
            ],
            "tags": ["Bread", "News", "Food"],
            "language": "en-GB",
            "attachments": [{
                "url": "https://mill.example/1.mp3", "mime_type": "audio/mpeg", "title": "Listen",
                "size_in_bytes": 1_234_567, "duration_in_seconds": 61.5,
            }],
            "_article": null,
        })
    );
}

#[test]
fn an_item_without_content_has_text_all_the_same() {
    let mut article = plain();
    let item = |article: &model::Article| {
        rendered(&channel(), std::slice::from_ref(article))["items"][0].take()
    };
    assert_eq!(
        item(&article)["content_text"],
        "[Mill Notes] The wheel turns"
    );
    article.entry.details.summary = Some("Round it goes.".into());
    let with_summary = item(&article);
    assert_eq!(with_summary["content_text"], "Round it goes.");
    assert!(with_summary.get("content_html").is_none());
}

#[test]
fn a_summary_only_feed_hides_the_content_everywhere() {
    let channel = Channel {
        summary_only: true,
        ..channel()
    };
    let mut article = plain();
    article.entry.content_html = format!("<p>{}the secret end</p>", "word ".repeat(100));
    let text = String::from_utf8(render(&channel, &[article])).expect("UTF-8");
    assert!(!text.contains("the secret end"), "{text}");
    assert!(text.contains("\"content_html\":null"), "{text}");
    assert!(text.contains("\"summary\":\"word word"), "{text}");
}
