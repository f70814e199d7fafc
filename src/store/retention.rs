//! What is purged, when, in which order (`docs/decisions/0011-retention.md`).
//!
//! Purging runs on the writer's thread in small transactions, between polls. What a source's newest document still
//! holds is never purged; what is leaves tombstones, so that it does not come back.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::articles::compose;
use super::codec::millis;
use super::tombstones::Gone;
use super::{Error, Store};
use crate::model::Retention;

/// Entries that go in one transaction: polls wait for it, if some come.
const ENTRIES: i64 = 100;
/// Sources whose old polls go in one transaction.
const SOURCES: usize = 200;
/// Pages that are given back to the disk in one go.
const PAGES: i64 = 256;
/// Free pages that are kept to be used again: one in so many.
const SPARE: i64 = 16;
/// Newest polls that are kept of a source …
const POLLS: i64 = 200;
/// … of this age at most, …
const POLLS_AGE: TimeDelta = TimeDelta::days(90);
/// … but so many whatever their age, as `explain` shows them.
const POLLS_SHOWN: i64 = 10;

/// A purge on its way: what it did, and what comes next.
#[derive(Debug)]
pub struct Purge {
    retention: Retention,
    now: DateTime<Utc>,
    step: Step,
    /// Entries that went.
    pub entries: u64,
    /// Articles that went with their last entry.
    pub articles: u64,
    /// Something that outputs may show changed.
    pub changed: bool,
}

#[derive(Debug)]
enum Step {
    /// Entries of old age.
    Age,
    /// Sources, and how many entries each has too many.
    Sources(Vec<(i64, i64)>),
    /// So many articles too many.
    Articles(i64),
    /// Sources whose old polls go.
    Polls(Vec<i64>),
    /// Room on the disk.
    Room,
    Done,
}

impl Purge {
    /// A purge by these rules at that time.
    pub fn new(retention: Retention, now: DateTime<Utc>) -> Self {
        Self {
            retention,
            now,
            step: Step::Age,
            entries: 0,
            articles: 0,
            changed: false,
        }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }
}

impl Store {
    /// Does the next part of a purge: a short transaction, or a count beside the writer.
    ///
    /// # Errors
    /// [`Error::Sql`]; what was done before stays done.
    pub async fn purge_some(&self, purge: &mut Purge) -> Result<(), Error> {
        let (retention, now) = (purge.retention, purge.now);
        match &mut purge.step {
            Step::Age => {
                let age = TimeDelta::from_std(retention.age).unwrap_or(TimeDelta::MAX);
                let before = now.checked_sub_signed(age).map_or(i64::MIN, millis);
                if self.purge_chosen(Choice::Before(before), purge).await? < ENTRIES {
                    purge.step = Step::Sources(self.read(|db| crowded(db, retention.per_source))?);
                }
            }
            Step::Sources(crowded) => match crowded.pop() {
                Some((source, excess)) => {
                    let some = excess.min(ENTRIES);
                    if excess > ENTRIES {
                        crowded.push((source, excess - ENTRIES));
                    }
                    self.purge_chosen(Choice::Of(source, some), purge).await?;
                }
                None => {
                    purge.step = Step::Articles(self.read(|db| excess(db, retention.articles))?)
                }
            },
            Step::Articles(excess) => {
                let some = (*excess).min(ENTRIES);
                *excess -= some;
                if some <= 0 || self.purge_chosen(Choice::Articles(some), purge).await? == 0 {
                    purge.step = Step::Polls(self.read(all_sources)?);
                }
            }
            Step::Polls(sources) => {
                let some = sources.split_off(sources.len().saturating_sub(SOURCES));
                if sources.is_empty() {
                    purge.step = Step::Room;
                }
                self.write(move |db| prune_polls(db, &some, now)).await?;
            }
            Step::Room => {
                if self.write(give_back).await? == 0 {
                    purge.step = Step::Done;
                }
            }
            Step::Done => {}
        }
        Ok(())
    }

    /// Purges a choice of entries in one transaction. Returns how many went.
    async fn purge_chosen(&self, choice: Choice, purge: &mut Purge) -> Result<i64, Error> {
        let batch = self
            .write(move |connection| {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let batch = purge_entries(&tx, &choice.entries(&tx)?)?;
                tx.commit()?;
                Ok(batch)
            })
            .await?;
        purge.entries += batch.entries;
        purge.articles += batch.articles;
        purge.changed |= batch.changed;
        Ok(i64::try_from(batch.entries).unwrap_or(i64::MAX))
    }
}

/// Which entries go next.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// Last seen before this instant.
    Before(i64),
    /// So many of a source, those that left its document first.
    Of(i64, i64),
    /// Those of so many articles that are in no document any more, the longest gone first.
    Articles(i64),
}

impl Choice {
    fn entries(self, tx: &Connection) -> Result<Vec<i64>, Error> {
        let (sql, first, second) = match self {
            Self::Before(instant) => (
                "SELECT id FROM entries WHERE last_seen_at_ms < ?1 ORDER BY last_seen_at_ms LIMIT ?2",
                instant,
                ENTRIES,
            ),
            Self::Of(source, count) => (
                "SELECT id FROM entries WHERE source = ?1 AND last_seen_at_ms IS NOT NULL
                 ORDER BY last_seen_at_ms, coalesce(published_at_ms, first_seen_at_ms), id LIMIT ?2",
                source,
                count,
            ),
            Self::Articles(count) => (
                "SELECT m.id FROM (SELECT e.article FROM entries e WHERE e.last_seen_at_ms IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.article = e.article AND (o.last_seen_at_ms IS NULL
                     OR (o.last_seen_at_ms, o.id) > (e.last_seen_at_ms, e.id)))
                   ORDER BY e.last_seen_at_ms, coalesce(e.published_at_ms, e.first_seen_at_ms), e.id LIMIT ?1) a
                 JOIN entries m ON m.article = a.article WHERE ?2 = ?2",
                count,
                0,
            ),
        };
        let ids = tx
            .prepare_cached(sql)?
            .query_map([first, second], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(ids)
    }
}

/// What one transaction did.
#[derive(Debug, Default)]
struct Batch {
    entries: u64,
    articles: u64,
    changed: bool,
}

fn purge_entries(tx: &Connection, entries: &[i64]) -> Result<Batch, Error> {
    let mut batch = Batch::default();
    for entry in entries {
        let gone = Gone::of(tx, *entry)?;
        gone.bury(tx, false)?;
        let left = remove(tx, *entry, gone.article)?;
        batch.entries += 1;
        batch.articles += u64::from(left == Left::Nothing);
        batch.changed |= left != Left::Same;
    }
    Ok(batch)
}

/// What is left of an article after one of its entries went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: the article went, too.
    Nothing,
    /// Other entries; one of them represents it now.
    Others,
    /// What it was represented by.
    Same,
}

/// Takes an entry out, with its content and revisions, and the article when it was the last.
pub(super) fn remove(tx: &Connection, entry: i64, article: i64) -> Result<Left, Error> {
    tx.prepare_cached("DELETE FROM entries WHERE id = ?1")?
        .execute([entry])?;
    let (members, represents): (i64, bool) = tx
        .prepare_cached(
            "SELECT (SELECT count(*) FROM entries WHERE article = ?1), representative = ?2 FROM articles WHERE pk = ?1",
        )?
        .query_row([article, entry], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if members == 0 {
        tx.prepare_cached("DELETE FROM articles WHERE pk = ?1")?
            .execute([article])?;
        return Ok(Left::Nothing);
    }
    if represents {
        compose(tx, article)?;
        return Ok(Left::Others);
    }
    Ok(Left::Same)
}

/// Sources with more entries than they may have, and how many more.
fn crowded(connection: &Connection, most: u64) -> Result<Vec<(i64, i64)>, Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let crowded = connection
        .prepare_cached(
            "SELECT source, count(*) - ?1 FROM entries GROUP BY source HAVING count(*) > ?1",
        )?
        .query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(crowded)
}

/// How many articles there are too many.
fn excess(connection: &Connection, most: u64) -> Result<i64, Error> {
    let count: i64 = connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?;
    Ok(count.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX)))
}

fn all_sources(connection: &Connection) -> Result<Vec<i64>, Error> {
    let keys = connection
        .prepare_cached("SELECT id FROM sources")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

/// Old rows of `polls` and `events`.
fn prune_polls(
    connection: &mut Connection,
    sources: &[i64],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = millis(now - POLLS_AGE);
    let mut prune = tx.prepare_cached(
        "DELETE FROM polls WHERE source = ?1 AND (
           id <= (SELECT id FROM polls WHERE source = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
           OR (at_ms < ?4 AND id <= (SELECT id FROM polls WHERE source = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3)))",
    )?;
    for source in sources {
        prune.execute(params![source, POLLS, POLLS_SHOWN, before])?;
    }
    drop(prune);
    tx.execute("DELETE FROM events WHERE at_ms < ?1", [before])?;
    tx.commit()?;
    Ok(())
}

/// Gives free pages back to the disk, but for some that will be used again. Returns how many went; none of a database
/// that was made without `auto_vacuum`.
fn give_back(connection: &mut Connection) -> Result<i64, Error> {
    let number = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let free = number("freelist_count")?;
    let some = (free - number("page_count")? / SPARE).min(PAGES);
    if some <= 0 || number("auto_vacuum")? != 2 {
        return Ok(0);
    }
    // A step of this statement frees one page: it is gone through to its end.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({some})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(free - number("freelist_count")?)
}
