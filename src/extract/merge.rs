//! Feed against page, field by field: the feed's title, dates and categories stand; the page's content does when it is
//! longer and about the same, and with it what only a page tells.

use std::collections::BTreeMap;

use super::judge;
use crate::model::{
    Entry, PageArticle, PageFields, PageStatus, is_cut_from, is_same_file, is_wide, names_more,
};

/// What of a page belongs to the article of `feed`, whose text is `feed_text`.
pub fn merge(feed: &Entry, feed_text: &str, found: PageArticle) -> PageFields {
    let verdict = judge::compare(feed, feed_text, &found);
    let mut extraction = found.extraction;
    if let Some(reason) = verdict.reason {
        extraction.status = PageStatus::Kept;
        extraction.reason = Some(reason);
    }
    let mut out = PageFields {
        extraction,
        ..PageFields::none()
    };
    if verdict.is_other {
        return out;
    }
    let mut provenance = BTreeMap::new();
    let page_provenance = found.provenance;
    let (page, details) = (found.entry, &feed.details);
    let mut take = |field: &str, wins: bool, has: bool| {
        let wins = wins && has;
        if wins {
            let from = page_provenance
                .get(field)
                .map_or("page:dom", |from| from.name());
            provenance.insert(field.to_owned(), from.to_owned());
        }
        wins
    };
    let is_cut = feed.title.as_deref().is_some_and(|cut| {
        page.title
            .as_deref()
            .is_some_and(|title| is_cut_from(cut, title))
    });
    if take(
        "title",
        feed.title.is_none() || is_cut,
        page.title.is_some(),
    ) {
        out.title = page.title;
    }
    let is_new = page.url != feed.url;
    if take("url", is_new, page.url.is_some()) {
        out.url = page.url;
    }
    if take(
        "published",
        feed.published.is_none(),
        page.published.is_some(),
    ) {
        out.published = page.published;
        out.date_precision = Some(page.details.date_precision);
    }
    let published = feed.published.or(page.published);
    let is_later = page
        .updated
        .is_some_and(|updated| published.is_none_or(|published| updated >= published));
    if take(
        "updated",
        feed.updated.is_none() && is_later,
        page.updated.is_some(),
    ) {
        out.updated = page.updated;
    }
    if take(
        "summary",
        details.summary.is_none(),
        page.details.summary.is_some(),
    ) {
        out.summary = page.details.summary;
        out.summary_kind = page.details.summary_kind;
    }
    let is_more = names_more(&page.details.authors, &details.authors);
    if take("authors", is_more, !page.details.authors.is_empty()) {
        out.authors = Some(page.details.authors);
    }
    let is_wide = details.image.as_ref().is_some_and(is_wide);
    match (&details.image, page.details.image) {
        // The same picture: what the page says of it is added.
        (Some(own), Some(other)) if is_wide || is_same_file(&own.url, &other.url) => {
            if is_same_file(&own.url, &other.url) {
                let mut image = own.clone();
                let is_told = image.alt.is_none() && other.alt.is_some()
                    || image.credit.is_none() && other.credit.is_some()
                    || image.caption.is_none() && other.caption.is_some();
                image.alt = image.alt.or(other.alt);
                image.caption = image.caption.or(other.caption);
                image.credit = image.credit.or(other.credit);
                image.width = image.width.or(other.width);
                image.height = image.height.or(other.height);
                if take("image", is_told, true) {
                    out.image = Some(image);
                }
            }
        }
        (_, Some(other)) => {
            if take("image", true, true) {
                out.image = Some(other);
            }
        }
        (_, None) => {}
    }
    if take(
        "language",
        details.language.is_none(),
        page.details.language.is_some(),
    ) {
        out.language = page.details.language;
    }
    if take(
        "categories",
        details.categories.is_empty(),
        !page.details.categories.is_empty(),
    ) {
        out.categories = Some(page.details.categories);
    }
    if take(
        "section",
        details.section.is_none(),
        page.details.section.is_some(),
    ) {
        out.section = page.details.section;
    }
    if take(
        "license_url",
        details.license_url.is_none(),
        page.details.license_url.is_some(),
    ) {
        out.license_url = page.details.license_url;
    }
    if verdict.takes_content && take("content", true, !page.content_html.is_empty()) {
        out.content_html = Some(page.content_html);
        out.content_scope = Some(page.details.content_scope);
        if !page.details.sections.is_empty() || !details.sections.is_empty() {
            provenance.insert("sections".to_owned(), "page:extractor".to_owned());
            out.sections = Some(page.details.sections);
        }
    }
    out.publisher = found.publisher;
    out.provenance = provenance;
    out
}
