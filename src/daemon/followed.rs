//! Lists of what is followed, for everybody: `sources.opml` and `sources.json`; and `health.atom`, what happened to it.
//!
//! They name the sources that an open output includes, and no secret: private sources and files are not in the OPML, and
//! their addresses and errors not in the JSON.

use std::collections::HashMap;

use crate::config::{Config, Output};
use crate::meters;
use crate::model::Source;
use crate::publish::atom;
use crate::publish::opml::{self, Followed};
use crate::store::{self, SourceHealth};

use super::asked::Desk;
use super::outputs::chooses;
use super::{happenings, metrics};

/// A list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// To import elsewhere.
    Opml,
    /// How they are (`docs/json.md`).
    Json,
    /// What happened to them that needs the operator.
    Health,
    /// Numbers of them and of the daemon (`docs/metrics.md`).
    Metrics,
}

impl List {
    pub(super) fn read(path: &str) -> Option<Self> {
        [Self::Opml, Self::Json, Self::Health, Self::Metrics]
            .into_iter()
            .find(|list| list.path() == path)
    }

    /// Below the base.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Opml => "sources.opml",
            Self::Json => "sources.json",
            Self::Health => "health.atom",
            Self::Metrics => "metrics",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Opml => opml::CONTENT_TYPE,
            Self::Json => "application/json",
            Self::Health => atom::CONTENT_TYPE,
            Self::Metrics => meters::CONTENT_TYPE,
        }
    }
}

/// Renders a list.
///
/// # Errors
/// What the store refuses.
pub(super) fn render(desk: &Desk, list: List) -> Result<Vec<u8>, store::Error> {
    let open = || -> Result<_, store::Error> {
        Ok(open_health(desk, desk.shell.store.health(&desk.sources)?))
    };
    Ok(match list {
        List::Health => happenings::render(desk)?,
        List::Metrics => metrics::render(desk)?,
        List::Opml => {
            let mut all = open()?;
            all.retain(|health| health.url != PRIVATE);
            outlines(all)
        }
        List::Json => serde_json::to_vec_pretty(&open()?).unwrap_or_else(|_| b"[]".to_vec()),
    })
}

fn outlines(all: Vec<SourceHealth>) -> Vec<u8> {
    let sources: Vec<Followed> = all.into_iter().map(followed).collect();
    opml::render("Followed by Feedmill", &sources)
}

/// The OPML of everything that is followed, for the operator; `output`: of what it is of. Without private sources and
/// files, which are counted, and without users and passwords.
pub fn opml(
    config: &Config,
    mut all: Vec<SourceHealth>,
    output: Option<&Output>,
) -> (Vec<u8>, usize) {
    let of: HashMap<&str, &Source> = { config.sources.iter() }
        .map(|source| (source.id.as_str(), source.as_ref()))
        .collect();
    let mut left_out = 0;
    all.retain_mut(|health| {
        let Some(source) = of.get(health.id.as_str()) else {
            return false;
        };
        if output.is_some_and(|output| !chooses(output, source)) {
            return false;
        }
        health.adopted_url = health.adopted_url.take().map(without_user);
        left_out += usize::from(is_secret(source));
        !is_secret(source)
    });
    (outlines(all), left_out)
}

/// Stands where an address is nobody's business.
const PRIVATE: &str = "(private)";

/// Of the health of sources, that of those which an open output includes, without what nobody may see.
pub(super) fn open_health(desk: &Desk, mut all: Vec<SourceHealth>) -> Vec<SourceHealth> {
    all.retain(|health| {
        let source = desk.known.source(desk, &health.id);
        source.is_some_and(|source| !desk.open_outputs(source).is_empty())
    });
    for health in &mut all {
        redact(desk, health);
    }
    all
}

/// Takes out what nobody may see: addresses with passwords, and of a private source all that may name its address.
pub(super) fn redact(desk: &Desk, health: &mut SourceHealth) {
    health.adopted_url = health.adopted_url.take().map(without_user);
    let source = desk.known.source(desk, &health.id);
    if source.is_none_or(|source| is_secret(source)) {
        health.url = PRIVATE.to_owned();
        health.adopted_url = None;
        health.error = None;
        health.push = None;
        health.history = None;
        health.pages = None;
    }
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
