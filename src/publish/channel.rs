//! The merged feed itself, whatever its format.

use chrono::{DateTime, Utc};

/// A merged feed: what stands above its articles.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Permanent `urn:uuid:`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Where this document is: `rel=self`, `feed_url`.
    pub self_url: String,
    /// The page about it: `rel=alternate`, `home_page_url`.
    pub home_url: String,
    /// High-water mark of the entries' `updated`.
    pub updated: DateTime<Utc>,
    /// `rel=hub`, each.
    pub hubs: Vec<String>,
    /// Put before each title; `{source}` is the origin's title.
    pub title_prefix: String,
    /// Leave the content out.
    pub summary_only: bool,
    /// Its archives.
    pub archive: ArchiveLinks,
}

/// Where the other documents of a feed are, in Atom (RFC 5005 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveLinks {
    /// `rel=current`: this document is an archive, and that is the feed; `None`: it is the feed.
    pub current: Option<String>,
    /// `rel=prev-archive`; `None`: there is none before.
    pub previous: Option<String>,
    /// `rel=next-archive`; `None`: there is none after.
    pub next: Option<String>,
}
