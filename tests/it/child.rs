//! The real binary as a child. The tests in a browser and the benchmark of pages start it by this file too.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A daemon; it is killed when dropped.
pub(crate) struct Daemon(pub(crate) Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The binary with the configuration of a folder, which is its folder for temporary files too: a confined daemon may write
/// there and not wherever tests are run.
pub(crate) fn feedmill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedmill"));
    command
        .args(arguments)
        .arg("--config")
        .arg(folder.join("feedmill.toml"))
        .env("TMPDIR", folder);
    command
}

/// Starts the daemon and waits for the line that says it serves.
pub(crate) fn daemon_within(folder: &Path, patience: Duration) -> Daemon {
    let mut child = feedmill(folder, &["run"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let log = BufReader::new(child.stderr.take().expect("piped"));
    let (sender, serving) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            if line.contains("serving at") {
                let _ = sender.send(());
            }
        }
    });
    let daemon = Daemon(child);
    serving.recv_timeout(patience).expect("it serves in time");
    daemon
}

/// An address of this machine that nobody has just now, and that the system gives nobody by itself: ports from 32,768 on
/// are for connections.
pub(crate) fn free_address() -> String {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = TAKEN.fetch_add(1, Ordering::SeqCst);
        let address = format!(
            "127.0.0.1:{}",
            20_000 + (std::process::id() * 61 + next) % 12_000
        );
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
