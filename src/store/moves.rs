//! Where permanent redirects lead: adopted once polls agree that the same feed stands there, given up when it fails.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Savepoint, params};

use super::Error;
use super::codec::{document, from_json};
use crate::model::FeedInfo;

/// Polls in a row that must agree before an address is adopted.
const AGREEING: i64 = 3;
/// An adopted address that has failed for so long is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(7);

/// By what a feed is known again.
#[derive(Default)]
pub(super) struct Face {
    /// `None` before its first success.
    info: Option<FeedInfo>,
    entries: HashSet<i64>,
}

impl Face {
    /// As the newest document has it.
    pub(super) fn of(tx: &Savepoint<'_>, key: i64) -> Result<Self, Error> {
        let (info, entries) = tx
            .prepare_cached("SELECT info, document FROM sources WHERE id = ?1")?
            .query_row([key], |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?,
                    row.get::<_, Option<Vec<u8>>>(1)?,
                ))
            })?;
        let entries = entries.map(|blob| document(&blob)).unwrap_or_default();
        Ok(Self {
            info: info.map(|text| from_json("feed", &text)).transpose()?,
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        })
    }

    /// Whether a later face is of the same feed: an entry in common, or the title. A first face agrees with any.
    pub(super) fn is_of(&self, later: &Self) -> bool {
        let title = |face: &Self| face.info.as_ref().and_then(|info| info.title.clone());
        self.info.is_none()
            || !self.entries.is_disjoint(&later.entries)
            || title(self).is_some_and(|own| Some(own) == title(later))
    }
}

/// A poll arrived at a feed, permanently redirected to `moved_to`; true when that address is adopted by it.
pub(super) fn arrived(
    tx: &Savepoint<'_>,
    key: i64,
    moved_to: Option<&str>,
    same_feed: bool,
) -> Result<bool, Error> {
    let Some(moved_to) = moved_to else {
        interrupted(tx, key)?;
        return Ok(false);
    };
    let polls: i64 = tx
        .prepare_cached(
            "UPDATE sources SET moving_to = ?2,
             moving_polls = CASE WHEN NOT ?3 THEN 0 WHEN moving_to IS ?2 THEN moving_polls + 1 ELSE 1 END
             WHERE id = ?1 RETURNING moving_polls",
        )?
        .query_row(params![key, moved_to, same_feed], |row| row.get(0))?;
    if polls < AGREEING {
        return Ok(false);
    }
    tx.execute(
        "UPDATE sources SET adopted_url = moving_to, moving_to = NULL, moving_polls = 0 WHERE id = ?1",
        [key],
    )?;
    Ok(true)
}

/// A poll that leads nowhere ends a row of agreeing ones.
pub(super) fn interrupted(tx: &Savepoint<'_>, key: i64) -> Result<(), Error> {
    tx.prepare_cached(
        "UPDATE sources SET moving_to = NULL, moving_polls = 0 WHERE id = ?1 AND moving_to IS NOT NULL",
    )?
    .execute([key])?;
    Ok(())
}

/// Whether polls that failed from `since` to `at` were too many for an adopted address: it is given up then.
pub(super) fn given_up(
    tx: &Savepoint<'_>,
    key: i64,
    since: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    if since.is_none_or(|since| at - since < GIVEN_UP_AFTER) {
        return Ok(false);
    }
    forsake(tx, key)
}

/// Goes back to the configured address; false when no other was adopted.
pub(super) fn forsake(tx: &Savepoint<'_>, key: i64) -> Result<bool, Error> {
    let changed = tx
        .prepare_cached(
            "UPDATE sources SET adopted_url = NULL WHERE id = ?1 AND adopted_url IS NOT NULL",
        )?
        .execute([key])?;
    Ok(changed > 0)
}
