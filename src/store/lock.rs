//! One polling process a store: a lock file held open (`docs/decisions/0004-one-poller.md`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::system;

/// Who holds the lock, and how to talk to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Loopback address of the daemon's control listener; `None` for a `poll`, which takes no orders.
    pub control: Option<String>,
    /// Needed to talk to it.
    pub token: Option<String>,
}

/// The right to poll into a store. Released when dropped, and by the system when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock if nobody holds it. `Err` inside `Ok` says who does.
    ///
    /// # Errors
    /// [`Error::Files`] when the lock file cannot be made.
    pub fn try_take(store: &Path) -> Result<Result<Self, Holder>, Error> {
        let (path, file) = open(store)?;
        match file.try_lock() {
            Ok(()) => {
                // What a dead holder left must not be read as ours.
                file.set_len(0).map_err(|source| Error::Files {
                    path: path.clone(),
                    source,
                })?;
                Ok(Ok(Self { file, path }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(holder(&path))),
            Err(TryLockError::Error(source)) => Err(Error::Files { path, source }),
        }
    }

    /// Who holds it; `None`: nobody, or nobody ever did. No file is made, and the lock is not taken.
    pub(super) fn held(store: &Path) -> Option<Holder> {
        let path = path_of(store);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(holder(&path)),
            _ => None,
        }
    }

    /// Waits until nobody holds the lock, and takes it.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn wait(store: &Path) -> Result<Self, Error> {
        let (path, file) = open(store)?;
        file.lock().map_err(|source| Error::Files {
            path: path.clone(),
            source,
        })?;
        Ok(Self { file, path })
    }

    /// Writes down who holds it.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub fn sign(&mut self, holder: &Holder) -> Result<(), Error> {
        let text = serde_json::to_string(holder).unwrap_or_default();
        let written = self
            .file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.flush());
        written.map_err(|source| Error::Files {
            path: self.path.clone(),
            source,
        })
    }
}

fn path_of(store: &Path) -> PathBuf {
    super::copy::beside(store, ".lock")
}

fn open(store: &Path) -> Result<(PathBuf, File), Error> {
    if let Some(folder) = store.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Files {
            path: folder.to_owned(),
            source,
        })?;
    }
    let path = path_of(store);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    system::private(&mut options); // It holds the control token.
    let file = options.open(&path).map_err(|source| Error::Files {
        path: path.clone(),
        source,
    })?;
    Ok((path, file))
}

fn holder(path: &Path) -> Holder {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    read.ok()
        .and_then(|_| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}
