//! The page behind an entry: what was found on it, and what became of fetching it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Entry, Publisher};

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

/// CSS selectors of a source whose pages the rules get wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageRules {
    /// Where the article stands; empty: found by rule.
    pub content: Vec<String>,
    /// What never belongs to it.
    pub remove: Vec<String>,
}
