//! What a subscription does to the schedule: polls are seldom while a hub pushes, and as ever once there is a doubt.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, Savepoint, params};

use super::super::Error;
use super::super::codec::{millis, optional_instant};
use crate::model::{Report, Source};
use crate::schedule;

/// Why a source is polled seldom.
pub(in crate::store) const FALLBACK: &str =
    "a hub pushes its news: polled once a day in case it does not";
/// Why it is polled as ever.
const RESUMED: &str = "its hub pushes no more";
/// Longest wait between polls while a hub pushes.
const FALLBACK_WAIT: Duration = Duration::from_secs(86_400);
/// Sources that lose one hub at once come back over the time that so many take.
const CROWD: usize = 300;

/// Until when a poll at `at` need not be followed by another: a day, the source's `max` or the end of the lease, while
/// a hub pushes and gives no reason to doubt it. `None`: no hub does.
pub(in crate::store) fn floor(
    step: &Savepoint<'_>,
    key: i64,
    source: &Source,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    // `state <> 'leaving'` is what the index on `source` needs.
    let until = step
        .prepare_cached(
            "SELECT lease_until_at_ms FROM push WHERE source = ?1 AND state <> 'leaving' AND state = 'live' AND lease_until_at_ms > ?2
             AND failures = 0 AND missed_at_ms IS NULL",
        )?
        .query_row(params![key, millis(at)], |row| optional_instant(row, 0))
        .optional()?
        .flatten();
    let wait = FALLBACK_WAIT.min(source.cadence.max);
    let wait = TimeDelta::from_std(wait).unwrap_or_default();
    Ok(until.map(|until| until.min(at + wait)))
}

/// A poll found something: was it pushed? What is older than the subscription could not be, so only polls count that
/// follow another one while it was live.
pub(in crate::store) fn polled(
    step: &Savepoint<'_>,
    key: i64,
    report: &Report,
    last_ok_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    if report.new + report.merged == 0 {
        return Ok(());
    }
    step.prepare_cached(
        "UPDATE push SET missed_at_ms = ?2 WHERE source = ?1 AND state <> 'leaving' AND state = 'live'
         AND since_at_ms < ?3",
    )?
    .execute(params![key, millis(at), last_ok_at.map(millis)])?;
    Ok(())
}

/// A document was taken.
pub(in crate::store) fn delivered(
    step: &Savepoint<'_>,
    subscription: i64,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    step.prepare_cached(
        "UPDATE push SET delivered = delivered + 1, delivered_at_ms = ?2, missed_at_ms = NULL WHERE id = ?1",
    )?
    .execute(params![subscription, millis(at)])?;
    Ok(())
}

/// A source that was polled seldom is polled as ever: soon, as something may have been missed.
pub(super) fn resume(step: &Savepoint<'_>, source: i64, now: DateTime<Utc>) -> Result<(), Error> {
    let name: String = step
        .prepare_cached("SELECT name FROM sources WHERE id = ?1")?
        .query_row([source], |row| row.get(0))?;
    let at = now + schedule::spread(&name, CROWD, Duration::MAX);
    step.prepare_cached(
        "UPDATE schedule SET due_at_ms = min(due_at_ms, ?2), due_why = ?3 WHERE source = ?1 AND due_why = ?4",
    )?
    .execute(params![source, millis(at), RESUMED, FALLBACK])?;
    Ok(())
}
