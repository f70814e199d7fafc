//! Crontab lines against the croner crate, and against our own rule spelt out minute by minute.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use proptest::prelude::*;

use super::Crontab;
use super::tests::utc;

/// A valid field of numbers between `low` and `high`.
fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
    let range = move || (low..=high).prop_flat_map(move |start| (Just(start), start..=high));
    let part = prop_oneof![
        (low..=high).prop_map(|value| value.to_string()),
        range().prop_map(|(start, end)| format!("{start}-{end}")),
        (range(), 1..=7u8).prop_map(|((start, end), step)| format!("{start}-{end}/{step}")),
    ];
    prop_oneof![
        Just("*".to_owned()),
        (1..=high.min(20)).prop_map(|step| format!("*/{step}")),
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(",")),
    ]
}

fn line() -> impl Strategy<Value = String> {
    (
        field(0, 59),
        field(0, 23),
        field(1, 31),
        field(1, 12),
        field(0, 7),
    )
        .prop_map(|(minute, hour, day, month, weekday)| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
}

/// A line that fires several times a day, every day: for the days on which clocks are moved.
fn daily_line() -> impl Strategy<Value = String> {
    (field(0, 59), field(0, 5)).prop_map(|(minute, hour)| format!("{minute} {hour} * * *"))
}

/// The same line for croner, whose own rule for the day fields looks for a bare `*` only.
fn oracle(line: &str) -> Cron {
    let fields: Vec<&str> = line.split(' ').collect();
    let both_days = fields[2].starts_with('*') || fields[4].starts_with('*');
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .dom_and_dow(both_days)
        .build();
    parser.parse(line).expect("croner reads the line too")
}

fn matches(cron: &Cron, local: NaiveDateTime) -> bool {
    cron.is_time_matching(&local.and_utc())
        .expect("a date within croner's calendar")
}

/// What our rule says, spelt out minute by minute over three days.
fn rule_by_minutes(line: &str, timezone: Tz, start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let cron = oracle(line);
    let keeps_to_clock = line
        .split(' ')
        .nth(1)
        .is_some_and(|hour| hour.starts_with('*'));
    let local = |at: DateTime<Utc>| at.with_timezone(&timezone).naive_local();
    let fires = |at: &DateTime<Utc>| {
        let here = local(*at);
        if keeps_to_clock {
            return matches(&cron, here);
        }
        let first_pass = timezone
            .from_local_datetime(&here)
            .earliest()
            .is_some_and(|first| first == *at);
        let mut skipped = local(*at - TimeDelta::minutes(1)) + TimeDelta::minutes(1);
        let mut missed = false;
        while skipped < here {
            missed |= matches(&cron, skipped);
            skipped += TimeDelta::minutes(1);
        }
        missed || (first_pass && matches(&cron, here))
    };
    (1..3 * 24 * 60)
        .map(|minute| start + TimeDelta::minutes(minute))
        .filter(fires)
        .collect()
}

/// A day before a change of the clock.
const MOVES: [(Tz, &str); 8] = [
    (Tz::Europe__Berlin, "2026-03-28T12:00:00Z"),
    (Tz::Europe__Berlin, "2026-10-24T12:00:00Z"),
    (Tz::America__New_York, "2026-03-07T12:00:00Z"),
    (Tz::America__New_York, "2026-10-31T12:00:00Z"),
    (Tz::Australia__Lord_Howe, "2026-10-03T00:00:00Z"),
    (Tz::Australia__Lord_Howe, "2026-04-04T00:00:00Z"),
    (Tz::Africa__Casablanca, "2026-03-21T12:00:00Z"),
    (Tz::Africa__Casablanca, "2026-02-14T12:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn fires_when_croner_does(line in line(), seconds in 1_577_836_800i64..1_893_456_000) {
        let start = DateTime::from_timestamp(seconds, 0).expect("within the calendar");
        let cron = oracle(&line);
        let Ok(crontab) = Crontab::parse(&line, Tz::UTC) else {
            prop_assert!(cron.find_next_occurrence(&start, false).is_err(), "{line} was refused");
            return Ok(());
        };
        let mut at = start;
        for _ in 0..5 {
            let expected = cron.find_next_occurrence(&at, false).expect("an occurrence");
            prop_assert_eq!(crontab.next_after(at), Some(expected), "{} after {}", line, at);
            at = expected;
        }
    }

    #[test]
    fn loses_and_doubles_nothing_where_clocks_move(line in daily_line(), index in 0..MOVES.len(), minute in 0i64..1500) {
        let (timezone, day) = MOVES[index];
        let start = utc(day) + TimeDelta::minutes(minute);
        let crontab = Crontab::parse(&line, timezone).expect("a valid line");
        let expected = rule_by_minutes(&line, timezone, start);
        let found: Vec<_> =
            std::iter::successors(crontab.next_after(start), |at| crontab.next_after(*at)).take(expected.len()).collect();
        prop_assert_eq!(found, expected, "{} in {} after {}", line, timezone, start);
    }

    #[test]
    fn agrees_with_croner_in_every_zone_where_the_rules_are_one(
        minute in 0..60u8, hour in prop_oneof![Just("*".to_owned()), (0..24u8).prop_map(|hour| hour.to_string())],
        index in 0..MOVES.len(), after in 0i64..4000,
    ) {
        let (timezone, day) = MOVES[index];
        let line = format!("{minute} {hour} * * *");
        let start = utc(day) + TimeDelta::minutes(after);
        let expected = oracle(&line).find_next_occurrence(&start.with_timezone(&timezone), false).expect("an occurrence");
        let crontab = Crontab::parse(&line, timezone).expect("a valid line");
        prop_assert_eq!(crontab.next_after(start), Some(expected.with_timezone(&Utc)), "{} in {} after {}", line, timezone, start);
    }
}
