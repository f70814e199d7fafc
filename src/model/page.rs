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

    /// Puts the page's fields in place of the feed's, and leaves only what says how they were found.
    pub fn apply(&mut self, entry: &mut Entry) {
        let of_extraction = self.extraction.clone();
        let rest = Self {
            publisher: self.publisher.take(),
            provenance: std::mem::take(&mut self.provenance),
            extraction: of_extraction,
            ..Self::none()
        };
        std::mem::replace(self, rest).put_into(entry);
    }

    fn put_into(self, entry: &mut Entry) {
        let details = &mut entry.details;
        entry.title = self.title.or(entry.title.take());
        entry.url = self.url.or(entry.url.take());
        entry.published = self.published.or(entry.published);
        entry.updated = self.updated.or(entry.updated);
        if let Some(html) = self.content_html {
            entry.content_html = html;
        }
        if self.summary.is_some() {
            details.summary = self.summary;
            details.summary_kind = self.summary_kind;
        }
        details.date_precision = self.date_precision.unwrap_or(details.date_precision);
        details.authors = self.authors.unwrap_or(std::mem::take(&mut details.authors));
        details.image = self.image.or(details.image.take());
        details.language = self.language.or(details.language.take());
        details.categories = self
            .categories
            .unwrap_or(std::mem::take(&mut details.categories));
        details.section = self.section.or(details.section.take());
        details.sections = self
            .sections
            .unwrap_or(std::mem::take(&mut details.sections));
        details.license_url = self.license_url.or(details.license_url.take());
        details.content_scope = self.content_scope.unwrap_or(details.content_scope);
    }
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
