//! Opening the file: settings, migrations, and what to do about what SQLite says.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::{Error, rescue};

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/0001_initial.sql")),
    M::up(include_str!("../../migrations/0002_search.sql")),
    M::up(include_str!("../../migrations/0003_manners.sql")),
    M::up(include_str!("../../migrations/0004_pace.sql")),
    M::up(include_str!("../../migrations/0005_push.sql")),
    M::up(include_str!("../../migrations/0006_retention.sql")),
    M::up(include_str!("../../migrations/0007_dedup.sql")),
    M::up(include_str!("../../migrations/0008_archives.sql")),
    M::up(include_str!("../../migrations/0009_search_fields.sql")),
    M::up(include_str!("../../migrations/0010_followers.sql")),
    M::up(include_str!("../../migrations/0011_full_text.sql")),
    M::up(include_str!("../../migrations/0012_figures.sql")),
    M::up(include_str!("../../migrations/0013_lists.sql")),
    M::up(include_str!("../../migrations/0014_keys.sql")),
    M::up(include_str!("../../migrations/0015_hosts.sql")),
];

/// How long a statement waits for another process.
pub(super) const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Opens the writing connection and brings the schema up to date.
pub(super) fn open(path: &Path, full_sync: bool) -> Result<Connection, Error> {
    let mut connection = Connection::open(path).map_err(|source| cannot_open(path, source))?;
    connection
        .busy_timeout(BUSY)
        .map_err(|source| cannot_open(path, source))?;
    let found = refuse_newer(&connection, path)?; // Before anything is written.
    if found > 0 && found < MIGRATIONS.len() as i64 {
        rescue::before_migration(path, MIGRATIONS.len() as i64)?;
    }
    settle(&connection, full_sync).map_err(|source| cannot_open(path, source))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens a reading connection.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|source| cannot_open(path, source))?;
    connection
        .execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -2048; PRAGMA query_only = ON;",
        )
        .map_err(|source| cannot_open(path, source))?;
    Ok(connection)
}

/// Refuses a file of another schema.
pub(super) fn check_current(connection: &Connection, path: &Path) -> Result<(), Error> {
    if refuse_newer(connection, path)? < MIGRATIONS.len() as i64 {
        return Err(Error::TooOld {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The schema version of a file that is not of a newer release.
fn refuse_newer(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let known = MIGRATIONS.len() as i64;
    match version(connection).map_err(|source| cannot_open(path, source))? {
        found if found > known => Err(Error::TooNew {
            path: path.to_owned(),
            found,
            known,
        }),
        found => Ok(found),
    }
}

/// WAL with `synchronous=NORMAL`: a crash of the process loses nothing committed, a power cut at most the last
/// commits, whole polls with their validators, which are then polled again (sqlite.org/wal.html, §Performance). With `full_sync` a power cut loses nothing either.
///
/// A transaction may hold more pages than the cache, up to 16 MiB: one that is written to the WAL before its end and
/// changes again makes SQLite read back everything behind it and sum it up anew.
fn settle(connection: &Connection, full_sync: bool) -> Result<(), rusqlite::Error> {
    if version(connection)? == 0 {
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    }
    let synchronous = if full_sync { "FULL" } else { "NORMAL" };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -4096; PRAGMA cache_spill = 4096; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216;
         PRAGMA wal_autocheckpoint = 4000;",
    ))?;
    connection.set_prepared_statement_cache_capacity(96);
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    migrate_by(MIGRATIONS, connection, path)?;
    connection
        .execute(
            "INSERT INTO meta (key, value) VALUES ('store_id', ?1) ON CONFLICT DO NOTHING",
            [uuid::Uuid::new_v4().to_string()],
        )
        .map_err(|source| cannot_open(path, source))?;
    Ok(())
}

/// All that are missing, in one transaction: a failure leaves the file as it was.
fn migrate_by(
    migrations: &[M<'static>],
    connection: &mut Connection,
    path: &Path,
) -> Result<(), Error> {
    Migrations::from_slice(migrations)
        .to_latest(connection)
        .map_err(|source| Error::Migrate {
            path: path.to_owned(),
            source,
        })
}

/// The schema version of this release.
pub(super) fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

/// The schema version of a file that this release can read or bring up to date.
pub(super) fn version_of(connection: &Connection, path: &Path) -> Result<i64, Error> {
    refuse_newer(connection, path)
}

fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

pub(super) fn cannot_open(path: &Path, source: rusqlite::Error) -> Error {
    let cure = match source.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) if path.is_dir() => {
            "it is a folder; store.path must name a file".to_owned()
        }
        Some(ErrorCode::CannotOpen) if !path.exists() => {
            "there is no such file yet; `feedmill run` or `feedmill poll` makes it".to_owned()
        }
        _ => cure(&source),
    };
    Error::Open {
        path: path.to_owned(),
        cure,
        source,
    }
}

/// What happened and what to do about it, for people.
pub(super) fn cure(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            "the file is not a SQLite database; move it away or change store.path".into()
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged; keep it, and restore a backup".into()
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the file or its folder is not writable for this user; change its owner or store.path"
                .into()
        }
        Some(ErrorCode::DiskFull) => "the disk is full; make room and it goes on by itself".into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the database locked; close it and try again".into()
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed to read or write; check it".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_before_retention_keeps_its_graves_and_its_order() {
        let mut connection = Connection::open_in_memory().expect("opened");
        let before = Migrations::from_slice(&MIGRATIONS[..3]);
        before.to_latest(&mut connection).expect("of before");
        connection
            .execute_batch(
                "INSERT INTO tombstones (kind, source, hash) VALUES ('key', 3, 5);
                 INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms,
                   updated_at_ms, revision) VALUES (1, 'a', 'a', 1, 10, 20, 30, 1);",
            )
            .expect("filled");
        migrate(&mut connection, Path::new("x.db")).expect("up to date");
        let (grave, arrived): (String, i64) = connection
            .query_row(
                "SELECT (SELECT kind || source || hash || nth FROM tombstones WHERE dated_at_ms IS NULL),
                 arrived_at_ms FROM articles",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("read");
        assert_eq!((grave.as_str(), arrived), ("key350", 20));
    }

    /// A file as the release with so many migrations left it.
    fn of_before(path: &Path, migrations: usize) {
        let mut connection = Connection::open(path).expect("opened");
        Migrations::from_slice(&MIGRATIONS[..migrations])
            .to_latest(&mut connection)
            .expect("of before");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 INSERT INTO sources (id, name, url, active, paused, priority) VALUES (1, 'mill', 'http://m.example/', 1, 0, 0);
                 INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms,
                   updated_at_ms, revision) VALUES (1, 'a', 'a', 1, 10, 20, 30, 1);",
            )
            .expect("filled");
    }

    fn state(path: &Path) -> (i64, i64) {
        Connection::open(path)
            .and_then(|connection| {
                let articles =
                    connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?;
                Ok((version(&connection)?, articles))
            })
            .expect("a database")
    }

    #[test]
    fn entries_found_by_keys_of_before_get_them_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        of_before(&path, 13);
        let left = Connection::open(&path).expect("opened");
        left.execute_batch(
            "INSERT INTO entries (id, source, key, slot, article, rung, entry_id, id_kind, details, scope, content_hash,
               text_hash, revision, first_seen_at_ms) VALUES (7, 1, 1, 0, 1, 'entry', 'a', 'published', '{}', 3, 1, 1, 1, 20);
             INSERT INTO sketches VALUES (7, x'01'); INSERT INTO sketch_keys VALUES (7, 1, 10, x'00000000');",
        )
        .expect("filled");
        drop(left);
        let connection = open(&path, false).expect("brought up to date");
        let found: (i64, String) = connection
            .query_row(
                "SELECT (SELECT count(*) FROM sketches) + (SELECT count(*) FROM sketch_keys),
                 (SELECT value FROM meta WHERE key = 'unsketched_entry')",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("read");
        assert_eq!(found, (0, "7".to_owned()));
    }

    #[test]
    fn an_older_store_is_copied_before_it_is_brought_up_to_date() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        of_before(&path, 3);
        let refused = super::super::Store::open_to_read(&path).expect_err("refused");
        assert!(matches!(refused, Error::TooOld { .. }), "{refused}");
        let copy = folder.path().join("feedmill.db.before-0004");
        assert!(!copy.exists(), "who only reads copies and migrates nothing");

        drop(open(&path, false).expect("brought up to date"));
        assert_eq!(state(&path), (MIGRATIONS.len() as i64, 1));
        assert_eq!(state(&copy), (3, 1));
        drop(open(&path, false).expect("opened again"));
        let copies = std::fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(copies, 2, "one that is current is not copied");
    }

    #[test]
    fn the_newest_two_copies_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        for migrations in [3, 4, 5] {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(folder.path().join(format!("feedmill.db{suffix}")));
            }
            of_before(&path, migrations);
            drop(open(&path, false).expect("brought up to date"));
        }
        let there = |number: &str| {
            folder
                .path()
                .join(format!("feedmill.db.before-{number}"))
                .exists()
        };
        assert_eq!(
            [there("0004"), there("0005"), there("0006")],
            [false, true, true]
        );
    }

    #[test]
    fn a_new_or_empty_store_is_not_copied() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        of_before(&path, 3);
        let emptied = Connection::open(&path).expect("opened");
        emptied
            .execute_batch(
                "DELETE FROM articles; DELETE FROM sources; PRAGMA wal_checkpoint(TRUNCATE);",
            )
            .expect("emptied");
        drop(emptied);
        drop(open(&path, false).expect("brought up to date"));
        assert!(!folder.path().join("feedmill.db.before-0004").exists());
    }

    #[test]
    fn a_failed_migration_leaves_the_store_as_it_was_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feedmill.db");
        of_before(&path, 3);
        let mut migrations = MIGRATIONS[..5].to_vec();
        migrations.push(M::up(
            "ALTER TABLE articles ADD COLUMN more TEXT; INSERT INTO nowhere VALUES (1);",
        ));
        let mut connection = Connection::open(&path).expect("opened");
        let failed = migrate_by(&migrations, &mut connection, &path).expect_err("failed");
        drop(connection);
        let said = failed.to_string();
        assert!(
            said.contains("it is unchanged") && said.contains("nowhere"),
            "{said}"
        );
        assert_eq!(state(&path), (3, 1));
        drop(open(&path, false).expect("brought up to date by a release that can"));
    }
}
