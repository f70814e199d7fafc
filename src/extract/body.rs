//! The body of a page.

use std::collections::HashSet;

use trafilatura::{ExtractionFocus, HtmlDateMode, Options};
use url::Url;

use super::breaks::make_paragraphs;
use super::dom::{NodeId, Tree};
use super::meta::Facts;
use super::trim;
use super::{embeds, inline, labelled};
use crate::model::{Author, PageRules};
use crate::normalize::page::{self, Body};
use crate::text::text_of;

/// What was read, and how much of the page's text it is (0 to 1).
pub(super) struct Read {
    pub(super) body: Body,
    pub(super) share: f64,
    /// An operator's selector found it.
    pub(super) by_selector: bool,
}

impl Read {
    pub(super) fn nothing() -> Self {
        Self {
            body: Body::default(),
            share: 0.0,
            by_selector: false,
        }
    }
}

/// Finds the body of a page, of which `tree` is made from `text`. Empty when there is none.
pub(super) fn read(
    text: &str,
    mut tree: Tree,
    facts: &Facts,
    rules: &PageRules,
    url: &Url,
) -> Read {
    arrange(&mut tree, rules);
    let whole = tree.document.body().map_or(0, |body| tree.text(body).len());
    let chosen = selected(&tree, &rules.content);
    let by_selector = chosen.is_some();
    let clean = |html: &str| page::sanitized(html, url);
    let title = facts.title.as_ref().map(|title| title.value.as_str());
    let html = match chosen {
        Some(html) => clean(&html),
        None => {
            let sections = labelled::take(&mut tree);
            let strict = clean(&extracted(tree, url, ExtractionFocus::FavorPrecision));
            let found = match text_of(&strict).len() {
                length @ ..SHORT_BYTES => {
                    let mut tree = Tree::parse(text);
                    arrange(&mut tree, rules);
                    labelled::take(&mut tree);
                    let wide = clean(&extracted(tree, url, ExtractionFocus::Balanced));
                    longest(strict, length, wide, facts, clean)
                }
                _ => strict,
            };
            let found = trim::frame(&found, title);
            labelled::put_back(found, &sections, clean)
        }
    };
    let summary = facts.summary.as_ref().map(|summary| summary.value.as_str());
    let authors: &[Author] = facts.authors.as_ref().map_or(&[], |authors| &authors.value);
    let body = page::body(&html, url, title, summary, authors);
    let share = body.text.len() as f64 / whole.max(1) as f64;
    Read {
        share: share.min(1.0),
        body,
        by_selector,
    }
}

/// Takes out what never belongs to an article, and makes paragraphs of broken lines.
fn arrange(tree: &mut Tree, rules: &PageRules) {
    let root = tree.document.root();
    for selector in &rules.remove {
        for id in tree.document.query_selector_all(root, selector) {
            tree.document.remove(id, true);
        }
    }
    tree.elements = tree.document.iter(root, &[]);
    make_paragraphs(tree);
}

/// What the selectors choose, in document order; `None` when they choose nothing.
fn selected(tree: &Tree, selectors: &[String]) -> Option<String> {
    let root = tree.document.root();
    let chosen: HashSet<NodeId> = selectors
        .iter()
        .flat_map(|selector| tree.document.query_selector_all(root, selector))
        .collect();
    let is_within = |id| {
        tree.lineage(id)
            .skip(1)
            .any(|above| chosen.contains(&above))
    };
    let parts = tree
        .elements
        .iter()
        .copied()
        .filter(|id| chosen.contains(id) && !is_within(*id));
    let html: String = parts.map(|id| tree.document.outer_html(id)).collect();
    (!html.is_empty()).then_some(html)
}

/// Texts below this length may be all that the strict rules left, in bytes.
const SHORT_BYTES: usize = 1_200;

/// What strict rules found, of `length` bytes; where wider ones found much more, that; or what the page's description of
/// itself holds.
fn longest(
    strict: String,
    length: usize,
    wide: String,
    facts: &Facts,
    clean: impl Fn(&str) -> String,
) -> String {
    let wide_length = text_of(&wide).len();
    let (html, length) = if wide_length > 2 * length {
        (wide, wide_length)
    } else {
        (strict, length)
    };
    let described = facts
        .body
        .as_deref()
        .filter(|_| facts.is_free != Some(false))
        .map(|body| clean(&paragraphs(body)));
    match described {
        Some(described) if text_of(&described).len() > 2 * length + SHORT_BYTES / 2 => described,
        _ => html,
    }
}

/// `articleBody` is HTML, or text with line breaks.
fn paragraphs(body: &str) -> String {
    if body.contains("</p>") {
        return body.to_owned();
    }
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("<p>{line}</p>")).collect()
}

fn extracted(mut tree: Tree, url: &Url, focus: ExtractionFocus) -> String {
    embeds::keep(&mut tree);
    inline::to_marks(&mut tree);
    let options = Options::default()
        .with_focus(focus)
        .with_fallback(true)
        .with_exclude_comments(true)
        .with_links(true)
        .with_images(true)
        .with_html_date_mode(HtmlDateMode::Disabled)
        .with_url(url.clone());
    match trafilatura::extract_document(tree.document, &options) {
        Ok(found) => inline::to_elements(&found.content_html),
        Err(error) => {
            tracing::debug!("no body: {error}");
            String::new()
        }
    }
}
