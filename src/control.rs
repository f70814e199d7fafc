//! How a command talks to the running daemon: a loopback listener whose address and token stand in the lock file.
//!
//! One connection is one order: a line of JSON with the token and the task, then a line a source as it is polled or an
//! article that is forgotten, `+` before it when that went well and `-` when it failed. The end of the connection is the end of the task. Only who can read the lock file (mode 0600) knows the token.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::daemon::{self, Current};
use crate::model::{Correction, Report};
use crate::store::{Holder, Scope};

/// Longest order that is read, in bytes.
const LONGEST_ORDER: u64 = 1 << 20;
/// An order must arrive within this time.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    token: String,
    task: Task,
}

/// What the daemon is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Poll.
    Poll {
        /// Ids; empty with `all` false means what is due.
        names: Vec<String>,
        /// Every source.
        all: bool,
    },
    /// Bring the search index up to date.
    Index,
    /// Correct articles.
    Correct(Correction),
    /// Read the configuration anew.
    Reload,
    /// Tell how it is, as one line of JSON.
    Status,
}

/// The daemon's end.
#[derive(Debug)]
pub struct Control {
    listener: TcpListener,
    token: String,
}

/// What serving an order needs.
#[derive(Clone, Debug)]
pub struct Served {
    /// What is in force.
    pub current: Current,
    /// Told when something shown changed.
    pub changed: Arc<Notify>,
    /// Takes orders to read the configuration anew.
    pub reload: mpsc::Sender<daemon::Order>,
}

impl Control {
    /// Listens on a free loopback port, with a fresh token.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Ok(Self {
            listener,
            token: uuid::Uuid::new_v4().to_string(),
        })
    }

    /// What the lock file says of it.
    ///
    /// # Errors
    /// When the port is gone.
    pub fn holder(&self) -> io::Result<Holder> {
        let control = Some(self.listener.local_addr()?.to_string());
        Ok(Holder {
            pid: std::process::id(),
            control,
            token: Some(self.token.clone()),
        })
    }

    /// Serves orders until `stop`.
    pub async fn serve(self, served: Served, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else { continue };
            let (served, token, stop) = (served.clone(), self.token.clone(), stop.clone());
            tokio::spawn(async move {
                if let Err(error) = answer(stream, &served, &token, &stop).await {
                    tracing::debug!(%error, "an order was broken off");
                }
            });
        }
    }
}

async fn answer(
    stream: TcpStream,
    served: &Served,
    token: &str,
    stop: &CancellationToken,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut limited = BufReader::new(read.take(LONGEST_ORDER));
    tokio::time::timeout(PATIENCE, limited.read_line(&mut line)).await??;
    let order: Order = serde_json::from_str(&line)?;
    if order.token != token {
        return write
            .write_all(b"-the token is wrong; the lock file has the right one\n")
            .await;
    }
    let (lines, mut ready) = mpsc::unbounded_channel::<String>();
    let writing = async {
        while let Some(line) = ready.recv().await {
            write.write_all(line.as_bytes()).await?;
        }
        write.shutdown().await
    };
    // What was ordered is done to its end also when nobody listens any more.
    let (written, ()) = tokio::join!(writing, obey(order.task, served, stop, lines));
    written
}

async fn obey(
    task: Task,
    served: &Served,
    stop: &CancellationToken,
    lines: mpsc::UnboundedSender<String>,
) {
    let setup = served.current.get();
    let (shell, changed) = (&setup.shell, &served.changed);
    let result = match task {
        Task::Reload => {
            let (order, answer) = oneshot::channel();
            let _ = served.reload.send(order).await;
            match answer.await {
                Ok(Ok(done)) => send(&lines, '+', &done),
                Ok(Err(problems)) => {
                    for problem in problems.lines() {
                        send(&lines, '-', problem);
                    }
                }
                Err(_) => send(&lines, '-', "the daemon is stopping"),
            }
            Ok(())
        }
        Task::Status => daemon::Status::of(&served.current).map(|status| {
            let line = serde_json::to_string(&status).unwrap_or_default();
            send(&lines, '+', &line);
        }),
        Task::Index => daemon::index(&shell.store, stop, |_| {}).await,
        Task::Correct(correction) => shell.store.correct(correction).await.map(|done| {
            changed.notify_one();
            let _ = lines.send(format!("+{}\n", done.replace('\n', " ")));
        }),
        Task::Poll { names, all } => {
            let scope = scope(names, all);
            let each = |report: Report| {
                if report.changed {
                    changed.notify_one();
                }
                let sign = if report.error.is_some() { '-' } else { '+' };
                let _ = lines.send(format!("{sign}{report}\n"));
            };
            let concurrency = setup.config.fetch.concurrency;
            daemon::pass(shell, &setup.sources, &scope, concurrency, stop, each).await
        }
    };
    if let Err(error) = result {
        let _ = lines.send(format!("-{error}\n"));
    }
}

fn send(lines: &mpsc::UnboundedSender<String>, sign: char, line: &str) {
    let _ = lines.send(format!("{sign}{line}\n"));
}

/// The scope that `poll`'s arguments mean.
pub fn scope(names: Vec<String>, all: bool) -> Scope {
    match (all, names.is_empty()) {
        (true, _) => Scope::All,
        (_, false) => Scope::Named(names),
        _ => Scope::DueOrNew,
    }
}

/// Asks something of the daemon that holds the store, and hands each line of its answer to `each`: whether it tells
/// of a success, and the text.
///
/// # Errors
/// When the daemon cannot be reached or breaks off.
pub async fn ask(holder: &Holder, task: Task, mut each: impl FnMut(bool, &str)) -> io::Result<()> {
    let address = holder.control.as_deref().unwrap_or_default();
    let token = holder.token.clone().unwrap_or_default();
    let mut stream = TcpStream::connect(address).await?;
    let mut order = serde_json::to_vec(&Order { token, task })?;
    order.push(b'\n');
    stream.write_all(&order).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        each(line.starts_with('+'), line.get(1..).unwrap_or_default());
    }
    Ok(())
}
