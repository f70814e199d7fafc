//! Page furniture at the head of a body: what content management systems leave there of a page's frame.
//!
//! Only the head is looked at, down to the first paragraph of the article; pictures are passed over. Nothing is
//! learned from other entries, and nothing is taken away when no text would be left.

use std::borrow::Cow;

use memchr::memmem;

use super::blocks::{Block, blocks, key};
use super::html::pictures;
use crate::model::Author;

#[cfg(test)]
mod tests;

/// What is known of an entry besides its body.
pub(super) struct Head<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) authors: &'a [Author],
}

/// A body without its furniture.
pub(super) struct Stripped<'a> {
    /// As it was given when there is none.
    pub(super) html: Cow<'a, str>,
    /// A standfirst that stood between headline and byline, when the entry has no summary.
    pub(super) standfirst: Option<String>,
}

/// Longest standfirst, in characters.
const STANDFIRST_CHARS: usize = 400;
/// Nothing longer is a byline or a label.
const FURNITURE_BYTES: usize = 200;

/// Short blocks that are no text, as [`key`] writes them.
const LABELS: &[&str] = &[
    "advertisement",
    "author image",
    "copy link",
    "comments",
    "follow us",
    "follow us on",
    "listen",
    "listen to article",
    "listen to story",
    "listen to the article",
    "listen to this article",
    "listen to this story",
    "new update",
    "print",
    "read more",
    "save",
    "share",
    "share article",
    "share on",
    "share this",
    "share this article",
    "share this story",
    "partager",
    "partager l'article",
    "suivez nous",
    "écouter l'article",
    "écouter cet article",
    "publicité",
    "teilen",
    "artikel teilen",
    "artikel anhören",
    "folgen sie uns",
    "anzeige",
    "drucken",
    "compartir",
    "compartir artículo",
    "síguenos",
    "escuchar artículo",
    "escucha este artículo",
    "publicidad",
    "condividi",
    "condividi l'articolo",
    "seguici",
    "ascolta l'articolo",
    "ascolta questo articolo",
    "pubblicità",
    "compartilhar",
    "compartilhe",
    "partilhar",
    "siga nos",
    "ouvir artigo",
    "ouça este artigo",
    "publicidade",
    "delen",
    "deel dit artikel",
    "volg ons",
    "luister naar dit artikel",
    "advertentie",
];
/// Labels of dates, alone or with the date.
const DATED: &[&str] = &[
    "last updated",
    "last updated on",
    "last modified",
    "modified",
    "posted",
    "posted on",
    "published",
    "published on",
    "update",
    "updated",
    "updated on",
    "updated at",
    "publié le",
    "mis à jour le",
    "mise à jour le",
    "mis à jour",
    "mise à jour",
    "modifié le",
    "aktualisiert",
    "aktualisiert am",
    "veröffentlicht",
    "veröffentlicht am",
    "stand",
    "zuletzt aktualisiert",
    "actualizado",
    "actualizado el",
    "publicado",
    "publicado el",
    "publicado em",
    "atualizado",
    "atualizado em",
    "aggiornato",
    "aggiornato il",
    "pubblicato",
    "pubblicato il",
    "bijgewerkt",
    "bijgewerkt op",
    "gepubliceerd",
    "gepubliceerd op",
    "laatst bijgewerkt",
];
/// What stands before an author's name.
const BYLINES: &[&str] = &[
    "by",
    "written by",
    "reported by",
    "story by",
    "author",
    "par",
    "écrit par",
    "von",
    "por",
    "escrito por",
    "di",
    "a cura di",
    "da",
    "door",
];
/// Units of `5 min read`: after a number, all words of the block.
const READING: &[&str] = &[
    "min", "mins", "minute", "minutes", "read", "de", "lecture", "lesezeit", "lectura", "di",
    "lettura", "leitura", "leestijd", "minuten", "minutos", "minuti", "minuto", "minuut",
];
/// Words of dates beside numbers.
const DATE_WORDS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "am",
    "pm",
    "utc",
    "gmt",
    "ist",
    "est",
    "edt",
    "cet",
    "cest",
    "pst",
    "pdt",
    "bst",
    "at",
    "on",
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "à",
    "le",
    "januar",
    "februar",
    "märz",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "uhr",
    "um",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "de",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
    "a",
    "las",
    "gennaio",
    "febbraio",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
    "lunedì",
    "martedì",
    "mercoledì",
    "giovedì",
    "venerdì",
    "sabato",
    "domenica",
    "alle",
    "ore",
    "janeiro",
    "fevereiro",
    "março",
    "maio",
    "junho",
    "julho",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
    "às",
    "januari",
    "februari",
    "maart",
    "mei",
    "augustus",
    "maandag",
    "dinsdag",
    "woensdag",
    "donderdag",
    "vrijdag",
    "zaterdag",
    "zondag",
    "om",
];
/// What a block at the head of a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Title,
    Summary,
    /// Author, their picture, a date: what stands below a headline and nowhere else.
    Byline,
    Label,
    Picture,
    Text,
}

/// Takes the furniture away from the head of sanitized HTML.
pub(super) fn strip<'a>(html: &'a str, head: &Head) -> Stripped<'a> {
    let known = Known::of(head);
    let (mut found, mut parts, mut texts, mut is_followed) = (Vec::new(), Vec::new(), 0, false);
    for block in blocks(html) {
        let part = part_of(&block, &known);
        texts += usize::from(part == Part::Text);
        is_followed = texts == 2;
        if is_followed {
            break;
        }
        found.push(block);
        parts.push(part);
    }
    let title = parts.iter().position(|part| *part == Part::Title);
    let byline = parts.iter().rposition(|part| *part == Part::Byline);
    let text = parts.iter().position(|part| *part == Part::Text);
    // One paragraph between headline and byline is a standfirst, when the article follows; without a byline below it,
    // the first paragraph is the article's.
    let standfirst = text.filter(|at| {
        is_followed
            && title.is_some_and(|title| title < *at)
            && byline.is_some_and(|byline| *at < byline)
            && (found[*at].is_text() || found[*at].level().is_some())
            && found[*at].text().chars().count() <= STANDFIRST_CHARS
    });
    let end = text.filter(|_| standfirst.is_none()).unwrap_or(parts.len());
    let follows =
        |at: usize, wanted: &[Part]| parts[at + 1..end].iter().any(|part| wanted.contains(part));
    let goes = |at: usize| match parts[at] {
        Part::Title | Part::Byline | Part::Label => true,
        // A first paragraph that the feed repeats as the description is still the first paragraph.
        Part::Summary => {
            title.is_some_and(|title| title < at) && follows(at, &[Part::Picture])
                || follows(at, &[Part::Byline])
        }
        Part::Text => standfirst == Some(at) && head.summary.is_none(),
        Part::Picture => false,
    };
    let going: Vec<usize> = (0..end).filter(|at| goes(*at)).collect();
    let whole = || Stripped {
        html: Cow::Borrowed(html),
        standfirst: None,
    };
    if going.is_empty() {
        return whole();
    }
    let mut out = String::with_capacity(html.len());
    let mut written = 0;
    for at in &going {
        out.push_str(&html[written..found[*at].outer.start]);
        written = found[*at].outer.end;
    }
    out.push_str(&html[written..]);
    if blocks(&out).all(|block| block.is_empty()) {
        return whole();
    }
    Stripped {
        html: Cow::Owned(out),
        standfirst: standfirst
            .filter(|at| going.contains(at))
            .map(|at| found[at].text()),
    }
}

/// What a block is compared with, as [`key`] writes it.
struct Known {
    title: Option<String>,
    summary: Option<String>,
    /// Names of authors between two spaces.
    authors: Vec<String>,
    /// No text of more bytes is furniture.
    longest: usize,
}

impl Known {
    fn of(head: &Head) -> Self {
        let (title, summary) = (head.title.map(key), head.summary.map(key));
        let name = |author: &Author| format!(" {} ", key(&author.name));
        let lengths = [&title, &summary].into_iter().flatten().map(String::len);
        Self {
            longest: 2 * lengths.max().unwrap_or_default().max(FURNITURE_BYTES),
            authors: head.authors.iter().map(name).collect(),
            title,
            summary,
        }
    }
}

fn part_of(block: &Block, known: &Known) -> Part {
    let text = block.text();
    if text.len() > known.longest {
        return Part::Text;
    }
    let words = key(&text);
    let mut pictures = pictures(block.content()).peekable();
    let has_pictures = pictures.peek().is_some();
    let has_own = pictures.any(|picture| {
        !is_portrait(&picture.url) && !picture.alt.as_deref().is_some_and(is_portrait)
    });
    if words.is_empty() {
        return if has_pictures && !has_own {
            Part::Byline
        } else {
            Part::Picture
        };
    }
    let part = if known.title.as_ref() == Some(&words) {
        Part::Title
    } else if known.summary.as_ref() == Some(&words) {
        Part::Summary
    } else if is_byline(&words, &text, &known.authors) || is_dated(&words) {
        Part::Byline
    } else if LABELS.contains(&words.as_str()) || is_reading_time(&words) {
        Part::Label
    } else if block.name == "figure" && has_own {
        Part::Picture // with its caption
    } else {
        Part::Text
    };
    if has_own && part != Part::Text {
        Part::Picture
    } else {
        part
    }
}

/// Whether an address or an alternative text names the portrait that a byline shows.
pub(super) fn is_portrait(name: &str) -> bool {
    const WORDS: &[&str] = &["avatar", "author-image", "author image", "gravatar"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The names of authors (each between two spaces) and what joins them; or short, with `by` and a name.
fn is_byline(words: &str, text: &str, names: &[String]) -> bool {
    const JOINTS: &[&str] = &["and", "et", "und", "y", "e", "en", "with"];
    let mut padded = format!(" {words} ");
    let mut has_name = false;
    for name in names {
        if memmem::find(padded.as_bytes(), name.as_bytes()).is_some() {
            has_name |= name.len() > 2;
            padded = padded.replace(name, " ");
        }
    }
    if !has_name {
        return false;
    }
    let rest = padded.trim();
    let begins = BYLINES
        .iter()
        .any(|by| words.starts_with(by) && words[by.len()..].starts_with(' '));
    rest.split(' ')
        .all(|word| word.is_empty() || JOINTS.contains(&word))
        || BYLINES.contains(&rest)
        || begins && words.split(' ').count() <= 12 && !text.ends_with(['.', '!', '?'])
}

/// A date, alone or behind its label; or that label alone.
fn is_dated(words: &str) -> bool {
    if !has_digit(words) {
        return DATED.contains(&words);
    }
    let label = DATED
        .iter()
        .filter(|label| {
            words
                .strip_prefix(**label)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .max_by_key(|label| label.len());
    let rest = label.map_or(words, |label| words[label.len()..].trim());
    // `30`, `9h30`, `00z`, `5pm`, `3rd`
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"adhmnprstz".contains(&byte))
    };
    let is_year =
        |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    let (mut numbers, mut is_dated) = (0, false);
    for word in rest.split(' ') {
        if is_number(word) {
            numbers += 1;
            is_dated |= is_year(word);
        } else if DATE_WORDS.contains(&word) {
            is_dated |= word.len() > 2;
        } else {
            return false;
        }
    }
    is_dated && (2..=7).contains(&numbers)
}

fn has_digit(words: &str) -> bool {
    words.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_reading_time(words: &str) -> bool {
    if !has_digit(words) {
        return false;
    }
    let (mut numbers, mut units) = (0, 0);
    for word in words.split(' ') {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers += 1;
        } else if READING.contains(&word) {
            units += 1;
        } else {
            return false;
        }
    }
    numbers == 1 && units > 0
}
