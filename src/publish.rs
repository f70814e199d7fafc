//! The rendered value: articles → bytes that are served and written as files.
//!
//! [`atom`] and [`json`] turn articles into text, [`http`] serves finished [`Publication`]s and [`directory`]
//! writes them as files. Everything costly (rendering, hashing, compressing) happens once, when a publication is
//! made; no request makes any of it happen again. Other formats and codings get their place beside these.

pub mod atom;

pub mod rss;

pub mod json_feed;

pub mod json;

/// The feed of what needs the operator.
pub mod health;
pub mod opml;

pub mod http;

pub mod directory;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use ::http::HeaderValue;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::{Article, Entry, Secret};

pub use channel::{ArchiveLinks, Channel};
pub use coding::{Coding, Form};
pub use shown::without_content;

mod channel;
mod coding;
mod media;
mod shown;
mod text;
mod xml;

/// Everything served, by path below the base: `all.atom`; the empty path is the page at the base itself.
pub type Site = BTreeMap<String, Publication>;

/// A format of a merged feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4287.
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them, the first the one to recommend.
    pub const ALL: [Self; 3] = [Self::Atom, Self::Rss, Self::Json];

    /// End of its file names, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::Rss => "rss",
            Self::Json => "json",
        }
    }

    /// `Content-Type` of its documents.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Atom => atom::CONTENT_TYPE,
            Self::Rss => rss::CONTENT_TYPE,
            Self::Json => json_feed::CONTENT_TYPE,
        }
    }

    /// Renders a channel and its articles, in the order given. Deterministic.
    pub fn render(self, channel: &Channel, articles: &[Article]) -> Vec<u8> {
        match self {
            Self::Atom => atom::render(channel, articles),
            Self::Rss => rss::render(channel, articles),
            Self::Json => json_feed::render(channel, articles),
        }
    }
}

/// A rendered document, in every coding it is served in.
#[derive(Clone, Debug)]
pub struct Publication {
    /// In the order of [`Coding::ALL`].
    forms: [Form; 4],
    /// When the body last changed.
    pub last_modified: DateTime<Utc>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Needed to read it; `None` means that everybody may.
    pub token: Option<Secret>,
    /// `Content-Security-Policy` of a page; `None`: it loads nothing at all.
    pub policy: Option<&'static str>,
    fields: Fields,
}

/// Header fields that every answer repeats, made once.
#[derive(Clone, Debug)]
struct Fields {
    last_modified: HeaderValue,
    cache_control: HeaderValue,
    /// Hubs and the document itself (W3C WebSub §4); `None`: no hub knows it.
    link: Option<HeaderValue>,
}

impl Publication {
    /// A rendered body, finished at once: see [`Draft`].
    pub fn new(
        body: impl Into<Bytes>,
        content_type: &'static str,
        last_modified: DateTime<Utc>,
        max_age: u64,
        token: Option<Secret>,
    ) -> Self {
        Draft::new(body, content_type).finish(last_modified, max_age, token)
    }

    /// The same, naming its hubs and its own address in the head as well.
    pub fn linked(mut self, hubs: &[String], self_url: &str) -> Self {
        let hubs = { hubs.iter() }
            .map(|hub| format!("<{hub}>; rel=\"hub\", "))
            .collect::<String>();
        if !hubs.is_empty() {
            self.fields.link =
                HeaderValue::from_str(&format!("{hubs}<{self_url}>; rel=\"self\"")).ok();
        }
        self
    }

    /// Strong validator of the body without coding, quotes included.
    pub fn etag(&self) -> String {
        let etag = self.form(Coding::Identity).etag.to_str();
        etag.unwrap_or_default().to_owned()
    }

    /// The body without coding.
    pub fn body(&self) -> &Bytes {
        &self.form(Coding::Identity).body
    }

    /// The body in a coding.
    pub fn form(&self, coding: Coding) -> &Form {
        let found = self.forms.iter().find(|form| form.coding == coding);
        found.unwrap_or(&self.forms[0])
    }

    /// Bytes of memory it takes, about.
    pub fn size(&self) -> usize {
        self.forms.iter().map(|form| form.body.len()).sum()
    }
}

/// A rendered body of which it is not known yet when it changed last.
#[derive(Clone, Debug)]
pub struct Draft {
    body: Bytes,
    hash: u128,
    content_type: &'static str,
}

impl Draft {
    /// Takes a rendered body.
    pub fn new(body: impl Into<Bytes>, content_type: &'static str) -> Self {
        let body = body.into();
        Self {
            hash: xxh3_128(&body),
            body,
            content_type,
        }
    }

    /// Strong validator of the body without coding, quotes included (RFC 9110 §8.8.3).
    pub fn etag(&self) -> String {
        coding::etag(self.hash, Coding::Identity)
    }

    /// Finishes it: header fields and codings. `max_age` is in seconds.
    ///
    /// Costs three compressions; call it where bodies are rendered, never per request.
    pub fn finish(
        self,
        last_modified: DateTime<Utc>,
        max_age: u64,
        token: Option<Secret>,
    ) -> Publication {
        let scope = if token.is_some() { "private" } else { "public" };
        let last_modified_field = httpdate::fmt_http_date(http_instant(last_modified));
        Publication {
            forms: coding::forms(&self.body, self.hash),
            last_modified,
            content_type: self.content_type,
            token,
            policy: None,
            fields: Fields {
                last_modified: header_value(&last_modified_field),
                cache_control: header_value(&format!("{scope}, max-age={max_age}")),
                link: None,
            },
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

/// The project's address, when the manifest names one.
const GENERATOR_URI: Option<&str> = {
    let uri = env!("CARGO_PKG_REPOSITORY");
    if uri.is_empty() { None } else { Some(uri) }
};

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
