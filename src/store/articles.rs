//! One candidate into entries, contents, revisions and its article.

use std::cell::Cell;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Savepoint, params};

use super::Error;
use super::codec::{
    decompress, id_kind_name, millis, optional_instant, rung_name, scope, scope_number,
};
use super::flapping::is_frozen;
use super::full_text;
use super::unite::{evidence_json, is_apart, relate, unite};
use super::window::{self, Window};
use crate::dedup::{self, Decision, Facts, Join, Member, Placed, Ruling, Side};
use crate::model::{Candidate, Rung};
use crate::sketch::Title;

use known::known;
pub(super) use known::{known_columns, known_entry};
pub(super) use names::article_id;
use names::{is_published, republishable};

mod known;
mod names;

/// Earlier states kept of an entry.
pub(super) const REVISIONS: i64 = 5;

/// What was stored before a document, as far as it spares the document's entries a look.
pub(super) struct Past {
    /// The source has entries.
    entries: bool,
    /// Entries of the source had other ids before.
    former: bool,
    /// Something was purged or forgotten.
    graves: bool,
    /// `entries.id` of the next one.
    next_entry: Cell<i64>,
}

impl Past {
    /// Of a source, when its document is about to be stored.
    pub(super) fn of(tx: &Savepoint<'_>, source: i64) -> Result<Self, Error> {
        let mut statement = tx.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE source = ?1), EXISTS (SELECT 1 FROM former WHERE source = ?1),
             EXISTS (SELECT 1 FROM tombstones), (SELECT coalesce(max(id), 0) + 1 FROM entries)",
        )?;
        Ok(statement.query_row([source], |row| {
            Ok(Self {
                entries: row.get(0)?,
                former: row.get(1)?,
                graves: row.get(2)?,
                next_entry: Cell::new(row.get(3)?),
            })
        })?)
    }
}

/// The poll that brings the candidate.
pub(super) struct Context<'a> {
    /// `sources.id`.
    pub(super) source: i64,
    /// Of the source. No two entries of one document have the same key, so those of this one need not be looked for.
    pub(super) past: Past,
    /// Configured id of the source.
    pub(super) name: &'a str,
    /// End of the response.
    pub(super) now: DateTime<Utc>,
    /// The source never succeeded before.
    pub(super) first_poll: bool,
    /// The feed's own date of change.
    pub(super) feed_updated: Option<DateTime<Utc>>,
    /// Pages are wanted of its new entries that stand above this place.
    pub(super) pages: usize,
}

/// What a candidate did.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Its row; `None` when it was buried.
    pub(super) entry: Option<i64>,
    /// It founded an article.
    pub(super) new: bool,
    /// Its content changed.
    pub(super) revised: bool,
    /// It joined an article.
    pub(super) merged: bool,
    /// Something that outputs show changed.
    pub(super) shown: bool,
    /// It changed too often: this change was not taken, and is to be looked at again.
    pub(super) frozen: bool,
}

/// Looks up what could be the same, lets [`dedup::decide`] decide, and does it.
pub(super) fn apply(
    tx: &Savepoint<'_>,
    window: &mut Window,
    context: &Context<'_>,
    position: usize,
    mut candidate: Candidate,
) -> Result<Applied, Error> {
    let first_seen = first_seen(context, position, &candidate);
    let facts = Facts {
        entry_id: candidate.entry.id.clone(),
        title: candidate.entry.title.clone(),
        dated: candidate.entry.published.unwrap_or(first_seen),
        content_hash: candidate.content_hash,
        text_hash: candidate.text_hash,
    };
    let known = known(tx, context, &candidate)?;
    let image = candidate.entry.details.image.as_ref();
    let image = window::image_of(image.map(|image| image.url.as_str()));
    let side = Side {
        sketch: std::mem::take(&mut candidate.sketch),
        title: Title::of(candidate.entry.title.as_deref()),
        generic_title: false,
        source: context.source,
        image,
        language: candidate.entry.details.language.clone(),
    };
    let texts = window.texts(tx, side, facts.dated)?;
    let ruling = dedup::decide(&facts, &texts.side, &known, &texts);
    let side = texts.side;
    let applied = carry_out(tx, context, &candidate, first_seen, ruling)?;
    full_text::want(
        tx,
        &candidate,
        &applied,
        position < context.pages,
        context.now,
    )?;
    if let Some(entry) = applied.entry
        && (applied.new || applied.revised || applied.merged)
    {
        let placed = Placed {
            entry,
            source: context.source,
            dated: facts.dated.timestamp(),
        };
        let keys = window::keys(&side.sketch, &side.title, image);
        window.put(tx, placed, applied.revised, keys, &side.sketch)?;
    }
    Ok(applied)
}

fn carry_out(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
    first_seen: DateTime<Utc>,
    ruling: Ruling,
) -> Result<Applied, Error> {
    match ruling.decision {
        Decision::Buried => Ok(Applied::default()),
        Decision::Unchanged { entry } => {
            back_in_document(tx, entry)?;
            Ok(Applied {
                entry: Some(entry),
                ..Applied::default()
            })
        }
        Decision::Revised {
            entry,
            article,
            real,
        } => revise(tx, context, candidate, entry, article, real),
        Decision::Joined { slot, join } => {
            let place = Place {
                slot,
                join: Some(&join),
            };
            let entry = insert_entry(tx, context, candidate, join.article, place, first_seen)?;
            let mut article = join.article;
            for other in &ruling.unites {
                if !is_apart(tx, article, other.article)? {
                    article = unite(tx, article, other.article, other)?;
                }
            }
            compose(tx, article)?;
            for (other, relation) in ruling.related {
                relate(tx, article, other, relation)?;
            }
            Ok(Applied {
                entry: Some(entry),
                merged: true,
                shown: true,
                ..Applied::default()
            })
        }
        Decision::New { slot } => {
            // The article names its entry and the entry its article.
            let entry = context.past.next_entry.get();
            let article = insert_article(tx, context, candidate, slot, first_seen, entry)?;
            let place = Place { slot, join: None };
            insert_entry(tx, context, candidate, article, place, first_seen)?;
            for (other, relation) in ruling.related {
                relate(tx, article, other, relation)?;
            }
            Ok(Applied {
                entry: Some(entry),
                new: true,
                shown: true,
                ..Applied::default()
            })
        }
    }
}

/// Entries without a date keep the order of a source's first document: each a second older than the one above
/// (`docs/decisions/0005-dates-of-undated-entries.md`).
fn first_seen(context: &Context<'_>, position: usize, candidate: &Candidate) -> DateTime<Utc> {
    if context.first_poll && candidate.entry.published.is_none() {
        context.now - TimeDelta::seconds(i64::try_from(position).unwrap_or(0))
    } else {
        context.now
    }
}

/// The text of a stored entry that is compared: of its content, else its summary; empty without both.
pub(super) fn stored_text(tx: &Connection, entry: i64) -> Result<String, Error> {
    let found: Option<(Option<Vec<u8>>, Option<String>)> = tx
        .prepare_cached(
            "SELECT c.html, e.details ->> '$.summary' FROM entries e LEFT JOIN contents c ON c.entry = e.id
             WHERE e.id = ?1",
        )?
        .query_row([entry], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (blob, summary) = found.unwrap_or_default();
    let html = blob.map(|blob| decompress(&blob)).transpose()?;
    let text = html.map(|html| crate::text::text_of(&html));
    Ok(text
        .filter(|text| !text.is_empty())
        .or(summary)
        .unwrap_or_default())
}

fn back_in_document(tx: &Savepoint<'_>, entry: i64) -> Result<(), Error> {
    tx.prepare_cached(
        "UPDATE entries SET last_seen_at_ms = NULL WHERE id = ?1 AND last_seen_at_ms IS NOT NULL",
    )?
    .execute([entry])?;
    Ok(())
}

/// How an entry comes into its article.
struct Place<'a> {
    /// Which use of its key it is.
    slot: i64,
    /// Why it joins the article; `None`: it founds it.
    join: Option<&'a Join>,
}

fn insert_entry(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
    article: i64,
    place: Place<'_>,
    first_seen: DateTime<Utc>,
) -> Result<i64, Error> {
    let entry = &candidate.entry;
    let Place { slot, join } = place;
    let id = context.past.next_entry.get();
    tx.prepare_cached(
        "INSERT INTO entries (source, key, slot, article, rung, entry_id, id_kind, url, url_key, title,
         published_at_ms, updated_at_ms, details, scope, content_hash, text_hash, revision, first_seen_at_ms,
         joined_to, evidence, id, url_host)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, ?17, ?18, ?19, ?20, ?21)",
    )?
    .execute(params![
        context.source,
        candidate.key,
        slot,
        article,
        rung_name(join.map_or(Rung::Entry, |join| join.rung)),
        entry.id,
        id_kind_name(entry.id_kind),
        entry.url,
        candidate.url_key,
        entry.title,
        entry.published.map(millis),
        entry.updated.map(millis),
        candidate.details,
        scope_number(entry.details.content_scope),
        candidate.content_hash,
        candidate.text_hash,
        millis(first_seen),
        join.map(|join| join.entry),
        evidence_json(join.and_then(|join| join.evidence.as_ref()))?,
        id,
        candidate.url_host,
    ])?;
    context.past.next_entry.set(id + 1);
    insert_content(tx, id, candidate)?;
    Ok(id)
}

fn insert_content(tx: &Savepoint<'_>, entry: i64, candidate: &Candidate) -> Result<(), Error> {
    if let Some(html) = &candidate.html {
        tx.prepare_cached("INSERT INTO contents (entry, html) VALUES (?1, ?2)")?
            .execute(params![entry, html])?;
    }
    Ok(())
}

fn insert_article(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
    slot: i64,
    first_seen: DateTime<Utc>,
    representative: i64,
) -> Result<i64, Error> {
    let entry = &candidate.entry;
    let published = entry
        .published
        .map_or(first_seen, |date| date.min(first_seen));
    // Old material of a new source is no news.
    let arrived = if context.first_poll {
        published
    } else {
        first_seen
    };
    let updated = entry
        .updated
        .map_or(published, |date| date.min(context.now).max(published));
    let wanted = if slot == 0 && candidate.trusted {
        republishable(entry.id_kind, &entry.id, entry.url.as_deref())
    } else {
        None
    };
    let mut statement = tx.prepare_cached(
        "INSERT INTO articles (id, published_id, representative, published_at_ms, first_seen_at_ms, updated_at_ms,
         revision, source_updated_at_ms, arrived_at_ms) VALUES (?1, ?2, ?8, ?3, ?4, ?5, 1, ?6, ?7) ON CONFLICT DO NOTHING",
    )?;
    let mut insert = |source: &str, wanted: Option<&str>| {
        let id = article_id(source, candidate.key, slot);
        statement.execute(params![
            id,
            wanted.unwrap_or(&id),
            millis(published),
            millis(first_seen),
            millis(updated),
            context.feed_updated.map(millis),
            millis(arrived),
            representative,
        ])
    };
    if insert(context.name, wanted)? == 0 {
        // Another article has the origin's id, or another source had this name before.
        let wanted = match wanted {
            Some(wanted) if !is_published(tx, wanted)? => Some(wanted),
            _ => None,
        };
        if insert(context.name, wanted)? == 0 {
            insert(&format!("{}~{}", context.name, context.source), wanted)?;
        }
    }
    Ok(tx.last_insert_rowid())
}

fn revise(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    candidate: &Candidate,
    entry: i64,
    article: i64,
    real: bool,
) -> Result<Applied, Error> {
    if is_frozen(tx, context, candidate, entry)? {
        back_in_document(tx, entry)?;
        return Ok(Applied {
            entry: Some(entry),
            frozen: true,
            ..Applied::default()
        });
    }
    keep_revision(tx, context, entry)?;
    let new = &candidate.entry;
    // The earliest date ever given stands; a later one is a change.
    tx.prepare_cached(
        "UPDATE entries SET url = ?2, url_key = ?3, title = ?4,
         updated_at_ms = nullif(max(coalesce(?6, 0), CASE WHEN ?5 > published_at_ms THEN ?5 ELSE 0 END), 0),
         published_at_ms = CASE WHEN published_at_ms IS NULL OR ?5 < published_at_ms THEN ?5 ELSE published_at_ms END,
         details = ?7, scope = ?8, content_hash = ?9, text_hash = ?10, revision = revision + 1,
         last_seen_at_ms = NULL, url_host = ?11 WHERE id = ?1",
    )?
    .execute(params![
        entry,
        new.url,
        candidate.url_key,
        new.title,
        new.published.map(millis),
        new.updated.map(millis),
        candidate.details,
        scope_number(new.details.content_scope),
        candidate.content_hash,
        candidate.text_hash,
        candidate.url_host,
    ])?;
    tx.prepare_cached("DELETE FROM contents WHERE entry = ?1")?
        .execute([entry])?;
    insert_content(tx, entry, candidate)?;
    full_text::keep_scope(tx, entry)?;
    let shown_before = representative(tx, article)?;
    compose(tx, article)?;
    if shown_before == entry {
        touch_article(tx, context, article, new.updated, real)?;
    }
    Ok(Applied {
        entry: Some(entry),
        revised: true,
        shown: true,
        ..Applied::default()
    })
}

fn representative(tx: &Savepoint<'_>, article: i64) -> Result<i64, Error> {
    Ok(tx
        .prepare_cached("SELECT representative FROM articles WHERE pk = ?1")?
        .query_row([article], |row| row.get(0))?)
}

fn keep_revision(tx: &Savepoint<'_>, context: &Context<'_>, entry: i64) -> Result<(), Error> {
    tx.prepare_cached(
        "INSERT INTO revisions (entry, revision, replaced_at_ms, title, html)
         SELECT e.id, e.revision, ?2, e.title, c.html FROM entries e LEFT JOIN contents c ON c.entry = e.id
         WHERE e.id = ?1",
    )?
    .execute(params![entry, millis(context.now)])?;
    tx.prepare_cached(
        "DELETE FROM revisions WHERE entry = ?1 AND revision <= (SELECT revision FROM entries WHERE id = ?1) - ?2",
    )?
    .execute(params![entry, REVISIONS])?;
    Ok(())
}

/// The shown entry changed: the article's revision counts it; its republished `updated` moves only when the words
/// did, to the publisher's date when that is news and not in the future, else to now.
fn touch_article(
    tx: &Savepoint<'_>,
    context: &Context<'_>,
    article: i64,
    claimed: Option<DateTime<Utc>>,
    real: bool,
) -> Result<(), Error> {
    let now = millis(context.now);
    let claimed = claimed.map(millis).filter(|claimed| *claimed <= now);
    tx.prepare_cached(
        "UPDATE articles SET revision = revision + 1, source_updated_at_ms = ?5,
         updated_at_ms = CASE WHEN NOT ?2 THEN updated_at_ms WHEN ?3 > updated_at_ms THEN ?3
           ELSE max(?4, updated_at_ms + 1000) END WHERE pk = ?1",
    )?
    .execute(params![
        article,
        real,
        claimed,
        now,
        context.feed_updated.map(millis)
    ])?;
    Ok(())
}

/// Chooses the representative anew; `updated` does not move for it.
pub(super) fn compose(tx: &Connection, article: i64) -> Result<(), Error> {
    let members: Vec<Member> = tx
        .prepare_cached(
            "SELECT e.id, e.scope, s.priority, e.details ->> '$.image' IS NOT NULL,
             json_array_length(e.details, '$.authors') > 0, e.published_at_ms
             FROM entries e JOIN sources s ON s.id = e.source WHERE e.article = ?1",
        )?
        .query_map([article], |row| {
            Ok(Member {
                entry: row.get(0)?,
                scope: scope(row.get(1)?),
                priority: row.get(2)?,
                has_image: row.get(3)?,
                has_author: row.get::<_, Option<bool>>(4)?.unwrap_or(false),
                published: optional_instant(row, 5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    if let Some(entry) = dedup::representative(&members) {
        tx.prepare_cached(
            "UPDATE articles SET representative = ?2 WHERE pk = ?1 AND representative <> ?2",
        )?
        .execute(params![article, entry])?;
    }
    Ok(())
}
