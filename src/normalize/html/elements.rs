//! The allow list: elements, how they nest, and their attributes.

use crate::text::Names;

/// How an element nests, in the terms of the tree construction rules (HTML §13.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No content; may stand within a paragraph.
    Void,
    /// No content; ends a paragraph.
    Rule,
    /// Reopened by the parser when it is closed out of turn.
    Formatting,
    /// May stand anywhere in text, without further rules.
    Phrase,
    /// Parts of a ruby annotation.
    Ruby,
    /// Ends a paragraph.
    Block,
    /// As `Block`, and ends another heading.
    Heading,
    /// `p` itself.
    Paragraph,
    /// `pre`: as `Block`, and a first newline does not count.
    Preformatted,
    /// `li`
    Item,
    /// `dt`, `dd`
    Term,
    /// `table`
    Table,
    /// `caption`
    Caption,
    /// `colgroup`
    Columns,
    /// `col`
    Column,
    /// `tbody` and its like
    Rows,
    /// `tr`
    Row,
    /// `td`, `th`
    Cell,
}

/// What an attribute may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Any text.
    Text,
    /// A whole number, perhaps with `px` behind it.
    Number,
    /// An address that a reader may follow.
    Link,
    /// An address that is loaded or cited: http(s) only.
    Source,
    /// Present or not.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// An element of the allow list.
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) attributes: &'static [(&'static str, Value)],
}

const SIDES: Value = Value::Word(&["left", "right", "center", "justify"]);
const SIZE: [(&str, Value); 2] = [("width", Value::Number), ("height", Value::Number)];
const CITE: [(&str, Value); 2] = [("cite", Value::Source), ("datetime", Value::Text)];
const CELL: &[(&str, Value)] = &[
    ("align", SIDES),
    ("colspan", Value::Number),
    ("rowspan", Value::Number),
    (
        "scope",
        Value::Word(&["row", "col", "rowgroup", "colgroup"]),
    ),
];
const SPAN: &[(&str, Value)] = &[("align", SIDES), ("span", Value::Number)];
const PLAYER: &[(&str, Value)] = &[
    ("src", Value::Source),
    ("poster", Value::Source),
    ("controls", Value::Flag),
    SIZE[0],
    SIZE[1],
];

/// Attributes of every element.
pub(super) const GENERIC: &[(&str, Value)] = &[
    ("lang", Value::Text),
    ("title", Value::Text),
    ("dir", Value::Word(&["ltr", "rtl", "auto"])),
];

/// Attributes of `img` besides its addresses.
pub(super) const IMAGE: &[(&str, Value)] = &[
    ("sizes", Value::Text),
    ("alt", Value::Text),
    SIZE[0],
    SIZE[1],
    ("longdesc", Value::Source),
];
/// Attributes of `source` besides its addresses.
pub(super) const SOURCE: &[(&str, Value)] = &[
    ("sizes", Value::Text),
    ("media", Value::Text),
    ("type", Value::Text),
];

const fn bare(name: &'static str, kind: Kind) -> Element {
    with(name, kind, &[])
}

const fn with(
    name: &'static str,
    kind: Kind,
    attributes: &'static [(&'static str, Value)],
) -> Element {
    Element {
        name,
        kind,
        attributes,
    }
}

/// The addresses of `img` and `source` are missing here: [`super::pictures()`] reads them together.
pub(super) const ELEMENTS: &[Element] = &[
    bare("p", Kind::Paragraph),
    with(
        "a",
        Kind::Formatting,
        &[("href", Value::Link), ("hreflang", Value::Text)],
    ),
    bare("br", Kind::Void),
    with("img", Kind::Void, IMAGE),
    bare("strong", Kind::Formatting),
    bare("em", Kind::Formatting),
    bare("li", Kind::Item),
    bare("div", Kind::Block),
    bare("span", Kind::Phrase),
    bare("ul", Kind::Block),
    bare("b", Kind::Formatting),
    bare("i", Kind::Formatting),
    bare("h2", Kind::Heading),
    bare("h3", Kind::Heading),
    bare("figure", Kind::Block),
    bare("figcaption", Kind::Block),
    with("blockquote", Kind::Block, &[CITE[0]]),
    with(
        "ol",
        Kind::Block,
        &[("start", Value::Number), ("reversed", Value::Flag)],
    ),
    bare("code", Kind::Formatting),
    bare("pre", Kind::Preformatted),
    bare("table", Kind::Table),
    bare("tbody", Kind::Rows),
    bare("tr", Kind::Row),
    with("td", Kind::Cell, CELL),
    with("th", Kind::Cell, CELL),
    bare("thead", Kind::Rows),
    bare("tfoot", Kind::Rows),
    bare("caption", Kind::Caption),
    with("colgroup", Kind::Columns, SPAN),
    with("col", Kind::Column, SPAN),
    bare("hr", Kind::Rule),
    bare("h1", Kind::Heading),
    bare("h4", Kind::Heading),
    bare("h5", Kind::Heading),
    bare("h6", Kind::Heading),
    bare("abbr", Kind::Phrase),
    bare("acronym", Kind::Phrase),
    bare("article", Kind::Block),
    bare("aside", Kind::Block),
    with("audio", Kind::Phrase, PLAYER),
    bare("bdi", Kind::Phrase),
    bare("bdo", Kind::Phrase),
    bare("center", Kind::Block),
    bare("cite", Kind::Phrase),
    bare("data", Kind::Phrase),
    bare("dd", Kind::Term),
    with("del", Kind::Phrase, &CITE),
    with("details", Kind::Block, &[("open", Value::Flag)]),
    bare("dfn", Kind::Phrase),
    bare("dl", Kind::Block),
    bare("dt", Kind::Term),
    bare("footer", Kind::Block),
    bare("header", Kind::Block),
    bare("hgroup", Kind::Block),
    with("ins", Kind::Phrase, &CITE),
    bare("kbd", Kind::Phrase),
    bare("mark", Kind::Phrase),
    bare("nav", Kind::Block),
    bare("picture", Kind::Phrase),
    with("q", Kind::Phrase, &[CITE[0]]),
    bare("rp", Kind::Ruby),
    bare("rt", Kind::Ruby),
    bare("ruby", Kind::Phrase),
    bare("s", Kind::Formatting),
    bare("samp", Kind::Phrase),
    with("section", Kind::Block, &[("data-kind", Value::Word(KINDS))]),
    bare("small", Kind::Formatting),
    with("source", Kind::Void, SOURCE),
    bare("strike", Kind::Formatting),
    bare("sub", Kind::Phrase),
    bare("summary", Kind::Block),
    bare("sup", Kind::Phrase),
    with("time", Kind::Phrase, &[CITE[1]]),
    bare("tt", Kind::Formatting),
    bare("u", Kind::Formatting),
    bare("var", Kind::Phrase),
    with("video", Kind::Phrase, PLAYER),
    bare("wbr", Kind::Void),
];

/// What a section can be; the marks that `data-kind` may carry.
pub(in crate::normalize) const KINDS: &[&str] = &[
    "key_takeaways",
    "why_it_matters",
    "summary",
    "background",
    "whats_next",
    "by_the_numbers",
    "correction",
    "editors_note",
    "disclosure",
    "methodology",
    "timeline",
    "faq",
    "other",
];

static NAMES: Names<{ ELEMENTS.len() }> = Names::of({
    let mut names = [""; ELEMENTS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ELEMENTS[at].name;
        at += 1;
    }
    names
});

/// An element of the allow list, by its lower-case name.
pub(super) fn element(name: &str) -> Option<&'static Element> {
    NAMES.place(name).map(|place| &ELEMENTS[place])
}
