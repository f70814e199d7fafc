//! What the publisher says about pace: floors of every schedule that respects them.

use std::time::Duration;

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Timelike, Utc};

use super::every;
use crate::model::Signals;

/// The hint that asks for most.
pub(super) struct Hint {
    name: &'static str,
    /// As the publisher gave it.
    pub(super) wait: Duration,
}

/// The largest of `max-age` (or `Expires`), `ttl` and `sy:updatePeriod`. `None` when the publisher said nothing.
pub(super) fn largest(signals: &Signals) -> Option<Hint> {
    let hints = [
        ("max-age", signals.max_age),
        ("the feed's ttl", signals.ttl),
        ("the feed's updatePeriod", signals.update_period),
    ];
    let given = hints
        .into_iter()
        .filter_map(|(name, wait)| Some(Hint { name, wait: wait? }));
    given.max_by_key(|hint| hint.wait)
}

impl Hint {
    /// "the feed's ttl of 2h", and that it was cut when it asks for more than `max`.
    pub(super) fn words(&self, max: Duration) -> String {
        let cut = if self.wait > max {
            format!(", cut to {}", every::words(max))
        } else {
            String::new()
        };
        format!("{} of {}{cut}", self.name, every::words(self.wait))
    }
}

/// Start of the first hour after `at` that is neither in `skipHours` nor on one of `skipDays`, and which of them
/// is in the way first. `None` when `at` is not skipped. A publisher that skips every hour, or every day, says nothing.
pub(super) fn leave_skipped(
    signals: &Signals,
    at: DateTime<Utc>,
) -> Option<(DateTime<Utc>, &'static str)> {
    let hours = if (0..24).all(|hour| signals.skip_hours.contains(&hour)) {
        &[]
    } else {
        signals.skip_hours.as_slice()
    };
    let days = if (0..7).all(|day| signals.skip_days.contains(&day)) {
        &[]
    } else {
        signals.skip_days.as_slice()
    };
    let obstacle = |at: DateTime<Utc>| {
        if days
            .iter()
            .any(|day| u32::from(*day) == at.weekday().num_days_from_monday())
        {
            Some("the feed's skipDays")
        } else if hours.iter().any(|hour| u32::from(*hour) == at.hour()) {
            Some("the feed's skipHours")
        } else {
            None
        }
    };
    let why = obstacle(at)?;
    let start_of_hour = at.duration_trunc(TimeDelta::hours(1)).ok()?;
    let hours_of_week = (1..=7 * 24).map(|hours| start_of_hour + TimeDelta::hours(hours));
    hours_of_week
        .into_iter()
        .find(|hour| obstacle(*hour).is_none())
        .map(|allowed| (allowed, why))
}
