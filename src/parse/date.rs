//! Timestamps as feeds write them → instants.
//!
//! Reads RFC 2822 and its obsolete forms, RFC 3339, ISO 8601 with and without zone, bare days, asctime, JavaScript
//! and US prose, and Unix seconds. A weekday is ignored, since it is often wrong and never needed. What cannot be
//! read is `None`, never a guess. Month names are English so far; other languages are one more table.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::zone::{self, Zone};

/// An instant, and whether the publisher named only the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// For a day: 12:00 in the zone.
    pub(super) at: DateTime<Utc>,
    /// The text was a bare date.
    pub(super) is_day: bool,
}

/// Reads a timestamp. `home` is the zone of dates that name none.
pub(super) fn parse(text: &str, home: Tz) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 100 {
        return None;
    }
    unix(text)
        .or_else(|| iso(text, home))
        .or_else(|| prose(text, home))
}

/// Seconds or milliseconds since 1970.
fn unix(text: &str) -> Option<Timestamp> {
    if !(9..=13).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    let at = if text.len() <= 10 {
        DateTime::from_timestamp(number, 0)?
    } else {
        DateTime::from_timestamp_millis(number)?
    };
    Some(Timestamp { at, is_day: false })
}

/// `2026-01-05`, `2026-01-05T10:00:00.5+01:00`, `2026/01/05 10:00`, `20260105T100000Z`, `2026-01`, `2026`.
fn iso(text: &str, home: Tz) -> Option<Timestamp> {
    let mut cursor = Cursor(text);
    let year = cursor.digits(4)?;
    let (month, day) = if cursor.0.is_empty() {
        (1, 1)
    } else if let Some(month) = cursor.digits(2) {
        (month, cursor.digits(2)?)
    } else {
        let separator = cursor.one_of("-/.")?;
        let month = cursor.one_or_two_digits()?;
        match cursor.one_of(separator) {
            Some(_) => (month, cursor.one_or_two_digits()?),
            None if cursor.0.is_empty() => (month, 1),
            None => return None,
        }
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let rest = cursor.0.trim_start_matches([',', ' ']);
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim();
    if rest.is_empty() {
        return Some(noon(date, zone::Zone::Named(home)));
    }
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')))
        .unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    if time.is_empty() {
        return Some(noon(date, zone::parse(zone)?));
    }
    let (time, zone) = match zone.trim().get(..2) {
        Some(half) if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") => {
            (twelve_hours(clock(time)?, half)?, zone.trim()[2..].trim())
        }
        _ => (clock(time)?, zone.trim()),
    };
    let zone = if zone.is_empty() {
        Zone::Named(home)
    } else {
        zone::parse(zone)?
    };
    resolve(date, time, zone)
}

/// Everything with words or with the day first, read as a bag of tokens.
fn prose(text: &str, home: Tz) -> Option<Timestamp> {
    let mut numbers: Vec<(u32, usize)> = Vec::with_capacity(3);
    let mut month = None;
    let mut month_first = false;
    let mut time = None;
    let mut zone = None;
    let text = text.split('(').next()?;
    for token in text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|token| !token.is_empty())
    {
        if token.contains(':') && token.starts_with(|c: char| c.is_ascii_digit()) {
            let end = token
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')))
                .unwrap_or(token.len());
            time = Some(clock(&token[..end])?);
            read_suffix(&token[end..], &mut time, &mut zone)?;
        } else if let Some((day, name, year)) = compact_date(token) {
            numbers.push(day);
            month = Some(name);
            numbers.extend(year);
        } else if let Some(number) = ordinal(token) {
            numbers.push(number);
        } else if let Some(numeric) = slashed(token) {
            numbers.extend([numeric.0, numeric.2]);
            month = Some(numeric.1);
        } else if month.is_none()
            && let Some(name) = month_name(token)
        {
            month = Some(name);
            month_first = numbers.is_empty();
        } else if is_weekday(token)
            || matches!(
                token.to_ascii_lowercase().as_str(),
                "at" | "on" | "the" | "of" | "-"
            )
        {
            continue;
        } else {
            read_suffix(token, &mut time, &mut zone)?;
        }
    }
    let (day, year) = day_and_year(&numbers, month_first)?;
    let date = NaiveDate::from_ymd_opt(year, month?, day)?;
    let zone = zone.unwrap_or(Zone::Named(home));
    match time {
        Some(time) => resolve(date, time, zone),
        None => Some(noon(date, zone)),
    }
}

/// What may follow a time: `AM`, `PM`, a zone, an offset to a zone already read (`GMT +0100`).
fn read_suffix(token: &str, time: &mut Option<Clock>, zone: &mut Option<Zone>) -> Option<()> {
    if token.is_empty() {
        return Some(());
    }
    let plain = token.replace('.', "");
    if plain.eq_ignore_ascii_case("am") || plain.eq_ignore_ascii_case("pm") {
        *time = Some(twelve_hours((*time)?, &plain)?);
        return Some(());
    }
    *zone = Some(zone::parse(token)?);
    Some(())
}

/// The day comes before the year, unless it cannot be a day.
fn day_and_year(numbers: &[(u32, usize)], month_first: bool) -> Option<(u32, i32)> {
    let [first, second] = *numbers else {
        return None;
    };
    let (day, year) = if !month_first && first.1 == 4 {
        (second, first)
    } else {
        (first, second)
    };
    let number = i32::try_from(year.0).ok()?;
    // RFC 2822 §4.3: two digits below 50 are this century, three digits count from 1900.
    let year = match (year.1, number) {
        (1..=2, 0..=49) => 2000 + number,
        (1..=3, _) => 1900 + number,
        (4, _) => number,
        _ => return None,
    };
    Some((day.0, year))
}

/// A number and how many digits it was written with.
type Digits = (u32, usize);

/// `05-Jan-2026`, `05-Jan-26`, `5Jan2026`.
fn compact_date(token: &str) -> Option<(Digits, u32, Option<Digits>)> {
    let mut parts = token.split(['-', '/']);
    let (day, name, year) = (parts.next()?, parts.next()?, parts.next());
    let month = month_name(name)?;
    let year = match year {
        Some(year) => Some(ordinal(year)?),
        None => None,
    };
    parts
        .next()
        .is_none()
        .then_some((ordinal(day)?, month, year))
}

/// `5/13/2026`, `13/5/2026`, `13.05.2026`: which is the day must be plain; a full stop means day first.
fn slashed(token: &str) -> Option<(Digits, u32, Digits)> {
    let separator = if token.contains('/') { '/' } else { '.' };
    let mut parts = token.splitn(3, separator).map(ordinal);
    let (first, second, year) = (parts.next()??, parts.next()??, parts.next()??);
    match separator {
        '.' => Some((first, second.0, year)),
        _ if second.0 > 12 || first.0 == second.0 => Some((second, first.0, year)),
        _ if first.0 > 12 => Some((first, second.0, year)),
        _ => None,
    }
}

/// A number of at most four digits, with `st`, `nd`, `rd`, `th` or a full stop after it; and its digits.
fn ordinal(token: &str) -> Option<(u32, usize)> {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    let suffix = &token[digits..];
    let plain = suffix.is_empty()
        || suffix == "."
        || ["st", "nd", "rd", "th"]
            .iter()
            .any(|tail| suffix.eq_ignore_ascii_case(tail));
    ((1..=4).contains(&digits) && plain)
        .then(|| token[..digits].parse().ok().map(|number| (number, digits)))?
}

fn month_name(token: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let token = token.trim_end_matches('.').to_ascii_lowercase();
    let known = |name: &&str| {
        token.len() >= 3
            && (name.starts_with(&token) || token == "sept" && name.starts_with("sept"))
    };
    NAMES
        .iter()
        .zip(1..)
        .find(|(name, _)| known(name))
        .map(|(_, number)| number)
}

fn is_weekday(token: &str) -> bool {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let token = token.trim_end_matches('.').to_ascii_lowercase();
    token.len() >= 2
        && NAMES.iter().any(|name| {
            name.starts_with(&token) || token.starts_with(&name[..3]) && token.is_ascii()
        })
}

/// A time of day; 24:00 is the next day's 00:00 (ISO 8601).
#[derive(Clone, Copy, Debug)]
struct Clock {
    time: NaiveTime,
    next_day: bool,
}

/// `10:00`, `10:00:00`, `10:00:00.25`, `1000`, `100000`.
fn clock(text: &str) -> Option<Clock> {
    let (text, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut fields = [0u32; 3];
    if text.contains(':') {
        let mut parts = text.trim_end_matches(':').split(':');
        for (field, part) in fields.iter_mut().zip(&mut parts) {
            if part.is_empty() || part.len() > 2 {
                return None;
            }
            *field = part.parse().ok()?;
        }
        if parts.next().is_some() {
            return None;
        }
    } else if matches!(text.len(), 4 | 6) {
        for (field, part) in fields
            .iter_mut()
            .zip([text.get(..2), text.get(2..4), text.get(4..6)])
        {
            *field = part.map_or(Some(0), |part| part.parse().ok())?;
        }
    } else {
        return None;
    }
    let [hour, minute, second] = fields;
    let next_day = hour == 24 && minute == 0 && second == 0;
    let millis: u32 = if fraction.is_empty() {
        0
    } else {
        format!("{fraction:0<3}").get(..3)?.parse().ok()?
    };
    // A leap second becomes the second before it.
    let time = NaiveTime::from_hms_milli_opt(
        if next_day { 0 } else { hour },
        minute,
        if second == 60 { 59 } else { second },
        millis,
    )?;
    Some(Clock { time, next_day })
}

fn twelve_hours(clock: Clock, half: &str) -> Option<Clock> {
    use chrono::Timelike;
    let hour = clock.time.hour();
    let hour = match (hour, half.starts_with(['p', 'P'])) {
        (12, false) => 0,
        (1..=11, true) => hour + 12,
        _ => hour,
    };
    Some(Clock {
        time: clock.time.with_hour(hour)?,
        ..clock
    })
}

fn noon(date: NaiveDate, zone: Zone) -> Timestamp {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    Timestamp {
        at: in_zone(date.and_time(noon), zone),
        is_day: true,
    }
}

fn resolve(date: NaiveDate, clock: Clock, zone: Zone) -> Option<Timestamp> {
    let date = if clock.next_day {
        date.succ_opt()?
    } else {
        date
    };
    Some(Timestamp {
        at: in_zone(date.and_time(clock.time), zone),
        is_day: false,
    })
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

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let head = self.0.get(..count)?;
        let number = head
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| head.parse().ok())??;
        self.0 = &self.0[count..];
        Some(number)
    }

    fn one_or_two_digits(&mut self) -> Option<u32> {
        self.digits(2).or_else(|| self.digits(1))
    }

    /// One character of `set`.
    fn one_of(&mut self, set: &str) -> Option<&'a str> {
        let head = self.0.get(..1)?;
        set.contains(head).then(|| {
            self.0 = &self.0[1..];
            head
        })
    }
}

#[cfg(test)]
mod tests;
