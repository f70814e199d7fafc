//! The bytes of a page → text that is safe to build a tree of.

use std::borrow::Cow;

use super::dom::Tree;
use super::{MOST_BYTES, Refused};
use crate::normalize::page::{Shape, shape};
use crate::recover::decode;

/// Work in the tree grows with the square of the depth and of the number of elements.
const LIMIT: Shape = Shape {
    elements: 50_000,
    depth: 256,
    is_unsure: false,
};
/// Where the charset may be declared, in bytes (browsers look at the first 1,024; pages exceed that).
const DECLARED_WITHIN: usize = 4_096;

/// Decodes a page and refuses what is none, or would cost too much.
pub(super) fn text<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
) -> Result<Cow<'a, str>, Refused> {
    if body.len() > MOST_BYTES {
        return Err(Refused::TooLarge { bytes: body.len() });
    }
    is_html(body, content_type)?;
    let text = decoded(body, content_type);
    within(shape(&text, LIMIT))?;
    Ok(text)
}

/// A tree, once it is made: its shape was foretold, and nothing may rest on that having been right.
pub(super) fn tree(text: &str) -> Result<Tree, Refused> {
    let tree = Tree::parse(text);
    within(tree.shape())?;
    Ok(tree)
}

fn within(found: Shape) -> Result<(), Refused> {
    if found.is_unsure {
        return Err(Refused::Unsure);
    }
    if found.depth > LIMIT.depth {
        return Err(Refused::TooDeep { limit: LIMIT.depth });
    }
    if found.elements > LIMIT.elements {
        return Err(Refused::TooMany {
            limit: LIMIT.elements,
        });
    }
    Ok(())
}

/// No head is longer, in bytes.
const HEAD_BYTES: usize = 256 << 10;

/// The head alone of a page that is too much as a whole; nothing when even that is.
pub(super) fn head<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let body = &body[..body.len().min(HEAD_BYTES)];
    let text = decoded(body, content_type).into_owned();
    let lower = text.to_ascii_lowercase();
    let end = lower
        .find("</head")
        .or_else(|| lower.find("<body"))
        .unwrap_or(0);
    let head = text[..end].to_owned();
    match within(shape(&head, LIMIT)) {
        Ok(()) => Cow::Owned(head),
        Err(_) => Cow::Borrowed(""),
    }
}

/// Whether the type says HTML, or says nothing and the bytes look like it.
fn is_html(body: &[u8], content_type: Option<&str>) -> Result<(), Refused> {
    let kind = content_type
        .and_then(|kind| kind.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase());
    let says_html = kind
        .as_deref()
        .is_some_and(|kind| matches!(kind, "text/html" | "application/xhtml+xml"));
    let is_open = kind.as_deref().is_none_or(|kind| {
        matches!(
            kind,
            "" | "text/plain" | "application/xml" | "text/xml" | "application/octet-stream"
        )
    });
    if !says_html && !is_open {
        return Err(Refused::NotHtml {
            what: kind.unwrap_or_default(),
        });
    }
    let start = body.trim_ascii_start();
    let what = match start {
        [] => "an empty document",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] | [b'G', b'I', b'F', b'8', ..] => {
            "a picture"
        }
        [b'{' | b'[', ..] if !says_html => "JSON",
        _ => "",
    };
    let head = &start[..start.len().min(DECLARED_WITHIN)];
    let has_tags =
        head.contains(&b'<') || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let has = |name: &[u8]| {
        head.windows(name.len())
            .any(|part| part.eq_ignore_ascii_case(name))
    };
    let what = match what {
        "" if !has_tags => "plain text",
        "" if !says_html && (has(b"<rss") || has(b"<feed") || has(b"<rdf:rdf")) => "a feed",
        what => what,
    };
    if what.is_empty() {
        return Ok(());
    }
    Err(Refused::NotHtml {
        what: what.to_owned(),
    })
}

/// Byte order mark, what the bytes prove, the charset of the header, that of the page, windows-1252.
fn decoded<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    const UTF_8: &str = "text/html; charset=utf-8";
    if is_mostly_utf8(body) {
        return decode::decode(body, Some(UTF_8)).text;
    }
    let has_charset =
        content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("charset="));
    let declared = || Some(format!("text/html; charset={}", declared(body)?));
    if has_charset {
        return decode::decode(body, content_type).text;
    }
    decode::decode(body, declared().as_deref()).text
}

/// Whether nearly all that is not ASCII is valid UTF-8: a stray byte makes no other charset of it.
fn is_mostly_utf8(body: &[u8]) -> bool {
    let (mut valid, mut broken) = (0usize, 0usize);
    for chunk in body.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        broken += chunk.invalid().len();
    }
    broken > 0 && valid > 10 * broken
}

/// What `<meta charset>` or `<meta http-equiv>` says (HTML §13.2.3.2, loosely).
fn declared(body: &[u8]) -> Option<String> {
    let head = body[..body.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let rest = head
        .match_indices("charset")
        .map(|(at, name)| head[at + name.len()..].trim_start())
        .find_map(|rest| rest.strip_prefix('='))?;
    let name: String = rest
        .trim_start_matches([' ', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_decoded_by_what_they_prove_and_then_by_what_they_declare() {
        let cases: [(&[u8], Option<&str>, &str); 5] = [
            (
                b"<p>caf\xe9",
                Some("text/html; charset=iso-8859-1"),
                "<p>café",
            ),
            (b"<meta charset=\"windows-1251\"><p>\xcf\xee", None, "По"),
            (
                b"<meta http-equiv='Content-Type' content='text/html; charset=Shift_JIS'>\x93\xfa",
                None,
                "日",
            ),
            (b"<p>caf\xe9", None, "café"),
            (
                b"<p>caf\xc3\xa9",
                Some("text/html; charset=iso-8859-1"),
                "café",
            ),
        ];
        for (body, content_type, expected) in cases {
            let found = text(body, content_type).expect("a page");
            assert!(found.contains(expected), "{found}");
        }
        let mut stray = "<p>é".repeat(30).into_bytes();
        stray.push(0xe9);
        let found = text(&stray, Some("text/html; charset=iso-8859-1")).expect("a page");
        assert!(found.starts_with("<p>é<p>é"), "{found}");
    }

    #[test]
    fn what_is_no_page_is_refused_with_its_name() {
        let cases: [(&[u8], Option<&str>, &str); 6] = [
            (b"%PDF-1.7", None, "a PDF document"),
            (b"<p>a", Some("image/png"), "image/png"),
            (b"{\"a\": 1}", None, "JSON"),
            (b"", Some("text/html"), "an empty document"),
            (b"moved", Some("text/html"), "plain text"),
            (b"<?xml version='1.0'?><rss version='2.0'>", None, "a feed"),
        ];
        for (body, content_type, expected) in cases {
            let what = expected.to_owned();
            assert_eq!(text(body, content_type), Err(Refused::NotHtml { what }));
        }
    }

    #[test]
    fn formatting_left_open_is_refused() {
        let bold: String = (0..200).map(|n| format!("<b id={n}>")).collect();
        let block = format!("<div>{bold}</div>");
        let blocks = format!("{block}{}", "<p>x</p>".repeat(2_000));
        let refusal = |html: &str| {
            text(html.as_bytes(), None)
                .map(|_| ())
                .expect_err("refused")
        };
        assert_eq!(refusal(&blocks), Refused::TooMany { limit: 50_000 });
        let rounds = refusal(&block.repeat(20));
        assert_eq!(rounds, Refused::TooDeep { limit: 256 });
        // A head is looked at as closely.
        let head = format!("<head>{}</head>", block.repeat(20));
        assert_eq!(super::head(head.as_bytes(), None), "");
    }

    #[test]
    fn a_tree_that_was_not_foretold_is_refused_once_it_is_there() {
        let refused = |html: &str| tree(html).map(|_| ()).expect_err("refused");
        assert_eq!(
            refused(&"<div>".repeat(2_000)),
            Refused::TooDeep { limit: 256 }
        );
        assert_eq!(
            refused(&"<p>a".repeat(50_001)),
            Refused::TooMany { limit: 50_000 }
        );
    }

    /// Numbers that look random, the same in every run (Numerical Recipes).
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 7_u32;
        move |below| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        }
    }

    #[test]
    fn a_tree_is_no_larger_than_was_foretold() {
        const NAMES: &[&str] = &[
            "div",
            "p",
            "b",
            "i",
            "a",
            "span",
            "li",
            "ul",
            "h2",
            "article",
            "form",
            "table",
            "tr",
            "td",
            "svg",
            "path",
            "button",
            "object",
            "select",
            "option",
            "dd",
            "noscript",
            "style",
            "font",
            "section",
            "desc",
            "foreignObject",
            "body",
            "x-y",
            "nobr",
            "template",
            "math",
            "mi",
        ];
        const WIDE: Shape = Shape {
            elements: usize::MAX,
            depth: usize::MAX,
            is_unsure: false,
        };
        let mut number = numbers();
        for _ in 0..3_000 {
            let few: Vec<&str> = (0..1 + number(4))
                .map(|_| NAMES[number(NAMES.len())])
                .collect();
            let part: String = (0..2 + number(7))
                .map(|_| {
                    let name = few[number(few.len())];
                    match number(7) {
                        0..3 => format!("<{name}>"),
                        3 => format!("<{name} id={}>", number(9)),
                        4 => "x".to_owned(),
                        _ => format!("</{name}>"),
                    }
                })
                .collect();
            let html = part.repeat(60);
            let (foretold, found) = (shape(&html, WIDE), Tree::parse(&html).shape());
            if foretold.is_unsure {
                continue;
            }
            // What is moved by end tags out of order counts as elements.
            assert!(
                found.elements <= 2 * foretold.elements + 12
                    && found.depth <= 2 * foretold.depth + foretold.elements / 6 + 12,
                "{part}: {foretold:?} {found:?}"
            );
        }
    }

    #[test]
    fn what_would_cost_too_much_is_refused() {
        let page = |part: &str, count| format!("<html>{}", part.repeat(count)).into_bytes();
        let refusal = |body: Vec<u8>| text(&body, None).map(|_| ()).expect_err("refused");
        assert_eq!(
            refusal(page("<div>", 20_000)),
            Refused::TooDeep { limit: 256 }
        );
        assert_eq!(
            refusal(page("<table><tr><td>", 3_000)),
            Refused::TooDeep { limit: 256 }
        );
        assert_eq!(
            refusal(page("<span>a</span>", 60_000)),
            Refused::TooMany { limit: 50_000 }
        );
        assert_eq!(
            refusal(page("&amp;", 900_000)),
            Refused::TooLarge { bytes: 4_500_006 }
        );
        assert_eq!(text(&page("<p>a</p>", 40_000), None).map(|_| ()), Ok(()));
    }
}
