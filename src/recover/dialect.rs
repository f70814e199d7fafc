//! The dialect of a feed by its root.

use super::names::{self, Ns};
use super::rules::Family;

/// The dialect of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `rss-0.90`
    Rss090,
    /// `rss-0.91`
    Rss091,
    /// `rss-0.92`
    Rss092,
    /// `rss-1.0`
    Rss10,
    /// `rss-1.1`
    Rss11,
    /// `rss-2.0`
    Rss20,
    /// `atom-0.3`
    Atom03,
    /// `atom-1.0`
    Atom10,
    /// `json-1.0`
    Json10,
    /// `json-1.1`
    Json11,
    /// `cdf`
    Cdf,
}

impl Format {
    /// The name in JSON: `rss-2.0`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss090 => "rss-0.90",
            Self::Rss091 => "rss-0.91",
            Self::Rss092 => "rss-0.92",
            Self::Rss10 => "rss-1.0",
            Self::Rss11 => "rss-1.1",
            Self::Rss20 => "rss-2.0",
            Self::Atom03 => "atom-0.3",
            Self::Atom10 => "atom-1.0",
            Self::Json10 => "json-1.0",
            Self::Json11 => "json-1.1",
            Self::Cdf => "cdf",
        }
    }

    /// Whether it is a dialect of RSS, where text is HTML without saying so and one element stands for both summary
    /// and content.
    pub fn is_rss(self) -> bool {
        !matches!(
            self,
            Self::Atom03 | Self::Atom10 | Self::Json10 | Self::Json11
        )
    }
}

/// What a root says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub(super) format: Format,
    pub(super) family: Family,
    /// feed-rs reads this dialect as it is.
    pub(super) plain: bool,
    /// It is no root that its specification knows.
    pub(super) repair: Option<&'static str>,
}

/// Local names of roots, lower case.
const ROOTS: [&str; 5] = ["rss", "rdf", "feed", "entry", "channel"];

/// Whether `name`, with its prefix and in any case, is the root of a feed.
pub(super) fn is_root(name: &str) -> bool {
    let (_, local) = names::split(name);
    ROOTS.iter().any(|root| root.eq_ignore_ascii_case(local))
}

/// The dialect by the name of the root as written, the namespace it is in, and its attributes.
pub(super) fn of_root(name: &str, uri: &str, attributes: &[(&str, &str)]) -> Root {
    let (_, written) = names::split(name);
    let local = written.to_ascii_lowercase();
    let value = |name: &str| {
        let found = attributes
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let (ns, exact) = names::of_uri(uri);
    let root = |format, family, plain, repair| Root {
        format,
        family,
        plain,
        repair,
    };
    match local.as_str() {
        "feed" | "entry" => {
            let old = !exact && ns == Ns::Atom && !uri.to_ascii_lowercase().contains("2005/atom");
            let old = old
                || (ns != Ns::Atom
                    && value("version").is_some_and(|version| version.starts_with("0.")));
            let format = if old { Format::Atom03 } else { Format::Atom10 };
            let repair = (!old && !exact).then_some("namespace");
            root(format, Family::Atom, exact && local == "feed", repair)
        }
        "rdf" => {
            let ninety = attributes
                .iter()
                .any(|(_, value)| value.contains("netscape.com/rdf/simple/0.9"));
            let format = if ninety {
                Format::Rss090
            } else {
                Format::Rss10
            };
            root(format, Family::Rss, false, None)
        }
        "channel" if uri.contains("rss1.1") => root(Format::Rss11, Family::Rss, false, None),
        "channel" if written == "CHANNEL" => root(Format::Cdf, Family::Cdf, false, None),
        "channel" => root(Format::Rss20, Family::Rss, false, Some("missing-root")),
        _ => {
            let version = value("version").unwrap_or_default();
            let format = match version {
                "0.90" | "0.9" => Format::Rss090,
                "0.91" => Format::Rss091,
                "0.92" | "0.93" | "0.94" => Format::Rss092,
                _ => Format::Rss20,
            };
            let plain = matches!(version, "2.0" | "0.91" | "0.92") && uri.is_empty();
            let known = matches!(version, "2.0" | "0.90" | "0.91" | "0.92" | "0.93" | "0.94");
            root(format, Family::Rss, plain, (!known).then_some("version"))
        }
    }
}
