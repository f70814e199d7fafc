//! Labelled sections of an article: found, read, and marked in place as `<section data-kind="…">`.
//!
//! A label opens a paragraph (bold before a colon, or known and before a colon), or is a heading or a wholly bold
//! paragraph over a list or paragraphs; in text broken by `<br>` it stands over lines that begin with a bullet. What
//! it means is looked up ([`labels`]); an unknown bold one is kept as `other`, unless somebody is speaking.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use memchr::memmem;

use super::blocks::{Block, VOIDS, blocks, is_block, key};
use super::html::{KINDS, Token, Tokens};
use crate::model::{Author, Section};
use crate::text::{beginning_of, find, text_of};

mod labels;
#[cfg(test)]
mod tests;

/// What a label, as [`key`] writes it, opens.
pub(super) fn kind_of(key: &str) -> Option<&'static str> {
    labels::kind_of(key)
}

const OTHER: &str = "other";
/// A label is no sentence.
const LABEL_WORDS: usize = 6;
/// A known label that is not bold stands this near to the beginning.
const LABEL_CHARS: usize = 80;
const BULLETS: &[char] = &['•', '◦', '▪', '●', '·', '‣', '–', '—', '-', '*', '✓', '✔'];

/// Marks the sections of sanitized HTML and reads them. Marks that are there already stay. Without a section the HTML
/// is given back.
pub(super) fn mark<'a>(html: &'a str, authors: &[Author]) -> (Cow<'a, str>, Vec<Section>) {
    let html = lists_from_lines(html);
    let blocks: Vec<Block> = blocks(&html).collect();
    let labels: Vec<Option<Label>> = blocks.iter().map(label).collect();
    if labels.iter().all(Option::is_none) && blocks.iter().all(|block| block.mark.is_none()) {
        return (html, Vec::new());
    }
    let voices = voices(&blocks, &labels, authors);
    let mut out = String::with_capacity(html.len() + 64);
    let mut sections = Vec::new();
    let (mut at, mut written) = (0, 0);
    while let Some(block) = blocks.get(at) {
        let (kind, last) = match block.mark {
            Some(kind) => (kind, at),
            None => match section_at(at, &blocks, &labels, &voices) {
                Some(found) => found,
                None => {
                    at += 1;
                    continue;
                }
            },
        };
        let whole = block.outer.start..blocks[last].outer.end;
        out.push_str(&html[written..whole.start]);
        written = whole.end;
        if block.mark.is_some() {
            sections.extend(read(kind, block.content()));
            out.push_str(&html[whole]);
        } else {
            sections.extend(read(kind, &html[whole.clone()]));
            out.extend([
                "<section data-kind=\"",
                kind,
                "\">",
                &html[whole],
                "</section>",
            ]);
        }
        at = last + 1;
    }
    out.push_str(&html[written..]);
    (Cow::Owned(out), sections)
}

/// What opens a block, or all there is in it.
#[derive(Debug)]
struct Label {
    text: String,
    key: String,
    /// Nothing else stands in the block.
    is_whole: bool,
    has_colon: bool,
    /// Where the label ends in the block's content.
    end: usize,
}

fn label(block: &Block) -> Option<Label> {
    let content = block.content();
    if block.level().is_some() {
        return labelled(&block.text(), true, content.len());
    }
    if !block.is_text() {
        return None;
    }
    let from = content.len() - content.trim_start().len();
    let inside = &content[from..];
    let bold = inside
        .strip_prefix("<strong>")
        .and_then(|inside| inside.split_once("</strong>"))
        .or_else(|| inside.strip_prefix("<b>")?.split_once("</b>"));
    if let Some((bold, rest)) = bold {
        let label = labelled(&text_of(bold), false, content.len() - rest.len())?;
        // Whether a colon follows, and something else, is told by the first two characters.
        let beginning = beginning_of(rest, 2 * '：'.len_utf8());
        let beginning = beginning.trim_end();
        let colon = beginning.strip_prefix([':', '：']);
        let is_whole = colon.unwrap_or(beginning).is_empty();
        let has_colon = label.has_colon || colon.is_some();
        let is_line = rest.trim_start().starts_with("<br>");
        let starts = is_whole || has_colon || is_line && labels::kind_of(&label.key).is_some();
        return starts.then_some(Label {
            has_colon,
            is_whole,
            ..label
        });
    }
    let end = colon_near(content)?;
    let behind = end + content[end..].chars().next().map_or(0, char::len_utf8);
    let label = labelled(&text_of(&content[..behind]), false, behind)?;
    labels::kind_of(&label.key)?;
    let is_whole = beginning_of(&content[behind..], 0).is_empty();
    Some(Label { is_whole, ..label })
}

/// Where a colon stands near the beginning, in front of any tag.
fn colon_near(content: &str) -> Option<usize> {
    // A character has four bytes at most, and the wide colon begins with this one.
    let bytes = &content.as_bytes()[..content.len().min(4 * LABEL_CHARS)];
    let may_be = |byte: u8| (byte == b':') | (byte == b'<') | (byte == 0xEF);
    let mut from = 0;
    while let Some(at) = find(bytes, from, may_be) {
        if content[at..].starts_with([':', '：']) {
            let is_near = content[..at].chars().count() < LABEL_CHARS;
            return is_near.then_some(at);
        }
        if bytes[at] == b'<' {
            return None;
        }
        from = at + 1;
    }
    None
}

fn labelled(text: &str, is_whole: bool, end: usize) -> Option<Label> {
    let bare = text.trim_end_matches([':', '：', ' ', '\u{a0}']);
    let key = key(bare);
    (!key.is_empty() && key.split(' ').count() <= LABEL_WORDS || labels::kind_of(&key).is_some())
        .then(|| Label {
            text: bare.to_owned(),
            key,
            is_whole,
            has_colon: text.ends_with([':', '：']),
            end,
        })
}

/// Labels that are somebody speaking: an author, or whoever opens more than one block.
fn voices(all: &[Block], labels: &[Option<Label>], authors: &[Author]) -> HashSet<String> {
    let mut voices: HashSet<String> = authors.iter().map(|author| key(&author.name)).collect();
    let mut once = HashSet::new();
    let marked = all.iter().filter(|block| block.mark.is_some());
    let inner = marked.flat_map(|block| blocks(block.content()));
    let inner: Vec<Label> = inner.filter_map(|block| label(&block)).collect();
    for label in labels.iter().flatten().chain(&inner) {
        if !once.insert(&label.key) {
            voices.insert(label.key.clone());
        }
    }
    voices
}

/// Kind and last block of the section that begins with a block.
fn section_at(
    at: usize,
    blocks: &[Block],
    found: &[Option<Label>],
    voices: &HashSet<String>,
) -> Option<(&'static str, usize)> {
    let label = found[at].as_ref()?;
    let known = labels::kind_of(&label.key);
    let next = at + 1;
    let has_list = blocks
        .get(next)
        .is_some_and(|block| block.is_list() && block.parent == blocks[at].parent);
    let Some(kind) = known else {
        let is_voice = labels::is_speaker(&label.key) || voices.contains(&label.key);
        let opens =
            label.has_colon && blocks[at].level().is_none() && (!label.is_whole || has_list);
        return (opens && !is_voice).then_some((OTHER, at + usize::from(label.is_whole)));
    };
    let lists = matches!(
        kind,
        "key_takeaways" | "by_the_numbers" | "timeline" | "faq"
    );
    if has_list && (label.is_whole || lists) {
        return Some((kind, next));
    }
    if !label.is_whole {
        return Some((kind, at));
    }
    let level = blocks[at].level();
    let ends = |index: usize| {
        let block = &blocks[index];
        let other = found[index].as_ref();
        block.parent != blocks[at].parent
            || block.mark.is_some()
            || other.is_some_and(|other| labels::kind_of(&other.key).is_some())
            || match (level, block.level()) {
                (Some(level), Some(other)) => other <= level,
                (None, Some(_)) => true,
                (None, None) => block.name == "hr" || other.is_some_and(|other| other.is_whole),
                (Some(_), None) => false,
            }
    };
    let end = (next..blocks.len())
        .find(|index| ends(*index))
        .unwrap_or(blocks.len());
    // Such a label heads one paragraph, unless it is a chapter among others.
    let is_aside = matches!(
        kind,
        "why_it_matters" | "summary" | "correction" | "editors_note" | "disclosure"
    );
    let is_chapter = |index: usize| {
        let is_label = found[index]
            .as_ref()
            .is_some_and(|label| labels::kind_of(&label.key).is_some());
        blocks[index].level() == level && !is_label
    };
    let has_chapters = level.is_some() && (0..blocks.len()).any(is_chapter);
    let end = match is_aside && !has_chapters {
        true => end.min(next + 1),
        false => end,
    };
    (end > next).then_some((kind, end - 1))
}

/// Reads a marked section. `None` when no label heads it.
fn read(kind: &str, html: &str) -> Option<Section> {
    let kind = KINDS.iter().find(|known| **known == kind)?;
    let blocks: Vec<Block> = blocks(html).collect();
    let (first, rest) = blocks.split_first()?;
    let label = label(first)?;
    let opening = text_of(&first.content()[label.end..]);
    let mut texts = vec![
        opening
            .trim_start_matches([':', '：', ' ', '\u{a0}'])
            .to_owned(),
    ];
    let mut items = Vec::new();
    let is_line = |block: &Block| bulleted(block.text().as_str()).is_some();
    let are_lines = rest.len() > 1 && rest.iter().all(is_line);
    for block in rest {
        if are_lines {
            items.extend(bulleted(&block.text()).map(str::to_owned));
        } else if block.is_list() {
            items.extend(block.items());
        } else {
            texts.push(block.text());
        }
    }
    texts.retain(|text| !text.is_empty());
    Some(Section {
        kind: (*kind).to_owned(),
        label: label.text,
        text: texts.join("\n\n"),
        items,
        anchor: None,
    })
}

/// Where a known label stands among lines broken by `<br>`, blocks are made of them: paragraphs of what two breaks
/// part, lists of lines that begin with a bullet.
fn lists_from_lines(html: &str) -> Cow<'_, str> {
    if memmem::find(html.as_bytes(), b"<br>").is_none() {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len() + 64);
    let mut written = 0;
    for block in blocks(html).filter(Block::is_text) {
        if let Some(made) = blocks_of_lines(block.content()) {
            out.push_str(&html[written..block.outer.start]);
            out.push_str(&made);
            written = block.outer.end;
        }
    }
    out.push_str(&html[written..]);
    Cow::Owned(out)
}

fn blocks_of_lines(content: &str) -> Option<String> {
    let lines = lines(content)?;
    let is_label = |line: &str| {
        let found = blocks(line).next().and_then(|block| label(&block));
        found.is_some_and(|label| labels::kind_of(&label.key).is_some())
    };
    let of = |line: &Range<usize>| content[line.clone()].trim();
    if lines.len() < 2 || !lines.iter().any(|line| is_label(of(line))) {
        return None;
    }
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let line = of(&lines[at]);
        let bullets = |from: usize| {
            let below = lines[from..].iter().map(of);
            below
                .take_while(|line| line.is_empty() || bulleted(line).is_some())
                .count()
        };
        let count = bullets(at + 1);
        let items: Vec<&str> = lines[at + 1..][..count]
            .iter()
            .filter_map(|line| bulleted(of(line)))
            .collect();
        if is_label(line) && !items.is_empty() {
            out.extend(["<p>", line, "</p><ul>"]);
            items
                .iter()
                .for_each(|item| out.extend(["<li>", item, "</li>"]));
            out.push_str("</ul>");
            at += 1 + count;
            continue;
        }
        // A paragraph goes on over single breaks, but not over a label.
        let more = lines[at + 1..].iter().map(of);
        let length = 1 + more
            .take_while(|line| !line.is_empty() && !is_label(line))
            .count();
        let whole = lines[at].start..lines[at + length - 1].end;
        if !line.is_empty() {
            out.extend(["<p>", content[whole].trim(), "</p>"]);
        }
        at += if line.is_empty() { 1 } else { length };
    }
    Some(out)
}

/// The lines of a paragraph, parted by `<br>` that stand in no other element. `None` when a block stands in one.
fn lines(content: &str) -> Option<Vec<Range<usize>>> {
    let mut out = Vec::new();
    let mut tokens = Tokens::new(content);
    let (mut depth, mut from, mut start) = (0usize, 0, 0);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open("br", _) if depth == 0 => {
                out.push(from..start);
                from = tokens.at();
            }
            Token::Open(name, _) if is_block(name) => return None,
            Token::Open(name, _) => depth += usize::from(!VOIDS.contains(name)),
            Token::Close(_) => depth = depth.saturating_sub(1),
            Token::Text(_) | Token::Comment => {}
        }
        start = tokens.at();
    }
    out.push(from..content.len());
    Some(out)
}

/// What follows the bullet that a line begins with.
fn bulleted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(BULLETS)?;
    let item = rest.strip_prefix("&nbsp;").unwrap_or(rest).trim_start();
    (item.len() < rest.len() || rest.starts_with('<'))
        .then_some(item)
        .filter(|item| !item.is_empty())
}
