//! One `[[source]]`.
use std::collections::BTreeMap;

use chrono_tz::Tz;
use url::Url;

use crate::model::{Cadence, HttpVersion, RequestOptions, Secret, Source};

use super::address::feed_url;
use super::file::{Notes, Read, Section, Value};
use super::filters::filters;
use super::secret::resolve;
use super::sections::{TIMEOUTS, fill, networks, rule};
use super::values::{choice, count, flag, length, name, tag, timezone, whole, words};
use super::{World, secret};

/// Header fields that Feedmill sets itself, and what to do instead.
const OWN_HEADERS: [(&str, &str); 14] = [
    ("user-agent", "write the key `user_agent`"),
    ("cookie", "write the key `cookie`"),
    ("proxy-authorization", "put user and password into `proxy`"),
    ("host", "leave it out"),
    ("connection", "leave it out"),
    ("content-length", "leave it out"),
    ("transfer-encoding", "leave it out"),
    ("te", "leave it out"),
    ("upgrade", "leave it out"),
    ("expect", "leave it out"),
    ("range", "leave it out"),
    ("accept-encoding", "leave it out"),
    ("if-none-match", "leave it out"),
    ("if-modified-since", "leave it out"),
];

/// What a source is where it says nothing else.
pub(super) struct Defaults {
    pub(super) request: RequestOptions,
    pub(super) contact: String,
    pub(super) cadence: Cadence,
    /// Of cron lines.
    pub(super) zone: Tz,
}

/// A source before every id is known.
pub(super) struct Draft {
    pub(super) source: Source,
    /// Where its `[[source]]` names the address, and the key path; an outline has none.
    pub(super) place: Option<(usize, String)>,
    /// The id that was asked for and where.
    pub(super) id: Option<(String, usize, String)>,
}

/// Reads a `[[source]]`; nothing when it has no usable address, which is noted.
pub(super) fn draft(
    section: &Section<'_>,
    defaults: &Defaults,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> Option<Draft> {
    let address = address(section, world, notes);
    let secret = address.as_ref().is_some_and(|(_, secret)| *secret);
    let private = section.optional("private", notes, flag);
    if secret
        && private == Some(false)
        && let Some(value) = section.value("private")
    {
        notes.warning(
            value.at,
            value.key,
            "the source stays private, as its address is a secret",
        );
    }
    not_yet(section, notes);
    let id = section
        .value("id")
        .zip(section.optional("id", notes, name))
        .map(|(value, id)| (id, value.at, value.key));
    let source = Source {
        id: String::new(),
        named: id.is_some(),
        title: section.optional("title", notes, words),
        tags: sorted(section.list("tags", notes, tag)),
        cadence: cadence(section, defaults, world, notes),
        priority: section.read("priority", 0, notes, priority),
        timezone: section.read("timezone", Tz::UTC, notes, timezone),
        max_items: section
            .optional("max_items", notes, count(0, 1_000_000))
            .filter(|most| *most > 0),
        filters: filters(section, notes),
        private: secret || private == Some(true),
        paused: section.read("paused", false, notes, flag),
        request: request(section, defaults, world, notes),
        // Last, so that all the other keys have been checked when it is missing.
        url: address?.0,
    };
    Some(Draft {
        source,
        place: section.value("url").map(|value| (value.at, value.key)),
        id,
    })
}

/// The address, and whether it is a secret.
fn address(section: &Section<'_>, world: &World<'_>, notes: &mut Notes<'_>) -> Option<(Url, bool)> {
    if section.value("url").is_none() {
        let key = format!("{}.url", section.path);
        notes.problem(
            section.at,
            key,
            "missing; write url = \"https://…\", the address of the feed",
        );
        return None;
    }
    let hidden = secret::hidden(section, "url", world, notes, |text| {
        feed_url(text, &world.folder).map(drop)
    })?;
    let url = feed_url(hidden.value.expose(), &world.folder).ok()?;
    Some((url, hidden.elsewhere))
}

fn cadence(
    section: &Section<'_>,
    defaults: &Defaults,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> Cadence {
    let default = defaults.cadence.clone();
    Cadence {
        rule: section.read("schedule", default.rule, notes, |value| {
            rule(value, defaults.zone, world)
        }),
        respect_hints: section.read("respect_hints", default.respect_hints, notes, flag),
        ..defaults.cadence
    }
}

fn priority(value: &Value<'_>) -> Read<i32> {
    let number = whole(i64::from(i32::MIN)..=i64::from(i32::MAX))(value)?;
    i32::try_from(number).map_err(|error| error.to_string())
}

/// Keys that are checked, but not used yet.
fn not_yet(section: &Section<'_>, notes: &mut Notes<'_>) {
    let full_text = choice(&[("never", false), ("when-short", true), ("always", true)]);
    if section.read("full_text", false, notes, full_text)
        && let Some(value) = section.value("full_text")
    {
        notes.idle(&value);
    }
}

fn request(
    section: &Section<'_>,
    defaults: &Defaults,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> RequestOptions {
    let default = &defaults.request;
    let versions = choice(&[
        ("auto", HttpVersion::Auto),
        ("1.1", HttpVersion::Http1),
        ("2", HttpVersion::Http2),
    ]);
    let agent = |value: &Value<'_>| fill(value.text()?, &defaults.contact);
    let proxy = secret::secret(section, "proxy", world, notes, secret::proxy);
    let mut allow_private = default.allow_private.clone();
    allow_private.extend(networks(section, notes));
    allow_private.sort_unstable();
    allow_private.dedup();
    let request = RequestOptions {
        headers: headers(section, world, notes),
        basic_auth: secret::secret(section, "basic_auth", world, notes, secret::basic_auth),
        cookie: secret::secret(section, "cookie", world, notes, secret::header_value),
        user_agent: section.read("user_agent", default.user_agent.clone(), notes, agent),
        proxy: proxy
            .or_else(|| default.proxy.clone())
            .filter(|proxy| !proxy.expose().is_empty()),
        timeout: section.read("timeout", default.timeout, notes, length(TIMEOUTS)),
        http_version: section.read("http_version", default.http_version, notes, versions),
        allow_private,
    };
    if request.headers.contains_key("authorization")
        && request.basic_auth.is_some()
        && let Some(value) = section.value("basic_auth")
    {
        notes.problem(
            value.at,
            value.key,
            "`headers` has an Authorization already; keep one of the two",
        );
    }
    request
}

/// Extra header fields by lower-case name (RFC 9110 §5.1: names have no case).
fn headers(
    section: &Section<'_>,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> BTreeMap<String, Secret> {
    let mut headers = BTreeMap::new();
    for (name, value) in section.entries("headers", notes) {
        let read = header_name(name)
            .and_then(|name| Ok((name, resolve(&value, world, secret::header_value)?.value)));
        match read {
            Ok((name, _)) if headers.contains_key(&name) => {
                notes.problem(
                    value.at,
                    value.key,
                    "given twice, as case does not matter; keep one of them",
                );
            }
            Ok((name, secret)) => {
                headers.insert(name, secret);
            }
            Err(message) => notes.problem(value.at, value.key, message),
        }
    }
    headers
}

fn header_name(name: &str) -> Read<String> {
    let field = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        format!("{name:?} is no name of a header field; write one such as \"Authorization\"")
    })?;
    match OWN_HEADERS.iter().find(|(own, _)| *own == field.as_str()) {
        Some((_, cure)) => Err(format!("Feedmill sets this header field itself; {cure}")),
        None => Ok(field.as_str().to_owned()),
    }
}

/// Tags in order, each once.
pub(super) fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort_unstable();
    tags.dedup();
    tags
}
