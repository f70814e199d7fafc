//! Character references read as the HTML standard reads them, and written again.

use std::borrow::Cow;

use memchr::memchr;

use crate::text::places;

/// Decodes the references of a piece of text or (`in_attribute`) of an attribute's value. `None` when one is of a form
/// whose meaning depends on more than itself: without semicolon, unknown, or replaced by another character.
pub(super) fn decode(raw: &str, in_attribute: bool) -> Option<Cow<'_, str>> {
    if in_attribute && memchr(0, raw.as_bytes()).is_some() {
        return None;
    }
    if memchr(b'&', raw.as_bytes()).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    if raw.contains('\r') {
        return None; // a line end only before a decoded `\n` is known to be one
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .map_or(rest, |end| &rest[..end]);
        let behind = rest.as_bytes().get(name.len());
        match (name.strip_prefix('#'), behind) {
            _ if name.is_empty() => {
                out.push('&');
                continue;
            }
            (Some(number), Some(b';')) => out.push(character(number)?),
            (None, Some(b';')) => out.extend(crate::text::named(name)?),
            // As in `?a=1&b=2`: a reference is never followed by `=` there (HTML §13.2.5.73).
            (None, Some(b'=')) if in_attribute => {
                out.push('&');
                continue;
            }
            _ => return None,
        }
        rest = &rest[name.len() + 1..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn character(number: &str) -> Option<char> {
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let digits = hexadecimal.unwrap_or(number);
    let radix = if hexadecimal.is_some() { 16 } else { 10 };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| is_number)?;
    char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\t' | '\n'))
}

/// Decodes and writes text: what stands for markup is escaped, control characters go, line ends are `\n`.
pub(super) fn push_text(out: &mut String, raw: &str) -> Option<()> {
    // Most text is written as it is, and so are references to what is written as one.
    let is_kept = |at: usize| {
        let kept = ["&amp;", "&lt;", "&gt;", "&nbsp;"];
        kept.iter()
            .any(|kept| raw.as_bytes()[at..].starts_with(kept.as_bytes()))
    };
    if places(raw.as_bytes(), |byte, _| is_special(byte)).all(is_kept) {
        out.push_str(raw);
        return Some(());
    }
    let decoded = decode(raw, false)?;
    escape_text(out, &decoded);
    Some(())
}

/// White space, or left out when written.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Writes text that has been decoded.
pub(super) fn escape_text(out: &mut String, text: &str) {
    push_escaped(out, text, false);
}

/// Writes a value to stand between double quotes.
pub(super) fn escape(out: &mut String, value: &str) {
    push_escaped(out, value, true);
}

/// Whether a byte, or what it begins, may not stand for itself in text.
fn is_special(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t') & (byte != b'\n'))
        | (byte == b'&')
        | (byte == b'<')
        | (byte == b'>')
        | (byte == 0x7F)
        | (byte == 0xC2)
        | (byte == 0xEF)
}

fn push_escaped(out: &mut String, text: &str, in_attribute: bool) {
    let bytes = text.as_bytes();
    let is_special = |byte: u8| is_special(byte) | (in_attribute & (byte == b'"'));
    let mut from = 0;
    for at in places(bytes, |byte, _| is_special(byte)) {
        let byte = bytes[at];
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => "",
            b'\r' => "\n",
            0x0C => " ",
            0x00..0x20 | 0x7F => "",
            // No-break spaces would be lost to the eye; U+0080 to U+009F are controls.
            0xC2 if bytes[at + 1] == 0xA0 && !in_attribute => "&nbsp;",
            0xC2 if bytes[at + 1] < 0xA0 => "",
            // U+FFFE and U+FFFF are no characters of XML.
            0xEF if bytes[at + 1] == 0xBF && bytes[at + 2] >= 0xBE => "",
            0xEF if bytes[at + 1] == 0xBB && bytes[at + 2] == 0xBF => "", // a byte order mark
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(replacement);
        from = at
            + match byte {
                0xC2 => 2,
                0xEF => 3,
                _ => 1,
            };
    }
    out.push_str(&text[from..]);
}
