//! What is wrong around the program: addresses, databases, permissions. One clear line and exit 2.

use std::path::Path;
use std::process::Command;

use crate::origin::Origin;
use crate::walk::{configure, feedmill};

/// Runs a command that must be refused at once, and returns what it says.
fn refused(mut command: Command) -> String {
    let output = command.output().expect("ran");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &Origin::start().await, 1, &address);
    let text = refused(feedmill(folder.path(), &["run"]));
    assert!(
        text.contains(&format!("cannot listen on {address}: ")),
        "{text}"
    );
    assert!(
        text.contains("in use") && text.contains("server.listen"),
        "{text}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &Origin::start().await, 1, "127.0.0.1:0");
    let path = folder.path().join("feedmill.db");
    let newer = rusqlite::Connection::open(&path).expect("opened");
    newer
        .execute_batch("PRAGMA user_version = 99; CREATE TABLE later (x)")
        .expect("written");
    drop(newer);
    let before = std::fs::read(&path).expect("read");
    for command in ["run", "poll", "sources", "articles"] {
        let text = refused(feedmill(folder.path(), &[command]));
        assert!(text.contains("newer Feedmill (schema 99"), "{text}");
    }
    assert!(
        std::fs::read(&path).expect("read") == before,
        "the file changed"
    );
}

/// The program run by somebody who may not write a file or folder of that mode. Root may write anything, and so gives
/// the run to another user, who may not reach the binary where it stands.
#[cfg(unix)]
fn guest(folder: &Path) -> Command {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;

    let asked = feedmill(folder, &["run"]);
    let mut command = Command::new(folder.join("binary"));
    command.args(asked.get_args());
    if std::fs::metadata(folder).expect("a folder").uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    command
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_or_database_that_may_not_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
    };
    configure(folder.path(), &Origin::start().await, 0, "127.0.0.1:0");
    let made = feedmill(folder.path(), &["poll"]).output().expect("ran");
    assert!(made.status.success());
    // Not std::fs::copy: a file that is open for writing here, in a child of another test too, cannot be run.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_feedmill"))
        .arg(folder.path().join("binary"))
        .status();
    assert!(copied.expect("ran").success());
    mode(&folder.path().join("feedmill.db"), 0o444);
    mode(&folder.path().join("feedmill.db.lock"), 0o444);
    mode(folder.path(), 0o555);
    let text = refused(guest(folder.path()));
    assert!(
        text.contains("feedmill.db.lock: ") && text.contains("store.path"),
        "{text}"
    );
    mode(folder.path(), 0o777);
    std::fs::remove_file(folder.path().join("feedmill.db.lock")).expect("removed");
    let text = refused(guest(folder.path()));
    assert!(
        text.contains("feedmill.db: ") && text.contains("not writable"),
        "{text}"
    );
}
