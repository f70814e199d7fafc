//! The authors of a page.

use url::Url;

use super::{Found, Head, absolute};
use crate::extract::dom::{NodeId, Tree};
use crate::extract::json_ld::{Node, Part};
use crate::model::{Author, AuthorKind, PageField};
use crate::normalize::page;
use crate::parse::Person;

/// No byline is longer, in characters.
const BYLINE_CHARS: usize = 120;
/// Nor names more people.
const MOST: usize = 20;

/// JSON-LD, meta elements, microdata, `rel=author`, the byline: the first that names somebody.
pub(super) fn authors(
    tree: &Tree,
    head: &Head,
    ld: Option<Node<'_>>,
    url: &Url,
    site: Option<&str>,
) -> Option<Found<Vec<Author>>> {
    let read = |people: Vec<Person>| page::authors(&people, url, site);
    let described = || described(ld?, url, site);
    let named = || {
        let names = [
            "author",
            "article:author",
            "parsely-author",
            "dc.creator",
            "sailthru.author",
            "byl",
        ];
        names.iter().find_map(|name| {
            let people: Vec<Person> = head
                .metas(name)
                .filter(|name| !name.starts_with("http") && !name.contains('@'))
                .take(MOST)
                .map(person)
                .collect();
            Some(read(people)).filter(|found| !found.is_empty())
        })
    };
    let marked = || {
        let ids = tree.elements.iter().copied();
        let ids = ids.filter(|id| {
            tree.attribute(*id, "itemprop")
                .is_some_and(|own| own == "author")
        });
        Some(read(shown(tree, ids.filter(|id| !tree.is_aside(*id)))))
            .filter(|found| !found.is_empty())
    };
    let linked = || {
        let is_author = |id: &NodeId| {
            let rel = tree.attribute(*id, "rel").unwrap_or_default();
            rel.split(' ').any(|rel| rel.eq_ignore_ascii_case("author"))
        };
        let ids = tree.elements.iter().copied().filter(is_author);
        Some(read(shown(tree, ids.filter(|id| !tree.is_aside(*id)))))
            .filter(|found| !found.is_empty())
    };
    let byline = || {
        let ids = tree
            .elements
            .iter()
            .copied()
            .filter(|id| is_byline(tree, *id));
        let people = shown(tree, ids.filter(|id| !tree.is_aside(*id)));
        // Blocks within blocks tell the same names: the first that reads as names does.
        people
            .into_iter()
            .map(|person| read(vec![person]))
            .find(|found| !found.is_empty() && found.iter().all(|author| looks_named(&author.name)))
    };
    described()
        .map(|found| Found::new(found, PageField::Jsonld))
        .or_else(|| Some(Found::new(named()?, PageField::Dom)))
        .or_else(|| Some(Found::new(marked()?, PageField::Microdata)))
        .or_else(|| Some(Found::new(linked()?, PageField::Dom)))
        .or_else(|| Some(Found::new(byline()?, PageField::Dom)))
}

fn person(name: String) -> Person {
    Person {
        name,
        ..Person::default()
    }
}

fn described(ld: Node<'_>, url: &Url, site: Option<&str>) -> Option<Vec<Author>> {
    let mut out: Vec<Author> = Vec::new();
    for part in ld
        .parts("author")
        .into_iter()
        .chain(ld.parts("creator"))
        .take(MOST)
    {
        let (names, home, is_group) = match part {
            Part::Node(node) => (
                node.texts("name"),
                node.address("url").and_then(|own| absolute(url, &own)),
                node.is_a("Organization") || node.is_a("NewsMediaOrganization"),
            ),
            Part::Text(name) if name.starts_with("http") || name.starts_with('#') => continue,
            Part::Text(name) => (vec![name], None, false),
        };
        for name in names {
            let person = Person {
                name,
                url: home.clone(),
                ..Person::default()
            };
            for mut author in page::authors(&[person], url, site) {
                if is_group {
                    author.kind = AuthorKind::Organization;
                }
                if out.iter().all(|known| known.name != author.name) {
                    out.push(author);
                }
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The people that elements name, each once.
fn shown(tree: &Tree, ids: impl Iterator<Item = NodeId>) -> Vec<Person> {
    let mut out: Vec<Person> = Vec::new();
    for id in ids.take(MOST) {
        let inner = tree.document.iter_descendants(id, &[]);
        let name = inner
            .into_iter()
            .find(|inner| tree.attribute(*inner, "itemprop").as_deref() == Some("name"))
            .map(|inner| {
                tree.attribute(inner, "content")
                    .unwrap_or_else(|| tree.text(inner))
            });
        let name = name
            .or_else(|| tree.attribute(id, "content"))
            .unwrap_or_else(|| tree.text(id));
        let name = name
            .split(['|', '•', '·', '\u{2013}'])
            .next()
            .unwrap_or_default()
            .trim();
        let name = without_lead(name);
        if name.is_empty()
            || name.chars().count() > BYLINE_CHARS
            || out.iter().any(|known| known.name == name)
        {
            continue;
        }
        out.push(Person {
            name: name.to_owned(),
            url: tree.attribute(id, "href"),
            ..Person::default()
        });
    }
    out
}

/// A name without the words that say what it is; `By` and its like are known elsewhere.
fn without_lead(name: &str) -> &str {
    const LEADS: &[&str] = &[
        "written by",
        "reported by",
        "story by",
        "text by",
        "posted by",
        "published by",
        "author:",
        "authors:",
        "by:",
        "autor:",
        "autorin:",
        "geschrieben von",
        "text:",
        "écrit par",
        "rédigé par",
        "publié par",
        "auteur :",
        "auteur:",
        "escrito por",
        "publicado por",
        "scritto da",
        "a cura di",
        "geschreven door",
        "door:",
    ];
    let lead = LEADS.iter().find(|lead| {
        name.get(..lead.len())
            .is_some_and(|start| start.to_lowercase() == **lead)
    });
    lead.map_or(name, |lead| name[lead.len()..].trim_start())
}

fn is_byline(tree: &Tree, id: NodeId) -> bool {
    const NAMES: &[&str] = &["byline", "author", "authors", "autor", "auteur", "autore"];
    const OTHERS: &[&str] = &[
        "image", "avatar", "photo", "bio", "box", "info", "social", "img", "picture", "about",
    ];
    let naming = tree.naming(id);
    let mut words = naming.split(|c: char| !c.is_ascii_alphanumeric());
    words.clone().any(|word| NAMES.contains(&word)) && !words.any(|word| OTHERS.contains(&word))
}

/// Two words or more, and none of a sentence.
fn looks_named(name: &str) -> bool {
    let words = name.split_whitespace().count();
    (1..=6).contains(&words)
        && !name.contains(|c: char| c.is_numeric() || matches!(c, '?' | '!' | ':'))
}
