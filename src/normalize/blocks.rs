//! The blocks of sanitized HTML, in reading order: what head furniture and labelled sections are found among.
//!
//! Reads only what the sanitizer writes: every element is closed, and in order.

use std::ops::Range;

use super::html::{Token, Tokens};
use crate::text::{Names, text_of};

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
static CONTAINERS: Names<7> = Names::of([
    "article", "aside", "center", "div", "header", "hgroup", "section",
]);
static BLOCKS: Names<18> = Names::of([
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
]);
/// Elements without content.
pub(super) static VOIDS: Names<6> = Names::of(["br", "col", "hr", "img", "source", "wbr"]);

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
    CONTAINERS.contains(name)
        || BLOCKS.contains(name)
        || matches!(name, "figcaption" | "li" | "dt" | "dd" | "summary")
}

/// The blocks of `html`.
pub(super) fn blocks(html: &str) -> Blocks<'_> {
    Blocks {
        html,
        tokens: Tokens::new(html),
        containers: vec![0],
        count: 0,
        run: None,
        next: None,
    }
}

/// Finds one block after the other.
pub(super) struct Blocks<'a> {
    html: &'a str,
    tokens: Tokens<'a>,
    /// Numbers of the containers that are open, and of the newest.
    containers: Vec<usize>,
    count: usize,
    /// Text and inline elements, up to the next block.
    run: Option<Block<'a>>,
    /// What ended a run.
    next: Option<Block<'a>>,
}

impl<'a> Blocks<'a> {
    fn block(&self, name: &'a str, outer: Range<usize>, inner: Range<usize>) -> Block<'a> {
        Block {
            name,
            outer,
            inner,
            parent: self.containers.last().copied().unwrap_or_default(),
            mark: None,
            html: self.html,
        }
    }

    fn lengthen_run(&mut self, start: usize) {
        let mut run = self
            .run
            .take()
            .unwrap_or_else(|| self.block("", start..start, start..start));
        run.outer.end = self.tokens.at();
        run.inner = run.outer.clone();
        self.run = Some(run);
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        while self.next.is_none() {
            let start = self.tokens.at();
            let Some(token) = self.tokens.next() else {
                return self.run.take();
            };
            match token {
                Token::Open(name, mut attributes) => {
                    let mark =
                        attributes.find_map(|(name, kind)| (name == "data-kind").then_some(kind));
                    if mark.is_none() && CONTAINERS.contains(name) {
                        let run = self.run.take();
                        self.count += 1;
                        self.containers.push(self.count);
                        if run.is_some() {
                            return run;
                        }
                    } else if mark.is_some() || BLOCKS.contains(name) {
                        let content_at = self.tokens.at();
                        let content_end = end_of(&mut self.tokens, name);
                        let block =
                            self.block(name, start..self.tokens.at(), content_at..content_end);
                        self.next = Some(Block { mark, ..block });
                    } else {
                        end_of(&mut self.tokens, name);
                        self.lengthen_run(start);
                    }
                }
                Token::Close(_) => {
                    self.containers.pop();
                    if self.run.is_some() {
                        return self.run.take();
                    }
                }
                Token::Text(text) if !text.trim().is_empty() => self.lengthen_run(start),
                Token::Text(_) | Token::Comment => {}
            }
        }
        self.run.take().or_else(|| self.next.take())
    }
}

/// Goes on behind the end tag of an element that has just begun, and says where the end tag begins.
fn end_of(tokens: &mut Tokens<'_>, name: &str) -> usize {
    let mut depth = usize::from(!VOIDS.contains(name));
    let mut end = tokens.at();
    while depth > 0 {
        end = tokens.at();
        match tokens.next() {
            Some(Token::Open(name, _)) => depth += usize::from(!VOIDS.contains(name)),
            Some(Token::Close(_)) => depth -= 1,
            Some(_) => {}
            None => return tokens.at(),
        }
    }
    end
}

/// Words for comparing: lower case, letters and digits only, and apostrophes within a word; one space between.
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word_at = 0;
    for c in text.chars() {
        match c {
            _ if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            '\'' | '’' if out.len() == word_at => {}
            '\'' | '’' => out.push('\''),
            _ if !c.is_ascii() && c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => word_at = end_word(&mut out, word_at),
        }
    }
    end_word(&mut out, word_at);
    out.truncate(out.trim_end_matches(' ').len());
    out
}

/// Ends the word that begins at `word_at`, and gives where the next one does.
fn end_word(out: &mut String, word_at: usize) -> usize {
    if out.len() > word_at {
        out.truncate(out.trim_end_matches('\'').len());
        out.push(' ');
    }
    out.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_through_their_containers() {
        let html = "<div><h1>a</h1> b <i>c</i><br><p>d</p></div><ul><li>e</li></ul>\
                    <section data-kind=\"faq\"><p>f</p></section><img src=\"x\">";
        let found: Vec<_> = blocks(html)
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
        for (text, words) in [
            (
                " It's 'The' Gate-Keeper: 'tis! ",
                "it's the gate keeper tis",
            ),
            ("’’ é’' ü", "é ü"),
            ("a''b", "a''b"),
            ("A1 b2, c3", "a1 b2 c3"),
            ("' . '", ""),
        ] {
            assert_eq!(key(text), words, "{text}");
        }
    }
}
