//! [`ParsedFeed`] → entries of the article schema.
use chrono::{DateTime, Utc};

use crate::model::{Entry, FeedInfo};
use crate::parse::{ParsedEntry, ParsedFeed};

/// What one document as a whole says about its entries.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The feed's own facts, normalized.
    pub info: FeedInfo,
    /// Ids that the document gives to different entries: they identify none.
    pub repeated_ids: std::collections::HashSet<String>,
    /// Canonical keys of links that the document gives to different entries.
    pub repeated_urls: std::collections::HashSet<String>,
    /// All entries carry one date: it is the build time, no entry's date.
    pub one_date: bool,
}

/// Looks at a document as a whole, before single entries are.
pub fn document(parsed: &ParsedFeed, base: &url::Url) -> Document {
    let _ = (parsed, base);
    unimplemented!()
}

/// Identity of an entry in its source: cheap, no HTML is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As published, else derived.
    pub id: String,
    /// Where `id` comes from.
    pub id_kind: crate::model::IdKind,
    /// Whether the id is the entry's own in this document, so that it may be republished.
    pub trusted: bool,
    /// Absolute link.
    pub url: Option<String>,
    /// Canonical key of `url`; `None` when there is no link or the document repeats it.
    pub url_key: Option<String>,
}

/// Finds out what identifies an entry (ARTICLES §2.2, rung 0).
pub fn identity(document: &Document, parsed: &ParsedEntry, base: &url::Url) -> Identity {
    let _ = (document, parsed, base);
    unimplemented!()
}

/// Brings one entry into the article schema: total, never fails.
pub fn entry(
    document: &Document,
    identity: &Identity,
    parsed: &ParsedEntry,
    base: &url::Url,
    now: DateTime<Utc>,
) -> Entry {
    let _ = (document, identity, parsed, base, now);
    unimplemented!()
}

/// The canonical key of a URL (never shown): two spellings of one address have one key. `None` for what is
/// not http(s).
pub fn canonical_key(url: &str) -> Option<String> {
    let _ = url;
    unimplemented!()
}

/// Plain text of sanitized HTML, paragraphs separated by `\n\n`.
pub fn text_of(html: &str) -> String {
    let _ = html;
    unimplemented!()
}

/// Words of a text with a letter or digit (UAX #29), Han, Kana and Thai by characters ÷ 2.
pub fn word_count(text: &str) -> u64 {
    let _ = text;
    unimplemented!()
}

/// Seconds an adult needs to read a text.
pub fn reading_seconds(text: &str) -> u64 {
    let _ = text;
    unimplemented!()
}
