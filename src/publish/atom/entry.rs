//! One article → one `atom:entry` (RFC 4287 §4.1.2), after the mapping of the article schema.

use std::collections::BTreeSet;

use super::text::{beginning, construct, is_iri, language, title};
use super::xml::Xml;
use super::{Channel, comment_count, instant, source};
use crate::model::{Article, Attachment, Category, Image, SummaryKind};

/// Writes one entry. Its id is the article's, byte for byte (RFC 4287 §4.2.6.1).
pub(super) fn write(xml: &mut Xml, channel: &Channel, article: &Article) {
    let details = &article.entry.details;
    xml.open(
        "entry",
        &[("xml:lang", language(details.language.as_deref()))],
    );
    xml.text("id", &[], &article.published_id);
    let prefix = channel
        .title_prefix
        .replace("{source}", &article.origin.title);
    construct(xml, "title", &[], &format!("{prefix}{}", title(article)));
    xml.text("updated", &[], &instant(article.updated));
    xml.text("published", &[], &instant(article.published_at));
    links(xml, article);
    source::people(xml, article);
    categories(xml, article);
    body(xml, channel, article);
    if let Some(rights) = &details.rights {
        construct(xml, "rights", &[], rights);
    }
    if let Some(image) = &details.image {
        picture(xml, image);
    }
    source::write(xml, article);
    xml.close("entry");
}

/// Links: one `alternate`, all other addresses `related`, then what is attached (RFC 4287 §4.2.7).
fn links(xml: &mut Xml, article: &Article) {
    let details = &article.entry.details;
    if let Some(url) = &article.entry.url {
        xml.empty("link", &[("rel", Some("alternate")), ("href", Some(url))]);
    }
    let elsewhere = article
        .entries
        .iter()
        .filter_map(|entry| entry.url.as_ref());
    let mut seen = BTreeSet::from_iter(&article.entry.url);
    for url in elsewhere.chain(&details.related_urls) {
        if seen.insert(url) {
            xml.empty("link", &[("rel", Some("related")), ("href", Some(url))]);
        }
    }
    for attachment in &details.attachments {
        enclosure(xml, attachment);
    }
    replies(xml, article);
    if let Some(license) = &details.license_url {
        xml.empty("link", &[("rel", Some("license")), ("href", Some(license))]); // RFC 4946
    }
}

fn enclosure(xml: &mut Xml, attachment: &Attachment) {
    let length = attachment.size.map(|bytes| bytes.to_string());
    let attributes = [
        ("rel", Some("enclosure")),
        ("type", attachment.mime_type.as_deref()),
        ("length", length.as_deref()),
        ("title", attachment.title.as_deref()),
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

/// Categories, the section of the paper among them, each once (RFC 4287 §4.2.2).
fn categories(xml: &mut Xml, article: &Article) {
    let details = &article.entry.details;
    let section = details.section.iter().map(|term| Category {
        term: term.clone(),
        ..Category::default()
    });
    let mut seen = BTreeSet::new();
    for category in details.categories.iter().cloned().chain(section) {
        let scheme = category.scheme.filter(|scheme| is_iri(scheme));
        let term = category.term;
        if term.trim().is_empty() || !seen.insert((term.to_lowercase(), scheme.clone())) {
            continue;
        }
        let label = category.label.as_deref();
        xml.empty(
            "category",
            &[
                ("term", Some(&term)),
                ("scheme", scheme.as_deref()),
                ("label", label),
            ],
        );
    }
}

/// Summary and content. An excerpt beside the content it was cut from says nothing and is left out.
///
/// An entry with neither link nor content would break RFC 4287 §4.1.2: its summary, else its title, then stands as
/// its content.
fn body(xml: &mut Xml, channel: &Channel, article: &Article) {
    let entry = &article.entry;
    let full = !channel.summary_only && !entry.content_html.is_empty();
    let cut = full && entry.details.summary_kind == Some(SummaryKind::Excerpt);
    let mut summary = entry.details.summary.clone().filter(|_| !cut);
    if channel.summary_only && summary.is_none() {
        summary = crate::publish::text_of(entry).map(|text| beginning(&text, SUMMARY_CHARACTERS));
    }
    if full {
        if let Some(summary) = summary {
            xml.text("summary", &[("type", Some("text"))], &summary);
        }
        xml.text("content", &[("type", Some("html"))], &entry.content_html);
    } else if entry.url.is_none() {
        xml.text(
            "content",
            &[("type", Some("text"))],
            summary.as_deref().unwrap_or(&title(article)),
        );
    } else if let Some(summary) = summary {
        xml.text("summary", &[("type", Some("text"))], &summary);
    }
}

/// Length of the summary that is cut from the content where an output carries summaries only.
const SUMMARY_CHARACTERS: usize = 300;

/// The lead picture as Media RSS.
fn picture(xml: &mut Xml, image: &Image) {
    let [width, height] =
        [image.width, image.height].map(|side| side.map(|pixels| pixels.to_string()));
    let size = [("width", width.as_deref()), ("height", height.as_deref())];
    let url = ("url", Some(image.url.as_str()));
    let attributes = [
        url,
        ("medium", Some("image")),
        ("type", image.mime_type.as_deref()),
        size[0],
        size[1],
    ];
    let description = image.alt.as_deref().or(image.caption.as_deref());
    if description.is_none() && image.credit.is_none() {
        xml.empty("media:content", &attributes);
    } else {
        xml.open("media:content", &attributes);
        if let Some(description) = description {
            xml.text("media:description", &[], description);
        }
        if let Some(credit) = &image.credit {
            xml.text("media:credit", &[], credit);
        }
        xml.close("media:content");
    }
    xml.empty("media:thumbnail", &[url, size[0], size[1]]);
}
