//! What a client has and takes: conditional requests (RFC 9110 §13) and content codings (§12.5.3).

use ::http::header::{GetAll, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use ::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};

use crate::publish::Coding;

/// Whether the client's copy is the one it would get: `If-None-Match` decides when there is one, else
/// `If-Modified-Since` (RFC 9110 §13.2.2). `etag` is the tag of the representation that would be sent.
pub(super) fn is_fresh(
    request: &HeaderMap,
    etag: &HeaderValue,
    last_modified: DateTime<Utc>,
) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        return has(request, etag);
    }
    let mut dates = request.get_all(IF_MODIFIED_SINCE).iter();
    let (Some(date), None) = (dates.next(), dates.next()) else {
        return false;
    };
    not_modified_since(date, last_modified)
}

/// Whether `If-None-Match` names the tag.
pub(super) fn has(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let mut tags = request.get_all(IF_NONE_MATCH).iter();
    tags.any(|field| lists(field.as_bytes(), etag.as_bytes()))
}

/// Whether a field value of `If-None-Match` names `etag`, by the weak comparison (RFC 9110 §8.8.3.2, §13.1.2). `*`
/// names whatever there is. Reading stops at what is no entity tag.
fn lists(field: &[u8], etag: &[u8]) -> bool {
    let mut rest = field.trim_ascii();
    if rest == b"*" {
        return true;
    }
    loop {
        while let [b' ' | b'\t' | b',', tail @ ..] = rest {
            rest = tail;
        }
        rest = rest.strip_prefix(b"W/").unwrap_or(rest);
        let [b'"', opaque @ ..] = rest else {
            return false;
        };
        let Some(end) = opaque.iter().position(|byte| *byte == b'"') else {
            return false;
        };
        let (tag, tail) = rest.split_at(end + 2);
        if tag == etag {
            return true;
        }
        rest = tail;
    }
}

/// All three date forms are read; what is no date does not count (RFC 9110 §13.1.3, §5.6.7).
fn not_modified_since(date: &HeaderValue, last_modified: DateTime<Utc>) -> bool {
    let date = date
        .to_str()
        .ok()
        .and_then(|text| httpdate::parse_http_date(text.trim()).ok());
    date.is_some_and(|date| super::super::http_instant(last_modified) <= date)
}

/// The coding to send: the one the client likes best, of those it likes alike the shortest. Without the field plain is
/// the safe choice; `None` when it refuses all there are (RFC 9110 §12.5.3).
pub(super) fn wanted(accepted: GetAll<'_, HeaderValue>) -> Option<Coding> {
    let mut weights: [Option<u16>; Coding::ALL.len()] = [None; _];
    let mut any = None;
    let items = accepted.iter().filter_map(|field| field.to_str().ok());
    for item in items.flat_map(|field| field.split(',')) {
        let mut parts = item.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let weight = Some(weight(parts));
        let named = |coding: &Coding| {
            name.eq_ignore_ascii_case(coding.name())
                || (*coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip"))
        };
        match Coding::ALL.iter().position(named) {
            Some(at) => weights[at] = weights[at].max(weight),
            None if name == "*" => any = any.max(weight),
            None => {}
        }
    }
    // Plain is acceptable unless it is refused, but liked less than whatever is named.
    let liked = |(at, coding): (usize, Coding)| {
        let weight = match coding {
            Coding::Identity if any == Some(0) => weights[at].unwrap_or(0),
            Coding::Identity => weights[at].unwrap_or(1),
            _ => weights[at].or(any).unwrap_or(0),
        };
        (weight > 0).then_some((weight, at, coding))
    };
    let best = Coding::ALL
        .into_iter()
        .enumerate()
        .filter_map(liked)
        .max_by_key(|(weight, at, _)| (*weight, *at));
    best.map(|(.., coding)| coding)
}

/// `q` in thousandths; 1 when none is given, and 0 when it cannot be read, as plain is always right.
fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    let quality = |parameter: &'a str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    };
    let quality = { parameters }.find_map(quality).unwrap_or(1.0);
    (quality.clamp(0.0, 1.0) * 1000.0) as u16 // NaN becomes 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (
                ::http::HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a field value"),
            )
        };
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().map(field) {
            headers.append(name, value);
        }
        headers
    }

    fn fresh(fields: &[(&'static str, &str)]) -> bool {
        let changed_at = "2026-03-04T05:06:07.890Z".parse().expect("an instant");
        is_fresh(&headers(fields), &HeaderValue::from_static(TAG), changed_at)
    }

    #[test]
    fn any_listed_tag_counts_by_weak_comparison() {
        for (field, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("  \"abc\"  ", true),
            ("*", true),
            ("\"x\", \"abc\"", true),
            ("\"x\",\"abc\",\"y\"", true),
            (", ,W/\"x\" ,\t W/\"abc\"", true),
            ("\"a,b\", \"abc\"", true),
            ("\"x\"", false),
            ("\"abc-gz\"", false),
            ("abc", false),
            ("\"abc", false),
            ("w/\"abc\"", false),
            ("\"x, \"abc\"", false),
            ("", false),
            ("\"*\"", false),
            ("\"\u{e9}\", \"abc\"", true),
        ] {
            assert_eq!(fresh(&[("if-none-match", field)]), expected, "{field}");
        }
        assert!(
            fresh(&[("if-none-match", "\"x\""), ("if-none-match", TAG)]),
            "several fields are one list"
        );
    }

    #[test]
    fn all_three_date_forms_are_read_and_other_text_is_ignored() {
        for (date, expected) in [
            ("Wed, 04 Mar 2026 05:06:07 GMT", true),
            ("Wednesday, 04-Mar-26 05:06:07 GMT", true),
            ("Wed Mar  4 05:06:07 2026", true),
            ("Thu, 05 Mar 2026 00:00:00 GMT", true),
            ("Wed, 04 Mar 2026 05:06:06 GMT", false),
            ("2026-03-04T05:06:07Z", false),
            ("tomorrow", false),
            ("", false),
        ] {
            assert_eq!(fresh(&[("if-modified-since", date)]), expected, "{date}");
        }
    }

    #[test]
    fn tags_win_over_dates() {
        let (late, early) = (
            "Thu, 05 Mar 2026 00:00:00 GMT",
            "Sun, 01 Mar 2026 00:00:00 GMT",
        );
        assert!(!fresh(&[
            ("if-none-match", "\"x\""),
            ("if-modified-since", late)
        ]));
        assert!(fresh(&[
            ("if-none-match", TAG),
            ("if-modified-since", early)
        ]));
        assert!(!fresh(&[]));
    }

    #[test]
    fn the_best_liked_coding_is_sent_and_the_shortest_of_those_alike() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        for (field, expected) in [
            ("gzip", Some(Gzip)),
            ("GZIP", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("gzip, deflate, br, zstd", Some(Brotli)),
            ("gzip, deflate, zstd", Some(Zstd)),
            ("br;q=0.5, gzip;q=0.8, *;q=0.1", Some(Gzip)),
            ("*", Some(Brotli)),
            ("br;q=0, *", Some(Zstd)),
            ("gzip;q=0.001", Some(Gzip)),
            ("gzip ; q=0.5", Some(Gzip)),
            ("gzip;q=0", Some(Identity)),
            ("gzip;q=0.000", Some(Identity)),
            ("gzip;Q=0", Some(Identity)),
            ("*;q=0", None),
            ("identity;q=0", None),
            ("identity;q=0, deflate", None),
            ("identity;q=0, *;q=0, zstd", Some(Zstd)),
            ("*;q=0, identity", Some(Identity)),
            ("*;q=0, gzip", Some(Gzip)),
            ("identity", Some(Identity)),
            ("identity;q=1, gzip;q=0.5", Some(Identity)),
            ("identity;q=0.5, gzip;q=0.5", Some(Gzip)),
            ("deflate", Some(Identity)),
            ("gzip;q=high", Some(Identity)),
            ("", Some(Identity)),
        ] {
            let headers = headers(&[("accept-encoding", field)]);
            assert_eq!(
                wanted(headers.get_all("accept-encoding")),
                expected,
                "{field}"
            );
        }
        let none = HeaderMap::new();
        assert_eq!(wanted(none.get_all("accept-encoding")), Some(Identity));
        let two = headers(&[("accept-encoding", "zstd"), ("accept-encoding", "gzip")]);
        assert_eq!(
            wanted(two.get_all("accept-encoding")),
            Some(Zstd),
            "one list"
        );
    }
}
