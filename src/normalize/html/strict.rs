//! Well-nested HTML of the allow list → its canonical form; anything else is refused.
//!
//! It accepts only what every HTML parser reads as the same tree, and writes only elements and attributes of the
//! allow list, with all values quoted and escaped. What it has written it accepts and leaves as it is.

use url::Url;

use super::cost::MOST_ATTRIBUTES;
use super::elements::{Element, GENERIC, IMAGE, Kind, SOURCE, Value, element};
use super::escape::{decode, escape, push_text};
use super::pictures::{file_of, given, picture};
use super::tokens::{Attributes, Token, Tokens};

/// Deeper markup is no article.
const DEEPEST: usize = 200;

/// The canonical form, or `None` when the text is not well-nested HTML of the allow list.
pub(super) fn write(html: &str, base: &Url) -> Option<String> {
    let mut writer = Writer {
        base,
        out: String::with_capacity(html.len() + html.len() / 8),
        open: Vec::with_capacity(8),
        last_picture: None,
    };
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => writer.text(text)?,
            Token::Open("iframe", attributes) => {
                tokens.skip_to_close("iframe");
                tokens.next();
                writer.frame(attributes)?;
            }
            Token::Open("noscript", _) | Token::Close("noscript") => {} // as if no script ran
            Token::Open(name @ ("script" | "style"), _) => {
                let from = tokens.at();
                tokens.skip_to_close(name);
                // After `<!--` an end tag need not be one.
                if html[from..tokens.at()].contains("<!--") || writer.top() == Some(Kind::Columns) {
                    return None;
                }
                tokens.next();
            }
            Token::Open("font", _) => writer.font()?,
            Token::Open(name, attributes) => writer.start(element(name)?, attributes)?,
            Token::Close(name) => writer.end(name)?,
            Token::Comment => {}
        }
    }
    while !writer.open.is_empty() {
        writer.close();
    }
    Some(writer.out)
}

/// Well nested it changes nothing, and is not written.
static FONT: Element = Element {
    name: "font",
    kind: Kind::Formatting,
    attributes: &[],
};

struct Open {
    element: &'static Element,
    /// Where its start tag begins in the output, and its content.
    tag_at: usize,
    content_at: usize,
}

struct Writer<'a> {
    base: &'a Url,
    out: String,
    open: Vec<Open>,
    /// Address of the newest picture, when no text stands behind it.
    last_picture: Option<String>,
}

/// What ends the search for an open paragraph or formatting element (HTML §13.2.4.2).
const fn is_wall(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Caption | Kind::Cell)
}

impl Writer<'_> {
    fn top(&self) -> Option<Kind> {
        self.open.last().map(|open| open.element.kind)
    }

    /// The innermost element that is written.
    fn written(&self) -> Option<&Open> {
        let mut all = self.open.iter().rev();
        all.find(|open| open.element.name != "font")
    }

    /// Whether the element would be found from inside, up to the nearest wall.
    fn is_open(&self, is_it: impl Fn(&Element) -> bool) -> bool {
        self.open
            .iter()
            .rev()
            .take_while(|open| !is_wall(open.element.kind))
            .any(|open| is_it(open.element))
    }

    /// Whether a start tag of `kind` would end an open one across what lies between.
    fn would_end(&self, kind: Kind) -> bool {
        let mut inner = self.open.iter().rev().map(|open| open.element);
        inner
            .find_map(|element| match element.kind {
                found if found == kind => Some(true),
                Kind::Formatting | Kind::Phrase | Kind::Ruby | Kind::Paragraph => None,
                _ if element.name == "div" => None,
                _ => Some(false),
            })
            .unwrap_or(false)
    }

    /// Only inline content may stand in it: without it, blocks could nest as parsers do not let them.
    fn font(&mut self) -> Option<()> {
        if self.is_in_table_itself() || self.open.len() >= DEEPEST {
            return None;
        }
        self.open.push(Open {
            element: &FONT,
            tag_at: self.out.len(),
            content_at: self.out.len(),
        });
        Some(())
    }

    /// Where text and most elements would be moved out in front of the table.
    fn is_in_table_itself(&self) -> bool {
        matches!(
            self.top(),
            Some(Kind::Table | Kind::Columns | Kind::Rows | Kind::Row)
        )
    }

    fn start(&mut self, element: &'static Element, attributes: Attributes<'_>) -> Option<()> {
        let kind = element.kind;
        if self.open.len() >= DEEPEST {
            return None;
        }
        let ends_paragraph = matches!(
            kind,
            Kind::Rule
                | Kind::Block
                | Kind::Heading
                | Kind::Paragraph
                | Kind::Preformatted
                | Kind::Item
                | Kind::Term
                | Kind::Table
        );
        let top = self.top();
        if top == Some(Kind::Paragraph) && ends_paragraph
            || top == Some(kind) && matches!(kind, Kind::Item | Kind::Term)
        {
            self.close();
        }
        if self.top() == Some(Kind::Table) && kind == Kind::Row {
            self.start(super::elements::element("tbody")?, Attributes::of(">"))?;
        }
        let top = self.top();
        let is_in_font = self
            .open
            .last()
            .is_some_and(|open| open.element.name == "font");
        let is_refused = match kind {
            Kind::Caption | Kind::Columns | Kind::Rows => top != Some(Kind::Table),
            Kind::Column => top != Some(Kind::Columns),
            Kind::Row => top != Some(Kind::Rows),
            Kind::Cell => top != Some(Kind::Row),
            _ if self.is_in_table_itself() => true,
            Kind::Void | Kind::Phrase => false,
            Kind::Formatting => element.name == "a" && self.is_open(|open| open.name == "a"),
            _ if is_in_font => true,
            Kind::Heading => top == Some(Kind::Heading),
            Kind::Item | Kind::Term => self.would_end(kind),
            Kind::Ruby => {
                matches!(
                    top,
                    Some(Kind::Paragraph | Kind::Item | Kind::Term | Kind::Ruby)
                ) && self.is_open(|open| open.name == "ruby")
            }
            _ => false,
        };
        if is_refused || ends_paragraph && self.is_open(|open| open.kind == Kind::Paragraph) {
            return None;
        }
        let tag_at = self.out.len();
        match element.name {
            "img" | "source" => return self.picture(element, attributes),
            name => {
                self.out.push('<');
                self.out.push_str(name);
                self.attributes(element, attributes)?;
                self.out.push('>');
            }
        }
        if !matches!(kind, Kind::Void | Kind::Rule | Kind::Column) {
            self.open.push(Open {
                element,
                tag_at,
                content_at: self.out.len(),
            });
        }
        Some(())
    }

    fn end(&mut self, name: &str) -> Option<()> {
        if self
            .open
            .last()
            .is_some_and(|open| open.element.name == name)
        {
            self.close();
            return Some(());
        }
        let element = match name {
            "font" => &FONT,
            _ => element(name)?,
        };
        let kind = element.kind;
        if matches!(kind, Kind::Void | Kind::Rule)
            && name != "br"
            && self.top() != Some(Kind::Columns)
        {
            return Some(()); // of `<img></img>`
        }
        let implies = !matches!(
            kind,
            Kind::Formatting | Kind::Phrase | Kind::Ruby | Kind::Paragraph
        );
        while let Some(open) = self.open.last() {
            let open = open.element;
            if open.name == name {
                self.close();
                return Some(());
            }
            let may_be_left_out = match open.kind {
                Kind::Paragraph | Kind::Item | Kind::Term | Kind::Ruby => implies,
                Kind::Rows => kind == Kind::Table,
                _ => false,
            };
            if !may_be_left_out {
                return None;
            }
            self.close();
        }
        None
    }

    /// Closes the innermost element; one without content that is not part of a table goes altogether.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        if open.element.name == "font" {
            return;
        }
        let content = &self.out[open.content_at..];
        let is_nothing = match open.element.name {
            "td" | "th" | "tr" | "colgroup" | "audio" | "video" => false,
            "picture" => !content.contains("<img ") && crate::text::text_of(content).is_empty(),
            _ if matches!(
                open.element.kind,
                Kind::Formatting | Kind::Phrase | Kind::Ruby
            ) =>
            {
                content.is_empty()
            }
            _ => content.bytes().all(|byte| byte.is_ascii_whitespace()),
        };
        if is_nothing {
            self.out.truncate(open.tag_at);
            return;
        }
        self.out.push_str("</");
        self.out.push_str(open.element.name);
        self.out.push('>');
    }

    fn text(&mut self, raw: &str) -> Option<()> {
        let at = self.out.len();
        push_text(&mut self.out, raw)?;
        if let Some(open) = self.written() {
            match open.element.kind {
                Kind::Table | Kind::Columns | Kind::Rows | Kind::Row
                    if !raw.bytes().all(|byte| byte.is_ascii_whitespace()) =>
                {
                    return None;
                }
                Kind::Preformatted if at == open.content_at => {
                    let newlines = self.out[at..].bytes().take_while(|byte| *byte == b'\n');
                    let end = at + newlines.count();
                    self.out.replace_range(at..end, "");
                }
                _ => {}
            }
        }
        if self.last_picture.is_some() && !self.out[at..].trim_start().is_empty() {
            self.last_picture = None;
        }
        Some(())
    }

    fn attributes(&mut self, element: &Element, attributes: Attributes<'_>) -> Option<()> {
        let mut has_address = false;
        for (index, (name, raw)) in attributes.enumerate() {
            if index == MOST_ATTRIBUTES {
                return None;
            }
            if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return None;
            }
            let known = element.attributes.iter().chain(GENERIC);
            let Some((_, value)) = known.into_iter().find(|(known, _)| *known == name) else {
                continue;
            };
            if attributes.take(index).any(|(earlier, _)| earlier == name) {
                continue;
            }
            let decoded = decode(raw, true)?;
            if let Some(value) = super::value_of(*value, &decoded, self.base) {
                self.attribute(name, &value);
                has_address |= name == "href";
            }
        }
        if has_address && element.name == "a" {
            self.attribute("rel", "noopener noreferrer");
        }
        Some(())
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value);
        self.out.push('"');
    }

    /// A player of a known site becomes a link to its page; other frames go.
    fn frame(&mut self, attributes: Attributes<'_>) -> Option<()> {
        if self.is_in_table_itself() {
            return None;
        }
        let src = attributes
            .take(MOST_ATTRIBUTES)
            .find(|(name, _)| *name == "src");
        let src = src.map(|(_, raw)| decode(raw, true));
        let Some(page) = (match src {
            Some(src) => super::pictures::page_of_player(&src?, self.base),
            None => None,
        }) else {
            return Some(());
        };
        let is_linked = self.is_open(|open| open.name == "a");
        if !is_linked {
            let address = format!("href={page}>");
            self.start(element("a")?, Attributes::of(&address))?;
        }
        self.text(&page)?;
        if !is_linked {
            self.end("a")?;
        }
        Some(())
    }

    fn picture(&mut self, element: &'static Element, attributes: Attributes<'_>) -> Option<()> {
        let mut decoded = Vec::with_capacity(8);
        for (name, raw) in attributes {
            if decoded.len() == MOST_ATTRIBUTES
                || name.bytes().any(|byte| byte.is_ascii_uppercase())
            {
                return None;
            }
            decoded.push((name, decode(raw, true)?));
        }
        let parent = self.written().map(|open| open.element.name);
        let is_source = element.name == "source";
        let is_candidate = is_source && parent == Some("picture");
        if is_source && !matches!(parent, Some("picture" | "audio" | "video")) {
            return Some(());
        }
        let Some(picture) = picture(&decoded, self.base, is_candidate) else {
            return Some(());
        };
        let src = picture.src.unwrap_or_default();
        if !is_source && self.last_picture.as_deref() == Some(file_of(&src)) {
            return Some(()); // the twin that pages keep in `noscript`
        }
        self.out.push('<');
        self.out.push_str(element.name);
        if !src.is_empty() {
            self.attribute("src", &src);
        }
        if let Some(srcset) = &picture.srcset {
            self.attribute("srcset", srcset);
        }
        let rest: &[(&str, Value)] = if is_source { SOURCE } else { IMAGE };
        for (name, value) in rest.iter().chain(GENERIC) {
            if let Some(value) =
                given(&decoded, name).and_then(|given| super::value_of(*value, given, self.base))
            {
                self.attribute(name, &value);
            }
        }
        self.out.push('>');
        if !is_source {
            self.last_picture = Some(file_of(&src).to_owned());
        }
        Some(())
    }
}
