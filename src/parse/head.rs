//! What the head of an XML feed says and feed-rs drops: pace, and the base of relative references.
//!
//! One short walk that ends at the first entry.

use std::time::Duration;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::ParsedFeed;
use crate::model::Signals;

/// Fills `parsed.signals` and `parsed.base` from the channel's own elements. What cannot be read is left alone.
pub(super) fn read(text: &str, parsed: &mut ParsedFeed) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().trim_text(true);
    let mut pace = Pace::default();
    let mut path: Vec<String> = Vec::with_capacity(8);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                if is_entry(&start) {
                    break;
                }
                if path.len() < 2 && parsed.base.is_none() {
                    parsed.base = xml_base(&start);
                }
                path.push(local(&start).to_owned());
            }
            Ok(Event::Empty(start)) if is_entry(&start) => break,
            Ok(Event::End(_)) => {
                path.pop();
            }
            Ok(Event::Text(value)) => {
                if let Some(name) = path.last() {
                    pace.note(name, value.trim());
                }
            }
            Ok(Event::CData(value)) => {
                if let Some(name) = path.last() {
                    pace.note(name, value.trim());
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    pace.fill(&mut parsed.signals);
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
            "updatePeriod" => self.period = period(value),
            "updateFrequency" => self.frequency = value.parse().ok().filter(|times| *times > 0),
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

fn is_entry(start: &BytesStart<'_>) -> bool {
    matches!(local(start), "item" | "entry")
}

fn local<'a>(start: &'a BytesStart<'_>) -> &'a str {
    let name: &str = start.as_ref();
    let name = crate::recover::element_name(name);
    name.rsplit(':').next().unwrap_or(name)
}

fn xml_base(start: &BytesStart<'_>) -> Option<String> {
    let base = start
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.as_ref() == "xml:base")?;
    Some(base.value.trim().to_owned()).filter(|value| !value.is_empty())
}
