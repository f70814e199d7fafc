//! One candidate and what is known → one [`Ruling`].
//!
//! Pure: the writer looks up what could be the same (same entry key, same canonical URL, a common key of [`Index`]),
//! asks [`decide`], and applies the answer, entry by entry inside the poll's transaction, so that two polls in flight
//! with one story make one article. The ladder, its rules and what they were measured to do: docs/deduplication.md.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{ContentScope, Relation, Rung};
use crate::sketch::Sketch;
use likeness::compare;

pub use bands::{Index, MOST_KEYS, Placed};
pub use likeness::{Evidence, Side, Verdict};
pub use rekey::{Identified, Rekeyed, rekeyed};

mod bands;
mod likeness;
mod rekey;
#[cfg(test)]
mod tests;

/// From this distance of dates on, one id or link may stand for another article (rolling pages, "Morning links").
pub const REUSE_AFTER: TimeDelta = TimeDelta::hours(18);
/// Below this share of common text it does, when the ids are the same.
const REUSE_CONTAINMENT: f64 = 0.7;
/// Below this share it does, when the ids differ.
const REUSE_CONTAINMENT_OTHER_ID: f64 = 0.9;
/// Texts under this many words are also compared by their numbers.
const NUMBERS_BELOW_WORDS: u32 = 150;
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

/// What [`decide`] asks for only when it must compare texts.
pub trait Texts {
    /// The sketch of a stored entry; an empty one when there is no text.
    fn sketch(&self, entry: i64) -> Sketch;
    /// Entries that share a key with the candidate and are dated within the window of it, with what is compared.
    fn near(&self) -> Vec<(KnownEntry, Side)>;
    /// Every entry of an article that has a sketch.
    fn members(&self, article: i64) -> Vec<Side>;
}

/// A reason to take a candidate and an article for one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Join {
    /// `articles.pk`.
    pub article: i64,
    /// `entries.id` that the candidate was found equal to.
    pub entry: i64,
    /// By which rule.
    pub rung: Rung,
    /// What the texts have in common; `None` when they were not compared.
    pub evidence: Option<Evidence>,
}

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        /// Which use of the key.
        slot: i64,
        /// Which article, and why.
        join: Join,
    },
    /// A new article. `slot` is above 0 when the source reuses the key of another one.
    New {
        /// Which use of the key.
        slot: i64,
    },
    /// Purged or forgotten before: stays away.
    Buried,
}

/// A decision, and what else the candidate shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// What becomes of the candidate.
    pub decision: Decision,
    /// Other articles that are the same story, as the candidate shows: it is a long copy of both, or they are stubs of it.
    pub unites: Vec<Join>,
    /// `articles.pk` of stories that share much, and are not the same.
    pub related: Vec<(i64, Relation)>,
}

impl From<Decision> for Ruling {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            unites: Vec::new(),
            related: Vec::new(),
        }
    }
}

/// Decides about one candidate.
pub fn decide(candidate: &Facts, side: &Side, known: &Known, texts: &dyn Texts) -> Ruling {
    let mut slot = known.next_slot;
    if let Some(same) = &known.same_key {
        match same_key(candidate, side, same, texts) {
            Decision::New { .. } if known.barred => return Decision::Buried.into(),
            Decision::New { slot: next } => slot = slot.max(next),
            decision => return decision.into(),
        }
    }
    if known.buried {
        return Decision::Buried.into();
    }
    let by_url = known
        .same_url
        .iter()
        .rev() // A link that several articles used in turn stands for the last of them.
        .find(|other| !is_reused_link(candidate, side, other, texts))
        .filter(|_| known.same_key.is_none())
        .map(|other| Join {
            article: other.article,
            entry: other.entry,
            rung: Rung::Url,
            evidence: None,
        });
    let Neighbours { same, related } = neighbours(side, texts);
    let best = by_url.or_else(|| best(side, &same, texts));
    let Some(best) = best else {
        if known.barred {
            return Decision::Buried.into();
        }
        return Ruling {
            decision: Decision::New { slot },
            unites: Vec::new(),
            related,
        };
    };
    let mut unites: Vec<Join> = Vec::new();
    for (join, strong) in same {
        let is_new = join.article != best.article
            && unites.iter().all(|other| other.article != join.article);
        if is_new && (strong || (is_long(side) && is_short(join.article, texts))) {
            unites.push(join);
        }
    }
    Ruling {
        decision: Decision::Joined { slot, join: best },
        related: related
            .into_iter()
            .filter(|(article, _)| {
                *article != best.article && unites.iter().all(|join| join.article != *article)
            })
            .collect(),
        unites,
    }
}

/// Rung 0: the same id in the same source.
fn same_key(candidate: &Facts, side: &Side, same: &KnownEntry, texts: &dyn Texts) -> Decision {
    let facts = &same.facts;
    if facts.content_hash == candidate.content_hash {
        return Decision::Unchanged { entry: same.entry };
    }
    let revised = |real| Decision::Revised {
        entry: same.entry,
        article: same.article,
        real,
    };
    if facts.text_hash == candidate.text_hash {
        return revised(false);
    }
    let old = texts.sketch(same.entry);
    if far_apart(facts, candidate) && is_reuse(&old, &side.sketch, REUSE_CONTAINMENT) {
        return Decision::New {
            slot: same.slot + 1,
        };
    }
    revised(facts.title != candidate.title || !is_minor(&old, &side.sketch))
}

/// Rung 1 with its guard: another article once stood under this link.
fn is_reused_link(candidate: &Facts, side: &Side, other: &KnownEntry, texts: &dyn Texts) -> bool {
    if !far_apart(&other.facts, candidate) || other.facts.text_hash == candidate.text_hash {
        return false;
    }
    let limit = if other.facts.entry_id == candidate.entry_id {
        REUSE_CONTAINMENT
    } else {
        REUSE_CONTAINMENT_OTHER_ID
    };
    is_reuse(&texts.sketch(other.entry), &side.sketch, limit)
}

struct Neighbours {
    /// With whether both texts are long.
    same: Vec<(Join, bool)>,
    related: Vec<(i64, Relation)>,
}

/// Rungs 2 and 3: what tells the same story in the same words, and what shares much with it.
fn neighbours(side: &Side, texts: &dyn Texts) -> Neighbours {
    let mut found = Neighbours {
        same: Vec::new(),
        related: Vec::new(),
    };
    for (entry, other) in texts.near() {
        match compare(side, &other) {
            Verdict::Same { evidence, strong } => {
                let rung = if evidence.exact {
                    Rung::Text
                } else {
                    Rung::Near
                };
                let join = Join {
                    article: entry.article,
                    entry: entry.entry,
                    rung,
                    evidence: Some(evidence),
                };
                found.same.push((join, strong));
            }
            Verdict::Related(relation) => found.related.push((entry.article, relation)),
            Verdict::Apart => {}
        }
    }
    found
        .same
        .sort_by(|(a, _), (b, _)| score(b).total_cmp(&score(a)).then(a.entry.cmp(&b.entry)));
    found
}

fn score(join: &Join) -> f64 {
    join.evidence.map_or(0.0, |evidence| {
        let overlap = evidence.overlap;
        f64::from(evidence.exact) * 4.0 + overlap.containment + overlap.jaccard + evidence.title
    })
}

fn is_long(side: &Side) -> bool {
    side.sketch.shingles as usize >= likeness::LONG
}

/// An article of stubs and summaries only.
fn is_short(article: i64, texts: &dyn Texts) -> bool {
    !texts.members(article).iter().any(is_long)
}

/// The best match. A long text does not follow a stub into an article whose long texts it does not match.
fn best(side: &Side, same: &[(Join, bool)], texts: &dyn Texts) -> Option<Join> {
    let follows = |join: &Join| {
        !is_long(side)
            || same
                .iter()
                .any(|(other, strong)| *strong && other.article == join.article)
            || is_short(join.article, texts)
    };
    same.iter()
        .find(|(join, strong)| *strong || follows(join))
        .map(|(join, _)| *join)
}

fn far_apart(known: &Facts, candidate: &Facts) -> bool {
    (candidate.dated - known.dated).abs() >= REUSE_AFTER
}

/// The reuse guard: the same id or link, another day, another text.
fn is_reuse(old: &Sketch, new: &Sketch, containment: f64) -> bool {
    let shared = if old.shingles <= new.shingles {
        old.share_in(new)
    } else {
        new.share_in(old)
    };
    shared < containment
        || (old.words.min(new.words) < NUMBERS_BELOW_WORDS
            && old.numbers_differ(new) > NUMBERS_DIFFER)
}

fn is_minor(old: &Sketch, new: &Sketch) -> bool {
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
