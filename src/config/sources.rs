//! `[[source]]` and the outlines of `[[opml]]`: one list, each address and each id once.
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use chrono_tz::Tz;
use url::Url;

use crate::model::{Cadence, HttpVersion, RequestOptions, Secret, Source};

use super::address::{address_key, default_id, feed_url};
use super::file::{Notes, Read, Section, Value};
use super::secret::resolve;
use super::sections::{TIMEOUTS, fill, networks, path, rule};
use super::values::{choice, count, flag, length, name, tag, timezone, whole, words};
use super::{World, opml, secret};

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

/// Largest OPML file that is read, in bytes.
const MOST_OPML_BYTES: u64 = 32 << 20;

/// What a source is where it says nothing else.
pub(super) struct Defaults {
    pub(super) request: RequestOptions,
    pub(super) contact: String,
    pub(super) cadence: Cadence,
    /// Of cron lines.
    pub(super) zone: Tz,
}

/// Every source, in file order.
pub(super) fn sources(
    root: &Section<'_>,
    defaults: &Defaults,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> Vec<Source> {
    let mut roster = Roster::default();
    for section in root.sections("source", notes) {
        if let Some(draft) = draft(&section, defaults, world, notes) {
            roster.add(draft, notes);
        }
    }
    for section in root.sections("opml", notes) {
        subscribe(&section, defaults, world, notes, &mut roster);
    }
    roster.finish(world, notes)
}

/// A source before every id is known.
struct Draft {
    source: Source,
    /// Where its `[[source]]` names the address, and the key path; an outline has none.
    place: Option<(usize, String)>,
    /// The id that was asked for and where.
    id: Option<(String, usize, String)>,
}

#[derive(Default)]
struct Roster {
    drafts: Vec<Draft>,
    by_address: HashMap<String, usize>,
}

impl Roster {
    /// Takes a `[[source]]`; a second one with the same address is a problem.
    fn add(&mut self, draft: Draft, notes: &mut Notes<'_>) {
        let index = self.drafts.len();
        let first = *self
            .by_address
            .entry(address_key(&draft.source.url))
            .or_insert(index);
        if first != index
            && let (Some((at, key)), Some((first_at, first_key))) =
                (&draft.place, &self.drafts[first].place)
        {
            let (line, _) = notes.place(*first_at);
            notes.problem(
                *at,
                key,
                format!(
                    "the same address as {first_key} in line {line}; keep one of the two sources"
                ),
            );
        }
        self.drafts.push(draft);
    }

    /// Takes an outline; an address that is known already only gains tags and, if it has none, the title.
    fn merge(&mut self, source: Source) {
        let index = self.drafts.len();
        let first = *self
            .by_address
            .entry(address_key(&source.url))
            .or_insert(index);
        if first == index {
            self.drafts.push(Draft {
                source,
                place: None,
                id: None,
            });
            return;
        }
        let known = &mut self.drafts[first];
        known.source.tags = sorted(known.source.tags.drain(..).chain(source.tags).collect());
        if known.place.is_none() && known.source.title.is_none() {
            known.source.title = source.title;
        }
    }

    /// Gives each its id: the wanted ones first, then those made from addresses, numbered in file order.
    fn finish(self, world: &World<'_>, notes: &mut Notes<'_>) -> Vec<Source> {
        let mut taken: HashMap<String, (usize, String)> = HashMap::new();
        for (id, at, key) in self.drafts.iter().filter_map(|draft| draft.id.as_ref()) {
            if let Some((first_at, first_key)) = taken.get(id) {
                let (line, _) = notes.place(*first_at);
                notes.problem(
                    *at,
                    key,
                    format!(
                        "{id:?} is also {first_key} in line {line}; give one of the two another id"
                    ),
                );
            } else {
                taken.insert(id.clone(), (*at, key.clone()));
            }
        }
        let mut ids = Ids {
            taken: taken.into_keys().collect(),
            numbers: HashMap::new(),
        };
        let name = |draft: Draft| {
            let mut source = draft.source;
            source.id = match draft.id {
                Some((id, ..)) => id,
                None => ids.unused(default_id(&source.url, source.private, &world.folder)),
            };
            source
        };
        self.drafts.into_iter().map(name).collect()
    }
}

struct Ids {
    taken: HashSet<String>,
    /// The last number that was put behind an id.
    numbers: HashMap<String, u32>,
}

impl Ids {
    fn unused(&mut self, base: String) -> String {
        let mut id = base.clone();
        while !self.taken.insert(id.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            id = format!("{base}-{number}");
        }
        id
    }
}

/// Reads a `[[source]]`; nothing when it has no usable address, which is noted.
fn draft(
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
        title: section.optional("title", notes, words),
        tags: sorted(section.list("tags", notes, tag)),
        cadence: cadence(section, defaults, world, notes),
        priority: section.read("priority", 0, notes, priority),
        timezone: section.read("timezone", Tz::UTC, notes, timezone),
        max_items: section
            .optional("max_items", notes, count(0, 1_000_000))
            .filter(|most| *most > 0),
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
    let mut idle = vec![(
        "full_text",
        section.read("full_text", false, notes, full_text),
    )];
    for key in ["keep", "drop"] {
        idle.push((key, !section.list(key, notes, words).is_empty()));
    }
    for (key, _) in idle.into_iter().filter(|(_, given)| *given) {
        if let Some(value) = section.value(key) {
            notes.idle(&value);
        }
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

/// Adds the outlines of an `[[opml]]`.
fn subscribe(
    section: &Section<'_>,
    defaults: &Defaults,
    world: &World<'_>,
    notes: &mut Notes<'_>,
    roster: &mut Roster,
) {
    let tags = section.list("tags", notes, tag);
    let url = secret::secret(section, "url", world, notes, fetched_list);
    let file = section.optional("path", notes, |value| path(value, world));
    match (section.value("path"), section.value("url")) {
        (None, None) => notes.problem(
            section.at,
            section.path.clone(),
            "no `path`; write path = \"blogs.opml\"",
        ),
        (Some(_), Some(value)) => notes.problem(
            value.at,
            value.key,
            "`path` is given as well; keep one of the two",
        ),
        (None, Some(value)) if url.is_some() => {
            notes.warning(
                value.at,
                value.key,
                "not fetched yet in this release; save the list and write `path`",
            );
        }
        (Some(value), None) => {
            if let Some(file) = file
                && let Err(message) = subscribe_file(&file, &tags, defaults, notes, roster)
            {
                notes.problem(value.at, value.key, format!("{} {message}", file.display()));
            }
        }
        (None, Some(_)) => {}
    }
}

fn fetched_list(text: &str) -> Read<()> {
    let fits = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if fits {
        Ok(())
    } else {
        Err("no address of an OPML list; write \"https://…\", or `path` for a file".to_owned())
    }
}

/// Reads a file that stands beside the configuration. Its outlines may name files, relative to its own folder.
fn subscribe_file(
    file: &Path,
    tags: &[String],
    defaults: &Defaults,
    notes: &mut Notes<'_>,
    roster: &mut Roster,
) -> Read<()> {
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MOST_OPML_BYTES {
        return Err(format!(
            "is larger than {} MiB; leave some out",
            MOST_OPML_BYTES >> 20
        ));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let text = opml::decode(&bytes);
    let document = opml::read(&text)?;
    let mut own = Notes::new(file, &text);
    for (at, reason) in document.broken {
        own.warning(at, "", reason);
    }
    let folder = file.parent().unwrap_or(file);
    for outline in document.outlines {
        let title = outline.title.clone().unwrap_or_default();
        match feed_url(&outline.url, folder) {
            Ok(url) => roster.merge(outlined(url, outline, tags, defaults)),
            Err(message) => own.warning(
                outline.at,
                "",
                format!("outline {title:?}: {message}; left out"),
            ),
        }
    }
    own.warnings.sort_by_key(|warning| warning.at);
    notes.warnings.append(&mut own.warnings);
    Ok(())
}

fn unreadable(error: std::io::Error) -> String {
    format!("cannot be read: {error}; give its path, relative to this file")
}

fn outlined(url: Url, outline: opml::Outline, tags: &[String], defaults: &Defaults) -> Source {
    Source {
        id: String::new(),
        url,
        title: outline.title,
        tags: sorted(tags.iter().cloned().chain(outline.tags).collect()),
        cadence: defaults.cadence.clone(),
        priority: 0,
        timezone: Tz::UTC,
        max_items: None,
        private: false,
        paused: false,
        request: defaults.request.clone(),
    }
}

fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort_unstable();
    tags.dedup();
    tags
}
