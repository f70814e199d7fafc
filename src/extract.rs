//! A page → one article: its body, and what the page says of it. Pure; nothing is fetched here.
//!
//! [`extract`] decodes the bytes, refuses what is no page or would cost too much (`source`), reads the metadata
//! (`meta`), makes paragraphs of broken lines (`breaks`), takes labelled sections out and puts them back (`labelled`)
//! around the extractor, which is the crate trafilatura (`body`), and says whether what came out is the article's
//! (`judge`). `docs/extraction.md` has the rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use crate::model::{
    ContentScope, DatePrecision, Details, Entry, Extraction, IdKind, PageArticle, PageField,
    PageRules, PageStatus,
};
use crate::normalize::page;
use crate::text::text_of;

pub use merge::merge;

use judge::NoArticle;

mod body;
mod breaks;
mod dom;
mod embeds;
mod inline;
mod json_ld;
mod judge;
mod labelled;
mod merge;
mod meta;
mod source;
#[cfg(test)]
mod tests;
mod trim;

/// What reads bodies, as `extraction` shows it.
pub const EXTRACTOR: &str = "trafilatura 0.6.0";
/// Version of the rules around it.
pub const VERSION: u32 = 1;

/// Larger pages are not read, on the wire or decoded.
pub const MOST_BYTES: usize = 4 << 20;

/// Stack that [`extract`] is sure to come along with: the tree is walked by recursion.
pub const STACK_BYTES: usize = 16 << 20;

/// A page as it was fetched.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Content decoding undone.
    pub body: &'a [u8],
    /// `Content-Type` as it came.
    pub content_type: Option<&'a str>,
    /// Where it was found, after redirects.
    pub url: &'a Url,
    /// Where it was asked for; `None`: there.
    pub asked: Option<&'a Url>,
    /// When.
    pub fetched_at: DateTime<Utc>,
    /// Zone of dates without one; `None`: UTC.
    pub zone: Option<Tz>,
}

/// Why a page was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something else than HTML.
    #[error("not a page but {what}")]
    NotHtml {
        /// What it is, by its type or its bytes.
        what: String,
    },
    /// Over the limit of bytes.
    #[error("a page of {bytes} bytes is too large (limit {} MiB)", MOST_BYTES >> 20)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Over the limit of nesting.
    #[error("elements nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Over the limit of elements.
    #[error("more than {limit} elements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Before a tree is made its size cannot be told.
    #[error("markup that parsers do not agree on")]
    Unsure,
}

/// Reads a page. A page that cannot be read whole gives what its head says, with the reason in `extraction`.
///
/// # Errors
/// [`Refused`] when it is no page.
pub fn extract(given: &Page<'_>, rules: &PageRules) -> Result<PageArticle, Refused> {
    let read = source::text(given.body, given.content_type)
        .map(|text| inline::without_marks(text.into_owned()))
        .and_then(|text| Ok((source::tree(&text)?, text)));
    let (tree, text, refused) = match read {
        Ok((tree, text)) => (tree, text, None),
        Err(refused @ Refused::NotHtml { .. }) => return Err(refused),
        Err(refused) => {
            let head = source::head(given.body, given.content_type);
            let head = inline::without_marks(head.into_owned());
            let tree = source::tree(&head).unwrap_or_else(|_| dom::Tree::parse(""));
            (tree, head, Some(refused))
        }
    };
    let head = meta::Head::read(&tree);
    let facts = meta::read(&tree, &head, given.url, given.zone, given.fetched_at);
    let (is_free, words) = (facts.is_free, facts.words);
    let read = match refused {
        None => body::read(&text, tree, &facts, rules, given.url),
        Some(_) => body::Read::nothing(),
    };
    let mut page = article(facts, read, given);
    let verdict = judge::is_none(&page, given.asked.unwrap_or(given.url), given.url);
    let (reason, is_other) = match (refused, verdict) {
        (_, Some(NoArticle::InItsPlace(reason))) => (Some(reason), true),
        (Some(refused), _) => (Some(refused.to_string()), false),
        (None, Some(NoArticle::WithoutText(reason))) => (Some(reason), false),
        (None, None) => (None, false),
    };
    if let Some(reason) = reason {
        page.extraction.status = PageStatus::Kept;
        page.extraction.reason = Some(reason);
        if is_other {
            without_head(&mut page, given.url);
        }
        without_body(&mut page);
    } else if judge::is_cut(&page.text, is_free, words) {
        page.extraction.status = PageStatus::Partial;
        page.extraction.reason = Some("cut by a paywall".to_owned());
        page.entry.details.content_scope = ContentScope::Partial;
    }
    Ok(page)
}

/// Takes blocks out of a page's body that `is_furniture` knows by their text, unless they are half of it; a lead picture
/// that it knows by its address goes too.
pub fn without(
    mut page: PageArticle,
    is_furniture: impl Fn(&str) -> bool,
    base: &Url,
) -> PageArticle {
    let image = page.entry.details.image.as_ref();
    if image.is_some_and(|image| is_furniture(&image.url)) {
        page.entry.details.image = None;
        page.provenance.remove("image");
    }
    let html = &page.entry.content_html;
    let (mut kept, mut written) = (String::with_capacity(html.len()), 0);
    for piece in page::pieces(html) {
        let text = text_of(&html[piece.outer.clone()]);
        if !text.is_empty() && is_furniture(&text) {
            kept.push_str(&html[written..piece.outer.start]);
            written = piece.outer.end;
        }
    }
    kept.push_str(&html[written..]);
    if written == 0 || 2 * text_of(&kept).len() < page.text.len() {
        return page;
    }
    let details = &mut page.entry.details;
    let (title, summary) = (page.entry.title.as_deref(), details.summary.as_deref());
    let body = page::body(&kept, base, title, summary, &details.authors);
    details.sections = body.sections;
    page.entry.content_html = body.html;
    page.text = body.text;
    page
}

/// Takes away what a page says that stands in the article's place.
fn without_head(page: &mut PageArticle, url: &Url) {
    page.entry = Entry {
        id: url.to_string(),
        id_kind: IdKind::Link,
        url: None,
        title: None,
        published: None,
        updated: None,
        content_html: String::new(),
        details: Details::default(),
    };
    page.publisher = None;
    page.provenance.clear();
}

/// Takes away what is not the article's.
fn without_body(page: &mut PageArticle) {
    let details = &mut page.entry.details;
    page.entry.content_html.clear();
    page.text.clear();
    page.provenance.remove("content");
    details.sections.clear();
    details.content_scope = match &details.summary {
        Some(_) => ContentScope::Summary,
        None => ContentScope::None,
    };
    page.extraction.score = None;
}

fn article(facts: meta::Facts, read: body::Read, given: &Page<'_>) -> PageArticle {
    let mut provenance = BTreeMap::new();
    let mut note = |field: &str, from: Option<PageField>| {
        if let Some(from) = from {
            provenance.insert(field.to_owned(), from);
        }
    };
    let is_empty = read.body.text.is_empty();
    let body_from = if read.by_selector {
        PageField::Dom
    } else {
        PageField::Extractor
    };
    note("title", facts.title.as_ref().map(|title| title.from));
    note(
        "summary",
        facts.summary.as_ref().map(|summary| summary.from),
    );
    note(
        "authors",
        facts.authors.as_ref().map(|authors| authors.from),
    );
    note("published", facts.published.as_ref().map(|date| date.from));
    note("updated", facts.updated.as_ref().map(|date| date.from));
    note("image", facts.image.as_ref().map(|image| image.from));
    note("content", (!is_empty).then_some(body_from));
    let summary = facts
        .summary
        .map(|summary| summary.value)
        .or(read.body.standfirst);
    let scope = match (is_empty, &summary) {
        (false, _) => ContentScope::Full,
        (true, Some(_)) => ContentScope::Summary,
        (true, None) => ContentScope::None,
    };
    let precision = match &facts.published {
        Some(date) if date.value.is_day => DatePrecision::Day,
        Some(_) => DatePrecision::Instant,
        None => DatePrecision::Inferred,
    };
    let address = facts.url.clone().unwrap_or_else(|| given.url.to_string());
    let entry = Entry {
        id: address.clone(),
        id_kind: IdKind::Link,
        url: Some(address),
        title: facts.title.map(|title| title.value),
        published: facts.published.map(|date| date.value.at),
        updated: facts.updated.map(|date| date.value.at),
        content_html: read.body.html,
        details: Details {
            summary_kind: summary
                .as_deref()
                .map(|summary| page::summary_kind(summary, &read.body.text)),
            language: page::language_of(facts.language.as_deref(), &read.body.text),
            summary,
            content_scope: scope,
            authors: facts
                .authors
                .map(|authors| authors.value)
                .unwrap_or_default(),
            date_precision: precision,
            image: facts.image.map(|image| image.value),
            categories: facts.categories,
            section: facts.section,
            sections: read.body.sections,
            license_url: facts.license_url,
            ..Details::default()
        },
    };
    PageArticle {
        entry,
        text: read.body.text,
        publisher: facts.publisher,
        provenance,
        extraction: Extraction {
            extractor: EXTRACTOR.to_owned(),
            version: VERSION,
            fetched_at: given.fetched_at,
            status: PageStatus::Full,
            reason: None,
            score: Some((read.share * 1000.0).round() / 1000.0),
        },
    }
}
