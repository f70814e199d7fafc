//! What happened to a source: written down once, and told in `health.atom`.

use chrono::TimeDelta;

use crate::asked::{get, polled};
use crate::mill::{Mill, feed, one, tagged};
use crate::origin::{Origin, Reply};
use crate::walk::{daemon, feedmill, free_address};

async fn polls(mill: &Mill, times: usize) {
    for _ in 0..times {
        mill.later(TimeDelta::hours(1));
        mill.poll("feed").await.expect("polled");
    }
}

/// What was said since the last time this was asked, the oldest first.
fn said(mill: &Mill, known: &mut usize) -> Vec<(String, String)> {
    let mut events = mill.shell.store.events(1_000).expect("read");
    events.reverse();
    let news = events.split_off(*known);
    *known += news.len();
    { news.into_iter() }
        .map(|event| (event.kind, event.text))
        .collect()
}

#[tokio::test]
async fn failing_and_recovering_are_told_once_and_a_single_failure_is_not() {
    let (origin, mill) = one().await;
    let mut known = 0;
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    origin.script("/feed", Reply::status(503));
    polls(&mill, 2).await;
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    assert_eq!(said(&mill, &mut known), []);
    origin.script("/feed", Reply::status(404));
    polls(&mill, 5).await;
    let news = said(&mill, &mut known);
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0].0, "failing");
    assert!(
        news[0].1.contains("404") && news[0].1.contains("new address"),
        "{news:?}"
    );
    origin.script("/feed", tagged("Tides", &["a", "b"]));
    polls(&mill, 2).await;
    let news = said(&mill, &mut known);
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0].0, "recovered");
    assert!(news[0].1.contains("after 5 failed polls"), "{news:?}");
}

#[tokio::test]
async fn gone_moved_and_repaired_are_told() {
    let (origin, mill) = one().await;
    let mut known = 0;
    let kinds = |known: &mut usize| -> Vec<String> {
        { said(&mill, known).into_iter() }
            .map(|(kind, _)| kind)
            .collect()
    };
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    origin.script("/feed", Reply::ok(feed("Tides & Moons", &["a"])));
    polls(&mill, 2).await;
    assert_eq!(kinds(&mut known), ["repaired"]);
    origin.script("/feed", Reply::redirect(301, "/new"));
    origin.script("/new", tagged("Tides", &["a"]));
    polls(&mill, 3).await;
    assert_eq!(kinds(&mut known), ["moved"]);
    origin.script("/new", Reply::status(410));
    origin.script("/feed", Reply::status(410));
    polls(&mill, 1).await;
    assert_eq!(kinds(&mut known), ["moved", "gone"]);
    mill.later(TimeDelta::hours(25));
    polls(&mill, 1).await;
    assert_eq!(kinds(&mut known), ["gone"]);
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    assert_eq!(kinds(&mut known), ["recovered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_feed_tells_of_open_sources_and_keeps_secrets() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let source = |id: &str, more: &str| {
        origin.script(&format!("/{id}"), tagged(id, &[id]));
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
    };
    let lines = source("open", "title = \"Open & Shut\"")
        + &source("secret", "private = true")
        + &source("inner", "tags = [\"inner\"]")
        + "[[output]]\nname = \"all\"\n[[output]]\nname = \"inner\"\ntags = [\"inner\"]\ntoken = \"tok0\"\n";
    polled(folder.path(), &address, &lines).await;
    for id in ["open", "secret", "inner"] {
        origin.script(&format!("/{id}"), Reply::status(404));
    }
    for _ in 0..3 {
        let failed = feedmill(folder.path(), &["poll", "open", "secret", "inner"]).output();
        assert!(!failed.expect("ran").status.success());
    }
    let _daemon = daemon(folder.path());
    let (status, headers, feed) = get(&address, "health.atom").await;
    assert_eq!(status, 200, "{feed}");
    assert_eq!(
        headers["content-type"],
        "application/atom+xml; charset=utf-8"
    );
    let read = feed_rs::parser::parse(feed.as_bytes()).expect("a feed");
    assert_eq!(read.entries.len(), 2, "{feed}");
    assert!(
        feed.contains("<title>Open &amp; Shut: failing</title>"),
        "{feed}"
    );
    assert!(
        feed.contains("404") && feed.contains("<title>secret: failing</title>"),
        "{feed}"
    );
    assert_eq!(feed.matches("404").count(), 1, "{feed}");
    assert!(
        !feed.contains("inner") && !feed.contains(origin.url("/secret").as_str()),
        "{feed}"
    );
    assert!(
        feed.contains(&format!("http://{address}/sources/open")),
        "{feed}"
    );
    let (_, again, _) = get(&address, "health.atom").await;
    assert_eq!(headers["etag"], again["etag"]);
}
