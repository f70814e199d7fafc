//! The writer's thread: groups polls into transactions.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::upkeep::{self, Upkeep};
use super::window::Window;
use super::{Error, Job, Message, polls};
use crate::model::{Item, Nearness, Observation, Observed, Report};

/// A transaction is closed when it has this many rows …
const ROWS: usize = 250;
/// … or this many polls …
const POLLS: usize = 32;
/// … or is this old: nobody waits longer for a commit.
const AGE: Duration = Duration::from_millis(20);

/// What the next message is after a transaction.
enum After {
    Message(Message),
    Idle,
    Closed,
}

type Reply = (
    oneshot::Sender<Result<Report, Error>>,
    Result<Report, Error>,
);

/// Serves messages until every handle is gone, then tidies the WAL away.
pub(super) fn run(
    mut connection: Connection,
    path: &Path,
    nearness: Nearness,
    inbox: &Receiver<Message>,
) {
    let mut window = Window::new(nearness);
    let mut upkeep = Upkeep::new(path, Instant::now());
    let mut next = wait(&connection, &mut upkeep, inbox);
    while let Some(message) = next.take() {
        let after = match message {
            Message::Run(job) => {
                run_job(&mut connection, &mut window, job);
                After::Idle
            }
            poll @ Message::Poll { .. } => transaction(&mut connection, &mut window, inbox, poll),
        };
        upkeep.after_write(&connection, Instant::now());
        next = match after {
            After::Message(message) => Some(message),
            After::Idle => wait(&connection, &mut upkeep, inbox),
            After::Closed => None,
        };
    }
    upkeep::at_close(&connection);
}

/// The next message; while there is none the file is looked after. `None`: every handle is gone.
fn wait(
    connection: &Connection,
    upkeep: &mut Upkeep,
    inbox: &Receiver<Message>,
) -> Option<Message> {
    loop {
        match inbox.recv_timeout(upkeep::IDLE) {
            Ok(message) => return Some(message),
            Err(RecvTimeoutError::Timeout) => upkeep.when_idle(connection, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// A panic in one job must not end the writer for all.
fn run_job(connection: &mut Connection, window: &mut Window, job: Job) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(connection, window)));
    if result.is_err() {
        tracing::error!("a write to the database panicked; it was rolled back");
    }
}

fn transaction(
    connection: &mut Connection,
    window: &mut Window,
    inbox: &Receiver<Message>,
    first: Message,
) -> After {
    let started = Instant::now();
    let mut replies: Vec<Reply> = Vec::new();
    let mut after = After::Message(first);
    let committed = collect(connection, window, inbox, started, &mut replies, &mut after);
    if let Err(error) = committed {
        return refuse(&error, replies, after);
    }
    for (reply, result) in replies {
        let _ = reply.send(result); // The poll was cancelled: what it learned is stored all the same.
    }
    after
}

/// Applies polls until the transaction is full or old enough, and commits. `after` is what comes next.
fn collect(
    connection: &mut Connection,
    window: &mut Window,
    inbox: &Receiver<Message>,
    started: Instant,
    replies: &mut Vec<Reply>,
    after: &mut After,
) -> Result<(), Arc<rusqlite::Error>> {
    let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(error) = window.refresh(&tx) {
        tracing::warn!("near-duplicates are looked for in what was known before: {error}");
    }
    let mut rows = 0;
    loop {
        match std::mem::replace(after, After::Idle) {
            After::Message(Message::Poll {
                observed,
                reply,
                _place,
            }) => {
                rows += weight(&observed);
                replies.push((reply, polls::apply(&mut tx, window, *observed)));
                // A full or failing disk makes SQLite roll the whole transaction back by itself.
                if tx.is_autocommit()
                    && let Some((_, Err(Error::Sql { source, .. }))) = replies.last()
                {
                    return Err(Arc::clone(source));
                }
            }
            other => {
                *after = other;
                break;
            }
        }
        if rows >= ROWS || replies.len() >= POLLS {
            break;
        }
        *after = receive(inbox, started);
    }
    Ok(tx.commit()?)
}

/// The transaction could not be opened or closed: nothing of its polls is stored, each is told so.
fn refuse(error: &Arc<rusqlite::Error>, replies: Vec<Reply>, after: After) -> After {
    for (reply, _) in replies {
        let _ = reply.send(Err(Arc::clone(error).into()));
    }
    match after {
        After::Message(Message::Poll { reply, .. }) => {
            let _ = reply.send(Err(Arc::clone(error).into()));
            After::Idle
        }
        other => other,
    }
}

fn receive(inbox: &Receiver<Message>, started: Instant) -> After {
    match inbox.recv_timeout(AGE.saturating_sub(started.elapsed())) {
        Ok(message) => After::Message(message),
        Err(RecvTimeoutError::Timeout) => After::Idle,
        Err(RecvTimeoutError::Disconnected) => After::Closed,
    }
}

fn weight(observed: &Observed) -> usize {
    match &observed.outcome {
        Observation::Feed(document) | Observation::Piece { document, .. } => {
            2 + document
                .items
                .iter()
                .filter(|item| matches!(item, Item::Candidate(_)))
                .count()
        }
        _ => 1,
    }
}
