//! What changed between two texts, paragraph by paragraph and word by word.

use maud::{Markup, html};
use similar::{Algorithm, ChangeTag, TextDiff};

use crate::text::text_of;

/// Characters of a text that is compared by words; a longer one is compared by paragraphs.
const BY_WORDS: usize = 60_000;
/// Changed paragraphs that are shown.
const PARAGRAPHS: usize = 30;

/// The title and the text of one state of an article.
pub(super) struct State<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) html: &'a str,
}

/// What changed, for people: `ins` and `del` in the paragraphs that differ. `None`: the words did not change.
pub(super) fn diff(before: &State<'_>, after: &State<'_>) -> Option<Markup> {
    let text = |state: &State<'_>| {
        let mut text = state.title.unwrap_or_default().to_owned();
        text.push_str("\n\n");
        text + &text_of(state.html)
    };
    let (before, after) = (text(before), text(after));
    if before == after {
        return None;
    }
    let lines = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(&before, &after);
    let by_words = before.len().max(after.len()) <= BY_WORDS;
    let mut shown = Vec::new();
    for op in lines
        .ops()
        .iter()
        .filter(|op| op.tag() != similar::DiffTag::Equal)
    {
        let (old, new) = (
            joined(&lines, op, ChangeTag::Delete),
            joined(&lines, op, ChangeTag::Insert),
        );
        if old.trim().is_empty() && new.trim().is_empty() {
            continue;
        }
        shown.push(match by_words {
            true => words(&old, &new),
            false => html! { @if !old.is_empty() { del { (old) } " " } @if !new.is_empty() { ins { (new) } } },
        });
    }
    let left = shown.len().saturating_sub(PARAGRAPHS);
    (!shown.is_empty()).then(|| {
        html! {
            @for change in shown.iter().take(PARAGRAPHS) { p { (change) } }
            @if left > 0 { p.muted { (super::labels::more_changes(left)) } }
        }
    })
}

fn joined(lines: &TextDiff<'_, '_, '_, str>, op: &similar::DiffOp, tag: ChangeTag) -> String {
    let changes = lines.iter_changes(op).filter(|change| change.tag() == tag);
    changes
        .map(|change| change.value())
        .collect::<String>()
        .trim()
        .to_owned()
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
