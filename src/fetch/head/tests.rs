use http::HeaderValue;

use super::*;

const NOW: &str = "2026-03-04T05:06:07Z";

fn now() -> DateTime<Utc> {
    NOW.parse().expect("a date")
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect(value),
            )
        })
        .collect()
}

#[test]
fn retry_after_is_seconds_or_a_date_and_never_longer_than_a_week() {
    let week = Some(7 * 86_400);
    for (value, seconds) in [
        ("120", Some(120)),
        (" 120 ", Some(120)),
        ("0", Some(0)),
        ("604801", week),
        ("99999999999999999999", week),
        ("123456789012345678901234567890", week),
        ("Wed, 04 Mar 2026 05:16:07 GMT", Some(600)),
        ("Wednesday, 04-Mar-26 05:16:07 GMT", Some(600)),
        ("Wed Mar  4 05:16:07 2026", Some(600)),
        ("Wed, 04 Mar 2026 05:00:00 GMT", Some(0)),
        ("Sun, 01 Jan 2096 00:00:00 GMT", week),
        ("-5", None),
        ("12.5", None),
        ("soon", None),
        ("", None),
        ("Wed, 45 Mar 2026 05:16:07 GMT", None),
    ] {
        let found = retry_after(&headers(&[("retry-after", value)]), now());
        assert_eq!(found, seconds.map(Duration::from_secs), "{value:?}");
    }
}

#[test]
fn dates_are_measured_by_the_origins_clock() {
    let lines = [
        ("date", "Thu, 01 Jan 2015 00:00:00 GMT"),
        ("retry-after", "Thu, 01 Jan 2015 00:02:00 GMT"),
    ];
    assert_eq!(
        retry_after(&headers(&lines), now()),
        Some(Duration::from_secs(120))
    );
    let lines = [
        ("date", "Thu, 01 Jan 2015 00:00:00 GMT"),
        ("expires", "Thu, 01 Jan 2015 02:00:00 GMT"),
    ];
    assert_eq!(
        max_age(&headers(&lines), now()),
        Some(Duration::from_secs(7200))
    );
}

#[test]
fn freshness_is_max_age_less_age_else_expires_less_date() {
    let check = |lines: &[(&'static str, &str)], seconds: Option<u64>| {
        assert_eq!(
            max_age(&headers(lines), now()),
            seconds.map(Duration::from_secs),
            "{lines:?}"
        );
    };
    check(&[], None);
    check(&[("cache-control", "max-age=3600")], Some(3600));
    check(&[("cache-control", "public, MAX-AGE=\"3600\"")], Some(3600));
    check(
        &[("cache-control", "s-maxage=9000, max-age=3600")],
        Some(3600),
    );
    check(&[("cache-control", "s-maxage=9000")], None);
    check(
        &[("cache-control", "max-age=3600"), ("age", "600")],
        Some(3000),
    );
    check(
        &[("cache-control", "max-age=3600"), ("age", "young")],
        Some(3600),
    );
    check(
        &[
            ("cache-control", "max-age=3600"),
            ("age", "99999999999999999999"),
        ],
        None,
    );
    check(&[("cache-control", "max-age=60, max-age=3600")], Some(60));
    check(
        &[
            ("cache-control", "private"),
            ("cache-control", "max-age=3600"),
        ],
        Some(3600),
    );
    check(
        &[("cache-control", "max-age=99999999999999999999")],
        Some(1 << 31),
    );
    check(&[("cache-control", "max-age=0")], None);
    check(&[("cache-control", "max-age=-1")], None);
    check(&[("cache-control", "no-cache, max-age=3600")], None);
    check(
        &[
            ("cache-control", "no-store"),
            ("expires", "Wed, 04 Mar 2026 06:06:07 GMT"),
        ],
        None,
    );
    check(&[("expires", "Wed, 04 Mar 2026 06:06:07 GMT")], Some(3600));
    check(&[("expires", "Wed, 04 Mar 2026 05:00:00 GMT")], None);
    check(&[("expires", "0")], None);
    check(&[("expires", "-1")], None);
    check(
        &[
            ("cache-control", "max-age=60"),
            ("expires", "Wed, 04 Mar 2026 06:06:07 GMT"),
        ],
        Some(60),
    );
    check(
        &[
            ("cache-control", "max-age=0"),
            ("expires", "Wed, 04 Mar 2026 06:06:07 GMT"),
        ],
        None,
    );
    check(
        &[
            ("cache-control", "max-age=x"),
            ("expires", "Wed, 04 Mar 2026 06:06:07 GMT"),
        ],
        None,
    );
}

#[test]
fn validators_are_kept_byte_for_byte() {
    let mut lines = HeaderMap::new();
    lines.insert(
        ETAG,
        HeaderValue::from_bytes(b"W/odd\xff tag").expect("a value"),
    );
    lines.insert(LAST_MODIFIED, HeaderValue::from_static("yesterday"));
    let kept = validators(&lines, "http://example.org/feed");
    assert_eq!(kept.etag.as_deref(), Some(&b"W/odd\xff tag"[..]));
    assert_eq!(kept.last_modified.as_deref(), Some(&b"yesterday"[..]));
    assert_eq!(kept.url.as_deref(), Some("http://example.org/feed"));
    assert_eq!(
        validators(&HeaderMap::new(), "http://example.org/feed"),
        Validators::default()
    );
}

#[test]
fn a_304_keeps_what_it_does_not_repeat() {
    let stored = Validators {
        url: Some("http://example.org/feed".to_owned()),
        etag: Some(b"\"one\"".to_vec()),
        last_modified: Some(b"old".to_vec()),
    };
    let check = |lines: &[(&'static str, &str)], etag: &str, last_modified: &str| {
        let kept = merged(&stored, &headers(lines));
        assert_eq!(kept.url, stored.url);
        assert_eq!(kept.etag.as_deref(), Some(etag.as_bytes()), "{lines:?}");
        assert_eq!(
            kept.last_modified.as_deref(),
            Some(last_modified.as_bytes()),
            "{lines:?}"
        );
    };
    check(&[], "\"one\"", "old");
    check(&[("last-modified", "new")], "\"one\"", "new");
    check(
        &[("etag", "\"one\""), ("last-modified", "new")],
        "\"one\"",
        "new",
    );
    check(
        &[("etag", "W/\"one\""), ("last-modified", "new")],
        "\"one\"",
        "new",
    );
    check(
        &[("etag", "\"two\""), ("last-modified", "new")],
        "\"one\"",
        "old",
    );
    let dated = Validators {
        etag: None,
        ..stored.clone()
    };
    assert_eq!(
        merged(&dated, &headers(&[("etag", "\"two\"")]))
            .etag
            .as_deref(),
        Some(&b"\"two\""[..])
    );
}

#[test]
fn one_known_coding_is_accepted() {
    for (value, expected) in [
        ("gzip", Some(Coding::Gzip)),
        ("X-GZIP", Some(Coding::Gzip)),
        ("deflate", Some(Coding::Deflate)),
        ("br", Some(Coding::Brotli)),
        ("zstd", Some(Coding::Zstd)),
        ("identity", None),
        ("", None),
        ("identity, gzip", Some(Coding::Gzip)),
    ] {
        assert_eq!(
            coding(&headers(&[("content-encoding", value)])),
            Ok(expected),
            "{value:?}"
        );
    }
    for lines in [
        &[("content-encoding", "gzip, gzip")][..],
        &[("content-encoding", "gzip"), ("content-encoding", "br")],
        &[("content-encoding", "compress")],
        &[("content-encoding", "aes128gcm")],
    ] {
        assert!(
            matches!(coding(&headers(lines)), Err(Error::BadCoding { .. })),
            "{lines:?}"
        );
    }
}

#[test]
fn a_head_beyond_64_kilobytes_is_refused() {
    let long = "x".repeat(40 * 1024);
    assert!(check_size(&headers(&[("x-one", &long)])).is_ok());
    let error = check_size(&headers(&[("x-one", &long), ("x-two", &long)])).expect_err("too large");
    assert_eq!(error.class(), "too_large");
}
