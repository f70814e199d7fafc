//! Sources that stand as `source = [{ … }, { … }]`.

use std::ops::Range;

use toml_edit::InlineTable;

use super::layout::line_start;
use super::{NewSource, keys, newline_of, replaced, without};

/// The text with more items in the array, each in a line of its own where the last one has one.
pub(super) fn add(
    text: &str,
    array: &Range<usize>,
    items: &[Range<usize>],
    sources: &[NewSource],
) -> String {
    let written = sources.iter().map(|source| {
        let pairs: Vec<String> = { keys(source).into_iter() }
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        format!("{{ {} }}", pairs.join(", "))
    });
    let written: Vec<String> = written.collect();
    let Some(last) = items.last() else {
        let at = array.start + 1;
        return replaced(text, at..at, &written.join(", "));
    };
    let indent = &text[line_start(text, last.start)..last.start];
    let separator = match indent.trim().is_empty() {
        true => format!(",{}{indent}", newline_of(text)),
        false => ", ".to_owned(),
    };
    let more: String = { written.iter() }
        .map(|item| format!("{separator}{item}"))
        .collect();
    replaced(text, last.end..last.end, &more)
}

/// What to cut so that an item goes, with its comma. `None`: there is no such item.
pub(super) fn removal(
    text: &str,
    array: &Range<usize>,
    items: &[Range<usize>],
    index: usize,
) -> Option<Range<usize>> {
    let item = items.get(index)?;
    if let Some(before) = index.checked_sub(1) {
        return Some(items[before].end..item.end);
    }
    if let Some(next) = items.get(1) {
        return Some(item.start..next.start);
    }
    // The only one: a comma behind it would be left alone in the array.
    let behind = &text[item.end..array.end];
    let comma = behind.trim_start().starts_with(',');
    let comma = behind.find(',').filter(|_| comma).map(|comma| comma + 1);
    Some(item.start..item.end + comma.unwrap_or(0))
}

/// The text with `paused = true` in an item, or without it.
pub(super) fn set_paused(text: &str, table: &InlineTable, paused: bool) -> String {
    let values: Vec<Range<usize>> = table.iter().filter_map(|(_, value)| value.span()).collect();
    let span = |key: &str| table.get(key).and_then(toml_edit::Value::span);
    match (span("paused"), paused) {
        (Some(value), true) => replaced(text, value, "true"),
        (Some(value), false)
            if table.get("paused").and_then(|value| value.as_bool()) == Some(true) =>
        {
            let before = values.iter().rfind(|other| other.end < value.start);
            let after = values.iter().position(|other| other.start > value.end);
            let next_key = after
                .and_then(|after| table.iter().nth(after))
                .and_then(|(key, _)| table.key(key)?.span());
            let own_key = table.key("paused").and_then(|key| key.span());
            match (before, own_key, next_key) {
                (Some(before), ..) => without(text, before.end..value.end),
                (None, Some(own), Some(next)) => without(text, own.start..next.start),
                _ => text.to_owned(),
            }
        }
        (None, true) => match values.last() {
            Some(last) => replaced(text, last.end..last.end, ", paused = true"),
            None => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}
