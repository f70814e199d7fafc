//! How the daemon is, for `feedmill status`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::setup::Current;
use crate::store;

/// How a running daemon is (`docs/json.md`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Release.
    pub version: String,
    /// Process.
    pub pid: u32,
    /// Since when it runs.
    pub started: DateTime<Utc>,
    /// Where it serves.
    pub public_url: String,
    /// The file of the configuration.
    pub config: String,
    /// Since when that is in force.
    pub config_since: DateTime<Utc>,
    /// When an edit of it was refused; `None`: what is written is in force.
    pub config_refused: Option<DateTime<Utc>>,
    /// What is wrong with the edit, a line each.
    pub config_problems: Vec<String>,
    /// Configured sources.
    pub sources: u64,
    /// Those that are not polled by configuration.
    pub paused: u64,
    /// Those whose last poll failed, and those that are gone.
    pub failing: u64,
    /// Polls under way.
    pub polls: u64,
    /// The next poll; `None`: none is due.
    pub next_poll: Option<DateTime<Utc>>,
    /// This machine seems to have no network.
    pub offline: bool,
    /// The database.
    pub store: String,
    /// Its size in bytes, with its write-ahead log.
    pub store_bytes: u64,
    /// Stored articles.
    pub articles: u64,
    /// Entries that the search does not know yet.
    pub unindexed: u64,
}

impl Status {
    /// At this moment.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn of(current: &Current) -> Result<Self, store::Error> {
        let setup = current.get();
        let (store, now) = (&setup.shell.store, setup.shell.clock.now());
        let refused = current.refused.borrow().clone();
        let health = store.health(&setup.sources)?;
        let count = |states: &[&str]| {
            let fitting = health
                .iter()
                .filter(|source| states.contains(&source.state));
            fitting.count() as u64
        };
        let tally = store.tally(now)?;
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started: current.started,
            public_url: setup.config.server.public_url.to_string(),
            config: setup.config.path.display().to_string(),
            config_since: setup.since,
            config_refused: refused.as_ref().map(|refused| refused.at),
            config_problems: refused.map_or_else(Vec::new, |refused| refused.problems.clone()),
            sources: health.len() as u64,
            paused: count(&["paused"]),
            failing: count(&["failing", "gone"]),
            polls: tally.polls,
            next_poll: store.next_due()?,
            offline: setup.shell.outage.is_on(),
            store: store.path().display().to_string(),
            store_bytes: store.bytes(),
            articles: tally.articles,
            unindexed: tally.unindexed,
        })
    }
}
