//! Entries of a document that came again under other ids are given these, in place.

use std::collections::HashSet;

use rusqlite::{Savepoint, params};

use super::Error;
use super::codec::{id_kind_name, optional_instant};
use crate::dedup::{Identified, Rekeyed, rekeyed};
use crate::model::{Candidate, Item};
use crate::sketch::Title;

/// What left.
struct Gone {
    entry: i64,
    key: i64,
    as_known: Identified,
}

/// Finds and re-keys them; `old` is the source's newest document before. Returns how many there were in a storm, 0 when
/// there was none.
pub(super) fn rekey(
    tx: &Savepoint<'_>,
    source: i64,
    old: &[(u64, i64)],
    items: &[Item],
) -> Result<usize, Error> {
    let mut present = HashSet::new();
    let mut keys = HashSet::new();
    for item in items {
        match item {
            Item::Known { entry, .. } => {
                present.insert(*entry);
            }
            Item::Candidate(candidate) => {
                keys.insert(candidate.key);
            }
        }
    }
    let missing = old.iter().map(|(_, entry)| *entry);
    let missing: Vec<i64> = missing.filter(|entry| !present.contains(entry)).collect();
    if missing.is_empty() || keys.is_empty() {
        return Ok(0);
    }
    let left = gone(tx, &missing, &keys)?;
    if left.is_empty() {
        return Ok(0);
    }
    let came = unknown(tx, source, items)?;
    let identified: Vec<Identified> = left.iter().map(|gone| gone.as_known.clone()).collect();
    let new: Vec<Identified> = came.iter().map(|candidate| of(candidate)).collect();
    let Rekeyed { pairs, storm } = rekeyed(&identified, &new, items.len());
    let count = pairs.len();
    for (new, old) in pairs {
        let (candidate, gone) = (came[new], &left[old]);
        debug_assert_ne!(candidate.key, gone.key);
        tx.prepare_cached(
            "INSERT OR REPLACE INTO former (source, key, entry, entry_id, url)
             SELECT source, key, id, entry_id, url FROM entries WHERE id = ?1",
        )?
        .execute([gone.entry])?;
        tx.prepare_cached(
            "UPDATE entries SET key = ?2, entry_id = ?3, id_kind = ?4,
             slot = (SELECT coalesce(max(slot) + 1, 0) FROM entries WHERE source = ?5 AND key = ?2) WHERE id = ?1",
        )?
        .execute(params![
            gone.entry,
            candidate.key,
            candidate.entry.id,
            id_kind_name(candidate.entry.id_kind),
            source,
        ])?;
    }
    Ok(if storm { count } else { 0 })
}

fn gone(tx: &Savepoint<'_>, missing: &[i64], keys: &HashSet<i64>) -> Result<Vec<Gone>, Error> {
    let mut statement = tx.prepare_cached(
        "SELECT key, entry_id, url_key, title, published_at_ms, text_hash FROM entries WHERE id = ?1",
    )?;
    let mut left = Vec::new();
    for entry in missing {
        let mut rows = statement.query([entry])?;
        let Some(row) = rows.next()? else { continue };
        let key = row.get(0)?;
        if !keys.contains(&key) {
            let title: Option<String> = row.get(3)?;
            left.push(Gone {
                entry: *entry,
                key,
                as_known: Identified {
                    id: row.get(1)?,
                    url_key: row.get(2)?,
                    title: title_hash(title.as_deref()),
                    published: optional_instant(row, 4)?,
                    text_hash: row.get(5)?,
                },
            });
        }
    }
    Ok(left)
}

/// Candidates whose key the source never had.
fn unknown<'a>(
    tx: &Savepoint<'_>,
    source: i64,
    items: &'a [Item],
) -> Result<Vec<&'a Candidate>, Error> {
    let mut statement =
        tx.prepare_cached("SELECT 1 FROM entries WHERE source = ?1 AND key = ?2")?;
    let mut came = Vec::new();
    for item in items {
        if let Item::Candidate(candidate) = item
            && !statement.exists(params![source, candidate.key])?
        {
            came.push(&**candidate);
        }
    }
    Ok(came)
}

fn of(candidate: &Candidate) -> Identified {
    Identified {
        id: candidate.entry.id.clone(),
        url_key: candidate.url_key,
        title: title_hash(candidate.entry.title.as_deref()),
        published: candidate.entry.published,
        text_hash: candidate.text_hash,
    }
}

fn title_hash(title: Option<&str>) -> Option<u64> {
    let title = Title::of(title);
    (!title.is_short()).then_some(title.hash)
}
