//! Canonical keys of URLs: two spellings of one address have one key. A key is never shown.
//!
//! Syntax first (RFC 3986 §6.2.2), then what the web adds: trackers, mobile and AMP forms, redirectors that carry their
//! target. Nothing is asked of the network.

use std::borrow::Cow;

use url::{Url, form_urlencoded};

use crate::text::registrable_domain;

pub(super) use settled::{is_settled, settled_at};

mod settled;
mod trackers;

/// Redirectors inside redirectors are followed this far.
const UNWRAPS: usize = 4;

/// The canonical key of a URL: `example.org/path?x=1`. `None` for what is not http(s).
pub fn canonical_key(url: &str) -> Option<String> {
    key_of(parsed(url.trim())?)
}

/// The host that a [`canonical_key`] begins with, and its port when it has one of its own.
pub fn key_host(key: &str) -> &str {
    key.split(['/', '?', '#']).next().unwrap_or(key)
}

/// As [`canonical_key`], of what `absolute` has made.
pub(super) fn key_of_absolute(url: &str) -> Option<String> {
    key_of(Cow::Borrowed(url))
}

fn key_of(mut url: Cow<'_, str>) -> Option<String> {
    for _ in 0..UNWRAPS {
        let inner = wrapped(&parts(&url)?);
        match inner {
            Some(inner) => url = Cow::Owned(inner),
            None => break,
        }
    }
    let parts = parts(&url)?;
    let mut key = String::with_capacity(url.len());
    key.push_str(host(parts.host));
    if let Some(port) = parts.port {
        key.push(':');
        key.push_str(port);
    }
    key.push_str(trimmed(&percent(parts.path)));
    if let Some(query) = parts.query {
        push_query(&mut key, query);
    }
    if let Some(route) = parts.fragment.filter(|text| text.starts_with(['!', '/'])) {
        let (path, query) = route.split_once('?').unwrap_or((route, ""));
        key.push('#');
        key.push_str(&percent(path));
        push_query(&mut key, query);
    }
    Some(key)
}

/// Parts of an http(s) address.
pub(super) struct Parts<'a> {
    pub(super) host: &'a str,
    /// `None`: that of the scheme.
    pub(super) port: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

/// The parts of an absolute http(s) address as the URL standard writes it; nothing is decoded.
pub(super) fn parts(url: &str) -> Option<Parts<'_>> {
    let (_, rest) = url.split_once("://")?;
    let (authority, _) = rest.split_at(rest.find('/')?);
    let place = &rest[authority.len()..];
    let (place, fragment) = cut(place, '#');
    let (path, query) = cut(place, '?');
    let host = authority.rsplit('@').next().unwrap_or(authority);
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    };
    Some(Parts {
        host,
        port,
        path,
        query,
        fragment,
    })
}

fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark)
        .map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// An http(s) URL as the URL standard writes it; a scheme that was left out is no part of the key.
fn parsed(text: &str) -> Option<Cow<'_, str>> {
    if is_settled(text) {
        return Some(Cow::Borrowed(text));
    }
    let url = if text.starts_with("//") {
        Url::parse(&format!("https:{text}"))
    } else {
        Url::parse(text)
    };
    url.ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| Cow::Owned(url.into()))
}

/// The address inside a redirector's or an AMP cache's.
fn wrapped(url: &Parts<'_>) -> Option<String> {
    let Parts { host, path, .. } = *url;
    let google = is_google(host);
    if google && path == "/url" {
        return parameter(url, trackers::GOOGLE);
    }
    let carries = |known: &&trackers::Redirector| {
        is_at(host, known.host) && (known.path.is_empty() || known.path == path)
    };
    if let Some(known) = trackers::REDIRECTORS.iter().find(carries) {
        return parameter(url, known.parameters);
    }
    let inner = if google {
        path.strip_prefix("/amp/")
    } else if trackers::AMP_CACHES.iter().any(|cache| is_at(host, cache)) {
        path.strip_prefix("/c/")
            .or_else(|| path.strip_prefix("/v/"))
    } else {
        None
    }?;
    // "s" is the scheme, https; a page of plain http has none.
    let inner = inner.strip_prefix("s/").unwrap_or(inner);
    let (host, _) = inner.split_once('/').unwrap_or((inner, ""));
    if !host.contains('.') {
        return None;
    }
    let inner = match url.query {
        Some(query) => format!("https://{inner}?{query}"),
        None => format!("https://{inner}"),
    };
    parsed(&inner).map(Cow::into_owned)
}

fn parameter(url: &Parts<'_>, names: &[&str]) -> Option<String> {
    let pairs = || form_urlencoded::parse(url.query.unwrap_or_default().as_bytes());
    names.iter().find_map(|wanted| {
        let (_, value) = pairs().find(|(name, _)| name == wanted)?;
        parsed(&value).map(Cow::into_owned)
    })
}

/// `google.TLD`, `google.co.TLD` and `google.com.TLD`, with `www.` or another host before it.
fn is_google(host: &str) -> bool {
    let Some(at) = host.rfind("google.") else {
        return false;
    };
    let (before, rest) = (&host[..at], &host[at + "google.".len()..]);
    let rest = rest
        .strip_prefix("co.")
        .or_else(|| rest.strip_prefix("com."))
        .unwrap_or(rest);
    (before.is_empty() || before.ends_with('.')) && !rest.contains('.') && rest.len() <= 3
}

/// Whether a host is this one or below it.
fn is_at(host: &str, known: &str) -> bool {
    host.strip_suffix(known)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Without the final dot and the labels that name another form of the same site. What is left is somebody's own domain:
/// the site `m.blogspot.com` is not `blogspot.com`.
fn host(host: &str) -> &str {
    let mut host = host.trim_end_matches('.');
    loop {
        let www = host.strip_prefix("www.").filter(|rest| rest.contains('.'));
        let form = || {
            ["m.", "mobile.", "amp."]
                .iter()
                .find_map(|label| host.strip_prefix(label))
                .filter(|rest| registrable_domain(rest).is_some())
        };
        match www.or_else(form) {
            Some(rest) => host = rest,
            None => return host,
        }
    }
}

/// Without what only says which form of the page it is.
fn trimmed(mut path: &str) -> &str {
    if let Some(at) = path.find(";jsessionid=") {
        path = &path[..at];
    }
    loop {
        let shorter = ["/", "/amp", "/index.html", "/index.htm"]
            .iter()
            .find_map(|end| path.strip_suffix(end));
        match shorter {
            Some(rest) => path = rest,
            None => return path,
        }
    }
}

/// Upper-case escapes, unreserved characters decoded, and what may not stand bare escaped (RFC 3986 §6.2.2).
fn percent(text: &str) -> Cow<'_, str> {
    let bare = |byte: u8| {
        !matches!(
            byte,
            b'%' | b'|' | b'[' | b']' | b'^' | b'`' | b'{' | b'}' | b'\\' | b'"'
        )
    };
    if text.bytes().all(bare) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let hex = |at: usize| Some(char::from(*bytes.get(at)?).to_digit(16)? as u8);
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%'
            && let (Some(high), Some(low)) = (hex(at + 1), hex(at + 2))
        {
            let value = high * 16 + low;
            if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                out.push(char::from(value));
            } else {
                push_escape(&mut out, value);
            }
            at += 3;
        } else if byte != b'%' && !bare(byte) {
            push_escape(&mut out, byte);
            at += 1;
        } else {
            // Stray signs of percent stay; whatever is not ASCII came through the parser escaped.
            out.push(char::from(byte));
            at += 1;
        }
    }
    Cow::Owned(out)
}

fn push_escape(out: &mut String, value: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(value >> 4)]));
    out.push(char::from(DIGITS[usize::from(value & 15)]));
}

/// What is left of a query, sorted. Parts that were escaped twice in the feed (`&amp;`) are read as they were meant.
fn push_query(key: &mut String, query: &str) {
    let mut kept: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| pair.strip_prefix("amp;").unwrap_or(pair))
        .filter(|pair| !pair.is_empty())
        .map(percent)
        .filter(|pair| !is_noise(pair))
        .collect();
    kept.sort_unstable();
    let mut sign = '?';
    for pair in kept {
        key.push(sign);
        key.push_str(&pair.replace("%20", "+"));
        sign = '&';
    }
}

/// A parameter that names no page.
fn is_noise(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    let name = name.as_str();
    match name {
        "amp" => true,
        "outputtype" | "output" => value.eq_ignore_ascii_case("amp"),
        _ if trackers::MAYBE.contains(&name) => is_referrer(value),
        _ => {
            trackers::NAMES.binary_search(&name).is_ok()
                || trackers::PREFIXES
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
        }
    }
}

/// A host, an address, or the name of a place readers come from.
fn is_referrer(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let value = ["http%3a%2f%2f", "https%3a%2f%2f", "http://", "https://"]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(&value);
    let end = value.find(['/', '%']).unwrap_or(value.len());
    let host = &value[..end];
    let is_host = host.rsplit_once('.').is_some_and(|(before, last)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        !before.is_empty()
            && before.bytes().all(plain)
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !trackers::FILE_ENDINGS.contains(&last)
    });
    is_host || trackers::REFERRERS.contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> String {
        canonical_key(url).expect(url)
    }

    #[test]
    fn a_key_begins_with_its_host() {
        for (url, host) in [
            ("https://www.example.org/gate?x=1", "example.org"),
            ("https://example.org", "example.org"),
            ("https://example.org/?x=1", "example.org"),
            ("http://example.org:8080/gate", "example.org:8080"),
            ("https://example.org/#!/gate", "example.org"),
            ("https://example.org/#/gate", "example.org"),
        ] {
            assert_eq!(key_host(&key(url)), host, "{url}");
        }
    }

    #[test]
    fn spellings_of_one_address_have_one_key() {
        for spelling in [
            "https://www.Example.org/a%7eb/?b=2&a=1&utm_source=x#top",
            "http://m.example.org:80/a~b?a=1&b=2&fbclid=9",
            "//amp.www.example.org./a~b/index.html?a=1&amp;b=2&utm%5Fid=3",
            "https://user:secret@example.org/x/../a~b;jsessionid=1F?a=1&b=2",
            "https://example.org/a~b/amp/?a=1&b=2&ref=newsletter",
            "https://example.org/a~b/amp/?b=2&outputType=amp&a=1&ref=t.co&source=https%3A%2F%2Fnews.example%2Fx",
            "https://www.google.com/url?q=https%3A%2F%2Fexample.org%2Fa~b%3Fa%3D1%26b%3D2",
            "https://google.co.uk/url?sa=t&url=https%3A%2F%2Fexample.org%2Fa~b%3Fa%3D1%26b%3D2",
            "https://lm.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fa~b%3Fa%3D1%26b%3D2&h=AT",
            "https://out.reddit.com/t3_x?url=https%3A%2F%2Fexample.org%2Fa~b%3Fa%3D1%26b%3D2",
            "https://example-org.cdn.ampproject.org/c/s/example.org/a~b?a=1&b=2",
            "https://example-org.cdn.ampproject.org/v/example.org/a~b/amp?a=1&b=2&amp_js_v=0.1&usqp=mq",
            "https://www.google.de/amp/s/amp.example.org/a~b?a=1&b=2",
        ] {
            assert_eq!(key(spelling), "example.org/a~b?a=1&b=2", "{spelling}");
        }
        // A redirector in a redirector, and one more than is followed.
        let wrap = |url: &str| {
            let inner: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
            format!("https://www.google.com/url?q={inner}")
        };
        let mut url = "https://example.org/a".to_owned();
        for _ in 0..UNWRAPS {
            url = wrap(&url);
            assert_eq!(key(&url), "example.org/a");
        }
        assert!(key(&wrap(&url)).starts_with("google.com/url?q="));
    }

    #[test]
    fn escapes_are_written_in_one_way() {
        let check = |url: &str, other: &str| assert_eq!(key(url), key(other), "{url}");
        check(
            "https://a.example/caf%c3%a9-€",
            "https://a.example/café-%E2%82%AC",
        );
        check("https://a.example/a|b[1]", "https://a.example/a%7cb%5B1%5D");
        check("https://a.example/?q=a%20b", "https://a.example/?q=a+b");
        check("https://bücher.example/", "https://xn--bcher-kva.example");
        check("https://a.example/100%", "https://a.example/100%");
        assert_eq!(key("https://a.example/a%2fb%zz"), "a.example/a%2Fb%zz");
    }

    #[test]
    fn what_names_another_page_stays() {
        let check = |url: &str, other: &str| assert_ne!(key(url), key(other), "{url}");
        check("https://example.org/?p=1", "https://example.org/?p=2");
        check(
            "https://example.org/?mc=1&cid=2",
            "https://example.org/?mc=1&cid=3",
        );
        check("https://example.org/A", "https://example.org/a");
        check("https://example.org/?v=A", "https://example.org/?v=a");
        check("https://example.org:8443/", "https://example.org/");
        check("https://example.org/#!/a", "https://example.org/#!/b");
        check("https://example.org/#/a", "https://example.org/");
        check("https://example.org/a%2Fb", "https://example.org/a/b");
        check("https://m.blogspot.com/a", "https://amp.blogspot.com/a");
        check("https://m.co.uk/a", "https://mobile.co.uk/a");
        check(
            "https://example.org/?from=2026.01.02",
            "https://example.org/",
        );
        check(
            "https://example.org/?source=page.html",
            "https://example.org/",
        );
        check("https://example.org/?ref=7", "https://example.org/");
        check("https://example.org/example", "https://example.org/");
        check(
            "https://google.evil.example/url?q=https://a.example/",
            "https://a.example/",
        );
        check(
            "https://notfacebook.com/l.php?u=https://a.example/",
            "https://a.example/",
        );
        check(
            "https://www.google.com/url?q=javascript:1",
            "https://www.google.com/url",
        );
        check("https://www.google.com/amp/about", "https://about/");
        assert_eq!(
            key("https://example.org/#!/a?utm_source=x"),
            "example.org#!/a"
        );
        assert_eq!(canonical_key("mailto:a@example.org"), None);
        assert_eq!(canonical_key("no url"), None);
    }
}
