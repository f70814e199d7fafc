//! `[[output]]`.
use std::collections::BTreeSet;

use url::Url;

use crate::filter::Filters;
use crate::model::Source;

use super::file::{Notes, Read, Section, Value};
use super::filters::filters;
use super::grammar::nearest;
use super::sections::path;
use super::values::{choice, count, name, tag, words};
use super::{Content, Order, Output, World, secret};

/// Paths of the server, and `index.html` of a folder, that no output may take.
const RESERVED: [&str; 12] = [
    "search", "sources", "source", "tag", "articles", "health", "healthz", "readyz", "metrics",
    "websub", "static", "index",
];

const MOST_ARTICLES: u32 = 10_000;

/// All outputs as they are found, file after file.
pub(super) struct Outputs<'s> {
    known: Known<'s>,
    /// Each with the line where it stands.
    found: Vec<(String, Output)>,
}

impl<'s> Outputs<'s> {
    /// None yet, of these sources.
    pub(super) fn of(sources: &'s [Source]) -> Self {
        Self {
            known: Known::of(sources),
            found: Vec::new(),
        }
    }

    /// Takes the `[[output]]` of a file; a second one of a name is a problem.
    pub(super) fn add(&mut self, root: &Section<'_>, world: &World<'_>, notes: &mut Notes<'_>) {
        for section in &root.sections("output", notes) {
            let output = output(section, &self.known, world, notes);
            let first = self
                .found
                .iter()
                .find(|(_, other)| other.name == output.name);
            if let Some((line, _)) = first {
                let value = section.value("name");
                let (at, key) = value.map_or((section.at, section.path.clone()), |value| {
                    (value.at, value.key)
                });
                notes.problem(
                    at,
                    key,
                    format!(
                        "{:?} is also the name of the output in {line}; give one of them another",
                        output.name
                    ),
                );
            }
            self.found.push((notes.line(section.at), output));
        }
    }

    /// Every output; one named `all` when none was found.
    pub(super) fn finish(self) -> Vec<Output> {
        if self.found.is_empty() {
            return vec![everything()];
        }
        self.found.into_iter().map(|(_, output)| output).collect()
    }
}

fn hub(text: &str) -> Read<Url> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none())
        .ok_or_else(|| "no address of a hub; write \"https://hub.example.org/\"".to_owned())
}

/// What sources offer for outputs to choose from.
struct Known<'s> {
    ids: BTreeSet<&'s str>,
    tags: BTreeSet<&'s str>,
}

impl<'s> Known<'s> {
    fn of(sources: &'s [Source]) -> Self {
        let ids = sources.iter().map(|source| source.id.as_str()).collect();
        let tags = sources
            .iter()
            .flat_map(|source| source.tags.iter().map(String::as_str))
            .collect();
        Self { ids, tags }
    }
}

fn everything() -> Output {
    Output {
        title: "Everything".to_owned(),
        ..Output::everything("all".to_owned())
    }
}

impl Output {
    /// Everything, open to everybody, with every other key at its default.
    pub fn everything(name: String) -> Self {
        Self {
            title: name.clone(),
            name,
            tags: Vec::new(),
            sources: Vec::new(),
            filters: Filters::default(),
            limit: 100,
            order: Order::Published,
            per_source: None,
            token: None,
            title_prefix: String::new(),
            content: Content::Full,
            directory: None,
            hubs: Vec::new(),
        }
    }
}

fn output(
    section: &Section<'_>,
    known: &Known<'_>,
    world: &World<'_>,
    notes: &mut Notes<'_>,
) -> Output {
    let default = everything();
    let name = section.read("name", default.name, notes, output_name);
    let title = if name == "all" {
        default.title
    } else {
        name.clone()
    };
    let token = secret::secret(section, "token", world, notes, secret::token);
    let hubs = section.list("hubs", notes, |value| hub(value.text()?));
    if let Some(value) = section
        .value("hubs")
        .filter(|_| !hubs.is_empty() && token.is_some())
    {
        let wrong = "a hub cannot read what needs a token; take out `hubs` or `token`";
        notes.problem(value.at, value.key, wrong);
    }
    Output {
        title: section.read("title", title, notes, words),
        tags: tags(section, known, notes),
        sources: section.list("sources", notes, |value| source_id(value, known)),
        filters: filters(section, notes),
        limit: section.read("limit", default.limit, notes, count(1, MOST_ARTICLES)),
        order: section.read(
            "order",
            default.order,
            notes,
            choice(&[
                ("published", Order::Published),
                ("first_seen", Order::FirstSeen),
            ]),
        ),
        per_source: section
            .optional("per_source", notes, count(0, MOST_ARTICLES))
            .filter(|cap| *cap > 0),
        token,
        title_prefix: section.read("title_prefix", default.title_prefix, notes, |value| {
            value.text().map(str::to_owned)
        }),
        content: section.read(
            "content",
            default.content,
            notes,
            choice(&[("full", Content::Full), ("summary", Content::Summary)]),
        ),
        directory: section.optional("directory", notes, |value| path(value, world)),
        hubs,
        name,
    }
}

fn output_name(value: &Value<'_>) -> Read<String> {
    let name = name(value)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(format!(
            "{name:?} is a path of the server itself; write another name, such as \"{name}-feed\""
        ));
    }
    Ok(name)
}

/// A tag that no source has may have one tomorrow, so it only warns.
fn tags(section: &Section<'_>, known: &Known<'_>, notes: &mut Notes<'_>) -> Vec<String> {
    let tags = section.list("tags", notes, tag);
    if let Some(value) = section.value("tags") {
        for tag in tags.iter().filter(|tag| !known.tags.contains(tag.as_str())) {
            notes.warning(
                value.at,
                value.key.clone(),
                format!("no source has the tag {tag:?}"),
            );
        }
    }
    tags
}

fn source_id(value: &Value<'_>, known: &Known<'_>) -> Read<String> {
    let id = value.text()?;
    if known.ids.contains(id) {
        return Ok(id.to_owned());
    }
    let near =
        nearest(id, known.ids.iter().copied()).map(|near| format!("; did you mean {near:?}?"));
    Err(format!(
        "no source has the id {id:?}{}",
        near.as_deref().unwrap_or("; `feedmill check` lists them")
    ))
}
