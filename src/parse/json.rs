//! JSON Feed 1.0 and 1.1, read directly: its usual slips of type (numeric ids, sizes as text, one author in place of a
//! list, a null title) cost nothing here, and would cost the whole feed elsewhere.

mod lean;

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use self::lean::Lean;
use super::{
    Context, Error, Format, Link, Media, ParsedEntry, ParsedFeed, Person, Repair, Text, date, sniff,
};
use crate::model::{Category, Signals};
use crate::recover::MAX_ENTRIES;

/// Keys of the feed that are read.
const HEAD: [&str; 10] = [
    "version",
    "title",
    "home_page_url",
    "feed_url",
    "icon",
    "favicon",
    "language",
    "authors",
    "author",
    "hubs",
];
/// Values of one item, or of one key of the feed, that are held.
const MAX_VALUES: usize = 2_000;
/// So many of them any item may have; items are left out once those beyond it are too many in the whole document.
const USUAL_VALUES: usize = 40;
/// Values of the document beyond [`USUAL_VALUES`] of their item.
const SPARE_VALUES: usize = 100_000;

/// Reads a document that begins with `{`. Nesting is bounded by serde_json (128 levels), items by [`MAX_ENTRIES`].
pub(super) fn parse(text: &str, context: &Context) -> Result<ParsedFeed, Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Document>();
    let document = match stream.next() {
        Some(Ok(document)) => document,
        Some(Err(error)) => {
            return Err(Error::Malformed {
                message: error.to_string(),
                position: None,
            });
        }
        None => return Err(Error::NotAFeed(sniff::NOT_JSON_FEED.to_owned())),
    };
    let version = document
        .head
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let claims = version.contains("jsonfeed.org/version/");
    let Some(items) = document
        .items
        .filter(|_| claims || document.head.contains_key("title"))
    else {
        return Err(Error::NotAFeed(sniff::NOT_JSON_FEED.to_owned()));
    };
    let format = if version.trim_end_matches('/').ends_with("/1") {
        Format::Json10
    } else {
        Format::Json11
    };
    let mut parsed = feed(&document.head, format);
    parsed.entries = items.kept.iter().map(|item| entry(item, context)).collect();
    if items.dropped {
        parsed.recovered.push(Repair::of_document("entries-capped"));
    }
    Ok(parsed)
}

fn feed(head: &Map<String, Value>, format: Format) -> ParsedFeed {
    // Other kinds of hubs speak other languages (JSON Feed 1.1, "hubs").
    let hubs = list(head, "hubs").filter_map(|hub| {
        let hub = hub.as_object()?;
        let kind = string(hub, "type");
        let speaks = kind.is_none_or(|kind| {
            ["websub", "pubsubhubbub"].contains(&kind.to_ascii_lowercase().as_str())
        });
        string(hub, "url").filter(|_| speaks)
    });
    let links = [
        ("alternate", string(head, "home_page_url")),
        ("self", string(head, "feed_url")),
    ];
    let links = links
        .into_iter()
        .filter_map(|(rel, href)| Some((rel, href?)))
        .chain(hubs.map(|href| ("hub", href)));
    ParsedFeed {
        format,
        id: None,
        title: string(head, "title").map(plain),
        links: links
            .map(|(rel, href)| Link {
                href,
                rel: Some(rel.to_owned()),
                ..Link::default()
            })
            .collect(),
        language: string(head, "language"),
        updated: None,
        image_url: string(head, "icon").or_else(|| string(head, "favicon")),
        rights: None,
        authors: authors(head),
        signals: Signals::default(),
        recovered: Vec::new(),
        cut: false,
        entries: Vec::new(),
    }
}

fn entry(item: &Map<String, Value>, context: &Context) -> ParsedEntry {
    let home = context.timezone.unwrap_or(chrono_tz::UTC);
    let instant = |key| string(item, key).and_then(|text| date::parse(&text, home));
    let published = instant("date_published");
    let links = [
        ("alternate", string(item, "url")),
        ("related", string(item, "external_url")),
    ];
    let html = string(item, "content_html").map(|value| Text { value, html: true });
    let pictures = ["image", "banner_image"]
        .into_iter()
        .filter_map(|key| string(item, key));
    let pictures = pictures.map(|url| Media {
        url,
        picture: true,
        thumbnail: true,
        ..Media::default()
    });
    ParsedEntry {
        id: string(item, "id"),
        title: string(item, "title").map(plain),
        links: links
            .into_iter()
            .filter_map(|(rel, href)| {
                Some(Link {
                    href: href?,
                    rel: Some(rel.to_owned()),
                    ..Link::default()
                })
            })
            .collect(),
        summary: string(item, "summary").map(plain),
        content: html.or_else(|| string(item, "content_text").map(plain)),
        authors: authors(item),
        published: published.map(|stamp| stamp.at),
        published_is_day: published.is_some_and(|stamp| stamp.is_day),
        updated: instant("date_modified").map(|stamp| stamp.at),
        language: string(item, "language"),
        categories: list(item, "tags")
            .filter_map(scalar)
            .map(|term| Category {
                term,
                ..Category::default()
            })
            .collect(),
        media: pictures
            .chain(
                list(item, "attachments")
                    .zip(1..)
                    .filter_map(|(value, group)| attachment(value, group)),
            )
            .collect(),
        ..ParsedEntry::default()
    }
}

fn attachment(value: &Value, group: u16) -> Option<Media> {
    let value = value.as_object()?;
    let number = |key| {
        scalar(value.get(key)?)?
            .parse::<f64>()
            .ok()
            .filter(|number| *number > 0.0)
    };
    Some(Media {
        url: string(value, "url")?,
        mime_type: string(value, "mime_type"),
        title: string(value, "title"),
        size: number("size_in_bytes").map(|bytes| bytes as u64),
        duration_ms: number("duration_in_seconds").map(|seconds| (seconds * 1_000.0) as u64),
        group,
        ..Media::default()
    })
}

/// `authors`, or the `author` of version 1.0; an author that is a plain string is its name.
fn authors(value: &Map<String, Value>) -> Vec<Person> {
    let read = |author: &Value| match author {
        Value::Object(author) => {
            let (name, url) = (string(author, "name"), string(author, "url"));
            name.map(|name| Person {
                name,
                url,
                ..Person::default()
            })
        }
        other => scalar(other).map(|name| Person {
            name,
            ..Person::default()
        }),
    };
    let many: Vec<Person> = list(value, "authors").filter_map(read).collect();
    if many.is_empty() {
        list(value, "author").filter_map(read).collect()
    } else {
        many
    }
}

/// A list's elements, or the value itself where a list was forgotten.
fn list<'a>(map: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    match map.get(key) {
        Some(Value::Array(values)) => values.as_slice().iter(),
        Some(Value::Null) | None => [].iter(),
        Some(value) => std::slice::from_ref(value).iter(),
    }
}

fn string(map: &Map<String, Value>, key: &str) -> Option<String> {
    scalar(map.get(key)?)
}

/// Text of a string or number, trimmed; `None` when empty or of another kind.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn plain(value: String) -> Text {
    Text { value, html: false }
}

/// The top-level object: `items` apart, so that only so many are ever held.
struct Document {
    head: Map<String, Value>,
    items: Option<Items>,
}

struct Items {
    kept: Vec<Map<String, Value>>,
    dropped: bool,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON Feed object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut document = Document {
                    head: Map::new(),
                    items: None,
                };
                while let Some(key) = map.next_key::<String>()? {
                    if key == "items" {
                        document.items = map.next_value()?;
                    } else if HEAD.contains(&key.as_str()) {
                        let left = Cell::new(MAX_VALUES);
                        let value = map.next_value_seed(Lean { left: &left })?;
                        document.head.insert(key, value);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(document)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Items;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
                let mut items = Items {
                    kept: Vec::new(),
                    dropped: false,
                };
                let mut spare = SPARE_VALUES;
                while items.kept.len() < MAX_ENTRIES && spare > 0 {
                    let left = Cell::new(MAX_VALUES);
                    match seq.next_element_seed(Lean { left: &left })? {
                        Some(Value::Object(item)) => items.kept.push(item),
                        Some(_) => {}
                        None => return Ok(items),
                    }
                    let taken = MAX_VALUES - left.get();
                    spare = spare.saturating_sub(taken.saturating_sub(USUAL_VALUES));
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    items.dropped = true;
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}
