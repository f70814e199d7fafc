//! One candidate and what is known → one [`Decision`].
//!
//! Pure: the writer looks up what could be the same (same entry key, same canonical URL), asks [`decide`], and
//! applies the answer, entry by entry inside the poll's transaction, so that two polls in flight with one story
//! make one article. Rungs 0 (entry key) and 1 (canonical URL) of the identity ladder are here; aliases, exact
//! and near-duplicate text come on top of them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{ContentScope, Rung};
use shingles::Shingles;

mod shingles;
#[cfg(test)]
mod tests;

/// From this distance of dates on, one id or link may stand for another article (rolling pages, "Morning links").
pub const REUSE_AFTER: TimeDelta = TimeDelta::hours(18);
/// Below this share of common text it does, when the ids are the same.
const REUSE_CONTAINMENT: f64 = 0.7;
/// Below this share it does, when the ids differ.
const REUSE_CONTAINMENT_OTHER_ID: f64 = 0.9;
/// Texts under this many words are also compared by their numbers.
const NUMBERS_BELOW_WORDS: usize = 150;
/// A larger share of differing numbers means another article.
const NUMBERS_DIFFER: f64 = 1.0 / 3.0;
/// A change that leaves this share of the text in place, both ways, under the same title is silent.
const MINOR_CONTAINMENT: f64 = 0.95;

/// What is compared of an entry, candidate and known alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// As published, else derived.
    pub entry_id: String,
    /// Title.
    pub title: Option<String>,
    /// Publisher's date, else first seen.
    pub dated: DateTime<Utc>,
    /// Hash of everything shown.
    pub content_hash: i64,
    /// Hash of the words of title and text only.
    pub text_hash: i64,
}

/// A stored entry that may be the same as the candidate.
#[derive(Clone, Debug)]
pub struct KnownEntry {
    /// `entries.id`.
    pub entry: i64,
    /// `articles.pk`.
    pub article: i64,
    /// `sources.id`.
    pub source: i64,
    /// Which reuse of its key it is.
    pub slot: i64,
    /// What is compared.
    pub facts: Facts,
}

/// What the writer found in the store for one candidate.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The entry with the candidate's key in its source, newest slot.
    pub same_key: Option<KnownEntry>,
    /// Entries of any source with the candidate's canonical URL, oldest first.
    pub same_url: Vec<KnownEntry>,
    /// An entry of this key was purged or forgotten, and this is it again.
    pub buried: bool,
    /// An article of this URL or text was purged or forgotten: no new one is founded.
    pub barred: bool,
    /// The first use of the key that no purged entry had.
    pub next_slot: i64,
}

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The same entry, nothing changed.
    Unchanged {
        /// `entries.id`.
        entry: i64,
    },
    /// The same entry with other content.
    Revised {
        /// `entries.id`.
        entry: i64,
        /// `articles.pk`.
        article: i64,
        /// The words changed, so the republished `updated` moves.
        real: bool,
    },
    /// Another place that carries a known article.
    Joined {
        /// `articles.pk`.
        article: i64,
        /// What joined it.
        rung: Rung,
    },
    /// A new article. `slot` is above 0 when the source reuses the key of another one.
    New {
        /// Which use of the key.
        slot: i64,
    },
    /// Purged or forgotten before: stays away.
    Buried,
}

/// Decides about one candidate. `text` gives the plain text of a stored entry, `candidate_text` that of the
/// candidate; both are asked only when texts must be compared.
pub fn decide(
    candidate: &Facts,
    known: &Known,
    candidate_text: &dyn Fn() -> String,
    text: &dyn Fn(i64) -> String,
) -> Decision {
    if let Some(same) = &known.same_key {
        let facts = &same.facts;
        if facts.content_hash == candidate.content_hash {
            return Decision::Unchanged { entry: same.entry };
        }
        if facts.text_hash == candidate.text_hash {
            return Decision::Revised {
                entry: same.entry,
                article: same.article,
                real: false,
            };
        }
        let old = Shingles::of(&text(same.entry));
        let new = Shingles::of(&candidate_text());
        if far_apart(facts, candidate) && is_reuse(&old, &new, REUSE_CONTAINMENT) {
            if known.buried || known.barred {
                return Decision::Buried;
            }
            return Decision::New {
                slot: known.next_slot.max(same.slot + 1),
            };
        }
        let real = facts.title != candidate.title || !is_minor(&old, &new);
        return Decision::Revised {
            entry: same.entry,
            article: same.article,
            real,
        };
    }
    if known.buried {
        return Decision::Buried;
    }
    // Newest first: a link that several articles used in turn stands for the last of them.
    for other in known.same_url.iter().rev() {
        if !far_apart(&other.facts, candidate) || other.facts.text_hash == candidate.text_hash {
            return Decision::Joined {
                article: other.article,
                rung: Rung::Url,
            };
        }
        let limit = if other.facts.entry_id == candidate.entry_id {
            REUSE_CONTAINMENT
        } else {
            REUSE_CONTAINMENT_OTHER_ID
        };
        if !is_reuse(
            &Shingles::of(&text(other.entry)),
            &Shingles::of(&candidate_text()),
            limit,
        ) {
            return Decision::Joined {
                article: other.article,
                rung: Rung::Url,
            };
        }
    }
    if known.barred {
        return Decision::Buried;
    }
    Decision::New {
        slot: known.next_slot,
    }
}

fn far_apart(known: &Facts, candidate: &Facts) -> bool {
    (candidate.dated - known.dated).abs() >= REUSE_AFTER
}

/// The reuse guard: the same id or link, another day, another text.
fn is_reuse(old: &Shingles, new: &Shingles, containment: f64) -> bool {
    if old.containment(new) < containment {
        return true;
    }
    old.words().min(new.words()) < NUMBERS_BELOW_WORDS && old.numbers_differ(new) > NUMBERS_DIFFER
}

fn is_minor(old: &Shingles, new: &Shingles) -> bool {
    old.share_in(new) >= MINOR_CONTAINMENT && new.share_in(old) >= MINOR_CONTAINMENT
}

/// An entry of an article, as far as the choice of its representative goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `entries.id`.
    pub entry: i64,
    /// How much content it has.
    pub scope: ContentScope,
    /// Its source's priority in the configuration.
    pub priority: i64,
    /// It has a picture.
    pub has_image: bool,
    /// It names its authors.
    pub has_author: bool,
    /// Publisher's date; `None` is later than any.
    pub published: Option<DateTime<Utc>>,
}

/// Which entry stands for an article: the fullest, then the source's priority, image and author, the earliest,
/// the smallest id. `None` for no members.
pub fn representative(members: &[Member]) -> Option<i64> {
    members
        .iter()
        .min_by_key(|member| {
            (
                std::cmp::Reverse(member.scope),
                std::cmp::Reverse(member.priority),
                std::cmp::Reverse((member.has_image, member.has_author)),
                member.published.unwrap_or(DateTime::<Utc>::MAX_UTC),
                member.entry,
            )
        })
        .map(|member| member.entry)
}
