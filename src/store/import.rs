//! Exported articles into the store: rows as they were, each under its own number where that is free.
//!
//! Nothing is decided anew: ids, dates, joins and hashes are those of the export, so the next poll finds each entry
//! unchanged. What is there already stays as it is.

use rusqlite::{Connection, OptionalExtension, Savepoint, TransactionBehavior, params};

use super::codec::{compress, id_kind_name, json, millis, relation_name, rung_name, scope_number};
use super::{Error, Store};
use crate::model::{EntryRef, ExportedArticle, FeedInfo, KeptEntry, KeptPage, Related};

/// What became of an exported article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is stored.
    Added,
    /// It, or one of its entries, was there already.
    Known,
    /// It was purged or forgotten here and stays away.
    Buried,
    /// It cannot be stored; why.
    Refused(String),
}

impl Store {
    /// Stores exported articles in one transaction. What cannot be stored leaves nothing behind; one answer each.
    ///
    /// # Errors
    /// [`Error::Sql`] when the transaction fails: nothing of it is stored.
    pub async fn import(&self, articles: Vec<ExportedArticle>) -> Result<Vec<Imported>, Error> {
        self.write(move |connection| {
            let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut done = Vec::with_capacity(articles.len());
            for article in &articles {
                let mut savepoint = tx.savepoint()?;
                let imported = match import(&savepoint, article) {
                    Ok(imported) => imported,
                    Err(Error::Sql { source, .. }) if is_of_the_row(&source) => {
                        Imported::Refused(source.to_string())
                    }
                    Err(error) => return Err(error),
                };
                match imported {
                    Imported::Added => savepoint.commit()?,
                    _ => savepoint.rollback()?,
                }
                done.push(imported);
            }
            tx.commit()?;
            Ok(done)
        })
        .await
    }
}

/// A row that contradicts another, not a disk that fails.
fn is_of_the_row(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

fn import(tx: &Savepoint<'_>, article: &ExportedArticle) -> Result<Imported, Error> {
    let kept = &article.kept;
    if kept.entries.is_empty() || kept.entries.len() > article.entries.len() {
        return Ok(Imported::Refused(format!(
            "{} entries of which {} are kept",
            article.entries.len(),
            kept.entries.len()
        )));
    }
    let is_known = tx
        .prepare_cached(
            "SELECT 1 FROM articles WHERE id = ?1 UNION ALL SELECT 1 FROM united WHERE id = ?1",
        )?
        .exists([&article.id])?;
    if is_known {
        return Ok(Imported::Known);
    }
    let mut sources = Vec::with_capacity(kept.entries.len());
    for (place, entry) in article.entries.iter().zip(&kept.entries) {
        let source = source(tx, &place.source)?;
        if is_there(tx, source, entry)? {
            return Ok(Imported::Known);
        }
        if is_buried(tx, source, entry)? {
            return Ok(Imported::Buried);
        }
        sources.push(source);
    }
    let pk = insert_article(tx, article)?;
    let mut numbers = Vec::with_capacity(sources.len());
    for ((place, entry), source) in article.entries.iter().zip(&kept.entries).zip(&sources) {
        let found = |number| { numbers.iter() }.find(|(was, _)| *was == number);
        let joined_to = entry.joined_to.and_then(found).map(|(_, is)| *is);
        let id = insert_entry(tx, article, pk, *source, place, entry, joined_to)?;
        numbers.push((entry.number, id));
    }
    join(tx, &kept.entries, &numbers)?;
    tx.prepare_cached("UPDATE articles SET representative = ?2 WHERE pk = ?1")?
        .execute(params![pk, numbers.first().map(|(_, id)| *id)])?;
    for id in &kept.former_ids {
        tx.prepare_cached("INSERT OR IGNORE INTO united (id, article) VALUES (?1, ?2)")?
            .execute(params![id, pk])?;
    }
    for id in &kept.apart {
        tx.prepare_cached("INSERT OR IGNORE INTO apart (a, b) VALUES (min(?1, ?2), max(?1, ?2))")?
            .execute(params![article.id, id])?;
    }
    for related in &article.related {
        relate(tx, pk, related)?;
    }
    if let Some(source) = sources.first() {
        introduce(tx, *source, &kept.feed)?;
    }
    Ok(Imported::Added)
}

/// An entry that was joined to one with a higher number.
fn join(tx: &Savepoint<'_>, entries: &[KeptEntry], numbers: &[(i64, i64)]) -> Result<(), Error> {
    for (entry, (_, id)) in entries.iter().zip(numbers) {
        let to = entry.joined_to.and_then(|number| {
            { numbers.iter() }
                .find(|(was, _)| *was == number)
                .map(|(_, is)| *is)
        });
        tx.prepare_cached(
            "UPDATE entries SET joined_to = ?2 WHERE id = ?1 AND joined_to IS NOT ?2",
        )?
        .execute(params![id, to])?;
    }
    Ok(())
}

/// The key of a source. One that is not configured gets a row all the same, as one that was taken out of the
/// configuration has.
fn source(tx: &Connection, name: &str) -> Result<i64, Error> {
    let known = tx
        .prepare_cached("SELECT id FROM sources WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(key) = known {
        return Ok(key);
    }
    tx.prepare_cached(
        "INSERT INTO sources (name, url, active, paused, priority) VALUES (?1, '', 0, 0, 0)",
    )?
    .execute([name])?;
    Ok(tx.last_insert_rowid())
}

/// What a feed said of itself stands until its next poll.
fn introduce(tx: &Connection, source: i64, feed: &FeedInfo) -> Result<(), Error> {
    tx.prepare_cached("UPDATE sources SET info = ?2 WHERE id = ?1 AND info IS NULL")?
        .execute(params![source, json(feed)?])?;
    Ok(())
}

fn is_there(tx: &Connection, source: i64, entry: &KeptEntry) -> Result<bool, Error> {
    Ok(tx
        .prepare_cached("SELECT 1 FROM entries WHERE source = ?1 AND key = ?2 AND slot = ?3")?
        .exists(params![source, entry.key, entry.slot])?)
}

fn is_buried(tx: &Connection, source: i64, entry: &KeptEntry) -> Result<bool, Error> {
    Ok(tx
        .prepare_cached(
            "SELECT 1 FROM tombstones WHERE kind = 'key' AND source = ?1 AND hash = ?2 AND nth = ?3",
        )?
        .exists(params![source, entry.key, entry.slot])?)
}

fn insert_article(tx: &Savepoint<'_>, article: &ExportedArticle) -> Result<i64, Error> {
    let kept = &article.kept;
    let is_taken = tx
        .prepare_cached("SELECT 1 FROM articles WHERE published_id = ?1")?
        .exists([&kept.published_id])?;
    let published_id = if is_taken {
        &article.id
    } else {
        &kept.published_id
    };
    tx.prepare_cached(
        "INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms, updated_at_ms,
         revision, source_updated_at_ms, arrived_at_ms)
         VALUES (iif(?1 > 0 AND NOT EXISTS (SELECT 1 FROM articles WHERE pk = ?1), ?1, NULL), ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        kept.number,
        article.id,
        published_id,
        millis(kept.published_at),
        millis(article.first_seen),
        millis(kept.updated_at),
        article.revision,
        kept.feed_updated.map(millis),
        millis(kept.arrived_at),
    ])?;
    Ok(tx.last_insert_rowid())
}

fn insert_entry(
    tx: &Savepoint<'_>,
    article: &ExportedArticle,
    pk: i64,
    source: i64,
    place: &EntryRef,
    entry: &KeptEntry,
    joined_to: Option<i64>,
) -> Result<i64, Error> {
    let details = json(entry.details.as_ref().unwrap_or(&article.details))?;
    tx.prepare_cached(
        "INSERT INTO entries (id, source, key, slot, article, rung, entry_id, id_kind, url, url_key, title,
         published_at_ms, updated_at_ms, details, scope, content_hash, text_hash, revision, first_seen_at_ms,
         last_seen_at_ms, joined_to, evidence)
         VALUES (iif(?1 > 0 AND NOT EXISTS (SELECT 1 FROM entries WHERE id = ?1), ?1, NULL),
         ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
    )?
    .execute(params![
        entry.number,
        source,
        entry.key,
        entry.slot,
        pk,
        rung_name(place.rung),
        place.entry_id,
        id_kind_name(entry.id_kind),
        place.url,
        entry.url_key,
        place.title,
        place.published.map(millis),
        entry.updated.map(millis),
        details,
        scope_number(entry.scope),
        entry.content_hash,
        entry.text_hash,
        entry.revision,
        millis(place.first_seen),
        millis(entry.last_seen),
        joined_to,
        entry.evidence,
    ])?;
    let id = tx.last_insert_rowid();
    let shown = article.content_html.as_deref();
    if let Some(html) = entry.content.html(shown).and_then(compress) {
        tx.prepare_cached("INSERT INTO contents (entry, html) VALUES (?1, ?2)")?
            .execute(params![id, html])?;
    }
    for earlier in &entry.revisions {
        tx.prepare_cached(
            "INSERT INTO revisions (entry, revision, replaced_at_ms, title, html) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            id,
            earlier.revision,
            millis(earlier.replaced),
            earlier.title,
            earlier.content_html.as_deref().and_then(compress),
        ])?;
    }
    for former in &entry.former {
        tx.prepare_cached(
            "INSERT OR IGNORE INTO former (source, key, entry, entry_id, url) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![source, former.key, id, former.entry_id, former.url])?;
    }
    if let Some(page) = &entry.page {
        insert_page(tx, id, page, shown)?;
    }
    behind(tx, id)?;
    Ok(id)
}

fn insert_page(
    tx: &Savepoint<'_>,
    entry: i64,
    page: &KeptPage,
    shown: Option<&str>,
) -> Result<(), Error> {
    tx.prepare_cached(
        "INSERT INTO pages (entry, url, due_at_ms, tries, fetched_at_ms, status, reason, scope, fields, html)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entry,
        page.url,
        page.due.map(millis),
        page.tries,
        page.fetched.map(millis),
        page.status,
        page.reason,
        scope_number(page.scope),
        page.fields.as_ref().map(json).transpose()?,
        page.content.html(shown).and_then(compress),
    ])?;
    Ok(())
}

/// What is done behind the polls, the index and the comparison, is still to be done for this entry.
fn behind(tx: &Connection, entry: i64) -> Result<(), Error> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO search_stale SELECT ?1 WHERE ?1 <= (SELECT CAST(value AS INTEGER) FROM meta
         WHERE key = 'indexed_entry')",
    )?
    .execute([entry])?;
    tx.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('unsketched_entry', ?1) ON CONFLICT (key) DO UPDATE
         SET value = ?1 WHERE CAST(value AS INTEGER) < ?1",
    )?
    .execute([entry])?;
    Ok(())
}

/// Both ends of a relation name it: the one that comes second makes it.
fn relate(tx: &Connection, article: i64, related: &Related) -> Result<(), Error> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO related (a, b, relation) SELECT min(pk, ?1), max(pk, ?1), ?3 FROM articles
         WHERE id = ?2 AND pk <> ?1",
    )?
    .execute(params![article, related.article, relation_name(related.relation)])?;
    Ok(())
}
