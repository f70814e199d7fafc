//! Whether tree building stays cheap: its work grows with depth, and with formatting that is left open.
//!
//! A parser reopens formatting elements that were closed out of turn in every block that follows, and walks up the
//! open elements at most tags; both are products that a small text can make large. The bounds hold for the worst a
//! parser could do: an element counts as closed only by its own end tag, well nested.

use super::elements::{Kind, element};
use super::tokens::{Token, Tokens};

/// Open elements, summed over the tags.
const MOST_STEPS: usize = 16_000_000;
/// Formatting elements that are open, summed over the tags: about the elements that could be made.
const MOST_REOPENED: usize = 500_000;
/// References that html5ever reads twice, times the bytes that it then looks through for line ends.
const MOST_REREAD: usize = 20_000_000_000;
/// Tags of a text with a table: what does not belong into it is put before it, past all that is there already.
const MOST_BESIDE_TABLES: usize = 40_000;
/// Attributes of one tag: each is compared with all before it.
pub(super) const MOST_ATTRIBUTES: usize = 256;

/// Elements whose content is text for a parser, except within `svg` and `math`.
pub(super) const RAW: &[&str] = &[
    "script",
    "style",
    "iframe",
    "noembed",
    "noframes",
    "textarea",
    "title",
    "xmp",
    "plaintext",
];

/// Also what is no element of the allow list, but reopened.
fn is_formatting(name: &str) -> bool {
    matches!(name, "big" | "font" | "nobr")
        || element(name).is_some_and(|element| element.kind == Kind::Formatting)
}

/// End tags are often left out, and these cannot stand directly in each other: they are not counted.
fn is_loose(name: &str) -> bool {
    const VOID: &[&str] = &[
        "area", "base", "embed", "input", "link", "meta", "param", "track",
    ];
    VOID.contains(&name)
        || element(name).is_some_and(|element| {
            !matches!(
                element.kind,
                Kind::Formatting
                    | Kind::Phrase
                    | Kind::Ruby
                    | Kind::Block
                    | Kind::Heading
                    | Kind::Preformatted
                    | Kind::Table
            )
        })
}

/// Whether building a tree of this text could cost out of proportion.
pub(super) fn is_costly(html: &str) -> bool {
    if broken_references(html).saturating_mul(html.len()) > MOST_REREAD {
        return true;
    }
    let (mut steps, mut reopened, mut hidden) = (0usize, 0usize, 0usize);
    let mut open: Vec<String> = Vec::new();
    let mut formatting = 0usize;
    let (mut has_foreign, mut is_lost) = (false, false);
    let (mut tags, mut has_table) = (0usize, false);
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open(name, attributes) => {
                let name = name.to_ascii_lowercase();
                has_foreign |= matches!(name.as_str(), "svg" | "math");
                has_table |= name == "table";
                // Only in foreign content is this markup, and only a parser knows whether it is there.
                is_lost |= has_foreign && RAW.contains(&name.as_str());
                for (index, (_, value)) in attributes.enumerate() {
                    if index == MOST_ATTRIBUTES {
                        return true;
                    }
                    hidden += value.bytes().filter(|byte| *byte == b'<').count();
                }
                if RAW.contains(&name.as_str()) && !has_foreign {
                    tokens.skip_to_close(&name);
                    tokens.next();
                } else if !is_loose(&name) {
                    formatting += usize::from(is_formatting(&name));
                    open.push(name);
                }
            }
            Token::Close(name) => {
                let is_own = open
                    .last()
                    .is_some_and(|open| open.eq_ignore_ascii_case(name));
                if is_own && !is_lost {
                    let closed = open.pop().unwrap_or_default();
                    formatting -= usize::from(is_formatting(&closed));
                }
            }
            Token::Comment => is_lost |= has_foreign, // perhaps `CDATA`
            Token::Text(_) => continue,
        }
        tags += 1;
        steps += open.len() + hidden;
        reopened += formatting + hidden;
        let is_beside = has_table && tags > MOST_BESIDE_TABLES;
        if steps > MOST_STEPS || reopened > MOST_REOPENED || is_beside {
            return true;
        }
    }
    false
}

/// What begins like a character reference and is none, or a name without its semicolon.
fn broken_references(html: &str) -> usize {
    html.split('&')
        .skip(1)
        .filter(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '#');
            let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let is_whole = match name.strip_prefix('#') {
                Some(number) => {
                    let digits = number.trim_start_matches(['x', 'X']);
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                }
                None => behind.starts_with(';') && crate::text::named(name).is_some(),
            };
            !name.is_empty() && !is_whole
        })
        .count()
}
