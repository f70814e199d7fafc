//! Reads a filter, and says at which byte it stops making sense.

use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use super::{Comparison, Filter, NumberField, Test, TextField};

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Byte of the text where it stops making sense.
    pub at: usize,
    /// What is wrong, and the cure.
    pub message: String,
}

/// Longest value, in bytes.
const LONGEST: usize = 2_000;
/// What a pattern may take when compiled, in bytes: bounds the work a byte of text.
const PATTERN_BYTES: usize = 1 << 20;

enum Field {
    Text(TextField),
    Number(NumberField),
}

const FIELDS: [(&str, Field); 9] = [
    ("title", Field::Text(TextField::Title)),
    ("summary", Field::Text(TextField::Summary)),
    ("content", Field::Text(TextField::Content)),
    ("author", Field::Text(TextField::Author)),
    ("category", Field::Text(TextField::Category)),
    ("url", Field::Text(TextField::Url)),
    ("language", Field::Text(TextField::Language)),
    ("age", Field::Number(NumberField::Age)),
    ("words", Field::Number(NumberField::Words)),
];

/// How the value of a text is meant.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    /// A regular expression found anywhere.
    Pattern,
    /// The whole text.
    Whole,
    /// A part of it.
    Part,
}

const TEXT_OPERATORS: [(&str, Meaning, bool); 6] = [
    ("~", Meaning::Pattern, false),
    ("!~", Meaning::Pattern, true),
    ("=", Meaning::Whole, false),
    ("!=", Meaning::Whole, true),
    ("contains", Meaning::Part, false),
    ("!contains", Meaning::Part, true),
];

const COMPARISONS: [(&str, Comparison); 6] = [
    ("<", Comparison::Less),
    ("<=", Comparison::AtMost),
    (">", Comparison::More),
    (">=", Comparison::AtLeast),
    ("=", Comparison::Equal),
    ("!=", Comparison::Unequal),
];

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (field_at, name, rest) = word(text, 0, |c| c.is_ascii_alphabetic() || c == '_');
        let field = FIELDS.iter().find(|(known, _)| *known == name);
        let Some((_, field)) = field else {
            let known: Vec<&str> = FIELDS.iter().map(|(known, _)| *known).collect();
            let message = format!("{name:?} is no field; the fields are {}", known.join(", "));
            return Err(error(field_at, message));
        };
        let signs = |c: char| "~!=<>".contains(c);
        let (operator_at, mut operator, mut value_at) = word(text, rest, signs);
        if operator.is_empty() || operator == "!" {
            let letters = |c: char| c.is_ascii_alphabetic() || c == '!';
            (_, operator, value_at) = word(text, operator_at, letters);
        }
        let unknown = |known: Vec<&str>| {
            let known = known.join(" ");
            let message = format!("{operator:?} does not go with `{name}`; write one of {known}");
            error(operator_at, message)
        };
        let test = match field {
            Field::Text(field) => {
                let known = TEXT_OPERATORS.iter().find(|(sign, ..)| *sign == operator);
                let (_, meaning, not) = *known.ok_or_else(|| {
                    unknown(TEXT_OPERATORS.iter().map(|(sign, ..)| *sign).collect())
                })?;
                let value = quoted(text, value_at)?.ok_or_else(|| {
                    let at = value_at + blanks(text, value_at);
                    error(at, "the value stands in double quotes: title ~ \"rust\"")
                })?;
                let pattern = pattern(*field, meaning, &value)?;
                Test::Text {
                    field: *field,
                    pattern,
                    not,
                }
            }
            Field::Number(field) => {
                let known = COMPARISONS.iter().find(|(sign, _)| *sign == operator);
                let (_, compares) = *known
                    .ok_or_else(|| unknown(COMPARISONS.iter().map(|(sign, _)| *sign).collect()))?;
                let at = value_at + blanks(text, value_at);
                let value = match quoted(text, value_at)? {
                    Some(value) => value.text,
                    None => text[at..].trim_end(),
                };
                Test::Number {
                    field: *field,
                    compares,
                    value: number(*field, value, at)?,
                }
            }
        };
        Ok(Self {
            text: text.trim().to_owned(),
            test,
        })
    }
}

fn error(at: usize, message: impl Into<String>) -> Error {
    Error {
        at,
        message: message.into(),
    }
}

fn blanks(text: &str, from: usize) -> usize {
    text[from..].len() - text[from..].trim_start().len()
}

/// The word after the blanks at `from`: where it begins, itself, where it ends.
fn word(text: &str, from: usize, is_part: impl Fn(char) -> bool) -> (usize, &str, usize) {
    let start = from + blanks(text, from);
    let rest = &text[start..];
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    (start, &rest[..length], start + length)
}

/// A quoted value.
struct Quoted<'t> {
    /// Between the quotes, as written.
    text: &'t str,
    /// Byte where it begins.
    at: usize,
    quote: char,
}

/// The quoted value after the blanks at `from`, which must end the filter; `None` when there is no quote.
fn quoted(text: &str, from: usize) -> Result<Option<Quoted<'_>>, Error> {
    let open = from + blanks(text, from);
    let Some(quote @ ('"' | '\'')) = text[open..].chars().next() else {
        return Ok(None);
    };
    let mut escaped = false;
    let inside = &text[open + 1..];
    let end = inside.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some(end) = end else {
        return Err(error(open, "this quote is not closed"));
    };
    let after = open + 1 + end + 1;
    if !text[after..].trim().is_empty() {
        let at = after + blanks(text, after);
        return Err(error(
            at,
            "nothing may follow the value; write each condition as a filter of its own",
        ));
    }
    if end > LONGEST {
        return Err(error(
            open,
            format!("the value is longer than {LONGEST} bytes"),
        ));
    }
    Ok(Some(Quoted {
        text: &inside[..end],
        at: open + 1,
        quote,
    }))
}

/// All tests of text are patterns: of words they ignore case, of a regular expression only where it says so.
fn pattern(field: TextField, meaning: Meaning, value: &Quoted<'_>) -> Result<Regex, Error> {
    let literal = || regex::escape(&unescaped(value));
    let (pattern, ignore_case) = match meaning {
        Meaning::Pattern => (value.text.to_owned(), false),
        // A language range: "en" is British English too (RFC 4647 §3.3.1).
        Meaning::Whole if field == TextField::Language && !value.text.is_empty() => {
            (format!(r"\A(?:{})(?:-.*)?\z", literal()), true)
        }
        Meaning::Whole => (format!(r"\A(?:{})\z", literal()), true),
        Meaning::Part => (literal(), true),
    };
    if let Err(wrong) = regex_syntax::parse(&pattern)
        && meaning == Meaning::Pattern
    {
        return Err(misread(&wrong, value));
    }
    RegexBuilder::new(&pattern)
        .case_insensitive(ignore_case)
        .size_limit(PATTERN_BYTES)
        .dfa_size_limit(PATTERN_BYTES)
        .build()
        .map_err(|_| {
            error(
                value.at,
                "the pattern is too large; write it shorter, with smaller repetitions",
            )
        })
}

/// Where the pattern cannot be read, and why.
fn misread(wrong: &regex_syntax::Error, value: &Quoted<'_>) -> Error {
    let (at, reason) = match wrong {
        regex_syntax::Error::Parse(wrong) => (wrong.span().start.offset, wrong.kind().to_string()),
        regex_syntax::Error::Translate(wrong) => {
            (wrong.span().start.offset, wrong.kind().to_string())
        }
        _ => (0, "it cannot be read".to_owned()),
    };
    error(
        value.at + at,
        format!("the pattern is wrong here: {reason}"),
    )
}

/// A backslash stands before a quote or a backslash that is meant as it is.
fn unescaped(value: &Quoted<'_>) -> String {
    let quote = value.quote.to_string();
    value
        .text
        .replace(&format!("\\{quote}"), &quote)
        .replace("\\\\", "\\")
}

fn number(field: NumberField, text: &str, at: usize) -> Result<u64, Error> {
    match field {
        NumberField::Words => text.parse().map_err(|_| {
            error(
                at,
                format!("{text:?} is no number of words; write words < 50"),
            )
        }),
        NumberField::Age => millis(text).ok_or_else(|| {
            error(
                at,
                format!(
                    "{text:?} is no length of time; write a number and s, m, h, d or w: age > 30d"
                ),
            )
        }),
    }
}

const UNITS: [(char, u64); 5] = [
    ('s', 1_000),
    ('m', 60_000),
    ('h', 3_600_000),
    ('d', 86_400_000),
    ('w', 604_800_000),
];

/// `30d`, `1h 30m` in milliseconds.
fn millis(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let mut tail = tail.trim_start().chars();
        let unit = tail.next()?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = tail.as_str().trim_start();
    }
    Some(total)
}
