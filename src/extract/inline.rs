//! Formatting in running text, carried through the extractor as marks in the text: trafilatura 0.6 puts text out of order
//! where inline elements stand in each other within lists, quotations and tables, and loses the space before them.

use super::dom::{NodeId, Tree};

/// Element, and the characters of private use that stand for its tags.
const MARKS: &[(&str, char, char)] = &[
    ("strong", '\u{E010}', '\u{E011}'),
    ("b", '\u{E012}', '\u{E013}'),
    ("em", '\u{E014}', '\u{E015}'),
    ("i", '\u{E016}', '\u{E017}'),
    ("u", '\u{E018}', '\u{E019}'),
    ("s", '\u{E01A}', '\u{E01B}'),
    ("sub", '\u{E01C}', '\u{E01D}'),
    ("sup", '\u{E01E}', '\u{E01F}'),
    ("mark", '\u{E020}', '\u{E021}'),
    ("small", '\u{E022}', '\u{E023}'),
    ("cite", '\u{E024}', '\u{E025}'),
    ("q", '\u{E026}', '\u{E027}'),
    ("kbd", '\u{E028}', '\u{E029}'),
    ("var", '\u{E02A}', '\u{E02B}'),
    ("del", '\u{E02C}', '\u{E02D}'),
    ("ins", '\u{E02E}', '\u{E02F}'),
];
/// Stands behind a space that an element follows.
const SPACE: char = '\u{E00F}';

fn is_mark(c: char) -> bool {
    ('\u{E00F}'..='\u{E02F}').contains(&c)
}

/// Makes marks of formatting elements that hold only running text.
pub(super) fn to_marks(tree: &mut Tree) {
    let named = |tree: &Tree, id: NodeId| MARKS.iter().find(|(name, ..)| *name == tree.name(id));
    // Inside out, since taking an element away makes its content anew.
    let ids: Vec<NodeId> = tree.elements.iter().rev().copied().collect();
    for id in ids {
        let Some((_, open, close)) = named(tree, id) else {
            continue;
        };
        let mut left = INNER;
        if tree.document.parent(id).is_none() || !is_running(tree, id, &mut left) {
            continue;
        }
        let children = tree.document.children(id);
        let text = format!("{open}{}", tree.document.text(id));
        match children.last() {
            Some(last) => {
                let tail = format!("{}{close}", tree.document.tail(*last));
                tree.document.set_text(id, &text);
                tree.document.set_tail(*last, &tail);
            }
            None => tree.document.set_text(id, &format!("{text}{close}")),
        }
        tree.document.strip(id);
    }
    tree.elements = tree.document.iter(tree.document.root(), &[]);
    for id in tree.elements.clone() {
        if matches!(tree.name(id), "a" | "code" | "span" | "abbr") {
            keep_space_before(tree, id);
        }
    }
}

/// Elements within formatting that is carried: more are no running text.
const INNER: usize = 32;

/// Whether an element holds running text only, and no more than `left` elements.
fn is_running(tree: &Tree, id: NodeId, left: &mut usize) -> bool {
    tree.document.children(id).into_iter().all(|child| {
        let holds_text = matches!(
            tree.name(child),
            "a" | "br" | "span" | "code" | "abbr" | "time" | "font"
        );
        *left = left.saturating_sub(1);
        holds_text && *left > 0 && is_running(tree, child, left)
    })
}

fn keep_space_before(tree: &mut Tree, id: NodeId) {
    match tree.document.prev_element_sibling(id) {
        Some(before) => {
            let tail = tree.document.tail(before);
            if tail.ends_with(char::is_whitespace) && !tail.trim().is_empty() {
                tree.document.set_tail(before, &format!("{tail}{SPACE}"));
            }
        }
        None => {
            let Some(parent) = tree.document.parent(id) else {
                return;
            };
            let text = tree.document.text(parent);
            if text.ends_with(char::is_whitespace) && !text.trim().is_empty() {
                tree.document.set_text(parent, &format!("{text}{SPACE}"));
            }
        }
    }
}

/// Makes elements of the marks again. Marks that lost their other half make tags without one, which a sanitizer mends.
pub(super) fn to_elements(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    for c in html.chars() {
        if !is_mark(c) {
            out.push(c);
            continue;
        }
        for (name, open, close) in MARKS {
            if c == *open {
                out.extend(["<", name, ">"]);
            } else if c == *close {
                out.extend(["</", name, ">"]);
            }
        }
    }
    out
}

/// A page without characters that would be taken for marks.
pub(super) fn without_marks(html: String) -> String {
    if html.contains(is_mark) {
        html.replace(is_mark, "")
    } else {
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_comes_back_as_it_was() {
        for body in [
            "<p>a <strong>b</strong> c <em>d <b>e</b></em></p>",
            "<ul><li><a href=\"x\"><strong>a</strong></a> b <a href=\"y\"><i>c</i></a> d</li></ul>",
            "<p><strong>See <a href=\"z\">it</a> now</strong> or never</p>",
            "<p>x<sup>2</sup></p>",
        ] {
            let mut tree = Tree::parse(&format!("<body>{body}</body>"));
            to_marks(&mut tree);
            let id = tree.document.body().expect("a body");
            let marked = tree.document.inner_html(id);
            assert!(!marked.contains("<strong>"), "{marked}");
            assert_eq!(to_elements(&marked), body);
        }
    }
}
