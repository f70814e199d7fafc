//! The page behind an entry: what was found on it, and what became of fetching it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Author, Category, ContentScope, DatePrecision, Entry, Image, Publisher, Section, SummaryKind,
};

/// What on a page gave a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageField {
    /// `application/ld+json`.
    #[serde(rename = "page:jsonld")]
    Jsonld,
    /// `og:`, `article:` and other meta elements of its kind.
    #[serde(rename = "page:opengraph")]
    Opengraph,
    /// `itemprop`.
    #[serde(rename = "page:microdata")]
    Microdata,
    /// Elements of the page itself.
    #[serde(rename = "page:dom")]
    Dom,
    /// The extracted body.
    #[serde(rename = "page:extractor")]
    Extractor,
}

impl PageField {
    /// As provenance shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonld => "page:jsonld",
            Self::Opengraph => "page:opengraph",
            Self::Microdata => "page:microdata",
            Self::Dom => "page:dom",
            Self::Extractor => "page:extractor",
        }
    }
}

/// What became of reading a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStatus {
    /// The article is there.
    Full,
    /// A paywall cut it.
    Partial,
    /// The page gave no body that could be taken for the article's; `reason` says why.
    Kept,
    /// The page could not be had or read; `reason` says why.
    Failed,
}

/// How a page was read, as `extraction` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// What reads bodies, with its version.
    pub extractor: String,
    /// Version of Feedmill's own rules around it.
    pub version: u32,
    /// When the page was fetched.
    pub fetched_at: DateTime<Utc>,
    /// What came of it.
    pub status: PageStatus,
    /// Why there is no body, or only part of one.
    pub reason: Option<String>,
    /// Share of the page's text that the body is, 0 to 1.
    pub score: Option<f64>,
}

/// A page in the article schema.
#[derive(Clone, Debug, PartialEq)]
pub struct PageArticle {
    /// The fields; `id` is the address of the page. `content_html` is empty when there is no body.
    pub entry: Entry,
    /// [`crate::text::text_of`] its content.
    pub text: String,
    /// Who publishes it.
    pub publisher: Option<Publisher>,
    /// What gave each field.
    pub provenance: BTreeMap<String, PageField>,
    /// How it was read.
    pub extraction: Extraction,
}

/// What of a page belongs to an article: a field that is `None` stays as the feed has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageFields {
    /// Title.
    pub title: Option<String>,
    /// The canonical address.
    pub url: Option<String>,
    /// Date of publication.
    pub published: Option<DateTime<Utc>>,
    /// Date of the last change.
    pub updated: Option<DateTime<Utc>>,
    /// How far `published` can be believed.
    pub date_precision: Option<DatePrecision>,
    /// Standfirst.
    pub summary: Option<String>,
    /// Written or cut.
    pub summary_kind: Option<SummaryKind>,
    /// In published order.
    pub authors: Option<Vec<Author>>,
    /// Lead picture.
    pub image: Option<Image>,
    /// BCP 47.
    pub language: Option<String>,
    /// Subjects.
    pub categories: Option<Vec<Category>>,
    /// `articleSection`.
    pub section: Option<String>,
    /// Labelled parts of the content.
    pub sections: Option<Vec<Section>>,
    /// Licence.
    pub license_url: Option<String>,
    /// How much the content holds.
    pub content_scope: Option<ContentScope>,
    /// Sanitized HTML.
    #[serde(skip)]
    pub content_html: Option<String>,
    /// Who publishes it.
    pub publisher: Option<Publisher>,
    /// Field → what on the page gave it.
    pub provenance: BTreeMap<String, String>,
    /// How the page was read.
    pub extraction: Extraction,
}

impl Default for PageFields {
    fn default() -> Self {
        Self::none()
    }
}

impl PageFields {
    /// Nothing.
    pub fn none() -> Self {
        Self {
            title: None,
            url: None,
            published: None,
            updated: None,
            date_precision: None,
            summary: None,
            summary_kind: None,
            authors: None,
            image: None,
            language: None,
            categories: None,
            section: None,
            sections: None,
            license_url: None,
            content_scope: None,
            content_html: None,
            publisher: None,
            provenance: BTreeMap::new(),
            extraction: Extraction::failed(String::new(), DateTime::UNIX_EPOCH),
        }
    }

    /// Lays the page's fields over the feed's, and leaves only what says how they were found. What the page only filled is
    /// the feed's wherever that has it by now, and so is what it says better.
    pub fn apply(&mut self, entry: &mut Entry) {
        let of_extraction = self.extraction.clone();
        let mut rest = Self {
            publisher: self.publisher.take(),
            provenance: std::mem::take(&mut self.provenance),
            extraction: of_extraction,
            ..Self::none()
        };
        for lost in std::mem::take(self).put_into(entry) {
            rest.provenance.remove(lost);
        }
        *self = rest;
    }

    /// Names of the fields that the feed kept.
    fn put_into(self, entry: &mut Entry) -> Vec<&'static str> {
        let details = &mut entry.details;
        let mut kept = Vec::new();
        let mut keep = |field, is_kept: bool| {
            if is_kept {
                kept.push(field);
            }
            !is_kept
        };
        let own = entry.title.as_deref();
        let is_worse = |title: &String| own.is_none_or(|own| is_cut_from(own, title));
        if let Some(title) = self.title
            && keep("title", !is_worse(&title))
        {
            entry.title = Some(title);
        }
        entry.url = self.url.or(entry.url.take());
        if self.published.is_some() && keep("published", entry.published.is_some()) {
            entry.published = self.published;
            details.date_precision = self.date_precision.unwrap_or(details.date_precision);
        }
        if self.updated.is_some() && keep("updated", entry.updated.is_some()) {
            entry.updated = self.updated;
        }
        if let Some(html) = self.content_html {
            entry.content_html = html;
        }
        if self.summary.is_some() && keep("summary", details.summary.is_some()) {
            details.summary = self.summary;
            details.summary_kind = self.summary_kind;
        }
        if let Some(authors) = self.authors
            && keep("authors", !names_more(&authors, &details.authors))
        {
            details.authors = authors;
        }
        if let Some(image) = self.image {
            let is_better = |own: &Image| is_wide(own) && !is_same_file(&own.url, &image.url);
            if keep("image", details.image.as_ref().is_some_and(is_better)) {
                details.image = Some(image);
            }
        }
        if self.language.is_some() && keep("language", details.language.is_some()) {
            details.language = self.language;
        }
        if let Some(categories) = self.categories
            && keep("categories", !details.categories.is_empty())
        {
            details.categories = categories;
        }
        if self.section.is_some() && keep("section", details.section.is_some()) {
            details.section = self.section;
        }
        details.sections = self
            .sections
            .unwrap_or(std::mem::take(&mut details.sections));
        if self.license_url.is_some() && keep("license_url", details.license_url.is_some()) {
            details.license_url = self.license_url;
        }
        details.content_scope = self.content_scope.unwrap_or(details.content_scope);
        kept
    }
}

/// A picture of the feed that is this wide, in pixels, stands.
const WIDE: u32 = 600;

/// Whether a picture is wide enough to stand, as far as that is known.
pub fn is_wide(image: &Image) -> bool {
    image.width.is_some_and(|width| width >= WIDE)
}

/// Whether two addresses are those of one file, in sizes of its own.
pub fn is_same_file(one: &str, other: &str) -> bool {
    one.split('?').next() == other.split('?').next()
}

/// Whether a title ends in an ellipsis, and the other goes on.
pub fn is_cut_from(cut: &str, whole: &str) -> bool {
    let start = cut.strip_suffix('…').or_else(|| cut.strip_suffix("..."));
    start.is_some_and(|start| whole.starts_with(start.trim_end()))
}

/// Whether a page's names are worth more than the feed's `own`: there are none, or fewer.
pub fn names_more(named: &[Author], own: &[Author]) -> bool {
    own.is_empty() || named.len() > own.len().max(1)
}

/// What a page said of an article, besides the fields that it fills.
#[derive(Clone, Debug, PartialEq)]
pub struct PageSaid {
    /// Who publishes it.
    pub publisher: Option<Publisher>,
    /// Field → what on the page gave it.
    pub provenance: BTreeMap<String, String>,
    /// How it was read.
    pub extraction: Extraction,
}

impl PageFields {
    /// How the fields were found.
    pub fn into_seen(self) -> PageSaid {
        PageSaid {
            publisher: self.publisher,
            provenance: self.provenance,
            extraction: self.extraction,
        }
    }
}

impl Extraction {
    /// A page that could not be had or read.
    pub fn failed(reason: String, fetched_at: DateTime<Utc>) -> Self {
        Self {
            extractor: String::new(),
            version: 0,
            fetched_at,
            status: PageStatus::Failed,
            reason: Some(reason),
            score: None,
        }
    }
}

/// When the pages of a source's entries are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FullText {
    /// Not at all.
    #[default]
    Never,
    /// For entries whose feed gives no text, or a short or cut one.
    WhenShort,
    /// For every new entry.
    Always,
}

/// What a source wants of the pages of its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pages {
    /// When they are fetched.
    pub full_text: FullText,
    /// Where the rules for finding an article fail.
    pub rules: PageRules,
}

/// CSS selectors of a source whose pages the rules get wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageRules {
    /// Where the article stands; empty: found by rule.
    pub content: Vec<String>,
    /// What never belongs to it.
    pub remove: Vec<String>,
}
