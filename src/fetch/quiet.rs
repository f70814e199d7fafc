//! Places that asked to be left alone (429, RFC 6585 §4): the whole registrable domain, since one limit mostly stands
//! before all of it, and on request the address too.
//!
//! Instants are of the wall clock, as they outlive the process; the newest `now` of a fetch is the present.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use url::{Host, Url};

use super::gate::host_key;

/// Who wants quiet, and until when.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    by_address: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: DateTime<Utc>,
    until: HashMap<String, DateTime<Utc>>,
}

impl Quiet {
    /// Nobody yet; `by_address` holds off addresses as well as domains.
    pub(super) fn new(by_address: bool) -> Self {
        Self {
            by_address,
            state: Mutex::default(),
        }
    }

    /// It is `now`.
    pub(super) fn tick(&self, now: DateTime<Utc>) {
        self.state().now = now;
    }

    /// No request to a place before an instant.
    pub(super) fn hold(&self, place: String, until: DateTime<Utc>) {
        let mut state = self.state();
        let now = state.now;
        state.until.retain(|_, until| *until > now);
        let held = state.until.entry(place).or_insert(until);
        *held = until.max(*held);
    }

    /// Quiet for the place of a URL that answered from an address.
    pub(super) fn hold_all(&self, url: &Url, address: Option<IpAddr>, until: DateTime<Utc>) {
        self.hold(host_key(url).to_owned(), until);
        if let Some(address) = address.filter(|_| self.by_address) {
            self.hold(address.to_canonical().to_string(), until);
        }
    }

    /// Until when a URL must not be asked; `None`: it may. Addresses of names are asked for with [`Quiet::address`].
    pub(super) fn url(&self, url: &Url) -> Option<DateTime<Utc>> {
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => self.address(v4.into()),
            Some(Host::Ipv6(v6)) => self.address(v6.into()),
            Some(Host::Domain(_)) | None => None,
        };
        self.place(host_key(url)).max(literal)
    }

    /// Until when an address must not be asked.
    pub(super) fn address(&self, address: IpAddr) -> Option<DateTime<Utc>> {
        self.by_address
            .then(|| self.place(&address.to_canonical().to_string()))?
    }

    /// Everything that is held now.
    pub(super) fn all(&self) -> Vec<(String, DateTime<Utc>)> {
        let state = self.state();
        let held = state.until.iter().filter(|(_, until)| **until > state.now);
        held.map(|(place, until)| (place.clone(), *until)).collect()
    }

    fn place(&self, place: &str) -> Option<DateTime<Utc>> {
        let state = self.state();
        state
            .until
            .get(place)
            .copied()
            .filter(|until| *until > state.now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-04T{text}Z").parse().expect(text)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn a_domain_is_quiet_with_all_its_hosts_until_its_time_is_over() {
        let quiet = Quiet::new(false);
        quiet.tick(at("05:00:00"));
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        quiet.hold_all(
            &url("https://a.example.co.uk/feed"),
            address,
            at("06:00:00"),
        );
        quiet.hold_all(&url("https://b.example.co.uk/"), None, at("05:30:00"));
        let held = Some(at("06:00:00"));
        assert_eq!(quiet.url(&url("http://www.example.co.uk:81/x")), held);
        assert_eq!(quiet.url(&url("https://other.co.uk/")), None);
        assert_eq!(
            quiet.url(&url("http://192.0.2.1/")),
            None,
            "addresses are shared"
        );
        assert_eq!(quiet.all(), [("example.co.uk".to_owned(), at("06:00:00"))]);
        quiet.tick(at("06:00:00"));
        assert_eq!(quiet.url(&url("https://a.example.co.uk/feed")), None);
        assert_eq!(quiet.all(), []);
    }

    #[test]
    fn an_address_is_quiet_when_that_is_wanted() {
        let quiet = Quiet::new(true);
        quiet.tick(at("05:00:00"));
        let address = IpAddr::from([192, 0, 2, 1]);
        quiet.hold_all(&url("https://a.example/"), Some(address), at("06:00:00"));
        assert_eq!(quiet.address(address), Some(at("06:00:00")));
        assert_eq!(
            quiet.address("::ffff:192.0.2.1".parse().expect("v6")),
            Some(at("06:00:00"))
        );
        assert_eq!(
            quiet.url(&url("http://192.0.2.1:8080/")),
            Some(at("06:00:00"))
        );
        assert_eq!(quiet.address(IpAddr::from([192, 0, 2, 2])), None);
    }
}
