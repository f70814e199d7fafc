//! The full-text index: filled behind the polls, up to a watermark (`docs/decisions/0007-search-index.md`).

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::codec::decompress;
use super::codec::millis;
use super::{Error, Store, WAITING_POLLS};
use crate::model::Details;
use crate::search::spaced;
use crate::text::text_of;

/// A batch ends after this many entries …
const ENTRIES: usize = 256;
/// … or this much text: polls wait for it, if some come.
const TEXT_BYTES: usize = 1 << 19;

const COLUMNS: &str = "e.id, e.title, e.details, coalesce(p.html, c.html)
     FROM entries e LEFT JOIN contents c ON c.entry = e.id LEFT JOIN pages p ON p.entry = e.id";

/// What a store holds, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Articles.
    pub articles: u64,
    /// Polls under way.
    pub polls: u64,
    /// Entries that the search index does not have yet.
    pub unindexed: u64,
}

impl Store {
    /// Indexes some of the entries that are new, changed or gone. Returns how many are left, at most.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn index_some(&self) -> Result<u64, Error> {
        self.write(|connection| {
            if backlog(connection)? == 0 {
                return Ok(0);
            }
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            index(&tx)?;
            let left = backlog(&tx)?;
            tx.commit()?;
            Ok(left)
        })
        .await
    }

    /// What is in the store and under way by `now`, in numbers.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn tally(&self, now: DateTime<Utc>) -> Result<Tally, Error> {
        self.read(|connection| {
            let one = |sql: &str, now: &[i64]| -> Result<i64, Error> {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.query_row(rusqlite::params_from_iter(now), |row| row.get(0))?)
            };
            let polls = "SELECT count(*) FROM schedule WHERE leased_until_at_ms > ?1";
            Ok(Tally {
                articles: one("SELECT count(*) FROM articles", &[])?.unsigned_abs(),
                polls: one(polls, &[millis(now)])?.unsigned_abs(),
                unindexed: backlog(connection)?,
            })
        })
    }

    /// Bytes of the file and of its write-ahead log.
    pub fn bytes(&self) -> u64 {
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        length(self.path()) + length(Path::new(&log))
    }

    /// Whether polls wait for the writer.
    pub fn is_busy(&self) -> bool {
        self.inner.waiting.available_permits() < WAITING_POLLS
    }
}

/// Entries that are not in the index as they are now. Holes in the ids count.
fn backlog(connection: &Connection) -> Result<u64, Error> {
    let (newest, stale): (i64, i64) = connection
        .prepare_cached("SELECT coalesce((SELECT max(id) FROM entries), 0), (SELECT count(*) FROM search_stale)")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let fresh = newest.saturating_sub(watermark(connection)?).max(0);
    Ok(fresh.unsigned_abs() + stale.unsigned_abs())
}

fn watermark(connection: &Connection) -> Result<i64, Error> {
    let mark = connection
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_entry'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(mark.unwrap_or(0))
}

fn index(tx: &Transaction<'_>) -> Result<(), Error> {
    let newest: i64 = tx.query_row("SELECT coalesce(max(id), 0) FROM entries", [], |row| {
        row.get(0)
    })?;
    // The newest entry may have been deleted, and its id be given again: the mark never stands beyond it.
    let mut mark = watermark(tx)?.min(newest);
    let mut room = Room {
        entries: ENTRIES,
        text_bytes: TEXT_BYTES,
    };
    refresh(tx, &mut room)?;
    let mut query =
        tx.prepare_cached(&format!("SELECT {COLUMNS} WHERE e.id > ?1 ORDER BY e.id"))?;
    let mut rows = query.query([mark])?;
    while room.is_left()
        && let Some(row) = rows.next()?
    {
        mark = row.get(0)?;
        insert(tx, row, &mut room)?;
    }
    tx.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('indexed_entry', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
    )?
    .execute([mark.to_string()])?;
    Ok(())
}

/// Takes out what changed or went, and puts in again what is there. Beyond the watermark there is nothing to take out.
fn refresh(tx: &Transaction<'_>, room: &mut Room) -> Result<(), Error> {
    let mark = watermark(tx)?;
    tx.prepare_cached("DELETE FROM search_stale WHERE entry > ?1")?
        .execute([mark])?;
    let stale: Vec<i64> = tx
        .prepare_cached("SELECT entry FROM search_stale LIMIT ?1")?
        .query_map([room.entries as i64], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut query = tx.prepare_cached(&format!("SELECT {COLUMNS} WHERE e.id = ?1"))?;
    for entry in stale {
        if !room.is_left() {
            break;
        }
        tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
            .execute([entry])?;
        if let Some(row) = query.query([entry])?.next()? {
            insert(tx, row, room)?;
        }
        tx.prepare_cached("DELETE FROM search_stale WHERE entry = ?1")?
            .execute([entry])?;
    }
    Ok(())
}

/// What a batch may still hold.
struct Room {
    entries: usize,
    text_bytes: usize,
}

impl Room {
    fn is_left(&self) -> bool {
        self.entries > 0 && self.text_bytes > 0
    }
}

/// Between names: no phrase reaches over it.
const LISTED: &str = " \u{2013} ";

/// A body or details that cannot be read are left out: the rest of the entry is still found.
fn insert(tx: &Transaction<'_>, row: &Row<'_>, room: &mut Room) -> Result<(), Error> {
    let title: Option<String> = row.get(1)?;
    let details = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let details: Details = serde_json::from_str(details).unwrap_or_default();
    let html: Option<Vec<u8>> = row.get(3)?;
    let html = html
        .and_then(|blob| decompress(&blob).ok())
        .unwrap_or_default();
    let text = text_of(&html);
    room.entries = room.entries.saturating_sub(1);
    room.text_bytes = room.text_bytes.saturating_sub(text.len());
    let column = |text: &Option<String>| text.as_deref().map(|text| spaced(text).into_owned());
    let listed = |names: Vec<&str>| spaced(&names.join(LISTED)).into_owned();
    let authors = details.authors.iter().map(|author| author.name.as_str());
    let categories = details.categories.iter();
    let categories = categories.flat_map(|category| {
        category
            .label
            .as_deref()
            .into_iter()
            .chain([&*category.term])
    });
    tx.prepare_cached(
        "INSERT INTO search (rowid, title, summary, text, author, category) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(rusqlite::params![
        row.get::<_, i64>(0)?,
        column(&title),
        column(&details.summary),
        spaced(&text),
        listed(authors.collect()),
        listed(categories.collect()),
    ])?;
    Ok(())
}

/// Refuses a search that the index cannot read.
pub(super) fn check(connection: &Connection, words: &str) -> Result<(), Error> {
    let tried = connection
        .prepare_cached("SELECT 1 FROM search WHERE search MATCH ?1 LIMIT 1")?
        .exists([words]);
    match tried {
        Ok(_) => Ok(()),
        Err(rusqlite::Error::SqliteFailure(code, Some(message)))
            if code.code == ErrorCode::Unknown =>
        {
            Err(Error::Search {
                reason: reason(&message),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// FTS5's complaint for people.
fn reason(message: &str) -> String {
    let near = message
        .strip_prefix("fts5: syntax error near \"")
        .and_then(|rest| rest.strip_suffix('"'));
    let wrong = match (near, message.strip_prefix("no such column: ")) {
        (Some(""), _) => "it ends where a word should follow".to_owned(),
        (Some(near), _) => format!("it cannot be read at {near:?}"),
        (_, Some(column)) => format!(
            "{column:?} is read as a field; the fields are title, summary, text, author, category, source, tag and since"
        ),
        _ if message == "unterminated string" => "a double quote is not closed".to_owned(),
        _ => message.trim_start_matches("fts5: ").to_owned(),
    };
    format!(
        "{wrong}; put what holds other signs than letters and digits in double quotes, as in \"covid-19\""
    )
}
