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

/// Reads `Z`, `CET`, `ET`, `Europe/Brussels`. `None` for anything else.
pub(super) fn named(text: &str) -> Option<Zone> {
    if text.contains('/') {
        return text.parse().ok().map(Zone::Named);
    }
    let upper = text.to_ascii_uppercase();
    let offset = || {
        let (_, minutes) = ABBREVIATIONS.iter().find(|(name, _)| *name == upper)?;
        Some(Zone::Offset(*minutes))
    };
    let mean = || {
        let (_, tz) = MEAN_ZONES.iter().find(|(name, _)| *name == upper)?;
        Some(Zone::Named(*tz))
    };
    offset().or_else(mean)
}

/// Whether the letters are in use in North America only, where numeric dates begin with the month.
pub(super) fn is_american(text: &str) -> bool {
    const AMERICAN: [&str; 14] = [
        "EST", "EDT", "ET", "CST", "CDT", "CT", "MST", "MDT", "MT", "PST", "PDT", "PT", "AKST",
        "AKDT",
    ];
    AMERICAN.iter().any(|name| name.eq_ignore_ascii_case(text))
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
    ("IDT", 180),
    ("CAT", 120),
    ("SAST", 120),
    ("WAT", 60),
    ("EAT", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("TRT", 180),
    ("IRST", 210),
    ("SAMT", 240),
    ("YEKT", 300),
    ("UZT", 300),
    ("OMST", 360),
    ("GST", 240),
    ("PKT", 300),
    ("IST", 330),
    ("NPT", 345),
    ("ICT", 420),
    ("WIB", 420),
    ("KRAT", 420),
    ("NOVT", 420),
    ("WITA", 480),
    ("PHT", 480),
    ("IRKT", 480),
    ("WIT", 540),
    ("VLAT", 600),
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
    ("BRST", -120),
    ("UYT", -180),
    ("CLT", -240),
    ("BOT", -240),
    ("VET", -240),
    ("COT", -300),
    ("PET", -300),
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
