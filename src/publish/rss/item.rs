//! One article → one `item`.

use super::{date, html_safe};
use crate::model::{Article, Attachment};
use crate::publish::shown::{SUMMARY_CHARACTERS, Shown};
use crate::publish::text::{beginning, escaped, is_iri, language, unobeyed};
use crate::publish::xml::Xml;
use crate::publish::{atom, media};

/// Writes one item.
pub(super) fn write(xml: &mut Xml, shown: &Shown<'_>) {
    let article = shown.article;
    let details = &article.entry.details;
    xml.open("item", &[]);
    xml.text("title", &[], &html_safe(&shown.title));
    if let Some(url) = &article.entry.url {
        xml.text("link", &[], url);
    }
    body(xml, shown);
    let is_link = article.entry.url.as_deref() == Some(article.published_id.as_str());
    let permanent = ("isPermaLink", Some(if is_link { "true" } else { "false" }));
    xml.text("guid", &[permanent], &article.published_id);
    xml.text("pubDate", &[], &date(article.published_at));
    xml.text("atom:updated", &[], &atom::instant(article.updated));
    people(xml, shown);
    for category in &shown.categories {
        let domain = category.scheme.as_deref().filter(|scheme| is_iri(scheme));
        xml.text(
            "category",
            &[("domain", domain)],
            &html_safe(&category.term),
        );
    }
    comments(xml, article);
    if let Some(language) = language(details.language.as_deref()) {
        xml.text("dc:language", &[], language);
    }
    if let Some(rights) = &details.rights {
        xml.text("dc:rights", &[], &unobeyed(rights));
    }
    attachments(xml, article);
    source(xml, article);
    xml.close("item");
}

/// The description comes first, and is only missing beside `content:encoded` when that holds no words; both are HTML.
fn body(xml: &mut Xml, shown: &Shown<'_>) {
    let cut = || {
        let text = crate::publish::text_of(&shown.article.entry)?;
        Some(beginning(&text, SUMMARY_CHARACTERS).into())
    };
    let summary = shown.summary.clone().or_else(cut);
    if let Some(summary) = summary.filter(|summary| !summary.trim().is_empty()) {
        xml.text("description", &[], &escaped(&summary));
    }
    if let Some(html) = shown.content {
        xml.text("content:encoded", &[], html);
    }
}

/// `author` would have to be a mail address; names go into Dublin Core.
fn people(xml: &mut Xml, shown: &Shown<'_>) {
    for author in &shown.authors {
        xml.text("dc:creator", &[], &unobeyed(&author.name));
    }
    for contributor in &shown.contributors {
        xml.text("dc:contributor", &[], &unobeyed(&contributor.name));
    }
}

fn comments(xml: &mut Xml, article: &Article) {
    let comments = article.entry.details.comments.as_ref();
    if let Some(url) = comments.and_then(|comments| comments.url.as_deref()) {
        xml.text("comments", &[], url);
    }
    if let Some(count) = comment_count(article) {
        xml.text("slash:comments", &[], &count.to_string());
    }
}

/// Comments on an article, where their number is known.
pub(super) fn comment_count(article: &Article) -> Option<u64> {
    article.entry.details.comments.as_ref()?.count
}

/// Whether an article is an episode: something of it is heard or watched.
pub(super) fn is_podcast(article: &Article) -> bool {
    let details = &article.entry.details;
    details.attachments.iter().any(media::is_podcast)
}

/// One enclosure, as the profile says: the first thing that is heard or watched, else the first. What it cannot carry,
/// and what else is attached, is Media RSS.
fn attachments(xml: &mut Xml, article: &Article) {
    let details = &article.entry.details;
    let attached = &details.attachments;
    let main = attached
        .iter()
        .find(|one| media::is_podcast(one))
        .or(attached.first());
    if let Some(main) = main {
        enclosure(xml, main);
    }
    if let Some(image) = &details.image {
        media::picture(xml, image);
    }
    for attachment in attached {
        if media::says_more(attachment) || attachment.title.is_some() || Some(attachment) != main {
            media::attachment(xml, attachment);
        }
    }
    if !is_podcast(article) {
        return;
    }
    if let Some(length) = main.and_then(|main| main.duration) {
        xml.text("itunes:duration", &[], &media::whole_seconds(length.0));
    }
    if let Some(image) = &details.image {
        xml.empty("itunes:image", &[("href", Some(image.url.as_str()))]);
    }
}

/// Length and type are required; an unknown length is 0 (RSS profile, enclosure).
fn enclosure(xml: &mut Xml, attachment: &Attachment) {
    let length = attachment.size.unwrap_or(0).to_string();
    let media_type = attachment.mime_type.as_deref().unwrap_or(UNKNOWN_TYPE);
    let attributes = [
        ("url", Some(attachment.url.as_str())),
        ("length", Some(length.as_str())),
        ("type", Some(media_type)),
    ];
    xml.empty("enclosure", &attributes);
}

/// Of what nobody said what it is (RFC 2046 §4.5.1).
pub(in crate::publish) const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The feed it came from: the one that the entry names, else the one that was polled. A private source has no address
/// to show, and the element needs one.
fn source(xml: &mut Xml, article: &Article) {
    let named = article.entry.details.source.as_ref();
    let named = named.and_then(|source| {
        let url = source.url.as_deref()?;
        Some((url, source.title.as_deref().unwrap_or(url)))
    });
    let polled = || {
        Some((
            article.origin.url.as_deref()?,
            article.origin.title.as_str(),
        ))
    };
    if let Some((url, title)) = named.or_else(polled) {
        xml.text("source", &[("url", Some(url))], &html_safe(title));
    }
}
