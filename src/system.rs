//! What differs between systems: permissions of files, local sockets, signals, the service manager, limits.
//!
//! Whatever only Unix or only Linux has stands here and nowhere else (`tests/tidy.rs`). `unix` and `other` have the same
//! functions; what a system does not have answers that it has none.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as here;
#[cfg(unix)]
use unix as here;

pub use here::{
    Hangups, LocalListener, LocalStream, connect, free_space, inherited, is_journal, journal,
    may_write, mode, open_files, owner, private, raise_open_files, set_mode, take_owner, tell,
    terminated, watched,
};

/// A log that keeps the fields of each event.
pub type Journal = Box<dyn tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync>;

/// What the service manager is told, in the way of sd_notify(3).
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

/// A socket that the service manager opened for us (sd_listen_fds(3)).
#[derive(Debug)]
pub enum Inherited {
    /// TCP.
    Tcp(std::net::TcpListener),
    /// A local one.
    Local(LocalListener),
}
