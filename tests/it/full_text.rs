//! The whole article from its page: what is fetched, how often, what of it is taken, and what is left to the feed.

use chrono::TimeDelta;
use feedmill::full_text::{self, Desk};
use feedmill::model::{Article, FullText, PageRules, PageStatus, Pages, Source};
use feedmill::store::Selection;

use crate::asked::get;
use crate::mill::{Mill, source};
use crate::origin::{Hold, Origin, PATIENCE, Reply, Request};
use crate::walk::{configure, daemon, free_address, output};

const TITLE: &str = "Ferry returns to the harbour after a winter in the yard";

/// Paragraphs that say enough to be an article.
fn paragraphs() -> Vec<String> {
    [
        "The ferry came back to the harbour on Monday after a winter in the yard, and half the town stood on the quay to see it tie up at its old berth beside the market hall.",
        "Engineers had replaced both engines and the whole of the car deck, which had rusted through in three places since the last refit, the harbour office said in a statement.",
        "The boat will sail twice a day until the storms begin in October, and once a day in the winter months after that, as long as the ice on the northern channel allows it.",
        "Fishing crews remain uneasy, because the new timetable crosses the hour at which they come home, and they have asked the council for a second gate at the eastern mole.",
        "The council will hear both sides in May, and has promised a decision before the summer season opens, when the number of passengers is three times that of a winter day.",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn page(title: &str, paragraphs: &[String]) -> Reply {
    let body: String = paragraphs
        .iter()
        .map(|text| format!("<p>{text}</p>"))
        .collect();
    let html = format!(
        "<html lang=\"en\"><head><title>{title} | Quay Gazette</title><meta property=\"og:site_name\" content=\"Quay Gazette\">\
         <meta property=\"og:image\" content=\"https://img.example/ferry.jpg\"><meta name=\"author\" content=\"Ada Byron and Bo Li\">\
         </head><body><nav><a href=\"/\">Home</a></nav><article><h1>{title}</h1>{body}\
         <aside class=\"takeaways\"><h2>Key Takeaways</h2><ul><li>Both engines are new</li><li>Two boats a day until October</li></ul></aside>\
         </article><footer>All rights reserved</footer></body></html>"
    );
    Reply::ok(html).header("Content-Type", "text/html; charset=utf-8")
}

/// A feed of bare items: guid, title, link.
fn feed(origin: &Origin, items: &[(&str, &str, &str)]) -> Reply {
    let items: String = items
        .iter()
        .map(|(id, title, path)| {
            let link = origin.url(path);
            format!("<item><guid isPermaLink=\"false\">{id}</guid><title>{title}</title><link>{link}</link>\
                     <description>The ferry is back.</description></item>")
        })
        .collect();
    Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>Quay</title>{items}</channel></rss>"
    ))
}

fn wanting(origin: &Origin, full_text: FullText) -> Source {
    Source {
        pages: Pages {
            full_text,
            rules: PageRules::default(),
        },
        ..source("feed", origin.url("/feed"))
    }
}

async fn mill(origin: &Origin) -> Mill {
    Mill::new(vec![wanting(origin, FullText::WhenShort)]).await
}

/// Fetches what is due.
async fn fetch(mill: &Mill) -> bool {
    full_text::fetch_due(&mill.shell, &mill.sources, &Desk::default())
        .await
        .expect("stored")
}

fn article(mill: &Mill) -> Article {
    let mut all = articles(mill);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn articles(mill: &Mill) -> Vec<Article> {
    let store = &mill.shell.store;
    store
        .timeline(&Selection::default(), &mill.sources)
        .expect("read")
}

fn asked(origin: &Origin, path: &str) -> usize {
    requests(origin, path).len()
}

fn requests(origin: &Origin, path: &str) -> Vec<Request> {
    let mut all = origin.requests();
    all.retain(|request| request.target == path);
    all
}

#[tokio::test]
async fn a_stub_becomes_the_whole_article_and_keeps_what_the_feed_says() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", page(TITLE, &paragraphs()));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    let before = article(&mill);
    assert_eq!(before.page, None);
    assert!(fetch(&mill).await, "something shown changed");

    let after = article(&mill);
    let entry = &after.entry;
    for paragraph in paragraphs() {
        assert!(
            entry.content_html.contains(&paragraph),
            "{}",
            entry.content_html
        );
    }
    assert!(!entry.content_html.contains("All rights reserved"));
    assert_eq!(entry.title.as_deref(), Some(TITLE));
    assert_eq!(entry.details.summary.as_deref(), Some("The ferry is back."));
    let names: Vec<&str> = entry
        .details
        .authors
        .iter()
        .map(|author| author.name.as_str())
        .collect();
    assert_eq!(names, ["Ada Byron", "Bo Li"]);
    let image = entry.details.image.as_ref().expect("a picture");
    assert_eq!(image.url, "https://img.example/ferry.jpg");
    let kinds: Vec<&str> = entry
        .details
        .sections
        .iter()
        .map(|section| section.kind.as_str())
        .collect();
    assert_eq!(kinds, ["key_takeaways"]);
    // The page enriches; it is no change of the publisher's.
    assert_eq!(
        (after.updated, after.revision),
        (before.updated, before.revision)
    );
    let said = after.page.expect("read");
    assert_eq!(said.extraction.status, PageStatus::Full);
    assert_eq!(
        said.provenance.get("content").map(String::as_str),
        Some("page:extractor")
    );
    assert_eq!(
        said.provenance.get("image").map(String::as_str),
        Some("page:opengraph")
    );
    assert!(!said.provenance.contains_key("title"));
    let found = Selection {
        matching: Some(feedmill::search::Query::read("timetable", mill.now()).expect("a search")),
        ..Selection::default()
    };
    while mill.shell.store.index_some().await.expect("indexed") > 0 {}
    assert_eq!(
        mill.shell
            .store
            .timeline(&found, &mill.sources)
            .expect("read")
            .len(),
        1
    );
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.taken, pages.waiting, pages.failed), (1, 0, 0));
}

#[tokio::test]
async fn a_page_is_asked_for_once_also_over_restarts() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", page(TITLE, &paragraphs()));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    // What is wanted stands in the store: it is still wanted after a restart.
    let mill = mill
        .restarted(vec![wanting(&origin, FullText::WhenShort)])
        .await;
    fetch(&mill).await;
    mill.poll("feed").await;
    fetch(&mill).await;
    let mill = mill
        .restarted(vec![wanting(&origin, FullText::WhenShort)])
        .await;
    mill.later(TimeDelta::hours(2));
    mill.poll("feed").await;
    fetch(&mill).await;
    assert_eq!(asked(&origin, "/a"), 1);
    assert!(
        article(&mill)
            .entry
            .content_html
            .contains("northern channel")
    );
    let request = &requests(&origin, "/a")[0];
    assert_eq!(
        request.header("accept").as_deref(),
        Some("text/html, application/xhtml+xml, */*;q=0.1")
    );
    assert_eq!(
        (request.header("referer"), request.header("cookie")),
        (None, None)
    );
}

#[tokio::test]
async fn nothing_is_asked_of_a_source_that_does_not_want_it_or_has_it_all() {
    let origin = Origin::start().await;
    let whole: String = paragraphs()
        .iter()
        .map(|text| format!("<p>{text}</p>"))
        .collect();
    let link = origin.url("/a");
    origin.script(
        "/feed",
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Quay</title><item><guid>1</guid><title>{TITLE}</title><link>{link}</link>\
             <description><![CDATA[{whole}]]></description></item></channel></rss>"
        )),
    );
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    assert_eq!(
        mill.shell.store.next_page(&mill.sources).expect("read"),
        None
    );

    let other = Origin::start().await;
    other.script("/feed", feed(&other, &[("1", TITLE, "/a")]));
    let mill = Mill::new(vec![wanting(&other, FullText::Never)]).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!((asked(&other, "/a"), asked(&other, "/robots.txt")), (0, 0));
    assert_eq!(mill.health("feed").pages, None);
}

#[tokio::test]
async fn robots_txt_decides_and_is_asked_for_once() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        feed(
            &origin,
            &[
                ("1", TITLE, "/private/a"),
                ("2", "Another boat", "/private/b"),
            ],
        ),
    );
    origin.script("/private/a", page(TITLE, &paragraphs()));
    origin.script(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /private/\n"),
    );
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    let desk = Desk::default();
    for _ in 0..2 {
        full_text::fetch_due(&mill.shell, &mill.sources, &desk)
            .await
            .expect("stored");
    }
    assert_eq!(
        (asked(&origin, "/robots.txt"), asked(&origin, "/private/a")),
        (1, 0)
    );
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.failed, pages.waiting), (2, 0));
    assert!(pages.reason.expect("a reason").contains("robots.txt"));
    for article in articles(&mill) {
        let said = article.page.expect("tried");
        assert_eq!(said.extraction.status, PageStatus::Failed);
        assert!(article.entry.content_html.is_empty());
        assert_eq!(
            article.entry.details.summary.as_deref(),
            Some("The ferry is back.")
        );
    }
}

#[tokio::test]
async fn without_an_answer_about_robots_txt_nothing_is_fetched() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/robots.txt", Reply::status(503));
    origin.script("/a", page(TITLE, &paragraphs()));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.waiting, asked(&origin, "/a")), (1, 0));
    assert!(pages.reason.expect("a reason").contains("robots.txt"));
    origin.script("/robots.txt", Reply::status(404));
    mill.later(TimeDelta::hours(1));
    fetch(&mill).await;
    assert_eq!(asked(&origin, "/a"), 1);
}

#[tokio::test]
async fn robots_txt_of_the_host_that_a_page_moved_to_counts_too() {
    let (origin, other) = (Origin::start().await, Origin::start().await);
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/robots.txt", Reply::status(404));
    origin.script("/a", Reply::redirect(301, other.url("/a").as_str()));
    other.script("/a", page(TITLE, &paragraphs()));
    other.script(
        "/robots.txt",
        Reply::ok("User-agent: Feedmill\nDisallow: /\n"),
    );
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!(article(&mill).entry.content_html, "");
    let pages = mill.health("feed").pages.expect("wanted");
    assert!(pages.reason.expect("a reason").contains("robots.txt"));
}

#[tokio::test]
async fn robots_txt_of_its_own_host_counts_again_where_a_page_moved_to() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", Reply::redirect(301, "/private/a"));
    origin.script("/private/a", page(TITLE, &paragraphs()));
    origin.script(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /private/\n"),
    );
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!(article(&mill).entry.content_html, "");
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.failed, pages.waiting), (1, 0));
    let reason = pages.reason.expect("a reason");
    assert!(
        reason.contains("robots.txt of the host it redirects to"),
        "{reason}"
    );
}

#[tokio::test]
async fn without_an_answer_about_robots_txt_where_a_page_moved_to_it_waits() {
    let (origin, other) = (Origin::start().await, Origin::start().await);
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/robots.txt", Reply::status(404));
    origin.script("/a", Reply::redirect(301, other.url("/a").as_str()));
    other.script("/a", page(TITLE, &paragraphs()));
    other.script("/robots.txt", Reply::status(503));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!(article(&mill).entry.content_html, "");
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.failed, pages.waiting), (0, 1));
    assert!(pages.reason.expect("a reason").contains("robots.txt"));
    other.script("/robots.txt", Reply::status(404));
    mill.later(TimeDelta::hours(1));
    fetch(&mill).await;
    assert!(
        article(&mill)
            .entry
            .content_html
            .contains("northern channel")
    );
}

#[tokio::test]
async fn robots_txt_that_cannot_be_had_gives_no_page_up() {
    let cut = Reply::ok("User-agent: *\nAllow: /\nDisallow: /a\n").cut_after(23);
    let broken = Reply::ok("no gzip").header("Content-Encoding", "gzip");
    for reply in [Reply::status(500), Reply::nothing(), cut, broken] {
        let origin = Origin::start().await;
        origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
        origin.script("/robots.txt", reply);
        origin.script("/a", page(TITLE, &paragraphs()));
        let mill = mill(&origin).await;
        mill.poll("feed").await.expect("polled");
        let desk = Desk::default();
        let fetch = || full_text::fetch_due(&mill.shell, &mill.sources, &desk);
        for _ in 0..5 {
            fetch().await.expect("stored");
            mill.later(TimeDelta::hours(25));
        }
        let pages = mill.health("feed").pages.expect("wanted");
        assert_eq!((pages.failed, pages.waiting), (0, 1));
        assert_eq!(mill.count("SELECT tries FROM pages"), 0);
        assert_eq!(asked(&origin, "/a"), 0);
        let reason = pages.reason.expect("a reason");
        assert!(reason.contains("robots.txt"), "{reason}");
        origin.script("/robots.txt", Reply::status(404));
        fetch().await.expect("stored");
        assert_eq!(asked(&origin, "/a"), 1);
    }
}

#[tokio::test]
async fn a_large_robots_txt_is_read_as_far_as_it_is_wanted() {
    let origin = Origin::start().await;
    let items = [("1", TITLE, "/a"), ("2", "Another boat", "/b")];
    origin.script("/feed", feed(&origin, &items));
    let rules = format!(
        "User-agent: *\nDisallow: /b\n{}",
        "# nothing\n".repeat(90_000)
    );
    origin.script("/robots.txt", Reply::ok(rules));
    origin.script("/a", page(TITLE, &paragraphs()));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    let desk = Desk::default();
    for _ in 0..2 {
        full_text::fetch_due(&mill.shell, &mill.sources, &desk)
            .await
            .expect("stored");
    }
    assert_eq!((asked(&origin, "/a"), asked(&origin, "/b")), (1, 0));
    assert_eq!(asked(&origin, "/robots.txt"), 1);
}

#[tokio::test]
async fn half_a_page_is_none_and_tried_again() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/robots.txt", Reply::status(404));
    origin.script("/a", page(TITLE, &paragraphs()).cut_after(900));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!(article(&mill).entry.content_html, "");
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.failed, pages.waiting), (0, 1));
    assert!(pages.reason.expect("a reason").contains("broke"));
    origin.script("/a", page(TITLE, &paragraphs()));
    mill.later(TimeDelta::minutes(11));
    fetch(&mill).await;
    assert!(article(&mill).entry.content_html.contains("eastern mole"));
}

#[tokio::test]
async fn a_failure_is_tried_twice_more_and_then_given_up() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", Reply::status(500));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    for tries in 1..=5 {
        fetch(&mill).await;
        fetch(&mill).await; // Not before its time.
        assert_eq!(asked(&origin, "/a"), tries.min(3));
        mill.later(TimeDelta::hours(2));
    }
    let pages = mill.health("feed").pages.expect("wanted");
    assert_eq!((pages.failed, pages.waiting), (1, 0));
    let said = article(&mill).page.expect("tried");
    assert!(said.extraction.reason.expect("a reason").contains("500"));
}

#[tokio::test]
async fn what_is_not_the_article_leaves_the_feed_as_it_was() {
    let wall = "<html><head><title>Before you continue</title></head><body><p>We and our partners use cookies and similar technologies to show you advertisements and to measure them.</p></body></html>";
    let missing = "<html><head><title>Page not found</title></head><body><h1>Page not found</h1><p>The page you are looking for is not here any more.</p></body></html>";
    let parking: Vec<String> = ["Drivers pay more from June for places near the old town hall, the mayor told reporters, as the money is to go into cycle paths.",
        "Shopkeepers had asked for free hours at noon, but the budget has no room for them, and the matter will come up again next year."]
    .iter()
    .cycle()
    .take(6)
    .map(|text| (*text).to_owned())
    .collect();
    let other = page("Mayor raises the price of parking", &parking);
    let deep = format!(
        "<html><head><title>{TITLE}</title></head><body>{}",
        "<div>".repeat(20_000)
    );
    let cases = [
        (
            Reply::ok(wall).header("Content-Type", "text/html"),
            "consent wall",
        ),
        (
            Reply::ok(missing).header("Content-Type", "text/html"),
            "error page",
        ),
        (other, "something else"),
        (
            Reply::ok(deep).header("Content-Type", "text/html"),
            "nested",
        ),
        (
            Reply::ok("%PDF-1.7").header("Content-Type", "application/pdf"),
            "application/pdf",
        ),
        (Reply::ok("<p>a").announcing(100 << 20), "larger than"),
        (Reply::redirect(302, "/"), "home page"),
        (Reply::redirect(302, "http://169.254.1.1/"), "not public"),
        (Reply::status(404), "404"),
    ];
    for (reply, reason) in cases {
        let origin = Origin::start().await;
        origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
        origin.script("/a", reply);
        origin.script("/", page("Quay Gazette", &paragraphs()));
        origin.script("/robots.txt", Reply::status(404));
        let mill = mill(&origin).await;
        mill.poll("feed").await.expect("polled");
        fetch(&mill).await;
        let found = article(&mill);
        assert_eq!(found.entry.content_html, "", "{reason}");
        assert_eq!(found.entry.title.as_deref(), Some(TITLE));
        assert_eq!(
            found.entry.details.summary.as_deref(),
            Some("The ferry is back.")
        );
        let said = found.page.unwrap_or_else(|| panic!("{reason}: not tried"));
        let why = said.extraction.reason.unwrap_or_default();
        assert!(why.contains(reason), "{why:?} should say {reason:?}");
        assert!(said.extraction.status != PageStatus::Full);
        assert_eq!(
            mill.health("feed").pages.and_then(|pages| pages.reason),
            Some(why)
        );
    }
}

#[tokio::test]
async fn a_storm_of_new_ids_asks_for_no_page() {
    let origin = Origin::start().await;
    let titles = [
        "One boat",
        "Two quays",
        "Three gates",
        "Four winds",
        "Five storms",
        "Six bells",
    ];
    let paths = ["/1", "/2", "/3", "/4", "/5", "/6"];
    let items = |prefix: &str| -> Vec<(String, &str, &str)> {
        let pairs = titles.iter().zip(paths);
        pairs
            .map(|(title, path)| (format!("{prefix}{path}"), *title, path))
            .collect()
    };
    let script = |items: Vec<(String, &str, &str)>| {
        let items: Vec<(&str, &str, &str)> = items
            .iter()
            .map(|(id, title, path)| (id.as_str(), *title, *path))
            .collect();
        origin.script("/feed", feed(&origin, &items));
    };
    script(items("a"));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    for _ in 0..titles.len() {
        fetch(&mill).await;
        mill.later(TimeDelta::hours(3));
    }
    let before = mill.count("SELECT count(*) FROM pages");
    script(items("b"));
    mill.later(TimeDelta::hours(3));
    let report = mill.poll("feed").await.expect("polled");
    assert_eq!((report.new, report.rekeyed), (0, titles.len()));
    assert_eq!(mill.count("SELECT count(*) FROM pages"), before);
    assert_eq!(
        mill.count("SELECT count(*) FROM pages WHERE due_at_ms IS NOT NULL"),
        0
    );
}

#[tokio::test]
async fn a_revised_entry_asks_again_with_the_validators_of_its_page() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script(
        "/a",
        page(TITLE, &paragraphs())
            .header("ETag", "\"p1\"")
            .revalidates(),
    );
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    let title = format!("{TITLE}, with two new engines");
    origin.script("/feed", feed(&origin, &[("1", &title, "/a")]));
    mill.later(TimeDelta::hours(3));
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    assert_eq!(asked(&origin, "/a"), 2);
    assert_eq!(
        requests(&origin, "/a")[1]
            .header("if-none-match")
            .as_deref(),
        Some("\"p1\"")
    );
    let found = article(&mill);
    assert_eq!(found.entry.title.as_deref(), Some(title.as_str()));
    assert!(
        found.entry.content_html.contains("northern channel"),
        "the page's content stays"
    );
}

/// A feed of one item with a body.
fn full_feed(origin: &Origin, title: &str, path: &str, html: &str, more: &str) -> Reply {
    let link = origin.url(path);
    Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>Quay</title><item><guid isPermaLink=\"false\">1</guid><title>{title}</title>\
         <link>{link}</link>{more}<description><![CDATA[{html}]]></description></item></channel></rss>"
    ))
}

#[tokio::test]
async fn a_feed_that_gives_the_whole_text_later_is_no_longer_hidden_by_the_page() {
    for later in [FullText::WhenShort, FullText::Always, FullText::Never] {
        let origin = Origin::start().await;
        let cut = "Ferry returns to the harbour…";
        origin.script("/feed", feed(&origin, &[("1", cut, "/a")]));
        origin.script("/a", page(TITLE, &paragraphs()));
        origin.script("/robots.txt", Reply::status(404));
        let mill = mill(&origin).await;
        mill.poll("feed").await.expect("polled");
        fetch(&mill).await;
        let before = article(&mill);
        assert_eq!(before.entry.title.as_deref(), Some(TITLE));
        assert!(before.entry.content_html.contains("northern channel"));

        let mill = mill.restarted(vec![wanting(&origin, later)]).await;
        let own: String = paragraphs()
            .iter()
            .map(|text| format!("<p>{text} The feed says more of it than the page did before.</p>"))
            .collect();
        let title = "Ferry is back, and stays…";
        origin.script("/feed", full_feed(&origin, title, "/a", &own, ""));
        mill.later(TimeDelta::hours(3));
        mill.poll("feed").await.expect("polled");
        let after = article(&mill);
        assert_eq!(after.entry.title.as_deref(), Some(title), "{later:?}");
        let html = &after.entry.content_html;
        assert!(html.contains("The feed says more"), "{later:?}: {html}");
        let said = after.page.expect("read");
        assert_eq!(said.extraction.status, PageStatus::Kept);
        assert!(!said.provenance.contains_key("content"));
        assert!(!said.provenance.contains_key("title"));
        // What else the page told still fills what the feed leaves out.
        assert!(after.entry.details.image.is_some());
        fetch(&mill).await;
        let html = article(&mill).entry.content_html;
        assert!(html.contains("The feed says more"), "{later:?}: {html}");
    }
}

#[tokio::test]
async fn an_entry_that_moves_asks_for_its_new_page() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", page(TITLE, &paragraphs()));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    let mut own = paragraphs();
    own.push(
        "The new page has one sentence more, about the band that played on the quay.".to_owned(),
    );
    origin.script("/b", page(TITLE, &own));
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/b")]));
    mill.later(TimeDelta::hours(3));
    mill.poll("feed").await.expect("polled");
    assert_eq!(article(&mill).entry.url, Some(origin.url("/b").to_string()));
    assert!(fetch(&mill).await, "something shown changed");
    assert_eq!((asked(&origin, "/a"), asked(&origin, "/b")), (1, 1));
    assert!(article(&mill).entry.content_html.contains("the band"));
}

#[tokio::test]
async fn what_the_feed_says_by_now_goes_before_what_the_page_filled() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", page(TITLE, &paragraphs()));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    let before = article(&mill);
    assert_eq!(before.entry.details.language.as_deref(), Some("en"));
    assert_eq!(before.entry.details.authors.len(), 2);
    let more = "<author>c@example.org (Cy Doe)</author><author>d@example.org (Di Eck)</author>\
                <pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate>";
    let short = "<p>The ferry is back.</p>";
    origin.script("/feed", full_feed(&origin, TITLE, "/a", short, more));
    mill.later(TimeDelta::hours(3));
    mill.poll("feed").await.expect("polled");
    let after = article(&mill);
    let names: Vec<&str> = after
        .entry
        .details
        .authors
        .iter()
        .map(|author| author.name.as_str())
        .collect();
    assert_eq!(names, ["Cy Doe", "Di Eck"]);
    let said = after.page.expect("read");
    assert!(!said.provenance.contains_key("authors"));
    assert!(said.provenance.contains_key("content"));
    assert!(after.entry.content_html.contains("northern channel"));
}

#[tokio::test]
async fn a_page_that_says_another_thing_by_now_is_something_new() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    let html = |section: &str| {
        let body: String = paragraphs()
            .iter()
            .map(|text| format!("<p>{text}</p>"))
            .collect();
        let html = format!(
            "<html lang=\"en\"><head><title>{TITLE}</title><meta property=\"article:section\" content=\"{section}\"></head>\
             <body><article><h1>{TITLE}</h1>{body}</article></body></html>"
        );
        Reply::ok(html).header("Content-Type", "text/html")
    };
    origin.script("/a", html("Harbour"));
    origin.script("/robots.txt", Reply::status(404));
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    assert!(fetch(&mill).await);
    let mut title = TITLE.to_owned();
    for (section, is_new) in [("Harbour", false), ("Town", true)] {
        title.push('!');
        origin.script("/a", html(section));
        origin.script("/feed", feed(&origin, &[("1", &title, "/a")]));
        mill.later(TimeDelta::hours(3));
        mill.poll("feed").await.expect("polled");
        assert_eq!(fetch(&mill).await, is_new, "{section}");
        assert_eq!(
            article(&mill).entry.details.section.as_deref(),
            Some(section)
        );
    }
}

#[tokio::test]
async fn pages_of_one_source_on_two_hosts_are_learned_one_by_one() {
    let (origin, other) = (Origin::start().await, Origin::start().await);
    let link = other.url("/b");
    origin.script(
        "/feed",
        Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Quay</title><item><guid>1</guid><title>One boat</title><link>{}</link></item>\
             <item><guid>2</guid><title>Two quays</title><link>{link}</link></item></channel></rss>",
            origin.url("/a").as_str().replace("127.0.0.1", "localhost")
        )),
    );
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    let due = mill
        .shell
        .store
        .pages_due(&mill.sources, mill.now(), 8, |url| url.to_string())
        .expect("read");
    assert_eq!(due.len(), 1);
    assert_eq!(mill.count("SELECT count(*) FROM pages"), 2);
}

#[tokio::test]
async fn selectors_of_a_source_choose_the_body() {
    let origin = Origin::start().await;
    origin.script("/feed", feed(&origin, &[("1", TITLE, "/a")]));
    let own = paragraphs();
    let html = format!(
        "<html><head><title>{TITLE}</title></head><body><div id=\"x\"><p>{}</p><p class=\"ad\">Buy a boat</p><p>{}</p></div></body></html>",
        own[0], own[1]
    );
    origin.script("/a", Reply::ok(html).header("Content-Type", "text/html"));
    origin.script("/robots.txt", Reply::status(404));
    let wanted = wanting(&origin, FullText::Always);
    let ruled = Source {
        pages: Pages {
            rules: PageRules {
                content: vec!["#x".to_owned()],
                remove: vec![".ad".to_owned()],
            },
            ..wanted.pages
        },
        ..wanted
    };
    let mill = Mill::new(vec![ruled]).await;
    mill.poll("feed").await.expect("polled");
    fetch(&mill).await;
    let found = article(&mill);
    let html = &found.entry.content_html;
    assert!(html.contains(&own[0]) && html.contains(&own[1]), "{html}");
    assert!(!html.contains("Buy a boat"));
    assert_eq!(
        found
            .page
            .expect("read")
            .provenance
            .get("content")
            .map(String::as_str),
        Some("page:dom")
    );
}

#[tokio::test]
async fn what_every_page_of_a_source_repeats_goes_from_the_third_on() {
    let origin = Origin::start().await;
    let titles = [
        "Ferry returns to the harbour",
        "Bakery wins a medal again",
        "School opens second library",
    ];
    let paths = ["/1", "/2", "/3"];
    let items: Vec<(&str, &str, &str)> = (0..3).map(|n| (paths[n], titles[n], paths[n])).collect();
    origin.script("/feed", feed(&origin, &items));
    origin.script("/robots.txt", Reply::status(404));
    let repeated = "Write to the desk of the Quay Gazette if you know more about this story than we do, in confidence and without cost.";
    for (path, title) in paths.iter().zip(titles) {
        let mut own: Vec<String> = paragraphs()
            .iter()
            .map(|text| format!("{title}: {text}"))
            .collect();
        own.insert(3, repeated.to_owned());
        origin.script(path, page(title, &own));
    }
    let mill = mill(&origin).await;
    mill.poll("feed").await.expect("polled");
    let desk = Desk::default();
    let mut having = Vec::new();
    for _ in 0..3 {
        full_text::fetch_due(&mill.shell, &mill.sources, &desk)
            .await
            .expect("stored");
        let all = articles(&mill);
        let has = |article: &&Article| article.entry.content_html.contains("in confidence");
        having.push(all.iter().filter(has).count());
    }
    assert_eq!(having, [1, 2, 2]);
    let pictures = articles(&mill)
        .iter()
        .filter(|article| article.entry.details.image.is_some())
        .count();
    assert_eq!(
        pictures, 2,
        "the picture of all articles is none of the third"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_page_is_in_flight_the_daemon_asks_again_and_publishes_it() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    configure(folder.path(), &origin, 1, &address);
    let file = folder.path().join("feedmill.toml");
    let text = std::fs::read_to_string(&file).expect("written before");
    std::fs::write(&file, text + "full_text = \"when-short\"\n").expect("written");
    let hold = Hold::new();
    origin.script("/0", feed(&origin, &[("1", TITLE, "/a")]));
    origin.script("/a", page(TITLE, &paragraphs()).held(&hold));
    origin.script("/robots.txt", Reply::status(404));
    let running = daemon(folder.path());
    until(|| asked(&origin, "/a") == 1).await;
    drop(running); // Kills it.
    hold.open();
    let _running = daemon(folder.path());
    let published = async {
        loop {
            let (_, _, body) = get(&address, "all.atom").await;
            if body.contains("northern channel") {
                return body;
            }
            tokio::task::yield_now().await;
        }
    };
    let body = tokio::time::timeout(PATIENCE, published)
        .await
        .expect("in time");
    assert_eq!(body.matches("<entry").count(), 1);
    assert_eq!(asked(&origin, "/a"), 2);
    let lines = output(folder.path(), &["export", "--format", "jsonl"]).await;
    let article: serde_json::Value = serde_json::from_slice(&lines.stdout).expect("JSON");
    assert_eq!(article["extraction"]["status"], "full");
    assert_eq!(article["provenance"]["content"], "page:extractor");
    assert_eq!(article["provenance"]["title"], "feed");
    assert_eq!(article["publisher"]["name"], "Quay Gazette");
    let told = output(
        folder.path(),
        &["explain", article["id"].as_str().expect("an id")],
    )
    .await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("page full") && told.contains("content from page:extractor"),
        "{told}"
    );
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn extract_prints_a_page_and_says_what_gave_each_field() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 1, "127.0.0.1:0");
    origin.script("/a", page(TITLE, &paragraphs()));
    let url = origin.url("/a").to_string();
    let printed = output(
        folder.path(),
        &["extract", &url, "--source", "f0", "--explain"],
    )
    .await;
    let shown: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(shown["title"], TITLE);
    assert_eq!(shown["authors"][1]["name"], "Bo Li");
    assert_eq!(shown["sections"][0]["items"][0], "Both engines are new");
    assert_eq!(shown["extraction"]["status"], "full");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(
        told.contains("authors    page:dom") && told.contains("Key Takeaways (2 items)"),
        "{told}"
    );
}
