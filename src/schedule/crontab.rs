//! crontab(5) lines over the `cron` crate.
//!
//! The crate speaks a dialect of its own: it wants a seconds field, counts Sunday as 1, and asks for both day fields
//! to match where crontab(5) is content with either. Here a line is read by [`fields`], handed to the crate as
//! plain lists of numbers, and evaluated on local wall-clock time; which instant such a time is, is decided
//! here and not by the crate, which loses firings in a gap. Nothing outside this module names `cron`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use cron::Schedule;

pub use fields::CrontabError;
use fields::Fields;

mod fields;

/// A crontab(5) line in a time zone.
///
/// Where the clock is put forward, a line with given hours fires once at the first instant after the gap for all
/// that fell into it. Where it is put back, such a line fires in the first pass of the repeated hour only. A line
/// whose hour field starts with `*` has no hour to miss: it keeps to the clock, and fires in both passes. This is
/// Vixie cron's rule.
#[derive(Clone)]
pub struct Crontab {
    line: String,
    timezone: Tz,
    /// One, or two when either day field may match. They hold wall-clock times, as if those were UTC.
    schedules: Vec<Schedule>,
    /// The hour field starts with `*`.
    every_hour: bool,
}

impl Crontab {
    /// Reads a line of five fields, or `@hourly` and friends.
    ///
    /// # Errors
    /// The line is not one that crontab(5) describes, or it never fires (30 February).
    pub fn parse(line: &str, timezone: Tz) -> Result<Self, CrontabError> {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = Fields::parse(&line)?;
        let schedules = fields
            .dialect_lines()
            .iter()
            .map(|expression| Schedule::from_str(expression))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| CrontabError::Unreadable {
                line: line.clone(),
                reason: error.to_string(),
            })?;
        let crontab = Self {
            every_hour: fields.every_hour,
            line,
            timezone,
            schedules,
        };
        if crontab
            .next_local(DateTime::UNIX_EPOCH.naive_utc())
            .is_none()
        {
            return Err(CrontabError::NeverFires);
        }
        Ok(crontab)
    }

    /// The first firing after `after`; `None` past the year 2100, where the `cron` crate's calendar ends.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if after.year() > LAST_YEAR {
            return None; // also keeps local time within what chrono can hold
        }
        let local = after.with_timezone(&self.timezone).naive_local();
        if !self.every_hour {
            return self
                .locals(local)
                .filter_map(|time| self.once(time))
                .find(|firing| *firing > after);
        }
        // Wall-clock order is not the order of instants while an hour repeats: each pass is searched by itself.
        let first_pass = self
            .locals(local)
            .filter_map(|time| self.instants(time).earliest());
        let second_pass = self
            .locals(self.start_of_repeat(after))
            .filter_map(|time| self.instants(time).latest());
        let firings = [
            first_pass.map(to_utc).find(|at| *at > after),
            second_pass.map(to_utc).find(|at| *at > after),
        ];
        firings.into_iter().flatten().min()
    }

    /// The line as written, with single spaces.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Wall-clock times of the line after `local`, in wall-clock order.
    fn locals(&self, local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        std::iter::successors(self.next_local(local), |time| self.next_local(*time))
    }

    fn next_local(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |schedule: &Schedule| schedule.after(&local.and_utc()).next();
        self.schedules
            .iter()
            .filter_map(next)
            .min()
            .map(|time| time.naive_utc())
    }

    fn instants(&self, local: NaiveDateTime) -> LocalResult<DateTime<Tz>> {
        self.timezone.from_local_datetime(&local)
    }

    /// The one instant of a line with given hours: the first of two, or the end of the gap.
    fn once(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let instant = self.instants(local).earliest();
        instant
            .or_else(|| GapInfo::new(&local, &self.timezone)?.end)
            .map(to_utc)
    }

    /// Where wall-clock time has to be searched from to meet every second pass that is after `after`: behind the
    /// wall clock while the first pass of a repeated hour runs.
    fn start_of_repeat(&self, after: DateTime<Utc>) -> NaiveDateTime {
        let local = after.with_timezone(&self.timezone).naive_local();
        match self.instants(local) {
            LocalResult::Ambiguous(first, second) => {
                local - (second - first).abs() - TimeDelta::seconds(1)
            }
            _ => local,
        }
    }
}

/// The line and its zone; what the `cron` crate makes of it fills a screen.
impl fmt::Debug for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crontab({:?}, {})", self.line, self.timezone)
    }
}

/// The last year of the `cron` crate's calendar.
const LAST_YEAR: i32 = 2100;

fn to_utc(instant: DateTime<Tz>) -> DateTime<Utc> {
    instant.with_timezone(&Utc)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
