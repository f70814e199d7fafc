//! Tells our own loss of the network from trouble at the origins.
//!
//! When most hosts that gave no trouble before fail to be reached within a short time, the fault is ours: no source pays
//! for it. It is over when a host is reached that was not reached shortly before it was recognised; those that were, in
//! a local network perhaps, prove nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Sights count together that are no older than this.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Fewer hosts are no proof.
const LEAST_HOSTS: usize = 8;
/// This share of them must be lost, in percent.
const SHARE: usize = 80;
/// An outage during which some hosts were reached all the time is none after so long: the others are dead.
const LONGEST_PARTIAL: TimeDelta = TimeDelta::hours(1);
/// After such an error failures count again for so long, whatever is lost.
const DOUBT: TimeDelta = TimeDelta::days(1);

/// What was seen of the network lately.
#[derive(Debug, Default)]
pub struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last sight of each host; none during an outage.
    sights: HashMap<String, Sight>,
    outage: Option<Recognised>,
    /// No outage is recognised before.
    doubt_until: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Recognised {
    at: DateTime<Utc>,
    /// Hosts that were reached shortly before.
    near: HashSet<String>,
}

#[derive(Debug)]
struct Sight {
    at: DateTime<Utc>,
    reached: bool,
    /// Sources whose polls failed there in the window.
    failed: Vec<i64>,
}

/// What one more sight says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing special.
    Up,
    /// An outage of ours, recognised now; polls of these sources have been counted as failures wrongly.
    Lost(Vec<i64>),
    /// It goes on.
    Down,
    /// It is over.
    Back,
}

/// A poll, as far as it concerns the network.
#[derive(Clone, Copy, Debug)]
pub struct Try<'t> {
    /// What shares a gate (`fetch::host_key`).
    pub host: &'t str,
    /// `sources.id`.
    pub source: i64,
    /// The source failed before, by whatever cause.
    pub failing: bool,
    /// The host was reached.
    pub reached: bool,
}

impl Outage {
    /// Whether an outage goes on.
    pub fn is_on(&self) -> bool {
        self.state().outage.is_some()
    }

    /// Takes note of a poll that ended at `now`.
    pub fn note(&self, tried: Try<'_>, now: DateTime<Utc>) -> Network {
        let mut state = self.state();
        match &state.outage {
            Some(outage) => {
                let partial = outage.near.contains(tried.host);
                let long = now - outage.at >= LONGEST_PARTIAL;
                match (tried.reached, partial) {
                    (false, _) => Network::Down,
                    (true, true) if !long => Network::Up,
                    (true, _) => {
                        *state = State {
                            doubt_until: partial.then(|| now + DOUBT),
                            ..State::default()
                        };
                        Network::Back
                    }
                }
            }
            None => state.look(tried, now),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self, tried: Try<'_>, now: DateTime<Utc>) -> Network {
        self.sights
            .retain(|_, sight| (now - sight.at).abs() <= WINDOW);
        if tried.failing && !tried.reached {
            return Network::Up; // It says nothing new.
        }
        let sight = self
            .sights
            .entry(tried.host.to_owned())
            .or_insert_with(|| Sight {
                at: now,
                reached: false,
                failed: Vec::new(),
            });
        (sight.at, sight.reached) = (now, tried.reached);
        if tried.reached {
            sight.failed.clear();
            return Network::Up;
        }
        let lost = self.sights.values().filter(|sight| !sight.reached).count();
        let enough = self.sights.len() >= LEAST_HOSTS && lost * 100 >= self.sights.len() * SHARE;
        if enough && self.doubt_until.is_none_or(|until| until <= now) {
            return self.lose(now);
        }
        if let Some(sight) = self.sights.get_mut(tried.host) {
            sight.failed.push(tried.source);
        }
        Network::Up
    }

    fn lose(&mut self, now: DateTime<Utc>) -> Network {
        let (near, lost): (Vec<_>, Vec<_>) =
            self.sights.drain().partition(|(_, sight)| sight.reached);
        self.outage = Some(Recognised {
            at: now,
            near: near.into_iter().map(|(host, _)| host).collect(),
        });
        let mut blamed: Vec<i64> = lost
            .into_iter()
            .flat_map(|(_, sight)| sight.failed)
            .collect();
        blamed.sort_unstable();
        Network::Lost(blamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn note(outage: &Outage, host: i64, reached: bool, seconds: i64) -> Network {
        let name = format!("h{host}");
        let tried = Try {
            host: &name,
            source: host,
            failing: false,
            reached,
        };
        outage.note(tried, at(seconds))
    }

    /// Notes sights of hosts by number, one a second, and returns what the last said.
    fn last(outage: &Outage, sights: impl IntoIterator<Item = (i64, bool)>) -> Network {
        let mut seen = Network::Up;
        for (second, (host, reached)) in (0..).zip(sights) {
            seen = note(outage, host, reached, second);
        }
        seen
    }

    fn lost(hosts: i64) -> impl Iterator<Item = (i64, bool)> {
        (0..hosts).map(|host| (host, false))
    }

    #[test]
    fn eight_lost_hosts_are_an_outage_and_seven_are_not() {
        assert_eq!(last(&Outage::default(), lost(7)), Network::Up);
        let outage = Outage::default();
        assert_eq!(last(&outage, lost(8)), Network::Lost((0..7).collect()));
        assert_eq!(note(&outage, 9, false, 20), Network::Down);
        assert!(outage.is_on());
        assert_eq!(note(&outage, 10, true, 22), Network::Back);
        assert!(!outage.is_on());
    }

    #[test]
    fn one_host_with_many_sources_is_one_host() {
        let same = (0..50).map(|_| (1, false));
        assert_eq!(last(&Outage::default(), same), Network::Up);
    }

    #[test]
    fn more_than_a_fifth_of_the_hosts_reached_is_no_outage() {
        let mixed = |reached: i64, hosts: i64| {
            let reached = (0..reached).map(|host| (100 + host, true));
            last(&Outage::default(), reached.chain(lost(hosts)))
        };
        assert_eq!(mixed(3, 11), Network::Up);
        assert_eq!(mixed(2, 7), Network::Up);
        assert_eq!(mixed(2, 8), Network::Lost((0..7).collect()));
    }

    #[test]
    fn what_failed_long_ago_or_was_reached_since_does_not_count() {
        let outage = Outage::default();
        for host in 0..7 {
            note(&outage, host, false, 0);
        }
        assert_eq!(note(&outage, 7, false, 301), Network::Up);
        let healed = (0..7).flat_map(|host| [(host, false), (host, true)]);
        assert_eq!(
            last(&Outage::default(), healed.chain([(8, false)])),
            Network::Up
        );
    }

    #[test]
    fn hosts_that_are_dead_already_are_no_sign() {
        let outage = Outage::default();
        for host in 0..20 {
            let name = format!("h{host}");
            let tried = Try {
                host: &name,
                source: host,
                failing: true,
                reached: false,
            };
            assert_eq!(outage.note(tried, at(host)), Network::Up);
        }
    }

    #[test]
    fn a_host_nearby_proves_nothing_but_that_the_rest_is_dead_if_it_lasts() {
        let outage = Outage::default();
        last(&outage, [(100, true)].into_iter().chain(lost(8)));
        assert_eq!(note(&outage, 100, true, 60), Network::Up);
        assert!(outage.is_on());
        assert_eq!(note(&outage, 100, true, 4000), Network::Back);
        for host in 0..20 {
            assert_eq!(note(&outage, host, false, 4001 + host), Network::Up);
        }
    }
}
