//! Looks at what `doctor` judges. Nothing is written, and with a broken configuration what can be seen is seen.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Host;

use super::checks::{ConfigSeen, DaemonSeen, FileSeen, Listening, SecretSeen, Seen, StoreSeen};
use crate::clock::Clock;
use crate::commands;
use crate::config::{self, Config, Listen};
use crate::fetch::{Answer, Fetcher};
use crate::model::{Library, Source, Validators};
use crate::store::{self, Store};
use crate::system;

/// Sources that are asked or looked up at most.
const ASKED: usize = 5;
/// A name that takes longer is not found.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything, in this order. `online`: sources are asked too.
pub(super) async fn look(path: Option<&Path>, online: bool) -> Seen {
    let (config, seen, salvaged) = configuration(path);
    let path = { config.as_ref() }
        .map(|config| config.store.path.clone())
        .or(salvaged);
    let sources = config.as_ref().map_or(&[][..], |config| &config.sources);
    Seen {
        now: Clock::System.now(),
        daemon: DaemonSeen {
            holder: { path.as_deref().and_then(store::holder) }
                .map(|holder| (holder.pid, holder.control.is_some())),
            listen: match &config {
                Some(config) => Some((
                    config.server.listen.to_string(),
                    listening(&config.server.listen).await,
                )),
                None => None,
            },
        },
        store: path.as_deref().map(stored),
        roots: (
            roots(),
            sources.iter().any(|source| source.url.scheme() == "https"),
        ),
        names: names(sources).await,
        reached: match &config {
            Some(config) if online => Some(reached(config).await),
            _ => None,
        },
        files: system::open_files(),
        config: seen,
    }
}

/// The configuration, what was seen of it, and of a broken one where its store is.
fn configuration(path: Option<&Path>) -> (Option<Config>, ConfigSeen, Option<PathBuf>) {
    let mut seen = ConfigSeen::default();
    let path = match config::locate(path) {
        Ok(path) => path,
        Err(error) => {
            seen.error = Some(error.to_string());
            return (None, seen, None);
        }
    };
    let table = table(&path);
    let files = RefCell::default();
    let _ = config::load_noting(&path, &Library::new(), &files);
    seen.secrets = files
        .take()
        .iter()
        .flat_map(|file| secrets_of(file))
        .collect();
    let loaded = commands::read(&path);
    let salvaged = loaded.is_err().then(|| store_path(&path, &table)).flatten();
    let config = match loaded {
        Ok(config) => {
            seen.sources = config.sources.len();
            seen.warnings = config.warnings.iter().map(ToString::to_string).collect();
            Some(config)
        }
        Err(error) => {
            seen.error = Some(error.to_string());
            None
        }
    };
    seen.path = Some(path);
    (config, seen, salvaged)
}

/// A file as TOML; empty when it is none.
fn table(path: &Path) -> toml::Table {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn secrets_of(path: &Path) -> Vec<SecretSeen> {
    let is_ours = path.is_file() && path.extension().is_some_and(|name| name == "toml");
    let (true, Some(mode)) = (is_ours, system::mode(path)) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    inline_secrets(&toml::Value::Table(table(path)), "", &mut keys);
    let seen = |key| SecretSeen {
        path: path.to_owned(),
        mode,
        key,
    };
    keys.into_iter().map(seen).collect()
}

/// Where the store of a file is that can be read as TOML, whatever else is wrong with it.
fn store_path(config: &Path, table: &toml::Table) -> Option<PathBuf> {
    if table.is_empty() {
        return None;
    }
    let written = { table.get("store") }
        .and_then(|store| store.get("path"))
        .and_then(toml::Value::as_str);
    let folder = std::path::absolute(config).ok()?.parent()?.to_owned();
    Some(folder.join(written.unwrap_or("feedmill.db")))
}

/// Keys whose values are secrets and stand there as text; user and password in a URL too.
fn inline_secrets(value: &toml::Value, at: &str, found: &mut Vec<String>) {
    const SECRET: &[&str] = &[
        "token",
        "basic_auth",
        "cookie",
        "password",
        "secret",
        "authorization",
    ];
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let below = if at.is_empty() {
                    key.clone()
                } else {
                    format!("{at}.{key}")
                };
                let is_secret = { SECRET.iter() }.any(|name| key.eq_ignore_ascii_case(name));
                match value.as_str() {
                    Some(text) if is_secret || has_password(text) => found.push(below),
                    _ => inline_secrets(value, &below, found),
                }
            }
        }
        toml::Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                inline_secrets(value, &format!("{at}[{number}]"), found);
            }
        }
        _ => {}
    }
}

fn has_password(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host() && url.password().is_some())
}

fn stored(path: &Path) -> StoreSeen {
    let folder = path.parent().unwrap_or(path).to_owned();
    let with = |suffix: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        path.with_file_name(name)
    };
    let files = ["", "-wal", "-shm", ".lock"].map(with);
    let there = files.into_iter().filter(|file| file.exists());
    StoreSeen {
        inspection: { path.exists() }
            .then(|| store::inspect(path).map_err(|error| error.to_string())),
        free: store::free_space(path),
        files: std::iter::once(folder).chain(there).map(file).collect(),
        path: path.to_owned(),
    }
}

fn file(path: PathBuf) -> FileSeen {
    FileSeen {
        access: system::may_write(&path),
        owner: system::owner(&path),
        path,
    }
}

/// What the verifier of reqwest reads here: the machine's own certificates.
fn roots() -> usize {
    rustls_native_certs::load_native_certs().certs.len()
}

/// Whoever answers has the address. A Unix socket is not bound: that would replace what a dead daemon left.
async fn listening(listen: &Listen) -> Listening {
    match listen {
        Listen::Tcp(address) => match tokio::net::TcpListener::bind(address).await {
            Ok(_) => Listening::Free,
            Err(error) if error.kind() == ErrorKind::AddrInUse => Listening::Taken,
            Err(error) => Listening::Refused(error.to_string()),
        },
        Listen::Unix(path) => match system::connect(path).await {
            Ok(()) => Listening::Taken,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Listening::Refused(error.to_string())
            }
            Err(_) => Listening::Free,
        },
    }
}

/// Some sources that are polled, no two of one host.
fn some(sources: &[Arc<Source>]) -> Vec<&Arc<Source>> {
    let mut hosts = HashSet::new();
    { sources.iter() }
        .filter(|source| !source.paused && source.url.scheme() != "file")
        .filter(|source| hosts.insert(source.url.host_str().unwrap_or_default()))
        .take(ASKED)
        .collect()
}

async fn names(sources: &[Arc<Source>]) -> Vec<(String, Result<usize, String>)> {
    let mut found = Vec::new();
    for source in some(sources) {
        let (Some(Host::Domain(host)), None) = (source.url.host(), &source.request.proxy) else {
            continue; // an address, or a name that the proxy looks up
        };
        let port = source.url.port_or_known_default().unwrap_or(443);
        let looked = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
        let addresses = match looked {
            Ok(Ok(addresses)) => Ok(addresses.count()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        found.push((source.id.clone(), addresses));
    }
    found
}

/// Asks as a poll would: with validators, and nobody who asked for quiet. Nothing of it is stored.
async fn reached(config: &Config) -> Vec<(String, Result<&'static str, String>)> {
    let fetcher = Fetcher::new(&config.fetch);
    let stored = Store::open_to_read(&config.store.path).ok();
    let known = stored.as_ref().and_then(|store| {
        fetcher.hold_off(store.held_off().ok()?);
        store.recognize(&config.sources).ok()
    });
    let mut answers = Vec::new();
    for source in some(&config.sources) {
        let due = stored
            .as_ref()
            .zip(known.as_ref())
            .and_then(|(store, known)| {
                let (key, _) = known.iter().find(|(_, other)| other.id == source.id)?;
                store.glance(known, key).ok()?
            });
        let (address, validators) = match due {
            Some(due) => (due.address, due.validators),
            None => (source.url.clone(), Validators::default()),
        };
        let now = Clock::System.now();
        let answer = fetcher
            .fetch(source, &address, &validators, true, now)
            .await;
        let answer = match answer {
            Ok(Answer::Modified(_)) => Ok("ok"),
            Ok(Answer::NotModified(_)) => Ok("not_modified"),
            Ok(Answer::Gone) => Err("gone (410)".to_owned()),
            Err(crate::fetch::Error::HeldOff { .. }) => continue,
            Err(error) => Err(error.to_string()),
        };
        answers.push((source.id.clone(), answer));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_stand_elsewhere_are_none_of_the_file() {
        let table: toml::Table = r#"
            [fetch]
            proxy = "http://user:pass@proxy.example:8080"
            [[source]]
            url = "https://a.example/feed"
            cookie = { env = "COOKIE" }
            [[source]]
            url = "https://me:word@b.example/feed"
            basic_auth = "me:word"
            headers = { Authorization = "Bearer x", Accept = "a" }
            [[output]]
            token = { file = "token" }
        "#
        .parse()
        .expect("TOML");
        let mut found = Vec::new();
        inline_secrets(&toml::Value::Table(table), "", &mut found);
        found.sort();
        let expected = [
            "fetch.proxy",
            "source[1].basic_auth",
            "source[1].headers.Authorization",
            "source[1].url",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_broken_configuration_still_says_where_its_store_is() {
        let check = |text: &str, expected: Option<&str>| {
            let table: toml::Table = text.parse().unwrap_or_default();
            let found = store_path(Path::new("/etc/feedmill.toml"), &table);
            assert_eq!(found, expected.map(PathBuf::from), "{text}");
        };
        check(
            "[store]\npath = \"/var/a.db\"\nnonsense = 1",
            Some("/var/a.db"),
        );
        check("[store]\npath = \"a.db\"", Some("/etc/a.db"));
        check("nonsense = 1", Some("/etc/feedmill.db"));
        check("[store", None);
    }
}
