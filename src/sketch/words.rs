//! The words of a text, as hashes, the way spellings of one text agree on.

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::text::is_dense;

/// One word of a text, or one character of a script without spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Hash of its letters: NFKC, lower case.
    pub(super) hash: u64,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a [`Word`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters.
    Letters,
    /// ASCII digits only.
    Number,
    /// One character of Han, Kana or Thai, which are written without spaces.
    Dense,
}

/// Appends the words of a text. Soft hyphens and zero-width characters vanish, UTF-8 that was read as windows-1252 is
/// read again, and everything that is neither letter nor digit separates.
pub(super) fn words_of(text: &str, out: &mut Vec<Word>) {
    let mut pending = Vec::with_capacity(32);
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest
            .bytes()
            .position(|byte| !byte.is_ascii())
            .unwrap_or(rest.len());
        let mut run = &rest.as_bytes()[..ascii];
        while !run.is_empty() {
            let letters = run
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric())
                .unwrap_or(run.len());
            pending.extend(run[..letters].iter().map(u8::to_ascii_lowercase));
            run = &run[letters..];
            if let Some((_, behind)) = run.split_first() {
                finish(&mut pending, out);
                run = behind;
            }
        }
        rest = &rest[ascii..];
        let run = rest
            .bytes()
            .position(|byte| byte.is_ascii())
            .unwrap_or(rest.len());
        if run > 0 {
            // A combining mark may stand behind an ASCII letter: the two compose.
            let base = pending.pop();
            foreign(&rest[..run], base, &mut pending, out);
            rest = &rest[run..];
        }
    }
    finish(&mut pending, out);
}

fn finish(pending: &mut Vec<u8>, out: &mut Vec<Word>) {
    if pending.is_empty() {
        return;
    }
    let kind = if pending.iter().all(u8::is_ascii_digit) {
        Kind::Number
    } else {
        Kind::Letters
    };
    out.push(Word {
        hash: xxh3_64(pending),
        kind,
    });
    pending.clear();
}

/// A run without ASCII; `base` is the last byte of the word that it goes on.
fn foreign(run: &str, base: Option<u8>, pending: &mut Vec<u8>, out: &mut Vec<Word>) {
    let repaired = undone(run);
    let run = repaired.as_deref().unwrap_or(run);
    let with_base = base.map(char::from).into_iter().chain(run.chars());
    let mut utf8 = [0; 4];
    for c in with_base.filter(|c| !is_invisible(*c)).nfkc() {
        if is_dense(c) {
            finish(pending, out);
            out.push(Word {
                hash: xxh3_64(c.encode_utf8(&mut utf8).as_bytes()),
                kind: Kind::Dense,
            });
        } else if c.is_alphanumeric() || is_mark(c) {
            for lower in c.to_lowercase() {
                pending.extend_from_slice(lower.encode_utf8(&mut utf8).as_bytes());
            }
        } else {
            finish(pending, out);
        }
    }
}

/// Marks that no letter took in: they belong to the word around them (Devanagari vowels, Hebrew points).
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
    )
}

/// The text that a run of characters was before its UTF-8 bytes were read as windows-1252; `None` for any other run.
fn undone(run: &str) -> Option<String> {
    let first = run.chars().next()?;
    // Only these stand for the first byte of a sequence of two to four.
    if !('\u{c2}'..='\u{f4}').contains(&first) || run.chars().nth(1).is_none() {
        return None;
    }
    let (bytes, _, failed) = encoding_rs::WINDOWS_1252.encode(run);
    if failed {
        return None;
    }
    String::from_utf8(bytes.into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let mut out = Vec::new();
        words_of(text, &mut out);
        out
    }

    #[test]
    fn spellings_of_one_text_agree() {
        let plain = words("Don't close the café’s flap – 3½ m");
        for other in [
            "don’t  close the cafe\u{301}'s FLAP -- 3\u{bd} m",
            "Don\u{2019}t close the caf\u{c3}\u{a9}\u{e2}\u{20ac}\u{2122}s flap, 3\u{bd}\u{a0}m",
            "Do\u{ad}n't clo\u{200b}se the café's \u{fb02}ap (3\u{bd} m)",
        ] {
            assert_eq!(words(other), plain, "{other}");
        }
        assert_ne!(words("close the flap"), words("closed the flap"));
    }

    #[test]
    fn numbers_and_dense_scripts_are_told_apart() {
        let kinds = |text| words(text).iter().map(|word| word.kind).collect::<Vec<_>>();
        assert_eq!(
            kinds("wind 14 knots"),
            [Kind::Letters, Kind::Number, Kind::Letters]
        );
        assert_eq!(
            kinds("港の水門 3"),
            [
                Kind::Dense,
                Kind::Dense,
                Kind::Dense,
                Kind::Dense,
                Kind::Number
            ]
        );
        assert_eq!(kinds("नमस्ते").len(), 1);
    }

    #[test]
    fn accents_that_are_no_mojibake_stay() {
        assert_eq!(undone("é"), None);
        assert_eq!(undone("Ã©").as_deref(), Some("é"));
        assert_eq!(undone("Ãé"), None);
    }
}
