//! Text constructs (RFC 4287 §3.1), the title of an entry without one, and what may stand where an IRI must.

use std::borrow::Cow;

use super::xml::{Attributes, Xml};
use crate::model::Article;

/// Writes plain text so that every reader shows it literally.
///
/// Many readers take a title for HTML whatever its `type` says. Text that HTML would read differently is therefore
/// sent as HTML, escaped; all other text means the same to both and goes out plain.
pub(super) fn construct(xml: &mut Xml, name: &'static str, attributes: Attributes<'_>, text: &str) {
    if text.contains(['<', '&']) {
        let mut typed = vec![("type", Some("html"))];
        typed.extend_from_slice(attributes);
        xml.text(name, &typed, &escaped(text));
    } else {
        xml.text(name, attributes, text);
    }
}

/// Text as HTML that shows it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text for a place that has no way to say that it is text: where a careless reader would see a tag, the sign that begins it
/// is its full-width twin, which looks the same and begins nothing.
pub(super) fn unobeyed(text: &str) -> Cow<'_, str> {
    if !text
        .match_indices('<')
        .any(|(at, _)| begins_tag(&text[at + 1..]))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = &from[1..];
        out.push(if begins_tag(rest) { '＜' } else { '<' });
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether what follows a `<` makes it a tag, a comment or a declaration to HTML, once what XML cannot carry is gone.
pub(super) fn begins_tag(rest: &str) -> bool {
    rest.trim_start_matches(super::xml::forbidden)
        .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

/// Whether HTML would read something in a text as a tag or a character reference.
pub(super) fn is_obeyed(text: &str) -> bool {
    text.match_indices(['<', '&']).any(|(at, sign)| {
        let rest = &text[at + 1..];
        if sign == "<" {
            begins_tag(rest)
        } else {
            let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            rest.starts_with('#') || (name.starts_with(';') && name.len() < rest.len())
        }
    })
}

/// The title to publish: the article's own, else the beginning of its text, else its address, else its id.
pub(super) fn title(article: &Article) -> Cow<'_, str> {
    let entry = &article.entry;
    let own = entry
        .title
        .as_deref()
        .filter(|title| !title.trim().is_empty());
    if let Some(title) = own {
        return Cow::Borrowed(title);
    }
    let text = super::text_of(entry).filter(|text| !text.trim().is_empty());
    if let Some(text) = text
        .as_deref()
        .or(entry.details.summary.as_deref())
        .filter(|text| !text.trim().is_empty())
    {
        return Cow::Owned(beginning(text, TITLE_CHARACTERS));
    }
    Cow::Borrowed(entry.url.as_deref().unwrap_or(&article.published_id))
}

const TITLE_CHARACTERS: usize = 80;

/// The first `limit` characters of a text on one line, cut between words and marked with an ellipsis when cut. A
/// text without spaces is cut at the limit.
pub(super) fn beginning(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut characters = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let space = usize::from(!line.is_empty());
        if characters + space + length > limit {
            if line.is_empty() {
                line.extend(word.chars().take(limit));
            }
            line.push('…');
            return line;
        }
        if space == 1 {
            line.push(' ');
        }
        line.push_str(word);
        characters += space + length;
    }
    line
}

/// Whether a value can stand where RFC 4287 wants an absolute IRI.
pub(super) fn is_iri(value: &str) -> bool {
    let forbidden = |character: char| {
        character.is_whitespace() || character.is_control() || "<>\"{}|\\^`".contains(character)
    };
    !value.contains(forbidden)
        && url::Url::parse(value).is_ok_and(|url| !crate::text::is_scripting(url.scheme()))
}

/// A language as `xml:lang` takes it (the lexical form of BCP 47); others are left out.
pub(super) fn language(tag: Option<&str>) -> Option<&str> {
    tag.filter(|tag| {
        tag.split('-').enumerate().all(|(index, part)| {
            let alphabet = |byte: u8| {
                if index == 0 {
                    byte.is_ascii_alphabetic()
                } else {
                    byte.is_ascii_alphanumeric()
                }
            };
            (1..=8).contains(&part.len()) && part.bytes().all(alphabet)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_tag_is_replaced_and_the_rest_stays() {
        assert_eq!(unobeyed("a <b>c</b> <3 x < y"), "a ＜b>c＜/b> <3 x < y");
        assert_eq!(unobeyed("<\u{0}\u{1f}img"), "＜\u{0}\u{1f}img");
        assert_eq!(unobeyed("<<script"), "<＜script");
        assert!(matches!(unobeyed("plain & < 3"), Cow::Borrowed(_)));
    }
}
