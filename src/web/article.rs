//! One article: its body, where it was seen and why that is one story, what changed in it, where its fields come from.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::diff::{State, diff};
use super::frame::{Sheet, cut, document, json_ld};
use super::links::Part;
use super::prose::prose;
use super::river::{length, title, uuid};
use super::{Frame, labels, language, time};
use crate::model::{Article, Attachment, Author, AuthorKind};
use crate::store::{ArticleExplanation, EarlierText, Joined};
use crate::text::{text_of, word_count};

/// Characters of a headline (schema.org's advice) and of a description.
const HEADLINE: usize = 110;
const DESCRIPTION: usize = 300;

/// An article and what is known of it; what may not be shown is already gone.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The article.
    pub article: &'a Article,
    /// Its entries, and what joined them.
    pub explained: &'a ArticleExplanation,
    /// Earlier texts of its shown entry, the newest first.
    pub earlier: &'a [EarlierText],
    /// Articles that share much with it: title of each beside what it is.
    pub related: Vec<(String, String, crate::model::Relation)>,
    /// Its content is not to be shown.
    pub summary_only: bool,
}

/// Renders the page of an article.
pub fn article(frame: &Frame, told: &Told<'_>) -> Vec<u8> {
    let article = told.article;
    let entry = &article.entry;
    let title = title(article);
    let tag = entry.details.language.as_deref();
    let (lang, dir) = (language::lang(tag), language::dir(tag));
    let text = text_of(&entry.content_html);
    let outward = entry.url.as_deref().and_then(Frame::outward);
    // With addresses as they are, not as HTML writes them.
    let plain = match entry.content_html.contains("&amp;") {
        true => Cow::Owned(entry.content_html.replace("&amp;", "&")),
        false => Cow::Borrowed(entry.content_html.as_str()),
    };
    let body = html! {
        main #main tabindex="-1" {
            article.full {
                header lang=[lang] dir=(dir) {
                    p.kicker { (origin(frame, article)) @if let Some(section) = &entry.details.section { span.dot { " · " } (cut(section, 60)) } }
                    h1 { (title) }
                    @if let Some(summary) = standfirst(told) { p.standfirst { (summary) } }
                    (byline(frame, told, &text))
                }
                (picture(frame, told, &plain))
                (players(frame, article, &plain))
                @if told.summary_only {
                    p.muted { (labels::SUMMARY_ONLY) }
                } @else {
                    div.prose lang=[lang] dir=(dir) { (PreEscaped(prose(frame, &entry.content_html))) }
                }
                @if let Some(url) = outward { p.outward { a href=(url) rel="noopener noreferrer" { (labels::READ_AT) " " span dir="ltr" { (host(url)) } } } }
                (rights(article))
            }
            (seen(frame, told))
            (revisions(frame, told))
            (provenance(frame, told, &text))
        }
    };
    let head = head(frame, told, &title);
    let sheet = Sheet {
        title: &cut(&title, 120),
        kind: "article",
        head,
        here: "",
        query: "",
        renews: false,
        private: false,
        body,
    };
    document(frame, sheet)
}

fn origin(frame: &Frame, article: &Article) -> Markup {
    let origin = &article.origin;
    html! { a.source href=(frame.links.source(&origin.source)) dir="auto" { (cut(&origin.title, 100)) } }
}

/// The summary, unless the body says it as well.
fn standfirst(told: &Told<'_>) -> Option<String> {
    let details = &told.article.entry.details;
    let is_excerpt = details.summary_kind == Some(crate::model::SummaryKind::Excerpt);
    let has_body = !told.summary_only && !told.article.entry.content_html.is_empty();
    details
        .summary
        .clone()
        .filter(|_| !(is_excerpt && has_body))
}

fn byline(frame: &Frame, told: &Told<'_>, text: &str) -> Markup {
    let article = told.article;
    let authors = &article.entry.details.authors;
    html! {
        p.byline {
            @if !authors.is_empty() {
                span.authors {
                    @for (at, author) in authors.iter().take(12).enumerate() { @if at > 0 { ", " } (author_link(author)) }
                    @if authors.len() > 12 { " " (labels::and_more(authors.len() - 12)) }
                }
                span.dot { " · " }
            }
            (time::full(article.published_at, frame.zone))
            @if article.updated > article.published_at { span.dot { " · " } (labels::UPDATED) " " (time::full(article.updated, frame.zone)) }
            @if let Some(length) = length(article, text) { span.dot { " · " } (length) }
        }
    }
}

fn author_link(author: &Author) -> Markup {
    let name = cut(&author.name, 100);
    html! {
        @match author.url.as_deref().and_then(Frame::outward) {
            Some(url) => a href=(url) rel="noopener noreferrer" { bdi { (name) } },
            None => bdi { (name) },
        }
        (labels::role(author.role))
    }
}

/// The lead picture, unless the body shows it.
fn picture(frame: &Frame, told: &Told<'_>, body: &str) -> Markup {
    let entry = &told.article.entry;
    let image = entry.details.image.as_ref().filter(|image| {
        let plain = image.url.split(['?', '#']).next().unwrap_or_default();
        told.summary_only || !body.contains(plain)
    });
    let shown =
        image.and_then(|image| Some((frame.images.address(&frame.links, &image.url)?, image)));
    html! {
        @if let Some((address, image)) = shown {
            figure.lead {
                img src=(address) alt=(image.alt.as_deref().unwrap_or_default()) width=(image.width.unwrap_or(1200)) height=(image.height.unwrap_or(675))
                    decoding="async" referrerpolicy="no-referrer";
                @let under: Vec<&str> = [&image.caption, &image.credit].into_iter().flatten().map(String::as_str).collect();
                @if !under.is_empty() { figcaption { (under.join(" · ")) } }
            }
        }
    }
}

/// Whether the page shows a picture anyway: as the lead, or in the body.
fn is_shown(article: &Article, body: &str, url: &str) -> bool {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let lead = article.entry.details.image.as_ref();
    lead.is_some_and(|image| image.url.starts_with(plain)) || body.contains(plain)
}

fn players(frame: &Frame, article: &Article, body: &str) -> Markup {
    let kind = |attachment: &Attachment| attachment.mime_type.clone().unwrap_or_default();
    let is_heard = |attachment: &Attachment| {
        let kind = kind(attachment);
        kind.starts_with("audio/") || kind.starts_with("video/")
    };
    let title = title(article);
    html! {
        @let attachments: Vec<_> = article.entry.details.attachments.iter().filter(|attachment| is_heard(attachment) || !is_shown(article, body, &attachment.url)).filter_map(|attachment| Some((Frame::outward(&attachment.url)?, attachment))).take(20).collect();
        @if !attachments.is_empty() {
            section.players aria-label=(labels::ENCLOSURES) {
                @for (url, attachment) in attachments {
                    @let kind = kind(attachment);
                    @let name = attachment.title.clone().unwrap_or_else(|| title.clone());
                    div.player {
                        @if kind.starts_with("audio/") { audio controls preload="none" src=(url) aria-label=(cut(&name, 120)) {} }
                        @else if kind.starts_with("video/") { video controls preload="none" src=(url) width="640" height="360" aria-label=(cut(&name, 120)) {} }
                        @else if kind.starts_with("image/") { @if let Some(address) = frame.images.address(&frame.links, url) { img src=(address) alt=(cut(&name, 120)) loading="lazy" width="640" height="360" referrerpolicy="no-referrer"; } }
                        p {
                            a href=(url) rel="noopener noreferrer" { (labels::DOWNLOAD) " " (cut(&file(url), 60)) }
                            span.muted { (about(attachment, &kind)) }
                        }
                    }
                }
            }
        }
    }
}

fn about(attachment: &Attachment, kind: &str) -> String {
    let mut words = String::new();
    if !kind.is_empty() {
        words += &format!(" · {kind}");
    }
    if let Some(size) = attachment.size.filter(|size| *size > 0) {
        words += &format!(" · {}", bytes(size));
    }
    if let Some(length) = attachment.duration {
        words += &format!(" · {}", labels::running(length.0.div_ceil(1000)));
    }
    words
}

/// `12.3 MB`.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

fn file(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(path)
        .to_owned()
}

fn host(url: &str) -> String {
    let host = url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| cut(url, 60))
}

fn rights(article: &Article) -> Markup {
    let details = &article.entry.details;
    let licence = details.license_url.as_deref().and_then(Frame::outward);
    let comments = details
        .comments
        .as_ref()
        .and_then(|comments| Some((Frame::outward(comments.url.as_deref()?)?, comments.count)));
    html! {
        @if details.rights.is_some() || licence.is_some() || comments.is_some() {
            p.rights {
                @if let Some((url, count)) = comments { a href=(url) rel="noopener noreferrer" { (labels::COMMENTS) @if let Some(count) = count { " (" (count) ")" } } " " }
                @if let Some(rights) = &details.rights { span { (labels::RIGHTS) ": " (cut(rights, 300)) } " " }
                @if let Some(url) = licence { a href=(url) rel="license noopener noreferrer" { (labels::LICENCE) } }
            }
        }
    }
}

fn seen(frame: &Frame, told: &Told<'_>) -> Markup {
    let entries = &told.explained.entries;
    html! {
        section.seen {
            h2 { (labels::SEEN_AT) }
            ol.places {
                @for joined in entries.iter().take(50) {
                    li {
                        p { a.source href=(frame.links.source(&joined.source)) dir="auto" { (cut(frame.name(&joined.source), 80)) } @if joined.represents { " " span.badge { (labels::SHOWN) } } }
                        p dir="auto" {
                            @let name = cut(joined.title.as_deref().unwrap_or(labels::NO_TITLE), 200);
                            @match joined.url.as_deref().and_then(Frame::outward) { Some(url) => a href=(url) rel="noopener noreferrer" { (name) }, None => (name) }
                        }
                        p.muted { (labels::rung(joined.rung)) (shares(joined)) " · " (labels::FIRST_SEEN) " " (time::full(joined.first_seen, frame.zone)) }
                    }
                }
                @if entries.len() > 50 { li { (labels::and_more(entries.len() - 50)) } }
            }
            @if !told.related.is_empty() {
                h3 { (labels::RELATED) }
                ul { @for (id, title, relation) in &told.related { li { (labels::relation(*relation)) ": " a href=(frame.links.article(uuid(id))) dir="auto" { (cut(title, 200)) } } } }
            }
        }
    }
}

/// What two texts share, as the evidence says.
fn shares(joined: &Joined) -> String {
    let share = |name: &str| {
        Some(format!(
            "{name} {:.2}",
            joined.evidence.as_ref()?.get(name)?.as_f64()?
        ))
    };
    let shares: Vec<String> = ["containment", "jaccard", "lead", "title"]
        .into_iter()
        .filter_map(share)
        .collect();
    match shares.is_empty() {
        true => String::new(),
        false => format!(" ({})", shares.join(", ")),
    }
}

fn revisions(frame: &Frame, told: &Told<'_>) -> Markup {
    let entry = &told.article.entry;
    html! {
        @if !told.earlier.is_empty() {
            section.revisions {
                h2 { (labels::REVISIONS) }
                @for (at, earlier) in told.earlier.iter().enumerate() {
                    @let before = State { title: earlier.title.as_deref(), html: if told.summary_only { "" } else { &earlier.html } };
                    @let after = match at.checked_sub(1).and_then(|at| told.earlier.get(at)) {
                        Some(next) => State { title: next.title.as_deref(), html: if told.summary_only { "" } else { &next.html } },
                        None => State { title: entry.title.as_deref(), html: if told.summary_only { "" } else { &entry.content_html } },
                    };
                    details open[at == 0] {
                        summary { (labels::revision(earlier.revision + 1)) " · " (time::full(earlier.replaced, frame.zone)) }
                        div.diff dir="auto" { @match diff(&before, &after) { Some(changes) => (changes), None => p.muted { (labels::NO_CHANGE) } } }
                    }
                }
            }
        }
    }
}

fn provenance(frame: &Frame, told: &Told<'_>, text: &str) -> Markup {
    let article = told.article;
    let entry = &article.entry;
    html! {
        details.provenance {
            summary { (labels::PROVENANCE) }
            dl.facts {
                dt { (labels::PUBLISHED_ID) } dd { code { (cut(&article.published_id, 300)) } }
                dt { (labels::FIRST_SEEN) } dd { (time::full(article.first_seen, frame.zone)) }
                dt { (labels::LAST_SEEN) } dd { (time::full(article.last_seen, frame.zone)) @if told.explained.entries.iter().any(|joined| joined.last_seen.is_none()) { " (" (labels::STILL_THERE) ")" } }
                dt { (labels::REVISIONS) } dd { (article.revision) }
                @if let Some(language) = &entry.details.language { dt { (labels::LANGUAGE_WORD) } dd { (cut(language, 40)) } }
                @if !text.trim().is_empty() { dt { (labels::WORDS) } dd { (labels::number(word_count(text))) } }
                @if let Some(said) = &article.page { @for (field, from) in &said.provenance { dt { (field) } dd { code { (from) } } } }
                @for filled in &article.filled { dt { (filled.field) } dd { (labels::filled(filled.field, frame.name(&filled.source))) } }
                @for category in entry.details.categories.iter().take(50) { dt { (labels::TAGS) } dd dir="auto" { (cut(category.label.as_deref().unwrap_or(&category.term), 100)) } }
            }
        }
    }
}

fn head(frame: &Frame, told: &Told<'_>, title: &str) -> Markup {
    let article = told.article;
    let details = &article.entry.details;
    let here = format!("{}articles/{}", frame.public_url, uuid(&article.id));
    let description = details.summary.clone().unwrap_or_else(|| {
        text_of(&article.entry.content_html)
            .split_whitespace()
            .take(60)
            .collect::<Vec<_>>()
            .join(" ")
    });
    let description = cut(&description, DESCRIPTION);
    let image = details
        .image
        .as_ref()
        .and_then(|image| Frame::outward(&image.url));
    let canonical = article.entry.url.as_deref().and_then(Frame::outward);
    html! {
        @if let Some(url) = canonical { link rel="canonical" href=(url); }
        @if !description.is_empty() { meta name="description" content=(description); }
        meta property="og:type" content="article";
        meta property="og:title" content=(cut(title, 200));
        meta property="og:url" content=(here);
        meta property="og:site_name" content=(frame.title);
        @if !description.is_empty() { meta property="og:description" content=(description); }
        @if let Some(url) = image { meta property="og:image" content=(url); }
        meta property="article:published_time" content=(time::exact(article.published_at));
        meta property="article:modified_time" content=(time::exact(article.updated));
        (json_ld(&news_article(told, title, &here)))
        link rel="up" href=(frame.links.river("", &Part::default()));
    }
}

/// schema.org/NewsArticle.
fn news_article(told: &Told<'_>, title: &str, here: &str) -> Value {
    let article = told.article;
    let details = &article.entry.details;
    let author = |author: &Author| {
        let kind = match author.kind {
            AuthorKind::Person => "Person",
            AuthorKind::Organization => "Organization",
        };
        json!({"@type": kind, "name": author.name, "url": author.url.as_deref().and_then(Frame::outward)})
    };
    let url = article.entry.url.as_deref().and_then(Frame::outward);
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "identifier": article.published_id,
        "headline": cut(title, HEADLINE),
        "url": url.unwrap_or(here),
        "mainEntityOfPage": url.unwrap_or(here),
        "datePublished": time::exact(article.published_at),
        "dateModified": time::exact(article.updated),
        "publisher": {"@type": "Organization", "name": article.origin.title, "url": article.origin.info.home_url.as_deref().and_then(Frame::outward)},
    });
    let mut set = |key: &str, more: Value| {
        let is_there = !(more.is_null() || more.as_array().is_some_and(Vec::is_empty));
        if let (true, Some(fields)) = (is_there, value.as_object_mut()) {
            fields.insert(key.to_owned(), more);
        }
    };
    set("description", json!(details.summary));
    set(
        "inLanguage",
        json!(language::lang(details.language.as_deref())),
    );
    set(
        "author",
        details.authors.iter().take(50).map(author).collect(),
    );
    set("articleSection", json!(details.section));
    set(
        "keywords",
        details
            .categories
            .iter()
            .map(|category| json!(category.term))
            .collect(),
    );
    if let Some(image) = &details.image {
        set(
            "image",
            json!({"@type": "ImageObject", "url": Frame::outward(&image.url), "width": image.width, "height": image.height, "caption": image.caption, "creditText": image.credit}),
        );
    }
    let places = told
        .explained
        .entries
        .iter()
        .filter(|joined| !joined.represents);
    let others: Vec<Value> = places
        .filter_map(|joined| Some(json!(Frame::outward(joined.url.as_deref()?)?)))
        .collect();
    set("sameAs", Value::Array(others));
    let parts = details.sections.iter().map(|section| match section.items.is_empty() {
        true => json!({"@type": "WebPageElement", "name": section.label, "text": section.text}),
        false => json!({"@type": "ItemList", "name": section.label, "itemListElement": section.items}),
    });
    if !told.summary_only {
        set("hasPart", parts.collect());
    }
    value
}
