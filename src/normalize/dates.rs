//! Which dates of an entry are believed.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Document;
use crate::model::DatePrecision;
use crate::parse::{ParsedEntry, ParsedFeed};

/// 1995-01-01: no feed is older.
pub(super) const EARLIEST: i64 = 788_918_400;

/// Whether all entries, three or more, carry one instant: it is when the document was built. Bare days do not count:
/// several entries may well be of one day.
pub(super) fn one_date(parsed: &ParsedFeed) -> bool {
    let instant = |entry: &ParsedEntry| {
        let published = entry.published.filter(|_| !entry.published_is_day);
        published.or(entry.updated.filter(|_| entry.published.is_none()))
    };
    let instants: HashSet<_> = parsed.entries.iter().map(instant).collect();
    parsed.entries.len() >= 3 && instants.len() == 1 && !instants.contains(&None)
}

/// Publication, change, and how exact the first is. Too early, in the future or shared by all is no date; a change
/// before publication is none; a lone change stands for the publication.
pub(super) fn dates(
    document: &Document,
    parsed: &ParsedEntry,
    now: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>, DatePrecision) {
    let believable =
        |date: &DateTime<Utc>| date.timestamp() >= EARLIEST && *date <= now + TimeDelta::hours(24);
    let published = parsed
        .published
        .filter(believable)
        .filter(|_| !document.one_date);
    let built = |updated: &DateTime<Utc>| {
        document.one_date && parsed.published.is_none_or(|built| built == *updated)
    };
    let updated = parsed
        .updated
        .filter(believable)
        .filter(|updated| !built(updated));
    match (published, updated) {
        (Some(published), updated) => {
            let precision = if parsed.published_is_day {
                DatePrecision::Day
            } else {
                DatePrecision::Instant
            };
            let updated = updated.filter(|updated| *updated >= published);
            (Some(published), updated, precision)
        }
        (None, Some(updated)) if parsed.published.is_none() => {
            (Some(updated), Some(updated), DatePrecision::Inferred)
        }
        (None, updated) => (None, updated, DatePrecision::Inferred),
    }
}
