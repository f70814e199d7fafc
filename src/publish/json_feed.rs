//! Articles → a JSON Feed 1.1 document (<https://www.jsonfeed.org/version/1.1/>).
//!
//! Pure and total, as [`super::atom`] is. Each item has the whole article (`docs/json.md`) as its extension `_article`.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rss::UNKNOWN_TYPE;
use super::shown::without_content;
use super::shown::{Shown, shown};
use super::text::unobeyed;
use super::{Channel, json};
use crate::model;

/// `Content-Type` of a JSON Feed document.
pub const CONTENT_TYPE: &str = "application/feed+json; charset=utf-8";

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: &'a [Item<'a>],
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    title: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: DateTime<Utc>,
    date_modified: DateTime<Utc>,
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
    #[serde(rename = "_article")]
    article: json::Article<'a>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<model::Seconds>,
}

/// Renders a channel and its articles, in the order given. Deterministic.
pub fn render(channel: &Channel, articles: &[model::Article]) -> Vec<u8> {
    let cut: Vec<model::Article>;
    let articles = if channel.summary_only {
        cut = articles.iter().map(without_content).collect();
        &cut
    } else {
        articles
    };
    let shown: Vec<Shown<'_>> = articles
        .iter()
        .map(|article| shown(channel, article))
        .collect();
    let items: Vec<Item<'_>> = shown.iter().map(item).collect();
    let hub = |url| Hub {
        kind: "WebSub",
        url,
    };
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: &channel.title,
        home_page_url: &channel.home_url,
        feed_url: &channel.self_url,
        hubs: channel.hubs.iter().map(|url| hub(url)).collect(),
        items: &items,
    };
    let mut bytes = serde_json::to_vec(&feed).expect("strings, numbers and lists, into a Vec");
    bytes.push(b'\n');
    bytes
}

fn item<'a>(shown: &'a Shown<'a>) -> Item<'a> {
    let article = shown.article;
    let details = &article.entry.details;
    let summary = shown.summary.as_deref();
    let author = |author: &'a model::Author| Author {
        name: unobeyed(&author.name),
        url: author.url.as_deref().filter(|url| super::text::is_iri(url)),
    };
    let attachment = |attachment: &'a model::Attachment| Attachment {
        url: &attachment.url,
        mime_type: attachment.mime_type.as_deref().unwrap_or(UNKNOWN_TYPE),
        title: attachment.title.as_deref().map(unobeyed),
        size_in_bytes: attachment.size,
        duration_in_seconds: attachment.duration,
    };
    Item {
        id: &article.published_id,
        url: article.entry.url.as_deref(),
        title: unobeyed(&shown.title),
        content_html: shown.content,
        // One of the two must be there.
        content_text: match shown.content {
            Some(_) => None,
            None => Some(unobeyed(summary.unwrap_or(&shown.title))),
        },
        summary: summary.map(unobeyed),
        image: details.image.as_ref().map(|image| image.url.as_str()),
        date_published: article.published_at,
        date_modified: article.updated,
        authors: shown.authors.iter().map(|one| author(one)).collect(),
        tags: shown
            .categories
            .iter()
            .map(|category| unobeyed(&category.term))
            .collect(),
        language: details.language.as_deref(),
        attachments: details.attachments.iter().map(attachment).collect(),
        article: json::article(article),
    }
}

#[cfg(test)]
mod tests;
