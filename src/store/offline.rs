//! While this machine is offline no source is blamed; afterwards all come back, spread.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Savepoint, TransactionBehavior, params};

use super::codec::{instant, millis};
use super::{Error, Store, events};
use crate::model::Report;

/// Why a source waits that could not be reached from here.
const OFFLINE: &str = "this machine was offline";
/// The class of such failures, and the outcome of such polls.
const CLASS: &str = "offline";
const PREFACE: &str = "this machine seems to be offline: ";
/// All are polled within this time once the network is back.
const LONGEST_RETURN: Duration = Duration::from_secs(600);

impl Store {
    /// Takes back a failure of each of these sources: it was ours.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn pardon(&self, keys: Vec<i64>, now: DateTime<Utc>) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let said = "this machine seems to be offline: nothing is polled until a source can be reached";
            events::note(&tx, now, None, "outage", said)?;
            for key in keys {
                tx.prepare_cached(
                    "UPDATE schedule SET failures = max(failures - 1, 0), due_at_ms = ?2, due_why = ?3, outcome = ?4,
                     error_class = ?4, error = ?5 || error WHERE source = ?1 AND due_at_ms IS NOT NULL",
                )?
                .execute(params![key, millis(now), OFFLINE, CLASS, PREFACE])?;
            }
            tx.commit()?;
            Ok(())
        })
        .await
    }

    /// The clock was set back by `by`: what was planned by the old time is planned by the new one.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn set_back(&self, by: TimeDelta) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE schedule SET due_at_ms = due_at_ms - ?1, leased_until_at_ms = leased_until_at_ms - ?1,
                 held_until_at_ms = held_until_at_ms - ?1",
                [by.num_milliseconds()],
            )?;
            Ok(())
        })
        .await
    }

    /// Spreads what waited, and all that is overdue by now, over the next minutes.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn back_online(&self, now: DateTime<Utc>) -> Result<(), Error> {
        self.note(now, "outage", "this machine is back online".to_owned())
            .await?;
        self.spread_overdue_within(now, LONGEST_RETURN).await
    }
}

/// A source that could not be reached from here is due at once, behind all others; that is seen, and not counted.
pub(super) fn excuse(
    tx: &Savepoint<'_>,
    key: i64,
    at: DateTime<Utc>,
    cause: &str,
    report: Report,
) -> Result<Report, Error> {
    let error = format!("{PREFACE}{cause}");
    let next_due: Option<i64> = tx
        .prepare_cached(
            "UPDATE schedule SET due_at_ms = iif(due_at_ms IS NULL, NULL, ?2), due_why = ?3, leased_until_at_ms = NULL,
             outcome = ?4, error_class = ?4, error = ?5, error_since_at_ms = coalesce(error_since_at_ms, ?2)
             WHERE source = ?1 RETURNING due_at_ms",
        )?
        .query_row(params![key, millis(at), OFFLINE, CLASS, error], |row| row.get(0))?;
    Ok(Report {
        outcome: CLASS,
        error: Some(error),
        next_due: next_due.map(instant),
        ..report
    })
}
