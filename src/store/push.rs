//! Subscriptions at hubs (WebSub): what the store remembers of them, and what they do to the schedule.
//!
//! What a hub's words mean and how long to wait is decided in [`crate::websub`].

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Savepoint, TransactionBehavior, params};
use serde::Serialize;

use super::claims::load;
use super::codec::{from_json, millis, optional_instant};
use super::{Error, Sources, Store};
use crate::model::{Due, FeedInfo, Report, Secret, Source};
use crate::schedule;
use crate::websub::{self, Mode, State, Subscription};

/// Why a source is polled seldom.
pub(super) const FALLBACK: &str = "a hub pushes its news: polled once a day in case it does not";
/// Why it is polled as ever.
const RESUMED: &str = "its hub pushes no more";
/// Longest wait between polls while a hub pushes.
const FALLBACK_WAIT: Duration = Duration::from_secs(86_400);
/// Sources that lose one hub at once come back over the time that so many take.
const CROWD: usize = 300;

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
                .prepare_cached("SELECT min(action_at_ms) FROM push")?
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

/// What the newest document offers, against what there is.
pub(super) fn offered(
    step: &Savepoint<'_>,
    key: i64,
    source: &Source,
    info: &FeedInfo,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let wanted = match source.websub && !source.paused {
        true => websub::offer(&info.hub_urls, info.self_url.as_deref()),
        false => None,
    };
    let there: Option<(i64, String, String)> = step
        .prepare_cached("SELECT id, hub, topic FROM push WHERE source = ?1 AND state <> 'leaving'")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((id, hub, topic)) = there {
        let same = wanted
            .as_ref()
            .is_some_and(|(wanted_hub, wanted_topic)| (wanted_hub, wanted_topic) == (&hub, &topic));
        if same {
            return Ok(());
        }
        leave(step, id, now)?;
    }
    if let Some((hub, topic)) = wanted {
        step.execute(
            "INSERT INTO push (source, hub, topic, token, secret, state, action_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, 'wanted', ?6)",
            params![
                key,
                hub,
                topic,
                websub::fresh_secret().expose(),
                websub::fresh_secret().expose(),
                millis(now)
            ],
        )?;
    }
    Ok(())
}

/// A subscription is not wanted any more: a hub that may know of it is told.
fn leave(step: &Savepoint<'_>, id: i64, now: DateTime<Utc>) -> Result<(), Error> {
    let Some(subscription) = by_id(step, id)? else {
        return Ok(());
    };
    if matches!(subscription.state, State::Wanted | State::Denied) && !subscription.asked {
        return forget(step, id);
    }
    step.execute(
        "UPDATE push SET state = 'leaving', asked_at_ms = NULL, failures = 0, action_at_ms = ?2, since_at_ms = NULL
         WHERE id = ?1",
        params![id, millis(now)],
    )?;
    resume(step, subscription.source, now)
}

fn forget(step: &Savepoint<'_>, id: i64) -> Result<(), Error> {
    step.execute("DELETE FROM push WHERE id = ?1", [id])?;
    Ok(())
}

fn ask(
    step: &Savepoint<'_>,
    id: i64,
    base: &str,
    now: DateTime<Utc>,
) -> Result<Option<Subscription>, Error> {
    let Some(mut subscription) = by_id(step, id)? else {
        return Ok(None);
    };
    if subscription.asked {
        let error = "the hub took the request and never verified it";
        failed(step, &subscription, error, None, now)?;
        return Ok(None);
    }
    if subscription.mode() == Mode::Subscribe {
        let over = subscription.lease_until.is_none_or(|until| until <= now);
        if subscription.state != State::Live || over {
            subscription.state = State::Asked;
        }
        if over {
            resume(step, subscription.source, now)?;
        }
    }
    subscription.asked = true;
    step.execute(
        "UPDATE push SET state = ?2, asked_at_ms = ?3, action_at_ms = ?4,
         since_at_ms = iif(?2 = 'live', since_at_ms, NULL), base = ?5 WHERE id = ?1",
        params![
            id,
            subscription.state.name(),
            millis(now),
            millis(websub::verify_by(now)),
            base
        ],
    )?;
    Ok(Some(subscription))
}

/// A request led to nothing: again later, but the end of the lease is not missed. Polls are as ever until a request
/// succeeds.
fn failed(
    step: &Savepoint<'_>,
    subscription: &Subscription,
    error: &str,
    wish: Option<Duration>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let failures = subscription.failures.saturating_add(1);
    if subscription.mode() == Mode::Unsubscribe && failures >= websub::GOODBYES {
        return forget(step, subscription.id);
    }
    let state = match subscription.state {
        State::Asked => State::Wanted,
        state => state,
    };
    step.execute(
        "UPDATE push SET state = ?2, asked_at_ms = NULL, failures = ?3, error = ?4, action_at_ms = ?5 WHERE id = ?1",
        params![
            subscription.id,
            state.name(),
            failures,
            error,
            millis(websub::retry_at(now, failures, wish))
        ],
    )?;
    resume(step, subscription.source, now)
}

/// A source that was polled seldom is polled as ever: soon, as something may have been missed.
fn resume(step: &Savepoint<'_>, source: i64, now: DateTime<Utc>) -> Result<(), Error> {
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

/// Until when a poll at `at` need not be followed by another: a day, the source's `max` or the end of the lease, while
/// a hub pushes and gives no reason to doubt it. `None`: no hub does.
pub(super) fn floor(
    step: &Savepoint<'_>,
    key: i64,
    source: &Source,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let until = step
        .prepare_cached(
            "SELECT lease_until_at_ms FROM push WHERE source = ?1 AND state = 'live' AND lease_until_at_ms > ?2
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
pub(super) fn polled(
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
        "UPDATE push SET missed_at_ms = ?2 WHERE source = ?1 AND state = 'live' AND since_at_ms < ?3",
    )?
    .execute(params![key, millis(at), last_ok_at.map(millis)])?;
    Ok(())
}

/// A document was taken.
pub(super) fn delivered(
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

/// How a source is pushed; `None`: no hub is wanted, or none offered.
pub(super) fn state(
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
