//! Parts of feeds: `A-IM: feed` and 226 (RFC 3229 §10.4.1), merged and never taken for the whole.

use chrono::TimeDelta;

use crate::fetching::{failed, get, get_again, source};
use crate::mill::{Mill, feed, one, tagged};
use crate::origin::{Origin, Reply};
use feedmill::model::Validators;

fn part(title: &str, ids: &[&str], tag: &str) -> Reply {
    Reply::ok(feed(title, ids))
        .with_status(226)
        .header("IM", "feed")
        .header("ETag", tag)
}

/// Conditions of the last request.
fn last(origin: &Origin, field: &str) -> Option<String> {
    origin.requests().last().expect("a request").header(field)
}

fn entries(mill: &Mill) -> u64 {
    mill.health("feed").entries
}

#[tokio::test]
async fn a_part_is_asked_for_with_an_etag_only() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok("<rss/>"));
    let source = source(origin.url("/feed"));
    let asked = async |etag: Option<&str>, last_modified: Option<&str>| {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let validators = Validators {
            url: Some(origin.url("/feed").into()),
            etag: bytes(etag),
            last_modified: bytes(last_modified),
        };
        get_again(&source, &validators).await.expect("a body");
        last(&origin, "a-im")
    };
    assert_eq!(asked(None, None).await, None);
    assert_eq!(asked(None, Some("yesterday")).await, None);
    assert_eq!(asked(Some("\"1\""), None).await.as_deref(), Some("feed"));
}

#[tokio::test]
async fn a_part_is_merged_and_its_etag_is_the_next_base() {
    let (origin, mill) = one().await;
    let settled = tagged("Mill", &["b", "a"]);
    origin.script("/feed", settled);
    assert_eq!(mill.poll("feed").await.expect("polled").new, 2);
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", part("Mill", &["c"], "\"c-b-a\""));
    let report = mill.poll("feed").await.expect("polled");
    assert_eq!((report.outcome, report.new, report.revised), ("ok", 1, 0));
    assert_eq!(entries(&mill), 3);
    // What the part lacks is still in the document: nothing was concluded from it.
    let left = mill.count("SELECT count(*) FROM entries WHERE last_seen_at_ms IS NOT NULL");
    assert_eq!(left, 0);
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", tagged("Mill", &["c", "b", "a"]));
    assert_eq!(mill.outcome("feed").await, "not_modified");
    assert_eq!(last(&origin, "if-none-match").as_deref(), Some("\"c-b-a\""));
    // The whole says what is gone.
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", tagged("Mill", &["c", "b"]));
    let report = mill.poll("feed").await.expect("polled");
    assert_eq!((report.outcome, report.new), ("ok", 0));
    let left = mill.count("SELECT count(*) FROM entries WHERE last_seen_at_ms IS NOT NULL");
    assert_eq!(left, 1);
}

#[tokio::test]
async fn the_whole_after_a_part_is_read_also_when_it_is_as_before() {
    let (origin, mill) = one().await;
    origin.script("/feed", tagged("Mill", &["a"]));
    mill.poll("feed").await;
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", part("Mill", &["b"], "\"b-a\""));
    assert_eq!(mill.outcome("feed").await, "ok");
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", tagged("Mill", &["a"]));
    assert_eq!(mill.outcome("feed").await, "ok");
    let left = mill.count("SELECT count(*) FROM entries WHERE last_seen_at_ms IS NOT NULL");
    assert_eq!(left, 1, "`b` left with the whole");
}

#[tokio::test]
async fn a_part_that_is_cut_or_names_no_instance_keeps_its_base() {
    let (origin, mill) = one().await;
    origin.script("/feed", tagged("Mill", &["a"]));
    mill.poll("feed").await;
    let body = feed("Mill", &["c", "b"]);
    let cut = part("Mill", &["c", "b"], "\"c-b-a\"").cut_after(body.len() - 60);
    let nameless = Reply::ok(feed("Mill", &["d"]))
        .with_status(226)
        .header("IM", "feed");
    for reply in [cut, nameless] {
        mill.later(TimeDelta::hours(2));
        origin.script("/feed", reply);
        let report = mill.poll("feed").await.expect("polled");
        assert_eq!((report.outcome, report.new), ("ok", 1));
        assert_eq!(last(&origin, "if-none-match").as_deref(), Some("\"a\""));
    }
    mill.later(TimeDelta::hours(2));
    origin.script("/feed", tagged("Mill", &["a"]));
    assert_eq!(mill.outcome("feed").await, "not_modified");
    assert_eq!(entries(&mill), 3);
}

#[tokio::test]
async fn a_226_that_nobody_asked_for_or_of_another_kind_is_an_error() {
    let origin = Origin::start().await;
    let source = source(origin.url("/feed"));
    origin.script("/feed", part("Mill", &["a"], "\"a\""));
    let error = failed(get(&source).await, "bad_delta");
    assert!(error.to_string().contains("nobody asked"), "{error}");
    let validators = Validators {
        url: Some(origin.url("/feed").into()),
        etag: Some(b"\"a\"".to_vec()),
        last_modified: None,
    };
    for (im, words) in [
        (None, "no IM header field"),
        (Some("vcdiff"), "another manipulation"),
        (Some("feed, gzip"), "another manipulation"),
    ] {
        let mut reply = Reply::ok(feed("Mill", &["b"])).with_status(226);
        if let Some(im) = im {
            reply = reply.header("IM", im);
        }
        origin.script("/feed", reply);
        let error = failed(get_again(&source, &validators).await, "bad_delta");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_host_whose_parts_are_none_is_asked_for_the_whole_from_then_on() {
    let (origin, mill) = one().await;
    origin.script("/feed", tagged("Mill", &["a"]));
    mill.poll("feed").await;
    mill.later(TimeDelta::hours(2));
    let bad = Reply::ok(feed("Mill", &["b"])).with_status(226);
    origin.script_all("/feed", [bad, tagged("Mill", &["b", "a"])]);
    assert_eq!(mill.outcome("feed").await, "bad_delta");
    assert_eq!(last(&origin, "a-im").as_deref(), Some("feed"));
    mill.later(TimeDelta::hours(2));
    assert_eq!(mill.poll("feed").await.expect("polled").new, 1);
    assert_eq!(last(&origin, "a-im"), None);
    assert_eq!(last(&origin, "if-none-match").as_deref(), Some("\"a\""));
}
