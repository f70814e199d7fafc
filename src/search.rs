//! What a search says: its text → a query of the index and the words to show in context.
//!
//! The syntax is SQLite FTS5's (<https://sqlite.org/fts5.html#full_text_query_syntax>). Its tokenizer takes a run of
//! letters for a word, which fails where words are not spaced: Han, Kana and Thai are indexed by character
//! ([`spaced`]), and a run of them in a query is the phrase of its characters. The fields `source:`, `tag:` and `since:`
//! are not the index's: they are taken out. Nothing is searched here.

mod read;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::Source;
use crate::text::is_dense;
pub use read::{Error, instant};

/// A search as the index takes it. Whether its words are well-formed, the index says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Blank: any article.
    fts: String,
    words: Vec<Word>,
    /// `source:ID`.
    pub sources: Named,
    /// `tag:NAME`, of the sources.
    pub tags: Named,
    /// `since:TIME`: dated then or later.
    pub since: Option<DateTime<Utc>>,
}

/// Names of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// One of these; empty: any.
    pub any: Vec<String>,
    /// None of these.
    pub none: Vec<String>,
}

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    /// Folded as the index folds it; a run of unspaced characters stands as it is.
    text: String,
    /// `word*`.
    prefix: bool,
}

impl Query {
    /// Reads a search; `since:7d` counts back from `now`. Operators, columns and numbers among its words do no harm in
    /// [`Query::snippet`].
    ///
    /// # Errors
    /// A field that cannot be meant so, or a search that is too long.
    ///
    /// # Examples
    /// ```
    /// use feedmill::search::Query;
    ///
    /// let query = Query::read("title:gate AND 水門 tag:news", chrono::Utc::now()).expect("a search");
    /// assert_eq!(query.fts(), r#"title:gate AND "水 門""#);
    /// assert_eq!(query.tags.any, ["news"]);
    /// ```
    pub fn read(text: &str, now: DateTime<Utc>) -> Result<Self, Error> {
        read::read(text, now)
    }

    /// Whether the fields let a source pass.
    pub fn chooses(&self, source: &Source) -> bool {
        let has = |tag: &String| source.tags.contains(tag);
        (self.sources.any.is_empty() || self.sources.any.contains(&source.id))
            && !self.sources.none.contains(&source.id)
            && (self.tags.any.is_empty() || self.tags.any.iter().any(has))
            && !self.tags.none.iter().any(has)
    }

    /// Whether finding out which articles fit it best costs no more than finding them: each word is counted for that.
    pub fn is_ranked(&self) -> bool {
        self.words.len() <= MOST_RANKED
    }

    /// Whether it names sources or tags.
    pub fn names_sources(&self) -> bool {
        [&self.sources, &self.tags]
            .iter()
            .any(|named| !named.any.is_empty() || !named.none.is_empty())
    }

    /// For the index; blank when there are fields only.
    pub fn fts(&self) -> &str {
        &self.fts
    }

    /// The part of a text that holds most of the words, on one line, with an ellipsis where it was cut. A text
    /// without any begins at its beginning.
    pub fn snippet(&self, text: &str) -> String {
        let hits = self.hits(text);
        let best = hits.iter().enumerate().max_by_key(|(index, (at, _))| {
            let near = hits[*index..]
                .iter()
                .take_while(|(other, _)| other - at < REACH_BYTES);
            let different: std::collections::BTreeSet<usize> =
                near.map(|(_, word)| *word).collect();
            (different.len(), std::cmp::Reverse(*index))
        });
        let hit = best.map_or(0, |(_, (at, _))| *at);
        let start = text[..hit]
            .char_indices()
            .rev()
            .take(LEAD)
            .last()
            .map_or(hit, |(at, _)| at);
        let end = text[start..]
            .char_indices()
            .nth(LENGTH)
            .map_or(text.len(), |(at, _)| start + at);
        cut(text, start, hit, end)
    }

    /// Where words that are looked for stand in a text, in its order.
    pub fn marks(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let length = |at: usize, word: usize| match &self.words[word] {
            word if word.text.contains(is_dense) => word.text.len(),
            _ => runs(&text[at..]).next().map_or(0, |(_, run)| run.len()),
        };
        let hits = self.hits(text).into_iter();
        hits.map(|(at, word)| at..at + length(at, word)).collect()
    }

    /// Where a word stands, and which.
    fn hits(&self, text: &str) -> Vec<(usize, usize)> {
        let found = |(at, run): (usize, &str)| {
            let folded = folded(run);
            self.words.iter().enumerate().find_map(|(index, word)| {
                if word.text.contains(is_dense) {
                    run.find(&word.text).map(|inside| (at + inside, index))
                } else if word.prefix {
                    folded.starts_with(&word.text).then_some((at, index))
                } else {
                    (folded == word.text).then_some((at, index))
                }
            })
        };
        runs(text).filter_map(found).collect()
    }
}

/// Characters of a snippet …
const LENGTH: usize = 160;
/// … of which so many stand before the first word that was found.
const LEAD: usize = 40;
/// Words this close to each other are shown together.
const REACH_BYTES: usize = 110;

/// Puts spaces around every character of a script that does not space its words.
pub fn spaced(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dense) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if is_dense(c) {
            if !out.is_empty() && !out.ends_with([' ', '"']) {
                out.push(' ');
            }
            out.push(c);
        } else {
            if out.ends_with(is_dense) && c.is_alphanumeric() {
                out.push(' ');
            }
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Words of a search whose finds are ranked.
const MOST_RANKED: usize = 12;

/// What FTS5 takes for a word without quotes.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Runs of letters and digits, those of unspaced scripts apart, with their places.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let kind = |c: char| (c.is_alphanumeric() || is_combining_mark(c)).then(|| is_dense(c));
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].find(|c| kind(c).is_some())?;
        let start = at;
        let first = text[start..].chars().next().and_then(kind);
        let length = text[start..].find(|c| kind(c) != first);
        at = length.map_or(text.len(), |length| start + length);
        Some((start, &text[start..at]))
    })
}

/// As the index's tokenizer does: lower case, without diacritics.
fn folded(word: &str) -> String {
    if word.contains(is_dense) {
        return word.to_owned();
    }
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let plain = word.nfd().filter(|c| !is_combining_mark(*c));
    plain.flat_map(char::to_lowercase).collect()
}

/// One line of a text, cut between words where there are any, but never past the `hit`.
fn cut(text: &str, start: usize, hit: usize, end: usize) -> String {
    let start = match text[start..hit].find(char::is_whitespace) {
        Some(space) if start > 0 => start + space,
        _ => start,
    };
    let end = match text[hit..end].rfind(char::is_whitespace) {
        Some(space) if end < text.len() => hit + space,
        _ => end,
    };
    let words: Vec<&str> = text[start..end].split_whitespace().collect();
    let before = if start > 0 { "… " } else { "" };
    let after = if end < text.len() { " …" } else { "" };
    format!("{before}{}{after}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::read(text, DateTime::UNIX_EPOCH).expect("a search")
    }

    #[test]
    fn unspaced_scripts_become_phrases_and_the_rest_stays() {
        let check = |text: &str, fts: &str| assert_eq!(query(text).fts(), fts);
        check(
            "gate NOT (tide OR \"high water\")",
            "gate NOT (tide OR \"high water\")",
        );
        check("東京* gate", "\"東 京\"* gate");
        check("\"iPhone発売\"", "\"iPhone 発 売\"");
        check("iPhone発売", "\"iPhone 発 売\"");
        check("\"say \"\"水門\"\" twice\"", "\"say \"\"水 門\"\" twice\"");
        check("\"open", "\"open");
        check("don't", "don't");
        assert_eq!(spaced("港の水門 opens"), "港 の 水 門 opens");
        assert_eq!(spaced("plain"), "plain");
    }

    #[test]
    fn a_snippet_shows_where_most_words_stand() {
        let text = format!(
            "Gate first.\n\n{}The Böat passed the gate at high water. {}",
            "word ".repeat(80),
            "after ".repeat(80)
        );
        let snippet = query("gate boat* AND wat*").snippet(&text);
        assert!(snippet.starts_with("… word"), "{snippet}");
        assert!(
            snippet.contains("The Böat passed the gate at high water."),
            "{snippet}"
        );
        assert!(snippet.ends_with("after …"), "{snippet}");
        assert!(snippet.chars().count() < LENGTH + 6, "{snippet}");
    }

    #[test]
    fn a_snippet_without_hits_is_the_beginning() {
        assert_eq!(
            query("gate").snippet("High  water\n\nat noon."),
            "High water at noon."
        );
        assert_eq!(query("gate").snippet(""), "");
    }

    #[test]
    fn a_snippet_of_unspaced_text_holds_its_word() {
        let text = format!("{}東京の水門{}", "港".repeat(300), "海".repeat(300));
        let snippet = query("水門").snippet(&text);
        assert!(snippet.contains("水門海"), "{snippet}");
        assert!(snippet.chars().count() <= LENGTH + 4, "{snippet}");
    }
}
