//! Where a redirect leads (RFC 9110 §15.4, RFC 3986 §5). Pure; who may be asked there is decided elsewhere.

use std::borrow::Cow;

use url::Url;

use super::error::BadRedirect;

/// Redirects followed in one poll.
pub(super) const MOST_HOPS: usize = 10;

/// One step of a redirect chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308; 301 and 308 are permanent.
    pub status: u16,
    /// Where it led.
    pub url: Url,
    /// From `https` to `http`: followed, but never to be adopted.
    pub downgrade: bool,
}

impl Hop {
    /// Whether the origin says that the move is for good (RFC 9110 §15.4.2, §15.4.9).
    pub fn is_permanent(&self) -> bool {
        matches!(self.status, 301 | 308)
    }
}

/// Where a chain says that the feed has moved for good: the end of its unbroken permanent beginning, and never one
/// that gives up TLS. `None`: nowhere.
pub fn moved_to(hops: &[Hop]) -> Option<&Url> {
    hops.iter()
        .take_while(|hop| hop.is_permanent() && !hop.downgrade)
        .last()
        .map(|hop| &hop.url)
}

/// Whether the status asks a GET to go elsewhere.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The next hop after `hops`, of a response with this `Location` from `from`; `start` is where the chain began.
pub(super) fn next(
    status: u16,
    location: Option<&[u8]>,
    start: &Url,
    from: &Url,
    hops: &[Hop],
) -> Result<Hop, BadRedirect> {
    if hops.len() >= MOST_HOPS {
        return Err(BadRedirect::TooMany(MOST_HOPS));
    }
    let url = resolve(from, location.ok_or(BadRedirect::NoPlace)?)?;
    if url == *start || hops.iter().any(|hop| hop.url == url) {
        return Err(BadRedirect::Circle);
    }
    let downgrade = from.scheme() == "https" && url.scheme() == "http";
    Ok(Hop {
        status,
        url,
        downgrade,
    })
}

fn resolve(from: &Url, location: &[u8]) -> Result<Url, BadRedirect> {
    let url = from
        .join(&percent_encoded(location))
        .map_err(|_| BadRedirect::NoPlace)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadRedirect::Scheme(url.scheme().to_owned()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(BadRedirect::NoPlace);
    }
    Ok(plain(&url).into_owned())
}

/// Raw bytes beyond ASCII as percent escapes, whatever encoding they were meant in.
fn percent_encoded(location: &[u8]) -> String {
    location
        .iter()
        .fold(String::with_capacity(location.len()), |mut text, &byte| {
            match byte {
                0x20..0x7f => text.push(char::from(byte)),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
            text
        })
}

/// The URL as it is asked for and remembered: without fragment, user and password.
pub(super) fn plain(url: &Url) -> Cow<'_, Url> {
    if url.fragment().is_none() && url.username().is_empty() && url.password().is_none() {
        return Cow::Borrowed(url);
    }
    let mut plain = url.clone();
    plain.set_fragment(None);
    // These only fail where there is no host, and then there is no user either.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn check(location: &[u8]) -> Result<String, BadRedirect> {
        let from = url("https://example.org/a/feed?x=1");
        next(302, Some(location), &from, &from, &[]).map(|hop| hop.url.into())
    }

    #[test]
    fn location_is_resolved_against_the_url_that_gave_it() {
        for (location, expected) in [
            (&b"/feed.xml"[..], "https://example.org/feed.xml"),
            (b"other?y=2", "https://example.org/a/other?y=2"),
            (b"../up", "https://example.org/up"),
            (b"//cdn.example.net/f", "https://cdn.example.net/f"),
            (b"http://example.net/f#top", "http://example.net/f"),
            (b"?page=2", "https://example.org/a/feed?page=2"),
            (b"/a b", "https://example.org/a%20b"),
            (b"/caf\xc3\xa9", "https://example.org/caf%C3%A9"),
            (b"/caf\xe9", "https://example.org/caf%E9"),
            (b"http://user:secret@example.net/f", "http://example.net/f"),
        ] {
            assert_eq!(check(location).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for location in [
            "file:///etc/passwd",
            "ftp://example.org/f",
            "javascript:alert(1)",
            "data:,x",
            "gopher://x/",
        ] {
            assert!(
                matches!(check(location.as_bytes()), Err(BadRedirect::Scheme(_))),
                "{location} passed"
            );
        }
    }

    #[test]
    fn a_location_that_is_no_place_is_refused() {
        let from = url("https://example.org/");
        assert_eq!(
            next(301, None, &from, &from, &[]),
            Err(BadRedirect::NoPlace)
        );
        assert_eq!(check(b"http://[::1"), Err(BadRedirect::NoPlace));
    }

    #[test]
    fn circles_and_long_chains_end() {
        let start = url("http://example.org/0");
        let mut hops: Vec<Hop> = Vec::new();
        for number in 1..=MOST_HOPS {
            let from = hops.last().map_or(&start, |hop| &hop.url);
            let hop = next(
                301,
                Some(format!("/{number}").as_bytes()),
                &start,
                from,
                &hops,
            )
            .expect("within the limit");
            hops.push(hop);
        }
        assert_eq!(
            next(301, Some(b"/11"), &start, &start, &hops),
            Err(BadRedirect::TooMany(MOST_HOPS))
        );
        assert_eq!(
            next(301, Some(b"/0"), &start, &hops[1].url, &hops[..2]),
            Err(BadRedirect::Circle)
        );
        assert_eq!(
            next(301, Some(b"/1#again"), &start, &hops[1].url, &hops[..2]),
            Err(BadRedirect::Circle)
        );
    }

    #[test]
    fn a_feed_moves_along_the_permanent_beginning_and_never_down_from_tls() {
        let hop = |status, text: &str, downgrade| Hop {
            status,
            url: url(text),
            downgrade,
        };
        let [a, b, c] = [
            "https://a.example/",
            "https://b.example/",
            "https://c.example/",
        ];
        for (hops, place) in [
            (vec![], None),
            (vec![hop(301, a, false)], Some(a)),
            (vec![hop(301, a, false), hop(308, b, false)], Some(b)),
            (
                vec![hop(301, a, false), hop(302, b, false), hop(301, c, false)],
                Some(a),
            ),
            (vec![hop(307, a, false), hop(301, b, false)], None),
            (vec![hop(301, "http://a.example/", true)], None),
            (
                vec![
                    hop(301, a, false),
                    hop(301, "http://b.example/", true),
                    hop(301, c, false),
                ],
                Some(a),
            ),
        ] {
            assert_eq!(moved_to(&hops).map(Url::as_str), place, "{hops:?}");
        }
    }

    #[test]
    fn a_step_down_from_tls_is_noted() {
        let secure = url("https://example.org/");
        assert!(
            next(301, Some(b"http://example.org/f"), &secure, &secure, &[])
                .is_ok_and(|hop| hop.downgrade)
        );
        assert!(
            next(301, Some(b"/f"), &secure, &secure, &[])
                .is_ok_and(|hop| !hop.downgrade && hop.is_permanent())
        );
    }
}
