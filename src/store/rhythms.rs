//! What the adaptive schedule has learned, and the entries it can be tried on.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Savepoint, params};

use super::codec::{instant, millis};
use super::{Error, Sources, Store};
use crate::model::{Cadence, Learned, Rule, Source};
use crate::schedule::{Price, Rhythm, price_due};

/// How far back [`Store::publications`] goes from the newest entry.
const PAST: TimeDelta = TimeDelta::days(90);

/// What a poll that ended at `now` and went well teaches; `dates` are those of its new entries. `first`: it was the first
/// to go well. `None` for a source of another rule, of which nothing is kept.
pub(super) fn learn(
    tx: &Savepoint<'_>,
    key: i64,
    source: &Source,
    dates: &[Option<DateTime<Utc>>],
    first: bool,
    now: DateTime<Utc>,
) -> Result<Option<Rhythm>, Error> {
    if !matches!(source.cadence.rule, Rule::Adaptive) {
        tx.prepare_cached("DELETE FROM rhythms WHERE source = ?1")?
            .execute([key])?;
        return Ok(None);
    }
    let rhythm = match rhythm(tx, key)? {
        Some(mut rhythm) => {
            rhythm.observe(dates, now);
            rhythm
        }
        None if first => Rhythm::seeded(&dates.iter().copied().flatten().collect::<Vec<_>>(), now),
        // Polled by another rule, or another release, before.
        None => Rhythm::seeded(&published(tx, key)?, now),
    };
    tx.prepare_cached(
        "INSERT INTO rhythms (source, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state",
    )?
    .execute(params![key, rhythm.to_bytes()])?;
    Ok(Some(rhythm))
}

/// What is learned of a source; `None`: nothing yet, or by a release that learned otherwise.
pub(super) fn rhythm(connection: &Connection, key: i64) -> Result<Option<Rhythm>, Error> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT state FROM rhythms WHERE source = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(bytes.and_then(|bytes| Rhythm::from_bytes(&bytes)))
}

/// Dates of the newest entries of a source that have one.
fn published(connection: &Connection, key: i64) -> Result<Vec<DateTime<Utc>>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT published_at_ms FROM entries WHERE source = ?1 AND published_at_ms IS NOT NULL
         ORDER BY published_at_ms DESC LIMIT 200",
    )?;
    let dates = statement.query_map([key], |row| row.get(0).map(instant))?;
    Ok(dates.collect::<Result<_, _>>()?)
}

/// A poll of an adaptive source is spent, and the next one has its price.
pub(super) fn spend(
    tx: &Savepoint<'_>,
    cadence: &Cadence,
    now: DateTime<Utc>,
) -> Result<f64, Error> {
    let Some(budget) = cadence.budget else {
        return Ok(price_due(cadence, None));
    };
    let mut price = match price(tx)? {
        Some(price) => price,
        None => Price::first(budget, polled_sources(tx)?, now),
    };
    price.spend(budget, now);
    tx.prepare_cached(
        "INSERT INTO price (id, minutes, polls_per_hour, since_at_ms, spent, debt_hours) VALUES (1, ?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET minutes = ?1, polls_per_hour = ?2, since_at_ms = ?3, spent = ?4, debt_hours = ?5",
    )?
    .execute(params![
        price.minutes,
        price.polls_per_hour,
        millis(price.since),
        price.spent,
        price.debt_hours,
    ])?;
    Ok(price_due(cadence, Some(&price)))
}

/// The price as it stands, and the rhythm: what decides about the next poll.
pub(super) fn learned(
    connection: &Connection,
    key: i64,
    cadence: &Cadence,
) -> Result<Option<Learned>, Error> {
    let Some(rhythm) = rhythm(connection, key)?.filter(|_| matches!(cadence.rule, Rule::Adaptive))
    else {
        return Ok(None);
    };
    let price = price_due(cadence, price(connection)?.as_ref());
    Ok(Some(Learned { rhythm, price }))
}

fn price(connection: &Connection) -> Result<Option<Price>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT minutes, polls_per_hour, since_at_ms, spent, debt_hours FROM price WHERE id = 1",
    )?;
    let row = statement.query_row([], |row| {
        Ok(Price {
            minutes: row.get(0)?,
            polls_per_hour: row.get(1)?,
            since: instant(row.get(2)?),
            spent: row.get(3)?,
            debt_hours: row.get(4)?,
        })
    });
    Ok(row.optional()?)
}

fn polled_sources(connection: &Connection) -> Result<usize, Error> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM sources WHERE active = 1 AND paused = 0")?
        .query_row([], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(1))
}

impl Store {
    /// When the entries of each source were published, in order, of the last 90 days before the newest; a source without
    /// dated entries has none.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn publications(
        &self,
        sources: &Sources,
    ) -> Result<BTreeMap<String, Vec<DateTime<Utc>>>, Error> {
        self.read(|connection| {
            let mut of: BTreeMap<String, Vec<DateTime<Utc>>> = sources
                .iter()
                .map(|(_, source)| (source.id.clone(), Vec::new()))
                .collect();
            let mut statement = connection.prepare_cached(
                "SELECT source, published_at_ms FROM entries
                 WHERE published_at_ms > (SELECT max(published_at_ms) FROM entries) - ?1",
            )?;
            let mut rows = statement.query([PAST.num_milliseconds()])?;
            while let Some(row) = rows.next()? {
                let source = sources.source(row.get(0)?);
                if let Some(dates) = source.and_then(|source| of.get_mut(&source.id)) {
                    dates.push(instant(row.get(1)?));
                }
            }
            of.values_mut().for_each(|dates| dates.sort_unstable());
            Ok(of)
        })
    }
}
