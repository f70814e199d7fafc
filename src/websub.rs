//! The words of WebSub (W3C Recommendation, 23 January 2018) as a subscriber speaks them.
//!
//! Pure: what is said to a hub, what a hub says to us, how long to wait for it. Who sends it is
//! [`crate::fetch`], who remembers it [`crate::store`], and the shell [`crate::push`] joins them. As a hub we speak in [`hub`].

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use url::Url;

use crate::model::Secret;

pub use signature::{Unsigned, check};

mod signature;

/// As a hub of our own outputs.
pub mod hub;

/// The lease that is asked for: ten days, a usual answer of hubs anyway.
const LEASE: Duration = Duration::from_secs(10 * DAY_SECONDS);
/// Of a hub that names none, though it must (W3C WebSub §5.3).
const UNSAID_LEASE: Duration = Duration::from_secs(DAY_SECONDS);
/// Longest lease that is believed: a hub that forgot us is noticed then.
const LONGEST_LEASE: Duration = Duration::from_secs(30 * DAY_SECONDS);
/// A hub is not asked again sooner than this, however short its leases.
const LEAST_WAIT: TimeDelta = TimeDelta::minutes(5);
/// A hub that took a request has this long to verify it.
const VERIFY_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// After the first failure; doubled with each further one …
const FIRST_RETRY: TimeDelta = TimeDelta::minutes(15);
/// … up to this.
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(24);
/// A hub that does not take our leave is asked so often; what it pushes then finds nobody.
pub const GOODBYES: u32 = 3;
/// After so many failures in a row another hub of the feed is tried, if there is one.
pub const PATIENCE: u32 = 3;
/// Longest URL of a hub or topic that is used.
const LONGEST_URL: usize = 2_000;
const DAY_SECONDS: u64 = 86_400;

/// What is asked of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Push from now on, or on.
    Subscribe,
    /// Push no more.
    Unsubscribe,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The hub is to be asked.
    Wanted,
    /// It was asked for the first time, or after a break, and has not verified it.
    Asked,
    /// Verified; the lease runs.
    Live,
    /// The hub said no.
    Denied,
    /// Not wanted any more; the hub is to be told.
    Leaving,
}

impl State {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Wanted, "wanted"),
        (Self::Asked, "asked"),
        (Self::Live, "live"),
        (Self::Denied, "denied"),
        (Self::Leaving, "leaving"),
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        let named = Self::ALL.into_iter().find(|(state, _)| *state == self);
        named.map_or("", |(_, name)| name)
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|(_, known)| *known == name);
        named.map(|(state, _)| state)
    }
}

/// A source's subscription at a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// `push.id`, in the callback's path.
    pub id: i64,
    /// `sources.id`.
    pub source: i64,
    /// URL of the hub.
    pub hub: String,
    /// The feed's self link.
    pub topic: String,
    /// The unguessable part of the callback's path.
    pub token: Secret,
    /// `hub.secret`.
    pub secret: Secret,
    /// How it stands.
    pub state: State,
    /// A request is out that the hub has not verified.
    pub asked: bool,
    /// Requests in a row that led to nothing.
    pub failures: u32,
    /// End of the lease; `None`: never verified.
    pub lease_until: Option<DateTime<Utc>>,
}

impl Subscription {
    /// The URL that the hub calls: unguessable, and one for each subscription (§4, §8).
    ///
    /// # Errors
    /// `None` when `base` can hold no path.
    pub fn callback(&self, base: &Url) -> Option<Url> {
        base.join(&format!("websub/{}/{}", self.id, self.token.expose()))
            .ok()
    }

    /// Body of the request to the hub, `application/x-www-form-urlencoded` (§5.1).
    pub fn request(&self, callback: &Url) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("hub.callback", callback.as_str());
        form.append_pair("hub.topic", &self.topic);
        match self.mode() {
            Mode::Unsubscribe => form.append_pair("hub.mode", "unsubscribe"),
            Mode::Subscribe => form
                .append_pair("hub.mode", "subscribe")
                .append_pair("hub.secret", self.secret.expose())
                .append_pair("hub.lease_seconds", &LEASE.as_secs().to_string()),
        };
        form.finish()
    }

    /// What the next request to the hub wants.
    pub fn mode(&self) -> Mode {
        match self.state {
            State::Leaving => Mode::Unsubscribe,
            _ => Mode::Subscribe,
        }
    }

    /// Whether a token is ours, without telling by the time it takes where the first difference is.
    pub fn is_token(&self, token: &str) -> bool {
        self.token
            .expose()
            .as_bytes()
            .ct_eq(token.as_bytes())
            .into()
    }

    /// What a hub's visit to the callback leads to: only what we asked for is confirmed (§5.2, §5.3).
    pub fn visited(&self, visit: &Visit) -> Outcome {
        if visit.topic != self.topic {
            return Outcome::Unknown;
        }
        let (subscribed, left) = match self.state {
            State::Asked | State::Live => (true, false),
            State::Leaving => (false, true),
            State::Wanted | State::Denied => (false, false),
        };
        match &visit.kind {
            Kind::Subscribe { challenge, lease } if subscribed => Outcome::Verified {
                challenge: challenge.clone(),
                lease: lease
                    .map_or(UNSAID_LEASE, Duration::from_secs)
                    .min(LONGEST_LEASE),
            },
            Kind::Unsubscribe { challenge } if left => Outcome::Left {
                challenge: challenge.clone(),
            },
            Kind::Denied { reason } if subscribed || self.state == State::Wanted => {
                Outcome::Denied {
                    reason: reason.clone(),
                }
            }
            // Whatever it denies, we are leaving.
            Kind::Denied { .. } if left => Outcome::Left {
                challenge: String::new(),
            },
            _ => Outcome::Unknown,
        }
    }
}

/// A `GET` of the callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// `hub.topic`.
    pub topic: String,
    /// `hub.mode` and what belongs to it.
    pub kind: Kind,
}

/// What a hub comes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To verify a subscription (§5.3).
    Subscribe {
        /// To be echoed.
        challenge: String,
        /// Seconds; `None`: not said, or not in numbers.
        lease: Option<u64>,
    },
    /// To verify the end of one (§5.3).
    Unsubscribe {
        /// To be echoed.
        challenge: String,
    },
    /// To say no, at first or later (§5.2).
    Denied {
        /// `hub.reason`; `None`: not said.
        reason: Option<String>,
    },
}

/// What follows from a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of ours: 404.
    Unknown,
    /// The subscription is live: the challenge is echoed.
    Verified {
        /// To be echoed.
        challenge: String,
        /// As long as it runs.
        lease: Duration,
    },
    /// The subscription is over, as we wished: the challenge is echoed.
    Left {
        /// To be echoed.
        challenge: String,
    },
    /// The hub says no.
    Denied {
        /// Its words; `None`: none.
        reason: Option<String>,
    },
}

/// Reads the query of a visit; `None` when it is none.
pub fn visit(query: &str) -> Option<Visit> {
    let value = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let challenge = || value("hub.challenge").filter(|challenge| !challenge.is_empty());
    let kind = match value("hub.mode")?.as_str() {
        "subscribe" => Kind::Subscribe {
            challenge: challenge()?,
            lease: value("hub.lease_seconds").and_then(|seconds| seconds.parse().ok()),
        },
        "unsubscribe" => Kind::Unsubscribe {
            challenge: challenge()?,
        },
        "denied" => Kind::Denied {
            reason: value("hub.reason").filter(|reason| !reason.trim().is_empty()),
        },
        _ => return None,
    };
    Some(Visit {
        topic: value("hub.topic")?,
        kind,
    })
}

/// Id and token of a callback's path below `websub/`.
pub fn place(path: &str) -> Option<(i64, &str)> {
    let (id, token) = path.split_once('/')?;
    Some((id.parse().ok()?, token))
}

/// What a feed offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its hubs, those that speak TLS first; never empty.
    pub hubs: Vec<String>,
    /// Its self link.
    pub topic: String,
}

impl Offer {
    /// The hub to try after one that fails: the next in order, around.
    pub fn after(&self, hub: &str) -> &str {
        let at = self.hubs.iter().position(|known| known == hub);
        let next = at.map_or(0, |at| (at + 1) % self.hubs.len());
        &self.hubs[next]
    }
}

/// Reads what a feed offers (§4). `None` when it names no usable hub, or no topic.
pub fn offer(hubs: &[String], topic: Option<&str>) -> Option<Offer> {
    let usable = |text: &str| {
        let url = Url::parse(text).ok().filter(|url| url.has_host());
        url.filter(|url| matches!(url.scheme(), "http" | "https") && text.len() <= LONGEST_URL)
    };
    let topic = topic.filter(|topic| usable(topic).is_some())?;
    let mut hubs: Vec<Url> = hubs.iter().filter_map(|hub| usable(hub)).collect();
    hubs.sort_by_key(|hub| hub.scheme() != "https");
    let hubs: Vec<String> = hubs.into_iter().map(String::from).collect();
    (!hubs.is_empty()).then(|| Offer {
        hubs,
        topic: topic.to_owned(),
    })
}

/// A fresh token or secret: 64 hexadecimal digits, 244 of their 256 bits by chance. Under 200 bytes (§5.1).
pub fn fresh_secret() -> Secret {
    let half = || uuid::Uuid::new_v4().simple();
    Secret::new(format!("{}{}", half(), half()))
}

/// When the hub must have verified a request that was sent at `now`, while a lease runs until `lease_until`.
pub fn verify_by(now: DateTime<Utc>) -> DateTime<Utc> {
    now + VERIFY_WITHIN
}

/// When to renew a lease that runs from `now` on: after 70 to 80 % of it, by the id, so that leases of one day are not
/// renewed in one minute.
pub fn renew_at(now: DateTime<Utc>, lease: Duration, id: i64) -> DateTime<Utc> {
    let percent = 70 + u32::try_from(id.rem_euclid(11)).unwrap_or(0);
    let wait = TimeDelta::from_std(lease * percent / 100).unwrap_or(LONGEST_RETRY);
    now + wait.max(LEAST_WAIT)
}

/// When to ask a hub again after so many failures in a row (at least one): 15 minutes, doubled up to a day, and no sooner
/// than it wishes.
pub fn retry_at(now: DateTime<Utc>, failures: u32, wish: Option<Duration>) -> DateTime<Utc> {
    let doubled = FIRST_RETRY * (1 << failures.saturating_sub(1).min(10));
    let wish = wish.and_then(|wish| TimeDelta::from_std(wish).ok());
    now + doubled.min(LONGEST_RETRY).max(wish.unwrap_or_default())
}

#[cfg(test)]
mod tests;
