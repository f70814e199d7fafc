//! The store: one SQLite file, one writer thread, a few readers.
//!
//! [`Store`] is a cheap handle with verbs of the domain. Writes travel as messages to the one thread that owns the
//! writing connection; it puts several polls into one transaction, a savepoint each, so that a poll's articles,
//! validators, history and next due time commit together or not at all (`docs/architecture.md`, Store). Reads run
//! on connections of their own and never wait for the writer.
//!
//! All SQL of the program is below this module. It does not decide what is a duplicate ([`crate::dedup`] does) and
//! renders nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use crate::model::{Nearness, Observed, Report};

pub use archives::{ArchivePage, ArchiveTerms, Chain};
pub use claims::{Scope, Sources};
pub use codec::compress;
pub use copy::{Copied, back_up, free_space, part_of};
pub use events::Event;
pub use evidence::{ArticleExplanation, Earlier, Joined};
pub use explain::{Explanation, Hints, Pace, Poll};
pub use figures::{Counts, DAYS, DELAYS, EarlierText, Figures};
pub use followers::{Follower, Told};
pub use forget::Forgotten;
pub use full_text::{PageDue, PageGave, PageSeen, PagesState};
pub use health::SourceHealth;
pub use history::{Archive, HistoryState};
pub use import::Imported;
pub use index::Tally;
pub use inspect::{IndexState, Inspection, holder, inspect};
pub use lists::{DueList, ListNews};
pub use lock::{Holder, Lock};
pub use outputs::OutputState;
pub use plan::{Planned, plan_without_store};
pub use push::PushState;
pub use restore::{Restored, restore};
pub use retention::Purge;
pub use timeline::{Selection, SelectionOrder};

mod archives;
mod articles;
mod claims;
mod codec;
mod copy;
mod correct;
mod events;
mod evidence;
mod explain;
mod figures;
mod fill;
mod flapping;
mod followers;
mod forget;
mod full_text;
mod health;
mod history;
mod import;
mod index;
mod inspect;
mod kept;
mod lists;
mod lock;
mod moves;
mod offline;
mod outputs;
mod pieces;
mod plan;
mod polls;
mod push;
mod quiet;
mod rekey;
mod rescue;
mod restore;
mod retention;
mod rhythms;
mod schema;
mod timeline;
mod tombstones;
mod unite;
mod upkeep;
mod window;
mod writer;

#[cfg(test)]
mod tests;

/// Polls that may wait for the writer: bounds what they hold in memory.
const WAITING_POLLS: usize = 64;
/// Reading connections that are kept.
const READERS: usize = 2;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Written by a newer release.
    #[error("the database {} was written by a newer Feedmill (schema {found}, this one knows {known}): install that release again, or point store.path to another file", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Only to be read, but written by an older release.
    #[error("the database {} is still of an older Feedmill: start `feedmill run` of this release, which brings it up to date", path.display())]
    TooOld {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or written, or is no database.
    #[error("cannot open the database {}: {cure}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What to do.
        cure: String,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The folder of the database cannot be made, or its lock file not written.
    #[error("cannot use {}: {source}; make the folder writable or change store.path", path.display())]
    Files {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that would be overwritten.
    #[error("{} is there already and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A SQLite file of another program.
    #[error("{} is a SQLite database, but not one of Feedmill", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file that is damaged.
    #[error("{} is damaged: {reason}; use another copy", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What the check said.
        reason: String,
    },
    /// A copy could not be written; nothing of it is left.
    #[error("cannot copy the database to {}: {reason}", path.display())]
    Copy {
        /// Where to.
        path: PathBuf,
        /// Why, and the cure.
        reason: String,
    },
    /// The disk cannot take a copy.
    #[error("a copy of the database needs {} MiB in {} and {} MiB are free: make room there", needed.div_ceil(1 << 20), path.display(), free >> 20)]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Somebody else has the store.
    #[error("{} has the database {} open: stop it first", whose(*pid), path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process that holds the lock; `None`: another program.
        pid: Option<u32>,
    },
    /// A schema change failed; the file is as it was.
    #[error("cannot bring the database {} up to date, it is unchanged: {source}; install the release that you had, and report this", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// A statement failed; its transaction was rolled back.
    #[error("the database refused: {cure}")]
    Sql {
        /// What happened and what to do.
        cure: String,
        /// What SQLite said; polls of one transaction share it.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// What is stored is not what this release writes.
    #[error("the stored {what} is damaged: {reason}")]
    Damaged {
        /// Which value.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A search that is none.
    #[error("the search cannot be answered: {reason}")]
    Search {
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// An article that is not stored, or not one.
    #[error(
        "there is no article {wanted:?}; `feedmill articles` lists them, an id may be cut to its first 4 digits or more"
    )]
    NoArticle {
        /// What was asked for.
        wanted: String,
    },
    /// The beginning of several articles' ids.
    #[error("{wanted:?} begins the ids of several articles ({}, …); write more of it", ids.join(", "))]
    ManyArticles {
        /// What was asked for.
        wanted: String,
        /// Some of them.
        ids: Vec<String>,
    },
    /// An article has no such entry, or several.
    #[error("{article} has not just one entry {wanted:?}; it has {}; name one by its number", entries.join(", "))]
    NoEntry {
        /// What was asked for.
        wanted: String,
        /// The article.
        article: String,
        /// Those it has.
        entries: Vec<String>,
    },
    /// The writer has stopped: the program is ending.
    #[error("the store is closed")]
    Closed,
}

fn whose(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("Feedmill (process {pid})"),
        None => "another program".to_owned(),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        Arc::new(source).into()
    }
}

impl From<Arc<rusqlite::Error>> for Error {
    fn from(source: Arc<rusqlite::Error>) -> Self {
        Self::Sql {
            cure: schema::cure(&source),
            source,
        }
    }
}

/// A handle on the store. Cloning is cheap; the file is closed when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    messages: Option<mpsc::Sender<Message>>,
    writer: Option<std::thread::JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    waiting: Arc<Semaphore>,
}

type Job = Box<dyn FnOnce(&mut Connection, &mut window::Window) + Send>;

enum Message {
    /// A poll to be stored; `reply` is told after the commit.
    Poll {
        observed: Box<Observed>,
        reply: oneshot::Sender<Result<Report, Error>>,
        _place: tokio::sync::OwnedSemaphorePermit,
    },
    /// Any other write; runs between transactions.
    Run(Job),
}

impl Store {
    /// Opens or creates the file, brings its schema up to date and starts the writer. `full_sync` waits for the disk
    /// after every transaction.
    ///
    /// # Errors
    /// [`Error::Files`], [`Error::Open`], [`Error::TooNew`] and [`Error::Migrate`], each with its cure.
    pub fn open(path: &Path, full_sync: bool) -> Result<Self, Error> {
        Self::open_with(path, full_sync, Nearness::default())
    }

    /// [`Store::open`] with another way of looking for near-duplicates.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_with(path: &Path, full_sync: bool, nearness: Nearness) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| Error::Files {
                path: folder.to_owned(),
                source,
            })?;
        }
        let connection = schema::open(path, full_sync)?;
        let (messages, inbox) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let path = path.to_owned();
                move || writer::run(connection, &path, nearness, &inbox)
            })
            .map_err(|source| Error::Files {
                path: path.to_owned(),
                source,
            })?;
        let inner = Inner {
            path: path.to_owned(),
            messages: Some(messages),
            writer: Some(writer),
            readers: Mutex::new(Vec::new()),
            waiting: Arc::new(Semaphore::new(WAITING_POLLS)),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Opens a file that must exist and be current, for reading only: nothing is created or migrated.
    ///
    /// # Errors
    /// [`Error::Open`] also when there is no such file; [`Error::TooNew`], [`Error::TooOld`].
    pub fn open_to_read(path: &Path) -> Result<Self, Error> {
        let reader = schema::open_reader(path)?;
        schema::check_current(&reader, path)?;
        let inner = Inner {
            path: path.to_owned(),
            messages: None,
            writer: None,
            readers: Mutex::new(vec![reader]),
            waiting: Arc::new(Semaphore::new(1)),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Stores what a poll learned: entries, articles, validators, history and next due time in one savepoint.
    /// Returns after the transaction is committed.
    ///
    /// # Errors
    /// [`Error::Sql`] when the poll could not be stored; nothing of it was.
    pub async fn commit(&self, observed: Observed) -> Result<Report, Error> {
        let waiting = Arc::clone(&self.inner.waiting);
        let place = waiting.acquire_owned().await.map_err(|_| Error::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.send(Message::Poll {
            observed: Box::new(observed),
            reply,
            _place: place,
        })?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Runs a write on the writer's thread, outside any poll's transaction.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_beside(|connection, _| job(connection)).await
    }

    /// [`Store::write`] that also sees what new entries are compared with.
    async fn write_beside<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection, &mut window::Window) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Run(Box::new(move |connection, window| {
            let _ = reply.send(job(connection, window));
        })))?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Runs a read on a connection of its own, in the calling thread.
    fn read<T>(&self, job: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.inner.path)?,
        };
        let result = job(&connection);
        let mut readers = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        let messages = self.inner.messages.as_ref().ok_or(Error::Closed)?;
        messages.send(message).map_err(|_| Error::Closed)
    }
}

impl Drop for Inner {
    /// Lets the writer finish what it was sent, and waits for it.
    fn drop(&mut self) {
        drop(self.messages.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}
