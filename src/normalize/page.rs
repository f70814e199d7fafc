//! What `extract` shares with feeds: a page's parts go through the same rules as those of an entry.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::blocks::blocks;
use super::furniture::{self, Head};
use super::{SUMMARY_CHARS, TITLE_CHARS, html, kind_of_summary, language, media, people, sections};
use crate::model::{Author, Section, SummaryKind};
use crate::parse::{Person, Text};
use crate::text::text_of;

pub use super::html::{Shape, shape};

/// A body ready for an article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Sanitized, sections marked.
    pub html: String,
    /// [`text_of`] it.
    pub text: String,
    /// Its labelled sections, in order.
    pub sections: Vec<Section>,
    /// A standfirst that stood between headline and byline, when no summary was known.
    pub standfirst: Option<String>,
}

/// Sanitizes a body, clears its head of furniture and marks its sections.
pub fn body(
    raw: &str,
    base: &Url,
    title: Option<&str>,
    summary: Option<&str>,
    authors: &[Author],
) -> Body {
    let clean = html::sanitize(raw, base);
    let head = Head {
        title,
        summary,
        authors,
    };
    let stripped = furniture::strip(&clean, &head);
    let (marked, sections) = sections::mark(&stripped.html, authors);
    let changed = (*marked != *clean).then(|| html::sanitize(&marked, base));
    let standfirst = stripped.standfirst;
    let html = changed.unwrap_or(clean);
    Body {
        text: text_of(&html),
        html,
        sections,
        standfirst,
    }
}

/// Sanitized HTML, as [`body`] makes it before anything is taken away.
pub fn sanitized(raw: &str, base: &Url) -> String {
    html::sanitize(raw, base)
}

/// A block of sanitized HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Name of its element; empty for text that stands in none.
    pub name: String,
    /// Where it stands.
    pub outer: std::ops::Range<usize>,
    /// Its text for comparing: see [`key`].
    pub key: String,
}

/// The blocks of sanitized HTML, in order.
pub fn pieces(html: &str) -> Vec<Piece> {
    blocks(html)
        .map(|block| Piece {
            name: block.name.to_owned(),
            outer: block.outer.clone(),
            key: key(&block.text()),
        })
        .collect()
}

/// Words for comparing: lower case, letters and digits only, one space between.
pub fn key(text: &str) -> String {
    super::blocks::key(text)
}

/// What a label such as `Key Takeaways:` opens; `None` for one that means nothing known.
pub fn label_kind(label: &str) -> Option<&'static str> {
    sections::kind_of(&key(label))
}

/// People as a page names them → authors, each once, in order.
pub fn authors(named: &[Person], base: &Url, publisher: Option<&str>) -> Vec<Author> {
    people::authors(named, base, publisher)
}

/// A title: text of at most 1,000 characters; `None` when nothing is left.
pub fn title(raw: &str) -> Option<String> {
    plain(raw, TITLE_CHARS)
}

/// A summary: text of at most 4,000 characters.
pub fn summary(raw: &str) -> Option<String> {
    plain(raw, SUMMARY_CHARS)
}

fn plain(raw: &str, limit: usize) -> Option<String> {
    let text = Text {
        value: raw.to_owned(),
        html: raw.contains(['<', '&']),
    };
    super::plain_text(&text, limit)
}

/// Whether a summary is cut from the text.
pub fn summary_kind(summary: &str, text: &str) -> SummaryKind {
    kind_of_summary(summary, text)
}

/// The language of a text: as declared, unless its letters say otherwise; else what it looks like.
pub fn language_of(declared: Option<&str>, text: &str) -> Option<String> {
    language::language(declared, None, text)
}

/// Whether a picture can lead an article: large enough where its size is known, and not the site's own.
pub fn is_lead(url: &str, alt: Option<&str>, width: Option<u32>, height: Option<u32>) -> bool {
    media::is_lead(url, width, height) && !alt.is_some_and(media::names_furniture)
}

/// Whether a class, an address or an alternative text names the portrait of an author.
pub fn is_portrait(name: &str) -> bool {
    furniture::is_portrait(name)
}

/// Whether a date can be one of an article: after 1995, and not more than a day ahead.
pub fn is_believable(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at.timestamp() >= super::dates::EARLIEST && at <= now + TimeDelta::hours(24)
}

/// Words of a text as a set, for comparing; one-letter words say nothing.
pub fn words(text: &str) -> HashSet<String> {
    key(text)
        .split(' ')
        .filter(|word| word.chars().count() > 1)
        .map(str::to_owned)
        .collect()
}
