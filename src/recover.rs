//! Bytes → a document that a strict parser reads, what that parser would drop, and the names of the repairs.
//!
//! 1. [`decode`]: bytes → text.
//! 2. Characters that XML forbids go; the root is found (`prolog`).
//! 3. `walk` reads the document leniently (`tokens`, `entities`), knows each element by its place and namespace
//!    (`names`, `rules`, `dialect`), carries what feed-rs drops ([`Carried`]) and, if feed-rs would stumble over
//!    anything, writes the feed anew (`write`): always RSS 2.0 or Atom 1.0, flat, with absolute links.
//!
//! A well-formed UTF-8 document of a common dialect passes through without a copy. JSON is only decoded here.

pub mod decode;

mod carried;
mod dialect;
mod entities;
mod names;
mod open_text;
mod prolog;
mod repairs;
mod rules;
#[cfg(test)]
mod tests;
mod tokens;
mod walk;
mod write;

use std::borrow::Cow;

use url::Url;

pub use carried::{Carried, Element, Extras};
pub use dialect::Format;
pub use repairs::{Repair, Repairs};

use entities::Entities;

/// Entries that are read; later ones are left out.
pub const MAX_ENTRIES: usize = 5_000;
/// Bytes of one text that are read; what follows is cut. Building a tree of it takes some thirty times as much.
pub const MAX_TEXT: usize = 4 << 20;

/// A document ready for a parser, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered<'a> {
    /// RSS 2.0 or Atom 1.0 when `feed` is there; else whatever text there is, `{` first for JSON.
    pub text: Cow<'a, str>,
    /// What the walk over an XML feed found; `None` when this is none.
    pub feed: Option<Feed>,
    /// In the order of the document.
    pub repairs: Repairs,
}

/// What the walk over an XML feed found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Dialect as published.
    pub format: Format,
    /// What feed-rs does not read.
    pub carried: Carried,
    /// It ended within an entry, which was left out.
    pub cut: bool,
}

/// Brings a document into the one form the parsers take. Total: what is no feed comes out as text, too.
///
/// `content_type` is the header field as it came; its `charset` counts after what the bytes themselves prove
/// (RFC 7303 §3 gives a BOM the same precedence). `base` is where the document was found; `xml:base` is taken
/// relative to it. `anew`: the parser refused what came of it before, so the feed is written anew whatever it looks
/// like.
pub fn recover<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    base: Option<&Url>,
    anew: bool,
) -> Recovered<'a> {
    let decoded = decode::decode(body, content_type);
    let mut repairs = Repairs::default();
    if let Some(repair) = decoded.repair {
        repairs.note(repair, 0);
    }
    let (text, dropped) = drop_controls(decoded.text);
    if let Some(at) = dropped {
        repairs.note("control-characters", at);
    }
    let prolog = prolog::read(&text);
    let start = match find_root(&text[prolog.length..]) {
        Some(0) | None => prolog.length,
        Some(junk) => {
            repairs.note("leading-junk", prolog.length);
            prolog.length + junk
        }
    };
    let rest = &text[start..];
    let is_feed = rest
        .strip_prefix('<')
        .is_some_and(|rest| dialect::is_root(element_name(rest)));
    let walked = if is_feed {
        let entities = prolog
            .doctype
            .map_or_else(Entities::default, |at| Entities::of(&text[at]));
        walk::walk(rest, &entities, base, anew)
    } else {
        None
    };
    let walked = walked.map(|(walked, needed)| {
        repairs.append(needed, start);
        walked
    });
    repairs.locate(&text);
    match walked {
        Some(walked) => Recovered {
            text: match walked.text {
                Some(text) => Cow::Owned(text),
                None => cut_front(text, start),
            },
            feed: Some(Feed {
                format: walked.format,
                carried: walked.carried,
                cut: walked.cut,
            }),
            repairs,
        },
        None => Recovered {
            text: cut_front(text, start),
            feed: None,
            repairs,
        },
    }
}

/// Removes the characters that no XML document may hold (XML 1.0 §2.2); JSON forbids most of them as well. Tells
/// where the first was.
fn drop_controls(text: Cow<'_, str>) -> (Cow<'_, str>, Option<usize>) {
    if !holds_control(text.as_bytes()) && !holds_noncharacter(&text) {
        return (text, None);
    }
    let forbidden = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let first = text.find(forbidden);
    (
        Cow::Owned(text.chars().filter(|c| !forbidden(*c)).collect()),
        first,
    )
}

/// Whether a C0 control other than tab and line ends occurs; looks at whole blocks, which the compiler vectorizes.
fn holds_control(bytes: &[u8]) -> bool {
    let forbidden = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let least = |block: &[u8; 64]| block.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    let (blocks, rest) = bytes.as_chunks::<64>();
    blocks.iter().any(|block| {
        // Most blocks have no control at all.
        least(block) < 0x20
            && block
                .iter()
                .fold(false, |found, byte| found | forbidden(*byte))
    }) || rest.iter().any(|byte| forbidden(*byte))
}

/// Whether U+FFFE or U+FFFF occur; both begin with 0xEF 0xBF in UTF-8.
fn holds_noncharacter(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(0xef, bytes).any(|at| matches!(bytes[at + 1..], [0xbf, 0xbe | 0xbf, ..]))
}

/// Where the document proper begins in text without its prolog, past junk such as a warning of the server's
/// language; `None` when there is no root of a feed and this is no JSON.
fn find_root(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('<').unwrap_or_default();
    if text.starts_with('{') || dialect::is_root(element_name(rest)) {
        return Some(0);
    }
    let is_page = |name: &str| {
        ["html", "head", "body", "script", "opml"]
            .iter()
            .any(|page| name.eq_ignore_ascii_case(page))
    };
    // What a server's language prints around a message of its own.
    let is_printed = |name: &str| {
        ["br", "b", "i", "p", "hr", "font", "strong", "pre", "code"]
            .iter()
            .any(|known| name.trim_end_matches('/').eq_ignore_ascii_case(known))
    };
    let mut is_other_xml =
        rest.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_printed(element_name(rest));
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let name = element_name(&text[at + 1..]);
        if dialect::is_root(name)
            && !name.eq_ignore_ascii_case("channel")
            && !name.eq_ignore_ascii_case("entry")
        {
            return Some(at);
        }
        is_other_xml |= is_page(name) || text[at..].starts_with("<!");
        if is_other_xml {
            return None;
        }
    }
    None
}

/// The name that begins `text`, up to white space, `>` or `/`.
pub fn element_name(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'))
        .unwrap_or(text.len());
    &text[..end]
}

fn cut_front(text: Cow<'_, str>, start: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..]),
        Cow::Owned(mut text) => {
            text.drain(..start);
            Cow::Owned(text)
        }
    }
}
