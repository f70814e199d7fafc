//! Lists of what is followed, for everybody: `sources.opml` and `sources.json`; and `health.atom`, what happened to it.
//!
//! They name the sources that an open output includes, and no secret: private sources and files are not in the OPML, and
//! their addresses and errors not in the JSON.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Source;
use crate::publish::atom;
use crate::publish::opml::{self, Followed};
use crate::store::{self, SourceHealth};

use super::asked::Desk;
use super::happenings;

/// A list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// To import elsewhere.
    Opml,
    /// How they are (`docs/json.md`).
    Json,
    /// What happened to them that needs the operator.
    Health,
}

impl List {
    pub(super) fn read(path: &str) -> Option<Self> {
        [Self::Opml, Self::Json, Self::Health]
            .into_iter()
            .find(|list| list.path() == path)
    }

    /// Below the base.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Opml => "sources.opml",
            Self::Json => "sources.json",
            Self::Health => "health.atom",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Opml => opml::CONTENT_TYPE,
            Self::Json => "application/json",
            Self::Health => atom::CONTENT_TYPE,
        }
    }
}

/// Renders a list.
///
/// # Errors
/// What the store refuses.
pub(super) fn render(desk: &Desk, list: List) -> Result<Vec<u8>, store::Error> {
    let mut all = desk.shell.store.health(&desk.sources)?;
    let by_id: HashMap<&str, &Arc<Source>> = { desk.sources.iter() }
        .map(|(_, source)| (source.id.as_str(), source))
        .collect();
    let by_id = |id: &str| by_id.get(id).copied();
    all.retain(|health| {
        by_id(&health.id).is_some_and(|source| !desk.open_outputs(source).is_empty())
    });
    let is_secret =
        |health: &SourceHealth| by_id(&health.id).is_none_or(|source| is_secret(source));
    for health in &mut all {
        health.adopted_url = health.adopted_url.take().map(without_user);
    }
    Ok(match list {
        List::Health => happenings::render(desk)?,
        List::Opml => {
            all.retain(|health| !is_secret(health));
            let sources: Vec<Followed> = all.into_iter().map(followed).collect();
            opml::render("Followed by Feedmill", &sources)
        }
        List::Json => {
            for health in all.iter_mut().filter(|health| is_secret(health)) {
                health.url = "(private)".to_owned();
                health.adopted_url = None;
                health.error = None;
            }
            serde_json::to_vec_pretty(&all).unwrap_or_else(|_| b"[]".to_vec())
        }
    })
}

/// Whether its address and what errors say of it are nobody's business.
pub(super) fn is_secret(source: &Source) -> bool {
    source.private || source.url.scheme() == "file"
}

/// Where redirects led may hold a password as well.
pub(super) fn without_user(address: String) -> String {
    let Ok(mut url) = url::Url::parse(&address) else {
        return address;
    };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn followed(health: SourceHealth) -> Followed {
    Followed {
        title: health.title.unwrap_or(health.id),
        xml_url: health.adopted_url.unwrap_or(health.url),
        html_url: health.home_url,
        tags: health.tags,
    }
}
