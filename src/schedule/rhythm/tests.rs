//! What is learned from entries and from silence.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CELLS, KEPT, Rhythm};

/// A Monday, midnight.
fn start() -> DateTime<Utc> {
    "2026-01-05T00:00:00Z".parse().expect("a written instant")
}

/// `days` days with entries at these minutes of each, polled each hour.
fn watched(days: i64, minutes: &[i64]) -> Rhythm {
    let mut rhythm = Rhythm::new(start());
    for hour in 1..=days * 24 {
        let now = start() + TimeDelta::hours(hour);
        let midnight = start() + TimeDelta::days((hour - 1) / 24);
        let entries = minutes
            .iter()
            .map(|minute| midnight + TimeDelta::minutes(*minute));
        let new = entries.filter(|entry| *entry <= now && *entry > now - TimeDelta::hours(1));
        rhythm.observe(&new.map(Some).collect::<Vec<_>>(), now);
    }
    rhythm
}

fn expected(rhythm: &Rhythm, from: usize, to: usize, step: f64) -> f64 {
    rhythm.forecast(step)[from..to].iter().sum()
}

#[test]
fn the_rate_comes_near_what_was_seen_and_fades_in_silence() {
    let rhythm = watched(20, &[130, 500, 910]);
    assert!(
        (2.3..3.7).contains(&rhythm.per_day()),
        "{}",
        rhythm.per_day()
    );
    let mut silent = rhythm.clone();
    silent.observe(&[], rhythm.watched_until() + TimeDelta::days(60));
    assert!(silent.per_day() < rhythm.per_day() / 2.0);
}

#[test]
fn a_column_is_expected_at_its_minute_and_hardly_elsewhere() {
    let rhythm = watched(14, &[14 * 60 + 5]);
    // Midnight; cells of 20 minutes: 13:45 to 14:25 are two of them.
    let at = expected(&rhythm, 41, 44, 20.0);
    let before = expected(&rhythm, 36, 39, 20.0);
    assert!(at > 0.3 && at > before * 10.0, "{at} and {before}");
}

#[test]
fn a_weekly_column_is_expected_after_two_weeks() {
    let mut rhythm = Rhythm::new(start());
    for week in 0..3 {
        let entry = start() + TimeDelta::days(7 * week) + TimeDelta::hours(9);
        rhythm.observe(&[Some(entry)], entry + TimeDelta::minutes(30));
    }
    let eve = start() + TimeDelta::days(21) + TimeDelta::hours(8);
    rhythm.observe(&[], eve);
    let hour = expected(&rhythm, 2, 4, 30.0);
    let later = expected(&rhythm, 8, 10, 30.0);
    assert!(hour > later * 5.0, "{hour} and {later}");
}

#[test]
fn batches_make_followers_and_not_a_higher_base() {
    let mut batches = Rhythm::new(start());
    for day in 1..=20 {
        let now = start() + TimeDelta::days(day);
        let batch = (0..10).map(|entry| Some(now - TimeDelta::minutes(20 * day + 3 * entry)));
        batches.observe(&batch.collect::<Vec<_>>(), now);
    }
    assert!(batches.follow() > 0.6, "{}", batches.follow());
    assert!(
        batches.base() * 1_440.0 < 3.0,
        "{}",
        batches.base() * 1_440.0
    );
    let calm = expected(&batches, 0, 4, 15.0);
    batches.observe(
        &[Some(batches.at + TimeDelta::minutes(50))],
        batches.at + TimeDelta::hours(1),
    );
    assert!(expected(&batches, 0, 4, 15.0) > calm * 2.0);
}

#[test]
fn the_first_document_teaches_what_watching_would_have() {
    let dates: Vec<_> = (0..40)
        .map(|entry| start() + TimeDelta::hours(12 * entry))
        .collect();
    let rhythm = Rhythm::seeded(&dates, start() + TimeDelta::hours(480));
    assert!(
        (1.4..2.4).contains(&rhythm.per_day()),
        "{}",
        rhythm.per_day()
    );
    assert_eq!(Rhythm::seeded(&[], start()), Rhythm::new(start()));
    let future = start() + TimeDelta::days(9);
    assert_eq!(Rhythm::seeded(&[future], start()), Rhythm::new(start()));
}

#[test]
fn undated_and_backdated_entries_count_within_the_gap() {
    let now = start() + TimeDelta::hours(6);
    let mut undated = Rhythm::new(start());
    undated.observe(&[None, None], now);
    let mut backdated = Rhythm::new(start());
    backdated.observe(
        &[
            Some(start() - TimeDelta::days(3)),
            Some(now + TimeDelta::days(1)),
        ],
        now,
    );
    assert_eq!(undated, backdated);
    assert_eq!(undated.recent.len(), 2);
    let mut back = undated.clone();
    back.observe(&[None], start());
    assert_eq!(back, undated, "the clock went back");
}

#[test]
fn it_survives_the_store_to_the_bit() {
    for rhythm in [Rhythm::new(start()), watched(30, &[60, 500, 501])] {
        let bytes = rhythm.to_bytes();
        assert!(bytes.len() <= 320);
        assert_eq!(Rhythm::from_bytes(&bytes).as_ref(), Some(&rhythm));
        assert_eq!(Rhythm::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Rhythm::from_bytes(&[&[9], &bytes[1..]].concat()), None);
    }
    assert_eq!(watched(60, &[60]).recent.len(), KEPT);
}

#[test]
fn any_step_gives_an_expectation() {
    let rhythm = watched(10, &[5, 700]);
    for step in [1e-3, 1.0, 60.0, 1_440.0, 50_000.0] {
        let cells = rhythm.forecast(step);
        assert!(
            cells.iter().all(|cell| cell.is_finite() && *cell >= 0.0),
            "{step}"
        );
        let mean = cells.iter().sum::<f64>() / (CELLS as f64 * step) * 1_440.0;
        assert!(
            step < 20.0 || (mean / rhythm.per_day() - 1.0).abs() < 0.5,
            "{step}: {mean}"
        );
    }
}
