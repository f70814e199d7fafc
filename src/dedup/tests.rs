use std::collections::HashMap;

use super::*;
use crate::sketch::{Blocks, Title};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

fn facts(id: &str, title: &str, hours: i64, text: &str) -> Facts {
    let hash = |s: &str| xxhash_rust::xxh3::xxh3_64(s.as_bytes()) as i64;
    Facts {
        entry_id: id.to_owned(),
        title: Some(title.to_owned()),
        dated: at(hours),
        content_hash: hash(&format!("{title}{text}")),
        text_hash: hash(&format!("{title}{}", text.replace('*', ""))),
    }
}

const HARBOUR: &str = "The ferry to the outer island leaves at nine from today and returns before the evening tide \
    because the pilots asked for daylight on both crossings until the new lights on the breakwater are tested";
const MARKET: &str = "Cabbage and leeks were cheap on the square this morning while the fish stalls stayed closed \
    after the storm and the baker sold out of rye before eight to people who had come for herring";

fn entry(facts: Facts, text: &'static str, slot: i64) -> (KnownEntry, &'static str) {
    (
        KnownEntry {
            entry: 7,
            article: 3,
            source: 1,
            slot,
            facts,
        },
        text,
    )
}

struct Stored(HashMap<i64, String>, Vec<(KnownEntry, Side)>);

impl Texts for Stored {
    fn sketch(&self, entry: i64) -> Sketch {
        sketch(self.0.get(&entry).map_or("", String::as_str))
    }

    fn near(&self) -> Vec<(KnownEntry, Side)> {
        self.1.clone()
    }

    fn members(&self, article: i64) -> Vec<Side> {
        let of = self.1.iter().filter(|(entry, _)| entry.article == article);
        of.map(|(_, side)| side.clone()).collect()
    }
}

fn sketch(text: &str) -> Sketch {
    Sketch::of(&Blocks::of(text), &|_| false)
}

fn side(source: i64, facts: &Facts, text: &str) -> Side {
    let title = Title::of(facts.title.as_deref());
    Side {
        sketch: sketch(text),
        generic_title: title.is_short(),
        title,
        source,
        image: None,
        language: None,
    }
}

fn check(
    candidate: Facts,
    new_text: &str,
    key: Option<(KnownEntry, &str)>,
    url: Option<(KnownEntry, &str)>,
) -> Decision {
    let texts = key
        .iter()
        .chain(&url)
        .map(|(entry, text)| (entry.entry, (*text).to_owned()));
    let texts = Stored(texts.collect(), Vec::new());
    let known = Known {
        same_key: key.map(|(entry, _)| entry),
        same_url: url.map(|(entry, _)| entry).into_iter().collect(),
        ..Known::default()
    };
    let side = side(2, &candidate, new_text);
    decide(&candidate, &side, &known, &texts).decision
}

#[test]
fn an_unknown_entry_is_a_new_article() {
    assert_eq!(
        check(facts("a", "Ferry", 0, HARBOUR), HARBOUR, None, None),
        Decision::New { slot: 0 }
    );
}

#[test]
fn the_same_key_with_the_same_content_is_unchanged() {
    let known = entry(facts("a", "Ferry", 0, HARBOUR), HARBOUR, 0);
    assert_eq!(
        check(facts("a", "Ferry", 0, HARBOUR), HARBOUR, Some(known), None),
        Decision::Unchanged { entry: 7 }
    );
}

#[test]
fn markup_alone_revises_silently() {
    let known = entry(facts("a", "Ferry", 0, HARBOUR), HARBOUR, 0);
    let marked = format!("*{HARBOUR}*");
    assert_eq!(
        check(facts("a", "Ferry", 0, &marked), HARBOUR, Some(known), None),
        Decision::Revised {
            entry: 7,
            article: 3,
            real: false
        }
    );
}

#[test]
fn a_new_sentence_or_a_new_title_is_a_real_change() {
    let longer = format!(
        "{HARBOUR}. Tickets bought for the old timetable stay valid until the end of the month."
    );
    let known = entry(facts("a", "Ferry", 0, HARBOUR), HARBOUR, 0);
    let real = Decision::Revised {
        entry: 7,
        article: 3,
        real: true,
    };
    assert_eq!(
        check(
            facts("a", "Ferry", 0, &longer),
            &longer,
            Some(known.clone()),
            None
        ),
        real
    );
    assert_eq!(
        check(
            facts("a", "Ferry moves", 0, HARBOUR),
            HARBOUR,
            Some(known),
            None
        ),
        real
    );
}

#[test]
fn one_word_in_a_long_text_is_minor() {
    let long: String = (0..400).map(|n| format!("word{n} ")).collect();
    let edited = long.replace("word200 ", "other ");
    let (old, new) = (
        facts("a", "Ferry", 0, &long),
        facts("a", "Ferry", 0, &edited),
    );
    let known = Known {
        same_key: Some(KnownEntry {
            entry: 7,
            article: 3,
            source: 1,
            slot: 0,
            facts: old,
        }),
        ..Known::default()
    };
    assert_eq!(
        decide(
            &new,
            &side(1, &new, &edited),
            &known,
            &Stored(HashMap::from([(7, long.clone())]), Vec::new())
        )
        .decision,
        Decision::Revised {
            entry: 7,
            article: 3,
            real: false
        }
    );
}

#[test]
fn a_key_reused_on_another_day_for_another_text_is_a_new_article() {
    let known = entry(facts("links", "Morning links", 0, HARBOUR), HARBOUR, 4);
    assert_eq!(
        check(
            facts("links", "Morning links", 24, MARKET),
            MARKET,
            Some(known),
            None
        ),
        Decision::New { slot: 5 }
    );
}

#[test]
fn a_late_edit_of_the_same_text_stays_the_same_article() {
    let longer = format!(
        "{HARBOUR}. Update: the first boat was full and a second one followed an hour later."
    );
    let known = entry(facts("a", "Ferry", 0, HARBOUR), HARBOUR, 0);
    assert_eq!(
        check(facts("a", "Ferry", 30, &longer), &longer, Some(known), None),
        Decision::Revised {
            entry: 7,
            article: 3,
            real: true
        }
    );
}

#[test]
fn one_link_in_two_sources_is_one_article() {
    let known = entry(facts("x", "Ferry leaves early", 0, HARBOUR), HARBOUR, 0);
    assert_eq!(
        check(facts("y", "Ferry", 2, "short"), "short", None, Some(known)),
        Decision::Joined {
            slot: 0,
            join: Join {
                article: 3,
                entry: 7,
                rung: Rung::Url,
                evidence: None
            }
        }
    );
}

#[test]
fn one_link_for_another_text_next_day_is_another_article() {
    let known = entry(facts("x", "Today on the square", 0, HARBOUR), HARBOUR, 0);
    assert_eq!(
        check(
            facts("y", "Today on the square", 24, MARKET),
            MARKET,
            None,
            Some(known)
        ),
        Decision::New { slot: 0 }
    );
}

#[test]
fn short_bulletins_with_other_numbers_are_other_articles() {
    const MONDAY: &str =
        "Water level at the lock gate 312 centimetres, wind 14 knots, ferry runs on time today";
    const TUESDAY: &str =
        "Water level at the lock gate 287 centimetres, wind 22 knots, ferry runs on time today";
    let known = entry(facts("level", "Level", 0, MONDAY), MONDAY, 0);
    assert_eq!(
        check(
            facts("level", "Level", 24, TUESDAY),
            TUESDAY,
            Some(known),
            None
        ),
        Decision::New { slot: 1 }
    );
}

#[test]
fn what_was_buried_stays_away() {
    let known = Known {
        buried: true,
        ..Known::default()
    };
    assert_eq!(
        decide(
            &facts("a", "t", 0, "x"),
            &side(1, &facts("a", "t", 0, "x"), "x"),
            &known,
            &Stored(HashMap::new(), Vec::new())
        )
        .decision,
        Decision::Buried
    );
}

#[test]
fn what_is_barred_founds_nothing_but_joins_what_lives() {
    let (other, _) = entry(facts("b", "Ferry", 0, HARBOUR), HARBOUR, 0);
    let decided = |same_url: Vec<KnownEntry>, barred| {
        let known = Known {
            same_url,
            barred,
            next_slot: 3,
            ..Known::default()
        };
        let facts = facts("a", "Ferry", 1, HARBOUR);
        let texts = Stored(HashMap::new(), Vec::new());
        decide(&facts, &side(1, &facts, HARBOUR), &known, &texts).decision
    };
    assert_eq!(decided(Vec::new(), true), Decision::Buried);
    assert_eq!(decided(Vec::new(), false), Decision::New { slot: 3 });
    let joined = decided(vec![other], true);
    assert!(matches!(
        joined,
        Decision::Joined {
            join: Join {
                rung: Rung::Url,
                ..
            },
            ..
        }
    ));
}

#[test]
fn the_fullest_then_the_preferred_then_the_earliest_entry_represents() {
    let plain = Member {
        entry: 1,
        scope: ContentScope::Full,
        priority: 0,
        has_image: false,
        has_author: false,
        published: Some(at(5)),
    };
    let summary = Member {
        entry: 2,
        scope: ContentScope::Summary,
        priority: 9,
        ..plain.clone()
    };
    assert_eq!(representative(&[summary, plain.clone()]), Some(1));
    assert_eq!(
        representative(&[
            plain.clone(),
            Member {
                entry: 2,
                priority: 1,
                ..plain.clone()
            }
        ]),
        Some(2)
    );
    assert_eq!(
        representative(&[
            plain.clone(),
            Member {
                entry: 2,
                has_image: true,
                ..plain.clone()
            }
        ]),
        Some(2)
    );
    assert_eq!(
        representative(&[
            plain.clone(),
            Member {
                entry: 2,
                published: Some(at(1)),
                ..plain.clone()
            }
        ]),
        Some(2)
    );
    assert_eq!(
        representative(&[
            Member {
                entry: 2,
                ..plain.clone()
            },
            plain
        ]),
        Some(1)
    );
    assert_eq!(representative(&[]), None);
}
