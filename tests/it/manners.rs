//! How a source is treated over many polls: conditions, failures, hold-offs.

use chrono::TimeDelta;
use feedmill::model::Secret;
use feedmill::store::Scope;
use std::sync::Arc;

use crate::mill::{Mill, feed, one, source, tagged};
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

#[tokio::test]
async fn every_failure_backs_off_and_none_gives_up() {
    let (origin, mill) = one().await;
    for (status, class) in [
        (404, "not_found"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (500, "server_error"),
        (503, "server_error"),
        (418, "client_error"),
    ] {
        origin.script("/feed", tagged("Tides", &["a"]));
        mill.poll("feed").await;
        let normal = mill.due_in("feed").expect("due");
        origin.script("/feed", Reply::status(status));
        assert_eq!(mill.outcome("feed").await, class);
        let doubled = (normal * 2).min(TimeDelta::days(1));
        let late = mill.due_in("feed").expect("due") - doubled;
        assert!(
            late.abs() < TimeDelta::seconds(1),
            "{:?}",
            mill.health("feed")
        );
        for _ in 0..12 {
            mill.later(TimeDelta::days(1));
            mill.poll("feed").await;
        }
        let health = mill.health("feed");
        assert_eq!(health.failures, 13);
        assert_eq!(mill.due_in("feed"), Some(TimeDelta::days(1)), "{health:?}");
        assert_eq!(
            health.next_poll_why,
            format!("13 failures in a row ({class})")
        );
        assert_eq!(health.articles, 1, "what is stored stays");
    }
    origin.script("/feed", tagged("Tides", &["a"]));
    assert_eq!(mill.outcome("feed").await, "not_modified");
    let health = mill.health("feed");
    assert_eq!(
        (health.state, health.failures, health.error),
        ("ok", 0, None)
    );
}

#[tokio::test]
async fn gone_is_confirmed_after_a_day_and_then_left_alone_until_named_or_edited() {
    let (origin, mut mill) = one().await;
    origin.script("/feed", Reply::status(410));
    assert_eq!(mill.outcome("feed").await, "gone");
    assert_eq!(mill.due_in("feed"), Some(TimeDelta::days(1)));
    mill.later(TimeDelta::days(1));
    assert_eq!(mill.pass(&Scope::Due).await.len(), 1);
    let health = mill.health("feed");
    assert_eq!((health.state, health.next_poll), ("gone", None));
    mill.later(TimeDelta::days(100));
    for scope in [Scope::Due, Scope::All, Scope::DueOrNew] {
        assert_eq!(mill.pass(&scope).await, []);
    }
    assert_eq!(origin.requests().len(), 2);
    // Any edit of what is sent revives it …
    let mut edited = source("feed", origin.url("/feed"));
    Arc::make_mut(&mut edited.request).cookie = Some(Secret::new("session=1"));
    mill = mill.restarted(vec![edited.clone()]).await;
    assert_eq!(mill.due_in("feed"), Some(TimeDelta::zero()));
    assert_eq!(mill.health("feed").state, "failing");
    mill.pass(&Scope::Due).await;
    mill.later(TimeDelta::days(1));
    mill.pass(&Scope::Due).await;
    assert_eq!(mill.health("feed").state, "gone", "survives a restart");
    mill = mill.restarted(vec![edited]).await;
    assert_eq!(mill.health("feed").next_poll, None);
    // … and so does a poll by name.
    origin.script("/feed", tagged("Tides", &["a"]));
    assert_eq!(mill.outcome("feed").await, "ok");
    assert_eq!(mill.health("feed").state, "ok");
}

#[tokio::test]
async fn retry_after_is_waited_for_also_by_name_and_then_things_go_on() {
    let (origin, mill) = one().await;
    let wait = |value: &str| Reply::status(503).header("Retry-After", value);
    for (value, held) in [
        ("7200", TimeDelta::hours(2)),
        ("Wed, 04 Mar 2026 09:06:07 GMT", TimeDelta::hours(4)),
        ("99999999999999999999", TimeDelta::days(7)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", TimeDelta::days(7)),
    ] {
        let reply = wait(value).header("Date", "Wed, 04 Mar 2026 05:06:07 GMT");
        origin.script("/feed", reply);
        assert_eq!(mill.outcome("feed").await, "server_error");
        let health = mill.health("feed");
        assert_eq!(health.held_until, Some(mill.now() + held), "{value}");
        let due = mill.due_in("feed").expect("due");
        assert!(
            due >= held && due < held + TimeDelta::minutes(4),
            "no back-off on top"
        );
        let asked = origin.requests().len();
        mill.later(held - TimeDelta::seconds(1));
        assert_eq!(mill.outcome("feed").await, "held");
        assert_eq!(mill.pass(&Scope::All).await, []);
        assert_eq!(origin.requests().len(), asked);
        mill.later(TimeDelta::seconds(1));
    }
    for value in ["soon", "-5", "0x10", ""] {
        origin.script("/feed", wait(value));
        assert_eq!(mill.outcome("feed").await, "server_error", "{value:?}");
        assert_eq!(mill.health("feed").held_until, None);
    }
}

#[tokio::test]
async fn a_429_quiets_the_whole_host_across_a_restart_and_nobody_is_blamed() {
    let (origin, other) = (Origin::start().await, Origin::start().await);
    let sources = || {
        vec![
            source("one", origin.url("/one")),
            source("two", origin.url("/two")),
            source("via", other.url("/via")),
            source("far", other.url("/far")),
        ]
    };
    let mut mill = Mill::new(sources()).await;
    origin.script("/one", Reply::status(429).header("Retry-After", "3600"));
    origin.script("/two", tagged("Two", &["a"]));
    other.script("/via", Reply::redirect(302, origin.url("/two").as_str()));
    other.script("/far", tagged("Far", &["a"]));
    assert_eq!(mill.outcome("one").await, "too_many_requests");
    for restart in [false, true] {
        if restart {
            mill = mill.restarted(sources()).await;
        }
        let outcome = mill.outcome("two").await;
        assert_eq!(outcome, if restart { "held" } else { "held_off" });
        let via = mill.outcome("via").await;
        assert_eq!(
            via,
            if restart { "held" } else { "held_off" },
            "redirects count"
        );
        assert_eq!(mill.shell.fetcher.held_off().len(), 1);
    }
    assert_eq!(mill.outcome("far").await, "ok");
    assert_eq!(origin.targets(), ["/one"]);
    let health = mill.health("two");
    let until = mill.now() + TimeDelta::hours(1);
    assert!(
        health.held_until.expect("held") >= until,
        "from the end of the response"
    );
    assert!(health.next_poll >= health.held_until);
    assert!(
        health.next_poll_why.contains("quiet"),
        "{}",
        health.next_poll_why
    );
    assert_eq!(
        (health.failures, health.last_poll, health.state),
        (0, None, "new")
    );
    mill.later(TimeDelta::hours(1) + TimeDelta::minutes(2));
    assert_eq!(mill.outcome("two").await, "ok");
}

#[tokio::test]
async fn a_429_quiets_other_hosts_on_its_address_only_when_that_is_wanted() {
    for (by_address, outcome) in [(false, "ok"), (true, "held_off")] {
        let (origin, other) = (Origin::start().await, Origin::start().await);
        origin.script("/feed", Reply::status(429).header("Retry-After", "60"));
        other.script("/feed", tagged("Tides", &["a"]));
        let mut named = other.url("/feed");
        named.set_host(Some("localhost")).expect("a host");
        let settings = feedmill::config::Fetch {
            hold_off_by_address: by_address,
            ..crate::fetching::settings()
        };
        let sources = vec![
            source("busy", origin.url("/feed")),
            source("literal", other.url("/feed")),
            source("named", named),
        ];
        let mill = Mill::with(sources, settings).await;
        assert_eq!(mill.outcome("busy").await, "too_many_requests");
        assert_eq!(mill.outcome("literal").await, outcome);
        assert_eq!(mill.outcome("named").await, outcome);
        assert_eq!(other.requests().is_empty(), by_address);
    }
}

#[tokio::test]
async fn a_feed_without_validators_is_asked_less_often() {
    let origin = Origin::start().await;
    let floor = |id, path| {
        let mut source = source(id, origin.url(path));
        source.cadence.min = std::time::Duration::from_secs(3600);
        source
    };
    let mill = Mill::new(vec![floor("plain", "/plain"), floor("tagged", "/tagged")]).await;
    origin.script("/plain", Reply::ok(feed("Plain", &["a"])));
    origin.script("/tagged", tagged("Tagged", &["a"]));
    mill.pass(&Scope::All).await;
    assert_eq!(mill.due_in("plain"), Some(TimeDelta::hours(4)));
    assert!(mill.due_in("tagged") < Some(TimeDelta::hours(3)));
    assert!(mill.health("plain").next_poll_why.contains("ETag"));
}

#[tokio::test]
async fn when_hardly_a_host_is_reached_no_source_is_blamed_and_all_come_back_spread() {
    let mut origins = Vec::new();
    for _ in 0..10 {
        origins.push(Origin::start().await);
    }
    let sources: Vec<_> = (0..)
        .zip(&origins)
        .map(|(number, origin)| source(&format!("s{number}"), origin.url("/feed")))
        .collect();
    let mill = Mill::new(sources).await;
    // Nobody listens any more: ten hosts, by port.
    drop(origins);
    let reports = mill.pass(&Scope::All).await;
    assert!(reports.iter().any(|report| report.outcome == "offline"));
    assert!(mill.shell.outage.is_on());
    for number in 0..10 {
        let health = mill.health(&format!("s{number}"));
        assert_eq!(health.failures, 0, "{number}");
        let asked = health.outcome.is_some();
        assert_eq!(health.state, if asked { "offline" } else { "new" });
        assert!(
            !asked || health.next_poll == Some(mill.now()),
            "tried again as soon as may be"
        );
    }
    assert_eq!(
        mill.pass(&Scope::All).await,
        [],
        "a pass does not try the rest in vain"
    );
    // By name one may try; one lost host that answers ends it.
    assert_eq!(mill.outcome("s3").await, "offline");
    let address = mill.sources.iter().find(|(_, source)| source.id == "s3");
    let port = address
        .and_then(|(_, source)| source.url.port())
        .expect("a port");
    let back = Origin::start_at(port).await;
    back.script("/feed", tagged("Back", &["a"]));
    mill.later(TimeDelta::hours(1));
    assert_eq!(mill.outcome("s3").await, "ok");
    assert!(!mill.shell.outage.is_on());
    let waits: Vec<_> = (0..10)
        .filter(|number| *number != 3)
        .filter_map(|number| mill.due_in(&format!("s{number}")))
        .collect();
    assert_eq!(waits.len(), 9);
    assert!(
        waits
            .iter()
            .all(|wait| *wait >= TimeDelta::zero() && *wait < TimeDelta::minutes(10))
    );
    assert!(waits.windows(2).any(|pair| pair[0] != pair[1]), "{waits:?}");
}

#[tokio::test]
async fn a_start_and_a_jump_of_the_clock_spread_what_is_overdue() {
    let origin = Origin::start().await;
    let sources: Vec<_> = (0..50)
        .map(|number| source(&format!("s{number}"), origin.url(&format!("/{number}"))))
        .collect();
    let mill = Mill::new(sources).await;
    mill.pass(&Scope::All).await;
    let store = &mill.shell.store;
    let due = |within| {
        let at = mill.now() + within;
        store
            .pending(&Scope::Due, at, usize::MAX)
            .expect("read")
            .len()
    };
    mill.later(TimeDelta::days(3));
    assert_eq!(due(TimeDelta::zero()), 50);
    store.spread_overdue(mill.now()).await.expect("spread");
    assert!(due(TimeDelta::seconds(1)) < 20, "no burst");
    assert_eq!(due(TimeDelta::seconds(10)), 50);
    let plan: Vec<_> = (0..50)
        .map(|number| mill.health(&format!("s{number}")).next_poll)
        .collect();
    mill.later(-TimeDelta::days(1));
    store.set_back(TimeDelta::days(1)).await.expect("set back");
    let moved = plan.iter().map(|at| at.map(|at| at - TimeDelta::days(1)));
    assert!(moved.eq((0..50).map(|number| mill.health(&format!("s{number}")).next_poll)));
}

/// The text of every Rust file below a folder.
fn sources_below(folder: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources_below(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn every_test_that_the_table_of_manners_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["src", "tests"] {
        sources_below(&root.join(folder), &mut code);
    }
    let table = include_str!("../../docs/manners.md");
    // Names of tests are sentences; classes, keys and folders are shorter.
    let named = table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() >= 4 && !name.contains('/'));
    for name in named {
        assert!(
            code.contains(&format!("fn {name}(")),
            "there is no test {name}"
        );
    }
}
