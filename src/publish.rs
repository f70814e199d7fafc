//! The rendered value: articles → bytes that are served and written as files.
pub mod atom;

pub mod json;

pub mod http;

pub mod directory;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// A rendered document, in every coding it is served in.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Without coding.
    pub body: Bytes,
    /// gzip.
    pub gzip: Bytes,
    /// Strong validator of `body`, quotes included; the gzip coding has its own, derived from it.
    pub etag: String,
    /// When `body` last changed.
    pub last_modified: DateTime<Utc>,
    /// `Cache-Control: max-age` in seconds.
    pub max_age: u64,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Needed to read it.
    pub token: Option<crate::model::Secret>,
}

/// Everything served, by path below the base: `all.atom`.
pub type Site = std::collections::BTreeMap<String, Publication>;
