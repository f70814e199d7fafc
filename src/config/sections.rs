//! `[server]`, `[store]`, `[fetch]`, `[schedule]`, `[dedup]` and `[pages]`.
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use ipnet::IpNet;
use url::{Host, Url};

use crate::model::{Budget, Cadence, HttpVersion, Nearness, RequestOptions, Retention, Rule};

use super::file::{Notes, Read, Section, Value};
use super::values::{choice, count, duration, flag, length, network, size, timezone, whole, words};
use super::{Fetch, Listen, Pages, Server, Store, World, secret};

const PROJECT_URL: &str = "https://github.com/feedmill/feedmill";
const USER_AGENT: &str = "Feedmill/{version} (+{contact})";
const DAY: Duration = Duration::from_secs(86_400);
/// Bounds of the timeouts: a request that takes longer than an hour is no longer a poll.
pub(super) const TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(3_600);

/// Where hubs can reach us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callbacks {
    /// `public_url` is not given.
    Nowhere,
    /// It is on this machine: good for hubs here, which a source must ask for.
    Local,
    /// Somewhere else: sources are pushed unless they say no.
    Public,
}

/// `[server]`, and where hubs can reach it.
pub(super) fn server(
    root: &Section<'_>,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> (Server, Callbacks) {
    let section = root.section("server", "server", notes);
    let default = Listen::Tcp("127.0.0.1:7878".to_owned());
    let listen = section.read("listen", default, notes, |value| {
        listen(value.text()?, world)
    });
    let public_url = section.optional("public_url", notes, |value| public_url(value.text()?));
    let callbacks = public_url
        .as_ref()
        .map_or(Callbacks::Nowhere, |url| match url.host() {
            Some(Host::Ipv4(v4)) if v4.is_loopback() || v4.is_unspecified() => Callbacks::Local,
            Some(Host::Ipv6(v6)) if v6.is_loopback() || v6.is_unspecified() => Callbacks::Local,
            Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
                Callbacks::Local
            }
            _ => Callbacks::Public,
        });
    let confine = section.read("confine", true, notes, flag);
    let server = Server {
        confine,
        public_url: public_url.unwrap_or_else(|| own_url(&listen)),
        listen,
    };
    (server, callbacks)
}

/// `[store]`.
pub(super) fn store(root: &Section<'_>, world: &World<'_>, notes: &mut Notes<'_>) -> Store {
    let section = root.section("store", "store", notes);
    let path = section.read("path", world.folder.join("feedmill.db"), notes, |value| {
        path(value, world)
    });
    if let Some(url) = section.value("url") {
        notes.problem(
            url.at,
            url.key,
            "only SQLite can be used so far; write `path` instead",
        );
    }
    let full_sync = section.read(
        "synchronous",
        false,
        notes,
        choice(&[("normal", false), ("full", true)]),
    );
    let retention = section.section("retention", "store.retention", notes);
    let default = Retention::default();
    let count = |value: &Value<'_>| whole(1..=i64::MAX)(value).map(i64::unsigned_abs);
    let retention = Retention {
        age: retention.read("age", default.age, notes, length(DAY..=DAY * 36_500)),
        articles: retention.read("articles", default.articles, notes, count),
        per_source: retention.read("per_source", default.per_source, notes, count),
    };
    Store {
        path,
        full_sync,
        retention,
    }
}

/// `[fetch]`: what concerns all requests, and how each looks where a source says nothing else.
pub(super) fn fetch(
    root: &Section<'_>,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> (Fetch, RequestOptions, String) {
    let section = root.section("fetch", "fetch", notes);
    let second = Duration::from_secs(1);
    let fetch = Fetch {
        concurrency: section.read("concurrency", 64, notes, count(1, 10_000)),
        per_host: section.read("per_host", 2, notes, count(1, 100)),
        host_interval: section.read(
            "host_interval",
            Duration::ZERO,
            notes,
            length(Duration::ZERO..=second * 3_600),
        ),
        hold_off_by_address: section.read("hold_off_by_address", false, notes, flag),
        connect_timeout: section.read("connect_timeout", second * 10, notes, length(TIMEOUTS)),
        idle_timeout: section.read("idle_timeout", second * 15, notes, length(TIMEOUTS)),
        max_body: section.read("max_body", 16 << 20, notes, size(1 << 10..=1 << 30)),
    };
    let contact = section.read("contact", PROJECT_URL.to_owned(), notes, words);
    let fallback = fill(USER_AGENT, &contact).unwrap_or_else(|_| USER_AGENT.to_owned());
    let request = RequestOptions {
        headers: Default::default(),
        basic_auth: None,
        cookie: None,
        user_agent: section.read("user_agent", fallback, notes, |value| {
            fill(value.text()?, &contact)
        }),
        proxy: secret::secret(&section, "proxy", world, notes, secret::proxy)
            .filter(|proxy| !proxy.expose().is_empty()),
        timeout: section.read("timeout", second * 30, notes, length(TIMEOUTS)),
        http_version: HttpVersion::Auto,
        allow_private: networks(&section, notes),
    };
    (fetch, request, contact)
}

/// `[schedule]`: the cadence of a source that says nothing else, and the time zone of cron lines.
pub(super) fn schedule(
    root: &Section<'_>,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> (Cadence, Tz) {
    let section = root.section("schedule", "schedule", notes);
    let zone = section.read("timezone", Tz::UTC, notes, timezone);
    let bounds = Duration::from_secs(1)..=DAY * 366;
    let cadence = Cadence {
        rule: section.read("default", Rule::Adaptive, notes, |value| {
            rule(value, zone, world)
        }),
        min: section.read(
            "min",
            Duration::from_secs(900),
            notes,
            length(bounds.clone()),
        ),
        max: section.read("max", DAY, notes, length(bounds)),
        respect_hints: section.read("respect_hints", true, notes, flag),
        budget: section.read("budget", None, notes, |value| budget(value.text()?)),
    };
    if cadence.min > cadence.max
        && let Some(value) = section.value("min").or_else(|| section.value("max"))
    {
        notes.problem(
            value.at,
            value.key,
            "`min` is longer than `max`; make it shorter",
        );
    }
    (cadence, zone)
}

/// `[dedup]`.
pub(super) fn dedup(root: &Section<'_>, notes: &mut Notes<'_>) -> Nearness {
    let section = root.section("dedup", "dedup", notes);
    let wanted = section.read("near_duplicates", true, notes, flag);
    let bounds = Duration::from_secs(3_600)..=DAY * 366;
    let window = section.read("window", DAY * 4, notes, length(bounds));
    Nearness {
        window: TimeDelta::from_std(window).ok().filter(|_| wanted),
    }
}

/// `[pages]`.
pub(super) fn pages(root: &Section<'_>, notes: &mut Notes<'_>) -> Pages {
    let section = root.section("pages", "pages", notes);
    Pages {
        image_proxy: section.read("image_proxy", false, notes, flag),
        image_max: section.read("image_max", 8 << 20, notes, size(1 << 10..=1 << 28)),
        image_cache: section.read("image_cache", 256 << 20, notes, size(1 << 20..=1 << 40)),
    }
}

/// When polls are wanted: `adaptive`, `every 30m`, a crontab(5) line, `@hourly`.
pub(super) fn rule(value: &Value<'_>, zone: Tz, world: &World<'_>) -> Read<Rule> {
    let text = value.text()?;
    (world.rule)(text, zone).map_err(|error| {
        let reason = error.to_string();
        if reason.contains(text) {
            reason
        } else {
            format!("{text:?}: {reason}")
        }
    })
}

/// A `User-Agent` with its placeholders filled in.
pub(super) fn fill(template: &str, contact: &str) -> Read<String> {
    let filled = template
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{contact}", contact);
    if filled.contains(['{', '}']) {
        return Err("has an unknown placeholder; there are {version} and {contact}".to_owned());
    }
    secret::header_value(&filled)?;
    Ok(filled)
}

/// Networks of `allow_private`.
pub(super) fn networks(section: &Section<'_>, notes: &mut Notes<'_>) -> Vec<IpNet> {
    section.list("allow_private", notes, network)
}

/// A path of the file system, relative to the folder of the file.
pub(super) fn path(value: &Value<'_>, world: &World<'_>) -> Read<PathBuf> {
    let text = value.text()?;
    if text.trim().is_empty() {
        return Err("empty; write a path or leave the key out".to_owned());
    }
    Ok(world.folder.join(text))
}

fn listen(text: &str, world: &World<'_>) -> Read<Listen> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = PathBuf::from(path);
        let unnamed = path.as_os_str().is_empty();
        return if unnamed {
            Err("names no socket; write \"unix:/run/feedmill.sock\"".to_owned())
        } else {
            Ok(Listen::Unix(world.folder.join(path)))
        };
    }
    let wrong = || {
        format!(
            "{text:?} is no address; write \"127.0.0.1:7878\", \"[::1]:7878\" or \"unix:/run/feedmill.sock\""
        )
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty()
        || host.contains(['/', '\\', '?', '#', '@'])
        || bare_v6
        || port.parse::<u16>().is_err()
        || Url::parse(&format!("http://{text}/")).is_err()
    {
        return Err(wrong());
    }
    Ok(Listen::Tcp(text.to_owned()))
}

fn public_url(text: &str) -> Read<Url> {
    let wrong = || "no address of a site; write \"https://feeds.example.org/\"".to_owned();
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https")
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Where a browser on the same machine finds a listener; all addresses and sockets are reached as `localhost`.
fn own_url(listen: &Listen) -> Url {
    let address = match listen {
        Listen::Tcp(address) => match address.rsplit_once(':') {
            Some(("0.0.0.0" | "[::]", port)) => format!("localhost:{port}"),
            _ => address.clone(),
        },
        Listen::Unix(_) => "localhost".to_owned(),
    };
    // `listen` accepts an address only when this very URL parses.
    Url::parse(&format!("http://{address}/")).expect("checked by `listen`")
}

/// `2000/h`, `10000/d`; `None` for an empty text: no bound.
///
/// # Errors
/// What is wrong with it, and the cure.
pub fn budget(text: &str) -> Result<Option<Budget>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (polls, unit) = text.split_once('/')?;
        let polls = polls
            .trim()
            .parse::<u32>()
            .ok()
            .filter(|polls| *polls > 0)?;
        let time = duration(&format!("1{}", unit.trim())).ok()?;
        let polls_per_hour = f64::from(polls) * 3_600.0 / time.as_secs_f64();
        Some(Budget { polls_per_hour })
    };
    read().map(Some).ok_or_else(|| {
        format!("{text:?} is no budget; write polls a time such as \"2000/h\", or \"\" for none")
    })
}
