//! What every format shows of an article: one walk, so that all formats say the same.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Channel;
use super::text::{beginning, title};
use crate::model::{Article, Author, AuthorRole, Category, SummaryKind};

/// An article as a channel shows it.
pub(super) struct Shown<'a> {
    pub(super) article: &'a Article,
    /// Never empty; the channel's prefix is before it. Text.
    pub(super) title: String,
    /// Text; `None`: there is none. May be an excerpt of the content.
    pub(super) summary: Option<Cow<'a, str>>,
    /// The summary is cut from the content that is shown as well.
    pub(super) is_excerpt: bool,
    /// Sanitized HTML; `None` where the channel carries summaries only or there is none.
    pub(super) content: Option<&'a str>,
    /// Who wrote it: never empty.
    pub(super) authors: Vec<Cow<'a, Author>>,
    /// Who helped.
    pub(super) contributors: Vec<&'a Author>,
    /// Each term once in each scheme; the section of the paper among them.
    pub(super) categories: Vec<Cow<'a, Category>>,
    /// Addresses beside the article's own, each once.
    pub(super) related: Vec<&'a str>,
}

/// Walks over an article.
pub(super) fn shown<'a>(channel: &Channel, article: &'a Article) -> Shown<'a> {
    let entry = &article.entry;
    let prefix = channel
        .title_prefix
        .replace("{source}", &article.origin.title);
    let content =
        Some(entry.content_html.as_str()).filter(|html| !channel.summary_only && !html.is_empty());
    let mut summary = entry.details.summary.as_deref().map(Cow::Borrowed);
    if channel.summary_only && summary.is_none() {
        summary = super::text_of(entry)
            .map(|text| beginning(&text, SUMMARY_CHARACTERS))
            .map(Cow::Owned);
    }
    Shown {
        article,
        title: format!("{prefix}{}", title(article)),
        summary,
        is_excerpt: content.is_some() && entry.details.summary_kind == Some(SummaryKind::Excerpt),
        content,
        authors: authors(article),
        contributors: contributors(article),
        categories: categories(article),
        related: related(article),
    }
}

/// An article where outputs carry summaries only. The summary is made before the content goes.
pub fn without_content(article: &Article) -> Article {
    let mut article = article.clone();
    let details = &mut article.entry.details;
    details.sections.clear();
    if details.summary.is_none() && !article.entry.content_html.is_empty() {
        let text = crate::text::text_of(&article.entry.content_html);
        details.summary = Some(beginning(&text, SUMMARY_CHARACTERS));
        details.summary_kind = Some(SummaryKind::Excerpt);
    }
    if article.entry.title.is_none() {
        article.entry.title = Some(title(&article).into_owned());
    }
    article.entry.content_html.clear();
    article
}

/// Length of a summary that is cut from the content.
pub(super) const SUMMARY_CHARACTERS: usize = 300;

/// The entry's own authors, else its feed's, else the feed itself by its title (RFC 4287 §4.1.2): nobody inherits the
/// merged feed's.
fn authors(article: &Article) -> Vec<Cow<'_, Author>> {
    let wrote =
        |author: &&Author| author.role == AuthorRole::Author && !author.name.trim().is_empty();
    for authors in [&article.entry.details.authors, &article.origin.info.authors] {
        let found: Vec<_> = authors.iter().filter(wrote).map(Cow::Borrowed).collect();
        if !found.is_empty() {
            return found;
        }
    }
    vec![Cow::Owned(Author {
        name: article.origin.title.clone(),
        ..Author::default()
    })]
}

fn contributors(article: &Article) -> Vec<&Author> {
    let helped =
        |author: &&Author| author.role != AuthorRole::Author && !author.name.trim().is_empty();
    article
        .entry
        .details
        .authors
        .iter()
        .filter(helped)
        .collect()
}

fn categories(article: &Article) -> Vec<Cow<'_, Category>> {
    let details = &article.entry.details;
    let section = details.section.iter().map(|term| {
        Cow::Owned(Category {
            term: term.clone(),
            ..Category::default()
        })
    });
    let mut seen = BTreeSet::new();
    let own = details.categories.iter().map(Cow::Borrowed);
    own.chain(section)
        .filter(|category| {
            let known = (category.term.to_lowercase(), category.scheme.clone());
            !category.term.trim().is_empty() && seen.insert(known)
        })
        .collect()
}

fn related(article: &Article) -> Vec<&str> {
    let elsewhere = article
        .entries
        .iter()
        .filter_map(|entry| entry.url.as_deref());
    let own = article
        .entry
        .details
        .related_urls
        .iter()
        .map(String::as_str);
    let mut seen = BTreeSet::from_iter(article.entry.url.as_deref());
    elsewhere
        .chain(own)
        .filter(|url| seen.insert(*url))
        .collect()
}
