//! Pages of entries: which are to be fetched, and what was found on them. A page is wanted in the transaction that stores
//! its entry, so that none is forgotten, and a try counts only once it is over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Savepoint, TransactionBehavior, params};
use serde::Serialize;
use url::Url;

use super::articles::{Applied, compose};
use super::codec::{
    compress, decompress, from_json, id_kind, instant, json, millis, optional_instant, scope_number,
};
use super::{Error, Sources, Store};
use crate::model::{
    Candidate, ContentScope, Details, Entry, Extraction, FullText, PageFields, PageStatus, Source,
    Validators,
};
use crate::text::{text_of, word_count};

/// A first try and two more.
const TRIES: u32 = 3;
/// After the first failure; six times as long after the second.
const RETRY: TimeDelta = TimeDelta::minutes(10);
/// A page is asked for again at most this often, when its entry changes.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// A page that is to be fetched now.
#[derive(Clone, Debug)]
pub struct PageDue {
    /// `entries.id`.
    pub entry: i64,
    /// The source of the entry, as configured.
    pub source: Arc<Source>,
    /// Where it is.
    pub url: Url,
    /// Of its last answer.
    pub validators: Validators,
    /// The entry as its feed has it.
    pub feed: Entry,
    /// What pages of the source repeat: a [`Learned`](crate::sketch::Learned), not yet read.
    pub furniture: Vec<u8>,
}

/// What a page gave.
#[derive(Clone, Debug)]
pub struct PageGave {
    /// What belongs to the entry.
    pub fields: PageFields,
    /// Of the answer.
    pub validators: Validators,
    /// What pages of the source repeat, this one counted.
    pub furniture: Vec<u8>,
}

/// How the pages of a source stand. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PagesState {
    /// Still to be fetched.
    pub waiting: u64,
    /// Read, and their content taken.
    pub taken: u64,
    /// Read, but the feed's content stands.
    pub kept: u64,
    /// Given up.
    pub failed: u64,
    /// Why the feed's content stands, or why the last try failed: of the newest.
    pub reason: Option<String>,
}

impl PagesState {
    /// The same for people.
    pub fn words(&self) -> String {
        let Self {
            waiting,
            taken,
            kept,
            failed,
            reason,
        } = self;
        let why = reason.as_ref().map_or_else(String::new, |why| {
            format!("; the newest that was not: {why}")
        });
        format!("{taken} taken, {kept} left to the feed, {failed} given up, {waiting} waiting{why}")
    }
}

/// Wants the page of an entry that was just stored. `may_be_new`: one that was not there before is fetched.
pub(super) fn want(
    tx: &Savepoint<'_>,
    candidate: &Candidate,
    applied: &Applied,
    may_be_new: bool,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(entry) = applied.entry else {
        return Ok(());
    };
    if applied.revised {
        revise(tx, entry, candidate, now)?;
    }
    let Some(wish) = &candidate.page else {
        return Ok(());
    };
    if !may_be_new || !(applied.new || applied.merged) {
        return Ok(());
    }
    // Another source of the article has its page, or all that this one would be asked for.
    let is_had = tx
        .prepare_cached(
            "SELECT 1 FROM entries own JOIN entries o ON o.article = own.article AND o.id <> own.id
             LEFT JOIN pages p ON p.entry = o.id
             WHERE own.id = ?1 AND (p.url = ?2 OR ?3 AND o.scope = ?4)",
        )?
        .exists(params![
            entry,
            wish.url.as_str(),
            !wish.even_if_full,
            scope_number(ContentScope::Full)
        ])?;
    if !is_had {
        tx.prepare_cached(
            "INSERT OR IGNORE INTO pages (entry, url, due_at_ms, tries, scope) VALUES (?1, ?2, ?3, 0, 0)",
        )?
        .execute(params![entry, wish.url.as_str(), millis(now)])?;
    }
    Ok(())
}

/// What becomes of the page of an entry that its feed just revised.
fn revise(
    tx: &Savepoint<'_>,
    entry: i64,
    candidate: &Candidate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let html: Option<Option<Vec<u8>>> = tx
        .prepare_cached("SELECT html FROM pages WHERE entry = ?1")?
        .query_row([entry], |row| row.get(0))
        .optional()?;
    let Some(html) = html else { return Ok(()) };
    let words = |html: Option<&[u8]>| -> Result<u64, Error> {
        let html = html.map(decompress).transpose()?;
        Ok(html.map_or(0, |html| word_count(&text_of(&html))))
    };
    let is_shorter = html.is_some() && words(html.as_deref())? <= words(candidate.html.as_deref())?;
    if candidate.page.is_none() || is_shorter {
        yield_to_feed(tx, entry)?;
    }
    let Some(wish) = &candidate.page else {
        return Ok(());
    };
    // A canonical address that another page gave is not that of this one.
    tx.prepare_cached(
        "UPDATE pages SET url = ?2, fields = json_remove(fields, '$.url', '$.provenance.url')
         WHERE entry = ?1 AND url <> ?2",
    )?
    .execute(params![entry, wish.url.as_str()])?;
    tx.prepare_cached(
        "UPDATE pages SET due_at_ms = max(?2, coalesce(fetched_at_ms, 0) + ?3), tries = 0
         WHERE entry = ?1 AND due_at_ms IS NULL",
    )?
    .execute(params![entry, millis(now), AGAIN.num_milliseconds()])?;
    Ok(())
}

/// Lets what the feed says now stand: the page's content and title go, and it is not asked for. What else the page gave
/// fills what the feed leaves out.
fn yield_to_feed(tx: &Savepoint<'_>, entry: i64) -> Result<(), Error> {
    const WHY: &str = "the feed has as much as the page";
    tx.prepare_cached(
        "UPDATE pages SET due_at_ms = NULL, html = NULL, scope = 0, status = iif(fields IS NULL, status, 'kept'), reason = ?2,
         fields = json_set(json_remove(fields, '$.title', '$.content_scope', '$.sections', '$.provenance.title',
           '$.provenance.content', '$.provenance.sections'), '$.extraction.status', 'kept', '$.extraction.reason', ?2)
         WHERE entry = ?1",
    )?
    .execute(params![entry, WHY])?;
    let article: Option<i64> = tx
        .prepare_cached(&format!(
            "UPDATE entries SET scope = {FEED_SCOPE} WHERE id = ?1 RETURNING article"
        ))?
        .query_row([entry], |row| row.get(0))
        .optional()?;
    if let Some(article) = article {
        compose(tx, article)?;
    }
    Ok(())
}

/// The scope of what the feed gave.
const FEED_SCOPE: &str = "CASE details ->> '$.content_scope'
    WHEN 'full' THEN 3 WHEN 'partial' THEN 2 WHEN 'summary' THEN 1 ELSE 0 END";

/// Lets the content of an entry's page count where its feed's was just stored.
pub(super) fn keep_scope(tx: &Savepoint<'_>, entry: i64) -> Result<(), Error> {
    let scope: Option<i64> = tx
        .prepare_cached("SELECT scope FROM pages WHERE entry = ?1 AND scope > 0")?
        .query_row([entry], |row| row.get(0))
        .optional()?;
    if let Some(scope) = scope {
        tx.prepare_cached("UPDATE entries SET scope = ?2 WHERE id = ?1 AND scope < ?2")?
            .execute([entry, scope])?;
    }
    Ok(())
}

impl Store {
    /// Pages that are to be fetched now, the longest due first, one a host (as `host_of` tells) and a source (what its
    /// pages repeat is learned one by one), and `limit` at most: of sources that are polled and still want them.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn pages_due(
        &self,
        sources: &Sources,
        now: DateTime<Utc>,
        limit: usize,
        host_of: impl Fn(&Url) -> String,
    ) -> Result<Vec<PageDue>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT p.entry, e.source, p.url FROM pages p JOIN entries e ON e.id = p.entry
                 WHERE p.due_at_ms <= ?1 ORDER BY p.due_at_ms, p.entry DESC",
            )?;
            let mut rows = statement.query([millis(now)])?;
            let (mut hosts, mut busy) = (HashSet::new(), HashSet::new());
            let mut due = Vec::new();
            while due.len() < limit
                && let Some(row) = rows.next()?
            {
                let key = row.get(1)?;
                let source = sources.source(key).filter(|source| wants(source));
                let url = Url::parse(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?).ok();
                let (Some(source), Some(url)) = (source, url) else {
                    continue;
                };
                let host = host_of(&url);
                if busy.contains(&key) || hosts.contains(&host) {
                    continue;
                }
                let found = page_due(connection, row.get(0)?, source, url)?;
                if let Some(page) = found {
                    busy.insert(key);
                    hosts.insert(host);
                    due.push(page);
                }
            }
            Ok(due)
        })
    }

    /// When the next page is to be fetched; `None`: none is waiting.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn next_page(&self, sources: &Sources) -> Result<Option<DateTime<Utc>>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT p.due_at_ms, e.source FROM pages p JOIN entries e ON e.id = p.entry
                 WHERE p.due_at_ms IS NOT NULL ORDER BY p.due_at_ms",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if sources
                    .source(row.get(1)?)
                    .is_some_and(|source| wants(source))
                {
                    return Ok(Some(instant(row.get(0)?)));
                }
            }
            Ok(None)
        })
    }

    /// Stores what a page gave. True when something shown changed.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn page_read(&self, entry: i64, gave: PageGave) -> Result<bool, Error> {
        let PageGave {
            fields,
            validators,
            furniture,
        } = gave;
        self.write(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let html = fields.content_html.as_deref().and_then(compress);
            let scope = fields.content_scope.filter(|_| html.is_some());
            let text = json(&fields)?;
            let changed = tx
                .prepare_cached(
                    "SELECT 1 FROM pages WHERE entry = ?1 AND html IS ?2
                     AND json_remove(fields, '$.extraction.fetched_at') IS json_remove(?3, '$.extraction.fetched_at')",
                )?
                .exists(params![entry, html, text])
                .map(|is_same| !is_same)?;
            let found = tx
                .prepare_cached(
                    "UPDATE pages SET due_at_ms = NULL, tries = 0, validators_url = ?2, etag = ?3, last_modified = ?4,
                     fetched_at_ms = ?5, status = ?6, reason = ?7, scope = ?8, fields = ?9, html = ?10 WHERE entry = ?1",
                )?
                .execute(params![
                    entry,
                    validators.url,
                    validators.etag,
                    validators.last_modified,
                    millis(fields.extraction.fetched_at),
                    status_name(fields.extraction.status),
                    fields.extraction.reason,
                    scope.map_or(0, scope_number),
                    text,
                    html
                ])?;
            tx.prepare_cached(&format!(
                "UPDATE entries SET scope = max(?2, {FEED_SCOPE}) WHERE id = ?1"
            ))?
            .execute(params![entry, scope.map_or(0, scope_number)])?;
            let article: Option<i64> = tx
                .prepare_cached("SELECT article FROM entries WHERE id = ?1")?
                .query_row([entry], |row| row.get(0))
                .optional()?;
            if let Some(article) = article {
                compose(&tx, article)?;
            }
            tx.prepare_cached(
                "INSERT INTO page_habits (source, furniture) SELECT source, ?2 FROM entries WHERE id = ?1
                 ON CONFLICT (source) DO UPDATE SET furniture = ?2",
            )?
            .execute(params![entry, furniture])?;
            tx.commit()?;
            Ok(changed && found > 0)
        })
        .await
    }

    /// The page is as it was (304).
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn page_unchanged(
        &self,
        entry: i64,
        validators: Validators,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE pages SET due_at_ms = NULL, tries = 0, fetched_at_ms = ?2, validators_url = ?3, etag = ?4,
                 last_modified = ?5 WHERE entry = ?1",
                params![
                    entry,
                    millis(now),
                    validators.url,
                    validators.etag,
                    validators.last_modified
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// A page could not be had: it is tried again, twice at most. `dead`: another try would change nothing; `wish`: how
    /// long the origin wants to be left alone. What an earlier answer gave stays.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn page_failed(
        &self,
        entry: i64,
        why: String,
        dead: bool,
        wish: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tries: Option<u32> = connection
                .query_row("SELECT tries FROM pages WHERE entry = ?1", [entry], |row| {
                    row.get(0)
                })
                .optional()?;
            let Some(tries) = tries.map(|tries| tries + 1) else {
                return Ok(());
            };
            let over = dead || tries >= TRIES;
            let wish = wish.and_then(|wish| TimeDelta::from_std(wish).ok());
            let wait = (RETRY * 6_i32.pow(tries.min(TRIES) - 1)).max(wish.unwrap_or_default());
            let fields = PageFields {
                extraction: Extraction::failed(why.clone(), now),
                ..PageFields::none()
            };
            connection.execute(
                "UPDATE pages SET tries = ?2, reason = ?3, due_at_ms = iif(?4, NULL, ?5),
                 status = iif(?4 AND fields IS NULL, 'failed', status),
                 fields = iif(?4, coalesce(fields, ?6), fields) WHERE entry = ?1",
                params![entry, tries, why, over, millis(now + wait), json(&fields)?],
            )?;
            Ok(())
        })
        .await
    }

    /// A page was not asked for, as its host wants quiet, or for another reason that is not its own: no try is counted.
    /// `why`: for people; `None`: the reason that is known already.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn page_waits(
        &self,
        entry: i64,
        until: DateTime<Utc>,
        why: Option<String>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE pages SET due_at_ms = ?2, reason = coalesce(?3, reason)
                 WHERE entry = ?1 AND due_at_ms IS NOT NULL",
                params![entry, millis(until), why],
            )?;
            Ok(())
        })
        .await
    }
}

fn wants(source: &Source) -> bool {
    source.pages.full_text != FullText::Never && !source.paused
}

/// A page that is due, with its entry as the feed has it; `None`: it went meanwhile.
fn page_due(
    connection: &Connection,
    entry: i64,
    source: &Arc<Source>,
    url: Url,
) -> Result<Option<PageDue>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT p.validators_url, p.etag, p.last_modified, h.furniture, e.entry_id, e.id_kind, e.url, e.title,
         e.published_at_ms, e.updated_at_ms, e.details, c.html
         FROM pages p JOIN entries e ON e.id = p.entry LEFT JOIN contents c ON c.entry = e.id
         LEFT JOIN page_habits h ON h.source = e.source WHERE p.entry = ?1",
    )?;
    let mut rows = statement.query([entry])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(PageDue {
        entry,
        source: Arc::clone(source),
        url,
        validators: Validators {
            url: row.get(0)?,
            etag: row.get(1)?,
            last_modified: row.get(2)?,
        },
        furniture: row.get::<_, Option<Vec<u8>>>(3)?.unwrap_or_default(),
        feed: feed(row)?,
    }))
}

fn feed(row: &Row<'_>) -> Result<Entry, Error> {
    let details: Details = from_json(
        "entry",
        row.get_ref(10)?.as_str().map_err(rusqlite::Error::from)?,
    )?;
    let html: Option<Vec<u8>> = row.get(11)?;
    Ok(Entry {
        id: row.get(4)?,
        id_kind: id_kind(&row.get::<_, String>(5)?),
        url: row.get(6)?,
        title: row.get(7)?,
        published: optional_instant(row, 8)?,
        updated: optional_instant(row, 9)?,
        content_html: html
            .map(|blob| decompress(&blob))
            .transpose()?
            .unwrap_or_default(),
        details,
    })
}

const fn status_name(status: PageStatus) -> &'static str {
    match status {
        PageStatus::Full => "full",
        PageStatus::Partial => "partial",
        PageStatus::Kept => "kept",
        PageStatus::Failed => "failed",
    }
}

/// How the pages of each source stand, by its key; none of one that never wanted any.
pub(super) fn states(connection: &Connection) -> Result<HashMap<i64, PagesState>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT e.source, count(p.due_at_ms), count(p.html),
         count(*) FILTER (WHERE p.status <> 'failed' AND p.html IS NULL), count(*) FILTER (WHERE p.status = 'failed')
         FROM pages p JOIN entries e ON e.id = p.entry GROUP BY e.source",
    )?;
    let mut states = HashMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let state = PagesState {
            waiting: count(1)?,
            taken: count(2)?,
            kept: count(3)?,
            failed: count(4)?,
            reason: None,
        };
        states.insert(row.get(0)?, state);
    }
    // The other columns are those of the row with the maximum (SQLite, "bare columns in an aggregate query").
    let mut statement = connection.prepare_cached(
        "SELECT e.source, p.reason, max(p.entry) FROM pages p JOIN entries e ON e.id = p.entry
         WHERE p.reason IS NOT NULL AND p.html IS NULL GROUP BY e.source",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(state) = states.get_mut(&row.get(0)?) {
            state.reason = row.get(1)?;
        }
    }
    Ok(states)
}

/// The page of an entry as `explain` shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageSeen {
    /// Where it was asked for.
    pub url: String,
    /// `waiting`, `full`, `partial`, `kept` or `failed`.
    pub status: String,
    /// Failed tries.
    pub tries: u32,
    /// The next one; `None`: none.
    pub next_try: Option<DateTime<Utc>>,
    /// End of its newest answer.
    pub fetched: Option<DateTime<Utc>>,
    /// Why the feed's content stands, or why the last try failed.
    pub reason: Option<String>,
    /// Field → what on the page gave it.
    pub provenance: std::collections::BTreeMap<String, String>,
}

pub(super) fn seen(connection: &Connection, entry: i64) -> Result<Option<PageSeen>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT url, coalesce(status, 'waiting'), tries, due_at_ms, fetched_at_ms, reason, fields FROM pages
         WHERE entry = ?1",
    )?;
    let mut rows = statement.query([entry])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(PageSeen {
        url: row.get(0)?,
        status: row.get(1)?,
        tries: row.get(2)?,
        next_try: optional_instant(row, 3)?,
        fetched: optional_instant(row, 4)?,
        reason: row.get(5)?,
        provenance: fields(row.get(6)?, None)?
            .map(|fields| fields.provenance)
            .unwrap_or_default(),
    }))
}

/// What a row of `pages` holds.
pub(super) fn fields(
    text: Option<String>,
    html: Option<Vec<u8>>,
) -> Result<Option<PageFields>, Error> {
    let Some(text) = text else { return Ok(None) };
    let mut fields: PageFields = from_json("page", &text)?;
    fields.content_html = html.map(|blob| decompress(&blob)).transpose()?;
    Ok(Some(fields))
}
