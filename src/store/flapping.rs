//! An entry that changes back and forth is left alone for a while.

use chrono::TimeDelta;
use rusqlite::{Savepoint, params};

use super::articles::{Context, REVISIONS};
use super::codec::millis;
use super::{Error, events};
use crate::model::Candidate;

/// So many changes as revisions are kept within this time, and an entry is taken to flap between texts.
const FLAPPING_WITHIN: TimeDelta = TimeDelta::hours(24);

/// An entry that flaps between texts stays as it is once all its kept revisions are of the last 24 hours
/// (ARTICLES §2.4); it is said once a day.
pub(super) fn is_frozen(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
    entry: i64,
) -> Result<bool, Error> {
    let changes: i64 = tx
        .prepare_cached("SELECT count(*) FROM revisions WHERE entry = ?1 AND replaced_at_ms > ?2")?
        .query_row(
            params![entry, millis(context.now - FLAPPING_WITHIN)],
            |row| row.get(0),
        )?;
    if changes < REVISIONS {
        return Ok(false);
    }
    let text = format!(
        "the entry {:?} changed {REVISIONS} times within a day: it stays as it is until it is calm",
        candidate.entry.id
    );
    if events::note(tx, context.now, Some(context.source), "frozen", &text)? {
        tracing::warn!(source.id = context.name, "{text}");
    }
    Ok(true)
}
