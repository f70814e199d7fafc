//! The blocks of sanitized HTML, in reading order: what head furniture and labelled sections are found among.
//!
//! Reads only what the sanitizer writes: every element is closed, and in order.

use std::ops::Range;

use super::html::{Token, Tokens};
use crate::text::text_of;

/// A paragraph, heading, list, picture …; or (without name) text and inline elements that stand in no block.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    /// Name of the element; empty when there is none.
    pub(super) name: &'a str,
    /// With its tags.
    pub(super) outer: Range<usize>,
    /// Without.
    pub(super) inner: Range<usize>,
    /// Number of the container it stands in directly; only blocks of one container can be wrapped together.
    pub(super) parent: usize,
    /// The mark of a section, `data-kind`.
    pub(super) mark: Option<&'a str>,
    html: &'a str,
}

/// Elements that only hold blocks.
const CONTAINERS: &[&str] = &[
    "article", "aside", "center", "div", "header", "hgroup", "section",
];
const BLOCKS: &[&str] = &[
    "blockquote",
    "details",
    "dl",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "nav",
    "ol",
    "p",
    "pre",
    "table",
    "ul",
];
/// Elements without content.
pub(super) const VOIDS: &[&str] = &["br", "col", "hr", "img", "source", "wbr"];

impl<'a> Block<'a> {
    /// Its HTML without its own tags.
    pub(super) fn content(&self) -> &'a str {
        &self.html[self.inner.clone()]
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        text_of(self.content())
    }

    /// Level of a heading.
    pub(super) fn level(&self) -> Option<u8> {
        match self.name.as_bytes() {
            [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
            _ => None,
        }
    }

    /// The texts of a list's items.
    pub(super) fn items(&self) -> Vec<String> {
        let content = self.content();
        let mut tokens = Tokens::new(content);
        let mut out = Vec::new();
        while let Some(token) = tokens.next() {
            if let Token::Open("li", _) = token {
                let from = tokens.at();
                let end = end_of(&mut tokens, "li");
                out.push(
                    text_of(&content[from..end])
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" "),
                );
            }
        }
        out
    }

    /// A bulleted or numbered list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.name, "ul" | "ol")
    }

    /// Running text: a paragraph, or text outside of any block.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.name, "p" | "")
    }
}

/// Whether an element cannot stand in a paragraph.
pub(super) fn is_block(name: &str) -> bool {
    CONTAINERS.contains(&name)
        || BLOCKS.contains(&name)
        || matches!(name, "figcaption" | "li" | "dt" | "dd" | "summary")
}

/// The blocks of `html`.
pub(super) fn blocks(html: &str) -> Vec<Block<'_>> {
    let mut out: Vec<Block> = Vec::new();
    let mut tokens = Tokens::new(html);
    let (mut containers, mut count) = (vec![0], 0);
    let mut run: Option<Block> = None;
    let mut start = 0;
    while let Some(token) = tokens.next() {
        let parent = containers.last().copied().unwrap_or_default();
        let whole = |name, from: usize, to: usize, mark| Block {
            name,
            outer: from..to,
            inner: from..to,
            parent,
            mark,
            html,
        };
        match token {
            Token::Open(name, attributes) => {
                let mark = attributes.iter().find(|(name, _)| *name == "data-kind");
                let mark = mark.map(|(_, kind)| *kind);
                let is_container = mark.is_none() && CONTAINERS.contains(&name);
                if is_container {
                    out.extend(run.take());
                    count += 1;
                    containers.push(count);
                } else if mark.is_some() || BLOCKS.contains(&name) {
                    out.extend(run.take());
                    let content_at = tokens.at();
                    let content_end = end_of(&mut tokens, name);
                    let mut block = whole(name, start, tokens.at(), mark);
                    block.inner = content_at..content_end;
                    out.push(block);
                } else {
                    end_of(&mut tokens, name);
                    let run = run.get_or_insert_with(|| whole("", start, start, None));
                    run.outer.end = tokens.at();
                }
            }
            Token::Close(_) => {
                out.extend(run.take());
                containers.pop();
            }
            Token::Text(text) if !text.trim().is_empty() => {
                let run = run.get_or_insert_with(|| whole("", start, start, None));
                run.outer.end = tokens.at();
            }
            Token::Text(_) | Token::Comment => {}
        }
        if let Some(run) = &mut run {
            run.inner = run.outer.clone();
        }
        start = tokens.at();
    }
    out.extend(run);
    out
}

/// Goes on behind the end tag of an element that has just begun, and says where the end tag begins.
fn end_of(tokens: &mut Tokens<'_>, name: &str) -> usize {
    let mut depth = usize::from(!VOIDS.contains(&name));
    let mut end = tokens.at();
    while depth > 0 {
        end = tokens.at();
        match tokens.next() {
            Some(Token::Open(name, _)) => depth += usize::from(!VOIDS.contains(&name)),
            Some(Token::Close(_)) => depth -= 1,
            Some(_) => {}
            None => return tokens.at(),
        }
    }
    end
}

/// Words for comparing: lower case, letters and digits only, one space between.
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')) {
        let word = word.trim_matches(['\'', '’']);
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.extend(
                word.chars()
                    .flat_map(char::to_lowercase)
                    .map(|c| if c == '’' { '\'' } else { c }),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_through_their_containers() {
        let html = "<div><h1>a</h1> b <i>c</i><br><p>d</p></div><ul><li>e</li></ul>\
                    <section data-kind=\"faq\"><p>f</p></section><img src=\"x\">";
        let found: Vec<_> = blocks(html)
            .iter()
            .map(|block| (block.name, html[block.outer.clone()].trim(), block.parent))
            .collect();
        assert_eq!(
            found,
            [
                ("h1", "<h1>a</h1>", 1),
                ("", "b <i>c</i><br>", 1),
                ("p", "<p>d</p>", 1),
                ("ul", "<ul><li>e</li></ul>", 0),
                (
                    "section",
                    "<section data-kind=\"faq\"><p>f</p></section>",
                    0
                ),
                ("", "<img src=\"x\">", 0),
            ]
        );
        assert_eq!(key(" Qu’est-ce: l'Été? "), "qu'est ce l'été");
    }
}
