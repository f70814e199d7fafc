//! What the pages count: articles of each source and tag, articles a day, how late they came, how many were merged, and
//! earlier texts of an article.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::{decompress, instant, millis, optional_instant};
use super::forget::article_pk;
use super::{Error, Sources, Store};

/// Days that [`Figures::days`] counts.
pub const DAYS: usize = 30;
/// Newest entries that delays and shares are measured on.
const MEASURED: i64 = 500;

/// Upper ends of the buckets of [`Figures::delays`], in seconds; the last bucket has none.
pub const DELAYS: [i64; 5] = [300, 900, 3_600, 21_600, 86_400];

/// In how many articles each source and each set of sources stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of the sources asked for.
    pub sources: Vec<u64>,
    /// In the order of the sets asked for.
    pub sets: Vec<u64>,
}

/// Figures of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Articles first seen on each of the last [`DAYS`] days in UTC, the oldest first; the last is today. What its first
    /// document brought does not count.
    pub days: Vec<u64>,
    /// Of its newest entries, those measured …
    pub measured: u64,
    /// … and of these, those that joined an article that was there.
    pub merged: u64,
    /// Of these, how long after their date they were first seen: counts between the ends of [`DELAYS`]. Entries without a
    /// date, and what its first document brought, do not count.
    pub delays: [u64; 6],
    /// `ETag` of the newest document; `None`: not given.
    pub etag: Option<String>,
    /// `Last-Modified` of the newest document; `None`: not given.
    pub last_modified: Option<String>,
}

/// An earlier state of an entry, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierText {
    /// Configured id of its source.
    pub source: String,
    /// Id of the entry there.
    pub entry_id: String,
    /// Which, 1 as first seen.
    pub revision: u32,
    /// When the next one came.
    pub replaced: DateTime<Utc>,
    /// Its title.
    pub title: Option<String>,
    /// Sanitized HTML; empty when there was none.
    pub html: String,
}

impl Store {
    /// Counts articles by source and by set of sources, both by key. One walk over an index.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn counts(&self, keys: &[i64], sets: &[Vec<usize>]) -> Result<Counts, Error> {
        self.read(|connection| {
            let most: i64 =
                connection.query_row("SELECT coalesce(max(pk), 0) FROM articles", [], |row| {
                    row.get(0)
                })?;
            let words = usize::try_from(most).unwrap_or(0) / 64 + 1;
            let mut counts = Counts::default();
            let mut own: Vec<Vec<u32>> = Vec::with_capacity(keys.len());
            let mut statement =
                connection.prepare_cached("SELECT article FROM entries WHERE source = ?1")?;
            for key in keys {
                let mut articles = Vec::new();
                let mut rows = statement.query([key])?;
                while let Some(row) = rows.next()? {
                    articles.push(row.get::<_, u32>(0)?);
                }
                articles.sort_unstable();
                articles.dedup();
                counts.sources.push(articles.len() as u64);
                own.push(articles);
            }
            let mut bits = vec![0_u64; words];
            let mut union = |places: &mut dyn Iterator<Item = usize>| -> u64 {
                bits.fill(0);
                for article in places.filter_map(|place| own.get(place)).flatten() {
                    let at = *article as usize;
                    if let Some(word) = bits.get_mut(at / 64) {
                        *word |= 1 << (at % 64);
                    }
                }
                bits.iter().map(|word| u64::from(word.count_ones())).sum()
            };
            counts.sets = { sets.iter() }
                .map(|set| union(&mut set.iter().copied()))
                .collect();
            Ok(counts)
        })
    }

    /// Titles that feeds give themselves, by the configured id of the source.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn feed_titles(&self) -> Result<HashMap<String, String>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, info ->> '$.title' FROM sources WHERE info ->> '$.title' IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Figures of one source, by its id; `None`: the store does not know it.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn figures(
        &self,
        sources: &Sources,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Figures>, Error> {
        let Some((key, _)) = sources.iter().find(|(_, source)| source.id == id) else {
            return Ok(None);
        };
        self.read(|connection| figures(connection, key, now).map(Some))
    }

    /// Earlier texts of an article's entries, the newest first; `wanted` as in [`Store::article_id`].
    ///
    /// # Errors
    /// [`Error::NoArticle`], [`Error::ManyArticles`]; [`Error::Sql`], [`Error::Damaged`].
    pub fn earlier_texts(&self, wanted: &str) -> Result<Vec<EarlierText>, Error> {
        self.read(|connection| {
            let article = article_pk(connection, wanted)?;
            let mut statement = connection.prepare_cached(
                "SELECT s.name, e.entry_id, r.revision, r.replaced_at_ms, r.title, r.html FROM entries e
                 JOIN revisions r ON r.entry = e.id JOIN sources s ON s.id = e.source
                 WHERE e.article = ?1 ORDER BY e.id, r.revision DESC",
            )?;
            let mut rows = statement.query([article])?;
            let mut texts = Vec::new();
            while let Some(row) = rows.next()? {
                let html: Option<Vec<u8>> = row.get(5)?;
                texts.push(EarlierText {
                    source: row.get(0)?,
                    entry_id: row.get(1)?,
                    revision: row.get(2)?,
                    replaced: instant(row.get(3)?),
                    title: row.get(4)?,
                    html: html.map(|blob| decompress(&blob)).transpose()?.unwrap_or_default(),
                });
            }
            Ok(texts)
        })
    }
}

fn figures(connection: &Connection, key: i64, now: DateTime<Utc>) -> Result<Figures, Error> {
    let mut figures = Figures {
        days: vec![0; DAYS],
        ..Figures::default()
    };
    let tag =
        |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if let Some((etag, modified)) = connection
        .prepare_cached("SELECT etag, last_modified FROM sources WHERE id = ?1")?
        .query_row([key], |row| Ok((tag(row.get(0)?), tag(row.get(1)?))))
        .optional()?
    {
        (figures.etag, figures.last_modified) = (etag, modified);
    }
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(first_seen_at_ms) FROM entries WHERE source = ?1")?
        .query_row([key], |row| row.get(0))?;
    let Some(first) = first else {
        return Ok(figures);
    };
    let today = now.date_naive();
    let since = now - TimeDelta::days(DAYS as i64);
    let mut seen = connection.prepare_cached(
        "SELECT first_seen_at_ms FROM entries WHERE source = ?1 AND first_seen_at_ms > max(?2, ?3)",
    )?;
    let mut rows = seen.query(params![key, millis(since), first])?;
    while let Some(row) = rows.next()? {
        let age = (today - instant(row.get(0)?).date_naive()).num_days();
        if let Some(day) = usize::try_from(age)
            .ok()
            .and_then(|age| (DAYS - 1).checked_sub(age))
        {
            figures.days[day] += 1;
        }
    }
    let mut newest = connection.prepare_cached(
        "SELECT rung <> 'entry', published_at_ms, first_seen_at_ms FROM entries WHERE source = ?1
         ORDER BY first_seen_at_ms DESC LIMIT ?2",
    )?;
    let mut rows = newest.query(params![key, MEASURED])?;
    while let Some(row) = rows.next()? {
        figures.measured += 1;
        figures.merged += u64::from(row.get::<_, bool>(0)?);
        let first_seen: i64 = row.get(2)?;
        if let Some(dated) = optional_instant(row, 1)?.filter(|_| first_seen > first) {
            let delay = (instant(first_seen) - dated).num_seconds().max(0);
            let bucket = DELAYS
                .iter()
                .position(|end| delay < *end)
                .unwrap_or(DELAYS.len());
            figures.delays[bucket] += 1;
        }
    }
    Ok(figures)
}
