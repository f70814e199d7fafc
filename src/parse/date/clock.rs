//! Times of day.

use chrono::{Duration, NaiveTime, Timelike};

use super::tokens::{Kind, Token};
use super::words;

/// A time of day as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    time: NaiveTime,
    /// It was 24:00, the next day's 00:00 (ISO 8601).
    next_day: bool,
}

impl Clock {
    /// The time, and whether it is the next day's. `second_half` tells which half of the day was named, if any; where
    /// the hour has told already (`16:22 PM`), it is left alone.
    pub(super) fn of_day(self, second_half: Option<bool>) -> Option<(NaiveTime, bool)> {
        let hour = match (self.time.hour(), second_half) {
            (12, Some(false)) => 0,
            (hour @ 1..=11, Some(true)) => hour + 12,
            (0, Some(true)) => return None,
            (hour, _) => hour,
        };
        Some((self.time.with_hour(hour)?, self.next_day))
    }

    fn new(fields: [&str; 3], part: Duration) -> Option<Self> {
        let number = |text: &str| match text.len() {
            0 => Some(0),
            1 | 2 => text.parse::<u32>().ok(),
            _ => None,
        };
        let (hour, minute, second) = (number(fields[0])?, number(fields[1])?, number(fields[2])?);
        let next_day = hour == 24 && minute == 0 && second == 0;
        // A leap second becomes the second before it.
        let time = NaiveTime::from_hms_opt(
            if next_day { 0 } else { hour },
            minute,
            if second == 60 { 59 } else { second },
        )?;
        Some(Self {
            time: time + part,
            next_day,
        })
    }
}

/// Digits behind the point of a second, cut to milliseconds.
pub(super) fn fraction(digits: &str) -> Option<Duration> {
    let millis = format!("{digits:0<3}");
    Some(Duration::milliseconds(millis.get(..3)?.parse().ok()?))
}

type Rest<'t, 'a> = &'t [Token<'a>];

/// A time that begins with the number `hour`: `10:00`, `9:5:07.25`, `10h30`, `10時30分`. `None` when none begins
/// there, `Some(None)` when one does but cannot be.
pub(super) fn read<'t, 'a>(
    hour: &Token<'a>,
    behind: Rest<'t, 'a>,
) -> Option<(Option<Clock>, Rest<'t, 'a>)> {
    let (next, _) = behind.split_first()?;
    if next.is(':') {
        return Some(with_colons(hour, behind));
    }
    (names_unit(next, 0) && hour.text.len() <= 2).then(|| with_units(hour, behind))
}

fn names_unit(token: &Token<'_>, field: usize) -> bool {
    token.kind == Kind::Word && words::is_clock_unit(&words::fold(token.text), field)
}

fn with_colons<'t, 'a>(
    hour: &Token<'a>,
    mut behind: Rest<'t, 'a>,
) -> (Option<Clock>, Rest<'t, 'a>) {
    let mut fields = [hour.text, "", ""];
    for field in &mut fields[1..] {
        match behind {
            [colon, number, rest @ ..] if colon.is(':') && number.kind == Kind::Number => {
                *field = number.text;
                behind = rest;
            }
            _ => break,
        }
    }
    let (part, behind) = point(behind);
    // `10:00: GMT` has a colon too many; a fourth number makes it no time.
    let behind = match behind {
        [colon, rest @ ..] if colon.is(':') && !fields[2].is_empty() && !begins_number(rest) => {
            rest
        }
        _ => behind,
    };
    let whole = !fields[1].is_empty();
    (
        part.filter(|_| whole)
            .and_then(|part| Clock::new(fields, part)),
        behind,
    )
}

fn begins_number(tokens: &[Token<'_>]) -> bool {
    tokens.first().is_some_and(|next| next.kind == Kind::Number)
}

/// `.25` or `,25` behind a second.
fn point<'t, 'a>(behind: Rest<'t, 'a>) -> (Option<Duration>, Rest<'t, 'a>) {
    match behind {
        [point, digits, rest @ ..]
            if (point.is('.') || point.is(','))
                && point.glued
                && digits.kind == Kind::Number
                && digits.glued =>
        {
            (fraction(digits.text), rest)
        }
        _ => (Some(Duration::zero()), behind),
    }
}

fn with_units<'t, 'a>(hour: &Token<'a>, behind: Rest<'t, 'a>) -> (Option<Clock>, Rest<'t, 'a>) {
    let mut fields = [hour.text, "", ""];
    let mut behind = &behind[1..];
    for (index, field) in fields.iter_mut().enumerate().skip(1) {
        let [number, rest @ ..] = behind else { break };
        if number.kind != Kind::Number || number.text.len() > 2 {
            break;
        }
        behind = match rest {
            [unit, rest @ ..] if names_unit(unit, index) => rest,
            // `10h30`
            _ if index == 1 && number.glued => rest,
            _ => break,
        };
        *field = number.text;
    }
    (Clock::new(fields, Duration::zero()), behind)
}

/// `1000`, `100000`, `100000.5`: ISO 8601 without colons.
pub(super) fn basic<'t, 'a>(digits: &str, behind: Rest<'t, 'a>) -> Option<(Clock, Rest<'t, 'a>)> {
    let field = |at: usize| digits.get(at..at + 2).unwrap_or_default();
    if !matches!(digits.len(), 2 | 4 | 6) {
        return None;
    }
    let (part, behind) = point(behind);
    Some((Clock::new([field(0), field(2), field(4)], part?)?, behind))
}
