//! Permanent redirects over many polls: when an address is adopted, and when not.

use chrono::TimeDelta;
use feedmill::model::Secret;
use feedmill::store::Scope;
use std::sync::Arc;

use crate::mill::{Mill, feed, one, source, tagged};
use crate::origin::{Origin, Reply};

/// Polls so many times, an hour apart.
async fn polls(mill: &Mill, times: usize) {
    for _ in 0..times {
        mill.later(TimeDelta::hours(1));
        mill.poll("feed").await.expect("polled");
    }
}

fn adopted(mill: &Mill) -> Option<String> {
    mill.health("feed").adopted_url
}

#[tokio::test]
async fn a_permanent_redirect_is_adopted_after_three_polls_that_agree() {
    for status in [301, 308] {
        let (origin, mut mill) = one().await;
        origin.script("/feed", Reply::redirect(status, "/new"));
        origin.script("/new", tagged("Tides", &["a"]));
        polls(&mill, 2).await;
        assert_eq!(adopted(&mill), None);
        polls(&mill, 1).await;
        let new = origin.url("/new").to_string();
        assert_eq!(adopted(&mill), Some(new.clone()));
        assert_eq!(mill.health("feed").url, origin.url("/feed").as_str());
        let asked = origin.requests().len();
        polls(&mill, 1).await;
        let feed = vec![source("feed", origin.url("/feed"))];
        mill = mill.restarted(feed).await;
        polls(&mill, 1).await;
        assert_eq!(origin.targets()[asked..], ["/new", "/new"]);
        let last = origin.requests().pop().expect("asked");
        assert_eq!(last.header("if-none-match").as_deref(), Some("\"a\""));
        // The operator's own edit takes it back.
        let edited = vec![source("feed", origin.url("/other"))];
        mill = mill.restarted(edited).await;
        assert_eq!(adopted(&mill), None);
        polls(&mill, 1).await;
        assert_eq!(origin.targets().last().map(String::as_str), Some("/other"));
    }
}

#[tokio::test]
async fn only_the_unbroken_permanent_beginning_of_a_chain_is_adopted() {
    let (origin, mill) = one().await;
    origin.script("/feed", Reply::redirect(301, "/a"));
    origin.script("/a", Reply::redirect(308, "/b"));
    origin.script("/b", Reply::redirect(302, "/c"));
    origin.script("/c", Reply::redirect(301, "/d"));
    origin.script("/d", tagged("Tides", &["a"]));
    polls(&mill, 3).await;
    assert_eq!(adopted(&mill), Some(origin.url("/b").to_string()));
    let (origin, mill) = one().await;
    for status in [302, 303, 307] {
        origin.script("/feed", Reply::redirect(status, "/a"));
        origin.script("/a", tagged("Tides", &["a"]));
        polls(&mill, 4).await;
        assert_eq!(adopted(&mill), None, "{status}");
    }
}

#[tokio::test]
async fn polls_that_disagree_fail_or_bring_another_feed_do_not_count() {
    let (origin, mill) = one().await;
    origin.script("/one", tagged("Tides", &["a"]));
    origin.script("/two", tagged("Tides", &["a"]));
    let to = |path: &str| Reply::redirect(301, path);
    let ways = ["/one", "/one", "/two", "/two", "/one", "/one"];
    origin.script_all("/feed", ways.map(to));
    polls(&mill, 6).await;
    assert_eq!(adopted(&mill), None, "they disagree");
    origin.script_all("/feed", [Reply::status(500), to("/one"), to("/one")]);
    polls(&mill, 3).await;
    assert_eq!(adopted(&mill), None, "a failure stands between");
    origin.script("/parked", Reply::ok("<html>For sale</html>"));
    origin.script("/feed", to("/parked"));
    polls(&mill, 4).await;
    assert_eq!(adopted(&mill), None, "no feed");
    origin.script("/strange", tagged("Casino", &["z"]));
    origin.script("/feed", to("/strange"));
    polls(&mill, 3).await;
    assert_eq!(
        adopted(&mill),
        None,
        "another feed begins a row, and is none of it"
    );
    // The same ids under another title are the same feed.
    let (origin, mill) = one().await;
    origin.script_all("/feed", [tagged("Tides", &["a"]), to("/new")]);
    origin.script("/new", tagged("Tides of the river", &["a", "b"]));
    polls(&mill, 4).await;
    assert_eq!(adopted(&mill), Some(origin.url("/new").to_string()));
}

#[tokio::test]
async fn an_adopted_address_that_fails_for_a_week_is_given_up() {
    let (origin, mill) = one().await;
    origin.script("/feed", Reply::redirect(301, "/new"));
    origin.script("/new", tagged("Tides", &["a"]));
    polls(&mill, 3).await;
    assert!(adopted(&mill).is_some());
    origin.script("/new", Reply::status(404));
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    mill.later(TimeDelta::days(6));
    polls(&mill, 1).await;
    assert!(adopted(&mill).is_some(), "not yet");
    mill.later(TimeDelta::days(1));
    polls(&mill, 1).await;
    assert_eq!(adopted(&mill), None);
    polls(&mill, 1).await;
    assert_eq!(mill.health("feed").state, "ok");
}

#[tokio::test]
async fn an_adopted_address_that_is_gone_sends_back_to_the_configured_one() {
    let (origin, mill) = one().await;
    origin.script("/feed", Reply::redirect(301, "/new"));
    origin.script("/new", tagged("Tides", &["a"]));
    polls(&mill, 3).await;
    origin.script("/new", Reply::status(410));
    origin.script("/feed", tagged("Tides", &["a"]));
    polls(&mill, 1).await;
    assert_eq!(adopted(&mill), None);
    mill.later(TimeDelta::days(1));
    mill.pass(&Scope::Due).await;
    assert_eq!(mill.health("feed").state, "ok");
}

#[tokio::test]
async fn no_secret_follows_to_an_adopted_address_and_a_private_one_is_not_shown() {
    let (origin, away) = (Origin::start().await, Origin::start().await);
    let mut secretive = source("feed", origin.url("/feed"));
    let headers = &mut Arc::make_mut(&mut secretive.request).headers;
    headers.insert("x-token".to_owned(), Secret::new("t0ken"));
    Arc::make_mut(&mut secretive.request).basic_auth = Some(Secret::new("user:pass"));
    Arc::make_mut(&mut secretive.request).cookie = Some(Secret::new("session=1"));
    secretive.private = true;
    let mill = Mill::new(vec![secretive]).await;
    origin.script("/feed", Reply::redirect(301, away.url("/new").as_str()));
    away.script("/new", Reply::ok(feed("Tides", &["a"])));
    polls(&mill, 5).await;
    assert_eq!(origin.requests().len(), 3);
    assert_eq!(away.requests().len(), 5);
    for request in away.requests() {
        for name in ["x-token", "authorization", "cookie", "referer"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
    assert_eq!(adopted(&mill).as_deref(), Some("(private)"));
}

#[tokio::test]
async fn a_source_without_an_id_is_found_again_at_its_adopted_address() {
    let origin = Origin::start().await;
    let nameless = |id: &str, path: &str| {
        let mut source = source(id, origin.url(path));
        source.named = false;
        vec![source]
    };
    let mut mill = Mill::new(nameless("feed", "/feed")).await;
    origin.script("/feed", Reply::redirect(301, "/new"));
    origin.script("/new", Reply::ok(feed("Tides", &["a"])));
    polls(&mill, 3).await;
    mill = mill.restarted(nameless("new", "/new")).await;
    let health = mill.health("new");
    assert_eq!((health.articles, health.adopted_url), (1, None));
}
