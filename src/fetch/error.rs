//! Why a fetch failed, in words that read alone and give nothing away.
//!
//! Causes are kept as text: the types of the HTTP and TLS libraries stop here, and so do URLs, which may hold
//! secrets of a private source. "Not modified" and "gone" are answers, not errors.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::client::{NameQuiet, NameRefused, NameUnresolved};

/// Why a fetch gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither 200, 304 nor 410 (RFC 9110 §15).
    #[error("{}", status_words(*status, *retry_after))]
    Status {
        /// The code.
        status: u16,
        /// From the response on, clamped at 7 days; only of 429 and 503 (RFC 9110 §10.2.3).
        retry_after: Option<Duration>,
    },
    /// A page stands before the feed that only browsers pass, made to keep programs out.
    #[error("answered status {status} with a challenge page of {whose}")]
    BotWall {
        /// The code.
        status: u16,
        /// Whose page.
        whose: &'static str,
        /// As of [`Error::Status`].
        retry_after: Option<Duration>,
    },
    /// Nothing was sent: the domain (or address) asked for quiet in answer to an earlier request, perhaps of another
    /// source.
    #[error("not asked: the host wants no requests until {}", until.format("%Y-%m-%d %H:%M:%SZ"))]
    HeldOff {
        /// The end of the quiet.
        until: DateTime<Utc>,
    },
    /// The host name has no address.
    #[error("host name not resolved: {cause}")]
    Dns {
        /// The resolver's words.
        cause: String,
    },
    /// The host, or one of the addresses of its name, is outside the public Internet.
    #[error(
        "address {address} is not public; if this source may live there, add its network to `allow_private`"
    )]
    RefusedAddress {
        /// The first address that was refused.
        address: IpAddr,
    },
    /// No TCP connection, or none through the proxy.
    #[error("could not connect: {cause}")]
    Connect {
        /// The system's words.
        cause: String,
    },
    /// No trusted TLS connection, also for want of CA certificates on this machine.
    #[error("no trusted TLS connection: {cause}")]
    Tls {
        /// What did not fit.
        cause: String,
    },
    /// Waited long enough.
    #[error("timed out after {} waiting for {wait}", seconds(*after))]
    Timeout {
        /// For what.
        wait: Wait,
        /// The limit that was reached.
        after: Duration,
    },
    /// The connection ended, or spoke no HTTP, before anything usable arrived.
    #[error("connection broke before the answer came: {cause}")]
    Cut {
        /// What happened to it.
        cause: String,
    },
    /// A redirect that is not followed.
    #[error("redirect not followed: {0}")]
    Redirect(#[from] BadRedirect),
    /// Head or body passed its limit, in content coding or decoded.
    #[error("{part} larger than {limit_bytes} bytes")]
    TooLarge {
        /// `body` or `head`.
        part: &'static str,
        /// The limit.
        limit_bytes: u64,
    },
    /// A `Content-Encoding` that is unknown, nested or does not decode.
    #[error("content coding not usable: {cause}")]
    BadCoding {
        /// What is wrong with it.
        cause: String,
    },
    /// A 226 that is no delta as it was asked for (RFC 3229 §10.4.1).
    #[error("answered status 226 (im used), but {cause}")]
    BadDelta {
        /// What is wrong with it.
        cause: &'static str,
    },
    /// A `file:` source could not be read.
    #[error("file {path} not read: {cause}")]
    File {
        /// The path, or `(private)`.
        path: String,
        /// What is wrong, and the cure.
        cause: String,
    },
    /// A setting of the source cannot be put into a request.
    #[error("setting `{key}` cannot be used in a request")]
    Setting {
        /// Its key; never its value.
        key: String,
    },
}

/// What a fetch was waiting for when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Name, TCP and TLS.
    Connection,
    /// The head of the response.
    Answer,
    /// More of the body, or the end of a file.
    Body,
}

/// Why a redirect is not followed (RFC 9110 §15.4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirect {
    /// No `Location`, or none that is a URL.
    #[error("it names no usable place")]
    NoPlace,
    /// Neither `http` nor `https`.
    #[error("it leads to the scheme {0}")]
    Scheme(String),
    /// It leads back to a URL of the same chain.
    #[error("it goes in a circle")]
    Circle,
    /// The chain is too long.
    #[error("more than {0} in a row")]
    TooMany(usize),
}

impl Error {
    /// A stable name for what happened: the key of counters, back-off and diagnosis.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Status { status, .. } => status_class(*status),
            Self::BotWall { .. } => "bot_wall",
            Self::HeldOff { .. } => "held_off",
            Self::Dns { .. } => "dns",
            Self::RefusedAddress { .. } => "refused_address",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Cut { .. } => "cut",
            Self::Redirect(_) => "redirect",
            Self::TooLarge { .. } => "too_large",
            Self::BadCoding { .. } => "bad_coding",
            Self::BadDelta { .. } => "bad_delta",
            Self::File { .. } => "file",
            Self::Setting { .. } => "setting",
        }
    }

    /// How long the origin asks to be left alone, from the response on; at most 7 days. `None` when it did not
    /// say, or said nothing intelligible.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } | Self::BotWall { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the network brought the request to its host; `None` when nobody knows, or it was not asked to.
    pub fn reached_host(&self) -> Option<bool> {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout {
                wait: Wait::Connection,
                ..
            } => Some(false),
            // Perhaps it still waited for the connection.
            Self::Timeout {
                wait: Wait::Answer, ..
            }
            | Self::HeldOff { .. }
            | Self::RefusedAddress { .. }
            | Self::File { .. }
            | Self::Setting { .. } => None,
            _ => Some(true),
        }
    }

    /// Turns a failed exchange into ours. `connect_timeout` is the limit that a slow connection ran into.
    pub(super) fn from_exchange(error: &reqwest::Error, connect_timeout: Duration) -> Self {
        for cause in chain(error) {
            if let Some(NameRefused(address)) = cause.downcast_ref() {
                return Self::RefusedAddress { address: *address };
            }
            if let Some(NameQuiet(until)) = cause.downcast_ref() {
                return Self::HeldOff { until: *until };
            }
            if let Some(NameUnresolved(reason)) = cause.downcast_ref() {
                return Self::Dns {
                    cause: words(reason),
                };
            }
            if let Some(reason) = cause.downcast_ref::<rustls::Error>() {
                return Self::Tls {
                    cause: tls_words(reason),
                };
            }
        }
        let cause = chain(error).last().map_or_else(String::new, words);
        if error.is_connect() {
            // hyper-rustls reports a peer that hangs up in the handshake only by these words.
            return match () {
                () if error.is_timeout() => Self::Timeout {
                    wait: Wait::Connection,
                    after: connect_timeout,
                },
                () if cause.contains("handshake") => Self::Tls { cause },
                () => Self::Connect { cause },
            };
        }
        Self::Cut { cause }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "a connection",
            Self::Answer => "an answer",
            Self::Body => "the body",
        })
    }
}

fn status_class(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        410 => "gone",
        429 => "too_many_requests",
        400..=499 => "client_error",
        500..=599 => "server_error",
        _ => "unexpected_status",
    }
}

fn status_words(status: u16, retry_after: Option<Duration>) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("unknown");
    let wish = retry_after
        .map(|wait| format!(", asks to wait {}", seconds(wait)))
        .unwrap_or_default();
    let unasked = if status == 304 {
        " to a request without conditions"
    } else {
        ""
    };
    format!(
        "answered status {status} ({}){unasked}{wish}",
        reason.to_ascii_lowercase()
    )
}

fn seconds(length: Duration) -> String {
    format!("{} s", length.as_secs_f64())
}

/// An error and everything below it. An [`io::Error`] hides what it wraps from `source()`, so it is unpacked.
fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause: &&'e (dyn StdError + 'static)| {
        below(*cause)
    })
}

fn below<'e>(cause: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    match error {
        // The name stays out of it: the URL of a private source is shown nowhere.
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "the certificate is for another name".to_owned(),
        rustls::Error::InvalidCertificate(
            Certificate::Expired | Certificate::ExpiredContext { .. },
        ) => "the certificate has expired".to_owned(),
        rustls::Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the certificate comes from an unknown issuer".to_owned()
        }
        rustls::Error::General(text) if text.contains("No CA certificates") => {
            "this machine has no CA certificates; install them (package ca-certificates)".to_owned()
        }
        other => words(other),
    }
}

/// A foreign message in our dress: one line, lower case at the start, without the error number, of bounded length.
pub(super) fn words(cause: impl fmt::Display) -> String {
    const LONGEST: usize = 200;
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    let acronym = plain
        .chars()
        .nth(1)
        .is_some_and(|second| second.is_uppercase());
    if !acronym && let Some(first) = plain.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    plain
}
