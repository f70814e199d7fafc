//! What a policy would have done: publication times of the past, polled again.
//!
//! Adaptive polls are decided by the code that decides them in the daemon. Fixed intervals are kept to the second, without the
//! few per cent by which the daemon spreads them, so that policies compare at round numbers. Hints, failures and the time a request takes are left out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{Crontab, Learned, Price, Rhythm, adaptive_wait, later, price, spread};
use crate::model::Cadence;

/// Publication instants of each source, in order, within a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Id of the source → its instants.
    pub sources: BTreeMap<String, Vec<DateTime<Utc>>>,
    /// First poll.
    pub start: DateTime<Utc>,
    /// Polls from here on do not count; what was published before is fetched still.
    pub end: DateTime<Utc>,
}

/// Why a trace cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// A line that is no row.
    #[error(
        "line {line}: \"{text}\" is no `feed,instant` row; an instant is RFC 3339, or empty for a feed without entries"
    )]
    Row {
        /// From 1.
        line: usize,
        /// What is there.
        text: String,
    },
    /// No instant at all.
    #[error("there is no entry in it")]
    Empty,
}

/// What decides about polls.
#[derive(Clone, Debug)]
pub enum Policy {
    /// `every 60m`.
    Every(Duration),
    /// A crontab line.
    Cron(Arc<Crontab>),
    /// A poll for each entry that is expected by the last week's count, as Miniflux's `entry_frequency`; between the bounds of
    /// the cadence. With a budget, all of them scaled to it.
    EntryFrequency,
    /// The learned schedule.
    Adaptive,
}

/// What a policy came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Polls within the span.
    pub polls: u64,
    /// Time from the publication of each entry to the poll that brought it, in order.
    pub delays: Vec<TimeDelta>,
}

impl Trace {
    /// Reads rows `feed,instant`, in any order; a first row that names the columns is skipped. The span is that of whole days
    /// in UTC.
    ///
    /// # Errors
    /// [`TraceError`].
    pub fn read(text: &str) -> Result<Self, TraceError> {
        let mut sources: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
        for (line, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || (line == 0 && text.eq_ignore_ascii_case("feed,instant")) {
                continue;
            }
            let wrong = || TraceError::Row {
                line: line + 1,
                text: text.chars().take(80).collect(),
            };
            let (feed, instant) = text.rsplit_once(',').ok_or_else(wrong)?;
            let entries = sources.entry(feed.trim().to_owned()).or_default();
            if !instant.trim().is_empty() {
                entries.push(instant.trim().parse().map_err(|_| wrong())?);
            }
        }
        Self::over_days(sources).ok_or(TraceError::Empty)
    }

    /// The span is from the start of the first entry's day to the end of the last one's; `None` without an entry.
    pub fn over_days(mut sources: BTreeMap<String, Vec<DateTime<Utc>>>) -> Option<Self> {
        sources
            .values_mut()
            .for_each(|entries| entries.sort_unstable());
        let first = sources
            .values()
            .filter_map(|entries| entries.first())
            .min()?;
        let last = sources
            .values()
            .filter_map(|entries| entries.last())
            .max()?;
        let day = TimeDelta::days(1);
        let start = first.duration_trunc(day).ok()?;
        let end = last.duration_trunc(day).ok()?.checked_add_signed(day)?;
        Some(Self {
            sources,
            start,
            end,
        })
    }

    /// Sources × days.
    pub fn source_days(&self) -> f64 {
        self.sources.len() as f64 * (self.end - self.start).as_seconds_f64() / 86_400.0
    }
}

/// Replays a trace. `cadence` gives bounds and budget; its rule is not looked at.
pub fn replay(trace: &Trace, policy: &Policy, cadence: &Cadence) -> Outcome {
    match policy {
        Policy::Every(interval) => each(trace, |_, at| later(at, *interval)),
        Policy::Cron(line) => each(trace, |_, at| {
            line.next_after(at).unwrap_or(DateTime::<Utc>::MAX_UTC)
        }),
        Policy::EntryFrequency => entry_frequency(trace, cadence),
        Policy::Adaptive => adaptive(trace, cadence),
    }
}

/// The fixed interval that makes the same number of polls.
pub fn same_polls(trace: &Trace, polls: u64) -> Outcome {
    let interval = (trace.end - trace.start).as_seconds_f64() * trace.sources.len() as f64
        / polls.max(1) as f64;
    replay_every(trace, Duration::from_secs_f64(interval.max(1.0)))
}

fn replay_every(trace: &Trace, interval: Duration) -> Outcome {
    each(trace, |_, at| later(at, interval))
}

/// One source after the other: `next` takes the entries so far and the instant of a poll, and gives that of the next.
fn each(trace: &Trace, next: impl Fn(&[DateTime<Utc>], DateTime<Utc>) -> DateTime<Utc>) -> Outcome {
    let mut outcome = Outcome {
        polls: 0,
        delays: Vec::new(),
    };
    for (id, entries) in &trace.sources {
        let (mut at, mut fetched) = (first_poll(trace, id), 0);
        while at < trace.end || fetched < entries.len() {
            outcome.polls += u64::from(at < trace.end);
            fetched += fetch(&entries[fetched..], at, &mut outcome.delays);
            at = next(&entries[..fetched], at);
        }
    }
    outcome.delays.sort_unstable();
    outcome
}

fn first_poll(trace: &Trace, id: &str) -> DateTime<Utc> {
    later(trace.start, spread(id, trace.sources.len(), SPREAD_LONGEST))
}

const SPREAD_LONGEST: Duration = Duration::from_secs(300);

/// Takes what was published up to `at`; how many.
fn fetch(entries: &[DateTime<Utc>], at: DateTime<Utc>, delays: &mut Vec<TimeDelta>) -> usize {
    let new = entries.iter().take_while(|entry| **entry <= at);
    let before = delays.len();
    delays.extend(new.map(|entry| at - *entry));
    delays.len() - before
}

fn entry_frequency(trace: &Trace, cadence: &Cadence) -> Outcome {
    let week = TimeDelta::days(7);
    let at_scale = |scale: f64| {
        each(trace, |seen, at| {
            let of_week = seen.len() - seen.partition_point(|entry| *entry < at - week);
            let wait = week.as_seconds_f64() / (of_week.max(1) as f64) / scale;
            let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
            let wait = if of_week == 0 { cadence.max } else { wait };
            later(at, wait.min(cadence.max).max(cadence.min))
        })
    };
    let Some(budget) = cadence.budget else {
        return at_scale(1.0);
    };
    let wanted = budget.polls_per_hour * (trace.end - trace.start).as_seconds_f64() / 3_600.0;
    let (mut low, mut high) = (1e-3f64, 1e4f64);
    for _ in 0..24 {
        let middle = (low * high).sqrt();
        if at_scale(middle).polls as f64 <= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    at_scale(low)
}

/// All sources side by side, as they share the price.
fn adaptive(trace: &Trace, cadence: &Cadence) -> Outcome {
    let mut outcome = Outcome {
        polls: 0,
        delays: Vec::new(),
    };
    let sources: Vec<_> = trace.sources.iter().collect();
    let mut states: Vec<(Option<Rhythm>, usize)> = vec![(None, 0); sources.len()];
    let mut due: BinaryHeap<_> = sources
        .iter()
        .enumerate()
        .map(|(index, (id, _))| Reverse((first_poll(trace, id), index)))
        .collect();
    let mut steered = cadence
        .budget
        .map(|budget| Price::first(budget, sources.len(), trace.start));
    while let Some(Reverse((at, index))) = due.pop() {
        let entries = sources[index].1;
        let (rhythm, fetched) = &mut states[index];
        if at >= trace.end && *fetched >= entries.len() {
            continue;
        }
        outcome.polls += u64::from(at < trace.end);
        let count = fetch(&entries[*fetched..], at, &mut outcome.delays);
        let new = &entries[*fetched..*fetched + count];
        *fetched += count;
        let mut learned = match rhythm.take() {
            None => Rhythm::seeded(new, at),
            Some(rhythm) => rhythm,
        };
        learned.observe(&new.iter().copied().map(Some).collect::<Vec<_>>(), at);
        if let (Some(price), Some(budget)) = (&mut steered, cadence.budget) {
            price.spend(budget, at);
        }
        let learned = Learned {
            rhythm: learned,
            price: price::due(cadence, steered.as_ref()),
        };
        due.push(Reverse((
            later(at, adaptive_wait(&learned, cadence, cadence.min)),
            index,
        )));
        *rhythm = Some(learned.rhythm);
    }
    outcome.delays.sort_unstable();
    outcome
}

impl Outcome {
    /// Mean delay; zero without an entry.
    pub fn mean(&self) -> TimeDelta {
        let seconds: f64 = self.delays.iter().map(|delay| delay.as_seconds_f64()).sum();
        let mean = seconds / self.delays.len().max(1) as f64;
        TimeDelta::milliseconds((mean * 1e3) as i64)
    }

    /// The delay that this part of the entries does not exceed (nearest rank); zero without an entry.
    pub fn quantile(&self, part: f64) -> TimeDelta {
        let rank = (self.delays.len() as f64 * part).ceil() as usize;
        self.delays
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
