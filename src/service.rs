//! Shell: what the daemon and the service manager that started it say to each other, in the way of systemd:
//! sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). Without such a manager nothing here does anything.
//!
//! How it is said stands in [`crate::system`]; `docs/operate.md` says how it is used.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

pub use crate::system::{Hangups, Notice, is_journal, journal, tell};
pub use progress::Progress;

use crate::publish::http::{CONNECTIONS, Listener};
use crate::system::{self, Inherited};

mod progress;

/// Open files that are asked of the system, where it allows so many.
const FILES: u64 = 4_096;

/// Connections of clients that may be open at once: what the system's limit of open files leaves beside the polls, after
/// it was raised as far as it may be, at most 3,584.
pub fn connections() -> usize {
    let files = system::raise_open_files(FILES).unwrap_or_default();
    let files = usize::try_from(files.min(FILES)).unwrap_or_default();
    files.saturating_sub(CONNECTIONS).max(CONNECTIONS)
}

/// The listening socket that the manager opened for us; `None`: it opened none. Takes it: a second call finds none.
///
/// # Errors
/// When it is more than one, or none that can be served.
pub fn inherited() -> std::io::Result<Option<Listener>> {
    Ok(match system::inherited()? {
        Some(Inherited::Tcp(listener)) => Some(Listener::from_tcp(listener)?),
        Some(Inherited::Local(listener)) => Some(Listener::Local(listener)),
        None => None,
    })
}

/// Cancels `stop` at SIGTERM or Ctrl-C, and tells the manager so.
///
/// # Errors
/// When the system does not let signals be waited for.
pub fn stop_on_signal(stop: &CancellationToken) -> std::io::Result<()> {
    let (terminated, stop) = (system::terminated()?, stop.clone());
    tokio::spawn(async move {
        terminated.await;
        stop.cancel();
        tell(Notice::Stopping);
    });
    Ok(())
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
            progress: Progress::new(system::watched(), longest),
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
