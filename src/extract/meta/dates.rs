//! The dates of a page.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Found, Head, When, when};
use crate::extract::dom::{NodeId, Tree};
use crate::extract::json_ld::Node;
use crate::model::PageField;

#[derive(Clone, Debug, Default)]
pub(super) struct Dates {
    pub(super) published: Option<Found<When>>,
    pub(super) updated: Option<Found<When>>,
}

const PUBLISHED_METAS: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.issued",
    "dc.date.created",
    "dc.date",
    "datepublished",
    "publish-date",
    "publishdate",
    "publication_date",
    "pubdate",
    "cxenseparse:recs:publishtime",
    "date",
];
const UPDATED_METAS: &[&str] = &[
    "article:modified_time",
    "og:article:modified_time",
    "og:updated_time",
    "dcterms.modified",
    "dc.date.modified",
    "datemodified",
    "last-modified",
    "lastmod",
];

/// What stands before a date of publication, as `page::key` writes it.
const PUBLISHED: &[&str] = &[
    "published on",
    "published at",
    "published",
    "first published",
    "posted on",
    "posted",
    "date",
    "on",
    "publié le",
    "publie le",
    "paru le",
    "veröffentlicht am",
    "veröffentlicht",
    "erschienen am",
    "publicado el",
    "publicado em",
    "publicado",
    "pubblicato il",
    "pubblicato",
    "gepubliceerd op",
    "gepubliceerd",
    "geplaatst op",
];
/// What stands before a date of change.
const UPDATED: &[&str] = &[
    "updated on",
    "updated at",
    "last updated on",
    "last updated at",
    "last updated",
    "last modified on",
    "last modified",
    "modified",
    "updated",
    "update",
    "mis à jour le",
    "mis à jour",
    "mise à jour le",
    "mise à jour",
    "modifié le",
    "aktualisiert am",
    "aktualisiert",
    "zuletzt aktualisiert am",
    "zuletzt aktualisiert",
    "geändert am",
    "stand",
    "actualizado el",
    "actualizado",
    "atualizado em",
    "atualizado",
    "última actualización",
    "aggiornato il",
    "aggiornato",
    "ultimo aggiornamento",
    "bijgewerkt op",
    "bijgewerkt",
    "laatst bijgewerkt op",
    "laatst bijgewerkt",
];

/// JSON-LD, meta elements, microdata, `time` and what stands visibly behind a label. A lone date of change stands for the
/// publication.
pub(super) fn dates(
    tree: &Tree,
    head: &Head,
    ld: Option<Node<'_>>,
    zone: Option<Tz>,
    now: DateTime<Utc>,
) -> Dates {
    let read = |text: String, from| Some(Found::new(when(&text, zone, now)?, from));
    let ld_date = |key: &str| {
        ld.and_then(|ld| ld.text(key))
            .and_then(|text| read(text, PageField::Jsonld))
    };
    let meta_date = |names: &[&str]| {
        let texts = names.iter().filter_map(|name| head.metas(name).next());
        texts
            .filter_map(|text| read(text, PageField::Opengraph))
            .next()
    };
    let item_date = |name: &str| {
        let ids = tree.elements.iter().copied();
        let ids = ids.filter(|id| {
            tree.attribute(*id, "itemprop")
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        });
        ids.filter_map(|id| date_of(tree, id))
            .find_map(|text| read(text, PageField::Microdata))
    };
    let visible = std::cell::OnceCell::new();
    let seen = || visible.get_or_init(|| visible_dates(tree, zone, now));
    let published = ld_date("datePublished")
        .or_else(|| ld_date("dateCreated"))
        .or_else(|| meta_date(PUBLISHED_METAS))
        .or_else(|| item_date("datePublished"))
        .or_else(|| seen().published.clone());
    let updated = ld_date("dateModified")
        .or_else(|| meta_date(UPDATED_METAS))
        .or_else(|| item_date("dateModified"))
        .or_else(|| seen().updated.clone());
    let published = published.map(|found| exact(found, || seen().published.clone()));
    match (published, updated) {
        (None, updated) => Dates {
            published: updated,
            updated: None,
        },
        (Some(published), updated) => Dates {
            updated: updated.filter(|updated| is_later(updated.value, published.value)),
            published: Some(published),
        },
    }
}

/// Whether a change came after the publication; a bare day, on a later one.
fn is_later(updated: When, published: When) -> bool {
    if updated.is_day || published.is_day {
        updated.at.date_naive() > published.at.date_naive()
    } else {
        updated.at > published.at
    }
}

/// A bare day gives way to an instant of that day that stands elsewhere.
fn exact(found: Found<When>, other: impl FnOnce() -> Option<Found<When>>) -> Found<When> {
    if !found.value.is_day {
        return found;
    }
    let day = found.value.at.date_naive();
    other()
        .filter(|other| !other.value.is_day && other.value.at.date_naive() == day)
        .unwrap_or(found)
}

/// The date that an element carries: for machines, else as shown.
fn date_of(tree: &Tree, id: NodeId) -> Option<String> {
    ["datetime", "content", "title"]
        .iter()
        .filter_map(|name| tree.attribute(id, name))
        .find(|text| text.bytes().any(|byte| byte.is_ascii_digit()))
        .or_else(|| Some(tree.text(id)))
        .filter(|text| text.len() <= 80 && text.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Elements that are looked at for a date.
const MOST: usize = 200;
/// No line of dates is longer, in bytes.
const LINE_BYTES: usize = 160;

/// Dates at the head of the article, told apart by the label before them; without a label a `time` element is the
/// publication's.
fn visible_dates(tree: &Tree, zone: Option<Tz>, now: DateTime<Utc>) -> Dates {
    let mut out = Dates::default();
    let mut unlabelled = None;
    let mut looked_at = 0;
    for id in tree.elements.iter().copied() {
        let name = tree.name(id);
        let is_time = name == "time";
        let is_named = || {
            let naming = tree.naming(id);
            ["date", "time", "publish", "updated", "posted", "modified"]
                .iter()
                .any(|word| naming.contains(word))
        };
        if matches!(
            name,
            "html" | "body" | "head" | "script" | "style" | "main" | "article"
        ) || !is_time && !is_named()
            || tree.is_aside(id)
        {
            continue;
        }
        looked_at += 1;
        if looked_at > MOST {
            break;
        }
        let shown = tree.text(id);
        if shown.len() > LINE_BYTES {
            continue;
        }
        // `Published … | Updated …` in one line.
        let parts: Vec<&str> = shown.split(['|', '•', '·']).map(str::trim).collect();
        let is_line = parts.len() > 1;
        for part in parts {
            let (label, rest) = match is_line {
                true => labelled(tree, None, part),
                false => labelled(tree, Some(id), part),
            };
            let text = date_of(tree, id).filter(|text| *text != shown && !is_line);
            let value = text
                .and_then(|text| when(&text, zone, now))
                .or_else(|| rest.iter().find_map(|rest| when(rest, zone, now)));
            let Some(value) = value else { continue };
            let found = Some(Found::new(value, PageField::Dom));
            match label {
                Some(true) if out.published.is_none() => out.published = found,
                Some(false) if out.updated.is_none() => out.updated = found,
                None if unlabelled.is_none() && is_time => unlabelled = found,
                _ => {}
            }
        }
        if out.published.is_some() && out.updated.is_some() {
            break;
        }
    }
    if out.published.is_none() {
        let is_update = unlabelled.is_some() && unlabelled == out.updated;
        out.published = unlabelled.filter(|_| !is_update);
    }
    out
}

/// Whether the label before a date says publication (`true`) or change, and the texts that the date may be. `id`: the
/// element that shows it and nothing else.
fn labelled(tree: &Tree, id: Option<NodeId>, shown: &str) -> (Option<bool>, Vec<String>) {
    let before = id.map(|id| tree.text_before(id)).unwrap_or_default();
    let before = if before.len() <= LINE_BYTES {
        before
    } else {
        String::new()
    };
    let mut texts = vec![shown.to_owned()];
    let mut label = label_of(&before);
    let lower = shown.to_lowercase();
    for (names, is_publication) in [(PUBLISHED, true), (UPDATED, false)] {
        for name in names {
            if let Some(rest) = lower.strip_prefix(name) {
                let is_word = !rest.starts_with(char::is_alphabetic);
                if is_word {
                    let rest = shown.get(shown.len() - rest.len()..).unwrap_or_default();
                    texts.push(
                        rest.trim_start_matches([':', ' ', '-', '–', ','])
                            .to_owned(),
                    );
                    label = Some(is_publication);
                }
            }
        }
    }
    // The class says it where no label does.
    if let Some(id) = id.filter(|_| label.is_none()) {
        let naming = tree.naming(id);
        label = if naming.contains("updated") || naming.contains("modified") {
            Some(false)
        } else if naming.contains("publish")
            || naming.contains("posted")
            || naming.contains("entry-date")
        {
            Some(true)
        } else {
            None
        };
    }
    texts.reverse();
    (label, texts)
}

/// What a text that ends before a date says.
fn label_of(before: &str) -> Option<bool> {
    let key = crate::normalize::page::key(before);
    let ends = |names: &[&str]| {
        names.iter().any(|name| {
            *name != "on"
                && *name != "date"
                && key
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
        })
    };
    if ends(UPDATED) {
        Some(false)
    } else if ends(PUBLISHED) {
        Some(true)
    } else {
        None
    }
}
