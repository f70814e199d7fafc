//! One walk over an XML feed: finds out what every element means, carries what feed-rs drops, and writes the rest
//! anew in the one spelling feed-rs reads.
//!
//! The same walk runs in two ways. *Looking*, it writes nothing and stops at the first thing that feed-rs would
//! stumble over; a well-formed document of a common dialect passes like that and goes to feed-rs as it is.
//! *Writing*, it takes everything as it comes.

mod limits;
mod scopes;
mod text;

use url::Url;

use super::carried::{Carried, Element, Extras};
use super::entities::Entities;
use super::names::{self, Ns};
use super::open_text::{OpenText, Piece};
use super::rules::{self, Family, Level, Rule};
use super::tokens::{Tag, Token, Tokens};
use super::write::Writer;
use super::{Format, MAX_ENTRIES, Repairs};

/// Open elements that are told apart; deeper ones are passed over.
const MAX_DEPTH: usize = 200;
/// The same while looking: feed-rs recurses once an element.
const PLAIN_DEPTH: usize = 24;
/// Attributes of one element that are read.
const MAX_ATTRIBUTES: usize = 100;
/// Carried elements of one entry, or of the feed.
const MAX_CARRIED: usize = 300;
/// Namespace declarations in force at once.
const MAX_NAMESPACES: usize = 500;

/// What a walk gives.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) format: Format,
    /// The document anew; `None` when it was good as it is.
    pub(super) text: Option<String>,
    pub(super) carried: Carried,
    /// It ended within an entry, which was left out.
    pub(super) cut: bool,
}

/// Walks over a document that begins with the root of a feed.
///
/// `anew`: write it anew whether that seems needed or not.
pub(super) fn walk(
    text: &str,
    entities: &Entities,
    base: Option<&Url>,
    anew: bool,
) -> Option<(Walked, Repairs)> {
    if !anew {
        let mut looking = Walker::new(text, entities, base, None);
        looking.run();
        if !looking.irregular {
            return looking.finish();
        }
    }
    let mut writing = Walker::new(
        text,
        entities,
        base,
        Some(Writer::with_capacity(text.len())),
    );
    writing.run();
    writing.finish()
}

#[derive(Debug)]
struct Frame<'a> {
    name: &'a str,
    /// Of its children.
    level: Level,
    close: Close,
}

/// What the end of an element means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    Nothing,
    /// Ends an element that was written.
    Tag(&'static str),
    Entry,
    Person,
}

struct Walker<'a> {
    tokens: Tokens<'a>,
    entities: &'a Entities,
    document_base: Option<&'a Url>,
    /// `None` while looking.
    writer: Option<Writer>,
    irregular: bool,
    repairs: Repairs,
    format: Option<Format>,
    family: Family,
    /// Atom before 1.0: text has a `mode`.
    legacy: bool,
    frames: Vec<Frame<'a>>,
    /// Elements beyond [`MAX_DEPTH`] that are open.
    beyond: usize,
    /// Depth, prefix, meaning, and whether feed-rs knows the spelling.
    namespaces: Vec<(usize, &'a str, Ns, bool)>,
    bases: Vec<(usize, Url)>,
    languages: Vec<(usize, String)>,
    attributes: Vec<(&'a str, &'a str)>,
    lower: String,
    text: Option<OpenText<'a>>,
    /// For the pieces of the next text.
    room: Vec<Piece<'a>>,
    person: Option<Element>,
    feed_seen: Vec<&'static str>,
    entry_seen: Vec<&'static str>,
    in_entry: bool,
    /// Elements that were read: of the feed, of the newest entry.
    elements: [usize; 2],
    spare_elements: usize,
    carried: Carried,
    done: bool,
    cut: bool,
}

impl<'a> Walker<'a> {
    fn new(
        text: &'a str,
        entities: &'a Entities,
        base: Option<&'a Url>,
        writer: Option<Writer>,
    ) -> Self {
        Self {
            tokens: Tokens::new(text),
            entities,
            document_base: base,
            writer,
            irregular: false,
            repairs: Repairs::default(),
            format: None,
            family: Family::Rss,
            legacy: false,
            frames: Vec::with_capacity(16),
            beyond: 0,
            namespaces: Vec::with_capacity(16),
            bases: Vec::new(),
            languages: Vec::new(),
            attributes: Vec::with_capacity(16),
            lower: String::new(),
            text: None,
            room: Vec::new(),
            person: None,
            feed_seen: Vec::new(),
            entry_seen: Vec::new(),
            in_entry: false,
            elements: [0; 2],
            spare_elements: limits::SPARE_ELEMENTS,
            carried: Carried::default(),
            done: false,
            cut: false,
        }
    }

    fn run(&mut self) {
        while !self.done {
            let Some(token) = self.tokens.next() else {
                return self.end_of_document();
            };
            if let Some(flaw) = self.tokens.flaw {
                self.repair(flaw.name());
            }
            if self.irregular && self.writer.is_none() {
                return;
            }
            match token {
                Token::Start(tag) => self.start(tag),
                Token::End(name) => self.end(name),
                Token::Text(raw) => self.characters(raw),
                Token::CData(raw) => {
                    if let Some(text) = &mut self.text {
                        text.push(Piece::CData(raw));
                    }
                }
                Token::Other => {}
            }
        }
    }

    /// Notes that the document had to be mended; while looking, that it is not as feed-rs needs it.
    fn repair(&mut self, name: &'static str) {
        self.irregular = true;
        self.repairs.note(name, self.tokens.start);
    }

    /// Something that is right, but not what feed-rs reads: it is written anew, and that is no repair.
    fn rewrite(&mut self) {
        self.irregular = true;
    }

    fn start(&mut self, tag: Tag<'a>) {
        if self.text.is_some() && self.within_text(tag) {
            return;
        }
        if self.beyond > 0 || self.frames.len() >= MAX_DEPTH {
            self.repair("depth");
            self.rise_to_entry(tag.name);
        }
        if self.beyond > 0 || self.frames.len() >= MAX_DEPTH {
            self.beyond += usize::from(!tag.empty);
            return;
        }
        if self.frames.len() >= PLAIN_DEPTH {
            self.rewrite();
        }
        self.read_attributes(tag.attributes);
        let (prefix, local) = names::split(tag.name);
        let mut lower = std::mem::take(&mut self.lower);
        lower.clear();
        lower.push_str(local);
        lower.make_ascii_lowercase();
        if self.frames.is_empty() {
            self.root(tag, &lower);
        } else {
            let ns = self.namespace(prefix);
            self.element(tag, ns, &lower);
        }
        self.lower = lower;
    }

    fn root(&mut self, tag: Tag<'a>, local: &str) {
        let (prefix, _) = names::split(tag.name);
        let declared = |prefix: &str| {
            self.attributes
                .iter()
                .find(|(name, _)| match name.strip_prefix("xmlns") {
                    Some("") => prefix.is_empty(),
                    Some(rest) => rest.strip_prefix(':') == Some(prefix),
                    None => false,
                })
        };
        let uri = declared(prefix)
            .or_else(|| declared(""))
            .map_or("", |(_, uri)| *uri);
        let root = super::dialect::of_root(tag.name, uri, &self.attributes);
        self.family = root.family;
        self.legacy = root.format == Format::Atom03;
        if !root.plain || tag.empty {
            self.rewrite();
        }
        if let Some(unread) = root.repair {
            self.repair(unread);
        }
        self.format = Some(root.format);
        self.carried.feed.language = self.languages.last().map(|(_, language)| language.clone());
        if let Some(writer) = &mut self.writer {
            writer.open_document(root.family == Family::Atom);
        }
        if local == "entry" {
            self.rewrite();
            self.frames.push(Frame {
                name: "",
                level: Level::Feed,
                close: Close::Nothing,
            });
            return self.element(tag, Ns::Atom, local);
        }
        if root.family == Family::Cdf {
            self.link_of_cdf();
        }
        // The root holds what follows, even where it says that it is empty.
        let tag = Tag {
            empty: false,
            ..tag
        };
        self.push(tag, Level::Feed, Close::Nothing);
    }

    fn element(&mut self, tag: Tag<'a>, ns: Ns, local: &str) {
        let is_entry = matches!(local, "item" | "entry") && matches!(ns, Ns::Plain | Ns::Atom);
        if is_entry
            && self.in_entry
            && let Some(within) = self.entry_frame(tag.name)
        {
            self.repair("unclosed-element");
            self.close_to(within);
        }
        let level = self.frames.last().map_or(Level::Feed, |frame| frame.level);
        let rule = rules::rule(self.family, level, ns, local);
        match rule {
            Rule::Through(_) | Rule::Ignore | Rule::Entry => {}
            _ if self.has_room() => {}
            _ => {
                self.repair("elements-capped");
                return self.push(tag, Level::Nothing, Close::Nothing);
            }
        }
        match rule {
            Rule::Through(level) => self.push(tag, level, Close::Nothing),
            Rule::Ignore => {
                let through = level == Level::Feed && holds_items(local);
                self.push(
                    tag,
                    if through { Level::Feed } else { Level::Nothing },
                    Close::Nothing,
                );
            }
            Rule::Entry if self.in_entry => self.push(tag, Level::Nothing, Close::Nothing),
            Rule::Entry => self.open_entry(tag),
            Rule::Text(field) => self.open_text(tag, field),
            Rule::Attributes(name) => {
                self.write_element(name);
                self.push(tag, Level::Nothing, Close::Nothing);
            }
            Rule::Noted(name) => {
                let element = self.noted(name);
                self.carry(element);
                // Categories of podcasts nest.
                let inside = if name == "itunes:category" {
                    level
                } else {
                    Level::Nothing
                };
                self.push(tag, inside, Close::Nothing);
            }
            Rule::Person(name) => {
                self.person = Some(Element {
                    name,
                    ..Element::default()
                });
                self.push(tag, Level::Person, Close::Person);
            }
            Rule::Nest(name, level) => self.nest(tag, name, level),
        }
    }

    fn nest(&mut self, tag: Tag<'a>, name: &'static str, level: Level) {
        // `<image rdf:resource="…"/>` of RSS 1.0 only points at the image that follows.
        let points = name == "image"
            && self
                .attributes
                .iter()
                .any(|(key, _)| key.ends_with("resource"));
        let written = !name.is_empty() && !points;
        if let (true, Some(writer)) = (written, &mut self.writer) {
            let base = self.bases.last().map(|(_, url)| url).or(self.document_base);
            writer.open(name, &self.attributes, self.entities, base);
        }
        self.push(
            tag,
            level,
            if written {
                Close::Tag(name)
            } else {
                Close::Nothing
            },
        );
    }

    /// Opens a frame, or closes it at once when the tag is empty.
    fn push(&mut self, tag: Tag<'a>, level: Level, close: Close) {
        self.frames.push(Frame {
            name: tag.name,
            level,
            close,
        });
        if tag.empty {
            self.close_to(self.frames.len() - 1);
        }
    }

    fn open_entry(&mut self, tag: Tag<'a>) {
        if self.carried.entries.len() == MAX_ENTRIES {
            self.repair("entries-capped");
            self.done = true;
            return self.close_to(0);
        }
        self.in_entry = true;
        self.entry_seen.clear();
        self.elements[1] = 0;
        self.carried.entries.push(Extras {
            base: self.bases.last().map(|(_, url)| url.to_string()),
            language: self
                .languages
                .last()
                .filter(|(depth, _)| *depth > 0)
                .map(|(_, language)| language.clone()),
            ..Extras::default()
        });
        if let Some(writer) = &mut self.writer {
            writer.open_entry();
        }
        if let Some(about) = self
            .attribute("about")
            .filter(|_| self.family == Family::Rss)
        {
            self.write_text("guid", &about, None);
            self.entry_seen.push("guid");
        }
        if self.family == Family::Cdf {
            self.link_of_cdf();
        }
        self.push(tag, Level::Entry, Close::Entry);
    }

    /// CDF has the link and the date in attributes.
    fn link_of_cdf(&mut self) {
        if let Some(href) = self.attribute("href") {
            let href = self.resolved(&href);
            self.write_text("link", &href, None);
        }
        if let Some(date) = self.attribute("lastmod") {
            self.carry(Element {
                name: "pubDate",
                text: date,
                ..Element::default()
            });
        }
    }

    fn write_element(&mut self, name: &'static str) {
        let base = self.bases.last().map(|(_, url)| url);
        if let Some(writer) = &mut self.writer {
            writer.empty(name, &self.attributes, self.entities, base);
        }
    }

    fn write_text(&mut self, name: &'static str, text: &str, attribute: Option<(&str, &str)>) {
        if let Some(writer) = &mut self.writer {
            writer.text(name, attribute, text);
        }
    }

    fn extras(&mut self) -> &mut Extras {
        match self.carried.entries.last_mut() {
            Some(entry) if self.in_entry => entry,
            _ => &mut self.carried.feed,
        }
    }

    fn carry(&mut self, element: Element) {
        let extras = self.extras();
        if extras.elements.len() < MAX_CARRIED {
            extras.elements.push(element);
        }
    }

    fn end(&mut self, name: &'a str) {
        if let Some(text) = &mut self.text {
            if name == text.name {
                if text.nested > 0 {
                    text.nested -= 1;
                    text.push(Piece::Tag(self.tokens.raw()));
                    return;
                }
                self.finish_text();
                return self.leave_scopes();
            }
            let holds = self
                .frames
                .iter()
                .any(|frame| frame.name == name && frame.level != Level::Nothing);
            if !holds {
                text.push(Piece::Tag(self.tokens.raw()));
                return self.rewrite();
            }
            self.repair("unclosed-element");
            self.finish_text();
        }
        self.rise_to_entry(name);
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        match self.frames.iter().rposition(|frame| frame.name == name) {
            Some(at) => {
                if at + 1 < self.frames.len() {
                    self.repair("unclosed-element");
                }
                self.close_to(at);
                self.done = self.frames.is_empty();
            }
            None => self.close_alike(name),
        }
    }

    /// An end tag in another case than its start tag, or one that ends nothing.
    fn close_alike(&mut self, name: &str) {
        self.repair("stray-end-tag");
        let alike = self
            .frames
            .iter()
            .rposition(|frame| frame.name.eq_ignore_ascii_case(name));
        if let Some(at) = alike {
            self.close_to(at);
            self.done = self.frames.is_empty();
        }
    }

    /// Closes frames until `depth` are left.
    fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth {
            let Some(frame) = self.frames.pop() else {
                break;
            };
            match frame.close {
                Close::Nothing => {}
                Close::Tag(name) => {
                    if let Some(writer) = &mut self.writer {
                        writer.close(name);
                    }
                }
                Close::Entry => {
                    self.in_entry = false;
                    if let Some(writer) = &mut self.writer {
                        writer.close_entry();
                    }
                }
                Close::Person => {
                    if let Some(person) = self.person.take() {
                        self.carry(person);
                    }
                }
            }
            self.leave_scopes();
        }
    }

    /// The document ended before its root: whole entries are kept, a begun one only when it is the only one.
    fn end_of_document(&mut self) {
        if self.frames.is_empty() {
            return;
        }
        self.repair(if self.in_entry {
            "truncated"
        } else {
            "unclosed-root"
        });
        let whole = self.carried.entries.len() > 1;
        if self.in_entry {
            self.cut = true;
            if whole {
                self.text = None;
                self.person = None;
                self.carried.entries.pop();
                if let Some(writer) = &mut self.writer {
                    writer.drop_entry();
                }
            }
        }
        self.finish_text();
        self.close_to(0);
    }

    fn finish(self) -> Option<(Walked, Repairs)> {
        let format = self.format?;
        let walked = Walked {
            format,
            text: self.writer.map(Writer::finish),
            carried: self.carried,
            cut: self.cut,
        };
        Some((walked, self.repairs))
    }
}

/// Elements that may hold items though nothing is known of them.
fn holds_items(local: &str) -> bool {
    matches!(
        local,
        "channel" | "items" | "entries" | "feed" | "rss" | "rdf" | "body"
    )
}
