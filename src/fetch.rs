//! One polite, conditional, size-bounded GET.
use std::time::Duration;

use bytes::Bytes;

use crate::config;
use crate::model::{Signals, Source, Validators};

/// What an origin answered.
#[derive(Debug)]
pub enum Answer {
    /// A new body (200).
    Modified(Box<Payload>),
    /// Nothing new (304).
    NotModified(NotModified),
    /// Gone for good (410).
    Gone,
}

/// A 304's news.
#[derive(Clone, Debug, Default)]
pub struct NotModified {
    /// Validators to keep from now on.
    pub validators: Validators,
    /// `max_age` only.
    pub signals: Signals,
}

/// A 200's body, still in its content codings, and what its head said.
#[derive(Clone, Debug)]
pub struct Payload {
    /// As received; decode with [`Payload::decode`] off the async threads.
    pub encoded: Bytes,
    /// `Content-Encoding`, outermost last, lower case, without `identity`.
    pub codings: Vec<String>,
    /// `Content-Type` as it came.
    pub content_type: Option<String>,
    /// URL that gave it, after redirects: the base of relative references.
    pub final_url: url::Url,
    /// Validators of this answer.
    pub validators: Validators,
    /// `max_age` only.
    pub signals: Signals,
    /// The body ended before its declared length: parse what is whole, keep no validators.
    pub cut: bool,
}

/// Why a fetch gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither 200, 304 nor 410 (RFC 9110 §15).
    #[error("unexpected status {status}")]
    Status {
        /// The code.
        status: u16,
        /// From the response on, clamped at 7 days.
        retry_after: Option<Duration>,
    },
    /// Placeholder.
    #[error("transport failed")]
    Transport(#[source] reqwest::Error),
}

/// The HTTP side: clients, per-host gates, byte budget.
#[derive(Debug)]
pub struct Fetcher {}

impl Fetcher {
    /// Sets up; fails only when TLS roots or the settings are unusable.
    pub fn new(settings: &config::Fetch) -> Result<Self, Error> {
        let _ = settings;
        unimplemented!()
    }
    /// Fetches one source. `last_of_host` closes the connection afterwards.
    pub async fn fetch(&self, source: &Source, validators: &Validators, last_of_host: bool) -> Result<Answer, Error> {
        let _ = (source, validators, last_of_host);
        unimplemented!()
    }
}

impl Payload {
    /// The body without its content codings, at most `max_body` bytes.
    pub fn decode(&self, max_body: u64) -> Result<Bytes, Error> {
        let _ = max_body;
        unimplemented!()
    }
}
