//! Recognises the pages that stand before a site to keep programs out. Pure.
//!
//! Only marks that are no words of an article are looked for, and only in answers that are no feed.

use http::HeaderMap;

/// Header fields that only an answer of such a wall has: name, beginning of the value, whose.
const FIELDS: [(&str, &str, &str); 6] = [
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-vercel-mitigated", "", "Vercel"),
    ("sg-captcha", "challenge", "SiteGround"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
];

/// What their pages load or carry.
const MARKS: [(&str, &str); 14] = [
    ("/cdn-cgi/challenge-platform/", "Cloudflare"),
    ("<title>Just a moment...</title>", "Cloudflare"),
    (
        "<title>Attention Required! | Cloudflare</title>",
        "Cloudflare",
    ),
    (".within.website/x/cmd/anubis", "Anubis"),
    ("_Incapsula_Resource", "Imperva"),
    ("captcha-delivery.com", "DataDome"),
    ("/.well-known/sgcaptcha/", "SiteGround"),
    (".token.awswaf.com", "AWS WAF"),
    (".captcha.awswaf.com", "AWS WAF"),
    ("id=\"px-captcha\"", "HUMAN"),
    ("sucuri_cloudproxy_js", "Sucuri"),
    ("check.ddos-guard.net", "DDoS-Guard"),
    ("vercel.link/security-checkpoint", "Vercel"),
    ("/_guard/html.js", "DDoS-Guard"),
];

/// Such pages are small, and their marks stand early.
const LOOKED_AT: usize = 64 * 1024;

/// Whose wall a head is of.
pub(super) fn by_head(headers: &HeaderMap) -> Option<&'static str> {
    let is = |name: &str, value: &str| {
        headers
            .get(name)
            .is_some_and(|found| found.as_bytes().starts_with(value.as_bytes()))
    };
    let found = FIELDS.iter().find(|(name, value, _)| is(name, value));
    found.map(|(_, _, whose)| *whose)
}

/// Whose wall a body without content coding is of: ask only about one that is no feed.
pub fn wall(body: &[u8]) -> Option<&'static str> {
    let shown = &body[..body.len().min(LOOKED_AT)];
    let found = MARKS
        .iter()
        .find(|(mark, _)| memchr::memmem::find(shown, mark.as_bytes()).is_some());
    found.map(|(_, whose)| *whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_are_known_by_their_marks() {
        for (page, whose) in [
            ("<html><title>Just a moment...</title>", Some("Cloudflare")),
            (
                "<script src='/.within.website/x/cmd/anubis/static/js/main.mjs'>",
                Some("Anubis"),
            ),
            ("<iframe src=\"/_Incapsula_Resource?x=1\">", Some("Imperva")),
            (
                "<html><p>Just a moment... we talk about Cloudflare and captchas</p>",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(wall(page.as_bytes()), whose, "{page}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(by_head(&headers), None);
        headers.insert("cf-mitigated", http::HeaderValue::from_static("challenge"));
        assert_eq!(by_head(&headers), Some("Cloudflare"));
    }
}
