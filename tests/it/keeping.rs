//! What is kept, and what goes and stays away: retention.

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::config;
use feedmill::daemon;
use feedmill::model::{Article, Retention};
use feedmill::store::{Purge, Selection, SelectionOrder};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_64;

use crate::mill::{Mill, source};
use crate::origin::{Origin, Reply};
use crate::walk::{configure, daemon as running, free_address, output};

pub(crate) const DAY: TimeDelta = TimeDelta::days(1);

/// An item: its guid, where it is, when it was published, its text. A guid `2=old` is `2` with the title of `old`.
pub(crate) struct Item<'a>(
    pub(crate) &'a str,
    pub(crate) &'a str,
    pub(crate) Option<DateTime<Utc>>,
    pub(crate) &'a str,
);

pub(crate) fn reply(items: &[Item<'_>]) -> Reply {
    let item = |Item(guid, link, published, text): &Item<'_>| {
        let (guid, named) = guid.split_once('=').unwrap_or((guid, guid));
        let date = published.map_or(String::new(), |at| {
            format!("<pubDate>{}</pubDate>", at.to_rfc2822())
        });
        format!(
            "<item><guid isPermaLink=\"false\">{guid}</guid><link>{link}</link>{date}<title>Of {named}</title>\
             <description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    Reply::ok(format!(
        "<rss version=\"2.0\"><channel><title>Mill</title>{items}</channel></rss>"
    ))
}

/// Words that no other number has.
fn text(number: usize, words: usize) -> String {
    let word = |at: usize| format!("{:x} ", xxh3_64(format!("{number} {at}").as_bytes()));
    (0..words).map(word).collect()
}

fn all() -> Retention {
    Retention {
        age: std::time::Duration::from_secs(36_500 * 86_400),
        articles: u64::MAX,
        per_source: u64::MAX,
    }
}

fn days(days: u64) -> Retention {
    Retention {
        age: std::time::Duration::from_secs(days * 86_400),
        ..all()
    }
}

impl Mill {
    pub(crate) async fn purge(&self, retention: Retention) -> Purge {
        let stop = CancellationToken::new();
        daemon::purge(&self.shell.store, retention, self.now(), &stop)
            .await
            .expect("purged")
    }

    pub(crate) fn articles(&self, order: SelectionOrder) -> Vec<Article> {
        let selection = Selection {
            order,
            ..Selection::default()
        };
        let articles = self.shell.store.timeline(&selection, &self.sources);
        articles.expect("read")
    }

    /// Published ids of entries that represent articles, sorted.
    pub(crate) fn kept(&self) -> Vec<String> {
        let articles = self.articles(SelectionOrder::Published);
        let mut ids: Vec<String> = articles
            .into_iter()
            .map(|article| article.entry.id)
            .collect();
        ids.sort();
        ids
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        let connection = Connection::open(self.shell.store.path()).expect("opened");
        connection.query_row(sql, [], |row| row.get(0)).expect(sql)
    }
}

#[tokio::test]
async fn what_left_its_feed_long_ago_goes_and_does_not_come_back() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![
        source("a", origin.url("/a")),
        source("b", origin.url("/b")),
    ])
    .await;
    let start = mill.now();
    let long = text(0, 30);
    let old = || Item("old", "https://m.example/old", Some(start), &long);
    let pinned = || {
        Item(
            "pinned",
            "https://m.example/pinned",
            Some(start),
            "Opening hours",
        )
    };
    origin.script("/a", reply(&[pinned(), old()]));
    mill.poll("a").await;
    let id = mill.articles(SelectionOrder::Published)[0].id.clone();
    mill.later(DAY);
    origin.script("/a", reply(&[pinned()]));
    mill.poll("a").await;
    mill.later(DAY * 8);
    let purged = mill.purge(days(10)).await;
    assert_eq!((purged.entries, purged.changed), (0, false));
    mill.later(DAY * 2);
    let purged = mill.purge(days(10)).await;
    assert_eq!(
        (purged.entries, purged.articles, purged.changed),
        (1, 1, true)
    );
    assert_eq!(mill.kept(), ["pinned"]);
    for table in ["contents", "entries", "articles"] {
        assert_eq!(
            mill.number(&format!("SELECT count(*) FROM {table}")),
            1,
            "{table}"
        );
    }
    // Again in its feed; there without a date; a copy elsewhere at its URL, and one with its words.
    origin.script("/a", reply(&[pinned(), old()]));
    assert_eq!(mill.poll("a").await.expect("polled").new, 0);
    origin.script(
        "/a",
        reply(&[
            pinned(),
            Item("old", "https://m.example/old", None, "Brief"),
        ]),
    );
    assert_eq!(mill.poll("a").await.expect("polled").new, 0);
    let hour = TimeDelta::hours(1);
    origin.script(
        "/b",
        reply(&[
            Item(
                "1",
                "https://www.m.example/old/?utm_source=b",
                Some(start + hour),
                "Short",
            ),
            Item("2=old", "https://b.example/2", Some(start + DAY), &long),
            Item(
                "3",
                "https://b.example/3",
                Some(start),
                "Quite another story",
            ),
        ]),
    );
    assert_eq!(mill.poll("b").await.expect("polled").new, 1);
    assert_eq!(mill.kept(), ["3", "pinned"]);
    // The id and the link are used again, on another day for another text: another article.
    let news = text(1, 30);
    let reused = Item(
        "old",
        "https://m.example/old",
        Some(start + DAY * 11),
        &news,
    );
    origin.script("/a", reply(&[reused, pinned()]));
    assert_eq!(mill.poll("a").await.expect("polled").new, 1);
    assert_eq!(mill.kept(), ["3", "old", "pinned"]);
    let articles = mill.articles(SelectionOrder::Published);
    let again = articles.iter().find(|article| article.entry.id == "old");
    assert!(again.is_some_and(|article| article.id != id));
    // And it is an entry like others.
    assert_eq!(mill.poll("a").await.expect("polled").outcome, "same_body");
}

#[tokio::test]
async fn too_many_go_by_source_and_by_article_the_longest_gone_first() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![
        source("a", origin.url("/a")),
        source("b", origin.url("/b")),
    ])
    .await;
    let shown = async |path: &str, ids: std::ops::Range<usize>| {
        let items: Vec<(String, String)> = ids
            .map(|id| {
                (
                    format!("{path}{id}"),
                    format!("https://m.example{path}/{id}"),
                )
            })
            .collect();
        let items: Vec<Item<'_>> = items
            .iter()
            .zip(-9..)
            .map(|((id, link), ago)| {
                Item(
                    id,
                    link,
                    Some(mill.now() + TimeDelta::minutes(ago)),
                    "Water",
                )
            })
            .collect();
        origin.script(path, reply(&items));
        mill.poll(&path[1..]).await;
        mill.later(DAY);
    };
    shown("/a", 0..3).await;
    shown("/b", 0..2).await;
    shown("/a", 2..5).await;
    shown("/b", 2..3).await;
    shown("/a", 4..5).await;
    assert_eq!(mill.kept().len(), 8);
    // Gone from /a, in this order: 0, 1, then 2, 3; from /b: 0, 1.
    mill.purge(Retention {
        per_source: 4,
        ..all()
    })
    .await;
    assert_eq!(
        mill.kept(),
        ["/a1", "/a2", "/a3", "/a4", "/b0", "/b1", "/b2"]
    );
    mill.purge(Retention {
        articles: 5,
        ..all()
    })
    .await;
    assert_eq!(mill.kept(), ["/a2", "/a3", "/a4", "/b1", "/b2"]);
    // What the newest documents hold stays, whatever the bounds.
    let purged = mill.purge(Retention {
        age: std::time::Duration::ZERO,
        articles: 1,
        per_source: 1,
    });
    assert_eq!(purged.await.articles, 3);
    assert_eq!(mill.kept(), ["/a4", "/b2"]);
}

#[tokio::test]
async fn an_article_lives_on_in_its_other_entries() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![
        source("a", origin.url("/a")),
        source("b", origin.url("/b")),
    ])
    .await;
    let start = mill.now();
    let link = "https://m.example/story";
    let (whole, stub) = (text(0, 60), "Water, it says.");
    origin.script("/a", reply(&[Item("a1", link, Some(start), &whole)]));
    origin.script("/b", reply(&[Item("b1", link, Some(start), stub)]));
    mill.poll("a").await;
    assert_eq!(mill.poll("b").await.expect("polled").merged, 1);
    let before = mill.articles(SelectionOrder::Published).remove(0);
    origin.script("/a", reply(&[]));
    mill.later(DAY);
    mill.poll("a").await;
    mill.later(DAY * 20);
    // A bound on articles does not break one that is shown somewhere.
    assert_eq!(
        mill.purge(Retention {
            articles: 1,
            ..all()
        })
        .await
        .entries,
        0
    );
    let purged = mill.purge(days(10)).await;
    assert_eq!(
        (purged.entries, purged.articles, purged.changed),
        (1, 0, true)
    );
    let after = mill.articles(SelectionOrder::Published).remove(0);
    assert_eq!(
        (before.entry.id, after.entry.id.as_str()),
        ("a1".to_owned(), "b1")
    );
    assert_eq!((&before.id, before.updated), (&after.id, after.updated));
    assert_eq!(after.entries.len(), 1);
    // The entry that went stays away, and a third source still finds the article.
    origin.script("/a", reply(&[Item("a1", link, Some(start), &whole)]));
    let report = mill.poll("a").await.expect("polled");
    assert_eq!((report.new, report.merged), (0, 0));
}

#[tokio::test]
async fn over_many_days_the_file_levels_off() {
    const NEW: usize = 6;
    let origin = Origin::start().await;
    let mill = Mill::new(vec![source("a", origin.url("/a"))]).await;
    let start = mill.now();
    // Of each number the same at any time: six a day.
    let dated = |id: &str| {
        let number: i32 = id.parse().expect("a number");
        Some(start + TimeDelta::hours(4) * number)
    };
    let mut sizes = Vec::new();
    for day in 0..90 {
        let numbers = (day * NEW).saturating_sub(NEW)..(day + 1) * NEW;
        let items: Vec<(String, String, String)> = numbers
            .map(|number| {
                (
                    format!("{number}"),
                    format!("https://m.example/{number}"),
                    text(number, 150),
                )
            })
            .collect();
        let items: Vec<Item<'_>> = items
            .iter()
            .map(|(id, link, text)| Item(id, link, dated(id), text))
            .collect();
        origin.script("/a", reply(&items));
        assert_eq!(mill.poll("a").await.expect("polled").new, NEW);
        mill.purge(days(15)).await;
        while mill.shell.store.index_some().await.expect("indexed") > 0 {}
        sizes.push((
            mill.number("PRAGMA page_count") * mill.number("PRAGMA page_size"),
            mill.number("SELECT count(*) FROM entries"),
            mill.number("SELECT count(*) FROM tombstones"),
        ));
        mill.later(DAY);
    }
    let (early, entries, graves) = sizes[40];
    let (late, entries_late, graves_late) = sizes[89];
    assert_eq!((entries, entries_late), (17 * NEW as i64, 17 * NEW as i64));
    assert_eq!(graves_late - graves, 49 * NEW as i64 * 3);
    println!("{early} bytes after 41 days, {late} after 90");
    // Nothing grows but the tombstones and the history of polls.
    let allowed = (graves_late - graves) * 60 + 49 * 200 + 65_536;
    assert!(
        late - early < allowed,
        "{early} to {late}, {allowed} allowed: {sizes:?}"
    );
    assert!(late < 2 * early, "{early} to {late}");
    // The search knows what is there, and nothing else.
    assert_eq!(mill.number("SELECT count(*) FROM search"), entries_late);
    assert_eq!(mill.number("SELECT count(*) FROM revisions"), 0);
    // A flood goes again, and its room is given back.
    let many: Vec<(String, String, String)> = (10_000..10_400)
        .map(|number| {
            (
                format!("{number}"),
                format!("https://m.example/{number}"),
                text(number, 100),
            )
        })
        .collect();
    let many: Vec<Item<'_>> = many
        .iter()
        .map(|(id, link, text)| Item(id, link, Some(mill.now()), text))
        .collect();
    origin.script("/a", reply(&many));
    assert_eq!(mill.poll("a").await.expect("polled").new, 400);
    let flooded = mill.number("PRAGMA page_count");
    mill.later(DAY);
    origin.script("/a", reply(&[]));
    mill.poll("a").await;
    mill.later(DAY * 16);
    assert_eq!(mill.purge(days(15)).await.entries, 400 + 17 * NEW as u64);
    let ended = mill.number("PRAGMA page_count");
    assert!(ended < flooded / 2, "{flooded} pages to {ended}");
    assert!(mill.number("PRAGMA freelist_count") <= ended / 16);
}

#[tokio::test]
async fn old_polls_and_events_go_but_for_those_that_are_shown() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![source("a", origin.url("/a"))]).await;
    origin.script("/a", reply(&[]));
    mill.poll("a").await;
    let fill = |rows: i64, days_ago: i64| {
        let at = (mill.now() - DAY * i32::try_from(days_ago).expect("few")).timestamp_millis();
        let connection = Connection::open(mill.shell.store.path()).expect("opened");
        connection
            .execute_batch(&format!(
                "DELETE FROM polls; INSERT INTO events (at_ms, kind, text) VALUES ({at}, 'frozen', 'x');
                 INSERT INTO polls (source, at_ms, took_ms, outcome, new, revised, merged)
                 WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {rows})
                 SELECT 1, {at} + value, 1, 'ok', 0, 0, 0 FROM n;"
            ))
            .expect("filled");
    };
    let left = async |rows, days_ago| {
        fill(rows, days_ago);
        mill.purge(all()).await;
        (
            mill.number("SELECT count(*) FROM polls"),
            mill.number("SELECT count(*) FROM events"),
        )
    };
    assert_eq!(left(250, 1).await, (200, 1));
    assert_eq!(left(150, 1).await.0, 150);
    assert_eq!(left(150, 91).await, (10, 2));
}

#[tokio::test]
async fn outputs_change_only_by_what_they_show() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![
        source("a", origin.url("/a")),
        source("b", origin.url("/b")),
    ])
    .await;
    let config = config::parse(
        &format!(
            "[[source]]\nid = \"a\"\nurl = \"{}\"\n[[source]]\nid = \"b\"\nurl = \"{}\"\n\
             [[output]]\nname = \"all\"\nlimit = 2\n[[output]]\nname = \"seen\"\norder = \"first_seen\"\nlimit = 2\n\
             [[output]]\nname = \"b\"\nsources = [\"b\"]\n",
            origin.url("/a"),
            origin.url("/b")
        ),
        std::path::Path::new("/etc/feedmill.toml"),
    )
    .expect("valid");
    let start = mill.now();
    let of_a = |id: &'static str, day: i32| Item(id, id, Some(start + DAY * day), "Water");
    origin.script("/a", reply(&[of_a("0", -3)]));
    mill.poll("a").await;
    origin.script(
        "/b",
        reply(&[Item("b", "https://b.example/1", Some(start), "Bee")]),
    );
    mill.poll("b").await;
    mill.later(DAY * 3);
    origin.script("/a", reply(&[of_a("1", 2)]));
    mill.poll("a").await;
    mill.later(DAY);
    origin.script("/a", reply(&[of_a("2", 3)]));
    mill.poll("a").await;
    mill.later(DAY * 10);
    let rendered = async || {
        let (site, news) = daemon::rendered(&config, &mill.shell, &mill.sources).expect("rendered");
        mill.shell
            .store
            .record_outputs(news.clone())
            .await
            .expect("recorded");
        let mut pages: Vec<_> = site
            .into_iter()
            .map(|(path, page)| (path, page.body().to_vec(), page.last_modified))
            .collect();
        pages.sort();
        (pages, news.len())
    };
    let before = rendered().await;
    assert_eq!(before.1, 9);
    assert_eq!(
        mill.purge(Retention {
            articles: 3,
            ..all()
        })
        .await
        .entries,
        1
    );
    mill.later(TimeDelta::hours(1));
    assert_eq!(rendered().await, (before.0.clone(), 0));
    // The second goes, and those that showed it change.
    assert_eq!(mill.purge(days(9)).await.entries, 1);
    let after = rendered().await;
    assert_eq!(after.1, 6);
    assert_eq!(
        after
            .0
            .iter()
            .filter(|page| before.0.contains(page))
            .count(),
        3
    );
}

#[tokio::test]
async fn an_id_that_is_used_again_and_again_loses_old_uses_only() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![source("a", origin.url("/a"))]).await;
    let start = mill.now();
    let texts: Vec<String> = (0..8).map(|day| text(day, 40)).collect();
    let issue = |day: usize| {
        let published = start + DAY * i32::try_from(day).expect("few");
        Item(
            "daily",
            "https://m.example/daily",
            Some(published),
            &texts[day],
        )
    };
    let show = async |day: usize| {
        origin.script("/a", reply(&[issue(day)]));
        mill.poll("a").await.expect("polled").new
    };
    for day in 0..4 {
        assert_eq!(show(day).await, 1);
        mill.later(DAY);
    }
    mill.later(DAY);
    // Days 0 and 1 were last seen four days ago and more, counted from the poll before the one that lacked them.
    assert_eq!(mill.purge(days(3)).await.articles, 2);
    assert_eq!(show(0).await, 0);
    assert_eq!(show(1).await, 0);
    assert_eq!(show(5).await, 1);
    let ids = || -> Vec<String> {
        let articles = mill.articles(SelectionOrder::Published).into_iter();
        articles.map(|article| article.id).collect()
    };
    let before = ids();
    assert_eq!(before.len(), 3);
    // One is forgotten: it alone stays away, by its words.
    let forgotten = mill.shell.store.forget(before[1].clone()).await;
    assert_eq!(forgotten.expect("forgotten").entries, 1);
    assert_eq!(show(3).await, 0);
    mill.later(DAY);
    assert_eq!(show(6).await, 1);
    assert_eq!(show(3).await, 0);
    mill.later(DAY);
    assert_eq!(show(7).await, 1);
    let after = ids();
    assert_eq!(after.len(), 4);
    assert!(!after.contains(&before[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_and_run_purge_as_the_configuration_says() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 1, &free_address());
    let config = folder.path().join("feedmill.toml");
    let configured = std::fs::read_to_string(&config).expect("read");
    let keep = |per_source: usize| {
        let keep = format!("[store]\nretention = {{ per_source = {per_source} }}\n");
        std::fs::write(&config, configured.replace("[store]\n", &keep)).expect("written");
    };
    let titles = async || {
        let exported = output(folder.path(), &["export"]).await;
        let text = String::from_utf8_lossy(&exported.stdout).into_owned();
        ["1", "2", "3"].map(|id| text.contains(&format!("\"title\":\"Of {id}\"")))
    };
    let show = async |ids: &[&str]| {
        let items: Vec<Item<'_>> = ids.iter().map(|id| Item(id, id, None, "Water")).collect();
        origin.script("/0", reply(&items));
        let polled = output(folder.path(), &["poll", "--all"]).await;
        String::from_utf8_lossy(&polled.stdout).into_owned()
    };
    keep(2);
    show(&["1"]).await;
    show(&["2"]).await;
    assert_eq!(titles().await, [true, true, false]);
    show(&["3"]).await;
    assert_eq!(titles().await, [false, true, true]);
    assert!(show(&["3", "1"]).await.contains(" 0 new, 0 revised"));
    assert_eq!(titles().await, [false, true, true]);
    keep(1);
    let _daemon = running(folder.path());
    let purged = async {
        while titles().await != [false, false, true] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::origin::PATIENCE, purged)
        .await
        .expect("purged at the start");
}
