//! Plain text of sanitized HTML, and what is counted and hashed of it.

use std::borrow::Cow;
use std::hash::Hasher;

use xxhash_rust::xxh3::Xxh3Default;

const BLOCKS: &[&str] = &[
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "blockquote",
    "pre",
    "table",
    "figure",
    "figcaption",
    "section",
    "article",
    "hr",
    "dl",
    "details",
    "summary",
    "aside",
    "header",
    "footer",
];
const LINES: &[&str] = &["br", "li", "tr", "dt", "dd"];

/// Plain text of sanitized HTML, paragraphs separated by a blank line. Reads only what the sanitizer writes.
pub fn text_of(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        push(&mut out, &rest[..at]);
        let Some(end) = rest[at..].find('>') else {
            return out.trim_end().to_owned();
        };
        let tag = rest[at + 1..at + end].trim_start_matches('/');
        let name = tag
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if BLOCKS.contains(&name) {
            break_with(&mut out, "\n\n");
        } else if LINES.contains(&name) {
            break_with(&mut out, "\n");
        } else if matches!(name, "td" | "th") {
            push(&mut out, " ");
        }
        rest = &rest[at + end + 1..];
    }
    push(&mut out, rest);
    out.truncate(out.trim_end().len());
    out
}

fn push(out: &mut String, raw: &str) {
    let decoded = if raw.contains('&') {
        Cow::Owned(decode_entities(raw))
    } else {
        Cow::Borrowed(raw)
    };
    let starts_spaced = decoded.starts_with(char::is_whitespace);
    for (index, word) in decoded.split_whitespace().enumerate() {
        if (index > 0 || starts_spaced) && !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
        out.push_str(word);
    }
    let ends_spaced = decoded.ends_with(char::is_whitespace);
    if ends_spaced && !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

fn break_with(out: &mut String, lines: &str) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() {
        let have = out.len() - out.trim_end_matches('\n').len();
        out.push_str(lines.get(have..).unwrap_or_default());
    }
}

/// Decodes character references once; unknown ones stay as they are.
pub(crate) fn decode_entities(raw: &str) -> String {
    quick_xml::escape::unescape(raw)
        .map_or_else(|_| decode_leniently(raw), std::borrow::Cow::into_owned)
}

fn decode_leniently(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for (index, piece) in raw.split('&').enumerate() {
        if index == 0 {
            out.push_str(piece);
            continue;
        }
        match piece.find(';').map(|end| piece.split_at(end + 1)) {
            Some((name, rest)) if name.len() < 32 => {
                let reference = format!("&{name}");
                match quick_xml::escape::unescape(&reference) {
                    Ok(decoded) => out.push_str(&decoded),
                    Err(_) => out.push_str(&reference),
                }
                out.push_str(rest);
            }
            _ => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}

pub(crate) fn is_dense(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

fn counts(text: &str) -> (u64, u64) {
    let (mut words, mut dense, mut inside) = (0, 0, false);
    for c in text.chars() {
        if is_dense(c) {
            dense += 1;
            inside = false;
        } else if c.is_alphanumeric() {
            words += u64::from(!inside);
            inside = true;
        } else if !matches!(c, '\'' | '’') {
            inside = false;
        }
    }
    (words, dense)
}

/// Runs of letters and digits; Han, Kana and Thai by characters ÷ 2.
pub fn word_count(text: &str) -> u64 {
    let (words, dense) = counts(text);
    words + dense / 2
}

/// Seconds an adult needs: 238 words (Brysbaert 2019) or 500 Han, Kana or Thai characters a minute.
pub fn reading_seconds(text: &str) -> u64 {
    let (words, dense) = counts(text);
    (words * 60).div_ceil(238) + (dense * 60).div_ceil(500)
}

/// Hash of the words of title and text only: markup, punctuation and white space do not count.
pub fn text_fingerprint(title: Option<&str>, html: &str) -> u64 {
    let mut hasher = Xxh3Default::new();
    let text = text_of(html);
    let mut folded = Vec::new();
    for part in [title.unwrap_or_default(), &text] {
        for word in part.split(|c: char| !c.is_alphanumeric()) {
            if word.is_ascii() {
                folded.clear();
                folded.extend(word.bytes().map(|byte| byte.to_ascii_lowercase()));
            } else {
                folded = word.to_lowercase().into_bytes();
            }
            if !folded.is_empty() {
                folded.push(0);
                hasher.write(&folded);
            }
        }
        hasher.write_u8(1);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_entities_become_text() {
        let html =
            "<p>Tide &amp; wind,\n <b>fast</b></p><ul><li>one</li><li>two</li></ul><p>3 &lt; 4</p>";
        assert_eq!(text_of(html), "Tide & wind, fast\n\none\ntwo\n\n3 < 4");
        assert_eq!(text_of(""), "");
        assert_eq!(
            decode_entities("a & b &eacute; &nosuch; &#233;"),
            "a & b é &nosuch; é"
        );
    }

    #[test]
    fn words_are_counted_and_timed() {
        assert_eq!(word_count("It's 3 o'clock, sharp."), 4);
        assert_eq!(word_count("港の水門"), 2);
        assert_eq!(reading_seconds(&"word ".repeat(238)), 60);
    }

    #[test]
    fn markup_and_punctuation_do_not_change_the_fingerprint() {
        let plain = text_fingerprint(Some("Gate"), "<p>The gate, closed.</p>");
        assert_eq!(
            plain,
            text_fingerprint(Some("gate!"), "<div>The <i>gate</i> closed</div>")
        );
        assert_ne!(
            plain,
            text_fingerprint(Some("Gate"), "<p>The gate opened.</p>")
        );
    }
}
