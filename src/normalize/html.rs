//! Feed HTML → sanitized HTML with absolute URLs.
//!
//! [`strict`] writes the allowed subset of HTML in one form and refuses everything else; what it refuses, ammonia
//! (over html5ever) first brings into shape. Whatever way a text took, `strict` wrote it last: cleaning twice is
//! cleaning once, and nothing survives that is not on the allow list of [`elements`].

use std::collections::HashSet;
use std::sync::{LazyLock, OnceLock};

use ammonia::Builder;
use memchr::{memchr, memchr2, memmem};
use url::Url;

use self::elements::{ELEMENTS, Element, GENERIC, Value};
use super::absolute;

pub(super) use self::elements::KINDS;
pub use self::shape::{Shape, shape};
pub(super) use self::tokens::{Attributes, Token, Tokens};

mod cost;
mod elements;
mod escape;
mod pictures;
mod shape;
mod strict;
#[cfg(test)]
mod tests;
mod tokens;

/// Times that a tree is built: taking an element out can leave a nesting that parsers read differently, and what they
/// make of it settles soon.
const ROUNDS: usize = 4;
/// Elements that go with their content.
const DROPPED: &[&str] = &[
    "button", "head", "noembed", "noframes", "script", "select", "style", "svg", "template",
    "textarea", "title",
];

/// Sanitizes on an allow list and resolves relative references against `base`. Text without markup becomes a
/// paragraph; what is too deep or too costly to read as HTML is reduced to its text.
pub(super) fn sanitize(html: &str, base: &Url) -> String {
    let html = html.trim();
    if memchr2(b'<', b'&', html.as_bytes()).is_none() {
        return plain(html);
    }
    let mut clean = strict::write(html, base).unwrap_or_else(|| rebuild(html, base));
    clean.truncate(clean.trim_end().len());
    let start = clean.len() - clean.trim_start().len();
    clean.drain(..start);
    if !clean.is_empty() && memchr(b'<', clean.as_bytes()).is_none() {
        clean = format!("<p>{clean}</p>");
    }
    // What was left out of a page may be most of it.
    clean.shrink_to_fit();
    clean
}

fn rebuild(html: &str, base: &Url) -> String {
    let mut shaped = without_noscript(html);
    for _ in 0..ROUNDS {
        if cost::is_costly(&shaped) {
            break;
        }
        shaped = sanitizer().clean(&shaped).to_string();
        if let Some(clean) = strict::write(&shaped, base) {
            return clean;
        }
    }
    plain(&text(html))
}

/// No script runs here: what stands in for one is content, and not the raw text that html5ever takes it for.
fn without_noscript(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let (mut tokens, mut from) = (Tokens::new(html), 0);
    while let Some(token) = tokens.next() {
        let is_noscript = match token {
            Token::Open(name, _) | Token::Close(name) => name.eq_ignore_ascii_case("noscript"),
            _ => false,
        };
        // An empty comment keeps what stood before and behind it from becoming a tag together.
        out.push_str(if is_noscript {
            "<!---->"
        } else {
            &html[from..tokens.at()]
        });
        from = tokens.at();
    }
    out
}

/// Brings HTML into shape for [`strict`], which decides about the values of attributes.
fn sanitizer() -> &'static Builder<'static> {
    static BUILDER: OnceLock<Builder<'static>> = OnceLock::new();
    BUILDER.get_or_init(|| {
        let names = |element: &'static Element| {
            let addresses = ["src", "srcset"].into_iter();
            let lazy = pictures::LAZY.iter().chain(pictures::LAZY_SETS).copied();
            let own = element.attributes.iter().map(|(name, _)| *name);
            match element.name {
                "img" | "source" => addresses.chain(lazy).chain(own).collect(),
                _ => own.collect::<HashSet<&str>>(),
            }
        };
        let attributes = ELEMENTS
            .iter()
            .map(|element| (element.name, names(element)));
        let mut builder = Builder::empty();
        builder
            .tags(
                ELEMENTS
                    .iter()
                    .map(|element| element.name)
                    .chain(["iframe"])
                    .collect(),
            )
            .tag_attributes(attributes.chain([("iframe", ["src"].into())]).collect())
            .generic_attributes(GENERIC.iter().map(|(name, _)| *name).collect())
            .clean_content_tags(DROPPED.iter().copied().collect())
            .url_schemes(["http", "https", "mailto"].into())
            .link_rel(None);
        builder
    })
}

/// Text as HTML: escaped, blank lines become paragraphs.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for paragraph in text.split("\n\n").map(str::trim) {
        let at = out.len();
        out.push_str("<p>");
        escape::escape_text(&mut out, paragraph);
        match &out[at..] {
            "<p>" => out.truncate(at),
            _ => out.push_str("</p>"),
        }
    }
    out
}

/// The text of HTML that nothing has cleaned yet, paragraphs separated by a blank line.
pub(super) fn text(html: &str) -> String {
    let mut tags = String::with_capacity(html.len());
    let mut tokens = Tokens::new(html);
    loop {
        let start = tokens.at();
        let Some(token) = tokens.next() else {
            // A tag that the text ends within is none: `A<B`.
            push_without_tags(&mut tags, &html[start..]);
            break;
        };
        match token {
            Token::Text(text) => push_without_tags(&mut tags, text),
            Token::Open(name, _) => {
                let name = name.to_ascii_lowercase();
                if cost::RAW.contains(&name.as_str()) {
                    tokens.skip_to_close(&name);
                }
                tags.extend(["<", &name, ">"]);
            }
            Token::Close(name) => tags.extend(["</", &name.to_ascii_lowercase(), ">"]),
            Token::Comment => {}
        }
    }
    crate::text::text_of(&tags)
}

fn push_without_tags(out: &mut String, text: &str) {
    for (index, part) in text.split('<').enumerate() {
        if index > 0 {
            out.push_str("&lt;");
        }
        out.push_str(part);
    }
}

/// A picture in sanitized HTML.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Inline {
    pub(super) url: String,
    pub(super) alt: Option<String>,
    /// Pixels.
    pub(super) width: Option<u32>,
    /// Pixels.
    pub(super) height: Option<u32>,
}

/// The pictures in sanitized HTML, in their order.
pub(super) fn pictures(html: &str) -> impl Iterator<Item = Inline> {
    static START: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new("<img "));
    START.find_iter(html.as_bytes()).filter_map(|at| {
        let tag = &html[at + "<img ".len()..];
        let end = memchr(b'>', tag.as_bytes())?;
        let mut inline = Inline::default();
        let mut url = None;
        // Each attribute stands once.
        for (name, value) in Attributes::of(&tag[..=end]) {
            let value = || crate::text::decode_entities(value);
            match name {
                "src" => url = Some(value()),
                "alt" => inline.alt = Some(value()).filter(|alt| !alt.trim().is_empty()),
                "width" => inline.width = number(&value()),
                "height" => inline.height = number(&value()),
                _ => {}
            }
        }
        inline.url = url?;
        Some(inline)
    })
}

/// A `mailto` address.
fn mail(reference: &str, base: &Url) -> Option<String> {
    let url = base.join(reference.trim()).ok()?;
    (url.scheme() == "mailto").then(|| url.into())
}

/// A number of pixels or cells, perhaps with its unit.
fn number(value: &str) -> Option<u32> {
    value.trim().trim_end_matches("px").trim_end().parse().ok()
}

/// What is kept of an attribute's decoded value.
fn value_of(value: Value, given: &str, base: &Url) -> Option<String> {
    match value {
        Value::Text => Some(given.trim_matches(escape::is_unseen).to_owned()),
        Value::Number => number(given).map(|number| number.to_string()),
        Value::Link => absolute(base, given).or_else(|| mail(given, base)),
        Value::Source => absolute(base, given),
        Value::Flag => Some(String::new()),
        Value::Word(words) => words
            .iter()
            .find(|word| given.trim().eq_ignore_ascii_case(word))
            .map(|word| (*word).to_owned()),
    }
}
