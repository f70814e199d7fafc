//! Which entries share a key with a text: an index in memory over what the store holds of the window.
//!
//! One open-addressed table of 32-bit slots: 20 bits say which entry, 12 bits check the key. A wrong hit costs one
//! comparison and decides nothing. A table in the database would write a page for nearly each of an entry's keys.

/// Slots looked at for one key at most: a text that ten thousand entries share must not cost ten thousand looks.
const LONGEST_PROBE: usize = 64;
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

    fn get(&self, at: usize) -> u32 {
        self.pieces[at / PIECE][at % PIECE]
    }

    fn set(&mut self, at: usize, slot: u32) {
        self.pieces[at / PIECE][at % PIECE] = slot;
    }
}

impl Index {
    /// An index with room for this many entries of so many keys each.
    pub fn with_room_for(entries: usize, keys: usize) -> Self {
        Self {
            slots: Slots::empty(entries * keys * 7 / 5 + LONGEST_PROBE),
            used: 0,
            entries: Vec::new(),
        }
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
        (self.used + crate::sketch::BANDS + 2) * 7 > self.slots.len * 5
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
            let hits = self
                .places(key)
                .map(|at| self.slots.get(at))
                .take_while(|slot| *slot != EMPTY)
                .filter(|slot| slot >> REF_BITS == check(key));
            numbers.extend(hits.map(|slot| slot & MOST_ENTRIES as u32));
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
        if let Some(at) = self.places(key).find(|at| self.slots.get(*at) == EMPTY) {
            self.slots.set(at, check(key) << REF_BITS | number);
            self.used += 1;
        }
    }

    /// Where a key may stand.
    fn places(&self, key: u32) -> std::ops::Range<usize> {
        // The key's share of the table, without a division; the last homes have their probes behind them.
        let homes = (self.slots.len - LONGEST_PROBE).max(1);
        let home = (key as usize * homes) >> 32;
        home..home + LONGEST_PROBE.min(self.slots.len - home)
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
        let mut index = Index::with_room_for(1_000, 23);
        for entry in 0..1_000 {
            index.insert(placed(entry), (0..23).map(|n| key(entry as u64 * 100 + n)));
        }
        assert_eq!(index.len(), 1_000);
        let mut wrong = 0;
        for entry in 0..1_000 {
            for n in 0..23 {
                let found = index.find([key(entry as u64 * 100 + n)].into_iter());
                assert!(found.contains(&placed(entry)), "{entry} {n}");
                wrong += found.len() - 1;
            }
        }
        assert!(wrong < 100, "{wrong} wrong hits in 23,000");
    }

    #[test]
    fn a_key_of_very_many_entries_stays_cheap() {
        let mut index = Index::with_room_for(10_000, 1);
        for entry in 0..5_000 {
            index.insert(placed(entry), [7].into_iter());
        }
        assert!(index.find([7].into_iter()).len() <= MOST_CANDIDATES);
        assert_eq!(index.len(), 5_000);
    }

    #[test]
    fn a_full_index_says_so_and_takes_no_more() {
        let mut index = Index::with_room_for(100, 23);
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
