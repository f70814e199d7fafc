//! What a document is: the dialect of a feed, or a name for what is no feed.

use super::Context;
use super::links::{self, Named};
use super::tags::{Tags, attribute, names, start_tag};
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
    match start_tag(text).map(|tag| element_name(&tag[1..])) {
        Some(name) if name.eq_ignore_ascii_case("opml") => outlines(text),
        Some(name) if name.eq_ignore_ascii_case("svg") => "an SVG image".to_owned(),
        Some("urlset" | "sitemapindex") => "a sitemap".to_owned(),
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
    const MAGIC: [(&[u8], &str); 13] = [
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"\0\0\x01\0", "an icon"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"%PDF", "a PDF document"),
        (b"ID3", "an MP3 recording"),
        (b"OggS", "an Ogg recording"),
    ];
    let webp = body.len() > 12 && body.starts_with(b"RIFF") && &body[8..12] == b"WEBP";
    let mp4 = body.get(4..8) == Some(b"ftyp");
    MAGIC
        .iter()
        .find(|(magic, _)| body.starts_with(magic))
        .map(|(_, name)| *name)
        .or(webp.then_some("a WebP image"))
        .or(mp4.then_some("an MP4 recording"))
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

/// A page: the feeds it links, else the title it bears, and whether it asks for a password.
fn page(text: &str, context: &Context) -> String {
    let head = &text[..text.floor_char_boundary(256 * 1024)];
    let here = context
        .base_url
        .clone()
        .or_else(|| "about:blank".parse().ok());
    let links = here.map_or_else(Vec::new, |here| links::feed_links(head, &here));
    let feeds: Vec<&str> = { links.iter() }
        .filter(|link| link.named == Named::Link)
        .map(|link| link.url.as_str())
        .collect();
    match &feeds[..] {
        [] => {
            let asks = |tag: &str| {
                let kind = attribute(tag, "type").unwrap_or_default();
                names(tag, "input") && kind.eq_ignore_ascii_case("password")
            };
            let login = if Tags::new(head).any(|(tag, _)| asks(tag)) {
                " with a login form"
            } else {
                ""
            };
            let title = Tags::new(head).find_map(|(tag, text)| page_title(tag, text));
            let title = title.map_or(String::new(), |title| format!(", titled {title:?}"));
            format!("an HTML page{login}{title}")
        }
        [feed] => format!("an HTML page that links the feed {feed}"),
        [feed, others @ ..] => {
            let others = others[..others.len().min(4)].join(", ");
            format!("an HTML page that links the feed {feed} (also {others})")
        }
    }
}

/// Text of the title, when `tag`, which begins `text`, opens it.
fn page_title(tag: &str, text: &str) -> Option<String> {
    if !names(tag, "title") {
        return None;
    }
    let title = text[tag.len()..].split('<').next()?;
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = title.chars().filter(|c| !c.is_control()).take(80).collect();
    (!title.is_empty()).then_some(title)
}

fn outlines(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let count = lower.matches("xmlurl").count();
    format!(
        "an OPML list of {count} {}",
        if count == 1 { "feed" } else { "feeds" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_feeds_or_its_title() {
        let link = "<link rel=alternate type='application/rss+xml' href=";
        let cases = [
            (
                format!("<html><base href='/sub/'>{link}a.xml>"),
                "an HTML page that links the feed https://example.org/sub/a.xml",
            ),
            (
                format!("<html>{link}/a>{link}/b>{link}'/a'>"),
                "an HTML page that links the feed https://example.org/a (also https://example.org/b)",
            ),
            (
                "<html><title>\n Not \"here\" </title>".to_owned(),
                "an HTML page, titled \"Not \\\"here\\\"\"",
            ),
            (
                "<!doctype html><title>Sign in</title><form><input name=p type=Password></form>"
                    .to_owned(),
                "an HTML page with a login form, titled \"Sign in\"",
            ),
            (
                "<svg xmlns='http://www.w3.org/2000/svg'/>".to_owned(),
                "an SVG image",
            ),
            ("<urlset><url/></urlset>".to_owned(), "a sitemap"),
        ];
        let context = Context {
            base_url: "https://example.org/page".parse().ok(),
            ..Context::default()
        };
        for (text, expected) in cases {
            assert_eq!(
                describe(text.as_bytes(), &text, &context),
                expected,
                "{text}"
            );
        }
        let endless = format!("<html>{}", "<link ".repeat(40_000));
        assert_eq!(
            describe(endless.as_bytes(), &endless, &context),
            "an HTML page"
        );
    }
}
