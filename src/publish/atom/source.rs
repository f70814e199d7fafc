//! `atom:source` and person constructs (RFC 4287 §4.2.11, §3.2).

use super::instant;
use crate::model::{Article, Author, AuthorRole, EntrySource, Origin};
use crate::publish::shown::Shown;
use crate::publish::text::{construct, is_iri, language, unobeyed};
use crate::publish::xml::Xml;

/// Writes where an article comes from: the feed that an entry already named as its source, else the feed we
/// polled. Id, title and updated are always there; `updated` falls back to the article's.
pub(super) fn write(xml: &mut Xml, article: &Article) {
    match &article.entry.details.source {
        Some(source) if source.id.is_some() || source.url.is_some() => copied(xml, article, source),
        _ => polled(xml, article),
    }
}

/// An entry that was a copy keeps its source: "the source atom:feed's metadata should be preserved".
fn copied(xml: &mut Xml, article: &Article, source: &EntrySource) {
    let id = { source.id.as_deref() }
        .filter(|id| is_iri(id))
        .or(source.url.as_deref())
        .unwrap_or(&article.origin.iri);
    xml.open("source", &[]);
    xml.text("id", &[], id);
    construct(
        xml,
        "title",
        &[],
        source
            .title
            .as_deref()
            .or(source.url.as_deref())
            .unwrap_or(id),
    );
    xml.text("updated", &[], &instant(article.updated));
    if let Some(url) = &source.url {
        xml.empty("link", &[("rel", Some("self")), ("href", Some(url))]);
    }
    xml.close("source");
}

/// The feed we polled. A private one has no `url` here and shows no address of its own.
fn polled(xml: &mut Xml, article: &Article) {
    let Origin {
        iri,
        title,
        url,
        info,
        ..
    } = &article.origin;
    let entry_language = article.entry.details.language.as_deref();
    let own_language =
        language(info.language.as_deref()).filter(|own| Some(*own) != entry_language);
    xml.open("source", &[("xml:lang", own_language)]);
    xml.text("id", &[], iri);
    construct(xml, "title", &[], title);
    xml.text(
        "updated",
        &[],
        &instant(info.updated.unwrap_or(article.updated)),
    );
    if let Some(url) = url {
        xml.empty("link", &[("rel", Some("self")), ("href", Some(url))]);
    }
    if let Some(home) = &info.home_url {
        xml.empty(
            "link",
            &[
                ("rel", Some("alternate")),
                ("type", Some("text/html")),
                ("href", Some(home)),
            ],
        );
    }
    for author in &info.authors {
        person(xml, element_of(author), author);
    }
    if let Some(rights) = &info.rights {
        construct(xml, "rights", &[], rights);
    }
    xml.close("source");
}

/// Writes who made an article. At least one `author` is named in each entry (RFC 4287 §4.1.2).
pub(super) fn people(xml: &mut Xml, shown: &Shown<'_>) {
    for author in &shown.authors {
        person(xml, "author", author);
    }
    for contributor in &shown.contributors {
        person(xml, "contributor", contributor);
    }
}

fn element_of(author: &Author) -> &'static str {
    if author.role == AuthorRole::Author {
        "author"
    } else {
        "contributor"
    }
}

/// A person construct. What cannot be an IRI or a mail address is left out, not repaired (RFC 4287 §3.2).
fn person(xml: &mut Xml, element: &'static str, author: &Author) {
    if author.name.trim().is_empty() {
        return;
    }
    xml.open(element, &[]);
    xml.text("name", &[], &unobeyed(&author.name));
    if let Some(url) = author.url.as_deref().filter(|url| is_iri(url)) {
        xml.text("uri", &[], url);
    }
    if let Some(email) = author
        .email
        .as_deref()
        .filter(|email| is_mail_address(email))
    {
        xml.text("email", &[], email);
    }
    xml.close(element);
}

fn is_mail_address(text: &str) -> bool {
    let no_space =
        !text.contains(|character: char| character.is_whitespace() || character.is_control());
    no_space
        && text
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}
