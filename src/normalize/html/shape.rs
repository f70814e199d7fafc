//! How large and how deep a page would be as a tree, told from its tags in one pass.
//!
//! The open elements are kept as a parser keeps them (HTML §13.2.4), as far as size and depth depend on it: which end
//! tags close what, which are ignored, and which formatting is opened anew in every block that follows. Where this is
//! not sure it counts too much.

use stack::Stack;

use super::cost::RAW;
use super::tokens::{Token, Tokens};

mod stack;

/// Size of the tree that a page makes, before it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Elements: start tags, and formatting that is opened anew.
    pub elements: usize,
    /// Most elements that are open at once; end tags that may be left out count as given.
    pub depth: usize,
    /// Parsers do not agree on what follows: the rest was not counted.
    pub is_unsure: bool,
}

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Counts until `limit` is passed in either way; what comes behind is not looked at.
pub fn shape(html: &str, limit: Shape) -> Shape {
    let mut stack = Stack::default();
    let mut found = Shape::default();
    let mut tokens = Tokens::new(html);
    loop {
        let start = tokens.at();
        let Some(token) = tokens.next() else {
            return found;
        };
        match token {
            Token::Open(name, attributes) => {
                let name = name.to_ascii_lowercase();
                stack.break_out(&name, attributes);
                if RAW.contains(&name.as_str()) || name == "noscript" {
                    if stack.has("select") && name != "script" {
                        found.is_unsure = true;
                        return found;
                    }
                    if !stack.is_foreign() {
                        found.elements += 1;
                        tokens.skip_to_close(&name);
                        tokens.next();
                        continue;
                    }
                }
                if VOID.contains(&name.as_str()) && !stack.is_foreign() {
                    found.elements += 1 + stack.before_void(&name);
                } else {
                    let tag = &html[start..tokens.at()];
                    let is_closed = tag.ends_with("/>")
                        && attributes
                            .last()
                            .is_none_or(|(_, value)| !value.ends_with('/'));
                    found.elements += stack.open(name, attributes, is_closed);
                }
            }
            Token::Close(name) => {
                let name = name.to_ascii_lowercase();
                // Whether these end it, parsers of different years see differently.
                found.is_unsure |= matches!(name.as_str(), "p" | "br") && stack.is_foreign();
                found.elements += stack.close(&name);
            }
            Token::Text(_) => found.elements += stack.text(),
            Token::Comment => {
                let comment = &html[start..];
                if comment.starts_with("<![CDATA[") && stack.is_foreign() {
                    let end = comment.find("]]>").unwrap_or(comment.len());
                    found.is_unsure |= comment[1..end].contains('<');
                }
            }
        }
        found.depth = found.depth.max(stack.depth());
        if found.is_unsure || found.elements > limit.elements || found.depth > limit.depth {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Shape = Shape {
        elements: 1_000,
        depth: 100,
        is_unsure: false,
    };
    const WIDE: Shape = Shape {
        elements: 1_000_000,
        depth: 100_000,
        is_unsure: false,
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

    #[test]
    fn formatting_left_open_is_opened_again_in_every_block() {
        let bold: String = (0..50).map(|n| format!("<b id={n}>")).collect();
        let page = format!("<div>{bold}</div>{}", "<p>x</p>".repeat(100));
        let found = shape(&page, WIDE);
        assert_eq!((found.elements, found.depth), (51 + 100 * 51, 51));
        let rounds = format!("<div>{bold}</div>").repeat(3);
        assert_eq!(shape(&rounds, WIDE).depth, 3 * 50 + 1);
        // Three alike at most are (HTML §13.2.4.3).
        let alike = format!("{}{}", "<p><b>".repeat(20), "<p>x</p>".repeat(100));
        assert_eq!(
            shape(&alike, WIDE).elements,
            20 + 20 + (1 + 2 + 17 * 3) + 100 * 4
        );
        // Cells keep it in.
        let cells = "<td><b id=1><i>x</td>".repeat(50);
        let table = format!("<table><tr>{cells}</table><p>x</p>");
        assert_eq!(shape(&table, WIDE).elements, 2 + 50 * 3 + 1);
    }

    #[test]
    fn end_tags_that_a_parser_ignores_close_nothing() {
        for part in [
            "<span><div></span>",
            "<b><div></b>",
            "<div><table><td></div>",
            "<div></body>",
            "<form><div></form>",
            "<p><article>",
            "<li><article>",
            "<p><object>",
            "<div><noscript></div></noscript>",
            "<svg><style><div></style>",
            "<g-x><div></g-x>",
        ] {
            let depth = shape(&part.repeat(500), WIDE).depth;
            assert!(depth >= 500, "{part}: {depth}");
        }
        for part in [
            "<h2>a</h3>",
            "<p>a<div>b</div>",
            "<svg><path d=\"m\"/><g /></svg>",
        ] {
            let depth = shape(&format!("<section>{part}</section>").repeat(300), WIDE).depth;
            assert!(depth <= 5, "{part}: {depth}");
        }
    }

    #[test]
    fn what_parsers_read_in_two_ways_is_not_counted() {
        for html in [
            "<select><style></select><div>",
            "<svg><g></p><style><div>",
            "<svg><![CDATA[</svg><style>]]>",
        ] {
            assert!(shape(html, WIDE).is_unsure, "{html}");
        }
        let css = "<svg><style><![CDATA[a > b { c: d }]]></style></svg><p>a</p>";
        assert!(!shape(css, WIDE).is_unsure);
    }
}
