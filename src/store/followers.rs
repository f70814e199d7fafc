//! Who is told when an output changes: subscribers of our hub, and hubs of the configuration.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Row, TransactionBehavior, params};

use super::codec::millis;
use super::{Error, Store};
use crate::model::Secret;
use crate::websub::hub::{Wish, patience};

/// Somebody is told of the same document this seldom at most: many changes are one.
const GAP: Duration = Duration::from_secs(30);

/// Somebody who is to be told.
#[derive(Clone, Debug)]
pub struct Follower {
    /// `followers.id`.
    pub id: i64,
    /// Path of the document below the base.
    pub topic: String,
    /// Callback of a subscriber, or URL of a hub.
    pub address: String,
    /// A hub, which fetches the document itself.
    pub is_hub: bool,
    /// Signs what is delivered.
    pub secret: Option<Secret>,
}

/// How telling went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It took it.
    Yes,
    /// It wants no more (410).
    NoMore,
    /// It could not be told.
    Failed,
}

impl Store {
    /// Brings the hubs that are told in line with the configuration: pairs of a topic and a hub. Subscribers of topics
    /// that are not `open` any more are let go.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn settle_followers(
        &self,
        hubs: Vec<(String, String)>,
        open: Vec<String>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let wanted: Vec<String> = { hubs.iter() }
                .map(|(topic, hub)| format!("{topic} {hub}"))
                .collect();
            tx.execute(
                "DELETE FROM followers WHERE CASE is_hub
                 WHEN 1 THEN topic || ' ' || address NOT IN (SELECT value FROM json_each(?1))
                 ELSE topic NOT IN (SELECT value FROM json_each(?2)) END",
                params![super::codec::json(&wanted)?, super::codec::json(&open)?],
            )?;
            for (topic, hub) in hubs {
                tx.execute(
                    "INSERT INTO followers (topic, address, is_hub) VALUES (?1, ?2, 1) ON CONFLICT (topic, address)
                     DO UPDATE SET is_hub = 1, until_ms = NULL, secret = NULL",
                    [topic, hub],
                )?;
            }
            tx.commit()?;
            Ok(())
        })
        .await
    }

    /// A subscriber has confirmed its wish for a topic whose document is `etag` by now: it is told of later ones.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn follow(
        &self,
        topic: String,
        wish: Wish,
        etag: String,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO followers (topic, address, is_hub, secret, until_ms, delivered) VALUES (?1, ?2, 0, ?3, ?4, ?5)
                 ON CONFLICT (topic, address) DO UPDATE SET secret = ?3, until_ms = ?4, failures = 0, next_at_ms = 0
                 WHERE NOT is_hub",
                params![
                    topic,
                    wish.callback.as_str(),
                    wish.secret.as_ref().map(Secret::expose),
                    millis(now + wish.lease),
                    etag
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// A subscriber has confirmed that it wants no more.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn unfollow(&self, topic: String, callback: String) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "DELETE FROM followers WHERE topic = ?1 AND address = ?2 AND NOT is_hub",
                [topic, callback],
            )?;
            Ok(())
        })
        .await
    }

    /// Subscribers of our hub, all topics together.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn count_subscribers(&self) -> Result<u64, Error> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM followers WHERE NOT is_hub";
            let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }

    /// Some of those who were not told of a document's newest bytes and may be now.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn followers_due(
        &self,
        topic: &str,
        etag: &str,
        now: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<Follower>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, topic, address, is_hub, secret FROM followers WHERE topic = ?1 AND delivered IS NOT ?2
                 AND next_at_ms <= ?3 AND (until_ms IS NULL OR until_ms > ?3) ORDER BY next_at_ms, id LIMIT ?4",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![topic, etag, millis(now), most], follower)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// When the next of those who wait for a document may be told; `None`: nobody waits.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn next_follower(&self, topic: &str, etag: &str) -> Result<Option<DateTime<Utc>>, Error> {
        self.read(|connection| {
            let next: Option<i64> = connection
                .prepare_cached(
                    "SELECT min(next_at_ms) FROM followers WHERE topic = ?1 AND delivered IS NOT ?2",
                )?
                .query_row([topic, etag], |row| row.get(0))?;
            Ok(next.map(super::codec::instant))
        })
    }

    /// Writes down how telling went: id, ETag of the document, and the outcome. Ended leases are let go.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn told(
        &self,
        outcomes: Vec<(i64, String, Told)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, etag, told) in outcomes {
                match told {
                    Told::Yes => {
                        tx.prepare_cached(
                            "UPDATE followers SET delivered = ?2, failures = 0, next_at_ms = ?3 WHERE id = ?1",
                        )?
                        .execute(params![id, etag, millis(now + GAP)])?;
                    }
                    Told::NoMore => {
                        tx.execute("DELETE FROM followers WHERE id = ?1 AND NOT is_hub", [id])?;
                    }
                    Told::Failed => {
                        let (failures, is_hub): (u32, bool) = tx
                            .prepare_cached(
                                "UPDATE followers SET failures = failures + 1 WHERE id = ?1 RETURNING failures, is_hub",
                            )?
                            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                        match patience(failures, is_hub) {
                            Some(wait) => tx.execute(
                                "UPDATE followers SET next_at_ms = ?2 WHERE id = ?1",
                                params![id, millis(now + wait)],
                            )?,
                            None => tx.execute("DELETE FROM followers WHERE id = ?1", [id])?,
                        };
                    }
                }
            }
            tx.execute("DELETE FROM followers WHERE until_ms <= ?1", [millis(now)])?;
            tx.commit()?;
            Ok(())
        })
        .await
    }
}

fn follower(row: &Row<'_>) -> rusqlite::Result<Follower> {
    Ok(Follower {
        id: row.get(0)?,
        topic: row.get(1)?,
        address: row.get(2)?,
        is_hub: row.get(3)?,
        secret: row.get::<_, Option<String>>(4)?.map(Secret::new),
    })
}
