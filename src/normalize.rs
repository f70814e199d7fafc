//! [`ParsedFeed`] → entries of the article schema: total, pure, nothing fetched.
//!
//! It looks at a document as a whole first ([`document`]), because an id, a link or a date that every entry carries
//! says nothing about one of them; then finds what identifies an entry ([`identity`]), which touches no HTML; and
//! last, only for entries that are new or changed, cleans and fills the fields ([`entry`]). In the body
//! page furniture is taken away (`furniture`) and labelled sections are marked (`sections`).

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use ::url::Url;
use chrono::{DateTime, Utc};
use memchr::{memchr_iter, memchr2};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::model::{
    Comments, ContentScope, Details, Entry, EntrySource, FeedInfo, IdKind, SummaryKind,
};
use crate::parse::{Link, ParsedEntry, ParsedFeed, Text};
use crate::text::{find, is_evenly_spaced, text_of};

pub use self::url::{canonical_key, key_host};
use dates::dates;
use furniture::Head;
use language::language;
use media::{attachments, image};
use people::authors;

mod blocks;
mod dates;
mod furniture;
mod html;
mod language;
mod media;
pub mod page;
mod people;
mod sections;
#[cfg(test)]
mod tests;
mod url;

const TITLE_CHARS: usize = 1_000;
const SUMMARY_CHARS: usize = 4_000;
/// A lone description up to this long and without block markup is a summary.
const SUMMARY_LIKE_CHARS: usize = 1_200;
const CATEGORIES: usize = 50;

/// What one document as a whole says about its entries.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The feed's own facts, normalized.
    pub info: FeedInfo,
    /// A lone description is the content (RSS), not a summary by declaration.
    pub is_rss: bool,
    /// Hashes of ids and canonical links that the source gave to different entries: they identify none.
    pub repeated: HashSet<u64>,
    /// Link of each entry and its canonical key.
    links: Vec<(Option<String>, Option<String>)>,
    /// All entries carry one date: it is the build time, no entry's date.
    pub one_date: bool,
    /// What its first entries look like when the feed declares no language. Not a fact of the feed: it is not published.
    pub heard_language: Option<String>,
}

/// Looks at a document as a whole, before single entries are. `repeated` is that of the source's earlier documents.
pub fn document(parsed: &ParsedFeed, base: &Url, repeated: &[u64]) -> Document {
    let link = |rel: &str| {
        parsed
            .links
            .iter()
            .find(|link| rel_of(link) == rel)
            .and_then(|link| absolute(base, &link.href))
    };
    let mut info = FeedInfo {
        id: parsed.id.clone().filter(|id| Url::parse(id).is_ok()),
        title: parsed
            .title
            .as_ref()
            .and_then(|title| plain_text(title, TITLE_CHARS)),
        home_url: link("alternate"),
        self_url: link("self"),
        hub_urls: parsed
            .links
            .iter()
            .filter(|link| rel_of(link) == "hub")
            .filter_map(|link| absolute(base, &link.href))
            .collect(),
        language: parsed.language.as_deref().and_then(language::tidy),
        updated: parsed.updated,
        image_url: parsed
            .image_url
            .as_deref()
            .and_then(|image| absolute(base, image)),
        rights: parsed
            .rights
            .as_ref()
            .and_then(|rights| plain_text(rights, TITLE_CHARS)),
        ..FeedInfo::default()
    };
    info.authors = authors(&parsed.authors, base, info.title.as_deref());
    let mut document = Document {
        info,
        is_rss: parsed.format.is_rss(),
        repeated: repeated.iter().copied().collect(),
        ..Document::default()
    };
    find_repeats(&mut document, parsed, base);
    document.one_date = dates::one_date(parsed);
    if document.info.language.is_none() {
        document.heard_language = language::of_entries(&parsed.entries);
    }
    document
}

/// The very same item twice is one item; an id or link of two titles, or of two dates, identifies nothing.
fn find_repeats(document: &mut Document, parsed: &ParsedFeed, base: &Url) {
    let mut first: HashMap<u64, u64> = HashMap::with_capacity(parsed.entries.len() * 2);
    for entry in &parsed.entries {
        let url = entry_url(entry, base);
        let key = url.as_deref().and_then(url::key_of_absolute);
        let item = hash_of(&(&entry.title, entry.published, &url));
        let names = [
            entry.id.as_deref().map(id_mark),
            key.as_deref().map(link_mark),
        ];
        for name in names.into_iter().flatten() {
            if *first.entry(name).or_insert(item) != item {
                document.repeated.insert(name);
            }
        }
        document.links.push((url, key));
    }
}

fn id_mark(id: &str) -> u64 {
    hash_of(&('i', id))
}

fn link_mark(key: &str) -> u64 {
    hash_of(&('l', key))
}

/// Identity of an entry in its source: cheap, no HTML is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What tells it from the source's other entries: the published id, else the canonical link, else a hash; with a
    /// letter in front for which of them it is. An id or link that the document repeats is passed over.
    pub key: String,
    /// As published, else derived.
    pub id: String,
    /// Where `id` comes from.
    pub id_kind: IdKind,
    /// Whether the id is published and the entry's own in this document, so that it may be republished.
    pub trusted: bool,
    /// Absolute link.
    pub url: Option<String>,
    /// Canonical key of `url`; `None` when there is no link or the document repeats it.
    pub url_key: Option<String>,
}

/// Finds out what identifies the entry at `index` of the document: its id, else its link, else title and date, else its
/// content.
pub fn identity(document: &Document, index: usize, parsed: &ParsedEntry) -> Identity {
    let (url, url_key) = document.links.get(index).cloned().unwrap_or_default();
    let url_key = url_key.filter(|key| !document.repeated.contains(&link_mark(key)));
    let own_id = parsed
        .id
        .as_ref()
        .filter(|id| !document.repeated.contains(&id_mark(id)));
    let hash = || {
        let hash = if parsed.title.is_some() || parsed.published.is_some() {
            hash_of(&(&parsed.title, parsed.published))
        } else {
            hash_of(&(&parsed.content, &parsed.summary))
        };
        format!("{hash:016x}")
    };
    let key = match (own_id, &url_key) {
        (Some(id), _) => format!("p{id}"),
        (None, Some(key)) => format!("l{key}"),
        (None, None) => format!("c{}", hash()),
    };
    let (id, id_kind) = match (&parsed.id, &url) {
        (Some(id), _) => (id.clone(), IdKind::Published),
        (None, Some(url)) => (url.clone(), IdKind::Link),
        (None, None) => (hash(), IdKind::Content),
    };
    Identity {
        trusted: own_id.is_some(),
        key,
        id,
        id_kind,
        url,
        url_key,
    }
}

/// Hash of a raw entry and of everything else that decides what becomes of it: an equal hash needs no work. `salt`
/// covers the source's settings.
pub fn raw_hash(document: &Document, identity: &Identity, parsed: &ParsedEntry, salt: u64) -> u64 {
    let inherited = (
        &document.info.language,
        &document.info.authors,
        document.one_date,
        document.is_rss,
    );
    hash_of(&(salt, parsed, &identity.key, &identity.url_key, inherited))
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = Xxh3Default::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Hash of everything an entry shows; `details` is the JSON of its details.
pub fn content_hash(entry: &Entry, details: &str) -> u64 {
    hash_of(&(
        &entry.url,
        &entry.title,
        entry.published,
        entry.updated,
        xxh3_64(entry.content_html.as_bytes()),
        details,
    ))
}

/// An entry in the article schema, with the plain text that was made on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalized {
    /// The entry.
    pub entry: Entry,
    /// [`text_of`] its `content_html`.
    pub text: String,
}

/// Brings one entry into the article schema: total, never fails.
pub fn entry(
    document: &Document,
    identity: &Identity,
    parsed: &ParsedEntry,
    base: &Url,
    now: DateTime<Utc>,
) -> Normalized {
    let base = &join(base, parsed.base.as_deref());
    let (summary, content) = bodies(document, parsed);
    // A lone summary with markup is the content as well: its links would be lost in a text.
    let lone =
        summary.filter(|summary| content.is_none() && summary.html && summary.value.contains('<'));
    let content = content.or(lone);
    let title = parsed
        .title
        .as_ref()
        .and_then(|title| plain_text(title, TITLE_CHARS));
    let mut people = authors(&parsed.authors, base, document.info.title.as_deref());
    if people.is_empty() {
        people.clone_from(&document.info.authors);
    }
    let content_html = content.map(|text| clean(text, base)).unwrap_or_default();
    let summary = summary.and_then(|text| plain_text(text, SUMMARY_CHARS));
    let head = Head {
        title: title.as_deref(),
        summary: summary.as_deref().filter(|_| lone.is_none()),
        authors: &people,
    };
    let stripped = furniture::strip(&content_html, &head);
    let (marked, sections) = sections::mark(&stripped.html, &people);
    let changed = (*marked != *content_html).then(|| html::sanitize(&marked, base));
    let standfirst = stripped.standfirst;
    let content_html = changed.unwrap_or(content_html);
    let text = text_of(&content_html);
    let summary = summary.or(standfirst);
    let summary_kind = summary
        .as_deref()
        .map(|summary| kind_of_summary(summary, &text));
    let (published, updated, date_precision) = dates(document, parsed, now);
    let channel = document.info.language.as_ref();
    let channel = channel.or(document.heard_language.as_ref());
    let entry_language = language(
        parsed.language.as_deref(),
        channel.map(String::as_str),
        summary
            .as_deref()
            .filter(|_| text.is_empty())
            .unwrap_or(&text),
    );
    let comments_url = parsed
        .comments_url
        .as_deref()
        .and_then(|url| absolute(base, url));
    let entry = Entry {
        id: identity.id.clone(),
        id_kind: identity.id_kind,
        url: identity.url.clone(),
        published,
        updated,
        details: Details {
            content_scope: match (&summary, content_html.is_empty() || lone.is_some()) {
                (_, false) => ContentScope::Full,
                (Some(_), true) => ContentScope::Summary,
                (None, true) => ContentScope::None,
            },
            summary,
            summary_kind,
            authors: people,
            date_precision,
            language: entry_language,
            image: image(&parsed.media, &content_html, title.as_deref(), base),
            attachments: attachments(&parsed.media, base),
            categories: parsed
                .categories
                .iter()
                .filter(|category| !category.term.trim().is_empty())
                .take(CATEGORIES)
                .cloned()
                .collect(),
            section: parsed.section.clone(),
            sections,
            rights: parsed
                .rights
                .as_ref()
                .and_then(|rights| plain_text(rights, TITLE_CHARS)),
            license_url: links(parsed, "license", base).into_iter().next(),
            comments: (comments_url.is_some() || parsed.comments_count.is_some()).then_some(
                Comments {
                    url: comments_url,
                    count: parsed.comments_count,
                },
            ),
            source: parsed.source.as_ref().and_then(|named| source(named, base)),
            related_urls: links(parsed, "related", base)
                .into_iter()
                .chain(links(parsed, "via", base))
                .collect(),
        },
        title,
        content_html,
    };
    Normalized { entry, text }
}

/// Which text is the summary and which the content.
fn bodies<'a>(
    document: &Document,
    parsed: &'a ParsedEntry,
) -> (Option<&'a Text>, Option<&'a Text>) {
    let given = |text: &'a Option<Text>| text.as_ref().filter(|text| !text.value.trim().is_empty());
    match (given(&parsed.summary), given(&parsed.content)) {
        (Some(lone), None) if document.is_rss && !is_summary_like(&lone.value) => {
            (None, Some(lone))
        }
        (summary, content) => (summary, content),
    }
}

fn is_summary_like(text: &str) -> bool {
    const BLOCKS: &[&str] = &[
        "<p",
        "<div",
        "<ul",
        "<ol",
        "<table",
        "<h1",
        "<h2",
        "<h3",
        "<blockquote",
        "<figure",
        "<br",
        "<img",
    ];
    let begins_block = |at| BLOCKS.iter().any(|block| text[at..].starts_with(block));
    text.chars().count() <= SUMMARY_LIKE_CHARS
        && !memchr_iter(b'<', text.as_bytes()).any(begins_block)
}

fn kind_of_summary(summary: &str, text: &str) -> SummaryKind {
    let start = summary.trim_end_matches(['.', '…', ']', '[', ' ']);
    let mut head = text.split_whitespace();
    let is_head = start
        .split_whitespace()
        .all(|word| head.next().is_some_and(|other| other.starts_with(word)));
    if is_head {
        SummaryKind::Excerpt
    } else {
        SummaryKind::Author
    }
}

fn clean(text: &Text, base: &Url) -> String {
    if text.html {
        html::sanitize(&text.value, base)
    } else {
        html::plain(&text.value)
    }
}

/// The feed that an entry names as its own, as far as it can be one.
fn source(named: &EntrySource, base: &Url) -> Option<EntrySource> {
    let is_scripting = |id: &str| {
        let scheme = id.split(':').next().unwrap_or_default();
        crate::text::is_scripting(scheme.trim())
    };
    let title = named.title.as_deref();
    let title = title.and_then(|title| plain(title, TITLE_CHARS));
    let source = EntrySource {
        id: named.id.clone().filter(|id| !is_scripting(id)),
        title,
        url: named.url.as_deref().and_then(|url| absolute(base, url)),
    };
    (source != EntrySource::default()).then_some(source)
}

/// Text without markup: one space, NFC, no controls, cut at `limit` characters; `None` when nothing is left.
fn plain_text(text: &Text, limit: usize) -> Option<String> {
    let value = within(&text.value, limit);
    if text.html && memchr2(b'<', b'&', value.as_bytes()).is_some() {
        line(&html::text(value), limit)
    } else {
        line(value, limit)
    }
}

/// Nobody writes that much markup around so little text.
fn within(value: &str, limit: usize) -> &str {
    &value[..value.floor_char_boundary(limit * 64)]
}

/// As [`plain_text`], of text that has no markup.
fn plain(value: &str, limit: usize) -> Option<String> {
    line(within(value, limit), limit)
}

/// [`tidied`] and cut.
fn line(text: &str, limit: usize) -> Option<String> {
    let text = text.trim();
    let mut out = if is_tidy(text) {
        text.to_owned()
    } else {
        tidied(text)
    };
    if out.len() > limit
        && let Some((end, _)) = out.char_indices().nth(limit)
    {
        out.truncate(end);
    }
    out.truncate(out.trim_end().len());
    (!out.is_empty()).then_some(out)
}

/// Whether [`tidied`] would change nothing.
fn is_tidy(text: &str) -> bool {
    let may_be_control = |byte: u8| (byte < 0x20) | (byte == 0x7F) | (byte == 0xC2);
    find(text.as_bytes(), 0, may_be_control).is_none()
        && is_evenly_spaced(text)
        && (text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes)
}

/// One space between words, NFC, no controls.
fn tidied(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.is_ascii() && !word.contains(char::is_control) {
            out.push_str(word);
        } else {
            out.extend(word.nfc().filter(|c| !c.is_control()));
        }
    }
    out
}

fn rel_of(link: &Link) -> &str {
    link.rel.as_deref().unwrap_or("alternate")
}

fn links(parsed: &ParsedEntry, rel: &str, base: &Url) -> Vec<String> {
    parsed
        .links
        .iter()
        .filter(|link| rel_of(link) == rel)
        .filter_map(|link| absolute(base, &link.href))
        .collect()
}

/// The page of an entry: an HTML alternate, any alternate, an id that is an address (`isPermaLink`).
fn entry_url(parsed: &ParsedEntry, base: &Url) -> Option<String> {
    let base = &join(base, parsed.base.as_deref());
    let alternates = || {
        parsed
            .links
            .iter()
            .filter(|link| rel_of(link) == "alternate")
    };
    let is_html = |link: &&Link| {
        link.media_type
            .as_deref()
            .is_some_and(|kind| kind.contains("html"))
    };
    alternates()
        .filter(is_html)
        .chain(alternates().filter(|link| link.media_type.is_none()))
        .chain(alternates())
        .find_map(|link| absolute(base, &link.href))
}

fn join(base: &Url, reference: Option<&str>) -> Url {
    reference
        .and_then(|reference| base.join(reference.trim()).ok())
        .unwrap_or_else(|| base.clone())
}

/// An absolute http(s) URL.
fn absolute(base: &Url, reference: &str) -> Option<String> {
    let reference = reference.trim();
    if reference.is_empty() {
        return None;
    }
    if url::is_settled(reference) {
        return Some(reference.to_owned());
    }
    if let Some(url) = url::settled_at(base, reference) {
        return Some(url);
    }
    let url = base.join(reference).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
