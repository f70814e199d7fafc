//! Character references: the five of XML, the plain entities of a DTD, HTML's names, and numbers.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use memchr::{memchr, memchr_iter, memmem};

use crate::text::named;

/// Longest replacement text of a DTD entity that is resolved.
const REPLACEMENT: usize = 1_000;
/// DTD entities that are read.
const DECLARED: usize = 1_000;
/// Bytes that all the uses of DTD entities of one document may grow to.
const EXPANDED: usize = 1 << 20;
/// Longest name or number between `&` and `;`.
const REFERENCE: usize = 64;

/// The internal entities of a document's DTD whose replacement is plain text (XML 1.0 §4.2.1).
#[derive(Debug, Default)]
pub(super) struct Entities {
    known: HashMap<String, String>,
    /// What is left of [`EXPANDED`].
    allowance: Cell<usize>,
}

impl Entities {
    /// Reads `<!ENTITY name "text">`; parameter and external entities are not read.
    pub(super) fn of(doctype: &str) -> Self {
        let mut known = HashMap::new();
        for at in memmem::find_iter(doctype.as_bytes(), b"<!ENTITY").take(DECLARED) {
            let rest = &doctype[at + 8..];
            let Some((name, value)) =
                declaration(&rest[..rest.floor_char_boundary(2 * REPLACEMENT)])
            else {
                continue;
            };
            let plain = value.len() <= REPLACEMENT && !value.contains(['&', '<', '%'])
                || value.starts_with("&#")
                    && value.len() <= 10
                    && !value[1..].contains(['&', '<', '%']);
            if plain {
                let decoded = decode(value, &Self::default()).text.into_owned();
                known.entry(name.to_owned()).or_insert(decoded);
            }
        }
        Self {
            known,
            allowance: Cell::new(EXPANDED),
        }
    }

    /// What stands for `name`, as long as the uses together stay within bounds.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.known.get(name)?;
        self.allowance
            .set(self.allowance.get().checked_sub(text.len())?);
        Some(text)
    }
}

fn declaration(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.trim_start();
    let (name, rest) = rest.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, _) = rest[1..].split_once(quote)?;
    (!name.starts_with('%')).then_some((name, value))
}

/// Whether a strict parser takes every reference in `text`.
pub(super) fn are_strict(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr_iter(b'&', bytes).all(|at| {
        let rest = &bytes[at + 1..bytes.len().min(at + 12)];
        match rest {
            [b'l' | b'g', b't', b';', ..]
            | [b'a', b'm', b'p', b';', ..]
            | [b'q', b'u', b'o', b't', b';', ..]
            | [b'a', b'p', b'o', b's', b';', ..] => true,
            [b'#', number @ ..] => match number.iter().position(|byte| *byte == b';') {
                Some(end) => matches!(number_of(&number[..end]), Some(Ok(_))),
                None => false,
            },
            _ => false,
        }
    })
}

/// What a decoding had to repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// An entity that XML does not know.
    pub(super) undefined: bool,
    /// An `&` that begins no reference.
    pub(super) bare: bool,
    /// A number that is no character.
    pub(super) impossible: bool,
}

/// A text and what its references needed.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) flaws: Flaws,
}

/// Decodes references once. Unknown names and bare ampersands stay as they are; impossible numbers vanish, those of
/// the C1 range mean windows-1252, surrogate pairs are joined.
pub(super) fn decode<'a>(raw: &'a str, entities: &Entities) -> Decoded<'a> {
    let mut flaws = Flaws::default();
    let Some(first) = memchr(b'&', raw.as_bytes()) else {
        return Decoded {
            text: Cow::Borrowed(raw),
            flaws,
        };
    };
    let mut out = String::with_capacity(raw.len());
    out.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    let mut high = None;
    while !rest.is_empty() {
        let plain = memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        if plain > 0 {
            high = None;
            out.push_str(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        let window = &rest.as_bytes()[1..rest.len().min(REFERENCE)];
        let name = memchr(b';', window)
            .map(|end| &rest[1..=end])
            .filter(|name| is_reference(name));
        let Some(name) = name else {
            flaws.bare = true;
            out.push('&');
            rest = &rest[1..];
            continue;
        };
        if let Some(number) = name.strip_prefix('#') {
            high = push_number(&mut out, number, high, &mut flaws);
        } else {
            high = None;
            push_named(&mut out, name, entities, &mut flaws);
        }
        rest = &rest[name.len() + 2..];
    }
    Decoded {
        text: Cow::Owned(out),
        flaws,
    }
}

fn is_reference(name: &str) -> bool {
    let name = name.strip_prefix('#').unwrap_or(name);
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
}

fn push_named(out: &mut String, name: &str, entities: &Entities, flaws: &mut Flaws) {
    if let Some(text) = entities.text(name) {
        return out.push_str(text);
    }
    flaws.undefined |= !matches!(name, "amp" | "lt" | "gt" | "quot" | "apos");
    match named(name) {
        Some(characters) => out.extend(characters),
        None => {
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }
}

/// Appends the character of a number; gives back a high surrogate that waits for its other half.
fn push_number(
    out: &mut String,
    number: &str,
    high: Option<u32>,
    flaws: &mut Flaws,
) -> Option<u32> {
    let code = match number_of(number.as_bytes()) {
        Some(Ok(c)) => {
            out.push(c);
            return None;
        }
        Some(Err(code)) => code,
        None => {
            flaws.bare = true;
            out.push_str("&#");
            out.push_str(number);
            out.push(';');
            return None;
        }
    };
    flaws.impossible = true;
    match (high, code) {
        (_, 0x80..=0x9f) => {
            let byte = [u8::try_from(code).unwrap_or_default()];
            out.push_str(
                &encoding_rs::WINDOWS_1252
                    .decode_without_bom_handling(&byte)
                    .0,
            );
            None
        }
        (_, 0xd800..=0xdbff) => Some(code),
        (Some(high), 0xdc00..=0xdfff) => {
            out.extend(char::from_u32(
                0x1_0000 + ((high - 0xd800) << 10) + (code - 0xdc00),
            ));
            None
        }
        _ => None,
    }
}

/// `#`-less number of a reference: the character, the code that is none for XML, or `None` when it is no number.
fn number_of(number: &[u8]) -> Option<Result<char, u32>> {
    let (digits, radix) = match number {
        [b'x' | b'X', digits @ ..] => (digits, 16),
        digits => (digits, 10),
    };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| char::from(byte).is_digit(radix))
    })?;
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    let allowed = matches!(code, 0x9 | 0xa | 0xd | 0x20..=0x7f | 0xa0..=0xfffd | 0x1_0000..);
    Some(char::from_u32(code).filter(|_| allowed).ok_or(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        decode(raw, &Entities::default()).text.into_owned()
    }

    #[test]
    fn references_are_decoded_once() {
        assert_eq!(text("a &amp;lt; b &lt; c"), "a &lt; b < c");
        assert_eq!(
            text("caf&eacute; &gamma; &hellip; &#8217; &#x2019;"),
            "café γ … ’ ’"
        );
        assert_eq!(text("&#146;&#x80;"), "’€");
        assert_eq!(text("&#xD83D;&#xDE00;!"), "😀!");
        assert_eq!(text("&#0;a&#xD800;b&#55357; &#56832;"), "ab ");
        assert_eq!(
            text("AT&T & &nosuch; &#x; &#999999999999;"),
            "AT&T & &nosuch; &#x; "
        );
        assert_eq!(text("tail &"), "tail &");
    }

    #[test]
    fn what_was_repaired_is_told() {
        let flaws = |raw: &str| decode(raw, &Entities::default()).flaws;
        assert_eq!(flaws("&amp;&#65;"), Flaws::default());
        assert!(flaws("&eacute;").undefined);
        assert!(flaws("a & b").bare);
        assert!(flaws("&#1;").impossible);
        for raw in ["&amp;&lt;&gt;&quot;&apos;&#65;&#x41;", "none"] {
            assert!(are_strict(raw), "{raw}");
        }
        for raw in [
            "&eacute;",
            "&",
            "&#0;",
            "&#146;",
            "& amp;",
            "&amp",
            "&#x110000;",
        ] {
            assert!(!are_strict(raw), "{raw}");
        }
    }

    #[test]
    fn plain_dtd_entities_are_known_and_others_are_not() {
        let entities = Entities::of(
            "<!DOCTYPE rss [<!ENTITY brand \"Tide &#38; Co\"><!ENTITY mill 'the mill'><!ENTITY dash \"&#8212;\">\
             <!ENTITY deep \"&mill;&mill;\"><!ENTITY % p \"x\"><!ENTITY out SYSTEM \"file:///etc/passwd\">]>",
        );
        let text = |raw: &str| decode(raw, &entities).text.into_owned();
        assert_eq!(
            text("&mill; &dash; &deep; &out;"),
            "the mill — &deep; &out;"
        );
        assert!(text(&"&mill;".repeat(300_000)).len() < 3 << 20);
        assert!(text(&"&mill;".repeat(300_000)).len() < 3 << 20);
    }
}
