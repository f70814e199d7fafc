//! Lists of what is followed, for everybody: `sources.opml` and `sources.json`.
//!
//! They name the sources that an open output includes, and no secret: private sources and files are not in the OPML, and
//! their addresses and errors not in the JSON.

use crate::publish::opml::{self, Followed};
use crate::store::{self, SourceHealth};

use super::asked::Desk;

/// A list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// To import elsewhere.
    Opml,
    /// How they are (`docs/json.md`).
    Json,
}

impl List {
    pub(super) fn read(path: &str) -> Option<Self> {
        [Self::Opml, Self::Json]
            .into_iter()
            .find(|list| list.path() == path)
    }

    /// Below the base.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Opml => "sources.opml",
            Self::Json => "sources.json",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Opml => opml::CONTENT_TYPE,
            Self::Json => "application/json",
        }
    }
}

/// Renders a list.
///
/// # Errors
/// What the store refuses.
pub(super) fn render(desk: &Desk, list: List) -> Result<Vec<u8>, store::Error> {
    let mut all = desk.shell.store.health(&desk.sources)?;
    let by_id = |id: &str| {
        let found = desk.sources.iter().find(|(_, source)| source.id == id);
        found.map(|(_, source)| source)
    };
    all.retain(|health| {
        by_id(&health.id).is_some_and(|source| !desk.open_outputs(source).is_empty())
    });
    let is_secret = |health: &SourceHealth| {
        by_id(&health.id).is_none_or(|source| source.private || source.url.scheme() == "file")
    };
    for health in &mut all {
        health.adopted_url = health.adopted_url.take().map(without_user);
    }
    Ok(match list {
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

/// Where redirects led may hold a password as well.
fn without_user(address: String) -> String {
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
