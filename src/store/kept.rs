//! What the store has of an article and its JSON does not show: for `export --format jsonl`.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::Error;
use super::codec::{decompress, from_json, id_kind, instant, optional_instant, scope};
use crate::model::{
    Article, Details, FeedInfo, Kept, KeptContent, KeptEntry, KeptFormer, KeptPage, KeptRevision,
};

/// Reads it, in the read of the article itself: `articles.pk`, and `entries.id` of the one that is shown. Entries of sources that are `hidden` are left out, as they are there.
pub(super) fn kept(
    connection: &Connection,
    (pk, shown): (i64, i64),
    article: &Article,
    hidden: &dyn Fn(i64) -> bool,
) -> Result<Kept, Error> {
    let (arrived_at, feed_updated): (i64, Option<i64>) = connection
        .prepare_cached("SELECT arrived_at_ms, source_updated_at_ms FROM articles WHERE pk = ?1")?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let feed = FeedInfo {
        updated: None, // of today, and said again by the next poll
        ..article.origin.info.clone()
    };
    let id = article.id.as_str();
    Ok(Kept {
        number: pk,
        published_id: article.published_id.clone(),
        published_at: article.published_at,
        updated_at: article.updated,
        arrived_at: instant(arrived_at),
        feed_updated: feed_updated.map(instant),
        feed,
        former_ids: ids(
            connection,
            "SELECT u.id FROM united u JOIN articles a ON a.pk = u.article WHERE a.id = ?1 ORDER BY u.id",
            id,
        )?,
        apart: ids(
            connection,
            "SELECT iif(a = ?1, b, a) FROM apart WHERE ?1 IN (a, b) ORDER BY 1",
            id,
        )?,
        entries: entries(connection, (pk, shown), article, hidden)?,
    })
}

fn ids(connection: &Connection, sql: &str, of: &str) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([of], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// In the order of [`Article::entries`].
fn entries(
    connection: &Connection,
    (pk, shown): (i64, i64),
    article: &Article,
    hidden: &dyn Fn(i64) -> bool,
) -> Result<Vec<KeptEntry>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.key, e.slot, e.id_kind, e.url_key, e.updated_at_ms, e.details, c.html, e.scope, e.content_hash,
         e.text_hash, e.revision, coalesce(e.last_seen_at_ms, s.last_ok_at_ms, e.first_seen_at_ms), e.joined_to, e.evidence,
         e.source
         FROM entries e LEFT JOIN contents c ON c.entry = e.id
         LEFT JOIN schedule s ON s.source = e.source WHERE e.article = ?1
         ORDER BY e.id <> ?2, e.id",
    )?;
    let mut rows = statement.query([pk, shown])?;
    let shown = article.entry.content_html.as_str();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if hidden(row.get(15)?) {
            continue;
        }
        let number = row.get(0)?;
        let details: Details = from_json(
            "entry",
            row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?,
        )?;
        let html: Option<Vec<u8>> = row.get(7)?;
        let html = html.map(|blob| decompress(&blob)).transpose()?;
        found.push(KeptEntry {
            number,
            key: row.get(1)?,
            slot: row.get(2)?,
            id_kind: id_kind(&row.get::<_, String>(3)?),
            url_key: row.get(4)?,
            updated: optional_instant(row, 5)?,
            details: (details != article.entry.details).then_some(details),
            content: KeptContent::beside(html, shown),
            scope: scope(row.get(8)?),
            content_hash: row.get(9)?,
            text_hash: row.get(10)?,
            revision: row.get(11)?,
            last_seen: instant(row.get(12)?),
            joined_to: row.get(13)?,
            evidence: row.get(14)?,
            revisions: revisions(connection, number)?,
            former: former(connection, number)?,
            page: page(connection, number, shown)?,
        });
    }
    Ok(found)
}

fn revisions(connection: &Connection, entry: i64) -> Result<Vec<KeptRevision>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT revision, replaced_at_ms, title, html FROM revisions WHERE entry = ?1 ORDER BY revision",
    )?;
    let mut rows = statement.query([entry])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let html: Option<Vec<u8>> = row.get(3)?;
        found.push(KeptRevision {
            revision: row.get(0)?,
            replaced: instant(row.get(1)?),
            title: row.get(2)?,
            content_html: html.map(|blob| decompress(&blob)).transpose()?,
        });
    }
    Ok(found)
}

fn former(connection: &Connection, entry: i64) -> Result<Vec<KeptFormer>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT key, entry_id, url FROM former WHERE entry = ?1 ORDER BY key")?;
    let rows = statement.query_map([entry], |row| {
        Ok(KeptFormer {
            key: row.get(0)?,
            entry_id: row.get(1)?,
            url: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

type PageRow = (
    String,
    Option<DateTime<Utc>>,
    i64,
    Option<DateTime<Utc>>,
    Option<String>,
    Option<String>,
    i64,
    Option<String>,
    Option<Vec<u8>>,
);

fn page(connection: &Connection, entry: i64, shown: &str) -> Result<Option<KeptPage>, Error> {
    let row: Option<PageRow> = connection
        .prepare_cached(
            "SELECT url, due_at_ms, tries, fetched_at_ms, status, reason, scope, fields, html FROM pages WHERE entry = ?1",
        )?
        .query_row([entry], |row| {
            let (due, fetched) = (optional_instant(row, 1)?, optional_instant(row, 3)?);
            let (status, reason) = (row.get(4)?, row.get(5)?);
            Ok((row.get(0)?, due, row.get(2)?, fetched, status, reason, row.get(6)?, row.get(7)?, row.get(8)?))
        })
        .optional()?;
    let Some((url, due, tries, fetched, status, reason, held, fields, html)) = row else {
        return Ok(None);
    };
    let html = html.map(|blob| decompress(&blob)).transpose()?;
    Ok(Some(KeptPage {
        url,
        due,
        tries,
        fetched,
        status,
        reason,
        scope: scope(held),
        fields: fields.map(|text| from_json("page", &text)).transpose()?,
        content: KeptContent::beside(html, shown),
    }))
}
