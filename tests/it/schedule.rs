//! The learned pace from first fetch to restart, and `simulate`.

use chrono::TimeDelta;

use crate::fetching;
use crate::mill::{Mill, source};
use crate::origin::{Origin, Reply};
use crate::walk::{configure, feedmill, output};

/// A feed of an entry each hour before the test's now.
fn hourly(entries: i64) -> String {
    let items: String = (0..entries)
        .map(|entry| {
            let date = (fetching::now() - TimeDelta::hours(entry)).to_rfc2822();
            format!("<item><guid isPermaLink=\"false\">{entry}</guid><title>Number {entry}</title><pubDate>{date}</pubDate></item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Tides</title>{items}</channel></rss>")
}

#[tokio::test]
async fn the_first_document_sets_the_pace_and_a_restart_keeps_it() {
    let origin = Origin::start().await;
    let tagged = |body: String| Reply::ok(body).header("ETag", "\"1\"").revalidates();
    origin.script("/busy", tagged(hourly(72)));
    origin.script("/quiet", tagged(hourly(0)));
    let sources = || {
        vec![
            source("busy", origin.url("/busy")),
            source("quiet", origin.url("/quiet")),
        ]
    };
    let mill = Mill::new(sources()).await;
    for id in ["busy", "quiet"] {
        assert_eq!(mill.outcome(id).await, "ok");
    }
    let busy = mill.due_in("busy").expect("due");
    let quiet = mill.due_in("quiet").expect("due");
    assert!(busy >= TimeDelta::minutes(15), "{busy}");
    assert!(busy < TimeDelta::minutes(45), "{busy}");
    assert!(quiet > TimeDelta::hours(2), "{quiet}");
    let why = mill.health("busy").next_poll_why;
    assert!(why.starts_with("learned pace: about "), "{why}");
    let due = mill.health("busy").next_poll;
    let mill = mill.restarted(sources()).await;
    assert_eq!(mill.health("busy").next_poll, due);

    // Two days of 304: silence is evidence.
    for _ in 0..24 {
        mill.later(TimeDelta::hours(2));
        assert_eq!(mill.outcome("busy").await, "not_modified");
    }
    let silent = mill.due_in("busy").expect("due");
    assert!(silent > busy, "{silent} after {busy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn simulate_compares_policies_on_a_trace_or_on_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = Origin::start().await;
    configure(folder.path(), &origin, 1, "127.0.0.1:0");
    origin.script("/0", Reply::ok(hourly(100)));
    let nothing = feedmill(folder.path(), &["simulate"])
        .output()
        .expect("ran");
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("poll first"));

    let mut rows = String::from("feed,instant\n");
    for day in 10..30 {
        rows += &format!("column,2026-01-{day}T18:0{}:00Z\nquiet,\n", day % 7);
    }
    let trace = folder.path().join("trace.csv");
    std::fs::write(&trace, rows).expect("written");
    let trace = trace.to_str().expect("a path");
    let arguments = [
        "simulate",
        trace,
        "--budget",
        "48/d",
        "--json",
        "--policy",
        "every 60m",
        "--policy",
        "0 */2 * * *",
        "--policy",
        "entry-frequency",
        "--policy",
        "adaptive",
    ];
    let json = output(folder.path(), &arguments).await.stdout;
    let rows: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let policies: Vec<_> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["policy"].as_str())
        .collect();
    let expected = ["every 60m", "0 */2 * * *", "entry-frequency", "adaptive"];
    assert_eq!(policies, expected.map(Some));
    assert_eq!(rows[0]["polls"], 2 * 20 * 24);
    let mean = |row: usize| rows[row]["mean_delay_seconds"].as_f64().expect("a number");
    assert!(mean(3) < mean(0), "{rows}");
    let documented = include_str!("../../docs/json.md");
    for key in rows[3].as_object().expect("an object").keys() {
        assert!(
            documented.contains(&format!("`{key}`")),
            "{key} is not documented"
        );
    }

    let _ = output(folder.path(), &["poll"]).await;
    let text = output(folder.path(), &["simulate"]).await.stdout;
    let text = String::from_utf8(text).expect("text");
    assert!(text.starts_with("1 sources, 100 entries"), "{text}");
    for (arguments, cure) in [
        (["--policy", "hourly"], "or entry-frequency"),
        (["--budget", "lots"], "write polls a time"),
    ] {
        let wrong = feedmill(folder.path(), &[&["simulate"], &arguments[..]].concat())
            .output()
            .expect("ran");
        assert_eq!(wrong.status.code(), Some(2));
        let message = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(message.contains(cure), "{message}");
    }
}
