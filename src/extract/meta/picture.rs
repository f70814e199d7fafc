//! The lead picture of a page.

use url::Url;

use super::{Found, Head, absolute};
use crate::extract::dom::{NodeId, Tree, tidy};
use crate::extract::json_ld::{Node, Part};
use crate::model::{Image, PageField};
use crate::normalize::page;

/// A side that is known to be shorter says that a picture is no lead.
const WIDE: u32 = 600;
/// Widest candidate of a `srcset` that is taken.
const WIDEST: u32 = 2_048;
/// No caption is longer, in characters.
const CAPTION_CHARS: usize = 1_000;

/// JSON-LD and Open Graph when wide or of unknown size, the first figure of the page, then what is left. Alternative
/// text, caption and credit come from the `img` of the same address.
pub(super) fn lead(
    tree: &Tree,
    head: &Head,
    ld: Option<Node<'_>>,
    title: Option<&str>,
    url: &Url,
) -> Option<Found<Image>> {
    let described = ld.map(|ld| described(ld, url)).unwrap_or_default();
    let named = named(head, url);
    let all: Vec<(Image, PageField)> = described
        .into_iter()
        .map(|image| (image, PageField::Jsonld))
        .chain(named.into_iter().map(|image| (image, PageField::Opengraph)))
        .filter(|(image, _)| page::is_lead(&image.url, None, image.width, image.height))
        .collect();
    let shown: Vec<(NodeId, Image)> = shown(tree, url);
    let wide = all
        .iter()
        .find(|(image, _)| image.width.is_none_or(|width| width >= WIDE));
    let figure = || {
        let figures = shown
            .iter()
            .filter(|(id, _)| tree.lineage(*id).any(|id| tree.name(id) == "figure"));
        figures
            .chain(shown.iter())
            .find(|(id, _)| !tree.is_aside(*id) && is_in_article(tree, *id))
            .map(|(_, image)| (image.clone(), PageField::Dom))
    };
    let (mut image, from) = wide
        .cloned()
        .or_else(figure)
        .or_else(|| all.first().cloned())?;
    let twin = shown
        .iter()
        .find(|(_, other)| is_same(&other.url, &image.url));
    if let Some((id, other)) = twin {
        image.alt = other.alt.clone().or(image.alt);
        image.width = image.width.or(other.width);
        image.height = image.height.or(other.height);
        if let Some((caption, credit)) = caption(tree, *id) {
            image.caption = caption.or(image.caption);
            image.credit = image.credit.or(credit);
        }
    }
    let (caption, credit) = image.caption.take().map(credit_in).unwrap_or_default();
    image.credit = image.credit.or(credit);
    image.caption = caption.filter(|caption| {
        let key = page::key(caption);
        title.map(page::key).as_ref() != Some(&key)
            && image.alt.as_deref().map(page::key).as_ref() != Some(&key)
    });
    Some(Found::new(image, from))
}

fn described(ld: Node<'_>, url: &Url) -> Vec<Image> {
    let keys = ["image", "primaryImageOfPage", "thumbnailUrl"];
    let parts = keys.iter().flat_map(|key| ld.parts(key));
    parts
        .filter_map(|part| match part {
            Part::Text(address) => Some(Image {
                url: absolute(url, &address)?,
                ..Image::default()
            }),
            Part::Node(node) => Some(Image {
                url: ["url", "contentUrl", "@id"]
                    .iter()
                    .find_map(|key| absolute(url, &node.text(key)?))?,
                caption: node.text("caption"),
                credit: node.text("creditText").or_else(|| node.text("creator")),
                width: node.number("width"),
                height: node.number("height"),
                ..Image::default()
            }),
        })
        .collect()
}

fn named(head: &Head, url: &Url) -> Vec<Image> {
    let number = |names: &[&str]| head.meta(names).and_then(|text| text.parse().ok());
    let open_graph = head
        .meta(&["og:image", "og:image:url", "og:image:secure_url"])
        .and_then(|image| absolute(url, &image))
        .map(|address| Image {
            url: address,
            alt: head.meta(&["og:image:alt"]),
            width: number(&["og:image:width"]),
            height: number(&["og:image:height"]),
            mime_type: head
                .meta(&["og:image:type"])
                .filter(|kind| kind.starts_with("image/")),
            ..Image::default()
        });
    let twitter = head
        .meta(&["twitter:image", "twitter:image:src"])
        .and_then(|image| absolute(url, &image))
        .map(|address| Image {
            url: address,
            alt: head.meta(&["twitter:image:alt"]),
            ..Image::default()
        });
    open_graph.into_iter().chain(twitter).collect()
}

/// The pictures of the page that could lead an article.
fn shown(tree: &Tree, url: &Url) -> Vec<(NodeId, Image)> {
    let images = tree
        .elements
        .iter()
        .copied()
        .filter(|id| tree.name(*id) == "img");
    images
        .filter_map(|id| {
            let number = |name| {
                tree.attribute(id, name)
                    .and_then(|text| text.trim_end_matches("px").parse().ok())
            };
            let alt = tree.attribute(id, "alt").and_then(|alt| tidy(&alt));
            let image = Image {
                url: address(tree, id, url)?,
                alt,
                width: number("width"),
                height: number("height"),
                ..Image::default()
            };
            let is_lead =
                page::is_lead(&image.url, image.alt.as_deref(), image.width, image.height);
            (is_lead && !page::is_portrait(tree.naming(id).trim())).then_some((id, image))
        })
        .collect()
}

/// Where a picture is: what is loaded late, the largest of a set, `src`.
fn address(tree: &Tree, id: NodeId, url: &Url) -> Option<String> {
    let is_real = |text: &String| !text.starts_with("data:");
    let late = [
        "data-src",
        "data-original",
        "data-lazy-src",
        "data-hi-res-src",
    ];
    let late = late
        .iter()
        .filter_map(|name| tree.attribute(id, name))
        .find(is_real);
    let sets = ["srcset", "data-srcset", "data-lazy-srcset"];
    let set = || {
        sets.iter()
            .filter_map(|name| tree.attribute(id, name))
            .find_map(|set| largest(&set))
    };
    let own = tree.attribute(id, "src").filter(is_real);
    absolute(url, &late.or(own).or_else(set)?)
}

/// The widest candidate of a set up to [`WIDEST`].
fn largest(set: &str) -> Option<String> {
    let candidates = set.split(", ").filter_map(|candidate| {
        let (address, width) = candidate
            .trim()
            .split_once(' ')
            .unwrap_or((candidate.trim(), "1w"));
        let width: u32 = width.trim().trim_end_matches('w').parse().unwrap_or(1);
        (width <= WIDEST && !address.is_empty()).then_some((width, address))
    });
    candidates
        .max_by_key(|(width, _)| *width)
        .map(|(_, address)| address.to_owned())
}

/// Whether it stands in an element that holds an article.
fn is_in_article(tree: &Tree, id: NodeId) -> bool {
    tree.lineage(id).any(|id| {
        matches!(tree.name(id), "article" | "main" | "figure") || {
            let naming = tree.naming(id);
            ["article", "post", "entry", "story", "content"]
                .iter()
                .any(|word| naming.contains(word))
        }
    })
}

/// Whether two addresses are one picture: the query is often its size.
fn is_same(one: &str, other: &str) -> bool {
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    path(one) == path(other)
}

/// Caption and credit of the figure that a picture stands in.
fn caption(tree: &Tree, id: NodeId) -> Option<(Option<String>, Option<String>)> {
    let figure = tree
        .lineage(id)
        .take(8)
        .find(|id| tree.name(*id) == "figure" || tree.naming(*id).contains("wp-caption"))?;
    let inner = tree.document.iter_descendants(figure, &[]);
    let is_named = |id: &NodeId, word: &str| tree.naming(*id).contains(word);
    let credit = inner
        .iter()
        .find(|id| is_named(id, "credit") || is_named(id, "copyright"))
        .map(|id| tree.text(*id))
        .filter(|text| !text.is_empty());
    let whole = inner
        .iter()
        .find(|id| tree.name(**id) == "figcaption" || is_named(id, "caption-text"))
        .map(|id| tree.text(*id))?;
    let caption = match &credit {
        Some(credit) => whole.replacen(credit.as_str(), "", 1).trim().to_owned(),
        None => whole,
    };
    let caption =
        Some(caption).filter(|text| !text.is_empty() && text.chars().count() <= CAPTION_CHARS);
    Some((caption, credit.map(bare_credit)))
}

const CREDITS: &[&str] = &[
    "photo credit:",
    "image credit:",
    "photo by",
    "photograph by",
    "picture by",
    "image by",
    "photo:",
    "photograph:",
    "picture:",
    "image:",
    "credit:",
    "credits:",
    "photos:",
    "foto:",
    "bild:",
    "crédit photo :",
    "crédit photo:",
    "crédit :",
    "crédit:",
    "crédits :",
    "photo :",
    "crédito:",
    "créditos:",
    "immagine:",
    "beeld:",
    "©",
];

/// Parts a caption from the credit that its end or its beginning names.
fn credit_in(caption: String) -> (Option<String>, Option<String>) {
    let lower = caption.to_lowercase();
    if lower.len() != caption.len() {
        return (Some(caption), None);
    }
    for mark in CREDITS {
        let Some(at) = lower.rfind(mark) else {
            continue;
        };
        let before = caption[..at].trim_end();
        let stands_alone = before.is_empty()
            || before.ends_with([
                '.', '!', '?', '(', '|', '/', '"', '”', '–', '—', '-', ';', ',',
            ]);
        let credit = caption[at + mark.len()..]
            .trim_matches([' ', '(', ')', '.', ':'])
            .to_owned();
        if stands_alone && !credit.is_empty() && credit.chars().count() <= 80 {
            let before = before
                .trim_end_matches(['(', '|', '/', '–', '—', '-', ';', ',', ' '])
                .to_owned();
            return (Some(before).filter(|text| !text.is_empty()), Some(credit));
        }
    }
    (Some(caption), None)
}

fn bare_credit(credit: String) -> String {
    let lower = credit.to_lowercase();
    let mark = CREDITS
        .iter()
        .find(|mark| lower.starts_with(**mark) && lower.len() == credit.len());
    match mark {
        Some(mark) => credit[mark.len()..].trim().to_owned(),
        None => credit.trim_matches(['(', ')', ' ']).to_owned(),
    }
}
