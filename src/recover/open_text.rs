//! The text of an element: collected in pieces, put together when the element ends.

use base64::Engine as _;

use super::entities::{self, Entities, Flaws};
use super::names;
use super::rules::{Field, Kind};

/// Pieces of one text that are kept: each takes several times the room of the tag that it is.
const MAX_PIECES: usize = 500_000;

/// A piece of text as it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    CData(&'a str),
    /// A start or end tag.
    Tag(&'a str),
}

/// What a text is by its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Html,
    /// Markup that is not escaped.
    Xhtml,
    Base64,
    /// Not for people: a picture, a program.
    Binary,
}

/// A text element that is open.
#[derive(Debug)]
pub(super) struct OpenText<'a> {
    /// Of its tag.
    pub(super) name: &'a str,
    pub(super) field: Field,
    pieces: Vec<Piece<'a>>,
    /// Byte where its tag begins.
    pub(super) at: usize,
    /// Elements of the same name within it.
    pub(super) nested: usize,
    /// feed-rs reads its attributes as they are.
    pub(super) is_plain: bool,
    /// Stands for a text that is blank.
    pub(super) fallback: Option<String>,
    /// `domain` of a category.
    pub(super) domain: Option<String>,
    /// Attributes that are carried with it.
    pub(super) noted: Vec<(String, String)>,
    kind: Type,
}

/// The whole text.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) html: bool,
    flaws: Flaws,
    inline_markup: bool,
}

impl Body {
    /// Names of the repairs that the text needed.
    pub(super) fn repairs(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.flaws.undefined, "undefined-entity"),
            (self.flaws.bare, "bare-ampersand"),
            (self.flaws.impossible, "impossible-reference"),
            (self.inline_markup, "unescaped-markup"),
        ];
        all.into_iter()
            .filter(|(found, _)| *found)
            .map(|(_, name)| name)
    }
}

impl<'a> OpenText<'a> {
    /// `legacy`: the document is Atom before 1.0, where `mode` says how markup is written. `room` is what
    /// [`OpenText::take_room`] gave back of an earlier text.
    pub(super) fn new(
        name: &'a str,
        field: Field,
        attributes: &[(&str, &str)],
        legacy: bool,
        room: Vec<Piece<'a>>,
    ) -> Self {
        let value = |name: &str| {
            let found = attributes
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| *value)
        };
        let given = value("type");
        let is_construct = matches!(field.kind, Kind::Construct | Kind::Content);
        let (kind, is_plain) = if is_construct {
            let as_is = matches!(given, None | Some("text" | "html")) && !legacy;
            let kind = type_of(
                given.unwrap_or_default(),
                value("mode").filter(|_| legacy || given.is_some()),
                field.kind,
            );
            (kind, as_is && value("src").is_none())
        } else {
            (Type::Html, true)
        };
        Self {
            name,
            field,
            pieces: room,
            at: 0,
            nested: 0,
            is_plain,
            fallback: None,
            domain: None,
            noted: Vec::new(),
            kind,
        }
    }

    /// The room that its pieces took, for the next text: a feed has many.
    pub(super) fn take_room(&mut self) -> Vec<Piece<'a>> {
        let mut room = std::mem::take(&mut self.pieces);
        room.clear();
        room
    }

    /// Adds a piece, if there are not too many.
    pub(super) fn push(&mut self, piece: Piece<'a>) {
        if self.pieces.len() < MAX_PIECES {
            self.pieces.push(piece);
        }
    }

    /// More pieces than are kept.
    pub(super) fn is_cut(&self) -> bool {
        self.pieces.len() == MAX_PIECES
    }

    /// Nothing but white space.
    pub(super) fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Text(raw) | Piece::CData(raw) => raw.trim_ascii().is_empty(),
            Piece::Tag(_) => false,
        })
    }

    /// Puts the pieces together.
    pub(super) fn body(&self, entities: &Entities) -> Body {
        let has_tags = self
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Tag(_)));
        match (self.field.kind, self.kind) {
            (Kind::Word, _) => self.word(entities),
            (_, Type::Binary) => Body::default(),
            (_, Type::Base64) => self.base64(entities),
            (Kind::Html, _) if has_tags => Body {
                inline_markup: true,
                ..self.markup(entities, false)
            },
            (_, Type::Xhtml) if has_tags => self.markup(entities, true),
            (_, Type::Html | Type::Text) if has_tags => Body {
                inline_markup: true,
                ..self.markup(entities, false)
            },
            (_, kind) => {
                let mut body = decoded(&self.pieces, entities);
                // Without a tag in it, XHTML is text.
                body.html = self.field.kind == Kind::Html || kind == Type::Html;
                body
            }
        }
    }

    /// One word or line: of tags within it only the text counts, and that only when there is none outside.
    fn word(&self, entities: &Entities) -> Body {
        let mut open = 0usize;
        let outside = |piece: &&Piece<'_>| {
            match piece {
                Piece::Tag(raw) if raw.starts_with("</") => open = open.saturating_sub(1),
                Piece::Tag(raw) => open += usize::from(!raw.ends_with("/>")),
                Piece::Text(_) | Piece::CData(_) => {}
            }
            open == 0
        };
        let own: Vec<Piece<'_>> = match self.named() {
            Some(name) => name.to_vec(),
            None => self.pieces.iter().filter(outside).copied().collect(),
        };
        let mut body = decoded(&own, entities);
        if body.text.trim().is_empty() {
            body = decoded(&self.pieces, entities);
        }
        let trimmed = body.text.trim();
        if trimmed.len() < body.text.len() {
            body.text = trimmed.to_owned();
        }
        body
    }

    /// What stands in a `name` within: people of Atom in elements of RSS.
    fn named(&self) -> Option<&[Piece<'a>]> {
        let from = self
            .pieces
            .iter()
            .position(|piece| matches!(piece, Piece::Tag(raw) if raw.starts_with("<name")))?;
        let length = self.pieces[from..]
            .iter()
            .position(|piece| matches!(piece, Piece::Tag(raw) if raw.starts_with("</name")))?;
        Some(&self.pieces[from + 1..from + length])
    }

    fn base64(&self, entities: &Entities) -> Body {
        let text = decoded(&self.pieces, entities).text;
        let packed: String = text.split_ascii_whitespace().collect();
        let decoded = base64::prelude::BASE64_STANDARD.decode(packed).ok();
        let text = decoded
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        Body {
            html: text.contains('<'),
            text,
            ..Body::default()
        }
    }

    /// Markup that stands in the document unescaped, as HTML. `strict`: character data is text, as XHTML has it.
    fn markup(&self, entities: &Entities, strict: bool) -> Body {
        let mut body = Body {
            html: true,
            ..Body::default()
        };
        for piece in self.without_wrapper(strict) {
            match piece {
                Piece::Text(raw) => {
                    let decoded = entities::decode(raw, entities);
                    escape_into(&mut body.text, &decoded.text);
                    body.note(decoded.flaws);
                }
                Piece::CData(raw) if strict => escape_into(&mut body.text, raw),
                Piece::CData(raw) => body.text.push_str(raw),
                Piece::Tag(raw) => push_tag(&mut body.text, raw),
            }
        }
        body
    }

    /// The `div` around XHTML is not part of it (RFC 4287 §3.1.1.3).
    fn without_wrapper(&self, strict: bool) -> &[Piece<'a>] {
        let solid =
            |piece: &Piece<'_>| !matches!(piece, Piece::Text(raw) if raw.trim_ascii().is_empty());
        let first = self.pieces.iter().position(solid);
        let last = self.pieces.iter().rposition(solid);
        let is_div = |piece: Option<&Piece<'_>>, mark: &str| match piece {
            Some(Piece::Tag(raw)) => raw.strip_prefix(mark).is_some_and(|rest| {
                let name = rest
                    .split(|c: char| c.is_whitespace() || c == '>')
                    .next()
                    .unwrap_or_default();
                names::split(name).1 == "div" && !raw.ends_with("/>")
            }),
            _ => false,
        };
        match (first, last) {
            (Some(first), Some(last))
                if strict
                    && first < last
                    && is_div(self.pieces.get(first), "<")
                    && is_div(self.pieces.get(last), "</")
                    && self.wraps_all(first, last) =>
            {
                &self.pieces[first + 1..last]
            }
            _ => &self.pieces,
        }
    }

    /// The element that begins at `first` ends only at `last`.
    fn wraps_all(&self, first: usize, last: usize) -> bool {
        let mut open = 0usize;
        for piece in &self.pieces[first..last] {
            match piece {
                Piece::Tag(raw) if raw.starts_with("</") => open = open.saturating_sub(1),
                Piece::Tag(raw) if !raw.ends_with("/>") => open += 1,
                _ => {}
            }
            if open == 0 {
                return false;
            }
        }
        true
    }
}

/// The text of pieces, without their tags.
fn decoded(pieces: &[Piece<'_>], entities: &Entities) -> Body {
    let mut body = Body::default();
    for piece in pieces {
        match piece {
            Piece::Text(raw) => {
                let decoded = entities::decode(raw, entities);
                body.text.push_str(&decoded.text);
                body.note(decoded.flaws);
            }
            Piece::CData(raw) => body.text.push_str(raw),
            Piece::Tag(_) => {}
        }
    }
    body
}

impl Body {
    fn note(&mut self, flaws: Flaws) {
        self.flaws.undefined |= flaws.undefined;
        self.flaws.bare |= flaws.bare;
        self.flaws.impossible |= flaws.impossible;
    }
}

fn type_of(given: &str, mode: Option<&str>, kind: Kind) -> Type {
    let lower = given.trim().to_ascii_lowercase();
    let essence = lower.split(';').next().unwrap_or_default().trim_end();
    let by_name = match essence {
        "" | "text" | "text/plain" | "plain" | "text/x-markdown" | "text/markdown" => Type::Text,
        "xhtml" | "application/xhtml+xml" | "text/xhtml" => Type::Xhtml,
        _ if essence.contains("html") => Type::Html,
        _ if essence.ends_with("+xml") || essence.ends_with("/xml") => Type::Xhtml,
        _ if essence.starts_with("text/") => Type::Text,
        "application/octet-stream" => Type::Base64,
        _ if kind == Kind::Content && essence.contains('/') => Type::Binary,
        _ => Type::Text,
    };
    match mode.map(str::trim) {
        Some(mode) if mode.eq_ignore_ascii_case("base64") => Type::Base64,
        Some(mode) if mode.eq_ignore_ascii_case("escaped") && by_name == Type::Xhtml => Type::Html,
        _ => by_name,
    }
}

/// Elements of HTML that have no end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// A tag of XHTML as HTML has it: without its prefix, with an end of its own when it was empty.
fn push_tag(out: &mut String, raw: &str) {
    let lead = if raw.starts_with("</") { 2 } else { 1 };
    let name_length = raw[lead..]
        .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
        .unwrap_or(raw.len() - lead);
    let name = &raw[lead..lead + name_length];
    let (_, local) = names::split(name);
    out.push_str(&raw[..lead]);
    out.push_str(local);
    out.push_str(&raw[lead + name_length..]);
    if raw.ends_with("/>") && lead == 1 && !VOID.iter().any(|void| local.eq_ignore_ascii_case(void))
    {
        out.truncate(out.len() - 2);
        out.push_str("></");
        out.push_str(local);
        out.push('>');
    }
}

/// Appends text with what markup would take for its own escaped.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr3(b'&', b'<', b'>', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            _ => "&gt;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
