//! What a document is: the dialect of a feed, or a name for what is no feed.

use super::Context;
use crate::recover::element_name;

/// Says what a document is that is no feed.
pub(super) fn describe(body: &[u8], text: &str, context: &Context) -> String {
    if let Some(name) = by_magic(body) {
        return name.to_owned();
    }
    let text = text.trim_start();
    if text.is_empty() {
        return if looks_binary(body) {
            "binary data"
        } else {
            "an empty document"
        }
        .to_owned();
    }
    if text.starts_with(['{', '[']) {
        return NOT_JSON_FEED.to_owned();
    }
    let says_html = context.content_type.as_deref().is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    });
    if is_html(text) {
        return page(text, context);
    }
    match root_tag(text).map(|tag| element_name(&tag[1..])) {
        Some(name) if name.eq_ignore_ascii_case("opml") => outlines(text),
        Some(_) if says_html => page(text, context),
        Some(name) => format!(
            "an XML document with the root <{}>",
            name.chars().take(40).collect::<String>()
        ),
        None if looks_binary(body) => "binary data".to_owned(),
        None => "plain text".to_owned(),
    }
}

/// What JSON of another kind is called.
pub(super) const NOT_JSON_FEED: &str = "JSON, but not a JSON Feed";

fn by_magic(body: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 9] = [
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"\0\0\x01\0", "an icon"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (b"%PDF", "a PDF document"),
        (b"ID3", "an MP3 recording"),
    ];
    let webp = body.len() > 12 && body.starts_with(b"RIFF") && &body[8..12] == b"WEBP";
    MAGIC
        .iter()
        .find(|(magic, _)| body.starts_with(magic))
        .map(|(_, name)| *name)
        .or(webp.then_some("a WebP image"))
}

fn looks_binary(body: &[u8]) -> bool {
    body.iter().take(512).any(|byte| *byte == 0)
}

fn is_html(text: &str) -> bool {
    let head = text.get(..9).unwrap_or(text);
    head.eq_ignore_ascii_case("<!doctype") || {
        let names = [
            "html", "head", "body", "title", "meta", "script", "div", "p", "h1", "center", "table",
        ];
        text.starts_with('<')
            && names
                .iter()
                .any(|name| element_name(&text[1..]).eq_ignore_ascii_case(name))
    }
}

fn page(text: &str, context: &Context) -> String {
    let head = &text[..text.floor_char_boundary(256 * 1024)];
    let feeds = head
        .match_indices('<')
        .filter_map(|(at, _)| feed_link(&head[at..]));
    let absolute = |href: &str| match &context.base_url {
        Some(base) => base
            .join(href)
            .map_or_else(|_| href.to_owned(), String::from),
        None => href.to_owned(),
    };
    match feeds.take(1).next() {
        Some(href) => format!("an HTML page that links the feed {}", absolute(&href)),
        None => "an HTML page".to_owned(),
    }
}

/// The address in `<link rel="alternate" type="application/rss+xml" href="…">`, when `text` begins with such a tag.
fn feed_link(text: &str) -> Option<String> {
    const TYPES: [&str; 5] = [
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/json",
    ];
    if !element_name(&text[1..]).eq_ignore_ascii_case("link") {
        return None;
    }
    let tag = root_tag(text)?;
    let is_alternate = attribute(tag, "rel")?
        .split_ascii_whitespace()
        .any(|rel| rel.eq_ignore_ascii_case("alternate"));
    let kind = attribute(tag, "type")?;
    let kind = kind.split(';').next()?.trim();
    let href = attribute(tag, "href")?.trim().replace("&amp;", "&");
    let shown = href.len() <= 2_000 && !href.contains(|c: char| c.is_control());
    (is_alternate && shown && TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)))
        .then_some(href)
}

fn outlines(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let count = lower.matches("xmlurl").count();
    format!(
        "an OPML list of {count} {}",
        if count == 1 { "feed" } else { "feeds" }
    )
}

/// The start tag at the beginning of `text`.
fn root_tag(text: &str) -> Option<&str> {
    let mut quote = None;
    if !text.starts_with('<') || !text[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let end = text.bytes().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (Some(open), _) => {
            if open == byte {
                quote = None;
            }
            false
        }
        _ => false,
    })?;
    Some(&text[..=end])
}

/// Value of an attribute, quoted or not, as it stands.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag[1..].trim_end_matches(['>', '/']);
    rest = &rest[element_name(rest).len()..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if key.is_empty() && !after.starts_with('=') {
            return None;
        }
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=').map(str::trim_start) else {
            rest = after;
            continue;
        };
        let (value, tail) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = tail;
    }
}
