//! What an article has beside its representative entry: fields that only other entries have, and related articles.

use rusqlite::Connection;

use super::Error;
use super::codec::{from_json, relation};
use crate::model::{ContentScope, Details, Entry, Filled, Related};

/// Fills what the representative lacks from the article's other entries: the source of higher priority first, then the
/// entry that was seen first. Dates, ids and texts stay its own. `name` tells the configured id of a source; `None`: its
/// entries are not shown, and fill nothing.
pub(super) fn fill(
    connection: &Connection,
    article: i64,
    representative: i64,
    entry: &mut Entry,
    name: impl Fn(i64) -> Result<Option<String>, Error>,
) -> Result<Vec<Filled>, Error> {
    let mut filled = Vec::new();
    if !lacks(&entry.details) {
        return Ok(filled);
    }
    let mut statement = connection.prepare_cached(
        "SELECT e.source, e.details FROM entries e JOIN sources s ON s.id = e.source
         WHERE e.article = ?1 AND e.id <> ?2 ORDER BY s.priority DESC, e.id",
    )?;
    let mut rows = statement.query([article, representative])?;
    while lacks(&entry.details)
        && let Some(row) = rows.next()?
    {
        let Some(source) = name(row.get(0)?)? else {
            continue;
        };
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let fields = take(&mut entry.details, from_json("entry", text)?);
        filled.extend(fields.into_iter().map(|field| Filled {
            field,
            source: source.clone(),
        }));
    }
    Ok(filled)
}

fn lacks(details: &Details) -> bool {
    details.image.is_none()
        || details.authors.is_empty()
        || details.categories.is_empty()
        || details.attachments.is_empty()
        || details.language.is_none()
        || (details.summary.is_none() && details.content_scope != ContentScope::None)
}

/// Takes from `other` what `own` lacks; names of the fields.
fn take(own: &mut Details, other: Details) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut one = |field, lacking: bool, has: bool| {
        if lacking && has {
            fields.push(field);
        }
        lacking && has
    };
    if one("image", own.image.is_none(), other.image.is_some()) {
        own.image = other.image;
    }
    if one("authors", own.authors.is_empty(), !other.authors.is_empty()) {
        own.authors = other.authors;
    }
    if one(
        "categories",
        own.categories.is_empty(),
        !other.categories.is_empty(),
    ) {
        own.categories = other.categories;
    }
    if one(
        "attachments",
        own.attachments.is_empty(),
        !other.attachments.is_empty(),
    ) {
        own.attachments = other.attachments;
    }
    if one("language", own.language.is_none(), other.language.is_some()) {
        own.language = other.language;
    }
    if one(
        "summary",
        own.summary.is_none() && own.content_scope != ContentScope::None,
        other.summary.is_some(),
    ) {
        own.summary = other.summary;
        own.summary_kind = other.summary_kind;
    }
    fields
}

/// Articles that share much with this one.
pub(super) fn related(connection: &Connection, article: i64) -> Result<Vec<Related>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT a.id, r.relation FROM (SELECT b AS other, relation FROM related WHERE a = ?1
           UNION ALL SELECT a, relation FROM related WHERE b = ?1) r
         JOIN articles a ON a.pk = r.other ORDER BY a.pk",
    )?;
    let rows = statement.query_map([article], |row| {
        Ok(Related {
            article: row.get(0)?,
            relation: relation(&row.get::<_, String>(1)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
