//! A lenient tokenizer of XML: never fails, reads every byte once, copies nothing.
//!
//! What a strict parser would refuse still gives tokens; each such place is reported as a [`Flaw`].

use memchr::{memchr, memchr_iter, memchr2, memmem};

/// A piece of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name …>` or `<name …/>`.
    Start(Tag<'a>),
    /// `</name>`.
    End(&'a str),
    /// Text with its references as written.
    Text(&'a str),
    /// The inside of a CDATA section.
    CData(&'a str),
    /// Comment, instruction, declaration.
    Other,
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// With its prefix.
    pub(super) name: &'a str,
    /// What stands between the name and the end of the tag; see [`attributes`].
    pub(super) attributes: &'a str,
    /// It ends with `/>`.
    pub(super) empty: bool,
}

/// Something XML does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A `<` that opens nothing: it is text.
    BareLessThan,
    /// A CDATA section without its end.
    UnclosedCData,
    /// A tag, comment or instruction without its end, or with a stray quote.
    BrokenTag,
}

impl Flaw {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BareLessThan => "bare-less-than",
            Self::UnclosedCData => "unclosed-cdata",
            Self::BrokenTag => "broken-tag",
        }
    }
}

/// Walks over a document.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Byte where the newest token begins.
    pub(super) start: usize,
    /// What was wrong with the newest token.
    pub(super) flaw: Option<Flaw>,
    /// Name of the newest start tag: its end ends an unclosed CDATA section.
    opened: &'a str,
    ends: Ends,
}

/// Where the next end of each kind is, remembered so that none is looked for twice; `usize::MAX`: nowhere.
#[derive(Debug, Default)]
struct Ends {
    cdata: usize,
    entry: usize,
    comment: usize,
    instruction: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            start: 0,
            flaw: None,
            opened: "",
            ends: Ends::default(),
        }
    }

    /// The newest token as it stands in the document.
    pub(super) fn raw(&self) -> &'a str {
        &self.text[self.start..self.at]
    }

    fn take(&mut self, length: usize) -> &'a str {
        let piece = &self.text[self.at..self.at + length];
        self.at += length;
        piece
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.start = self.at;
        self.flaw = None;
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        if *bytes.first()? != b'<' {
            let end = memchr(b'<', bytes).unwrap_or(bytes.len());
            return Some(Token::Text(self.take(end)));
        }
        Some(match bytes.get(1) {
            Some(b'!') if rest.starts_with("<![CDATA[") => self.cdata(rest),
            Some(b'!') if rest.starts_with("<!--") => {
                let end = next_end(self.text, self.at + 4, b"-->", &mut self.ends.comment);
                self.other(end, 3)
            }
            Some(b'?') => {
                let end = next_end(self.text, self.at + 2, b"?>", &mut self.ends.instruction);
                self.other(end, 2)
            }
            Some(b'!') => self.other(None, 0),
            Some(b'/') if bytes.get(2).is_some_and(|byte| begins_name(*byte)) => self.end(rest),
            Some(byte) if begins_name(*byte) => self.tag(rest),
            _ => self.less_than(rest),
        })
    }

    /// A `<` that is text goes together with the text after it.
    fn less_than(&mut self, rest: &'a str) -> Token<'a> {
        self.flaw = Some(Flaw::BareLessThan);
        let end = memchr(b'<', &rest.as_bytes()[1..]).map_or(rest.len(), |at| at + 1);
        Token::Text(self.take(end))
    }

    /// Markup up to `end`, whose mark has `length` bytes; without an end, up to the next `>`.
    fn other(&mut self, end: Option<usize>, length: usize) -> Token<'a> {
        let end = end.map(|end| end + length).unwrap_or_else(|| {
            self.flaw = Some(Flaw::BrokenTag);
            let rest = &self.text.as_bytes()[self.at..];
            self.at + memchr(b'>', rest).map_or(rest.len(), |at| at + 1)
        });
        self.at = end;
        Token::Other
    }

    fn cdata(&mut self, rest: &'a str) -> Token<'a> {
        const OPEN: usize = "<![CDATA[".len();
        let inside = self.at + OPEN;
        let end = next_end(self.text, inside, b"]]>", &mut self.ends.cdata);
        let content = &self.text[inside..end.unwrap_or(self.text.len())];
        if let Some(end) = end.filter(|end| !self.swallows(content, inside, *end)) {
            self.at = end + 3;
            return Token::CData(content);
        }
        self.flaw = Some(Flaw::UnclosedCData);
        let content = &rest[OPEN..];
        let cut = ends_at(content, self.opened).unwrap_or(content.len());
        self.at = inside + cut;
        Token::CData(&content[..cut])
    }

    /// Whether a CDATA section goes past another one and past the edge of an entry: its own end is missing.
    fn swallows(&mut self, content: &str, inside: usize, end: usize) -> bool {
        if memmem::find(content.as_bytes(), b"<![CDATA[").is_none() {
            return false;
        }
        if self.ends.entry < inside {
            let edge = ends_at(&self.text[inside..], "");
            self.ends.entry = edge.map_or(usize::MAX, |at| inside + at);
        }
        self.ends.entry < end
    }

    fn end(&mut self, rest: &'a str) -> Token<'a> {
        let name = name_at(&rest[2..]);
        let after = &rest.as_bytes()[2 + name.len()..];
        let gap = after
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if after.get(gap) == Some(&b'>') {
            self.take(3 + name.len() + gap);
        } else {
            self.flaw = Some(Flaw::BrokenTag);
            let junk = memchr2(b'<', b'>', after).unwrap_or(after.len());
            let close = usize::from(after.get(junk) == Some(&b'>'));
            self.take(2 + name.len() + junk + close);
        }
        Token::End(name)
    }

    fn tag(&mut self, rest: &'a str) -> Token<'a> {
        let name = name_at(&rest[1..]);
        let from = 1 + name.len();
        let Some((end, flawed)) = tag_end(rest, from) else {
            return self.less_than(rest);
        };
        if flawed {
            self.flaw = Some(Flaw::BrokenTag);
        }
        self.take(end + 1);
        let inside = &rest[from..end];
        let empty = inside.ends_with('/');
        self.opened = name;
        Token::Start(Tag {
            name,
            attributes: inside.strip_suffix('/').unwrap_or(inside),
            empty,
        })
    }
}

/// Where `mark` is next, not before `from`; `known` remembers what the last search found.
fn next_end(text: &str, from: usize, mark: &[u8], known: &mut usize) -> Option<usize> {
    if *known < from {
        let found = memmem::find(text.as_bytes().get(from..)?, mark);
        *known = found.map_or(usize::MAX, |at| from + at);
    }
    (*known != usize::MAX).then_some(*known)
}

/// Where the `>` of a start tag is, and whether its quotes had to be ignored; `None` when the next tag begins before.
fn tag_end(rest: &str, from: usize) -> Option<(usize, bool)> {
    let bytes = rest.as_bytes();
    let mut at = from;
    loop {
        at += bytes[at..]
            .iter()
            .position(|byte| matches!(byte, b'<' | b'>' | b'"' | b'\''))?;
        let quote = match bytes[at] {
            b'<' => return None,
            b'>' => return Some((at, false)),
            quote => quote,
        };
        let opens = bytes[from..at].trim_ascii_end().ends_with(b"=");
        let closing = memchr(quote, &bytes[at + 1..]).map(|offset| at + 1 + offset);
        let closing = closing.filter(|closing| {
            let followed = bytes.get(closing + 1).is_some_and(|next| {
                next.is_ascii_whitespace() || matches!(next, b'>' | b'/' | b'?')
            });
            opens && (followed || memchr2(b'<', b'>', &bytes[at..*closing]).is_none())
        });
        match closing {
            Some(closing) => at = closing + 1,
            // A stray quote: the first `>` ends the tag.
            None => {
                let end = from + memchr2(b'<', b'>', &bytes[from..])?;
                return (bytes[end] == b'>').then_some((end, true));
            }
        }
    }
}

/// Where text that should have ended ends: at the end tag `name` (none when empty), at the first tag of an entry or
/// at the end of the feed.
fn ends_at(text: &str, name: &str) -> Option<usize> {
    const MARKS: [&str; 8] = [
        "<item",
        "<entry",
        "</item",
        "</entry",
        "</channel",
        "</feed",
        "</rss",
        "</rdf:",
    ];
    let bytes = text.as_bytes();
    memchr_iter(b'<', bytes).find(|at| {
        let rest = &bytes[*at..];
        let own = || {
            !name.is_empty() && rest.get(1) == Some(&b'/') && rest[2..].starts_with(name.as_bytes())
        };
        let marked = |mark: &str| {
            rest.get(..mark.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(mark.as_bytes()))
                && !rest.get(mark.len()).is_some_and(u8::is_ascii_alphanumeric)
        };
        own() || MARKS.iter().any(|mark| marked(mark))
    })
}

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..)
}

/// The name at the beginning of `text`.
fn name_at(text: &str) -> &str {
    let end = text
        .bytes()
        .position(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<' | b'=' | b'"' | b'\'')
        })
        .unwrap_or(text.len());
    &text[..end]
}

/// Attributes of a tag, in order: name and value as written. Values without quotes, and names without a value, are
/// read as HTML does.
pub(super) fn attributes(raw: &str) -> Attributes<'_> {
    Attributes {
        rest: raw,
        irregular: false,
    }
}

/// See [`attributes`].
#[derive(Clone, Debug)]
pub(super) struct Attributes<'a> {
    rest: &'a str,
    /// Something was read that XML does not allow.
    pub(super) irregular: bool,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let name_end = rest
            .bytes()
            .position(|byte| byte.is_ascii_whitespace() || byte == b'=')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        let after = after.trim_ascii_start();
        let Some(value) = after.strip_prefix('=').map(str::trim_ascii_start) else {
            self.rest = after;
            self.irregular |= !name.is_empty();
            return (!name.is_empty()).then_some((name, ""));
        };
        let quoted = value
            .strip_prefix(['"', '\''])
            .and_then(|inside| inside.split_once(char::from(value.as_bytes()[0])));
        let (value, rest) = match quoted {
            Some((value, rest)) => {
                self.irregular |= !(rest.is_empty() || rest.as_bytes()[0].is_ascii_whitespace());
                (value, rest)
            }
            None => {
                self.irregular = true;
                value.split_at(
                    value
                        .find(|c: char| c.is_ascii_whitespace())
                        .unwrap_or(value.len()),
                )
            }
        };
        self.rest = rest;
        Some((name, value))
    }
}
