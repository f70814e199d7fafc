//! What happens to a subscription, step by step.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Savepoint, params};

use super::super::Error;
use super::super::codec::{from_json, millis};
use super::by_id;
use super::pace::resume;
use crate::model::{FeedInfo, Source};
use crate::websub::{self, Mode, State, Subscription};

/// What the newest document offers, against what there is.
pub(in crate::store) fn offered(
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
            .is_some_and(|offer| offer.topic == topic && offer.hubs.contains(&hub));
        if same {
            return Ok(());
        }
        leave(step, id, now)?;
    }
    if let Some(offer) = wanted {
        step.execute(
            "INSERT INTO push (source, hub, topic, token, secret, state, action_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, 'wanted', ?6)",
            params![
                key,
                offer.hubs[0],
                offer.topic,
                websub::fresh_secret().expose(),
                websub::fresh_secret().expose(),
                millis(now)
            ],
        )?;
    }
    Ok(())
}

/// A subscription is not wanted any more: a hub that may know of it is told.
pub(super) fn leave(step: &Savepoint<'_>, id: i64, now: DateTime<Utc>) -> Result<(), Error> {
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

pub(super) fn forget(step: &Savepoint<'_>, id: i64) -> Result<(), Error> {
    step.execute("DELETE FROM push WHERE id = ?1", [id])?;
    Ok(())
}

/// See [`super::super::Store::asking_hub`].
pub(super) fn ask(
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
pub(super) fn failed(
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
    let other = match state {
        State::Wanted if failures.is_multiple_of(websub::PATIENCE) => {
            another_hub(step, subscription)?
        }
        _ => None,
    };
    step.execute(
        "UPDATE push SET state = ?2, asked_at_ms = NULL, failures = ?3, error = ?4, action_at_ms = ?5, hub = ?6
         WHERE id = ?1",
        params![
            subscription.id,
            state.name(),
            failures,
            error,
            millis(websub::retry_at(now, failures, wish)),
            other.unwrap_or_else(|| subscription.hub.clone()),
        ],
    )?;
    resume(step, subscription.source, now)
}

/// The hub to try in place of one that fails; `None`: the feed names no other.
fn another_hub(step: &Savepoint<'_>, subscription: &Subscription) -> Result<Option<String>, Error> {
    let info: Option<String> = step
        .prepare_cached("SELECT info FROM sources WHERE id = ?1")?
        .query_row([subscription.source], |row| row.get(0))?;
    let info: Option<FeedInfo> = info.map(|info| from_json("feed", &info)).transpose()?;
    let offer = info.and_then(|info| websub::offer(&info.hub_urls, info.self_url.as_deref()));
    Ok(offer.map(|offer| offer.after(&subscription.hub).to_owned()))
}
