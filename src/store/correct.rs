//! What the operator says about articles: split, united, forgotten. It stands for good.

use rusqlite::{Connection, TransactionBehavior, params};

use super::articles::{article_id, compose};
use super::codec::rung_name;
use super::forget::{article_pk, forget};
use super::unite::unite;
use super::{Error, Store};
use crate::dedup::Join;
use crate::model::{Correction, Rung};

impl Store {
    /// Does what the operator says; what was done, for people.
    ///
    /// # Errors
    /// [`Error::NoArticle`], [`Error::ManyArticles`], [`Error::NoEntry`]; [`Error::Sql`]: nothing was done.
    pub async fn correct(&self, correction: Correction) -> Result<String, Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = match &correction {
                Correction::Forget { article } => {
                    forget(&tx, article_pk(&tx, article)?)?.to_string()
                }
                Correction::Split { article, entry } => {
                    split(&tx, article_pk(&tx, article)?, entry)?
                }
                Correction::Merge { into, article } => {
                    merge(&tx, article_pk(&tx, into)?, article_pk(&tx, article)?)?
                }
            };
            tx.commit()?;
            Ok(done)
        })
        .await
    }
}

/// Gives an entry an article of its own. The two are never united again.
fn split(tx: &Connection, article: i64, wanted: &str) -> Result<String, Error> {
    let entries = members(tx, article)?;
    let named: Vec<&Entry> = entries.iter().filter(|entry| entry.is(wanted)).collect();
    let id = article_name(tx, article)?;
    let [entry] = named.as_slice() else {
        return Err(Error::NoEntry {
            wanted: wanted.to_owned(),
            article: id,
            entries: entries.iter().map(Entry::to_string).collect(),
        });
    };
    if entries.len() == 1 {
        return Ok(format!(
            "{entry} is the only entry of {id}: nothing to split"
        ));
    }
    // The slot of a founder is taken by the article that stays.
    let own = (0..)
        .map(|slot| article_id(&format!("{} apart", entry.source), entry.key, slot))
        .find_map(|own| match exists(tx, &own) {
            Ok(true) => None,
            found => Some(found.map(|_| own)),
        });
    let own = own.unwrap_or_else(|| Ok(id.clone()))?;
    tx.prepare_cached(
        "INSERT INTO articles (id, published_id, representative, published_at_ms, first_seen_at_ms, updated_at_ms,
         revision, source_updated_at_ms, arrived_at_ms)
         SELECT ?1, ?1, e.id, min(coalesce(e.published_at_ms, e.first_seen_at_ms), e.first_seen_at_ms),
           e.first_seen_at_ms, max(min(coalesce(e.published_at_ms, e.first_seen_at_ms), e.first_seen_at_ms),
           min(coalesce(e.updated_at_ms, 0), a.updated_at_ms)), 1, a.source_updated_at_ms,
           min(a.arrived_at_ms, e.first_seen_at_ms)
         FROM entries e JOIN articles a ON a.pk = e.article WHERE e.id = ?2",
    )?
    .execute(params![own, entry.id])?;
    let new = tx.last_insert_rowid();
    tx.prepare_cached(
        "UPDATE entries SET article = ?2, rung = ?3, joined_to = NULL, evidence = NULL WHERE id = ?1",
    )?
    .execute(params![entry.id, new, rung_name(Rung::Manual)])?;
    tx.prepare_cached("INSERT OR IGNORE INTO apart (a, b) VALUES (min(?1, ?2), max(?1, ?2))")?
        .execute(params![id, own])?;
    compose(tx, article)?;
    Ok(format!("split {entry} from {id}: it is {own} now"))
}

/// Makes two articles one, whatever was said of them before.
fn merge(tx: &Connection, into: i64, article: i64) -> Result<String, Error> {
    let (a, b) = (article_name(tx, into)?, article_name(tx, article)?);
    if into == article {
        return Ok(format!("{a} is one article already"));
    }
    tx.prepare_cached("DELETE FROM apart WHERE a = min(?1, ?2) AND b = max(?1, ?2)")?
        .execute([&a, &b])?;
    let shown: i64 = tx.query_row(
        "SELECT representative FROM articles WHERE pk = ?1",
        [into],
        |row| row.get(0),
    )?;
    let join = Join {
        article: into,
        entry: shown,
        rung: Rung::Manual,
        evidence: None,
    };
    let stays = article_name(tx, unite(tx, into, article, &join)?)?;
    let goes = if stays == a { b } else { a };
    Ok(format!("merged {goes} into {stays}, which was seen first"))
}

struct Entry {
    id: i64,
    source: String,
    key: i64,
    entry_id: String,
    url: Option<String>,
}

impl Entry {
    /// By its number in the store, its id, its link, or its source.
    fn is(&self, wanted: &str) -> bool {
        self.entry_id == wanted
            || self.source == wanted
            || self.url.as_deref() == Some(wanted)
            || wanted.strip_prefix('#') == Some(&self.id.to_string())
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{} ({} {})", self.id, self.source, self.entry_id)
    }
}

fn members(tx: &Connection, article: i64) -> Result<Vec<Entry>, Error> {
    let mut statement = tx.prepare_cached(
        "SELECT e.id, s.name, e.key, e.entry_id, e.url FROM entries e JOIN sources s ON s.id = e.source
         WHERE e.article = ?1 ORDER BY e.id",
    )?;
    let rows = statement.query_map([article], |row| {
        Ok(Entry {
            id: row.get(0)?,
            source: row.get(1)?,
            key: row.get(2)?,
            entry_id: row.get(3)?,
            url: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn article_name(tx: &Connection, article: i64) -> Result<String, Error> {
    Ok(tx
        .prepare_cached("SELECT id FROM articles WHERE pk = ?1")?
        .query_row([article], |row| row.get(0))?)
}

fn exists(tx: &Connection, id: &str) -> Result<bool, Error> {
    Ok(tx
        .prepare_cached(
            "SELECT 1 FROM articles WHERE id = ?1 UNION ALL SELECT 1 FROM united WHERE id = ?1",
        )?
        .exists([id])?)
}
