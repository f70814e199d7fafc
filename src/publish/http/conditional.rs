//! What a client has and takes: conditional requests (RFC 9110 §13) and content codings (§12.5.3).

use ::http::header::{GetAll, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use ::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};

/// Whether the client's copy is the one it would get: `If-None-Match` decides when there is one, else
/// `If-Modified-Since` (RFC 9110 §13.2.2). `etag` is the tag of the representation that would be sent.
pub(super) fn is_fresh(
    request: &HeaderMap,
    etag: &HeaderValue,
    last_modified: DateTime<Utc>,
) -> bool {
    let mut tags = request.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.any(|field| lists(field.as_bytes(), etag.as_bytes()));
    }
    let mut dates = request.get_all(IF_MODIFIED_SINCE).iter();
    let (Some(date), None) = (dates.next(), dates.next()) else {
        return false;
    };
    not_modified_since(date, last_modified)
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

/// Whether gzip is to be sent: the client takes it, and does not like the plain body better. Without the field
/// plain is the safe choice.
pub(super) fn wants_gzip(accepted: GetAll<'_, HeaderValue>) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for item in accepted
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
    {
        let mut parts = item.split(';');
        let coding = parts.next().unwrap_or_default().trim();
        let weight = Some(weight(parts));
        match coding {
            _ if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => {
                gzip = gzip.max(weight)
            }
            _ if coding.eq_ignore_ascii_case("identity") => identity = identity.max(weight),
            "*" => any = any.max(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
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
    fn gzip_is_sent_to_those_who_take_it() {
        for (field, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
            ("*", true),
            ("gzip;q=0.001", true),
            ("gzip ; q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip;Q=0", false),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
            ("*;q=0, gzip", true),
            ("identity", false),
            ("identity;q=1, gzip;q=0.5", false),
            ("identity;q=0.5, gzip;q=0.5", true),
            ("br", false),
            ("gzip;q=high", false),
            ("", false),
        ] {
            assert_eq!(
                wants_gzip(headers(&[("accept-encoding", field)]).get_all("accept-encoding")),
                expected,
                "{field}"
            );
        }
        assert!(!wants_gzip(HeaderMap::new().get_all("accept-encoding")));
        assert!(wants_gzip(
            headers(&[("accept-encoding", "br"), ("accept-encoding", "gzip")])
                .get_all("accept-encoding")
        ));
    }
}
