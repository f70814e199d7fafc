//! The river: articles by day, the newest first, with facets beside them.

use maud::{Markup, html};

use super::frame::{FORMATS, Sheet, cut, document};
use super::links::Part;
use super::{Frame, labels, language, time};
use crate::model::{Article, EntryRef};
use crate::text::{reading_seconds, text_of};

/// Characters of a title, a summary and a takeaway on a river.
const TITLE: usize = 240;
const SUMMARY: usize = 320;
const TAKEAWAY: usize = 200;
/// Takeaways, other sources and categories that are shown of an article.
const TAKEAWAYS: usize = 4;
const PLACES: usize = 6;
const CATEGORIES: usize = 5;
/// Tags and sources that are shown beside a river.
pub(super) const FACETS: usize = 40;

/// One page of a river.
#[derive(Clone, Debug)]
pub struct River<'a> {
    /// Name of the output; empty: the first page's.
    pub name: &'a str,
    /// Name of its feeds; `None`: of a private output, whose feeds need more than a link.
    pub feed: Option<&'a str>,
    /// Title of the output.
    pub title: &'a str,
    /// Its articles, the newest first.
    pub articles: &'a [Article],
    /// The tag that is chosen.
    pub tag: Option<&'a str>,
    /// The source that is chosen, by id.
    pub source: Option<&'a str>,
    /// Cursor of what stands behind; `None`: nothing does.
    pub next: Option<String>,
    /// It does not begin with the newest.
    pub is_later: bool,
    /// Tags, and in how many articles.
    pub tags: Vec<Facet<'a>>,
    /// Sources, and in how many articles.
    pub sources: Vec<Facet<'a>>,
    /// Everything: an open output's articles have pages.
    pub has_articles: bool,
    /// Summaries only.
    pub summary_only: bool,
    /// How the first polls go, for a river without articles; `None`: nobody is waiting for them.
    pub progress: Option<Progress>,
}

/// A tag or a source, and in how many articles it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facet<'a> {
    /// The tag, or the id of the source.
    pub name: &'a str,
    /// `None`: not counted.
    pub count: Option<u64>,
}

/// How the first polls go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Titles or ids of sources, and the state of each.
    pub sources: Vec<(String, &'static str)>,
}

/// Renders a page of a river.
pub fn river(frame: &Frame, river: &River<'_>) -> Vec<u8> {
    let progress = river
        .progress
        .as_ref()
        .filter(|_| river.articles.is_empty());
    let waits =
        progress.is_some_and(|progress| progress.sources.iter().any(|(_, state)| *state == "new"));
    let has_aside = river.has_articles && !(river.tags.is_empty() && river.sources.is_empty());
    let title = if river.name.is_empty() {
        ""
    } else {
        river.title
    };
    let head = html! {
        meta name="description" content=(format!("{}: {}", river.title, labels::NEWEST));
        @if river.feed.is_some() && frame.links.is_served() {
            meta property="og:title" content=(river.title);
            meta property="og:type" content="website";
        }
    };
    let body = html! {
        div.columns {
            main #main tabindex="-1" {
                (heading(frame, river))
                @match progress {
                    Some(progress) => (first_run(frame, progress)),
                    None if river.articles.is_empty() => (empty(labels::EMPTY_FILTERED)),
                    None => (days(frame, river)),
                }
                (paging(frame, river))
            }
            @if has_aside { (facets(frame, river)) }
        }
    };
    let here = river.feed.unwrap_or_default();
    let sheet = Sheet {
        title,
        kind: "river",
        head,
        here,
        query: "",
        renews: waits,
        private: river.feed.is_none(),
        body,
    };
    document(frame, sheet)
}

fn heading(frame: &Frame, river: &River<'_>) -> Markup {
    let only = river.tag.or(river.source.map(|source| frame.name(source)));
    html! {
        div.heading {
            h1 { (river.title) @if let Some(only) = only { span.only { " / " (only) } } }
            @if let Some(feed) = river.feed {
                p.feeds { (labels::SUBSCRIBE) ": "
                    @for (at, (extension, _, name)) in FORMATS.iter().enumerate() {
                        @if at > 0 { ", " }
                        a href=(frame.links.file(&format!("{}.{extension}", feed_path(river, feed)))) { (name) }
                    }
                    @if only.is_some() { " · " a href=(frame.links.river(river.name, &Part::default())) { (labels::SHOW_ALL) } }
                }
            }
        }
    }
}

/// A tag or a source has a feed of its own.
fn feed_path(river: &River<'_>, feed: &str) -> String {
    let segment = |text: &str| percent(text);
    match (river.tag, river.source) {
        (Some(tag), None) => format!("tag/{}", segment(tag)),
        (None, Some(source)) => format!("source/{}", segment(source)),
        _ => feed.to_owned(),
    }
}

/// A segment of a path (RFC 3986 §3.3): everything but unreserved characters is encoded.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(byte.into()),
            byte => out += &format!("%{byte:02X}"),
        }
    }
    out
}

fn days(frame: &Frame, river: &River<'_>) -> Markup {
    let day = |article: &Article| time::day(article.published_at, frame.zone);
    html! {
        @for group in river.articles.chunk_by(|a, b| day(a) == day(b)) {
            section.day {
                @if let Some(first) = group.first() { h2 { time datetime=(day(first).to_string()) { (time::long_day(day(first))) } } }
                @for article in group { (item(frame, article, river)) }
            }
        }
    }
}

/// One article of a river.
fn item(frame: &Frame, article: &Article, river: &River<'_>) -> Markup {
    let entry = &article.entry;
    let language = entry.details.language.as_deref();
    let (lang, dir) = (language::lang(language), language::dir(language));
    let text = text_of(&entry.content_html);
    let summary = summary(article, &text);
    let outward = entry.url.as_deref().and_then(Frame::outward);
    let title = cut(&title(article), TITLE);
    let picture = entry
        .details
        .image
        .as_ref()
        .and_then(|image| Some((frame.images.address(&frame.links, &image.url)?, image)));
    html! {
        article.item {
            div.text {
                p.kicker {
                    (source_link(frame, river, article)) span.dot { " · " } (time::clock(article.published_at, frame.zone))
                    @if let Some(length) = length(article, &text) { span.dot { " · " } span { (length) } }
                    @if article.revision > 1 { span.dot { " · " } span { (labels::revised(article.revision - 1)) } }
                }
                h3 lang=[lang] dir=(dir) {
                    @match (river.has_articles, outward) {
                        (true, _) => a.title href=(frame.links.article(uuid(&article.id))) { (title) },
                        (false, Some(url)) => a.title href=(url) rel="noopener noreferrer" { (title) },
                        (false, None) => (title),
                    }
                }
                @if let Some(summary) = summary { p.summary lang=[lang] dir=(dir) { (summary) } }
                @if !river.summary_only { (takeaways(article, lang, dir)) }
                @if !river.has_articles && !river.summary_only && !entry.content_html.is_empty() {
                    details.whole { summary { (labels::TITLE) ": " (title) }
                        div.prose lang=[lang] dir=(dir) { (maud::PreEscaped(super::prose::prose(frame, &entry.content_html))) } }
                }
                (also(frame, article))
                (categories(article))
            }
            @if let Some((address, image)) = picture {
                img.thumb src=(address) alt=(image.alt.as_deref().map(|alt| cut(alt, 200)).unwrap_or_default())
                    width="240" height="160" loading="lazy" decoding="async" referrerpolicy="no-referrer";
            }
        }
    }
}

fn source_link(frame: &Frame, river: &River<'_>, article: &Article) -> Markup {
    let origin = &article.origin;
    html! {
        @if river.has_articles && frame.links.is_served() {
            a.source href=(frame.links.river(river.name, &Part { source: Some(&origin.source), ..Part::default() })) dir="auto" { (cut(&origin.title, 80)) }
        } @else { span.source dir="auto" { (cut(&origin.title, 80)) } }
    }
}

fn takeaways(article: &Article, lang: Option<&str>, dir: &str) -> Markup {
    let found = article
        .entry
        .details
        .sections
        .iter()
        .find(|section| section.kind == "key_takeaways" && !section.items.is_empty());
    html! {
        @if let Some(section) = found {
            div.takeaways lang=[lang] dir=(dir) {
                p.label { (cut(section.label.trim_end_matches(':'), 60)) }
                ul { @for point in section.items.iter().take(TAKEAWAYS) { li { (cut(point, TAKEAWAY)) } } }
            }
        }
    }
}

fn also(frame: &Frame, article: &Article) -> Markup {
    let others = others(article);
    html! {
        @if !others.is_empty() {
            p.also { (labels::also_in(others.len())) " "
                @for (at, place) in others.iter().take(PLACES).enumerate() {
                    @if at > 0 { ", " }
                    @match place.url.as_deref().and_then(Frame::outward) {
                        Some(url) => a href=(url) rel="noopener noreferrer" dir="auto" { (cut(frame.name(&place.source), 60)) },
                        None => span dir="auto" { (cut(frame.name(&place.source), 60)) },
                    }
                }
                @if others.len() > PLACES { " " (labels::and_more(others.len() - PLACES)) }
            }
        }
    }
}

/// The places of other sources, each source once.
pub(super) fn others(article: &Article) -> Vec<&EntryRef> {
    let mut seen = std::collections::BTreeSet::from([article.origin.source.as_str()]);
    let places = article.entries.iter();
    places
        .filter(|place| seen.insert(place.source.as_str()))
        .collect()
}

fn categories(article: &Article) -> Markup {
    let categories = &article.entry.details.categories;
    let name = |at: usize| {
        categories
            .get(at)
            .map(|category| category.label.as_deref().unwrap_or(&category.term))
    };
    html! {
        @if !categories.is_empty() {
            ul.categories aria-label=(labels::TAGS) {
                @for at in 0..categories.len().min(CATEGORIES) { @if let Some(name) = name(at) { li dir="auto" { (cut(name, 40)) } } }
                @if categories.len() > CATEGORIES { li { "+" (categories.len() - CATEGORIES) } }
            }
        }
    }
}

/// The title, else the beginning of the text, else words that say that there is none.
pub(super) fn title(article: &Article) -> String {
    let own = article
        .entry
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| !title.is_empty());
    own.map_or_else(
        || {
            let text = text_of(&article.entry.content_html);
            let text = if text.trim().is_empty() {
                article.entry.details.summary.clone().unwrap_or_default()
            } else {
                text
            };
            match text
                .split_whitespace()
                .take(40)
                .collect::<Vec<_>>()
                .join(" ")
            {
                text if text.is_empty() => article
                    .entry
                    .url
                    .clone()
                    .unwrap_or_else(|| labels::NO_TITLE.to_owned()),
                text => cut(&text, 80),
            }
        },
        str::to_owned,
    )
}

/// What a river says below a title; `None` when it would only say it again.
fn summary(article: &Article, text: &str) -> Option<String> {
    let own = article
        .entry
        .details
        .summary
        .as_deref()
        .filter(|summary| !summary.trim().is_empty());
    let summary = own.map_or_else(
        || {
            text.split_whitespace()
                .take(80)
                .collect::<Vec<_>>()
                .join(" ")
        },
        str::to_owned,
    );
    let is_new = !summary.is_empty()
        && article.entry.title.as_deref() != Some(summary.as_str())
        && article.entry.title.is_some();
    is_new.then(|| cut(&summary, SUMMARY))
}

/// How long it takes to read or to hear.
pub(super) fn length(article: &Article, text: &str) -> Option<String> {
    let runs = article
        .entry
        .details
        .attachments
        .iter()
        .find_map(|attachment| {
            let kind = attachment.mime_type.as_deref().unwrap_or_default();
            let is_heard = kind.starts_with("audio/") || kind.starts_with("video/");
            attachment.duration.filter(|_| is_heard)
        });
    if let Some(length) = runs {
        return Some(labels::running(length.0.div_ceil(1000)));
    }
    (!text.trim().is_empty()).then(|| labels::reading(reading_seconds(text)))
}

/// The UUID within `urn:uuid:…`.
pub(super) fn uuid(id: &str) -> &str {
    id.strip_prefix("urn:uuid:").unwrap_or(id)
}

fn facets(frame: &Frame, river: &River<'_>) -> Markup {
    let list = |facets: &[Facet<'_>], is_tag: bool| {
        html! {
            ul {
                @for facet in facets.iter().take(FACETS) {
                    @let chosen = if is_tag { river.tag } else { river.source } == Some(facet.name);
                    @let part = if is_tag { Part { tag: Some(facet.name), ..Part::default() } } else { Part { source: Some(facet.name), ..Part::default() } };
                    @let part = if chosen { Part::default() } else { part };
                    li {
                        a href=(frame.links.river(river.name, &part)) aria-current=[chosen.then_some("true")] {
                            span dir="auto" { @if is_tag { (cut(facet.name, 40)) } @else { (cut(frame.name(facet.name), 40)) } }
                            @if let Some(count) = facet.count { " " span.count { (labels::number(count)) } }
                        }
                    }
                }
                @if facets.len() > FACETS { li.more { a href=(frame.links.sources()) { (labels::and_more(facets.len() - FACETS)) } } }
            }
        }
    };
    html! {
        aside.facets aria-label=(labels::FACETS) {
            @if !river.tags.is_empty() { h2 { (labels::TAGS) } (list(&river.tags, true)) }
            @if !river.sources.is_empty() { h2 { (labels::SOURCES) } (list(&river.sources, false)) }
        }
    }
}

fn paging(frame: &Frame, river: &River<'_>) -> Markup {
    let part = Part {
        tag: river.tag,
        source: river.source,
        before: None,
    };
    html! {
        @if river.next.is_some() || river.is_later {
            nav.paging aria-label=(labels::PAGES) {
                @if river.is_later { a href=(frame.links.river(river.name, &part)) { "← " (labels::NEWEST) } }
                @if let Some(next) = &river.next {
                    a.next rel="next" href=(frame.links.river(river.name, &Part { before: Some(next), ..part.clone() })) { (labels::OLDER) " →" }
                }
            }
        }
    }
}

fn empty(text: &str) -> Markup {
    html! { div.empty { h2 { (labels::EMPTY_TITLE) } p { (text) } } }
}

fn first_run(frame: &Frame, progress: &Progress) -> Markup {
    let all = progress.sources.len();
    let waiting = progress
        .sources
        .iter()
        .filter(|(_, state)| *state == "new")
        .count();
    if all == 0 {
        return html! {
            div.empty { h2 { (labels::EMPTY_TITLE) } p { (labels::EMPTY_NO_SOURCES) } pre { code { (labels::EMPTY_EXAMPLE) } } p { (labels::EMPTY_THEN) } }
        };
    }
    if waiting == 0 {
        return empty(labels::EMPTY_POLLED);
    }
    let text = labels::polled(all - waiting, all);
    html! {
        div.empty role="status" {
            h2 { (labels::FIRST_TITLE) }
            p { (text) }
            progress max=(all) value=(all - waiting) aria-label=(text) {}
            p { (labels::FIRST_TEXT) " " a href=(frame.links.home()) { (labels::LOOK_AGAIN) } }
            ul.states {
                @for (name, state) in progress.sources.iter().take(FACETS) {
                    @let (sign, words) = if *state == "new" { ("…", labels::WAITING) } else { labels::state(state) };
                    li { span dir="auto" { (cut(name, 60)) } " " span class=(format!("state {state}")) { span aria-hidden="true" { (sign) } " " (words) } }
                }
                @if all > FACETS { li { (labels::and_more(all - FACETS)) } }
            }
        }
    }
}

/// The page of a site without an open output.
pub fn closed(frame: &Frame) -> Vec<u8> {
    let body = html! { div.columns { main #main tabindex="-1" { h1 { (frame.title) } (empty(labels::EMPTY_CLOSED)) } } };
    let sheet = Sheet {
        title: "",
        kind: "river",
        head: html! {},
        here: "",
        query: "",
        renews: false,
        private: true,
        body,
    };
    document(frame, sheet)
}
