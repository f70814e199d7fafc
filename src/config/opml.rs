//! OPML 1.0, 1.1 and 2.0 → outlines that name a feed.
//!
//! Lists come from many programs and hands, so names are read in any case, with quotes or without, and a broken outline
//! costs only itself. Nothing is fetched: `include` outlines are not followed.

use std::borrow::Cow;

use quick_xml::escape::unescape;
use quick_xml::events::attributes::Attribute;
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
const NO_OPML: &str = "is no OPML document; export the list as OPML";

/// An outline with an `xmlUrl`.
#[derive(Debug, PartialEq, Eq)]
pub struct Outline {
    /// Byte offset in the text.
    pub at: usize,
    /// `title`, else `text`.
    pub title: Option<String>,
    /// As written.
    pub url: String,
    /// `htmlUrl`, as written.
    pub html_url: Option<String>,
    /// Slugs of the folders it lies in, outermost first.
    pub tags: Vec<String>,
}

/// What a document holds.
#[derive(Debug, Default)]
pub struct Document {
    /// `title` of the head.
    pub title: Option<String>,
    /// In file order.
    pub outlines: Vec<Outline>,
    /// What was left out: byte offset and reason.
    pub broken: Vec<(usize, &'static str)>,
}

/// Text of an OPML file: UTF-8, else what its XML declaration or byte order mark says, else windows-1252. The mark
/// itself is taken away, as the XML reader leaves it out of its positions.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
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

/// Reads a document that begins with its root or with junk.
///
/// # Errors
/// When it is no OPML or holds more than can be meant; says so in words that follow the name of the document.
pub fn read(text: &str) -> Read<Document> {
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
    in_title: bool,
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
                Event::End(tag) if is(tag.local_name().as_ref(), "title") => self.in_title = false,
                Event::End(tag) if is(tag.local_name().as_ref(), "outline") => self.end(),
                Event::Text(text) => self.text(&text),
                Event::CData(text) => self.text(&text),
                Event::GeneralRef(name) => self.text(&resolve(&format!("&{};", &*name))),
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Read<Document> {
        if !self.seen_opml {
            return Err(NO_OPML.to_owned());
        }
        let title = self.document.title.as_deref().map(one_line);
        self.document.title = title.filter(|title| !title.is_empty());
        Ok(self.document)
    }

    /// A tag whose quotes do not close swallows what follows: it is left out, and the next one is found by name.
    fn give_up_tag(&mut self, text: &str, at: usize) -> Option<usize> {
        self.document
            .broken
            .push((at, "the tag is not closed; left out"));
        let behind = (at + 1).min(text.len());
        find_outline(&text.as_bytes()[behind..]).map(|next| behind + next)
    }

    /// Text of the head's `title`; all other text is of no use here.
    fn text(&mut self, text: &str) {
        if self.in_title {
            self.document.title.get_or_insert_default().push_str(text);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: usize, has_children: bool) -> Read<()> {
        let name = tag.local_name();
        self.in_title = self.seen_opml && is(name.as_ref(), "title");
        self.seen_opml |= is(name.as_ref(), "opml");
        // Another root is another document, whatever it quotes.
        let is_other = ["html", "rss", "feed", "rdf"];
        if !self.seen_opml && is_other.iter().any(|root| is(name.as_ref(), root)) {
            return Err(NO_OPML.to_owned());
        }
        if !self.seen_opml || !is(name.as_ref(), "outline") {
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
                html_url: fields.html_url,
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
    html_url: Option<String>,
    is_feed: bool,
}

fn fields(tag: &BytesStart<'_>) -> Fields {
    let mut fields = Fields::default();
    let (mut title, mut text, mut plain_url) = (None, None, None);
    for attribute in tag.html_attributes().with_checks(false).flatten() {
        let name = attribute.key.local_name();
        let value = || Some(attribute_value(&attribute)).filter(|value| !value.is_empty());
        match name.as_ref().to_ascii_lowercase().as_str() {
            "xmlurl" => fields.url = value(),
            "htmlurl" => fields.html_url = value(),
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

/// The value on one line, its references resolved; a bare `&`, common in addresses, stands for itself.
fn attribute_value(attribute: &Attribute<'_>) -> String {
    one_line(&resolve(&attribute.value))
}

fn resolve(text: &str) -> Cow<'_, str> {
    if let Ok(resolved) = unescape(text) {
        return resolved;
    }
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split('&').enumerate() {
        let reference = format!("&{piece}");
        let end = reference.find(';').map_or(0, |end| end + 1);
        match unescape(&reference[..end]) {
            _ if index == 0 => out.push_str(piece),
            Ok(resolved) => out.extend([&resolved, &reference[end..]]),
            Err(_) => out.push_str(&reference),
        }
    }
    Cow::Owned(out)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `title | xml_url | html_url | tags`, a line an outline.
    fn read_all(text: &str) -> Vec<String> {
        let line = |outline: Outline| {
            let [title, home] = [outline.title, outline.html_url].map(Option::unwrap_or_default);
            format!(
                "{title} | {} | {home} | {}",
                outline.url,
                outline.tags.join(" ")
            )
        };
        let document = read(text).expect("OPML");
        document.outlines.into_iter().map(line).collect()
    }

    #[test]
    fn what_hands_and_programs_break_is_read() {
        let cases = [
            (
                "<opml><outline text=\"Sea & Shore &eacute;&#33; &nosuch;\" xmlUrl=\"https://a.example/?x=1&y=2&amp;z=3\"/></opml>",
                "Sea & Shore é! &nosuch; | https://a.example/?x=1&y=2&z=3 |  | ",
            ),
            (
                "<opml><outline text=Quay xmlUrl=https://a.example/feed htmlUrl=\"https://a.example/\"></opml>",
                "Quay | https://a.example/feed | https://a.example/ | ",
            ),
            (
                "<OPML><Body><Outline Text='News'><Outline TITLE='Two\n lines' XMLURL='https://a.example/' HTMLURL='https://a.example/home'>",
                "Two lines | https://a.example/ | https://a.example/home | news",
            ),
            (
                "<br />Warning: no such file<opml><outline text=\"A < B\" text=\"C\" xmlUrl=\"https://a.example/\" /></body>",
                "C | https://a.example/ |  | ",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read_all(text), [expected], "{text}");
        }
    }

    #[test]
    fn the_head_names_the_document() {
        let title = |text: &str| read(text).expect("OPML").title;
        let cases = [
            (
                "<opml><head><title>Sea &amp; <![CDATA[Shore]]>\n</title></head><body/></opml>",
                Some("Sea & Shore"),
            ),
            ("<opml><head><title> </title></head></opml>", None),
            ("<opml><body/></opml>", None),
        ];
        for (text, expected) in cases {
            assert_eq!(title(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_document_that_quotes_opml_is_none() {
        for text in [
            "<html><pre><opml><outline xmlUrl=\"https://a.example/\"/></opml>",
            "<rss><opml/></rss>",
            "{}",
            "",
        ] {
            assert_eq!(read(text).expect_err(text), NO_OPML);
        }
    }
}
