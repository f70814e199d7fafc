//! What the operator should know and no listing shows: one row an event.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Error;
use super::codec::millis;

/// The same is not said again within this time.
const SAID: TimeDelta = TimeDelta::hours(24);

/// Writes an event down: its kind (`frozen`, `re-keyed`), and words for people. `source` is `sources.id`, `None` when it
/// concerns no single one. Returns whether it was news: what was said of the source within a day is not said again.
pub(super) fn note(
    tx: &Connection,
    at: DateTime<Utc>,
    source: Option<i64>,
    kind: &str,
    text: &str,
) -> Result<bool, Error> {
    let written = tx
        .prepare_cached(
            "INSERT INTO events (at_ms, source, kind, text) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
             (SELECT 1 FROM events WHERE source IS ?2 AND kind = ?3 AND at_ms > ?5 AND text = ?4)",
        )?
        .execute(params![millis(at), source, kind, text, millis(at - SAID)])?;
    Ok(written > 0)
}
