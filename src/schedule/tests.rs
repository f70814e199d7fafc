//! The next poll by example.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{RuleError, next_poll, rule, spread};
use crate::model::{Cadence, History, Rule, Signals};

const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// A Monday.
const NOW: &str = "2026-01-05T10:00:05Z";

pub(super) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a written instant")
}

pub(super) fn cadence(schedule: &str) -> Cadence {
    Cadence {
        rule: rule(schedule, Tz::UTC).expect("a valid schedule"),
        min: MINUTE * 15,
        max: DAY,
        respect_hints: true,
        budget: None,
    }
}

pub(super) fn failing(failures: u32) -> History {
    History {
        failures,
        ..History::default()
    }
}

/// The next poll after [`NOW`] is at `at` (or, for a stretched interval, up to 5 % after it), because of `why`.
fn check(schedule: &str, history: &History, signals: &Signals, at: &str, why: &str) {
    check_cadence(&cadence(schedule), history, signals, at, why);
}

fn check_cadence(cadence: &Cadence, history: &History, signals: &Signals, at: &str, why: &str) {
    let next = next_poll("example", cadence, history, signals, utc(NOW));
    assert_eq!(next.why, why);
    let late = next.at - utc(at);
    let allowed = match cadence.rule {
        Rule::Cron(_) => TimeDelta::zero(),
        _ => TimeDelta::minutes(3),
    };
    assert!(
        late >= TimeDelta::zero() && late <= allowed,
        "{why}: {} instead of {at}",
        next.at
    );
}

#[test]
fn a_schedule_is_adaptive_an_interval_or_a_crontab_line() {
    let interval = |text: &str| match rule(text, Tz::UTC).expect(text) {
        Rule::Every(interval) => interval,
        other => panic!("{text} is {other:?}"),
    };
    assert_eq!(interval("every 30m"), MINUTE * 30);
    assert_eq!(interval(" Every 1h 30m "), MINUTE * 90);
    assert_eq!(interval("every 1h30m"), MINUTE * 90);
    assert_eq!(interval("every 10 s"), Duration::from_secs(10));
    assert_eq!(interval("every 1w"), DAY * 7);
    assert!(matches!(rule("adaptive", Tz::UTC), Ok(Rule::Adaptive)));
    assert!(matches!(
        rule("*/15 6-22 * * MON-FRI", Tz::UTC),
        Ok(Rule::Cron(_))
    ));
    assert!(matches!(rule("@hourly", Tz::UTC), Ok(Rule::Cron(_))));
}

#[test]
fn a_schedule_that_cannot_be_read_names_the_cure() {
    let check = |text: &str, expected: &str| {
        let error = rule(text, Tz::UTC).expect_err(text).to_string();
        assert!(error.contains(expected), "`{text}` says: {error}");
    };
    check(
        "",
        "a schedule is missing: write adaptive, every 30m or a crontab(5) line",
    );
    check("30m", "`30m` is no interval: write every 30m");
    check("every", "`every` is no interval");
    check("every 30", "is no interval");
    check("every 30 minutes", "is no interval");
    check("every m", "is no interval");
    check("every 1.5h", "is no interval");
    check("every 0s", "an interval is between 1s and 366d");
    check("every 400d", "an interval is between 1s and 366d");
    check(
        "every 99999999999999999999d",
        "an interval is between 1s and 366d",
    );
    check("adaptiv", "is no interval");
    check("61 * * * *", "minute 61 is out of range 0-59");
    assert!(matches!(
        rule("every day", Tz::UTC),
        Err(RuleError::Interval { .. })
    ));
}

#[test]
fn the_cadence_decides_when_nothing_else_asks_for_more() {
    let (fine, quiet) = (History::default(), Signals::default());
    check(
        "every 30m",
        &fine,
        &quiet,
        "2026-01-05T10:30:05Z",
        "every 30m",
    );
    check(
        "every 90m",
        &fine,
        &quiet,
        "2026-01-05T11:30:05Z",
        "every 1h 30m",
    );
    check(
        "0 */2 * * *",
        &fine,
        &quiet,
        "2026-01-05T12:00:00Z",
        "cron `0 */2 * * *`",
    );
    check(
        "adaptive",
        &fine,
        &quiet,
        "2026-01-05T11:00:05Z",
        "every 1h, until its pace is learned",
    );
    let slow = Cadence {
        min: HOUR * 3,
        ..cadence("adaptive")
    };
    check_cadence(
        &slow,
        &fine,
        &quiet,
        "2026-01-05T13:00:05Z",
        "every 3h, until its pace is learned",
    );
    let short = Signals {
        max_age: Some(MINUTE),
        ttl: Some(MINUTE * 5),
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &short,
        "2026-01-05T10:30:05Z",
        "every 30m",
    );
}

#[test]
fn a_fixed_interval_is_stretched_by_the_source_and_not_by_chance() {
    let after = |id: &str, schedule: &str| {
        next_poll(
            id,
            &cadence(schedule),
            &History::default(),
            &Signals::default(),
            utc(NOW),
        )
        .at - utc(NOW)
    };
    assert_eq!(after("one", "every 1h"), after("one", "every 1h"));
    assert_ne!(after("one", "every 1h"), after("two", "every 1h"));
    assert!(after("one", "every 10s") <= TimeDelta::milliseconds(10_500));
    assert!(after("one", "every 30d") <= TimeDelta::days(30) + TimeDelta::minutes(3));
}

#[test]
fn the_largest_hint_is_a_floor_up_to_the_maximum() {
    let fine = History::default();
    let max_age = Signals {
        max_age: Some(HOUR * 2),
        ttl: Some(HOUR),
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &max_age,
        "2026-01-05T12:00:05Z",
        "max-age of 2h",
    );
    let ttl = Signals {
        max_age: Some(HOUR),
        ttl: Some(HOUR * 2),
        ..Signals::default()
    };
    check(
        "adaptive",
        &fine,
        &ttl,
        "2026-01-05T12:00:05Z",
        "the feed's ttl of 2h",
    );
    let period = Signals {
        update_period: Some(DAY * 7),
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &period,
        "2026-01-06T10:00:05Z",
        "the feed's updatePeriod of 7d, cut to 1d",
    );
    check(
        "every 2d",
        &fine,
        &period,
        "2026-01-07T10:00:05Z",
        "every 2d",
    );
    let own = Cadence {
        respect_hints: false,
        ..cadence("every 10s")
    };
    check_cadence(&own, &fine, &period, "2026-01-05T10:00:15Z", "every 10s");
}

#[test]
fn a_cron_line_waits_for_its_own_firing_past_a_floor() {
    let fine = History::default();
    let ttl = |ttl| Signals {
        ttl: Some(ttl),
        ..Signals::default()
    };
    check(
        "0 */2 * * *",
        &fine,
        &ttl(HOUR * 3),
        "2026-01-05T14:00:00Z",
        "the feed's ttl of 3h",
    );
    check(
        "*/15 1-4,10 * * *",
        &fine,
        &ttl(HOUR * 6),
        "2026-01-06T01:00:00Z",
        "the feed's ttl of 6h",
    );
    // The response took five seconds: that does not cost a whole hour.
    check(
        "@hourly",
        &fine,
        &ttl(HOUR),
        "2026-01-05T11:00:05Z",
        "the feed's ttl of 1h",
    );
    check(
        "@hourly",
        &fine,
        &ttl(HOUR + MINUTE * 5),
        "2026-01-05T12:00:00Z",
        "the feed's ttl of 1h 5m",
    );
    check(
        "* * * * *",
        &fine,
        &ttl(MINUTE * 2 + Duration::from_secs(4)),
        "2026-01-05T10:03:00Z",
        "the feed's ttl of 2m 4s",
    );
}

#[test]
fn a_poll_leaves_skipped_hours_and_days() {
    let fine = History::default();
    let hours = Signals {
        skip_hours: vec![10, 11, 12],
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &hours,
        "2026-01-05T13:00:00Z",
        "the feed's skipHours",
    );
    check(
        "*/20 10-12,20 * * *",
        &fine,
        &hours,
        "2026-01-05T20:00:00Z",
        "the feed's skipHours",
    );
    let days = Signals {
        skip_days: vec![0],
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &days,
        "2026-01-06T00:00:00Z",
        "the feed's skipDays",
    );
    let both = Signals {
        skip_hours: vec![0, 1, 2, 3],
        skip_days: vec![0],
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &both,
        "2026-01-06T04:00:00Z",
        "the feed's skipDays",
    );
    let long = Signals {
        skip_days: vec![0, 1, 2],
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &long,
        "2026-01-06T10:00:05Z",
        "the feed's skipDays",
    );
    let all = Signals {
        skip_hours: (0..24).collect(),
        skip_days: (0..7).collect(),
        ..Signals::default()
    };
    check(
        "every 30m",
        &fine,
        &all,
        "2026-01-05T10:30:05Z",
        "every 30m",
    );
    let lifted = Cadence {
        respect_hints: false,
        ..cadence("every 30m")
    };
    check_cadence(&lifted, &fine, &hours, "2026-01-05T10:30:05Z", "every 30m");
}

#[test]
fn failures_double_the_interval_up_to_the_maximum() {
    let quiet = Signals::default();
    check(
        "every 30m",
        &failing(1),
        &quiet,
        "2026-01-05T11:00:05Z",
        "1 failure",
    );
    check(
        "every 30m",
        &failing(3),
        &quiet,
        "2026-01-05T14:00:05Z",
        "3 failures in a row",
    );
    check(
        "every 30m",
        &failing(u32::MAX),
        &quiet,
        "2026-01-06T10:00:05Z",
        "4294967295 failures in a row",
    );
    check(
        "every 2d",
        &failing(5),
        &quiet,
        "2026-01-07T10:00:05Z",
        "every 2d",
    );
    check(
        "every 1s",
        &failing(2),
        &quiet,
        "2026-01-05T10:01:05Z",
        "2 failures in a row",
    );
    check(
        "0 */2 * * *",
        &failing(1),
        &quiet,
        "2026-01-05T14:00:05Z",
        "1 failure",
    );
    check(
        "0 9 * * *",
        &failing(4),
        &quiet,
        "2026-01-07T09:00:00Z",
        "4 failures in a row",
    );
}

#[test]
fn retry_after_is_beyond_everything() {
    let quiet = Signals::default();
    let until = |at: &str| History {
        failures: 1,
        held_until: Some(utc(at)),
        ..History::default()
    };
    check(
        "every 10m",
        &until("2026-01-05T12:30:00Z"),
        &quiet,
        "2026-01-05T12:30:00Z",
        "Retry-After until 12:30 UTC",
    );
    let week = until("2026-01-12T10:00:00Z");
    check(
        "every 10m",
        &week,
        &quiet,
        "2026-01-12T10:00:00Z",
        "Retry-After until 2026-01-12 10:00 UTC",
    );
    check(
        "*/30 * * * *",
        &until("2026-01-05T12:31:00Z"),
        &quiet,
        "2026-01-05T12:31:00Z",
        "Retry-After until 12:31 UTC",
    );
    check(
        "*/30 * * * *",
        &until("2026-01-05T12:40:00Z"),
        &quiet,
        "2026-01-05T13:00:00Z",
        "Retry-After until 12:40 UTC",
    );
    check(
        "every 1h",
        &until("2026-01-05T10:00:00Z"),
        &quiet,
        "2026-01-05T12:00:05Z",
        "1 failure",
    );
}

#[test]
fn a_crowd_is_spread_over_a_window_that_grows_with_it() {
    let alone = spread("example", 1, HOUR);
    assert!(alone < Duration::from_millis(200));
    let window = Duration::from_secs(200);
    let offsets: Vec<Duration> = (0..1_000)
        .map(|index| spread(&format!("source-{index}"), 1_000, HOUR))
        .collect();
    assert!(offsets.iter().all(|offset| *offset < window));
    for quarter in 0..4 {
        let inside = offsets
            .iter()
            .filter(|offset| (window * quarter / 4..window * (quarter + 1) / 4).contains(*offset));
        assert!((200..300).contains(&inside.count()), "quarter {quarter}");
    }
    assert!(spread("example", usize::MAX, MINUTE) < MINUTE);
    assert_eq!(spread("example", 50, Duration::ZERO), Duration::ZERO);
}
