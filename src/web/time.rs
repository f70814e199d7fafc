//! Instants for people: days and times of one zone, the exact instant beside them.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::labels;

/// The day of an instant.
pub(super) fn day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// `Tuesday, 24 November 2026`.
pub(super) fn long_day(day: NaiveDate) -> String {
    labels::day(day)
}

/// The time within a day; the script makes it "2 hours ago".
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> Markup {
    let local = at.with_timezone(&zone);
    let full = format!(
        "{}, {}",
        labels::day(local.date_naive()),
        local.format("%H:%M %Z")
    );
    html! { time datetime=(exact(at)) title=(full) { (local.format("%H:%M").to_string()) } }
}

/// Day and time.
pub(super) fn full(at: DateTime<Utc>, zone: Tz) -> Markup {
    let local = at.with_timezone(&zone);
    let shown = format!(
        "{} {}",
        labels::short_day(local.date_naive()),
        local.format("%H:%M")
    );
    let title = format!(
        "{}, {}",
        labels::day(local.date_naive()),
        local.format("%H:%M:%S %Z")
    );
    html! { time datetime=(exact(at)) title=(title) { (shown) } }
}

/// RFC 3339 with `Z`.
pub(super) fn exact(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
