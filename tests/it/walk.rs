//! The whole walk with the real binary: origin → poll → store → export and the daemon's output.

use std::path::Path;
use std::process::{Output, Stdio};

pub(crate) use crate::child::{Daemon, feedmill, free_address};

use crate::child::daemon_within;
use crate::origin::{Origin, PATIENCE, Reply};

const FEEDS: usize = 200;
const ITEMS: usize = 3;

fn feed(number: usize, items: usize) -> String {
    let items: String = (0..items)
        .map(|item| {
            format!(
                "<item><title>Tide table {number}-{item}</title><guid isPermaLink=\"false\">tag:tides.example,2026:{number}-{item}</guid>\
                 <link>https://tides.example/{number}/{item}</link><pubDate>Mon, 23 Nov 2026 08:{item:02}:00 GMT</pubDate>\
                 <description>&lt;p&gt;High water {number} at pier {item}.&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Tides {number}</title><link>https://tides.example/</link>{items}</channel></rss>"
    )
}

pub(crate) fn reply(number: usize, items: usize) -> Reply {
    Reply::ok(feed(number, items))
        .header("ETag", format!("\"{number}-{items}\""))
        .revalidates()
}

pub(crate) fn configure(folder: &Path, origin: &Origin, feeds: usize, listen: &str) {
    let mut text = format!(
        "[server]\nlisten = \"{listen}\"\n[store]\npath = \"feedmill.db\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\nper_host = 16\n"
    );
    for number in 0..feeds {
        text.push_str(&format!(
            "[[source]]\nid = \"f{number}\"\nurl = \"{}\"\n",
            origin.url(&format!("/{number}"))
        ));
    }
    std::fs::write(folder.join("feedmill.toml"), text).expect("written");
}

pub(crate) async fn output(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = feedmill(folder, arguments);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("joined")
        .expect("started");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

async fn last_line(folder: &Path, arguments: &[&str]) -> String {
    let output = output(folder, arguments).await;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

async fn ids(folder: &Path) -> Vec<String> {
    let exported = output(folder, &["export", "--format", "jsonl"]).await;
    let mut ids: Vec<String> = String::from_utf8_lossy(&exported.stdout)
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].to_string()
        })
        .collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_stored_once_then_304_then_only_the_news() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..FEEDS {
        origin.script(&format!("/{number}"), reply(number, ITEMS));
    }
    configure(folder.path(), &origin, FEEDS, "127.0.0.1:0");
    let first = last_line(folder.path(), &["poll", "--all"]).await;
    assert_eq!(
        first,
        format!(
            "{FEEDS} sources: {} new, 0 revised, 0 merged, 0 failed",
            FEEDS * ITEMS
        )
    );
    let again = output(folder.path(), &["poll", "--all"]).await;
    let text = String::from_utf8_lossy(&again.stdout).into_owned();
    assert_eq!(
        text.matches(": not_modified, 0 new").count(),
        FEEDS,
        "{text}"
    );
    origin.script("/7", reply(7, ITEMS + 2));
    let news = last_line(folder.path(), &["poll", "--all"]).await;
    assert_eq!(
        news,
        format!("{FEEDS} sources: 2 new, 0 revised, 0 merged, 0 failed")
    );
    let ids = ids(folder.path()).await;
    assert_eq!(ids.len(), FEEDS * ITEMS + 2);
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_polls_nothing_is_lost_or_doubled() {
    let feeds = 40;
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..feeds {
        origin.script(&format!("/{number}"), reply(number, ITEMS));
    }
    configure(folder.path(), &origin, feeds, "127.0.0.1:0");
    for round in 0..20 {
        let asked = origin.requests().len();
        let mut child = feedmill(folder.path(), &["poll", "--all"])
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        origin.has_been_asked(asked + 1 + round * 2).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    output(folder.path(), &["poll", "--all"]).await;
    let ids = ids(folder.path()).await;
    assert_eq!(ids.len(), feeds * ITEMS);
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}

/// Starts the daemon and waits for the line that says it serves.
pub(crate) fn daemon(folder: &Path) -> Daemon {
    daemon_within(folder, PATIENCE)
}

async fn get(address: &str, etag: Option<&str>) -> reqwest::Response {
    let mut request = reqwest::Client::new().get(format!("http://{address}/all.atom"));
    if let Some(etag) = etag {
        request = request.header("If-None-Match", etag);
    }
    request.send().await.expect("answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_on_one_store_serve_the_same_bytes_and_a_second_at_once_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..3 {
        origin.script(&format!("/{number}"), reply(number, ITEMS));
    }
    let address = free_address();
    configure(folder.path(), &origin, 3, &address);
    output(folder.path(), &["poll", "--all"]).await;
    let first = daemon(folder.path());
    let answer = get(&address, None).await;
    let etag = answer.headers()["etag"].to_str().expect("ASCII").to_owned();
    let body = answer.text().await.expect("a body");
    assert_eq!(body.matches("<entry").count(), 3 * ITEMS, "{body}");
    assert_eq!(get(&address, Some(&etag)).await.status(), 304);
    let mut refused = feedmill(folder.path(), &["run"]);
    let refused = tokio::task::spawn_blocking(move || refused.output())
        .await
        .expect("joined")
        .expect("ran");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("already runs on"));
    origin.script("/1", reply(1, ITEMS + 1));
    let ordered = output(folder.path(), &["poll", "f1"]).await;
    let ordered = String::from_utf8_lossy(&ordered.stdout).into_owned();
    assert_eq!(
        ordered,
        "f1: ok, 1 new, 0 revised, 0 merged\n1 sources polled by the daemon, 0 failed\n"
    );
    drop(first); // kill -9
    let second = daemon(folder.path());
    let answer = get(&address, None).await;
    let modified = answer.headers()["last-modified"].clone();
    let body = answer.text().await.expect("a body");
    assert_eq!(body.matches("<entry").count(), 3 * ITEMS + 1, "{body}");
    drop(second);
    let _third = daemon(folder.path());
    let answer = get(&address, None).await;
    assert_eq!(answer.headers()["last-modified"], modified);
    assert_eq!(answer.text().await.expect("a body"), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_set_ups_exit_2_with_one_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let refuse = |config: &str| {
        std::fs::write(folder.path().join("feedmill.toml"), config).expect("written");
        let output = feedmill(folder.path(), &["poll"]).output().expect("ran");
        assert_eq!(output.status.code(), Some(2), "{config}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !text.contains("panicked") && !text.contains("backtrace"),
            "{text}"
        );
        text
    };
    let source = "[[source]]\nurl = \"https://a.example/feed\"\n";
    assert!(refuse("[server]\nlisen = \"x\"\n").contains("server.lisen"));
    assert!(refuse(&format!("{source}schedule = \"61 * * * *\"\n")).contains("source[1].schedule"));
    assert!(refuse(&format!("{source}{source}")).contains("source[2]"));
    std::fs::write(folder.path().join("notes.db"), "not a database, but long enough to be read as a header of one by SQLite itself, which wants a hundred bytes").expect("written");
    assert!(
        refuse(&format!("[store]\npath = \"notes.db\"\n{source}"))
            .contains("not a SQLite database")
    );
    assert!(
        refuse(&format!("[store]\npath = \"/proc/none/x.db\"\n{source}")).contains("store.path")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_sources_have_the_documented_keys_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &Origin::start().await, 1, "127.0.0.1:0");
    let docs = include_str!("../../docs/json.md");
    let (_, documented) = docs.split_once("\n## Sources\n").expect("a chapter");
    let documented: Vec<&str> = documented
        .lines()
        .skip_while(|line| !line.starts_with("```json"))
        .take_while(|line| *line != "```")
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once('"'))
        .map(|(key, _)| key)
        .collect();
    let keys = async |command: &str| -> Vec<String> {
        let output = output(folder.path(), &[command, "--json"]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let keys = text
            .lines()
            .filter_map(|line| line.strip_prefix("    \"")?.split_once("\": "));
        keys.map(|(key, _)| key.to_owned()).collect()
    };
    assert_eq!(keys("sources").await, documented);
    assert_eq!(
        keys("check").await,
        ["id", "url", "paused", "schedule", "next_polls"]
    );
}
