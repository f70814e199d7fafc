//! One article → one `atom:entry` (RFC 4287 §4.1.2), after the mapping of the article schema.

use super::{comment_count, instant, source};
use crate::model::{Article, Attachment};
use crate::publish::media;
use crate::publish::shown::Shown;
use crate::publish::text::{construct, is_iri, is_obeyed, language, unobeyed};
use crate::publish::xml::Xml;

/// Writes one entry. Its id is the article's, byte for byte (RFC 4287 §4.2.6.1).
pub(super) fn write(xml: &mut Xml, shown: &Shown<'_>) {
    let article = shown.article;
    let details = &article.entry.details;
    xml.open(
        "entry",
        &[("xml:lang", language(details.language.as_deref()))],
    );
    xml.text("id", &[], &article.published_id);
    construct(xml, "title", &[], &shown.title);
    xml.text("updated", &[], &instant(article.updated));
    xml.text("published", &[], &instant(article.published_at));
    links(xml, shown);
    source::people(xml, shown);
    categories(xml, shown);
    body(xml, shown);
    if let Some(rights) = &details.rights {
        construct(xml, "rights", &[], rights);
    }
    if let Some(image) = &details.image {
        media::picture(xml, image);
    }
    for attachment in details
        .attachments
        .iter()
        .filter(|one| media::says_more(one))
    {
        media::attachment(xml, attachment);
    }
    source::write(xml, article);
    xml.close("entry");
}

/// Links: one `alternate`, all other addresses `related`, then what is attached (RFC 4287 §4.2.7).
fn links(xml: &mut Xml, shown: &Shown<'_>) {
    let details = &shown.article.entry.details;
    if let Some(url) = &shown.article.entry.url {
        xml.empty("link", &[("rel", Some("alternate")), ("href", Some(url))]);
    }
    for url in &shown.related {
        xml.empty("link", &[("rel", Some("related")), ("href", Some(url))]);
    }
    for attachment in &details.attachments {
        enclosure(xml, attachment);
    }
    replies(xml, shown.article);
    if let Some(license) = &details.license_url {
        xml.empty("link", &[("rel", Some("license")), ("href", Some(license))]); // RFC 4946
    }
}

fn enclosure(xml: &mut Xml, attachment: &Attachment) {
    let length = attachment.size.map(|bytes| bytes.to_string());
    let title = attachment.title.as_deref().map(unobeyed);
    let attributes = [
        ("rel", Some("enclosure")),
        ("type", attachment.mime_type.as_deref()),
        ("length", length.as_deref()),
        ("title", title.as_deref()),
        ("href", Some(attachment.url.as_str())),
    ];
    xml.empty("link", &attributes);
}

/// Where readers talk (RFC 4685 §4 and §5). The type must be said: without it, it would mean Atom.
fn replies(xml: &mut Xml, article: &Article) {
    let count = comment_count(article).map(|count| count.to_string());
    if let Some(url) = article
        .entry
        .details
        .comments
        .as_ref()
        .and_then(|comments| comments.url.as_deref())
    {
        let html = Some("text/html");
        xml.empty(
            "link",
            &[
                ("rel", Some("replies")),
                ("type", html),
                ("href", Some(url)),
                ("thr:count", count.as_deref()),
            ],
        );
    }
    if let Some(count) = &count {
        xml.text("thr:total", &[], count);
    }
}

/// Categories (RFC 4287 §4.2.2). A scheme must be an IRI.
fn categories(xml: &mut Xml, shown: &Shown<'_>) {
    for category in &shown.categories {
        let scheme = category.scheme.as_deref().filter(|scheme| is_iri(scheme));
        xml.empty(
            "category",
            &[
                ("term", Some(&unobeyed(&category.term))),
                ("scheme", scheme),
                ("label", category.label.as_deref().map(unobeyed).as_deref()),
            ],
        );
    }
}

/// Text as `type="text"`, but where a careless reader would see markup in it.
fn text(xml: &mut Xml, name: &'static str, text: &str) {
    if is_obeyed(text) {
        construct(xml, name, &[], text);
    } else {
        xml.text(name, &[("type", Some("text"))], text);
    }
}

/// Summary and content. An excerpt beside the content it was cut from says nothing and is left out.
///
/// An entry with neither link nor content would break RFC 4287 §4.1.2: its summary, else its title, then stands as
/// its content.
fn body(xml: &mut Xml, shown: &Shown<'_>) {
    let summary = shown.summary.as_deref().filter(|_| !shown.is_excerpt);
    match (shown.content, summary) {
        (None, summary) if shown.article.entry.url.is_none() => {
            text(xml, "content", summary.unwrap_or(&shown.title));
        }
        (content, summary) => {
            if let Some(summary) = summary {
                text(xml, "summary", summary);
            }
            if let Some(html) = content {
                xml.text("content", &[("type", Some("html"))], html);
            }
        }
    }
}
