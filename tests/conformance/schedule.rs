//! The adaptive schedule on the publication traces in `$FEEDMILL_TEST_DATA/schedule`: floor 15 minutes, started cold.

use std::path::Path;
use std::time::Duration;

use feedmill::model::{Budget, Cadence, Rule};
use feedmill::schedule::{Outcome, Policy, Trace, replay, same_polls};

/// Replays under a budget in polls per source-day.
fn at(trace: &Trace, policy: &Policy, per_source_day: f64) -> Outcome {
    let cadence = Cadence {
        rule: Rule::Adaptive,
        min: Duration::from_secs(900),
        max: Duration::from_secs(86_400),
        respect_hints: true,
        budget: Some(Budget {
            polls_per_hour: per_source_day * trace.sources.len() as f64 / 24.0,
        }),
    };
    replay(trace, policy, &cadence)
}

/// Mean and p90 beside another policy.
fn beside(own: &Outcome, other: &Outcome) -> (f64, f64) {
    let ratio = |own: chrono::TimeDelta, other: chrono::TimeDelta| {
        own.as_seconds_f64() / other.as_seconds_f64()
    };
    (
        ratio(own.mean(), other.mean()),
        ratio(own.quantile(0.9), other.quantile(0.9)),
    )
}

#[test]
fn the_learned_schedule_waits_less_for_the_same_polls() {
    let Some(data) = std::env::var_os("FEEDMILL_TEST_DATA") else {
        println!("skipped: FEEDMILL_TEST_DATA is not set");
        return;
    };
    let folder = Path::new(&data).join("schedule");
    let mut read = 0;
    let mut p90_sum = 0.0;
    for file in std::fs::read_dir(&folder).expect("a folder of traces") {
        let file = file.expect("a file").path();
        if file.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a readable trace");
        let trace = Trace::read(&text).expect("a trace");
        let name = file.display();

        let often = at(&trace, &Policy::Adaptive, 24.0);
        let budget = 24.0 * trace.source_days();
        assert!(
            (often.polls as f64) < budget * 1.005,
            "{name}: {} polls",
            often.polls
        );
        let (mean, p90) = beside(&often, &same_polls(&trace, often.polls));
        println!("{name}: 24 polls a source-day: mean {mean:.3}, p90 {p90:.3} of fixed intervals");
        assert!(mean <= 0.45, "{name}: mean {mean:.3}");
        p90_sum += p90;
        // The goal is 0.42: one of the two traces misses it (docs/schedule.md).
        assert!(p90 <= 0.45, "{name}: p90 {p90:.3}");

        let seldom = at(&trace, &Policy::Adaptive, 2.0);
        let budget = 2.0 * trace.source_days();
        assert!(
            (seldom.polls as f64) < budget * 1.01,
            "{name}: {} polls",
            seldom.polls
        );
        let (mean, p90) = beside(&seldom, &at(&trace, &Policy::EntryFrequency, 2.0));
        println!("{name}: 2 polls a source-day: mean {mean:.3}, p90 {p90:.3} of entry-frequency");
        assert!(mean <= 0.65, "{name}: mean {mean:.3}");
        assert!(p90 <= 0.5, "{name}: p90 {p90:.3}");
        read += 1;
    }
    assert!(read > 0, "no traces in {}", folder.display());
    assert!(
        p90_sum / f64::from(read) <= 0.435,
        "p90 {:.3}",
        p90_sum / f64::from(read)
    );
}
