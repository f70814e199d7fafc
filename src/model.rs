//! Words that three or more stages share: a [`Source`], what it last answered ([`Validators`], [`Signals`]),
//! and an [`Entry`] with its parts.
//!
//! Nothing here does work: these are the values that walk through the pipeline. JSON names are those of
//! `docs/json.md`; instants are UTC.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

/// Raised when a change to recover, parse or normalize should reach entries that publishers have not touched:
/// every skip hash is salted with it.
pub const PIPELINE_VERSION: u32 = 3;

/// A value from the configuration that must never be printed: tokens, passwords, header values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps the plain value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The plain value, for the one place that sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// What is kept: the rest is purged, but for what a source's newest document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// An entry goes when it was last seen this long ago.
    pub age: Duration,
    /// Most articles of all sources.
    pub articles: u64,
    /// Most entries of one source.
    pub per_source: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(365 * 86_400),
            articles: 1_000_000,
            per_source: 10_000,
        }
    }
}

/// A configured place that is polled: a `[[source]]` or an outline of an `[[opml]]`, checked and with every
/// default filled in. Its `Debug` shows the URL as [`Source::shown_url`] does.
#[derive(Clone)]
pub struct Source {
    /// `[a-z0-9-]+`, unique in the configuration.
    pub id: String,
    /// The id is written down, not made from the URL: it stands for the source when the URL changes.
    pub named: bool,
    /// Where the feed is: `http`, `https` or `file`.
    pub url: Url,
    /// The operator's name for it; `None` means the feed's own title is used.
    pub title: Option<String>,
    /// Sorted, without repeats.
    pub tags: Vec<String>,
    /// How often it is polled.
    pub cadence: Cadence,
    /// Higher represents a story seen in several sources.
    pub priority: i32,
    /// Time zone of dates that carry none.
    pub timezone: chrono_tz::Tz,
    /// Newest entries of a document that are taken; `None` means all (up to the hard cap).
    pub max_items: Option<usize>,
    /// Which of its entries are stored.
    pub filters: crate::filter::Filters,
    /// Its URL is shown nowhere: pages, OPML, metrics, logs, `atom:source`.
    pub private: bool,
    /// Kept in the store, not polled.
    pub paused: bool,
    /// A hub that its feed names is asked to push (WebSub).
    pub websub: bool,
    /// Its archives are read once, after its first poll (RFC 5005 §4).
    pub history: bool,
    /// What is fetched of the pages of its entries.
    pub pages: Pages,
    /// What its requests look like: the same for the sources of a list.
    pub request: Arc<RequestOptions>,
}

impl Source {
    /// What is no source of the configuration and is asked for like one.
    pub fn lone(url: Url, cadence: Cadence, request: Arc<RequestOptions>) -> Self {
        Self {
            id: String::new(),
            named: false,
            url,
            title: None,
            tags: Vec::new(),
            cadence,
            priority: 0,
            timezone: chrono_tz::Tz::UTC,
            max_items: None,
            filters: crate::filter::Filters::default(),
            private: false,
            paused: false,
            websub: false,
            history: false,
            pages: Pages::default(),
            request,
        }
    }

    /// The URL as it may be shown in logs, pages and feeds: without user and password; `(private)` for a
    /// private source.
    pub fn shown_url(&self) -> String {
        if self.private {
            return "(private)".to_owned();
        }
        let mut url = self.url.clone();
        if !url.username().is_empty() || url.password().is_some() {
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        url.into()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            named,
            url: _,
            title,
            tags,
            cadence,
            priority,
            timezone,
            max_items,
            filters,
            private,
            paused,
            websub,
            history,
            pages,
            request,
        } = self;
        f.debug_struct("Source")
            .field("id", id)
            .field("named", named)
            .field("url", &self.shown_url())
            .field("title", title)
            .field("tags", tags)
            .field("cadence", cadence)
            .field("priority", priority)
            .field("timezone", timezone)
            .field("max_items", max_items)
            .field("filters", filters)
            .field("private", private)
            .field("paused", paused)
            .field("websub", websub)
            .field("history", history)
            .field("pages", pages)
            .field("request", request)
            .finish()
    }
}

/// How one source's requests differ from the plain ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestOptions {
    /// Extra header fields, by name.
    pub headers: BTreeMap<String, Secret>,
    /// `user:password` for HTTP Basic authentication (RFC 7617).
    pub basic_auth: Option<Secret>,
    /// Value of the `Cookie` header field.
    pub cookie: Option<Secret>,
    /// The whole `User-Agent`, placeholders filled in.
    pub user_agent: String,
    /// `http://…` or `socks5://…`; `None` connects directly.
    pub proxy: Option<Secret>,
    /// For the whole poll, redirects included.
    pub timeout: Duration,
    /// Which HTTP versions may be spoken.
    pub http_version: HttpVersion,
    /// Networks outside the public Internet that this source may live in: the global list and its own.
    pub allow_private: Vec<ipnet::IpNet>,
}

/// Which HTTP versions a source's requests may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, also without TLS ("prior knowledge").
    Http2,
}

/// The wanted pace of a source, and the bounds around it.
#[derive(Clone, Debug)]
pub struct Cadence {
    /// When polls are wanted.
    pub rule: Rule,
    /// Floor between two polls of the adaptive rule.
    pub min: Duration,
    /// The longest wait that hints and back-off may cause.
    pub max: Duration,
    /// Whether the publisher's hints (max-age, ttl, …) are floors of this source's schedule.
    pub respect_hints: bool,
    /// Polls that all adaptive sources together may spend; `None` is no bound.
    pub budget: Option<Budget>,
}

/// A number of polls in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// More than 0.
    pub polls_per_hour: f64,
}

/// When polls of a source are wanted.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Learned from the source: when it publishes, and what a poll may cost.
    Adaptive,
    /// A fixed time after the last poll: `every 30m`.
    Every(Duration),
    /// A crontab(5) line or one of `@hourly` and friends, in a time zone.
    Cron(Arc<crate::schedule::Crontab>),
}

/// `ETag` and `Last-Modified` of the newest 200, byte for byte (RFC 9110 §8.8), and the URL that gave them. The URL may
/// be a secret: `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Final URL after redirects; validators are only sent to it.
    pub url: Option<String>,
    /// `ETag` as it came: weak prefix, quotes and odd bytes included.
    pub etag: Option<Vec<u8>>,
    /// `Last-Modified` as it came, whatever its date form.
    pub last_modified: Option<Vec<u8>>,
}

impl fmt::Debug for Validators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validators")
            .field("url", &self.url.as_deref().map(Secret::new))
            .field("etag", &self.etag)
            .field("last_modified", &self.last_modified)
            .finish()
    }
}

/// What an origin says about pace. All are floors; `None` means it did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signals {
    /// Freshness lifetime of the response that is left (RFC 9111 §4.2): `max-age` less `Age`, else `Expires` less `Date`.
    pub max_age: Option<Duration>,
    /// RSS `ttl`, which is in minutes on the wire.
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency` (RSS 1.0 syndication module).
    pub update_period: Option<Duration>,
    /// RSS `skipHours`: hours of the day in UTC, 0–23, sorted.
    pub skip_hours: Vec<u8>,
    /// RSS `skipDays`: days of the week in UTC, 0 is Monday, sorted.
    pub skip_days: Vec<u8>,
}

/// What is remembered of a source's polls that decides about the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Failures since the last success.
    pub failures: u32,
    /// Class of the last of them (`dns`, `not_found`, …); empty when there is none, or nobody knows.
    pub class: &'static str,
    /// The newest answer had no validators: every poll costs the whole document.
    pub unconditional: bool,
    /// End of the last response. `None` before the first poll.
    pub last_polled_at: Option<DateTime<Utc>>,
    /// No request before this instant (`Retry-After`, RFC 9110 §10.2.3).
    pub held_until: Option<DateTime<Utc>>,
    /// What the adaptive rule knows; `None` before the first success, and for other rules.
    pub learned: Option<Learned>,
}

/// What the adaptive rule decides by.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// When the source publishes, up to its last poll.
    pub rhythm: crate::schedule::Rhythm,
    /// What a poll costs, in minutes of waiting of one entry.
    pub price: f64,
}

pub use article::*;
pub use kept::{ExportedArticle, Kept, KeptContent, KeptEntry, KeptFormer, KeptPage, KeptRevision};
pub use polled::{
    Candidate, Due, FeedDocument, Item, Nearness, Observation, Observed, PageWish, Piece, Report,
};

pub use page::{Extraction, PageArticle, PageField, PageFields, PageRules, PageStatus};
pub use page::{FullText, PageSaid, Pages, is_cut_from, is_same_file, is_wide, names_more};

mod article;
mod kept;
mod page;
mod polled;
/// A list of sources that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedList {
    /// Where.
    pub url: Url,
    /// Its address stood in the environment or a file: it is named nowhere.
    pub private: bool,
}

/// Fetched lists by address, as they came.
pub type Library = HashMap<Url, Bytes>;
