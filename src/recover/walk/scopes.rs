//! What attributes say: namespaces, bases and languages in force, and values that are asked for by name.

use url::Url;

use super::{Element, MAX_ATTRIBUTES, MAX_NAMESPACES, Walker};
use crate::recover::entities;
use crate::recover::names::{self, Ns};
use crate::recover::rules::Family;
use crate::recover::tokens::attributes;

/// Bytes of a base: every relative link takes it on.
const MAX_BASE: usize = 500;
/// Bytes of a language: every entry takes it on.
const MAX_LANGUAGE: usize = 100;

impl<'a> Walker<'a> {
    pub(super) fn read_attributes(&mut self, raw: &'a str) {
        self.attributes.clear();
        if raw.is_empty() {
            return;
        }
        let mut reader = attributes(raw);
        for (name, value) in reader.by_ref() {
            if self.attributes.len() == MAX_ATTRIBUTES {
                self.repair("attributes-capped");
                break;
            }
            if !entities::are_strict(value) || value.contains('<') {
                self.irregular = true;
            }
            if self.attributes.iter().any(|(known, _)| *known == name) {
                self.repair("duplicate-attribute");
                continue;
            }
            self.attributes.push((name, value));
            if let Some(rest) = name.strip_prefix("xmlns") {
                self.declare(rest, value);
            } else if name == "xml:base" {
                self.enter_base(value);
            } else if name == "xml:lang" && (1..=MAX_LANGUAGE).contains(&value.trim_ascii().len()) {
                self.languages
                    .push((self.frames.len(), value.trim_ascii().to_owned()));
            }
        }
        if reader.irregular {
            self.repair("broken-attribute");
        }
    }

    pub(super) fn declare(&mut self, rest: &'a str, value: &'a str) {
        let prefix = match rest.strip_prefix(':') {
            Some(prefix) => prefix,
            None if rest.is_empty() => "",
            None => return,
        };
        if self.namespaces.len() >= MAX_NAMESPACES {
            return self.rewrite();
        }
        let (ns, exact) = names::of_uri(value);
        if prefix.is_empty() && !self.frames.is_empty() {
            self.rewrite();
        }
        self.namespaces.push((self.frames.len(), prefix, ns, exact));
    }

    pub(super) fn enter_base(&mut self, value: &str) {
        self.rewrite();
        let value = entities::decode(value, self.entities).text;
        let joined = match self.base() {
            Some(base) => base.join(value.trim()),
            None => Url::parse(value.trim()),
        };
        match joined {
            Ok(url) if url.as_str().len() <= MAX_BASE => self.bases.push((self.frames.len(), url)),
            _ => self.repair("bad-base"),
        }
    }

    pub(super) fn base(&self) -> Option<&Url> {
        self.bases.last().map(|(_, url)| url).or(self.document_base)
    }

    pub(super) fn namespace(&mut self, prefix: &str) -> Ns {
        let bound = self
            .namespaces
            .iter()
            .rev()
            .find(|(_, known, ..)| *known == prefix);
        match bound {
            // A default namespace that nobody knows, on the root: RSS by the name of the root.
            Some((0, "", Ns::Other, _)) if self.family != Family::Atom => {
                self.rewrite();
                Ns::Plain
            }
            Some((_, _, ns, exact)) => {
                let (ns, exact) = (*ns, *exact);
                let read = matches!(
                    ns,
                    Ns::Atom | Ns::Content | Ns::Itunes | Ns::Media | Ns::Wfw | Ns::Plain
                );
                if read && !exact {
                    self.rewrite();
                }
                ns
            }
            None if prefix.is_empty() => Ns::Plain,
            None if prefix == "xml" => Ns::Other,
            None => {
                self.repair("undeclared-prefix");
                names::of_prefix(prefix)
            }
        }
    }

    /// Value of the newest tag's attribute of this lower-case local name, decoded.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let found = self
            .attributes
            .iter()
            .find(|(key, _)| names::split(key).1.eq_ignore_ascii_case(name));
        let value = entities::decode(found?.1, self.entities).text;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn noted(&self, name: &'static str) -> Element {
        let decoded = |(key, value): &(&str, &str)| {
            let value = entities::decode(value, self.entities).text;
            let local = names::split(key).1.to_ascii_lowercase();
            let value = match local.as_str() {
                "href" | "url" => self.resolved(value.trim()),
                _ => value.into_owned(),
            };
            (local, value)
        };
        Element {
            name,
            attributes: self.attributes.iter().take(16).map(decoded).collect(),
            ..Element::default()
        }
    }

    pub(super) fn resolved(&self, reference: &str) -> String {
        match self.bases.last() {
            Some((_, base)) => base
                .join(reference)
                .map_or_else(|_| reference.to_owned(), String::from),
            None => reference.to_owned(),
        }
    }

    /// Forgets what the element that just ended had declared.
    pub(super) fn leave_scopes(&mut self) {
        let depth = self.frames.len();
        while self.namespaces.last().is_some_and(|(at, ..)| *at >= depth) {
            self.namespaces.pop();
        }
        while self.bases.last().is_some_and(|(at, _)| *at >= depth) {
            self.bases.pop();
        }
        while self.languages.last().is_some_and(|(at, _)| *at >= depth) {
            self.languages.pop();
        }
    }
}
