//! What the operator should know: one row an event.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::codec::{instant, millis};
use super::polls::GONE_CONFIRMED_AFTER;
use super::{Error, Store, health};
use crate::model::Report;

/// The same is not said again within this time.
const SAID: TimeDelta = TimeDelta::hours(24);

/// Failures in a row that are news: one alone passes by itself more often than not.
const FAILING: u32 = 3;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Row of the event, given once.
    pub key: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Key of the source; `None`: it concerns no single one.
    pub source: Option<i64>,
    /// `failing`, `recovered`, `gone`, `moved`, `re-keyed`, `repaired`, `frozen`, `outage`, `configuration` (an edit is not
    /// used) or `reloaded` (it is, after that).
    pub kind: String,
    /// For people, with the cure where there is one.
    pub text: String,
}

impl Store {
    /// The newest events, the newest first.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn events(&self, most: usize) -> Result<Vec<Event>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at_ms, source, kind, text FROM events ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok(Event {
                    key: row.get(0)?,
                    at: instant(row.get(1)?),
                    source: row.get(2)?,
                    kind: row.get(3)?,
                    text: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Writes down an event that concerns no single source.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn note(
        &self,
        at: DateTime<Utc>,
        kind: &'static str,
        text: String,
    ) -> Result<(), Error> {
        self.write(move |connection| note(connection, at, None, kind, &text).map(drop))
            .await
    }
}

/// Writes an event down. `source` is `sources.id`, `None` when it concerns no single one. Returns whether it was news:
/// what was said of the source within a day is not said again.
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

/// How a source stands after a poll.
pub(super) struct Standing {
    /// Failed polls in a row.
    pub failures: u32,
    /// Of the first of them.
    pub since: Option<DateTime<Utc>>,
    /// Of the first 410.
    pub gone_at: Option<DateTime<Utc>>,
}

/// Notes what a poll changed: that the source is gone, moved, failing or back.
pub(super) fn polled(
    tx: &Connection,
    key: i64,
    at: DateTime<Utc>,
    before: &Standing,
    after: &Standing,
    report: &Report,
) -> Result<(), Error> {
    let say = |kind: &str, text: &str| note(tx, at, Some(key), kind, text).map(drop);
    if let Some(moved) = report.moved {
        say("moved", moved)?;
    }
    let error = || {
        let error = report.error.as_deref().unwrap_or("no reason is known");
        match health::cure(report.outcome) {
            Some(cure) => format!("{error}. What helps: {cure}"),
            None => error.to_owned(),
        }
    };
    let is_confirmed = |at: DateTime<Utc>, gone: &Standing| {
        gone.gone_at
            .is_some_and(|since| at - since >= GONE_CONFIRMED_AFTER)
    };
    match (before.gone_at, after.gone_at) {
        (None, Some(_)) => say(
            "gone",
            &format!("{}. It is asked once more after a day", error()),
        )?,
        (Some(_), Some(_)) if is_confirmed(at, after) => {
            say(
                "gone",
                "still gone after a day: it is polled no more, but by name",
            )?;
        }
        (_, None) if before.failures < FAILING && after.failures >= FAILING => {
            let since = after.since.unwrap_or(at);
            say(
                "failing",
                &format!("failing since {}: {}", day(since), error()),
            )?;
        }
        (_, None)
            if after.failures == 0 && (before.failures >= FAILING || before.gone_at.is_some()) =>
        {
            let since = before.since.map(|since| format!(" since {}", day(since)));
            let since = since.unwrap_or_default();
            say(
                "recovered",
                &format!(
                    "answers again, after {} failed polls{since}",
                    before.failures
                ),
            )?;
        }
        _ => {}
    }
    Ok(())
}

/// Notes that a document has to be repaired, when the one before it had not.
pub(super) fn repaired(
    tx: &Connection,
    at: DateTime<Utc>,
    key: i64,
    repairs: &[String],
) -> Result<(), Error> {
    let is_new: bool = tx
        .prepare_cached("SELECT recovered IS NULL FROM sources WHERE id = ?1")?
        .query_row([key], |row| row.get(0))?;
    if is_new {
        let text = format!(
            "the document has to be repaired to be read ({}): the publisher may want to know",
            repairs.join(", ")
        );
        note(tx, at, Some(key), "repaired", &text)?;
    }
    Ok(())
}

fn day(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
