//! Articles → an RSS 2.0 document, after the Best Practices Profile of the RSS Advisory Board
//! (<https://www.rssboard.org/rss-profile>).
//!
//! Pure and total, as [`super::atom`] is. What RSS has no element for stands in the modules that readers know:
//! `content:encoded`, Dublin Core, Media RSS, iTunes, `slash:comments`, `atom:updated`.

mod item;

pub(super) use item::UNKNOWN_TYPE;

use chrono::{DateTime, Utc};

use super::shown::shown;
use super::xml::Xml;
use super::{Channel, media};
use crate::model::Article;

/// `Content-Type` of an RSS document.
pub const CONTENT_TYPE: &str = "application/rss+xml; charset=utf-8";

/// Renders a channel and its articles, in the order given. Deterministic.
pub fn render(channel: &Channel, articles: &[Article]) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.open("rss", &namespaces(articles));
    xml.open("channel", &[]);
    xml.text("title", &[], &html_safe(&channel.title));
    xml.text("link", &[], &channel.home_url);
    xml.text("description", &[], &html_safe(&channel.title));
    let own_type = ("type", Some("application/rss+xml"));
    let own = ("href", Some(channel.self_url.as_str()));
    xml.empty("atom:link", &[("rel", Some("self")), own_type, own]);
    for hub in &channel.hubs {
        xml.empty("atom:link", &[("rel", Some("hub")), ("href", Some(hub))]);
    }
    xml.text("lastBuildDate", &[], &date(channel.updated));
    let generator = concat!("Feedmill ", env!("CARGO_PKG_VERSION"));
    xml.text("generator", &[], super::GENERATOR_URI.unwrap_or(generator));
    for article in articles {
        item::write(&mut xml, &shown(channel, article));
    }
    xml.close("channel");
    xml.close("rss");
    xml.finish()
}

/// The namespaces that this document uses; `atom` and `dc` always are.
fn namespaces(articles: &[Article]) -> [(&'static str, Option<&'static str>); 7] {
    let any = |says: fn(&Article) -> bool| articles.iter().any(says);
    let (content, media, itunes, slash) = (
        any(|article| !article.entry.content_html.is_empty()),
        any(|article| media::is_used(article, true)),
        any(item::is_podcast),
        any(|article| item::comment_count(article).is_some()),
    );
    [
        ("version", Some("2.0")),
        ("xmlns:atom", Some("http://www.w3.org/2005/Atom")),
        ("xmlns:dc", Some("http://purl.org/dc/elements/1.1/")),
        (
            "xmlns:content",
            content.then_some("http://purl.org/rss/1.0/modules/content/"),
        ),
        ("xmlns:media", media.then_some(media::NAMESPACE)),
        (
            "xmlns:itunes",
            itunes.then_some("http://www.itunes.com/dtds/podcast-1.0.dtd"),
        ),
        (
            "xmlns:slash",
            slash.then_some("http://purl.org/rss/1.0/modules/slash/"),
        ),
    ]
}

/// RFC 822 with a year of four digits, as the profile asks; in GMT.
fn date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Text for an element that some readers take for text and more for HTML: as it is where both show the same, else
/// as HTML that shows it.
fn html_safe(text: &str) -> std::borrow::Cow<'_, str> {
    if super::text::is_obeyed(text) {
        super::text::escaped(text).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests;
