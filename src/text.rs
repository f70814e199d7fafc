//! Plain text of sanitized HTML, and what is counted and hashed of it.

use std::borrow::Cow;

use markup5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::memchr;
use xxhash_rust::xxh3::xxh3_64;

pub(crate) use names::Names;
pub(crate) use scan::find;

mod names;
mod scan;

static BLOCKS: Names<24> = Names::of([
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
]);
static LINES: Names<5> = Names::of(["br", "li", "tr", "dt", "dd"]);

/// The registrable domain of a host name, by the public suffix list: `example.co.uk` of `news.example.co.uk`. `None` for
/// a public suffix itself. The only way to the list: its code is large, and would be copied to each module that asks.
#[inline(never)]
pub(crate) fn registrable_domain(host: &str) -> Option<&str> {
    psl::domain_str(host)
}

/// Plain text of sanitized HTML, paragraphs separated by a blank line. Reads only what the sanitizer writes.
pub fn text_of(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        push(&mut out, &rest[..at]);
        let Some(end) = memchr(b'>', &rest.as_bytes()[at..]) else {
            return out.trim_end().to_owned();
        };
        let tag = rest[at + 1..at + end].trim_start_matches('/');
        let length = tag.bytes().position(|byte| !byte.is_ascii_alphanumeric());
        let name = &tag[..length.unwrap_or(tag.len())];
        if BLOCKS.contains(name) {
            break_with(&mut out, "\n\n");
        } else if LINES.contains(name) {
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
    let decoded = if memchr(b'&', raw.as_bytes()).is_some() {
        Cow::Owned(decode_entities(raw))
    } else {
        Cow::Borrowed(raw)
    };
    if is_evenly_spaced(&decoded) {
        let is_open = !out.is_empty() && !out.ends_with([' ', '\n']);
        let from = usize::from(decoded.starts_with(' ') && !is_open);
        out.push_str(&decoded[from..]);
        return;
    }
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

/// Whether all white space of a text is single spaces: most text is, and needs no look at each character.
fn is_evenly_spaced(text: &str) -> bool {
    // First bytes of white space beyond ASCII, and of much else.
    let may_be_space =
        |byte: u8| (byte.wrapping_sub(b'\t') < 5) | (byte == 0xC2) | (byte.wrapping_sub(0xE1) < 3);
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = find(bytes, from, may_be_space) {
        if text[at..].starts_with(char::is_whitespace) {
            return false;
        }
        from = at + 1;
    }
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    pairs.fold(0, |found, (a, b)| {
        found | u8::from((*a == b' ') & (*b == b' '))
    }) == 0
}

fn break_with(out: &mut String, lines: &str) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() {
        let have = out.len() - out.trim_end_matches('\n').len();
        out.push_str(lines.get(have..).unwrap_or_default());
    }
}

/// Decodes character references once; what is none, or has no semicolon, stays as it is.
pub(crate) fn decode_entities(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .unwrap_or(rest.len());
        let (name, behind) = rest.split_at(length);
        let decoded = match name.strip_prefix('#') {
            Some(number) => numbered(number).map(String::from),
            None => named(name).map(|characters| characters.collect()),
        };
        match decoded.filter(|_| behind.starts_with(';')) {
            Some(decoded) => {
                out.push_str(&decoded);
                rest = &behind[1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
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
    // The table's keys end with the semicolon; none is longer than this.
    let mut key = [0; 40];
    let key = key.get_mut(..=name.len())?;
    key[..name.len()].copy_from_slice(name.as_bytes());
    key[name.len()] = b';';
    let (first, second) = *NAMED_ENTITIES.get(std::str::from_utf8(key).ok()?)?;
    let is_there = |code: &u32| *code != 0;
    Some(
        [first, second]
            .into_iter()
            .filter(is_there)
            .filter_map(char::from_u32),
    )
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
