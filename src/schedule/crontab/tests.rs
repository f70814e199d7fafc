//! Crontab lines by example.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Crontab;

pub(super) fn utc(text: &str) -> DateTime<Utc> {
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
