//! A copy in the place of the store (`docs/decisions/0019-care-of-the-store.md`).
//!
//! Whenever it is killed, the store's name leads either to the old file or to the new one, each whole: the copy is made
//! and checked first, the old file gets a second name, and one rename swaps.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode};

use super::copy::{Copied, Depth, Part, beside, check, copy, open_any, sync_folder};
use super::{Error, Lock, schema};
use crate::system;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the store holds now.
    pub copied: Copied,
    /// Where the old store is; `None`: there was none.
    pub kept: Option<PathBuf>,
}

/// Points where a restore may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The copy stands beside the store.
    Copied,
    /// The old store is one file, and nobody else has it open.
    Folded,
    /// The old store has its second name.
    Kept,
    /// The store is the copy.
    Swapped,
}

/// Puts a copy in the place of the store and keeps the old one beside it. `now` becomes part of its name.
///
/// # Errors
/// [`Error::InUse`] while a daemon or another program has the store; [`Error::Foreign`], [`Error::TooNew`],
/// [`Error::Unsound`] for a file that is no sound store of ours; [`Error::NoRoom`], [`Error::Copy`]. The store is as it
/// was then.
pub fn restore(store: &Path, from: &Path, now: DateTime<Utc>) -> Result<Restored, Error> {
    restore_with(store, from, now, &mut |_| Ok(()))
}

fn restore_with(
    store: &Path,
    from: &Path,
    now: DateTime<Utc>,
    passed: &mut dyn FnMut(Step) -> Result<(), Error>,
) -> Result<Restored, Error> {
    let _lock = Lock::try_take(store)?.map_err(|holder| Error::InUse {
        path: store.to_owned(),
        pid: Some(holder.pid),
    })?;
    if let (Ok(one), Ok(other)) = (store.canonicalize(), from.canonicalize())
        && one == other
    {
        return Err(Error::Exists { path: one });
    }
    if !from.exists() {
        return Err(Error::Copy {
            path: store.to_owned(),
            reason: format!("there is no file {}", from.display()),
        });
    }
    let source = open_any(from)?;
    check(&source, from, Depth::Full)?;
    drop(source);
    let part = copy(from, store)?;
    passed(Step::Copied)?;
    let mut kept = None;
    let mut held = None; // until the swap: nobody is to open the old file any more
    if store.exists() {
        held = fold(store)?;
        passed(Step::Folded)?;
        kept = Some(keep(store, &part, now)?);
        passed(Step::Kept)?;
    }
    // What is left of a store that could not be read must not be taken for the new one's.
    for suffix in ["-wal", "-shm", "-journal"] {
        remove(&beside(store, suffix))?;
    }
    let copied = part.finish(store)?;
    drop(held);
    passed(Step::Swapped)?;
    Ok(Restored { copied, kept })
}

fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Files {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Folds the WAL into the old file and keeps everybody else out while what is returned lives. `None`: the file cannot
/// be read, and is kept as it is.
fn fold(store: &Path) -> Result<Option<Connection>, Error> {
    let folded = Connection::open(store).and_then(|connection| {
        connection.execute_batch("PRAGMA busy_timeout = 2000;")?;
        // Only who is alone with a file may leave WAL mode.
        let mode: String =
            connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        Ok((connection, mode))
    });
    match folded {
        Ok((connection, mode)) if mode == "delete" => Ok(Some(connection)),
        Ok(_) => Err(Error::InUse {
            path: store.to_owned(),
            pid: None,
        }),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(None),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Err(Error::InUse {
                path: store.to_owned(),
                pid: None,
            }),
            _ => Err(schema::cannot_open(store, error)),
        },
    }
}

/// Gives the old files a second name; the copy gets the old one's owner and mode.
fn keep(store: &Path, part: &Part, now: DateTime<Utc>) -> Result<PathBuf, Error> {
    let kept = beside(
        store,
        &format!(".before-restore-{}", now.format("%Y%m%dT%H%M%S%.3fZ")),
    );
    let failed = |source: std::io::Error| Error::Files {
        path: kept.clone(),
        source,
    };
    alike(store, part.path()).map_err(failed)?;
    let wal = beside(store, "-wal");
    if wal.exists() {
        second_name(&wal, &beside(&kept, "-wal")).map_err(failed)?;
    }
    second_name(store, &kept).map_err(failed)?;
    sync_folder(store).map_err(failed)?;
    Ok(kept)
}

/// Where there are no hard links the file is copied.
fn second_name(file: &Path, name: &Path) -> std::io::Result<()> {
    if std::fs::hard_link(file, name).is_ok() {
        return Ok(());
    }
    std::fs::copy(file, name)?;
    std::fs::File::open(name)?.sync_all()
}

/// Who restores as root must not lock the daemon's user out.
fn alike(old: &Path, new: &Path) -> std::io::Result<()> {
    let was = old.metadata()?;
    system::take_owner(&std::fs::File::open(new)?, &was)?;
    std::fs::set_permissions(new, was.permissions())
}

#[cfg(test)]
mod tests;
