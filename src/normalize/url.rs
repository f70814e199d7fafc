//! Canonical keys of URLs: two spellings of one address have one key. A key is never shown.

use url::Url;

const PREFIXES: &[&str] = &[
    "utm_", "mtm_", "pk_", "hsa_", "itm_", "otm_", "ga_", "at_", "vero_", "oly_", "ns_", "_branch_",
];
const NAMES: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "gclsrc",
    "msclkid",
    "yclid",
    "ysclid",
    "twclid",
    "igshid",
    "ttclid",
    "li_fat_id",
    "srsltid",
    "mc_cid",
    "mc_eid",
    "mc_tc",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "__hsfp",
    "hsctatracking",
    "mkt_tok",
    "_openstat",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "cmpid",
    "ocid",
    "smid",
    "xtor",
    "echobox",
    "spm",
    "wt_mc",
    "wt_zmc",
    "wtrid",
    "s_cid",
    "sc_cid",
    "rb_clickid",
    "wickedid",
    "_ga",
    "_gl",
    "__s",
    "__twitter_impression",
    "_bhlid",
    "ref_src",
    "ref_url",
    "campaign_id",
    "campaign_medium",
    "campaign_source",
    "campaign_name",
    "campaign_term",
    "campaign_content",
];
const REFERRERS: &[&str] = &[
    "rss",
    "feed",
    "twitter",
    "facebook",
    "newsletter",
    "home",
    "front",
];
const UNWRAPS: usize = 4;

/// The canonical key of a URL: `example.org/path?x=1`. `None` for what is not http(s).
pub fn canonical_key(url: &str) -> Option<String> {
    let mut url = Url::parse(url.trim()).ok()?;
    for _ in 0..UNWRAPS {
        match wrapped(&url) {
            Some(inner) => url = inner,
            None => break,
        }
    }
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let mut key = host(url.host_str()?);
    if let Some(port) = url.port() {
        key.push_str(&format!(":{port}"));
    }
    key.push_str(&path(url.path()));
    let query = query(&url);
    if !query.is_empty() {
        key.push('?');
        key.push_str(&query);
    }
    if let Some(fragment) = url.fragment().filter(|text| text.starts_with(['!', '/'])) {
        key.push('#');
        key.push_str(fragment);
    }
    Some(key)
}

/// The address inside a redirector's or AMP cache's.
fn wrapped(url: &Url) -> Option<Url> {
    let host = url.host_str()?.trim_start_matches("www.");
    let parameter = |names: &[&str]| {
        let found = url
            .query_pairs()
            .find(|(name, _)| names.contains(&&**name))?;
        Url::parse(&found.1).ok()
    };
    let google = host.starts_with("google.");
    match url.path() {
        "/url" if google => return parameter(&["url", "q"]),
        "/l.php" if host.ends_with("facebook.com") => return parameter(&["u"]),
        _ if host == "out.reddit.com" => return parameter(&["url"]),
        _ => {}
    }
    let rest = if google {
        url.path()
            .strip_prefix("/amp/s/")
            .map(|rest| ("https", rest))
    } else if host.ends_with(".cdn.ampproject.org") {
        let rest = url
            .path()
            .strip_prefix("/c/")
            .or_else(|| url.path().strip_prefix("/v/"))?;
        Some(
            rest.strip_prefix("s/")
                .map_or(("http", rest), |rest| ("https", rest)),
        )
    } else {
        None
    };
    let (scheme, rest) = rest?;
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    Url::parse(&format!("{scheme}://{rest}{query}")).ok()
}

fn host(host: &str) -> String {
    let mut host = host.trim_end_matches('.');
    while let Some(rest) = ["www.", "m.", "mobile.", "amp."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        && rest.contains('.')
    {
        host = rest;
    }
    host.to_owned()
}

fn path(path: &str) -> String {
    let mut path = percent(path);
    loop {
        let before = path.len();
        for end in ["/", "/amp", "/index.html", "/index.htm"] {
            if let Some(rest) = path.strip_suffix(end) {
                path.truncate(rest.len());
            }
        }
        if path.len() == before {
            return path;
        }
    }
}

/// Upper-case escapes, unreserved characters decoded (RFC 3986 §6.2.2).
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let offset = text.len() - rest.len() + at;
        let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        match (hex(bytes.get(offset + 1)), hex(bytes.get(offset + 2))) {
            (Some(high), Some(low)) => {
                let value = (high * 16 + low) as u8;
                if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                    out.push(char::from(value));
                } else {
                    out.push_str(&format!("%{value:02X}"));
                }
                rest = &rest[at + 3..];
            }
            _ => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn query(url: &Url) -> String {
    let mut kept: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_noise(pair))
        .map(percent)
        .collect();
    kept.sort();
    kept.join("&")
}

fn is_noise(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "amp" => true,
        "outputtype" => value == "amp",
        "ref" | "source" | "from" => {
            value.contains('.') || REFERRERS.contains(&value.to_ascii_lowercase().as_str())
        }
        name => PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_have_one_key() {
        for spelling in [
            "https://www.Example.org/a%7eb/?b=2&a=1&utm_source=x#top",
            "http://m.example.org:80/a~b?a=1&b=2&fbclid=9",
            "https://example.org/a~b/amp/?a=1&b=2&ref=newsletter",
            "https://www.google.com/url?q=https%3A%2F%2Fexample.org%2Fa~b%3Fa%3D1%26b%3D2",
            "https://example-org.cdn.ampproject.org/c/s/example.org/a~b?a=1&b=2",
        ] {
            assert_eq!(
                canonical_key(spelling).as_deref(),
                Some("example.org/a~b?a=1&b=2"),
                "{spelling}"
            );
        }
    }

    #[test]
    fn what_names_another_page_stays() {
        let key = |url| canonical_key(url).expect("http");
        assert_ne!(
            key("https://example.org/?p=1"),
            key("https://example.org/?p=2")
        );
        assert_ne!(key("https://example.org/A"), key("https://example.org/a"));
        assert_ne!(
            key("https://example.org/#!/a"),
            key("https://example.org/#!/b")
        );
        assert_eq!(canonical_key("mailto:a@example.org"), None);
        assert_eq!(canonical_key("no url"), None);
    }
}
