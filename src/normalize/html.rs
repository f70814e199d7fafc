//! Feed HTML → sanitized HTML with absolute URLs: one html5ever parse an entry.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::OnceLock;

use ammonia::{Builder, UrlRelative};
use url::Url;

/// Deeper markup is reduced to its text: tree building costs the square of the depth.
const MAX_OPEN: usize = 256;

thread_local! {
    static BASE: RefCell<Option<Url>> = const { RefCell::new(None) };
}

fn resolve(reference: &str) -> Option<Cow<'_, str>> {
    BASE.with_borrow(|base| {
        base.as_ref()?
            .join(reference)
            .ok()
            .map(|url| Cow::Owned(url.into()))
    })
}

fn sanitizer() -> &'static Builder<'static> {
    static BUILDER: OnceLock<Builder<'static>> = OnceLock::new();
    BUILDER.get_or_init(|| {
        let mut builder = Builder::default();
        builder
            .url_schemes(["http", "https", "mailto"].into())
            .url_relative(UrlRelative::Custom(Box::new(resolve)))
            .link_rel(Some("noopener noreferrer"))
            .add_tags(["audio", "video", "source", "picture"])
            .add_tag_attributes("audio", ["src", "controls"])
            .add_tag_attributes("video", ["src", "controls", "poster", "width", "height"])
            .add_tag_attributes("source", ["src", "type"])
            .rm_tag_attributes("blockquote", ["cite"])
            .rm_tag_attributes("q", ["cite"])
            .rm_tag_attributes("del", ["cite"])
            .rm_tag_attributes("ins", ["cite"])
            .rm_tags(["map", "area"]);
        builder
    })
}

/// Sanitizes on an allow list and resolves relative references against `base`.
pub(super) fn sanitize(html: &str, base: &Url) -> String {
    let html = html.trim();
    if html.is_empty() {
        return String::new();
    }
    if !html.contains(['<', '&']) {
        return format!("<p>{}</p>", html.replace('>', "&gt;"));
    }
    if is_deep(html) {
        return plain(&crate::text::text_of(html));
    }
    BASE.set(Some(base.clone()));
    let clean = sanitizer().clean(html).to_string();
    BASE.set(None);
    clean
}

/// Text as HTML: escaped, blank lines become paragraphs.
pub(super) fn plain(text: &str) -> String {
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| {
            format!(
                "<p>{}</p>",
                ammonia::clean_text(paragraph).replace("&#32;", " ")
            )
        })
        .collect()
}

fn is_deep(html: &str) -> bool {
    let bytes = html.as_bytes();
    let (mut open, mut deepest) = (0usize, 0usize);
    for (at, _) in html.match_indices('<') {
        match bytes.get(at + 1) {
            Some(b'/') => open = open.saturating_sub(1),
            Some(next) if next.is_ascii_alphabetic() => {
                let name = &bytes[at + 1..bytes.len().min(at + 6)];
                let void = [b"br".as_slice(), b"img", b"hr", b"p", b"li"]
                    .iter()
                    .any(|void| {
                        name.len() > void.len()
                            && name.starts_with(void)
                            && !name[void.len()].is_ascii_alphanumeric()
                    });
                open += usize::from(!void);
            }
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest > MAX_OPEN
}

/// The first picture in sanitized HTML: its URL and alternative text.
pub(super) fn first_image(html: &str) -> Option<(String, Option<String>)> {
    let at = html.find("<img ")?;
    let tag = &html[at..at + html[at..].find('>')?];
    let attribute = |name: &str| {
        let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
        let value = &tag[from..from + tag[from..].find('"')?];
        Some(crate::text::decode_entities(value))
    };
    Some((
        attribute("src")?,
        attribute("alt").filter(|alt| !alt.trim().is_empty()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(html: &str) -> String {
        sanitize(
            html,
            &Url::parse("https://example.org/news/1").expect("fixture"),
        )
    }

    #[test]
    fn nothing_that_runs_survives() {
        for hostile in [
            "<script>x()</script>a<b onclick=x()>b</b>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:x()'>c</a>",
            "<iframe src=//evil.example></iframe>",
            "<svg><script>x()</script></svg>",
            "<blockquote cite='javascript:x()'>q</blockquote>",
            "<p style='background:url(x)' id=a class=b>t</p>",
            "<img src='data:image/svg+xml,x'>",
            "<math><mtext></p><img src onerror=x()>",
        ] {
            let clean = clean(hostile);
            for bad in [
                "script", "onerror", "onclick", "iframe", "style=", "cite", "data:", "id=",
                "class=",
            ] {
                assert!(!clean.contains(bad), "{hostile} -> {clean}");
            }
        }
    }

    #[test]
    fn references_become_absolute_and_links_carry_rel() {
        assert_eq!(
            clean("<a href=\"../x\">x</a><img src=\"/i.png\" alt=\"a &amp; b\">"),
            "<a href=\"https://example.org/x\" rel=\"noopener noreferrer\">x</a>\
             <img src=\"https://example.org/i.png\" alt=\"a &amp; b\">"
        );
        assert_eq!(
            first_image(&clean("<p>a</p><img src=\"/i.png\" alt=\"a &amp; b\">")),
            Some((
                "https://example.org/i.png".to_owned(),
                Some("a & b".to_owned())
            ))
        );
    }

    #[test]
    fn cleaning_twice_is_cleaning_once_and_depth_is_harmless() {
        let once = clean("<p>a <b>b<p>c & d</b><table><td>e");
        assert_eq!(clean(&once), once);
        assert_eq!(clean(&"<div>".repeat(100_000)), "");
        assert_eq!(clean("a > b"), "<p>a &gt; b</p>");
        assert_eq!(plain("a < b"), "<p>a &lt; b</p>");
    }
}
