//! The rendered value: articles → bytes that are served and written as files.
//!
//! [`atom`] and [`json`] turn articles into text, [`http`] serves finished [`Publication`]s and [`directory`]
//! writes them as files. Everything costly (rendering, hashing, compressing) happens once, when a publication is
//! made; no request makes any of it happen again. Other formats and codings get their place beside these.

pub mod atom;

pub mod json;

pub mod index;

pub mod http;

pub mod directory;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use ::http::HeaderValue;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use flate2::{Compression, GzBuilder};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::{Entry, Secret};

/// Everything served, by path below the base: `all.atom`; the empty path is the page at the base itself.
pub type Site = BTreeMap<String, Publication>;

/// A rendered document, in every coding it is served in.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Without coding.
    pub body: Bytes,
    /// gzip (RFC 1952), without a time in its head: the same body gives the same bytes.
    pub gzip: Bytes,
    /// Strong validator of `body`, quotes included (RFC 9110 §8.8.3).
    pub etag: String,
    /// Strong validator of `gzip`: another representation, so another tag (RFC 9110 §8.8.3.3).
    pub gzip_etag: String,
    /// When `body` last changed.
    pub last_modified: DateTime<Utc>,
    /// `Cache-Control: max-age` in seconds.
    pub max_age: u64,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Needed to read it; `None` means that everybody may.
    pub token: Option<Secret>,
    fields: Fields,
}

/// Header fields that every answer repeats, made once.
#[derive(Clone, Debug)]
struct Fields {
    etag: HeaderValue,
    gzip_etag: HeaderValue,
    last_modified: HeaderValue,
    cache_control: HeaderValue,
}

impl Publication {
    /// Finishes a rendered body: its validators and its gzip coding. `max_age` is in seconds.
    ///
    /// Costs a compression; call it where bodies are rendered, never per request.
    pub fn new(
        body: impl Into<Bytes>,
        content_type: &'static str,
        last_modified: DateTime<Utc>,
        max_age: u64,
        token: Option<Secret>,
    ) -> Self {
        let body = body.into();
        let hash = xxh3_128(&body);
        let etag = format!("\"{hash:032x}\"");
        let gzip_etag = format!("\"{hash:032x}-gz\"");
        let scope = if token.is_some() { "private" } else { "public" };
        let fields = Fields {
            etag: header_value(&etag),
            gzip_etag: header_value(&gzip_etag),
            last_modified: header_value(&httpdate::fmt_http_date(http_instant(last_modified))),
            cache_control: header_value(&format!("{scope}, max-age={max_age}")),
        };
        Self {
            gzip: gzip(&body),
            body,
            etag,
            gzip_etag,
            last_modified,
            max_age,
            content_type,
            token,
            fields,
        }
    }
}

/// An instant as HTTP can say it: whole seconds from 1970 to 9999 (RFC 9110 §5.6.7).
fn http_instant(at: DateTime<Utc>) -> SystemTime {
    const LAST: u64 = 253_402_300_799; // 9999-12-31T23:59:59Z; httpdate panics past it
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0).min(LAST);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text)
        .expect("hexadecimal digits, dates and our own words are visible ASCII")
}

fn gzip(body: &[u8]) -> Bytes {
    let room = Vec::with_capacity(body.len() / 2 + 64);
    let mut encoder = GzBuilder::new().mtime(0).write(room, Compression::new(6));
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    Bytes::from(written.expect("a Vec takes every write"))
}

/// The text of an entry's content; `None` when it has no content.
fn text_of(entry: &Entry) -> Option<String> {
    if entry.content_html.is_empty() {
        None
    } else {
        Some(crate::text::text_of(&entry.content_html))
    }
}

#[cfg(test)]
mod tests;
