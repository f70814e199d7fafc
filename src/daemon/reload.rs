//! Shell: edits of the configuration of a running daemon. The files are read and checked as a whole; only when all of it
//! is good, it takes the place of what was in force. Otherwise that runs on, and the log, `status`, the page of sources
//! and the health feed say what is wrong.
//!
//! Who edits a file may write it in two steps, or put another in its place: files are looked at until two looks in a row
//! see the same.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::setup::{Current, Refused, Setup};
use super::{lists, reconcile};
use crate::config::{self, Config, Problem, Problems};
use crate::model::Library;
use crate::service::{self, Hangups, Notice};
use crate::store;

/// Time between two looks at the files.
const LOOK: Duration = Duration::from_secs(1);

/// A good configuration that the store refuses is tried again after this time.
const AGAIN: Duration = Duration::from_secs(60);

/// An order to reload; its answer is what changed, or why nothing did.
pub type Order = oneshot::Sender<Result<String, String>>;

/// Watches the configuration.
#[derive(Debug)]
pub(super) struct Reloader {
    path: PathBuf,
    setups: watch::Sender<Arc<Setup>>,
    refused: watch::Sender<Option<Arc<Refused>>>,
    /// Files and folders of the last reading.
    files: Vec<PathBuf>,
    /// How they looked then.
    seen: Stamps,
    /// Folders that this process may write to.
    writable: Vec<PathBuf>,
    /// The files are good and the store refused them: they are tried again then, edited or not.
    again_at: Option<Instant>,
}

impl Reloader {
    /// Of a first setup, as it was just read.
    pub(super) fn new(first: Setup) -> (Self, Current) {
        let (path, started) = (first.config.path.clone(), first.since);
        let writable = first.config.written_folders();
        let (setups, setup) = watch::channel(Arc::new(first));
        let (refused, is_refused) = watch::channel(None);
        let reloader = Self {
            files: vec![path.clone()],
            path,
            setups,
            refused,
            seen: Stamps::new(),
            writable,
            again_at: None,
        };
        let current = Current {
            setup,
            refused: is_refused,
            started,
        };
        (reloader, current)
    }

    /// Reloads whenever it is ordered, the system says so (SIGHUP), or the files changed; asks for lists that others
    /// keep when it is time. Ends at `stop`.
    pub(super) async fn serve(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        mut signals: Hangups,
        stop: CancellationToken,
    ) {
        self.note_files().await;
        let mut before = self.seen.clone();
        let mut lists_at = Instant::now();
        let (list_news, mut listed) = mpsc::channel(1);
        let (mut asking, mut ask_all) = (false, false);
        loop {
            let (mut order, mut is_wanted) = (None, false);
            tokio::select! {
                () = stop.cancelled() => return,
                () = signals.next() => (is_wanted, ask_all) = (true, true),
                Some(asked) = orders.recv() => {
                    (order, is_wanted, ask_all) = (Some(asked), true, true);
                }
                Some(is_news) = listed.recv() => {
                    asking = false;
                    is_wanted = is_news;
                    lists_at = self.lists_at(ask_all);
                }
                () = tokio::time::sleep_until(lists_at), if !asking => {
                    asking = true;
                    let is_order = std::mem::take(&mut ask_all);
                    let (setup, news) = (Arc::clone(&self.setups.borrow()), list_news.clone());
                    tokio::spawn(async move {
                        let is_news = lists::refresh(&setup, is_order).await;
                        let _ = news.send(is_news).await;
                    });
                }
                () = tokio::time::sleep(LOOK) => {
                    let now = stamps_of(self.files.clone()).await;
                    is_wanted = now != self.seen && now == before
                        || self.again_at.is_some_and(|at| at <= Instant::now());
                    before = now;
                }
            }
            if is_wanted {
                let answer = self.reload().await;
                before.clone_from(&self.seen);
                if !asking {
                    lists_at = self.lists_at(ask_all);
                }
                if let Some(order) = order {
                    let _ = order.send(answer);
                }
            }
        }
    }

    /// When the next list should be asked for: at once when all are wanted, as whoever orders a reload wants to see what
    /// others changed too.
    fn lists_at(&self, all: bool) -> Instant {
        if all {
            return Instant::now();
        }
        let setup = Arc::clone(&self.setups.borrow());
        Instant::now() + lists::wait(&setup)
    }

    /// Takes the files as they are for known.
    async fn note_files(&mut self) {
        let library = Library::new();
        let (path, files) = (self.path.clone(), RefCell::default());
        let _ = config::load_noting(&path, &library, &files);
        self.files = files.into_inner();
        self.seen = stamps_of(self.files.clone()).await;
    }

    /// Reads the configuration and puts it into force.
    ///
    /// # Errors
    /// Why it is not used, for people.
    async fn reload(&mut self) -> Result<String, String> {
        service::tell(Notice::Reloading);
        let done = self.try_reload().await;
        let meters = self.setups.borrow().shell.meters.clone();
        meters.reloaded(done.is_ok());
        service::tell(Notice::Ready);
        done
    }

    async fn try_reload(&mut self) -> Result<String, String> {
        let old = Arc::clone(&self.setups.borrow());
        let now = old.shell.clock.now();
        self.again_at = None;
        // Looked at before they are read: what is written meanwhile is news.
        let before = stamps_of(self.files.clone()).await;
        let (read, files) = read(self.path.clone(), old.shell.store.clone()).await;
        self.seen = if files == self.files {
            before
        } else {
            stamps_of(files.clone()).await
        };
        self.files = files;
        let config = match read {
            Ok(config) => config,
            Err(problems) => return Err(self.refuse(&old, &problems, now).await),
        };
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let (config, later) = kept(&old.config, config, &self.writable);
        let setup = match follow(&old, config, now).await {
            Ok(setup) => setup,
            Err(error) => {
                self.again_at = Some(Instant::now() + AGAIN);
                let problems = Problems(vec![Problem {
                    file: self.path.clone(),
                    at: None,
                    key: String::new(),
                    message: format!("cannot be put into force: {error}"),
                }]);
                return Err(self.refuse(&old, &problems, now).await);
            }
        };
        let mut summary = summary(&old, &setup);
        if !later.is_empty() {
            let keys = later.join(", ");
            tracing::warn!("{keys}: another value takes effect at the next start");
            summary = format!("{summary}; at the next start: {keys}");
        }
        tracing::info!("configuration reloaded: {summary}");
        let store = setup.shell.store.clone();
        self.setups.send_replace(Arc::new(setup));
        if self.refused.send_replace(None).is_some() {
            let said = store.note(
                now,
                "reloaded",
                "the configuration is in force again as it is written".to_owned(),
            );
            let _ = said.await;
        }
        Ok(summary)
    }

    /// Takes note of a configuration that is not used.
    async fn refuse(&self, old: &Setup, problems: &Problems, now: DateTime<Utc>) -> String {
        tracing::error!(
            "the configuration is not used, that of {} runs on:\n{problems}",
            old.since.format("%Y-%m-%d %H:%M:%S UTC")
        );
        let refused = Refused::of(problems, now);
        let text = format!(
            "the edited configuration is not used, the one before runs on: {}",
            refused.problems.join("; ")
        );
        let is_news = self
            .refused
            .borrow()
            .as_ref()
            .is_none_or(|known| known.problems != refused.problems);
        if is_news {
            let _ = old.shell.store.note(now, "configuration", text).await;
        }
        self.refused.send_replace(Some(Arc::new(refused)));
        problems.to_string()
    }
}

/// Reads the configuration with the lists that the store has, and tells which files were looked at.
async fn read(path: PathBuf, store: store::Store) -> (Result<Config, Problems>, Vec<PathBuf>) {
    let reading = tokio::task::spawn_blocking(move || {
        let library = store.library().unwrap_or_default();
        let files = RefCell::default();
        let config = config::load_noting(&path, &library, &files);
        (config, files.into_inner())
    });
    reading.await.unwrap_or_else(|error| {
        let message = format!("cannot be read: {error}; please report it");
        let problem = Problem {
            file: PathBuf::new(),
            at: None,
            key: String::new(),
            message,
        };
        (Err(Problems(vec![problem])), Vec::new())
    })
}

/// The new configuration, but for what a process keeps for life; and the keys of that which say something new.
fn kept(old: &Config, mut new: Config, writable: &[PathBuf]) -> (Config, Vec<&'static str>) {
    let mut later = Vec::new();
    if new.server.listen != old.server.listen {
        later.push("server.listen");
        new.server.listen = old.server.listen.clone();
    }
    if new.server.public_url.path() != old.server.public_url.path() {
        later.push("the path of server.public_url");
        new.server.public_url = old.server.public_url.clone();
    }
    if new.store.path != old.store.path {
        later.push("store.path");
        new.store.path = old.store.path.clone();
    }
    if new.store.full_sync != old.store.full_sync {
        later.push("store.synchronous");
        new.store.full_sync = old.store.full_sync;
    }
    if new.dedup != old.dedup {
        later.push("dedup");
        new.dedup = old.dedup;
    }
    if new.server.confine != old.server.confine {
        later.push("server.confine");
        new.server.confine = old.server.confine;
    }
    let may_write = |folder: &PathBuf| writable.iter().any(|own| folder.starts_with(own));
    if new.server.confine && !new.written_folders().iter().all(may_write) {
        later.push("a new output.directory");
    }
    if new.fetch.max_body != old.fetch.max_body {
        later.push("fetch.max_body");
        new.fetch.max_body = old.fetch.max_body;
    }
    (new, later)
}

/// The setup of a configuration that follows another: the store knows its sources.
async fn follow(old: &Setup, config: Config, now: DateTime<Utc>) -> Result<Setup, store::Error> {
    let mut shell = old.shell.clone();
    if config.fetch != old.config.fetch {
        shell.fetcher = Arc::new(shell.fetcher.after(&config.fetch));
    }
    let sources = reconcile(&shell.store, &config, &shell.clock).await?;
    Ok(Setup {
        config: Arc::new(config),
        shell,
        sources,
        since: now,
    })
}

/// `12 sources (2 more, 1 less), 3 outputs`.
fn summary(old: &Setup, new: &Setup) -> String {
    let has = |setup: &Setup, key| setup.sources.source(key).is_some();
    let more = new
        .sources
        .iter()
        .filter(|(key, _)| !has(old, *key))
        .count();
    let less = old
        .sources
        .iter()
        .filter(|(key, _)| !has(new, *key))
        .count();
    let mut changes = Vec::new();
    if more > 0 {
        changes.push(format!("{more} more"));
    }
    if less > 0 {
        changes.push(format!("{less} less"));
    }
    let changes = match changes.is_empty() {
        true => String::new(),
        false => format!(" ({})", changes.join(", ")),
    };
    format!(
        "{} sources{changes}, {} outputs",
        new.config.sources.len(),
        new.config.outputs.len()
    )
}

/// How files look from outside: what is not there has no stamp.
type Stamps = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

/// A folder looks like what it holds.
fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let mut all = Stamps::new();
    for path in files {
        let listed = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut within: Vec<PathBuf> = listed.map(|entry| entry.path()).collect();
        within.sort();
        all.push((path.clone(), stamp(path)));
        all.extend(within.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        }));
    }
    all
}

/// [`stamps`], off the threads that serve: the disk may be slow.
async fn stamps_of(files: Vec<PathBuf>) -> Stamps {
    tokio::task::spawn_blocking(move || stamps(&files))
        .await
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_put_in_the_place_of_another_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, more) = (folder.path().join("a.toml"), folder.path().join("conf.d"));
        let files = [file.clone(), more.clone()];
        let nothing = stamps(&files);
        std::fs::write(&file, "one").expect("written");
        let one = stamps(&files);
        assert_ne!(nothing, one);
        assert_eq!(one, stamps(&files));
        let aside = folder.path().join("b");
        std::fs::write(&aside, "three").expect("written");
        std::fs::rename(&aside, &file).expect("renamed");
        let renamed = stamps(&files);
        assert_ne!(one, renamed);
        std::fs::create_dir(&more).expect("made");
        std::fs::write(more.join("x.toml"), "x").expect("written");
        assert_ne!(renamed, stamps(&files));
    }
}
