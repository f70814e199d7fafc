//! Text that is broken by `<br>` → paragraphs and lists. Extractors look at paragraphs, and lose what stands between
//! two breaks.

use super::dom::{NodeId, Tree, is_inline};

/// Marks that begin a line of a list.
const BULLETS: &[char] = &['•', '◦', '▪', '●', '·', '‣', '–', '—', '-', '*', '✓', '✔'];

/// Elements whose lines are made blocks.
const HOLDERS: &[&str] = &[
    "p", "div", "td", "section", "article", "main", "center", "span", "font", "body",
];

/// HTML that is written anew in one page: what stands in several holders is written several times.
const MOST_BYTES: usize = 8 << 20;

/// Makes paragraphs of what two or more `<br>` part, and lists of lines that begin with a bullet.
pub(super) fn make_paragraphs(tree: &mut Tree) {
    // Inside out: what is written anew holds what was.
    let holders: Vec<NodeId> = tree
        .elements
        .iter()
        .rev()
        .copied()
        .filter(|id| HOLDERS.contains(&tree.name(*id)) && is_broken(tree, *id))
        .collect();
    let mut budget = MOST_BYTES;
    for id in holders {
        let parent = tree.document.parent(id);
        let stands_in_text = parent.is_some_and(|parent| {
            is_inline(tree.name(parent)) || matches!(tree.name(parent), "p" | "h1" | "h2" | "h3")
        });
        match tree.name(id) {
            "span" | "font" if stands_in_text => continue,
            "p" | "span" | "font" => tree.document.set_tag_name(id, "div"),
            _ => {}
        }
        let html = written(tree, id);
        budget = budget.saturating_sub(html.len());
        if budget == 0 {
            break;
        }
        tree.document.set_inner_html(id, &html);
    }
    tree.elements = tree.document.iter(tree.document.root(), &[]);
}

/// Whether two breaks follow each other among the children, or two lines begin with a bullet.
fn is_broken(tree: &Tree, id: NodeId) -> bool {
    let (mut breaks, mut bullets, mut at_start) = (0, 0, true);
    for child in tree.document.child_nodes(id) {
        if tree.document.is_text(child) {
            let text = tree.document.outer_html(child);
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            bullets += usize::from(at_start && begins_item(text));
            at_start = false;
            breaks = 0;
        } else if tree.name(child) == "br" {
            breaks += 1;
            at_start = true;
            if breaks == 2 {
                return true;
            }
        } else if tree.document.is_element(child) {
            breaks = 0;
            at_start = false;
        }
    }
    bullets >= 2
}

fn begins_item(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix(BULLETS);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\u{a0}', '\t']))
}

/// The children as HTML, with a paragraph for each run of text and a list for lines with bullets.
fn written(tree: &Tree, id: NodeId) -> String {
    let mut out = String::new();
    let mut lines: Vec<String> = vec![String::new()];
    let mut breaks = 0;
    for child in tree.document.child_nodes(id) {
        let is_text = tree.document.is_text(child);
        if !is_text && tree.name(child) == "br" {
            breaks += 1;
            // Items may be parted by two breaks as well.
            let is_list = lines.iter().rev().find(|line| !line.trim().is_empty());
            if breaks >= 2 && !is_list.is_some_and(|line| begins_item(line)) {
                flush(&mut lines, &mut out);
            } else {
                lines.push(String::new());
            }
            continue;
        }
        let html = if is_text {
            escaped(&tree.document.outer_html(child))
        } else {
            tree.document.outer_html(child)
        };
        if html.trim().is_empty() {
            continue;
        }
        breaks = 0;
        if is_text || is_inline(tree.name(child)) {
            if let Some(line) = lines.last_mut() {
                line.push_str(&html);
            }
        } else {
            flush(&mut lines, &mut out);
            out.push_str(&html);
        }
    }
    flush(&mut lines, &mut out);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Writes the lines that belong together: a list of those with bullets, a paragraph of others.
fn flush(lines: &mut Vec<String>, out: &mut String) {
    let all = std::mem::replace(lines, vec![String::new()]);
    let all: Vec<&str> = all
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    let bulleted = |line: &str| begins_item(line);
    let mut at = 0;
    while at < all.len() {
        let items = all[at..].iter().take_while(|line| bulleted(line)).count();
        // One line may be a dash before a speech.
        if items >= 2 {
            out.push_str("<ul>");
            for item in &all[at..at + items] {
                out.extend([
                    "<li>",
                    item.trim_start_matches(BULLETS).trim_start(),
                    "</li>",
                ]);
            }
            out.push_str("</ul>");
            at += items;
            continue;
        }
        let mut length = 1;
        let list_follows =
            |from: usize| all.len() >= from + 2 && bulleted(all[from]) && bulleted(all[from + 1]);
        while at + length < all.len() && !list_follows(at + length) {
            length += 1;
        }
        out.extend(["<p>", &all[at..at + length].join("<br>"), "</p>"]);
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(body: &str) -> String {
        let mut tree = Tree::parse(&format!("<body>{body}</body>"));
        make_paragraphs(&mut tree);
        let body = tree.document.body().expect("a body");
        tree.document.inner_html(body)
    }

    #[test]
    fn two_breaks_part_paragraphs() {
        let cases = [
            (
                "<div>a <b>b</b><br><br>c &lt; d<br> <br><br>e</div>",
                "<div><p>a <b>b</b></p><p>c &lt; d</p><p>e</p></div>",
            ),
            ("<p>a<br><br>b</p>", "<div><p>a</p><p>b</p></div>"),
            ("<p>a<br>b</p>", "<p>a<br>b</p>"),
            (
                "<div>a<br><br><h2>b</h2>c<br><br>d</div>",
                "<div><p>a</p><h2>b</h2><p>c</p><p>d</p></div>",
            ),
            (
                "<div><span>a<br><br>b</span></div>",
                "<div><div><p>a</p><p>b</p></div></div>",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(made(given), expected, "{given}");
        }
    }

    #[test]
    fn lines_with_bullets_become_a_list() {
        assert_eq!(
            made("<p><b>Key points</b><br>• a<br>• b</p>"),
            "<div><p><b>Key points</b></p><ul><li>a</li><li>b</li></ul></div>"
        );
        assert_eq!(
            made("<p>• a<br><br>• b<br><br>c<br>d</p>"),
            "<div><ul><li>a</li><li>b</li></ul><p>c<br>d</p></div>"
        );
        assert_eq!(made("<p>he said<br>– no</p>"), "<p>he said<br>– no</p>");
    }
}
