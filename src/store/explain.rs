//! Everything that decides when one source is polled.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::codec::{from_json, instant};
use super::rhythms;
use super::{Error, SourceHealth, Sources, Store};
use crate::model::{FeedInfo, Learned, Signals};
use crate::schedule::learned_words;

/// A source, with what lies behind its next poll. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// How it is doing.
    #[serde(flatten)]
    pub health: SourceHealth,
    /// The publisher's hints in force.
    pub hints: Hints,
    /// Hubs that the feed names, used or not; none are shown of a private source.
    pub hub_urls: Vec<String>,
    /// What the adaptive schedule has learned; `None`: nothing yet, or another schedule.
    pub pace: Option<Pace>,
    /// Its polls can be conditional.
    pub conditional: bool,
    /// Polls in a row that were sent for good to one other address.
    pub moving_polls: u64,
    /// Its last polls, the newest first.
    pub polls: Vec<Poll>,
}

/// When a source publishes, and what a poll costs.
#[derive(Clone, Debug, Serialize)]
pub struct Pace {
    /// In words.
    pub learned: String,
    /// In the long run.
    pub entries_per_day: f64,
    /// Hours of the day in UTC with half as much again as an even share of the entries.
    pub busy_hours: Vec<u8>,
    /// Minutes of waiting of one entry that are worth a poll.
    pub price_minutes: f64,
}

/// What the publisher says about pace; lengths in seconds, `None`: not said.
#[derive(Clone, Debug, Serialize)]
pub struct Hints {
    /// Freshness of the last answer.
    pub max_age_seconds: Option<u64>,
    /// RSS `ttl`.
    pub ttl_seconds: Option<u64>,
    /// Syndication module.
    pub update_period_seconds: Option<u64>,
    /// Hours in UTC without polls.
    pub skip_hours: Vec<u8>,
    /// Days in UTC without polls, 0 is Monday.
    pub skip_days: Vec<u8>,
}

/// One poll of the past.
#[derive(Clone, Debug, Serialize)]
pub struct Poll {
    /// End of the response.
    pub at: DateTime<Utc>,
    /// Request to end of response.
    pub duration_ms: u64,
    /// `ok`, `not_modified`, `same_body`, `gone`, or the class of an error.
    pub outcome: String,
    /// New articles.
    pub new: u64,
    /// Entries whose content changed.
    pub revised: u64,
    /// Entries that joined another source's article.
    pub merged: u64,
    /// Bytes on the wire; `None`: no body.
    pub body_bytes: Option<u64>,
}

impl Store {
    /// What lies behind the next poll of a source; `None` when the store does not know it. `polls` bounds the list of
    /// past ones.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn explain(
        &self,
        sources: &Sources,
        id: &str,
        polls: u32,
    ) -> Result<Option<Explanation>, Error> {
        let one = sources.only(id);
        let Some((health, (key, source))) = self.health(&one)?.pop().zip(one.iter().next()) else {
            return Ok(None);
        };
        let private = source.private;
        self.read(|connection| {
            let (signals, conditional, moving_polls, info) = connection
                .prepare_cached(
                    "SELECT c.signals, s.validators_url IS NOT NULL, s.moving_polls, s.info
                     FROM sources s JOIN schedule c ON c.source = s.id WHERE s.id = ?1",
                )?
                .query_row([key], |row| {
                    let moving: i64 = row.get(2)?;
                    Ok((
                        row.get::<_, Option<String>>(0)?,
                        row.get(1)?,
                        moving.unsigned_abs(),
                        row.get::<_, Option<String>>(3)?,
                    ))
                })?;
            let info: Option<FeedInfo> = info.map(|text| from_json("feed", &text)).transpose()?;
            let signals: Option<Signals> = signals
                .map(|text| from_json("signals", &text))
                .transpose()?;
            let pace = rhythms::learned(connection, key, &source.cadence)?.map(pace);
            let polls = connection
                .prepare_cached(
                    "SELECT at_ms, took_ms, outcome, new, revised, merged, body_bytes FROM polls
                     WHERE source = ?1 ORDER BY id DESC LIMIT ?2",
                )?
                .query_map((key, polls), |row| {
                    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
                    Ok(Poll {
                        at: instant(row.get(0)?),
                        duration_ms: count(1)?,
                        outcome: row.get(2)?,
                        new: count(3)?,
                        revised: count(4)?,
                        merged: count(5)?,
                        body_bytes: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(Some(Explanation {
                health,
                hints: hints(signals.unwrap_or_default()),
                hub_urls: info
                    .filter(|_| !private)
                    .map_or_else(Vec::new, |info| info.hub_urls),
                pace,
                conditional,
                moving_polls,
                polls,
            }))
        })
    }
}

fn pace(learned: Learned) -> Pace {
    Pace {
        learned: learned_words(&learned.rhythm),
        entries_per_day: learned.rhythm.per_day(),
        busy_hours: learned.rhythm.busy_hours(),
        price_minutes: learned.price,
    }
}

fn hints(signals: Signals) -> Hints {
    let seconds = |length: Option<Duration>| length.map(|length| length.as_secs());
    Hints {
        max_age_seconds: seconds(signals.max_age),
        ttl_seconds: seconds(signals.ttl),
        update_period_seconds: seconds(signals.update_period),
        skip_hours: signals.skip_hours,
        skip_days: signals.skip_days,
    }
}
