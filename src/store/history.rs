//! The one walk through a source's archives (RFC 5005 §4): where it is, and where it ends.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Savepoint, params};
use serde::Serialize;
use url::Url;

use super::codec::{from_json, instant, json, millis};
use super::{Error, Sources, Store};
use crate::model::{FeedDocument, Source};

/// Archives that are read at most.
const MOST_DOCUMENTS: u64 = 100;
/// Their bytes on the wire, together.
const MOST_BYTES: u64 = 64 << 20;
/// A walk that is not over by then is given up: archives do not change, so there is no hurry either.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// Between two archives of one source, besides what the host may ask.
const SPACING: TimeDelta = TimeDelta::seconds(2);
/// An archive that fails so often in a row ends the walk.
const FAILURES: u32 = 6;
/// After the first failure; four times as long after each further one.
const RETRY: TimeDelta = TimeDelta::minutes(5);

/// How a walk stands. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryState {
    /// `walking` or `over`.
    pub state: &'static str,
    /// Archives read.
    pub documents: u64,
    /// Entries stored from them.
    pub entries: u64,
    /// The last failure, or why it is over; `None`: neither.
    pub why: Option<String>,
}

impl HistoryState {
    /// The same for people.
    pub fn words(&self) -> String {
        let Self {
            state,
            documents,
            entries,
            why,
        } = self;
        let why = why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        format!("{state}, {entries} entries of {documents} archives{why}")
    }
}

/// An archive that is to be read now.
#[derive(Clone, Debug)]
pub struct Archive {
    /// `sources.id`.
    pub key: i64,
    /// As configured.
    pub source: Arc<Source>,
    /// Where it is.
    pub url: Url,
}

/// An archive that was read.
pub(super) struct Read {
    /// Where it was asked for, and where it was.
    pub(super) urls: [Url; 2],
    /// Stored from it.
    pub(super) entries: usize,
    /// On the wire.
    pub(super) body_bytes: u64,
}

impl Store {
    /// Archives that are to be read now, of sources that are polled and still want their history.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn archives_due(
        &self,
        sources: &Sources,
        now: DateTime<Utc>,
    ) -> Result<Vec<Archive>, Error> {
        self.read(|connection| {
            let due = waiting(connection, sources)?
                .into_iter()
                .filter(|(_, at)| *at <= now);
            Ok(due.map(|(archive, _)| archive).collect())
        })
    }

    /// When the next archive is to be read; `None`: no walk is under way.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn next_archive(&self, sources: &Sources) -> Result<Option<DateTime<Utc>>, Error> {
        self.read(|connection| {
            let waiting = waiting(connection, sources)?;
            Ok(waiting.into_iter().map(|(_, at)| at).min())
        })
    }

    /// An archive could not be read: it is tried again a few times, or the walk ends here. `dead`: another try would
    /// change nothing.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn archive_failed(
        &self,
        key: i64,
        why: String,
        dead: bool,
        wish: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let failures = 1 + connection.query_row(
                "SELECT failures FROM history WHERE source = ?1",
                [key],
                |row| row.get::<_, u32>(0),
            )?;
            let over = dead || failures >= FAILURES;
            let doubled = RETRY * 4_i32.pow(failures.min(FAILURES) - 1);
            let wish = wish.and_then(|wish| TimeDelta::from_std(wish).ok());
            let at = now + doubled.max(wish.unwrap_or_default());
            let why = match over {
                true => format!("stopped before the end, as an archive cannot be read: {why}"),
                false => why,
            };
            connection.execute(
                "UPDATE history SET failures = ?2, why = ?3, action_at_ms = iif(?4, NULL, ?5),
                 next_url = iif(?4, NULL, next_url) WHERE source = ?1",
                params![key, failures, why, over, millis(at)],
            )?;
            Ok(())
        })
        .await
    }

    /// An archive was not asked for, as its host wants quiet.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn archive_waits(&self, key: i64, until: DateTime<Utc>) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE history SET action_at_ms = ?2 WHERE source = ?1",
                params![key, millis(until)],
            )?;
            Ok(())
        })
        .await
    }
}

/// Every archive that some walk reads next, and when.
fn waiting(
    connection: &Connection,
    sources: &Sources,
) -> Result<Vec<(Archive, DateTime<Utc>)>, Error> {
    let rows: Vec<(i64, String, i64)> = connection
        .prepare_cached(
            "SELECT source, next_url, action_at_ms FROM history
             WHERE action_at_ms IS NOT NULL AND next_url IS NOT NULL ORDER BY action_at_ms",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let wanted = |(key, url, at): (i64, String, i64)| {
        let source = sources.source(key)?;
        let archive = Archive {
            key,
            source: Arc::clone(source),
            url: Url::parse(&url).ok()?,
        };
        (source.history && !source.paused).then(|| (archive, instant(at)))
    };
    Ok(rows.into_iter().filter_map(wanted).collect())
}

/// The first document of a source was imported: its archives are walked through, if that is wanted.
pub(super) fn begin(
    tx: &Savepoint<'_>,
    key: i64,
    source: &Source,
    feed: &FeedDocument,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    if !source.history {
        return Ok(());
    }
    let own = feed.validators.url.clone();
    let visited: Vec<String> = [Some(source.url.as_str().to_owned()), own]
        .into_iter()
        .flatten()
        .collect();
    let walk = Walk {
        visited,
        begun_at: at,
        ..Walk::default()
    };
    tx.execute(
        "INSERT INTO history (source, visited, begun_at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![key, json(&walk.visited)?, millis(at)],
    )?;
    go_on(tx, key, &walk, feed.prev_archive.as_ref(), at)
}

/// An archive was read and its entries stored: on to the one before it.
pub(super) fn advance(
    tx: &Savepoint<'_>,
    key: i64,
    read: &Read,
    link: Option<&Url>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(mut walk) = Walk::of(tx, key)? else {
        return Ok(());
    };
    let urls = read.urls.iter().map(|url| url.as_str().to_owned());
    walk.visited.extend(urls);
    walk.visited.dedup();
    walk.documents += 1;
    walk.body_bytes += read.body_bytes;
    tx.execute(
        "UPDATE history SET visited = ?2, documents = ?3, entries = entries + ?4, body_bytes = ?5 WHERE source = ?1",
        params![
            key,
            json(&walk.visited)?,
            walk.documents.cast_signed(),
            i64::try_from(read.entries).unwrap_or(i64::MAX),
            walk.body_bytes.cast_signed()
        ],
    )?;
    go_on(tx, key, &walk, link, at)
}

fn go_on(
    tx: &Savepoint<'_>,
    key: i64,
    walk: &Walk,
    link: Option<&Url>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let next = walk.next(link, at);
    let at = next.is_ok().then(|| millis(at + SPACING));
    tx.execute(
        "UPDATE history SET next_url = ?2, action_at_ms = ?3, failures = 0, why = ?4 WHERE source = ?1",
        params![key, next.as_ref().ok().map(|url| url.as_str()), at, next.err()],
    )?;
    Ok(())
}

/// Entries stored from archives so far.
pub(super) fn entries(tx: &Savepoint<'_>, key: i64) -> Result<usize, Error> {
    let entries: Option<i64> = tx
        .prepare_cached("SELECT entries FROM history WHERE source = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(entries
        .and_then(|entries| usize::try_from(entries).ok())
        .unwrap_or(0))
}

/// How the walk of a source stands; `None`: there is none.
pub(super) fn state(connection: &Connection, key: i64) -> Result<Option<HistoryState>, Error> {
    Ok(connection
        .prepare_cached(
            "SELECT action_at_ms IS NOT NULL, documents, entries, why FROM history WHERE source = ?1",
        )?
        .query_row([key], |row| {
            Ok(HistoryState {
                state: if row.get(0)? { "walking" } else { "over" },
                documents: row.get::<_, i64>(1)?.unsigned_abs(),
                entries: row.get::<_, i64>(2)?.unsigned_abs(),
                why: row.get(3)?,
            })
        })
        .optional()?)
}

/// What bounds a walk.
#[derive(Debug, Default)]
struct Walk {
    visited: Vec<String>,
    begun_at: DateTime<Utc>,
    documents: u64,
    body_bytes: u64,
}

impl Walk {
    fn of(tx: &Savepoint<'_>, key: i64) -> Result<Option<Self>, Error> {
        let row: Option<(String, i64, i64, i64)> = tx
            .prepare_cached(
                "SELECT visited, begun_at_ms, documents, body_bytes FROM history WHERE source = ?1",
            )?
            .query_row([key], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((visited, begun_at, documents, body_bytes)) = row else {
            return Ok(None);
        };
        Ok(Some(Self {
            visited: from_json("list of archives", &visited)?,
            begun_at: instant(begun_at),
            documents: documents.unsigned_abs(),
            body_bytes: body_bytes.unsigned_abs(),
        }))
    }

    /// The archive to read next, or why the walk is over.
    fn next<'u>(&self, link: Option<&'u Url>, now: DateTime<Utc>) -> Result<&'u Url, String> {
        let Some(url) = link else {
            return Err(match self.documents {
                0 => "the feed links no archive".to_owned(),
                _ => "read to its end".to_owned(),
            });
        };
        if self.visited.iter().any(|known| known == url.as_str()) {
            return Err("the archives lead in a circle".to_owned());
        }
        if self.documents >= MOST_DOCUMENTS {
            return Err(format!("stopped after {MOST_DOCUMENTS} archives"));
        }
        if self.body_bytes >= MOST_BYTES {
            return Err(format!("stopped after {} MiB", MOST_BYTES >> 20));
        }
        if now - self.begun_at >= LONGEST {
            return Err(format!("stopped after {} days", LONGEST.num_days()));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_at_every_bound() {
        let now: DateTime<Utc> = "2026-03-04T05:06:07Z".parse().expect("a date");
        let walk = || Walk {
            visited: vec!["https://mill.example/feed".to_owned()],
            begun_at: now,
            ..Walk::default()
        };
        let older = Url::parse("https://mill.example/1").expect("a URL");
        let own = Url::parse("https://mill.example/feed").expect("a URL");
        let check = |walk: Walk, link: Option<&Url>, later, over: &str| {
            let next = walk.next(link, now + later).map(Url::as_str);
            match over {
                "" => assert_eq!(next, Ok(older.as_str())),
                why => assert!(
                    next.as_ref().is_err_and(|end| end.contains(why)),
                    "{next:?}"
                ),
            }
        };
        let none = TimeDelta::zero();
        check(walk(), Some(&older), none, "");
        check(walk(), None, none, "no archive");
        check(
            Walk {
                documents: 1,
                ..walk()
            },
            None,
            none,
            "end",
        );
        check(walk(), Some(&own), none, "circle");
        check(
            Walk {
                documents: MOST_DOCUMENTS - 1,
                ..walk()
            },
            Some(&older),
            none,
            "",
        );
        check(
            Walk {
                documents: MOST_DOCUMENTS,
                ..walk()
            },
            Some(&older),
            none,
            "100 archives",
        );
        check(
            Walk {
                body_bytes: MOST_BYTES,
                ..walk()
            },
            Some(&older),
            none,
            "64 MiB",
        );
        check(walk(), Some(&older), LONGEST, "7 days");
    }
}
