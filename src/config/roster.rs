//! `[[source]]` and the outlines of `[[opml]]`: one list, each address and each id once.
use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono_tz::Tz;
use url::Url;

use crate::filter::Filters;
use crate::model::Source;

use super::address::{address_key, default_id, feed_url};
use super::file::{Notes, Read, Section};
use super::sections::{Callbacks, path};
use super::source::{Defaults, Draft, draft, is_fetched, sorted};
use super::values::tag;
use super::{World, opml, secret};

/// Largest OPML file that is read, in bytes.
const MOST_OPML_BYTES: u64 = 32 << 20;

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
        named: false,
        websub: defaults.callbacks == Callbacks::Public && is_fetched(&url),
        url,
        title: outline.title,
        tags: sorted(tags.iter().cloned().chain(outline.tags).collect()),
        cadence: defaults.cadence.clone(),
        priority: 0,
        timezone: Tz::UTC,
        max_items: None,
        filters: Filters::default(),
        private: false,
        paused: false,
        history: false,
        pages: Default::default(),
        request: defaults.request.clone(),
    }
}
