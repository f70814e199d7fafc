//! The blocks of sanitized HTML, in reading order: what head furniture and labelled sections are found among.
//!
//! Reads only what the sanitizer writes: every element is closed, and in order.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::html::Attributes;
use crate::text::{Names, beginning_of, places, text_of};

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

    /// Whether it has no text.
    pub(super) fn is_empty(&self) -> bool {
        beginning_of(self.content(), 0).is_empty()
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
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(tag) = next_tag(content, at) {
            at = tag.outer.end;
            if !tag.is_end && tag.name == "li" {
                let inner = at..end_of(content, &mut at, "li");
                out.push(
                    text_of(&content[inner])
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
        at: 0,
        containers: vec![0],
        count: 0,
        run: None,
        next: None,
    }
}

/// Finds one block after the other.
pub(super) struct Blocks<'a> {
    html: &'a str,
    /// What is reached.
    at: usize,
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

    /// The text or inline element from `start` to what is reached stands in no block.
    fn lengthen_run(&mut self, start: usize) {
        let mut run = self
            .run
            .take()
            .unwrap_or_else(|| self.block("", start..start, start..start));
        run.outer.end = self.at;
        run.inner = run.outer.clone();
        self.run = Some(run);
    }

    fn text(&mut self, end: usize) {
        let start = std::mem::replace(&mut self.at, end);
        if !self.html[start..end].trim_start().is_empty() {
            self.lengthen_run(start);
        }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        while self.next.is_none() {
            let Some(tag) = next_tag(self.html, self.at) else {
                self.text(self.html.len());
                return self.run.take();
            };
            let start = tag.outer.start;
            self.text(start);
            self.at = tag.outer.end;
            if tag.is_end {
                self.containers.pop();
                if self.run.is_some() {
                    return self.run.take();
                }
                continue;
            }
            let mark = tag.mark(self.html);
            if mark.is_none() && CONTAINERS.contains(tag.name) {
                let run = self.run.take();
                self.count += 1;
                self.containers.push(self.count);
                if run.is_some() {
                    return run;
                }
            } else if mark.is_some() || BLOCKS.contains(tag.name) {
                let content_at = self.at;
                let content_end = end_of(self.html, &mut self.at, tag.name);
                let block = self.block(tag.name, start..self.at, content_at..content_end);
                self.next = Some(Block { mark, ..block });
            } else {
                end_of(self.html, &mut self.at, tag.name);
                self.lengthen_run(start);
            }
        }
        self.run.take().or_else(|| self.next.take())
    }
}

/// A tag of sanitized HTML, where `<` and `>` stand for nothing else.
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    outer: Range<usize>,
}

impl Tag<'_> {
    /// `data-kind`, which only sections may have.
    fn mark<'a>(&self, html: &'a str) -> Option<&'a str> {
        let name_end = self.outer.start + "<section".len();
        if self.name != "section" || name_end + 1 >= self.outer.end {
            return None;
        }
        Attributes::of(&html[name_end..self.outer.end])
            .find_map(|(name, kind)| (name == "data-kind").then_some(kind))
    }
}

/// The first tag from `from` on.
fn next_tag(html: &str, from: usize) -> Option<Tag<'_>> {
    let bytes = html.as_bytes();
    let start = from + memchr(b'<', &bytes[from..])?;
    let is_end = bytes.get(start + 1) == Some(&b'/');
    let name_at = start + 1 + usize::from(is_end);
    let end = name_at + memchr(b'>', bytes.get(name_at..)?)?;
    Some(Tag {
        name: name_at_start(&html[name_at..=end]),
        is_end,
        outer: start..end + 1,
    })
}

/// The name of the tag whose inside a text begins with.
fn name_at_start(inside: &str) -> &str {
    let is_end = |byte| matches!(byte, b' ' | b'>');
    let length = inside.bytes().position(is_end);
    &inside[..length.unwrap_or(inside.len())]
}

/// Goes on from the start tag of an element to behind its end tag, and says where the end tag begins.
fn end_of(html: &str, at: &mut usize, name: &str) -> usize {
    let bytes = html.as_bytes();
    let mut depth = usize::from(!VOIDS.contains(name));
    let mut end = *at;
    while depth > 0 {
        let Some(found) = memchr(b'<', &bytes[*at..]) else {
            *at = html.len();
            return html.len();
        };
        end = *at + found;
        *at = end + 1;
        match bytes.get(*at) {
            Some(b'/') => depth -= 1,
            _ => depth += usize::from(!VOIDS.contains(name_at_start(&html[*at..]))),
        }
    }
    if end < *at {
        *at = memchr(b'>', &bytes[end..]).map_or(html.len(), |length| end + length + 1);
    }
    end
}

/// Words for comparing: lower case, letters and digits only, and apostrophes within a word; one space between.
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let (mut word_at, mut from) = (0, 0);
    for at in places(text.as_bytes(), ends_words) {
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            continue; // within a character
        };
        push_words(&mut out, &mut word_at, &text[from..at]);
        match c {
            '\'' | '’' if out.len() == word_at => {}
            '\'' | '’' => out.push('\''),
            _ if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => word_at = end_word(&mut out, word_at),
        }
        from = at + c.len_utf8();
    }
    push_words(&mut out, &mut word_at, &text[from..]);
    end_word(&mut out, word_at);
    out.truncate(out.trim_end_matches(' ').len());
    out.make_ascii_lowercase();
    out
}

/// Adds ASCII words with single spaces between, perhaps with one in front.
fn push_words(out: &mut String, word_at: &mut usize, words: &str) {
    let words = match words.strip_prefix(' ') {
        Some(behind) => {
            *word_at = end_word(out, *word_at);
            behind
        }
        None => words,
    };
    if let Some(space) = memrchr(b' ', words.as_bytes()) {
        *word_at = out.len() + space + 1;
    }
    out.push_str(words);
}

/// Whether a byte is no part of ASCII words with single spaces between, the next one behind it.
fn ends_words(byte: u8, behind: u8) -> bool {
    let is_part =
        |byte: u8| ((byte | 0x20).wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'0') < 10);
    !(is_part(byte) | ((byte == b' ') & is_part(behind)))
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
            (
                "Let's  go 'n' see O'Neill's İx K9",
                "let's go n see o'neill's i\u{307}x k9",
            ),
            ("a-b c' d  é1 2", "a b c d é1 2"),
        ] {
            assert_eq!(key(text), words, "{text}");
        }
    }
}
