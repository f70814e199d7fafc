//! The writer's view of what a new entry may be a copy of: keys in memory, sketches in the store.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use xxhash_rust::xxh3::xxh3_64;

use super::articles::{known_columns, known_entry, stored_text};
use super::codec::millis;
use super::{Error, Store};
use crate::dedup::{Index, KnownEntry, MOST_KEYS, Placed, Side, Texts};
use crate::model::Nearness;
use crate::sketch::{Blocks, Sketch, Title};

/// Used so often by one source, a title is no evidence.
const GENERIC_USES: usize = 3;
/// A picture of more entries is no evidence.
const IMAGE_USES: usize = 4;
/// An index has room for this part more keys than there are, …
const SPARE_PART: usize = 6;
/// … or than are expected of the sources that were not polled yet, and for so many more.
const SPARE_OF_EXPECTED: usize = 32;
const SPARE: usize = 16_384;
/// But for so many times the keys at most, as what is expected of few sources says little.
const MOST_GROWTH: usize = 4;
/// Sketches are dropped this long after the newest document last held their entry, beyond the window.
const GRACE: TimeDelta = TimeDelta::hours(24);

/// The index, loaded from the store when it is first needed.
pub(super) struct Window {
    nearness: Nearness,
    index: Option<Index>,
    /// `PRAGMA data_version` at loading: another process that writes changes it.
    version: i64,
}

impl Window {
    pub(super) fn new(nearness: Nearness) -> Self {
        Self {
            nearness,
            index: None,
            version: 0,
        }
    }

    /// At the start of a transaction: what another process stored is not missed.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), Error> {
        let version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if version != self.version {
            self.index = None;
            self.version = version;
        }
        Ok(())
    }

    fn index(&mut self, connection: &Connection) -> Result<&mut Index, Error> {
        if self.index.as_ref().is_none_or(Index::is_full) {
            // Its room is given back before the next one takes more.
            let keys = self.index.take().map(|index| index.keys());
            self.index = Some(load(connection, keys)?);
        }
        self.index.as_mut().ok_or(Error::Closed)
    }

    /// Keeps what an entry looks like, and puts it under its keys. `known`: it may have a sketch already.
    pub(super) fn put(
        &mut self,
        connection: &Connection,
        placed: Placed,
        known: bool,
        keys: Vec<u32>,
        sketch: &Sketch,
    ) -> Result<(), Error> {
        if self.nearness.window.is_none() {
            return Ok(());
        }
        let mut blob = Vec::with_capacity(4 * keys.len());
        for key in &keys {
            blob.extend_from_slice(&key.to_le_bytes());
        }
        // Not `OR REPLACE`: for that SQLite copies each page before it changes, as rows may have to come back.
        if known {
            connection
                .prepare_cached("DELETE FROM sketches WHERE entry = ?1")?
                .execute([placed.entry])?;
        }
        connection
            .prepare_cached("INSERT INTO sketches (entry, sketch) VALUES (?1, ?2)")?
            .execute(params![placed.entry, sketch.encode()])?;
        connection
            .prepare_cached(
                "INSERT INTO sketch_keys (entry, source, dated_at_ms, keys) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![placed.entry, placed.source, placed.dated * 1_000, blob])?;
        self.index(connection)?.insert(placed, keys.into_iter());
        Ok(())
    }

    /// What [`crate::dedup::decide`] may ask about one candidate, whose [`Side`] it holds.
    pub(super) fn texts<'a>(
        &'a mut self,
        connection: &'a Connection,
        side: Side,
        dated: DateTime<Utc>,
    ) -> Result<StoredTexts<'a>, Error> {
        let window = self.nearness.window;
        let index = match window {
            Some(_) => Some(&*self.index(connection)?),
            None => None,
        };
        let mut texts = StoredTexts {
            connection,
            index,
            window: window.unwrap_or_default(),
            dated,
            side,
        };
        // Its own entry is not there yet, hence one use less.
        texts.side.generic_title =
            texts.is_generic(&texts.side.title, texts.side.source, GENERIC_USES - 1);
        texts.side.image = texts.telling(texts.side.image);
        Ok(texts)
    }
}

/// Keys of the text, one of the title when it is long enough to say something, and one of the picture.
pub(super) fn keys(sketch: &Sketch, title: &Title, image: Option<u32>) -> Vec<u32> {
    let mut keys = sketch.bands.clone();
    keys.extend(title_key(title));
    keys.extend(image);
    keys
}

/// Key of a picture by its address.
pub(super) fn image_of(url: Option<&str>) -> Option<u32> {
    url.map(|url| xxh3_64(url.as_bytes()) as u32)
}

fn title_key(title: &Title) -> Option<u32> {
    (!title.is_short()).then_some((title.hash >> 32) as u32)
}

/// Reads the index from the store. `keys`: how many there are, when that is known.
fn load(connection: &Connection, keys: Option<usize>) -> Result<Index, Error> {
    let keys = match keys {
        Some(keys) => keys,
        None => {
            let rows: i64 =
                connection.query_row("SELECT count(*) FROM sketch_keys", [], |row| row.get(0))?;
            usize::try_from(rows).unwrap_or(0) * MOST_KEYS
        }
    };
    let (sources, polled) = connection
        .prepare_cached(
            "SELECT count(*), count(last_polled_at_ms) FROM schedule JOIN sources ON id = source WHERE active = 1",
        )?
        .query_row([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?)))?;
    let mut index = Index::with_room_for(room(keys, sources as usize, polled as usize));
    let mut statement = connection.prepare_cached(
        "SELECT entry, source, dated_at_ms, keys FROM sketch_keys ORDER BY entry",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let placed = Placed {
            entry: row.get(0)?,
            source: row.get(1)?,
            dated: row.get::<_, i64>(2)? / 1_000,
        };
        let (keys, _) = row
            .get_ref(3)?
            .as_blob()
            .unwrap_or_default()
            .as_chunks::<4>();
        index.insert(placed, keys.iter().copied().map(u32::from_le_bytes));
    }
    Ok(index)
}

/// For how many keys an index is made when there are `keys`. Making one reads all of them, so that of a first poll of
/// many sources, `polled` of them so far, should not be made often.
fn room(keys: usize, sources: usize, polled: usize) -> usize {
    let wanted = if polled < sources {
        let expected = (keys * sources / polled.max(1)).min(keys * MOST_GROWTH);
        expected + expected / SPARE_OF_EXPECTED
    } else {
        keys + keys / SPARE_PART
    };
    wanted + SPARE
}

impl Store {
    /// Drops sketches of entries that left the window. Returns how many.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn prune_sketches(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        self.write_beside(move |connection, window| {
            let before = now - window.nearness.window.unwrap_or_default() - GRACE;
            let gone = connection
                .prepare_cached(
                    "DELETE FROM sketches WHERE entry IN (SELECT k.entry FROM sketches k
                     JOIN entries e ON e.id = k.entry WHERE e.last_seen_at_ms < ?1)",
                )?
                .execute([millis(before)])?;
            if window
                .index
                .as_ref()
                .is_some_and(|index| gone * STALE_PARTS > index.len())
            {
                window.index = None;
            }
            Ok(gone)
        })
        .await
    }

    /// Sketches some of the entries that were stored by a release that made none, the newest first. Returns how many are
    /// left, at most.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn sketch_some(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        self.write_beside(move |connection, window| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let left = sketch_some(&tx, window, now)?;
            tx.commit()?;
            Ok(left)
        })
        .await
    }
}

/// Entries that one batch of [`Store::sketch_some`] reads.
const BATCH: i64 = 256;
/// The index is made anew when one part in so many of it is gone.
const STALE_PARTS: usize = 4;
/// Key in table `meta`: entries up to this id have no sketch yet.
const UNSKETCHED: &str = "unsketched_entry";

fn sketch_some(
    tx: &Transaction<'_>,
    window: &mut Window,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let mark: Option<i64> = tx
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?1")?
        .query_row([UNSKETCHED], |row| row.get(0))
        .optional()?;
    let Some(mark) = mark else { return Ok(0) };
    let oldest = now - window.nearness.window.unwrap_or_default() - GRACE;
    let entries: Vec<(i64, i64, i64, Option<String>, bool)> = tx
        .prepare_cached(
            "SELECT id, source, coalesce(published_at_ms, first_seen_at_ms), title,
             coalesce(last_seen_at_ms >= ?2, 1) AND NOT EXISTS (SELECT 1 FROM sketches WHERE entry = id)
             FROM entries WHERE id <= ?1 ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(params![mark, millis(oldest), BATCH], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<Result<_, _>>()?;
    let next = entries.last().map_or(0, |entry| entry.0 - 1);
    for (entry, source, dated, title, wanted) in entries {
        if wanted {
            let placed = Placed {
                entry,
                source,
                dated: dated / 1_000,
            };
            let sketch = Sketch::of(&Blocks::of(&stored_text(tx, entry)?), &|_| false);
            let title = Title::of(title.as_deref());
            window.put(tx, placed, false, keys(&sketch, &title, None), &sketch)?;
        }
    }
    if next > 0 {
        tx.execute(
            "UPDATE meta SET value = ?2 WHERE key = ?1",
            params![UNSKETCHED, next.to_string()],
        )?;
    } else {
        tx.execute("DELETE FROM meta WHERE key = ?1", [UNSKETCHED])?;
    }
    Ok(next.max(0).unsigned_abs())
}

/// The stored texts around one candidate. What cannot be read counts as an empty text: it joins nothing.
pub(super) struct StoredTexts<'a> {
    connection: &'a Connection,
    /// `None`: near-duplicates are not looked for.
    index: Option<&'a Index>,
    window: TimeDelta,
    dated: DateTime<Utc>,
    pub(super) side: Side,
}

impl StoredTexts<'_> {
    fn is_generic(&self, title: &Title, source: i64, uses: usize) -> bool {
        let Some(key) = title_key(title) else {
            return true;
        };
        let placed = self
            .index
            .map(|index| index.find([key].into_iter()))
            .unwrap_or_default();
        let entries: HashSet<i64> = placed
            .into_iter()
            .filter(|placed| placed.source == source)
            .map(|placed| placed.entry)
            .collect();
        entries.len() >= uses
    }

    /// A picture that few entries have; logos and agency marks say nothing.
    fn telling(&self, image: Option<u32>) -> Option<u32> {
        let uses = |key: u32| {
            self.index
                .map_or(0, |index| index.find([key].into_iter()).len())
        };
        image.filter(|key| uses(*key) <= IMAGE_USES)
    }

    fn known(&self, entry: i64) -> Result<Option<(KnownEntry, Side)>, Error> {
        let found = self
            .connection
            .prepare_cached(concat!(
                "SELECT ",
                known_columns!(),
                ", (SELECT sketch FROM sketches WHERE entry = id), details ->> '$.image.url',
                 details ->> '$.language' FROM entries WHERE id = ?1"
            ))?
            .query_row([entry], |row| {
                let blob: Option<Vec<u8>> = row.get(10)?;
                let image: Option<String> = row.get(11)?;
                Ok((known_entry(row)?, blob, image, row.get(12)?))
            })
            .optional()?;
        let Some((known, Some(blob), image, language)) = found else {
            return Ok(None);
        };
        let title = Title::of(known.facts.title.as_deref());
        let side = Sketch::decode(&blob).map(|sketch| Side {
            sketch,
            generic_title: self.is_generic(&title, known.source, GENERIC_USES),
            title,
            source: known.source,
            image: self.telling(image_of(image.as_deref())),
            language,
        });
        Ok(side.map(|side| (known, side)))
    }

    fn stored_members(&self, article: i64) -> Result<Vec<Side>, Error> {
        let entries: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM entries WHERE article = ?1")?
            .query_map([article], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut sides = Vec::new();
        for entry in entries {
            sides.extend(self.known(entry)?.map(|(_, side)| side));
        }
        Ok(sides)
    }
}

impl Texts for StoredTexts<'_> {
    fn sketch(&self, entry: i64) -> Sketch {
        if let Ok(Some((_, side))) = self.known(entry) {
            return side.sketch;
        }
        let text = stored_text(self.connection, entry).unwrap_or_default();
        Sketch::of(&Blocks::of(&text), &|_| false)
    }

    fn near(&self) -> Vec<(KnownEntry, Side)> {
        let Some(index) = self.index else {
            return Vec::new();
        };
        let window = self.window.num_seconds();
        let dated = self.dated.timestamp();
        index
            .find(keys(&self.side.sketch, &self.side.title, self.side.image).into_iter())
            .into_iter()
            .filter(|placed| (placed.dated - dated).abs() <= window)
            .filter_map(|placed| self.known(placed.entry).ok().flatten())
            .collect()
    }

    fn members(&self, article: i64) -> Vec<Side> {
        self.stored_members(article).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_made_for_what_is_to_come() {
        assert_eq!(room(0, 5_000, 0), SPARE);
        assert_eq!(room(60_000, 10, 10), 70_000 + SPARE, "all were polled");
        assert_eq!(room(32_000, 1_000, 500), 66_000 + SPARE);
        assert_eq!(
            room(32_000, 1_000, 0),
            132_000 + SPARE,
            "not for more than four times"
        );
        // A first poll of many sources, as alike as can be, makes few.
        let (mut keys, mut made) = (0, 0);
        while keys < 5_000 * 400 {
            keys = room(keys, 5_000, keys / 400);
            made += 1;
        }
        assert!(made <= 5, "{made}");
    }
}
