//! What must be true of any input. Shared by the coverage-guided targets beside this file and `tests/fuzz`.

use chrono::{DateTime, Utc};
use feedmill::model::Entry;
use feedmill::parse::{self, Context, ParsedFeed};
use feedmill::{extract, normalize, recover};
use url::Url;

/// A document of any kind: reading it ends, and what comes of it is a feed's recovered text as it stands.
pub(crate) fn document(bytes: &[u8]) {
    let recovered = recover::recover(bytes, None, Some(&base()), false);
    if recovered.feed.is_some() {
        let again = recover::recover(recovered.text.as_bytes(), None, Some(&base()), false);
        assert_eq!(again.text, recovered.text, "recovering again changes it");
        assert_eq!(
            again.repairs.iter().count(),
            0,
            "it was repaired and still has faults"
        );
    }
    if let Some(feed) = read(bytes) {
        assert!(feed.entries.len() <= recover::MAX_ENTRIES);
        normalized(&feed);
    }
}

/// A date: whatever is read of it is a day of the calendar that people count with.
pub(crate) fn date(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace("]]>", "");
    let feed = format!(
        "<rss version=\"2.0\"><channel><item><title>a</title><pubDate><![CDATA[{text}]]></pubDate></item></channel></rss>"
    );
    if let Some(feed) = read(feed.as_bytes()) {
        for entry in normalized(&feed) {
            let year = |at: DateTime<Utc>| at.format("%Y").to_string();
            assert!(
                entry.published.is_none_or(|at| year(at).len() == 4),
                "{:?}",
                entry.published
            );
        }
    }
}

/// An address: its key is stable, and an address that differs in its fragment alone has the same.
pub(crate) fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(url) = base().join(&text) else { return };
    let key = normalize::canonical_key(url.as_str());
    assert_eq!(key, normalize::canonical_key(url.as_str().trim()));
    if matches!(url.scheme(), "http" | "https") {
        let key = key.expect("a key for an address of the web");
        assert!(!key.contains(char::is_whitespace), "{key}");
    }
}

/// HTML: no script is left in what is published.
pub(crate) fn html(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace("]]>", "");
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>a</title><content type=\"html\"><![CDATA[{text}]]></content></entry></feed>"
    );
    if let Some(feed) = read(feed.as_bytes()) {
        for entry in normalized(&feed) {
            let lower = entry.content_html.to_lowercase();
            for tag in lower.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or_default();
                let is_active = ["script", "style", "object", "embed", "svg"]
                    .iter()
                    .any(|name| tag.starts_with(name));
                let outside_of_values: String = tag.split('"').step_by(2).collect();
                let runs =
                    tag.contains(" href=\"javascript:") || outside_of_values.contains(" onclick=");
                assert!(!is_active && !runs, "<{tag}>");
            }
        }
    }
}

/// A page: reading it ends, no script is left, and reading the body again changes nothing.
pub(crate) fn page(bytes: &[u8]) {
    let url = base();
    let given = extract::Page {
        body: bytes,
        content_type: Some("text/html"),
        url: &url,
        asked: None,
        fetched_at: DateTime::from_timestamp(1_767_225_600, 0).expect("an instant"),
        zone: None,
    };
    if let Ok(found) = extract::extract(&given, &Default::default()) {
        let html = &found.entry.content_html;
        assert!(!html.to_lowercase().contains("<script"), "{html}");
        assert_eq!(normalize::page::sanitized(html, &url), *html);
    }
}

fn base() -> Url {
    Url::parse("https://feed.example/all.xml").expect("an address")
}

fn read(bytes: &[u8]) -> Option<ParsedFeed> {
    let context = Context {
        base_url: Some(base()),
        ..Context::default()
    };
    parse::parse(bytes, &context).ok()
}

/// Entries as they are stored.
fn normalized(feed: &ParsedFeed) -> Vec<Entry> {
    let document = normalize::document(feed, &base(), &[]);
    let now = DateTime::from_timestamp(1_767_225_600, 0).expect("an instant");
    let entries = feed.entries.iter().enumerate().map(|(index, entry)| {
        let identity = normalize::identity(&document, index, entry);
        normalize::entry(&document, &identity, entry, &base(), now).entry
    });
    entries.collect()
}
