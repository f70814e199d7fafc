//! The pieces of a written date: numbers, words, marks.

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// ASCII digits.
    Number,
    /// Letters; `a.m.` and the name of a zone (`America/New_York`) are one word.
    Word,
    /// One other character.
    Mark,
    /// What stands in brackets, without them.
    Aside,
}

/// A piece of a date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// No white space stands between it and the piece before.
    pub(super) glued: bool,
}

impl Token<'_> {
    /// It is the mark `mark`.
    pub(super) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }
}

/// Letters that name the number before them, in a script that sets no space behind them.
const UNITS: &str = "年月日時时點点分秒년월일시분초";

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::with_capacity(16);
    let mut rest = text;
    loop {
        let start = rest.trim_start();
        let glued = start.len() == rest.len() && !out.is_empty();
        let Some(first) = start.chars().next() else {
            return out;
        };
        let behind_number = out.last().is_some_and(|last| last.kind == Kind::Number);
        let (kind, len) = if first.is_ascii_digit() {
            (Kind::Number, span(start, |c| c.is_ascii_digit()))
        } else if behind_number && UNITS.contains(first) {
            (Kind::Word, first.len_utf8())
        } else if first.is_alphabetic() {
            (Kind::Word, word(start))
        } else {
            (Kind::Mark, first.len_utf8())
        };
        if matches!(first, '(' | '（' | '[') {
            let inner = &start[len..];
            let end = inner.find([')', '）', ']']).unwrap_or(inner.len());
            out.push(Token {
                kind: Kind::Aside,
                text: inner[..end].trim(),
                glued,
            });
            rest = inner[end..].trim_start_matches([')', '）', ']']);
        } else {
            out.push(Token {
                kind,
                text: &start[..len],
                glued,
            });
            rest = &start[len..];
        }
    }
}

/// Length of the word that begins `text`, in bytes.
fn word(text: &str) -> usize {
    let letters = span(text, |c| {
        c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c)
    });
    let behind = &text[letters..];
    if let Some(place) = behind.strip_prefix('/')
        && place.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        let zone = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '-' | '+');
        return letters + 1 + span(place, zone);
    }
    if text[..letters].chars().count() == 1
        && let Some(behind) = behind.strip_prefix('.')
        && let half = behind.trim_start()
        && half.starts_with(['m', 'M', 'μ', 'Μ'])
        && let m = span(half, char::is_alphabetic)
        && half[..m].chars().count() == 1
    {
        return text.len() - half.len() + m;
    }
    letters
}

fn span(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}
