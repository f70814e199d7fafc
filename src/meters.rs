//! What is counted while the daemon runs, and how Prometheus reads it (text format 0.0.4).
//!
//! The names are a promise: `docs/metrics.md` lists them and a test freezes them. How many series there are is bounded:
//! outcomes and status codes come from short lists, and of sources there are at most [`MOST_SOURCES`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus::core::Collector;
use prometheus::{
    Encoder, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, TextEncoder,
};

/// Sources with series of their own.
pub const MOST_SOURCES: usize = 5_000;

/// Content-Type of what [`Meters::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The scheduler comes round once a minute, or every five while the store refuses writes; when it has not for this long, it hangs.
const LONGEST_TURN: Duration = Duration::from_secs(600);

/// Upper bounds of the buckets of [`Meters::polled`], in seconds.
const BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Counters of one process. Cloning is cheap, and all clones count together.
#[derive(Clone, Debug)]
pub struct Meters {
    polls: IntCounterVec,
    durations: Histogram,
    bytes: IntCounter,
    entries: IntCounterVec,
    requests: IntCounterVec,
    reloads: IntCounterVec,
    turn: Arc<Mutex<Turn>>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Of the scheduler; `None`: it has not begun.
    last: Option<Instant>,
    /// Polls in flight do not end.
    is_stuck: bool,
}

/// A gauge read at this moment: name without the prefix, help, and a value for each label value; an empty label is
/// none.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// Without `feedmill_`.
    pub name: &'static str,
    /// For people.
    pub help: &'static str,
    /// Name of the one label; empty: the gauge has none.
    pub label: &'static str,
    /// Label value and value.
    pub values: Vec<(String, f64)>,
}

impl Gauge {
    /// A gauge without a label.
    pub fn one(name: &'static str, help: &'static str, value: f64) -> Self {
        Self {
            name,
            help,
            label: "",
            values: vec![(String::new(), value)],
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let counter = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(opts(name, help), &[label]).expect("a sound name")
        };
        let durations = HistogramOpts::new(
            "feedmill_poll_duration_seconds",
            "Time from the request of a poll to the end of its document",
        )
        .buckets(BUCKETS.to_vec());
        Self {
            polls: counter("polls_total", "Polls that ended, by outcome", "outcome"),
            durations: Histogram::with_opts(durations).expect("sound buckets"),
            bytes: IntCounter::with_opts(opts(
                "fetched_bytes_total",
                "Bytes of bodies that polls received, as they came",
            ))
            .expect("a sound name"),
            entries: counter(
                "entries_total",
                "Entries that polls stored: new, revised, or merged into an article that was there",
                "kind",
            ),
            requests: counter(
                "http_requests_total",
                "Requests of readers, by status code",
                "code",
            ),
            reloads: counter(
                "config_reloads_total",
                "Readings of an edited configuration",
                "result",
            ),
            turn: Arc::default(),
        }
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("feedmill")
}

impl Meters {
    /// A poll ended: how, after what time, with a body of so many bytes.
    pub fn polled(&self, outcome: &str, took: Duration, body_bytes: Option<u64>) {
        self.polls.with_label_values(&[outcome]).inc();
        self.durations.observe(took.as_secs_f64());
        self.bytes.inc_by(body_bytes.unwrap_or_default());
    }

    /// Entries were stored.
    pub fn stored(&self, new: usize, revised: usize, merged: usize) {
        for (kind, count) in [("new", new), ("revised", revised), ("merged", merged)] {
            self.entries.with_label_values(&[kind]).inc_by(count as u64);
        }
    }

    /// A request was answered with this status code.
    pub fn answered(&self, code: u16) {
        self.requests.with_label_values(&[&code.to_string()]).inc();
    }

    /// An edited configuration was read.
    pub fn reloaded(&self, is_used: bool) {
        let result = if is_used { "used" } else { "refused" };
        self.reloads.with_label_values(&[result]).inc();
    }

    /// The scheduler came round; `is_stuck`: polls in flight do not end.
    pub fn turned(&self, is_stuck: bool) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn = Turn {
            last: Some(Instant::now()),
            is_stuck,
        };
    }

    /// What keeps the scheduler from getting on; `None`: nothing does.
    pub fn hang(&self) -> Option<&'static str> {
        self.hang_at(Instant::now())
    }

    fn hang_at(&self, now: Instant) -> Option<&'static str> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match turn.last {
            Some(last) if now.saturating_duration_since(last) > LONGEST_TURN => {
                Some("the scheduler does not come round")
            }
            Some(_) if turn.is_stuck => Some("polls do not end"),
            _ => None,
        }
    }

    /// All counters and these gauges in the text format.
    pub fn render(&self, gauges: &[Gauge]) -> Vec<u8> {
        let mut families = [
            self.polls.collect(),
            self.durations.collect(),
            self.bytes.collect(),
            self.entries.collect(),
            self.requests.collect(),
            self.reloads.collect(),
        ]
        .concat();
        for gauge in gauges {
            let labels: &[&str] = if gauge.label.is_empty() {
                &[]
            } else {
                &[gauge.label]
            };
            let Ok(family) = GaugeVec::new(opts(gauge.name, gauge.help), labels) else {
                continue;
            };
            for (label, value) in &gauge.values {
                let labels: &[&str] = if gauge.label.is_empty() {
                    &[]
                } else {
                    &[label]
                };
                family.with_label_values(labels).set(*value);
            }
            families.extend(family.collect());
        }
        families.retain(|family| !family.get_metric().is_empty());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        let mut text = Vec::new();
        // Writing to memory does not fail, and no family is empty.
        let _ = TextEncoder::new().encode(&families, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_gauges_are_written_in_the_text_format() {
        let meters = Meters::default();
        meters.polled("ok", Duration::from_millis(70), Some(10));
        meters
            .clone()
            .polled("ok", Duration::from_millis(300), None);
        meters.stored(2, 0, 1);
        let label = Gauge {
            name: "sources",
            help: "Sources",
            label: "state",
            values: vec![("ok".to_owned(), 3.0), ("a\"b\\".to_owned(), 1.0)],
        };
        let text = meters.render(&[Gauge::one("articles", "Articles", 7.0), label]);
        let text = String::from_utf8(text).expect("UTF-8");
        for line in [
            "# TYPE feedmill_polls_total counter",
            "feedmill_polls_total{outcome=\"ok\"} 2",
            "feedmill_poll_duration_seconds_bucket{le=\"0.1\"} 1",
            "feedmill_poll_duration_seconds_count 2",
            "feedmill_fetched_bytes_total 10",
            "feedmill_entries_total{kind=\"new\"} 2",
            "# TYPE feedmill_articles gauge",
            "feedmill_articles 7",
            "feedmill_sources{state=\"ok\"} 3",
            "feedmill_sources{state=\"a\\\"b\\\\\"} 1",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in\n{text}");
        }
        assert!(!text.contains("http_requests"), "nothing was asked");
    }

    #[test]
    fn a_scheduler_that_does_not_come_round_hangs_and_so_do_polls_that_never_end() {
        let (meters, now) = (Meters::default(), Instant::now());
        assert_eq!(
            meters.hang_at(now + LONGEST_TURN * 9),
            None,
            "it has not begun"
        );
        meters.turned(false);
        assert_eq!(meters.hang_at(now + LONGEST_TURN / 2), None);
        assert_eq!(
            meters.hang_at(now + LONGEST_TURN * 2),
            Some("the scheduler does not come round")
        );
        meters.turned(true);
        assert_eq!(meters.hang(), Some("polls do not end"));
    }
}
