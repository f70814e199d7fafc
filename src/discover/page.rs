//! What a page and the head of its response name as feeds → candidates in order.

use url::Url;

use super::{Candidate, Found};
use crate::fetch::Alternate;
use crate::parse::{FeedLink, Named, is_feed_type};

/// Candidates that are kept.
const MOST: usize = 12;

/// The feeds that a page names: link elements and header fields before links in the text, the site's own before those of
/// comments, and what may be anything (`application/json` of another name) last. Otherwise in the order of the page,
/// as sites name their main feed first. Each address once, none of them the page itself.
pub fn candidates(page: &Url, alternates: &[Alternate], links: &[FeedLink]) -> Vec<Candidate> {
    let header = alternates.iter().filter_map(|link| {
        let fits = link.is_feed || link.media_type.as_deref().is_some_and(is_feed_type);
        fits.then(|| {
            (
                Found::Header,
                link.url.clone(),
                &link.media_type,
                &link.title,
            )
        })
    });
    let linked = links.iter().map(|link| {
        let found = match link.named {
            Named::Link => Found::Link,
            Named::Anchor => Found::Anchor,
        };
        (found, link.url.clone(), &link.media_type, &link.title)
    });
    let mut all: Vec<Candidate> = Vec::new();
    for (found, mut url, media_type, title) in linked.chain(header) {
        url.set_fragment(None);
        let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && url != *page;
        if !fits || all.iter().any(|known| known.url == url) {
            continue;
        }
        all.push(Candidate {
            is_comments: is_comments(&url, title.as_deref()),
            url,
            found,
            title: title.as_deref().map(without_controls),
            media_type: media_type.clone(),
        });
    }
    all.sort_by_key(rank);
    all.truncate(MOST);
    all
}

/// It may be shown on a terminal.
fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The lower the better.
fn rank(candidate: &Candidate) -> (bool, bool, bool) {
    let may_be_anything = candidate.media_type.as_deref() == Some("application/json")
        && !candidate.url.path().contains("feed");
    (
        may_be_anything,
        candidate.found == Found::Anchor,
        candidate.is_comments,
    )
}

/// Whether a feed is of comments: WordPress has `/comments/feed/` and `/2026/03/post/feed/` titled "… Comments Feed", Blogger
/// `/feeds/comments/default`.
fn is_comments(url: &Url, title: Option<&str>) -> bool {
    const WORDS: [&str; 8] = [
        "comment",
        "comments",
        "kommentar",
        "kommentare",
        "commentaires",
        "comentarios",
        "commenti",
        "replies",
    ];
    let has = |text: &str| {
        let text = text.to_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.any(|word| WORDS.contains(&word))
    };
    has(url.path()) || title.is_some_and(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::feed_links;

    fn check(html: &str, alternates: &[(&str, Option<&str>, bool)], expected: &[&str]) {
        let page = Url::parse("https://a.example/post").expect("a URL");
        let alternates: Vec<Alternate> = { alternates.iter() }
            .map(|(href, media_type, is_feed)| Alternate {
                url: page.join(href).expect("a URL"),
                media_type: media_type.map(str::to_owned),
                title: None,
                is_feed: *is_feed,
            })
            .collect();
        let found: Vec<String> = candidates(&page, &alternates, &feed_links(html, &page))
            .iter()
            .map(|candidate| format!("{:?} {}", candidate.found, candidate.url.path()))
            .collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn the_feed_of_the_site_goes_before_those_of_comments_and_before_links_in_the_text() {
        let rss = "<link rel=alternate type=application/rss+xml";
        check(
            &format!(
                "{rss} title='A » Post Comments Feed' href=/post/feed/>{rss} title='A » Feed' href=/feed/>\
                 {rss} title='A' href=/comments/feed/><a href=/other.rss>RSS</a>\
                 <link rel=alternate type=application/json href=/wp-json/wp/v2/posts/1>"
            ),
            &[("/head", Some("application/atom+xml"), false)],
            &[
                "Link /feed/",
                "Header /head",
                "Link /post/feed/",
                "Link /comments/feed/",
                "Anchor /other.rss",
                "Link /wp-json/wp/v2/posts/1",
            ],
        );
    }

    #[test]
    fn a_header_alone_will_do() {
        check(
            "",
            &[
                ("/print", Some("text/html"), false),
                ("/de", None, false),
                ("/f", None, true),
                ("/g", Some("application/feed+json"), false),
                ("/f", None, true),
                ("/post", None, true),
            ],
            &["Header /f", "Header /g"],
        );
    }
}
