//! How large and how deep a page would be as a tree, counted in one pass over its tags.

use super::cost::RAW;
use super::tokens::{Token, Tokens};

/// Size of the tree that a page makes, before it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Start tags.
    pub elements: usize,
    /// Most elements that are open at once; end tags that may be left out count as given.
    pub depth: usize,
}

/// Elements that the next one of a kind closes, and by what else it is closed.
const CLOSED_BY: &[(&str, &[&str])] = &[
    ("li", &["li"]),
    ("dt", &["dt", "dd"]),
    ("dd", &["dt", "dd"]),
    ("tr", &["tr", "td", "th"]),
    ("td", &["td", "th"]),
    ("th", &["td", "th"]),
    ("option", &["option"]),
    ("p", &["p"]),
];
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Counts until `limit` is passed in either way; what comes behind is not looked at.
pub fn shape(html: &str, limit: Shape) -> Shape {
    let mut found = Shape::default();
    let mut open: Vec<&str> = Vec::new();
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open(name, _) => {
                found.elements += 1;
                let raw = RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw));
                if let Some(raw) = raw {
                    tokens.skip_to_close(raw);
                    tokens.next();
                    continue;
                }
                if VOID.iter().any(|void| name.eq_ignore_ascii_case(void)) {
                    continue;
                }
                close_before(&mut open, name);
                open.push(name);
                found.depth = found.depth.max(open.len());
                if found.elements > limit.elements || found.depth > limit.depth {
                    return found;
                }
            }
            Token::Close(name) => {
                if let Some(at) = open
                    .iter()
                    .rposition(|open| open.eq_ignore_ascii_case(name))
                {
                    open.truncate(at);
                }
            }
            Token::Text(_) | Token::Comment => {}
        }
    }
    found
}

/// A paragraph in a paragraph, an item in an item: the first has ended, unless a list or table stands between.
fn close_before(open: &mut Vec<&str>, name: &str) {
    let closes = CLOSED_BY
        .iter()
        .find(|(closing, _)| name.eq_ignore_ascii_case(closing));
    let Some((_, closed)) = closes else { return };
    let holds = |open: &&str| -> bool {
        ["ul", "ol", "dl", "table", "select", "div", "section"]
            .iter()
            .any(|holder| open.eq_ignore_ascii_case(holder))
    };
    let is_closed = |open: &&str| -> bool {
        closed
            .iter()
            .any(|closed| open.eq_ignore_ascii_case(closed))
    };
    // A row ends the cell, and the row that holds it.
    let from = open.iter().rposition(holds).map_or(0, |at| at + 1);
    if let Some(at) = open[from..].iter().position(is_closed) {
        open.truncate(from + at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Shape = Shape {
        elements: 1_000,
        depth: 100,
    };

    #[test]
    fn end_tags_that_may_be_left_out_add_no_depth() {
        let items = format!("<ul>{}</ul>", "<li>a<p>b".repeat(300));
        let found = shape(&items, LIMIT);
        assert_eq!((found.elements, found.depth), (601, 3));
        assert_eq!(shape("<p>a<p>b<br><img>c</p>", LIMIT).depth, 1);
        let table = format!("<table>{}</table>", "<tr><td>1<td>2".repeat(200));
        assert_eq!(shape(&table, LIMIT).depth, 3);
    }

    #[test]
    fn counting_stops_at_the_limit() {
        assert_eq!(shape(&"<div>".repeat(5_000), LIMIT).depth, 101);
        assert_eq!(shape(&"<b></b>".repeat(5_000), LIMIT).elements, 1_001);
        let script = format!("<script>{}</script><p>a", "<div>".repeat(500));
        assert_eq!(shape(&script, LIMIT).depth, 1);
    }
}
