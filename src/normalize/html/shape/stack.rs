//! The open elements of a page and its active formatting, as a parser of HTML keeps them (HTML §13.2.4.2, §13.2.4.3).

use std::hash::{Hash, Hasher};

use super::super::tokens::Attributes;

/// Elements that the next one of a kind closes, and by what else it is closed.
const CLOSED_BY: &[(&str, &[&str])] = &[
    ("li", &["li"]),
    ("dt", &["dt", "dd"]),
    ("dd", &["dt", "dd"]),
    ("tr", &["tr", "td", "th"]),
    ("td", &["td", "th"]),
    ("th", &["td", "th"]),
];
/// Start tags that close an open paragraph.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "summary",
    "ul",
    "xmp",
];
/// Elements of other content in which HTML begins again.
const POINTS: &[&str] = &[
    "foreignobject",
    "desc",
    "mi",
    "mo",
    "mn",
    "ms",
    "mtext",
    "annotation-xml",
];
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];
/// "Special" elements, without the void ones: end tags of inline elements do not reach past them.
const SPECIAL: &[&str] = &[
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "colgroup",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "html",
    "iframe",
    "li",
    "listing",
    "main",
    "marquee",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "p",
    "plaintext",
    "pre",
    "script",
    "search",
    "section",
    "select",
    "style",
    "summary",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "xmp",
];
/// End tags do not reach past these, except those of tables.
const SCOPES: &[&str] = &[
    "applet", "caption", "marquee", "object", "select", "table", "td", "template", "th",
];
/// Formatting in these is not opened anew behind them.
const MARKERS: &[&str] = &[
    "applet", "caption", "marquee", "object", "td", "template", "th",
];
const TABLE_PARTS: &[&str] = &[
    "caption", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
];
/// Start tags that end foreign content (HTML §13.2.6.5); `font` does with some attributes.
const BREAKOUTS: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];
/// Of formatting alike so many are kept.
const ALIKE: usize = 3;
/// More than an end tag of formatting that blocks stand in makes anew: eight rounds of four.
const MOVED: usize = 32;

#[derive(Debug)]
struct Open {
    name: String,
    /// Of its formatting; 0: it is none.
    id: usize,
    is_special: bool,
}

#[derive(Debug)]
enum Active {
    Marker,
    Formatting {
        name: String,
        id: usize,
        /// Hash of name and attributes.
        key: u64,
        is_open: bool,
    },
}

#[derive(Debug, Default)]
pub(super) struct Stack {
    open: Vec<Open>,
    active: Vec<Active>,
    last_id: usize,
}

impl Stack {
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.open.iter().any(|open| open.name == name)
    }

    /// Whether the next tag stands in SVG or MathML.
    pub(super) fn is_foreign(&self) -> bool {
        let (mut is_in_svg_point, mut is_in_math_point) = (false, false);
        for open in self.open.iter().rev() {
            match open.name.as_str() {
                "svg" => return !is_in_svg_point,
                "math" => return !is_in_math_point,
                "foreignobject" | "desc" => is_in_svg_point = true,
                "mi" | "mo" | "mn" | "ms" | "mtext" | "annotation-xml" => is_in_math_point = true,
                _ => {}
            }
        }
        false
    }

    /// Ends foreign content before a start tag that cannot stand in it.
    pub(super) fn break_out(&mut self, name: &str, mut attributes: Attributes<'_>) {
        let breaks = BREAKOUTS.contains(&name)
            || name == "font"
                && attributes.any(|(name, _)| {
                    ["color", "face", "size"]
                        .iter()
                        .any(|telling| name.eq_ignore_ascii_case(telling))
                });
        if !breaks {
            return;
        }
        while self.is_foreign() {
            let outer = |open: &Open| matches!(open.name.as_str(), "svg" | "math");
            let Some(at) = self.open.iter().rposition(outer) else {
                return;
            };
            self.truncate(at);
        }
    }

    /// A start tag; how many elements it makes. `is_closed`: it ends with `/>`.
    pub(super) fn open(
        &mut self,
        name: String,
        attributes: Attributes<'_>,
        is_closed: bool,
    ) -> usize {
        if self.is_foreign() {
            if !is_closed {
                self.push(name, 0);
            }
            return 1;
        }
        if matches!(name.as_str(), "html" | "head" | "body") {
            return 1;
        }
        // Outside a table they are no tags.
        if TABLE_PARTS.contains(&name.as_str())
            && name != "table"
            && !self.has("table")
            && !self.has("template")
        {
            return 0;
        }
        let is_scope = |open: &Open| SCOPES.contains(&open.name.as_str());
        if name == "select"
            && let Some(at) = self.open.iter().rposition(is_scope)
            && self.open[at].name == "select"
        {
            // Its start tag ends an open one.
            self.truncate(at);
            return 0;
        }
        let mut made = 1;
        if name == "a" {
            made += self.close_formatting("a");
        }
        if !is_special(&name) {
            made += self.text();
        }
        if name == "nobr" {
            made += self.close_formatting("nobr") + self.text();
        }
        self.close_before(&name);
        if matches!(
            name.as_str(),
            "applet" | "button" | "marquee" | "object" | "select"
        ) {
            made += self.text();
        }
        if matches!(name.as_str(), "svg" | "math") && is_closed {
            return made;
        }
        if MARKERS.contains(&name.as_str()) {
            self.active.push(Active::Marker);
        }
        let mut id = 0;
        if FORMATTING.contains(&name.as_str()) {
            self.last_id += 1;
            id = self.last_id;
            self.activate(name.clone(), id, key(&name, attributes));
        }
        self.push(name, id);
        made
    }

    /// Before an element without content; how many others it makes.
    pub(super) fn before_void(&mut self, name: &str) -> usize {
        match name {
            "area" | "br" | "embed" | "img" | "input" | "wbr" => self.text(),
            _ => 0,
        }
    }

    fn push(&mut self, name: String, id: usize) {
        let is_special = match POINTS.contains(&name.as_str()) {
            true => self.is_foreign(),
            false => is_special(&name),
        };
        self.open.push(Open {
            name,
            id,
            is_special,
        });
    }

    fn activate(&mut self, name: String, id: usize, key: u64) {
        let since = self
            .active
            .iter()
            .rposition(|active| matches!(active, Active::Marker))
            .map_or(0, |at| at + 1);
        let is_alike =
            |active: &Active| matches!(active, Active::Formatting { key: own, .. } if *own == key);
        let alike = &self.active[since..];
        if alike.iter().filter(|active| is_alike(active)).count() >= ALIKE
            && let Some(first) = alike.iter().position(is_alike)
        {
            self.active.remove(since + first);
        }
        self.active.push(Active::Formatting {
            name,
            id,
            key,
            is_open: true,
        });
    }

    /// Text, or what stands among it: formatting that was closed out of turn is opened anew. How many elements.
    pub(super) fn text(&mut self) -> usize {
        if self.is_foreign() {
            return 0;
        }
        let is_closed =
            |active: &Active| matches!(active, Active::Formatting { is_open: false, .. });
        let closed = self.active.iter().rev().take_while(|one| is_closed(one));
        let from = self.active.len() - closed.count();
        for active in &mut self.active[from..] {
            if let Active::Formatting {
                name, id, is_open, ..
            } = active
            {
                *is_open = true;
                self.open.push(Open {
                    name: name.clone(),
                    id: *id,
                    is_special: false,
                });
            }
        }
        self.active.len() - from
    }

    /// An end tag; how many elements it makes.
    pub(super) fn close(&mut self, name: &str) -> usize {
        if matches!(name, "html" | "head" | "body") {
            return 0;
        }
        if self.is_foreign() {
            let outer = |open: &Open| matches!(open.name.as_str(), "svg" | "math");
            let from = self.open.iter().rposition(outer).unwrap_or(0);
            let own = self.open[from..].iter().rposition(|open| open.name == name);
            if let Some(at) = own {
                self.truncate(from + at);
                return 0;
            }
        }
        if FORMATTING.contains(&name) {
            return self.close_formatting(name);
        }
        let is_table = TABLE_PARTS.contains(&name);
        let is_block = is_special(name);
        for at in (0..self.open.len()).rev() {
            let open = &self.open[at];
            if open.name == name || is_heading(name) && is_heading(&open.name) {
                if name == "form" {
                    // What stands open in it stays open.
                    self.open.remove(at);
                } else {
                    self.truncate(at);
                }
                return 0;
            }
            let is_barrier = match (is_table, is_block) {
                (true, _) => matches!(open.name.as_str(), "table" | "template"),
                (_, true) if name == "li" => {
                    SCOPES.contains(&open.name.as_str())
                        || matches!(open.name.as_str(), "ul" | "ol")
                }
                (_, true) => SCOPES.contains(&open.name.as_str()),
                _ => open.is_special,
            };
            if is_barrier {
                if name == "form" {
                    self.orphan_form();
                }
                break;
            }
        }
        // Without a paragraph its end is one.
        usize::from(matches!(name, "p" | "br"))
    }

    /// Its end tag came where it closes nothing; a later one does not close it either.
    fn orphan_form(&mut self) {
        let form = self.open.iter_mut().rfind(|open| open.name == "form");
        if let Some(form) = form {
            "(form)".clone_into(&mut form.name);
        }
    }

    /// The "adoption agency algorithm" (HTML §13.2.6.4.7), as far as it changes what is open.
    fn close_formatting(&mut self, wanted: &str) -> usize {
        let is_it = |active: &Active| match active {
            Active::Marker => true,
            Active::Formatting { name, .. } => name == wanted,
        };
        let at = self.active.iter().rposition(is_it);
        let Some((at, Active::Formatting { id, .. })) = at.map(|at| (at, &self.active[at])) else {
            return 0;
        };
        let id = *id;
        self.active.remove(at);
        let Some(place) = self.open.iter().rposition(|open| open.id == id) else {
            return 0;
        };
        if self.open[place..].iter().any(|open| open.is_special) {
            self.open.remove(place);
            return MOVED;
        }
        self.truncate(place);
        0
    }

    /// Closes all from `at` on.
    fn truncate(&mut self, at: usize) {
        for closed in self.open.drain(at..).rev() {
            if MARKERS.contains(&closed.name.as_str()) {
                let marker = |active: &Active| matches!(active, Active::Marker);
                let to = self.active.iter().rposition(marker).unwrap_or(0);
                self.active.truncate(to);
            } else if closed.id != 0 {
                let own = self
                    .active
                    .iter_mut()
                    .rev()
                    .find_map(|active| match active {
                        Active::Formatting { id, is_open, .. } if *id == closed.id => Some(is_open),
                        _ => None,
                    });
                if let Some(is_open) = own {
                    *is_open = false;
                }
            }
        }
    }

    /// A paragraph in a paragraph, an item in an item: the first has ended, unless something stands between that keeps it.
    fn close_before(&mut self, name: &str) {
        let last = self.open.last().map_or("", |open| open.name.as_str());
        match name {
            "option" if last == "option" => self.truncate(self.open.len() - 1),
            "table" => {
                // Of a table in a table, outside its cells, the first has ended.
                let holder = |open: &Open| {
                    ["table", "td", "th", "caption", "template"].contains(&open.name.as_str())
                };
                let at = self.open.iter().rposition(holder);
                if let Some(at) = at.filter(|at| self.open[*at].name == "table") {
                    self.truncate(at);
                }
            }
            "button" => self.close_in_scope("button"),
            _ => {}
        }
        self.close_item(name);
        if ENDS_PARAGRAPH.contains(&name) {
            self.close_in_scope("p");
        }
        let last = self.open.last().map_or("", |open| open.name.as_str());
        if is_heading(name) && is_heading(last) {
            self.truncate(self.open.len() - 1);
        }
    }

    fn close_in_scope(&mut self, name: &str) {
        let at = self.open.iter().rposition(|open| {
            let own = open.name.as_str();
            let is_scope = || SCOPES.contains(&own) || open.is_special && POINTS.contains(&own);
            own == name || own == "button" || is_scope()
        });
        if let Some(at) = at.filter(|at| self.open[*at].name == name) {
            self.truncate(at);
        }
    }

    fn close_item(&mut self, name: &str) {
        let closes = CLOSED_BY.iter().find(|(closing, _)| name == *closing);
        let Some((_, closed)) = closes else { return };
        let is_part = TABLE_PARTS.contains(&name);
        let mut first = None;
        for (at, open) in self.open.iter().enumerate().rev() {
            if closed.contains(&open.name.as_str()) {
                first = Some(at);
                continue;
            }
            let keeps = match is_part {
                true => matches!(open.name.as_str(), "table" | "template" | "select"),
                // These end with their item.
                false => open.is_special && !matches!(open.name.as_str(), "p" | "div" | "address"),
            };
            if keeps {
                break;
            }
        }
        if let Some(at) = first {
            self.truncate(at);
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
}

fn key(name: &str, attributes: Attributes<'_>) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    let mut all: Vec<(&str, &str)> = attributes.collect();
    all.sort_unstable();
    all.hash(&mut hasher);
    hasher.finish()
}
