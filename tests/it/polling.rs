//! `poll` with the real binary: what it would do, and what it says while it does.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::origin::{Hold, Origin, Reply};
use crate::walk::{configure, daemon, feedmill, free_address, output, reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_and_touches_nothing() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 2, "127.0.0.1:0");
    let plan = async |arguments: &[&str]| {
        let arguments = [&["poll", "--dry-run"], arguments].concat();
        let output = output(folder.path(), &arguments).await;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = "poll f0: never polled\npoll f1: never polled\n2 sources would be polled\n";
    assert_eq!(plan(&[]).await, first);
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 1, "only the configuration");
    origin.script("/0", reply(0, 1));
    origin.script("/1", Reply::status(429).header("Retry-After", "7200"));
    output(folder.path(), &["poll", "--all"]).await;
    let path = folder.path().join("feedmill.db");
    let before = std::fs::read(&path).expect("read");
    let asked = origin.requests().len();
    let later = plan(&[]).await;
    assert!(later.starts_with("skip f0: due at 2"), "{later}");
    assert!(
        later.contains("skip f1: the origin asked to wait until 2"),
        "{later}"
    );
    let all = plan(&["--all"]).await;
    assert!(
        all.starts_with("poll f0: all are polled\nskip f1: the origin asked"),
        "{all}"
    );
    assert_eq!(
        plan(&["f0"]).await,
        "poll f0: named\n1 sources would be polled\n"
    );
    let config = folder.path().join("feedmill.toml");
    let text = std::fs::read_to_string(&config)
        .expect("read")
        .replace("/0\"", "/0?new\"");
    std::fs::write(&config, text).expect("written");
    let edited = plan(&[]).await;
    assert!(
        edited.starts_with("poll f0: due since 2")
            && edited.contains("(its configuration changed)"),
        "{edited}"
    );
    assert!(
        std::fs::read(&path).expect("read") == before,
        "the database changed"
    );
    assert_eq!(origin.requests().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_tells_of_each_poll_when_it_is_done() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let hold = Hold::new();
    origin.script("/0", reply(0, 1));
    origin.script("/1", reply(1, 1).held(&hold));
    configure(folder.path(), &origin, 2, &free_address());
    let config = folder.path().join("feedmill.toml");
    let text = std::fs::read_to_string(&config)
        .expect("read")
        .replace("[[source]]\n", "[[source]]\npaused = true\n");
    std::fs::write(&config, text).expect("written");
    let _daemon = daemon(folder.path());
    let mut order = feedmill(folder.path(), &["poll", "f0", "f1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(order.stdout.take().expect("piped")).lines();
    let mut next = move || lines.next().map(|line| line.expect("UTF-8"));
    let (mut next, first) = tokio::task::spawn_blocking(move || {
        let first = next();
        (next, first)
    })
    .await
    .expect("read");
    assert_eq!(first.as_deref(), Some("f0: ok, 1 new, 0 revised, 0 merged"));
    hold.open();
    assert_eq!(
        next().as_deref(),
        Some("f1: ok, 1 new, 0 revised, 0 merged")
    );
    assert_eq!(
        next().as_deref(),
        Some("2 sources polled by the daemon, 0 failed")
    );
    assert!(order.wait().expect("ended").success());
}
