//! What a look at the file tells, without writing to it: for `doctor`.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::codec::instant;
use super::copy::{Depth, beside, check, open_any};
use super::schema::{cannot_open, known_version, version_of};
use super::{Error, Lock};

/// The state of a store's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Schema version of the file.
    pub schema: i64,
    /// Schema version of this release.
    pub known: i64,
    /// What is damaged; `None`: nothing.
    pub damage: Option<String>,
    /// Live articles.
    pub articles: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Of these, in pages that are free.
    pub free_bytes: u64,
    /// Size of the WAL.
    pub wal_bytes: u64,
    /// The search index; `None`: the file is of an older release.
    pub index: Option<IndexState>,
    /// When the newest poll ended; `None`: there was none.
    pub newest: Option<DateTime<Utc>>,
    /// Subscribers of the outputs that are told of changes.
    pub followers: u64,
}

/// How the search index stands to the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexState {
    /// Entries that should be in it and are not.
    pub missing: u64,
    /// Rows in it without an entry.
    pub orphans: u64,
    /// Entries that it will take up behind the polls.
    pub waiting: u64,
}

/// Looks at a store of any version up to ours, also beside a daemon. Reads the whole file.
///
/// # Errors
/// [`Error::Open`], [`Error::Foreign`], [`Error::TooNew`]; damage that lets itself be read is no error.
pub fn inspect(path: &Path) -> Result<Inspection, Error> {
    let connection = open_any(path)?;
    let schema = version_of(&connection, path)?;
    let damage = match check(&connection, path, Depth::Quick) {
        Ok(()) => None,
        Err(Error::Unsound { reason, .. }) => Some(reason),
        Err(error) => return Err(error),
    };
    let wal = beside(path, "-wal");
    let mut found = Inspection {
        schema,
        known: known_version(),
        damage,
        wal_bytes: wal.metadata().map_or(0, |wal| wal.len()),
        ..Inspection::default()
    };
    match measure(&connection, &mut found) {
        // A damaged file may not let itself be counted.
        Err(_) if found.damage.is_some() => Ok(found),
        Err(error) => Err(cannot_open(path, error)),
        Ok(()) => Ok(found),
    }
}

fn measure(connection: &Connection, found: &mut Inspection) -> Result<(), rusqlite::Error> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let count = |sql: &str| number(sql).map(i64::unsigned_abs);
    let page = count("PRAGMA page_size")?;
    found.bytes = count("PRAGMA page_count")?.saturating_mul(page);
    found.free_bytes = count("PRAGMA freelist_count")?.saturating_mul(page);
    found.articles = count("SELECT count(*) FROM articles")?;
    let newest: Option<i64> =
        connection.query_row("SELECT max(last_polled_at_ms) FROM schedule", [], |row| {
            row.get(0)
        })?;
    found.newest = newest.map(instant);
    if found.schema < found.known {
        return Ok(());
    }
    found.followers = count("SELECT count(*) FROM followers WHERE NOT is_hub")?;
    const MARK: &str =
        "coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'indexed_entry'), 0)";
    found.index = Some(IndexState {
        missing: count(&format!(
            "SELECT count(*) FROM entries e WHERE e.id <= {MARK} AND e.id NOT IN (SELECT id FROM search_docsize)
             AND e.id NOT IN (SELECT entry FROM search_stale)"
        ))?,
        orphans: count(
            "SELECT count(*) FROM search_docsize d WHERE d.id NOT IN (SELECT id FROM entries)
             AND d.id NOT IN (SELECT entry FROM search_stale)",
        )?,
        waiting: count(&format!(
            "SELECT (SELECT count(*) FROM entries WHERE id > {MARK}) + (SELECT count(*) FROM search_stale)"
        ))?,
    });
    Ok(())
}

/// The process that polls into a store; `None`: none does. Nothing is made or taken.
pub fn holder(store: &Path) -> Option<super::Holder> {
    Lock::held(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_new_store_is_sound_and_a_damaged_index_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        drop(Store::open(&path, false).expect("made"));
        let sound = inspect(&path).expect("inspected");
        assert_eq!(sound.damage, None);
        assert_eq!(sound.index, Some(IndexState::default()));
        assert_eq!(sound.schema, sound.known);
        assert!(sound.bytes > 0);

        let writer = Connection::open(&path).expect("opened");
        writer
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 INSERT INTO search (rowid, title) VALUES (7, 'nobody''s');
                 INSERT INTO meta VALUES ('indexed_entry', '9');
                 INSERT INTO entries (id, source, key, slot, article, rung, entry_id, id_kind, details, scope, content_hash,
                   text_hash, revision, first_seen_at_ms) VALUES (9, 1, 1, 0, 1, 'entry', 'x', 'link', '{}', 0, 1, 1, 1, 1);",
            )
            .expect("broken");
        let broken = inspect(&path).expect("inspected");
        let index = IndexState {
            missing: 1,
            orphans: 1,
            waiting: 0,
        };
        assert_eq!(broken.index, Some(index));
        let damage = broken
            .damage
            .expect("an entry without a source and an article");
        assert!(damage.contains("entries"), "{damage}");
    }

    #[test]
    fn who_holds_a_store_is_told_without_making_a_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        assert_eq!(holder(&path), None);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0);
        let mut lock = Lock::try_take(&path).expect("taken").expect("free");
        let us = super::super::Holder {
            pid: 7,
            ..Default::default()
        };
        lock.sign(&us).expect("signed");
        assert_eq!(holder(&path), Some(us));
        drop(lock);
        assert_eq!(holder(&path), None);
    }
}
