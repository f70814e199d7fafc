//! Timestamps as feeds write them → instants.
//!
//! One reader for all forms: RFC 2822 and its obsolete spellings, RFC 3339, ISO 8601 with and without zone, week and
//! day-of-year dates, asctime, JavaScript, prose in some fifteen languages, Unix seconds and milliseconds. The text
//! falls into numbers, words and marks ([`mod@tokens`]); each piece says what it is by its form, its neighbours and the
//! tables of [`words`]. A piece that says nothing known makes the whole text none: better no date than a wrong one.
//!
//! A weekday is ignored, since it is often wrong and never needed. `03/04/2012` could be two days, so it is none;
//! such a date is read only when a single day fits (`13/04/2012`, `04/04/2012`) or when a zone of the United States
//! stands beside it (`03/04/2012 10:00 EST`: month first).

mod clock;
mod parts;
#[cfg(test)]
mod tests;
mod tokens;
mod words;

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::zone::{self, Zone};
use clock::Clock;
use parts::{Part, day};
use tokens::{Kind, Token, tokens};

/// An instant, and whether the publisher named only the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// For a day: 12:00 in the zone.
    pub(super) at: DateTime<Utc>,
    /// The text was a bare date.
    pub(super) is_day: bool,
}

/// Longer texts, in bytes, are no dates.
const LONGEST: usize = 128;

/// Reads a timestamp. `home` is the zone of dates that name none.
pub(super) fn parse(text: &str, home: Tz) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    match common(text) {
        Some(at) => Some(Timestamp { at, is_day: false }),
        None => any(text, home),
    }
}

/// Reads a timestamp of any form.
fn any(text: &str, home: Tz) -> Option<Timestamp> {
    let tokens = tokens(text);
    if let Some(at) = unix(&tokens) {
        return Some(Timestamp { at, is_day: false });
    }
    let mut reading = Reading::default();
    let mut rest = &tokens[..];
    while !rest.is_empty() {
        rest = reading.step(rest)?;
    }
    reading.finish(home)
}

/// The two forms that nearly all feeds use, when written just as RFC 3339 and RFC 2822 ask: the reader below gives the
/// same, ten times slower.
fn common(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    let read = match (bytes.get(3)?, bytes.get(10)?) {
        (b',', _) if text.ends_with("GMT") || matches!(bytes[bytes.len() - 5], b'+' | b'-') => {
            DateTime::parse_from_rfc2822(text)
        }
        (_, b'T') => DateTime::parse_from_rfc3339(text),
        _ => return None,
    };
    read.ok()
        .filter(|_| !text.contains(":60"))
        .map(|at| at.to_utc())
}

/// Seconds since 1970, milliseconds or microseconds, told apart by their number of digits.
fn unix(tokens: &[Token<'_>]) -> Option<DateTime<Utc>> {
    let (number, fraction) = match tokens {
        [number] => (number, ""),
        [number, point, fraction] if point.is('.') && fraction.glued => (number, fraction.text),
        _ => return None,
    };
    let digits = (number.kind == Kind::Number).then_some(number.text)?;
    let count: i64 = digits.parse().ok()?;
    match digits.len() {
        9 | 10 => Some(DateTime::from_timestamp(count, 0)? + clock::fraction(fraction)?),
        13 if fraction.is_empty() => DateTime::from_timestamp_millis(count),
        16 if fraction.is_empty() => DateTime::from_timestamp_millis(count / 1_000),
        _ => None,
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Reading {
    /// A date that one piece told whole: `20260105`, `2026-W02-1`.
    date: Option<NaiveDate>,
    parts: Vec<Part>,
    /// The mark since the last part.
    mark: Option<char>,
    /// A month by name, and whether the word may also be a weekday (French `mar.`).
    month: Option<(u32, bool)>,
    time: Option<Clock>,
    /// The last piece was the `T` before a time.
    after_t: bool,
    /// Whether it is the second half of the day.
    half: Option<bool>,
    /// Minutes east of UTC.
    offset: Option<i32>,
    zone: Option<Zone>,
    /// The zone's letters are in use in the United States only.
    american: bool,
}

impl Reading {
    /// Takes one piece, or several that belong together; gives what is left.
    fn step<'t, 'a>(&mut self, rest: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
        let (token, behind) = rest.split_first()?;
        match token.kind {
            Kind::Number => self.number(token, behind),
            Kind::Word => self.word(token, behind),
            Kind::Mark => self.mark(token, behind),
            Kind::Aside => {
                // `GMT+0100 (CET)`: what is in brackets repeats, except where there is nothing to repeat.
                if self.time.is_some() && self.zone.is_none() && self.offset.is_none() {
                    self.take_zone(token.text);
                }
                Some(behind)
            }
        }
    }

    fn number<'t, 'a>(
        &mut self,
        token: &Token<'a>,
        behind: &'t [Token<'a>],
    ) -> Option<&'t [Token<'a>]> {
        let digits = token.text;
        if let Some((time, behind)) = clock::read(token, behind) {
            return self.take_time(time?, behind);
        }
        // `20260105 100000`, `05 Jan 26 1000 GMT`
        let compact = match digits.len() {
            4 => self.month.is_some() && self.parts.len() == 2 && self.time.is_none(),
            6 => self.date.is_some(),
            _ => false,
        };
        if std::mem::take(&mut self.after_t) || compact {
            let (time, behind) = clock::basic(digits, behind)?;
            return self.take_time(time, behind);
        }
        let is_first = self.parts.is_empty() && self.date.is_none() && self.month.is_none();
        match digits.len() {
            1..=4 => {
                self.parts.push(Part {
                    number: digits.parse().ok()?,
                    digits: digits.len(),
                    mark: self.mark.take().unwrap_or(' '),
                });
                let ordinal = |tail: &&Token<'_>| {
                    tail.glued
                        && tail.kind == Kind::Word
                        && words::is_ordinal(&words::fold(tail.text))
                };
                let ending = usize::from(behind.first().filter(ordinal).is_some());
                Some(&behind[ending..])
            }
            7 if is_first => {
                let (year, day) = (digits[..4].parse().ok()?, digits[4..].parse().ok()?);
                self.date = Some(NaiveDate::from_yo_opt(year, day)?);
                Some(behind)
            }
            8 | 12 | 14 if is_first => {
                let (month, day_of_month) =
                    (digits[4..6].parse().ok()?, digits[6..8].parse().ok()?);
                self.date = Some(day(digits[..4].parse().ok()?, month, day_of_month)?);
                if digits.len() == 8 {
                    return Some(behind);
                }
                let (time, behind) = clock::basic(&digits[8..], behind)?;
                self.take_time(time, behind)
            }
            _ => None,
        }
    }

    fn take_time<'t, 'a>(
        &mut self,
        time: Clock,
        behind: &'t [Token<'a>],
    ) -> Option<&'t [Token<'a>]> {
        let is_first = self.time.replace(time).is_none();
        is_first.then_some(behind)
    }

    fn word<'t, 'a>(
        &mut self,
        token: &Token<'a>,
        behind: &'t [Token<'a>],
    ) -> Option<&'t [Token<'a>]> {
        let word = words::fold(token.text);
        let next = behind.first();
        let before_number =
            next.is_some_and(|next| next.kind == Kind::Number && next.glued) && token.glued;
        if word == "t" && before_number && self.time.is_none() {
            self.after_t = true;
            return Some(behind);
        }
        if word == "w" && before_number {
            return self.week(behind);
        }
        let is_weekday = words::is_weekday(&word);
        if let Some(month) = words::month(&word) {
            return match self.month {
                None | Some((_, true)) if self.date.is_none() => {
                    self.month = Some((month, is_weekday));
                    Some(behind)
                }
                _ => is_weekday.then_some(behind),
            };
        }
        let nothing_yet = self.parts.is_empty() && self.date.is_none() && self.time.is_none();
        if let Some(second) = words::half(&word)
            // German `am 5. Januar` is no forenoon.
            && !(nothing_yet && word == "am")
        {
            return self.half.replace(second).is_none().then_some(behind);
        }
        if words::is_date_unit(&word) && token.glued {
            self.mark = Some('年');
            return Some(behind);
        }
        // `10:30 h` is no military letter, `10:30 H` is one.
        let is_filler = words::is_filler(&word);
        let may_be_zone = !is_filler || token.text != word;
        if may_be_zone && (self.time.is_some() || self.is_whole()) && self.take_zone(token.text) {
            return Some(behind);
        }
        // A weekday of a language that has no table.
        let leads = self.month.is_none() && next.is_some_and(|next| next.is(','));
        (is_weekday || is_filler || nothing_yet && leads).then_some(behind)
    }

    /// The letters of a zone; false when they are none.
    fn take_zone(&mut self, text: &str) -> bool {
        let zone = zone::named(text);
        let is_first = self.zone.is_none();
        if let Some(zone) = zone
            && is_first
        {
            self.zone = Some(zone);
            self.american = zone::is_american(text);
        }
        zone.is_some() && is_first
    }

    /// `2026-W02-1`, `2026W021`; a bare week begins on Monday (ISO 8601).
    fn week<'t, 'a>(&mut self, behind: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
        let [year] = self.parts[..] else { return None };
        let (week, behind) = behind.split_first()?;
        let (week, weekday, behind) = match (week.text.len(), behind) {
            (3, _) => (&week.text[..2], &week.text[2..], behind),
            (2, [dash, day, behind @ ..]) if dash.is('-') && day.text.len() == 1 => {
                (week.text, day.text, behind)
            }
            (2, _) => (week.text, "1", behind),
            _ => return None,
        };
        let weekday =
            chrono::Weekday::try_from(weekday.parse::<u8>().ok()?.checked_sub(1)?).ok()?;
        let year = (year.digits == 4).then(|| i32::try_from(year.number).ok())??;
        self.date = NaiveDate::from_isoywd_opt(year, week.parse().ok()?, weekday);
        self.parts.clear();
        self.date.map(|_| behind)
    }

    fn mark<'t, 'a>(
        &mut self,
        token: &Token<'a>,
        behind: &'t [Token<'a>],
    ) -> Option<&'t [Token<'a>]> {
        let mark = token.text.chars().next()?;
        let number = behind
            .first()
            .filter(|next| next.kind == Kind::Number && next.glued);
        let signs = matches!(mark, '+' | '-' | '−' | '–');
        // `2026-01-05-05:00` is a day with a zone (XML Schema), not a day and its time.
        let may_follow = self.time.is_some()
            || self.is_whole()
                && (mark == '+'
                    || number.is_some_and(|number| number.text.len() == 4)
                    || self.is_year_first() && token.glued);
        if signs && may_follow && number.is_some() {
            let (minutes, behind) = offset(behind)?;
            let minutes = if mark == '+' { minutes } else { -minutes };
            // Go prints `+0300 +03` for a zone without a name.
            let agrees = *self.offset.get_or_insert(minutes) == minutes;
            return agrees.then_some(behind);
        }
        match mark {
            '-' | '/' | '.' => self.mark = Some(mark),
            ',' | '|' | '·' | '@' | '–' | '—' | '،' | '、' => {}
            _ => return None,
        }
        Some(behind)
    }

    /// A date stands there already.
    fn is_whole(&self) -> bool {
        self.date.is_some() || self.parts.len() + usize::from(self.month.is_some()) == 3
    }

    fn is_year_first(&self) -> bool {
        self.parts.first().is_none_or(|first| first.digits == 4)
    }

    fn finish(self, home: Tz) -> Option<Timestamp> {
        let date = self.day()?;
        let zone = self.offset.map(Zone::Offset).or(self.zone);
        let zone = zone.unwrap_or(Zone::Named(home));
        let Some(time) = self.time else {
            let noon = date.and_hms_opt(12, 0, 0)?;
            return self.half.is_none().then(|| Timestamp {
                at: in_zone(noon, zone),
                is_day: true,
            });
        };
        let (time, next_day) = time.of_day(self.half)?;
        let date = if next_day { date.succ_opt()? } else { date };
        Some(Timestamp {
            at: in_zone(date.and_time(time), zone),
            is_day: false,
        })
    }

    fn day(&self) -> Option<NaiveDate> {
        if self.date.is_some() {
            let alone = self.parts.is_empty() && self.month.is_none();
            return self.date.filter(|_| alone);
        }
        match (self.month, &self.parts[..]) {
            (Some((month, _)), [first, second]) => {
                let (day_of_month, year) = parts::day_and_year(*first, *second)?;
                day(year, month, day_of_month)
            }
            (None, [first, second, third]) => {
                parts::numeric([*first, *second, *third], self.american)
            }
            // A year or a month is its first day (W3C date-time), when no time claims to know better.
            _ if self.time.is_some() && !self.is_day_of_year() => None,
            (Some((month, _)), [year]) => day(year.full_year()?, month, 1),
            (None, [year]) => day(year.full_year()?, 1, 1),
            (None, [year, rest]) if rest.mark == '-' || rest.mark == '/' || rest.mark == '.' => {
                let number = rest.number;
                match rest.digits {
                    3 => NaiveDate::from_yo_opt(year.full_year()?, number),
                    _ => day(year.full_year()?, number, 1),
                }
            }
            _ => None,
        }
    }

    fn is_day_of_year(&self) -> bool {
        self.month.is_none() && matches!(self.parts[..], [_, rest] if rest.digits == 3)
    }
}

/// `01:00`, `01:00:00`, `0100`, `1`, `100` behind a sign: minutes.
fn offset<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(i32, &'t [Token<'a>])> {
    let (hours, behind) = tokens.split_first()?;
    let digits = hours.text;
    let (hours, minutes, behind) = match behind {
        [colon, minutes, behind @ ..]
            if colon.is(':') && digits.len() <= 2 && minutes.kind == Kind::Number =>
        {
            (digits, minutes.text, behind)
        }
        _ if digits.len() <= 2 => (digits, "0", behind),
        _ => (
            digits.get(..digits.len() - 2)?,
            &digits[digits.len() - 2..],
            behind,
        ),
    };
    let behind = match behind {
        [colon, seconds, behind @ ..] if colon.is(':') && seconds.text == "00" => behind,
        _ => behind,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes < 60).then(|| (hours * 60 + minutes, behind))
}

/// A time that a clock change skips is read an hour later, one that it repeats at its first occurrence.
fn in_zone(local: NaiveDateTime, zone: Zone) -> DateTime<Utc> {
    match zone {
        Zone::Offset(minutes) => local.and_utc() - Duration::minutes(i64::from(minutes)),
        Zone::Named(tz) => match tz.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
            LocalResult::None => match tz
                .from_local_datetime(&(local - Duration::hours(1)))
                .earliest()
            {
                Some(before) => before.to_utc() + Duration::hours(1),
                None => local.and_utc(),
            },
        },
    }
}
