//! An address that somebody knows → addresses where its feed may be, the most likely first.
//!
//! Pure: what each of them really is, is found by fetching it, one after the other until one is a feed (`commands/add.rs`). A
//! feed may be named by the address alone (`sites`), by the page or the head of its response (`page`), or by custom
//! (`paths`).

use url::Url;

pub use page::candidates;
pub use sites::{Site, site};

mod page;
mod sites;

/// A place where a feed may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where; `http` or `https`.
    pub url: Url,
    /// How it was found.
    pub found: Found,
    /// What the link says: the name of the feed.
    pub title: Option<String>,
    /// What the link says its type is.
    pub media_type: Option<String>,
    /// It looks like the comments on a page or a site, not like what the site publishes.
    pub is_comments: bool,
}

/// How a place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is the address that was given.
    Given,
    /// A site of this kind has its feeds there.
    Site,
    /// A `Link` header field of the page.
    Header,
    /// A `link` element of the page.
    Link,
    /// An `a` element of the page.
    Anchor,
    /// Feeds are often there.
    Path,
}

impl Found {
    /// In words that follow "found by".
    pub fn words(self) -> &'static str {
        match self {
            Self::Given => "the address itself",
            Self::Site => "the kind of site",
            Self::Header => "the page's Link header",
            Self::Link => "the page's link element",
            Self::Anchor => "a link on the page",
            Self::Path => "a common path",
        }
    }
}

/// Below the folder of the page.
const BELOW: [&str; 3] = ["feed", "index.xml", "atom.xml"];
/// Below the root of the site.
const AT_ROOT: [&str; 7] = [
    "feed",
    "rss",
    "atom.xml",
    "feed.xml",
    "index.xml",
    "rss.xml",
    "feed.json",
];

/// Where feeds often are: below the folder of a page that is not the root, then below the root. At most ten.
pub fn paths(page: &Url) -> Vec<Candidate> {
    let mut urls: Vec<Url> = Vec::new();
    let mut add = |base: &str, name: &str| {
        let mut url = page.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&format!("{base}{name}"));
        if url != *page && !urls.contains(&url) {
            urls.push(url);
        }
    };
    let path = page.path();
    let last = path.rsplit('/').next().unwrap_or_default();
    // `/blog` is a folder as well as `/blog/`; `/blog/post.html` lies in one.
    let folder = match last.contains('.') {
        true => path[..path.len() - last.len()].to_owned(),
        false => format!("{}/", path.trim_end_matches('/')),
    };
    for name in BELOW.iter().filter(|_| folder != "/") {
        add(&folder, name);
    }
    for name in AT_ROOT {
        add("/", name);
    }
    let candidate = |url| Candidate {
        url,
        found: Found::Path,
        title: None,
        media_type: None,
        is_comments: false,
    };
    urls.into_iter().map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_paths_are_few_and_near() {
        let check = |page: &str, first: &[&str], count: usize| {
            let page = Url::parse(page).expect("a URL");
            let paths: Vec<String> = { paths(&page).into_iter() }
                .map(|candidate| candidate.url.to_string())
                .collect();
            assert_eq!(paths[..first.len()], *first);
            assert_eq!(paths.len(), count, "{paths:?}");
        };
        check(
            "https://a.example/?p=1#x",
            &["https://a.example/feed", "https://a.example/rss"],
            7,
        );
        check(
            "https://a.example/feed",
            &["https://a.example/feed/feed"],
            9,
        );
        check(
            "https://a.example:8443/blog/post.html",
            &[
                "https://a.example:8443/blog/feed",
                "https://a.example:8443/blog/index.xml",
                "https://a.example:8443/blog/atom.xml",
                "https://a.example:8443/feed",
            ],
            10,
        );
    }
}
