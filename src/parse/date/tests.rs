use super::*;

/// Reads `text` with Berlin as the home zone and prints what came out.
fn read(text: &str) -> String {
    match parse(text, chrono_tz::Europe::Berlin) {
        None => "none".to_owned(),
        Some(stamp) if stamp.is_day => stamp.at.format("day %Y-%m-%dT%H:%M").to_string(),
        Some(stamp) => stamp.at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
    }
}

#[test]
fn dates_are_read_in_every_common_form() {
    let cases = [
        // RFC 2822 and its obsolete forms
        ("Mon, 05 Jan 2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
        ("Mon, 05 Jan 2026 10:00:00 +0130", "2026-01-05T08:30:00Z"),
        ("Mon, 5 Jan 2026 10:00 GMT", "2026-01-05T10:00:00Z"),
        ("05 Jan 2026 10:00:00 EST", "2026-01-05T15:00:00Z"),
        ("05 Jan 26 10:00:00 Z", "2026-01-05T10:00:00Z"),
        ("05 Jan 99 10:00:00 UT", "1999-01-05T10:00:00Z"),
        ("Thurs, 05 Jan 2026 10:00:00 -0000", "2026-01-05T10:00:00Z"),
        ("Sun, 05 January 2026 9:05:07 PST", "2026-01-05T17:05:07Z"),
        ("Mon, 05 Jan 2026 24:00:00 GMT", "2026-01-06T00:00:00Z"),
        ("Mon, 05 Jan 2026 23:59:60 GMT", "2026-01-05T23:59:59Z"),
        ("Mon,05 Jan 2026 10:00:00 IST", "2026-01-05T04:30:00Z"),
        ("Mon, 05 Jan 2026 10:00:00 CEST", "2026-01-05T08:00:00Z"),
        ("Mon, 06 Jul 2026 10:00:00 ET", "2026-07-06T14:00:00Z"),
        (
            "Mon, 05 Jan 2026 10:00:00 Europe/Brussels",
            "2026-01-05T09:00:00Z",
        ),
        (
            "Mon, 05 Jan 2026 10:00:00 GMT-07:00",
            "2026-01-05T17:00:00Z",
        ),
        (
            "Mon, 05 Jan 2026 10:00:00.250 GMT",
            "2026-01-05T10:00:00.250Z",
        ),
        ("05 Jan, 2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
        (
            "Monday, 5th January 2026 10:00:00 GMT",
            "2026-01-05T10:00:00Z",
        ),
        ("Mon, 05-Jan-2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
        ("Mon, 05 Jan 2026 10:00:00", "2026-01-05T09:00:00Z"),
        ("Mon, 05 Jan 2026", "day 2026-01-05T11:00"),
        // RFC 3339 and ISO 8601
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
        (
            "2026-01-05t10:00:00.123456+01:00",
            "2026-01-05T09:00:00.123Z",
        ),
        ("2026-01-05T10:00Z", "2026-01-05T10:00:00Z"),
        ("2026-01-05 10:00:00", "2026-01-05T09:00:00Z"),
        ("2026-07-05 10:00:00", "2026-07-05T08:00:00Z"),
        ("2026-01-05 10:00:00 +0000", "2026-01-05T10:00:00Z"),
        ("2026-01-05T10:00:00-05", "2026-01-05T15:00:00Z"),
        ("2026-01-05 10:00:00 UTC", "2026-01-05T10:00:00Z"),
        ("2026/01/05 10:00", "2026-01-05T09:00:00Z"),
        ("20260105T100000Z", "2026-01-05T10:00:00Z"),
        ("2026-1-5 9:05:00 PM", "2026-01-05T20:05:00Z"),
        ("2026-01-05", "day 2026-01-05T11:00"),
        ("2026-01-05Z", "day 2026-01-05T12:00"),
        ("20260105", "day 2026-01-05T11:00"),
        ("2026-01", "day 2026-01-01T11:00"),
        ("2026", "day 2026-01-01T11:00"),
        // asctime, JavaScript, prose
        ("Mon Jan  5 10:00:00 2026", "2026-01-05T09:00:00Z"),
        ("Mon Jan 5 10:00:00 UTC 2026", "2026-01-05T10:00:00Z"),
        (
            "Mon Jan 05 2026 10:00:00 GMT+0100 (CET)",
            "2026-01-05T09:00:00Z",
        ),
        ("January 5, 2026 10:00 PM", "2026-01-05T21:00:00Z"),
        ("Jan. 5, 2026 at 12:30 a.m. GMT", "2026-01-05T00:30:00Z"),
        ("Sept 5, 2026", "day 2026-09-05T10:00"),
        ("5/13/2026 1:05:33 PM", "2026-05-13T11:05:33Z"),
        ("13.05.2026 08:00", "2026-05-13T06:00:00Z"),
        ("Fri, Jun 26 2026 10:04:03 AM", "2026-06-26T08:04:03Z"),
        ("Friday, December 25, 2026 - 3:09pm", "2026-12-25T14:09:00Z"),
        ("Monday 05 January 2026", "day 2026-01-05T11:00"),
        ("02 Monday, Mar 2026 15:04", "2026-03-02T14:04:00Z"),
        ("2026 January 05", "day 2026-01-05T11:00"),
        ("Jan. 2026", "day 2026-01-01T11:00"),
        ("10:04 13.01.2026 -0500", "2026-01-13T15:04:00Z"),
        ("5 Jan 2026 -0500", "day 2026-01-05T17:00"),
        // Offsets and zones in odd places
        ("Mon, 05 Jan 2026 10:00:00EST", "2026-01-05T15:00:00Z"),
        (
            "Mon, 05 Jan 2026 10:00:00 MST-07:00",
            "2026-01-05T17:00:00Z",
        ),
        ("Mon, 05 Jan 2026 10:00:00 --0700", "2026-01-05T17:00:00Z"),
        ("Mon, 05 Jan 2026 10:00:00 -700", "2026-01-05T17:00:00Z"),
        ("Mon, 05 Jan 2026 10:00:00 −07", "2026-01-05T17:00:00Z"),
        ("Mon Jan 05 10:00:00 -0700 2026", "2026-01-05T17:00:00Z"),
        ("Mon, 05 Jan 2026 10:00:00 (EST)", "2026-01-05T15:00:00Z"),
        (
            "Mon, 05 Jan 2026 10:00:00 Etc/GMT+5",
            "2026-01-05T15:00:00Z",
        ),
        (
            "2026-01-05 10:00:00.364419679 +0200 EET",
            "2026-01-05T08:00:00.364Z",
        ),
        ("2026-01-05 10:00:00 +0300 +03", "2026-01-05T07:00:00Z"),
        (
            "2026-01-05T10:00:00+01:00[Europe/Paris]",
            "2026-01-05T09:00:00Z",
        ),
        ("2026-01-05T10:00:00:-0700", "2026-01-05T17:00:00Z"),
        ("2026-01-05T10:00:00-07:00Z", "2026-01-05T17:00:00Z"),
        ("2026-01-05T10:00:00-07:00:00", "2026-01-05T17:00:00Z"),
        ("2026-01-05-05:00", "day 2026-01-05T17:00"),
        ("2026-01-05T10:00:00,25Z", "2026-01-05T10:00:00.250Z"),
        // ISO 8601 weeks and days of the year
        ("2026-W02", "day 2026-01-05T11:00"),
        ("2026-W02-3", "day 2026-01-07T11:00"),
        ("2026W023T10:00Z", "2026-01-07T10:00:00Z"),
        ("2026-005", "day 2026-01-05T11:00"),
        ("2026005T1000Z", "2026-01-05T10:00:00Z"),
        ("20260105100000", "2026-01-05T09:00:00Z"),
        // Other languages
        ("Κυρ, 11 Ιαν 2026 12:00:00 EST", "2026-01-11T17:00:00Z"),
        ("5 Ιανουαρίου 2026, 3:04 μ.μ.", "2026-01-05T14:04:00Z"),
        ("2026-július-13T9:15-05:00", "2026-07-13T14:15:00Z"),
        ("2026. január 5. 10:00", "2026-01-05T09:00:00Z"),
        ("2026-01-05 오후 11:23:17", "2026-01-05T22:23:17Z"),
        ("2026년 01월 05일  01:31:15", "2026-01-05T00:31:15Z"),
        ("2026. 1. 5. 오전 12:04:05", "2026-01-04T23:04:05Z"),
        ("2026년 1월 5일 월요일 오후 3시 4분", "2026-01-05T14:04:00Z"),
        ("2026年1月5日(月) 10時30分15秒", "2026-01-05T09:30:15Z"),
        ("2026年1月5日星期一 下午3:04", "2026-01-05T14:04:00Z"),
        ("Mo, 05 Okt 2026 14:10:00 +0200", "2026-10-05T12:10:00Z"),
        ("am 5. März 2026 um 12:30 Uhr", "2026-03-05T11:30:00Z"),
        ("lun., 05 janv. 2026 10:00:00 +0100", "2026-01-05T09:00:00Z"),
        ("mardi 1er février 2022 à 10h30", "2022-02-01T09:30:00Z"),
        ("mar. 05 mai 2026 10h30", "2026-05-05T08:30:00Z"),
        ("mar, 10 mar 2026 10:00:00 GMT", "2026-03-10T10:00:00Z"),
        ("Пн, 05 янв 2026 13:16:28 +0300", "2026-01-05T10:16:28Z"),
        ("5 января 2026 г. в 10:00", "2026-01-05T09:00:00Z"),
        (
            "lunes, 5 de enero de 2026 a las 3:04 p. m.",
            "2026-01-05T14:04:00Z",
        ),
        (
            "segunda-feira, 5 de janeiro de 2026 às 10h30",
            "2026-01-05T09:30:00Z",
        ),
        (
            "lunedì 5 gennaio 2026 alle ore 10:30",
            "2026-01-05T09:30:00Z",
        ),
        ("ma 5 mrt 2026 10:30", "2026-03-05T09:30:00Z"),
        ("pt., 5 paź 2026 10:30", "2026-10-05T08:30:00Z"),
        ("Paz, 5 Oca 2026 10:30:00 +0300", "2026-01-05T07:30:00Z"),
        ("Po, 05 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00Z"),
        // Three numbers: read when one day fits only, or beside an American zone
        ("13/01/2026", "day 2026-01-13T11:00"),
        ("04/04/2026 10:00", "2026-04-04T08:00:00Z"),
        ("03/04/2026 10:00 EST", "2026-03-04T15:00:00Z"),
        ("13/04/2026 10:00 EST", "2026-04-13T15:00:00Z"),
        ("31/12/99", "day 1999-12-31T11:00"),
        // Unix
        ("1767607200", "2026-01-05T10:00:00Z"),
        ("1767607200123", "2026-01-05T10:00:00.123Z"),
        ("1767607200.5", "2026-01-05T10:00:00.500Z"),
        ("1767607200123456", "2026-01-05T10:00:00.123Z"),
        // The hour that the clock change skips, and the one it repeats
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_date_is_none() {
    let cases = [
        "",
        "soon",
        "Mon",
        "32 Jan 2026",
        "2026-13-01",
        "2026-02-30",
        "10:00:00",
        "5/6/2026",
        "5-6-2026",
        "05.06.07",
        "05 01 26",
        "13/5/26",
        "26-13-01",
        "Donnerstag, den 5. März 2026 um 10.5 Uhr",
        "2026-01T10:00",
        "Jan 2026 10:00",
        "Jan 5 6",
        "026, 26 Mar 2023 22:43:38 +0000",
        "5 jui 2026",
        "5 Jan 2026 10:00 11:00",
        "5 Jan 2026 AM",
        "2026-W54-1",
        "2026-366",
        "0000-00-00 00:00:00",
        "{{ date }}",
        "2 hours ago",
        "-",
        "05 Jan 2026 10:00:00 XQT",
        "05 Jan 2026 25:00:00 GMT",
        "2026-01-05T10:00:00+99:00",
        "１２",
        "−",
        "05 Jan 2026 10:00:00 é",
        "2026-01-05T10:00:00é",
        "é026-01-05",
        "Jan Jan Jan",
        "1:2:3:4 5 Jan 2026",
        "12",
    ];
    for text in cases {
        assert_eq!(read(text), "none", "{text}");
    }
}

/// The ways in which publishing programs write a whole date, as chrono spells them.
const HOUSE_FORMS: [&str; 16] = [
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %y %H:%M:%S %z",
    "%d %B %Y %H:%M:%S GMT%:z",
    "%A, %B %e, %Y %I:%M:%S %p %z",
    "%B %-d %Y, %-I:%M:%S %P UTC%z",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y%m%dT%H%M%S%z",
    "%Y/%m/%d %H:%M:%S %z",
    "%d.%m.%Y %H:%M:%S %z",
    "%G-W%V-%uT%H:%M:%S%:z",
    "%Y-%jT%H:%M:%S%:z",
    "%a %b %e %H:%M:%S %z %Y",
    "%a %b %d %Y %H:%M:%S GMT%z (Somewhere Time)",
    "%Y年%-m月%-d日 %H時%M分%S秒 %z",
    "%s",
];

/// January to December as dates print them.
const MONTHS: [[&str; 12]; 6] = [
    [
        "Ιαν", "Φεβ", "Μαρ", "Απρ", "Μαΐ", "Ιουν", "Ιουλ", "Αυγ", "Σεπ", "Οκτ", "Νοε", "Δεκ",
    ],
    [
        "янв.",
        "февр.",
        "мар.",
        "апр.",
        "мая",
        "июн.",
        "июл.",
        "авг.",
        "сент.",
        "окт.",
        "нояб.",
        "дек.",
    ],
    [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ],
    [
        "Jän", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez",
    ],
    [
        "Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara",
    ],
    [
        "sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru",
    ],
];

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[0-9 :/.,+TZaJnuMéwpmk年時日(−-]{0,40}|.{0,40}") {
        let _ = read(&text);
    }

    #[test]
    fn what_programs_write_reads_back_equal(
        seconds in 1_000_000_000i64..2_500_000_000,
        quarters in -48i32..56,
        form in proptest::sample::select(&HOUSE_FORMS[..]),
    ) {
        let zone = chrono::FixedOffset::east_opt(quarters * 900).expect("within a day");
        let at = DateTime::from_timestamp(seconds, 0).expect("in range");
        let text = at.with_timezone(&zone).format(form).to_string();
        let expected = Some(Timestamp { at, is_day: false });
        proptest::prop_assert_eq!(parse(&text, chrono_tz::Asia::Tokyo), expected, "{}", text);
    }

    #[test]
    fn localized_months_read_back_equal(
        seconds in 1_000_000_000i64..2_500_000_000,
        names in proptest::sample::select(&MONTHS[..]),
        month_first: bool,
    ) {
        use chrono::Datelike;
        let at = DateTime::from_timestamp(seconds, 0).expect("in range");
        let name = names[at.month0() as usize];
        let day = at.day();
        let date = if month_first { format!("{name} {day},") } else { format!("{day} {name}") };
        let text = format!("{date} {}", at.format("%Y %H:%M:%S +0000"));
        let expected = Some(Timestamp { at, is_day: false });
        proptest::prop_assert_eq!(parse(&text, chrono_tz::Asia::Tokyo), expected, "{}", text);
    }
}

proptest::proptest! {
    #[test]
    fn the_common_forms_are_read_the_same_both_ways(
        seconds in 800_000_000i64..2_000_000_000,
        minutes in -840i32..=840,
    ) {
        let zone = chrono::FixedOffset::east_opt(minutes * 60).expect("a zone");
        let at = DateTime::from_timestamp(seconds, 0).expect("an instant").with_timezone(&zone);
        for text in [at.to_rfc3339(), at.to_rfc2822()] {
            let other = any(&text, chrono_tz::UTC).map(|stamp| stamp.at);
            proptest::prop_assert_eq!(common(&text), other, "{}", &text);
            proptest::prop_assert_eq!(other, Some(at.to_utc()), "{}", &text);
        }
    }
}
