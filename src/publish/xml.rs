//! Writes XML 1.0 that is always well-formed, whatever the text: a thin layer over quick-xml's writer.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Attributes in the order they are written; those that are `None` are left out.
pub(super) type Attributes<'a> = &'a [(&'static str, Option<&'a str>)];

/// A document being written, one element a line, indented by its depth.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    /// Begins a document with its declaration.
    pub(super) fn new() -> Self {
        let mut xml = Self {
            writer: Writer::new_with_indent(Vec::with_capacity(64 * 1024), b' ', 2),
        };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        xml
    }

    /// Begins an element that holds elements.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.event(Event::Start(start(name, attributes)));
    }

    /// Ends what [`open`](Self::open) began.
    pub(super) fn close(&mut self, name: &'static str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// Writes an element without content.
    pub(super) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// Writes an element that holds text; the text is kept as it is but for characters that XML cannot carry.
    pub(super) fn text(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.event(Event::Start(start(name, attributes)));
        let clean = without_forbidden(text);
        self.event(Event::Text(BytesText::from_escaped(partial_escape(
            clean.as_ref(),
        ))));
        self.close(name);
    }

    /// The finished document, ending in a newline.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut bytes = self.writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer
            .write_event(event)
            .expect("a Vec takes every write");
    }
}

fn start<'a>(name: &'static str, attributes: Attributes<'a>) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        if let Some(value) = value {
            start.push_attribute((*key, without_forbidden(value)));
        }
    }
    start
}

/// Drops what XML 1.0 §2.2 cannot carry, even escaped: most control characters, U+FFFE and U+FFFF.
fn without_forbidden(text: &str) -> Cow<'_, str> {
    if text.chars().any(forbidden) {
        Cow::Owned(
            text.chars()
                .filter(|character| !forbidden(*character))
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character is outside the `Char` of XML 1.0 §2.2.
pub(super) fn forbidden(character: char) -> bool {
    matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
