//! What a candidate could be the same as.

use rusqlite::{OptionalExtension, Savepoint, params};

use super::Context;
use crate::dedup::{Facts, Known, KnownEntry};
use crate::model::Candidate;
use crate::store::Error;
use crate::store::codec::{instant, optional_instant};
use crate::store::tombstones::Grave;

/// Columns that [`known_entry`] reads; a macro, as statements are looked up by their text for every entry.
macro_rules! known_columns {
    () => {
        "id, article, source, slot, entry_id, title, published_at_ms, first_seen_at_ms, content_hash, text_hash"
    };
}
pub(in crate::store) use known_columns;

pub(in crate::store) fn known_entry(
    row: &rusqlite::Row<'_>,
) -> Result<KnownEntry, rusqlite::Error> {
    Ok(KnownEntry {
        entry: row.get(0)?,
        article: row.get(1)?,
        source: row.get(2)?,
        slot: row.get(3)?,
        facts: Facts {
            entry_id: row.get(4)?,
            title: row.get(5)?,
            dated: optional_instant(row, 6)?.unwrap_or(instant(row.get(7)?)),
            content_hash: row.get(8)?,
            text_hash: row.get(9)?,
        },
    })
}

/// `entries.url_host` of what was stored before there was one.
const HOST_UNKNOWN: i64 = 0;

pub(super) fn known(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
) -> Result<Known, Error> {
    let (source, past) = (context.source, &context.past);
    let mut known = Known::default();
    if past.entries {
        known.same_key = tx
            .prepare_cached(concat!(
                "SELECT ",
                known_columns!(),
                " FROM entries WHERE source = ?1 AND key = ?2 ORDER BY slot DESC LIMIT 1"
            ))?
            .query_row(params![source, candidate.key], known_entry)
            .optional()?;
    }
    if past.former && known.same_key.is_none() {
        known.same_key = tx
            .prepare_cached(concat!(
                "SELECT ",
                known_columns!(),
                " FROM entries
                 WHERE id = (SELECT max(entry) FROM former WHERE source = ?1 AND key = ?2)"
            ))?
            .query_row(params![source, candidate.key], known_entry)
            .optional()?;
    }
    if let Some(same) = &known.same_key
        && same.facts.content_hash == candidate.content_hash
    {
        return Ok(known);
    }
    if past.graves {
        let grave = Grave::of(tx, source, candidate, known.same_key.is_some())?;
        known.buried = grave.buried;
        known.barred = grave.barred;
        known.next_slot = grave.next_slot;
    }
    if known.same_key.is_some() {
        return Ok(known);
    }
    if let Some(url_key) = candidate.url_key {
        // One host at a time: for both at once SQLite makes a table, and another one to sort them.
        let mut statement = tx.prepare_cached(concat!(
            "SELECT ",
            known_columns!(),
            " FROM entries WHERE url_host = ?2 AND url_key = ?1 ORDER BY id DESC LIMIT 20"
        ))?;
        for host in [HOST_UNKNOWN, candidate.url_host] {
            for entry in statement.query_map([url_key, host], known_entry)? {
                known.same_url.push(entry?);
            }
        }
        known.same_url.sort_unstable_by_key(|known| known.entry);
    }
    Ok(known)
}
