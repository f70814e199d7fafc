//! Traces and what policies make of them.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Policy, Trace, TraceError, replay, same_polls};
use crate::model::{Budget, Cadence, Rule};
use crate::schedule::rule;

const HOUR: Duration = Duration::from_secs(3_600);

fn cadence(polls_per_hour: Option<f64>) -> Cadence {
    Cadence {
        rule: Rule::Adaptive,
        min: HOUR / 4,
        max: HOUR * 24,
        respect_hints: true,
        budget: polls_per_hour.map(|polls_per_hour| Budget { polls_per_hour }),
    }
}

/// Ten sources over twenty days: one of an entry an hour from 8 to 18, one of a daily column, the rest silent.
fn trace() -> Trace {
    let mut rows = String::from("feed,instant\n");
    for day in 5..25 {
        rows += &format!("column,2026-01-{day:02}T21:30:00Z\n");
        for hour in 8..18 {
            rows += &format!(
                "paper,2026-01-{day:02}T{hour:02}:{:02}:00Z\n",
                (hour * 7 + day * 11) % 60
            );
        }
    }
    for silent in 0..8 {
        rows += &format!("silent-{silent},\n");
    }
    Trace::read(&rows).expect("a trace")
}

#[test]
fn rows_are_read_in_any_order_and_errors_name_the_line() {
    let trace =
        Trace::read("b,\na,2026-01-05T10:00:00Z\na,2026-01-05T09:00:00+01:00\n").expect("read");
    assert!(trace.sources["b"].is_empty());
    assert!(trace.sources["a"].is_sorted());
    assert_eq!((trace.end - trace.start).num_hours(), 24);
    assert_eq!(Trace::read("feed,instant\nb,\n"), Err(TraceError::Empty));
    let wrong =
        Trace::read("feed,instant\na,2026-01-05T10:00:00Z\na,yesterday\n").expect_err("a bad row");
    assert!(
        wrong.to_string().starts_with("line 3: \"a,yesterday\""),
        "{wrong}"
    );
}

#[test]
fn fixed_intervals_and_cron_lines_wait_half_their_length() {
    let trace = trace();
    let hourly = replay(&trace, &Policy::Every(HOUR), &cadence(None));
    assert_eq!(hourly.polls, 10 * 20 * 24);
    assert_eq!(hourly.delays.len(), 220);
    assert!(
        hourly
            .delays
            .iter()
            .all(|delay| *delay <= TimeDelta::hours(1))
    );
    assert!(
        (25..35).contains(&hourly.mean().num_minutes()),
        "{}",
        hourly.mean()
    );
    let same = same_polls(&trace, hourly.polls);
    assert_eq!(same, hourly);
    let Ok(Rule::Cron(line)) = rule("0 * * * *", chrono_tz::Tz::UTC) else {
        panic!("a cron line");
    };
    let cron = replay(&trace, &Policy::Cron(line), &cadence(None));
    assert!(cron.polls.abs_diff(hourly.polls) <= 10, "{}", cron.polls);
}

#[test]
fn the_learned_schedule_is_fresher_for_the_same_polls() {
    let trace = trace();
    let budget = cadence(Some(40.0 / 24.0));
    let adaptive = replay(&trace, &Policy::Adaptive, &budget);
    let frequency = replay(&trace, &Policy::EntryFrequency, &budget);
    let wanted = 40.0 * 20.0;
    assert!(
        (adaptive.polls as f64 / wanted - 1.0).abs() < 0.15,
        "{}",
        adaptive.polls
    );
    assert!(frequency.polls as f64 <= wanted);
    assert_eq!(adaptive.delays.len(), 220);
    let fixed = same_polls(&trace, adaptive.polls);
    assert!(
        adaptive.mean() * 2 < fixed.mean(),
        "{} and {}",
        adaptive.mean(),
        fixed.mean()
    );
    assert!(adaptive.mean() < frequency.mean());
    assert_eq!(adaptive, replay(&trace, &Policy::Adaptive, &budget));
}

#[test]
fn a_larger_budget_means_more_polls_and_less_waiting() {
    let trace = trace();
    let at = |polls_per_hour| replay(&trace, &Policy::Adaptive, &cadence(Some(polls_per_hour)));
    let outcomes = [1.0, 2.0, 4.0, 8.0].map(at);
    assert!(
        outcomes.is_sorted_by(|less, more| less.polls < more.polls && less.mean() > more.mean())
    );
}
