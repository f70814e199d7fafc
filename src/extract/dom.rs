//! The tree of a page, and what is asked of it again and again. The tree is trafilatura's own, so that one
//! parser reads all of it.

pub(super) use trafilatura::dom::{Document, NodeId};

use crate::normalize::page::Shape;

/// A page as a tree, with its elements in document order.
pub(super) struct Tree {
    pub(super) document: Document,
    /// Elements as the page came, in document order.
    pub(super) elements: Vec<NodeId>,
}

/// Elements whose text nobody reads.
const UNREAD: &[&str] = &["script", "style", "template", "noscript", "svg", "head"];

impl Tree {
    pub(super) fn parse(html: &str) -> Self {
        let document = Document::parse(html);
        let elements = document.iter(document.root(), &[]);
        Self { document, elements }
    }

    /// Its size, without recursion: this is asked before anything walks it.
    pub(super) fn shape(&self) -> Shape {
        let mut found = Shape::default();
        let mut waiting = vec![(self.document.root(), 0)];
        while let Some((id, depth)) = waiting.pop() {
            found.depth = found.depth.max(depth);
            for child in self.document.child_nodes(id) {
                if !self.document.is_text(child) {
                    found.elements += 1;
                    waiting.push((child, depth + 1));
                }
            }
        }
        found
    }

    pub(super) fn name(&self, id: NodeId) -> &str {
        self.document.tag_name(id)
    }

    /// An attribute that is there and not blank, trimmed.
    pub(super) fn attribute(&self, id: NodeId, name: &str) -> Option<String> {
        let value = self.document.get_attribute(id, name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Class and id together, lower case.
    pub(super) fn naming(&self, id: NodeId) -> String {
        let mut out = self.document.class_name(id);
        out.push(' ');
        out.push_str(&self.document.id_attr(id));
        out.make_ascii_lowercase();
        out
    }

    /// The text of an element, one space between words.
    pub(super) fn text(&self, id: NodeId) -> String {
        let mut out = String::new();
        self.push_text(id, &mut out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text that stands before an element in what it stands in.
    pub(super) fn text_before(&self, id: NodeId) -> String {
        let mut out = String::new();
        if let Some(parent) = self.document.parent(id) {
            let nodes = self.document.child_nodes(parent);
            for node in nodes.into_iter().take_while(|node| *node != id) {
                if self.document.is_text(node) {
                    out.push_str(&self.document.outer_html(node));
                } else {
                    out.push(' ');
                    out.push_str(&self.text(node));
                }
            }
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn push_text(&self, id: NodeId, out: &mut String) {
        for child in self.document.child_nodes(id) {
            if self.document.is_text(child) {
                out.push_str(&self.document.outer_html(child));
            } else if !UNREAD.contains(&self.name(child)) {
                let is_block = !is_inline(self.name(child));
                if is_block {
                    out.push(' ');
                }
                self.push_text(child, out);
                if is_block {
                    out.push(' ');
                }
            }
        }
    }

    /// An element and what it stands in, inside out.
    pub(super) fn lineage(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(Some(id), |id| self.document.parent(*id))
    }

    /// Whether it stands in what is no part of an article: navigation, a footer, comments, lists of other articles.
    pub(super) fn is_aside(&self, id: NodeId) -> bool {
        const WORDS: &[&str] = &[
            "comment",
            "related",
            "sidebar",
            "side-bar",
            "widget",
            "recommend",
            "newsletter",
            "footer",
            "teaser",
            "read-more",
            "also-read",
            "most-read",
            "popular",
            "trending",
            "breadcrumb",
        ];
        self.lineage(id).any(|id| {
            matches!(self.name(id), "nav" | "footer" | "aside" | "form") || {
                !matches!(self.name(id), "body" | "html" | "main" | "article") && {
                    let naming = self.naming(id);
                    WORDS.iter().any(|word| naming.contains(word))
                }
            }
        })
    }
}

/// Elements that stand in running text.
pub(super) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "img"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "picture"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// Text of HTML written in an attribute or in JSON: entities decoded, markup gone, one space between words.
pub(super) fn tidy(raw: &str) -> Option<String> {
    let text = if raw.contains(['<', '&']) {
        crate::normalize::page::summary(raw)?
    } else {
        raw.to_owned()
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
