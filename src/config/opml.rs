//! OPML 1.0, 1.1 and 2.0 → outlines that name a feed.
//!
//! Lists come from many programs and hands, so names are read in any case and a broken outline costs only itself.
//! Nothing is fetched: `include` outlines are not followed.
use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::file::Read;
use super::values::slug;

/// Outlines in one file; a subscription list of this length is not kept by hand.
const MOST_OUTLINES: usize = 100_000;
/// Folders in folders. What lies deeper is left out.
const DEEPEST: usize = 64;
/// How often reading starts anew behind a broken tag. Each time may scan the rest of the file.
const MOST_RESTARTS: usize = 1_000;

/// An outline with an `xmlUrl`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// Byte offset in the text.
    pub(super) at: usize,
    /// `title`, else `text`.
    pub(super) title: Option<String>,
    /// As written.
    pub(super) url: String,
    /// Slugs of the folders it lies in, outermost first.
    pub(super) tags: Vec<String>,
}

/// What a document holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// In file order.
    pub(super) outlines: Vec<Outline>,
    /// What was left out: byte offset and reason.
    pub(super) broken: Vec<(usize, &'static str)>,
}

/// Text of an OPML file: UTF-8, else what its XML declaration or byte order mark says, else windows-1252. The mark
/// itself is taken away, as the XML reader leaves it out of its positions.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text.trim_start_matches('\u{feff}'));
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declared = head
        .split_once("encoding=")
        .and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    let encoding = declared
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
        .unwrap_or(encoding_rs::WINDOWS_1252);
    let text = encoding.decode(bytes).0;
    Cow::Owned(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads a document; errs when it is no OPML or holds more than can be meant.
pub(super) fn read(text: &str) -> Read<Document> {
    let mut walk = Walk::default();
    let mut from = 0;
    for _ in 0..MOST_RESTARTS {
        match walk.run(text, from)? {
            Some(next) => from = next,
            None => return walk.finish(),
        }
    }
    walk.document.broken.push((
        from,
        "too many broken tags; the rest of the file is left out",
    ));
    walk.finish()
}

#[derive(Default)]
struct Walk {
    document: Document,
    seen_opml: bool,
    outlines: usize,
    /// Open outlines: the tag of a folder, nothing for one that is a feed itself.
    open: Vec<Option<String>>,
    /// Open outlines below [`DEEPEST`].
    too_deep: usize,
}

impl Walk {
    /// Reads on from a byte offset. Gives the offset to start anew at when a tag was broken.
    fn run(&mut self, text: &str, from: usize) -> Read<Option<usize>> {
        let mut reader = lenient(&text[from..]);
        loop {
            let at = from + offset(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(_) => return Ok(self.give_up_tag(text, at)),
            };
            let after = from + offset(reader.buffer_position());
            match event {
                Event::Eof => return Ok(None),
                Event::Start(_) | Event::Empty(_) if text.get(at..after).is_some_and(swallowed) => {
                    return Ok(self.give_up_tag(text, at));
                }
                Event::Start(tag) => self.start(&tag, at, true)?,
                Event::Empty(tag) => self.start(&tag, at, false)?,
                Event::End(tag) if is(tag.local_name().as_ref(), "outline") => self.end(),
                _ => {}
            }
        }
    }

    fn finish(self) -> Read<Document> {
        if self.seen_opml {
            Ok(self.document)
        } else {
            Err("is no OPML document; export the list as OPML".to_owned())
        }
    }

    /// A tag whose quotes do not close swallows what follows: it is left out, and the next one is found by name.
    fn give_up_tag(&mut self, text: &str, at: usize) -> Option<usize> {
        self.document
            .broken
            .push((at, "the tag is not closed; left out"));
        let behind = (at + 1).min(text.len());
        find_outline(&text.as_bytes()[behind..]).map(|next| behind + next)
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: usize, has_children: bool) -> Read<()> {
        self.seen_opml |= is(tag.local_name().as_ref(), "opml");
        if !self.seen_opml || !is(tag.local_name().as_ref(), "outline") {
            return Ok(());
        }
        self.outlines += 1;
        if self.outlines > MOST_OUTLINES {
            return Err(format!(
                "has more than {MOST_OUTLINES} outlines; leave some out"
            ));
        }
        if self.open.len() >= DEEPEST {
            if self.too_deep == 0 {
                self.document
                    .broken
                    .push((at, "nested deeper than 64 folders; left out"));
            }
            self.too_deep += usize::from(has_children);
            return Ok(());
        }
        let fields = fields(tag);
        let folder = if let Some(url) = fields.url {
            let tags = self.open.iter().flatten().cloned().collect();
            self.document.outlines.push(Outline {
                at,
                title: fields.title,
                url,
                tags,
            });
            None
        } else {
            if !has_children && fields.is_feed {
                self.document
                    .broken
                    .push((at, "a feed without an xmlUrl; left out"));
            }
            fields
                .title
                .map(|title| slug(&title))
                .filter(|tag| !tag.is_empty())
        };
        if has_children {
            self.open.push(folder);
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else {
            self.open.pop();
        }
    }
}

/// What an outline says of itself; empty attributes say nothing.
#[derive(Default)]
struct Fields {
    title: Option<String>,
    url: Option<String>,
    is_feed: bool,
}

fn fields(tag: &BytesStart<'_>) -> Fields {
    let mut fields = Fields::default();
    let (mut title, mut text, mut plain_url) = (None, None, None);
    for attribute in tag.attributes().with_checks(false).flatten() {
        let name = attribute.key.local_name();
        let value = || Some(attribute_value(&attribute)).filter(|value| !value.is_empty());
        match name.as_ref().to_ascii_lowercase().as_str() {
            "xmlurl" => fields.url = value(),
            "url" => plain_url = value(),
            "title" => title = value(),
            "text" => text = value(),
            "type" => {
                fields.is_feed = matches!(
                    attribute.value.to_ascii_lowercase().as_str(),
                    "rss" | "atom" | "feed"
                )
            }
            _ => {}
        }
    }
    fields.title = title.or(text);
    if fields.is_feed && fields.url.is_none() {
        // Some exporters of OPML 1.x wrote `url` where OPML 2.0 has `xmlUrl`.
        fields.url = plain_url;
    }
    fields
}

/// The value with its references resolved; a bare `&`, common in addresses, stands for itself.
fn attribute_value(attribute: &quick_xml::events::attributes::Attribute<'_>) -> String {
    match attribute.normalized_value(XmlVersion::Implicit1_0) {
        Ok(value) => value.trim().to_owned(),
        Err(_) => attribute
            .value
            .trim()
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    }
}

fn lenient(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// Whether a tag holds the beginning of another one.
fn swallowed(tag: &str) -> bool {
    tag.as_bytes()
        .get(1..)
        .is_some_and(|inner| find_outline(inner).is_some())
}

/// Where the next outline begins. Looks at bytes, as a position behind a broken tag may lie within a letter; what is
/// found begins with `<` and is none.
fn find_outline(text: &[u8]) -> Option<usize> {
    let name = b"<outline";
    text.windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// Positions count bytes of a text in memory, which `usize` can count.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
