//! A copy of the whole file, of one instant, beside any number of writers (`docs/decisions/0019-care-of-the-store.md`).
//!
//! A copy never has its final name before it is whole, checked and on the disk: what was begun stands under
//! [`part_of`] that name, and a copy that was killed is written over by the next.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Error, schema};
use crate::system;

/// Room that a disk must have left beside a copy.
const SPARE: u64 = 16 << 20;

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Size of the file.
    pub bytes: u64,
    /// Live articles.
    pub articles: u64,
    /// Schema version; at most that of this release.
    pub schema: i64,
}

/// Copies a store to a new file, also while a daemon writes to it. `force` lets the copy take the place of another file.
/// Blocks until the copy is checked and on the disk; nothing stands under `to` before.
///
/// # Errors
/// [`Error::Exists`] without `force`; [`Error::NoRoom`], [`Error::Copy`], [`Error::Unsound`] when the copy is not as it
/// must be; those of opening. What was begun is gone then.
pub fn back_up(store: &Path, to: &Path, force: bool) -> Result<Copied, Error> {
    refuse_present(to, force)?;
    let begun = copy(store, to)?;
    refuse_present(to, force)?;
    begun.finish(to)
}

fn refuse_present(to: &Path, force: bool) -> Result<(), Error> {
    match to.symlink_metadata() {
        Ok(found) if !force || found.is_dir() => Err(Error::Exists {
            path: to.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Where a copy stands until it is whole: in the same folder, so that a rename brings it in place.
pub fn part_of(to: &Path) -> PathBuf {
    beside(to, ".part")
}

/// The path with something behind the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// A copy that is whole, checked and on the disk, but not in its place. Dropped, it is gone.
pub(super) struct Part {
    path: PathBuf,
    /// Held locked, so that two copies to one place do not meet.
    file: File,
    copied: Copied,
    moved: bool,
}

/// Makes a copy beside `to`.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Part, Error> {
    let connection = open_any(from)?;
    let schema = schema::version_of(&connection, from)?;
    let mut part = Part::begin(to)?;
    let failed = |source: rusqlite::Error| Error::Copy {
        path: to.to_owned(),
        reason: reason(&source),
    };
    let needed = size(&connection).map_err(failed)?;
    refuse_narrow(to, needed)?;
    // One statement is one snapshot: a daemon that commits all the time neither waits for it nor starts it anew.
    let name = part.path.to_string_lossy().into_owned();
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(failed)?;
    drop(connection);
    let copied = open_any(&part.path)?;
    check(&copied, &part.path, Depth::Quick)?;
    part.copied = Copied {
        bytes: 0,
        articles: articles(&copied, &part.path)?,
        schema,
    };
    drop(copied);
    let synced = part.file.sync_all().and_then(|()| part.file.metadata());
    part.copied.bytes = synced
        .map_err(|source| Error::Copy {
            path: to.to_owned(),
            reason: source.to_string(),
        })?
        .len();
    Ok(part)
}

impl Part {
    fn begin(to: &Path) -> Result<Self, Error> {
        let path = part_of(to);
        let failed = |source: std::io::Error| Error::Copy {
            path: to.to_owned(),
            reason: format!(
                "{source}; it needs a folder that is there and that this user may write"
            ),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        system::private(&mut options); // Secrets of hubs stand in it.
        let file = options.open(&path).map_err(failed)?;
        if file.try_lock().is_err() {
            return Err(Error::Copy {
                path: to.to_owned(),
                reason: format!("another copy is being written to {}", path.display()),
            });
        }
        system::set_mode(&path, 0o600).map_err(failed)?;
        let part = Self {
            path: path.clone(),
            file,
            copied: Copied {
                bytes: 0,
                articles: 0,
                schema: 0,
            },
            moved: false,
        };
        part.file.set_len(0).map_err(failed)?; // What an earlier copy left that was killed.
        Ok(part)
    }

    /// The file as it stands now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the copy in its place.
    pub(super) fn finish(mut self, to: &Path) -> Result<Copied, Error> {
        let moved = std::fs::rename(&self.path, to);
        self.moved = moved.is_ok();
        moved
            .and_then(|()| sync_folder(to))
            .map_err(|source| Error::Files {
                path: to.to_owned(),
                source,
            })?;
        Ok(self.copied)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.moved {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_file(beside(&self.path, "-journal"));
        }
    }
}

/// Puts the names of a folder on the disk.
pub(super) fn sync_folder(file: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder(file))?.sync_all()?;
    }
    Ok(())
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Bytes that this user may still write to the disk of a file; `None`: the system does not say.
pub fn free_space(file: &Path) -> Option<u64> {
    system::free_space(folder(file))
}

/// Refuses to begin what does not fit.
pub(super) fn refuse_narrow(to: &Path, needed: u64) -> Result<(), Error> {
    narrow(needed, free_space(to)).map_or(Ok(()), |free| {
        Err(Error::NoRoom {
            path: folder(to).to_owned(),
            needed: needed.saturating_add(SPARE),
            free,
        })
    })
}

/// What is free, when that is too little.
fn narrow(needed: u64, free: Option<u64>) -> Option<u64> {
    free.filter(|free| *free < needed.saturating_add(SPARE))
}

/// A connection to a store of any version, for reading.
pub(super) fn open_any(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| {
            connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;")?;
            Ok(connection)
        })
        .map_err(|source| schema::cannot_open(path, source))?;
    refuse_foreign(&connection, path)?;
    Ok(connection)
}

/// Refuses a database of another program, or of a newer release.
fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), Error> {
    const OURS: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'
        AND name IN ('meta', 'sources', 'schedule', 'articles', 'entries', 'contents')";
    let tables: i64 = connection
        .query_row(OURS, [], |row| row.get(0))
        .map_err(|source| schema::cannot_open(path, source))?;
    if tables != 6 {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    schema::version_of(connection, path).map(|_| ())
}

/// How closely a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Structure and contents (`PRAGMA quick_check`).
    Quick,
    /// Indexes too (`PRAGMA integrity_check`).
    Full,
}

/// Checks the file and its references.
pub(super) fn check(connection: &Connection, path: &Path, depth: Depth) -> Result<(), Error> {
    let unsound = |reason: String| Error::Unsound {
        path: path.to_owned(),
        reason,
    };
    let pragma = match depth {
        Depth::Quick => "PRAGMA quick_check(1)",
        Depth::Full => "PRAGMA integrity_check(1)",
    };
    let said: String = connection
        .query_row(pragma, [], |row| row.get(0))
        .map_err(|error| unsound(error.to_string()))?;
    if said != "ok" {
        return Err(unsound(said.replace('\n', " ")));
    }
    let dangling: Option<String> = connection
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut statement| {
            let mut rows = statement.query([])?;
            rows.next()?.map(|row| row.get(0)).transpose()
        })
        .map_err(|error| unsound(error.to_string()))?;
    match dangling {
        Some(table) => Err(unsound(format!(
            "a row of {table} refers to one that is gone"
        ))),
        None => Ok(()),
    }
}

fn articles(connection: &Connection, path: &Path) -> Result<u64, Error> {
    connection
        .query_row("SELECT count(*) FROM articles", [], |row| row.get(0))
        .map(i64::unsigned_abs)
        .map_err(|source| schema::cannot_open(path, source))
}

/// Bytes that a copy takes at most.
pub(super) fn size(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let pages: i64 = connection.query_row(
        "SELECT (page_count - freelist_count) * page_size
         FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
        [],
        |row| row.get(0),
    )?;
    Ok(pages.unsigned_abs())
}

/// Why a copy could not be written.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "the disk is full; make room, or name a file on another disk".to_owned()
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the database itself is damaged; keep it, and restore an older copy".to_owned()
        }
        _ => schema::cure(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_begun() {
        assert_eq!(narrow(1 << 30, Some(1 << 30)), Some(1 << 30));
        assert_eq!(narrow(1 << 30, Some((1 << 30) + SPARE)), None);
        assert_eq!(
            narrow(u64::MAX, None),
            None,
            "what is not known refuses nothing"
        );
        assert_eq!(narrow(1, Some(0)), Some(0));
    }

    #[test]
    fn a_part_stands_in_the_folder_of_its_file() {
        assert_eq!(part_of(Path::new("/a/b.db")), Path::new("/a/b.db.part"));
        assert_eq!(folder(Path::new("b.db")), Path::new("."));
    }

    #[test]
    fn a_database_of_another_program_is_none_of_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("other.db");
        let other = Connection::open(&path).expect("opened");
        other
            .execute_batch("CREATE TABLE articles (id); PRAGMA user_version = 3;")
            .expect("filled");
        drop(other);
        let refused = open_any(&path).expect_err("refused");
        assert!(matches!(refused, Error::Foreign { .. }), "{refused}");
        std::fs::write(&path, "no database at all, but long enough to be looked at")
            .expect("written");
        let refused = open_any(&path).expect_err("refused").to_string();
        assert!(refused.contains("not a SQLite database"), "{refused}");
    }
}
