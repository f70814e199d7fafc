//! What was seen → what is wrong and what cures it. Pure: each check is a function of its part of [`Seen`].

use std::io::ErrorKind;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::clock::is_believable;
use crate::store::{IndexState, Inspection};

/// A stored instant may lie this far ahead of a correct clock.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// With less left a disk is as good as full.
const NARROW: u64 = 64 << 20;
/// A WAL beyond this is kept from shrinking by somebody.
const LONG_WAL: u64 = 256 << 20;
/// Open files beside those of subscribers: polls, the database, logs.
const OWN_FILES: u64 = 512;
/// Mode bits of everybody.
const EVERYBODY: u32 = 0o007;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Nothing is wrong.
    Ok,
    /// It works, and will not for ever.
    Warning,
    /// It does not work.
    Failure,
}

/// A finding, as `doctor --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    /// One line: what is.
    pub(super) what: String,
    /// One line: what to do; `None`: nothing.
    pub(super) cure: Option<String>,
}

fn ok(name: &'static str, what: impl Into<String>) -> Check {
    Check {
        name,
        state: State::Ok,
        what: line(what.into()),
        cure: None,
    }
}

fn warning(name: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Check {
    let (what, cure) = (line(what.into()), Some(line(cure.into())));
    Check {
        name,
        state: State::Warning,
        what,
        cure,
    }
}

fn failure(name: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Check {
    Check {
        state: State::Failure,
        ..warning(name, what, cure)
    }
}

fn line(text: String) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Everything that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) now: DateTime<Utc>,
    pub(super) config: ConfigSeen,
    /// `None`: where it is is not known.
    pub(super) store: Option<StoreSeen>,
    pub(super) daemon: DaemonSeen,
    /// Certificates of authorities, and whether any source needs them.
    pub(super) roots: (usize, bool),
    /// Sources, and how many addresses the host of each has.
    pub(super) names: Vec<(String, Result<usize, String>)>,
    /// Sources, and what came of asking them; `None`: nobody was asked.
    pub(super) reached: Option<Vec<(String, Result<&'static str, String>)>>,
    /// Soft and hard limit of open files; `None`: the system does not say.
    pub(super) files: Option<(u64, u64)>,
}

/// The configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct ConfigSeen {
    pub(super) path: Option<PathBuf>,
    /// What is wrong with it; `None`: it loads.
    pub(super) error: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) sources: usize,
    /// Secrets that stand in its files as plain text.
    pub(super) secrets: Vec<SecretSeen>,
}

/// A secret in a file of the configuration.
#[derive(Clone, Debug)]
pub(super) struct SecretSeen {
    pub(super) path: PathBuf,
    /// Of the file.
    pub(super) mode: u32,
    /// `source[1].cookie`.
    pub(super) key: String,
}

/// The store and its folder.
#[derive(Clone, Debug)]
pub(super) struct StoreSeen {
    pub(super) path: PathBuf,
    /// `None`: there is no file.
    pub(super) inspection: Option<Result<Inspection, String>>,
    /// Bytes that are free beside it.
    pub(super) free: Option<u64>,
    /// The folder, then the files that are there.
    pub(super) files: Vec<FileSeen>,
}

/// Whether a file may be read and written.
#[derive(Clone, Debug)]
pub(super) struct FileSeen {
    pub(super) path: PathBuf,
    pub(super) access: Result<(), ErrorKind>,
    /// User id of its owner; `None`: the system has none.
    pub(super) owner: Option<u32>,
}

/// Who runs and who listens.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonSeen {
    /// Process id of who holds the store, and whether it is a daemon.
    pub(super) holder: Option<(u32, bool)>,
    /// `server.listen`, and what trying it gave; `None`: not known.
    pub(super) listen: Option<(String, Listening)>,
}

/// What is at `server.listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listening {
    /// Nobody, and we may.
    Free,
    /// Somebody answers.
    Taken,
    /// It cannot be bound.
    Refused(String),
}

/// All findings, in the order they are shown.
pub(super) fn all(seen: &Seen) -> Vec<Check> {
    let mut checks = vec![config(&seen.config), secrets(&seen.config)];
    let inspection =
        { seen.store.as_ref() }.and_then(|store| store.inspection.as_ref()?.as_ref().ok());
    match &seen.store {
        Some(seen) => {
            checks.extend([store(seen)]);
            if let Some(found) = inspection {
                checks.extend([search(found), wal(found)]);
            }
            checks.extend([disk(seen), permissions(seen)]);
        }
        None => checks.push(warning(
            "store",
            "not looked at: the configuration does not say where it is",
            "mend the configuration first",
        )),
    }
    checks.push(clock(seen.now, inspection.and_then(|found| found.newest)));
    checks.push(names(&seen.names));
    checks.push(roots(seen.roots));
    checks.push(reached(seen.reached.as_deref()));
    checks.push(daemon(&seen.daemon));
    checks.extend(listen(&seen.daemon));
    checks.push(files(
        seen.files,
        inspection.map_or(0, |found| found.followers),
    ));
    checks
}

fn config(seen: &ConfigSeen) -> Check {
    let path = match &seen.path {
        Some(path) => path.display().to_string(),
        None => "the configuration".to_owned(),
    };
    match (&seen.error, seen.warnings.as_slice()) {
        (Some(error), _) => failure(
            "configuration",
            error,
            "correct what is named; `feedmill check` shows it again",
        ),
        (None, []) => ok("configuration", format!("{path}: {} sources", seen.sources)),
        (None, [first, rest @ ..]) => warning(
            "configuration",
            format!(
                "{path}: {} sources, {} warnings; {first}",
                seen.sources,
                rest.len() + 1
            ),
            "`feedmill check` shows them all",
        ),
    }
}

fn secrets(seen: &ConfigSeen) -> Check {
    const NAME: &str = "secrets";
    let count = seen.secrets.len();
    if count == 0 {
        return ok(NAME, "none stands in the configuration as plain text");
    }
    let open: Vec<&SecretSeen> = { seen.secrets.iter() }
        .filter(|secret| secret.mode & EVERYBODY != 0)
        .collect();
    let Some(first) = open.first() else {
        return ok(
            NAME,
            format!("{count} in the configuration, which others may not read"),
        );
    };
    let path = first.path.display();
    warning(
        NAME,
        format!(
            "everybody on this machine may read {}, the first {} in {path} (mode {:03o})",
            open.len(),
            first.key,
            first.mode & 0o777
        ),
        format!(
            "chmod 640 {path}, or write {{ env = \"NAME\" }} or {{ file = \"PATH\" }} in its place"
        ),
    )
}

fn store(seen: &StoreSeen) -> Check {
    const NAME: &str = "store";
    let path = seen.path.display();
    match &seen.inspection {
        None => warning(
            NAME,
            format!("there is no {path} yet"),
            "`feedmill run` makes it; look at store.path if there should be one",
        ),
        Some(Err(error)) => failure(
            NAME,
            error,
            format!("correct that, or restore a backup: feedmill restore FILE (it keeps {path})"),
        ),
        Some(Ok(found)) => match &found.damage {
            Some(damage) => failure(
                NAME,
                format!("{path} is damaged: {damage}"),
                "stop the daemon and restore a backup: feedmill restore FILE; then check the disk and its cables",
            ),
            None if found.schema < found.known => warning(
                NAME,
                format!(
                    "{path} has schema version {}, this release {}",
                    found.schema, found.known
                ),
                "the next `feedmill run` brings it up to date, and copies it before",
            ),
            None => ok(
                NAME,
                format!(
                    "{path}: sound, schema version {}, {} articles, {}, of these {} free",
                    found.schema,
                    found.articles,
                    mib(found.bytes),
                    mib(found.free_bytes)
                ),
            ),
        },
    }
}

fn search(found: &Inspection) -> Check {
    const NAME: &str = "search index";
    match found.index {
        None => ok(NAME, "not looked at before the store is up to date"),
        Some(IndexState {
            missing: 0,
            orphans: 0,
            waiting,
        }) => ok(
            NAME,
            format!("complete, {waiting} entries are taken up soon"),
        ),
        Some(IndexState {
            missing, orphans, ..
        }) => warning(
            NAME,
            format!("{missing} entries are missing in it, {orphans} of it are gone"),
            "INSERT OR IGNORE INTO search_stale SELECT id FROM entries UNION SELECT id FROM search_docsize, by sqlite3 on the database: it is mended behind the polls",
        ),
    }
}

fn wal(found: &Inspection) -> Check {
    const NAME: &str = "wal";
    match found.wal_bytes {
        bytes if bytes > LONG_WAL => warning(
            NAME,
            format!("{} wait to be taken into the database", mib(bytes)),
            "end programs that keep the database open, such as a sqlite3 shell; a restart of the daemon folds them in",
        ),
        bytes => ok(NAME, mib(bytes)),
    }
}

fn disk(seen: &StoreSeen) -> Check {
    const NAME: &str = "disk";
    let folder = seen.path.parent().unwrap_or(&seen.path).display();
    let needed = match &seen.inspection {
        Some(Ok(found)) => found.bytes.saturating_add(found.wal_bytes),
        _ => 0,
    };
    match seen.free {
        None => ok(
            NAME,
            format!("the system does not say what is free in {folder}"),
        ),
        Some(free) if free < NARROW => failure(
            NAME,
            format!("{} are free in {folder}", mib(free)),
            "make room: nothing can be stored on a full disk; [store] retention says what is kept",
        ),
        Some(free) if free < needed.saturating_add(NARROW) => warning(
            NAME,
            format!(
                "{} are free in {folder}, and the store has {}",
                mib(free),
                mib(needed)
            ),
            "make room: an upgrade copies the store first, and does not begin without room for that",
        ),
        Some(free) => ok(NAME, format!("{} are free in {folder}", mib(free))),
    }
}

fn permissions(seen: &StoreSeen) -> Check {
    const NAME: &str = "permissions";
    for file in &seen.files {
        let path = file.path.display();
        match file.access {
            Ok(()) => {}
            Err(ErrorKind::ReadOnlyFilesystem) => {
                return failure(
                    NAME,
                    format!("{path} is on a disk that is mounted read-only"),
                    "mount it writable, or set store.path to another disk; under systemd see ReadWritePaths=",
                );
            }
            Err(ErrorKind::NotFound) => {
                return warning(
                    NAME,
                    format!("there is no {path} yet"),
                    "`feedmill run` makes it",
                );
            }
            Err(ErrorKind::PermissionDenied) => {
                return failure(
                    NAME,
                    format!("this user may not write {path}"),
                    format!(
                        "chown it to the daemon's user, and run doctor as that: chown USER {path}"
                    ),
                );
            }
            Err(kind) => {
                return failure(
                    NAME,
                    format!("{path}: {kind}"),
                    "look at the file and its disk",
                );
            }
        }
    }
    let owners: Vec<_> = { seen.files.iter() }
        .filter_map(|file| Some((file, file.owner?)))
        .collect();
    // The folder may be anybody's; the files are written by one user.
    let [_, (first, owner), rest @ ..] = owners.as_slice() else {
        return ok(NAME, "the folder of the store may be written");
    };
    match rest.iter().find(|(_, other)| other != owner) {
        Some((file, other)) => warning(
            NAME,
            format!(
                "{} belongs to user {owner}, but {} to user {other}",
                first.path.display(),
                file.path.display()
            ),
            format!(
                "give both to the daemon's user: chown --reference={} {}",
                first.path.display(),
                file.path.display()
            ),
        ),
        None => ok(NAME, "the store and its folder may be written"),
    }
}

fn clock(now: DateTime<Utc>, newest: Option<DateTime<Utc>>) -> Check {
    const NAME: &str = "clock";
    const CURE: &str = "set it by NTP: timedatectl set-ntp true";
    let shown = now.format("%Y-%m-%dT%H:%M:%SZ");
    if !is_believable(now) {
        return failure(
            NAME,
            format!("it says {shown}, before any release of Feedmill was made"),
            CURE,
        );
    }
    match newest {
        Some(newest) if newest - now > AHEAD => failure(
            NAME,
            format!(
                "it says {shown}, and the newest poll was at {}: it is behind now, or was ahead then",
                newest.format("%Y-%m-%dT%H:%M:%SZ")
            ),
            CURE,
        ),
        _ => ok(NAME, format!("{shown}")),
    }
}

fn names(asked: &[(String, Result<usize, String>)]) -> Check {
    const NAME: &str = "dns";
    let failed: Vec<_> = { asked.iter() }
        .filter_map(|(source, found)| Some((source, found.as_ref().err()?)))
        .collect();
    match (asked, failed.as_slice()) {
        ([], _) => ok(NAME, "no source has a host name to look up"),
        (_, []) => ok(
            NAME,
            format!("the hosts of {} sources have addresses", asked.len()),
        ),
        (_, [(source, error), ..]) if failed.len() == asked.len() => failure(
            NAME,
            format!(
                "none of {} hosts is found; of {source}: {error}",
                asked.len()
            ),
            "look at the network and at the name server in /etc/resolv.conf",
        ),
        (_, [(source, error), ..]) => warning(
            NAME,
            format!(
                "{} of {} hosts are not found; of {source}: {error}",
                failed.len(),
                asked.len()
            ),
            "look at the URL of that source: `feedmill explain SOURCE`",
        ),
    }
}

fn roots((count, needed): (usize, bool)) -> Check {
    const NAME: &str = "tls";
    const CURE: &str =
        "apt install ca-certificates (or what your system calls it), or set SSL_CERT_FILE";
    match (count, needed) {
        (0, true) => failure(
            NAME,
            "this machine has no CA certificates, so no https source can be trusted",
            CURE,
        ),
        (0, false) => warning(NAME, "this machine has no CA certificates", CURE),
        (count, _) => ok(NAME, format!("{count} CA certificates")),
    }
}

fn reached(asked: Option<&[(String, Result<&'static str, String>)]>) -> Check {
    const NAME: &str = "reachability";
    let Some(asked) = asked else {
        return ok(NAME, "not tried; --online asks up to 5 sources");
    };
    let failed: Vec<_> = { asked.iter() }
        .filter_map(|(source, answer)| Some((source, answer.as_ref().err()?)))
        .collect();
    match (asked, failed.as_slice()) {
        ([], _) => ok(NAME, "there is no source that may be asked now"),
        (_, []) => ok(NAME, format!("{} sources answer", asked.len())),
        (_, [(source, error), ..]) if failed.len() == asked.len() => failure(
            NAME,
            format!("none of {} sources answers; {source}: {error}", asked.len()),
            "look at the network, a firewall, or [fetch] proxy",
        ),
        (_, [(source, error), ..]) => warning(
            NAME,
            format!(
                "{} of {} sources do not answer; {source}: {error}",
                failed.len(),
                asked.len()
            ),
            "`feedmill explain SOURCE` says more",
        ),
    }
}

fn daemon(seen: &DaemonSeen) -> Check {
    match seen.holder {
        Some((pid, true)) => ok("daemon", format!("runs (process {pid})")),
        Some((pid, false)) => ok(
            "daemon",
            format!("does not run; another command works on the store (process {pid})"),
        ),
        None => ok("daemon", "does not run"),
    }
}

fn listen(seen: &DaemonSeen) -> Option<Check> {
    const NAME: &str = "listen";
    let (address, found) = seen.listen.as_ref()?;
    let runs = matches!(seen.holder, Some((_, true)));
    Some(match (found, runs) {
        (Listening::Taken, true) => ok(NAME, format!("{address} is served")),
        (Listening::Free, false) => ok(NAME, format!("{address} is free")),
        (Listening::Free, true) => warning(
            NAME,
            format!("the daemon runs, and nobody answers at {address}"),
            "restart it if server.listen was changed; a socket of systemd counts in its place",
        ),
        (Listening::Taken, false) => failure(
            NAME,
            format!("another program answers at {address}"),
            format!(
                "end it, or set server.listen to a free address; ss -ltnp shows who has {address}"
            ),
        ),
        (Listening::Refused(error), _) => failure(
            NAME,
            format!("{address}: {error}"),
            "set server.listen to an address of this machine that this user may have",
        ),
    })
}

fn files(limits: Option<(u64, u64)>, followers: u64) -> Check {
    const NAME: &str = "open files";
    let Some((soft, hard)) = limits else {
        return ok(NAME, "the system does not say its limit");
    };
    let needed = followers.saturating_add(OWN_FILES);
    if hard < needed {
        return warning(
            NAME,
            format!("{hard} are allowed; {followers} subscribers and the polls may need {needed}"),
            "raise the limit: LimitNOFILE=4096 in the unit, or ulimit -n",
        );
    }
    ok(NAME, format!("{soft} are allowed, {hard} when asked for"))
}

fn mib(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mib => format!("{mib} MiB"),
    }
}

#[cfg(test)]
mod tests;
