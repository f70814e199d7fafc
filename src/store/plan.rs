//! What a pass would poll, and why; nothing is written.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::Connection;

use super::claims::{EDITED, Row, matches, rows};
use super::codec::{millis, optional_instant};
use super::{Error, Scope, Store};
use crate::model::Source;

/// What a pass would do with one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Configured id.
    pub source: String,
    /// It would be polled.
    pub polled: bool,
    /// Why, or why not, for people.
    pub why: String,
}

impl Store {
    /// What a pass over a scope would do with each configured source, in the order of the configuration; of a scope of
    /// names only with those.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn plan(
        &self,
        sources: &[Arc<Source>],
        scope: &Scope,
        now: DateTime<Utc>,
    ) -> Result<Vec<Planned>, Error> {
        self.read(|connection| {
            let rows = rows(connection)?;
            let mut planned = Vec::new();
            for (source, row) in sources.iter().zip(matches(sources, &rows)) {
                if !scope.may_hold(&source.id) {
                    continue;
                }
                let state = row.map(|row| state(connection, row, source, now));
                planned.push(plan(source, state.transpose()?.as_ref(), scope, now));
            }
            Ok(planned)
        })
    }
}

/// What a pass would do with each source when there is no store yet.
pub fn plan_without_store(
    sources: &[Arc<Source>],
    scope: &Scope,
    now: DateTime<Utc>,
) -> Vec<Planned> {
    sources
        .iter()
        .filter(|source| scope.may_hold(&source.id))
        .map(|source| plan(source, None, scope, now))
        .collect()
}

impl Scope {
    fn may_hold(&self, id: &str) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|name| name == id),
            _ => true,
        }
    }
}

/// The part of a row of `schedule` that decides.
struct State {
    due_at: Option<DateTime<Utc>>,
    why: String,
    polled_before: bool,
    held_until: Option<DateTime<Utc>>,
    leased: bool,
}

fn state(
    connection: &Connection,
    row: &Row,
    source: &Source,
    now: DateTime<Utc>,
) -> Result<State, Error> {
    let mut state = connection
        .prepare_cached(
            "SELECT due_at_ms, due_why, last_polled_at_ms IS NOT NULL, held_until_at_ms, coalesce(leased_until_at_ms > ?2, 0)
             FROM schedule WHERE source = ?1",
        )?
        .query_row([row.key, millis(now)], |row| {
            Ok(State {
                due_at: optional_instant(row, 0)?,
                why: row.get(1)?,
                polled_before: row.get(2)?,
                held_until: optional_instant(row, 3)?,
                leased: row.get(4)?,
            })
        })?;
    if row.is_edited(source) {
        state.due_at = Some(now);
        state.why = EDITED.to_owned();
    }
    Ok(state)
}

fn plan(source: &Source, state: Option<&State>, scope: &Scope, now: DateTime<Utc>) -> Planned {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let named = matches!(scope, Scope::Named(_));
    let held = state
        .and_then(|state| state.held_until)
        .filter(|until| *until > now);
    let (polled, why) = match (state, scope) {
        _ if let Some(until) = held => (
            false,
            format!("the origin asked to wait until {}", time(until)),
        ),
        (Some(State { leased: true, .. }), _) => (false, "it is being polled".to_owned()),
        _ if named => (true, "named".to_owned()),
        _ if source.paused => (false, "paused".to_owned()),
        (
            Some(State {
                due_at: None, why, ..
            }),
            _,
        ) => (false, why.clone()),
        (_, Scope::All) => (true, "all are polled".to_owned()),
        (
            None
            | Some(State {
                polled_before: false,
                ..
            }),
            _,
        ) => (true, "never polled".to_owned()),
        (
            Some(State {
                due_at: Some(at),
                why,
                ..
            }),
            _,
        ) if *at <= now => (true, format!("due since {} ({why})", time(*at))),
        (
            Some(State {
                due_at: Some(at),
                why,
                ..
            }),
            _,
        ) => (false, format!("due at {} ({why})", time(*at))),
    };
    Planned {
        source: source.id.clone(),
        polled,
        why,
    }
}
