//! The raw shape of the file: TOML tables and values with their places, and the problems found on the
//! way.
//!
//! The document is walked by hand rather than deserialized, because serde stops at the first problem.
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue, Error as TomlError};

use super::Problem;
use super::grammar::{keys, unknown_key};

/// What one value means, or why it cannot be used and what would cure it.
pub(super) type Read<T> = Result<T, String>;

/// Problems and warnings of one file, in the order they are found.
pub(super) struct Notes<'t> {
    file: &'t Path,
    /// How others call the file; `None`: they speak of no other.
    name: Option<String>,
    text: &'t str,
    line_starts: Vec<usize>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl<'t> Notes<'t> {
    pub(super) fn new(file: &'t Path, text: &'t str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            file,
            name: None,
            text,
            line_starts,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Of a file that adds to another: what is said of it elsewhere names it.
    pub(super) fn called(self, name: String) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// A place as another one refers to it: `line 3`, or `line 3 of conf.d/more.toml`.
    pub(super) fn line(&self, at: usize) -> String {
        let (line, _) = self.place(at);
        match &self.name {
            Some(name) => format!("line {line} of {name}"),
            None => format!("line {line}"),
        }
    }

    /// Something that keeps the configuration from being used.
    pub(super) fn problem(
        &mut self,
        at: usize,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        let problem = self.note(at, key.into(), message.into());
        self.problems.push(problem);
    }

    /// Something worth telling.
    pub(super) fn warning(
        &mut self,
        at: usize,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        let warning = self.note(at, key.into(), message.into());
        self.warnings.push(warning);
    }
    /// Line and column, from 1, of a byte offset; columns count characters.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let line = self
            .line_starts
            .partition_point(|start| *start <= at)
            .max(1);
        let start = self.line_starts[line - 1];
        let column = self
            .text
            .get(start..at)
            .map_or(0, |before| before.chars().count());
        (line, column + 1)
    }

    /// The file from a byte offset on.
    pub(super) fn text(&self, from: usize) -> Option<&'t str> {
        self.text.get(from..)
    }

    fn note(&self, at: usize, key: String, message: String) -> Problem {
        Problem {
            file: PathBuf::from(self.file),
            at: Some(self.place(at)),
            key,
            message,
        }
    }
}

/// Notes what is not TOML. `false` when the values that were read cannot be relied upon.
///
/// A missing bracket makes the parser complain about much of what follows, so only the first complaint of each
/// line is kept. A repeated key alone damages nothing, and the walk may go on.
pub(super) fn syntax(errors: Vec<TomlError>, notes: &mut Notes<'_>) -> bool {
    let mut errors: Vec<(usize, TomlError)> = errors
        .into_iter()
        .map(|error| (error.span().map_or(0, |span| span.start), error))
        .collect();
    errors.sort_by_key(|(at, _)| *at);
    errors.dedup_by_key(|(at, _)| notes.place(*at).0);
    let sound = errors
        .iter()
        .all(|(_, error)| error.message() == "duplicate key");
    for (at, error) in errors {
        if error.message() == "duplicate key" {
            notes.problem(at, "", "this key or table is given twice; keep one of them");
        } else {
            notes.problem(at, "", format!("not TOML: {}", error.message()));
        }
    }
    sound
}

/// A table of the file, or the absence of one that is optional.
pub(super) struct Section<'t> {
    kind: &'static str,
    table: Option<&'t DeTable<'t>>,
    /// Byte offset of its header.
    pub(super) at: usize,
    /// Key path: `source[2]`.
    pub(super) path: String,
}

impl<'t> Section<'t> {
    /// The top of the file.
    pub(super) fn root(table: &'t DeTable<'t>, kind: &'static str, notes: &mut Notes<'_>) -> Self {
        let root = Self {
            kind,
            table: Some(table),
            at: 0,
            path: String::new(),
        };
        root.report_unknown(notes);
        root
    }

    /// The value of a key, if it is given.
    pub(super) fn value(&self, key: &'static str) -> Option<Value<'t>> {
        debug_assert!(
            keys(self.kind).contains(&key),
            "{key} is missing in the grammar of {}",
            self.kind
        );
        let raw = self.table?.get(key)?;
        Some(Value {
            raw: raw.get_ref(),
            at: raw.span().start,
            key: self.join(key),
        })
    }

    /// What a key means; `None` when it is not given or, then noted, cannot be used.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        notes: &mut Notes<'_>,
        read: impl FnOnce(&Value<'t>) -> Read<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        read(&value)
            .map_err(|message| notes.problem(value.at, value.key, message))
            .ok()
    }

    /// What a key means, else its default.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        default: T,
        notes: &mut Notes<'_>,
        read: impl FnOnce(&Value<'t>) -> Read<T>,
    ) -> T {
        self.optional(key, notes, read).unwrap_or(default)
    }

    /// The items of an array that can be used; the others are noted. Nothing given is no items.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        notes: &mut Notes<'_>,
        read: impl Fn(&Value<'t>) -> Read<T>,
    ) -> Vec<T> {
        let Some(items) = self.optional(key, notes, |value| value.items("[\"…\"]")) else {
            return Vec::new();
        };
        let read_item = |item: Value<'t>| {
            read(&item)
                .map_err(|message| notes.problem(item.at, item.key, message))
                .ok()
        };
        items.into_iter().filter_map(read_item).collect()
    }

    /// A table within this one. `kind` names it in the grammar.
    pub(super) fn section(
        &self,
        key: &'static str,
        kind: &'static str,
        notes: &mut Notes<'_>,
    ) -> Section<'t> {
        let absent = Section {
            kind,
            table: None,
            at: self.at,
            path: self.join(key),
        };
        let Some(value) = self.value(key) else {
            return absent;
        };
        match value.section(kind) {
            Ok(section) => {
                section.report_unknown(notes);
                section
            }
            Err(message) => {
                notes.problem(value.at, value.key, message);
                absent
            }
        }
    }

    /// Each table of an array of tables such as `[[source]]`.
    pub(super) fn sections(&self, key: &'static str, notes: &mut Notes<'_>) -> Vec<Section<'t>> {
        let example = format!("[[{key}]]");
        let Some(items) = self.optional(key, notes, |value| value.items(&example)) else {
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(items.len());
        for item in items {
            match item.section(key) {
                Ok(section) => {
                    section.report_unknown(notes);
                    sections.push(section);
                }
                Err(message) => notes.problem(item.at, item.key, message),
            }
        }
        sections
    }

    /// Every key and value of a table whose keys are free, such as `headers`.
    pub(super) fn entries(
        &self,
        key: &'static str,
        notes: &mut Notes<'_>,
    ) -> Vec<(&'t str, Value<'t>)> {
        self.optional(key, notes, |value| value.entries())
            .unwrap_or_default()
    }

    fn report_unknown(&self, notes: &mut Notes<'_>) {
        let known = keys(self.kind);
        for key in self.table.iter().flat_map(|table| table.keys()) {
            if !known.contains(&key.get_ref().as_ref()) {
                notes.problem(
                    key.span().start,
                    self.join(key.get_ref()),
                    unknown_key(key.get_ref(), self.kind),
                );
            }
        }
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// A value of the file and where it stands.
pub(super) struct Value<'t> {
    pub(super) raw: &'t DeValue<'t>,
    /// Byte offset.
    pub(super) at: usize,
    /// Key path: `source[2].tags[1]`.
    pub(super) key: String,
}

impl<'t> Value<'t> {
    /// Its text, when it is a string.
    pub(super) fn text(&self) -> Read<&'t str> {
        self.raw
            .as_str()
            .ok_or_else(|| self.unlike("a string in quotes"))
    }

    /// The values of an array; `example` shows what to write.
    pub(super) fn items(&self, example: &str) -> Read<Vec<Value<'t>>> {
        let array = self
            .raw
            .as_array()
            .ok_or_else(|| self.unlike(&format!("a list: {example}")))?;
        let item = |(index, item): (usize, &'t toml::Spanned<DeValue<'t>>)| Value {
            raw: item.get_ref(),
            at: item.span().start,
            key: format!("{}[{}]", self.key, index + 1),
        };
        Ok(array.iter().enumerate().map(item).collect())
    }

    /// Keys and values of a table, in file order.
    pub(super) fn entries(&self) -> Read<Vec<(&'t str, Value<'t>)>> {
        let table = self
            .raw
            .as_table()
            .ok_or_else(|| self.unlike("a table: { Name = \"…\" }"))?;
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let Range { start: at, .. } = value.span();
                (
                    key.get_ref().as_ref(),
                    Value {
                        raw: value.get_ref(),
                        at,
                        key: format!("{}.{}", self.key, key.get_ref()),
                    },
                )
            })
            .collect();
        entries.sort_by_key(|(_, value)| value.at);
        Ok(entries)
    }

    /// Says what was expected, what stands there instead, and never the value itself: it may be a secret.
    pub(super) fn unlike(&self, expected: &str) -> String {
        let kind = self.raw.type_str();
        let article = if kind.starts_with(['a', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {kind} stands here; write {expected}")
    }

    fn section(&self, kind: &'static str) -> Read<Section<'t>> {
        let table = self.raw.as_table().ok_or_else(|| self.unlike("a table"))?;
        Ok(Section {
            kind,
            table: Some(table),
            at: self.at,
            path: self.key.clone(),
        })
    }
}
