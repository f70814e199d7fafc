use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use proptest::prelude::*;

use super::Crontab;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a written instant")
}

/// The next firings of `line` in `timezone`, as local times with their offset.
fn firings(line: &str, timezone: Tz, after: &str, count: usize) -> Vec<String> {
    let crontab = Crontab::parse(line, timezone).expect("a valid line");
    let next = |at: &DateTime<Utc>| crontab.next_after(*at);
    std::iter::successors(next(&utc(after)), next)
        .take(count)
        .map(|at| {
            at.with_timezone(&timezone)
                .format("%d %H:%M%:z")
                .to_string()
        })
        .collect()
}

#[test]
fn a_line_means_what_crontab5_says() {
    let check = |line: &str, after: &str, expected: [&str; 3]| {
        let crontab = Crontab::parse(line, Tz::UTC).expect(line);
        let next = |at: &DateTime<Utc>| crontab.next_after(*at);
        let found: Vec<_> = std::iter::successors(next(&utc(after)), next)
            .take(3)
            .collect();
        assert_eq!(found, expected.map(utc), "{line}");
    };
    // 2026-01-01 is a Thursday.
    let after = "2026-01-01T10:07:30Z";
    check(
        "*/15 * * * *",
        after,
        [
            "2026-01-01T10:15:00Z",
            "2026-01-01T10:30:00Z",
            "2026-01-01T10:45:00Z",
        ],
    );
    check(
        "*/25 10,11 * * *",
        after,
        [
            "2026-01-01T10:25:00Z",
            "2026-01-01T10:50:00Z",
            "2026-01-01T11:00:00Z",
        ],
    );
    check(
        "0 6-22/8 * * MON-FRI",
        after,
        [
            "2026-01-01T14:00:00Z",
            "2026-01-01T22:00:00Z",
            "2026-01-02T06:00:00Z",
        ],
    );
    check(
        "0 0 * * 0",
        after,
        [
            "2026-01-04T00:00:00Z",
            "2026-01-11T00:00:00Z",
            "2026-01-18T00:00:00Z",
        ],
    );
    check(
        "0 0 * * 7",
        after,
        [
            "2026-01-04T00:00:00Z",
            "2026-01-11T00:00:00Z",
            "2026-01-18T00:00:00Z",
        ],
    );
    check(
        "0 0 * * 5-7",
        after,
        [
            "2026-01-02T00:00:00Z",
            "2026-01-03T00:00:00Z",
            "2026-01-04T00:00:00Z",
        ],
    );
    check(
        "0 0 * * sat-Sun",
        after,
        [
            "2026-01-03T00:00:00Z",
            "2026-01-04T00:00:00Z",
            "2026-01-10T00:00:00Z",
        ],
    );
    check(
        "0 0 1 FEB-apr *",
        after,
        [
            "2026-02-01T00:00:00Z",
            "2026-03-01T00:00:00Z",
            "2026-04-01T00:00:00Z",
        ],
    );
    check(
        "0 0 31 * *",
        after,
        [
            "2026-01-31T00:00:00Z",
            "2026-03-31T00:00:00Z",
            "2026-05-31T00:00:00Z",
        ],
    );
    check(
        "0 0 29 2 *",
        after,
        [
            "2028-02-29T00:00:00Z",
            "2032-02-29T00:00:00Z",
            "2036-02-29T00:00:00Z",
        ],
    );
    check(
        "@hourly",
        after,
        [
            "2026-01-01T11:00:00Z",
            "2026-01-01T12:00:00Z",
            "2026-01-01T13:00:00Z",
        ],
    );
    check(
        "@Daily",
        after,
        [
            "2026-01-02T00:00:00Z",
            "2026-01-03T00:00:00Z",
            "2026-01-04T00:00:00Z",
        ],
    );
    check(
        "@weekly",
        after,
        [
            "2026-01-04T00:00:00Z",
            "2026-01-11T00:00:00Z",
            "2026-01-18T00:00:00Z",
        ],
    );
    check(
        "@annually",
        after,
        [
            "2027-01-01T00:00:00Z",
            "2028-01-01T00:00:00Z",
            "2029-01-01T00:00:00Z",
        ],
    );
}

#[test]
fn either_day_is_enough_when_both_are_restricted() {
    // The 13th, or any Friday.
    let either = [
        "02 00:00+00:00",
        "09 00:00+00:00",
        "13 00:00+00:00",
        "16 00:00+00:00",
    ];
    assert_eq!(
        firings("0 0 13 * 5", Tz::UTC, "2026-01-01T00:00:00Z", 4),
        either
    );
    // A field that starts with a star does not restrict: odd days that are Fridays.
    let both = ["09 00:00+00:00", "23 00:00+00:00", "13 00:00+00:00"];
    assert_eq!(
        firings("0 0 */2 * 5", Tz::UTC, "2026-01-01T00:00:00Z", 3),
        both
    );
    // A whole range is still a restriction: every day.
    let all = ["02 00:00+00:00", "03 00:00+00:00", "04 00:00+00:00"];
    assert_eq!(
        firings("0 0 1-31 * 5", Tz::UTC, "2026-01-01T00:00:00Z", 3),
        all
    );
}

#[test]
fn an_instant_is_never_its_own_successor() {
    let crontab = Crontab::parse("0 * * * *", Tz::UTC).expect("a valid line");
    for (after, next) in [
        ("2026-01-01T09:59:59.999Z", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"),
        ("2026-01-01T10:00:00.001Z", "2026-01-01T11:00:00Z"),
    ] {
        assert_eq!(crontab.next_after(utc(after)), Some(utc(next)), "{after}");
    }
}

#[test]
fn a_gap_is_made_up_for_once_at_its_end() {
    let check = |line: &str, timezone: Tz, after: &str, expected: &[&str]| {
        assert_eq!(
            firings(line, timezone, after, expected.len()),
            expected,
            "{line} in {timezone}"
        );
    };
    // Berlin skips 02:00–03:00 on 29 March 2026.
    let before = "2026-03-28T12:00:00Z";
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        before,
        &["29 03:00+02:00", "30 02:30+02:00"],
    );
    check(
        "*/20 2 * * *",
        Tz::Europe__Berlin,
        before,
        &["29 03:00+02:00", "30 02:00+02:00"],
    );
    check(
        "0 2,3 * * *",
        Tz::Europe__Berlin,
        before,
        &["29 03:00+02:00", "30 02:00+02:00"],
    );
    check(
        "30 1-3 * * *",
        Tz::Europe__Berlin,
        before,
        &["29 01:30+01:00", "29 03:00+02:00", "29 03:30+02:00"],
    );
    // A line without given hours keeps to the clock.
    check(
        "30 * * * *",
        Tz::Europe__Berlin,
        "2026-03-28T23:40:00Z",
        &["29 01:30+01:00", "29 03:30+02:00"],
    );
    check(
        "0 */2 * * *",
        Tz::Europe__Berlin,
        "2026-03-28T22:40:00Z",
        &["29 00:00+01:00", "29 04:00+02:00"],
    );
    // New York skips 02:00–03:00 on 8 March 2026, Lord Howe 02:00–02:30 on 4 October 2026.
    check(
        "15 2 * * *",
        Tz::America__New_York,
        "2026-03-07T12:00:00Z",
        &["08 03:00-04:00", "09 02:15-04:00"],
    );
    check(
        "15 2 * * *",
        Tz::Australia__Lord_Howe,
        "2026-10-03T12:00:00Z",
        &["04 02:30+11:00", "05 02:15+11:00"],
    );
    check(
        "45 2 * * *",
        Tz::Australia__Lord_Howe,
        "2026-10-03T12:00:00Z",
        &["04 02:45+11:00", "05 02:45+11:00"],
    );
    // Casablanca leaves its Ramadan time at 02:00 on 22 March 2026.
    check(
        "30 2 * * *",
        Tz::Africa__Casablanca,
        "2026-03-21T12:00:00Z",
        &["22 03:00+01:00", "23 02:30+01:00"],
    );
    // Beirut skips midnight: the day's firing is not lost.
    check(
        "0 0 * * *",
        Tz::Asia__Beirut,
        "2026-03-28T12:00:00Z",
        &["29 01:00+03:00", "30 00:00+03:00"],
    );
}

#[test]
fn a_repeated_hour_doubles_no_line_with_given_hours() {
    let check = |line: &str, timezone: Tz, after: &str, expected: &[&str]| {
        assert_eq!(
            firings(line, timezone, after, expected.len()),
            expected,
            "{line} in {timezone}"
        );
    };
    // Berlin repeats 02:00–03:00 on 25 October 2026.
    let before = "2026-10-24T12:00:00Z";
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        before,
        &["25 02:30+02:00", "26 02:30+01:00"],
    );
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        "2026-10-25T00:45:00Z",
        &["26 02:30+01:00"],
    );
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        "2026-10-25T01:10:00Z",
        &["26 02:30+01:00"],
    );
    check(
        "30 1-3 * * *",
        Tz::Europe__Berlin,
        before,
        &["25 01:30+02:00", "25 02:30+02:00", "25 03:30+01:00"],
    );
    let both = [
        "25 02:00+02:00",
        "25 02:30+02:00",
        "25 02:00+01:00",
        "25 02:30+01:00",
        "25 03:00+01:00",
    ];
    check(
        "*/30 * * * *",
        Tz::Europe__Berlin,
        "2026-10-24T23:45:00Z",
        &both,
    );
    check(
        "*/30 * * * *",
        Tz::Europe__Berlin,
        "2026-10-25T00:40:00Z",
        &both[2..],
    );
    check(
        "0 */2 * * *",
        Tz::Europe__Berlin,
        "2026-10-24T23:00:00Z",
        &["25 02:00+02:00", "25 02:00+01:00", "25 04:00+01:00"],
    );
    // New York repeats 01:00–02:00 on 1 November 2026, Lord Howe 01:30–02:00 on 5 April 2026.
    check(
        "15 1 * * *",
        Tz::America__New_York,
        "2026-10-31T12:00:00Z",
        &["01 01:15-04:00", "02 01:15-05:00"],
    );
    check(
        "45 1 * * *",
        Tz::Australia__Lord_Howe,
        "2026-04-04T12:00:00Z",
        &["05 01:45+11:00", "06 01:45+10:30"],
    );
    let shift = [
        "05 01:15+11:00",
        "05 01:45+11:00",
        "05 01:45+10:30",
        "05 02:15+10:30",
    ];
    check(
        "15,45 * * * *",
        Tz::Australia__Lord_Howe,
        "2026-04-04T14:00:00Z",
        &shift,
    );
    // Casablanca enters its Ramadan time at 03:00 on 15 February 2026.
    check(
        "30 2 * * *",
        Tz::Africa__Casablanca,
        "2026-02-14T12:00:00Z",
        &["15 02:30+01:00", "16 02:30+00:00"],
    );
}

#[test]
fn errors_name_the_field_and_the_cure() {
    let check = |line: &str, expected: &str| {
        let error = Crontab::parse(line, Tz::UTC).expect_err(line).to_string();
        assert!(error.contains(expected), "`{line}` says: {error}");
    };
    check("61 * * * *", "minute 61 is out of range 0-59");
    check("* 24 * * *", "hour 24 is out of range 0-23");
    check("* * 0 * *", "day-of-month 0 is out of range 1-31");
    check("* * * 13 *", "month 13 is out of range 1-12");
    check("* * * * 8", "day-of-week 8 is out of range 0-7");
    check("* * * * 999", "day-of-week 999 is out of range 0-7");
    check(
        "0 */5 * * * *",
        "six fields: seconds are not part of crontab(5)",
    );
    check(
        "* * * *",
        "4 field(s): crontab(5) has five, minute hour day-of-month month day-of-week",
    );
    check("", "0 field(s)");
    check("5/15 * * * *", "a step needs a range, as in 5-59/15");
    check("*/0 * * * *", "a step is a number from 1, as in */15");
    check("*/x * * * *", "a step is a number from 1");
    check("0 22-2 * * *", "the range runs backwards; write 22-23,0-2");
    check("0 0 * * FRI-MON", "the range runs backwards; write 5-7,0-1");
    check(
        "0 0 L * *",
        "day-of-month `L` is not understood: write a number 1-31",
    );
    check("0 0 ? * 1", "day-of-month `?` is not understood");
    check(
        "0 0 * * 1#2",
        "day-of-week `1#2` is not understood: write a number 0-7, a name sun-sat",
    );
    check(
        "0 0 * sept *",
        "month `sept` is not understood: write a number 1-12, a name jan-dec",
    );
    check("1,,2 * * * *", "minute `` is not understood");
    check("-1 * * * *", "minute `` is not understood");
    check("@reboot", "`@reboot` is no schedule: use @hourly");
    check("@every 5m", "or `every 30m` without the @");
    check("0 0 30 2 *", "the line never fires");
    check("0 0 31 4,6 *", "the line never fires");
}

#[test]
fn the_calendar_ends_without_a_panic() {
    let crontab = Crontab::parse("@yearly", Tz::UTC).expect("a valid line");
    assert_eq!(crontab.next_after(utc("2101-01-01T00:00:00Z")), None);
    assert_eq!(crontab.line(), "@yearly");
}

/// A valid field of numbers between `low` and `high`; `star` puts a star in front of one in three.
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
