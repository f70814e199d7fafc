//! The text of a configuration → the same text with a source more, less, paused or resumed.
//!
//! Pure. `toml_edit` says where things stand; the text itself is cut and pasted, so that every byte elsewhere, comments and
//! line ends included, stays as its author left it. Whether the result is a good configuration is asked of
//! [`super::parse`] by the caller, who also picks the file.

use std::ops::Range;

use toml_edit::{Document, Value};

use layout::{Layout, Sources, line_end, line_start};

mod inline;
mod layout;

/// A `[[source]]` to be written; what is `None` or empty is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSource {
    /// Address of the feed.
    pub url: String,
    /// The id, where the one made from the address will not do.
    pub id: Option<String>,
    /// The operator's name for it.
    pub title: Option<String>,
    /// Tags, in the order to be written.
    pub tags: Vec<String>,
    /// A schedule as the configuration writes it.
    pub schedule: Option<String>,
}

/// Why a text cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not TOML.
    #[error("not TOML: {0}")]
    NotToml(String),
    /// It has fewer sources.
    #[error("there is no source number {} in this file", .0 + 1)]
    NoSource(usize),
}

/// Sources that the text itself has, outlines of its `[[opml]]` not counted.
///
/// # Errors
/// [`Error::NotToml`].
pub fn count(text: &str) -> Result<usize, Error> {
    Ok(match layout(unmarked(text).1)?.sources {
        Sources::None => 0,
        Sources::Tables(tables) => tables.len(),
        Sources::Inline { items, .. } => items.len(),
    })
}

/// The text with sources behind those it has, at its end when it has none.
///
/// # Errors
/// [`Error::NotToml`].
///
/// # Examples
/// ```
/// use feedmill::config::edit::{NewSource, add, remove};
/// let text = "# mine\n[[source]]\nurl = \"https://a.example/\"\n\n[[output]] # all\nname = \"all\"\n";
/// let new = NewSource { url: "https://b.example/".to_owned(), ..NewSource::default() };
/// let more = add(text, &[new])?;
/// assert_eq!(more, text.replace("\n\n", "\n\n[[source]]\nurl = \"https://b.example/\"\n\n"));
/// assert_eq!(remove(&more, 1)?, text);
/// # Ok::<(), feedmill::config::edit::Error>(())
/// ```
pub fn add(text: &str, sources: &[NewSource]) -> Result<String, Error> {
    let (mark, text) = unmarked(text);
    let layout = layout(text)?;
    let Some((first, rest)) = sources.split_first() else {
        return Ok(format!("{mark}{text}"));
    };
    if let Sources::Inline { array, items } = &layout.sources {
        return Ok(format!(
            "{mark}{}",
            inline::add(text, array, items, sources)
        ));
    }
    let newline = newline_of(text);
    let mut piece = table(first, newline);
    for source in rest {
        piece.push_str(newline);
        piece.push_str(&table(source, newline));
    }
    let (before, after) = text.split_at(layout.end_of_sources());
    let piece = if before.is_empty() {
        piece
    } else if before.ends_with('\n') {
        format!("{newline}{piece}")
    } else {
        format!("{newline}{newline}{}", piece.trim_end())
    };
    Ok(format!("{mark}{before}{piece}{after}"))
}

/// The text without the source of this index (from 0, in file order): its tables, the comments within them and directly
/// above them, and one empty line above.
///
/// # Errors
/// [`Error::NotToml`], [`Error::NoSource`].
pub fn remove(text: &str, index: usize) -> Result<String, Error> {
    let (mark, text) = unmarked(text);
    let layout = layout(text)?;
    if let Sources::Inline { array, items } = &layout.sources {
        let cuts = inline::removal(text, array, items, index).ok_or(Error::NoSource(index))?;
        let mut out = text.to_owned();
        for cut in cuts.into_iter().rev() {
            out.replace_range(cut, "");
        }
        return Ok(format!("{mark}{out}"));
    }
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for block in layout.blocks_of(index) {
        match blocks.last_mut() {
            Some(last) if text[last.end..block.start].trim().is_empty() => last.end = block.end,
            _ => blocks.push(block),
        }
    }
    if blocks.is_empty() {
        return Err(Error::NoSource(index));
    }
    let mut out = text.to_owned();
    for block in blocks.into_iter().rev() {
        out.replace_range(with_empty_line(text, block), "");
    }
    Ok(format!("{mark}{out}"))
}

/// The text with `paused = true` in the source of this index, or without it. What is so already stays byte for byte.
///
/// # Errors
/// [`Error::NotToml`], [`Error::NoSource`].
pub fn set_paused(text: &str, index: usize, paused: bool) -> Result<String, Error> {
    let (mark, text) = unmarked(text);
    let document = document(text)?;
    let layout = Layout::of(text, &document);
    let edited = match &layout.sources {
        Sources::Inline { items, .. } => {
            let item = document.get("source").and_then(|item| item.as_array());
            let table = item
                .and_then(|array| array.get(index))
                .and_then(Value::as_inline_table)
                .zip(items.get(index));
            let (table, _) = table.ok_or(Error::NoSource(index))?;
            inline::set_paused(text, table, paused)
        }
        _ => {
            let tables = document
                .get("source")
                .and_then(|item| item.as_array_of_tables());
            let table = tables
                .and_then(|tables| tables.get(index))
                .ok_or(Error::NoSource(index))?;
            match (table.get_key_value("paused"), paused) {
                (Some((_, item)), true) => match item.span() {
                    Some(span) => replaced(text, span, "true"),
                    None => text.to_owned(),
                },
                (Some((key, item)), false) if item.as_bool() == Some(true) => {
                    match key.span().zip(item.span()) {
                        Some((key, value)) => {
                            let lines = line_start(text, key.start)..line_end(text, value.end);
                            without(text, with_line_break(text, lines))
                        }
                        None => text.to_owned(),
                    }
                }
                (None, true) => {
                    let url = table.key("url").and_then(|key| key.span());
                    let indent =
                        url.map_or("", |url| &text[line_start(text, url.start)..url.start]);
                    let indent = if indent.trim().is_empty() { indent } else { "" };
                    let at = line_end(text, layout::end_of_values(table));
                    let newline = newline_of(text);
                    let line = match text[..at].ends_with('\n') {
                        true => format!("{indent}paused = true{newline}"),
                        false => format!("{newline}{indent}paused = true"),
                    };
                    replaced(text, at..at, &line)
                }
                _ => text.to_owned(),
            }
        }
    };
    Ok(format!("{mark}{edited}"))
}

/// A `[[source]]` and its line ends.
fn table(source: &NewSource, newline: &str) -> String {
    let mut out = format!("[[source]]{newline}");
    for (key, value) in keys(source) {
        out.push_str(&format!("{key} = {value}{newline}"));
    }
    out
}

/// Keys and values as TOML writes them.
fn keys(source: &NewSource) -> Vec<(&'static str, String)> {
    let text = |text: &str| Value::from(text).to_string();
    let mut keys = vec![("url", text(&source.url))];
    keys.extend(source.id.as_deref().map(|id| ("id", text(id))));
    keys.extend(source.title.as_deref().map(|title| ("title", text(title))));
    if !source.tags.is_empty() {
        let tags: Vec<String> = source.tags.iter().map(|tag| text(tag)).collect();
        keys.push(("tags", format!("[{}]", tags.join(", "))));
    }
    keys.extend(
        source
            .schedule
            .as_deref()
            .map(|rule| ("schedule", text(rule))),
    );
    keys
}

/// A block of whole lines, and one empty line above it; at the very top, one below.
fn with_empty_line(text: &str, block: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = block;
    let above = line_start(text, start.saturating_sub(1));
    if start == 0 {
        let below = line_end(text, end);
        if text[end..below].trim().is_empty() {
            end = below;
        }
    } else if text[above..start].trim().is_empty() {
        start = above;
    }
    with_line_break(text, start..end)
}

/// Lines to cut; those that end the text without a line break take the one before them along.
fn with_line_break(text: &str, lines: Range<usize>) -> Range<usize> {
    if lines.end < text.len() || text.ends_with('\n') {
        return lines;
    }
    let kept = &text[..lines.start];
    let kept = kept.strip_suffix('\n').unwrap_or(kept);
    kept.strip_suffix('\r').unwrap_or(kept).len()..lines.end
}

fn without(text: &str, cut: Range<usize>) -> String {
    replaced(text, cut, "")
}

fn replaced(text: &str, place: Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..place.start], &text[place.end..])
}

/// The line end that the text uses.
fn newline_of(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((line, _)) if line.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The byte order mark, if there is one, and the rest.
fn unmarked(text: &str) -> (&str, &str) {
    let length = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    text.split_at(length)
}

fn document(text: &str) -> Result<Document<&str>, Error> {
    Document::parse(text).map_err(|error| Error::NotToml(error.message().to_owned()))
}

fn layout(text: &str) -> Result<Layout, Error> {
    Ok(Layout::of(text, &document(text)?))
}

#[cfg(test)]
mod tests;
