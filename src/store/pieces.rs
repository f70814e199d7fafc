//! Documents beside the polls: what a hub pushed, and archives. They add to what is known; the schedule, the validators and
//! what the feed says of itself stay as the last poll left them.

use std::collections::HashSet;

use rusqlite::{Savepoint, params};

use super::articles::{self, Context, Past};
use super::codec::{document, document_blob, millis};
use super::polls::{count, depart};
use super::window::Window;
use super::{Error, history, push};
use crate::model::{Item, Observation, Observed, Piece, Report};

/// Entries of the newest document, with the hashes of their raw form.
type Newest = Vec<(u64, i64)>;

/// Stores a piece inside the writer's transaction.
pub(super) fn record(
    tx: &Savepoint<'_>,
    window: &mut Window,
    observed: Observed,
    mut report: Report,
) -> Result<Report, Error> {
    let Observation::Piece {
        document: feed,
        piece,
    } = observed.outcome
    else {
        return Ok(report);
    };
    let (key, at) = (observed.key, observed.at);
    let known: Newest = tx
        .prepare_cached("SELECT document FROM sources WHERE id = ?1")?
        .query_row([key], |row| row.get::<_, Option<Vec<u8>>>(0))?
        .map(|blob| document(&blob))
        .unwrap_or_default();
    let mut context = Context {
        source: key,
        past: Past::of(tx, key)?,
        name: &observed.source.id,
        now: at,
        first_poll: false,
        feed_updated: feed.info.updated,
        // Nobody asks a site for the pages of its past.
        pages: match piece {
            Piece::Pushed { .. } => usize::MAX,
            Piece::Archive { .. } => 0,
        },
    };
    match piece {
        Piece::Pushed { subscription } => {
            report.outcome = "pushed";
            let mut newest = add(tx, window, &context, feed.items, &mut report)?;
            depart(tx, &known, &mut newest, true, at)?;
            tx.prepare_cached("UPDATE sources SET document = ?2 WHERE id = ?1")?
                .execute(params![key, document_blob(&newest)])?;
            push::delivered(tx, subscription, at)?;
        }
        Piece::Archive { url, final_url } => {
            report.outcome = "archive";
            // Older than everything that is known, in the order in which it stands there.
            context.first_poll = true;
            let before = known.len() + history::entries(tx, key)?;
            let stored = add_old(
                tx,
                window,
                &context,
                before,
                &known,
                feed.items,
                &mut report,
            )?;
            let read = history::Read {
                urls: [url, final_url],
                entries: stored,
                body_bytes: observed.body_bytes.unwrap_or(0),
            };
            history::advance(tx, key, &read, feed.prev_archive.as_ref(), at)?;
        }
    }
    Ok(report)
}

/// Entries of the newest document, or parts of it.
fn add(
    tx: &Savepoint<'_>,
    window: &mut Window,
    context: &Context<'_>,
    items: Vec<Item>,
    report: &mut Report,
) -> Result<Newest, Error> {
    let mut newest = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        match item {
            Item::Known { raw_hash, entry } => newest.push((raw_hash, entry)),
            Item::Candidate(candidate) => {
                let raw_hash = candidate.raw_hash;
                let applied = articles::apply(tx, window, context, position, *candidate)?;
                count(&applied, report);
                newest.extend(applied.entry.map(|entry| (raw_hash, entry)));
            }
        }
    }
    Ok(newest)
}

/// Entries of an archive: what the source has under the same key is newer and stays (RFC 5005 §4.2). Returns how many
/// were stored.
fn add_old(
    tx: &Savepoint<'_>,
    window: &mut Window,
    context: &Context<'_>,
    before: usize,
    known: &Newest,
    items: Vec<Item>,
    report: &mut Report,
) -> Result<usize, Error> {
    let newest: HashSet<i64> = known.iter().map(|(_, entry)| *entry).collect();
    let mut stored = 0;
    for (position, item) in items.into_iter().enumerate() {
        let Item::Candidate(candidate) = item else {
            continue;
        };
        let has_it = tx
            .prepare_cached("SELECT 1 FROM entries WHERE source = ?1 AND key = ?2")?
            .exists(params![context.source, candidate.key])?;
        if has_it {
            continue;
        }
        let applied = articles::apply(tx, window, context, before + position, *candidate)?;
        count(&applied, report);
        let Some(entry) = applied.entry.filter(|entry| !newest.contains(entry)) else {
            continue;
        };
        // The newest document does not hold it.
        tx.prepare_cached("UPDATE entries SET last_seen_at_ms = ?2 WHERE id = ?1")?
            .execute(params![entry, millis(context.now)])?;
        stored += 1;
    }
    Ok(stored)
}
