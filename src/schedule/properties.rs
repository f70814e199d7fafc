//! What holds for every next poll.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::next_poll;
use super::tests::{HOUR, cadence, failing};
use crate::model::{Cadence, History, Rule, Signals};

fn cadences() -> impl Strategy<Value = Cadence> {
    let schedule = prop_oneof![
        Just("adaptive".to_owned()),
        (1..200_000u32).prop_map(|seconds| format!("every {seconds}s")),
        prop::sample::select(vec![
            "* * * * *",
            "@hourly",
            "@daily",
            "*/7 3-5 * * 1-5",
            "0 0 1 * *",
            "30 2 29 2 *"
        ])
        .prop_map(str::to_owned),
    ];
    (schedule, 1..100_000u64, 1..200_000u64, any::<bool>()).prop_map(
        |(schedule, min, max, respect_hints)| Cadence {
            min: Duration::from_secs(min),
            max: Duration::from_secs(max),
            respect_hints,
            ..cadence(&schedule)
        },
    )
}

fn signals() -> impl Strategy<Value = Signals> {
    let wait = || prop::option::of((0..300_000u64).prop_map(Duration::from_secs));
    let skipped = |count| {
        prop::collection::btree_set(0..count, 0..=usize::from(count))
            .prop_map(|set| set.into_iter().collect())
    };
    (wait(), wait(), wait(), skipped(24u8), skipped(7u8)).prop_map(
        |(max_age, ttl, update_period, skip_hours, skip_days)| Signals {
            max_age,
            ttl,
            update_period,
            skip_hours,
            skip_days,
        },
    )
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (1_577_836_800_000i64..1_893_456_000_000)
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).expect("within the calendar"))
}

fn histories() -> impl Strategy<Value = (u32, Option<i64>)> {
    (
        prop_oneof![0..12u32, Just(u32::MAX)],
        prop::option::of(-100_000..700_000i64),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_poll_is_later_than_now_and_than_every_floor(
        cadence in cadences(), signals in signals(), now in instants(), (failures, held) in histories(),
    ) {
        let held_until = held.map(|seconds| now + TimeDelta::seconds(seconds));
        let history = History { failures, held_until, last_polled_at: Some(now), ..History::default() };
        let next = next_poll("example", &cadence, &history, &signals, now);
        prop_assert!(next.at > now);
        prop_assert!(held_until.is_none_or(|until| next.at >= until), "{:?} before the hold-off", next);
        if cadence.respect_hints {
            let hint = [signals.max_age, signals.ttl, signals.update_period].into_iter().flatten().max().unwrap_or_default();
            prop_assert!(next.at >= now + hint.min(cadence.max), "{:?} before the hint", next);
        }
        match &cadence.rule {
            Rule::Adaptive => prop_assert!(next.at >= now + HOUR.max(cadence.min)),
            Rule::Every(interval) => prop_assert!(next.at >= now + *interval),
            Rule::Cron(crontab) => prop_assert!(Some(next.at) >= crontab.next_after(now)),
        }
        prop_assert_eq!(next, next_poll("example", &cadence, &history, &signals, now));
    }

    #[test]
    fn one_more_failure_never_means_an_earlier_poll(
        cadence in cadences(), signals in signals(), now in instants(), failures in 0..40u32,
    ) {
        let poll = |failures| next_poll("example", &cadence, &failing(failures), &signals, now).at;
        prop_assert!(poll(failures) <= poll(failures + 1));
    }

    #[test]
    fn only_a_hold_off_or_the_cadence_itself_exceeds_the_maximum(
        cadence in cadences(), signals in signals(), now in instants(), failures in 0..40u32,
    ) {
        let quiet = next_poll("example", &cadence, &History::default(), &Signals::default(), now).at;
        let next = next_poll("example", &cadence, &failing(failures), &signals, now).at;
        let latest = now + cadence.max;
        match &cadence.rule {
            Rule::Cron(crontab) => prop_assert!(Some(next) <= crontab.next_after(latest).max(Some(quiet))),
            _ => prop_assert!(next <= latest.max(quiet)),
        }
    }
}
