//! Articles and parsed feeds as the JSON of the contract; `docs/json.md` describes it for users.
//!
//! Each shape is a struct, so that the order of keys is the documented one and a key is never missing: what is
//! absent is `null` or `[]`. The structs borrow what they show; `serde_json` writes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model;
use crate::model::{
    Attachment, Author, Category, Comments, ContentScope, DatePrecision, EntryRef, EntrySource,
    FeedInfo, IdKind, Image, Section, Signals, SummaryKind,
};

/// An article: the fields of its representative entry, and what is known of it here.
#[derive(Debug, Serialize)]
pub struct Article<'a> {
    #[serde(flatten)]
    fields: Entry<'a>,
    urls: Vec<&'a str>,
    publisher: Publisher<'a>,
    first_seen: DateTime<Utc>,
    last_seen: DateTime<Utc>,
    revision: u32,
    entries: &'a [EntryRef],
    related: &'a [model::Related],
    provenance: BTreeMap<&'a str, String>,
    extraction: Option<&'a model::Extraction>,
}

/// An entry as one source published it.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    id: &'a str,
    id_kind: IdKind,
    url: Option<&'a str>,
    title: Option<&'a str>,
    summary: Option<&'a str>,
    summary_kind: Option<SummaryKind>,
    content_html: Option<&'a str>,
    content_text: Option<String>,
    content_scope: ContentScope,
    authors: &'a [Author],
    published: Option<DateTime<Utc>>,
    updated: Option<DateTime<Utc>>,
    date_precision: DatePrecision,
    language: Option<&'a str>,
    image: Option<&'a Image>,
    attachments: &'a [Attachment],
    categories: &'a [Category],
    section: Option<&'a str>,
    sections: &'a [Section],
    rights: Option<&'a str>,
    license_url: Option<&'a str>,
    comments: Option<&'a Comments>,
    word_count: Option<u64>,
    reading_time: Option<u64>,
    source: Option<&'a EntrySource>,
    related_urls: &'a [String],
}

/// Who publishes an article: the feed it came from, for the time being.
#[derive(Debug, Serialize)]
struct Publisher<'a> {
    name: &'a str,
    url: Option<&'a str>,
    logo: Option<&'a str>,
}

/// A feed document and its entries.
#[derive(Debug, Serialize)]
pub struct Feed<'a> {
    format: &'a str,
    title: Option<&'a str>,
    home_url: Option<&'a str>,
    self_url: Option<&'a str>,
    hub_urls: &'a [String],
    language: Option<&'a str>,
    updated: Option<DateTime<Utc>>,
    image_url: Option<&'a str>,
    hints: Hints<'a>,
    recovered: Vec<&'a str>,
    entries: Vec<Entry<'a>>,
}

/// What a document says about its pace.
#[derive(Debug, Serialize)]
struct Hints<'a> {
    ttl_seconds: Option<u64>,
    skip_hours: &'a [u8],
    skip_days: Vec<&'static str>,
    update_period_seconds: Option<u64>,
}

/// A line of `export --format jsonl`: an article, and what `import` needs to make it again.
#[derive(Debug, Serialize)]
pub struct Exported<'a> {
    #[serde(flatten)]
    article: Article<'a>,
    kept: &'a model::Kept,
}

/// The JSON of an article with all that is kept of it (`export --format jsonl`).
pub fn exported<'a>(article: &'a model::Article, kept: &'a model::Kept) -> Exported<'a> {
    Exported {
        article: self::article(article),
        kept,
    }
}

/// The JSON of an article. `published` and `updated` are the publisher's own dates.
pub fn article(article: &model::Article) -> Article<'_> {
    Article {
        fields: Entry {
            id: &article.id,
            ..entry(&article.entry)
        },
        urls: other_urls(article),
        publisher: publisher(article),
        first_seen: article.first_seen,
        last_seen: article.last_seen,
        revision: article.revision,
        entries: &article.entries,
        related: &article.related,
        provenance: provenance(article),
        extraction: article.page.as_ref().map(|page| &page.extraction),
    }
}

/// What the page says, else the feed that it came from.
fn publisher(article: &model::Article) -> Publisher<'_> {
    let said = article
        .page
        .as_ref()
        .and_then(|page| page.publisher.as_ref());
    let origin = &article.origin;
    match said {
        Some(said) => Publisher {
            name: &said.name,
            url: said.url.as_deref().or(origin.info.home_url.as_deref()),
            logo: said.logo.as_deref().or(origin.info.image_url.as_deref()),
        },
        None => Publisher {
            name: &origin.title,
            url: origin.info.home_url.as_deref(),
            logo: origin.info.image_url.as_deref(),
        },
    }
}

/// Where fields come from: the page, or another entry. Of an article whose page was read, all that are there; what is
/// not the page's is the feed's.
fn provenance(article: &model::Article) -> BTreeMap<&str, String> {
    let mut out = BTreeMap::new();
    if let Some(page) = &article.page {
        let (entry, details) = (&article.entry, &article.entry.details);
        let there = [
            ("title", entry.title.is_some()),
            ("url", entry.url.is_some()),
            ("summary", details.summary.is_some()),
            ("content", !entry.content_html.is_empty()),
            ("authors", !details.authors.is_empty()),
            ("published", entry.published.is_some()),
            ("updated", entry.updated.is_some()),
            ("image", details.image.is_some()),
            ("categories", !details.categories.is_empty()),
        ];
        out.extend(
            { there.into_iter() }
                .filter(|(_, there)| *there)
                .map(|(field, _)| (field, "feed".to_owned())),
        );
        out.extend(
            page.provenance
                .iter()
                .map(|(field, from)| (field.as_str(), from.clone())),
        );
    }
    out.extend(
        { article.filled.iter() }.map(|filled| (filled.field, format!("entry:{}", filled.source))),
    );
    out
}

/// A page as `extract` prints it: the fields of an entry, and how they were found.
#[derive(Debug, Serialize)]
pub struct Page<'a> {
    #[serde(flatten)]
    fields: Entry<'a>,
    publisher: Option<&'a model::Publisher>,
    provenance: &'a BTreeMap<String, model::PageField>,
    extraction: &'a model::Extraction,
}

/// The JSON of a page (`extract`).
pub fn page(page: &model::PageArticle) -> Page<'_> {
    Page {
        fields: entry(&page.entry),
        publisher: page.publisher.as_ref(),
        provenance: &page.provenance,
        extraction: &page.extraction,
    }
}

/// The JSON of an entry.
pub fn entry(entry: &model::Entry) -> Entry<'_> {
    let details = &entry.details;
    let text = super::text_of(entry);
    Entry {
        id: &entry.id,
        id_kind: entry.id_kind,
        url: entry.url.as_deref(),
        title: entry.title.as_deref(),
        summary: details.summary.as_deref(),
        summary_kind: details.summary_kind,
        content_html: Some(entry.content_html.as_str()).filter(|html| !html.is_empty()),
        content_scope: details.content_scope,
        authors: &details.authors,
        published: entry.published,
        updated: entry.updated,
        date_precision: details.date_precision,
        language: details.language.as_deref(),
        image: details.image.as_ref(),
        attachments: &details.attachments,
        categories: &details.categories,
        section: details.section.as_deref(),
        sections: &details.sections,
        rights: details.rights.as_deref(),
        license_url: details.license_url.as_deref(),
        comments: details.comments.as_ref(),
        word_count: text.as_deref().map(crate::text::word_count),
        reading_time: running_seconds(&details.attachments)
            .or_else(|| text.as_deref().map(crate::text::reading_seconds)),
        source: details.source.as_ref(),
        related_urls: &details.related_urls,
        content_text: text,
    }
}

/// The JSON of a whole document (`parse`). `format` is the dialect's name, `recovered` the repairs it needed.
pub fn feed<'a>(
    format: &'a str,
    info: &'a FeedInfo,
    signals: &'a Signals,
    recovered: Vec<&'a str>,
    entries: &'a [model::Entry],
) -> Feed<'a> {
    Feed {
        format,
        title: info.title.as_deref(),
        home_url: info.home_url.as_deref(),
        self_url: info.self_url.as_deref(),
        hub_urls: &info.hub_urls,
        language: info.language.as_deref(),
        updated: info.updated,
        image_url: info.image_url.as_deref(),
        hints: hints(signals),
        recovered,
        entries: entries.iter().map(entry).collect(),
    }
}

fn hints(signals: &Signals) -> Hints<'_> {
    let name = |day: &u8| DAYS.get(usize::from(*day)).copied();
    Hints {
        ttl_seconds: signals.ttl.map(|ttl| ttl.as_secs()),
        skip_hours: &signals.skip_hours,
        skip_days: signals.skip_days.iter().filter_map(name).collect(),
        update_period_seconds: signals.update_period.map(|period| period.as_secs()),
    }
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Every address of an article but the one it is shown with, each once.
fn other_urls(article: &model::Article) -> Vec<&str> {
    let mut urls = Vec::new();
    for url in article
        .entries
        .iter()
        .filter_map(|entry| entry.url.as_deref())
    {
        if article.entry.url.as_deref() != Some(url) && !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// What is heard or watched takes as long as it runs, not as long as its notes take to read.
fn running_seconds(attachments: &[Attachment]) -> Option<u64> {
    let runs = |attachment: &&Attachment| {
        let kind = attachment.mime_type.as_deref().unwrap_or_default();
        kind.starts_with("audio/") || kind.starts_with("video/")
    };
    attachments
        .iter()
        .filter(runs)
        .find_map(|attachment| attachment.duration)
        .map(|length| length.0.div_ceil(1000))
}

#[cfg(test)]
mod tests;
