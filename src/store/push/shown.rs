//! How a source is pushed, for people and programs.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

use super::super::Error;
use super::super::codec::optional_instant;
use crate::model::Source;
use crate::websub::State;

/// How a source is pushed. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PushState {
    /// `wanted`, `asked`, `live` or `denied`.
    pub state: &'static str,
    /// URL of the hub, as it may be shown.
    pub hub: String,
    /// End of the lease; `None`: never granted.
    pub until: Option<DateTime<Utc>>,
    /// When the hub is asked next; `None`: never by itself.
    pub next_request: Option<DateTime<Utc>>,
    /// Requests in a row that led to nothing.
    pub failures: u64,
    /// The last failure, or the hub's reason; `None`: none.
    pub error: Option<String>,
    /// Documents that were taken.
    pub delivered: u64,
    /// The last of them.
    pub last_delivery: Option<DateTime<Utc>>,
    /// A poll found what was not pushed, and nothing was pushed since.
    pub missed: Option<DateTime<Utc>>,
    /// Documents that were not taken.
    pub ignored: u64,
    /// Why the last of them was not.
    pub ignored_why: Option<String>,
}

impl PushState {
    /// The same for people.
    pub fn words(&self, now: DateTime<Utc>) -> String {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let error = self.error.as_deref().unwrap_or("no reason is known");
        let mut words = match (self.state, self.until) {
            ("live", Some(until)) if until > now => format!("subscribed until {}", time(until)),
            ("live", _) => "the lease ran out; to be renewed".to_owned(),
            ("denied", _) => format!("denied: {error}"),
            ("asked", _) => "pending: the hub has not verified the request yet".to_owned(),
            _ => "pending: the hub is to be asked".to_owned(),
        };
        words.push_str(&format!(" ({})", self.hub));
        if self.failures > 0 {
            let next = self.next_request.map_or_else(|| "never".to_owned(), time);
            words.push_str(&format!(
                "; {} requests in a row failed: {error}; again at {next}",
                self.failures
            ));
        }
        match self.last_delivery {
            Some(at) => words.push_str(&format!("; {} pushed, last {}", self.delivered, time(at))),
            None if self.state == "live" => words.push_str("; nothing pushed yet"),
            None => {}
        }
        if let Some(at) = self.missed {
            words.push_str(&format!(
                "; a poll at {} found what was not pushed: polled as ever",
                time(at)
            ));
        }
        if let Some(why) = &self.ignored_why {
            words.push_str(&format!("; {} ignored, the last as {why}", self.ignored));
        }
        words
    }
}

/// How a source is pushed; `None`: no hub is wanted, or none offered.
pub(in crate::store) fn state(
    connection: &Connection,
    key: i64,
    source: &Source,
) -> Result<Option<PushState>, Error> {
    let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(connection
        .prepare_cached(
            "SELECT state, hub, lease_until_at_ms, action_at_ms, failures, error, delivered, delivered_at_ms,
             missed_at_ms, ignored, ignored_why FROM push WHERE source = ?1 AND state <> 'leaving'",
        )?
        .query_row([key], |row| {
            let state: String = row.get(0)?;
            Ok(PushState {
                state: State::named(&state).map_or("", State::name),
                hub: match source.private {
                    true => "(private)".to_owned(),
                    false => row.get(1)?,
                },
                until: optional_instant(row, 2)?,
                next_request: optional_instant(row, 3)?,
                failures: count(row, 4)?,
                error: row.get(5)?,
                delivered: count(row, 6)?,
                last_delivery: optional_instant(row, 7)?,
                missed: optional_instant(row, 8)?,
                ignored: count(row, 9)?,
                ignored_why: row.get(10)?,
            })
        })
        .optional()?)
}
