//! What is forgotten, what flaps, and what the first document of a source brings.

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::store::SelectionOrder;
use feedmill::{config, daemon};

use crate::keeping::{DAY, Item, reply};
use crate::mill::{Mill, source};
use crate::origin::Origin;
use crate::walk::{configure, daemon as running, feedmill, free_address, output};

#[tokio::test]
async fn the_old_entries_of_a_new_source_do_not_flood_what_is_ordered_by_first_sight() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![
        source("a", origin.url("/a")),
        source("b", origin.url("/b")),
    ])
    .await;
    let start = mill.now();
    let at = |id: &'static str, link: &'static str, hours: i64| {
        Item(id, link, Some(start + TimeDelta::hours(hours)), "Water")
    };
    origin.script("/a", reply(&[at("a1", "https://a.example/1", -1)]));
    mill.poll("a").await;
    mill.later(TimeDelta::hours(2));
    let old = || {
        [
            at("b1", "https://b.example/1", -500),
            at("b2", "https://b.example/2", 1),
            at("b3", "https://b.example/3", -3),
        ]
    };
    origin.script("/b", reply(&old()));
    mill.poll("b").await;
    let text = "[[source]]\nid = \"a\"\nurl = \"file:a\"\n[[source]]\nid = \"b\"\nurl = \"file:b\"\n\
        [[output]]\nname = \"news\"\norder = \"first_seen\"\nlimit = 4\n";
    let config = config::parse(text, std::path::Path::new("/etc/feedmill.toml")).expect("valid");
    // Titles in the order of the output.
    let order = || -> Vec<String> {
        let (site, _) = daemon::rendered(&config, &mill.shell, &mill.sources).expect("rendered");
        let body = String::from_utf8_lossy(site["news.atom"].body()).into_owned();
        let titles = body
            .match_indices("Of ")
            .map(|(at, _)| body[at + 3..at + 5].to_owned());
        titles.collect()
    };
    assert_eq!(order(), ["b2", "a1", "b3", "b1"]);
    // Once it is known, what it brings is news, whatever its date.
    mill.later(TimeDelta::hours(1));
    let mut more = vec![at("b4", "https://b.example/4", -1_000)];
    more.extend(old());
    origin.script("/b", reply(&more));
    mill.poll("b").await;
    assert_eq!(order(), ["b4", "b2", "a1", "b3"]);
    // When it was really seen is kept.
    for article in mill.articles(SelectionOrder::Published) {
        assert!(article.first_seen >= start, "{}", article.entry.id);
        assert!(article.entries[0].first_seen >= start);
    }
}

#[tokio::test]
async fn an_entry_that_flaps_is_frozen_until_it_is_calm_and_reported_once() {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![source("a", origin.url("/a"))]).await;
    let start = mill.now();
    let show = async |text: &str| {
        let items = [
            Item("1", "https://m.example/1", Some(start), text),
            Item("2", "https://m.example/2", Some(start), "Still water"),
        ];
        origin.script(
            "/a",
            reply(&items)
                .header("ETag", format!("\"{text}\""))
                .revalidates(),
        );
        mill.later(TimeDelta::minutes(10));
        let report = mill.poll("a").await.expect("polled");
        (report.revised, report.changed)
    };
    let shown = || {
        let articles = mill.articles(SelectionOrder::Published);
        let found = articles.into_iter().find(|article| article.entry.id == "1");
        found.expect("kept").entry.content_html
    };
    show("Text 0").await;
    for number in 1..=5 {
        assert_eq!(show(&format!("Text {number}")).await, (1, true));
    }
    for number in 6..=12 {
        assert_eq!(show(&format!("Text {number}")).await, (0, false));
    }
    assert_eq!(shown(), "<p>Text 5</p>");
    assert_eq!(
        mill.number("SELECT count(*) FROM events WHERE kind = 'frozen' AND source = 1"),
        1
    );
    assert_eq!(mill.number("SELECT count(*) FROM revisions"), 5);
    // Calm: the same document for a day; then the newest text is taken, though the feed did not change since.
    assert_eq!(show("Text 12").await, (0, false));
    mill.later(DAY);
    assert_eq!(show("Text 12").await, (1, true));
    assert_eq!(shown(), "<p>Text 12</p>");
    mill.later(DAY);
    assert_eq!(show("Text 12").await, (0, false));
    assert_eq!(mill.health("a").outcome.as_deref(), Some("not_modified"));
}

const STORY: &str =
    "Water came back to the race on Monday after two dry years, and the old wheel turned again.";

fn stories(origin: &Origin, extra: &str) {
    let date = |hours: i64| {
        let at: DateTime<Utc> = "2026-11-20T08:00:00Z".parse().expect("a date");
        Some(at + TimeDelta::hours(hours))
    };
    let other = Item(
        "x",
        "https://m.example/x",
        date(1),
        "Something else altogether",
    );
    origin.script(
        "/0",
        reply(&[
            Item("s", "https://m.example/s", date(0), STORY),
            other,
            Item(extra, "", date(2), extra),
        ]),
    );
    origin.script(
        "/1",
        reply(&[
            Item("t", "https://m.example/s", date(1), "Wheel turns"),
            Item(extra, "", date(3), extra),
        ]),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_article_is_gone_everywhere_for_good() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 3, &free_address());
    let config = folder.path().join("feedmill.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    let text = format!("{text}[[output]]\nname = \"all\"\ndirectory = \"public\"\n");
    std::fs::write(&config, text).expect("written");
    stories(&origin, "one");
    origin.script("/2", reply(&[]));
    let lines = async |arguments: &[&str]| {
        let output = output(folder.path(), arguments).await;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    lines(&["poll", "--all"]).await;
    let ids = async || -> Vec<(String, String)> {
        let exported = lines(&["export", "--format", "jsonl"]).await;
        let article = |line: &str| {
            let article: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let field = |name: &str| article[name].as_str().unwrap_or_default().to_owned();
            (field("title"), field("id"))
        };
        exported.lines().map(article).collect()
    };
    let before = ids().await;
    let (_, id) = before
        .iter()
        .find(|(title, _)| title == "Of s")
        .expect("stored");
    let public =
        || std::fs::read_to_string(folder.path().join("public/all.atom")).expect("written");
    assert!(public().contains("Of s"));
    let refused = async |article: &str| {
        let mut command = feedmill(folder.path(), &["forget", article]);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("joined").expect("ran");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, why) = refused("0000").await;
    assert_eq!(code, Some(2));
    assert!(
        why.contains("there is no article \"0000\"") && why.lines().count() == 1,
        "{why}"
    );
    let forgot = lines(&["forget", &id["urn:uuid:".len()..][..13]]).await;
    assert_eq!(forgot, format!("forgot {id} (Of s), 2 entries\n"));
    assert!(!public().contains("Of s") && public().contains("Of x"));
    // Both sources show it again, with news beside it, and a third has its words elsewhere, much later.
    stories(&origin, "two");
    origin.script(
        "/2",
        reply(&[Item(
            "u=s",
            "https://c.example/u",
            "2025-01-01T00:00:00Z".parse().ok(),
            STORY,
        )]),
    );
    let polled = lines(&["poll", "--all"]).await;
    assert!(
        polled.contains("3 sources: 2 new, 0 revised, 0 merged, 0 failed"),
        "{polled}"
    );
    let now = ids().await;
    assert!(now.iter().all(|(_, other)| other != id), "{now:?}");
    assert_eq!(now.len(), before.len() - 1 + 2);
    // The same beside a daemon, by the id under which it is published.
    let _daemon = running(folder.path());
    let (_, id) = now
        .iter()
        .find(|(title, _)| title == "Of x")
        .expect("stored");
    assert_eq!(refused("0000").await.0, Some(2));
    assert_eq!(
        lines(&["forget", id]).await,
        format!("forgot {id} (Of x), 1 entry\n")
    );
    stories(&origin, "three");
    lines(&["poll", "--all"]).await;
    assert!(
        ids()
            .await
            .iter()
            .all(|(title, _)| title != "Of x" && title != "Of s")
    );
}
