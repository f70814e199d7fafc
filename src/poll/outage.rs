//! Tells our own loss of the network from trouble at the origins.
//!
//! When most hosts fail to be reached within a short time, the fault is ours: no source pays for it. It is over when
//! one of the lost hosts is reached again, or several others in a row; one of those alone, in a local network perhaps,
//! may have been there all the time.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Sights count together that are no older than this.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Fewer hosts are no proof.
const LEAST_HOSTS: usize = 8;
/// This share of them must be lost, in percent.
const SHARE: usize = 80;
/// So many hosts reached in a row end an outage, even if none of them was lost.
const ROW: u32 = 3;

/// What was seen of the network lately.
#[derive(Debug, Default)]
pub struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last sight of each host.
    sights: HashMap<String, Sight>,
    /// Hosts that were lost when the outage was recognised; empty: there is none.
    lost: HashSet<String>,
    /// Hosts reached in a row during the outage.
    reached: u32,
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

impl Outage {
    /// Whether an outage goes on.
    pub fn is_on(&self) -> bool {
        !self.state().lost.is_empty()
    }

    /// Takes note that the poll of a source reached its host, or did not.
    pub fn note(&self, host: &str, source: i64, reached: bool, now: DateTime<Utc>) -> Network {
        let mut state = self.state();
        if !state.lost.is_empty() {
            if !reached {
                state.reached = 0;
                state.lost.insert(host.to_owned());
                return Network::Down;
            }
            state.reached += 1;
            if !state.lost.contains(host) && state.reached < ROW {
                return Network::Up;
            }
            *state = State::default();
            return Network::Back;
        }
        state
            .sights
            .retain(|_, sight| (now - sight.at).abs() <= WINDOW);
        if reached {
            let sight = Sight {
                at: now,
                reached,
                failed: Vec::new(),
            };
            state.sights.insert(host.to_owned(), sight);
            return Network::Up;
        }
        let lost = state.sights.values().filter(|sight| !sight.reached).count();
        let new = state.sights.get(host).is_none_or(|sight| sight.reached);
        let known = state.sights.contains_key(host);
        let (lost, all) = (
            lost + usize::from(new),
            state.sights.len() + usize::from(!known),
        );
        if all >= LEAST_HOSTS && lost * 100 >= all * SHARE {
            return state.lose(host);
        }
        let sight = state.sights.entry(host.to_owned()).or_insert(Sight {
            at: now,
            reached,
            failed: Vec::new(),
        });
        (sight.at, sight.reached) = (now, reached);
        sight.failed.push(source);
        Network::Up
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose(&mut self, host: &str) -> Network {
        let mut blamed = Vec::new();
        self.lost.insert(host.to_owned());
        for (host, sight) in self.sights.drain().filter(|(_, sight)| !sight.reached) {
            self.lost.insert(host);
            blamed.extend(sight.failed);
        }
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

    /// Notes sights of hosts by number, one a second, and returns what the last said.
    fn last(outage: &Outage, sights: &[(i64, bool)]) -> Network {
        let mut seen = Network::Up;
        for (second, (host, reached)) in (0..).zip(sights) {
            seen = outage.note(&format!("h{host}"), *host, *reached, at(second));
        }
        seen
    }

    #[test]
    fn eight_lost_hosts_are_an_outage_and_seven_are_not() {
        let lost: Vec<(i64, bool)> = (0..8).map(|host| (host, false)).collect();
        assert_eq!(last(&Outage::default(), &lost[..7]), Network::Up);
        let outage = Outage::default();
        assert_eq!(last(&outage, &lost), Network::Lost((0..7).collect()));
        assert!(outage.is_on());
        assert_eq!(outage.note("h9", 9, false, at(20)), Network::Down);
        assert_eq!(outage.note("nas.local", 10, true, at(21)), Network::Up);
        assert!(outage.is_on(), "a host that was never lost proves nothing");
        assert_eq!(outage.note("h3", 3, true, at(22)), Network::Back);
        assert!(!outage.is_on());
    }

    #[test]
    fn three_other_hosts_in_a_row_end_an_outage_too() {
        let outage = Outage::default();
        let lost: Vec<(i64, bool)> = (0..8).map(|host| (host, false)).collect();
        last(&outage, &lost);
        for (host, reached, seen) in [
            ("a", true, Network::Up),
            ("b", true, Network::Up),
            ("c", false, Network::Down),
            ("d", true, Network::Up),
            ("e", true, Network::Up),
            ("f", true, Network::Back),
        ] {
            assert_eq!(outage.note(host, 9, reached, at(10)), seen, "{host}");
        }
    }

    #[test]
    fn one_host_with_many_sources_is_one_host() {
        let same: Vec<(i64, bool)> = (0..50).map(|_| (1, false)).collect();
        assert_eq!(last(&Outage::default(), &same), Network::Up);
    }

    #[test]
    fn a_fifth_of_the_hosts_reached_is_no_outage() {
        let mixed = |reached: i64, lost: i64| {
            let reached = (0..reached).map(|host| (100 + host, true));
            let sights: Vec<_> = reached.chain((0..lost).map(|host| (host, false))).collect();
            last(&Outage::default(), &sights)
        };
        assert_eq!(mixed(3, 11), Network::Up);
        assert_eq!(mixed(2, 7), Network::Up);
        assert_eq!(mixed(2, 8), Network::Lost((0..7).collect()));
    }

    #[test]
    fn what_failed_long_ago_or_was_reached_since_does_not_count() {
        let outage = Outage::default();
        for host in 0..7 {
            outage.note(&format!("h{host}"), host, false, at(0));
        }
        assert_eq!(outage.note("h7", 7, false, at(301)), Network::Up);
        let healed: Vec<(i64, bool)> = (0..7)
            .flat_map(|host| [(host, false), (host, true)])
            .chain([(8, false)])
            .collect();
        assert_eq!(last(&Outage::default(), &healed), Network::Up);
    }
}
