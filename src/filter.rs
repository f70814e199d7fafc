//! Filters: `field op value`, read from the configuration and asked about entries.
//!
//! Pure, and linear in the text whatever the filter: text is matched by the `regex` crate within bounded automata. A
//! field that an entry does not have is empty text. What a filter means does not depend on any other:
//! [`Filters`] joins them, and there is no `and`, `or` or bracket (`docs/decisions/0012-filters-and-archives.md`).

mod read;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::fmt;

use chrono::TimeDelta;
use regex::Regex;

use crate::model::Entry;
use crate::text::{text_of, word_count};

pub use read::Error;

/// One filter, as `title ~ "(?i)rust"`. [`str::parse`] reads it.
///
/// # Examples
/// ```
/// use feedmill::filter::Filter;
///
/// assert!(r#"title ~ "(?i)rust""#.parse::<Filter>().is_ok());
/// let error = "words > many".parse::<Filter>().expect_err("no number");
/// assert_eq!(error.at, 8);
/// ```
#[derive(Clone)]
pub struct Filter {
    /// As it was written.
    text: String,
    test: Test,
}

#[derive(Clone)]
enum Test {
    /// Some value of a field of text fits the pattern; `not`: none does.
    Text {
        field: TextField,
        pattern: Regex,
        not: bool,
    },
    /// A number compares so.
    Number {
        field: NumberField,
        compares: Comparison,
        value: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextField {
    Title,
    Summary,
    Content,
    Author,
    Category,
    Url,
    Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberField {
    /// Milliseconds.
    Age,
    Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

impl Filter {
    /// Whether it matches an entry.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        match &self.test {
            Test::Text {
                field,
                pattern,
                not,
            } => subject.any(*field, |value| pattern.is_match(value)) != *not,
            Test::Number {
                field,
                compares,
                value,
            } => compares.holds(subject.number(*field), *value),
        }
    }
}

/// The text it was read from.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({:?})", self.text)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Comparison {
    fn holds(self, found: u64, value: u64) -> bool {
        match self {
            Self::Less => found < value,
            Self::AtMost => found <= value,
            Self::More => found > value,
            Self::AtLeast => found >= value,
            Self::Equal => found == value,
            Self::Unequal => found != value,
        }
    }
}

/// `keep` and `drop` of a source or an output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// Only what one of these matches passes; empty: everything.
    pub keep: Vec<Filter>,
    /// Nothing that one of these matches passes.
    pub drop: Vec<Filter>,
}

impl Filters {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keep.is_empty() && self.drop.is_empty()
    }

    /// Whether an entry passes.
    pub fn pass(&self, subject: &Subject<'_>) -> bool {
        let any = |filters: &[Filter]| filters.iter().any(|filter| filter.matches(subject));
        (self.keep.is_empty() || any(&self.keep)) && !any(&self.drop)
    }
}

/// The filters as text: equal for equal filters.
impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, filters) in [("keep", &self.keep), ("drop", &self.drop)] {
            for filter in filters {
                writeln!(f, "{word} {filter}")?;
            }
        }
        Ok(())
    }
}

/// An entry as filters see it. The text of its content is made when a filter first asks for it.
#[derive(Debug)]
pub struct Subject<'a> {
    entry: &'a Entry,
    age: TimeDelta,
    text: OnceCell<String>,
}

impl<'a> Subject<'a> {
    /// An entry that was so old when it was first seen. One without a date counts as new.
    pub fn new(entry: &'a Entry, age: TimeDelta) -> Self {
        Self {
            entry,
            age,
            text: OnceCell::new(),
        }
    }

    fn text(&self) -> &str {
        self.text.get_or_init(|| text_of(&self.entry.content_html))
    }

    fn any(&self, field: TextField, fits: impl Fn(&str) -> bool) -> bool {
        let (entry, details) = (self.entry, &self.entry.details);
        let one = |value: Option<&str>| fits(value.unwrap_or_default());
        match field {
            TextField::Title => one(entry.title.as_deref()),
            TextField::Summary => one(details.summary.as_deref()),
            TextField::Content => fits(self.text()),
            TextField::Url => one(entry.url.as_deref()),
            TextField::Language => one(details.language.as_deref()),
            TextField::Author if details.authors.is_empty() => fits(""),
            TextField::Author => details
                .authors
                .iter()
                .any(|author| fits(&author.name) || author.email.as_deref().is_some_and(&fits)),
            TextField::Category if details.categories.is_empty() && details.section.is_none() => {
                fits("")
            }
            TextField::Category => {
                let named = details.categories.iter().any(|category| {
                    fits(&category.term) || category.label.as_deref().is_some_and(&fits)
                });
                named || details.section.as_deref().is_some_and(&fits)
            }
        }
    }

    fn number(&self, field: NumberField) -> u64 {
        match field {
            NumberField::Age => self.age.num_milliseconds().max(0).unsigned_abs(),
            NumberField::Words if self.entry.content_html.is_empty() => {
                word_count(self.entry.details.summary.as_deref().unwrap_or_default())
            }
            NumberField::Words => word_count(self.text()),
        }
    }
}
