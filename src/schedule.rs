//! When a source is next due.
//!
//! Pure: the same inputs give the same instant, and nothing here reads a clock or draws lots. Who is due now, and
//! the waiting itself, belong to the store and the daemon. `docs/schedule.md` tells how a source's own pace is learned
//! and used ([`Rule::Adaptive`]).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Cadence, History, Learned, Rule, Signals};

use back_off::back_off;

pub use crontab::{Crontab, CrontabError};
pub use every::RuleError;
pub use price::{Price, STANDING as STANDING_PRICE, due as price_due};
pub use replay::{Outcome, Policy, Trace, TraceError, replay, same_polls};
pub use rhythm::Rhythm;

mod adaptive;
mod back_off;
mod crontab;
mod every;
mod hints;
mod price;
mod replay;
mod rhythm;

/// Reads `adaptive`, `every 30m`, a crontab(5) line or `@hourly` and friends; `timezone` is that of cron lines.
///
/// # Errors
/// The text is none of these; the message says what to write.
pub fn rule(text: &str, timezone: Tz) -> Result<Rule, RuleError> {
    every::rule(text, timezone)
}

/// When a source is due next, and the rule that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What decided, in words a person can use: "every 30m", "the feed's ttl of 1h", "3 failures in a row".
    pub why: String,
}

/// The poll after one that ended at `now`.
///
/// The latest of four instants wins: the cadence's next firing after `now`; the publisher's largest hint, up to
/// `cadence.max` and moved out of `skipHours` and `skipDays` (RFC 9111 §5.2.2.1, RSS 2.0), unless the cadence
/// lifts them; the back-off, the normal interval doubled a failure and no less than suits its class, up to `cadence.max`; `history.held_until`
/// (RFC 9110 §10.2.3), which has no upper bound here. A cron line waits for its own first firing from there on,
/// so that the operator's hours hold too.
///
/// No chance is involved: a fixed interval is stretched by up to 5 % (three minutes at most) by hash of `source_id`.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use chrono::{DateTime, Utc};
/// use feedmill::model::{Cadence, History, Rule, Signals};
/// use feedmill::schedule::next_poll;
///
/// let ten: DateTime<Utc> = "2026-01-05T10:00:00Z".parse()?;
/// let hour = Duration::from_secs(3_600);
/// let hourly = Cadence { rule: Rule::Every(hour), min: hour / 4, max: hour * 24, respect_hints: true, budget: None };
/// let wish = Signals { max_age: Some(hour * 2), ..Signals::default() };
/// let next = next_poll("example", &hourly, &History::default(), &wish, ten);
/// assert_eq!((next.at, next.why.as_str()), (ten + hour * 2, "max-age of 2h"));
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn next_poll(
    source_id: &str,
    cadence: &Cadence,
    history: &History,
    signals: &Signals,
    now: DateTime<Utc>,
) -> Next {
    let hint = hints::largest(signals).filter(|_| cadence.respect_hints);
    let pace = Pace {
        source_id,
        cadence,
        now,
        interval: interval(cadence, history, hint.as_ref(), now),
        learned: history.learned.as_ref(),
    };
    let mut next = Next {
        at: pace.due_from(now),
        why: pace.words(),
    };
    let mut not_before = |floor: DateTime<Utc>, why: &dyn Fn() -> String| {
        let at = pace.due_from(floor);
        // A learned wait was planned around its floors: one that it just meets has decided.
        if at > next.at || (pace.learned.is_some() && at == floor) {
            next = Next { at, why: why() };
        }
    };
    if let Some(hint) = hint {
        not_before(later(now, hint.wait.min(cadence.max)), &|| {
            hint.words(cadence.max)
        });
    }
    if history.failures > 0 {
        not_before(
            later(
                now,
                back_off(history.class, history.failures, pace.interval, cadence.max),
            ),
            &|| failures(history),
        );
    }
    if history.unconditional && matches!(cadence.rule, Rule::Adaptive) {
        not_before(later(now, unconditional_floor(cadence)), &|| {
            "the feed gives no ETag or Last-Modified: each poll costs the whole of it".to_owned()
        });
    }
    if let Some(until) = history.held_until {
        not_before(until, &|| held(until, now));
    }
    if cadence.respect_hints {
        leave_skipped(&pace, signals, next)
    } else {
        next
    }
}

/// How long after `now` a source waits when `crowd` sources are due at once (first polls, polls missed while
/// the daemon was down): spread by hash of the id over a window of 200 ms a source, `longest` at most.
pub fn spread(source_id: &str, crowd: usize, longest: Duration) -> Duration {
    let crowd = u32::try_from(crowd).unwrap_or(u32::MAX);
    share(
        source_id,
        SPREAD_PER_SOURCE.saturating_mul(crowd).min(longest),
    )
}

/// The learned wait of an adaptive source, no less than `floor`, at most `cadence.max`.
fn adaptive_wait(learned: &Learned, cadence: &Cadence, floor: Duration) -> Duration {
    let bounds = adaptive::Bounds {
        floor,
        ceiling: cadence.max,
        unpriced: cadence.min * 4 / 5,
    };
    adaptive::wait(&learned.rhythm, learned.price, bounds)
}

fn unconditional_floor(cadence: &Cadence) -> Duration {
    cadence
        .min
        .saturating_mul(UNCONDITIONAL_FLOOR)
        .min(cadence.max)
}

/// The normal time between two polls; for a cron line that between its next two firings. The learned one knows of the
/// floors that always hold, and is planned around them.
fn interval(
    cadence: &Cadence,
    history: &History,
    hint: Option<&hints::Hint>,
    now: DateTime<Utc>,
) -> Duration {
    match (&cadence.rule, &history.learned) {
        (Rule::Adaptive, None) => UNLEARNED_INTERVAL.max(cadence.min),
        (Rule::Adaptive, Some(learned)) => {
            let hint = hint.map_or(Duration::ZERO, |hint| hint.wait.min(cadence.max));
            let whole = history.unconditional.then(|| unconditional_floor(cadence));
            let floor = cadence.min.max(hint).max(whole.unwrap_or_default());
            adaptive_wait(learned, cadence, floor)
        }
        (Rule::Every(interval), _) => *interval,
        (Rule::Cron(crontab), _) => {
            let first = crontab.next_after(now);
            let second = first.and_then(|first| crontab.next_after(first));
            let gap = first
                .zip(second)
                .and_then(|(first, second)| (second - first).to_std().ok());
            gap.unwrap_or(cadence.max)
        }
    }
}

/// What an adaptive source of which nothing was ever read waits.
const UNLEARNED_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Window that one more source adds to [`spread`].
const SPREAD_PER_SOURCE: Duration = Duration::from_millis(200);
/// A fixed interval is stretched by up to one part in this many …
const STRETCH_PARTS: u32 = 20;
/// … but not by more than this.
const STRETCH_MAX: Duration = Duration::from_secs(3 * 60);
/// So many times the floor of the adaptive rule for a feed that cannot be asked conditionally.
const UNCONDITIONAL_FLOOR: u32 = 4;
/// How far after a cron firing a floor may lie and still be polled at once, instead of at the next firing: a
/// response takes time, and `@hourly` with a max-age of an hour is not meant to poll every other hour.
const SLACK_MAX: Duration = Duration::from_secs(5 * 60);

/// A cadence seen from the end of a poll.
struct Pace<'a> {
    source_id: &'a str,
    cadence: &'a Cadence,
    now: DateTime<Utc>,
    /// The normal time between two polls.
    interval: Duration,
    learned: Option<&'a Learned>,
}

impl Pace<'_> {
    /// The first instant, not before `floor`, that the cadence wants or allows. Never falls while `floor` rises.
    fn due_from(&self, floor: DateTime<Utc>) -> DateTime<Utc> {
        let Rule::Cron(crontab) = &self.cadence.rule else {
            // A learned wait is the source's own already, and keeps the phase that its first poll was given.
            let stretch = match self.learned {
                Some(_) => Duration::ZERO,
                None => share(
                    self.source_id,
                    (self.interval / STRETCH_PARTS).min(STRETCH_MAX),
                ),
            };
            return later(self.now, self.interval.saturating_add(stretch)).max(floor);
        };
        if let Some(first) = crontab.next_after(self.now)
            && first >= floor
        {
            return first;
        }
        self.firing_near(crontab, floor)
            .unwrap_or_else(|| later(self.now, self.cadence.max).max(floor))
    }

    /// `floor` itself when a firing is only just over, else the next firing.
    fn firing_near(&self, crontab: &Crontab, floor: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let tick = TimeDelta::milliseconds(1);
        let next = crontab.next_after(floor - tick)?;
        // A tenth of the time between firings: polls keep the pace even of a line that fires each minute.
        let gap = (crontab.next_after(next)? - next)
            .to_std()
            .unwrap_or_default();
        let slack = later_by((gap / 10).min(SLACK_MAX));
        let just_over = crontab
            .next_after((floor - slack - tick).max(self.now))
            .is_some_and(|firing| firing <= floor);
        Some(if just_over { floor } else { next })
    }

    fn words(&self) -> String {
        match &self.cadence.rule {
            Rule::Adaptive => match self.learned {
                Some(learned) => format!("learned pace: {}", learned_words(&learned.rhythm)),
                None => format!(
                    "every {}, until its pace is learned",
                    every::words(self.interval)
                ),
            },
            Rule::Every(interval) => format!("every {}", every::words(*interval)),
            Rule::Cron(crontab) => format!("cron `{}`", crontab.line()),
        }
    }
}

/// "about 3 entries a day, mostly at 8, 9 and 14 h UTC".
pub fn learned_words(rhythm: &Rhythm) -> String {
    let per_day = rhythm.per_day();
    let about = |count: f64, unit: &str| match count.round() {
        ..=1.0 => format!("about an entry a {unit}"),
        count => format!("about {count} entries a {unit}"),
    };
    let rate = match per_day {
        0.75.. => about(per_day, "day"),
        0.11.. => about(per_day * 7.0, "week"),
        0.025.. => about(per_day * 30.0, "month"),
        _ => "hardly an entry a month".to_owned(),
    };
    let hours: Vec<String> = rhythm.busy_hours().iter().map(u8::to_string).collect();
    match hours.split_last() {
        None => rate,
        Some((last, [])) => format!("{rate}, mostly at {last} h UTC"),
        Some((last, others)) => format!("{rate}, mostly at {} and {last} h UTC", others.join(", ")),
    }
}

/// Moves a poll to where the publisher does not skip, by `cadence.max` from now at most.
fn leave_skipped(pace: &Pace<'_>, signals: &Signals, next: Next) -> Next {
    let latest = later(pace.now, pace.cadence.max);
    let mut moved = next;
    // More than one round only where a cron line fires into another skipped hour.
    while let Some((allowed, why)) = hints::leave_skipped(signals, moved.at) {
        let at = pace.due_from(allowed.min(latest));
        if at <= moved.at {
            break;
        }
        moved = Next {
            at,
            why: why.to_owned(),
        };
    }
    moved
}

/// The part of `window` that is this source's own: the same at every poll and after every restart.
fn share(source_id: &str, window: Duration) -> Duration {
    let millis = window.as_millis().min(u64::MAX.into());
    let part = (millis * u128::from(xxh3_64(source_id.as_bytes()))) >> 64;
    Duration::from_millis(u64::try_from(part).unwrap_or(u64::MAX)) // fits: less than `millis`
}

fn later(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    now.checked_add_signed(later_by(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn later_by(wait: Duration) -> TimeDelta {
    TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX)
}

fn failures(history: &History) -> String {
    let kind = match history.class {
        "" => String::new(),
        class => format!(" ({class})"),
    };
    match history.failures {
        1 => format!("1 failure{kind}"),
        count => format!("{count} failures in a row{kind}"),
    }
}

fn held(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let form = if until.date_naive() == now.date_naive() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    format!("Retry-After until {} UTC", until.format(form))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
