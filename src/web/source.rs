//! One source: how it is doing and why, its figures, its polls, its newest articles.

use maud::{Markup, html};

use super::article::bytes;
use super::frame::{FORMATS, Sheet, cut, document};
use super::river::{title, uuid};
use super::sources::{merged, name, next, spark, state, trouble};
use super::{Frame, labels, time};
use crate::model::Article;
use crate::store::{Explanation, Figures};

/// What the page of a source shows; secrets are already gone.
#[derive(Clone, Debug)]
pub struct SourcePage<'a> {
    /// What lies behind its next poll.
    pub explained: &'a Explanation,
    /// What was counted.
    pub figures: &'a Figures,
    /// Its newest articles.
    pub articles: &'a [Article],
    /// Its push, in words; `None`: no hub pushes it.
    pub push: Option<String>,
    /// The walk through its archives, in words; `None`: there was none.
    pub history: Option<String>,
    /// The publisher's hints, in words.
    pub hints: String,
}

/// Renders the page of a source.
pub fn source(frame: &Frame, page: &SourcePage<'_>) -> Vec<u8> {
    let health = &page.explained.health;
    let shown = name(health);
    let head = html! {
        @for (extension, kind, format) in FORMATS {
            link rel="alternate" type=(kind) title=(format!("{shown} ({format})")) href=(frame.links.file(&format!("source/{}.{extension}", health.id)));
        }
    };
    let body = html! {
        main #main.wide tabindex="-1" {
            div.heading {
                p.kicker { a href=(frame.links.sources()) { (labels::SOURCES) } }
                h1 dir="auto" { (shown) }
                p.feeds { (labels::SUBSCRIBE) ": " @for (at, (extension, _, format)) in FORMATS.iter().enumerate() { @if at > 0 { ", " } a href=(frame.links.file(&format!("source/{}.{extension}", health.id))) { (format) } } }
            }
            (state(health)) (trouble(frame, health))
            (facts(frame, page))
            div.halves {
                section { h2 { (labels::A_DAY) } p.chart { (spark(page.figures)) } p.muted { (labels::a_day(page.figures.days.iter().sum())) } }
                section { h2 { (labels::DELAYS) } (delays(page.figures)) }
            }
            (polls(frame, page))
            (newest(frame, page))
        }
    };
    let sheet = Sheet {
        title: &shown,
        kind: "source",
        head,
        here: "sources",
        query: "",
        renews: false,
        private: false,
        body,
    };
    document(frame, sheet)
}

fn facts(frame: &Frame, page: &SourcePage<'_>) -> Markup {
    let explained = page.explained;
    let health = &explained.health;
    let figures = page.figures;
    html! {
        dl.facts {
            dt { (labels::LAST_POLL) } dd { @match health.last_poll { Some(at) => { (time::full(at, frame.zone)) @if let Some(outcome) = &health.outcome { ": " (labels::outcome(outcome)) } }, None => (labels::NOT_YET) } }
            dt { (labels::NEXT_POLL) } dd { (next(frame, health)) }
            dt { (labels::ARTICLES) } dd { (labels::number(health.articles)) }
            dt { (labels::MERGED) } dd { (merged(Some(figures))) }
            dt { (labels::ADDRESS) } dd { (address(&health.url)) }
            @if let Some(url) = &health.adopted_url { dt { (labels::MOVED_TO) } dd { (address(url)) } }
            @if let Some(url) = health.home_url.as_deref().and_then(Frame::outward) { dt { (labels::SITE) } dd { (address(url)) } }
            dt { (labels::VALIDATORS) } dd {
                @if let Some(etag) = &figures.etag { "ETag " code { (cut(etag, 120)) } " " }
                @if let Some(modified) = &figures.last_modified { "Last-Modified " code { (cut(modified, 60)) } }
                @if figures.etag.is_none() && figures.last_modified.is_none() { @match explained.conditional { true => "", false => (labels::NO_VALIDATORS) } }
            }
            dt { (labels::HINTS) } dd { (page.hints) }
            @if let Some(pace) = &explained.pace { dt { (labels::PACE) } dd { (pace.learned) } }
            @if let Some(push) = &page.push { dt { (labels::PUSH) } dd { (cut(push, 300)) } }
            @if let Some(history) = &page.history { dt { (labels::HISTORY) } dd { (cut(history, 300)) } }
            dt { (labels::REPAIRS) } dd { @match health.recovered.is_empty() { true => (labels::NONE), false => (health.recovered.join(", ")) } }
        }
    }
}

fn address(url: &str) -> Markup {
    html! { @match Frame::outward(url) { Some(link) => a href=(link) rel="noopener noreferrer" dir="ltr" { (cut(url, 120)) }, None => (cut(url, 120)) } }
}

fn delays(figures: &Figures) -> Markup {
    let all: u64 = figures.delays.iter().sum();
    html! {
        @if all == 0 { p.muted { (labels::NOT_YET) } } @else {
            table.small {
                thead { tr { th scope="col" { (labels::DELAY) } th scope="col" { (labels::SHARE) } } }
                tbody { @for (name, count) in labels::DELAY_BUCKETS.iter().zip(figures.delays) {
                    @let share = (count * 100 + all / 2) / all;
                    tr { th scope="row" { (name) } td { meter min="0" max=(all) value=(count) aria-label=(name) {} " " (share) " %" } }
                } }
            }
        }
    }
}

fn polls(frame: &Frame, page: &SourcePage<'_>) -> Markup {
    html! {
        @if !page.explained.polls.is_empty() {
            section {
                h2 { (labels::POLL_LOG) }
                table.small.polls {
                    thead { tr { th scope="col" { (labels::WHEN) } th scope="col" { (labels::OUTCOME) } th.number scope="col" { (labels::TOOK) } th.number scope="col" { (labels::NEW) } th.number scope="col" { (labels::REVISED) } th.number scope="col" { (labels::MERGED_SHORT) } th.number scope="col" { (labels::BYTES) } } }
                    tbody { @for poll in &page.explained.polls {
                        tr {
                            td { (time::full(poll.at, frame.zone)) } td { (labels::outcome(&poll.outcome)) } td.number { (poll.duration_ms) " ms" }
                            td.number { (poll.new) } td.number { (poll.revised) } td.number { (poll.merged) }
                            td.number { @match poll.body_bytes { Some(count) => (bytes(count)), None => "–" } }
                        }
                    } }
                }
            }
        }
    }
}

fn newest(frame: &Frame, page: &SourcePage<'_>) -> Markup {
    html! {
        @if !page.articles.is_empty() {
            section {
                h2 { (labels::NEWEST) }
                ul.newest { @for article in page.articles {
                    li { a href=(frame.links.article(uuid(&article.id))) dir="auto" { (cut(&title(article), 160)) } " " span.muted { (time::full(article.published_at, frame.zone)) } }
                } }
            }
        }
    }
}
