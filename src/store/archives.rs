//! Archives of outputs: an append-only sequence of articles, and the documents of its full ranges
//! (`docs/decisions/0012-filters-and-archives.md`).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::codec::{compress, decompress, from_json, instant, json, millis};
use super::{Error, Store};

/// What an output's archive is to hold.
#[derive(Clone, Debug)]
pub struct ArchiveTerms {
    /// Name of the output.
    pub output: String,
    /// Hash of what decides its articles and their form.
    pub settings: i64,
    /// Ids of sources that it may show.
    pub shown: Vec<String>,
    /// Ids of sources that it must not show: one that was shown before ends the chain.
    pub hidden: Vec<String>,
}

/// The chain of an output's archives as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its first document, which may not be closed yet.
    pub first_page: i64,
    /// Its newest closed document; `None`: none is.
    pub newest_page: Option<i64>,
    /// `articles.pk` up to which every article was looked at.
    pub judged: i64,
    /// Ids of the articles that stand in no closed document, oldest first.
    pub open: Vec<String>,
}

impl Chain {
    /// Number of the document that is closed next.
    pub fn next_page(&self) -> i64 {
        self.newest_page.map_or(self.first_page, |page| page + 1)
    }
}

/// An archive document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchivePage {
    /// Its bytes, and when it was closed.
    Closed(String, DateTime<Utc>),
    /// It was withdrawn.
    Withdrawn,
    /// It is the one that will be closed next.
    Next,
}

impl Store {
    /// The chain of an output; `None` before its first publication.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn chain(&self, output: &str) -> Result<Option<Chain>, Error> {
        self.read(|connection| chain(connection, output))
    }

    /// Goes on with the chain of an output, or begins a new one when the terms forbid the old, whose documents are then
    /// withdrawn.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub async fn continue_archive(&self, terms: ArchiveTerms) -> Result<Chain, Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let known: Option<(i64, String)> = tx
                .prepare_cached("SELECT settings, shown FROM archives WHERE output = ?1")?
                .query_row([&terms.output], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let mut shown: BTreeSet<String> = BTreeSet::new();
            let mut is_same = false;
            if let Some((settings, before)) = &known {
                shown = from_json("archive", before)?;
                let allowed = !terms.hidden.iter().any(|source| shown.contains(source));
                is_same = *settings == terms.settings && allowed;
            }
            if !is_same {
                withdraw(&tx, &terms.output)?;
                begin(&tx, &terms)?;
                shown.clear();
            }
            let count = shown.len();
            shown.extend(terms.shown.iter().cloned());
            if shown.len() > count {
                tx.execute(
                    "UPDATE archives SET shown = ?2 WHERE output = ?1",
                    params![terms.output, json(&shown)?],
                )?;
            }
            let found = chain(&tx, &terms.output)?;
            tx.commit()?;
            found.ok_or(Error::Closed) // It was begun above.
        })
        .await
    }

    /// Keys and ids of the articles after one, oldest first.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn articles_after(&self, key: i64, limit: usize) -> Result<Vec<(i64, String)>, Error> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT pk, id FROM articles WHERE pk > ?1 ORDER BY pk LIMIT ?2")?;
            let rows = statement.query_map(params![key, limit as i64], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Those of some articles that an output has not numbered yet.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn unnumbered(&self, output: &str, ids: Vec<String>) -> Result<Vec<String>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM archive_articles WHERE output = ?1 AND article = ?2",
            )?;
            let mut new = Vec::new();
            for id in ids {
                if !statement.exists(params![output, id])? {
                    new.push(id);
                }
            }
            Ok(new)
        })
    }

    /// Numbers articles of an output in the order given, and remembers up to which key all were looked at. One that has
    /// its number keeps it.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn number_articles(
        &self,
        output: String,
        ids: Vec<String>,
        judged: i64,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut number: i64 = tx.query_row(
                "SELECT coalesce(max(number), 0) FROM archive_articles WHERE output = ?1",
                [&output],
                |row| row.get(0),
            )?;
            for id in &ids {
                let added = tx
                    .prepare_cached(
                        "INSERT OR IGNORE INTO archive_articles (output, number, article) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![output, number + 1, id])?;
                number += added as i64;
            }
            tx.execute(
                "UPDATE archives SET judged_article = ?2 WHERE output = ?1",
                params![output, judged],
            )?;
            Ok(tx.commit()?)
        })
        .await
    }

    /// Closes the next document of an output over its next `count` articles.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn close_page(
        &self,
        output: String,
        page: i64,
        count: usize,
        body: String,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO archive_pages (output, page, last_number, closed_at_ms, body)
                 SELECT a.output, ?2, ?3 + coalesce((SELECT max(p.last_number) FROM archive_pages p
                   WHERE p.output = a.output AND p.page >= a.first_page), 0), ?4, ?5 FROM archives a WHERE a.output = ?1",
                params![output, page, count as i64, millis(at), compress(&body)],
            )?;
            Ok(())
        })
        .await
    }

    /// Withdraws the archives that an article stands in, which is to be taken out for good: their documents are gone, and
    /// the outputs begin new chains at their next publication.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn withdraw_archives(&self, article: String) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            withdraw_with(&tx, &article)?;
            Ok(tx.commit()?)
        })
        .await
    }

    /// A document of an output's archive; `None`: there never was one.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn archive_page(&self, output: &str, page: i64) -> Result<Option<ArchivePage>, Error> {
        self.read(|connection| {
            let found: Option<(Option<Vec<u8>>, i64)> = connection
                .prepare_cached(
                    "SELECT body, closed_at_ms FROM archive_pages WHERE output = ?1 AND page = ?2",
                )?
                .query_row(params![output, page], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(match found {
                Some((Some(body), at)) => {
                    Some(ArchivePage::Closed(decompress(&body)?, instant(at)))
                }
                Some((None, _)) => Some(ArchivePage::Withdrawn),
                None => chain(connection, output)?
                    .filter(|chain| chain.next_page() == page && page > 1)
                    .map(|_| ArchivePage::Next),
            })
        })
    }
}

/// [`Store::withdraw_archives`] within a transaction.
pub(super) fn withdraw_with(connection: &Connection, article: &str) -> Result<(), Error> {
    let outputs: Vec<String> = connection
        .prepare_cached("SELECT output FROM archive_articles WHERE article = ?1")?
        .query_map([article], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    outputs
        .iter()
        .try_for_each(|output| withdraw(connection, output))
}

fn withdraw(connection: &Connection, output: &str) -> Result<(), Error> {
    for sql in [
        "DELETE FROM archives WHERE output = ?1", // its articles go with it
        "UPDATE archive_pages SET body = NULL WHERE output = ?1 AND body IS NOT NULL",
    ] {
        connection.prepare_cached(sql)?.execute([output])?;
    }
    Ok(())
}

fn begin(tx: &Transaction<'_>, terms: &ArchiveTerms) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO archives (output, settings, shown, first_page, judged_article)
         VALUES (?1, ?2, '[]', (SELECT coalesce(max(page), 0) + 1 FROM archive_pages WHERE output = ?1), 0)",
        params![terms.output, terms.settings],
    )?;
    Ok(())
}

fn chain(connection: &Connection, output: &str) -> Result<Option<Chain>, Error> {
    let found: Option<(i64, i64, Option<i64>, i64)> = connection
        .prepare_cached(
            "SELECT a.first_page, a.judged_article, max(p.page), coalesce(max(p.last_number), 0)
             FROM archives a LEFT JOIN archive_pages p ON p.output = a.output AND p.page >= a.first_page
             WHERE a.output = ?1 GROUP BY a.output",
        )?
        .query_row([output], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((first_page, judged, newest_page, last_number)) = found else {
        return Ok(None);
    };
    let open = connection
        .prepare_cached(
            "SELECT article FROM archive_articles WHERE output = ?1 AND number > ?2 ORDER BY number",
        )?
        .query_map(params![output, last_number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Some(Chain {
        first_page,
        newest_page,
        judged,
        open,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(settings: i64, shown: &[&str], hidden: &[&str]) -> ArchiveTerms {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        ArchiveTerms {
            output: "all".into(),
            settings,
            shown: owned(shown),
            hidden: owned(hidden),
        }
    }

    async fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("feedmill.db"), false).expect("opened");
        (folder, store)
    }

    async fn number(store: &Store, ids: &[&str]) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let numbered = store.number_articles("all".into(), ids, 7).await;
        numbered.expect("numbered");
    }

    async fn close(store: &Store, page: i64, count: usize) {
        let at = "2026-03-01T10:00:00Z".parse().expect("an instant");
        let closed = store.close_page("all".into(), page, count, format!("page {page}"), at);
        closed.await.expect("closed");
    }

    #[tokio::test]
    async fn articles_are_numbered_once_and_closed_in_ranges() {
        let (_folder, store) = open().await;
        assert_eq!(store.chain("all").expect("read"), None);
        store
            .continue_archive(terms(1, &["a"], &[]))
            .await
            .expect("begun");
        number(&store, &["x", "y", "x", "z"]).await;
        number(&store, &["y"]).await;
        close(&store, 1, 2).await;
        let chain = store.chain("all").expect("read").expect("a chain");
        assert_eq!(
            (chain.newest_page, chain.judged, chain.next_page()),
            (Some(1), 7, 2)
        );
        assert_eq!(chain.open, ["z"]);
        number(&store, &["w"]).await;
        close(&store, 2, 2).await;
        let chain = store.chain("all").expect("read").expect("a chain");
        assert_eq!((chain.newest_page, chain.open), (Some(2), vec![]));
        let page = |page| store.archive_page("all", page).expect("read");
        assert!(matches!(page(2), Some(ArchivePage::Closed(body, _)) if body == "page 2"));
        assert_eq!((page(3), page(4)), (Some(ArchivePage::Next), None));
        let new = store.unnumbered("all", vec!["v".into(), "w".into()]);
        assert_eq!(new.expect("read"), ["v"]);
    }

    #[tokio::test]
    async fn other_settings_a_hidden_source_and_a_forgotten_article_begin_anew() {
        for way in ["settings", "hidden", "forget", "nothing"] {
            let (_folder, store) = open().await;
            store
                .continue_archive(terms(1, &["a", "b"], &["c"]))
                .await
                .expect("begun");
            number(&store, &["x", "y"]).await;
            close(&store, 1, 1).await;
            let next = match way {
                "settings" => terms(2, &["a", "b"], &[]),
                "hidden" => terms(1, &["a"], &["b", "c"]),
                _ => terms(1, &["a", "b"], &["c"]),
            };
            if way == "forget" {
                let withdrawn = store.withdraw_archives("y".into()).await;
                withdrawn.expect("withdrawn");
            }
            let chain = store.continue_archive(next).await.expect("continued");
            let page = store.archive_page("all", 1).expect("read");
            if way == "nothing" {
                assert_eq!((chain.first_page, chain.newest_page), (1, Some(1)));
                assert!(matches!(page, Some(ArchivePage::Closed(..))));
            } else {
                assert_eq!((chain.first_page, chain.newest_page), (2, None), "{way}");
                assert_eq!((chain.open.len(), chain.judged), (0, 0), "{way}");
                assert_eq!(page, Some(ArchivePage::Withdrawn), "{way}");
            }
        }
    }
}
