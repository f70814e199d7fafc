//! The `Link` header field (RFC 8288), as far as it concerns feeds: `hub` and `self` (W3C WebSub §4). Pure.

use http::HeaderMap;
use http::header::LINK;
use url::Url;

/// Hubs that are kept.
const MOST_HUBS: usize = 10;

/// What the `Link` fields of a response name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// `rel=hub`, in order.
    pub hubs: Vec<String>,
    /// `rel=self`: the topic.
    pub own: Option<String>,
}

/// Reads every `Link` field; targets are resolved against `base`. What cannot be read is passed over.
pub(super) fn links(headers: &HeaderMap, base: &Url) -> Links {
    let mut links = Links::default();
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for (target, rels) in parts(&text) {
            let Ok(url) = base.join(target) else { continue };
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

/// Target and relations of each link of one field.
fn parts(mut text: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    while let Some((_, rest)) = text.split_once('<') {
        let Some((target, rest)) = rest.split_once('>') else {
            break;
        };
        let (parameters, after) = rest.split_at(end(rest));
        // Only the first `rel` counts (§3.3), and a link with another context is not ours (§3.2).
        let relation =
            parameter(parameters, "rel").filter(|_| parameter(parameters, "anchor").is_none());
        parts.extend(relation.map(|rels| (target.trim(), rels)));
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
        let value = value.trim().trim_matches('"');
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
