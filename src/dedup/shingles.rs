//! Three-word shingles of a text: how much of one text stands in another (Broder 1997).

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

/// The set of a text's shingles, and its numbers.
#[derive(Debug)]
pub(super) struct Shingles {
    hashes: HashSet<u64>,
    numbers: HashSet<String>,
    words: usize,
}

impl Shingles {
    /// Reads the words of a text, lower case; a text of one or two words is one shingle.
    pub(super) fn of(text: &str) -> Self {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let numbers = words
            .iter()
            .filter(|word| word.bytes().all(|b| b.is_ascii_digit()))
            .cloned()
            .collect();
        let size = words.len().clamp(1, 3);
        let hashes = words
            .windows(size)
            .map(|window| xxh3_64(window.join(" ").as_bytes()))
            .collect();
        Self {
            hashes,
            numbers,
            words: words.len(),
        }
    }

    /// How many words the text has.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Share of this text's shingles that stand in the other; 1 for an empty text.
    pub(super) fn share_in(&self, other: &Self) -> f64 {
        if self.hashes.is_empty() {
            return 1.0;
        }
        self.hashes.intersection(&other.hashes).count() as f64 / self.hashes.len() as f64
    }

    /// Containment of the smaller text in the larger.
    pub(super) fn containment(&self, other: &Self) -> f64 {
        if self.hashes.len() <= other.hashes.len() {
            self.share_in(other)
        } else {
            other.share_in(self)
        }
    }

    /// Share of the numbers that stand in one text only, of the side with fewer; 0 when a side has none.
    pub(super) fn numbers_differ(&self, other: &Self) -> f64 {
        let (few, many) = if self.numbers.len() <= other.numbers.len() {
            (&self.numbers, &other.numbers)
        } else {
            (&other.numbers, &self.numbers)
        };
        if few.is_empty() {
            return 0.0;
        }
        few.difference(many).count() as f64 / few.len() as f64
    }
}
