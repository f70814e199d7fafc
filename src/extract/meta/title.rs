//! The headline and the standfirst of a page.

use url::Url;

use super::{Found, Head};
use crate::extract::dom::{NodeId, Tree};
use crate::extract::json_ld::Node;
use crate::model::PageField;
use crate::normalize::page;

/// JSON-LD, Open Graph, the first heading, the title element: without the name of the site behind it.
pub(super) fn title(
    tree: &Tree,
    head: &Head,
    ld: Option<Node<'_>>,
    site: Option<&str>,
    url: &Url,
) -> Option<Found<String>> {
    let heading = heading(tree, head);
    let shown = heading.map(|id| tree.text(id));
    let host = url.host_str().unwrap_or_default();
    let bare = |title: String| without_site(&title, site, host, shown.as_deref());
    let candidates = [
        ld.and_then(|ld| ld.text("headline").or_else(|| ld.text("name")))
            .map(|title| (bare(title), PageField::Jsonld)),
        head.meta(&["og:title"])
            .map(|title| (bare(title), PageField::Opengraph)),
        shown.clone().map(|title| (title, PageField::Dom)),
        head.title
            .clone()
            .map(|title| (bare(title), PageField::Dom)),
    ];
    let found: Vec<(String, PageField)> = candidates
        .into_iter()
        .flatten()
        .filter_map(|(title, from)| Some((page::title(&title)?, from)))
        .collect();
    let (first, from) = found.first()?;
    // A headline that was cut is another one's beginning.
    let cut = first
        .strip_suffix("...")
        .or_else(|| first.strip_suffix('…'))
        .map(str::trim_end);
    let whole = cut.and_then(|cut| {
        found
            .iter()
            .skip(1)
            .find(|(title, _)| title.starts_with(cut))
    });
    let (value, from) = whole.cloned().unwrap_or_else(|| (first.clone(), *from));
    Some(Found::new(value, from))
}

/// The first-level heading of the article: of several the one that the title element repeats.
pub(super) fn heading(tree: &Tree, head: &Head) -> Option<NodeId> {
    let marked = tree.elements.iter().copied().find(|id| {
        tree.attribute(*id, "itemprop").as_deref() == Some("headline") && tree.name(*id) != "meta"
    });
    let headings = || {
        let all = tree.elements.iter().copied();
        all.filter(|id| tree.name(*id) == "h1" && !tree.text(*id).is_empty())
    };
    let title = head.title.as_deref().map(page::key).unwrap_or_default();
    // The name of the site stands in the title element, too: the longest is meant.
    headings()
        .map(|id| (page::key(&tree.text(id)), id))
        .filter(|(key, _)| title.contains(key.as_str()))
        .max_by_key(|(key, _)| key.len())
        .map(|(_, id)| id)
        .or(marked)
        .or_else(|| headings().find(|id| !tree.is_aside(*id)))
}

const SEPARATORS: &[&str] = &[
    " | ", " - ", " – ", " — ", " :: ", " · ", " » ", " « ", " • ", " / ",
];

/// Cuts the name of the site off either end.
fn without_site(title: &str, site: Option<&str>, host: &str, heading: Option<&str>) -> String {
    let site_key = site.map(page::key).unwrap_or_default();
    let host_key: String = host.trim_start_matches("www.").replace(['.', '-'], "");
    let is_site = |part: &str| {
        let key = page::key(part);
        let glued = key.replace(' ', "");
        !key.is_empty()
            && (key == site_key
                || !site_key.is_empty()
                    && (key.starts_with(&site_key) || site_key.starts_with(&key))
                    && key.split(' ').count() <= 5
                || glued.len() >= 4 && host_key.starts_with(&glued))
    };
    let cut =
        |at: usize, separator: &str| (title[..at].trim(), title[at + separator.len()..].trim());
    for separator in SEPARATORS {
        if let Some(at) = title.rfind(separator) {
            let (left, right) = cut(at, separator);
            let is_heading = heading.is_some_and(|heading| page::key(heading) == page::key(left));
            if !left.is_empty() && (is_site(right) || is_heading) {
                return without_site(left, site, host, heading);
            }
        }
        if let Some(at) = title.find(separator) {
            let (left, right) = cut(at, separator);
            let is_heading = heading.is_some_and(|heading| page::key(heading) == page::key(right));
            if !right.is_empty() && (is_heading || key_is_site_alone(left, &site_key)) {
                return right.to_owned();
            }
        }
    }
    title.to_owned()
}

fn key_is_site_alone(part: &str, site_key: &str) -> bool {
    !site_key.is_empty() && page::key(part) == site_key
}

/// Longest standfirst that is believed when it only stands on the page, in characters.
const STANDFIRST_CHARS: usize = 500;

/// JSON-LD, Open Graph, meta description, the standfirst below the headline. What was cut is taken whole where it
/// stands whole; what only repeats the title is none.
pub(super) fn summary(
    tree: &Tree,
    head: &Head,
    ld: Option<Node<'_>>,
    title: Option<&str>,
) -> Option<Found<String>> {
    let title = title.map(page::key).unwrap_or_default();
    let standfirst = standfirst(tree, head);
    let candidates = [
        ld.and_then(|ld| ld.text("description").or_else(|| ld.text("abstract")))
            .map(|text| (text, PageField::Jsonld)),
        head.meta(&["og:description"])
            .map(|text| (text, PageField::Opengraph)),
        head.meta(&["description", "twitter:description", "dc.description"])
            .map(|text| (text, PageField::Dom)),
        standfirst.map(|text| (text, PageField::Dom)),
    ];
    let found: Vec<(String, PageField)> = candidates
        .into_iter()
        .flatten()
        .filter_map(|(text, from)| Some((page::summary(&text)?, from)))
        .filter(|(text, _)| page::key(text) != title)
        .collect();
    let (first, from) = found.first()?;
    let cut = first
        .strip_suffix("...")
        .or_else(|| first.strip_suffix('…'))
        .map(str::trim_end);
    let whole = cut.and_then(|cut| {
        let longer = |text: &str| text.starts_with(cut) && text.len() > first.len();
        found.iter().find(|(text, _)| longer(text))
    });
    let (value, from) = whole.cloned().unwrap_or_else(|| (first.clone(), *from));
    Some(Found::new(value, from))
}

/// A paragraph below the headline that its class calls a standfirst.
fn standfirst(tree: &Tree, head: &Head) -> Option<String> {
    const NAMES: &[&str] = &[
        "standfirst",
        "dek",
        "deck",
        "subtitle",
        "sub-title",
        "subhead",
        "subheadline",
        "summary",
        "lede",
        "lead",
        "chapo",
        "vorspann",
        "intro",
        "abstract",
        "excerpt",
        "strapline",
    ];
    let heading = heading(tree, head)?;
    let below = tree
        .elements
        .iter()
        .skip_while(|id| **id != heading)
        .skip(1);
    below
        .take(60)
        .copied()
        .filter(|id| matches!(tree.name(*id), "p" | "h2" | "h3" | "div" | "span"))
        .filter(|id| {
            let naming = tree.naming(*id);
            naming
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| NAMES.contains(&word))
                || NAMES[..6]
                    .iter()
                    .any(|name| naming.contains(name) && name.len() > 4)
        })
        .filter(|id| !tree.is_aside(*id))
        .map(|id| tree.text(id))
        .find(|text| (20..=STANDFIRST_CHARS).contains(&text.chars().count()))
}
