//! crontab(5) lines over the `cron` crate.
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A crontab(5) line in a time zone.
#[derive(Clone, Debug)]
pub struct Crontab {}

/// Why a line is no crontab(5) line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CrontabError(pub String);

impl Crontab {
    /// Reads a line of five fields, or `@hourly` and friends.
    pub fn parse(line: &str, timezone: Tz) -> Result<Self, CrontabError> {
        let _ = (line, timezone);
        unimplemented!()
    }
    /// The first firing after `after`; `None` when the line never fires (30 February).
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let _ = after;
        unimplemented!()
    }
    /// The line as written.
    pub fn line(&self) -> &str {
        unimplemented!()
    }
}
