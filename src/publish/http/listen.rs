//! Accepts connections and bounds what each may cost, in time, memory and number.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Listen;
use crate::system::{LocalListener, LocalStream};

/// A bound address.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A socket with a path.
    Local(LocalListener),
}

enum Stream {
    Tcp(TcpStream),
    Local(LocalStream),
}

impl Listener {
    /// Binds the configured address. A Unix socket that nobody answers any more is replaced; one that is in use is
    /// `AddrInUse`, as a busy port is.
    pub async fn bind(address: &Listen) -> io::Result<Self> {
        match address {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Listen::Unix(path) => Ok(Self::Local(LocalListener::bind(path).await?)),
        }
    }

    /// A TCP socket that listens already.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn from_tcp(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self::Tcp(TcpListener::from_std(listener)?))
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Local(listener) => Ok(Stream::Local(listener.accept().await?)),
        }
    }
}

/// Serves until `shutdown`, then closes what is idle, lets answers under way finish, and returns within five
/// seconds.
///
/// A client has ten seconds for the head of a request, of at most 64 KB, and as long between two of them. Past
/// `most` open connections the oldest make room for the new, so that idle or slow ones keep nobody out. A connection
/// ends after ten minutes in any case. Nothing that a client does ends the server.
pub async fn serve(listener: Listener, router: Router, most: usize, shutdown: CancellationToken) {
    let mut connections = Connections {
        router,
        most,
        shutdown,
        serial: 0,
        open: BTreeMap::new(),
        tasks: JoinSet::new(),
    };
    let shutdown = connections.shutdown.clone();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = connections.tasks.join_next() => connections.forget(ended.ok()),
            accepted = listener.accept(), if connections.tasks.len() < most + CLOSING => match accepted {
                Ok(stream) => connections.begin(stream),
                Err(error) => connections.recover(error).await,
            },
        }
    }
    drop(listener);
    while connections.tasks.join_next().await.is_some() {} // each was told to stop and ends within GRACE
}

/// Connections that may stay open where the system allows no more than the usual 1,024 files: the other half is for the
/// requests of the polls.
pub const CONNECTIONS: usize = 512;

/// Connections beyond those that may be on their way out at once.
const CLOSING: usize = 64;

/// For the head of a request, and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of the head of a request.
const HEAD_LIMIT: usize = 64 * 1024;

/// For one connection, whatever it does: ends those that never read their answer.
const LIFETIME: Duration = Duration::from_secs(600);

/// For an answer under way when its connection is to end.
const GRACE: Duration = Duration::from_secs(4);

/// Pause after the system refused to accept, unless a connection ends earlier.
const PAUSE: Duration = Duration::from_millis(250);

struct Connections {
    router: Router,
    most: usize,
    shutdown: CancellationToken,
    serial: u64,
    /// By serial number, the oldest first.
    open: BTreeMap<u64, CancellationToken>,
    tasks: JoinSet<u64>,
}

impl Connections {
    fn begin(&mut self, stream: Stream) {
        self.serial += 1;
        let (serial, router, stop) = (
            self.serial,
            self.router.clone(),
            self.shutdown.child_token(),
        );
        self.open.insert(serial, stop.clone());
        self.tasks.spawn(async move {
            match stream {
                Stream::Tcp(stream) => connection(stream, router, stop).await,
                Stream::Local(stream) => connection(stream, router, stop).await,
            }
            serial
        });
        if self.open.len() > self.most {
            self.end_oldest();
        }
    }

    fn end_oldest(&mut self) {
        if let Some((_, stop)) = self.open.pop_first() {
            stop.cancel();
        }
    }

    /// `None` is a task that panicked; its entry leaves when it is the oldest.
    fn forget(&mut self, serial: Option<u64>) {
        if let Some(serial) = serial {
            self.open.remove(&serial);
        }
    }

    /// After a failed accept: the client's fault passes, but a shortage (of files, of memory) needs room.
    async fn recover(&mut self, error: io::Error) {
        use ErrorKind::{
            ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput,
            NotConnected,
        };
        if matches!(
            error.kind(),
            ConnectionAborted
                | ConnectionRefused
                | ConnectionReset
                | Interrupted
                | InvalidInput
                | NotConnected
        ) {
            return;
        }
        tracing::warn!(%error, open = self.tasks.len(), "cannot accept connections; closing the oldest");
        self.end_oldest();
        let ended = async {
            match self.tasks.join_next().await {
                Some(ended) => ended.ok(),
                None => std::future::pending().await,
            }
        };
        if let Ok(ended) = tokio::time::timeout(PAUSE, ended).await {
            self.forget(ended);
        }
    }
}

/// Serves one connection until its client leaves, a limit is met or it is told to stop.
async fn connection<I>(io: I, router: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_LIMIT)
        .max_buf_size(HEAD_LIMIT);
    let mut served =
        pin!(http.serve_connection(TokioIo::new(io), TowerToHyperService::new(router)));
    tokio::select! {
        _ = served.as_mut() => return, // how a client leaves is its own affair
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LIFETIME) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, served).await;
}

#[cfg(test)]
mod tests;
