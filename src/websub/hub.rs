//! The words of WebSub as a hub hears and speaks them: of our own outputs, never of others'.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use super::{DAY_SECONDS, LONGEST_URL, Mode};
use crate::model::Secret;

/// A lease that is not asked for in seconds.
const LEASE: Duration = Duration::from_secs(10 * DAY_SECONDS);
/// Shortest lease that is given …
const SHORTEST_LEASE: Duration = Duration::from_secs(3_600);
/// … and the longest.
const LONGEST_LEASE: Duration = Duration::from_secs(30 * DAY_SECONDS);
/// `hub.secret` must be shorter (§5.1), in bytes.
const SECRET_BYTES: usize = 200;

/// What somebody asks of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// To be told from now on, or no more.
    pub mode: Mode,
    /// URL of the document.
    pub topic: String,
    /// Where it is to be told.
    pub callback: Url,
    /// How long; not yet said to the subscriber.
    pub lease: Duration,
    /// Signs what is delivered.
    pub secret: Option<Secret>,
}

/// Reads a request to the hub, `application/x-www-form-urlencoded` (§5.1).
///
/// # Errors
/// What is wrong with it, for the subscriber.
pub fn wish(form: &[u8]) -> Result<Wish, &'static str> {
    let (mut mode, mut topic, mut callback, mut lease, mut secret) = (None, None, None, None, None);
    for (key, value) in url::form_urlencoded::parse(form) {
        match &*key {
            "hub.mode" => mode = Some(value),
            "hub.topic" => topic = Some(value.into_owned()),
            "hub.callback" => callback = Some(value),
            "hub.lease_seconds" => lease = value.trim().parse().ok().map(Duration::from_secs),
            "hub.secret" => secret = Some(value.into_owned()).filter(|secret| !secret.is_empty()),
            _ => {}
        }
    }
    let mode = match mode.as_deref() {
        Some("subscribe") => Mode::Subscribe,
        Some("unsubscribe") => Mode::Unsubscribe,
        Some("publish") => return Err("this hub knows by itself when its feeds change"),
        _ => return Err("hub.mode is subscribe or unsubscribe"),
    };
    let topic = topic.ok_or("hub.topic is missing: the rel=self address of the feed")?;
    let callback = callback.ok_or("hub.callback is missing")?;
    if callback.len() > LONGEST_URL {
        return Err("hub.callback is too long");
    }
    let callback = Url::parse(&callback).ok();
    let callback = callback
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or("hub.callback is no http or https address")?;
    if secret
        .as_ref()
        .is_some_and(|secret| secret.len() >= SECRET_BYTES)
    {
        return Err("hub.secret must be shorter than 200 bytes");
    }
    Ok(Wish {
        mode,
        topic,
        callback,
        lease: lease.unwrap_or(LEASE).clamp(SHORTEST_LEASE, LONGEST_LEASE),
        secret: secret.map(Secret::new),
    })
}

impl Wish {
    /// Where the subscriber is asked whether it meant it (§5.3); the query of its callback stays.
    pub fn intent(&self, challenge: &str) -> Url {
        let mut url = self.callback.clone();
        url.set_fragment(None);
        let mut pairs = url.query_pairs_mut();
        let mode = match self.mode {
            Mode::Subscribe => "subscribe",
            Mode::Unsubscribe => "unsubscribe",
        };
        pairs
            .append_pair("hub.mode", mode)
            .append_pair("hub.topic", &self.topic)
            .append_pair("hub.challenge", challenge);
        if self.mode == Mode::Subscribe {
            let seconds = self.lease.as_secs().to_string();
            pairs.append_pair("hub.lease_seconds", &seconds);
        }
        drop(pairs);
        url
    }
}

/// `X-Hub-Signature` of a body (§7.1).
pub fn signature(secret: &Secret, body: &[u8]) -> String {
    use std::fmt::Write as _;
    // HMAC takes a key of any length (RFC 2104 §2).
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    let digest = mac.chain_update(body).finalize().into_bytes();
    digest.iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // A String takes every write.
        text
    })
}

/// How long somebody who could not be told is left alone after so many failures in a row; `None`: for good, which a
/// hub of the configuration never is.
pub fn patience(failures: u32, is_hub: bool) -> Option<Duration> {
    const FIRST: Duration = Duration::from_secs(60);
    const LONGEST: Duration = Duration::from_secs(6 * 3_600);
    /// With the waits between them, two days.
    const MOST: u32 = 15;
    if failures >= MOST && !is_hub {
        return None;
    }
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    Some(doubled.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn a_wish_is_read_and_its_intent_asked_back() {
        let form = b"hub.mode=subscribe&hub.topic=http%3A%2F%2Fm.example%2Fall.atom&hub.callback=http%3A%2F%2Fr.example%2Fc%3Fa%3Db%23x&hub.lease_seconds=5&hub.secret=s";
        let read = wish(form).expect("a wish");
        assert_eq!(read.lease, SHORTEST_LEASE);
        assert_eq!(read.secret.as_ref().map(Secret::expose), Some("s"));
        assert_eq!(
            read.intent("c&1").as_str(),
            "http://r.example/c?a=b&hub.mode=subscribe&hub.topic=http%3A%2F%2Fm.example%2Fall.atom&hub.challenge=c%261&hub.lease_seconds=3600"
        );
    }

    #[test]
    fn what_is_no_wish_is_told_why() {
        let long = format!(
            "hub.mode=subscribe&hub.topic=t&hub.callback=http://r.example/&hub.secret={}",
            "s".repeat(200)
        );
        for (form, part) in [
            ("", "hub.mode"),
            ("hub.mode=publish&hub.url=x", "by itself"),
            ("hub.mode=subscribe", "hub.topic"),
            ("hub.mode=subscribe&hub.topic=t", "hub.callback"),
            (
                "hub.mode=subscribe&hub.topic=t&hub.callback=ftp://x/",
                "no http",
            ),
            ("hub.mode=subscribe&hub.topic=t&hub.callback=/x", "no http"),
            (&long, "shorter"),
        ] {
            assert!(
                wish(form.as_bytes()).expect_err(form).contains(part),
                "{form}"
            );
        }
    }

    #[test]
    fn a_subscriber_can_check_what_is_signed() {
        let secret = Secret::new("the key".to_owned());
        let field = signature(&secret, b"the document");
        assert_eq!(
            check(Some(field.as_bytes()), &secret, b"the document"),
            Ok(())
        );
        assert!(check(Some(field.as_bytes()), &secret, b"another").is_err());
    }

    #[test]
    fn who_cannot_be_told_is_left_alone_ever_longer() {
        assert_eq!(patience(1, false), Some(Duration::from_secs(60)));
        assert_eq!(patience(3, false), Some(Duration::from_secs(240)));
        assert_eq!(patience(14, false), Some(Duration::from_secs(21_600)));
        assert_eq!(patience(15, false), None);
        assert_eq!(patience(4_000, true), Some(Duration::from_secs(21_600)));
    }
}
