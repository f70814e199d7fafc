//! When a source is next due.
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::model::{Cadence, History, Rule, Signals};

pub use crontab::{Crontab, CrontabError};

mod crontab;

/// Why a schedule text could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(pub String);

/// Reads `adaptive`, `every 30m`, a crontab(5) line or `@hourly` and friends.
pub fn rule(text: &str, timezone: Tz) -> Result<Rule, RuleError> {
    let _ = (text, timezone);
    unimplemented!()
}

/// When a source is due next, and the rule that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What decided, in words a person can use: "every 30m", "the feed's ttl of 1h", "3 failures in a row".
    pub why: String,
}

/// The poll after one that ended at `now`.
pub fn next_poll(source_id: &str, cadence: &Cadence, history: &History, signals: &Signals, now: DateTime<Utc>) -> Next {
    let _ = (source_id, cadence, history, signals, now);
    unimplemented!()
}

/// How long after `now` a source waits when `crowd` sources are due at once (first polls, polls missed while
/// the daemon was down): spread by hash of the id over a window that grows with the crowd.
pub fn spread(source_id: &str, crowd: usize, longest: Duration) -> Duration {
    let _ = (source_id, crowd, longest);
    unimplemented!()
}
