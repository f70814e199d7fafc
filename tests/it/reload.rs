//! The configuration of a running daemon is edited: by order, by signal, by hand, well and badly.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use feedmill::poll;
use serde_json::Value;

use crate::child::{Daemon, daemon_within, feedmill, free_address};
use crate::mill::{Mill, feed, source, tagged};
use crate::origin::{Origin, PATIENCE, Reply};

/// A daemon, the folder of its configuration and where it serves.
struct Running {
    folder: tempfile::TempDir,
    address: String,
    origin: Origin,
    daemon: Daemon,
}

impl Running {
    /// Polls what `rest` names; feeds `a`, `b` and `c` are there, each with an article of its name.
    async fn new(rest: &str) -> Self {
        Self::with("", rest).await
    }

    /// The same, with more in `[server]`.
    async fn with(server: &str, rest: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, origin) = (
            tempfile::tempdir().expect("a folder"),
            Origin::start().await,
        );
        for name in ["a", "b", "c"] {
            origin.script(&format!("/{name}"), tagged(name, &[name]));
        }
        let address = free_address();
        let path = folder.path().to_owned();
        std::fs::write(
            path.join("feedmill.toml"),
            head(&address, server) + &rest.replace("ORIGIN", origin.url("").as_str()),
        )
        .expect("written");
        let starting = tokio::task::spawn_blocking(move || daemon_within(&path, PATIENCE));
        Self {
            daemon: starting.await.expect("joined"),
            folder,
            address,
            origin,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration with another end. As an editor does it: a new file takes the place of the old one.
    fn edit(&self, rest: &str) {
        let aside = self.path().join("feedmill.toml~");
        let text = head(&self.address, "") + &rest.replace("ORIGIN", self.origin.url("").as_str());
        std::fs::write(&aside, text).expect("written");
        std::fs::rename(&aside, self.path().join("feedmill.toml")).expect("renamed");
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}/{path}", self.address)).await;
        let answer = answer.expect("answered");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// Waits until a document is so.
    async fn shows(&self, path: &str, is_so: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let waiting = async {
            loop {
                last = self.get(path).await.1;
                if is_so(&last) {
                    break;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{path} stays {last}");
        }
        last
    }

    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = feedmill(self.path(), arguments);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("joined").expect("started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    async fn status(&self) -> Value {
        let (code, told, error) = self.run(&["status", "--json"]).await;
        assert_eq!(code, Some(0), "{error}");
        serde_json::from_str(&told).expect("JSON")
    }
}

fn head(address: &str, server: &str) -> String {
    format!(
        "[server]\nlisten = \"{address}\"\n{server}[fetch]\nallow_private = [\"127.0.0.0/8\"]\n"
    )
}

fn sources(names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        let _ = write!(
            text,
            "[[source]]\nid = \"{name}\"\nurl = \"ORIGIN{name}\"\n"
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_is_polled_and_what_is_removed_is_published_no_more() {
    let running = Running::new(&sources(&["a", "b"])).await;
    running
        .shows("all.atom", |feed| {
            feed.contains("About a") && feed.contains("About b")
        })
        .await;
    running.edit(&sources(&["a"]));
    let parts = running.path().join("conf.d");
    std::fs::create_dir(&parts).expect("made");
    let part = sources(&["c"]).replace("ORIGIN", running.origin.url("").as_str())
        + "[[output]]\nname = \"all\"\ntitle = \"Edited\"\n[[output]]\nname = \"more\"\nsources = [\"c\"]\n";
    std::fs::write(parts.join("more.toml"), part).expect("written");
    let (code, said, error) = running.run(&["reload"]).await;
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "reloaded: 2 sources (1 more, 1 less), 2 outputs\n"),
        "{error}"
    );
    let feed = running
        .shows("all.atom", |feed| feed.contains("About c"))
        .await;
    assert!(
        feed.contains("About a") && !feed.contains("About b"),
        "{feed}"
    );
    assert!(feed.contains("<title>Edited</title>"), "{feed}");
    assert!(
        running
            .shows("more.atom", |feed| feed.contains("About c"))
            .await
            .contains("<entry>")
    );
    assert!(
        running
            .shows("", |page| page.contains("About c"))
            .await
            .contains("Edited")
    );
    assert_eq!(
        running.get("source/b.atom").await.0,
        404,
        "no page of what is not followed"
    );
    // It comes back with what is known of it.
    running.edit(&sources(&["a", "b"]));
    running.run(&["reload"]).await;
    running
        .shows("all.atom", |feed| feed.contains("About b"))
        .await;
    let asked = running.origin.targets();
    assert_eq!(
        asked.iter().filter(|target| *target == "/a").count(),
        1,
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_leaves_the_old_set_running_and_says_so_everywhere() {
    let running = Running::new(&sources(&["a"])).await;
    running
        .shows("all.atom", |feed| feed.contains("About a"))
        .await;
    // Nobody orders it: the file is seen. What is wrong names the place, and no secret.
    running.edit("[[source]]\nurl = \"ORIGINa\"\nbasic_auth = \"s3cret\"\ncolour = 1\n");
    let page = running
        .shows("sources", |page| page.contains("is not used"))
        .await;
    assert!(
        page.contains("feedmill.toml:8:1: source[1].colour: unknown key"),
        "{page}"
    );
    let health = running
        .shows("health.atom", |feed| feed.contains("not used"))
        .await;
    let status = running.status().await;
    assert_eq!(
        status["config_problems"].as_array().map(Vec::len),
        Some(2),
        "{status}"
    );
    assert_eq!(status["sources"], 1);
    let (code, _, error) = running.run(&["reload"]).await;
    assert_eq!(code, Some(2));
    assert!(
        error.contains("source[1].colour") && error.contains("the configuration before it runs on"),
        "{error}"
    );
    for text in [&page, &health, &status.to_string(), &error] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    let (code, ..) = running.run(&["poll", "--all"]).await;
    assert_eq!(code, Some(2), "a command reads the file as it is");
    assert_eq!(running.get("all.atom").await.0, 200);
    running.edit(&sources(&["a", "c"]));
    running
        .shows("all.atom", |feed| feed.contains("About c"))
        .await;
    assert!(!running.get("sources").await.1.contains("is not used"));
    running
        .shows("health.atom", |feed| feed.contains("in force again"))
        .await;
    assert_eq!(running.status().await["config_refused"], Value::Null);
    // The file goes away: the same.
    std::fs::remove_file(running.path().join("feedmill.toml")).expect("removed");
    running
        .shows("sources", |page| page.contains("cannot be read"))
        .await;
    assert_eq!(running.get("all.atom").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reloads_and_what_a_process_keeps_for_life_waits_for_the_next_start() {
    let running = Running::new(&sources(&["a"])).await;
    running
        .shows("all.atom", |feed| feed.contains("About a"))
        .await;
    let text = std::fs::read_to_string(running.path().join("feedmill.toml")).expect("read");
    let text = text.replace(&running.address, "127.0.0.1:1")
        + "[[output]]\nname = \"all\"\ntitle = \"Signalled\"\n";
    std::fs::write(running.path().join("feedmill.toml"), text).expect("written");
    let pid = running.daemon.0.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-HUP", &pid])
        .status();
    assert!(sent.expect("ran").success());
    running
        .shows("all.atom", |feed| feed.contains("<title>Signalled</title>"))
        .await;
    let (_, said, _) = running.run(&["reload"]).await;
    assert!(said.contains("at the next start: server.listen"), "{said}");
}

/// Landlock: what was not foreseen at the start is not written to, though this user may.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_writes_only_where_it_said_at_its_start() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    for (confine, name) in [("true", "confined"), ("false", "free")] {
        let rest = format!(
            "[store]\nretention = {{ age = \"30d\" }}\n{}",
            sources(&["a"])
        );
        let running = Running::with(&format!("confine = {confine}\n"), &rest).await;
        running
            .shows("all.atom", |feed| feed.contains("About a"))
            .await;
        let folder = elsewhere.path().join(name);
        std::fs::create_dir(&folder).expect("made");
        let output = format!(
            "[[output]]\nname = \"all\"\ntitle = \"Edited\"\ndirectory = \"{}\"\n",
            folder.display()
        );
        let known = std::fs::read_to_string(running.path().join("feedmill.toml")).expect("read");
        std::fs::write(running.path().join("feedmill.toml"), known + &output).expect("written");
        let (code, said, error) = running.run(&["reload"]).await;
        assert_eq!(code, Some(0), "{error}");
        let is_confined = confine == "true";
        assert_eq!(
            said.contains("at the next start: a new output.directory"),
            is_confined,
            "{said}"
        );
        // Files are written before the feeds are served.
        running
            .shows("all.atom", |feed| feed.contains("<title>Edited</title>"))
            .await;
        assert_eq!(folder.join("all.atom").exists(), !is_confined, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reloading_under_load_drops_no_request_and_no_timer() {
    let running = Arc::new(Running::new(&sources(&["a", "b"])).await);
    running
        .shows("all.atom", |feed| {
            feed.contains("About a") && feed.contains("About b")
        })
        .await;
    let due = |list: String| {
        let list: Vec<Value> = serde_json::from_str(&list).expect("JSON");
        let due = |source: &Value| (source["id"] == "a").then(|| source["next_poll"].clone());
        list.iter().find_map(due).expect("a source")
    };
    let before = due(running.run(&["sources", "--json"]).await.1);
    assert_ne!(before, Value::Null);
    let (ends, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let client = reqwest::Client::new();
    let readers: Vec<_> = ["all.atom", "", "source/a.rss", "sources"]
        .map(|path| {
            let (running, ends, answered, client) = (
                Arc::clone(&running),
                Arc::clone(&ends),
                Arc::clone(&answered),
                client.clone(),
            );
            tokio::spawn(async move {
                while !ends.load(Ordering::SeqCst) {
                    let answer = client
                        .get(format!("http://{}/{path}", running.address))
                        .send()
                        .await;
                    let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
                    assert_eq!(answer.status().as_u16(), 200, "{path}");
                    answer.bytes().await.expect("whole");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .into();
    for round in 0..10 {
        let sources = sources(if round % 2 == 0 {
            &["a", "c"]
        } else {
            &["a", "b"]
        });
        running.edit(&sources);
        let (code, _, error) = running.run(&["reload"]).await;
        assert_eq!(code, Some(0), "{error}");
    }
    ends.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.expect("no request was dropped");
    }
    assert!(answered.load(Ordering::SeqCst) > 40);
    assert_eq!(
        due(running.run(&["sources", "--json"]).await.1),
        before,
        "the timer of what stayed"
    );
    let asked = running.origin.targets();
    assert_eq!(
        asked.iter().filter(|target| *target == "/a").count(),
        1,
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_others_keep_is_followed_and_its_last_good_copy_counts() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let running = Running::new("[[opml]]\nurl = \"ORIGINlist\"\ntags = [\"theirs\"]\n").await;
    let list = |names: &[&str]| {
        let mut text = "<opml><body>".to_owned();
        for name in names {
            let _ = write!(
                text,
                "<outline text='{name}' xmlUrl='{}'/>",
                running.origin.url(&format!("/{name}"))
            );
        }
        Reply::ok(text + "</body></opml>")
            .header("ETag", format!("\"{}\"", names.concat()))
            .revalidates()
    };
    // It was not there when the daemon started.
    running.origin.script("/list", list(&["a"]));
    running.run(&["reload"]).await;
    running
        .shows("tag/theirs.atom", |feed| feed.contains("About a"))
        .await;
    running.origin.script("/list", list(&["a", "b"]));
    running.run(&["reload"]).await;
    running
        .shows("tag/theirs.atom", |feed| feed.contains("About b"))
        .await;
    for broken in [
        Reply::ok("<html>down for a while</html>"),
        Reply::ok("<opml></opml>"),
        Reply::status(500),
    ] {
        running.origin.script("/list", broken);
        let before = running.origin.requests().len();
        running.run(&["reload"]).await;
        running.origin.has_been_asked(before + 1).await;
        assert_eq!(running.status().await["sources"], 2);
    }
    let request = running
        .origin
        .requests()
        .into_iter()
        .rfind(|request| request.target == "/list");
    assert_eq!(
        request.expect("asked").header("if-none-match").as_deref(),
        Some("\"ab\"")
    );
    let (_, checked, _) = running.run(&["check"]).await;
    assert!(
        checked.contains("2 sources"),
        "commands know the copy: {checked}"
    );
}

#[tokio::test]
async fn a_poll_that_an_edit_overtakes_is_not_taken_for_one_of_the_edited_source() {
    let origin = Origin::start().await;
    let hold = crate::origin::Hold::new();
    origin.script("/old", tagged("Old", &["old"]).held(&hold));
    origin.script("/new", Reply::ok(feed("New", &["new"])));
    let mut mill = Mill::new(vec![source("s", origin.url("/old"))]).await;
    let mut edited = source("s", origin.url("/new"));
    edited.named = true;
    let shell = mill.shell.clone();
    let keys = shell
        .store
        .pending(&feedmill::store::Scope::All, mill.now(), 9)
        .expect("read");
    let due = shell
        .store
        .claim(keys, &mill.sources, mill.now())
        .await
        .expect("claimed")
        .remove(0);
    let polled = async { poll::poll(&shell, due, true).await.expect("stored").outcome };
    let edit = async {
        origin.has_been_asked(1).await;
        mill.sources = shell
            .store
            .reconcile(vec![Arc::new(edited)], shell.clock.now())
            .await
            .expect("reconciled");
        hold.open();
    };
    assert_eq!(tokio::join!(polled, edit).0, "edited");
    assert_eq!(mill.count("SELECT count(*) FROM entries"), 0);
    assert_eq!(
        mill.count("SELECT count(*) FROM sources WHERE etag IS NOT NULL"),
        0
    );
    let report = mill.pass(&feedmill::store::Scope::Due).await.remove(0);
    assert_eq!((report.outcome, report.new), ("ok", 1), "due at once");
    let request = origin.requests().pop().expect("asked");
    assert_eq!(
        (request.target.as_str(), request.header("if-none-match")),
        ("/new", None)
    );
}
