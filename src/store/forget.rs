//! An article is named by people, and taken out for good.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::archives::withdraw_with;
use super::codec::{document, document_blob};
use super::retention::remove;
use super::tombstones::Gone;
use super::{Error, Store};

/// Shortest part of an id that names an article.
const SHORTEST_PREFIX: usize = 4;
const URN: &str = "urn:uuid:";

/// An article that was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// `urn:uuid:…`.
    pub id: String,
    /// Title of the entry that represented it.
    pub title: Option<String>,
    /// How many entries it had.
    pub entries: usize,
}

impl std::fmt::Display for Forgotten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let title = self.title.as_deref().unwrap_or("without title");
        let entries = match self.entries {
            1 => "1 entry".to_owned(),
            several => format!("{several} entries"),
        };
        write!(f, "forgot {} ({title}), {entries}", self.id)
    }
}

impl Store {
    /// The id of the article that is meant: by its id, the beginning of its UUID, or its published id.
    ///
    /// # Errors
    /// [`Error::NoArticle`], [`Error::ManyArticles`]; [`Error::Sql`].
    pub fn article_id(&self, wanted: &str) -> Result<String, Error> {
        self.read(|connection| {
            let pk = article_pk(connection, wanted)?;
            Ok(
                connection.query_row("SELECT id FROM articles WHERE pk = ?1", [pk], |row| {
                    row.get(0)
                })?,
            )
        })
    }

    /// Takes an article out, for good: neither its entries nor copies at the same URL or with the same words found one
    /// again. `wanted` as in [`Self::article_id`].
    ///
    /// # Errors
    /// [`Error::NoArticle`], [`Error::ManyArticles`]; [`Error::Sql`]: nothing was forgotten.
    pub async fn forget(&self, wanted: String) -> Result<Forgotten, Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let article = article_pk(&tx, &wanted)?;
            let forgotten = forget(&tx, article)?;
            tx.commit()?;
            Ok(forgotten)
        })
        .await
    }
}

/// `articles.pk` of the article that is meant: by its id (`urn:uuid:…`), the beginning of its UUID, when that begins no
/// other, or its published id.
///
/// # Errors
/// [`Error::NoArticle`], [`Error::ManyArticles`]; [`Error::Sql`].
pub(super) fn article_pk(connection: &Connection, wanted: &str) -> Result<i64, Error> {
    let wanted = wanted.trim();
    let exact: Option<i64> = connection
        .prepare_cached(
            "SELECT pk FROM articles WHERE published_id = ?1 OR id = ?1 ORDER BY id <> ?1 LIMIT 1",
        )?
        .query_row([wanted], |row| row.get(0))
        .optional()?;
    let exact = match exact {
        // It was united with another since.
        None => connection
            .prepare_cached("SELECT article FROM united WHERE id = ?1")?
            .query_row([wanted], |row| row.get(0))
            .optional()?,
        found => found,
    };
    if let Some(pk) = exact {
        return Ok(pk);
    }
    let lower = wanted.to_ascii_lowercase();
    let prefix = lower.strip_prefix(URN).unwrap_or(&lower);
    let is_prefix = prefix.len() >= SHORTEST_PREFIX
        && prefix
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let no_article = || Error::NoArticle {
        wanted: wanted.to_owned(),
    };
    if !is_prefix {
        return Err(no_article());
    }
    let from = format!("{URN}{prefix}");
    let to = format!("{from}g"); // Behind all digits.
    let found: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT pk, id FROM articles WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 3",
        )?
        .query_map([from, to], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    match found.as_slice() {
        [] => Err(no_article()),
        [(pk, _)] => Ok(*pk),
        several => Err(Error::ManyArticles {
            wanted: wanted.to_owned(),
            ids: several.iter().map(|(_, id)| id.clone()).collect(),
        }),
    }
}

pub(super) fn forget(tx: &Connection, article: i64) -> Result<Forgotten, Error> {
    let (id, title): (String, Option<String>) = tx.query_row(
        "SELECT a.id, e.title FROM articles a LEFT JOIN entries e ON e.id = a.representative WHERE a.pk = ?1",
        [article],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    withdraw_with(tx, &id)?;
    let entries: Vec<i64> = tx
        .prepare_cached("SELECT id FROM entries WHERE article = ?1")?
        .query_map([article], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for entry in &entries {
        let gone = Gone::of(tx, *entry)?;
        gone.bury(tx, true)?;
        leave_document(tx, gone.source, *entry)?;
        remove(tx, *entry, article)?;
    }
    Ok(Forgotten {
        id,
        title,
        entries: entries.len(),
    })
}

/// The newest document of a source no longer knows the entry: what it shows there is a candidate again, and buried.
fn leave_document(tx: &Connection, source: i64, entry: i64) -> Result<(), Error> {
    let blob: Option<Vec<u8>> = tx
        .prepare_cached("SELECT document FROM sources WHERE id = ?1")?
        .query_row([source], |row| row.get(0))?;
    let mut pairs = blob.map(|blob| document(&blob)).unwrap_or_default();
    let before = pairs.len();
    pairs.retain(|(_, held)| *held != entry);
    if pairs.len() < before {
        tx.prepare_cached("UPDATE sources SET document = ?2 WHERE id = ?1")?
            .execute(params![source, document_blob(&pairs)])?;
    }
    Ok(())
}
