//! A search: what was found, with the words in context.

use maud::{Markup, html};

use super::frame::{Sheet, cut, document};
use super::river::{title, uuid};
use super::{Frame, labels, language, time};
use crate::model::Article;
use crate::search::Query;
use crate::text::text_of;

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// As it was typed.
    pub text: &'a str,
    /// The same as the index takes it; `None`: nothing was asked for.
    pub query: Option<&'a Query>,
    /// Those of this page, the best first.
    pub articles: &'a [Article],
    /// Found on this page and those before.
    pub so_far: usize,
    /// There are more.
    pub more: bool,
    /// From 1.
    pub page: usize,
    /// Why it is no search; `None`: it is one.
    pub error: Option<String>,
    /// Where the search can be subscribed to; `None`: nowhere.
    pub feed: Option<String>,
}

/// Renders what was found.
pub fn search(frame: &Frame, found: &Found<'_>) -> Vec<u8> {
    let text = cut(found.text, 100);
    let heading = if found.text.is_empty() {
        labels::SEARCH.to_owned()
    } else {
        format!("{}: {text}", labels::SEARCH)
    };
    let body = html! {
        div.columns { main #main tabindex="-1" {
            div.heading {
                h1 dir="auto" { (heading) }
                @if let (Some(feed), true) = (&found.feed, !found.articles.is_empty()) { p.feeds { a href=(feed) { (labels::FOLLOW_SEARCH) } } }
            }
            @match (&found.error, found.query) {
                (Some(error), _) => div.empty role="status" { p { (error) } p.muted { (labels::SEARCH_HELP) } },
                (None, None) => p.muted { (labels::SEARCH_HELP) },
                (None, Some(_)) if found.articles.is_empty() => div.empty role="status" { p { (labels::NOTHING_FOUND) } p.muted { (labels::SEARCH_HELP) } },
                (None, Some(query)) => {
                    p.muted role="status" { (labels::found(found.so_far, found.more)) }
                    @for article in found.articles { (hit(frame, query, article)) }
                },
            }
            @if found.page > 1 || found.more {
                nav.paging aria-label=(labels::PAGES) {
                    @if found.page > 1 { a rel="prev" href=(frame.links.search(found.text, found.page - 1)) { "← " (labels::PREVIOUS) } }
                    @if found.more { a.next rel="next" href=(frame.links.search(found.text, found.page + 1)) { (labels::NEXT) " →" } }
                }
            }
        } }
    };
    let head = html! {
        meta name="robots" content="noindex";
        @if let Some(feed) = &found.feed { link rel="alternate" type="application/atom+xml" title=(format!("{}: {text}", labels::SEARCH)) href=(feed); }
    };
    let sheet = Sheet {
        title: &heading,
        kind: "search",
        head,
        here: "",
        query: found.text,
        renews: false,
        private: false,
        body,
    };
    document(frame, sheet)
}

fn hit(frame: &Frame, query: &Query, article: &Article) -> Markup {
    let tag = article.entry.details.language.as_deref();
    let (lang, dir) = (language::lang(tag), language::dir(tag));
    let text = match article.entry.content_html.as_str() {
        "" => article.entry.details.summary.clone().unwrap_or_default(),
        html => text_of(html),
    };
    html! {
        article.item { div.text {
            p.kicker { a.source href=(frame.links.source(&article.origin.source)) dir="auto" { (cut(&article.origin.title, 80)) } span.dot { " · " } (time::full(article.published_at, frame.zone)) }
            h2 lang=[lang] dir=(dir) { a.title href=(frame.links.article(uuid(&article.id))) { (marked(query, &cut(&title(article), 240))) } }
            p.summary lang=[lang] dir=(dir) { (marked(query, &query.snippet(&text))) }
        } }
    }
}

/// A text with the words that were looked for marked.
fn marked(query: &Query, text: &str) -> Markup {
    let mut at = 0;
    let mut parts = Vec::new();
    for range in query.marks(text) {
        parts.push((false, &text[at..range.start]));
        parts.push((true, &text[range.clone()]));
        at = range.end;
    }
    parts.push((false, &text[at..]));
    html! { @for (is_hit, part) in parts { @if is_hit { mark { (part) } } @else { (part) } } }
}
