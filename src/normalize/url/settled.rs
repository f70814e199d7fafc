//! Addresses that need no parsing: most in feeds are absolute, and written as the URL standard writes them.

use url::{Position, Url};

const HOST: u8 = 1;
const PATH: u8 = 2;
const QUERY: u8 = 4;
const FRAGMENT: u8 = 8;
/// In which parts of an address a byte stands for itself; in fewer than the standard allows.
static PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        places[byte as usize] = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => HOST | PATH | QUERY | FRAGMENT,
            b'A'..=b'Z'
            | b'_'
            | b'~'
            | b'!'
            | b'$'
            | b'&'
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
            | b':'
            | b'@'
            | b'%'
            | b'/' => PATH | QUERY | FRAGMENT,
            b'?' => QUERY | FRAGMENT,
            _ => 0,
        };
        byte += 1;
    }
    places
};

/// Whether an absolute http(s) address with a named host is written just as parsing would write it. False says nothing.
pub(in crate::normalize) fn is_settled(url: &str) -> bool {
    let Some(rest) = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
    else {
        return false;
    };
    let Some(host) = rest.find('/').map(|end| &rest[..end]) else {
        return false;
    };
    // Numbers are addresses, and letters that stand for others are checked.
    let last = host.rsplit('.').next().unwrap_or_default();
    last.starts_with(|c: char| c.is_ascii_lowercase())
        && !host.contains("xn--")
        && is_all(host, HOST)
        && is_settled_place(&rest[host.len()..])
}

/// What `reference` is at `base`, when it names the same host or none, and parsing would leave it as it is: most links
/// of a feed stay on its site.
pub(in crate::normalize) fn settled_at(base: &Url, reference: &str) -> Option<String> {
    if !matches!(base.scheme(), "http" | "https") {
        return None;
    }
    let origin = &base[..Position::BeforePath];
    let (is_whole, place) = match reference.strip_prefix(origin) {
        Some(place) => (true, place),
        None => (false, reference),
    };
    let is_place = place.starts_with('/') && (is_whole || !place.starts_with("//"));
    (is_place && is_settled_place(place)).then(|| [origin, place].concat())
}

/// Whether all behind a host is written just as parsing would write it.
fn is_settled_place(place: &str) -> bool {
    let (place, fragment) = split(place, b'#');
    let (path, query) = split(place, b'?');
    is_all(path, PATH) && is_all(query, QUERY) && is_all(fragment, FRAGMENT) && !has_dots(path)
}

/// Whether a segment begins with a dot, perhaps an escaped one.
fn has_dots(path: &str) -> bool {
    memchr::memchr_iter(b'/', path.as_bytes())
        .any(|at| matches!(path.as_bytes()[at + 1..], [b'.', ..] | [b'%', b'2', ..]))
}

fn split(text: &str, mark: u8) -> (&str, &str) {
    memchr::memchr(mark, text.as_bytes()).map_or((text, ""), |at| (&text[..at], &text[at + 1..]))
}

fn is_all(text: &str, place: u8) -> bool {
    text.bytes()
        .all(|byte| PLACES[usize::from(byte)] & place != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_addresses_are_settled_and_odd_ones_are_not() {
        for url in [
            "https://a.example/",
            "http://news.example/2026/11/tide?id=3&utm_source=rss#comments",
            "https://img.example/w_640,h_360/a%20b(1).jpg?x=a/b:c@d",
        ] {
            assert!(is_settled(url), "{url}");
        }
        for url in [
            "https://a.example",
            "https://a.example:443/",
            "https://A.example/",
            "http://1.2.3.4/",
            "http://0x7f.1/",
            "https://a.example./x",
            "https://u@a.example/",
            "https://a.example/b/../c",
            "https://a.example/b/%2e%2E/c",
            "https://a.example/ b",
            "https://a.example/?q='x'",
            "https://é.example/",
            "ftp://a.example/",
            "/a",
        ] {
            assert!(!is_settled(url), "{url}");
        }
    }

    proptest! {
        #[test]
        fn joining_gives_what_is_settled_at_a_base(
            base in "(http|https|ftp|mailto)://(u@|u:p@)?([a-z]{1,3}[.]example|127[.]1|\\[::1\\])(:80|:443|:8080)?/[a-z/]{0,4}",
            scheme in "(http:|https:)?",
            host in "(//)?([a-z]{1,3}[.]example|127[.]0[.]0[.]1|\\[::1\\])?(:80|:8080)?",
            rest in "/[ -~é]{0,16}",
        ) {
            let base = Url::parse(&base);
            prop_assume!(base.is_ok());
            let base = base.expect("just asked");
            let own = format!("{}{rest}", &base[..Position::BeforePath]);
            for reference in [&rest, &own, &format!("{scheme}{host}{rest}")] {
                if let Some(settled) = settled_at(&base, reference) {
                    let joined = base.join(reference);
                    prop_assert_eq!(joined.as_ref().map(Url::as_str), Ok(settled.as_str()));
                }
            }
        }

        #[test]
        fn parsing_changes_nothing_that_is_settled(
            host in "[a-z0-9.-]{0,4}[.]?(xn--)?[a-zA-Z0-9.]{1,6}",
            rest in "/[ -~é]{0,24}",
        ) {
            for scheme in ["http", "https"] {
                let url = format!("{scheme}://{host}{rest}");
                if is_settled(&url) {
                    let parsed = Url::parse(&url);
                    prop_assert_eq!(parsed.as_ref().map(Url::as_str), Ok(url.as_str()));
                }
            }
        }
    }
}
