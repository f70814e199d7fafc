//! A cheap pass over the tags that counts what could hurt a parser: depth, entries, attributes.
//!
//! feed-rs recurses once a nested element; its stack overflow would abort the process, and no `catch_unwind` stops
//! that. So depth is counted before it sees a byte. JSON is not looked at here: its reader has its own bounds.

/// Elements within each other that a document may have.
pub const MAX_DEPTH: usize = 200;
/// Entries that are read; later ones are left out.
pub const MAX_ENTRIES: usize = 5_000;
/// Attributes of one element.
pub const MAX_ATTRIBUTES: usize = 500;

/// A bound that a document breaks, or that it must be cut to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Elements are nested deeper than [`MAX_DEPTH`].
    #[error("elements nested deeper than {MAX_DEPTH} at byte {position}")]
    Depth {
        /// Byte of the recovered text.
        position: usize,
    },
    /// One element has more than [`MAX_ATTRIBUTES`].
    #[error("more than {MAX_ATTRIBUTES} attributes on one element at byte {position}")]
    Attributes {
        /// Byte of the recovered text.
        position: usize,
    },
}

/// What the pass saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// `item` and `entry` elements within bounds.
    pub entries: usize,
    /// Where the first entry beyond [`MAX_ENTRIES`] begins, and the closing tags that end the document there.
    pub cut: Option<(usize, String)>,
}

/// Counts the tags of an XML document.
///
/// # Errors
/// [`Error::Depth`] and [`Error::Attributes`]: such a document is refused whole. Too many entries are no error:
/// [`Census::cut`] says where to cut.
pub fn census(text: &str) -> Result<Census, Error> {
    let mut census = Census::default();
    let mut open: Vec<&str> = Vec::with_capacity(16);
    let mut at = 0;
    while let Some(offset) = text[at..].find('<') {
        let position = at + offset;
        let rest = &text[position..];
        let tag = match markup(rest) {
            Markup::Skip(length) => {
                at = position + length;
                continue;
            }
            Markup::Tag(length) => &rest[..length],
        };
        at = position + tag.len();
        if tag.starts_with("</") {
            open.pop();
            continue;
        }
        let name = super::element_name(&tag[1..]);
        if tag.len() > 2 * MAX_ATTRIBUTES
            && tag.bytes().filter(|byte| *byte == b'=').count() > MAX_ATTRIBUTES
            && attributes(tag) > MAX_ATTRIBUTES
        {
            return Err(Error::Attributes { position });
        }
        if is_entry(name) {
            if census.entries == MAX_ENTRIES {
                census.cut = Some((
                    position,
                    open.iter().rev().map(|name| format!("</{name}>")).collect(),
                ));
                return Ok(census);
            }
            census.entries += 1;
        }
        if !tag.ends_with("/>") {
            open.push(name);
            if open.len() > MAX_DEPTH {
                return Err(Error::Depth { position });
            }
        }
    }
    Ok(census)
}

enum Markup {
    /// Comment, CDATA, instruction or declaration of this many bytes; or one byte that opens nothing.
    Skip(usize),
    /// A start or end tag of this many bytes.
    Tag(usize),
}

fn markup(rest: &str) -> Markup {
    let until = |from: usize, end: &str| {
        Markup::Skip(
            rest[from..]
                .find(end)
                .map_or(rest.len(), |at| from + at + end.len()),
        )
    };
    match rest.as_bytes() {
        [b'<', b'!', b'[', ..] => until(3, "]]>"),
        [b'<', b'!', b'-', b'-', ..] => until(4, "-->"),
        [b'<', b'!', ..] => Markup::Skip(doctype_end(rest).unwrap_or(rest.len())),
        [b'<', b'?', ..] => until(2, "?>"),
        [_, next, ..]
            if next.is_ascii_alphabetic() || matches!(next, b'/' | b'_' | b':' | 0x80..) =>
        {
            // A tag that never ends swallows the rest for the parser as well, so nothing can hide behind it.
            tag_length(rest).map_or(Markup::Skip(rest.len()), Markup::Tag)
        }
        _ => Markup::Skip(1),
    }
}

/// Length of a tag; a `>` within quotes does not end it.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Attributes of a tag: equal signs outside of quotes.
fn attributes(tag: &str) -> usize {
    let mut quote = None;
    let mut count = 0;
    for byte in tag.bytes() {
        match (quote, byte) {
            (None, b'=') => count += 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    count
}

/// Length of a DOCTYPE with its internal subset; `None` when it never ends.
pub fn doctype_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0usize;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'<' | b'[') => depth += 1,
            (None, b']') => depth = depth.saturating_sub(1),
            (None, b'>') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn is_entry(name: &str) -> bool {
    let local = name.rsplit(':').next().unwrap_or(name);
    local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry")
}
