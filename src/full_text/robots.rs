//! What the robots.txt of a host says of a page, remembered for as long as it is believed.
//!
//! A host that has none lets everyone in (RFC 9309 §2.3.1.3). Where it cannot be had just now nothing is fetched
//! (§2.3.1.4), and the page waits: that says nothing about the page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::fetch::{self, Answer, ROBOTS_BYTES, Robots, product};
use crate::model::Source;
use crate::poll::Shell;
use crate::store;

/// A robots.txt is believed this long (RFC 9309 §2.4).
const LIFE: TimeDelta = TimeDelta::hours(24);
/// Where there is no answer, it is asked for again after this, after twice as long then, and so on up to [`LIFE`].
const AGAIN: TimeDelta = TimeDelta::minutes(10);
/// Bytes that are remembered of all hosts, about.
const MOST_BYTES: usize = 16 << 20;

/// Whether a page may be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Given,
    Refused,
    /// There is no answer; not before `until` there can be one.
    Unsaid {
        why: String,
        until: DateTime<Utc>,
    },
}

#[derive(Clone, Debug)]
enum Said {
    Rules(Robots),
    Nothing { why: String, wait: TimeDelta },
}

#[derive(Debug)]
struct Known {
    said: Said,
    until: DateTime<Utc>,
    bytes: usize,
}

/// The origin and our product token there: a source may go by a name of its own.
type Key = (String, String);

/// What is remembered of all hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    known: HashMap<Key, Known>,
    bytes: usize,
}

impl Book {
    /// Whether the robots.txt of its host lets us fetch a page; asked for where it is not known.
    ///
    /// # Errors
    /// What the store refuses.
    pub(super) async fn leave(
        &self,
        shell: &Shell,
        source: &Source,
        url: &Url,
    ) -> Result<Leave, store::Error> {
        let agent = product(&source.request.user_agent);
        let key = (
            url.origin().ascii_serialization(),
            agent.to_ascii_lowercase(),
        );
        let now = shell.clock.now();
        if let Some(leave) = self.lock().leave(&key, url, now) {
            return Ok(leave);
        }
        let answer = shell.fetcher.robots(source, url, now).await;
        let now = shell.clock.now();
        let error = match rules(answer, agent) {
            Ok(rules) => {
                let said = Said::Rules(rules);
                return Ok(self.lock().remember(key, said, url, now));
            }
            Err(Unread::Refusal(error)) => error,
            Err(Unread::Cut) => {
                let why = "the connection broke before its end".to_owned();
                return Ok(self.lock().nothing(key, why, TimeDelta::zero(), url, now));
            }
        };
        let why = error.to_string();
        if let fetch::Error::HeldOff { until } = error {
            return Ok(Leave::Unsaid { why, until });
        }
        if error.reached_host() == Some(false) && shell.outage.is_on() {
            let until = now + super::OFFLINE;
            return Ok(Leave::Unsaid { why, until });
        }
        if error.class() == "too_many_requests" {
            let held_off = shell.fetcher.held_off();
            shell.store.hold_off(held_off, now).await?;
        }
        let wish = error
            .retry_after()
            .and_then(|wish| TimeDelta::from_std(wish).ok());
        let mut pages = self.lock();
        Ok(pages.nothing(key, why, wish.unwrap_or_default(), url, now))
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn leave(&self, key: &Key, url: &Url, now: DateTime<Utc>) -> Option<Leave> {
        let known = self.known.get(key).filter(|known| now < known.until)?;
        Some(match &known.said {
            Said::Rules(rules) if rules.allow(url) => Leave::Given,
            Said::Rules(_) => Leave::Refused,
            Said::Nothing { why, .. } => Leave::Unsaid {
                why: why.clone(),
                until: known.until,
            },
        })
    }

    /// There was no answer: each time in a row it is left alone twice as long, and at least as long as it wishes.
    fn nothing(
        &mut self,
        key: Key,
        why: String,
        wish: TimeDelta,
        url: &Url,
        now: DateTime<Utc>,
    ) -> Leave {
        let wait = match self.known.get(&key).map(|known| &known.said) {
            Some(Said::Nothing { wait, .. }) => (*wait * 2).min(LIFE),
            _ => AGAIN,
        };
        let wait = wait.max(wish);
        self.remember(key, Said::Nothing { why, wait }, url, now)
    }

    fn remember(&mut self, key: Key, said: Said, url: &Url, now: DateTime<Utc>) -> Leave {
        let (life, of_said) = match &said {
            Said::Rules(rules) => (LIFE, rules.bytes()),
            Said::Nothing { why, wait } => (*wait, why.len()),
        };
        let bytes = size_of::<(Key, Known)>() + key.0.len() + key.1.len() + of_said;
        let until = now + life;
        let known = Known { said, until, bytes };
        if let Some(old) = self.known.insert(key.clone(), known) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
        let leave = self.leave(&key, url, now).unwrap_or(Leave::Refused);
        self.shrink(now);
        leave
    }

    /// Forgets what is believed no longer, then what is believed least long, until the rest fits.
    fn shrink(&mut self, now: DateTime<Utc>) {
        if self.bytes <= MOST_BYTES {
            return;
        }
        self.known.retain(|_, known| now < known.until);
        self.bytes = self.known.values().map(|known| known.bytes).sum();
        let mut by_end: Vec<(DateTime<Utc>, Key)> = self
            .known
            .iter()
            .map(|(key, known)| (known.until, key.clone()))
            .collect();
        by_end.sort();
        for (_, key) in by_end {
            // A good deal less, so that not every newcomer sorts them all.
            if self.bytes <= MOST_BYTES - MOST_BYTES / 8 {
                break;
            }
            if let Some(old) = self.known.remove(&key) {
                self.bytes -= old.bytes;
            }
        }
    }
}

enum Unread {
    Refusal(fetch::Error),
    /// What came is not all there is, and what is missing might forbid something.
    Cut,
}

/// The rules that an answer gives the program `agent`.
fn rules(answer: Result<Answer, fetch::Error>, agent: &str) -> Result<Robots, Unread> {
    match answer {
        Ok(Answer::Modified(payload)) => {
            let (decoded, more) = payload
                .decode_beginning(ROBOTS_BYTES)
                .map_err(Unread::Refusal)?;
            if decoded.cut {
                return Err(Unread::Cut);
            }
            let mut text = &*String::from_utf8_lossy(&decoded.body);
            if more {
                // The last line may be half a rule.
                text = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            }
            Ok(Robots::read(text, agent))
        }
        Ok(Answer::NotModified(_) | Answer::Gone) => Ok(Robots::open()),
        Err(fetch::Error::Status { status, .. })
            if (400..500).contains(&status) && status != 429 =>
        {
            Ok(Robots::open())
        }
        // Of an address that is refused the page itself is refused, too, and says why.
        Err(fetch::Error::Redirect(_) | fetch::Error::RefusedAddress { .. }) => Ok(Robots::open()),
        Err(error) => Err(Unread::Refusal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Payload;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn url() -> Url {
        Url::parse("https://example.org/a").expect("a URL")
    }

    fn key(host: usize) -> Key {
        (format!("https://{host}.example"), "feedmill".to_owned())
    }

    fn until(leave: &Leave) -> DateTime<Utc> {
        match leave {
            Leave::Unsaid { until, .. } => *until,
            leave => panic!("{leave:?}"),
        }
    }

    #[test]
    fn silence_is_believed_for_ten_minutes_and_each_time_twice_as_long() {
        let mut pages = Pages::default();
        let mut fail = |now, wish| pages.nothing(key(1), "500".to_owned(), wish, &url(), now);
        let none = TimeDelta::zero();
        assert_eq!(until(&fail(at(0), none)), at(10));
        assert_eq!(until(&fail(at(10), none)), at(30));
        assert_eq!(until(&fail(at(30), TimeDelta::hours(2))), at(150));
        for _ in 0..9 {
            fail(at(150), none);
        }
        assert_eq!(until(&fail(at(150), none)), at(150 + 24 * 60));
        assert!(pages.leave(&key(1), &url(), at(151)).is_some());
        assert_eq!(pages.leave(&key(1), &url(), at(150 + 24 * 60)), None);
        let rules = Said::Rules(Robots::open());
        assert_eq!(
            pages.remember(key(1), rules, &url(), at(9_999)),
            Leave::Given
        );
        let again = pages.nothing(key(1), String::new(), none, &url(), at(20_000));
        assert_eq!(until(&again), at(20_010), "it starts anew after an answer");
    }

    #[test]
    fn each_name_of_ours_has_rules_of_its_own() {
        let mut pages = Pages::default();
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: mine\nAllow: /\n";
        let own = ("https://a.example".to_owned(), "mine".to_owned());
        let other = ("https://a.example".to_owned(), "feedmill".to_owned());
        for key in [&own, &other] {
            let said = Said::Rules(Robots::read(text, &key.1));
            pages.remember(key.clone(), said, &url(), at(0));
        }
        assert_eq!(pages.leave(&own, &url(), at(1)), Some(Leave::Given));
        assert_eq!(pages.leave(&other, &url(), at(1)), Some(Leave::Refused));
    }

    #[test]
    fn little_is_remembered_and_what_is_over_goes_first() {
        let large = "User-agent: *\n".to_owned() + &"Disallow: /a\n".repeat(20_000);
        let rules = || Said::Rules(Robots::read(&large, "feedmill"));
        let mut pages = Pages::default();
        // The one of host 0 is believed longest, but over when the others come.
        let day = 24 * 60;
        pages.remember(key(0), rules(), &url(), at(0));
        for host in 1..100 {
            pages.remember(key(host), rules(), &url(), at(day + host as i64));
            assert!(pages.bytes <= MOST_BYTES, "{}", pages.bytes);
        }
        let sum: usize = pages.known.values().map(|known| known.bytes).sum();
        assert_eq!(pages.bytes, sum);
        assert!(!pages.known.contains_key(&key(0)) && !pages.known.contains_key(&key(1)));
        assert!(pages.known.contains_key(&key(99)) && pages.known.contains_key(&key(98)));
    }

    #[test]
    fn a_large_one_is_read_as_far_as_it_is_wanted_and_a_cut_one_is_none() {
        let rules_end = format!("User-agent: *\nDisallow: /a\n{}", "#\n".repeat(300 << 10));
        let mut half = "User-agent: *\n".to_owned();
        half.push_str(&"#\n".repeat((ROBOTS_BYTES as usize - half.len() - 10) / 2));
        half.push_str("Disallow: /a/b/c/d/e/f");
        let payload = |text: &str| Payload::new(text.as_bytes().to_vec(), None, url());
        let read = |payload| rules(Ok(Answer::Modified(Box::new(payload))), "feedmill");
        let large = read(payload(&rules_end)).unwrap_or_else(|_| panic!("unread"));
        assert!(!large.allow(&url()));
        let half = read(payload(&half)).unwrap_or_else(|_| panic!("unread"));
        assert!(half.allow(&url()), "half a rule is none");
        let mut cut = payload("User-agent: *\n");
        cut.cut = true;
        assert!(matches!(read(cut), Err(Unread::Cut)));
    }
}
