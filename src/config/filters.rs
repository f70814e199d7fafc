//! `keep` and `drop`.
use crate::filter::{Filter, Filters};

use super::file::{Notes, Section, Value};

/// Both lists of a source or an output; a filter that cannot be read is noted at the character where it breaks.
pub(super) fn filters(section: &Section<'_>, notes: &mut Notes<'_>) -> Filters {
    Filters {
        keep: list(section, "keep", notes),
        drop: list(section, "drop", notes),
    }
}

fn list(section: &Section<'_>, key: &'static str, notes: &mut Notes<'_>) -> Vec<Filter> {
    let example = "[\"title contains 'rust'\"]";
    let items = section.optional(key, notes, |value| value.items(example));
    let mut filters = Vec::new();
    for item in items.unwrap_or_default() {
        match item.text().map(str::parse::<Filter>) {
            Ok(Ok(filter)) => filters.push(filter),
            Ok(Err(error)) => {
                let at = place(&item, error.at, notes);
                notes.problem(at, item.key, error.message);
            }
            Err(message) => notes.problem(item.at, item.key, message),
        }
    }
    filters
}

/// Where byte `at` of a string stands in the file; of a string of several lines, where the string begins.
fn place(value: &Value<'_>, at: usize, notes: &Notes<'_>) -> usize {
    let Some(raw) = notes.text(value.at) else {
        return value.at;
    };
    if raw.starts_with("'''") || raw.starts_with("\"\"\"") {
        return value.at;
    }
    if raw.starts_with('\'') {
        return value.at + 1 + at;
    }
    // A basic string: each escape is longer here than in the value (TOML 1.0, String).
    let (mut seen, mut rest) = (0, raw.get(1..).unwrap_or_default());
    while seen < at && !rest.starts_with('"') {
        let (written, meant) = match rest.as_bytes() {
            [b'\\', b'u', ..] => (6, wide(rest, 2..6)),
            [b'\\', b'U', ..] => (10, wide(rest, 2..10)),
            [b'\\', b'x', ..] => (4, wide(rest, 2..4)),
            [b'\\', _, ..] => (2, 1),
            _ => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                (length, length)
            }
        };
        seen += meant;
        rest = rest.get(written..).unwrap_or_default();
    }
    value.at + raw.len() - rest.len()
}

/// Bytes of the character that an escape stands for.
fn wide(rest: &str, digits: std::ops::Range<usize>) -> usize {
    rest.get(digits)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8)
}
