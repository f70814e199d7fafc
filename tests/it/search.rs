//! `articles QUERY` with the real binary, alone and beside a daemon.

use crate::origin::{Origin, Reply};
use crate::walk::{configure, daemon, feedmill, free_address, output, reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_was_polled_just_now_alone_and_beside_a_daemon() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    origin.script("/0", reply(0, 2));
    origin.script("/1", reply(1, 1));
    configure(folder.path(), &origin, 2, &free_address());
    output(folder.path(), &["poll", "--all"]).await;
    let found = async |arguments: &[&str]| {
        let output = output(folder.path(), arguments).await;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(
        found(&["articles", "\"water 1\""]).await,
        "2026-11-23 08:00  f1  Tide table 1-0  https://tides.example/1/0\n    High water 1 at pier 0.\n"
    );
    assert_eq!(
        found(&["articles", "pier", "--limit", "2"])
            .await
            .matches("Tide table")
            .count(),
        2
    );
    assert_eq!(
        found(&["articles", "high", "pier", "--source", "f0"])
            .await
            .matches("  f0  ")
            .count(),
        2
    );
    assert_eq!(
        found(&["articles", "pier", "--since", "2026-11-24"]).await,
        ""
    );
    let _daemon = daemon(folder.path());
    origin.script("/1", Reply::ok("<rss version=\"2.0\"><channel><title>T</title><item><guid>n</guid><title>Storm surge</title></item></channel></rss>"));
    output(folder.path(), &["poll", "f1"]).await;
    let json = found(&["articles", "surge", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["title"], "Storm surge");
    assert_eq!(json.as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_search_exits_2_with_one_line() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 1, "127.0.0.1:0");
    let refused = feedmill(folder.path(), &["articles", "covid-19"])
        .output()
        .expect("ran");
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("\"19\" is read as a field") && text.contains("double quotes"),
        "{text}"
    );
}
