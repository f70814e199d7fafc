//! What of a text takes part in comparisons: shingles, lead, numbers, and the keys under which copies are found.
//!
//! Shingles are of three words (Broder 1997), of five characters where a script has no spaces. MinHash bands over the
//! whole text find copies, bands over the lead find what was cut short behind it (`ARTICLES` measurements in
//! docs/deduplication.md).

use order::sorted;
use words::{Kind, Word, words_of};

pub use learned::Learned;

mod learned;
mod order;
mod words;

/// Of a longer text, this many of the lowest shingle hashes stand for all (bottom-k sketch).
const LOWEST: usize = 256;
/// Words of a text that are its lead.
const LEAD_WORDS: usize = 60;
/// Numbers kept of a text.
const NUMBERS: usize = 64;
const WHOLE_BANDS: usize = 6;
const WHOLE_ROWS: usize = 3;
const LEAD_BANDS: usize = 8;
const LEAD_ROWS: usize = 2;
/// Keys under which a text is found.
pub const BANDS: usize = WHOLE_BANDS + LEAD_BANDS;
/// Fewer shingles than this are no evidence.
pub const FEWEST: usize = 5;
const VERSION: u8 = 1;

/// A text as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Words; characters of dense scripts count half.
    pub words: u32,
    /// Different shingles in the whole text.
    pub shingles: u32,
    /// The lowest of their hashes, sorted: all of them up to 256.
    pub lowest: Vec<u32>,
    /// Shingles of the first 60 words, sorted.
    pub lead: Vec<u32>,
    /// Hashes of the different numbers, sorted; the lowest 64.
    pub numbers: Vec<u32>,
    /// Hash of all words in order.
    pub exact: u64,
    /// MinHash keys, those of the whole text first; empty for a text of under five shingles.
    pub bands: Vec<u32>,
}

/// How two texts compare. Shares are 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Jaccard: common shingles of all.
    pub jaccard: f64,
    /// Share of the smaller text's shingles that stand in the other.
    pub containment: f64,
    /// The same of the leads.
    pub lead: f64,
    /// Shingles of the smaller text.
    pub smaller: usize,
}

impl Sketch {
    /// Reads a text, paragraph by paragraph; those whose hash `is_furniture` knows are left out.
    pub fn of(blocks: &Blocks, is_furniture: &dyn Fn(u64) -> bool) -> Self {
        if !blocks.hashes().any(is_furniture) {
            return Self::of_words(&blocks.words);
        }
        let kept = blocks
            .ranges
            .iter()
            .filter(|(hash, _)| !is_furniture(*hash));
        let words: Vec<Word> = kept
            .flat_map(|(_, range)| &blocks.words[range.clone()])
            .copied()
            .collect();
        Self::of_words(&words)
    }

    fn of_words(words: &[Word]) -> Self {
        let (all, lead) = shingles(words);
        let (mut all, lead) = (sorted(all), sorted(lead));
        let mut numbers: Vec<u32> = words
            .iter()
            .filter(|word| word.kind == Kind::Number)
            .map(|word| high(word.hash))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.truncate(NUMBERS);
        let dense = words.iter().filter(|word| word.kind == Kind::Dense).count();
        let bands = if all.len() < FEWEST {
            Vec::new()
        } else {
            bands(&all, &lead)
        };
        let shingles = all.len();
        all.truncate(LOWEST);
        all.shrink_to_fit();
        Self {
            words: count(words.len() - dense + dense / 2),
            shingles: count(shingles),
            lowest: all,
            lead,
            numbers,
            exact: block_hash(words),
            bands,
        }
    }

    /// How much of one text stands in the other. Exact up to 256 shingles a side, else estimated over the range
    /// of hashes that both sides cover.
    pub fn overlap(&self, other: &Self) -> Overlap {
        let (small, large) = if self.shingles <= other.shingles {
            (self, other)
        } else {
            (other, self)
        };
        let limit = self.covered().min(other.covered());
        let within = |sketch: &Self| sketch.lowest.partition_point(|hash| *hash <= limit);
        let (in_small, in_large) = (within(small), within(large));
        let common = common(&small.lowest[..in_small], &large.lowest[..in_large]);
        let of = |part: usize, whole: usize| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let leads = self.lead.len().min(other.lead.len());
        Overlap {
            jaccard: of(common, in_small + in_large - common),
            containment: of(common, in_small),
            lead: of(self::common(&self.lead, &other.lead), leads),
            smaller: small.shingles as usize,
        }
    }

    /// Share of this text's shingles that stand in the other, 0 to 1; 1 for an empty text.
    pub fn share_in(&self, other: &Self) -> f64 {
        let limit = self.covered().min(other.covered());
        let within = |sketch: &Self| sketch.lowest.partition_point(|hash| *hash <= limit);
        let own = within(self);
        if own == 0 {
            return 1.0;
        }
        common(&self.lowest[..own], &other.lowest[..within(other)]) as f64 / own as f64
    }

    /// The highest hash up to which all shingles are known.
    fn covered(&self) -> u32 {
        match self.lowest.last() {
            Some(highest) if self.lowest.len() < self.shingles as usize => *highest,
            _ => u32::MAX,
        }
    }

    /// Share of the numbers that stand in one text only, of the side with fewer; 0 when a side has none.
    pub fn numbers_differ(&self, other: &Self) -> f64 {
        let few = self.numbers.len().min(other.numbers.len());
        if few == 0 {
            return 0.0;
        }
        (few - common(&self.numbers, &other.numbers)) as f64 / few as f64
    }

    /// As stored: little-endian numbers behind their counts.
    pub fn encode(&self) -> Vec<u8> {
        let lists = [&self.bands, &self.lead, &self.numbers, &self.lowest];
        let size = 17 + lists.iter().map(|list| 2 + 4 * list.len()).sum::<usize>();
        let mut out = Vec::with_capacity(size);
        out.push(VERSION);
        out.extend_from_slice(&self.words.to_le_bytes());
        out.extend_from_slice(&self.shingles.to_le_bytes());
        out.extend_from_slice(&self.exact.to_le_bytes());
        for list in lists {
            out.extend_from_slice(&(list.len() as u16).to_le_bytes());
            let from = out.len();
            out.resize(from + 4 * list.len(), 0);
            let (places, _) = out[from..].as_chunks_mut();
            for (place, value) in places.iter_mut().zip(list) {
                *place = value.to_le_bytes();
            }
        }
        out
    }

    /// Reads what [`Sketch::encode`] wrote; `None` for anything else, which another release may have written.
    pub fn decode(blob: &[u8]) -> Option<Self> {
        let mut rest = blob.strip_prefix(&[VERSION])?;
        let mut sketch = Self {
            words: u32::from_le_bytes(take(&mut rest)?),
            shingles: u32::from_le_bytes(take(&mut rest)?),
            exact: u64::from_le_bytes(take(&mut rest)?),
            ..Self::default()
        };
        for list in [
            &mut sketch.bands,
            &mut sketch.lead,
            &mut sketch.numbers,
            &mut sketch.lowest,
        ] {
            let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
            let (values, behind) = rest.split_at_checked(length * 4)?;
            list.extend(
                values
                    .chunks_exact(4)
                    .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            );
            rest = behind;
        }
        Some(sketch)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*head)
}

/// A text cut at its line ends, each block with the hash of its words.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    words: Vec<Word>,
    ranges: Vec<(u64, std::ops::Range<usize>)>,
}

impl Blocks {
    /// Reads a text whose blocks end with line ends; blocks without words vanish.
    pub fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let mut blocks = Self {
            words: Vec::with_capacity(text.len() / 6),
            ranges: Vec::new(),
        };
        for line in lower.split('\n') {
            let start = blocks.words.len();
            words_of(line, &mut blocks.words);
            if blocks.words.len() > start {
                let hash = block_hash(&blocks.words[start..]);
                blocks.ranges.push((hash, start..blocks.words.len()));
            }
        }
        blocks
    }

    /// Hash of each block's words, in order.
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        self.ranges.iter().map(|(hash, _)| *hash)
    }
}

fn block_hash(words: &[Word]) -> u64 {
    words.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, word| {
        mix(hash.rotate_left(23) ^ word.hash)
    })
}

/// The words of a title, sorted: for their Jaccard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    words: Vec<u32>,
    numbers: Vec<u32>,
    /// Hash of its words in order.
    pub hash: u64,
    count: usize,
}

impl Title {
    /// Reads a title; none has no words.
    pub fn of(title: Option<&str>) -> Self {
        let lower = title.unwrap_or_default().to_ascii_lowercase();
        let mut words = Vec::with_capacity(lower.len() / 4);
        words_of(&lower, &mut words);
        let set = |keep: &dyn Fn(&&Word) -> bool| {
            let mut set: Vec<u32> = words
                .iter()
                .filter(keep)
                .map(|word| high(word.hash))
                .collect();
            set.sort_unstable();
            set.dedup();
            set
        };
        Self {
            words: set(&|_| true),
            numbers: set(&|word| word.kind == Kind::Number),
            hash: block_hash(&words),
            count: words.len(),
        }
    }

    /// Under four words: no evidence of anything.
    pub fn is_short(&self) -> bool {
        self.count < 4
    }

    /// Jaccard of the words, 0 to 1; 0 when a side has none.
    pub fn likeness(&self, other: &Self) -> f64 {
        let common = common(&self.words, &other.words);
        let all = self.words.len() + other.words.len() - common;
        if self.words.is_empty() || other.words.is_empty() {
            0.0
        } else {
            common as f64 / all as f64
        }
    }

    /// Both titles have numbers, and not the same.
    pub fn numbers_contradict(&self, other: &Self) -> bool {
        !self.numbers.is_empty() && !other.numbers.is_empty() && self.numbers != other.numbers
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    value ^ (value >> 29)
}

/// Hash of each run of three words, or of five characters of a dense script: of the whole text, and of those within its
/// lead.
fn shingles(words: &[Word]) -> (Vec<u32>, Vec<u32>) {
    let hash = |window: &[Word]| {
        high(window.iter().fold(0, |hash: u64, word| {
            mix(hash.rotate_left(17).wrapping_add(word.hash))
        }))
    };
    let mut all = Vec::with_capacity(words.len());
    let mut lead = Vec::with_capacity(words.len().min(LEAD_WORDS));
    for at in 0..words.len() {
        let (hash, size) = match &words[at..] {
            [first, ..] if first.kind == Kind::Dense => match words[at..].first_chunk::<5>() {
                Some(window) => (hash(window), 5),
                None => continue,
            },
            rest => match rest.first_chunk::<3>() {
                Some(window) => (hash(window), 3),
                None => continue,
            },
        };
        all.push(hash);
        if at + size <= LEAD_WORDS {
            lead.push(hash);
        }
    }
    (all, lead)
}

/// How many values two sorted lists share.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut at, mut found) = (0, 0);
    for value in a {
        while at < b.len() && b[at] < *value {
            at += 1;
        }
        if at < b.len() && b[at] == *value {
            found += 1;
            at += 1;
        }
    }
    found
}

/// The keys under which a text is found: minima of hash families over the whole and over the lead, several a key.
fn bands(all: &[u32], lead: &[u32]) -> Vec<u32> {
    let whole: [u32; WHOLE_BANDS * WHOLE_ROWS] = minima(all);
    let lead: [u32; LEAD_BANDS * LEAD_ROWS] = minima(lead);
    let key = |kind: u64, number: usize, rows: &[u32]| {
        let start = kind << 32 | number as u64;
        high(rows.iter().fold(mix(start + 1), |hash, row| {
            mix(hash.rotate_left(11) ^ u64::from(*row))
        }))
    };
    // Rows of a key stand far apart on the circle: next to each other they would often be one hash.
    let whole = (0..WHOLE_BANDS).map(|number| {
        let rows: [u32; WHOLE_ROWS] = std::array::from_fn(|row| whole[row * WHOLE_BANDS + number]);
        key(1, number, &rows)
    });
    let lead = (0..LEAD_BANDS).map(|number| {
        let rows: [u32; LEAD_ROWS] = std::array::from_fn(|row| lead[row * LEAD_BANDS + number]);
        key(2, number, &rows)
    });
    whole.chain(lead).collect()
}

/// MinHash (Broder 1997): the least value of a set under each of `N` orders. The hashes are spread evenly, so counting
/// from another start around the circle of all hashes is another order, and the least value under it is the one that
/// stands next. With starts at even distances that is one-permutation hashing, its empty bins filled by rotation
/// (Shrivastava and Li 2014). `set` is sorted and not empty.
fn minima<const N: usize>(set: &[u32]) -> [u32; N] {
    std::array::from_fn(|number| {
        let start = (((number as u64) << 32) / N as u64) as u32;
        let next = set.partition_point(|hash| *hash < start);
        set[next % set.len()]
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(text: &str) -> Sketch {
        Sketch::of(&Blocks::of(text), &|_| false)
    }

    #[test]
    fn the_values_are_those_that_stores_hold() {
        let numbered = |n: u32| format!("Word{} of {n}, ", n * n % 97);
        let cases = [
            (
                "The Harbour's ferry No. 12 leaves at 7:30 – an hour early; 14 boats wait.\nDon’t miss it!".to_owned(),
                [0xcb82_ad82_4a6e_b4d5, 0xe151_515b_c8fa_2ce1, 0xd060_0e92_8bbc_c6f6],
            ),
            (
                "Cafe\u{301} Zo\u{eb} se\u{ad}lls cr\u{c3}\u{a8}mes \u{fb02}at 3\u{bd}\n\n港の水門は明日の朝まで閉じたままです。\
                 船は待ってください。 नमस्ते"
                    .to_owned(),
                [0xd9d2_8169_3e73_b184, 0x522b_96ff_2784_1759, 0xb27c_ea3a_55b6_1030],
            ),
            (
                (0..700).map(numbered).collect(),
                [0x7f36_2b8f_7262_dfd2, 0x5ecd_6cea_4b64_2bcb, 0x7f36_2b8f_7262_dfd2],
            ),
        ];
        for (text, expected) in cases {
            let blocks = Blocks::of(&text);
            let of_blocks = blocks
                .hashes()
                .fold(0, |all: u64, hash| all.rotate_left(7) ^ hash);
            let of_sketch = xxhash_rust::xxh3::xxh3_64(&sketch(&text).encode());
            let found = [of_blocks, of_sketch, Title::of(Some(&text)).hash];
            assert_eq!(found, expected, "{text}");
        }
    }

    fn numbered(range: std::ops::Range<u32>) -> String {
        range.map(|n| format!("word{n} ")).collect()
    }

    #[test]
    fn a_text_cut_short_is_contained_and_shares_a_lead_band() {
        let (whole, cut) = (sketch(&numbered(0..400)), sketch(&numbered(0..90)));
        let overlap = whole.overlap(&cut);
        assert_eq!(
            (overlap.containment, overlap.lead, overlap.smaller),
            (1.0, 1.0, 88)
        );
        assert!(overlap.jaccard < 0.3);
        assert!(whole.bands.iter().any(|band| cut.bands.contains(band)));
    }

    #[test]
    fn long_texts_are_estimated() {
        let (long, half) = (sketch(&numbered(0..4_000)), sketch(&numbered(2_000..4_000)));
        assert_eq!((long.shingles, long.lowest.len()), (3_998, LOWEST));
        let overlap = long.overlap(&half);
        assert!((overlap.jaccard - 0.5).abs() < 0.08, "{overlap:?}");
        assert!(overlap.containment > 0.95, "{overlap:?}");
        assert!((long.share_in(&half) - 0.5).abs() < 0.08);
    }

    #[test]
    fn furniture_takes_no_part() {
        let text = "Subscribe to read on every day\nThe lock gate stays open until noon on Friday";
        let blocks = Blocks::of(text);
        let first = blocks.hashes().next();
        let filtered = Sketch::of(&blocks, &|hash| Some(hash) == first);
        assert_eq!(
            filtered.exact,
            sketch("The lock gate stays open until noon on Friday").exact
        );
        assert_ne!(filtered.exact, sketch(text).exact);
    }

    #[test]
    fn minima_agree_as_often_as_sets_do() {
        let set = |range: std::ops::Range<u64>| sorted(range.map(|n| high(mix(n + 1))).collect());
        let (mut same, mut all) = (0, 0);
        for from in (0..200_000).step_by(1_000) {
            // 60 in common of 80.
            let (a, b) = (set(from..from + 70), set(from + 10..from + 80));
            let pairs = minima::<18>(&a).into_iter().zip(minima::<18>(&b));
            same += pairs.filter(|(a, b)| a == b).count();
            all += 18;
        }
        let share = same as f64 / f64::from(all);
        assert!((share - 0.75).abs() < 0.03, "{share}");
    }

    #[test]
    fn dense_scripts_are_compared_by_characters() {
        let a = sketch("港の水門は明日の朝まで閉じたままです。船は待ってください。");
        let b = sketch("港の水門は明日の朝まで閉じたままです。");
        assert!(a.overlap(&b).containment > 0.99);
        assert_eq!(b.words, 9);
    }

    #[test]
    fn titles_compare_by_words_and_numbers() {
        let of = |title| Title::of(Some(title));
        let (a, b) = (
            of("Ferry 12 leaves an hour early"),
            of("Ferry 14 leaves an hour early"),
        );
        assert!(a.likeness(&b) > 0.7 && a.numbers_contradict(&b));
        assert!(of("Morning links").is_short() && !a.is_short());
        assert_eq!(Title::of(None).likeness(&Title::of(None)), 0.0);
    }

    proptest! {
        #[test]
        fn a_sketch_survives_its_storage(text in "[a-z0-9 \n]{0,900}") {
            let sketch = sketch(&text);
            prop_assert_eq!(Sketch::decode(&sketch.encode()), Some(sketch));
        }

        #[test]
        fn bytes_that_are_no_sketch_are_none_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Sketch::decode(&bytes);
        }

        #[test]
        fn overlap_is_symmetric(a in "[a-d ]{0,300}", b in "[a-d ]{0,300}") {
            let (a, b) = (sketch(&a), sketch(&b));
            prop_assert_eq!(a.overlap(&b), b.overlap(&a));
        }
    }
}
