use std::thread;

use super::*;

/// Parses on a thread with the stack that callers are told to give.
fn read(body: &[u8]) -> Result<ParsedFeed, Error> {
    let body = body.to_vec();
    let context = Context {
        base_url: "https://example.org/feeds/all.xml".parse().ok(),
        ..Context::default()
    };
    let run = move || {
        IN_TEST_HOOK.call_once(silence_panics);
        parse(&body, &context)
    };
    thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap()
}

static IN_TEST_HOOK: std::sync::Once = std::sync::Once::new();

fn rss(items: &str) -> ParsedFeed {
    read(format!("<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel>{items}</channel></rss>").as_bytes()).unwrap()
}

#[test]
fn dialects_are_told_apart() {
    let cases = [
        ("<rss version='2.0'><channel/></rss>", "rss-2.0"),
        ("<rss version=\"0.91\"><channel/></rss>", "rss-0.91"),
        ("<rss version = '0.92'><channel/></rss>", "rss-0.92"),
        (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'/>",
            "rss-1.0",
        ),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "atom-1.0"),
        (
            "<a:feed xmlns:a='http://www.w3.org/2005/Atom'/>",
            "atom-1.0",
        ),
        (
            r#"{"version": "https://jsonfeed.org/version/1", "title": "t", "items": []}"#,
            "json-1.0",
        ),
        (
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": []}"#,
            "json-1.1",
        ),
    ];
    for (text, name) in cases {
        assert_eq!(read(text.as_bytes()).unwrap().format.name(), name, "{text}");
    }
}

#[test]
fn what_is_no_feed_is_named() {
    let cases: [(&[u8], &str); 13] = [
        (b"", "an empty document"),
        (b" \r\n", "an empty document"),
        (b"<!DOCTYPE html><html><head><link rel='stylesheet' href=x><link rel=alternate type=application/atom+xml href=/a.xml></head>", "an HTML page that links the feed https://example.org/a.xml"),
        (b"<HTML><link href='f?a=1&amp;b=2' type='application/rss+xml' rel='ALTERNATE home'/>", "an HTML page that links the feed https://example.org/feeds/f?a=1&b=2"),
        (b"<html><body>Please log in</body></html>", "an HTML page"),
        (b"{\"ok\": true}", "JSON, but not a JSON Feed"),
        (b"[1, 2]", "JSON, but not a JSON Feed"),
        (b"<?xml version='1.0'?><opml version='2.0'><body><outline xmlUrl='a'/><outline xmlurl='b'/></body></opml>", "an OPML list of 2 feeds"),
        (b"<html5/>", "an XML document with the root <html5>"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"PK\x03\x04", "a zip archive"),
        (b"Service unavailable", "plain text"),
        (b"\x01\0\x02\0\x03\0", "binary data"),
    ];
    for (body, name) in cases {
        assert_eq!(read(body).unwrap_err().to_string(), name);
    }
}

#[test]
fn refusals_say_why() {
    let cases = [
        (
            "<kml><item><title>x</title></item></kml>",
            "an XML document with the root <kml>",
        ),
        ("{\"version\": ", "malformed feed: EOF while parsing"),
    ];
    for (text, start) in cases {
        let message = read(text.as_bytes()).unwrap_err().to_string();
        assert!(message.starts_with(start), "{text}: {message}");
    }
}

#[test]
fn absence_stays_visible() {
    let parsed =
        rss("<item><title>x</title></item><item><link>https://example.org/1</link></item>");
    assert_eq!(
        (parsed.id, parsed.language, parsed.updated),
        (None, None, None)
    );
    assert!(
        parsed.entries.iter().all(|entry| entry.id.is_none()
            && entry.published.is_none()
            && entry.updated.is_none())
    );
}

#[test]
fn a_bare_day_is_marked_and_unmarked() {
    let parsed = rss(
        "<item><pubDate>2026-01-05</pubDate></item><item><pubDate>Mon, 05 Jan 2026 12:00:00 GMT</pubDate></item>",
    );
    let noon: DateTime<Utc> = "2026-01-05T12:00:00Z".parse().unwrap();
    let seen: Vec<_> = parsed
        .entries
        .iter()
        .map(|entry| (entry.published, entry.published_is_day, entry.updated))
        .collect();
    assert_eq!(seen, [(Some(noon), true, None), (Some(noon), false, None)]);
}

#[test]
fn the_head_tells_the_pace() {
    let parsed = rss(
        "<ttl>90</ttl><skipHours><hour>24</hour><hour>3</hour><hour>3</hour><hour>x</hour></skipHours><skipDays><day>Sunday</day><day>monday</day></skipDays>\
         <sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>\
         <item><title>x</title><hour>9</hour></item>",
    );
    let seconds =
        |duration: Option<std::time::Duration>| duration.map(|duration| duration.as_secs());
    assert_eq!(
        (
            seconds(parsed.signals.ttl),
            seconds(parsed.signals.update_period)
        ),
        (Some(5_400), Some(21_600))
    );
    assert_eq!(
        (
            parsed.signals.skip_hours.as_slice(),
            parsed.signals.skip_days.as_slice()
        ),
        (&[0, 3][..], &[0, 6][..])
    );
}

#[test]
fn hub_and_self_links_of_every_dialect_are_kept() {
    let xml = "<rss version='2.0' xmlns:a='http://www.w3.org/2005/Atom'><channel><link>https://example.org/</link><a:link rel='self' href='/feed'/><a:link rel='hub' href='https://hub.example.org/'/></channel></rss>";
    let json = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [], "home_page_url": "https://example.org/", "feed_url": "https://example.org/feed", "hubs": [{"type": "rssCloud", "url": "https://cloud.example.org/"}, {"type": "WebSub", "url": "https://hub.example.org/"}]}"#;
    for text in [xml, json] {
        let parsed = read(text.as_bytes()).unwrap();
        let href = |rel: &str| {
            parsed
                .links
                .iter()
                .find(|link| link.rel.as_deref() == Some(rel))
                .map(|link| link.href.as_str())
        };
        assert_eq!(
            (href("self"), href("hub")),
            (
                Some("https://example.org/feed"),
                Some("https://hub.example.org/")
            )
        );
    }
}

#[test]
fn json_slips_of_type_are_read() {
    let text = r#"{"version": "http://jsonfeed.org/version/1", "title": null, "extra": {"deep": [1]}, "author": "Ann", "items": [7, {
        "id": 42, "url": "/a", "external_url": "https://other.example/", "tags": "one", "author": {"name": "Bo", "url": "https://bo.example/"},
        "image": "/i.png", "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": "12.0", "duration_in_seconds": 1.5}]}]}"#;
    let parsed = read(text.as_bytes()).unwrap();
    let entry = &parsed.entries[0];
    assert_eq!(
        (
            parsed.entries.len(),
            parsed.authors[0].name.as_str(),
            entry.id.as_deref()
        ),
        (1, "Ann", Some("42"))
    );
    assert_eq!(
        (
            entry.authors[0].name.as_str(),
            entry.categories[0].term.as_str()
        ),
        ("Bo", "one")
    );
    assert_eq!(
        (
            entry.media[0].picture,
            entry.media[1].size,
            entry.media[1].duration_ms
        ),
        (true, Some(12), Some(1_500))
    );
    assert_eq!(
        entry
            .links
            .iter()
            .map(|link| link.rel.as_deref().unwrap())
            .collect::<Vec<_>>(),
        ["alternate", "related"]
    );
}

#[test]
fn hostile_documents_cost_what_is_hostile_in_them() {
    let nested = |tag: &str, depth: usize| {
        let (open, close) = (
            format!("<{tag}>").repeat(depth),
            format!("</{}>", tag.split(' ').next().unwrap()).repeat(depth),
        );
        format!(
            "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><item>{open}{close}</item></channel></rss>"
        )
    };
    let item = |body: &str| nested("media:group", 1).replace("<media:group></media:group>", body);
    let readable = [
        nested("media:group", 5_000),
        nested("media:content url='https://example.org/'", 5_000),
        nested("itunes:category text='x'", 5_000),
        item("<author>taro@example.com（山田太郎）</author>"),
        item("<itunes:duration>99999999999999999999</itunes:duration>"),
        item("<itunes:duration>٣٣</itunes:duration>"),
    ];
    for text in &readable {
        let parsed = read(text.as_bytes()).expect("a feed");
        assert_eq!(
            parsed.entries.len(),
            1,
            "{}",
            &text[..text.floor_char_boundary(200)]
        );
    }
    let bottomless = [
        format!(
            "{{\"version\": \"https://jsonfeed.org/version/1\", \"title\": \"t\", \"items\": {}",
            "[".repeat(200_000)
        ),
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'>{}",
            "<a>".repeat(100_000)
        ),
    ];
    assert!(read(bottomless[0].as_bytes()).is_err());
    assert_eq!(
        read(bottomless[1].as_bytes())
            .expect("a feed")
            .entries
            .len(),
        0
    );
}

#[test]
fn too_many_entries_are_cut_off_and_said() {
    let many = crate::recover::MAX_ENTRIES + 5;
    let parsed = rss(&"<item/>".repeat(many));
    assert_eq!(
        (parsed.entries.len(), parsed.recovered[0].name),
        (crate::recover::MAX_ENTRIES, "entries-capped")
    );
    let json = format!(
        r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{}]}}"#,
        vec!["{}"; many].join(",")
    );
    assert_eq!(
        read(json.as_bytes()).unwrap().entries.len(),
        crate::recover::MAX_ENTRIES
    );
}

#[test]
fn entities_outside_of_xml_are_not_expanded_from_a_doctype() {
    let parsed = read(b"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel><title>&a;&eacute;</title></channel></rss>").unwrap();
    assert_eq!(parsed.title.unwrap().value, "&a;é");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(&bytes, &Context::default());
    }

    #[test]
    fn no_feed_like_text_panics(parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..30)) {
        let _ = parse(parts.concat().as_bytes(), &Context::default());
    }
}

const PARTS: [&str; 24] = [
    "<rss version='2.0'>",
    "<channel>",
    "<item>",
    "</item>",
    "</channel>",
    "</rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&",
    "<",
    "é",
    "<link href='x'/>",
    "<content type='xhtml'><div>",
    "<updated>2026</updated>",
    "{\"items\":[",
    "\"",
];

#[test]
fn a_list_without_end_in_json_costs_no_item() {
    let tags = "\"a\",".repeat(10_000);
    let text = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{{\"id\":\"1\",\"tags\":[{tags}\"b\"]}},{{\"id\":\"2\"}}]}}"
    );
    let ids: Vec<_> = read(text.as_bytes())
        .unwrap()
        .entries
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    assert_eq!(ids, [Some("1".to_owned()), Some("2".to_owned())]);
}

#[test]
fn people_that_every_entry_inherits_are_few() {
    let people = format!("<managingEditor>{}</managingEditor>", "Ann ".repeat(1_000));
    assert!(rss(&people).authors.is_empty());
}
