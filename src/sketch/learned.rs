//! Blocks that a source repeats from article to article: its furniture, learned by seeing it (`ARTICLES` §1.6).

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// From this many articles on, a block is furniture.
const ARTICLES: u8 = 3;
/// Furniture kept of a source, the newest.
const MOST_LEARNED: usize = 256;
/// Other blocks remembered of a source, the most seen and newest.
const MOST_PENDING: usize = 384;
const RECORD: usize = 7;

/// What a source's blocks were, with how often they were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    blocks: HashMap<u32, Seen, RandomState>,
    clock: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// In how many articles.
    articles: u8,
    /// Mark of the article that had it last.
    last: u16,
    /// Order of sight.
    at: u32,
}

impl Learned {
    /// Counts the blocks of one article. `article` tells it from others: an article that is edited, or comes again
    /// under another id, counts once.
    pub fn see(&mut self, article: u64, blocks: impl Iterator<Item = u64>) {
        let mark = (article >> 48) as u16;
        for block in blocks {
            self.clock += 1;
            let seen = self.blocks.entry(short(block)).or_insert(Seen {
                articles: 0,
                last: !mark,
                at: 0,
            });
            if seen.last != mark {
                seen.articles = seen.articles.saturating_add(1);
                seen.last = mark;
            }
            seen.at = self.clock;
        }
    }

    /// Whether a block stands in at least three of the source's articles.
    pub fn is_furniture(&self, block: u64) -> bool {
        self.blocks
            .get(&short(block))
            .is_some_and(|seen| seen.articles >= ARTICLES)
    }

    /// As stored, bounded: 7 bytes a block, oldest first.
    pub fn encode(&self) -> Vec<u8> {
        let mut blocks: Vec<(&u32, &Seen)> = self.blocks.iter().collect();
        blocks.sort_unstable_by_key(|(block, seen)| (std::cmp::Reverse(seen.at), **block));
        let (mut learned, mut pending): (Vec<_>, Vec<_>) = blocks
            .into_iter()
            .partition(|(_, seen)| seen.articles >= ARTICLES);
        learned.truncate(MOST_LEARNED);
        pending.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.articles));
        pending.truncate(MOST_PENDING);
        let mut kept: Vec<_> = learned.into_iter().chain(pending).collect();
        kept.sort_unstable_by_key(|(block, seen)| (seen.at, **block));
        let mut out = Vec::with_capacity(kept.len() * RECORD);
        for (block, seen) in kept {
            out.extend_from_slice(&block.to_le_bytes());
            out.extend_from_slice(&seen.last.to_le_bytes());
            out.push(seen.articles);
        }
        out
    }

    /// Reads what [`Learned::encode`] wrote.
    pub fn decode(blob: &[u8]) -> Self {
        let mut learned = Self::default();
        for record in blob.chunks_exact(RECORD) {
            learned.clock += 1;
            learned.blocks.insert(
                u32::from_le_bytes([record[0], record[1], record[2], record[3]]),
                Seen {
                    last: u16::from_le_bytes([record[4], record[5]]),
                    articles: record[6],
                    at: learned.clock,
                },
            );
        }
        learned
    }
}

fn short(block: u64) -> u32 {
    (block >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(n: u64) -> u64 {
        n << 48
    }

    fn block(n: u64) -> u64 {
        n << 32
    }

    #[test]
    fn a_block_of_three_articles_is_furniture_and_an_edited_article_is_one() {
        let mut learned = Learned::default();
        for n in 0..2 {
            learned.see(article(n), [block(7)].into_iter());
        }
        for _ in 0..5 {
            learned.see(article(9), [block(8)].into_iter());
        }
        assert!(!learned.is_furniture(block(7)) && !learned.is_furniture(block(8)));
        let mut learned = Learned::decode(&learned.encode());
        learned.see(article(2), [block(7)].into_iter());
        assert!(learned.is_furniture(block(7)));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_learned_outlives_the_rest() {
        let mut learned = Learned::default();
        for n in 0..3 {
            learned.see(article(n), [block(7)].into_iter());
        }
        learned.see(article(5), (1_000..9_000).map(block));
        let blob = learned.encode();
        assert_eq!(blob.len(), (MOST_PENDING + 1) * RECORD);
        let again = Learned::decode(&blob);
        assert!(again.is_furniture(block(7)));
        assert_eq!(again.encode(), blob);
    }
}
