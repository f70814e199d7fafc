//! What the path of a page names.

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::model::Article;
use crate::publish::http::Door;
use crate::web::{Chosen, Links, Part, SOURCES, Sort, assets};

use super::super::asked::decoded;
use super::super::followed::List;
use super::SEARCH_PAGES;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::daemon) enum Page {
    /// The style sheet or the script.
    Asset(String),
    /// The same page under the one address that it has.
    Elsewhere(String),
    /// A river.
    River {
        /// Name of the output; `None`: the first open one, at the base itself.
        output: Option<String>,
        /// Only this tag.
        tag: Option<String>,
        /// Only this source.
        source: Option<String>,
        /// What stands behind this article, by date and id.
        before: Option<(DateTime<Utc>, String)>,
    },
    /// An article, by its UUID.
    Article(String),
    /// The list of sources.
    Sources {
        sort: Sort,
        state: Option<String>,
        tag: Option<String>,
        /// From 1.
        page: usize,
    },
    /// One source, by id.
    Source(String),
    /// A search.
    Search {
        text: String,
        /// From 1.
        page: usize,
    },
}

impl Page {
    /// What a path below the base and its query name; `None`: no page. A query that says the same in other words leads to
    /// the one address of its page, so that a page is made once.
    pub(in crate::daemon) fn read(asked: &str, config: &Config) -> Option<Self> {
        let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
        let value = |key: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let found = pairs
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.trim().to_owned());
            found.filter(|value| !value.is_empty())
        };
        let number = |key: &str| {
            value(key)
                .and_then(|text| text.parse::<usize>().ok())
                .filter(|page| *page > 0)
                .unwrap_or(1)
        };
        let page = match path {
            "sources" => Self::Sources {
                sort: value("sort")
                    .and_then(|word| {
                        Sort::ALL
                            .iter()
                            .find(|(name, _)| *name == word)
                            .map(|(_, sort)| *sort)
                    })
                    .unwrap_or_default(),
                state: value("state"),
                tag: value("tag"),
                page: number("page").min(config.sources.len().div_ceil(SOURCES).max(1)),
            },
            "search" => Self::Search {
                text: value("q").unwrap_or_default(),
                page: number("page").min(SEARCH_PAGES),
            },
            _ => {
                if let Some(uuid) = path.strip_prefix("articles/") {
                    let known = uuid::Uuid::parse_str(uuid).ok()?;
                    return (known.to_string() == uuid).then(|| Self::Article(uuid.to_owned()));
                }
                if let Some(id) = path.strip_prefix("sources/") {
                    let id = decoded(id)?;
                    let is_known = config.sources.iter().any(|source| source.id == id);
                    return is_known.then_some(Self::Source(id));
                }
                if path.starts_with("static/") {
                    let is_known = assets().iter().any(|asset| asset.path == path);
                    return is_known.then(|| Self::Asset(path.to_owned()));
                }
                let output = match path {
                    "" => None,
                    name => Some(config.outputs.iter().find(|output| output.name == name)?),
                };
                if output.is_some_and(|output| output.token.is_some()) {
                    // One page, whatever the query.
                    return Some(Self::River {
                        output: Some(path.to_owned()),
                        tag: None,
                        source: None,
                        before: None,
                    });
                }
                Self::River {
                    output: output.map(|output| output.name.clone()),
                    tag: value("tag"),
                    source: value("source"),
                    before: value("before").and_then(|text| place(&text)),
                }
            }
        };
        let own = page.address();
        Some(if own == asked {
            page
        } else {
            Self::Elsewhere(own)
        })
    }

    /// Its one address below the base.
    fn address(&self) -> String {
        let links = Links::Served(String::new());
        match self {
            Self::River {
                output,
                tag,
                source,
                before,
            } => {
                let before = before.as_ref().map(|(at, id)| cursor_of(*at, id));
                links.river(
                    output.as_deref().unwrap_or_default(),
                    &Part {
                        tag: tag.as_deref(),
                        source: source.as_deref(),
                        before: before.as_deref(),
                    },
                )
            }
            Self::Sources {
                sort,
                state,
                tag,
                page,
            } => links.list(&Chosen {
                sort: *sort,
                state: state.as_deref(),
                tag: tag.as_deref(),
                page: *page,
            }),
            Self::Search { text, page } => links.search(text, *page),
            Self::Article(uuid) => links.article(uuid),
            Self::Source(id) => links.source(id),
            Self::Asset(path) | Self::Elsewhere(path) => path.clone(),
        }
    }
}

/// What is known of a path and its query before anything is made. What no page, feed, list or archive can be is nowhere.
pub(in crate::daemon) fn door(asked: &str, config: &Config) -> Door {
    let path = asked.split('?').next().unwrap_or_default();
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let output = config.outputs.iter().find(|output| output.name == first);
    let is_known = match rest {
        _ if Page::read(asked, config).is_some() => true,
        Some(rest) => {
            let is_folder = matches!(first, "tag" | "source") || output.is_some();
            is_folder && rest.contains('.')
        }
        None => path.starts_with("search.") || List::read(path).is_some(),
    };
    match output.and_then(|output| output.token.clone()) {
        _ if !is_known => Door::Nowhere,
        Some(token) => Door::Locked(token),
        None => Door::Open,
    }
}

/// Names the place of an article in a river: what stands behind it comes next.
pub(super) fn cursor(article: &Article) -> String {
    cursor_of(article.published_at, &article.id)
}

fn cursor_of(at: DateTime<Utc>, id: &str) -> String {
    format!(
        "{}-{}",
        at.timestamp_millis(),
        id.strip_prefix("urn:uuid:").unwrap_or(id)
    )
}

fn place(text: &str) -> Option<(DateTime<Utc>, String)> {
    let (millis, uuid) = text.split_at(
        text.find('-')
            .filter(|at| *at > 0)
            .or_else(|| text.get(1..)?.find('-').map(|at| at + 1))?,
    );
    let at = DateTime::from_timestamp_millis(millis.parse().ok()?)?;
    let uuid = uuid::Uuid::parse_str(uuid.strip_prefix('-')?).ok()?;
    Some((at, uuid.urn().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_one_address() {
        let text = "[[source]]\nid = \"mill\"\nurl = \"file:a\"\n[[output]]\nname = \"all\"\n[[output]]\nname = \"inner\"\ntoken = \"tok0\"\n";
        let config = crate::config::parse(text, std::path::Path::new("f.toml")).expect("valid");
        let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        for (asked, expected) in [
            ("", Some(None)),
            ("?x=1", Some(Some(""))),
            ("?tag=a%20b&x=1", Some(Some("?tag=a+b"))),
            ("?tag=a+b", Some(None)),
            ("all?source=mill&tag=t", Some(Some("all?tag=t&source=mill"))),
            (&format!("?before=1764000000000-{uuid}"), Some(None)),
            (&format!("?before=-5-{uuid}"), Some(None)),
            ("?before=1-2", Some(Some(""))),
            ("?before=-", Some(Some(""))),
            ("none", None),
            ("inner", Some(None)),
            ("sources?page=1&sort=state", Some(Some("sources"))),
            (
                "sources?sort=title&page=1",
                Some(Some("sources?sort=title")),
            ),
            ("sources?page=99", Some(Some("sources"))),
            ("sources/mill", Some(None)),
            ("sources/other", None),
            ("search?q=gate", Some(None)),
            ("search?page=0&q=+gate+", Some(Some("search?q=gate"))),
            ("search?q=gate&page=10", Some(None)),
            ("search?q=gate&page=11", Some(Some("search?q=gate&page=10"))),
            ("search?q=gate&page=41", Some(Some("search?q=gate&page=10"))),
            (&format!("articles/{uuid}"), Some(None)),
            ("articles/6BA7B810-9dad-11d1-80b4-00c04fd430c8", None),
            ("articles/../x", None),
            ("static/x.css", None),
        ] {
            let read = Page::read(asked, &config);
            let elsewhere = read.as_ref().map(|page| match page {
                Page::Elsewhere(path) => Some(path.as_str()),
                _ => None,
            });
            assert_eq!(elsewhere, expected, "{asked}: {read:?}");
            if let Some(Page::Elsewhere(path)) = &read {
                assert!(
                    !matches!(Page::read(path, &config), Some(Page::Elsewhere(_)) | None),
                    "{path}"
                );
            }
        }
        assert!(matches!(
            Page::read("inner?tag=x", &config),
            Some(Page::River { tag: None, .. })
        ));
    }

    #[test]
    fn a_door_is_locked_or_leads_nowhere_before_anything_is_made() {
        let text = "[[source]]\nid = \"mill\"\nurl = \"file:a\"\n[[output]]\nname = \"all\"\n[[output]]\nname = \"inner\"\ntoken = \"tok0\"\n";
        let config = crate::config::parse(text, std::path::Path::new("f.toml")).expect("valid");
        for (asked, expected) in [
            ("", "open"),
            ("?x=1", "open"),
            ("all", "open"),
            ("inner", "tok0"),
            ("inner?x=1", "tok0"),
            ("inner/archive/1.atom", "tok0"),
            ("all/archive/1.atom", "open"),
            ("tag/none.atom", "open"),
            ("source/mill.json", "open"),
            ("sources.opml", "open"),
            ("health.atom", "open"),
            ("search.rss?q=a", "open"),
            ("search?q=a", "open"),
            ("sources/mill", "open"),
            ("sources/none", "nowhere"),
            ("articles/x", "nowhere"),
            ("none", "nowhere"),
            ("none.atom", "nowhere"),
            ("none/archive/1.atom", "nowhere"),
            ("wp-login.php", "nowhere"),
            ("inner/x", "nowhere"),
        ] {
            let told = match door(asked, &config) {
                Door::Open => "open".to_owned(),
                Door::Nowhere => "nowhere".to_owned(),
                Door::Locked(token) => token.expose().to_owned(),
            };
            assert_eq!(told, expected, "{asked}");
        }
    }
}
