//! The `Link` header field (RFC 8288), as far as it concerns feeds: `hub` and `self` (W3C WebSub §4), `alternate` and `feed`.
//! Pure.

use http::HeaderMap;
use http::header::LINK;
use url::Url;

/// Hubs that are kept.
const MOST_HUBS: usize = 10;

/// Alternates that are kept.
const MOST_ALTERNATES: usize = 20;

/// A link of a response to another form of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternate {
    /// Absolute.
    pub url: Url,
    /// `type`, in lower case and without parameters; `None`: not said.
    pub media_type: Option<String>,
    /// `title`.
    pub title: Option<String>,
    /// By `rel=feed`; else by `rel=alternate`.
    pub is_feed: bool,
}

/// What the `Link` fields of a response name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// `rel=hub`, in order.
    pub hubs: Vec<String>,
    /// `rel=self`: the topic.
    pub own: Option<String>,
    /// `rel=alternate` and `rel=feed`, in order.
    pub alternates: Vec<Alternate>,
}

/// Reads every `Link` field; targets are resolved against `base`. What cannot be read is passed over.
pub(super) fn links(headers: &HeaderMap, base: &Url) -> Links {
    let mut links = Links::default();
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for (target, parameters) in parts(&text) {
            let (Ok(url), Some(rels)) = (base.join(target), parameter(parameters, "rel")) else {
                continue;
            };
            links.alternates.extend(
                alternate(&url, rels, parameters)
                    .filter(|_| links.alternates.len() < MOST_ALTERNATES),
            );
            for rel in rels.split_ascii_whitespace() {
                if rel.eq_ignore_ascii_case("hub") && links.hubs.len() < MOST_HUBS {
                    links.hubs.push(url.as_str().to_owned());
                } else if rel.eq_ignore_ascii_case("self") && links.own.is_none() {
                    links.own = Some(url.as_str().to_owned());
                }
            }
        }
    }
    links
}

fn alternate(url: &Url, rels: &str, parameters: &str) -> Option<Alternate> {
    let mut rels = rels.split_ascii_whitespace();
    let is_feed = rels.clone().any(|rel| rel.eq_ignore_ascii_case("feed"));
    if !is_feed && !rels.any(|rel| rel.eq_ignore_ascii_case("alternate")) {
        return None;
    }
    let media_type = parameter(parameters, "type").and_then(|kind| kind.split(';').next());
    Some(Alternate {
        url: url.clone(),
        media_type: media_type.map(|kind| kind.trim().to_ascii_lowercase()),
        title: parameter(parameters, "title").map(|title| title.replace('\\', "")),
        is_feed,
    })
}

/// Target and parameters of each link of one field.
fn parts(mut text: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    while let Some((_, rest)) = text.split_once('<') {
        let Some((target, rest)) = rest.split_once('>') else {
            break;
        };
        let (parameters, after) = rest.split_at(end(rest));
        // Only the first `rel` counts (§3.3), and a link with another context is not ours (§3.2).
        if parameter(parameters, "anchor").is_none() {
            parts.push((target.trim(), parameters));
        }
        text = after;
    }
    parts
}

/// Where the parameters of a link end: at a comma outside quotes.
fn end(text: &str) -> usize {
    unquoted(text, ',').next().unwrap_or(text.len())
}

/// Places of a sign outside quotes.
fn unquoted(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter_map(move |(at, char)| {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if char == sign && !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

fn parameter<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let starts = unquoted(text, ';').map(|at| at + 1);
    let ends = unquoted(text, ';').skip(1).chain([text.len()]);
    starts.zip(ends).find_map(|(start, end)| {
        let (key, value) = text.get(start..end)?.split_once('=')?;
        let value = value.trim();
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').unwrap_or(quoted),
            None => value,
        };
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &[&str], hubs: &[&str], own: Option<&str>) {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(LINK, field.parse().expect("a field value"));
        }
        let base = Url::parse("https://mill.example/blog/feed").expect("a URL");
        let found = links(&headers, &base);
        assert_eq!(
            (found.hubs, found.own.as_deref()),
            (hubs.iter().map(|hub| (*hub).to_owned()).collect(), own),
            "{fields:?}"
        );
    }

    #[test]
    fn hubs_and_self_are_found_in_every_form() {
        let (hub, own) = ("https://hub.example/", "https://mill.example/feed");
        check(
            &[
                "<https://hub.example/>; rel=hub",
                "<https://mill.example/feed>; rel=self",
            ],
            &[hub],
            Some(own),
        );
        check(
            &["<https://hub.example/>; rel=\"hub\", </feed>; rel=\"self\""],
            &[hub],
            Some(own),
        );
        check(
            &[
                "<https://hub.example/> ; title=\"a, b; rel=x\" ; REL = \"other Hub\",<../feed>;rel=self",
            ],
            &[hub],
            Some(own),
        );
        check(&["<https://hub.example/>;rel=hub;rel=self"], &[hub], None);
        check(
            &["<https://hub.example/a,b>; rel=hub"],
            &["https://hub.example/a,b"],
            None,
        );
        check(
            &["<https://hub.example/>; title=\"\\\"\"; rel=hub"],
            &[hub],
            None,
        );
    }

    #[test]
    fn alternates_have_type_and_title() {
        let field = "</feed>; rel=\"alternate\"; type=\"application/RSS+xml; x=y\"; title=\"All, \\\"of it\\\"\", \
                     <b>; rel=feed, <c>; rel=next";
        let headers = HeaderMap::from_iter([(LINK, field.parse().expect("a field value"))]);
        let base = Url::parse("https://mill.example/blog/").expect("a URL");
        let of = |url: &str, media_type: Option<&str>, title: Option<&str>, is_feed| Alternate {
            url: Url::parse(url).expect("a URL"),
            media_type: media_type.map(str::to_owned),
            title: title.map(str::to_owned),
            is_feed,
        };
        assert_eq!(
            links(&headers, &base).alternates,
            [
                of(
                    "https://mill.example/feed",
                    Some("application/rss+xml"),
                    Some("All, \"of it\""),
                    false
                ),
                of("https://mill.example/blog/b", None, None, true),
            ]
        );
    }

    #[test]
    fn what_is_no_such_link_is_passed_over() {
        check(&[], &[], None);
        check(
            &[
                "<https://a.example/>; rel=next",
                "<https://a.example/",
                "rel=hub",
                "<>",
            ],
            &[],
            None,
        );
        check(
            &["<https://a.example/>; rel=hub; anchor=\"#foo\""],
            &[],
            None,
        );
        check(
            &["<http://[/>; rel=hub, <https://hub.example/>; rel=hub"],
            &["https://hub.example/"],
            None,
        );
        check(
            &["<https://a.example/>", "rel=hub; <https://a.example/>"],
            &[],
            None,
        );
    }

    #[test]
    fn hubs_are_bounded() {
        let field: String = (0..1000)
            .map(|n| format!("<https://h{n}.example/>; rel=hub, "))
            .collect();
        let headers = HeaderMap::from_iter([(LINK, field.parse().expect("a field value"))]);
        let base = Url::parse("https://mill.example/").expect("a URL");
        assert_eq!(links(&headers, &base).hubs.len(), MOST_HUBS);
    }
}
