//! What holds for documents that nobody wrote: soups of markup, and feeds of random parts.

#[path = "../../fuzz/targets.rs"]
#[allow(dead_code)]
mod targets;

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use feedmill::model::{Article, Entry, EntryRef, FeedInfo, Origin, Rung};
use feedmill::normalize;
use feedmill::parse::{self, Context};
use feedmill::publish::atom::{Channel, render};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use url::Url;

/// Runs a property on a thread with the stack that feed-rs needs; the cases are the same at every run.
fn holds<S: Strategy + Send + 'static>(cases: u32, strategy: S, property: fn(S::Value))
where
    S::Value: Debug,
{
    let run = move || {
        parse::silence_panics();
        let config = ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let result = runner.run(&strategy, |value| {
            property(value);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    };
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("the property holds");
}

/// What feeds are made of, and what breaks them.
const MARKUP: &[&str] = &[
    "<rss version=\"2.0\">",
    "<channel>",
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<title type=\"xhtml\">",
    "<link>",
    "</link>",
    "<link href=\"/a\"/>",
    "<guid>",
    "</guid>",
    "<description>",
    "</description>",
    "<content type=\"xhtml\">",
    "</content>",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">",
    "</div>",
    "<author>",
    "</author>",
    "<name>",
    "</name>",
    "<media:group>",
    "</media:group>",
    "<media:content url=\"a\">",
    "<dc:creator>",
    "</dc:creator>",
    "<category term=\"a\"/>",
    "<x y=\"1\" y='2' z>",
    "</x>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?a",
    "?>",
    "<",
    ">",
    "&",
    "&amp;",
    "&#8217;",
    "&eacute;",
    "&#xD83D;&#xDE00;",
    "&#0;",
    "\"",
    "'",
    "=",
    " ",
    "\n",
    "rye",
    "Ann Lee <a@b.example>",
    "2026-01-05",
    "\u{1f33e}",
    "\u{0}",
    "é",
    " xml:base=\"/b/\"",
    " xmlns:q=\"urn:q\"",
    "<q:r>",
    "</q:r>",
    "</channel>",
    "</rss>",
];

fn soup(root: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(MARKUP), 0..60)
        .prop_map(move |pieces| format!("{root}{}", pieces.concat()))
}

/// No panic, and what was recovered is recovered: `targets::document` says so.
#[test]
fn soups_are_read_and_what_is_recovered_stays() {
    for root in [
        "",
        "<rss version=\"2.0\"><channel>",
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\">",
    ] {
        holds(150, soup(root), |text| targets::document(text.as_bytes()));
    }
}

/// Parts of one item of RSS.
#[derive(Clone, Debug)]
struct Item {
    title: String,
    summary: String,
    content: String,
    author: &'static str,
    categories: Vec<&'static str>,
    hour: u32,
    minutes_after: Option<u32>,
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let words = |from: &'static [&'static str], most| {
        prop::collection::vec(prop::sample::select(from), 1..most)
            .prop_map(|words: Vec<&str>| words.join(" "))
    };
    const TEXT: &[&str] = &[
        "Rye",
        "&amp;amp;",
        "&amp;lt;b&amp;gt;",
        "1 &amp;lt; 2",
        "Straße",
        "\u{1f33e}",
        "\"so\"",
        "it's",
        "山田",
        "e\u{301}",
        "a\u{a0}b",
        "x&#x9;y",
    ];
    const HTML: &[&str] = &[
        "<p>Rye &amp; <b>oats</b></p>",
        "<p>1 &lt; 2</p>",
        "<ul><li>a</li><li>b</li></ul>",
        "<pre>  kept\n so</pre>",
        "<p><a href=\"/oats?a=1&amp;b=2\">oats</a><br>x</p>",
        "<blockquote><p>word</p></blockquote>",
        "<p>山田 \u{a0} é</p>",
        "<p><img src=\"rye.png\" alt=\"a &quot;word&quot;\"></p>",
        "<h2>Head</h2>",
        "<table><tbody><tr><td>1</td></tr></tbody></table>",
    ];
    let item = (
        words(TEXT, 6),
        words(TEXT, 8),
        words(HTML, 6),
        prop::sample::select(
            &[
                "Ann Lee",
                "Bo de Vries",
                "山田太郎",
                "The Mill Team",
                "José Ortega y Gasset",
            ][..],
        ),
        prop::sample::subsequence(vec!["grain", "Rye & oats", "<b>", "日本"], 0..4),
        0..24u32,
        prop::option::of(1..600u32),
    );
    let item = item.prop_map(
        |(title, summary, content, author, categories, hour, minutes_after)| Item {
            title: format!("Mill {title}"),
            summary: format!("In short: {summary}"),
            content,
            author,
            categories,
            hour,
            minutes_after,
        },
    );
    prop::collection::vec(item, 1..5)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn rss(items: &[Item]) -> String {
    let item = |(at, item): (usize, &Item)| {
        let categories: String = item
            .categories
            .iter()
            .map(|term| format!("<dc:subject>{}</dc:subject>", escaped(term)))
            .collect();
        let published = start(at, item);
        let updated = item.minutes_after.map_or(String::new(), |minutes| {
            let updated = published + chrono::Duration::minutes(minutes.into());
            format!("<a:updated>{}</a:updated>", updated.to_rfc3339())
        });
        format!(
            "<item><guid isPermaLink=\"false\">sack-{at}</guid><title>{}</title><link>https://mill.example/{at}?b=2&amp;a=1</link>\
             <dc:creator>{}</dc:creator>{categories}<pubDate>{}</pubDate>{updated}<description>{}</description>\
             <content:encoded>{}</content:encoded></item>",
            item.title,
            item.author,
            published.to_rfc2822(),
            item.summary,
            escaped(&item.content)
        )
    };
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:a=\"http://www.w3.org/2005/Atom\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Mill</title>{}</channel></rss>",
        items.iter().enumerate().map(item).collect::<String>()
    )
}

fn start(at: usize, item: &Item) -> DateTime<Utc> {
    let day = DateTime::from_timestamp(1_767_225_600, 0).expect("an instant");
    day + chrono::Duration::days(i64::try_from(at).expect("few"))
        + chrono::Duration::hours(item.hour.into())
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("an instant")
}

fn entries(body: &[u8]) -> Vec<Entry> {
    let base = Url::parse("https://mill.example/feed").expect("an address");
    let context = Context {
        base_url: Some(base.clone()),
        ..Context::default()
    };
    let feed = parse::parse(body, &context).expect("a feed");
    assert!(feed.recovered.is_empty(), "{:?}", feed.recovered);
    let document = normalize::document(&feed, &base, &[]);
    let entries = feed.entries.iter().enumerate().map(|(index, entry)| {
        let identity = normalize::identity(&document, index, entry);
        normalize::entry(&document, &identity, entry, &base, now()).entry
    });
    entries.collect()
}

fn article(entry: Entry) -> Article {
    let published_at = entry.published.expect("a date");
    Article {
        id: "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001".into(),
        published_id: entry.id.clone(),
        origin: Origin {
            source: "mill".into(),
            iri: "https://mill.example/feed".into(),
            title: "Mill".into(),
            url: Some("https://mill.example/feed".into()),
            tags: vec![],
            info: FeedInfo::default(),
        },
        published_at,
        updated: entry.updated.unwrap_or(published_at),
        first_seen: now(),
        last_seen: now(),
        revision: 1,
        related: Vec::new(),
        filled: Vec::new(),
        page: None,
        entries: vec![EntryRef {
            source: "mill".into(),
            entry_id: entry.id.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            published: entry.published,
            first_seen: now(),
            rung: Rung::Entry,
        }],
        entry,
    }
}

/// Normalizing what was normalized and published changes nothing.
#[test]
fn what_is_published_reads_back_unchanged() {
    holds(200, items(), |items| {
        let first = entries(rss(&items).as_bytes());
        assert_eq!(first.len(), items.len());
        let articles: Vec<Article> = first.iter().cloned().map(article).collect();
        let channel = Channel {
            id: "urn:uuid:6f1d5c0e-0d5c-4d7e-8f59-1f0a5a1c0001".into(),
            title: "All".into(),
            self_url: "https://all.example/all.atom".into(),
            home_url: "https://all.example/".into(),
            updated: now(),
            hubs: vec![],
            title_prefix: String::new(),
            summary_only: false,
            archive: Default::default(),
        };
        let published = render(&channel, &articles);
        let again = entries(&published);
        assert_eq!(again.len(), first.len());
        for (before, after) in first.iter().zip(&again) {
            let shown = |entry: &Entry| {
                (
                    entry.id.clone(),
                    entry.url.clone(),
                    entry.title.clone(),
                    entry.published,
                    entry.content_html.clone(),
                    entry.details.summary.clone(),
                    entry
                        .details
                        .authors
                        .iter()
                        .map(|author| author.name.replace('＜', "<"))
                        .collect::<Vec<_>>(),
                    // What would begin a tag goes out as its full-width twin.
                    entry
                        .details
                        .categories
                        .iter()
                        .map(|one| one.term.replace('＜', "<"))
                        .collect::<Vec<_>>(),
                    entry.details.image.as_ref().map(|image| image.url.clone()),
                )
            };
            assert_eq!(
                shown(after),
                shown(before),
                "{}",
                String::from_utf8_lossy(&published)
            );
            // Atom must have `updated`: without one of its own it repeats the date of publication.
            let changed = |entry: &Entry| entry.updated.filter(|at| entry.published != Some(*at));
            assert_eq!(changed(after), changed(before));
            let source = after.details.source.as_ref().expect("a source");
            assert_eq!(source.title.as_deref(), Some("Mill"));
        }
    });
}

/// What pages are made of, and what breaks them.
const PAGE: &[&str] = &[
    "<html lang=\"en\">",
    "<head>",
    "<title>The ferry | Gazette</title>",
    "<body>",
    "<article>",
    "</article>",
    "<div class=\"post-content\">",
    "</div>",
    "<h1>The ferry</h1>",
    "<p>",
    "</p>",
    "<p>The ferry came back to the harbour after a winter in the yard, and the town stood there.</p>",
    "<br><br>",
    "<br>",
    "• a line",
    "<strong>Key Takeaways:</strong>",
    "<h2>Key Takeaways</h2>",
    "<ul>",
    "<li>one of them",
    "</ul>",
    "<aside class=\"takeaways\">",
    "</aside>",
    "<b><i>",
    "</b>",
    "<a href=\"/x\">",
    "</a>",
    "<img src=\"/a.jpg\" alt=\"b\">",
    "<figure>",
    "</figure>",
    "<time datetime=\"2026-01-02\">2 January</time>",
    "Updated On 3 January 2026 | Published 1 January 2026",
    "<table><tr><td>",
    "</table>",
    "<script type=\"application/ld+json\">{\"@type\": \"NewsArticle\", \"headline\": \"x\", \"author\": {\"@id\": \"#a\"}}</script>",
    "<script type=\"application/ld+json\">{\"@graph\": [{\"@id\": \"#a\", \"author\": {\"@id\": \"#a\"}}",
    "</script>",
    "<meta property=\"og:image\" content=\"//x/y.png\">",
    "<meta name=author content=\"By A and B\">",
    "<!--",
    "-->",
    "&amp;",
    "&#0;",
    "\u{e010}",
    "\u{e00f}\u{e011}",
    "<svg>",
    "<template>",
    "<blockquote class=\"twitter-tweet\">",
    "</blockquote>",
    "Subscribe to continue reading",
    "é日本",
];

#[test]
fn pages_are_read_whatever_they_are_made_of() {
    let page =
        prop::collection::vec(prop::sample::select(PAGE), 0..80).prop_map(|parts| parts.concat());
    holds(300, page, |html| {
        let url = Url::parse("https://quay.example/news/ferry").expect("a constant URL");
        let given = feedmill::extract::Page {
            body: html.as_bytes(),
            content_type: Some("text/html; charset=utf-8"),
            url: &url,
            asked: None,
            fetched_at: now(),
            zone: None,
        };
        let Ok(found) = feedmill::extract::extract(&given, &Default::default()) else {
            return;
        };
        let html = &found.entry.content_html;
        assert_eq!(
            normalize::page::sanitized(html, &url),
            *html,
            "it is sanitized"
        );
        assert_eq!(feedmill::text::text_of(html), found.text);
        assert!(!html.contains('\u{e010}') && !html.contains("<script"));
        assert_eq!(
            feedmill::extract::extract(&given, &Default::default()),
            Ok(found)
        );
    });
}
