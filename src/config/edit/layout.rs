//! Which lines of a configuration belong to which source.

use std::ops::Range;

use toml_edit::{Document, Item, Table};

/// Where the sources of a text stand.
pub(super) enum Sources {
    /// There are none.
    None,
    /// `[[source]]`: for each, its tables as indices into [`Layout::blocks`]; those below it (`[source.headers]`) may stand
    /// apart from it.
    Tables(Vec<Vec<usize>>),
    /// `source = [{ … }]`: byte ranges of the array and of its items.
    Inline {
        array: Range<usize>,
        items: Vec<Range<usize>>,
    },
}

/// The tables of a text.
pub(super) struct Layout {
    pub(super) sources: Sources,
    /// Whole lines of each table with a header, in file order: with the comments directly above, and those directly below
    /// that do not stand directly above the next one.
    blocks: Vec<Range<usize>>,
    /// Where the last line ends that is not empty.
    end: usize,
}

/// A table with a header: where that begins and its values end.
struct Found {
    start: usize,
    end: usize,
    source: Option<usize>,
}

impl Layout {
    pub(super) fn of(text: &str, document: &Document<&str>) -> Self {
        let mut found = Vec::new();
        walk(document.as_table(), None, true, &mut found);
        found.sort_by_key(|table| table.start);
        let sources = match document.get("source") {
            Some(Item::ArrayOfTables(tables)) => {
                let mut of = vec![Vec::new(); tables.len()];
                for (block, table) in found.iter().enumerate() {
                    if let Some(source) = table.source {
                        of[source].push(block);
                    }
                }
                Sources::Tables(of)
            }
            Some(Item::Value(value)) if value.is_array() => Sources::Inline {
                array: value.span().unwrap_or_default(),
                items: { value.as_array().into_iter().flatten() }
                    .map(|item| item.span().unwrap_or_default())
                    .collect(),
            },
            _ => Sources::None,
        };
        let top = end_of_values(document.as_table());
        Self {
            sources,
            blocks: blocks(text, top, &found),
            end: line_end(text, text.trim_end().len()),
        }
    }

    /// Whole lines of the tables of a source, in file order; none when there is no such source.
    pub(super) fn blocks_of(&self, source: usize) -> impl Iterator<Item = Range<usize>> {
        let blocks = match &self.sources {
            Sources::Tables(tables) => tables.get(source).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        blocks.iter().map(|block| self.blocks[*block].clone())
    }

    /// Where a source more is written: behind all tables of all sources, as a table below one belongs to the last
    /// `[[source]]` above it.
    pub(super) fn end_of_sources(&self) -> usize {
        let Sources::Tables(tables) = &self.sources else {
            return self.end;
        };
        let last = tables.iter().flatten().max();
        last.map_or(self.end, |last| self.blocks[*last].end)
    }
}

/// Collects the tables with a header. `source` is the one they belong to.
fn walk(table: &Table, source: Option<usize>, is_root: bool, found: &mut Vec<Found>) {
    let mut take = |table: &Table, source: Option<usize>| {
        let header = table
            .span()
            .filter(|span| !span.is_empty() && !table.is_implicit());
        if let Some(header) = header.filter(|_| !table.is_dotted()) {
            found.push(Found {
                start: header.start,
                end: end_of_values(table).max(header.end),
                source,
            });
        }
        walk(table, source, false, found);
    };
    for (key, item) in table {
        match item {
            Item::Table(table) => take(table, source),
            Item::ArrayOfTables(tables) => {
                for (index, table) in tables.iter().enumerate() {
                    take(
                        table,
                        source.or((is_root && key == "source").then_some(index)),
                    );
                }
            }
            Item::Value(_) | Item::None => {}
        }
    }
}

/// Where the last value ends that stands below the header of a table itself; 0 when there is none.
pub(super) fn end_of_values(table: &Table) -> usize {
    let end = |(_, item): (&str, &Item)| match item {
        Item::Value(value) => value.span().map_or(0, |span| span.end),
        Item::Table(table) if table.is_dotted() => end_of_values(table),
        _ => 0,
    };
    table.iter().map(end).max().unwrap_or(0)
}

/// `top` is where the values above all headers end.
fn blocks(text: &str, top: usize, found: &[Found]) -> Vec<Range<usize>> {
    let mut blocks = Vec::with_capacity(found.len());
    let mut before = if top == 0 { 0 } else { line_end(text, top) };
    for (index, table) in found.iter().enumerate() {
        let start = comments_above(text, before, line_start(text, table.start));
        let values_end = line_end(text, table.end);
        let next = found
            .get(index + 1)
            .map(|next| line_start(text, next.start));
        let below = comments_below(text, values_end, next.unwrap_or(text.len()));
        let end = match next {
            Some(next) if below == next => values_end,
            _ => below,
        };
        blocks.push(start..end);
        before = values_end;
    }
    blocks
}

/// Where the comments begin that stand directly above a line, not before `least`.
fn comments_above(text: &str, least: usize, line: usize) -> usize {
    let mut start = line;
    while start > least {
        let above = line_start(text, start - 1);
        if !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}

/// Where the comments end that stand directly below a line, at `most` at the latest.
fn comments_below(text: &str, line: usize, most: usize) -> usize {
    let mut end = line;
    while end < most && text[end..].trim_start_matches([' ', '\t']).starts_with('#') {
        end = line_end(text, end);
    }
    end
}

/// Where the line begins that a byte lies in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line ends, behind its line break, that a byte lies in.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}
