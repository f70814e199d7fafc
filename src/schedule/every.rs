//! Schedule texts, and lengths of time in words.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use super::{Crontab, CrontabError};
use crate::model::Rule;

/// Why a schedule text could not be read, and the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Nothing there.
    #[error(
        "a schedule is missing: write adaptive, every 30m or a crontab(5) line such as */15 6-22 * * MON-FRI"
    )]
    Missing,
    /// `every` with something else than a length of time.
    #[error(
        "`{text}` is no interval: write every 30m, every 1h 30m or every 10s, with units s, m, h, d or w"
    )]
    Interval {
        /// The whole text.
        text: String,
    },
    /// `every` with less than a second, or more than a year.
    #[error("`{text}` is out of range: an interval is between 1s and 366d")]
    IntervalRange {
        /// The whole text.
        text: String,
    },
    /// Not a crontab(5) line either.
    #[error(transparent)]
    Crontab(#[from] CrontabError),
}

/// See [`super::rule`].
pub(super) fn rule(text: &str, timezone: Tz) -> Result<Rule, RuleError> {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match first.to_ascii_lowercase().as_str() {
        "" => Err(RuleError::Missing),
        "adaptive" if rest.is_empty() => Ok(Rule::Adaptive),
        "every" => interval(text, rest).map(Rule::Every),
        // "30m" alone, or a slip in "adaptive": no line of crontab(5) has a single word.
        word if rest.is_empty() && !word.starts_with('@') => Err(RuleError::Interval {
            text: text.to_owned(),
        }),
        _ => Ok(Rule::Cron(Arc::new(Crontab::parse(text, timezone)?))),
    }
}

/// `1h 30m` → a length of time; `whole` is what an error shows.
fn interval(whole: &str, text: &str) -> Result<Duration, RuleError> {
    let unreadable = || RuleError::Interval {
        text: whole.to_owned(),
    };
    let out_of_range = || RuleError::IntervalRange {
        text: whole.to_owned(),
    };
    let compact: String = text.split_whitespace().collect();
    let mut seconds = 0u64;
    let mut rest = compact.as_str();
    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|char: char| char.is_ascii_digit())
                .len();
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or_else(unreadable)?;
        let scale = UNITS
            .iter()
            .find(|(letter, _)| *letter == unit.to_ascii_lowercase())
            .ok_or_else(unreadable)?
            .1;
        if number.is_empty() {
            return Err(unreadable());
        }
        let part = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(scale))
            .ok_or_else(out_of_range)?;
        seconds = seconds.checked_add(part).ok_or_else(out_of_range)?;
        rest = &tail[unit.len_utf8()..];
    }
    if compact.is_empty() {
        return Err(unreadable());
    }
    if !(1..=LONGEST_SECONDS).contains(&seconds) {
        return Err(out_of_range());
    }
    Ok(Duration::from_secs(seconds))
}

const UNITS: [(char, u64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 3_600),
    ('d', 86_400),
    ('w', 7 * 86_400),
];
const LONGEST_SECONDS: u64 = 366 * 86_400;

/// `1h 30m`: whole seconds, the two largest units that are not zero.
pub(super) fn words(length: Duration) -> String {
    let mut rest = length.as_secs();
    let mut parts = Vec::new();
    for (unit, scale) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if rest >= scale && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / scale));
            rest %= scale;
        }
    }
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.join(" ")
    }
}
