//! Manners towards one host: only so many requests at once, and a pause between two starts.
//!
//! The limit over all hosts is the caller's. A host that asked for quiet is the schedule's business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use url::{Host, Position, Url};

use crate::text::registrable_domain;

/// Gates kept before the first look for idle ones.
const SWEEP_AT_LEAST: usize = 64;

/// What shares one gate: the registrable domain (public suffix list), or host and port for IP addresses and for
/// names without a public suffix such as `localhost`.
pub fn host_key(url: &Url) -> &str {
    let registrable = match url.host() {
        Some(Host::Domain(name)) => registrable_domain(name.trim_end_matches('.')),
        _ => None,
    };
    registrable.unwrap_or(&url[Position::BeforeHost..Position::AfterPort])
}

/// All gates.
#[derive(Debug)]
pub(super) struct Gates {
    at_once: usize,
    interval: Duration,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    gates: HashMap<Box<str>, Arc<Gate>>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Gate {
    slots: Arc<Semaphore>,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    /// The next request starts no sooner.
    next_start: Instant,
    /// Until then a connection may be kept open for the next request.
    kept_until: Instant,
}

/// Leave to talk to one host, until dropped.
#[derive(Debug)]
pub(super) struct Pass {
    key: Box<str>,
    gate: Arc<Gate>,
    interval: Duration,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Gates {
    /// Gates of `at_once` requests (at least one) that start `interval` apart.
    pub(super) fn new(at_once: usize, interval: Duration) -> Self {
        let table = Table {
            gates: HashMap::new(),
            sweep_at: SWEEP_AT_LEAST,
        };
        Self {
            at_once: at_once.clamp(1, Semaphore::MAX_PERMITS),
            interval,
            table: Mutex::new(table),
        }
    }

    /// Waits for a slot of the URL's host, first come, first served, and for the pause since its last start.
    pub(super) async fn enter(&self, url: &Url) -> Pass {
        let key = host_key(url);
        let gate = self.gate(key);
        // Acquiring only fails on a closed semaphore, and nobody closes it.
        let slot = Arc::clone(&gate.slots).acquire_owned().await.ok();
        let pass = Pass {
            key: key.into(),
            gate,
            interval: self.interval,
            _slot: slot,
        };
        pass.pause().await;
        pass
    }

    fn gate(&self, key: &str) -> Arc<Gate> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = table.gates.get(key) {
            return Arc::clone(gate);
        }
        table.sweep();
        let slots = Arc::new(Semaphore::new(self.at_once));
        let now = Instant::now();
        let times = Times {
            next_start: now,
            kept_until: now,
        };
        let gate = Arc::new(Gate {
            slots,
            times: Mutex::new(times),
        });
        table.gates.insert(key.into(), Arc::clone(&gate));
        gate
    }
}

impl Table {
    /// Forgets gates that nobody is at and whose pause is over, each time the table has doubled.
    fn sweep(&mut self) {
        if self.gates.len() < self.sweep_at {
            return;
        }
        let now = Instant::now();
        self.gates
            .retain(|_, gate| Arc::strong_count(gate) > 1 || gate.times().next_start > now);
        self.sweep_at = SWEEP_AT_LEAST.max(self.gates.len() * 2);
    }
}

impl Gate {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller's start, at the earliest now; the next one is `interval` later. `None` means at once.
    fn reserve(&self, interval: Duration) -> Option<Instant> {
        if interval.is_zero() {
            return None;
        }
        let now = Instant::now();
        let mut times = self.times();
        let start = now.max(times.next_start);
        times.next_start = start + interval;
        (start > now).then_some(start)
    }
}

impl Pass {
    /// Whether this pass is good for the URL too.
    pub(super) fn covers(&self, url: &Url) -> bool {
        *self.key == *host_key(url)
    }

    /// Waits until the host's next request may start.
    pub(super) async fn pause(&self) {
        if let Some(start) = self.gate.reserve(self.interval) {
            sleep_until(start).await;
        }
    }

    /// Whether the next request may meet a connection that an earlier one left open.
    pub(super) fn may_reuse(&self) -> bool {
        self.gate.times().kept_until > Instant::now()
    }

    /// Notes that a connection stays open for so long.
    pub(super) fn keeps_connection(&self, length: Duration) {
        self.gate.times().kept_until = Instant::now() + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn hosts_of_one_registrable_domain_share_a_key() {
        for (text, key) in [
            ("https://example.org/feed", "example.org"),
            ("https://www.blog.example.org:8443/feed", "example.org"),
            ("https://example.org./feed", "example.org"),
            ("http://user:secret@a.example.co.uk/feed", "example.co.uk"),
            ("https://one.github.io/feed", "one.github.io"),
            ("http://127.0.0.1:8080/feed", "127.0.0.1:8080"),
            ("http://127.0.0.1/feed", "127.0.0.1"),
            ("http://[::1]:8080/feed", "[::1]:8080"),
            ("http://localhost:9000/feed", "localhost:9000"),
        ] {
            assert_eq!(host_key(&url(text)), key, "{text}");
        }
    }

    #[tokio::test]
    async fn no_more_than_so_many_at_once_and_first_come_first_served() {
        let gates = Arc::new(Gates::new(1, Duration::ZERO));
        let feed = url("http://192.0.2.1/feed");
        let first = gates.enter(&feed).await;
        let (order, mut entered) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..3 {
            let (gates, feed, order) = (Arc::clone(&gates), feed.clone(), order.clone());
            tokio::spawn(async move {
                let _pass = gates.enter(&feed).await;
                order.send(number).expect("the test listens");
            });
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(entered.try_recv().is_err(), "nobody else may be in");
        drop(first);
        for number in 0..3 {
            assert_eq!(entered.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn other_hosts_do_not_wait() {
        let gates = Gates::new(1, Duration::from_secs(3600));
        let _one = gates.enter(&url("http://192.0.2.1/")).await;
        let _other = gates.enter(&url("http://192.0.2.2/")).await;
    }

    #[tokio::test]
    async fn starts_at_one_host_keep_their_distance() {
        let gates = Gates::new(2, Duration::from_millis(15));
        let feed = url("http://192.0.2.1/feed");
        let begin = Instant::now();
        let _first = gates.enter(&feed).await;
        let second = gates.enter(&feed).await;
        assert!(begin.elapsed() >= Duration::from_millis(15));
        second.pause().await;
        assert!(begin.elapsed() >= Duration::from_millis(30));
    }

    #[tokio::test]
    async fn idle_gates_are_forgotten() {
        let gates = Gates::new(1, Duration::ZERO);
        let held = gates.enter(&url("http://192.0.2.1/")).await;
        for number in 0..1000 {
            gates
                .enter(&url(&format!(
                    "http://host{number}.example.org{number}.com/"
                )))
                .await;
        }
        let table = gates.table.lock().expect("not poisoned");
        assert!(
            table.gates.len() <= SWEEP_AT_LEAST,
            "{} gates",
            table.gates.len()
        );
        assert!(table.gates.contains_key("192.0.2.1"));
        drop(held);
    }
}
