//! How a source is treated over many polls: conditions, failures, hold-offs.

use crate::mill::{feed, one, source, tagged};
use crate::origin::{Origin, Reply};

/// `If-None-Match` of every request so far, in order.
fn conditions(origin: &Origin) -> Vec<Option<String>> {
    let requests = origin.requests();
    requests
        .iter()
        .map(|request| request.header("if-none-match"))
        .collect()
}

#[tokio::test]
async fn a_feed_is_asked_for_without_conditions_once_in_its_life() {
    let (origin, mut mill) = one().await;
    origin.script_all(
        "/feed",
        [
            tagged("Tides", &["a"]),
            Reply::status(500),
            Reply::ok("<html>Please sign in</html>").header("ETag", "\"page\""),
            Reply::status(404).header("ETag", "\"error\""),
            tagged("Tides", &["a"]),
        ],
    );
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(mill.outcome("feed").await);
        mill = mill
            .restarted(vec![source("feed", origin.url("/feed"))])
            .await;
    }
    assert_eq!(
        outcomes,
        [
            "ok",
            "server_error",
            "not_a_feed",
            "not_found",
            "not_modified"
        ]
    );
    let sent = || Some("\"a\"".to_owned());
    assert_eq!(conditions(&origin), [None, sent(), sent(), sent(), sent()]);
}

#[tokio::test]
async fn the_newest_200_decides_about_validators() {
    let (origin, mill) = one().await;
    origin.script_all(
        "/feed",
        [
            tagged("Tides", &["a"]),
            tagged("Tides", &["b"]),
            Reply::ok(feed("Tides", &["b"])),
            Reply::ok(feed("Tides", &["b"])),
        ],
    );
    for _ in 0..4 {
        mill.poll("feed").await;
    }
    let tag = |tag: &str| Some(format!("\"{tag}\""));
    assert_eq!(conditions(&origin), [None, tag("a"), tag("b"), None]);
}

#[tokio::test]
async fn a_cut_document_leaves_its_entries_and_no_validators() {
    let whole = feed("Tides", &["a", "b"]);
    let at = whole
        .find("<item><guid isPermaLink=\"false\">b")
        .expect("b")
        + 20;
    // Cut on the way, and cut before it was sent: the transport knows of the first only.
    let on_the_way = Reply::ok(whole.clone()).cut_after(at);
    let before = Reply::ok(&whole.as_bytes()[..at]);
    for cut in [on_the_way, before] {
        let (origin, mill) = one().await;
        let cut = cut.header("ETag", "\"x\"");
        origin.script_all("/feed", [cut.clone(), cut, tagged("Tides", &["a", "b"])]);
        let first = mill.poll("feed").await.expect("polled");
        assert_eq!((first.outcome, first.new), ("ok", 1));
        assert_eq!(
            mill.outcome("feed").await,
            "ok",
            "the same bytes are not skipped"
        );
        let last = mill.poll("feed").await.expect("polled");
        assert_eq!((last.outcome, last.new), ("ok", 1));
        assert_eq!(conditions(&origin), [None, None, None]);
    }
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let (origin, mill) = one().await;
    origin.script("/feed", Reply::status(304).header("ETag", "\"x\""));
    assert_eq!(mill.outcome("feed").await, "unexpected_status");
    assert_eq!(mill.outcome("feed").await, "unexpected_status");
    assert_eq!(conditions(&origin), [None, None]);
    let error = mill.health("feed").error.expect("an error");
    assert!(error.contains("without conditions"), "{error}");
}

#[tokio::test]
async fn a_newer_date_on_a_304_replaces_the_stored_one() {
    let (origin, mill) = one().await;
    let dated = |reply: Reply, date: &str| {
        reply
            .header("ETag", "W/\"x\"")
            .header("Last-Modified", date)
    };
    origin.script_all(
        "/feed",
        [
            dated(Reply::ok(feed("Tides", &["a"])), "old"),
            dated(Reply::status(304), "new"),
            Reply::status(304),
        ],
    );
    for _ in 0..4 {
        mill.poll("feed").await;
    }
    let dates: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| request.header("if-modified-since"))
        .collect();
    let date = |date: &str| Some(date.to_owned());
    assert_eq!(dates, [None, date("old"), date("new"), date("new")]);
}

#[tokio::test]
async fn validators_are_of_the_url_that_gave_them_also_when_the_way_changes() {
    let (origin, mill) = one().await;
    origin.script_all(
        "/feed",
        [Reply::redirect(302, "/one"), Reply::redirect(302, "/two")],
    );
    origin.script("/one", tagged("Tides", &["a"]));
    origin.script("/two", tagged("Tides", &["a"]));
    for _ in 0..3 {
        mill.poll("feed").await;
    }
    let asked: Vec<_> = origin
        .targets()
        .into_iter()
        .zip(conditions(&origin))
        .collect();
    let asked: Vec<_> = asked
        .iter()
        .map(|(target, tag)| (target.as_str(), tag.as_deref()))
        .collect();
    assert_eq!(
        asked,
        [
            ("/feed", None),
            ("/one", None),
            ("/feed", None),
            ("/two", None),
            ("/feed", None),
            ("/two", Some("\"a\"")),
        ]
    );
}
