//! What a feed says of its pace: skipHours, skipDays, the syndication module.

use std::time::Duration;

use crate::model::Signals;
use crate::recover::Extras;

/// Fills `signals` from the feed's own elements. What cannot be read is left alone.
pub(super) fn fill(signals: &mut Signals, extras: &Extras) {
    let mut pace = Pace::default();
    for element in &extras.elements {
        pace.note(element.name, element.text.trim());
    }
    pace.fill(signals);
}

#[derive(Default)]
struct Pace {
    hours: Vec<u8>,
    days: Vec<u8>,
    period: Option<Duration>,
    frequency: Option<u32>,
}

impl Pace {
    fn note(&mut self, name: &str, value: &str) {
        match name {
            // RSS counts 0 to 23; older feeds 1 to 24.
            "hour" => self.hours.extend(
                value
                    .parse::<u8>()
                    .ok()
                    .filter(|hour| *hour <= 24)
                    .map(|hour| hour % 24),
            ),
            "day" => self.days.extend(weekday(value)),
            "sy:updatePeriod" => self.period = period(value),
            "sy:updateFrequency" => self.frequency = value.parse().ok().filter(|times| *times > 0),
            _ => {}
        }
    }

    fn fill(mut self, signals: &mut Signals) {
        for list in [&mut self.hours, &mut self.days] {
            list.sort_unstable();
            list.dedup();
        }
        signals.skip_hours = self.hours;
        signals.skip_days = self.days;
        // RSS 1.0 syndication module: a period without a frequency means once, a frequency without a period a day.
        signals.update_period = match (self.period, self.frequency) {
            (None, None) => None,
            (period, frequency) => Some(period.unwrap_or(DAY) / frequency.unwrap_or(1)),
        };
    }
}

const DAY: Duration = Duration::from_secs(86_400);

fn period(value: &str) -> Option<Duration> {
    const PERIODS: [(&str, u32); 4] = [
        ("daily", 1),
        ("weekly", 7),
        ("monthly", 30),
        ("yearly", 365),
    ];
    if value.eq_ignore_ascii_case("hourly") {
        return Some(DAY / 24);
    }
    PERIODS
        .iter()
        .find(|(name, _)| value.eq_ignore_ascii_case(name))
        .map(|(_, days)| DAY * *days)
}

fn weekday(value: &str) -> Option<u8> {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    NAMES
        .iter()
        .zip(0..)
        .find(|(name, _)| value.eq_ignore_ascii_case(name))
        .map(|(_, number)| number)
}
