//! Stored values → pages for people: the river, an article, the sources, a search (`docs/pages.md`).
//!
//! Everything here is pure: values in, HTML out, the same bytes for the same values. No page needs a script; the one there
//! is adds keys and words such as "2 hours ago". No title, name or address of a feed is trusted: text is escaped by the
//! templates (maud), an address is linked only when it is http(s) (`Frame::outward`), and a body is HTML that
//! `normalize` wrote and `prose` goes over once more. Nothing is read from the store and nothing is served here.

use std::collections::HashMap;

use chrono_tz::Tz;
use xxhash_rust::xxh3::xxh3_64;

pub use article::{Told, article};
pub use images::Images;
pub use links::{Links, Part};
pub use river::{Facet, Progress, River, closed, river};
pub use search::{Found, search};
pub use source::{SourcePage, source};
pub use sources::{Chosen, Line, Sort, sources};

mod article;
mod diff;
mod frame;
mod images;
pub mod labels;
mod language;
mod links;
mod prose;
mod river;
mod search;
mod source;
mod sources;
mod spark;
mod time;

#[cfg(test)]
mod tests;

/// `Content-Type` of a page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Articles on one page of a river or a search.
pub const ARTICLES: usize = 25;

/// Sources on one page of their list.
pub const SOURCES: usize = 100;

/// An output that everybody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its name: its river is at `NAME`, its feeds at `NAME.atom`, `.rss`, `.json`.
    pub name: String,
    /// Title.
    pub title: String,
}

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Title of the site.
    pub title: String,
    /// `server.public_url`; ends in `/`.
    pub public_url: String,
    /// How pages are linked.
    pub links: Links,
    /// The open outputs, that of `/` first.
    pub outputs: Vec<Listing>,
    /// Where pictures come from.
    pub images: Images,
    /// Titles of the sources that may be shown, by id.
    pub names: HashMap<String, String>,
    /// The zone that days and times are shown in.
    pub zone: Tz,
}

impl Frame {
    /// What a source is called; its id when it has no title.
    fn name<'a>(&'a self, source: &'a str) -> &'a str {
        self.names.get(source).map_or(source, String::as_str)
    }

    /// An address that a page may link: absolute http(s). Everything else, `javascript:` above all, is not linked.
    fn outward(url: &str) -> Option<&str> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme)?;
        let known = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        known.then_some(url)
    }
}

/// A file that pages load: its path below the base, type and bytes. The path holds a hash: it may be kept for good.
#[derive(Clone, Debug)]
pub struct Asset {
    /// `static/NAME-HASH.EXTENSION`.
    pub path: String,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: &'static str,
}

const STYLE: &str = include_str!("web/style.css");
const SCRIPT: &str = include_str!("web/script.js");

/// The style sheet and the script.
pub fn assets() -> [Asset; 2] {
    let asset = |name: &str, extension: &str, content_type, body: &'static str| Asset {
        path: format!(
            "static/{name}-{:016x}.{extension}",
            xxh3_64(body.as_bytes())
        ),
        content_type,
        body,
    };
    [
        asset("feedmill", "css", "text/css; charset=utf-8", STYLE),
        asset("feedmill", "js", "text/javascript; charset=utf-8", SCRIPT),
    ]
}
