//! Recovered text → [`ParsedFeed`]; the only file that knows feed-rs.
use chrono::{DateTime, Utc};

use crate::model::Signals;

/// What the transport knows about a document.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// `Content-Type` as it came.
    pub content_type: Option<String>,
    /// Base of relative references.
    pub base_url: Option<url::Url>,
    /// Zone of dates without one.
    pub timezone: Option<chrono_tz::Tz>,
}

/// The dialect of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `rss-0.90`
    Rss090,
    /// `rss-0.91`
    Rss091,
    /// `rss-0.92`
    Rss092,
    /// `rss-1.0`
    Rss10,
    /// `rss-1.1`
    Rss11,
    /// `rss-2.0`
    Rss20,
    /// `atom-0.3`
    Atom03,
    /// `atom-1.0`
    Atom10,
    /// `json-1.0`
    Json10,
    /// `json-1.1`
    Json11,
    /// `cdf`
    Cdf,
}

impl Format {
    /// The name in JSON: `rss-2.0`.
    pub fn name(self) -> &'static str {
        unimplemented!()
    }
}

/// Text as a feed gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    /// As it came, entities of the XML layer decoded.
    pub value: String,
    /// Whether `value` is HTML.
    pub html: bool,
}

/// A feed document, absence kept visible.
#[derive(Clone, Debug)]
pub struct ParsedFeed {
    /// Dialect.
    pub format: Format,
    /// `atom:id`; `None` when the document gives none.
    pub id: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Every link.
    pub links: Vec<Link>,
    /// Language as declared.
    pub language: Option<String>,
    /// Date of change.
    pub updated: Option<DateTime<Utc>>,
    /// Logo, icon or image.
    pub image_url: Option<String>,
    /// Rights.
    pub rights: Option<Text>,
    /// Feed-level authors, unsplit.
    pub authors: Vec<Person>,
    /// Pace: ttl, skipHours, …
    pub signals: Signals,
    /// Repairs that were needed.
    pub recovered: Vec<String>,
    /// The document ended early.
    pub cut: bool,
    /// In document order.
    pub entries: Vec<ParsedEntry>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// As given.
    pub href: String,
    /// `alternate`, `self`, `enclosure`, `hub`, `replies`, …
    pub rel: Option<String>,
    /// Type.
    pub media_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Language.
    pub hreflang: Option<String>,
    /// Bytes.
    pub length: Option<u64>,
}

/// A person as given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Person {
    /// Name or whatever stands in its place.
    pub name: String,
    /// Home page.
    pub url: Option<String>,
    /// Mail.
    pub email: Option<String>,
    /// Named as contributor.
    pub contributor: bool,
}

/// Media of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Media {
    /// Address.
    pub url: String,
    /// Type.
    pub mime_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Credit.
    pub credit: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// It is a thumbnail.
    pub thumbnail: bool,
}

/// An entry, absence kept visible. Everything that can change what is stored takes part in `Hash`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ParsedEntry {
    /// `atom:id`, `guid`, `id`: trimmed; `None` when the document gives none.
    pub id: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Every link.
    pub links: Vec<Link>,
    /// Summary or description.
    pub summary: Option<Text>,
    /// Content.
    pub content: Option<Text>,
    /// People.
    pub authors: Vec<Person>,
    /// Date.
    pub published: Option<DateTime<Utc>>,
    /// `published` was a bare day.
    pub published_is_day: bool,
    /// Date of change.
    pub updated: Option<DateTime<Utc>>,
    /// Language as declared.
    pub language: Option<String>,
    /// Subjects.
    pub categories: Vec<crate::model::Category>,
    /// Attached and embedded media.
    pub media: Vec<Media>,
    /// Rights.
    pub rights: Option<Text>,
    /// `xml:base` in force or the feed's.
    pub base: Option<String>,
    /// Page of comments.
    pub comments_url: Option<String>,
    /// `atom:source`.
    pub source: Option<crate::model::EntrySource>,
}

/// Why a document is no feed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is something else; the text says what.
    #[error("{0}")]
    NotAFeed(String),
}

/// Reads a feed document of any supported dialect.
pub fn parse(body: &[u8], context: &Context) -> Result<ParsedFeed, Error> {
    let _ = (body, context);
    unimplemented!()
}
