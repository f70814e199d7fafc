//! Reads a search: takes its fields out and leaves what the index reads.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Named, Query, Word, folded, is_bare, runs, spaced};
use crate::text::is_dense;

/// Why a text is no search, and the cure. What the index alone can tell, it tells when it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// Longest search, in bytes: each of its words costs a walk through the index.
const LONGEST: usize = 1_000;
/// Words of a search, those of phrases included.
const MOST_WORDS: usize = 60;
/// Beginnings of words among them: each is a walk over all words that begin so …
const MOST_PREFIXES: usize = 4;
/// … and of fewer letters that would be a good part of the index.
const SHORTEST_PREFIX: usize = 3;
/// Times that a word may stand in a search: a phrase of one frequent word, again and again, is compared place by place in
/// every article.
const MOST_REPEATS: usize = 4;

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Source,
    Tag,
    Since,
}

const FIELDS: [(&str, Field); 3] = [
    ("source", Field::Source),
    ("tag", Field::Tag),
    ("since", Field::Since),
];

/// What a field stands beside.
#[derive(Clone, Copy, PartialEq)]
enum Operator {
    And,
    Or,
    Not,
}

const OPERATORS: [(&str, Operator); 3] = [
    ("AND", Operator::And),
    ("OR", Operator::Or),
    ("NOT", Operator::Not),
];

/// Reads a text; `since:7d` counts back from `now`.
pub(super) fn read(text: &str, now: DateTime<Utc>) -> Result<Query, Error> {
    if text.len() > LONGEST {
        return Err(Error(format!(
            "it is longer than {LONGEST} bytes; say it in fewer words"
        )));
    }
    let mut reader = Reader {
        now,
        rest: text,
        query: Query::default(),
        operator: None,
        after_field: false,
        depth: 0,
    };
    while !reader.rest.is_empty() {
        reader.token()?;
    }
    let mut query = reader.query;
    query.fts.truncate(query.fts.trim_end().len());
    if query.words.len() > MOST_WORDS {
        return Err(Error(format!(
            "it has more than {MOST_WORDS} words; say it in fewer"
        )));
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in &query.words {
        let count = counts.entry(word.text.to_lowercase()).or_default();
        *count += 1;
        if *count > MOST_REPEATS {
            return Err(Error(format!(
                "{:?} stands in it more than {MOST_REPEATS} times; leave some out",
                word.text
            )));
        }
    }
    let prefixes: Vec<&Word> = query.words.iter().filter(|word| word.prefix).collect();
    if prefixes.len() > MOST_PREFIXES {
        return Err(Error(format!(
            "it has more than {MOST_PREFIXES} beginnings of words (`word*`); write some of them out"
        )));
    }
    let is_short = |word: &&&Word| {
        !word.text.contains(is_dense) && word.text.chars().count() < SHORTEST_PREFIX
    };
    if let Some(short) = prefixes.iter().find(is_short) {
        return Err(Error(format!(
            "`{}*` begins too many words; write {SHORTEST_PREFIX} letters or more before `*`",
            short.text
        )));
    }
    Ok(query)
}

struct Reader<'t> {
    now: DateTime<Utc>,
    rest: &'t str,
    query: Query,
    /// The operator that the words so far end with, and where it begins in them.
    operator: Option<(Operator, usize)>,
    /// A field was just read, and no words stand before it.
    after_field: bool,
    /// Open parentheses.
    depth: usize,
}

impl<'t> Reader<'t> {
    fn token(&mut self) -> Result<(), Error> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(());
        };
        let token = match first {
            '"' => self.take(quoted_length(self.rest)),
            _ if is_bare(first) => {
                self.take(self.rest.find(|c| !is_bare(c)).unwrap_or(self.rest.len()))
            }
            _ => {
                self.sign(first);
                return Ok(());
            }
        };
        if first != '"' {
            let known = FIELDS
                .iter()
                .find(|(name, _)| token.eq_ignore_ascii_case(name));
            if let Some((name, field)) = known
                && self.rest.starts_with(':')
            {
                return self.field(name, *field);
            }
            let operator = OPERATORS.iter().find(|(name, _)| *name == token);
            if let Some((_, operator)) = operator {
                return self.joined(token, *operator);
            }
        }
        self.word(token, first == '"');
        Ok(())
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        token
    }

    fn sign(&mut self, sign: char) {
        self.take(sign.len_utf8());
        match sign {
            '(' => self.depth += 1,
            ')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        let fts = &mut self.query.fts;
        if sign.is_whitespace() {
            if !fts.is_empty() && !fts.ends_with(' ') {
                fts.push(' ');
            }
            return;
        }
        fts.push(sign);
        (self.operator, self.after_field) = (None, false);
    }

    /// An operator between words; beside a field AND says nothing.
    fn joined(&mut self, token: &str, operator: Operator) -> Result<(), Error> {
        if self.after_field {
            match operator {
                Operator::And => return Ok(()),
                Operator::Or => return Err(no_choice()),
                Operator::Not => {
                    return Err(Error(
                        "NOT takes away from words: write some before it, as in `gate NOT tide`"
                            .to_owned(),
                    ));
                }
            }
        }
        self.operator = Some((operator, self.query.fts.len()));
        self.query.fts.push_str(token);
        Ok(())
    }

    fn word(&mut self, token: &str, quoted: bool) {
        (self.operator, self.after_field) = (None, false);
        let fts = &mut self.query.fts;
        if quoted {
            fts.push_str(&spaced(token));
        } else if token.contains(is_dense) {
            fts.push_str(&format!("\"{}\"", spaced(token).trim()));
        } else {
            fts.push_str(token);
        }
        let prefix = self.rest.trim_start().starts_with('*');
        if self.rest.trim_start().starts_with(':') || token == "NEAR" {
            return;
        }
        let last = runs(token).count().saturating_sub(1);
        let words = runs(token).enumerate().map(|(index, (_, run))| Word {
            text: folded(run),
            prefix: prefix && index == last,
        });
        self.query.words.extend(words);
    }

    /// A field and its value, which hold for the whole search.
    fn field(&mut self, name: &str, field: Field) -> Result<(), Error> {
        self.take(1);
        if self.depth > 0 {
            return Err(Error(format!(
                "`{name}:` holds for the whole search; write it outside the parentheses"
            )));
        }
        let not = match self.operator.take() {
            Some((Operator::Or, _)) => return Err(no_choice()),
            Some((operator, at)) => {
                self.query.fts.truncate(at);
                operator == Operator::Not
            }
            None => false,
        };
        self.after_field = self.query.fts.trim().is_empty();
        let length = match self.rest.starts_with('"') {
            true => quoted_length(self.rest),
            false => self
                .rest
                .find(|c: char| c.is_whitespace() || "()\"".contains(c))
                .unwrap_or(self.rest.len()),
        };
        let value = self.take(length).trim_matches('"');
        if value.is_empty() {
            return Err(Error(format!(
                "`{name}:` is followed by its value, without a space"
            )));
        }
        let named = match field {
            Field::Source => &mut self.query.sources,
            Field::Tag => &mut self.query.tags,
            Field::Since if not => {
                return Err(Error("NOT does not go with `since:`".to_owned()));
            }
            Field::Since => {
                self.query.since = self.query.since.max(Some(instant(value, self.now)?));
                return Ok(());
            }
        };
        let Named { any, none } = named;
        if not { none } else { any }.push(value.to_owned());
        Ok(())
    }
}

fn no_choice() -> Error {
    Error("OR joins words only: `source:`, `tag:` and `since:` hold for the whole search; several of one kind are a choice by themselves".to_owned())
}

/// A day (its beginning, UTC), an instant, or how long before `now`: `7d`, `12h`, `2w`.
///
/// # Errors
/// Another text.
pub fn instant(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len() - 1)?;
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            "w" => 24 * 7,
            _ => return None,
        };
        let number: u32 = number.parse().ok()?;
        now.checked_sub_signed(TimeDelta::hours(i64::from(number) * hours))
    };
    let day = || {
        Some(
            text.parse::<NaiveDate>()
                .ok()?
                .and_hms_opt(0, 0, 0)?
                .and_utc(),
        )
    };
    let read = text.parse().ok();
    read.or_else(day).or_else(ago).ok_or_else(|| {
        Error(format!(
            "{text:?} is no time; write 2026-11-24, 2026-11-24T08:00:00Z or 7d"
        ))
    })
}

/// The length of a quoted phrase at the start of a text, both quotes included; a doubled quote stands for one.
fn quoted_length(text: &str) -> usize {
    let mut at = 1;
    loop {
        match text[at..].find('"') {
            None => return text.len(),
            Some(found) if text[at + found + 1..].starts_with('"') => at += found + 2,
            Some(found) => return at + found + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().expect("a date")
    }

    #[test]
    fn fields_are_taken_out_and_words_stay() {
        let check = |text: &str, fts: &str, sources: &[&str], not: &[&str], tags: &[&str]| {
            let query = read(text, now()).expect(text);
            assert_eq!(query.fts, fts, "{text}");
            assert_eq!(query.sources.any, sources, "{text}");
            assert_eq!(query.sources.none, not, "{text}");
            assert_eq!(query.tags.any, tags, "{text}");
        };
        check("gate source:mill", "gate", &["mill"], &[], &[]);
        check("source:mill gate", "gate", &["mill"], &[], &[]);
        check(
            "source:mill AND gate tide",
            "gate tide",
            &["mill"],
            &[],
            &[],
        );
        check(
            "gate AND source:mill AND tide",
            "gate AND tide",
            &["mill"],
            &[],
            &[],
        );
        check("gate NOT source:mill", "gate", &[], &["mill"], &[]);
        check("NOT source:mill gate", "gate", &[], &["mill"], &[]);
        check(
            "tag:\"low water\" SOURCE:a source:b",
            "",
            &["a", "b"],
            &[],
            &["low water"],
        );
        check(
            "author:anna title:gate*",
            "author:anna title:gate*",
            &[],
            &[],
            &[],
        );
        check("source : gate", "source : gate", &[], &[], &[]);
        check(
            "(gate OR tide) tag:sea",
            "(gate OR tide)",
            &[],
            &[],
            &["sea"],
        );
    }

    #[test]
    fn since_is_a_day_an_instant_or_a_while_ago() {
        let since = |text: &str| read(text, now()).expect(text).since.expect("a time");
        assert_eq!(
            since("since:2026-11-20").to_rfc3339(),
            "2026-11-20T00:00:00+00:00"
        );
        assert_eq!(
            since("since:2026-11-20T08:00:00Z").to_rfc3339(),
            "2026-11-20T08:00:00+00:00"
        );
        assert_eq!(since("since:7d").to_rfc3339(), "2026-11-17T12:00:00+00:00");
        assert_eq!(
            since("since:2w since:12h").to_rfc3339(),
            "2026-11-24T00:00:00+00:00"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_cure() {
        let many = "w ".repeat(MOST_WORDS + 1);
        let long = "w".repeat(LONGEST + 1);
        for (text, part) in [
            ("gate OR source:mill", "OR joins words only"),
            ("source:mill OR gate", "OR joins words only"),
            ("source:mill NOT gate", "NOT takes away from words"),
            ("(gate source:mill)", "outside the parentheses"),
            ("gate source: mill", "without a space"),
            ("NOT since:7d", "NOT does not go with"),
            ("since:soon", "is no time"),
            ("since:é", "is no time"),
            ("since:99999999999d", "is no time"),
            ("since:4294967295w", "is no time"),
            ("t*", "`t*` begins too many words"),
            ("title: ti *", "`ti*` begins too many words"),
            ("tide* gate* lock* weir* mill*", "more than 4 beginnings"),
            (
                "tide tide Tide tide gate tide",
                "\"tide\" stands in it more than 4 times",
            ),
            (&many, "more than 60 words"),
            (&long, "longer than 1000 bytes"),
        ] {
            let error = read(text, now()).expect_err(text);
            assert!(error.0.contains(part), "{text}: {error}");
        }
    }
}
