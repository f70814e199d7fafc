//! Places that asked for quiet, beyond the life of a process.

use chrono::{DateTime, Utc};
use rusqlite::{Savepoint, TransactionBehavior, params};

use super::codec::{instant, millis};
use super::{Error, Store};
use crate::model::Report;
use crate::schedule;

/// Sources that waited for the end of a quiet come back over the time that so many take.
const CROWD: usize = 300;

impl Store {
    /// Remembers who wants quiet until when; what is over by `now` is forgotten.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn hold_off(
        &self,
        places: Vec<(String, DateTime<Utc>)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute("DELETE FROM quiet WHERE until_at_ms <= ?1", [millis(now)])?;
            for (place, until) in places {
                tx.execute(
                    "INSERT INTO quiet (place, until_at_ms) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET until_at_ms = max(until_at_ms, excluded.until_at_ms)",
                    params![place, millis(until)],
                )?;
            }
            tx.commit()?;
            Ok(())
        })
        .await
    }

    /// Who wants quiet, and until when.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn held_off(&self) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
        self.read(|connection| {
            let places = connection
                .prepare_cached("SELECT place, until_at_ms FROM quiet")?
                .query_map([], |row| Ok((row.get(0)?, instant(row.get(1)?))))?
                .collect::<Result<_, _>>()?;
            Ok(places)
        })
    }
}

/// A source that was not asked waits for the end of the quiet; nothing else of it changes.
pub(super) fn put_off(
    tx: &Savepoint<'_>,
    key: i64,
    until: DateTime<Utc>,
    report: Report,
) -> Result<Report, Error> {
    let at = until + schedule::spread(&report.source, CROWD, std::time::Duration::MAX);
    let why = format!(
        "its host wants quiet until {} UTC",
        until.format("%Y-%m-%d %H:%M")
    );
    let next_due: Option<i64> = tx
        .prepare_cached(
            "UPDATE schedule SET due_at_ms = max(due_at_ms, ?2), held_until_at_ms = ?3, leased_until_at_ms = NULL,
             due_why = iif(due_at_ms < ?2, ?4, due_why) WHERE source = ?1 RETURNING due_at_ms",
        )?
        .query_row(params![key, millis(at), millis(until), why], |row| row.get(0))?;
    Ok(Report {
        outcome: "held_off",
        error: Some(format!("not polled: {why}")),
        next_due: next_due.map(instant),
        ..report
    })
}
