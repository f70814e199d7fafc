//! `[[source]]` and the outlines of `[[opml]]`: one list, each address and each id once.
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use url::Url;

use crate::filter::Filters;
use crate::model::{FetchedList, Source};

use super::address::{address_key, default_id, feed_url};
use super::file::{Notes, Read, Section};
use super::sections::{Callbacks, path};
use super::source::{Defaults, Draft, Place, draft, is_fetched, sorted};
use super::values::tag;
use super::{World, opml, secret};

/// Largest OPML file that is read, in bytes.
const MOST_OPML_BYTES: u64 = 32 << 20;

/// All sources as they are found, file after file.
#[derive(Default)]
pub(super) struct Roster {
    drafts: Vec<Draft>,
    by_address: HashMap<String, usize>,
    /// Ids that were asked for, and where.
    ids: HashMap<String, Place>,
    /// Lists that are not on this machine.
    pub(super) lists: Vec<FetchedList>,
}

impl Roster {
    /// Takes the `[[source]]` of a file.
    pub(super) fn sources(
        &mut self,
        root: &Section<'_>,
        defaults: &Defaults,
        world: &World<'_>,
        notes: &mut Notes<'_>,
    ) {
        for section in root.sections("source", notes) {
            if let Some(draft) = draft(&section, defaults, world, notes) {
                self.add(draft, notes);
            }
        }
    }

    /// Takes the `[[opml]]` of a file; to be called when every `[[source]]` is known.
    pub(super) fn lists(
        &mut self,
        root: &Section<'_>,
        defaults: &Defaults,
        world: &World<'_>,
        notes: &mut Notes<'_>,
    ) {
        for section in root.sections("opml", notes) {
            subscribe(&section, defaults, world, notes, self);
        }
    }

    /// Takes a `[[source]]`; a second one with the same address or id is a problem.
    fn add(&mut self, draft: Draft, notes: &mut Notes<'_>) {
        let index = self.drafts.len();
        let first = *self
            .by_address
            .entry(address_key(&draft.source.url))
            .or_insert(index);
        if first != index
            && let (Some(place), Some(first)) = (&draft.place, &self.drafts[first].place)
        {
            let (key, line) = (&first.key, &first.line);
            notes.problem(
                place.at,
                &place.key,
                format!("the same address as {key} in {line}; keep one of the two sources"),
            );
        }
        self.take_id(&draft, notes);
        self.drafts.push(draft);
    }

    fn take_id(&mut self, draft: &Draft, notes: &mut Notes<'_>) {
        let Some((id, place)) = &draft.id else { return };
        if let Some(first) = self.ids.get(id) {
            let (key, line) = (&first.key, &first.line);
            notes.problem(
                place.at,
                &place.key,
                format!("{id:?} is also {key} in {line}; give one of the two another id"),
            );
        } else {
            self.ids.insert(id.clone(), place.clone());
        }
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

    /// Gives each its id: the wanted ones first, then those made from addresses, numbered in file order. `folder` is
    /// that of the main file.
    pub(super) fn finish(self, folder: &Path) -> Vec<Source> {
        let mut ids = Ids {
            taken: self.ids.into_keys().collect(),
            numbers: HashMap::new(),
        };
        let name = |draft: Draft| {
            let mut source = draft.source;
            source.id = match draft.id {
                Some((id, _)) => id,
                None => ids.unused(default_id(&source.url, source.private, folder)),
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
    let url = secret::hidden(section, "url", world, notes, |text| {
        fetched_list(text).map(drop)
    });
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
        (None, Some(value)) => {
            let Some(hidden) = url else { return };
            let Ok(url) = fetched_list(hidden.value.expose()) else {
                return;
            };
            match world.library.get(&url) {
                Some(list) => {
                    let name = PathBuf::from(&value.key);
                    if let Err(message) =
                        outlines(list, &name, None, &tags, defaults, notes, roster)
                    {
                        notes.problem(value.at, value.key, format!("the list {message}"));
                    }
                }
                None => notes.warning(
                    value.at,
                    value.key,
                    "the list is not here yet; `feedmill run` fetches it",
                ),
            }
            roster.lists.push(FetchedList {
                url,
                private: hidden.elsewhere,
            });
        }
        (Some(value), None) => {
            let Some(file) = file else { return };
            world.look_at(&file);
            if let Err(message) = subscribe_file(&file, &tags, defaults, notes, roster) {
                notes.problem(value.at, value.key, format!("{} {message}", file.display()));
            }
        }
    }
}

fn fetched_list(text: &str) -> Read<Url> {
    let url = Url::parse(text).ok().filter(is_fetched);
    url.ok_or_else(|| {
        "no address of an OPML list; write \"https://…\", or `path` for a file".to_owned()
    })
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
    let folder = Some(file.parent().unwrap_or(file));
    outlines(&bytes, file, folder, tags, defaults, notes, roster)
}

/// Adds the outlines of a list that is called `name`. Files are named relative to `folder`, `None`: they may not be, as
/// the list is somebody else's.
fn outlines(
    bytes: &[u8],
    name: &Path,
    folder: Option<&Path>,
    tags: &[String],
    defaults: &Defaults,
    notes: &mut Notes<'_>,
    roster: &mut Roster,
) -> Read<()> {
    let text = opml::decode(bytes);
    let document = opml::read(&text)?;
    let mut own = Notes::new(name, &text);
    for (at, reason) in document.broken {
        own.warning(at, "", reason);
    }
    for outline in document.outlines {
        let title = outline.title.clone().unwrap_or_default();
        let url = match folder {
            Some(folder) => feed_url(&outline.url, folder),
            None => feed_url(&outline.url, name).and_then(|url| {
                if is_fetched(&url) {
                    Ok(url)
                } else {
                    Err("a list that is fetched may name no files".to_owned())
                }
            }),
        };
        match url {
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
