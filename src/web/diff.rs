//! What changed between two texts, paragraph by paragraph and word by word.
//!
//! A feed chooses both texts, so the work is bounded by lengths, never by time: the same values give the same bytes.

use maud::{Markup, html};
use similar::{Algorithm, ChangeTag, DiffOp, DiffTag, TextDiff};

use super::labels;
use crate::text::text_of;

/// Bytes of HTML of which the text is taken.
const HTML: usize = 500_000;
/// Bytes of text that are compared, from the first line that changed on …
const TEXT: usize = 20_000;
/// … and lines.
const LINES: usize = 1_000;
/// Bytes of a changed paragraph, before or after, that is compared by words; a longer one is shown whole.
const BY_WORDS: usize = 4_000;
/// Pairs of words that may be compared in all changed paragraphs together; further ones are shown whole.
const PAIRS: usize = 1_000_000;
/// Changed paragraphs that are shown.
const PARAGRAPHS: usize = 30;

/// The title and the text of one state of an article.
pub(super) struct State<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) html: &'a str,
}

/// What changed, for people: `ins` and `del` in the paragraphs that differ. `None`: the words did not change.
pub(super) fn diff(before: &State<'_>, after: &State<'_>) -> Option<Markup> {
    let is_long = before.html.len().max(after.html.len()) > HTML && before.html != after.html;
    let (before, after) = (text(before), text(after));
    if before == after && !is_long {
        return None;
    }
    let (before, after) = without_common_lines(&before, &after);
    let (before, after) = (beginning(before), beginning(after));
    let is_cut = is_long || before.1 || after.1;
    let lines = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(before.0, after.0);
    let changed = lines.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    let mut changes = changed
        .map(|op| {
            (
                side(&lines, op, ChangeTag::Delete),
                side(&lines, op, ChangeTag::Insert),
            )
        })
        .filter(|(old, new)| !old.is_empty() || !new.is_empty());
    let mut pairs = PAIRS;
    let shown: Vec<Markup> = { changes.by_ref().take(PARAGRAPHS) }
        .map(|(old, new)| paragraph(&old, &new, &mut pairs))
        .collect();
    let left = changes.count();
    (!shown.is_empty() || is_cut).then(|| {
        html! {
            @for change in &shown { p { (change) } }
            @if left > 0 { p.muted { (labels::more_changes(left)) } }
            @if is_cut { p.muted { (labels::DIFF_CUT) } }
        }
    })
}

fn text(state: &State<'_>) -> String {
    let mut text = state.title.unwrap_or_default().to_owned();
    text.push_str("\n\n");
    text + &text_of(upto(state.html, HTML))
}

/// The first bytes of a text, at most so many.
fn upto(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Two texts from the first line on that differs, up to the last: what stands around it is the same.
fn without_common_lines<'a>(before: &'a str, after: &'a str) -> (&'a str, &'a str) {
    let same = |pairs: &mut dyn Iterator<Item = (&'a str, &'a str)>| -> usize {
        pairs
            .take_while(|(old, new)| old == new)
            .map(|(old, _)| old.len())
            .sum()
    };
    let (old, new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let start = same(&mut old.zip(new));
    let (before, after) = (&before[start..], &after[start..]);
    let (old, new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let end = same(&mut old.rev().zip(new.rev()));
    (&before[..before.len() - end], &after[..after.len() - end])
}

/// As much of a text as is compared, and whether that is not all.
fn beginning(text: &str) -> (&str, bool) {
    let kept = upto(text, TEXT);
    let lines = kept.match_indices('\n').nth(LINES - 1);
    let kept = lines.map_or(kept, |(at, _)| &kept[..=at]);
    (kept, kept.len() < text.len())
}

/// One side of a change, without the blank around it.
fn side(lines: &TextDiff<'_, '_, '_, str>, op: &DiffOp, tag: ChangeTag) -> String {
    let changes = lines.iter_changes(op).filter(|change| change.tag() == tag);
    changes
        .map(|change| change.value())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A changed paragraph: by words while these are few enough.
fn paragraph(old: &str, new: &str, pairs: &mut usize) -> Markup {
    let count = |text: &str| text.split_whitespace().count();
    let cost = count(old).saturating_mul(count(new));
    if old.len().max(new.len()) <= BY_WORDS
        && let Some(left) = pairs.checked_sub(cost)
    {
        *pairs = left;
        return words(old, new);
    }
    html! { @if !old.is_empty() { del { (old) } " " } @if !new.is_empty() { ins { (new) } } }
}

fn words(old: &str, new: &str) -> Markup {
    let diff = TextDiff::from_words(old, new);
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    html! {
        @for (tag, text) in &runs {
            @match tag {
                ChangeTag::Equal => (text),
                ChangeTag::Delete => del { (text) },
                ChangeTag::Insert => ins { (text) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn page(before: &str, after: &str) -> String {
        let state = |html| State { title: None, html };
        diff(&state(before), &state(after)).map_or_else(String::new, Markup::into_string)
    }

    /// Words as a feed that means no good may choose them: none comes twice.
    fn words_of(seed: u64, bytes: usize, end: &str) -> String {
        let mut text = String::with_capacity(bytes + 20);
        for number in 0_u64.. {
            if text.len() >= bytes {
                break;
            }
            text += &format!(
                "{:x}{end}",
                xxh3_64(&(seed << 32 | number).to_le_bytes()) >> 40
            );
        }
        text
    }

    #[test]
    fn no_two_texts_make_a_diff_longer_than_a_reader_looks_at() {
        let lines = |line: &str| format!("<p>{line}</p>").repeat(140_000);
        for (before, after) in [
            (words_of(1, 1 << 20, " "), words_of(2, 1 << 20, " ")),
            (words_of(1, 60_000, " "), words_of(2, 60_000, " ")),
            (words_of(1, 1 << 20, "<br>"), words_of(2, 1 << 20, "<br>")),
            (lines("a") + "<p>b</p>", "<p>c</p>".to_owned() + &lines("a")),
            (lines("a") + &lines("b"), lines("b") + &lines("a")),
            (
                "<p>a</p><p>b</p>".repeat(70_000),
                "<p>b</p><p>b</p><p>a</p>".repeat(70_000),
            ),
        ] {
            let page = page(&before, &after);
            assert!(page.len() < 100_000, "{} bytes", page.len());
            assert!(page.contains(labels::DIFF_CUT), "{page}");
        }
    }

    #[test]
    fn a_word_that_changed_deep_in_a_long_text_is_shown() {
        let around = words_of(3, 100_000, "</p><p>");
        let text =
            |word: &str| format!("<p>{around}</p><p>The gate opens at {word}.</p><p>{around}</p>");
        assert_eq!(
            page(&text("ten"), &text("noon")),
            "<p>The gate opens at <del>ten.</del><ins>noon.</ins></p>"
        );
        assert_eq!(page(&around, &around), "");
    }

    #[test]
    fn what_lies_behind_the_part_that_is_compared_is_not_said_to_be_unchanged() {
        let around = "<p>word</p>".repeat(HTML / 10);
        let page = page(&format!("{around}<p>a</p>"), &format!("{around}<p>b</p>"));
        assert_eq!(page, format!("<p class=\"muted\">{}</p>", labels::DIFF_CUT));
    }

    #[test]
    fn paragraphs_of_many_words_are_shown_whole() {
        let (old, new) = ("a ".repeat(1_900), "b ".repeat(1_900));
        assert!(page(&old, &new).starts_with("<p><del>a a "));
        let changed = page(&words_of(1, 12_000, " "), &words_of(2, 12_000, " "));
        assert_eq!(changed.matches("<del>").count(), 1, "{changed}");
    }
}
