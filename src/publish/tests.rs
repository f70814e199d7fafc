//! What the tests of this stage share, and those of [`Publication`].

use std::io::Read;

use super::*;
use crate::model::*;

/// An instant.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// An article with nothing but what it must have.
pub(super) fn plain() -> Article {
    Article {
        id: "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001".into(),
        published_id: "https://mill.example/posts/1".into(),
        entry: Entry {
            id: "https://mill.example/posts/1".into(),
            id_kind: IdKind::Published,
            url: Some("https://mill.example/posts/1".into()),
            title: Some("The wheel turns".into()),
            published: Some(at("2026-03-01T08:00:00Z")),
            updated: None,
            content_html: String::new(),
            details: Details::default(),
        },
        origin: Origin {
            source: "mill".into(),
            iri: "https://mill.example/feed.atom".into(),
            title: "Mill Notes".into(),
            url: Some("https://mill.example/feed.atom".into()),
            tags: vec![],
            info: FeedInfo::default(),
        },
        published_at: at("2026-03-01T08:00:00Z"),
        updated: at("2026-03-01T08:00:00Z"),
        first_seen: at("2026-03-01T08:05:00Z"),
        last_seen: at("2026-03-02T08:05:00Z"),
        revision: 1,
        related: Vec::new(),
        filled: Vec::new(),
        page: None,
        entries: vec![EntryRef {
            source: "mill".into(),
            entry_id: "https://mill.example/posts/1".into(),
            url: Some("https://mill.example/posts/1".into()),
            title: Some("The wheel turns".into()),
            published: Some(at("2026-03-01T08:00:00Z")),
            first_seen: at("2026-03-01T08:05:00Z"),
            rung: Rung::Entry,
        }],
    }
}

/// An article with everything a feed can say but content.
pub(super) fn rich() -> Article {
    let mut article = plain();
    article.entry.title = Some("Flour & water < bread".into());
    article.entry.updated = Some(at("2026-03-01T10:00:00.250Z"));
    article.updated = at("2026-03-01T10:00:00.250Z");
    article.revision = 2;
    let person = |name: &str, role| Author {
        name: name.into(),
        role,
        ..Author::default()
    };
    article.entry.details = Details {
        summary: Some("Why a < b & c.".into()),
        summary_kind: Some(SummaryKind::Author),
        content_scope: ContentScope::Full,
        authors: vec![
            Author {
                url: Some("https://mill.example/ada".into()),
                email: Some("ada@mill.example".into()),
                ..person("Ada Miller", AuthorRole::Author)
            },
            Author {
                url: Some("no iri".into()),
                email: Some("nobody".into()),
                ..person("Ben Baker", AuthorRole::Author)
            },
            person("Cleo Editor", AuthorRole::Editor),
        ],
        date_precision: DatePrecision::Instant,
        language: Some("en-GB".into()),
        image: Some(Image {
            url: "https://mill.example/wheel.jpg?w=1200&h=800".into(),
            alt: Some("A wheel \"at rest\"".into()),
            caption: Some("The wheel".into()),
            credit: Some("Dee Photo".into()),
            width: Some(1200),
            height: Some(800),
            mime_type: Some("image/jpeg".into()),
        }),
        attachments: vec![Attachment {
            url: "https://mill.example/1.mp3".into(),
            mime_type: Some("audio/mpeg".into()),
            size: Some(1_234_567),
            duration: Some(Seconds(61_500)),
            title: Some("Listen".into()),
            ..Attachment::default()
        }],
        categories: vec![
            Category {
                term: "Bread".into(),
                scheme: Some("https://mill.example/tags".into()),
                label: Some("Bread & more".into()),
            },
            Category {
                term: "bread".into(),
                scheme: Some("https://mill.example/tags".into()),
                label: None,
            },
            Category {
                term: "News".into(),
                scheme: Some("not an IRI".into()),
                label: None,
            },
        ],
        section: Some("Food".into()),
        sections: vec![],
        rights: Some("© 2026 Mill & Co".into()),
        license_url: Some("https://creativecommons.org/licenses/by/4.0/".into()),
        comments: Some(Comments {
            url: Some("https://mill.example/posts/1#talk".into()),
            count: Some(7),
        }),
        source: None,
        related_urls: vec![
            "https://mill.example/amp/1".into(),
            "https://river.example/story".into(),
        ],
    };
    article.origin.info = FeedInfo {
        home_url: Some("https://mill.example/".into()),
        updated: Some(at("2026-03-01T10:05:00Z")),
        image_url: Some("https://mill.example/logo.png".into()),
        language: Some("en".into()),
        rights: Some("All rights reserved".into()),
        authors: vec![person("The Mill", AuthorRole::Author)],
        ..FeedInfo::default()
    };
    article.entries.push(EntryRef {
        source: "river".into(),
        entry_id: "77".into(),
        url: Some("https://river.example/story".into()),
        title: Some("Flour and water".into()),
        published: None,
        first_seen: at("2026-03-01T09:00:00Z"),
        rung: Rung::Url,
    });
    article
}

fn publication(body: &'static str) -> Publication {
    Publication::new(
        body,
        atom::CONTENT_TYPE,
        at("2026-03-01T10:00:00Z"),
        300,
        None,
    )
}

#[test]
fn the_same_body_has_the_same_tags_and_codings_and_each_coding_its_own() {
    let tags = |body| {
        let made = publication(body);
        Coding::ALL.map(|coding| {
            let form = made.form(coding).clone();
            (form.etag, form.body)
        })
    };
    let (one, two, other) = (tags("<feed/>"), tags("<feed/>"), tags("<feed />"));
    assert_eq!(one, two);
    for (index, (tag, _)) in one.iter().enumerate() {
        assert_ne!(*tag, other[index].0);
        assert!(one[..index].iter().all(|(before, _)| before != tag));
    }
    let plain = one[0].0.to_str().expect("ASCII");
    assert_eq!(
        plain.len(),
        34,
        "128 bits in hexadecimal, in quotes: {plain}"
    );
}

#[test]
fn every_coding_holds_the_body_and_gzip_no_time() {
    let made = publication("<feed/>");
    let mut decoded = [const { String::new() }; 2];
    let gzip = &made.form(Coding::Gzip).body;
    assert_eq!(gzip[4..8], [0; 4]);
    flate2::read::GzDecoder::new(&gzip[..])
        .read_to_string(&mut decoded[0])
        .expect("gzip");
    let mut brotli = &made.form(Coding::Brotli).body[..];
    let mut bytes = Vec::new();
    brotli_decompressor::BrotliDecompress(&mut brotli, &mut bytes).expect("brotli");
    decoded[1] = String::from_utf8(bytes).expect("UTF-8");
    let zstd = zstd::bulk::decompress(&made.form(Coding::Zstd).body, 100).expect("zstd");
    assert_eq!(decoded, ["<feed/>"; 2]);
    assert_eq!(zstd, b"<feed/>");
}

#[test]
fn dates_that_http_cannot_say_are_clamped() {
    for (instant, expected) in [
        (at("1900-01-01T00:00:00Z"), "Thu, 01 Jan 1970 00:00:00 GMT"),
        (DateTime::<Utc>::MAX_UTC, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (
            at("2026-03-01T10:00:00.999Z"),
            "Sun, 01 Mar 2026 10:00:00 GMT",
        ),
    ] {
        assert_eq!(
            Publication::new("", "text/plain", instant, 0, None)
                .fields
                .last_modified,
            expected
        );
    }
}
