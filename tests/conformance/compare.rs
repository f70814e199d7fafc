//! When two values are the same: white space, markup, references and default ports aside.

use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;

/// Plain text of what may hold markup, escaped once or twice.
pub(crate) fn text(value: &str) -> String {
    let once = unescape(&without_tags(value));
    let twice = unescape(&without_tags(&once));
    let composed: String = twice.nfc().collect();
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    let words = composed.split(blank).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Letters and digits alone.
pub(crate) fn letters(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether `got` begins with the `wanted` text. Where that was cut, it may end within a word.
pub(crate) fn begins(wanted: &str, got: &str) -> bool {
    let mut letters_wanted: Vec<char> = letters(wanted).chars().collect();
    if wanted.chars().count() >= 78 {
        letters_wanted.truncate(letters_wanted.len().saturating_sub(3).max(1));
    }
    let wanted: String = letters_wanted.into_iter().collect();
    !wanted.is_empty() && letters(&text(got)).starts_with(&wanted)
}

/// An address with scheme and host in lower case and without what browsers take for granted.
pub(crate) fn url(value: &str) -> String {
    let value = value.trim();
    let whole = match value.split_once("://") {
        Some((scheme, rest))
            if scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c)) =>
        {
            let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let host = host.to_lowercase();
            let host = host
                .strip_suffix(":80")
                .or(host.strip_suffix(":443"))
                .unwrap_or(&host);
            let path = if path.is_empty() { "/" } else { path };
            format!("{}://{host}{path}", scheme.to_lowercase())
        }
        _ => value.to_owned(),
    };
    whole.replace(' ', "%20").replace('|', "%7C")
}

pub(crate) fn instant(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value)
        .ok()
        .map(|at| at.to_utc())
}

/// References of HTML decoded once; white space is not kept.
pub(crate) fn unescape(value: &str) -> String {
    feedmill::text::text_of(&value.replace('<', "&lt;"))
}

/// Each tag and comment as a space; scripts and styles go with what is in them.
fn without_tags(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match tag(rest) {
            Some(length) => {
                out.push(' ');
                rest = &rest[length..];
            }
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out.replace("]]>", " ")
}

/// Length of the tag, comment or mark that begins `text`; `None` when its `<` is text.
fn tag(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return text.find("-->").map(|end| end + 3);
    }
    if text.starts_with("<![CDATA[") {
        return Some("<![CDATA[".len());
    }
    for name in ["script", "style"] {
        let is_named = |at: usize| {
            let found = text.get(at..at + name.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        if is_named(1) {
            let mut ends = text.match_indices("</").map(|(at, _)| at);
            let end = ends.find(|at| is_named(at + 2))?;
            return text[end..].find('>').map(|close| end + close + 1);
        }
    }
    let name = text[1..].trim_start_matches('/').chars().next()?;
    if !(name.is_ascii_alphabetic() || matches!(name, '!' | '?')) {
        return None;
    }
    let end = text[1..].find(['<', '>'])? + 1;
    text[end..].starts_with('>').then_some(end + 1)
}
