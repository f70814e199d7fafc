//! Shell: what the daemon and the service manager that started it say to each other, in the way of systemd:
//! sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Without such a manager nothing here does anything.
//!
//! What only Unix has stands here and in `publish::http` (its own Unix socket); `docs/operate.md` says how it is used.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing_subscriber::{Layer, Registry};

pub use progress::Progress;

use crate::publish::http::{CONNECTIONS, Listener};

mod progress;

/// What the manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// `READY=1`: the outputs are rendered and served.
    Ready,
    /// `RELOADING=1`: the configuration is read anew; [`Notice::Ready`] follows.
    Reloading,
    /// `STOPPING=1`: a stop was asked for and is under way.
    Stopping,
    /// `WATCHDOG=1`: the scheduler gets on.
    Alive,
    /// `STATUS=`: one line for people.
    Status(&'a str),
}

/// Tells the manager. That it cannot be reached is nothing that a daemon should end for.
#[cfg(unix)]
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

/// Nobody is there to be told.
#[cfg(not(unix))]
pub fn tell(_: Notice<'_>) {}

/// Within what time the manager wants a [`Notice::Alive`] (`WATCHDOG_USEC`); `None`: it does not watch this process.
#[cfg(unix)]
fn watched() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())
}

#[cfg(not(unix))]
fn watched() -> Option<Duration> {
    None
}

/// Open files that are asked of the system, where it allows so many.
#[cfg(unix)]
const FILES: u64 = 4_096;

/// Connections of clients that may be open at once: what the system's limit of open files leaves beside the polls, after
/// it was raised as far as it may be, at most 3,584.
#[cfg(unix)]
pub fn connections() -> usize {
    let files = rlimit::increase_nofile_limit(FILES).unwrap_or_default();
    let files = usize::try_from(files.min(FILES)).unwrap_or_default();
    files.saturating_sub(CONNECTIONS).max(CONNECTIONS)
}

/// Nothing is known of a limit.
#[cfg(not(unix))]
pub fn connections() -> usize {
    CONNECTIONS
}

/// The listening socket that the manager opened for us (`LISTEN_FDS`); `None`: it opened none. Takes it: a second call
/// finds none.
///
/// # Errors
/// When it is more than one, or neither a TCP nor a Unix stream socket.
#[cfg(unix)]
pub fn inherited() -> std::io::Result<Option<Listener>> {
    let mut sockets = listenfd::ListenFd::from_env();
    if sockets.len() > 1 {
        return Err(std::io::Error::other(format!(
            "the service manager hands over {} sockets and one is served; leave one ListenStream= in the .socket unit",
            sockets.len()
        )));
    }
    if let Ok(listener) = sockets.take_tcp_listener(0) {
        return listener.map(Listener::from_tcp).transpose();
    }
    let listener = sockets.take_unix_listener(0).map_err(|error| {
        std::io::Error::other(format!(
            "the socket of the service manager cannot be served: {error}; give it a ListenStream="
        ))
    })?;
    listener.map(Listener::from_unix).transpose()
}

/// No manager hands over sockets here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn inherited() -> std::io::Result<Option<Listener>> {
    Ok(None)
}

/// A log that keeps the fields of each event.
type Journal = Box<dyn Layer<Registry> + Send + Sync>;

/// Whether standard error goes to the journal (`JOURNAL_STREAM`, systemd.exec(5)).
#[cfg(target_os = "linux")]
pub fn is_journal() -> bool {
    use std::os::linux::fs::MetadataExt;
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    std::fs::metadata("/proc/self/fd/2")
        .is_ok_and(|own| stream == format!("{}:{}", own.st_dev(), own.st_ino()))
}

/// The journal of this machine; `None`: it has none.
#[cfg(target_os = "linux")]
pub fn journal() -> Option<Journal> {
    let journal = tracing_journald::layer().ok()?;
    Some(journal.with_field_prefix(None).boxed())
}

/// There is no journal here.
#[cfg(not(target_os = "linux"))]
pub fn is_journal() -> bool {
    false
}

/// There is no journal here.
#[cfg(not(target_os = "linux"))]
pub fn journal() -> Option<Journal> {
    None
}

/// Cancels `stop` at SIGTERM or Ctrl-C, and tells the manager so.
///
/// # Errors
/// When the system does not let signals be waited for.
pub fn stop_on_signal(stop: &CancellationToken) -> std::io::Result<()> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let stop = stop.clone();
    tokio::spawn(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        stop.cancel();
        tell(Notice::Stopping);
    });
    Ok(())
}

/// Signals that ask for the configuration to be read anew (SIGHUP).
#[derive(Debug)]
pub struct ReloadSignals {
    #[cfg(unix)]
    signals: Option<tokio::signal::unix::Signal>,
}

/// Waits for such signals from now on; where the system has none, none ever comes.
pub fn reload_signals() -> ReloadSignals {
    ReloadSignals {
        #[cfg(unix)]
        signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
    }
}

impl ReloadSignals {
    /// The next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.signals {
            signals.recv().await;
            return;
        }
        std::future::pending().await
    }
}

/// What the scheduler tells of itself, from its own loop and from nowhere else.
#[derive(Debug)]
pub struct Pulse {
    progress: Progress,
    /// Whether anybody listens (`NOTIFY_SOCKET`).
    heard: bool,
}

impl Pulse {
    /// For a scheduler whose polls take `longest` at most, waiting in queues left aside.
    pub fn new(longest: Duration) -> Self {
        Self {
            progress: Progress::new(watched(), longest),
            heard: std::env::var_os("NOTIFY_SOCKET").is_some(),
        }
    }

    /// Polls may take `longest` from now on.
    pub fn expect(&mut self, longest: Duration) {
        self.progress.expect(longest);
    }

    /// The scheduler came round: so many polls are in flight, so many ended since it started. Feeds the watchdog when
    /// it is time and the polls get on; tells `status` when it is another than before. True when the polls in flight are
    /// stuck.
    pub fn beat(&mut self, running: usize, ended: u64, status: impl FnOnce() -> String) -> bool {
        let now = Instant::now();
        if self.progress.turn(now, running, ended) {
            tell(Notice::Alive);
        }
        if self.heard && self.progress.may_tell(now) {
            let status = status();
            if self.progress.is_news(now, &status) {
                tell(Notice::Status(&status));
            }
        }
        self.progress.is_stuck(now)
    }

    /// The scheduler must come round again within this time; `None`: whenever it likes.
    pub fn next(&self) -> Option<Duration> {
        self.progress.next(Instant::now())
    }
}
