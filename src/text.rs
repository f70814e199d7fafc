//! Plain text of sanitized HTML, and what is counted and hashed of it.

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::memchr;
use xxhash_rust::xxh3::xxh3_64;

pub(crate) use names::Names;
pub(crate) use scan::{find, places};

mod names;
mod scan;

/// Elements that part text: blocks, then those that stand on lines of their own, then cells.
static BREAKS: Names<31> = Names::of([
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
    "br",
    "li",
    "tr",
    "dt",
    "dd",
    "td",
    "th",
]);
/// Places in [`BREAKS`].
const LINES_FROM: usize = 24;
const CELLS_FROM: usize = 29;

/// The registrable domain of a host name, by the public suffix list: `example.co.uk` of `news.example.co.uk`. `None` for
/// a public suffix itself. The only way to the list: its code is large, and would be copied to each module that asks.
#[inline(never)]
pub(crate) fn registrable_domain(host: &str) -> Option<&str> {
    psl::domain_str(host)
}

/// Plain text of sanitized HTML, paragraphs separated by a blank line. Reads only what the sanitizer writes.
pub fn text_of(html: &str) -> String {
    let mut out = beginning_of(html, usize::MAX);
    out.truncate(out.trim_end().len());
    out
}

/// The beginning of [`text_of`]: all of it (perhaps with a space at its end) or more than `enough` bytes. Of white space
/// two at most stand together.
pub(crate) fn beginning_of(html: &str, enough: usize) -> String {
    let mut out = String::with_capacity(html.len().min(enough.saturating_add(64)));
    // `<` and `>` are one bit apart.
    let is_mark = |byte: u8, behind| (byte & 0xFD == b'<') | may_be_odd(byte, behind);
    let bytes = html.as_bytes();
    // Where the tag begins that is open; up to where text has been read.
    let (mut tag, mut from) = (None, 0);
    for at in places(bytes, is_mark) {
        match (tag, bytes[at]) {
            (None, b'<') => {
                push_even(&mut out, &html[from..at]);
                if out.len() > enough {
                    return out;
                }
                tag = Some(at);
            }
            (Some(start), b'>') => {
                match BREAKS.place(name_of(&html[start + 1..at])) {
                    Some(..LINES_FROM) => break_with(&mut out, "\n\n"),
                    Some(LINES_FROM..CELLS_FROM) => break_with(&mut out, "\n"),
                    Some(_) => push_space(&mut out),
                    None => {}
                }
                (tag, from) = (None, at + 1);
            }
            (Some(_), _) | (None, b'>') => {}
            (None, _) if at < from => {}
            (None, _) => from = push_odd(&mut out, html, from, at),
        }
    }
    if tag.is_none() {
        push_even(&mut out, &html[from..]);
    }
    out
}

/// The name in a tag without its brackets.
fn name_of(tag: &str) -> &str {
    let tag = tag.trim_start_matches('/');
    let length = tag.bytes().position(|byte| !byte.is_ascii_alphanumeric());
    &tag[..length.unwrap_or(tag.len())]
}

/// Adds the raw text from `from` to a reference or white space `at` a place, and that; gives where it ends. When nothing
/// of the kind stands there it adds nothing.
fn push_odd(out: &mut String, raw: &str, from: usize, at: usize) -> usize {
    let rest = &raw[at..];
    if let Some(behind) = rest.strip_prefix('&') {
        let Some((decoded, length)) = reference(behind) else {
            return from;
        };
        push_even(out, &raw[from..at]);
        for c in decoded.into_iter().flatten() {
            if c.is_whitespace() {
                push_space(out);
            } else {
                out.push(c);
            }
        }
        return at + 1 + length;
    }
    match rest.chars().next().filter(|c| c.is_whitespace()) {
        Some(c) => {
            push_even(out, &raw[from..at]);
            push_space(out);
            at + c.len_utf8()
        }
        None => from,
    }
}

/// Whether a reference or white space other than a single space may begin with this byte, the next one behind it.
fn may_be_odd(byte: u8, behind: u8) -> bool {
    // Beyond ASCII: U+0085, U+00A0, U+1680, U+2000 to U+205F, U+3000, each with others that begin alike.
    (byte == b'&')
        | (byte.wrapping_sub(b'\t') < 5)
        | ((byte == b' ') & (behind == b' '))
        | (byte == 0xC2)
        | ((byte == 0xE1) & (behind == 0x9A))
        | ((byte == 0xE2) & (behind & 0xFE == 0x80))
        | ((byte == 0xE3) & (behind == 0x80))
}

/// Whether all white space of a text is single spaces: most text is, and needs no look at each character.
pub(crate) fn is_evenly_spaced(text: &str) -> bool {
    places(text.as_bytes(), may_be_odd).all(|at| !text[at..].starts_with(char::is_whitespace))
}

/// Adds text whose white space is single spaces.
fn push_even(out: &mut String, text: &str) {
    match text.strip_prefix(' ') {
        Some(behind) if !is_within_line(out) => out.push_str(behind),
        _ => out.push_str(text),
    }
}

fn push_space(out: &mut String) {
    if is_within_line(out) {
        out.push(' ');
    }
}

/// Whether white space that follows is a space.
fn is_within_line(out: &str) -> bool {
    !matches!(out.as_bytes().last(), None | Some(b' ' | b'\n'))
}

fn break_with(out: &mut String, lines: &str) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() {
        let newlines = out.bytes().rev().take_while(|byte| *byte == b'\n');
        let have = newlines.count();
        out.push_str(lines.get(have..).unwrap_or_default());
    }
}

/// Decodes character references once; what is none, or has no semicolon, stays as it is.
pub(crate) fn decode_entities(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match reference(rest) {
            Some((decoded, length)) => {
                out.extend(decoded.into_iter().flatten());
                rest = &rest[length..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// The characters of the reference whose `&` stands before `rest`, and its length in bytes with the semicolon.
fn reference(rest: &str) -> Option<([Option<char>; 2], usize)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = rest.bytes().position(|byte| !is_part(&byte))?;
    if rest.as_bytes()[length] != b';' {
        return None;
    }
    let name = &rest[..length];
    let decoded = match name.strip_prefix('#') {
        Some(number) => [Some(numbered(number)?), None],
        None => {
            let mut characters = named(name)?;
            [characters.next(), characters.next()]
        }
    };
    Some((decoded, length + 1))
}

/// The character of `&#number;`: U+0080 to U+009F stand for those of windows-1252 (HTML §13.2.5.80).
fn numbered(number: &str) -> Option<char> {
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let radix = if hexadecimal.is_some() { 16 } else { 10 };
    let code = u32::from_str_radix(hexadecimal.unwrap_or(number), radix).ok()?;
    let replaced = code
        .checked_sub(0x80)
        .and_then(|index| *C1_REPLACEMENTS.get(index as usize)?);
    replaced.or_else(|| char::from_u32(code).filter(|c| *c != '\0'))
}

/// The one or two characters of `&name;` (HTML §13.5). The table is the HTML parser's own: that of quick-xml 0.42 has
/// lost the last hexadecimal digit of many (`&alpha;` is `;` there).
pub(crate) fn named(name: &str) -> Option<impl Iterator<Item = char>> {
    let is_there = |code: &u32| *code != 0;
    let characters = |codes: [u32; 2]| {
        let codes = codes.into_iter().filter(is_there);
        codes.filter_map(char::from_u32)
    };
    // Most references are these, and the table asks for a hash.
    let common = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some('\u{a0}'),
        _ => None,
    };
    if let Some(c) = common {
        return Some(characters([c.into(), 0]));
    }
    // The table's keys end with the semicolon; none is longer than this.
    let mut key = [0; 40];
    let key = key.get_mut(..=name.len())?;
    key[..name.len()].copy_from_slice(name.as_bytes());
    key[name.len()] = b';';
    let (first, second) = *NAMED_ENTITIES.get(std::str::from_utf8(key).ok()?)?;
    Some(characters([first, second]))
}

/// Whether following an address of this scheme could run something.
pub(crate) fn is_scripting(scheme: &str) -> bool {
    ["javascript", "vbscript", "data"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
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

/// Hash of the words of title and plain text only: punctuation and white space do not count, nor does case.
pub fn text_fingerprint(title: Option<&str>, text: &str) -> u64 {
    let mut words = Vec::with_capacity(text.len() + 64);
    for part in [title.unwrap_or_default(), text] {
        let mut rest = part;
        while let Some(c) = rest.chars().next() {
            let ascii = rest
                .bytes()
                .position(|byte| !byte.is_ascii())
                .unwrap_or(rest.len());
            for byte in rest[..ascii].bytes() {
                if byte.is_ascii_alphanumeric() {
                    words.push(byte.to_ascii_lowercase());
                } else if words.last().is_some_and(|last| *last > 1) {
                    words.push(0);
                }
            }
            if ascii > 0 {
                rest = &rest[ascii..];
                continue;
            }
            if c.is_alphanumeric() {
                let mut utf8 = [0; 4];
                for lower in c.to_lowercase() {
                    words.extend_from_slice(lower.encode_utf8(&mut utf8).as_bytes());
                }
            } else if words.last().is_some_and(|last| *last > 1) {
                words.push(0);
            }
            rest = &rest[c.len_utf8()..];
        }
        if words.last().is_some_and(|last| *last > 1) {
            words.push(0);
        }
        words.push(1);
    }
    xxh3_64(&words)
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
        for (html, text) in [
            ("<p> a  b</p>", "a b"),
            ("<p>a\u{a0}b \u{2003} c</p>", "a b c"),
            ("<p>a <b> b</b> c </p>", "a b c"),
            ("<p>it\u{2019}s <i>\u{3000}so</i></p>", "it\u{2019}s so"),
            ("<b>a</b> <b>b</b>", "a b"),
            ("a\tb\nc", "a b c"),
        ] {
            assert_eq!(text_of(html), text, "{html:?}");
        }
        assert_eq!(
            decode_entities(
                "a & b &eacute; &nosuch; &#233;&#x92;&#0;&#1114112; &copy AT&T &alpha;&NotEqualTilde;"
            ),
            "a & b é &nosuch; é’&#0;&#1114112; &copy AT&T α≂\u{338}"
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
        let of = |title, html| text_fingerprint(Some(title), &text_of(html));
        let plain = of("Gate", "<p>The gate, closed.</p>");
        assert_eq!(plain, of("gate!", "<div>The <i>gate</i> closed</div>"));
        assert_ne!(plain, of("Gate", "<p>The gate opened.</p>"));
        assert_ne!(of("Gate", "The"), of("", "Gate the"));
    }
}
