//! Unix; the journal is Linux's.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Inherited, Journal, Notice};

/// What is made is for this user alone.
pub fn private(options: &mut OpenOptions) {
    options.mode(0o600);
}

/// Gives a file these permissions.
///
/// # Errors
/// What the system refuses.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Gives a file to the owner of another: who writes as root locks nobody out.
///
/// # Errors
/// What the system refuses.
pub fn take_owner(file: &File, like: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(like.uid()), Some(like.gid()))
}

/// Number of the user that a file belongs to; `None`: it cannot be told.
pub fn owner(path: &Path) -> Option<u32> {
    Some(path.metadata().ok()?.uid())
}

/// Permissions of a file; `None`: they cannot be told.
pub fn mode(path: &Path) -> Option<u32> {
    Some(path.metadata().ok()?.permissions().mode())
}

/// Whether this user may read and write a file.
///
/// # Errors
/// Why not.
pub fn may_write(path: &Path) -> Result<(), ErrorKind> {
    use rustix::fs::{Access, access};
    access(path, Access::READ_OK | Access::WRITE_OK).map_err(|error| io::Error::from(error).kind())
}

/// Bytes that this user may still write to the disk of a folder; `None`: the system does not say.
pub fn free_space(folder: &Path) -> Option<u64> {
    let said = rustix::fs::statvfs(folder).ok()?;
    // A system of files without blocks counts nothing.
    (said.f_blocks > 0).then(|| said.f_bavail.saturating_mul(said.f_frsize))
}

/// Files that may be open at once: now, and at most when asked for; `None`: the system does not say.
pub fn open_files() -> Option<(u64, u64)> {
    rlimit::getrlimit(rlimit::Resource::NOFILE).ok()
}

/// Asks for so many files, and gives how many may be open then; `None`: nothing is known of a limit.
pub fn raise_open_files(wanted: u64) -> Option<u64> {
    rlimit::increase_nofile_limit(wanted).ok()
}

/// A socket with a path.
#[derive(Debug)]
pub struct LocalListener(tokio::net::UnixListener);

/// One connection to it.
pub type LocalStream = tokio::net::UnixStream;

impl LocalListener {
    /// Listens at a path. A socket that nobody answers any more is replaced; one that is in use is `AddrInUse`, as a busy
    /// port is.
    ///
    /// # Errors
    /// What the system refuses.
    pub async fn bind(path: &Path) -> io::Result<Self> {
        let is_socket = |found: Metadata| found.file_type().is_socket();
        if std::fs::symlink_metadata(path).is_ok_and(is_socket)
            && let Err(error) = connect(path).await
            && error.kind() == ErrorKind::ConnectionRefused
        {
            std::fs::remove_file(path)?;
        }
        Ok(Self(tokio::net::UnixListener::bind(path)?))
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the system refuses.
    pub async fn accept(&self) -> io::Result<LocalStream> {
        Ok(self.0.accept().await?.0)
    }
}

/// Whether somebody answers at the path of a socket.
///
/// # Errors
/// What the system refuses.
pub async fn connect(path: &Path) -> io::Result<()> {
    LocalStream::connect(path).await.map(drop)
}

/// Tells the manager. That it cannot be reached is nothing that a daemon should end for.
pub fn tell(notice: Notice<'_>) {
    use sd_notify::NotifyState;
    let mut states = Vec::with_capacity(2);
    states.push(match notice {
        Notice::Ready => NotifyState::Ready,
        Notice::Reloading => NotifyState::Reloading,
        Notice::Stopping => NotifyState::Stopping,
        Notice::Alive => NotifyState::Watchdog,
        Notice::Status(text) => NotifyState::Status(text),
    });
    if notice == Notice::Reloading {
        // Required of `Type=notify-reload` (sd_notify(3)).
        states.extend(NotifyState::monotonic_usec_now().ok());
    }
    if let Err(error) = sd_notify::notify(&states) {
        tracing::warn!(%error, "the service manager cannot be told: $NOTIFY_SOCKET does not answer");
    }
}

/// Within what time the manager wants a [`Notice::Alive`] (`WATCHDOG_USEC`); `None`: it does not watch this process.
pub fn watched() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())
}

/// The listening socket that the manager opened for us (`LISTEN_FDS`); `None`: it opened none. Takes it: a second call
/// finds none.
///
/// # Errors
/// When it is more than one, or neither a TCP nor a Unix stream socket.
pub fn inherited() -> io::Result<Option<Inherited>> {
    let mut sockets = listenfd::ListenFd::from_env();
    if sockets.len() > 1 {
        return Err(io::Error::other(format!(
            "the service manager hands over {} sockets and one is served; leave one ListenStream= in the .socket unit",
            sockets.len()
        )));
    }
    if let Ok(listener) = sockets.take_tcp_listener(0) {
        return Ok(listener.map(Inherited::Tcp));
    }
    let listener = sockets.take_unix_listener(0).map_err(|error| {
        io::Error::other(format!(
            "the socket of the service manager cannot be served: {error}; give it a ListenStream="
        ))
    })?;
    let local = |listener: std::os::unix::net::UnixListener| {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(listener)?;
        Ok(Inherited::Local(LocalListener(listener)))
    };
    listener.map(local).transpose()
}

/// Whether standard error goes to the journal (`JOURNAL_STREAM`, systemd.exec(5)).
pub fn is_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    std::fs::metadata("/proc/self/fd/2")
        .is_ok_and(|own| stream == format!("{}:{}", own.dev(), own.ino()))
}

/// The journal of this machine; `None`: it has none.
#[cfg(target_os = "linux")]
pub fn journal() -> Option<Journal> {
    let journal = tracing_journald::layer().ok()?;
    Some(Box::new(journal.with_field_prefix(None)))
}

/// The journal is systemd's.
#[cfg(not(target_os = "linux"))]
pub fn journal() -> Option<Journal> {
    None
}

/// Resolves when the system wants this process to end (SIGTERM, Ctrl-C).
///
/// # Errors
/// When signals cannot be waited for.
pub fn terminated() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Signals that ask for the configuration to be read anew (SIGHUP); waited for from its making on.
#[derive(Debug)]
pub struct Hangups(Option<Signal>);

impl Default for Hangups {
    fn default() -> Self {
        Self(signal(SignalKind::hangup()).ok())
    }
}

impl Hangups {
    /// The next one.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(signals) => {
                signals.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}
