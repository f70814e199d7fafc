//! What each command does, apart from its arguments.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config::{self, Config};
use crate::control::Control;
use crate::daemon::{self, Daemon};
use crate::fetch::Fetcher;
use crate::model::{Library, Rule, Source};
use crate::poll::{Observers, Shell};
use crate::publish::http;
use crate::schedule;
use crate::service::{self as manager, Notice};
use crate::store::{Holder, Lock, Sources, Store};

pub use add::{Wanted, add};
pub use canonicalize::canonicalize;
pub use care::{backup, restore};
pub use correct::correct;
pub use doctor::doctor;
pub use documents::{export_feed, export_jsonl, parse};
pub use editing::{pause, remove};
pub use explain::explain;
pub use extract::{Asked, extract};
pub use import::import;
pub use init::init;
pub use listings::{articles, sources};
pub use manual::{completions, man};
pub use opml::export_opml;
pub use poll::poll;
pub use service::{reload, status};
pub use simulate::simulate;

mod add;
mod canonicalize;
mod care;
mod correct;
mod doctor;
mod documents;
mod editing;
mod explain;
mod extract;
mod find;
mod import;
mod import_articles;
mod init;
mod listings;
mod manual;
mod opml;
mod poll;
mod service;
mod simulate;

/// Why a command ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong usage or configuration: exit 2.
    #[error("{0}")]
    Setup(String),
    /// Failed while running: exit 1.
    #[error("{0}")]
    Running(String),
}

impl Failure {
    /// Something that failed while running.
    pub fn running(error: impl std::error::Error) -> Self {
        Self::Running(error.to_string())
    }

    fn setup(error: impl std::error::Error) -> Self {
        Self::Setup(error.to_string())
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) => 2,
            Self::Running(_) => 1,
        }
    }
}

fn load(path: Option<&Path>) -> Result<Config, Failure> {
    let path = config::locate(path).map_err(Failure::setup)?;
    let config = read(&path).map_err(Failure::setup)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// The configuration with the copies of fetched lists that the store has.
fn read(path: &Path) -> Result<Config, config::Problems> {
    let config = config::load(path, &Library::new())?;
    match library(&config) {
        Some(library) => config::load(path, &library),
        None => Ok(config),
    }
}

/// The copies of fetched lists that the store has; `None`: none is wanted or can be read.
fn library(config: &Config) -> Option<Library> {
    if config.lists.is_empty() || !config.store.path.exists() {
        return None;
    }
    let store = Store::open_to_read(&config.store.path);
    // A store that cannot be read is the business of whoever needs it.
    store.and_then(|store| store.library()).ok()
}

fn shell(config: &Config, store: Store) -> Result<Shell, Failure> {
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(4);
    let fetcher = Fetcher::new(&config.fetch);
    fetcher.hold_off(store.held_off().map_err(Failure::running)?);
    Ok(Shell {
        fetcher: Arc::new(fetcher),
        observers: Observers::start(threads, config.fetch.max_body).map_err(Failure::running)?,
        store,
        clock: Clock::System,
        outage: Arc::default(),
        fed: Arc::default(),
        meters: Default::default(),
    })
}

/// The daemon that runs on the store, if one does.
fn daemon_beside(config: &Config) -> Result<Option<Holder>, Failure> {
    let taken = Lock::try_take(&config.store.path).map_err(Failure::setup)?;
    Ok(taken.err().filter(|holder| holder.control.is_some()))
}

/// The store for a command that reads. Beside a daemon nothing is written; what the configuration has that the daemon
/// does not know is left out.
async fn stored(config: &Config) -> Result<(Store, Sources), Failure> {
    if daemon_beside(config)?.is_none() {
        return opened(config).await;
    }
    let store = Store::open_to_read(&config.store.path).map_err(Failure::setup)?;
    let sources = store.recognize(&config.sources).map_err(Failure::setup)?;
    Ok((store, sources))
}

/// The store in line with the configuration.
async fn opened(config: &Config) -> Result<(Store, Sources), Failure> {
    let store = Store::open_with(&config.store.path, config.store.full_sync, config.dedup)
        .map_err(Failure::setup)?;
    let sources = daemon::reconcile(&store, config, &Clock::System)
        .await
        .map_err(Failure::setup)?;
    Ok((store, sources))
}

/// `run`.
///
/// # Errors
/// [`Failure::Setup`] for a bad configuration, an unusable store, an address in use, a second daemon.
pub async fn run(path: Option<&Path>) -> Result<(), Failure> {
    let config = load(path)?;
    let mut lock = take_lock(&config)?.map_err(|holder| {
        Failure::Setup(format!(
            "a daemon (process {}) already runs on {}; stop it first",
            holder.pid,
            config.store.path.display()
        ))
    })?;
    let now = Clock::System.now();
    if !clock::is_believable(now) {
        tracing::error!(%now, "the clock is wrong: https sources will fail, and what is new gets wrong dates; set it by NTP (timedatectl set-ntp true)");
    }
    // Before anything takes long: nobody ends the daemon by asking it to reload.
    let reloads = manager::Hangups::default();
    let control = Control::bind().await.map_err(Failure::setup)?;
    lock.sign(&control.holder().map_err(Failure::setup)?)
        .map_err(Failure::setup)?;
    manager::tell(Notice::Status("opening the store"));
    let (store, sources) = opened(&config).await?;
    store.release_claims().await.map_err(Failure::setup)?;
    store
        .spread_overdue(Clock::System.now())
        .await
        .map_err(Failure::setup)?;
    let listener = match manager::inherited().map_err(Failure::setup)? {
        Some(listener) => listener,
        None => http::Listener::bind(&config.server.listen)
            .await
            .map_err(|error| {
                Failure::Setup(format!(
                    "cannot listen on {}: {error}; set server.listen to a free address",
                    config.server.listen
                ))
            })?,
    };
    tracing::info!(
        sources = config.sources.len(),
        "serving at {}",
        config.server.public_url
    );
    let stop = CancellationToken::new();
    manager::stop_on_signal(&stop).map_err(Failure::running)?;
    let shell = shell(&config, store)?;
    daemon::run(
        Daemon {
            config,
            shell,
            sources,
            listener,
            control,
            reloads,
        },
        stop,
    )
    .await
    .map_err(Failure::running)?;
    drop(lock);
    Ok(())
}

/// The right to poll, or the daemon that has it. Another `poll` is waited for.
fn take_lock(config: &Config) -> Result<Result<Lock, Holder>, Failure> {
    match Lock::try_take(&config.store.path).map_err(Failure::setup)? {
        Ok(lock) => Ok(Ok(lock)),
        Err(holder) if holder.control.is_some() => Ok(Err(holder)),
        Err(_) => Lock::wait(&config.store.path)
            .map(Ok)
            .map_err(Failure::setup),
    }
}

/// Says in the lock file that a command holds it, which takes no orders.
fn sign(lock: &mut Lock) -> Result<(), Failure> {
    lock.sign(&Holder {
        pid: std::process::id(),
        control: None,
        token: None,
    })
    .map_err(Failure::setup)
}

fn unanswered(holder: &Holder, error: &std::io::Error) -> Failure {
    Failure::Running(format!(
        "the daemon (process {}) does not answer: {error}",
        holder.pid
    ))
}

/// A bar over so many things of a name, on a terminal only.
fn progress(count: usize, things: &str) -> ProgressBar {
    if !std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!(
        "{{bar:30}} {{pos}}/{{len}} {things}, {{eta}} left"
    ));
    ProgressBar::new(count as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn print_json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::running)?;
    println!("{text}");
    Ok(())
}

/// A source as `check --json` prints it (`docs/json.md`).
#[derive(Serialize)]
struct Checked {
    id: String,
    url: String,
    paused: bool,
    schedule: String,
    next_polls: Vec<DateTime<Utc>>,
}

/// `check`.
///
/// # Errors
/// [`Failure::Setup`] with every problem.
pub fn check(path: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let now = Clock::System.now();
    if as_json {
        let planned = |source: &Arc<Source>| Checked {
            id: source.id.clone(),
            url: source.shown_url(),
            paused: source.paused,
            schedule: rule_text(&source.cadence.rule),
            next_polls: next_three(source, now),
        };
        return print_json(&config.sources.iter().map(planned).collect::<Vec<_>>());
    }
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
    for source in &config.sources {
        let polls: Vec<String> = next_three(source, now)
            .iter()
            .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
            .collect();
        println!(
            "{}  {}  {}  {}",
            source.id,
            source.shown_url(),
            rule_text(&source.cadence.rule),
            polls.join(" ")
        );
    }
    println!(
        "{}: {} sources, {} outputs, no errors",
        config.path.display(),
        config.sources.len(),
        config.outputs.len()
    );
    Ok(())
}

fn rule_text(rule: &Rule) -> String {
    match rule {
        Rule::Adaptive => "adaptive".to_owned(),
        Rule::Every(length) => format!("every {}", config::humane_duration(*length)),
        Rule::Cron(line) => line.line().to_owned(),
    }
}

/// What the schedule alone says; hints and back-off may move the real ones.
fn next_three(source: &Source, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut polls = Vec::new();
    let mut after = now;
    while polls.len() < 3 && !source.paused {
        let next = schedule::next_poll(
            &source.id,
            &source.cadence,
            &Default::default(),
            &Default::default(),
            after,
        );
        after = next.at;
        polls.push(next.at);
    }
    polls
}
