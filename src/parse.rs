//! A document → [`ParsedFeed`]: what the feed says, absence kept visible, nothing judged yet.
//!
//! The stage opens the recovery layer itself, then reads XML with feed-rs (`convert` is the only file that knows
//! its types) and JSON Feed directly (`json`). It mints no ids, resolves only what the document itself gives a
//! base for, and sanitizes nothing: that is `normalize`'s work.

mod convert;
mod date;
mod head;
mod json;
mod sniff;
#[cfg(test)]
mod tests;
mod zone;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};

use crate::model::Signals;
use crate::recover::{self, Recovered, limits};

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
        match self {
            Self::Rss090 => "rss-0.90",
            Self::Rss091 => "rss-0.91",
            Self::Rss092 => "rss-0.92",
            Self::Rss10 => "rss-1.0",
            Self::Rss11 => "rss-1.1",
            Self::Rss20 => "rss-2.0",
            Self::Atom03 => "atom-0.3",
            Self::Atom10 => "atom-1.0",
            Self::Json10 => "json-1.0",
            Self::Json11 => "json-1.1",
            Self::Cdf => "cdf",
        }
    }

    /// Whether it is a dialect of RSS, where text is HTML without saying so and one element stands for both summary
    /// and content.
    pub fn is_rss(self) -> bool {
        !matches!(
            self,
            Self::Atom03 | Self::Atom10 | Self::Json10 | Self::Json11
        )
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
    /// `xml:base` of the root, as given.
    pub base: Option<String>,
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
    /// The element says that it is a picture, whatever its type.
    pub picture: bool,
    /// Renditions of one thing share a number.
    pub group: u16,
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
    /// `xml:base` in force for the content, as given; `None` when there is none.
    pub base: Option<String>,
    /// Page of comments, when it is not the entry's own.
    pub comments_url: Option<String>,
    /// `atom:source`.
    pub source: Option<crate::model::EntrySource>,
}

/// Why a document gives no feed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is something else; the text says what: `an HTML page that links the feed https://…`.
    #[error("{0}")]
    NotAFeed(String),
    /// It is a feed, but the parser refuses it.
    #[error("malformed feed: {message}{}", .position.map_or_else(String::new, |at| format!(" at byte {at}")))]
    Malformed {
        /// What the parser says.
        message: String,
        /// Byte of the recovered text, where known.
        position: Option<u64>,
    },
    /// It breaks a bound that protects the parser.
    #[error("refused: {0}")]
    Limit(#[from] limits::Error),
    /// It holds entries, none of which can be read.
    #[error("{found} entries found, none of them in a form that can be read")]
    Unreadable {
        /// `item` and `entry` elements in the document.
        found: usize,
    },
}

/// Reads a feed document of any supported dialect.
///
/// feed-rs recurses once a nested element, at most [`limits::MAX_DEPTH`] times, and panics on some input; the panic
/// is caught and becomes [`Error::Malformed`]. Call it on a thread with at least 2 MiB of stack in a release build,
/// 8 MiB in a debug build, and see [`silence_panics`].
///
/// # Errors
/// All of [`Error`]; none of them gives part of a feed.
pub fn parse(body: &[u8], context: &Context) -> Result<ParsedFeed, Error> {
    let Recovered { text, repairs } = recover::recover(body, context.content_type.as_deref());
    let mut parsed = if text.starts_with('{') {
        json::parse(&text, context)?
    } else if let Some(format) = sniff::format(&text) {
        xml(&text, format, context)?
    } else {
        return Err(Error::NotAFeed(sniff::describe(body, &text, context)));
    };
    parsed
        .recovered
        .splice(0..0, repairs.into_iter().map(str::to_owned));
    Ok(parsed)
}

fn xml(text: &str, format: Format, context: &Context) -> Result<ParsedFeed, Error> {
    let census = limits::census(text)?;
    let capped = census
        .cut
        .map(|(at, tail)| format!("{}{tail}", &text[..at]));
    let text = capped.as_deref().unwrap_or(text);
    let mut parsed = guarded(|| convert::parse(text, format, context))?;
    if parsed.entries.is_empty() && census.entries > 0 {
        return Err(Error::Unreadable {
            found: census.entries,
        });
    }
    head::read(text, &mut parsed);
    if capped.is_some() {
        parsed.recovered.push("entries-capped".to_owned());
    }
    Ok(parsed)
}

/// Runs a parser that may panic on odd input.
fn guarded(parse: impl FnOnce() -> Result<ParsedFeed, Error>) -> Result<ParsedFeed, Error> {
    IN_PARSER.set(true);
    let result = catch_unwind(AssertUnwindSafe(parse));
    IN_PARSER.set(false);
    result.unwrap_or_else(|_| {
        Err(Error::Malformed {
            message: "the parser gave up on it".to_owned(),
            position: None,
        })
    })
}

thread_local! {
    static IN_PARSER: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the process's panic hook from printing panics that [`parse`] catches. For `main`, once, at the start.
pub fn silence_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !IN_PARSER.get() {
            default(info);
        }
    }));
}
