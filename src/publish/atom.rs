//! Articles → an Atom document (RFC 4287).
use chrono::{DateTime, Utc};

use crate::model::Article;

/// The merged feed itself.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Permanent `urn:uuid:`.
    pub id: String,
    /// Title.
    pub title: String,
    /// `rel=self`.
    pub self_url: String,
    /// `rel=alternate`.
    pub home_url: String,
    /// High-water mark of the entries' `updated`.
    pub updated: DateTime<Utc>,
    /// `rel=hub`, each.
    pub hubs: Vec<String>,
    /// Put before each title; `{source}` is the origin's title.
    pub title_prefix: String,
    /// Leave the content out.
    pub summary_only: bool,
}

/// Renders a channel and its articles, newest first as given. Deterministic.
pub fn render(channel: &Channel, articles: &[Article]) -> Vec<u8> {
    let _ = (channel, articles);
    unimplemented!()
}
