//! Under a service manager: a fake one listens where `NOTIFY_SOCKET` says, and hands over a socket.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::origin::{Origin, PATIENCE};
use crate::walk::configure;

/// What the manager is told, until a line that begins so.
fn told(manager: &UnixDatagram, until: &str) -> Vec<String> {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = manager.recv(&mut buffer).expect("told in time");
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        heard.extend(text.lines().map(str::to_owned));
        if heard.iter().any(|line| line.starts_with(until)) {
            return heard;
        }
    }
}

/// The daemon with descriptor 3 as systemd passes it: a shell gives it the number, and its own process to the daemon.
fn activated(folder: &Path, socket: std::net::TcpListener, manager: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" run --config \"$1\"")
        .arg(env!("CARGO_BIN_EXE_feedmill"))
        .arg(folder.join("feedmill.toml"))
        .env("NOTIFY_SOCKET", manager)
        .env("WATCHDOG_USEC", "200000")
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stderr(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_what_happens_and_its_socket_is_served() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    // An address that cannot be bound: only the inherited socket can serve.
    configure(folder.path(), &Origin::start().await, 0, "192.0.2.1:1");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("bound");
    manager.set_read_timeout(Some(PATIENCE)).expect("set");
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    let mut child = activated(folder.path(), socket, &path)
        .spawn()
        .expect("started");
    let mut heard = told(&manager, "READY=1");
    heard.extend(told(&manager, "STATUS=0 sources"));
    for _ in 0..3 {
        heard.extend(told(&manager, "WATCHDOG=1"));
    }
    let pid = child.id().to_string();
    let hung_up = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(hung_up.expect("ran").success());
    told(&manager, "RELOADING=1");
    heard.extend(told(&manager, "READY=1"));
    let answer = reqwest::get(format!("http://{address}/healthz")).await;
    let status = answer.map(|answer| answer.status().as_u16());
    let killed = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(killed.expect("ran").success());
    heard.extend(told(&manager, "STOPPING=1"));
    assert!(child.wait().expect("ended").success());
    assert_eq!(status.expect("answered"), 200);
    assert!(heard.contains(&"READY=1".to_owned()), "{heard:?}");
}

/// A loop that hangs makes no turn, so it feeds nothing, though the process lives and serves.
#[tokio::test(flavor = "multi_thread")]
async fn a_hung_scheduler_feeds_no_watchdog_until_it_gets_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("feed.xml"),
        crate::mill::feed("Tides", &["one"]),
    )
    .expect("written");
    // Due all the time: each turn of the loop claims, which needs the store's writer.
    let text = "[server]\nlisten = \"192.0.2.1:1\"\n[[source]]\nurl = \"file:feed.xml\"\nschedule = \"every 1s\"\n";
    std::fs::write(folder.path().join("feedmill.toml"), text).expect("written");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("bound");
    manager.set_read_timeout(Some(PATIENCE)).expect("set");
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    let child = activated(folder.path(), socket, &path).spawn();
    let mut daemon = crate::child::Daemon(child.expect("started"));
    told(&manager, "WATCHDOG=1");
    let store = rusqlite::Connection::open(folder.path().join("feedmill.db")).expect("opened");
    store.execute_batch("BEGIN IMMEDIATE").expect("held");
    // What was sent before it hung is read away; then nothing comes for ten times the interval.
    manager
        .set_read_timeout(Some(std::time::Duration::from_secs(2)))
        .expect("set");
    let mut buffer = [0; 4096];
    let mut fed = 0;
    while let Ok(read) = manager.recv(&mut buffer) {
        fed += usize::from(buffer[..read].starts_with(b"WATCHDOG=1"));
        assert!(fed < 50, "it is fed all the time");
    }
    let answer = reqwest::get(format!("http://{address}/all.atom")).await;
    assert_eq!(
        answer.expect("answered").status().as_u16(),
        200,
        "it serves meanwhile"
    );
    store.execute_batch("ROLLBACK").expect("let go");
    manager.set_read_timeout(Some(PATIENCE)).expect("set");
    told(&manager, "WATCHDOG=1");
    let pid = daemon.0.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(killed.expect("ran").success());
    assert!(daemon.0.wait().expect("ended").success());
}
