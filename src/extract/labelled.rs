//! Labelled sections of a page, found before a body is extracted and put back where they stood afterwards: extractors
//! drop boxes, and the label or the list of what stands in the text.

use super::dom::{NodeId, Tree};
use crate::normalize::page;

pub(super) use place::put_back;

mod place;

/// A section as it stood on the page.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    /// Label and content, marked.
    html: String,
    /// What its blocks say.
    keys: Vec<String>,
    /// Texts before it, the nearest first, and behind it.
    before: Vec<String>,
    behind: Vec<String>,
    /// It stood in a box, which was taken out of the page.
    is_box: bool,
}

/// Elements around a label that may be its box.
const NEAR: usize = 12;
/// Texts that a box may hold.
const MOST_LEAVES: usize = 100;
/// Sections of a page that are looked after.
const MOST: usize = 24;
/// No box is longer, in characters.
const BOX_CHARS: usize = 3_000;
/// Nor a label, in characters.
const LABEL_CHARS: usize = 80;
/// Texts around a section by which its place is found again.
const ANCHORS: usize = 8;
/// Shorter texts say little about a place, in characters.
const ANCHOR_CHARS: usize = 20;

/// A text on the page that stands in no other block.
struct Leaf {
    id: NodeId,
    key: String,
}

/// Finds the sections, and takes boxes out of the tree.
pub(super) fn take(tree: &mut Tree) -> Vec<Labelled> {
    let leaves = leaves(tree);
    let boxes = boxes(tree, &leaves);
    let mut out: Vec<Labelled> = Vec::new();
    for (id, kind, first, last) in boxes.iter().take(MOST) {
        out.push(Labelled {
            html: marked(tree, kind, &box_html(tree, *id, &leaves[*first])),
            keys: leaves[*first..=*last]
                .iter()
                .map(|leaf| leaf.key.clone())
                .collect(),
            before: before(&leaves, *first),
            behind: behind(&leaves, *last),
            is_box: true,
        });
    }
    let is_boxed = |at: usize| {
        boxes
            .iter()
            .any(|(_, _, first, last)| (*first..=*last).contains(&at))
    };
    for at in (0..leaves.len()).filter(|at| !is_boxed(*at)) {
        if out.len() >= MOST {
            break;
        }
        out.extend(in_text(tree, &leaves, at));
    }
    for (id, ..) in boxes.into_iter().take(MOST) {
        tree.document.remove(id, true);
    }
    tree.elements = tree.document.iter(tree.document.root(), &[]);
    out
}

fn leaves(tree: &Tree) -> Vec<Leaf> {
    const NAMES: &[&str] = &[
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "blockquote",
        "pre",
        "dt",
        "dd",
        "summary",
        "figcaption",
    ];
    const HOLDERS: &[&str] = &[
        "p",
        "ul",
        "ol",
        "div",
        "h2",
        "h3",
        "h4",
        "table",
        "section",
        "article",
        "blockquote",
        "li",
        "figure",
        "aside",
        "details",
    ];
    let mut out: Vec<Leaf> = Vec::new();
    for id in tree.elements.iter().copied() {
        let name = tree.name(id);
        let holds_blocks = || !tree.document.iter_descendants(id, HOLDERS).is_empty();
        let is_leaf = NAMES.contains(&name)
            && (!matches!(name, "blockquote" | "li" | "dd") || !holds_blocks())
            || matches!(name, "div" | "span" | "strong" | "b") && is_lone_label(tree, id);
        if !is_leaf {
            continue;
        }
        if out
            .last()
            .is_some_and(|last| tree.lineage(id).skip(1).any(|above| above == last.id))
        {
            continue;
        }
        let key = page::key(&tree.text(id));
        if !key.is_empty() {
            out.push(Leaf { id, key });
        }
    }
    out
}

/// A short text without blocks in it, in an element that holds blocks otherwise.
fn is_lone_label(tree: &Tree, id: NodeId) -> bool {
    let has_elements = tree
        .document
        .children(id)
        .iter()
        .any(|child| !super::dom::is_inline(tree.name(*child)));
    if has_elements {
        return false;
    }
    let stands_in_text = tree.document.parent(id).is_some_and(|parent| {
        super::dom::is_inline(tree.name(parent))
            || matches!(
                tree.name(parent),
                "p" | "li" | "h2" | "h3" | "h4" | "h5" | "h6"
            )
    });
    if stands_in_text {
        return false;
    }
    let text = tree.text(id);
    text.len() <= LABEL_CHARS && page::label_kind(&text).is_some()
}

/// Boxes: an element whose first text is a known label, with what belongs to it and nothing else.
fn boxes(tree: &Tree, leaves: &[Leaf]) -> Vec<(NodeId, &'static str, usize, usize)> {
    let mut out: Vec<(NodeId, &'static str, usize, usize)> = Vec::new();
    let mut tried = 0;
    for (at, leaf) in leaves.iter().enumerate() {
        let text = tree.text(leaf.id);
        if let Some(found) = lone_box(tree, leaves, at) {
            out.push(found);
            continue;
        }
        let Some(kind) = page::label_kind(&text).filter(|_| text.chars().count() <= LABEL_CHARS)
        else {
            continue;
        };
        tried += 1;
        if tried > MOST_LEAVES {
            break;
        }
        let holders = tree
            .lineage(leaf.id)
            .skip(1)
            .take(NEAR)
            .take_while(|id| !matches!(tree.name(*id), "body" | "html" | "main" | "article"));
        let mut best = None;
        for id in holders {
            if !matches!(
                tree.name(id),
                "aside"
                    | "div"
                    | "section"
                    | "details"
                    | "header"
                    | "hgroup"
                    | "figure"
                    | "blockquote"
            ) {
                continue;
            }
            let is_within = |leaf: &Leaf| tree.lineage(leaf.id).any(|above| above == id);
            if at > 0 && is_within(&leaves[at - 1]) {
                break;
            }
            let count = leaves[at..]
                .iter()
                .take(MOST_LEAVES)
                .take_while(|leaf| is_within(leaf))
                .count();
            if count < 2 {
                continue;
            }
            if tree.text(id).chars().count() > BOX_CHARS
                || !is_box(tree, id, &leaves[at + 1..at + count])
            {
                break;
            }
            best = Some((id, kind, at, at + count - 1));
        }
        out.extend(best.filter(|(id, ..)| !is_linked(tree, *id)));
        if out.len() >= MOST {
            break;
        }
    }
    out
}

/// An aside or a quotation that is one paragraph, which a bold label opens.
fn lone_box(
    tree: &Tree,
    leaves: &[Leaf],
    at: usize,
) -> Option<(NodeId, &'static str, usize, usize)> {
    let leaf = &leaves[at];
    let (kind, _) = opening(tree, leaf.id)?;
    let aside = tree
        .lineage(leaf.id)
        .take(4)
        .find(|id| matches!(tree.name(*id), "aside" | "blockquote"))?;
    let is_within = |leaf: &Leaf| tree.lineage(leaf.id).any(|above| above == aside);
    let is_alone =
        !leaves.get(at + 1).is_some_and(is_within) && (at == 0 || !is_within(&leaves[at - 1]));
    is_alone.then_some((leaf.id, kind, at, at))
}

/// What a bold label that opens a paragraph means, and its text.
fn opening(tree: &Tree, id: NodeId) -> Option<(&'static str, String)> {
    let bold = tree.document.children(id).into_iter().next();
    let bold = bold.filter(|bold| matches!(tree.name(*bold), "strong" | "b"))?;
    let (text, label) = (tree.text(id), tree.text(bold));
    let opens = tree.name(id) == "p"
        && label.chars().count() <= LABEL_CHARS
        && text.starts_with(&label)
        && text.len() > label.len() + ANCHOR_CHARS;
    Some((page::label_kind(&label).filter(|_| opens)?, label))
}

/// Whether most of a text is links.
fn is_linked(tree: &Tree, id: NodeId) -> bool {
    let links = tree.document.iter_descendants(id, &["a"]);
    let own = usize::from(tree.name(id) == "a") * tree.text(id).len();
    let linked: usize = links.iter().map(|link| tree.text(*link).len()).sum();
    2 * (linked + own) > tree.text(id).len()
}

/// Whether what follows a label in an element is all its own: an aside or a box by name; else one list, or up to three
/// paragraphs.
fn is_box(tree: &Tree, id: NodeId, rest: &[Leaf]) -> bool {
    const NAMES: &[&str] = &[
        "summary",
        "takeaway",
        "key-point",
        "keypoint",
        "key_point",
        "highlight",
        "at-a-glance",
        "tldr",
        "tl-dr",
        "box",
        "callout",
        "fact",
        "why-it-matters",
        "matters",
    ];
    let naming = tree.naming(id);
    let is_named = tree.name(id) == "aside" || NAMES.iter().any(|name| naming.contains(name));
    let is_item = |leaf: &Leaf| {
        tree.lineage(leaf.id)
            .take_while(|above| *above != id)
            .any(|above| tree.name(above) == "li")
    };
    let texts = rest.iter().filter(|leaf| !is_item(leaf)).count();
    let items = rest.len() - texts;
    let is_label = |leaf: &Leaf| page::label_kind(&leaf.key).is_some();
    if rest.iter().any(is_label) {
        return false;
    }
    if is_named {
        texts <= 8
    } else {
        items > 0 && texts == 0 || items == 0 && (1..=3).contains(&texts)
    }
}

/// The box with its label as a paragraph of its own.
fn box_html(tree: &Tree, id: NodeId, label: &Leaf) -> String {
    if id == label.id {
        return tree.document.outer_html(id);
    }
    let html = tree.document.inner_html(id);
    let label_html = tree.document.outer_html(label.id);
    let text = tree.text(label.id);
    let named = format!("<p><strong>{}</strong></p>", escaped(&text));
    match html.find(&label_html) {
        Some(at) => format!("{named}{}{}", &html[..at], &html[at + label_html.len()..]),
        None => format!("{named}{html}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn marked(_tree: &Tree, kind: &str, html: &str) -> String {
    format!("<section data-kind=\"{kind}\">{html}</section>")
}

fn before(leaves: &[Leaf], at: usize) -> Vec<String> {
    let texts = leaves[..at].iter().rev().map(|leaf| leaf.key.clone());
    texts
        .filter(|key| key.len() >= ANCHOR_CHARS)
        .take(ANCHORS)
        .collect()
}

fn behind(leaves: &[Leaf], at: usize) -> Vec<String> {
    let texts = leaves[at + 1..].iter().map(|leaf| leaf.key.clone());
    texts
        .filter(|key| key.len() >= ANCHOR_CHARS)
        .take(ANCHORS)
        .collect()
}

/// A section in the running text: a label alone with the list or the paragraph behind it, or a paragraph that a bold
/// label opens.
fn in_text(tree: &Tree, leaves: &[Leaf], at: usize) -> Option<Labelled> {
    let leaf = &leaves[at];
    if tree.is_aside(leaf.id)
        || !matches!(
            tree.name(leaf.id),
            "p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "strong" | "b" | "span"
        )
        || is_linked(tree, leaf.id)
    {
        return None;
    }
    let text = tree.text(leaf.id);
    if let Some(kind) = page::label_kind(&text).filter(|_| text.chars().count() <= LABEL_CHARS) {
        let next = leaves.get(at + 1)?;
        let list = tree
            .lineage(next.id)
            .find(|id| matches!(tree.name(*id), "ul" | "ol"));
        let (html, last) = match list {
            Some(list) if is_linked(tree, list) => return None,
            Some(list) => {
                let is_item = |leaf: &&Leaf| tree.lineage(leaf.id).any(|above| above == list);
                let count = leaves[at + 1..].iter().take_while(is_item).count();
                (tree.document.outer_html(list), at + count)
            }
            None if tree.name(next.id) == "p" && !is_linked(tree, next.id) => {
                (tree.document.outer_html(next.id), at + 1)
            }
            None => return None,
        };
        let label = format!("<p><strong>{}</strong></p>", escaped(&text));
        return Some(Labelled {
            html: marked(tree, kind, &format!("{label}{html}")),
            keys: leaves[at..=last]
                .iter()
                .map(|leaf| leaf.key.clone())
                .collect(),
            before: before(leaves, at),
            behind: behind(leaves, last),
            is_box: false,
        });
    }
    let (kind, _) = opening(tree, leaf.id)?;
    Some(Labelled {
        html: marked(tree, kind, &tree.document.outer_html(leaf.id)),
        keys: vec![leaf.key.clone()],
        before: before(leaves, at),
        behind: behind(leaves, at),
        is_box: false,
    })
}
