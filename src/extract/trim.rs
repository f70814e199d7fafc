//! What extractors leave of a page's frame around a body: a heading of the site before the headline, pointers to other
//! articles, the lists and lines of a footer behind the end.

use crate::normalize::page::{self, Piece};
use crate::text::text_of;

/// Words that open a pointer to other articles, as `page::key` writes them.
const POINTERS: &[&str] = &[
    "also read",
    "read also",
    "read more",
    "read next",
    "read this",
    "see also",
    "more on this",
    "more from",
    "related",
    "related articles",
    "related stories",
    "related posts",
    "related topics",
    "recommended",
    "you may also like",
    "you might also like",
    "you may like",
    "explore further",
    "further reading",
    "more stories",
    "most read",
    "most popular",
    "don't miss",
    "auch interessant",
    "lesen sie auch",
    "lesen sie mehr",
    "mehr zum thema",
    "mehr aus der",
    "mehr dazu",
    "schon gelesen",
    "siehe auch",
    "empfohlene beiträge",
    "ähnliche beiträge",
    "ähnliche artikel",
    "weitere artikel",
    "neueste beiträge",
    "neueste blogbeiträge",
    "zum thema",
    "lire aussi",
    "à lire aussi",
    "à lire également",
    "voir aussi",
    "sur le même sujet",
    "articles liés",
    "le puede interesar",
    "te puede interesar",
    "lea también",
    "lee también",
    "lea además",
    "mira también",
    "leer más",
    "ver también",
    "noticias relacionadas",
    "leggi anche",
    "ti potrebbe interessare",
    "potrebbe interessarti",
    "per approfondire",
    "articoli correlati",
    "leia também",
    "leia mais",
    "veja também",
    "saiba mais",
    "notícias relacionadas",
    "lees ook",
    "lees meer",
    "bekijk ook",
    "meer over",
    "zie ook",
    "gerelateerd",
    "läs också",
    "läs mer",
    "les også",
    "læs også",
    "czytaj także",
    "zobacz także",
    "czytaj też",
    "читайте также",
    "смотрите также",
    "читайте також",
];
/// Words that open the frame behind an article.
const FRAME: &[&str] = &[
    "tags",
    "categories",
    "filed under",
    "topics",
    "share this",
    "share",
    "share on",
    "follow us",
    "sign up",
    "subscribe",
    "newsletter",
    "comments",
    "leave a comment",
    "leave a reply",
    "post navigation",
    "previous article",
    "next article",
    "copyright",
    "all rights reserved",
    "kategorien",
    "schlagwörter",
    "schlagworte",
    "teilen",
    "kommentare",
    "kommentare insgesamt",
    "folgen sie uns",
    "alle rechte vorbehalten",
    "mots clés",
    "partager",
    "commentaires",
    "suivez nous",
    "tous droits réservés",
    "etiquetas",
    "comentarios",
    "compartir",
    "síguenos",
    "todos los derechos reservados",
    "tag",
    "commenti",
    "condividi",
    "tutti i diritti riservati",
    "comentários",
    "compartilhe",
    "todos os direitos reservados",
    "trefwoorden",
    "reacties",
    "deel dit",
];
/// Labels that open no sentence of an article.
const SURE: &[&str] = &[
    "copyright",
    "all rights reserved",
    "alle rechte vorbehalten",
    "tous droits réservés",
    "todos los derechos reservados",
    "tutti i diritti riservati",
    "todos os direitos reservados",
    "mehr aus der",
];
/// A block of more characters is text of the article.
const SHORT_CHARS: usize = 160;
/// Blocks before the headline that are looked at.
const HEAD_PIECES: usize = 8;

/// Cuts the frame off a sanitized body. A body that would be left with less than half its text stays as it is.
pub(super) fn frame(html: &str, title: Option<&str>) -> String {
    let pieces = page::pieces(html);
    let texts: Vec<Text> = pieces.iter().map(|piece| Text::of(html, piece)).collect();
    let mut gone = vec![false; pieces.len()];
    let head = headline(&pieces, &texts, title);
    gone[..head].fill(true);
    for (at, text) in texts.iter().enumerate() {
        gone[at] |= text.is_pointer(&pieces[at]);
    }
    let end = tail(&pieces, &texts, &gone);
    gone[end..].fill(true);
    for at in 0..pieces.len() {
        // A heading whose text went is none.
        let next = (at + 1..pieces.len()).find(|next| !gone[*next] || *next >= end);
        let leads_nowhere = next.is_none_or(|next| next >= end);
        gone[at] |= is_heading(&pieces[at]) && leads_nowhere;
        gone[at] &= !texts[at].has_picture || gone[at] && at >= end;
    }
    let chars = |keep: bool| -> usize {
        let all = texts.iter().zip(&gone);
        all.filter(|(_, gone)| !keep || !**gone)
            .map(|(text, _)| text.chars)
            .sum()
    };
    if !gone.contains(&true) || 2 * chars(true) < chars(false) {
        return html.to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut written = 0;
    for (piece, _) in pieces.iter().zip(&gone).filter(|(_, gone)| **gone) {
        out.push_str(&html[written..piece.outer.start]);
        written = piece.outer.end;
    }
    out.push_str(&html[written..]);
    out
}

/// What a block says.
struct Text {
    chars: usize,
    /// Characters that are links.
    linked: usize,
    has_picture: bool,
    has_colon: bool,
}

impl Text {
    fn of(html: &str, piece: &Piece) -> Self {
        let own = &html[piece.outer.clone()];
        let chars = text_of(own).chars().count();
        let links = own.split("<a ").skip(1);
        let linked = links
            .filter_map(|link| {
                let link = &link[link.find('>')? + 1..];
                Some(
                    text_of(&link[..link.find("</a>").unwrap_or(link.len())])
                        .chars()
                        .count(),
                )
            })
            .sum();
        Self {
            chars,
            linked,
            has_picture: own.contains("<img "),
            has_colon: text_of(own).contains(':'),
        }
    }

    fn is_linked(&self) -> bool {
        self.chars > 0 && 10 * self.linked >= 8 * self.chars
    }

    /// A label of the frame: alone, with a number, links or little more behind it; or one that nobody writes elsewhere.
    fn is_label(&self, piece: &Piece, is_heading: bool) -> bool {
        let Some(label) =
            begins_with(&piece.key, FRAME).or_else(|| begins_with(&piece.key, POINTERS))
        else {
            return false;
        };
        let rest = piece.key[label.len()..].trim();
        let is_short = is_heading || self.has_colon && rest.len() <= 40;
        let is_number = rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b' ');
        is_number || is_short || 2 * self.linked >= rest.len() || SURE.contains(&label)
    }

    /// `Read also: …`, with a link and little else.
    fn is_pointer(&self, piece: &Piece) -> bool {
        let label = begins_with(&piece.key, POINTERS);
        let rest = label.map(|label| piece.key.len() - label.len());
        let is_text = matches!(
            piece.name.as_str(),
            "p" | "" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "blockquote"
        );
        is_text
            && rest.is_some_and(|rest| {
                rest > 0 && 2 * self.linked >= rest && self.chars <= 2 * SHORT_CHARS
            })
    }
}

fn begins_with(key: &str, words: &[&'static str]) -> Option<&'static str> {
    words
        .iter()
        .copied()
        .filter(|word| {
            key.strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .max_by_key(|word| word.len())
}

/// How many blocks stand up to the headline with nothing long among them; 0 when it is not there.
fn headline(pieces: &[Piece], texts: &[Text], title: Option<&str>) -> usize {
    let Some(title) = title.map(page::key).filter(|title| !title.is_empty()) else {
        return 0;
    };
    let found = pieces
        .iter()
        .take(HEAD_PIECES)
        .position(|piece| piece.key == title);
    match found {
        Some(at) if texts[..at].iter().all(|text| text.chars <= SHORT_CHARS) => at,
        _ => 0,
    }
}

fn is_heading(piece: &Piece) -> bool {
    matches!(piece.name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Where the frame behind the article begins: links, pointers, labels and what is short below them.
fn tail(pieces: &[Piece], texts: &[Text], gone: &[bool]) -> usize {
    let mut end = pieces.len();
    let mut at = pieces.len();
    while at > 0 {
        at -= 1;
        let (piece, text) = (&pieces[at], &texts[at]);
        let is_heading = is_heading(piece);
        let is_label = text.chars <= SHORT_CHARS && text.is_label(piece, is_heading);
        if gone[at] || is_label {
            end = at;
        } else if text.chars == 0 && !text.has_picture {
        } else if text.is_linked() && !text.has_picture {
            // Links alone are a list of other pages only below a label, or when they are several.
            let is_list = matches!(piece.name.as_str(), "ul" | "ol");
            if is_list || end == at + 1 {
                end = at;
            }
        } else if text.chars > SHORT_CHARS
            || text.has_picture
            || (!is_heading && ends_sentence(&piece.key, text))
        {
            break;
        }
    }
    end
}

/// Long enough to be a sentence of the article rather than a line of a list.
fn ends_sentence(key: &str, text: &Text) -> bool {
    text.chars > 80 && key.split(' ').count() > 10
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: &str = "<p>The ferry came back to the harbour after a winter in the yard, and the whole town stood on the quay to see it.</p>\
        <p>It will sail twice a day until the storms begin, the office said, and once a day in the winter months after that.</p>";

    #[test]
    fn what_stands_before_the_headline_and_behind_the_end_goes() {
        let cases = [
            (
                "<h2>News</h2><p>2021</p><h1>Ferry back</h1>",
                "",
                "<h1>Ferry back</h1>",
                "",
            ),
            (
                "",
                "<h3>Related</h3><ul><li><a href=\"x\">Other</a></li></ul>",
                "",
                "",
            ),
            ("", "<p>© all</p>", "", "<p>© all</p>"),
            ("", "<p>Copyright 2019 Gazette</p>", "", ""),
            (
                "",
                "<p>Tags: <a href=\"x\">sea</a></p><p><a href=\"y\">Next</a></p>",
                "",
                "",
            ),
            (
                "<p>LEA TAMBIÉN: <a href=\"x\">Otro barco vuelve</a></p>",
                "",
                "",
                "",
            ),
        ];
        for (before, behind, kept_before, kept_behind) in cases {
            let given = format!("{before}{ARTICLE}{behind}");
            let expected = format!("{kept_before}{ARTICLE}{kept_behind}");
            assert_eq!(frame(&given, Some("Ferry back")), expected);
        }
    }

    #[test]
    fn the_last_sentence_is_no_label_because_of_its_first_word() {
        for last in [
            "Share prices of the yard fell.",
            "Related work was done in Delft.",
            "Comments are made by all.",
        ] {
            let article = format!("{ARTICLE}<p>{last}</p>");
            assert_eq!(frame(&article, None), article);
        }
    }

    #[test]
    fn an_article_that_is_short_or_speaks_of_such_things_stays() {
        for article in [
            "<p>Related work was done in <a href=\"x\">Delft</a> by others, who found that the ferries of the north sail longer.</p>",
            "<p>Share prices of the yard fell.</p>",
            "<h2>Tags</h2>",
        ] {
            assert_eq!(frame(article, None), article);
        }
    }
}
