//! Stored articles in publishing order.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::claims::Sources;
use super::codec::{decompress, from_json, id_kind, instant, json, millis, optional_instant, rung};
use super::fill::{fill, related};
use super::kept::kept;
use super::{Error, Store, full_text, index};
use crate::model::{
    Article, Details, Entry, EntryRef, FeedInfo, Kept, Origin, PageFields, Rung, Source,
};
use crate::search::Query;

/// Which articles are wanted, newest first.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Keys of sources: articles with an entry of any of them. `None`: all sources, also those no longer configured.
    pub sources: Option<Vec<i64>>,
    /// Only these, by id; `None`: any.
    pub articles: Option<Vec<String>>,
    /// Keys of sources whose entries are not shown: not as places, and another entry represents the article.
    pub hidden: Vec<i64>,
    /// Only those where an entry (of `sources`, not of `hidden`) fits the words of this search; of very many, the newest
    /// `MOST_FOUND` or `MOST_FOUND_OF`.
    pub matching: Option<Query>,
    /// What "newest" means.
    pub order: SelectionOrder,
    /// Dated (in that order) at or after.
    pub since: Option<DateTime<Utc>>,
    /// Only those that stand behind this article in that order, by its date there and its id; `None`: from the first on.
    /// Of an id that is gone, those dated before.
    pub behind: Option<(DateTime<Utc>, String)>,
    /// The sources have few entries: their articles are gathered and sorted, instead of walking over all there are.
    pub gather: bool,
    /// At most this many; `None` is all.
    pub limit: Option<usize>,
    /// At most this many represented by one source; `None` is no cap.
    pub per_source: Option<usize>,
}

/// What a selection is ordered by, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectionOrder {
    /// The republished date.
    #[default]
    Published,
    /// First sight; of what a source's first document brought, the publisher's date.
    FirstSeen,
    /// How well it fits the search; without words to search for, and of a search of very many, as `Published`.
    Relevance,
}

/// Entries that a search looks at, at most: what is common costs no more.
const MOST_FOUND: usize = 20_000;
/// The same where the search names its sources: all of these may stand far behind.
const MOST_FOUND_OF: usize = 200_000;

impl Selection {
    /// Narrowed to what a search asks for.
    ///
    /// # Errors
    /// [`Error::Search`] when it names a source or tag that is not among those of the selection.
    pub fn narrowed(mut self, query: Query, sources: &Sources) -> Result<Self, Error> {
        if query.names_sources() {
            let mut keys = self
                .sources
                .take()
                .unwrap_or_else(|| sources.iter().map(|(key, _)| key).collect());
            let known = |is_it: &dyn Fn(&Source) -> bool| {
                { &keys }
                    .iter()
                    .any(|key| sources.source(*key).is_some_and(|source| is_it(source)))
            };
            for id in query.sources.any.iter().chain(&query.sources.none) {
                if !known(&|source| source.id == *id) {
                    return Err(unknown("source", id));
                }
            }
            for tag in query.tags.any.iter().chain(&query.tags.none) {
                if !known(&|source| source.tags.contains(tag)) {
                    return Err(unknown("tag", tag));
                }
            }
            keys.retain(|key| {
                sources
                    .source(*key)
                    .is_some_and(|source| query.chooses(source))
            });
            self.sources = Some(keys);
        }
        self.since = self.since.max(query.since);
        self.matching = Some(query);
        Ok(self)
    }

    /// The words to look for, as the index takes them.
    fn words(&self) -> Option<&str> {
        let words = self.matching.as_ref().map(Query::fts)?;
        (!words.is_empty()).then_some(words)
    }
}

fn unknown(kind: &str, name: &str) -> Error {
    Error::Search {
        reason: format!("there is no {kind} {name:?}"),
    }
}

const COLUMNS: &str = "a.pk, a.id, a.published_id, a.published_at_ms, a.updated_at_ms, a.first_seen_at_ms, a.revision,
    a.source_updated_at_ms, e.id, e.source, e.entry_id, e.id_kind, e.url, e.title, e.published_at_ms, e.updated_at_ms,
    e.details, c.html, p.fields, p.html";

impl Store {
    /// The articles of a selection.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn timeline(
        &self,
        selection: &Selection,
        sources: &Sources,
    ) -> Result<Vec<Article>, Error> {
        let mut articles = Vec::new();
        self.each_article(selection, sources, |article| {
            articles.push(article);
            true
        })?;
        Ok(articles)
    }

    /// Visits the articles of a selection one by one, until `visit` answers false.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn each_article(
        &self,
        selection: &Selection,
        sources: &Sources,
        mut visit: impl FnMut(Article) -> bool,
    ) -> Result<(), Error> {
        self.each_row(selection, sources, |_, _, _, article| Ok(visit(article)))
    }

    /// The same, each with what the store has of it and its JSON does not show.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn each_kept(
        &self,
        selection: &Selection,
        sources: &Sources,
        mut visit: impl FnMut(Article, Kept) -> bool,
    ) -> Result<(), Error> {
        self.each_row(selection, sources, |connection, origins, place, article| {
            let kept = kept(connection, place, &article, &|key| origins.is_hidden(key))?;
            Ok(visit(article, kept))
        })
    }

    fn each_row(
        &self,
        selection: &Selection,
        sources: &Sources,
        mut visit: impl FnMut(&Connection, &Origins<'_>, (i64, i64), Article) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.read(|connection| {
            let origins = Origins::new(sources, &selection.hidden);
            let sql = statement(selection);
            let keys = selection.sources.as_ref().map(json).transpose()?;
            let limit = match (selection.limit, selection.per_source) {
                (Some(limit), None) => i64::try_from(limit).unwrap_or(i64::MAX),
                _ => -1,
            };
            let hidden = json(&selection.hidden)?;
            let articles = selection.articles.as_ref().map(json).transpose()?;
            let since = selection.since.map_or(i64::MIN, millis);
            let behind_at = selection
                .behind
                .as_ref()
                .map_or(i64::MAX, |(at, _)| millis(*at));
            let behind_id = selection.behind.as_ref().map(|(_, id)| id);
            let fts = selection.words();
            if let Some(words) = fts {
                index::check(connection, words)?;
            }
            let mut shown_of: HashMap<i64, usize> = HashMap::new();
            let mut left = selection.limit.unwrap_or(usize::MAX);
            let mut query = connection.prepare_cached(&sql)?;
            let mut rows = query.query(params![
                keys, since, limit, fts, hidden, articles, behind_at, behind_id
            ])?;
            while left > 0
                && let Some(row) = rows.next()?
            {
                if let Some(cap) = selection.per_source {
                    let shown = shown_of.entry(row.get(9)?).or_default();
                    *shown += 1;
                    if *shown > cap {
                        continue;
                    }
                }
                left -= 1;
                let found = article(connection, row, &origins)?;
                let place = (row.get(0)?, row.get(8)?); // itself, and the entry that is shown
                if !visit(connection, &origins, place, found)? {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many live articles there are.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn count_articles(&self) -> Result<u64, Error> {
        self.read(|connection| {
            let count: i64 =
                connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }
}

fn statement(selection: &Selection) -> String {
    let column = match selection.order {
        SelectionOrder::Published | SelectionOrder::Relevance => "a.published_at_ms",
        SelectionOrder::FirstSeen => "a.arrived_at_ms",
    };
    let of_sources = if selection.gather && selection.sources.is_some() {
        ""
    } else if selection.sources.is_some() {
        "AND EXISTS (SELECT 1 FROM entries m WHERE m.article = a.pk
         AND m.source IN (SELECT value FROM json_each(?1)))"
    } else {
        "AND ?1 IS NULL"
    };
    let is_ranked = selection.order == SelectionOrder::Relevance
        && selection.words().is_some()
        && selection.matching.as_ref().is_some_and(Query::is_ranked);
    let found = if selection.words().is_some() {
        let most = match &selection.matching {
            Some(query) if query.names_sources() => MOST_FOUND_OF,
            _ => MOST_FOUND,
        };
        // Where nobody asks for the rank it is not made.
        let rank = if is_ranked { "rank" } else { "0" };
        let of_sources = match selection.sources {
            Some(_) => "AND m.source IN (SELECT value FROM json_each(?1))",
            None => "",
        };
        format!(
            "JOIN (SELECT m.article, min(s.rank) AS rank
             FROM (SELECT rowid AS entry, {rank} AS rank FROM search WHERE search MATCH ?4 ORDER BY rowid DESC LIMIT {most}) s
             JOIN entries m ON m.id = s.entry
             WHERE m.source NOT IN (SELECT value FROM json_each(?5)) {of_sources} GROUP BY m.article) f
             ON f.article = a.pk"
        )
    } else {
        String::new()
    };
    let best = if is_ranked { "f.rank," } else { "" };
    let shown = if selection.hidden.is_empty() {
        "a.representative"
    } else {
        "(SELECT s.id FROM entries s WHERE s.article = a.pk AND s.source NOT IN (SELECT value FROM json_each(?5))
          ORDER BY s.id <> a.representative, s.scope DESC, s.id LIMIT 1)"
    };
    let behind = match selection.behind {
        // The first condition is one that the index takes.
        Some(_) => format!(
            "AND {column} <= ?7 AND ({column}, a.pk) < (?7, coalesce((SELECT b.pk FROM articles b WHERE b.id = ?8), 0))"
        ),
        None => "AND ?7 IS ?7 AND ?8 IS NULL".to_owned(),
    };
    let most = if selection.words().is_some() {
        "-1"
    } else {
        "?3"
    };
    let gathered = format!(
        "(SELECT a.pk FROM (SELECT DISTINCT g.article FROM entries g WHERE g.source IN (SELECT value FROM json_each(?1))) g
         CROSS JOIN articles a ON a.pk = g.article WHERE {column} >= ?2 {behind}
         ORDER BY {column} DESC, a.pk DESC LIMIT {most}) w CROSS JOIN articles a ON a.pk = w.pk"
    );
    let from = if selection.articles.is_some() {
        "json_each(?6) w CROSS JOIN articles a ON a.id = w.value" // in this order: the list is short
    } else if selection.gather && selection.sources.is_some() {
        gathered.as_str() // only what is shown is sorted with its text
    } else {
        "articles a"
    };
    format!(
        "SELECT {COLUMNS} FROM {from} JOIN entries e ON e.id = {shown}
         LEFT JOIN contents c ON c.entry = e.id LEFT JOIN pages p ON p.entry = e.id {found}
         WHERE {column} >= ?2 {of_sources} {behind} AND ?4 IS ?4 AND ?5 IS ?5 AND ?6 IS ?6 ORDER BY {best} {column} DESC, a.pk DESC LIMIT ?3"
    )
}

/// Sources as origins of articles, read once a selection.
struct Origins<'a> {
    sources: &'a Sources,
    /// Keys of those whose entries are not shown.
    hidden: &'a [i64],
    known: std::cell::RefCell<HashMap<i64, Arc<StoredOrigin>>>,
}

struct StoredOrigin {
    name: String,
    url: String,
    info: FeedInfo,
}

impl<'a> Origins<'a> {
    fn new(sources: &'a Sources, hidden: &'a [i64]) -> Self {
        Self {
            sources,
            hidden,
            known: std::cell::RefCell::default(),
        }
    }

    fn is_hidden(&self, key: i64) -> bool {
        self.hidden.contains(&key)
    }

    fn stored(&self, connection: &Connection, key: i64) -> Result<Arc<StoredOrigin>, Error> {
        if let Some(origin) = self.known.borrow().get(&key) {
            return Ok(Arc::clone(origin));
        }
        let (name, url, info): (String, String, Option<String>) = connection
            .prepare_cached("SELECT name, url, info FROM sources WHERE id = ?1")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let info = info
            .map(|text| from_json("feed", &text))
            .transpose()?
            .unwrap_or_default();
        let origin = Arc::new(StoredOrigin { name, url, info });
        self.known.borrow_mut().insert(key, Arc::clone(&origin));
        Ok(origin)
    }

    fn origin(
        &self,
        connection: &Connection,
        key: i64,
        updated: Option<DateTime<Utc>>,
    ) -> Result<Origin, Error> {
        let stored = self.stored(connection, key)?;
        let source = self.sources.source(key);
        Ok(origin(&stored, source.map(AsRef::as_ref), updated))
    }

    fn name(&self, connection: &Connection, key: i64) -> Result<String, Error> {
        Ok(self.stored(connection, key)?.name.clone())
    }
}

/// Namespace of the ids of feeds that have no address to show; random, fixed for good.
const FEEDS: uuid::Uuid = uuid::Uuid::from_u128(0x2c5d_88a1_60f4_4e0b_b1d9_73a6_94e2_0c57);

/// A source that is no longer configured is treated like a private one: its URL may have been a secret.
fn origin(
    stored: &StoredOrigin,
    source: Option<&Source>,
    updated: Option<DateTime<Utc>>,
) -> Origin {
    let private = source.is_none_or(|source| source.private);
    let shown = url::Url::parse(&stored.url)
        .ok()
        .filter(|url| !private && url.scheme() != "file")
        .map(|mut url| {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        });
    let mut info = FeedInfo {
        updated,
        ..stored.info.clone()
    };
    if private {
        info.self_url = None;
    }
    let host = || {
        info.home_url
            .as_deref()
            .and_then(|home| url::Url::parse(home).ok()?.host_str().map(str::to_owned))
    };
    let title = source
        .and_then(|source| source.title.clone())
        .or_else(|| info.title.clone())
        .or_else(host)
        .unwrap_or_else(|| stored.name.clone());
    let derived = || {
        uuid::Uuid::new_v5(&FEEDS, stored.name.as_bytes())
            .urn()
            .to_string()
    };
    Origin {
        source: stored.name.clone(),
        iri: info
            .id
            .clone()
            .or_else(|| shown.clone())
            .unwrap_or_else(derived),
        title,
        url: shown,
        tags: source.map(|source| source.tags.clone()).unwrap_or_default(),
        info,
    }
}

fn article(
    connection: &Connection,
    row: &Row<'_>,
    origins: &Origins<'_>,
) -> Result<Article, Error> {
    let pk: i64 = row.get(0)?;
    let representative: i64 = row.get(8)?;
    let details: Details = from_json(
        "entry",
        row.get_ref(16)?.as_str().map_err(rusqlite::Error::from)?,
    )?;
    let html: Option<Vec<u8>> = row.get(17)?;
    let mut entry = Entry {
        id: row.get(10)?,
        id_kind: id_kind(&row.get::<_, String>(11)?),
        url: row.get(12)?,
        title: row.get(13)?,
        published: optional_instant(row, 14)?,
        updated: optional_instant(row, 15)?,
        content_html: html
            .map(|blob| decompress(&blob))
            .transpose()?
            .unwrap_or_default(),
        details,
    };
    let mut page = full_text::fields(row.get(18)?, row.get(19)?)?;
    if let Some(fields) = &mut page {
        fields.apply(&mut entry);
    }
    let (entries, last_seen) = places(connection, pk, representative, origins)?;
    let filled = match entries.len() {
        1 => Vec::new(),
        _ => fill(connection, pk, representative, &mut entry, |key| {
            if origins.is_hidden(key) {
                return Ok(None);
            }
            origins.name(connection, key).map(Some)
        })?,
    };
    Ok(Article {
        id: row.get(1)?,
        published_id: row.get(2)?,
        entry,
        origin: origins.origin(connection, row.get(9)?, optional_instant(row, 7)?)?,
        published_at: instant(row.get(3)?),
        updated: instant(row.get(4)?),
        first_seen: instant(row.get(5)?),
        last_seen,
        revision: row.get(6)?,
        entries,
        related: related(connection, pk)?,
        filled,
        page: page.map(PageFields::into_seen),
    })
}

/// Everywhere an article was seen, the representative first, and when last.
fn places(
    connection: &Connection,
    article: i64,
    representative: i64,
    origins: &Origins<'_>,
) -> Result<(Vec<EntryRef>, DateTime<Utc>), Error> {
    let mut statement = connection.prepare_cached(
        "SELECT e.source, e.entry_id, e.url, e.title, e.published_at_ms, e.first_seen_at_ms, e.rung,
         coalesce(e.last_seen_at_ms, c.last_ok_at_ms, e.first_seen_at_ms),
         EXISTS (SELECT 1 FROM former f WHERE f.entry = e.id)
         FROM entries e LEFT JOIN schedule c ON c.source = e.source WHERE e.article = ?1
         ORDER BY e.id <> ?2, e.id",
    )?;
    let mut rows = statement.query([article, representative])?;
    let mut places = Vec::new();
    let mut last_seen = i64::MIN;
    let mut has_former = false;
    while let Some(row) = rows.next()? {
        if origins.is_hidden(row.get(0)?) {
            continue;
        }
        last_seen = last_seen.max(row.get(7)?);
        has_former |= row.get::<_, bool>(8)?;
        places.push(EntryRef {
            source: origins.name(connection, row.get(0)?)?,
            entry_id: row.get(1)?,
            url: row.get(2)?,
            title: row.get(3)?,
            published: optional_instant(row, 4)?,
            first_seen: instant(row.get(5)?),
            rung: rung(&row.get::<_, String>(6)?),
        });
    }
    if has_former {
        places.extend(former(connection, article, origins)?);
    }
    Ok((places, instant(last_seen)))
}

/// Under which ids the entries of an article stood before.
fn former(
    connection: &Connection,
    article: i64,
    origins: &Origins<'_>,
) -> Result<Vec<EntryRef>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT f.source, f.entry_id, f.url, e.title, e.published_at_ms, e.first_seen_at_ms
         FROM entries e JOIN former f ON f.entry = e.id WHERE e.article = ?1 ORDER BY e.id, f.key",
    )?;
    let mut rows = statement.query([article])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        if origins.is_hidden(row.get(0)?) {
            continue;
        }
        places.push(EntryRef {
            source: origins.name(connection, row.get(0)?)?,
            entry_id: row.get(1)?,
            url: row.get(2)?,
            title: row.get(3)?,
            published: optional_instant(row, 4)?,
            first_seen: instant(row.get(5)?),
            rung: Rung::Alias,
        });
    }
    Ok(places)
}
