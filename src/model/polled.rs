//! A poll on its way: claimed, observed, reported.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{Entry, FeedInfo, Signals, Source, Validators};
use crate::sketch::Sketch;

/// What one poll learned, ready for the store: everything that is dear was done off the writer.
#[derive(Debug)]
pub struct Observed {
    /// `sources.id`.
    pub key: i64,
    /// The source as configured.
    pub source: Arc<Source>,
    /// End of the response.
    pub at: DateTime<Utc>,
    /// Request to end of response.
    pub took: Duration,
    /// Bytes on the wire; `None` when no body came.
    pub body_bytes: Option<u64>,
    /// Where permanent redirects led; `None`: nowhere.
    pub moved_to: Option<Url>,
    /// What came of it.
    pub outcome: Observation,
}

/// What came of a poll.
#[derive(Debug)]
pub enum Observation {
    /// 304.
    NotModified {
        /// To keep from now on.
        validators: Validators,
        /// Pace.
        signals: Signals,
    },
    /// 200 with the body of last time.
    SameBody {
        /// Of this answer.
        validators: Validators,
        /// Pace.
        signals: Signals,
    },
    /// 200 with a feed.
    Feed(Box<FeedDocument>),
    /// Not a poll: a document that adds to what is known, and from which nothing follows about what it lacks.
    Piece {
        /// The document.
        document: Box<FeedDocument>,
        /// How it came.
        piece: Piece,
    },
    /// 410.
    Gone,
    /// Nothing was sent, as the host wants quiet: no poll at all.
    HeldOff {
        /// The end of the quiet.
        until: DateTime<Utc>,
    },
    /// The host was not reached, and the fault is on our side: no poll at all.
    Offline {
        /// What failed.
        cause: String,
    },
    /// Nothing usable; what is stored stays.
    Failed {
        /// Stable name: `dns`, `timeout`, `not_found`, `not_a_feed`, …
        class: &'static str,
        /// For people.
        message: String,
        /// The origin's wish.
        retry_after: Option<Duration>,
    },
}

/// A document beside the polls.
#[derive(Debug)]
pub enum Piece {
    /// A hub pushed it.
    Pushed {
        /// `push.id`.
        subscription: i64,
    },
    /// An archive of the feed (RFC 5005 §4).
    Archive {
        /// Where it was asked for.
        url: Url,
        /// Where it was, after redirects.
        final_url: Url,
    },
}

/// A feed document, normalized.
#[derive(Debug)]
pub struct FeedDocument {
    /// What the feed says of itself.
    pub info: FeedInfo,
    /// Pace.
    pub signals: Signals,
    /// Repairs it needed.
    pub recovered: Vec<String>,
    /// Of this answer; empty when the document was cut.
    pub validators: Validators,
    /// Salted hash of the decoded body; `None` when the document was cut.
    pub body_hash: Option<[u8; 16]>,
    /// It ended early: what is missing may still be there.
    pub cut: bool,
    /// It holds only what is new (226): what is missing is still there.
    pub delta: bool,
    /// The archive with the entries before its own (RFC 5005 §4: `prev-archive`).
    pub prev_archive: Option<Url>,
    /// In document order.
    pub items: Vec<Item>,
    /// What the source repeats, as it is known now; `None`: as before.
    pub furniture: Option<Vec<u8>>,
    /// Hashes of ids and links that the source gave to different entries, as known now; `None`: as before.
    pub repeated: Option<Vec<u64>>,
}

/// An entry of a document.
#[derive(Debug)]
pub enum Item {
    /// Its raw form is that of a stored entry: nothing to do.
    Known {
        /// Salted hash of the raw entry.
        raw_hash: u64,
        /// `entries.id`.
        entry: i64,
    },
    /// New or changed.
    Candidate(Box<Candidate>),
}

/// A normalized entry with its hashes.
#[derive(Debug)]
pub struct Candidate {
    /// Salted hash of the raw entry.
    pub raw_hash: u64,
    /// Hash of id kind and id.
    pub key: i64,
    /// Hash of the canonical URL; `None` when it identifies nothing.
    pub url_key: Option<i64>,
    /// Hash of its host: the keys of one site stand together in the store. Not 0, unless there is no key.
    pub url_host: i64,
    /// The id may be republished.
    pub trusted: bool,
    /// Hash of everything shown.
    pub content_hash: i64,
    /// Hash of the words of title and text, furniture left out.
    pub text_hash: i64,
    /// What is compared of the text, furniture left out.
    pub sketch: Sketch,
    /// JSON of `entry.details`.
    pub details: String,
    /// The fields. `content_html` stands in `html`, and here no more: many candidates wait for the writer.
    pub entry: Entry,
    /// zstd of the body; `None` when there is none.
    pub html: Option<Vec<u8>>,
    /// Its page is wanted, when the entry is new; `None`: it is not.
    pub page: Option<PageWish>,
}

/// A page that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageWish {
    /// Where it is.
    pub url: Url,
    /// Also when another source gives the whole article.
    pub even_if_full: bool,
}

/// A source that was claimed for a poll, with what the last one left.
#[derive(Clone, Debug)]
pub struct Due {
    /// `sources.id`.
    pub key: i64,
    /// As configured.
    pub source: Arc<Source>,
    /// Where to ask: the adopted address, else the configured one.
    pub address: Url,
    /// Of the newest 200.
    pub validators: Validators,
    /// Salted hash of the newest body.
    pub body_hash: Option<[u8; 16]>,
    /// Its last poll failed.
    pub failing: bool,
    /// Salted hashes of the newest document's raw entries, and their `entries.id`.
    pub document: Vec<(u64, i64)>,
    /// What the source repeats from article to article: a [`Learned`](crate::sketch::Learned), not yet read.
    pub furniture: Vec<u8>,
    /// Hashes of ids and links that the source gave to different entries.
    pub repeated: Vec<u64>,
}

/// What a poll did, once it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Id of the source.
    pub source: String,
    /// Stable name: `ok`, `not_modified`, `same_body`, `gone`, or the class of the error.
    pub outcome: &'static str,
    /// The error for people; `None` when the poll went well.
    pub error: Option<String>,
    /// New articles.
    pub new: usize,
    /// Entries whose content changed.
    pub revised: usize,
    /// Entries that joined an article of another source.
    pub merged: usize,
    /// Something shown changed.
    pub changed: bool,
    /// Entries that came again under other ids, when most did; 0: no such storm.
    pub rekeyed: usize,
    /// Another address is polled from now on; for people, without the address.
    pub moved: Option<&'static str>,
    /// Bytes on the wire.
    pub body_bytes: Option<u64>,
    /// Request to end of response.
    pub took: Duration,
    /// When it is due next; `None`: never by itself.
    pub next_due: Option<DateTime<Utc>>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            source,
            outcome,
            new,
            revised,
            merged,
            ..
        } = self;
        match &self.error {
            Some(error) => write!(f, "{source}: {outcome}: {}", error.replace('\n', " ")),
            None => write!(
                f,
                "{source}: {outcome}, {new} new, {revised} revised, {merged} merged"
            ),
        }
    }
}

/// How near-duplicates are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearness {
    /// Two articles may be dated this far apart; `None`: they are not looked for.
    pub window: Option<TimeDelta>,
}

impl Default for Nearness {
    fn default() -> Self {
        Self {
            window: Some(TimeDelta::hours(96)),
        }
    }
}
