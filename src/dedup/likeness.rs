//! Whether two texts tell one story: what is measured, and the rules over it (docs/deduplication.md).

use crate::model::Relation;
use crate::sketch::{FEWEST, Overlap, Sketch, Title};

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its text.
    pub sketch: Sketch,
    /// Its title.
    pub title: Title,
    /// Under four words, or used three times by its source: no evidence.
    pub generic_title: bool,
    /// `sources.id`.
    pub source: i64,
    /// Hash of its picture's address; `None`: none, or one that many entries have.
    pub image: Option<u32>,
    /// BCP 47; `None`: not known.
    pub language: Option<String>,
}

/// What the texts and titles of two entries have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Every word is the same, and there are at least eight.
    pub exact: bool,
    /// Of the texts.
    pub overlap: Overlap,
    /// Jaccard of the titles' words.
    pub title: f64,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// One story. `strong`: both texts are long enough for others to be joined through them.
    Same {
        /// What speaks for it.
        evidence: Evidence,
        /// Neither is a stub or a summary.
        strong: bool,
    },
    /// Other stories, or nothing to say so by; near enough to be linked.
    Related(Relation),
    /// Nothing in common that counts.
    Apart,
}

/// Shingles from which a text stands on its own.
pub(super) const LONG: usize = 60;
const SHORT: usize = 20;
const EXACT_WORDS: u32 = 8;
/// Texts under this many words are also compared by their numbers …
const NUMBERS_BELOW_WORDS: u32 = 120;
/// … of which no more may differ.
const NUMBERS_DIFFER: f64 = 0.34;
/// From this containment on, in the window, two stories are related at least.
const RELATED_CONTAINMENT: f64 = 0.38;

/// Compares two entries that may be one story; symmetric.
pub(super) fn compare(a: &Side, b: &Side) -> Verdict {
    let evidence = Evidence {
        exact: a.sketch.exact == b.sketch.exact && a.sketch.words >= EXACT_WORDS,
        overlap: a.sketch.overlap(&b.sketch),
        title: a.title.likeness(&b.title),
    };
    let smaller = evidence.overlap.smaller;
    let telling = !a.generic_title && !b.generic_title && !a.title.numbers_contradict(&b.title);
    let same = is_alike(&evidence, telling) && !numbers_contradict(a, b);
    if same && (a.source != b.source || may_repeat(&evidence, a, b, telling)) {
        Verdict::Same {
            evidence,
            strong: smaller >= LONG,
        }
    } else if smaller >= LONG && evidence.overlap.containment >= RELATED_CONTAINMENT {
        Verdict::Related(if a.source == b.source {
            Relation::FollowUp
        } else {
            Relation::SameEvent
        })
    } else if a.image.is_some() && a.image == b.image && is_other_language(a, b) {
        Verdict::Related(Relation::Translation)
    } else {
        Verdict::Apart
    }
}

fn is_other_language(a: &Side, b: &Side) -> bool {
    let primary = |side: &Side| {
        let tag = side.language.as_deref()?;
        Some(tag.split('-').next().unwrap_or(tag).to_ascii_lowercase())
    };
    matches!((primary(a), primary(b)), (Some(a), Some(b)) if a != b)
}

/// The rules. `telling`: neither title is generic, nor do they contradict.
fn is_alike(evidence: &Evidence, telling: bool) -> bool {
    let Overlap {
        jaccard,
        containment,
        lead,
        smaller,
    } = evidence.overlap;
    let title = if telling { evidence.title } else { 0.0 };
    if evidence.exact {
        return true;
    }
    if smaller >= LONG {
        jaccard >= 0.55
            || (containment >= 0.70 && lead >= 0.3)
            || containment >= 0.85
            || (title >= 0.5 && containment >= 0.55)
    } else if smaller >= SHORT {
        (jaccard >= 0.7 && evidence.title >= 0.3) || (containment >= 0.6 && title >= 0.6)
    } else {
        smaller >= FEWEST && title >= 0.8 && containment >= 0.6
    }
}

/// Short texts from one template differ in their facts: the number guard.
fn numbers_contradict(a: &Side, b: &Side) -> bool {
    if a.sketch.words.min(b.sketch.words) >= NUMBERS_BELOW_WORDS {
        return false;
    }
    a.title.numbers_contradict(&b.title) || a.sketch.numbers_differ(&b.sketch) > NUMBERS_DIFFER
}

/// The same-source guard: under two ids and two links, one source seldom tells one story twice (Henzinger 2006).
fn may_repeat(evidence: &Evidence, a: &Side, b: &Side, telling: bool) -> bool {
    let overlap = &evidence.overlap;
    let twice = overlap.jaccard >= 0.9
        && telling
        && evidence.title >= 0.8
        && a.sketch.numbers == b.sketch.numbers;
    twice || (overlap.smaller >= 200 && overlap.containment >= 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::Blocks;

    const HARBOUR: &str = "The ferry to the outer island leaves at nine from Monday on and returns before the evening \
        tide, because the pilots asked for daylight on both crossings until the new lights on the breakwater are \
        tested. The harbour office said that tickets bought for the old timetable stay valid until the end of the \
        month, and that the school boat is not affected by any of this. Fishermen may use the inner quay meanwhile.";
    const COUNCIL: &str = "The council sits on Tuesday to hear how the repair of the mill bridge is coming along, what \
        the second crane cost and why the night shift ended early. Two members asked for a written answer last week, \
        and the builder has promised one before the vote. Anyone may listen from the gallery, which opens at seven.";

    fn side(source: i64, title: &str, text: &str) -> Side {
        let title = Title::of(Some(title));
        Side {
            sketch: Sketch::of(&Blocks::of(text), &|_| false),
            generic_title: title.is_short(),
            title,
            source,
            image: None,
            language: None,
        }
    }

    fn same(a: &Side, b: &Side) -> bool {
        let verdict = compare(a, b);
        assert_eq!(verdict, compare(b, a), "symmetric");
        matches!(verdict, Verdict::Same { .. })
    }

    #[test]
    fn copies_across_sources_are_one_story_whatever_their_titles() {
        let own = side(1, "Ferry to leave an hour earlier", HARBOUR);
        let wrapped = format!("By our own reporter. {HARBOUR} More on this tomorrow.");
        assert!(same(&own, &side(2, "Boats: what changes", &wrapped)));
        let long = side(
            1,
            "Ferry to leave an hour earlier",
            &format!("{HARBOUR} {COUNCIL}"),
        );
        assert!(
            same(&long, &side(2, "Boats: what changes", HARBOUR)),
            "cut short"
        );
        assert!(!same(
            &own,
            &side(2, "Ferry to leave an hour earlier", COUNCIL)
        ));
    }

    #[test]
    fn a_stub_joins_by_its_title_and_nothing_joins_by_a_title_alone() {
        let own = side(1, "Ferry to leave an hour earlier", HARBOUR);
        let stub = "The ferry to the outer island leaves at nine from Monday on";
        assert!(same(&own, &side(2, "Ferry to leave an hour earlier", stub)));
        assert!(!same(&own, &side(2, "What changes on Monday", stub)));
        assert!(!same(&own, &side(2, "Ferry to leave an hour earlier", "")));
        let wall = "Subscribe to read this story and all others";
        assert!(!same(
            &own,
            &side(2, "Ferry to leave an hour earlier", wall)
        ));
    }

    #[test]
    fn bulletins_from_a_template_are_told_apart_by_their_numbers() {
        let level = |cm, knots| {
            format!(
                "Water level at the lock gate {cm} centimetres and wind of {knots} knots from the west, the ferry \
                     runs on time, the footbridge is open and the barrier stays down until the evening tide turns"
            )
        };
        let monday = side(1, "Water level at the gate today", &level(312, 14));
        assert!(!same(
            &monday,
            &side(2, "Water level at the gate today", &level(287, 22))
        ));
        assert!(same(
            &monday,
            &side(2, "Water level at the gate today", &level(312, 14))
        ));
    }

    #[test]
    fn a_picture_under_another_language_links_a_translation() {
        let of = |source, text, language: &str| Side {
            image: Some(7),
            language: Some(language.to_owned()),
            ..side(source, "Ferry to leave an hour earlier", text)
        };
        let own = of(1, HARBOUR, "en-GB");
        assert_eq!(
            compare(&own, &of(2, COUNCIL, "de")),
            Verdict::Related(Relation::Translation)
        );
        assert_eq!(compare(&own, &of(2, COUNCIL, "en")), Verdict::Apart);
    }

    #[test]
    fn one_source_repeats_itself_only_word_for_word() {
        let own = side(1, "Ferry to leave an hour earlier", HARBOUR);
        let follow_up = format!("{HARBOUR} {COUNCIL}");
        let other = side(1, "Council asks about the ferry", &follow_up);
        assert_eq!(compare(&own, &other), Verdict::Related(Relation::FollowUp));
        assert!(same(
            &own,
            &side(1, "Ferry to leave an hour earlier", HARBOUR)
        ));
        assert!(!same(&own, &side(1, "Evening bulletin", HARBOUR)));
    }
}
