//! The only file that knows feed-rs: runs it, and moves what it gives into our own words.

use feed_rs::model as theirs;
use feed_rs::parser::{Builder, ParseErrorKind, ParseFeedError};

use super::{Context, Error, Format, Link, Media, ParsedEntry, ParsedFeed, Text};
use crate::model::{Category, Signals};

/// Runs feed-rs over recovered XML. It may panic and recurse: the caller guards both. Dates, people, languages and
/// bases are not taken from it: `extras` has them.
pub(super) fn parse(text: &str, format: Format, context: &Context) -> Result<ParsedFeed, Error> {
    let parser = Builder::new()
        .base_uri(
            context
                .base_url
                .as_ref()
                .filter(|url| !url.cannot_be_a_base())
                .map(url::Url::as_str),
        )
        // An absent id stays absent: feed-rs would else mint one, at times a random one.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|_| None)
        .sanitize_content(false)
        .build();
    match parser.parse(text.as_bytes()) {
        Ok(feed) => Ok(convert(feed, format)),
        Err(error) => Err(refusal(&error)),
    }
}

fn refusal(error: &ParseFeedError) -> Error {
    let (message, position) = match error {
        ParseFeedError::ParseError(kind) => match kind {
            ParseErrorKind::NoFeedRoot => {
                ("no channel of a version that is known".to_owned(), None)
            }
            ParseErrorKind::UnknownMimeType { position, mime } => (
                format!("content type {mime:?} is not known"),
                Some(*position),
            ),
            ParseErrorKind::MissingContent {
                position,
                reference,
            } => (
                format!("an element without its {reference}"),
                Some(*position),
            ),
            ParseErrorKind::UnknownEnumVariant {
                position,
                reference,
            } => (format!("unknown value of {reference}"), Some(*position)),
            ParseErrorKind::IllegalState {
                position,
                reference,
            } => (reference.clone(), Some(*position)),
        },
        ParseFeedError::XmlReader(error) => (error.to_string(), None),
        other => (other.to_string(), None),
    };
    Error::Malformed { message, position }
}

fn convert(feed: theirs::Feed, format: Format) -> ParsedFeed {
    let is_rss = format.is_rss();
    let image = feed.logo.or(feed.icon);
    ParsedFeed {
        format,
        id: non_empty(feed.id),
        title: feed.title.map(|value| text(value, is_rss)),
        links: feed.links.into_iter().map(link).collect(),
        language: feed.language.and_then(non_empty),
        updated: None,
        image_url: image.and_then(|image| non_empty(image.uri)),
        rights: feed.rights.map(|value| text(value, is_rss)),
        authors: Vec::new(),
        signals: Signals {
            ttl: feed
                .ttl
                .filter(|ttl| *ttl > 0)
                .map(|ttl| std::time::Duration::from_secs(u64::from(ttl) * 60)),
            ..Signals::default()
        },
        recovered: Vec::new(),
        cut: false,
        entries: feed
            .entries
            .into_iter()
            .map(|value| entry(value, is_rss))
            .collect(),
    }
}

fn entry(entry: theirs::Entry, is_rss: bool) -> ParsedEntry {
    let links = entry.links.into_iter().filter(|link| link.target.is_none());
    ParsedEntry {
        id: non_empty(entry.id),
        title: entry.title.map(|value| text(value, is_rss)),
        links: links.map(link).collect(),
        summary: entry.summary.map(|value| text(value, is_rss)),
        content: entry.content.and_then(|value| content(value, is_rss)),
        categories: categories(entry.categories),
        media: entry
            .media
            .into_iter()
            .zip(0..)
            .flat_map(|(object, group)| media(object, group))
            .collect(),
        rights: entry.rights.map(|value| text(value, is_rss)),
        ..ParsedEntry::default()
    }
}

fn text(value: theirs::Text, is_rss: bool) -> Text {
    let html = is_rss || is_html(value.content_type.as_str());
    Text {
        value: value.content,
        html,
    }
}

fn content(value: theirs::Content, is_rss: bool) -> Option<Text> {
    let kind = value.content_type.as_str();
    let html = is_rss || is_html(kind);
    let readable = html || kind.starts_with("text/");
    value
        .body
        .filter(|body| readable && !body.trim().is_empty())
        .map(|value| Text { value, html })
}

/// feed-rs calls Atom's `xhtml` a type of `html` with an odd subtype.
fn is_html(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind.contains("html") || kind == "text/xml"
}

fn link(link: theirs::Link) -> Link {
    Link {
        href: link.href,
        rel: link.rel,
        media_type: link.media_type,
        title: link.title,
        hreflang: link.href_lang,
        length: link.length,
    }
}

fn categories(categories: Vec<theirs::Category>) -> Vec<Category> {
    let named = categories
        .into_iter()
        .filter(|category| !category.term.trim().is_empty() || category.label.is_some());
    named
        .map(|category| Category {
            term: category.term,
            scheme: category.scheme.and_then(non_empty),
            label: category.label.and_then(non_empty),
        })
        .collect()
}

fn media(object: theirs::MediaObject, group: u16) -> Vec<Media> {
    let title = object.title.map(|value| value.content);
    let description = object.description.map(|value| value.content);
    let credit = object
        .credits
        .into_iter()
        .next()
        .map(|credit| credit.entity);
    let shared = Media {
        title,
        description,
        credit,
        group,
        ..Media::default()
    };
    let whole = object.duration;
    let contents = object.content.into_iter().filter_map(|content| {
        Some(Media {
            url: String::from(content.url?),
            mime_type: content.content_type.map(|kind| kind.to_string()),
            size: content.size.filter(|size| *size > 0),
            duration_ms: content
                .duration
                .or(whole)
                .and_then(|length| u64::try_from(length.as_millis()).ok()),
            width: content.width,
            height: content.height,
            ..shared.clone()
        })
    });
    let thumbnails = object.thumbnails.into_iter().map(|thumbnail| Media {
        url: thumbnail.image.uri,
        width: thumbnail.image.width,
        height: thumbnail.image.height,
        thumbnail: true,
        picture: true,
        ..shared.clone()
    });
    contents.chain(thumbnails).collect()
}

/// Trimmed; `None` when nothing is left.
fn non_empty(value: String) -> Option<String> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        None
    } else if trimmed.len() == value.len() {
        Some(value)
    } else {
        Some(trimmed.to_owned())
    }
}
