//! One `[[source]]`.
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use url::Url;

use crate::model::{
    Cadence, FullText, HttpVersion, PageRules, Pages, RequestOptions, Secret, Source,
};

use super::address::feed_url;
use super::file::{Notes, Read, Section, Value};
use super::filters::filters;
use super::secret::resolve;
use super::sections::{Callbacks, TIMEOUTS, fill, networks, rule};
use super::selector::selector;
use super::values::{choice, count, flag, length, name, tag, timezone, whole, words};
use super::{World, secret};

/// Header fields that Feedmill sets itself, and what to do instead.
const OWN_HEADERS: [(&str, &str); 15] = [
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
    ("a-im", "leave it out"),
    ("if-none-match", "leave it out"),
    ("if-modified-since", "leave it out"),
];

/// What a source is where it says nothing else.
pub(super) struct Defaults {
    pub(super) request: Arc<RequestOptions>,
    pub(super) contact: String,
    pub(super) cadence: Cadence,
    /// Of cron lines.
    pub(super) zone: Tz,
    /// Where hubs can reach us.
    pub(super) callbacks: Callbacks,
}

/// A source before every id is known.
pub(super) struct Draft {
    pub(super) source: Source,
    /// Where its `[[source]]` names the address; an outline has none.
    pub(super) place: Option<Place>,
    /// The id that was asked for and where.
    pub(super) id: Option<(String, Place)>,
}

/// Where a key stands.
#[derive(Clone)]
pub(super) struct Place {
    /// Byte offset in its own file.
    pub(super) at: usize,
    /// Key path: `source[2].url`.
    pub(super) key: String,
    /// The line, and the file where that is not the main one.
    pub(super) line: String,
}

impl Place {
    pub(super) fn of(value: Value<'_>, notes: &Notes<'_>) -> Self {
        Self {
            line: notes.line(value.at),
            at: value.at,
            key: value.key,
        }
    }
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
    let id = section
        .value("id")
        .zip(section.optional("id", notes, name))
        .map(|(value, id)| (id, Place::of(value, notes)));
    let request = Arc::new(request(section, defaults, world, notes));
    let private = secret || private == Some(true);
    let open = !private
        && request.basic_auth.is_none()
        && request.cookie.is_none()
        && request.headers.is_empty();
    let (asked_to_push, history) = (
        websub(section, defaults, notes),
        section.read("history", false, notes, flag),
    );
    let url = address.map(|(url, _)| url);
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
        private,
        paused: section.read("paused", false, notes, flag),
        websub: asked_to_push.unwrap_or(defaults.callbacks == Callbacks::Public && open)
            && url.as_ref().is_some_and(is_fetched),
        history,
        pages: pages(section, notes),
        request,
        // Last, so that all the other keys have been checked when it is missing.
        url: url?,
    };
    Some(Draft {
        source,
        place: section.value("url").map(|value| Place::of(value, notes)),
        id,
    })
}

/// Whether a hub may be asked to push; `None`: not said.
fn websub(section: &Section<'_>, defaults: &Defaults, notes: &mut Notes<'_>) -> Option<bool> {
    let said = section.optional("websub", notes, flag);
    if said == Some(true)
        && defaults.callbacks == Callbacks::Nowhere
        && let Some(value) = section.value("websub")
    {
        notes.problem(
            value.at,
            value.key,
            "hubs cannot reach this machine; set `public_url` in [server] to where they can",
        );
    }
    said
}

/// It comes over HTTP, not from a file.
pub(super) fn is_fetched(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
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

/// What is fetched of the pages of its entries.
fn pages(section: &Section<'_>, notes: &mut Notes<'_>) -> Pages {
    let full_text = choice(&[
        ("never", FullText::Never),
        ("when-short", FullText::WhenShort),
        ("always", FullText::Always),
    ]);
    Pages {
        full_text: section.read("full_text", FullText::Never, notes, full_text),
        rules: PageRules {
            content: section.list("content", notes, selector),
            remove: section.list("remove", notes, selector),
        },
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
