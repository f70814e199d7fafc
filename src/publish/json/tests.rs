use std::time::Duration;

use crate::model::{FeedInfo, Signals};
use crate::publish::tests::{at, plain, rich};

fn keys(json: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let (mut depth, mut rest) = (0, json);
    while let Some(next) = rest.find(['{', '}', '[', ']', '"']) {
        let (token, tail) = (rest.as_bytes()[next], &rest[next + 1..]);
        rest = tail;
        match token {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let end = rest
                    .find('"')
                    .expect("a string ends; these hold no escapes");
                if depth == 1 && rest[end + 1..].starts_with(':') {
                    keys.push(rest[..end].to_owned());
                }
                rest = &rest[end + 1..];
            }
        }
    }
    keys
}

const ENTRY_KEYS: &str = "id id_kind url title summary summary_kind content_html content_text content_scope authors published \
    updated date_precision language image attachments categories section sections rights license_url comments word_count \
    reading_time source related_urls";

#[test]
fn every_key_is_there_in_the_documented_order() {
    let article = plain();
    let entry = serde_json::to_string(&super::entry(&article.entry)).expect("JSON");
    assert_eq!(keys(&entry).join(" "), ENTRY_KEYS);
    let article = serde_json::to_string(&super::article(&article)).expect("JSON");
    let more = "urls publisher first_seen last_seen revision entries related provenance extraction";
    assert_eq!(keys(&article).join(" "), format!("{ENTRY_KEYS} {more}"));
}

#[test]
fn what_is_absent_is_null_or_an_empty_list() {
    let json = serde_json::to_string_pretty(&super::article(&plain())).expect("JSON");
    insta::assert_snapshot!(json, @r#"
    {
      "id": "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001",
      "id_kind": "published",
      "url": "https://mill.example/posts/1",
      "title": "The wheel turns",
      "summary": null,
      "summary_kind": null,
      "content_html": null,
      "content_text": null,
      "content_scope": "none",
      "authors": [],
      "published": "2026-03-01T08:00:00Z",
      "updated": null,
      "date_precision": "inferred",
      "language": null,
      "image": null,
      "attachments": [],
      "categories": [],
      "section": null,
      "sections": [],
      "rights": null,
      "license_url": null,
      "comments": null,
      "word_count": null,
      "reading_time": null,
      "source": null,
      "related_urls": [],
      "urls": [],
      "publisher": {
        "name": "Mill Notes",
        "url": null,
        "logo": null
      },
      "first_seen": "2026-03-01T08:05:00Z",
      "last_seen": "2026-03-02T08:05:00Z",
      "revision": 1,
      "entries": [
        {
          "source": "mill",
          "entry_id": "https://mill.example/posts/1",
          "url": "https://mill.example/posts/1",
          "title": "The wheel turns",
          "published": "2026-03-01T08:00:00Z",
          "first_seen": "2026-03-01T08:05:00Z",
          "rung": "entry"
        }
      ],
      "related": [],
      "provenance": {},
      "extraction": null
    }
    "#);
}

#[test]
fn a_rich_article_says_everything() {
    let json = serde_json::to_string_pretty(&super::article(&rich())).expect("JSON");
    insta::assert_snapshot!(json, @r#"
    {
      "id": "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001",
      "id_kind": "published",
      "url": "https://mill.example/posts/1",
      "title": "Flour & water < bread",
      "summary": "Why a < b & c.",
      "summary_kind": "author",
      "content_html": null,
      "content_text": null,
      "content_scope": "full",
      "authors": [
        {
          "name": "Ada Miller",
          "url": "https://mill.example/ada",
          "email": "ada@mill.example",
          "kind": "person",
          "role": "author"
        },
        {
          "name": "Ben Baker",
          "url": "no iri",
          "email": "nobody",
          "kind": "person",
          "role": "author"
        },
        {
          "name": "Cleo Editor",
          "url": null,
          "email": null,
          "kind": "person",
          "role": "editor"
        }
      ],
      "published": "2026-03-01T08:00:00Z",
      "updated": "2026-03-01T10:00:00.250Z",
      "date_precision": "instant",
      "language": "en-GB",
      "image": {
        "url": "https://mill.example/wheel.jpg?w=1200&h=800",
        "alt": "A wheel \"at rest\"",
        "caption": "The wheel",
        "credit": "Dee Photo",
        "width": 1200,
        "height": 800,
        "mime_type": "image/jpeg"
      },
      "attachments": [
        {
          "url": "https://mill.example/1.mp3",
          "mime_type": "audio/mpeg",
          "size": 1234567,
          "duration": 61.5,
          "title": "Listen",
          "width": null,
          "height": null
        }
      ],
      "categories": [
        {
          "term": "Bread",
          "scheme": "https://mill.example/tags",
          "label": "Bread & more"
        },
        {
          "term": "bread",
          "scheme": "https://mill.example/tags",
          "label": null
        },
        {
          "term": "News",
          "scheme": "not an IRI",
          "label": null
        }
      ],
      "section": "Food",
      "sections": [],
      "rights": "© 2026 Mill & Co",
      "license_url": "https://creativecommons.org/licenses/by/4.0/",
      "comments": {
        "url": "https://mill.example/posts/1#talk",
        "count": 7
      },
      "word_count": null,
      "reading_time": 62,
      "source": null,
      "related_urls": [
        "https://mill.example/amp/1",
        "https://river.example/story"
      ],
      "urls": [
        "https://river.example/story"
      ],
      "publisher": {
        "name": "Mill Notes",
        "url": "https://mill.example/",
        "logo": "https://mill.example/logo.png"
      },
      "first_seen": "2026-03-01T08:05:00Z",
      "last_seen": "2026-03-02T08:05:00Z",
      "revision": 2,
      "entries": [
        {
          "source": "mill",
          "entry_id": "https://mill.example/posts/1",
          "url": "https://mill.example/posts/1",
          "title": "The wheel turns",
          "published": "2026-03-01T08:00:00Z",
          "first_seen": "2026-03-01T08:05:00Z",
          "rung": "entry"
        },
        {
          "source": "river",
          "entry_id": "77",
          "url": "https://river.example/story",
          "title": "Flour and water",
          "published": null,
          "first_seen": "2026-03-01T09:00:00Z",
          "rung": "url"
        }
      ],
      "related": [],
      "provenance": {},
      "extraction": null
    }
    "#);
}

#[test]
fn a_document_shows_its_hints_by_name() {
    let info = FeedInfo {
        title: Some("Mill Notes".into()),
        hub_urls: vec!["https://hub.example/".into()],
        updated: Some(at("2026-03-01T10:05:00Z")),
        ..FeedInfo::default()
    };
    let signals = Signals {
        ttl: Some(Duration::from_secs(3600)),
        skip_hours: vec![0, 23],
        skip_days: vec![0, 6],
        update_period: Some(Duration::from_secs(43_200)),
        max_age: Some(Duration::from_secs(60)),
    };
    let recovered = vec!["undefined-entity"];
    let json =
        serde_json::to_string_pretty(&super::feed("rss-2.0", &info, &signals, recovered, &[]))
            .expect("JSON");
    insta::assert_snapshot!(json, @r#"
    {
      "format": "rss-2.0",
      "title": "Mill Notes",
      "home_url": null,
      "self_url": null,
      "hub_urls": [
        "https://hub.example/"
      ],
      "language": null,
      "updated": "2026-03-01T10:05:00Z",
      "image_url": null,
      "hints": {
        "ttl_seconds": 3600,
        "skip_hours": [
          0,
          23
        ],
        "skip_days": [
          "Monday",
          "Sunday"
        ],
        "update_period_seconds": 43200
      },
      "recovered": [
        "undefined-entity"
      ],
      "entries": []
    }
    "#);
    let entries = [plain().entry];
    let json = serde_json::to_value(super::feed(
        "rss-2.0",
        &info,
        &signals,
        Vec::new(),
        &entries,
    ))
    .expect("JSON");
    assert_eq!(json["entries"][0]["title"], "The wheel turns");
}
