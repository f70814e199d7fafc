//! Bounds and direction of the wait.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Bounds, wait};
use crate::schedule::Rhythm;

const HOUR: Duration = Duration::from_secs(3_600);

fn start() -> DateTime<Utc> {
    "2026-01-05T00:00:00Z".parse().expect("a written instant")
}

fn bounds(floor: Duration, ceiling: Duration) -> Bounds {
    Bounds {
        floor,
        ceiling,
        unpriced: floor / 2,
    }
}

/// Entries at a steady pace, in minutes, for thirty days.
fn steady(minutes: i64) -> Rhythm {
    let mut rhythm = Rhythm::new(start());
    let dates: Vec<_> = (1..=43_200 / minutes)
        .map(|entry| Some(start() + TimeDelta::minutes(minutes * entry)))
        .collect();
    for date in dates {
        rhythm.observe(&[date], date.expect("dated"));
    }
    rhythm
}

#[test]
fn a_column_is_polled_just_after_its_moment() {
    let mut rhythm = Rhythm::new(start());
    for day in 0..20 {
        let noon = start() + TimeDelta::days(day) + TimeDelta::hours(12);
        rhythm.observe(&[Some(noon)], noon + TimeDelta::minutes(10));
    }
    rhythm.observe(&[], start() + TimeDelta::days(20) + TimeDelta::hours(9));
    let wait = wait(&rhythm, 60.0, bounds(HOUR / 4, HOUR * 24));
    let minutes = wait.as_secs() / 60;
    assert!(
        (180..260).contains(&minutes),
        "{minutes} minutes after nine"
    );
}

#[test]
fn a_faster_source_is_asked_sooner_and_a_dearer_poll_later() {
    let bounds = bounds(HOUR / 12, HOUR * 24);
    let (fast, slow) = (steady(37), steady(2_000));
    for price in [1.0, 10.0, 100.0] {
        assert!(
            wait(&fast, price, bounds) <= wait(&slow, price, bounds),
            "{price}"
        );
        assert!(
            wait(&slow, price, bounds) <= wait(&slow, price * 16.0, bounds),
            "{price}"
        );
        assert!(
            wait(&fast, price, bounds) <= wait(&fast, price * 16.0, bounds),
            "{price}"
        );
    }
    assert_eq!(wait(&fast, 1e-9, bounds), bounds.floor);
    assert_eq!(wait(&slow, 1e9, bounds), bounds.ceiling);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_wait_is_between_its_bounds_and_no_matter_of_chance(
        gaps in prop::collection::vec(0..200_000i64, 0..60),
        silence in 1..10_000_000i64,
        price in -4.0..7.0f64,
        floor in 1..4_000_000u64,
        ceiling in 1..4_000_000u64,
    ) {
        let mut rhythm = Rhythm::new(start());
        let mut now = start();
        for gap in gaps {
            now += TimeDelta::seconds(gap);
            rhythm.observe(&[Some(now)], now);
        }
        rhythm.observe(&[], now + TimeDelta::seconds(silence));
        let bounds = bounds(Duration::from_secs(floor), Duration::from_secs(ceiling));
        let price = 10f64.powf(price);
        let waited = wait(&rhythm, price, bounds);
        prop_assert!(waited >= bounds.floor);
        prop_assert!(waited <= bounds.ceiling.max(bounds.floor));
        let stored = Rhythm::from_bytes(&rhythm.to_bytes()).expect("whole");
        prop_assert_eq!(wait(&stored, price, bounds), waited);
    }
}
