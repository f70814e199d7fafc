//! Articles → an Atom document (RFC 4287).
//!
//! Pure and total: the same channel and articles give the same bytes. It does not sanitize (contents come
//! sanitized from `normalize`), order or cut the list (the store did), and knows no clock.

mod entry;
mod source;

use chrono::{DateTime, SecondsFormat, SubsecRound, Timelike, Utc};

use super::shown::shown;
use super::xml::Xml;
use super::{media, text};
use crate::model::Article;

pub use super::channel::Channel;

/// `Content-Type` of an Atom document (RFC 4287 §7).
pub const CONTENT_TYPE: &str = "application/atom+xml; charset=utf-8";

/// Renders a channel and its articles, newest first as given. Deterministic.
///
/// The feed names no author of its own: each entry carries its authors, so that none inherits this feed's
/// (RFC 4287 §4.2.1). No `xml:base` is written; every address is absolute.
pub fn render(channel: &Channel, articles: &[Article]) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.open("feed", &namespaces(channel, articles));
    xml.text("id", &[], &channel.id);
    text::construct(&mut xml, "title", &[], &channel.title);
    xml.text("updated", &[], &instant(channel.updated));
    let own_type = Some("application/atom+xml");
    xml.empty(
        "link",
        &[
            ("rel", Some("self")),
            ("type", own_type),
            ("href", Some(&channel.self_url)),
        ],
    );
    xml.empty(
        "link",
        &[
            ("rel", Some("alternate")),
            ("type", Some("text/html")),
            ("href", Some(&channel.home_url)),
        ],
    );
    let archive = &channel.archive;
    for (relation, address) in [
        ("current", &archive.current),
        ("prev-archive", &archive.previous),
        ("next-archive", &archive.next),
    ] {
        if let Some(address) = address {
            xml.empty(
                "link",
                &[
                    ("rel", Some(relation)),
                    ("type", own_type),
                    ("href", Some(address)),
                ],
            );
        }
    }
    if archive.current.is_some() {
        xml.empty("fh:archive", &[]); // RFC 5005 §4
    }
    for hub in &channel.hubs {
        xml.empty("link", &[("rel", Some("hub")), ("href", Some(hub))]);
    }
    xml.text(
        "generator",
        &[
            ("uri", super::GENERATOR_URI),
            ("version", Some(env!("CARGO_PKG_VERSION"))),
        ],
        "Feedmill",
    );
    for article in articles {
        entry::write(&mut xml, &shown(channel, article));
    }
    xml.close("feed");
    xml.finish()
}

/// The namespaces that this document uses: validators frown at others.
fn namespaces(
    channel: &Channel,
    articles: &[Article],
) -> [(&'static str, Option<&'static str>); 4] {
    let media = articles
        .iter()
        .any(|article| media::is_used(article, false));
    let threads = articles
        .iter()
        .any(|article| comment_count(article).is_some());
    [
        ("xmlns", Some("http://www.w3.org/2005/Atom")),
        ("xmlns:media", media.then_some(media::NAMESPACE)),
        (
            "xmlns:fh",
            { channel.archive.current.as_ref() }.map(|_| "http://purl.org/syndication/history/1.0"),
        ),
        (
            "xmlns:thr",
            threads.then_some("http://purl.org/syndication/thread/1.0"),
        ),
    ]
}

fn comment_count(article: &Article) -> Option<u64> {
    article
        .entry
        .details
        .comments
        .as_ref()
        .and_then(|comments| comments.count)
}

/// RFC 3339 in UTC; milliseconds only where there are any (RFC 4287 §3.3).
pub(super) fn instant(at: DateTime<Utc>) -> String {
    let at = at.trunc_subsecs(3);
    let digits = if at.nanosecond() == 0 {
        SecondsFormat::Secs
    } else {
        SecondsFormat::Millis
    };
    at.to_rfc3339_opts(digits, true)
}

#[cfg(test)]
mod tests;
