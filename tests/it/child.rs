//! The real binary as a child. The tests in a browser and the benchmark of pages start it by this file too.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A daemon; it is killed when dropped.
pub(crate) struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The binary with the configuration of a folder.
pub(crate) fn feedmill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedmill"));
    command
        .args(arguments)
        .arg("--config")
        .arg(folder.join("feedmill.toml"));
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

/// An address of this machine that nobody has just now.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").to_string()
}
