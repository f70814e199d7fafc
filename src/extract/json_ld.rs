//! JSON-LD of a page (schema.org) → the node that describes its article, with references followed.
//!
//! Publishers write it by hand and by template: line breaks in strings, comments around it, several objects in a row,
//! entities of HTML in values, `@id` references into `@graph`. What cannot be read is passed over.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::dom::tidy;

/// Nodes of all scripts of a page.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Objects only.
    nodes: Vec<Value>,
    by_id: HashMap<String, usize>,
}

/// Objects within objects that are looked at.
const DEEPEST: usize = 8;
/// Nodes that are kept.
const MOST_NODES: usize = 500;

impl Graph {
    /// Reads one script.
    pub(super) fn read(&mut self, script: &str) {
        let text = script
            .trim()
            .trim_start_matches("<!--")
            .trim_start_matches("//<![CDATA[")
            .trim_start_matches("<![CDATA[")
            .trim_end_matches("-->")
            .trim_end_matches("]]>")
            .trim_end_matches("//")
            .trim_end_matches([';', ' ', '\n', '\r', '\t']);
        // A raw control character is a mistake in a string, and white space elsewhere.
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        while let Some(Ok(value)) = values.next() {
            self.add(value, 0);
        }
    }

    fn add(&mut self, value: Value, depth: usize) {
        if depth > DEEPEST || self.nodes.len() >= MOST_NODES {
            return;
        }
        match value {
            Value::Array(items) => {
                for item in items {
                    self.add(item, depth + 1);
                }
            }
            Value::Object(mut node) => {
                if let Some(graph) = node.remove("@graph") {
                    self.add(graph, depth + 1);
                }
                for inner in ["mainEntity", "mainEntityOfPage"] {
                    if node.get(inner).is_some_and(Value::is_object) {
                        self.add(node[inner].clone(), depth + 1);
                    }
                }
                if let Some(id) = node.get("@id").and_then(Value::as_str) {
                    // A node of several parts: the fullest one is meant.
                    let known = self.by_id.get(id).map(|at| size(&self.nodes[*at]));
                    if known.is_none_or(|known| known < node.len()) {
                        self.by_id.insert(id.to_owned(), self.nodes.len());
                    }
                }
                self.nodes.push(Value::Object(node));
            }
            _ => {}
        }
    }

    /// The node that describes the article at one of the addresses; else the first that describes any.
    pub(super) fn article(&self, addresses: &[&str]) -> Option<Node<'_>> {
        let articles: Vec<Node<'_>> = self
            .nodes
            .iter()
            .filter_map(|node| Some(self.node(node.as_object()?)))
            .filter(|node| node.rank() > 0)
            .collect();
        let is_here = |node: &&Node<'_>| {
            let own = ["url", "mainEntityOfPage", "@id"];
            own.iter()
                .filter_map(|key| node.address(key))
                .any(|own| addresses.iter().any(|address| is_same(&own, address)))
        };
        let best = articles.iter().map(Node::rank).max()?;
        let of_best = || articles.iter().filter(|node| node.rank() == best);
        of_best()
            .find(is_here)
            .or_else(|| of_best().next())
            .copied()
    }

    /// The page itself, when something describes it.
    pub(super) fn web_page(&self) -> Option<Node<'_>> {
        self.nodes
            .iter()
            .filter_map(|node| Some(self.node(node.as_object()?)))
            .find(|node| {
                node.types()
                    .any(|name| name == "WebPage" || name == "ItemPage")
            })
    }

    fn node<'a>(&'a self, map: &'a Map<String, Value>) -> Node<'a> {
        Node { graph: self, map }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let bare = |url: &str| {
        let url = url.split(['#', '?']).next().unwrap_or_default();
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        url.trim_start_matches("www.")
            .trim_end_matches('/')
            .to_owned()
    };
    bare(one) == bare(other)
}

/// An object of the graph.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    graph: &'a Graph,
    map: &'a Map<String, Value>,
}

impl<'a> Node<'a> {
    fn types(self) -> impl Iterator<Item = &'a str> {
        let types = match self.map.get("@type") {
            Some(Value::Array(types)) => types.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        types
            .into_iter()
            .filter_map(Value::as_str)
            .map(|name| name.rsplit('/').next().unwrap_or(name))
    }

    /// How much it is an article: 0 is none.
    fn rank(&self) -> u8 {
        let rank = |name: &str| match name {
            "NewsArticle"
            | "ReportageNewsArticle"
            | "AnalysisNewsArticle"
            | "BackgroundNewsArticle"
            | "OpinionNewsArticle"
            | "ReviewNewsArticle"
            | "AskPublicNewsArticle"
            | "Article"
            | "BlogPosting"
            | "LiveBlogPosting"
            | "ScholarlyArticle"
            | "TechArticle"
            | "MedicalScholarlyArticle"
            | "SatiricalArticle"
            | "AdvertiserContentArticle"
            | "SocialMediaPosting"
            | "Report" => 3,
            "Review" | "Recipe" | "HowTo" | "DiscussionForumPosting" => 2,
            "CreativeWork" | "VideoObject" => 1,
            _ => 0,
        };
        let has_words = ["headline", "name", "datePublished", "articleBody"]
            .iter()
            .any(|key| self.map.contains_key(*key));
        self.types().map(rank).max().unwrap_or_default() * u8::from(has_words)
    }

    /// A value, references followed.
    fn value(self, key: &str) -> Option<&'a Value> {
        self.map.get(key).map(|value| self.graph.resolved(value))
    }

    /// Text of a field; the first of several.
    pub(super) fn text(self, key: &str) -> Option<String> {
        first_text(self.value(key)?)
    }

    /// A field as it is written, markup and all.
    pub(super) fn raw(self, key: &str) -> Option<String> {
        self.value(key)?.as_str().map(str::to_owned)
    }

    /// The texts of a field: a list, or one.
    pub(super) fn texts(self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::Array(items)) => items.iter().filter_map(first_text).collect(),
            Some(one) => first_text(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// An address: text, or the `@id` or `url` of an object.
    pub(super) fn address(self, key: &str) -> Option<String> {
        match self.map.get(key)? {
            Value::Object(node) => node
                .get("@id")
                .or_else(|| node.get("url"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            value => first_text(value),
        }
    }

    /// A flag, written as one or as text.
    pub(super) fn flag(self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().rsplit('/').next()? {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A whole number, written as one or as text.
    pub(super) fn number(self, key: &str) -> Option<u32> {
        match self.value(key)? {
            Value::Number(number) => number.as_f64().map(|number| number as u32),
            Value::String(text) => text.trim().trim_end_matches("px").parse().ok(),
            Value::Object(node) => self.graph.node(node).number("value"),
            _ => None,
        }
    }

    /// The objects of a field, references followed; a bare text is itself.
    pub(super) fn parts(self, key: &str) -> Vec<Part<'a>> {
        let mut out = Vec::new();
        match self.value(key) {
            Some(Value::Array(items)) => {
                for item in items {
                    out.extend(self.part(self.graph.resolved(item)));
                }
            }
            Some(one) => out.extend(self.part(one)),
            None => {}
        }
        out
    }

    fn part(self, value: &'a Value) -> Option<Part<'a>> {
        match value {
            Value::Object(node) => Some(Part::Node(self.graph.node(node))),
            value => first_text(value).map(Part::Text),
        }
    }

    pub(super) fn is_a(self, name: &str) -> bool {
        self.types().any(|own| own == name)
    }
}

/// One value of a field.
#[derive(Clone, Debug)]
pub(super) enum Part<'a> {
    Node(Node<'a>),
    Text(String),
}

impl Graph {
    /// What `{"@id": …}` refers to, when it says nothing more and the target is known.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Value::Object(node) = value else {
            return value;
        };
        let target = node
            .get("@id")
            .and_then(Value::as_str)
            .filter(|_| node.len() <= 2)
            .and_then(|id| self.by_id.get(id));
        target.map_or(value, |at| &self.nodes[*at])
    }
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, Map::len)
}

fn first_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => tidy(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => items.iter().find_map(first_text),
        Value::Object(node) => ["@value", "name", "url", "@id"]
            .iter()
            .find_map(|key| node.get(*key).and_then(first_text)),
        Value::Bool(_) | Value::Null => None,
    }
}
