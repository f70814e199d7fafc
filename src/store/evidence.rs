//! Where an article was seen, what joined its entries, and by which evidence.

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::Serialize;

use super::codec::{from_json, instant, optional_instant, rung};
use super::fill::related;
use super::forget::article_pk;
use super::{Error, PageSeen, Store, full_text};
use crate::model::{Related, Rung};

/// An article, explained. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, Serialize)]
pub struct ArticleExplanation {
    /// `urn:uuid:…`.
    pub id: String,
    /// The id in every published format.
    pub published_id: String,
    /// Ids of articles that were united with it.
    pub former_ids: Vec<String>,
    /// Title of the entry that represents it.
    pub title: Option<String>,
    /// Republished date.
    pub published: DateTime<Utc>,
    /// Republished change date.
    pub updated: DateTime<Utc>,
    /// 1 as first seen.
    pub revision: u32,
    /// Its entries, in the order in which they came.
    pub entries: Vec<Joined>,
    /// Articles that share much with it.
    pub related: Vec<Related>,
    /// Ids of articles that the operator told apart from it.
    pub apart: Vec<String>,
}

/// An entry of an explained article.
#[derive(Clone, Debug, Serialize)]
pub struct Joined {
    /// Its number in the store, by which `split` knows it.
    pub number: i64,
    /// Configured id of its source.
    pub source: String,
    /// Its id there.
    pub entry_id: String,
    /// Ids under which the source published it before.
    pub former_ids: Vec<String>,
    /// Its link.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its date.
    pub published: Option<DateTime<Utc>>,
    /// When a poll first brought it.
    pub first_seen: DateTime<Utc>,
    /// The last document that held it; `None`: the newest does.
    pub last_seen: Option<DateTime<Utc>>,
    /// It stands for the article.
    pub represents: bool,
    /// By which rule it joined.
    pub rung: Rung,
    /// Number of the entry that it was found equal to; `None`: it founded its article.
    pub joined_to: Option<i64>,
    /// What the two texts share; `None`: they were not compared.
    pub evidence: Option<serde_json::Value>,
    /// 1 as first seen.
    pub revision: u32,
    /// Its earlier states that are kept, the newest first.
    pub revisions: Vec<Earlier>,
    /// Its page; `None`: none was wanted.
    pub page: Option<PageSeen>,
}

/// An earlier state of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct Earlier {
    /// Which.
    pub revision: u32,
    /// When the next one came.
    pub replaced: DateTime<Utc>,
    /// Its title.
    pub title: Option<String>,
}

impl Store {
    /// Explains an article; `wanted` as in [`Store::article_id`].
    ///
    /// # Errors
    /// [`Error::NoArticle`], [`Error::ManyArticles`]; [`Error::Sql`].
    pub fn explain_article(&self, wanted: &str) -> Result<ArticleExplanation, Error> {
        self.read(|connection| {
            let article = article_pk(connection, wanted)?;
            explain(connection, article)
        })
    }
}

fn explain(connection: &Connection, article: i64) -> Result<ArticleExplanation, Error> {
    let mut explanation = connection.query_row(
        "SELECT a.id, a.published_id, e.title, a.published_at_ms, a.updated_at_ms, a.revision
         FROM articles a LEFT JOIN entries e ON e.id = a.representative WHERE a.pk = ?1",
        [article],
        |row| {
            Ok(ArticleExplanation {
                id: row.get(0)?,
                published_id: row.get(1)?,
                former_ids: Vec::new(),
                title: row.get(2)?,
                published: instant(row.get(3)?),
                updated: instant(row.get(4)?),
                revision: row.get(5)?,
                entries: Vec::new(),
                related: Vec::new(),
                apart: Vec::new(),
            })
        },
    )?;
    explanation.former_ids = texts(
        connection,
        "SELECT id FROM united WHERE article = ?1 ORDER BY id",
        article,
    )?;
    explanation.apart = texts(
        connection,
        "SELECT iif(p.a = x.id, p.b, p.a) FROM articles x JOIN apart p ON x.id IN (p.a, p.b) WHERE x.pk = ?1 ORDER BY 1",
        article,
    )?;
    explanation.related = related(connection, article)?;
    explanation.entries = joined(connection, article)?;
    Ok(explanation)
}

fn joined(connection: &Connection, article: i64) -> Result<Vec<Joined>, Error> {
    let mut statement = connection.prepare(
        "SELECT e.id, s.name, e.entry_id, e.url, e.title, e.published_at_ms, e.first_seen_at_ms, e.last_seen_at_ms,
         e.id = a.representative, e.rung, e.joined_to, e.evidence, e.revision
         FROM entries e JOIN sources s ON s.id = e.source JOIN articles a ON a.pk = e.article
         WHERE e.article = ?1 ORDER BY e.id",
    )?;
    let mut rows = statement.query([article])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let evidence: Option<String> = row.get(11)?;
        entries.push(Joined {
            number,
            source: row.get(1)?,
            entry_id: row.get(2)?,
            former_ids: texts(
                connection,
                "SELECT entry_id FROM former WHERE entry = ?1 ORDER BY key",
                number,
            )?,
            url: row.get(3)?,
            title: row.get(4)?,
            published: optional_instant(row, 5)?,
            first_seen: instant(row.get(6)?),
            last_seen: optional_instant(row, 7)?,
            represents: row.get(8)?,
            rung: rung(&row.get::<_, String>(9)?),
            joined_to: row.get(10)?,
            evidence: evidence
                .map(|text| from_json("evidence", &text))
                .transpose()?,
            revision: row.get(12)?,
            revisions: earlier(connection, number)?,
            page: full_text::seen(connection, number)?,
        });
    }
    Ok(entries)
}

fn earlier(connection: &Connection, entry: i64) -> Result<Vec<Earlier>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT revision, replaced_at_ms, title FROM revisions WHERE entry = ?1 ORDER BY revision DESC",
    )?;
    let rows = statement.query_map([entry], |row| {
        Ok(Earlier {
            revision: row.get(0)?,
            replaced: instant(row.get(1)?),
            title: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn texts(connection: &Connection, sql: &str, of: i64) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([of], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
