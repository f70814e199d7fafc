use tempfile::TempDir;

use super::super::Store;
use super::super::copy::back_up;
use super::*;

struct Place {
    folder: TempDir,
    store: PathBuf,
    backup: PathBuf,
}

fn now() -> DateTime<Utc> {
    "2026-11-24T10:00:00.5Z".parse().expect("an instant")
}

/// A store that says `new`, and a backup of it that says `old`.
fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, backup) = (
        folder.path().join("feedmill.db"),
        folder.path().join("b.db"),
    );
    drop(Store::open(&store, false).expect("made"));
    mark(&store, "old");
    back_up(&store, &backup, false).expect("backed up");
    mark(&store, "new");
    Place {
        folder,
        store,
        backup,
    }
}

fn mark(path: &Path, text: &str) {
    let connection = Connection::open(path).expect("opened");
    connection
        .execute(
            "INSERT INTO meta (key, value) VALUES ('mark', ?1) ON CONFLICT DO UPDATE SET value = ?1",
            [text],
        )
        .expect("marked");
}

fn marked(path: &Path) -> String {
    let connection = open_any(path).expect("a store");
    check(&connection, path, Depth::Full).expect("sound");
    connection
        .query_row("SELECT value FROM meta WHERE key = 'mark'", [], |row| {
            row.get(0)
        })
        .expect("marked")
}

#[test]
fn a_restore_swaps_and_keeps_the_old_store() {
    let place = place();
    let restored = restore(&place.store, &place.backup, now()).expect("restored");
    assert_eq!(marked(&place.store), "old");
    let kept = restored.kept.expect("kept");
    assert_eq!(marked(&kept), "new");
    assert!(
        kept.ends_with("feedmill.db.before-restore-20261124T100000.500Z"),
        "{kept:?}"
    );
    assert!(place.backup.exists());
    Store::open(&place.store, false).expect("it opens");
}

#[test]
fn what_the_wal_held_is_kept_too() {
    let place = place();
    let open = Connection::open(&place.store).expect("opened");
    open.execute_batch(
        "PRAGMA wal_autocheckpoint = 0; UPDATE meta SET value = 'in the wal' WHERE key = 'mark'",
    )
    .expect("written");
    // A copy of the files as they are when a process dies: the WAL is not folded in.
    let crashed = place.folder.path().join("crashed.db");
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&place.store, suffix), beside(&crashed, suffix)).expect("copied");
    }
    drop(open);
    let restored = restore(&crashed, &place.backup, now()).expect("restored");
    assert_eq!(marked(&crashed), "old");
    assert_eq!(marked(&restored.kept.expect("kept")), "in the wal");
}

#[test]
fn broken_off_at_any_step_it_is_the_old_store_or_the_new_one() {
    for (step, expected) in [
        (Step::Copied, "new"),
        (Step::Folded, "new"),
        (Step::Kept, "new"),
        (Step::Swapped, "old"),
    ] {
        let place = place();
        let killed = restore_with(
            &place.store,
            &place.backup,
            now(),
            &mut |passed| match passed {
                passed if passed == step => Err(Error::Closed),
                _ => Ok(()),
            },
        );
        assert!(matches!(killed, Err(Error::Closed)), "{step:?}");
        assert_eq!(marked(&place.store), expected, "{step:?}");
        drop(Store::open(&place.store, false).expect("it opens"));
        restore(
            &place.store,
            &place.backup,
            now() + chrono::TimeDelta::seconds(1),
        )
        .expect("again");
        assert_eq!(marked(&place.store), "old", "{step:?}");
    }
}

#[test]
fn nothing_is_swapped_under_somebody() {
    let place = place();
    let lock = Lock::try_take(&place.store).expect("taken").expect("free");
    let refused = restore(&place.store, &place.backup, now()).expect_err("locked");
    assert!(
        matches!(refused, Error::InUse { pid: Some(_), .. }),
        "{refused}"
    );
    drop(lock);
    let reader = Connection::open(&place.store).expect("opened");
    reader
        .execute_batch("BEGIN; SELECT * FROM meta;")
        .expect("reads");
    let refused = restore(&place.store, &place.backup, now()).expect_err("open");
    assert!(
        matches!(refused, Error::InUse { pid: None, .. }),
        "{refused}"
    );
    drop(reader);
    assert_eq!(marked(&place.store), "new");
}

#[test]
fn a_damaged_or_foreign_file_is_not_taken() {
    let place = place();
    let bad = place.folder.path().join("bad.db");
    let mut bytes = std::fs::read(&place.backup).expect("read");
    for byte in bytes.iter_mut().skip(4096 * 3).take(4096 * 4) {
        *byte ^= 0x5a;
    }
    std::fs::write(&bad, &bytes).expect("written");
    restore(&place.store, &bad, now()).expect_err("damaged");
    std::fs::write(&bad, &bytes[..5000]).expect("written");
    restore(&place.store, &bad, now()).expect_err("cut");
    let newer = Connection::open(&bad).map(drop);
    newer.expect("there");
    std::fs::copy(&place.backup, &bad).expect("copied");
    let newer = Connection::open(&bad).expect("opened");
    newer
        .execute_batch("PRAGMA user_version = 9999")
        .expect("set");
    drop(newer);
    let refused = restore(&place.store, &bad, now()).expect_err("newer");
    assert!(matches!(refused, Error::TooNew { .. }), "{refused}");
    let refused = restore(&place.store, &place.store, now()).expect_err("itself");
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert_eq!(marked(&place.store), "new");
    assert!(!beside(&place.store, ".part").exists());
}

#[test]
fn a_store_that_cannot_be_read_is_kept_as_it_is() {
    let place = place();
    std::fs::write(&place.store, "nothing that SQLite would know as its own").expect("broken");
    let restored = restore(&place.store, &place.backup, now()).expect("restored");
    assert_eq!(marked(&place.store), "old");
    let kept = std::fs::read(restored.kept.expect("kept")).expect("read");
    assert!(kept.starts_with(b"nothing that"));
}

#[cfg(unix)]
#[test]
fn a_backup_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let mode = place.backup.metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let refused = back_up(&place.store, &place.backup, false).expect_err("there already");
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    back_up(&place.store, &place.backup, true).expect("forced");
    assert_eq!(marked(&place.backup), "new");
}
