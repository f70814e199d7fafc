//! What an HTML page links as feeds: its `link` elements, and what its `a` elements look like. Pure.
//!
//! Tags are found by looking, without a tree: pages break in more ways than their heads do. Comments and scripts are passed
//! over.

use url::Url;

use super::tags::{Tags, attribute, names, within};
use crate::text::decode_entities;

/// Links that are kept of one page.
const MOST_LINKS: usize = 50;
/// `a` elements that are looked at.
const MOST_ANCHORS: usize = 2_000;
/// Longest address.
const LONGEST_URL: usize = 2_000;

/// How a page names a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// `link rel=alternate` of a type that feeds have, or `rel=feed`.
    Link,
    /// An `a` element whose address, type or words say so.
    Anchor,
}

/// A feed, or what may be one, that a page links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLink {
    /// Absolute: `http`, `https`, or `file` where the page itself is a file.
    pub url: Url,
    /// By what it is named.
    pub named: Named,
    /// `type`, in lower case and without parameters; `None`: not said.
    pub media_type: Option<String>,
    /// `title`, or the words of an `a` element.
    pub title: Option<String>,
}

/// Whether feeds have this media type: RSS, Atom, JSON Feed, RDF. `application/json` may be anything.
pub fn is_feed_type(media_type: &str) -> bool {
    [
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/json",
        "text/rss+xml",
        "text/atom+xml",
        "application/rss",
        "application/atom",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(media_type))
}

/// Every address once: the `link` elements in document order, then the `a` elements. References are resolved against the page's
/// `base`, itself against `page`.
pub fn feed_links(text: &str, page: &Url) -> Vec<FeedLink> {
    let base = base(text, Some(page));
    let base = base.as_ref().unwrap_or(page);
    let mut links = Vec::new();
    let mut anchors = Vec::new();
    let mut looked_at = 0;
    for (tag, behind) in Tags::new(text) {
        if links.len() + anchors.len() >= MOST_LINKS {
            break;
        }
        if names(tag, "link") {
            links.extend(link(tag, base));
        } else if names(tag, "a") && looked_at < MOST_ANCHORS {
            looked_at += 1;
            anchors.extend(anchor(tag, behind, base));
        }
    }
    let mut all: Vec<FeedLink> = Vec::new();
    for link in links.into_iter().chain(anchors) {
        if all.iter().all(|known| known.url != link.url) {
            all.push(link);
        }
    }
    all
}

/// What relative references of a page are resolved against: its `base` element, else where it is.
pub(super) fn base(text: &str, page: Option<&Url>) -> Option<Url> {
    let base = Tags::new(text)
        .find(|(tag, _)| names(tag, "base"))
        .and_then(|(tag, _)| attribute(tag, "href"))
        .and_then(|href| resolved(href, page));
    base.or_else(|| page.cloned())
}

fn resolved(href: &str, base: Option<&Url>) -> Option<Url> {
    let href = decode_entities(href.trim());
    // `feed:` is what browsers once wrote so that a click opened a feed reader.
    let href = match href.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) if rest.starts_with("http") => rest.to_owned(),
        _ => href,
    };
    if href.len() > LONGEST_URL || href.contains(|c: char| c.is_control()) {
        return None;
    }
    let url = match base {
        Some(base) => base.join(&href),
        None => Url::parse(&href),
    };
    url.ok()
}

fn fetched(href: &str, base: &Url) -> Option<Url> {
    let mut url = resolved(href, Some(base))?;
    url.set_fragment(None);
    let fits = match url.scheme() {
        "http" | "https" => url.has_host(),
        scheme => scheme == "file" && scheme == base.scheme(),
    };
    fits.then_some(url)
}

fn media_type(tag: &str) -> Option<String> {
    let kind = attribute(tag, "type")?.split(';').next()?.trim();
    (!kind.is_empty()).then(|| kind.to_ascii_lowercase())
}

fn link(tag: &str, base: &Url) -> Option<FeedLink> {
    let rels = attribute(tag, "rel")?;
    let has = |name: &str| {
        rels.split_ascii_whitespace()
            .any(|rel| rel.eq_ignore_ascii_case(name))
    };
    let media_type = media_type(tag);
    let is_feed = media_type.as_deref().is_some_and(is_feed_type);
    // `alternate` alone is another language or a page for print; `feed` alone is one whatever its type.
    if !(has("feed") || has("alternate") && is_feed) || has("stylesheet") {
        return None;
    }
    Some(FeedLink {
        url: fetched(attribute(tag, "href")?, base)?,
        named: Named::Link,
        media_type,
        title: attribute(tag, "title").and_then(one_line),
    })
}

/// An `a` element that says it leads to a feed: by its type, by how its address ends, or by its words and its address.
fn anchor(tag: &str, behind: &str, base: &Url) -> Option<FeedLink> {
    let url = fetched(attribute(tag, "href")?, base)?;
    let media_type = media_type(tag);
    let words = one_line(&within(behind, "a"));
    let title = { attribute(tag, "title").and_then(one_line) }.or(words);
    let is_typed = { media_type.as_deref() }
        .is_some_and(|kind| kind != "application/json" && is_feed_type(kind));
    let says = title.as_deref().is_some_and(|title| {
        let title = title.to_lowercase();
        ["rss", "atom", "feed", "json feed"].iter().any(|word| {
            title
                .split(|c: char| !c.is_alphanumeric())
                .any(|part| part == *word)
        })
    });
    let fits = is_typed || looks_like_feed(&url) || says && mentions_feed(&url);
    fits.then_some(FeedLink {
        url,
        named: Named::Anchor,
        media_type,
        title,
    })
}

/// The path ends as those of feeds do.
fn looks_like_feed(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let names = [
        "rss",
        "atom",
        "feed",
        "feed.json",
        "feed.xml",
        "index.rdf",
        "index.xml",
    ];
    names.contains(&name)
        || [".rss", ".atom", ".rdf"]
            .iter()
            .any(|end| name.ends_with(end))
        || {
            let stem = name
                .strip_suffix(".xml")
                .or_else(|| name.strip_suffix(".json"));
            stem.is_some_and(|stem| {
                ["rss", "atom", "feed"]
                    .iter()
                    .any(|word| stem.contains(word))
            })
        }
}

fn mentions_feed(url: &Url) -> bool {
    let tail = url[url::Position::BeforePath..].to_ascii_lowercase();
    ["rss", "atom", "feed"]
        .iter()
        .any(|word| tail.contains(word))
}

fn one_line(text: &str) -> Option<String> {
    let text = decode_entities(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.join(" ");
    let line: String = { words.chars() }
        .filter(|c| !c.is_control())
        .take(120)
        .collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `named url type title`, a line a link.
    fn check(text: &str, expected: &[&str]) {
        let page = Url::parse("https://example.org/blog/post").expect("a URL");
        let shown: Vec<String> = feed_links(text, &page)
            .into_iter()
            .map(|link| {
                let [kind, title] = [link.media_type, link.title].map(Option::unwrap_or_default);
                format!("{:?} {} {kind} {title}", link.named, link.url)
                    .trim_end()
                    .to_owned()
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn link_elements_come_first_in_document_order() {
        check(
            "<html><a href=/rss>x</a><link rel='alternate' type='application/rss+xml; charset=utf-8' title='All &amp; more' href='/f?a=1&#38;b=2#top'>\
             <LINK REL=feed HREF=other><link rel=alternate type=application/feed+json href='feed.json'/>",
            &[
                "Link https://example.org/f?a=1&b=2 application/rss+xml All & more",
                "Link https://example.org/blog/other",
                "Link https://example.org/blog/feed.json application/feed+json",
                "Anchor https://example.org/rss  x",
            ],
        );
    }

    #[test]
    fn the_base_of_the_page_is_respected() {
        let link = "<link rel=alternate type=application/atom+xml href=a.xml>";
        check(
            &format!("<base href='https://cdn.example/x/'>{link}"),
            &["Link https://cdn.example/x/a.xml application/atom+xml"],
        );
        check(
            &format!("<base href='/y/'>{link}"),
            &["Link https://example.org/y/a.xml application/atom+xml"],
        );
    }

    #[test]
    fn what_is_no_feed_is_passed_over() {
        check(
            "<!-- <link rel=alternate type=application/rss+xml href=/no> --><script>'<link rel=feed href=/no>'</script>\
             <link rel=alternate hreflang=de href=/de><link rel='alternate stylesheet' type=text/css href=/s.css>\
             <link rel=alternate type=application/json+oembed href=/oembed><link rel=feed href='javascript:x'>\
             <a href=/about>Our feed</a><a href=/news.xml>News</a><a href='mailto:rss@example.org'>RSS</a><a>rss</a>",
            &[],
        );
        check("", &[]);
        check("<link rel=feed href=/open", &[]);
        check("<!-- never closed <link rel=feed href=/x>", &[]);
    }

    #[test]
    fn anchors_speak_by_address_type_or_words() {
        check(
            "<a href=/feeds/all.atom.xml><b>Everything</b></a><a href='/index.php?format=feed'><img alt=x>RSS-Feed</a>\
             <a type=application/rss+xml href=/x>y</a><a href=/atom/>z</a><a href='feed:https://a.example/'>q</a>",
            &[
                "Anchor https://example.org/feeds/all.atom.xml  Everything",
                "Anchor https://example.org/index.php?format=feed  RSS-Feed",
                "Anchor https://example.org/x application/rss+xml y",
                "Anchor https://example.org/atom/  z",
            ],
        );
    }

    #[test]
    fn endless_pages_are_bounded() {
        let many = "<link rel=feed href=/a><a href=/rss>".repeat(10_000);
        check(
            &many,
            &[
                "Link https://example.org/a",
                "Anchor https://example.org/rss",
            ],
        );
        for piece in ["<link ", "<!--", "<script>", "<a href='", "<a href=/rss><"] {
            let _ = feed_links(
                &piece.repeat(50_000),
                &Url::parse("https://a.example/").expect("a URL"),
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(pieces in proptest::collection::vec("<a href=|<link rel=feed |href='|/é|\\PC{0,4}|</?script|<!--|-->|>|&amp;|&|'|=|/", 0..30)) {
            let page = Url::parse("https://a.example/").expect("a URL");
            for link in feed_links(&pieces.concat(), &page) {
                assert!(matches!(link.url.scheme(), "http" | "https"));
            }
        }
    }
}
