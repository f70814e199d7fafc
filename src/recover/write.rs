//! Writes a feed anew, well-formed and in the one spelling feed-rs reads.

use std::borrow::Cow;

use url::Url;

use super::entities::{self, Entities};
use super::names::{self, DECLARATIONS};
use super::open_text::escape_into;

/// A document in the making.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    is_atom: bool,
    entry_at: usize,
    dropped: bool,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes + bytes / 8 + 512),
            is_atom: false,
            entry_at: 0,
            dropped: false,
        }
    }

    pub(super) fn open_document(&mut self, is_atom: bool) {
        self.is_atom = is_atom;
        self.out.push_str(if is_atom {
            "<feed xmlns=\"http://www.w3.org/2005/Atom\""
        } else {
            "<rss version=\"2.0\""
        });
        self.out.push_str(DECLARATIONS);
        self.out.push_str(if is_atom { ">" } else { "><channel>" });
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str(if self.is_atom {
            "</feed>"
        } else {
            "</channel></rss>"
        });
        self.out
    }

    fn entry_name(&self) -> &'static str {
        if self.is_atom { "entry" } else { "item" }
    }

    pub(super) fn open_entry(&mut self) {
        self.entry_at = self.out.len();
        self.out.push('<');
        self.out.push_str(self.entry_name());
        self.out.push('>');
    }

    pub(super) fn close_entry(&mut self) {
        if std::mem::take(&mut self.dropped) {
            return self.out.truncate(self.entry_at);
        }
        self.close(self.entry_name());
        self.out.push('\n');
    }

    /// Takes back the entry that is open; its end is still to come.
    pub(super) fn drop_entry(&mut self) {
        self.dropped = true;
    }

    pub(super) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    pub(super) fn text(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) {
        self.out.push('<');
        self.out.push_str(name);
        if let Some((key, value)) = attribute {
            self.attribute(key, value);
        }
        self.out.push('>');
        escape_into(&mut self.out, text);
        self.close(name);
    }

    fn attribute(&mut self, key: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(key);
        self.out.push_str("=\"");
        let from = self.out.len();
        escape_into(&mut self.out, value);
        if self.out[from..].contains('"') {
            let quoted = self.out.split_off(from).replace('"', "&quot;");
            self.out.push_str(&quoted);
        }
        self.out.push('"');
    }

    /// An element that is all attributes.
    pub(super) fn empty(
        &mut self,
        name: &'static str,
        given: &[(&str, &str)],
        entities: &Entities,
        base: Option<&Url>,
    ) {
        self.start(name, given, entities, base);
        self.out.push_str("/>");
    }

    pub(super) fn open(
        &mut self,
        name: &'static str,
        given: &[(&str, &str)],
        entities: &Entities,
        base: Option<&Url>,
    ) {
        self.start(name, given, entities, base);
        self.out.push('>');
    }

    fn start(
        &mut self,
        name: &'static str,
        given: &[(&str, &str)],
        entities: &Entities,
        base: Option<&Url>,
    ) {
        self.out.push('<');
        self.out.push_str(name);
        let known = known_attributes(names::split(name).1);
        for (key, value) in given {
            let key = if *key == "url" && known.contains(&"href") {
                "href"
            } else {
                key
            };
            let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(key)) else {
                continue;
            };
            let value = entities::decode(value, entities).text;
            if let Some(value) = cured(known, value.trim(), base) {
                self.attribute(known, &value);
            }
        }
    }
}

fn known_attributes(local: &str) -> &'static [&'static str] {
    match local {
        "link" => &["href", "rel", "type", "hreflang", "title", "length"],
        "category" => &["term", "scheme", "label"],
        "enclosure" => &["url", "length", "type"],
        "content" => &[
            "url", "type", "medium", "width", "height", "fileSize", "duration",
        ],
        "thumbnail" => &["url", "width", "height"],
        "player" => &["url"],
        _ => &[],
    }
}

/// A value as feed-rs takes it; `None`: better left out.
fn cured<'a>(key: &str, value: &'a str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    match key {
        "href" | "url" => Some(match base.and_then(|base| base.join(value).ok()) {
            Some(url) => Cow::Owned(url.into()),
            None => Cow::Borrowed(value),
        }),
        "width" | "height" | "fileSize" | "duration" | "length" => {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            (1..=15)
                .contains(&digits)
                .then(|| Cow::Borrowed(&value[..digits]))
        }
        _ => (!value.is_empty()).then_some(Cow::Borrowed(value)),
    }
}
