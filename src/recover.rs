//! Bytes → text that a strict parser can read, and the names of the repairs that took.
//!
//! Today: decoding to UTF-8, cutting down to the document itself (no declaration, no DOCTYPE, nothing before the
//! root), and dropping characters that XML forbids. A well-formed UTF-8 document passes through without a copy.
//! Rewriting broken markup is deliberately not done here yet: it becomes a step of its own between
//! [`decode`] and [`limits`].

pub mod decode;
pub mod limits;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// A document ready for a parser, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered<'a> {
    /// Begins with the root's `<` or with `{`, when the document has either; else whatever text there is.
    pub text: Cow<'a, str>,
    /// Names of the repairs, in the order they were made: `encoding-windows-1252`, `leading-junk`, …
    pub repairs: Vec<&'static str>,
}

/// Brings a document into the one form the parsers take. Total: what is no feed comes out as text, too.
///
/// `content_type` is the header field as it came; its `charset` counts after what the bytes themselves prove
/// (RFC 7303 §3 gives a BOM the same precedence).
pub fn recover<'a>(body: &'a [u8], content_type: Option<&str>) -> Recovered<'a> {
    let decoded = decode::decode(body, content_type);
    let mut repairs = Vec::new();
    repairs.extend(decoded.repair);
    let (text, dropped) = drop_controls(decoded.text);
    if dropped {
        repairs.push("control-characters");
    }
    let (start, junk) = find_root(&text);
    if junk {
        repairs.push("leading-junk");
    }
    Recovered {
        text: cut_front(text, start),
        repairs,
    }
}

/// Removes the characters that no XML document may hold (XML 1.0 §2.2); JSON forbids most of them as well.
fn drop_controls(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    if !holds_control(text.as_bytes()) && !holds_noncharacter(&text) {
        return (text, false);
    }
    let allowed = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    (Cow::Owned(text.chars().filter(allowed).collect()), true)
}

/// Whether a C0 control other than tab and line ends occurs; looks at whole blocks, which the compiler vectorizes.
fn holds_control(bytes: &[u8]) -> bool {
    let forbidden = |byte: &u8| *byte < 0x20 && *byte != b'\t' && *byte != b'\n' && *byte != b'\r';
    bytes.chunks(64).any(|block| {
        block
            .iter()
            .fold(false, |found, byte| found | forbidden(byte))
    })
}

/// Whether U+FFFE or U+FFFF occur; both begin with 0xEF 0xBF in UTF-8.
fn holds_noncharacter(text: &str) -> bool {
    text.contains('\u{fffe}') || text.contains('\u{ffff}')
}

/// Where the document proper begins, and whether something other than XML's own prolog stood before it.
fn find_root(text: &str) -> (usize, bool) {
    let start = skip_prolog(text);
    let rest = &text[start..];
    if rest.starts_with('{') || begins_element(rest) || rest.is_empty() {
        return (start, false);
    }
    match find_feed_root(rest) {
        Some(offset) => (start + offset, true),
        None => (start, false),
    }
}

/// Length of white space, byte order marks, declaration, comments, processing instructions and DOCTYPE.
fn skip_prolog(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let blank = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .len();
        let rest = &rest[blank..];
        let end = if rest.starts_with("<?") {
            rest.find("?>").map(|end| end + 2)
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            comment.find("-->").map(|end| end + 7)
        } else if rest
            .get(..9)
            .is_some_and(|head| head.eq_ignore_ascii_case("<!doctype"))
            && !is_html_doctype(rest)
        {
            limits::doctype_end(rest)
        } else {
            None
        };
        match end {
            Some(end) => at += blank + end,
            None => return at + blank,
        }
    }
}

/// `<!DOCTYPE html>` is kept: it says what the document is.
fn is_html_doctype(rest: &str) -> bool {
    rest.get(9..).is_some_and(|name| {
        name.trim_start()
            .get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case("html"))
    })
}

fn begins_element(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('<')
        && chars
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '!')
}

/// Looks for the root of a feed after junk such as a warning of the server's language. Only text without markup is
/// skipped: a page of HTML in front means that the document is a page.
fn find_feed_root(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(offset) = text[from..].find('<') {
        let at = from + offset;
        let rest = &text[at..];
        if is_feed_root(rest) {
            return Some(at);
        }
        let name = element_name(&rest[1..]);
        if ["html", "head", "body", "script", "title", "div"]
            .iter()
            .any(|page| name.eq_ignore_ascii_case(page))
        {
            return None;
        }
        from = at + 1;
    }
    None
}

/// Whether `text` opens the root of a feed dialect, under any prefix and in any case.
pub fn is_feed_root(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('<') else {
        return false;
    };
    let name = element_name(rest);
    let local = name.rsplit(':').next().unwrap_or(name);
    ["rss", "feed", "rdf"]
        .iter()
        .any(|root| local.eq_ignore_ascii_case(root))
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
