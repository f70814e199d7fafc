//! What the head of a response says: pace, validators, content coding. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, EXPIRES, LAST_MODIFIED,
    RETRY_AFTER,
};
use http::{HeaderMap, HeaderName};

use super::Error;
use crate::model::{Signals, Validators};

/// Longest `Retry-After` that is believed.
const LONGEST_HOLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Where delta-seconds end (RFC 9111 §1.2.2).
const MOST_SECONDS: u64 = 1 << 31;

/// Bytes of a response head that are accepted, names and values.
const MOST_HEAD: u64 = 64 * 1024;

/// A content coding that is undone (RFC 9110 §8.4.1, RFC 7932, RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, `x-gzip`.
    Gzip,
    /// `deflate`, with or without the zlib wrapper.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// Refuses a head larger than is sane.
///
/// # Errors
/// [`Error::TooLarge`].
pub(super) fn check_size(headers: &HeaderMap) -> Result<(), Error> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if bytes as u64 > MOST_HEAD {
        return Err(Error::TooLarge {
            part: "head",
            limit_bytes: MOST_HEAD,
        });
    }
    Ok(())
}

/// The one content coding of a body; `None` when there is none.
///
/// # Errors
/// [`Error::BadCoding`] for an unknown coding and for more than one.
pub(super) fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Error> {
    let mut found = None;
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.as_bytes().split(|&byte| byte == b',') {
            let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
            let coding = match name.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                other => {
                    return Err(Error::BadCoding {
                        cause: format!("{:.40} is unknown", other.escape_debug()),
                    });
                }
            };
            if found.replace(coding).is_some() {
                return Err(Error::BadCoding {
                    cause: "more than one is applied".to_owned(),
                });
            }
        }
    }
    Ok(found)
}

/// `Content-Type` as it came; `None` when there is none, or none in text.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?;
    value.to_str().ok().map(str::to_owned)
}

/// Whether a 226 is what was asked for: a delta of the kind `feed`, and nothing else done to it (RFC 3229 §10.4.1,
/// §10.5.2). `conditions` are those of the request; `A-IM: feed` went with an `ETag` only.
///
/// # Errors
/// [`Error::BadDelta`].
pub(super) fn check_delta(
    headers: &HeaderMap,
    conditions: Option<&Validators>,
) -> Result<(), Error> {
    let bad = |cause: &'static str| Err(Error::BadDelta { cause });
    if conditions.is_none_or(|validators| validators.etag.is_none()) {
        return bad("nobody asked for a part");
    }
    let done: Vec<&str> = headers
        .get_all("im")
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|manipulation| manipulation.split(';').next().unwrap_or_default().trim())
        .filter(|manipulation| !manipulation.is_empty())
        .collect();
    match done.as_slice() {
        [] => bad("it does not say which part (no IM header field)"),
        [only] if only.eq_ignore_ascii_case("feed") => Ok(()),
        _ => bad("its IM header field names another manipulation than feed"),
    }
}

/// How long the origin asks to be left alone, from the response on, at most 7 days (RFC 9110 §10.2.3). A date is
/// measured against the response's own `Date`, else against `now`. `None` when there is nothing intelligible.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    if let Some(seconds) = delta_seconds(value) {
        return Some(Duration::from_secs(seconds).min(LONGEST_HOLD));
    }
    Some(after(date(value)?, response_date(headers, now)).min(LONGEST_HOLD))
}

/// What the head says about pace: only `max_age` is ever set.
pub(super) fn signals(headers: &HeaderMap, now: DateTime<Utc>) -> Signals {
    Signals {
        max_age: max_age(headers, now),
        ..Signals::default()
    }
}

/// Freshness that is left, as a private cache sees it (RFC 9111 §4.2.1, §5.3): `max-age` less `Age`, else `Expires`
/// less `Date`. Stale, `no-cache` and `no-store` are `None`: they give no leave to come back sooner.
fn max_age(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let cache = CacheControl::read(headers);
    if cache.forbidden {
        return None;
    }
    let left = match cache.max_age {
        Some(max_age) => {
            let age = text(headers, &AGE).and_then(delta_seconds).unwrap_or(0);
            Duration::from_secs(max_age?.saturating_sub(age))
        }
        None => after(date(text(headers, &EXPIRES)?)?, response_date(headers, now)),
    };
    (!left.is_zero()).then(|| left.min(Duration::from_secs(MOST_SECONDS)))
}

/// The directives of `Cache-Control` that concern pace.
#[derive(Default)]
struct CacheControl {
    /// `no-cache` or `no-store`.
    forbidden: bool,
    /// The first `max-age`; the inner `None` is one that cannot be read, which means stale (RFC 9111 §4.2.1).
    max_age: Option<Option<u64>>,
}

impl CacheControl {
    fn read(headers: &HeaderMap) -> Self {
        let mut read = Self::default();
        let values = headers
            .get_all(CACHE_CONTROL)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        for directive in values.flat_map(|value| value.split(',')) {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let name = name.trim();
            if name.eq_ignore_ascii_case("no-cache") || name.eq_ignore_ascii_case("no-store") {
                read.forbidden = true;
            } else if name.eq_ignore_ascii_case("max-age") && read.max_age.is_none() {
                read.max_age = Some(delta_seconds(argument.trim().trim_matches('"')));
            }
        }
        read
    }
}

/// The validators of a 200 from `url`: the newest 200 decides, so one without any forgets what was (RFC 9110 §8.8).
pub(super) fn validators(headers: &HeaderMap, url: &str) -> Validators {
    let (etag, last_modified) = (bytes(headers, &ETAG), bytes(headers, &LAST_MODIFIED));
    if etag.is_none() && last_modified.is_none() {
        return Validators::default();
    }
    Validators {
        url: Some(url.to_owned()),
        etag,
        last_modified,
    }
}

/// The validators to keep after a 304 (RFC 9111 §3.2, §4.3.4): the stored ones, with what the 304 brings for the same
/// representation. A 304 that names another `ETag` than the stored one is about another representation: taking its
/// validators over would hide that one for good.
pub(super) fn merged(stored: &Validators, headers: &HeaderMap) -> Validators {
    let mut merged = stored.clone();
    let etag = bytes(headers, &ETAG);
    if let (Some(old), Some(new)) = (&stored.etag, &etag)
        && opaque(old) != opaque(new)
    {
        return merged;
    }
    merged.etag = merged.etag.or(etag);
    if let Some(last_modified) = bytes(headers, &LAST_MODIFIED) {
        merged.last_modified = Some(last_modified);
    }
    merged
}

/// An entity tag without its weakness (RFC 9110 §8.8.3.2).
fn opaque(etag: &[u8]) -> &[u8] {
    etag.strip_prefix(b"W/").unwrap_or(etag)
}

fn bytes(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    headers
        .get(name)
        .map(|value| value.as_bytes())
        .filter(|value| !value.is_empty())
        .map(<[u8]>::to_vec)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whole seconds; more digits than fit mean "very long".
fn delta_seconds(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(MOST_SECONDS).min(MOST_SECONDS))
}

/// An HTTP date in any of its three forms (RFC 9110 §5.6.7).
fn date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

/// When the response was made, by the origin's own clock if it tells.
fn response_date(headers: &HeaderMap, now: DateTime<Utc>) -> DateTime<Utc> {
    text(headers, &DATE).and_then(date).unwrap_or(now)
}

fn after(later: DateTime<Utc>, earlier: DateTime<Utc>) -> Duration {
    (later - earlier).to_std().unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests;
