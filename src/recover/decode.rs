//! Bytes → UTF-8, by what the bytes prove first and by what labels claim second.
//!
//! Order: byte order mark; the byte pattern of UTF-16 and UTF-32; bytes that are valid UTF-8; the charset of the
//! HTTP header; the XML declaration; else windows-1252, byte by byte between the valid stretches of UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// Decoded text and the repair it took, if any.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without byte order mark.
    pub text: Cow<'a, str>,
    /// `encoding-…` when the encoding had to be guessed against or without its label.
    pub repair: Option<&'static str>,
}

/// Decodes a document. Total: undecodable bytes become their windows-1252 character or U+FFFD.
pub fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some(decoded) = by_byte_order_mark(body).or_else(|| by_pattern(body)) {
        return decoded;
    }
    if let Ok(text) = std::str::from_utf8(body) {
        return match escaped_japanese(body, content_type) {
            Some(text) => Decoded { text, repair: None },
            None => Decoded {
                text: Cow::Borrowed(text),
                repair: None,
            },
        };
    }
    let label = content_type
        .and_then(charset)
        .or_else(|| declared_label(body));
    match label.and_then(|label| Encoding::for_label(label.as_bytes())) {
        // A label of UTF-16 is disproved by now: the pattern would have been seen.
        Some(encoding) if encoding != UTF_8 && encoding != UTF_16LE && encoding != UTF_16BE => {
            Decoded {
                text: encoding.decode_without_bom_handling(body).0,
                repair: None,
            }
        }
        _ => Decoded {
            text: Cow::Owned(mixed(body)),
            repair: Some("encoding-windows-1252"),
        },
    }
}

fn by_byte_order_mark(body: &[u8]) -> Option<Decoded<'_>> {
    let text = match body {
        [0xff, 0xfe, 0, 0, rest @ ..] => Cow::Owned(utf32(rest, u32::from_le_bytes)),
        [0, 0, 0xfe, 0xff, rest @ ..] => Cow::Owned(utf32(rest, u32::from_be_bytes)),
        [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0,
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => match std::str::from_utf8(rest) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                return Some(Decoded {
                    text: Cow::Owned(mixed(rest)),
                    repair: Some("encoding-windows-1252"),
                });
            }
        },
        _ => return None,
    };
    Some(Decoded { text, repair: None })
}

/// A document begins with `<`, `{` or white space: its zero bytes give the wide encodings away.
fn by_pattern(body: &[u8]) -> Option<Decoded<'_>> {
    let opens = |byte: u8| matches!(byte, b'<' | b'{' | b' ' | b'\t' | b'\r' | b'\n');
    let (text, repair): (Cow<'_, str>, _) = match *body.get(..4)? {
        [a, 0, 0, 0] if opens(a) => (
            Cow::Owned(utf32(body, u32::from_le_bytes)),
            "encoding-utf-32",
        ),
        [0, 0, 0, d] if opens(d) => (
            Cow::Owned(utf32(body, u32::from_be_bytes)),
            "encoding-utf-32",
        ),
        [a, 0, c, 0] if opens(a) && c != 0 => (
            UTF_16LE.decode_without_bom_handling(body).0,
            "encoding-utf-16",
        ),
        [0, b, 0, d] if opens(b) && d != 0 => (
            UTF_16BE.decode_without_bom_handling(body).0,
            "encoding-utf-16",
        ),
        _ => return None,
    };
    Some(Decoded {
        text,
        repair: Some(repair),
    })
}

fn utf32(body: &[u8], read: fn([u8; 4]) -> u32) -> String {
    let (quads, _) = body.as_chunks::<4>();
    quads
        .iter()
        .map(|quad| char::from_u32(read(*quad)).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// ISO-2022-JP is made of ASCII bytes only, so it passes for UTF-8: an escape byte and a label tell.
fn escaped_japanese<'a>(body: &'a [u8], content_type: Option<&str>) -> Option<Cow<'a, str>> {
    memchr::memchr(0x1b, body)?;
    let label = content_type
        .and_then(charset)
        .or_else(|| declared_label(body))?;
    (Encoding::for_label(label.as_bytes())? == ISO_2022_JP)
        .then(|| ISO_2022_JP.decode_without_bom_handling(body).0)
}

/// Valid stretches of UTF-8 stay; every other byte is read as windows-1252.
fn mixed(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len() + body.len() / 8);
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| windows_1252(*byte)));
    }
    text
}

/// One byte in windows-1252, as the WHATWG Encoding standard has it: the five gaps are C1 controls.
pub fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The `charset` parameter of a `Content-Type` (RFC 9110 §8.3.2).
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding that the XML declaration claims, looked for in the first kilobyte as bytes.
fn declared_label(body: &[u8]) -> Option<&str> {
    let head = &body[..body.len().min(1024)];
    let start = head.windows(5).position(|window| window == b"<?xml")?;
    let head = &head[start..];
    let head = &head[..head.windows(2).position(|window| window == b"?>")?];
    let at = head.windows(8).position(|window| window == b"encoding")? + 8;
    let value = head[at..]
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    std::str::from_utf8(&value[..end]).ok()
}
