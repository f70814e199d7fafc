//! Time of one decision of the adaptive schedule: a poll is learned from, and the next one planned.
//!
//!     cargo bench --bench schedule
//!
//! Best of several rounds over sources of different paces, each with a full list of recent entries.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::model::{Cadence, History, Learned, Rule, Signals};
use feedmill::schedule::{Rhythm, STANDING_PRICE, next_poll};

const ROUNDS: usize = 20;
const DECISIONS: u32 = 2_000;

fn main() {
    let start = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let hour = Duration::from_secs(3_600);
    let cadence = Cadence {
        rule: Rule::Adaptive,
        min: hour / 4,
        max: hour * 24,
        respect_hints: true,
        budget: None,
    };
    for (name, minutes) in [
        ("an entry an hour", 60),
        ("a day", 1_440),
        ("a week", 10_080),
    ] {
        let dates: Vec<_> = (0..60)
            .map(|entry| start - TimeDelta::minutes(minutes * entry))
            .collect();
        let rhythm = Rhythm::seeded(&dates, start);
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            for decision in 1..=DECISIONS {
                let now = start + TimeDelta::seconds(i64::from(decision));
                let mut rhythm = rhythm.clone();
                rhythm.observe(&[], now);
                let history = History {
                    learned: Some(Learned {
                        rhythm,
                        price: STANDING_PRICE,
                    }),
                    ..History::default()
                };
                black_box(next_poll(
                    "source",
                    &cadence,
                    &history,
                    &Signals::default(),
                    now,
                ));
            }
            best = best.min(started.elapsed());
        }
        println!(
            "{name:20} {:6.2} µs a decision",
            best.as_secs_f64() * 1e6 / f64::from(DECISIONS)
        );
    }
}
