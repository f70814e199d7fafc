//! The tags of an HTML page, found by looking, and their attributes. Pure.

use crate::recover::element_name;

/// Bytes of a tag that are looked at.
pub(super) const LONGEST_TAG: usize = 4_096;

/// Start tags of a page in order, each with the text that begins with it. What stands in comments, scripts, styles and
/// templates is passed over; a tag that does not end is none.
pub(super) struct Tags<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tags<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Behind the end of what begins at `from`; the end of the text when it does not end.
    fn behind(&self, from: usize, end: &str) -> usize {
        let rest = &self.text.as_bytes()[from..];
        let found = rest
            .windows(end.len())
            .position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
        found.map_or(self.text.len(), |found| from + found + end.len())
    }
}

impl<'t> Iterator for Tags<'t> {
    type Item = (&'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at + memchr::memchr(b'<', self.text.as_bytes().get(self.at..)?)?;
            let rest = &self.text[start..];
            if rest.starts_with("<!--") {
                self.at = self.behind(start + 4, "-->");
                continue;
            }
            self.at = start + 1;
            let window = &rest[..rest.floor_char_boundary(LONGEST_TAG)];
            let Some(tag) = start_tag(window) else {
                continue;
            };
            self.at = start + tag.len();
            for (name, end) in [
                ("script", "</script"),
                ("style", "</style"),
                ("template", "</template"),
            ] {
                if names(tag, name) {
                    self.at = self.behind(self.at, end);
                }
            }
            return Some((tag, rest));
        }
    }
}

/// Bytes of an element that are looked at for its words.
const LONGEST_WORDS: usize = 1_000;

/// The text in an element, without tags, at most up to the next tag of the same name. `text` begins with its start tag.
pub(super) fn within(text: &str, name: &str) -> String {
    let text = &text[..text.floor_char_boundary(LONGEST_WORDS)];
    let mut words = String::new();
    let mut rest = text.split('<').skip(1);
    let open = rest.next().and_then(|first| first.split_once('>'));
    words.push_str(open.map_or("", |(_, words)| words));
    for piece in rest {
        let closing = piece.strip_prefix('/').unwrap_or(piece);
        if element_name(closing).eq_ignore_ascii_case(name) {
            break;
        }
        words.push(' ');
        words.push_str(piece.split_once('>').map_or("", |(_, words)| words));
    }
    words
}

/// Whether a tag is of this name, in any case.
pub(super) fn names(tag: &str, name: &str) -> bool {
    element_name(&tag[1..]).eq_ignore_ascii_case(name)
}

/// The start tag at the beginning of `text`.
pub(super) fn start_tag(text: &str) -> Option<&str> {
    let mut quote = None;
    if !text.starts_with('<') || !text[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let end = text.bytes().skip(1).position(|byte| match (quote, byte) {
        (None, b'>' | b'<') => true,
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (Some(open), _) => {
            if open == byte {
                quote = None;
            }
            false
        }
        _ => false,
    })?;
    let end = end + 1;
    text[end..].starts_with('>').then(|| &text[..=end])
}

/// Value of an attribute, quoted or not, as it stands.
pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    // A slash before the end is part of a value without quotes (HTML §13.2.5.37).
    let mut rest = tag[1..].trim_end_matches('>');
    rest = &rest[element_name(rest).len()..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if key.is_empty() && !after.starts_with('=') {
            return None;
        }
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=').map(str::trim_start) else {
            rest = after;
            continue;
        };
        let (value, tail) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = tail;
    }
}
