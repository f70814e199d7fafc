//! Values of ours ⇄ columns.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use rusqlite::Row;

use super::Error;
use crate::model::{ContentScope, IdKind, Relation, Rung};

/// The fastest level that still halves a body: cleaning and compressing are most of a cold poll.
const ZSTD_LEVEL: i32 = 1;
/// No stored body is larger.
const LARGEST_HTML: usize = 64 << 20;

thread_local! {
    static COMPRESSOR: RefCell<(Option<zstd::bulk::Compressor<'static>>, Vec<u8>)> = const { RefCell::new((None, Vec::new())) };
}

/// Room that a thread keeps for what it compresses.
const KEPT_ROOM: usize = 256 << 10;

/// Compresses a body; `None` for an empty one. The compression context is kept for the thread, and the room that it writes
/// into: what is given has just the size that it needs, as many wait for the writer.
pub fn compress(html: &str) -> Option<Vec<u8>> {
    if html.is_empty() {
        return None;
    }
    COMPRESSOR.with_borrow_mut(|(slot, room)| {
        if slot.is_none() {
            *slot = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        room.clear();
        room.reserve(zstd::zstd_safe::compress_bound(html.len()));
        slot.as_mut()?
            .compress_to_buffer(html.as_bytes(), room)
            .ok()?;
        let compressed = room.as_slice().to_vec();
        room.shrink_to(KEPT_ROOM);
        Some(compressed)
    })
}

pub(super) fn decompress(blob: &[u8]) -> Result<String, Error> {
    let damaged = |reason: String| Error::Damaged {
        what: "content",
        reason,
    };
    let size = zstd::bulk::Decompressor::upper_bound(blob)
        .unwrap_or(LARGEST_HTML)
        .min(LARGEST_HTML);
    let bytes = zstd::bulk::decompress(blob, size).map_err(|error| damaged(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))
}

pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// An instant of a column. Out of range (a damaged file) becomes the epoch.
pub(super) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

pub(super) fn optional_instant(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<DateTime<Utc>>, rusqlite::Error> {
    Ok(row.get::<_, Option<i64>>(column)?.map(instant))
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Damaged {
        what: "value",
        reason: error.to_string(),
    })
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Damaged {
        what,
        reason: error.to_string(),
    })
}

pub(super) fn scope_number(scope: ContentScope) -> i64 {
    match scope {
        ContentScope::None => 0,
        ContentScope::Summary => 1,
        ContentScope::Partial => 2,
        ContentScope::Full => 3,
    }
}

pub(super) fn scope(number: i64) -> ContentScope {
    match number {
        1 => ContentScope::Summary,
        2 => ContentScope::Partial,
        3 => ContentScope::Full,
        _ => ContentScope::None,
    }
}

pub(super) fn id_kind_name(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Published => "published",
        IdKind::Link => "link",
        IdKind::Content => "content",
    }
}

pub(super) fn id_kind(name: &str) -> IdKind {
    match name {
        "link" => IdKind::Link,
        "content" => IdKind::Content,
        _ => IdKind::Published,
    }
}

/// Hashes as stored: 8 bytes each, little-endian; at most 1,024, the lowest.
pub(super) fn hashes_blob(hashes: &[u64]) -> Vec<u8> {
    let mut sorted = hashes.to_vec();
    sorted.sort_unstable();
    sorted.truncate(1_024);
    sorted.iter().flat_map(|hash| hash.to_le_bytes()).collect()
}

/// Reads what [`hashes_blob`] wrote.
pub(super) fn hashes(blob: &[u8]) -> Vec<u64> {
    let (chunks, _) = blob.as_chunks::<8>();
    chunks.iter().copied().map(u64::from_le_bytes).collect()
}

pub(super) fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Translation => "translation",
        Relation::FollowUp => "follow_up",
        Relation::SameEvent => "same_event",
    }
}

pub(super) fn relation(name: &str) -> Relation {
    match name {
        "translation" => Relation::Translation,
        "follow_up" => Relation::FollowUp,
        _ => Relation::SameEvent,
    }
}

pub(super) fn rung_name(rung: Rung) -> &'static str {
    match rung {
        Rung::Entry => "entry",
        Rung::Alias => "alias",
        Rung::Url => "url",
        Rung::Text => "text",
        Rung::Near => "near",
        Rung::Manual => "manual",
    }
}

pub(super) fn rung(name: &str) -> Rung {
    match name {
        "alias" => Rung::Alias,
        "url" => Rung::Url,
        "text" => Rung::Text,
        "near" => Rung::Near,
        "manual" => Rung::Manual,
        _ => Rung::Entry,
    }
}

/// The newest document of a source: pairs of raw-entry hash and `entries.id`, 16 bytes each.
pub(super) fn document_blob(pairs: &[(u64, i64)]) -> Vec<u8> {
    pairs
        .iter()
        .flat_map(|(hash, entry)| [hash.to_le_bytes(), entry.to_le_bytes()])
        .flatten()
        .collect()
}

pub(super) fn document(blob: &[u8]) -> Vec<(u64, i64)> {
    let (pairs, _) = blob.as_chunks::<16>();
    pairs
        .iter()
        .map(|pair| {
            let (hash, entry) = pair.split_at(8);
            let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
            (word(hash), word(entry).cast_signed())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_its_blob() {
        let pairs = vec![(u64::MAX, 1), (7, -3), (0, i64::MAX)];
        assert_eq!(document(&document_blob(&pairs)), pairs);
        assert_eq!(document(&[]), Vec::new());
    }

    #[test]
    fn a_body_survives_its_blob() {
        let html = "<p>Flood gates</p>".repeat(500);
        let blob = compress(&html).expect("not empty");
        assert!(blob.len() < html.len() / 10);
        assert_eq!(decompress(&blob).expect("ours"), html);
        assert_eq!(compress(""), None);
        assert!(matches!(
            decompress(b"not zstd"),
            Err(Error::Damaged { .. })
        ));
    }
}
