//! What was purged or forgotten and must not come back: hashes of its key, its URL and its words.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Error;
use super::articles::stored_text;
use super::codec::{instant, millis};
use crate::dedup;
use crate::model::Candidate;
use crate::text::word_count;

/// Texts of fewer words say too little to bury another entry by.
const TELLING_WORDS: u64 = 8;
/// A text that was purged is buried again within this distance of dates; beyond, it is another day's notice of the
/// same words.
const SAME_TEXT_WITHIN: TimeDelta = TimeDelta::hours(96);
const HALF_DAY_MS: i64 = 43_200_000;

/// An entry that goes.
#[derive(Debug)]
pub(super) struct Gone {
    /// `sources.id`.
    pub(super) source: i64,
    /// Of the entry.
    pub(super) key: i64,
    /// Which use of the key.
    pub(super) slot: i64,
    /// `articles.pk`.
    pub(super) article: i64,
    /// Hash of the canonical URL.
    pub(super) url_key: Option<i64>,
    /// Hash of the words; `None` when they are too few to tell.
    pub(super) text: Option<i64>,
    /// Publisher's date, else first seen.
    pub(super) dated: DateTime<Utc>,
}

impl Gone {
    /// The entry of this id.
    pub(super) fn of(tx: &Connection, entry: i64) -> Result<Self, Error> {
        let mut statement = tx.prepare_cached(
            "SELECT source, key, slot, article, url_key,
             text_hash, coalesce(published_at_ms, first_seen_at_ms) FROM entries WHERE id = ?1",
        )?;
        let mut gone = statement.query_row([entry], |row| {
            Ok(Self {
                source: row.get(0)?,
                key: row.get(1)?,
                slot: row.get(2)?,
                article: row.get(3)?,
                url_key: row.get(4)?,
                text: row.get(5)?,
                dated: instant(row.get(6)?),
            })
        })?;
        let text = stored_text(tx, entry).unwrap_or_default(); // A damaged body goes like any other.
        gone.text = gone.text.filter(|_| word_count(&text) >= TELLING_WORDS);
        Ok(gone)
    }

    /// Leaves tombstones that bury what is dated near it; `always`: whatever its date.
    pub(super) fn bury(&self, tx: &Connection, always: bool) -> Result<(), Error> {
        let dated = (!always).then(|| millis(self.dated));
        let half_day = dated.map_or(0, |dated| dated.div_euclid(HALF_DAY_MS));
        let mut insert = tx.prepare_cached(
            "INSERT INTO tombstones (kind, source, hash, nth, dated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET dated_at_ms = NULL WHERE ?5 IS NULL",
        )?;
        insert.execute(params!["key", self.source, self.key, self.slot, dated])?;
        if let Some(url_key) = self.url_key {
            insert.execute(params!["url", 0, url_key, half_day, dated])?;
        }
        if let Some(text) = self.text {
            insert.execute(params!["text", 0, text, half_day, dated])?;
        }
        Ok(())
    }
}

/// What tombstones say about a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Grave {
    /// It is an entry that went itself: it stays away.
    pub(super) buried: bool,
    /// Its URL or words went: it founds no article. It may join one that lives.
    pub(super) barred: bool,
    /// The first use of its key that is free.
    pub(super) next_slot: i64,
}

impl Grave {
    /// Looks a candidate up. `live`: an entry with its key lives, so the source reuses that, and what was forgotten of
    /// it is told by its words alone.
    pub(super) fn of(
        tx: &Connection,
        source: i64,
        candidate: &Candidate,
        live: bool,
    ) -> Result<Self, Error> {
        let rows: Vec<(String, i64, Option<i64>)> = tx
            .prepare_cached(
                "SELECT kind, nth, dated_at_ms FROM tombstones WHERE kind = 'text' AND source = 0 AND hash = ?4
                 UNION ALL
                 SELECT kind, nth, dated_at_ms FROM tombstones WHERE kind = 'key' AND source = ?1 AND hash = ?2
                 UNION ALL
                 SELECT kind, nth, dated_at_ms FROM tombstones WHERE kind = 'url' AND source = 0 AND hash = ?3",
            )?
            .query_map(params![source, candidate.key, candidate.url_key, candidate.text_hash], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let near = |dated: i64, within: TimeDelta| match candidate.entry.published {
            Some(published) => (published - instant(dated)).abs() < within,
            None => !live,
        };
        let same_words = rows.iter().any(|(kind, ..)| kind == "text");
        let mut grave = Self::default();
        for (kind, nth, dated) in rows {
            let same = |dated| same_words || near(dated, dedup::REUSE_AFTER);
            match kind.as_str() {
                "key" => {
                    grave.buried |= dated.map_or(!live, same);
                    grave.next_slot = grave.next_slot.max(nth + 1);
                }
                "url" => grave.barred |= dated.map_or(!live, same),
                _ => grave.barred |= dated.is_none_or(|dated| near(dated, SAME_TEXT_WITHIN)),
            }
        }
        Ok(grave)
    }
}
