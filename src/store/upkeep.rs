//! What the writer does for the file between transactions: the planner's statistics, and a WAL that stays short.
//!
//! SQLite takes the WAL into the database by itself, but starts it anew only when no reader uses it at that moment. With
//! readers that come and go there may never be such a moment, so a WAL that became long is waited for (sqlite.org/wal.html,
//! §Avoiding Excessively Large WAL Files).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::copy::beside;

/// The writer looks after the file when it had nothing to do for this long.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// How often a long-lived connection looks whether tables changed so much that the planner should know
/// (sqlite.org/pragma.html#pragma_optimize: "every few hours").
const OPTIMIZE: Duration = Duration::from_secs(6 * 3_600);
/// Rows of an index that are looked at for the planner, at most: some milliseconds.
const ANALYSIS_LIMIT: u32 = 400;
/// A longer WAL is cut, and readers are waited for. Four times what a checkpoint leaves.
pub(super) const LONGEST: u64 = 64 << 20;
/// When nothing else is to do it is cut from this length on.
const LONG: u64 = 1 << 20;
/// Readers are waited for this long …
const PATIENCE: Duration = Duration::from_secs(2);
/// … and after they were not done by then not again before this.
const AGAIN: Duration = Duration::from_secs(30);

/// When what is next due.
#[derive(Debug)]
pub(super) struct Upkeep {
    wal: PathBuf,
    longest: u64,
    optimize_at: Instant,
    cut_at: Instant,
}

impl Upkeep {
    /// Of the store at `path`, opened at `now`.
    pub(super) fn new(path: &Path, now: Instant) -> Self {
        Self {
            wal: beside(path, "-wal"),
            longest: LONGEST,
            optimize_at: now,
            cut_at: now,
        }
    }

    /// After a transaction: a WAL that is too long is cut. True when it was tried.
    pub(super) fn after_write(&mut self, connection: &Connection, now: Instant) -> bool {
        if now < self.cut_at || self.length() <= self.longest {
            return false;
        }
        if !cut(connection, PATIENCE) {
            self.cut_at = now + AGAIN;
            tracing::debug!(
                bytes = self.length(),
                "readers keep the WAL from being cut; trying again"
            );
        }
        true
    }

    /// When nothing is to be written.
    pub(super) fn when_idle(&mut self, connection: &Connection, now: Instant) {
        if now >= self.optimize_at {
            self.optimize_at = now + OPTIMIZE;
            optimize(connection);
        }
        if self.length() > LONG {
            cut(connection, Duration::ZERO);
        }
    }

    fn length(&self) -> u64 {
        self.wal.metadata().map_or(0, |wal| wal.len())
    }
}

/// Before the connection closes. A WAL that is left is replayed at the next start: failing here loses nothing.
pub(super) fn at_close(connection: &Connection) {
    optimize(connection);
    cut(connection, PATIENCE);
}

fn optimize(connection: &Connection) {
    let sql = format!("PRAGMA analysis_limit = {ANALYSIS_LIMIT}; PRAGMA optimize;");
    if let Err(error) = connection.execute_batch(&sql) {
        tracing::debug!(%error, "the planner's statistics are as they were");
    }
}

/// Takes the whole WAL into the database and cuts it to nothing, waiting for readers up to `patience`. False: somebody
/// still uses it.
fn cut(connection: &Connection, patience: Duration) -> bool {
    let done = connection.busy_timeout(patience).and_then(|()| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, i64>(0)
        })
    });
    let _ = connection.busy_timeout(super::schema::BUSY);
    matches!(done, Ok(0))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::store::schema;

    struct Place {
        _folder: tempfile::TempDir,
        path: PathBuf,
        writer: Connection,
        upkeep: Upkeep,
    }

    const LIMIT: u64 = 512 << 10;

    fn place() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        let writer = schema::open(&path, false).expect("opened");
        // The same proportions as in use, a hundredth as large.
        writer
            .execute_batch("PRAGMA wal_autocheckpoint = 32; PRAGMA journal_size_limit = 131072; PRAGMA synchronous = OFF;")
            .expect("set");
        let mut upkeep = Upkeep::new(&path, Instant::now());
        upkeep.longest = LIMIT;
        Place {
            _folder: folder,
            path,
            writer,
            upkeep,
        }
    }

    fn write(writer: &Connection) {
        writer
            .execute(
                "INSERT INTO events (at_ms, kind, text) VALUES (0, 'test', hex(zeroblob(8000)))",
                [],
            )
            .expect("written");
    }

    /// Two readers, one of whom always reads: each begins before the other ends, after each write that is told, and
    /// when none is told for a while. So the WAL is in use, and not whole in the database, at every moment.
    fn relay(path: &Path) -> (mpsc::SyncSender<()>, std::thread::JoinHandle<u64>) {
        let (wrote, told) = mpsc::sync_channel(0);
        let open = || schema::open_reader(path).expect("opened");
        let mut readers = [open(), open()];
        let begin = |reader: &Connection| {
            reader.execute_batch("BEGIN").expect("begun");
            let read = reader.query_row("SELECT 1 FROM meta", [], |row| row.get::<_, i64>(0));
            assert_eq!(read.expect("read"), 1);
        };
        begin(&readers[0]);
        let thread = std::thread::spawn(move || {
            let mut turns = 0;
            while !matches!(
                told.recv_timeout(Duration::from_millis(5)),
                Err(mpsc::RecvTimeoutError::Disconnected)
            ) {
                begin(&readers[1]);
                readers[0].execute_batch("COMMIT").expect("ended");
                readers.swap(0, 1);
                turns += 1;
            }
            turns
        });
        (wrote, thread)
    }

    #[test]
    fn the_wal_stays_short_under_readers_that_come_and_go() {
        let Place {
            path,
            writer,
            upkeep,
            ..
        } = &mut place();
        let (wrote, readers) = relay(path);
        let mut longest = 0;
        for _ in 0..500 {
            write(writer);
            wrote.send(()).expect("told");
            upkeep.cut_at = Instant::now(); // as if time enough had passed since the last try
            upkeep.after_write(writer, Instant::now());
            longest = longest.max(upkeep.length());
        }
        drop(wrote);
        let turns = readers.join().expect("readers");
        assert!(turns >= 500, "{turns}");
        assert!(
            longest < 2 * LIMIT,
            "{longest} bytes of 16 MB that were written"
        );
    }

    #[test]
    fn a_reader_that_stays_is_waited_for_only_now_and_then() {
        let Place {
            path,
            writer,
            upkeep,
            ..
        } = &mut place();
        let reader = schema::open_reader(path).expect("opened");
        reader.execute_batch("BEGIN").expect("begun");
        let _: i64 = reader
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
            .expect("read");
        while upkeep.length() <= LIMIT {
            write(writer);
        }
        let now = Instant::now();
        assert!(upkeep.after_write(writer, now));
        assert!(upkeep.length() > LIMIT, "the reader holds it");
        assert!(
            !upkeep.after_write(writer, now + AGAIN / 2),
            "not at every write"
        );
        drop(reader);
        assert!(upkeep.after_write(writer, now + AGAIN));
        assert_eq!(upkeep.length(), 0);
    }

    #[test]
    fn an_idle_writer_cuts_the_wal_and_tells_the_planner() {
        let Place { writer, upkeep, .. } = &mut place();
        writer
            .execute_batch("PRAGMA wal_autocheckpoint = 0")
            .expect("set");
        while upkeep.length() <= LONG {
            write(writer);
        }
        let now = Instant::now();
        let rows = "WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 2000)
            INSERT INTO entries (source, key, slot, article, rung, entry_id, id_kind, details, scope, content_hash, text_hash,
            revision, first_seen_at_ms) SELECT 1, value, 0, 1, '', '', '', '', 0, 0, 0, 1, 0 FROM n";
        writer
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; {rows}"))
            .expect("filled");
        let _: i64 = writer
            .query_row(
                "SELECT count(*) FROM entries WHERE source = 1 AND article = 1",
                [],
                |row| row.get(0),
            )
            .expect("planned");
        upkeep.when_idle(writer, now);
        assert_eq!(upkeep.length(), 0);
        let known: i64 = writer
            .query_row(
                "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'entries'",
                [],
                |row| row.get(0),
            )
            .expect("statistics");
        assert!(known > 0);
        assert!(
            upkeep.optimize_at >= now + OPTIMIZE,
            "not at every idle minute"
        );
    }
}
