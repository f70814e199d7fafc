//! Time zones as dates name them.

use chrono_tz::Tz;

/// What to subtract from a local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// Minutes east of UTC.
    Offset(i32),
    /// A zone whose offset depends on the date.
    Named(Tz),
}

/// Reads `Z`, `+01:00`, `-0500`, `+9`, `GMT+1`, `CET`, `ET`, `Europe/Brussels`. `None` for anything else.
pub(super) fn parse(text: &str) -> Option<Zone> {
    let text = text.trim();
    if let Some(minutes) = offset(text) {
        return Some(Zone::Offset(minutes));
    }
    let sign = text.find(['+', '-', '−']).filter(|at| *at > 0);
    if let Some(at) = sign
        && ["gmt", "utc", "ut", "z"].contains(&text[..at].trim().to_ascii_lowercase().as_str())
    {
        return offset(text[at..].trim()).map(Zone::Offset);
    }
    let upper = text.to_ascii_uppercase();
    ABBREVIATIONS
        .iter()
        .find(|(name, _)| *name == upper)
        .map(|(_, minutes)| Zone::Offset(*minutes))
        .or_else(|| {
            MEAN_ZONES
                .iter()
                .find(|(name, _)| *name == upper)
                .map(|(_, tz)| Zone::Named(*tz))
        })
        .or_else(|| {
            text.contains('/')
                .then(|| text.parse().ok().map(Zone::Named))?
        })
}

/// `+hh:mm`, `+hhmm`, `+hh`, `+h`: minutes. The minus may be U+2212.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '−' => (-1, &text['−'.len_utf8()..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |part: &str| {
        (part.len() <= 2 && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i32>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Letters with one common meaning, minutes east of UTC. Where several are in use the one most feeds mean is taken:
/// IST is India. Military letters other than Z are read as UTC (RFC 2822 §4.3: their sign cannot be trusted).
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("SAST", 120),
    ("MSK", 180),
    ("MSD", 240),
    ("TRT", 180),
    ("GST", 240),
    ("PKT", 300),
    ("IST", 330),
    ("NPT", 345),
    ("ICT", 420),
    ("WIB", 420),
    ("HKT", 480),
    ("SGT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("BRT", -180),
    ("ART", -180),
    ("NST", -210),
    ("NDT", -150),
    ("AST", -240),
    ("ADT", -180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("A", 0),
    ("B", 0),
    ("C", 0),
    ("D", 0),
    ("E", 0),
    ("F", 0),
    ("G", 0),
    ("H", 0),
    ("I", 0),
    ("K", 0),
    ("L", 0),
    ("M", 0),
    ("N", 0),
    ("O", 0),
    ("P", 0),
    ("Q", 0),
    ("R", 0),
    ("S", 0),
    ("T", 0),
    ("U", 0),
    ("V", 0),
    ("W", 0),
    ("X", 0),
    ("Y", 0),
];

/// Letters that leave open whether it is summer: the date tells.
const MEAN_ZONES: &[(&str, Tz)] = &[
    ("ET", chrono_tz::America::New_York),
    ("CT", chrono_tz::America::Chicago),
    ("MT", chrono_tz::America::Denver),
    ("PT", chrono_tz::America::Los_Angeles),
];
