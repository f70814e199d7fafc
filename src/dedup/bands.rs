//! Which entries share a key with a text: an index in memory over what the store holds of the window.
//!
//! One table of 32-bit slots: 20 bits say which entry, 12 bits check the key. Slots stand in buckets of one cache line,
//! and a key goes into the emptier one of two (Azar et al., Balanced Allocations, 1999), so that the table serves until
//! it is seven eighths full. A wrong hit costs one comparison and decides nothing. A table in the database would write
//! a page for nearly each of an entry's keys.

/// Slots of a bucket: 64 bytes. A text that ten thousand entries share must not cost ten thousand looks.
const BUCKET: usize = 16;
/// Different entries given for one text at most.
const MOST_CANDIDATES: usize = 64;
const REF_BITS: u32 = 20;
const MOST_ENTRIES: usize = (1 << REF_BITS) - 1;
const EMPTY: u32 = u32::MAX;
/// Numbers in one piece of a long list: pieces of 64 KiB come from what the allocator has at hand, and go back there. A
/// list in one piece of some megabytes that is given up makes glibc's allocator keep as much unused from then on
/// (mallopt(3), `M_MMAP_THRESHOLD`).
const PIECE: usize = 1 << 14;
/// Entries in one piece.
const ENTRIES: usize = PIECE / 4;
/// Keys of one entry: those of its text, one of its title, one of its picture.
pub const MOST_KEYS: usize = crate::sketch::BANDS + 2;

/// What is known of an entry without asking the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// `entries.id`.
    pub entry: i64,
    /// `sources.id`.
    pub source: i64,
    /// Publisher's date, else first seen: Unix seconds.
    pub dated: i64,
}

/// The same in two thirds of the room: rows of sources and seconds up to the year 2106 fit 32 bits.
#[derive(Clone, Copy, Debug)]
struct Packed {
    entry: i64,
    source: u32,
    dated: u32,
}

impl From<Placed> for Packed {
    fn from(placed: Placed) -> Self {
        let narrow = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        Self {
            entry: placed.entry,
            source: narrow(placed.source),
            dated: narrow(placed.dated),
        }
    }
}

impl From<Packed> for Placed {
    fn from(packed: Packed) -> Self {
        Self {
            entry: packed.entry,
            source: packed.source.into(),
            dated: packed.dated.into(),
        }
    }
}

/// Keys → entries. It only grows, up to the room it was made with; the store makes it anew, with more room, when it is
/// full or much of it has left the window.
#[derive(Debug)]
pub struct Index {
    slots: Slots,
    used: usize,
    entries: Vec<Vec<Packed>>,
}

/// A list of fixed length, in pieces.
#[derive(Debug)]
struct Slots {
    pieces: Vec<Box<[u32]>>,
    len: usize,
}

impl Slots {
    fn empty(len: usize) -> Self {
        let piece = |from| vec![EMPTY; PIECE.min(len - from)].into_boxed_slice();
        Self {
            pieces: (0..len).step_by(PIECE).map(piece).collect(),
            len,
        }
    }

    /// The bucket of this number; none stands in two pieces.
    fn bucket(&self, number: usize) -> &[u32] {
        let at = number * BUCKET;
        &self.pieces[at / PIECE][at % PIECE..][..BUCKET]
    }

    fn bucket_mut(&mut self, number: usize) -> &mut [u32] {
        let at = number * BUCKET;
        &mut self.pieces[at / PIECE][at % PIECE..][..BUCKET]
    }

    /// The two buckets of a key; they may be one.
    fn of(&self, key: u32) -> [usize; 2] {
        let buckets = self.len / BUCKET;
        // The hash's share of the table, without a division.
        let share = |hash: u32| (hash as usize * buckets) >> 32;
        let other = (key ^ key >> 15).wrapping_mul(0x85eb_ca6b);
        [share(key), share(other ^ other >> 13)]
    }
}

/// Slots of a bucket that are taken: its first ones.
fn taken(bucket: &[u32]) -> usize {
    bucket.iter().filter(|slot| **slot != EMPTY).count()
}

impl Index {
    /// An index with room for this many keys.
    pub fn with_room_for(keys: usize) -> Self {
        Self {
            slots: Slots::empty((keys * 8 / 7 + MOST_KEYS).next_multiple_of(BUCKET)),
            used: 0,
            entries: Vec::new(),
        }
    }

    /// Keys that stand in it.
    pub fn keys(&self) -> usize {
        self.used
    }

    /// Entries that were put in.
    pub fn len(&self) -> usize {
        let whole = self.entries.len().saturating_sub(1);
        whole * ENTRIES + self.entries.last().map_or(0, Vec::len)
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// There is no room for one more text.
    pub fn is_full(&self) -> bool {
        (self.used + MOST_KEYS) * 8 > self.slots.len * 7
    }

    /// Puts an entry under its keys. Above about a million entries, and without room, nothing more is taken.
    pub fn insert(&mut self, placed: Placed, keys: impl Iterator<Item = u32>) {
        let number = self.len();
        if number >= MOST_ENTRIES || self.is_full() {
            return;
        }
        if number.is_multiple_of(ENTRIES) {
            self.entries.push(Vec::with_capacity(ENTRIES));
        }
        if let Some(piece) = self.entries.last_mut() {
            piece.push(placed.into());
        }
        for key in keys {
            self.put(key, number as u32);
        }
    }

    /// Entries under any of the keys, last one first: at most 64.
    pub fn find(&self, keys: impl Iterator<Item = u32>) -> Vec<Placed> {
        let mut numbers: Vec<u32> = Vec::new();
        for key in keys {
            let check = check(key);
            for bucket in self.slots.of(key) {
                let hits = self.slots.bucket(bucket).iter();
                let hits = hits.filter(|slot| **slot >> REF_BITS == check);
                numbers.extend(hits.map(|slot| slot & MOST_ENTRIES as u32));
            }
        }
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers.dedup();
        numbers.truncate(MOST_CANDIDATES);
        numbers
            .iter()
            .filter_map(|number| {
                let number = *number as usize;
                let piece = self.entries.get(number / ENTRIES)?;
                Some((*piece.get(number % ENTRIES)?).into())
            })
            .collect()
    }

    /// So many entries share some keys that these say nothing: they are not put in again.
    fn put(&mut self, key: u32, number: u32) {
        let [one, other] = self.slots.of(key);
        let free = |bucket: usize| BUCKET - taken(self.slots.bucket(bucket));
        let bucket = if free(one) < free(other) { other } else { one };
        let bucket = self.slots.bucket_mut(bucket);
        if let Some(slot) = bucket.get_mut(taken(bucket)) {
            *slot = check(key) << REF_BITS | number;
            self.used += 1;
        }
    }
}

/// 12 bits of a key that its place does not say, and never those of [`EMPTY`].
fn check(key: u32) -> u32 {
    (key.wrapping_mul(0x9e37_79b1) >> REF_BITS).min((EMPTY >> REF_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(entry: i64) -> Placed {
        Placed {
            entry,
            source: 1,
            dated: 0,
        }
    }

    fn key(n: u64) -> u32 {
        xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) as u32
    }

    #[test]
    fn entries_are_found_under_each_of_their_keys_and_hardly_any_other() {
        let mut index = Index::with_room_for(23_000);
        for entry in 0..1_000 {
            index.insert(placed(entry), (0..23).map(|n| key(entry as u64 * 100 + n)));
        }
        assert_eq!(index.len(), 1_000);
        assert_eq!(index.keys(), 23_000, "each found room");
        let mut wrong = 0;
        for entry in 0..1_000 {
            for n in 0..23 {
                let found = index.find([key(entry as u64 * 100 + n)].into_iter());
                assert!(found.contains(&placed(entry)), "{entry} {n}");
                wrong += found.len() - 1;
            }
        }
        // Full as it is now, a look-up meets 28 others, whose checks agree once in 4,095 times.
        assert!(wrong < 150, "{wrong} wrong hits in 23,000");
    }

    #[test]
    fn a_key_of_very_many_entries_stays_cheap() {
        let mut index = Index::with_room_for(10_000);
        for entry in 0..5_000 {
            index.insert(placed(entry), [7].into_iter());
        }
        assert!(index.find([7].into_iter()).len() <= MOST_CANDIDATES);
        assert_eq!(index.len(), 5_000);
    }

    #[test]
    fn a_full_index_says_so_and_takes_no_more() {
        let mut index = Index::with_room_for(2_300);
        let mut entry = 0;
        while !index.is_full() {
            index.insert(placed(entry), (0..23).map(|n| key(entry as u64 * 100 + n)));
            entry += 1;
        }
        let before = index.len();
        index.insert(placed(entry), [1].into_iter());
        assert_eq!(index.len(), before);
    }
}
