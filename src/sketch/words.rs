//! The words of a text, as hashes, the way spellings of one text agree on.

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::text::{find, is_dense};

/// One word of a text, or one character of a script without spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Hash of its letters: NFKC, lower case.
    pub(super) hash: u64,
    /// What it is.
    pub(super) kind: Kind,
}

impl Word {
    fn of(letters: &[u8], kind: Kind) -> Self {
        Self {
            hash: xxh3_64(letters),
            kind,
        }
    }

    fn of_ascii(letters: &[u8]) -> Self {
        let is_number = letters[0].is_ascii_digit() && letters.iter().all(u8::is_ascii_digit);
        let kind = if is_number {
            Kind::Number
        } else {
            Kind::Letters
        };
        Self::of(letters, kind)
    }
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

/// Appends the words of a text whose ASCII letters are small ones. Soft hyphens and zero-width characters vanish, UTF-8
/// that was read as windows-1252 is read again, and everything that is neither letter nor digit separates.
pub(super) fn words_of(lower: &str, out: &mut Vec<Word>) {
    let bytes = lower.as_bytes();
    let mut pending = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = find(bytes, at, |byte| !byte.is_ascii()).unwrap_or(bytes.len());
        plain(&bytes[at..end], &mut pending, out);
        let rest = &bytes[end..];
        let foreign_bytes = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
        at = end + foreign_bytes;
        if is_punctuation(&rest[..foreign_bytes]) {
            finish(&mut pending, out);
        } else if foreign_bytes > 0 {
            // A combining mark may stand behind an ASCII letter: the two compose.
            let base = pending.pop();
            foreign(&lower[end..at], base, &mut pending, out);
        }
    }
    finish(&mut pending, out);
}

/// A run of ASCII in lower case. What is `pending` goes on in it; its last word is pending when it ends with it.
fn plain(run: &[u8], pending: &mut Vec<u8>, out: &mut Vec<Word>) {
    let mut run = run;
    if !pending.is_empty() {
        let separates = |byte: &u8| !byte.is_ascii_alphanumeric();
        let length = run.iter().position(separates).unwrap_or(run.len());
        pending.extend_from_slice(&run[..length]);
        run = &run[length..];
        if !run.is_empty() {
            finish(pending, out);
        }
    }
    let (mut begin, mut is_open) = (0, false);
    for (number, stretch) in run.chunks(STRETCH).enumerate() {
        let marks = marks_of_words(stretch);
        let before = marks << 1 | u64::from(is_open);
        let (mut begins, mut ends) = (marks & !before, before & !marks);
        if stretch.len() < STRETCH {
            ends &= (1 << stretch.len()) - 1; // what ends with the run may go on behind it
        }
        let next = |places: &mut u64| {
            let place = number * STRETCH + places.trailing_zeros() as usize;
            *places &= places.wrapping_sub(1);
            place
        };
        if !is_open {
            begin = next(&mut begins);
        }
        while ends != 0 {
            out.push(Word::of_ascii(&run[begin..next(&mut ends)]));
            begin = next(&mut begins);
        }
        is_open = begin < number * STRETCH + stretch.len();
    }
    if is_open {
        pending.extend_from_slice(&run[begin..]);
    }
}

/// Bytes whose marks fill a number.
const STRETCH: usize = 64;

/// One bit for each of up to 64 ASCII bytes in lower case, the first one's the lowest: whether it is a letter or digit.
fn marks_of_words(stretch: &[u8]) -> u64 {
    let (eights, rest) = stretch.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let marks = eights
        .iter()
        .rev()
        .fold(0, |marks, eight| marks << 8 | marks_of_eight(*eight));
    if rest.is_empty() {
        marks
    } else {
        marks | marks_of_eight(last) << (8 * eights.len())
    }
}

/// The same of eight bytes, all at once: what is added to a byte brings its highest bit up from some character on, and
/// as ASCII does not have that bit, nothing is carried over to the next byte.
fn marks_of_eight(bytes: [u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_le_bytes(bytes);
    let from = |character: u8| bytes + EACH * u64::from(0x80 - character);
    let letters = from(b'a') & !from(b'z' + 1);
    let digits = from(b'0') & !from(b'9' + 1);
    let highest = (letters | digits) & (EACH << 7);
    // Brings the eight bits together in the highest byte.
    (highest >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Dashes, quotation marks, bullets and dots of General Punctuation, U+2010 to U+2027 but U+2017, which decomposes into
/// more: most of what is not ASCII in most texts, and it only separates.
fn is_punctuation(run: &[u8]) -> bool {
    let (characters, rest) = run.as_chunks::<3>();
    let is_one = |character: &[u8; 3]| matches!(character, [0xE2, 0x80, last @ 0x90..=0xA7] if *last != 0x97);
    rest.is_empty() && !characters.is_empty() && characters.iter().all(is_one)
}

fn finish(pending: &mut Vec<u8>, out: &mut Vec<Word>) {
    if pending.is_empty() {
        return;
    }
    out.push(Word::of_ascii(pending));
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
            out.push(Word::of(c.encode_utf8(&mut utf8).as_bytes(), Kind::Dense));
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
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let mut out = Vec::new();
        words_of(&text.to_ascii_lowercase(), &mut out);
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

    proptest! {
        #[test]
        fn the_short_way_of_ascii_reads_what_the_long_one_does(text in "[a-zA-Z0-9 '.’–“”…\u{2017}ő\u{301}港の\u{ad}ﬂ½-]{0,200}") {
            let mut long = Vec::new();
            let mut pending = Vec::new();
            foreign(&text, None, &mut pending, &mut long);
            finish(&mut pending, &mut long);
            prop_assert_eq!(words(&text), long);
        }
    }

    #[test]
    fn accents_that_are_no_mojibake_stay() {
        assert_eq!(undone("é"), None);
        assert_eq!(undone("Ã©").as_deref(), Some("é"));
        assert_eq!(undone("Ãé"), None);
    }
}
