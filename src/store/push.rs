//! Subscriptions at hubs (WebSub): what the store remembers of them, and what they do to the schedule.
//!
//! What a hub's words mean and how long to wait is decided in [`crate::websub`].

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Savepoint, TransactionBehavior, params};

use steps::{ask, failed, forget, leave};

use super::claims::load;
use super::codec::{from_json, millis, optional_instant};
use super::{Error, Sources, Store};
use crate::model::{Due, FeedInfo, Secret, Source};
use crate::websub::{self, State, Subscription};

use pace::resume;
pub(super) use pace::{FALLBACK, delivered, floor, polled};
pub use shown::PushState;
pub(super) use shown::state;
pub(super) use steps::offered;

mod pace;
mod shown;
mod steps;

impl Store {
    /// Brings the subscriptions in line with the configuration: what is not wanted any more is left, what is wanted and
    /// offered by the newest document is asked for. A hub that knows callbacks below another `base` (`server.public_url`) is
    /// asked anew.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn settle_push(
        &self,
        sources: &Sources,
        base: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let base = base.to_owned();
        let sources: Vec<(i64, Arc<Source>)> = sources
            .iter()
            .map(|(key, source)| (key, Arc::clone(source)))
            .collect();
        self.write(move |connection| {
            let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let step = tx.savepoint()?;
            let unwanted: Vec<i64> = step
                .prepare(
                    "SELECT p.id FROM push p JOIN sources s ON s.id = p.source
                     WHERE p.state <> 'leaving' AND (NOT s.active OR s.paused)",
                )?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for id in unwanted {
                leave(&step, id, now)?;
            }
            let elsewhere: Vec<i64> = step
                .prepare(
                    "UPDATE push SET state = 'wanted', asked_at_ms = NULL, since_at_ms = NULL, lease_until_at_ms = NULL,
                     action_at_ms = ?2 WHERE state IN ('asked', 'live') AND base <> ?1 RETURNING source",
                )?
                .query_map(params![base, millis(now)], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for source in elsewhere {
                resume(&step, source, now)?;
            }
            for (key, source) in sources {
                let info: Option<String> = step
                    .prepare_cached("SELECT info FROM sources WHERE id = ?1")?
                    .query_row([key], |row| row.get(0))?;
                if let Some(info) = info {
                    let info: FeedInfo = from_json("feed", &info)?;
                    offered(&step, key, &source, &info, now)?;
                }
            }
            step.commit()?;
            tx.commit()?;
            Ok(())
        })
        .await
    }

    /// Subscriptions about which something is to be done now. `limit` bounds how many.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn subscriptions_due(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Subscription>, Error> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM push WHERE action_at_ms <= ?1 ORDER BY action_at_ms LIMIT ?2"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![millis(now), limit])?;
            let mut due = Vec::new();
            while let Some(row) = rows.next()? {
                due.push(subscription(row)?);
            }
            Ok(due)
        })
    }

    /// When something is to be done about a subscription; `None`: never.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn next_subscription(&self) -> Result<Option<DateTime<Utc>>, Error> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT min(action_at_ms) FROM push WHERE action_at_ms IS NOT NULL",
                )?
                .query_row([], |row| optional_instant(row, 0))?)
        })
    }

    /// The subscription of an id; `None`: there is none.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn subscription(&self, id: i64) -> Result<Option<Subscription>, Error> {
        self.read(|connection| by_id(connection, id))
    }

    /// A request is about to go to the hub: its verification, which may come before its answer, is expected from now
    /// on. What was not verified in time counts as a failure, and a lease that ran out ends the push; then nothing is to
    /// be sent yet, and the answer is `None`.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub async fn asking_hub(
        &self,
        id: i64,
        base: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Subscription>, Error> {
        let base = base.to_owned();
        self.write(move |connection| {
            let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let step = tx.savepoint()?;
            let asked = ask(&step, id, &base, now)?;
            step.commit()?;
            tx.commit()?;
            Ok(asked)
        })
        .await
    }

    /// The hub did not take a request.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub async fn hub_failed(
        &self,
        id: i64,
        error: String,
        wish: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.step(move |step| match by_id(step, id)? {
            Some(subscription) => failed(step, &subscription, &error, wish, now),
            None => Ok(()),
        })
        .await
    }

    /// The hub verified a subscription: it is live for so long.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn verified(
        &self,
        id: i64,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let until = TimeDelta::from_std(lease).map_or(now, |lease| now + lease);
        let renew_at = websub::renew_at(now, lease, id);
        self.step(move |step| {
            step.execute(
                "UPDATE push SET state = 'live', asked_at_ms = NULL, failures = 0, error = NULL, action_at_ms = ?2,
                 lease_until_at_ms = ?3, since_at_ms = iif(state = 'live', since_at_ms, ?4)
                 WHERE id = ?1 AND state IN ('asked', 'live')",
                params![id, millis(renew_at), millis(until), millis(now)],
            )?;
            Ok(())
        })
        .await
    }

    /// The hub says no; it is not asked again for this topic.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn denied(
        &self,
        id: i64,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let reason = reason.unwrap_or_else(|| "it gave no reason".to_owned());
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let reason: String = reason.chars().map(plain).take(REASON_CHARS).collect();
        self.step(move |step| {
            let source: Option<i64> = step
                .query_row(
                    "UPDATE push SET state = 'denied', asked_at_ms = NULL, action_at_ms = NULL, since_at_ms = NULL,
                     error = ?2 WHERE id = ?1 AND state <> 'leaving' RETURNING source",
                    params![id, reason],
                    |row| row.get(0),
                )
                .optional()?;
            source.map_or(Ok(()), |source| resume(step, source, now))
        })
        .await
    }

    /// The hub let us go.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn left(&self, id: i64) -> Result<(), Error> {
        self.step(move |step| forget(step, id)).await
    }

    /// A document that came for a subscription was not taken.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn ignored(&self, id: i64, why: String) -> Result<(), Error> {
        self.step(move |step| {
            step.execute(
                "UPDATE push SET ignored = ignored + 1, ignored_why = ?2 WHERE id = ?1",
                params![id, why],
            )?;
            Ok(())
        })
        .await
    }

    /// A source as its last poll left it, without a claim: for documents beside the polls. `None`: not configured.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn glance(&self, sources: &Sources, key: i64) -> Result<Option<Due>, Error> {
        let Some(source) = sources.source(key) else {
            return Ok(None);
        };
        self.read(|connection| load(connection, key, Arc::clone(source)).map(Some))
    }

    async fn step(
        &self,
        job: impl FnOnce(&Savepoint<'_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let step = tx.savepoint()?;
            job(&step)?;
            step.commit()?;
            tx.commit()?;
            Ok(())
        })
        .await
    }
}

/// Characters of a hub's reason that are kept.
const REASON_CHARS: usize = 200;

const COLUMNS: &str =
    "id, source, hub, topic, token, secret, state, asked_at_ms, failures, lease_until_at_ms";

fn subscription(row: &Row<'_>) -> Result<Subscription, Error> {
    let state: String = row.get(6)?;
    Ok(Subscription {
        id: row.get(0)?,
        source: row.get(1)?,
        hub: row.get(2)?,
        topic: row.get(3)?,
        token: Secret::new(row.get::<_, String>(4)?),
        secret: Secret::new(row.get::<_, String>(5)?),
        state: State::named(&state).ok_or(Error::Damaged {
            what: "subscription",
            reason: format!("there is no state {state:?}"),
        })?,
        asked: row.get::<_, Option<i64>>(7)?.is_some(),
        failures: row.get(8)?,
        lease_until: optional_instant(row, 9)?,
    })
}

fn by_id(connection: &Connection, id: i64) -> Result<Option<Subscription>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM push WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(subscription).transpose()
}
