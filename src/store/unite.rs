//! Articles that turn out to be one, are told apart, or share much.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use super::articles::compose;
use super::codec::{json, relation_name, rung_name};
use crate::dedup::{Evidence, Join};
use crate::model::{Relation, Rung};

/// What the texts of two entries share, as stored and shown by `explain`. Shares are 0 to 1, two digits.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct StoredEvidence {
    jaccard: f64,
    containment: f64,
    lead: f64,
    title: f64,
    shingles: usize,
}

pub(super) fn evidence_json(evidence: Option<&Evidence>) -> Result<Option<String>, Error> {
    let two_digits = |share: f64| (share * 100.0).round() / 100.0;
    evidence
        .map(|evidence| {
            json(&StoredEvidence {
                jaccard: two_digits(evidence.overlap.jaccard),
                containment: two_digits(evidence.overlap.containment),
                lead: two_digits(evidence.overlap.lead),
                title: two_digits(evidence.title),
                shingles: evidence.overlap.smaller,
            })
        })
        .transpose()
}

/// Whether the operator told two articles apart.
pub(super) fn is_apart(connection: &Connection, a: i64, b: i64) -> Result<bool, Error> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM apart JOIN articles x ON x.pk = ?1 JOIN articles y ON y.pk = ?2
             WHERE apart.a = min(x.id, y.id) AND apart.b = max(x.id, y.id)",
        )?
        .exists(params![a, b])?)
}

/// Makes two articles one: the one that was first seen stands, the other's entries move into it and its id leads there.
/// `updated` does not move. Returns the `articles.pk` that stands.
pub(super) fn unite(connection: &Connection, a: i64, b: i64, join: &Join) -> Result<i64, Error> {
    let seen = |article: i64| -> Result<Option<(i64, i64)>, Error> {
        Ok(connection
            .prepare_cached("SELECT first_seen_at_ms FROM articles WHERE pk = ?1")?
            .query_row([article], |row| Ok((row.get(0)?, article)))
            .optional()?)
    };
    let (Some(first), Some(second)) = (seen(a)?, seen(b)?) else {
        return Ok(a);
    };
    let ((_, stays), (_, goes)) = if first <= second {
        (first, second)
    } else {
        (second, first)
    };
    if stays == goes {
        return Ok(stays);
    }
    // The entry that founded the article says from now on what it was found equal to.
    connection
        .prepare_cached(
            "UPDATE entries SET rung = ?3, joined_to = ?4, evidence = ?5 WHERE article = ?1 AND rung = ?2",
        )?
        .execute(params![
            goes,
            rung_name(Rung::Entry),
            rung_name(join.rung),
            join.entry,
            evidence_json(join.evidence.as_ref())?
        ])?;
    for sql in [
        "UPDATE entries SET article = ?2 WHERE article = ?1",
        "UPDATE united SET article = ?2 WHERE article = ?1",
        "INSERT OR REPLACE INTO united (id, article) SELECT id, ?2 FROM articles WHERE pk = ?1",
        "INSERT OR IGNORE INTO related (a, b, relation)
           SELECT min(?2, iif(a = ?1, b, a)), max(?2, iif(a = ?1, b, a)), relation FROM related
           WHERE (a = ?1 OR b = ?1) AND ?2 NOT IN (a, b)",
        "DELETE FROM related WHERE (a = ?1 OR b = ?1) AND ?2 IS NOT NULL",
        // A pair told apart stays so under the id that stands.
        "INSERT OR IGNORE INTO apart (a, b)
           SELECT min(s.id, iif(p.a = g.id, p.b, p.a)), max(s.id, iif(p.a = g.id, p.b, p.a))
           FROM apart p JOIN articles g ON g.pk = ?1 JOIN articles s ON s.pk = ?2
           WHERE g.id IN (p.a, p.b) AND s.id NOT IN (p.a, p.b)",
        "DELETE FROM articles WHERE pk = ?1 AND ?2 IS NOT NULL",
    ] {
        connection
            .prepare_cached(sql)?
            .execute(params![goes, stays])?;
    }
    compose(connection, stays)?;
    Ok(stays)
}

/// Links two articles as related.
pub(super) fn relate(
    connection: &Connection,
    a: i64,
    b: i64,
    relation: Relation,
) -> Result<(), Error> {
    if a != b {
        connection
            .prepare_cached("INSERT OR IGNORE INTO related (a, b, relation) VALUES (?1, ?2, ?3)")?
            .execute(params![a.min(b), a.max(b), relation_name(relation)])?;
    }
    Ok(())
}
