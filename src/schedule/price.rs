//! What a poll costs the adaptive schedule: the one knob between fresh and frugal, shared by all sources.
//!
//! Without a budget it stands. With one it is steered, hour by hour, so that the polls of all adaptive sources meet the budget:
//! up while they are more, down while they are fewer, and a little further for what was overspent before.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Budget, Cadence};

/// The price without a budget, in minutes of waiting: two fifths of the waiting of
/// fixed intervals with as many polls, and a third of the polls of hourly polling (`docs/schedule.md`).
pub const STANDING: f64 = 5.0;

/// Between a poll that is as good as free and one in a lifetime.
const LEAST: f64 = 1e-4;
const MOST: f64 = 1e7;
/// Rate, in entries a minute, of a source nobody knows yet.
const UNKNOWN_RATE: f64 = 0.4 / 1_440.0;
/// Time between two steps.
const STEP: TimeDelta = TimeDelta::hours(1);
/// A longer gap is a time without polls (machine off), which says nothing.
const GAP: TimeDelta = TimeDelta::hours(3);
/// Answer to an hour's excess, and to the debt of all hours before. Polls follow the price with a power of −0.4 or so; with
/// that the loop is critically damped and settles within a day and a half, slow enough not to chase the hours of the day.
const PROMPT: f64 = 0.15;
const PATIENT: f64 = 0.002_25;
/// Hours of budget that are remembered as debt, at most.
const DEBT_MOST: f64 = 24.0;

/// The steered price and what steers it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Minutes of waiting that a poll costs.
    pub minutes: f64,
    /// The budget it was steered for, in polls an hour.
    pub polls_per_hour: f64,
    /// Start of the hour that runs.
    pub since: DateTime<Utc>,
    /// Polls in it.
    pub spent: u32,
    /// Polls beyond the budget of the hours before, in hours of budget; negative: saved.
    pub debt_hours: f64,
}

impl Price {
    /// Where steering starts: what suits so many sources, of whose pace nothing is known.
    pub fn first(budget: Budget, sources: usize, now: DateTime<Utc>) -> Self {
        let interval = sources.max(1) as f64 * 60.0 / budget.polls_per_hour;
        Self {
            minutes: (UNKNOWN_RATE * interval * interval / 2.0).clamp(LEAST, MOST),
            polls_per_hour: budget.polls_per_hour,
            since: now,
            spent: 0,
            debt_hours: 0.0,
        }
    }

    /// A poll of an adaptive source ended at `now`. A changed budget moves the price to where it should settle at once.
    pub fn spend(&mut self, budget: Budget, now: DateTime<Utc>) {
        if self.polls_per_hour != budget.polls_per_hour {
            let ratio = self.polls_per_hour / budget.polls_per_hour;
            *self = Self {
                minutes: (self.minutes * ratio * ratio).clamp(LEAST, MOST),
                ..Self::first(budget, 1, now)
            };
        }
        let passed = now - self.since;
        if passed >= GAP || passed < TimeDelta::zero() {
            self.since = now;
            self.spent = 0;
        } else if passed >= STEP {
            self.step(passed.as_seconds_f64() / 3_600.0);
            self.since = now;
            self.spent = 0;
        }
        self.spent = self.spent.saturating_add(1);
    }

    fn step(&mut self, hours: f64) {
        let excess = f64::from(self.spent) / self.polls_per_hour - hours;
        self.debt_hours = (self.debt_hours + excess).clamp(-DEBT_MOST, DEBT_MOST);
        let push = PROMPT * excess.clamp(-3.0, 3.0) + PATIENT * self.debt_hours * hours;
        self.minutes = (self.minutes * push.exp()).clamp(LEAST, MOST);
    }
}

/// The price that a source of this cadence pays.
pub fn due(cadence: &Cadence, steered: Option<&Price>) -> f64 {
    match (cadence.budget, steered) {
        (Some(_), Some(price)) => price.minutes,
        _ => STANDING,
    }
}

#[cfg(test)]
mod tests;
