//! A system that is no Unix: tried by nobody yet. What it has none of is said to be none.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use super::{Inherited, Journal, Notice};

/// Permissions are as the folder's.
pub fn private(_: &mut OpenOptions) {}

/// Permissions are as the folder's.
///
/// # Errors
/// None.
pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Files stay with who made them.
///
/// # Errors
/// None.
pub fn take_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Users have no numbers.
pub fn owner(_: &Path) -> Option<u32> {
    None
}

/// Permissions have no numbers.
pub fn mode(_: &Path) -> Option<u32> {
    None
}

/// Whether this user may read and write a file.
///
/// # Errors
/// Why not.
pub fn may_write(path: &Path) -> Result<(), ErrorKind> {
    match path.metadata() {
        Ok(file) if file.permissions().readonly() => Err(ErrorKind::PermissionDenied),
        Ok(_) => Ok(()),
        Err(error) => Err(error.kind()),
    }
}

/// Not asked for.
pub fn free_space(_: &Path) -> Option<u64> {
    None
}

/// Nothing is known of a limit.
pub fn open_files() -> Option<(u64, u64)> {
    None
}

/// Nothing is known of a limit.
pub fn raise_open_files(_: u64) -> Option<u64> {
    None
}

/// There are no sockets with a path.
#[derive(Debug)]
pub enum LocalListener {}

/// Stands for a connection that never is.
pub type LocalStream = tokio::io::DuplexStream;

impl LocalListener {
    /// Refused.
    ///
    /// # Errors
    /// Always.
    pub async fn bind(_: &Path) -> io::Result<Self> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Never called, as there is none.
    ///
    /// # Errors
    /// None.
    pub async fn accept(&self) -> io::Result<LocalStream> {
        match *self {}
    }
}

/// Refused.
///
/// # Errors
/// Always.
pub async fn connect(_: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Nobody is there to be told.
pub fn tell(_: Notice<'_>) {}

/// Nobody watches.
pub fn watched() -> Option<Duration> {
    None
}

/// No manager hands over sockets.
///
/// # Errors
/// None.
pub fn inherited() -> io::Result<Option<Inherited>> {
    Ok(None)
}

/// There is no journal.
pub fn is_journal() -> bool {
    false
}

/// There is no journal.
pub fn journal() -> Option<Journal> {
    None
}

/// Resolves when the system wants this process to end (Ctrl-C).
///
/// # Errors
/// None.
pub fn terminated() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Nothing asks for the configuration to be read anew.
#[derive(Debug, Default)]
pub struct Hangups;

impl Hangups {
    /// None ever comes.
    pub async fn next(&mut self) {
        std::future::pending().await
    }
}
