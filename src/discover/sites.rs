//! Sites whose feeds follow from the address of a page, as they say themselves. Only what is certain stands here: a wrong
//! guess costs a request, and then the page is asked as any other.

use url::Url;

/// A kind of site, and the feed of a page of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What it is called: "a YouTube channel".
    pub name: &'static str,
    /// Where its feed is.
    pub feed: Url,
}

/// First parts of GitHub paths that are no accounts.
const GITHUB_PAGES: [&str; 22] = [
    "about",
    "apps",
    "collections",
    "contact",
    "customer-stories",
    "enterprise",
    "explore",
    "features",
    "login",
    "marketplace",
    "new",
    "notifications",
    "orgs",
    "pricing",
    "search",
    "security",
    "settings",
    "signup",
    "site",
    "sponsors",
    "topics",
    "trending",
];

/// Hosts where `/@name` is something else than on Mastodon, or is dealt with above.
const NO_MASTODON: [&str; 8] = [
    "youtube.com",
    "medium.com",
    "substack.com",
    "tiktok.com",
    "threads.net",
    "threads.com",
    "flipboard.com",
    "npmjs.com",
];

/// Sites of Stack Exchange that have a domain of their own.
const STACK_EXCHANGES: [&str; 5] = [
    "stackoverflow.com",
    "serverfault.com",
    "superuser.com",
    "askubuntu.com",
    "mathoverflow.net",
];

/// The site that a page belongs to. `None`: none of these, or a page of one that has no feed by its address.
pub fn site(page: &Url) -> Option<Site> {
    let host = page.host_str()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let parts: Vec<&str> = page
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let path = (host, &parts[..]);
    youtube(path, page)
        .or_else(|| code(path))
        .or_else(|| blogs(path))
        .or_else(|| forums(path))
        .or_else(|| packages(path))
        .or_else(|| social(path, page))
        .and_then(|(name, feed)| {
            Some(Site {
                name,
                feed: Url::parse(&feed).ok()?,
            })
        })
}

type Path<'p> = (&'p str, &'p [&'p str]);
type Mapped = Option<(&'static str, String)>;

/// <https://www.youtube.com/feeds/videos.xml>; a page of an `@handle` names its channel in a link element.
fn youtube((host, parts): Path<'_>, page: &Url) -> Mapped {
    if !matches!(host, "youtube.com" | "m.youtube.com") {
        return None;
    }
    let feed = |key: &str, id: &str| format!("https://www.youtube.com/feeds/videos.xml?{key}={id}");
    match parts {
        ["channel", id, ..] if id.starts_with("UC") => {
            Some(("a YouTube channel", feed("channel_id", id)))
        }
        ["user", name, ..] => Some(("a YouTube user", feed("user", name))),
        ["playlist"] => {
            let list = page.query_pairs().find(|(key, _)| key == "list")?.1;
            let plain = list
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            (plain && !list.is_empty()).then(|| ("a YouTube playlist", feed("playlist_id", &list)))
        }
        _ => None,
    }
}

/// Releases and tags of GitHub and Codeberg; commits of a GitHub branch.
fn code((host, parts): Path<'_>) -> Mapped {
    match (host, parts) {
        ("github.com", [owner, ..]) if GITHUB_PAGES.contains(owner) => None,
        ("github.com", [owner, repository] | [owner, repository, "releases"]) => {
            let repository = repository.strip_suffix(".git").unwrap_or(repository);
            Some((
                "a GitHub repository, its releases",
                format!("https://github.com/{owner}/{repository}/releases.atom"),
            ))
        }
        ("github.com", [owner, repository, "tags"]) => Some((
            "a GitHub repository, its tags",
            format!("https://github.com/{owner}/{repository}/tags.atom"),
        )),
        ("github.com", [owner, repository, "commits", branch @ ..]) if !branch.is_empty() => {
            Some((
                "a GitHub branch, its commits",
                format!(
                    "https://github.com/{owner}/{repository}/commits/{}.atom",
                    branch.join("/")
                ),
            ))
        }
        ("codeberg.org", [owner, repository] | [owner, repository, "releases"]) => Some((
            "a Codeberg repository, its releases",
            format!("https://codeberg.org/{owner}/{repository}/releases.rss"),
        )),
        _ => None,
    }
}

/// Hosts of blogs.
fn blogs((host, parts): Path<'_>) -> Mapped {
    let below = |domain: &str| {
        let name = host.strip_suffix(domain)?.strip_suffix('.')?;
        (!name.is_empty()).then_some(name)
    };
    match (host, parts) {
        ("medium.com", ["tag", tag, ..]) => {
            return Some(("a Medium tag", format!("https://medium.com/feed/tag/{tag}")));
        }
        ("medium.com", [name]) => {
            let kind = match name.starts_with('@') {
                true => "a Medium author",
                false => "a Medium publication",
            };
            return Some((kind, format!("https://medium.com/feed/{name}")));
        }
        ("dev.to", [name]) => {
            return Some(("a dev.to author", format!("https://dev.to/feed/{name}")));
        }
        ("tumblr.com", [name]) if *name != "dashboard" && *name != "explore" => {
            return Some(("a Tumblr blog", format!("https://{name}.tumblr.com/rss")));
        }
        _ => {}
    }
    let of = |domain: &str, kind: &'static str, feed: &str| {
        below(domain).map(|_| (kind, format!("https://{host}{feed}")))
    };
    of("medium.com", "a Medium blog", "/feed")
        .or_else(|| of("substack.com", "a Substack newsletter", "/feed"))
        .or_else(|| of("wordpress.com", "a WordPress.com blog", "/feed/"))
        .or_else(|| of("tumblr.com", "a Tumblr blog", "/rss"))
        .or_else(|| of("blogspot.com", "a Blogger blog", "/feeds/posts/default"))
}

/// Reddit, tags of Stack Exchange, Lemmy where the host's name says that it is one.
fn forums((host, parts): Path<'_>) -> Mapped {
    let stack = STACK_EXCHANGES.contains(&host) || host.ends_with(".stackexchange.com");
    match (host, parts) {
        ("reddit.com" | "old.reddit.com" | "new.reddit.com", ["r", name]) => Some((
            "a subreddit",
            format!("https://www.reddit.com/r/{name}/.rss"),
        )),
        ("reddit.com" | "old.reddit.com" | "new.reddit.com", ["user" | "u", name]) => Some((
            "a Reddit user",
            format!("https://www.reddit.com/user/{name}/.rss"),
        )),
        (_, ["questions", "tagged", tag]) if stack => Some((
            "questions of a tag",
            format!("https://{host}/feeds/tag/{tag}"),
        )),
        (_, [kind @ ("c" | "u"), name]) if host.starts_with("lemmy.") => Some((
            "a Lemmy community or user",
            format!("https://{host}/feeds/{kind}/{name}.xml?sort=New"),
        )),
        ("arxiv.org", ["list", archive, ..]) => Some((
            "new papers of an arXiv archive",
            format!("https://rss.arxiv.org/rss/{archive}"),
        )),
        _ => None,
    }
}

/// Releases of packages.
fn packages(path: Path<'_>) -> Mapped {
    match path {
        ("pypi.org", ["project", name, ..]) => Some((
            "a Python package, its releases",
            format!("https://pypi.org/rss/project/{name}/releases.xml"),
        )),
        ("crates.io", ["crates", name, ..]) => Some((
            "a Rust crate, its releases",
            format!("https://static.crates.io/rss/crates/{name}.xml"),
        )),
        _ => None,
    }
}

/// Bluesky, and Mastodon wherever it runs: `/@name` is an account of the host itself.
fn social((host, parts): Path<'_>, page: &Url) -> Mapped {
    match (host, parts) {
        ("bsky.app", ["profile", who]) => Some((
            "a Bluesky profile",
            format!("https://bsky.app/profile/{who}/rss"),
        )),
        (_, [name]) if !NO_MASTODON.contains(&host) => {
            let account = name.strip_prefix('@').filter(|account| {
                let mut letters = account.chars();
                !account.is_empty() && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            })?;
            let feed = page.join(&format!("/@{account}.rss")).ok()?;
            Some(("a Mastodon account", feed.into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(page: &str) -> Option<String> {
        site(&Url::parse(page).expect(page)).map(|site| site.feed.into())
    }

    #[test]
    fn pages_of_known_sites_name_their_feeds() {
        let cases = [
            (
                "https://www.youtube.com/channel/UCabc-_1/videos",
                "https://www.youtube.com/feeds/videos.xml?channel_id=UCabc-_1",
            ),
            (
                "https://m.youtube.com/user/mill",
                "https://www.youtube.com/feeds/videos.xml?user=mill",
            ),
            (
                "https://youtube.com/playlist?list=PLx_1&si=y",
                "https://www.youtube.com/feeds/videos.xml?playlist_id=PLx_1",
            ),
            (
                "https://github.com/a/b",
                "https://github.com/a/b/releases.atom",
            ),
            (
                "https://github.com/a/b.git",
                "https://github.com/a/b/releases.atom",
            ),
            (
                "https://github.com/a/b/releases/",
                "https://github.com/a/b/releases.atom",
            ),
            (
                "https://github.com/a/b/tags",
                "https://github.com/a/b/tags.atom",
            ),
            (
                "https://github.com/a/b/commits/feature/x",
                "https://github.com/a/b/commits/feature/x.atom",
            ),
            (
                "https://codeberg.org/a/b",
                "https://codeberg.org/a/b/releases.rss",
            ),
            ("https://medium.com/@ada", "https://medium.com/feed/@ada"),
            (
                "https://medium.com/mill-notes",
                "https://medium.com/feed/mill-notes",
            ),
            (
                "https://medium.com/tag/rust/latest",
                "https://medium.com/feed/tag/rust",
            ),
            ("https://ada.medium.com/", "https://ada.medium.com/feed"),
            (
                "https://ada.substack.com/p/one",
                "https://ada.substack.com/feed",
            ),
            (
                "https://ada.wordpress.com",
                "https://ada.wordpress.com/feed/",
            ),
            ("https://ada.tumblr.com/", "https://ada.tumblr.com/rss"),
            ("https://www.tumblr.com/ada", "https://ada.tumblr.com/rss"),
            (
                "https://ada.blogspot.com/2026/",
                "https://ada.blogspot.com/feeds/posts/default",
            ),
            ("https://dev.to/ada", "https://dev.to/feed/ada"),
            (
                "https://old.reddit.com/r/rust/",
                "https://www.reddit.com/r/rust/.rss",
            ),
            (
                "https://www.reddit.com/u/ada",
                "https://www.reddit.com/user/ada/.rss",
            ),
            (
                "https://stackoverflow.com/questions/tagged/rust",
                "https://stackoverflow.com/feeds/tag/rust",
            ),
            (
                "https://unix.stackexchange.com/questions/tagged/c%23",
                "https://unix.stackexchange.com/feeds/tag/c%23",
            ),
            (
                "https://lemmy.world/c/rust",
                "https://lemmy.world/feeds/c/rust.xml?sort=New",
            ),
            (
                "https://arxiv.org/list/cs.CL/recent",
                "https://rss.arxiv.org/rss/cs.CL",
            ),
            (
                "https://pypi.org/project/ruff/#history",
                "https://pypi.org/rss/project/ruff/releases.xml",
            ),
            (
                "https://crates.io/crates/serde",
                "https://static.crates.io/rss/crates/serde.xml",
            ),
            (
                "https://bsky.app/profile/ada.example",
                "https://bsky.app/profile/ada.example/rss",
            ),
            (
                "https://mastodon.example:8443/@ada",
                "https://mastodon.example:8443/@ada.rss",
            ),
        ];
        for (page, expected) in cases {
            assert_eq!(feed(page).as_deref(), Some(expected), "{page}");
        }
    }

    #[test]
    fn other_pages_name_none() {
        for page in [
            "https://a.example/",
            "https://www.youtube.com/@ada",
            "https://www.youtube.com/watch?v=x&list=PLx",
            "https://www.youtube.com/playlist?list=a%26b",
            "https://www.youtube.com/channel/other",
            "https://github.com/",
            "https://github.com/ada",
            "https://github.com/topics/rust",
            "https://github.com/a/b/issues",
            "https://github.com/a/b/commits",
            "https://github.com.evil.example/a/b",
            "https://notmedium.com/tag/x/y",
            "https://medium.com/",
            "https://substack.com/@ada",
            "https://www.tiktok.com/@ada",
            "https://mastodon.example/@ada@other.example",
            "https://mastodon.example/@ada/1",
            "https://lemmy.world/post/1",
            "https://www.reddit.com/r/rust/comments/1/x",
            "file:///@ada",
        ] {
            assert_eq!(feed(page), None, "{page}");
        }
    }
}
