//! The list of sources: how each is doing, in words, signs and colour.

use maud::{Markup, html};

use super::frame::{Sheet, cut, document};
use super::links::query_of;
use super::spark::bars;
use super::{Frame, Links, SOURCES, labels, time};
use crate::store::{Figures, SourceHealth};

use chrono::{DateTime, Utc};

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What needs someone first, then by title.
    #[default]
    State,
    /// Title.
    Title,
    /// The last poll, the newest first.
    Last,
    /// The next poll, the soonest first.
    Next,
    /// Articles, the most first.
    Articles,
}

impl Sort {
    /// All, by the word in a link; the first is the default.
    pub const ALL: [(&str, Self); 5] = [
        ("state", Self::State),
        ("title", Self::Title),
        ("last", Self::Last),
        ("next", Self::Next),
        ("articles", Self::Articles),
    ];

    fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, sort)| *sort == self)
            .map_or("state", |(word, _)| word)
    }

    /// Sorts; ties by title.
    pub fn sort(self, sources: &mut [&SourceHealth]) {
        let title =
            |source: &SourceHealth| source.title.as_deref().unwrap_or(&source.id).to_lowercase();
        sources.sort_by_cached_key(|source| title(source));
        match self {
            Self::State => {
                sources.sort_by_key(|source| RANKS.iter().position(|state| *state == source.state))
            }
            Self::Title => {}
            Self::Last => sources.sort_by_key(|source| std::cmp::Reverse(source.last_poll)),
            Self::Next => {
                sources.sort_by_key(|source| (source.next_poll.is_none(), source.next_poll))
            }
            Self::Articles => sources.sort_by_key(|source| std::cmp::Reverse(source.articles)),
        }
    }
}

/// States, what needs someone first.
const RANKS: [&str; 7] = [
    "gone", "failing", "offline", "new", "repaired", "paused", "ok",
];

/// What of the list is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Order.
    pub sort: Sort,
    /// Only sources in this state.
    pub state: Option<&'a str>,
    /// Only sources with this tag.
    pub tag: Option<&'a str>,
    /// From 1.
    pub page: usize,
}

impl Chosen<'_> {
    /// Whether a source is shown.
    pub fn shows(&self, source: &SourceHealth) -> bool {
        self.state.is_none_or(|state| source.state == state)
            && self
                .tag
                .is_none_or(|tag| source.tags.iter().any(|own| own == tag))
    }
}

/// A source and its figures; secrets are already gone.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// How it is doing.
    pub health: &'a SourceHealth,
    /// What was counted; `None`: nothing.
    pub figures: Option<&'a Figures>,
}

/// Problems of an edited configuration that are shown.
const MOST_PROBLEMS: usize = 20;

/// Renders a page of the list. `refused` tells when an edited configuration was not used, and why. `lines` are those of the page, `matching` how many fit on all pages, `states` and `tags`
/// how many sources have each.
pub fn sources(
    frame: &Frame,
    chosen: &Chosen<'_>,
    lines: &[Line<'_>],
    matching: usize,
    states: &[(&str, usize)],
    tags: &[(&str, usize)],
    refused: Option<(DateTime<Utc>, &[String])>,
) -> Vec<u8> {
    let all: usize = states.iter().map(|(_, count)| count).sum();
    let body = html! {
        main #main.wide tabindex="-1" {
            div.heading {
                h1 { (labels::SOURCES) }
                @if frame.links.is_served() {
                    p.feeds { (labels::sources_count(all)) " · " a href=(frame.links.file("sources.opml")) { (labels::AS_OPML) } " · " a href=(frame.links.file("sources.json")) { (labels::AS_JSON) } }
                }
            }
            @if let Some((at, problems)) = refused {
                section.refused aria-label=(labels::NOT_USED) {
                    p { strong { (labels::NOT_USED) } " " (time::full(at, frame.zone)) }
                    ul { @for problem in problems.iter().take(MOST_PROBLEMS) { li dir="auto" { code { (problem) } } } }
                }
            }
            @if frame.links.is_served() && all > 0 { (filters(frame, chosen, all, states, tags)) }
            @if lines.is_empty() { p { (labels::NO_SOURCE_FITS) } } @else { (table(frame, chosen, lines)) }
            (paging(frame, chosen, matching))
        }
    };
    let sheet = Sheet {
        title: labels::SOURCES,
        kind: "sources",
        head: html! {},
        here: "sources",
        query: "",
        renews: false,
        private: false,
        body,
    };
    document(frame, sheet)
}

pub(super) fn link(links: &Links, chosen: &Chosen<'_>) -> String {
    let sort = (chosen.sort != Sort::default()).then(|| chosen.sort.word());
    let page = (chosen.page > 1).then(|| chosen.page.to_string());
    query_of(
        &links.sources(),
        [
            ("sort", sort),
            ("state", chosen.state),
            ("tag", chosen.tag),
            ("page", page.as_deref()),
        ],
    )
}

fn filters(
    frame: &Frame,
    chosen: &Chosen<'_>,
    all: usize,
    states: &[(&str, usize)],
    tags: &[(&str, usize)],
) -> Markup {
    let first = Chosen {
        page: 1,
        ..chosen.clone()
    };
    html! {
        nav.chips aria-label=(labels::SORTED) {
            ul {
                li { a href=(link(&frame.links, &Chosen { state: None, ..first.clone() })) aria-current=[chosen.state.is_none().then_some("true")] { (labels::ALL) " " span.count { (labels::number(all as u64)) } } }
                @for (state, count) in states {
                    @let (sign, words) = labels::state(state);
                    li { a href=(link(&frame.links, &Chosen { state: Some(state), ..first.clone() })) aria-current=[(chosen.state == Some(state)).then_some("true")] { span aria-hidden="true" { (sign) } " " (words) " " span.count { (labels::number(*count as u64)) } } }
                }
            }
            @if !tags.is_empty() {
                ul {
                    @for (tag, count) in tags.iter().take(super::river::FACETS) {
                        @let is_chosen = chosen.tag == Some(tag);
                        li { a href=(link(&frame.links, &Chosen { tag: (!is_chosen).then_some(tag), ..first.clone() })) aria-current=[is_chosen.then_some("true")] { span dir="auto" { "#" (cut(tag, 40)) } " " span.count { (labels::number(*count as u64)) } } }
                    }
                }
            }
        }
    }
}

fn table(frame: &Frame, chosen: &Chosen<'_>, lines: &[Line<'_>]) -> Markup {
    let head = |name: &str, sort: Option<Sort>| {
        let is_sorted = sort == Some(chosen.sort);
        let order = match sort {
            Some(Sort::Last | Sort::Articles) => "descending",
            _ => "ascending",
        };
        html! {
            th scope="col" aria-sort=[is_sorted.then_some(order)] {
                @match sort.filter(|_| frame.links.is_served()) {
                    Some(sort) => a href=(link(&frame.links, &Chosen { sort, page: 1, ..chosen.clone() })) { (name) @if is_sorted { span aria-hidden="true" { " ↓" } } },
                    None => (name),
                }
            }
        }
    };
    html! {
        table.list {
            thead { tr {
                (head(labels::SOURCE, Some(Sort::Title))) (head(labels::STATE, Some(Sort::State))) (head(labels::LAST_POLL, Some(Sort::Last)))
                (head(labels::NEXT_POLL, Some(Sort::Next))) (head(labels::ARTICLES, Some(Sort::Articles))) (head(labels::A_DAY, None)) (head(labels::MERGED, None))
            } }
            tbody { @for line in lines { (row(frame, line)) } }
        }
    }
}

fn row(frame: &Frame, line: &Line<'_>) -> Markup {
    let Line { health, figures } = line;
    html! {
        tr id=(health.id) {
            th scope="row" {
                @match frame.links.is_served() { true => a href=(frame.links.source(&health.id)) dir="auto" { (name(health)) }, false => span dir="auto" { (name(health)) } }
                @if !health.tags.is_empty() { span.tags { @for tag in health.tags.iter().take(6) { " " span dir="auto" { "#" (cut(tag, 30)) } } } }
            }
            td data-label=(labels::STATE) { (state(health)) (trouble(frame, health)) }
            td data-label=(labels::LAST_POLL) { @match health.last_poll { Some(at) => (time::full(at, frame.zone)), None => (labels::NOT_YET) } }
            td data-label=(labels::NEXT_POLL) { (next(frame, health)) }
            td.number data-label=(labels::ARTICLES) { (labels::number(health.articles)) }
            td data-label=(labels::A_DAY) { @if let Some(figures) = figures { (spark(figures)) } }
            td.number data-label=(labels::MERGED) { (merged(*figures)) }
        }
    }
}

pub(super) fn name(health: &SourceHealth) -> String {
    cut(
        health
            .title
            .as_deref()
            .filter(|title| !title.trim().is_empty())
            .unwrap_or(&health.id),
        100,
    )
}

pub(super) fn state(health: &SourceHealth) -> Markup {
    let (sign, words) = labels::state(health.state);
    html! { span class=(format!("state {}", health.state)) { span aria-hidden="true" { (sign) } " " (words) } }
}

/// The error since when, and the cure.
pub(super) fn trouble(frame: &Frame, health: &SourceHealth) -> Markup {
    html! {
        @if health.error_class.is_some() {
            div.trouble {
                p { (labels::failing(health.failures)) " " @if let Some(since) = health.error_since { (time::full(since, frame.zone)) } ": " (cut(health.error.as_deref().or(health.error_class.as_deref()).unwrap_or_default(), 300)) }
                @if let Some(cure) = health.cure { p { strong { (labels::CURE) ": " } (with_code(cure)) } }
            }
        }
    }
}

/// What stands between backticks is code.
fn with_code(text: &str) -> Markup {
    html! { @for (at, part) in text.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

pub(super) fn next(frame: &Frame, health: &SourceHealth) -> Markup {
    html! {
        @match health.next_poll { Some(at) => (time::full(at, frame.zone)), None => (labels::NEVER_BY_ITSELF) }
        span.why { (cut(&health.next_poll_why, 160)) }
    }
}

pub(super) fn spark(figures: &Figures) -> Markup {
    bars(&figures.days, &labels::a_day(figures.days.iter().sum()))
}

pub(super) fn merged(figures: Option<&Figures>) -> String {
    let share = |figures: &Figures| {
        (figures.measured > 0).then(|| {
            format!(
                "{} %",
                (figures.merged * 100 + figures.measured / 2) / figures.measured
            )
        })
    };
    figures.and_then(share).unwrap_or_else(|| "–".to_owned())
}

fn paging(frame: &Frame, chosen: &Chosen<'_>, matching: usize) -> Markup {
    let pages = matching.div_ceil(SOURCES);
    html! {
        @if pages > 1 {
            nav.paging aria-label=(labels::PAGES) {
                @if chosen.page > 1 { a rel="prev" href=(link(&frame.links, &Chosen { page: chosen.page - 1, ..chosen.clone() })) { "← " (labels::PREVIOUS) } }
                span { (labels::page(chosen.page)) " / " (pages) }
                @if chosen.page < pages { a.next rel="next" href=(link(&frame.links, &Chosen { page: chosen.page + 1, ..chosen.clone() })) { (labels::NEXT) " →" } }
            }
        }
    }
}
