//! Which sources there are, and which are claimed for a poll.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::codec::{document, hashes, millis};
use super::{Error, Store};
use crate::model::{Due, RequestOptions, Source, Validators};
use crate::schedule;

/// A claim is void after this long: no poll takes it.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// First polls, and polls missed while the daemon was down, are spread over at most this long.
const LONGEST_SPREAD: Duration = Duration::from_secs(3600);

/// The configured sources under their keys in the store.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    by_key: HashMap<i64, Arc<Source>>,
    /// Keys in the order of the configuration.
    order: Vec<i64>,
}

impl Sources {
    fn add(&mut self, key: i64, source: &Arc<Source>) {
        self.order.push(key);
        self.by_key.insert(key, Arc::clone(source));
    }

    /// The source with a key.
    pub fn source(&self, key: i64) -> Option<&Arc<Source>> {
        self.by_key.get(&key)
    }

    /// Only the source of this id, or none.
    pub(super) fn only(&self, id: &str) -> Self {
        let mut one = Self::default();
        if let Some((key, source)) = self.iter().find(|(_, source)| source.id == id) {
            one.add(key, source);
        }
        one
    }

    /// Every key and its source, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Arc<Source>)> {
        self.order
            .iter()
            .filter_map(|key| Some((*key, self.by_key.get(key)?)))
    }
}

/// Which sources one pass polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those whose due time has come.
    Due,
    /// Those whose due time has come, and those never polled.
    DueOrNew,
    /// All that are not paused, gone or held off.
    All,
    /// These, by id, unless held off.
    Named(Vec<String>),
}

impl Store {
    /// Brings the table of sources in line with the configuration: new ones are added and due soon, spread; missing
    /// ones are kept but no longer polled or published. A source is found again by an id that is written down, then by
    /// its URL, then by the URL that its redirects led to.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn reconcile(
        &self,
        sources: Vec<Arc<Source>>,
        now: DateTime<Utc>,
    ) -> Result<Sources, Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let found = reconcile(&tx, &sources, now)?;
            tx.commit()?;
            Ok(found)
        })
        .await
    }

    /// The configured sources that the store knows, found as [`Store::reconcile`] does; nothing is written.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn recognize(&self, sources: &[Arc<Source>]) -> Result<Sources, Error> {
        self.read(|connection| {
            let rows = rows(connection)?;
            let mut found = Sources::default();
            for (source, row) in sources.iter().zip(matches(sources, &rows)) {
                if let Some(row) = row {
                    found.add(row.key, source);
                }
            }
            Ok(found)
        })
    }

    /// Voids every claim. For the one process that holds the [`super::Lock`]: claims of others are of the dead.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn release_claims(&self) -> Result<(), Error> {
        self.write(|connection| {
            connection.execute(
                "UPDATE schedule SET leased_until_at_ms = NULL WHERE leased_until_at_ms IS NOT NULL",
                [],
            )?;
            Ok(())
        })
        .await
    }

    /// Spreads the polls that were missed while no daemon ran, so that a start is no burst.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn spread_overdue(&self, now: DateTime<Utc>) -> Result<(), Error> {
        self.spread_overdue_within(now, LONGEST_SPREAD).await
    }

    pub(super) async fn spread_overdue_within(
        &self,
        now: DateTime<Utc>,
        longest: Duration,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let overdue: Vec<(i64, String)> = tx
                .prepare(
                    "SELECT c.source, s.name FROM schedule c JOIN sources s ON s.id = c.source
                     WHERE s.active AND c.due_at_ms <= ?1",
                )?
                .query_map([millis(now)], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let crowd = overdue.len();
            for (key, name) in overdue {
                let at = now + schedule::spread(&name, crowd, longest);
                tx.execute(
                    "UPDATE schedule SET due_at_ms = ?2 WHERE source = ?1",
                    params![key, millis(at)],
                )?;
            }
            tx.commit()?;
            Ok(())
        })
        .await
    }

    /// Keys of the sources of a scope, most overdue first. `limit` bounds how many.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn pending(
        &self,
        scope: &Scope,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<i64>, Error> {
        let condition = match scope {
            Scope::Due => "NOT s.paused AND c.due_at_ms <= ?1",
            Scope::DueOrNew => {
                "NOT s.paused AND (c.due_at_ms <= ?1 OR c.last_polled_at_ms IS NULL)"
            }
            Scope::All => "NOT s.paused AND c.due_at_ms IS NOT NULL",
            Scope::Named(_) => "s.name IN (SELECT value FROM json_each(?3))",
        };
        let names = match scope {
            Scope::Named(names) => super::codec::json(names)?,
            _ => "[]".to_owned(),
        };
        self.read(|connection| {
            let sql = format!(
                "SELECT c.source FROM schedule c JOIN sources s ON s.id = c.source
                 WHERE s.active AND {condition} AND (c.leased_until_at_ms IS NULL OR c.leased_until_at_ms <= ?1)
                 AND (c.held_until_at_ms IS NULL OR c.held_until_at_ms <= ?1) AND ?3 IS NOT NULL
                 ORDER BY c.due_at_ms, c.source LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let keys = statement
                .query_map(params![millis(now), i64::try_from(limit).unwrap_or(i64::MAX), names], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(keys)
        })
    }

    /// The earliest due time of an active source; `None` when nothing is ever due.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        self.read(|connection| {
            let earliest: Option<i64> = connection
                .prepare_cached(
                    "SELECT c.due_at_ms FROM schedule c JOIN sources s ON s.id = c.source
                     WHERE s.active AND NOT s.paused AND c.due_at_ms IS NOT NULL AND c.leased_until_at_ms IS NULL
                     ORDER BY c.due_at_ms LIMIT 1",
                )?
                .query_map([], |row| row.get(0))?
                .next()
                .transpose()?;
            Ok(earliest.map(super::codec::instant))
        })
    }

    /// Claims sources for a poll each: a claimed one is not pending until its poll is stored or the claim expires.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn claim(
        &self,
        keys: Vec<i64>,
        sources: &Sources,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, Error> {
        let wanted: Vec<(i64, Arc<Source>)> = keys
            .into_iter()
            .filter_map(|key| Some((key, Arc::clone(sources.source(key)?))))
            .collect();
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut due = Vec::with_capacity(wanted.len());
            for (key, source) in wanted {
                tx.prepare_cached("UPDATE schedule SET leased_until_at_ms = ?2 WHERE source = ?1")?
                    .execute(params![key, millis(now + LEASE)])?;
                due.push(load(&tx, key, source)?);
            }
            tx.commit()?;
            Ok(due)
        })
        .await
    }

    /// Gives a claim back without a poll.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn release(&self, key: i64) -> Result<(), Error> {
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE schedule SET leased_until_at_ms = NULL WHERE source = ?1")?
                .execute([key])?;
            Ok(())
        })
        .await
    }
}

pub(super) fn load(connection: &Connection, key: i64, source: Arc<Source>) -> Result<Due, Error> {
    let due = connection
        .prepare_cached(
            "SELECT validators_url, etag, last_modified, body_hash, document, adopted_url, c.failures > 0, h.furniture, h.repeated
             FROM sources s JOIN schedule c ON c.source = s.id LEFT JOIN habits h ON h.source = s.id
             WHERE s.id = ?1",
        )?
        .query_row([key], |row| {
            let body_hash: Option<Vec<u8>> = row.get(3)?;
            let newest: Option<Vec<u8>> = row.get(4)?;
            let adopted: Option<String> = row.get(5)?;
            Ok(Due {
                key,
                address: adopted
                    .and_then(|url| Url::parse(&url).ok())
                    .unwrap_or_else(|| source.url.clone()),
                source,
                failing: row.get(6)?,
                validators: Validators { url: row.get(0)?, etag: row.get(1)?, last_modified: row.get(2)? },
                body_hash: body_hash.and_then(|hash| hash.try_into().ok()),
                document: newest.map(|blob| document(&blob)).unwrap_or_default(),
                furniture: row.get_ref(7)?.as_blob_or_null()?.map(<[u8]>::to_vec).unwrap_or_default(),
                repeated: row.get_ref(8)?.as_blob_or_null()?.map(hashes).unwrap_or_default(),
            })
        })?;
    Ok(due)
}

/// Why an edited source is due.
pub(super) const EDITED: &str = "its configuration changed";

/// What the table knows of a source.
pub(super) struct Row {
    pub(super) key: i64,
    name: String,
    url: String,
    adopted_url: Option<String>,
    /// URL of its newest 200, after redirects; `None` also when that had no validators.
    final_url: Option<String>,
    active: bool,
    paused: bool,
    priority: i32,
    /// `None`: not known yet.
    settings: Option<i64>,
}

impl Row {
    /// Its URL or its requests were edited, or it comes back: it is due soon, as the operator wants to see it work.
    pub(super) fn is_edited(&self, source: &Source) -> bool {
        !self.active
            || (self.paused && !source.paused)
            || self.url != source.url.as_str()
            || self.settings.is_some_and(|known| known != settings(source))
    }
}

/// What an origin's answer may depend on, and what is taken of it: a mark of 16 bits, too short to try secrets against. A release that names
/// itself in `User-Agent` changes nothing.
fn settings(source: &Source) -> i64 {
    let RequestOptions {
        headers,
        basic_auth,
        cookie,
        user_agent,
        proxy,
        timeout: _,
        http_version,
        allow_private,
    } = &*source.request;
    let mut hasher = Xxh3::new();
    if !source.filters.is_empty() {
        source.filters.to_string().hash(&mut hasher);
    }
    let agent = user_agent.replace(env!("CARGO_PKG_VERSION"), "");
    (
        headers,
        basic_auth,
        cookie,
        agent,
        proxy,
        http_version,
        allow_private,
    )
        .hash(&mut hasher);
    i64::from(hasher.finish() as u16)
}

/// Whether the source was edited while it was polled: the answer is that of another address or to another question,
/// and the poll that the edit asked for comes at once.
pub(super) fn is_overtaken(tx: &Connection, key: i64, source: &Source) -> Result<bool, Error> {
    let mut statement = tx.prepare_cached(
        "SELECT url = ?2 AND coalesce(settings = ?3, 1) FROM sources WHERE id = ?1",
    )?;
    let is_same: bool = statement
        .query_row(params![key, source.url.as_str(), settings(source)], |row| {
            row.get(0)
        })?;
    Ok(!is_same)
}

fn reconcile(
    tx: &Transaction<'_>,
    sources: &[Arc<Source>],
    now: DateTime<Utc>,
) -> Result<Sources, Error> {
    let rows = rows(tx)?;
    let matches = matches(sources, &rows);
    let taken: HashSet<i64> = matches.iter().flatten().map(|row| row.key).collect();
    rename_away(tx, sources, &matches, &rows)?;
    for row in rows
        .iter()
        .filter(|row| row.active && !taken.contains(&row.key))
    {
        tx.execute("UPDATE sources SET active = 0 WHERE id = ?1", [row.key])?;
    }
    let crowd = matches.iter().filter(|row| row.is_none()).count();
    let edited = sources
        .iter()
        .zip(&matches)
        .filter(|(source, row)| row.is_some_and(|row| row.is_edited(source)))
        .count();
    let mut found = Sources::default();
    for (source, row) in sources.iter().zip(matches) {
        let key = match row {
            Some(row) => update(tx, row, source, now, edited)?,
            None => insert(tx, source, now, crowd)?,
        };
        found.add(key, source);
    }
    Ok(found)
}

pub(super) fn rows(connection: &Connection) -> Result<Vec<Row>, Error> {
    let rows = connection
        .prepare(
            "SELECT id, name, url, validators_url, active, paused, priority, settings, adopted_url FROM sources ORDER BY active, id",
        )?
        .query_map([], |row| {
            Ok(Row {
                key: row.get(0)?,
                name: row.get(1)?,
                url: row.get(2)?,
                final_url: row.get(3)?,
                active: row.get(4)?,
                paused: row.get(5)?,
                priority: row.get(6)?,
                settings: row.get(7)?,
                adopted_url: row.get(8)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The row of each source, if it has one: by an id that is written down, else by its URL, else by the URL that its
/// redirects led to. An id made from a URL says as much as the URL; it serves where only the scheme or, of a file, the
/// folder is another.
pub(super) fn matches<'a>(sources: &[Arc<Source>], rows: &'a [Row]) -> Vec<Option<&'a Row>> {
    let mut found = vec![None; sources.len()];
    let mut taken = HashSet::new();
    let mut pass = |wanted: &dyn Fn(&Source) -> Option<String>,
                    held: &dyn Fn(&Row) -> Option<String>| {
        let held: HashMap<String, &Row> = rows
            .iter()
            .filter_map(|row| Some((held(row)?, row)))
            .collect();
        for (source, found) in sources.iter().zip(&mut found) {
            if found.is_none() {
                *found = wanted(source)
                    .and_then(|key| held.get(&key).copied())
                    .filter(|row| taken.insert(row.key));
            }
        }
    };
    let url = |source: &Source| Some(source.url.as_str().to_owned());
    pass(&|source| source.named.then(|| source.id.clone()), &|row| {
        Some(row.name.clone())
    });
    pass(&url, &|row| Some(row.url.clone()));
    pass(&url, &|row| row.adopted_url.clone());
    pass(&url, &|row| row.final_url.clone());
    pass(
        &|source| Some(place(&source.id, source.url.as_str())),
        &|row| Some(place(&row.name, &row.url)),
    );
    found
}

/// What stays of a source when its scheme, or the folder of its file, changes.
fn place(id: &str, url: &str) -> String {
    match url.split_once("://") {
        Some(("file", _)) | None => format!("file {id}"),
        Some((_, rest)) => rest.to_owned(),
    }
}

/// Names are unique: those that another source is about to take are given up first.
fn rename_away(
    tx: &Transaction<'_>,
    sources: &[Arc<Source>],
    matches: &[Option<&Row>],
    rows: &[Row],
) -> Result<(), Error> {
    let owners: HashMap<&str, Option<i64>> = sources
        .iter()
        .zip(matches)
        .map(|(source, row)| (source.id.as_str(), row.map(|row| row.key)))
        .collect();
    for row in rows {
        if owners
            .get(row.name.as_str())
            .is_some_and(|owner| *owner != Some(row.key))
        {
            let away = format!("{}~{}", row.name, row.key); // No configured id has a tilde.
            tx.execute(
                "UPDATE sources SET name = ?2 WHERE id = ?1",
                params![row.key, away],
            )?;
        }
    }
    Ok(())
}

fn update(
    tx: &Transaction<'_>,
    row: &Row,
    source: &Source,
    now: DateTime<Utc>,
    edited: usize,
) -> Result<i64, Error> {
    let settings = settings(source);
    let same = row.active
        && row.name == source.id
        && row.url == source.url.as_str()
        && row.paused == source.paused
        && row.priority == source.priority
        && row.settings == Some(settings);
    if !same {
        tx.execute(
            "UPDATE sources SET adopted_url = iif(url = ?3, adopted_url, NULL), moving_to = iif(url = ?3, moving_to, NULL),
             name = ?2, url = ?3, active = 1, paused = ?4, priority = ?5, settings = ?6
             WHERE id = ?1",
            params![row.key, source.id, source.url.as_str(), source.paused, source.priority, settings],
        )?;
    }
    if row.settings.is_some_and(|known| known != settings) {
        // A 304 would say that the old settings' document is still the one.
        tx.execute(
            "UPDATE sources SET validators_url = NULL, etag = NULL, last_modified = NULL WHERE id = ?1",
            [row.key],
        )?;
    }
    if row.is_edited(source) {
        let wait = match edited {
            1 => Duration::ZERO,
            crowd => schedule::spread(&source.id, crowd, LONGEST_SPREAD),
        };
        tx.execute(
            "UPDATE schedule SET due_at_ms = ?2, due_why = ?3, gone_at_ms = NULL WHERE source = ?1",
            params![row.key, millis(now + wait), EDITED],
        )?;
    }
    Ok(row.key)
}

fn insert(
    tx: &Transaction<'_>,
    source: &Source,
    now: DateTime<Utc>,
    crowd: usize,
) -> Result<i64, Error> {
    tx.prepare_cached(
        "INSERT INTO sources (name, url, active, paused, priority, settings) VALUES (?1, ?2, 1, ?3, ?4, ?5)",
    )?
    .execute(params![
        source.id,
        source.url.as_str(),
        source.paused,
        source.priority,
        settings(source)
    ])?;
    let key = tx.last_insert_rowid();
    let at = now + schedule::spread(&source.id, crowd, LONGEST_SPREAD);
    tx.prepare_cached(
        "INSERT INTO schedule (source, due_at_ms, due_why) VALUES (?1, ?2, 'first poll')",
    )?
    .execute(params![key, millis(at)])?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_scheme_and_the_folder_of_a_file_are_no_part_of_a_place() {
        let check = |(id, url), (other_id, other), same| {
            assert_eq!(
                place(id, url) == place(other_id, other),
                same,
                "{url} {other}"
            );
        };
        check(
            ("a", "http://a.example/f?q"),
            ("b", "https://a.example/f?q"),
            true,
        );
        check(
            ("a", "http://a.example/f?q"),
            ("a", "https://a.example/f"),
            false,
        );
        check(
            ("feeds-a", "file:///old/feeds/a.xml"),
            ("feeds-a", "file:///new/feeds/a.xml"),
            true,
        );
        check(
            ("feeds-a", "file:///old/feeds/a.xml"),
            ("feeds-b", "file:///old/feeds/b.xml"),
            false,
        );
    }
}
