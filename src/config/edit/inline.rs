//! Sources that stand as `source = [{ … }, { … }]`.

use std::ops::Range;

use toml_edit::InlineTable;

use super::layout::{line_end, line_start};
use super::{NewSource, keys, newline_of, replaced, without};

/// The text with more items in the array, in lines of their own where the last one has one; comments stay with their items.
pub(super) fn add(
    text: &str,
    array: &Range<usize>,
    items: &[Range<usize>],
    sources: &[NewSource],
) -> String {
    let written: Vec<String> = sources.iter().map(item).collect();
    let Some(last) = items.last() else {
        let at = array.start + 1;
        return replaced(text, at..at, &written.join(", "));
    };
    let comma = comma_behind(text, last.end, array.end);
    let Some(lines) = own_lines(text, last, comma) else {
        return replaced(
            text,
            last.end..last.end,
            &format!(", {}", written.join(", ")),
        );
    };
    let (indent, newline) = (&text[lines.start..last.start], newline_of(text));
    let mut more = written.join(&format!(",{newline}{indent}"));
    more.insert_str(0, indent);
    if comma.is_some() {
        more.push(',');
    }
    more.push_str(newline);
    let with_more = replaced(text, lines.end..lines.end, &more);
    match comma {
        Some(_) => with_more,
        None => replaced(&with_more, last.end..last.end, ","),
    }
}

fn item(source: &NewSource) -> String {
    let pairs: Vec<String> = { keys(source).into_iter() }
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// What to cut so that an item goes, with its comma and the lines that it has for itself; in file order. `None`: there is no
/// such item.
pub(super) fn removal(
    text: &str,
    array: &Range<usize>,
    items: &[Range<usize>],
    index: usize,
) -> Option<Vec<Range<usize>>> {
    let item = items.get(index)?;
    let next = items.get(index + 1);
    let before = index.checked_sub(1).map(|before| items[before].end);
    let comma = comma_behind(text, item.end, next.map_or(array.end, |next| next.start));
    if let Some(lines) = own_lines(text, item, comma) {
        // The last one without a comma: that of the one before it goes as well.
        let left = before.filter(|_| comma.is_none());
        let left = left.and_then(|before| comma_behind(text, before, item.start));
        return Some(
            left.map(|at| at..at + 1)
                .into_iter()
                .chain([lines])
                .collect(),
        );
    }
    Some(vec![match (before, next) {
        (Some(before), _) => before..item.end,
        (None, Some(next)) => item.start..next.start,
        (None, None) => item.start..comma.map_or(item.end, |comma| comma + 1),
    }])
}

/// The comma that follows an item, before `end`; comments are passed over.
fn comma_behind(text: &str, item_end: usize, end: usize) -> Option<usize> {
    let mut at = item_end;
    for line in text[item_end..end].split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        if let Some(comma) = code.find(',') {
            return Some(at + comma);
        }
        at += line.len();
    }
    None
}

/// The lines of an item that has them for itself, with its comma and a comment behind it.
fn own_lines(text: &str, item: &Range<usize>, comma: Option<usize>) -> Option<Range<usize>> {
    let start = line_start(text, item.start);
    let behind = comma.map_or(item.end, |comma| comma + 1);
    let end = line_end(text, behind);
    let is_alone = text[start..item.start].trim().is_empty()
        && text[item.end..behind]
            .trim_matches([' ', '\t', ','])
            .is_empty()
        && text[behind..end].ends_with('\n')
        && matches!(
            text[behind..end].trim_start().chars().next(),
            None | Some('#')
        );
    is_alone.then_some(start..end)
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
