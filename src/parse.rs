//! A document → [`ParsedFeed`]: what the feed says, absence kept visible, nothing judged yet.
//!
//! The stage opens the recovery layer itself, then reads XML with feed-rs (`convert` is the only file that knows
//! its types) and JSON Feed directly (`json`). It mints no ids, resolves only what the document itself gives a
//! base for, and sanitizes nothing: that is `normalize`'s work.

mod convert;
mod date;
mod extras;
mod json;
mod links;
mod pace;
mod sniff;
mod tags;
#[cfg(test)]
mod tests;
mod zone;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};

use crate::model::Signals;
use crate::recover::{self, Feed, MAX_TEXT};
pub use links::{FeedLink, Named, feed_links, is_feed_type};

pub use crate::recover::{Format, Repair};

/// A date as a page or a feed writes it → the instant, and whether only the day was named (then 12:00 in `zone`, UTC
/// when `None`).
pub fn instant(text: &str, zone: Option<chrono_tz::Tz>) -> Option<(DateTime<Utc>, bool)> {
    let read = date::parse(text, zone.unwrap_or(chrono_tz::UTC))?;
    Some((read.at, read.is_day))
}

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
    pub recovered: Vec<Repair>,
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
    /// `xml:base` in force for the content; `None` when there is none.
    pub base: Option<String>,
    /// Page of comments, when it is not the entry's own.
    pub comments_url: Option<String>,
    /// How many comments there are.
    pub comments_count: Option<u64>,
    /// Section of the publication.
    pub section: Option<String>,
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
    /// It holds entries, none of which can be read.
    #[error("{found} entries found, none of them in a form that can be read")]
    Unreadable {
        /// `item` and `entry` elements in the document.
        found: usize,
    },
}

/// Reads a feed document of any supported dialect.
///
/// Call it on a thread with at least 2 MiB of stack in a release build, 8 MiB in a debug build, and see
/// [`silence_panics`]: feed-rs panics on some input, which is caught and becomes [`Error::Malformed`].
///
/// # Errors
/// All of [`Error`]; none of them gives part of a feed.
pub fn parse(body: &[u8], context: &Context) -> Result<ParsedFeed, Error> {
    match attempt(body, context, false) {
        Err(Error::Malformed { .. } | Error::Unreadable { .. }) => attempt(body, context, true),
        result => result,
    }
}

fn attempt(body: &[u8], context: &Context, anew: bool) -> Result<ParsedFeed, Error> {
    let recovered = recover::recover(
        body,
        context.content_type.as_deref(),
        context.base_url.as_ref(),
        anew,
    );
    let text = &recovered.text;
    let mut parsed = match recovered.feed {
        Some(feed) => xml(text, feed, context)?,
        None if text.starts_with('{') => json::parse(text, context)?,
        None => return Err(Error::NotAFeed(sniff::describe(body, text, context))),
    };
    parsed.recovered.splice(0..0, recovered.repairs.into_vec());
    bound(&mut parsed);
    Ok(parsed)
}

/// Bytes of the feed's people, which every entry inherits.
const MAX_PEOPLE: usize = 2_000;

/// Cuts what is too large to be worked on further.
fn bound(parsed: &mut ParsedFeed) {
    let mut bytes = 0;
    parsed.authors.retain(|person| {
        let more = [&person.url, &person.email];
        bytes += person.name.len() + more.into_iter().flatten().map(String::len).sum::<usize>();
        bytes <= MAX_PEOPLE
    });
    let mut cut = false;
    for entry in &mut parsed.entries {
        let texts = [
            &mut entry.title,
            &mut entry.summary,
            &mut entry.content,
            &mut entry.rights,
        ];
        for text in texts.into_iter().flatten() {
            cut |= text.value.len() > MAX_TEXT;
            text.value
                .truncate(text.value.floor_char_boundary(MAX_TEXT));
        }
    }
    if cut {
        parsed.recovered.push(Repair::of_document("text-cut"));
    }
}

fn xml(text: &str, feed: Feed, context: &Context) -> Result<ParsedFeed, Error> {
    let mut parsed = guarded(|| convert::parse(text, feed.format, context))?;
    let found = feed.carried.entries.len();
    if parsed.entries.len() != found {
        return Err(Error::Unreadable { found });
    }
    parsed.cut = feed.cut;
    extras::fill(&mut parsed, feed.carried, context);
    Ok(parsed)
}

/// Runs a parser that may panic on odd input.
fn guarded(parse: impl FnOnce() -> Result<ParsedFeed, Error>) -> Result<ParsedFeed, Error> {
    quietly(parse).unwrap_or_else(|| {
        Err(Error::Malformed {
            message: "the parser gave up on it".to_owned(),
            position: None,
        })
    })
}

/// Runs what may panic on odd input; `None` when it did. [`silence_panics`] keeps it quiet.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    IN_PARSER.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IN_PARSER.set(false);
    result.ok()
}

thread_local! {
    static IN_PARSER: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the process's panic hook from printing panics that [`parse`] and [`quietly`] catch. For `main`, once, at the start.
pub fn silence_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !IN_PARSER.get() {
            default(info);
        }
    }));
}
