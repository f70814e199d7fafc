//! Text elements: opened, collected, delivered.

use std::borrow::Cow;

use super::{Element, Walker};
use crate::recover::MAX_TEXT;
use crate::recover::entities;
use crate::recover::names::{self, Ns};
use crate::recover::open_text::{Body, OpenText, Piece};
use crate::recover::rules::{self, Family, Field, Kind, Level, Rule};
use crate::recover::tokens::Tag;

impl<'a> Walker<'a> {
    pub(super) fn characters(&mut self, raw: &'a str) {
        if !entities::are_strict(raw) {
            self.irregular = true;
        }
        if let Some(text) = &mut self.text {
            text.push(Piece::Text(raw));
        } else if let Some(person) = &mut self.person
            && !raw.trim_ascii().is_empty()
            && !person.attributes.iter().any(|(key, _)| key == "name")
        {
            let name = entities::decode(raw, self.entities).text.trim().to_owned();
            person.attributes.push(("name".to_owned(), name));
        }
    }

    /// A tag while text is open: part of the text (true), or the end of it because it was never closed.
    pub(super) fn within_text(&mut self, tag: Tag<'a>) -> bool {
        let (prefix, local) = names::split(tag.name);
        let text = self.text.as_mut().expect("text is open");
        let begins_entry = matches!(local.to_ascii_lowercase().as_str(), "item" | "entry");
        let begins_sibling = || {
            let ns = if prefix.is_empty() {
                Ns::Plain
            } else {
                names::of_prefix(prefix)
            };
            let level = self.frames.last().map_or(Level::Feed, |frame| frame.level);
            (text.field.kind == Kind::Word || text.field.write == "title")
                && !is_html(local)
                && rules::rule(self.family, level, ns, &local.to_ascii_lowercase()) != Rule::Ignore
        };
        if !begins_entry && !begins_sibling() {
            text.push(Piece::Tag(self.tokens.raw()));
            if tag.name == text.name && !tag.empty && text.field.kind != Kind::Word {
                text.nested += 1;
            }
            self.rewrite();
            return true;
        }
        self.repair("unclosed-element");
        self.finish_text();
        false
    }

    pub(super) fn open_text(&mut self, tag: Tag<'a>, field: Field) {
        let room = std::mem::take(&mut self.room);
        let mut text = OpenText::new(tag.name, field, &self.attributes, self.legacy, room);
        text.at = self.tokens.start;
        if !text.is_plain {
            self.rewrite();
        }
        if field.write == "link" && self.family == Family::Rss && self.attribute("href").is_some() {
            self.rewrite();
        }
        if matches!(field.write, "guid")
            && let Some(says) = self.attribute("ispermalink")
        {
            self.carry(Element {
                name: "guid@isPermaLink",
                text: says,
                ..Element::default()
            });
        }
        if matches!(field.carry, "source") {
            text.noted = self.noted("source").attributes;
        }
        text.fallback = match field.write {
            "link" if self.family == Family::Rss => {
                self.attribute("href").map(|href| self.resolved(&href))
            }
            _ => None,
        };
        text.domain = if field.write == "category" {
            self.attribute("domain")
        } else {
            None
        };
        self.enter_body(field.write);
        if tag.empty {
            self.text = Some(text);
            self.finish_text();
            self.leave_scopes();
        } else {
            self.text = Some(text);
        }
    }

    /// Base and language where the body is: the content's own win over the summary's.
    pub(super) fn enter_body(&mut self, name: &str) {
        let whole = matches!(name, "content" | "content:encoded");
        if !self.in_entry || !(whole || matches!(name, "description" | "summary")) {
            return;
        }
        if !whole
            && self
                .entry_seen
                .iter()
                .any(|seen| matches!(*seen, "content" | "content:encoded"))
        {
            return;
        }
        let base = self.bases.last().map(|(_, url)| url.to_string());
        let here = self.frames.len();
        let language = self
            .languages
            .last()
            .filter(|(depth, _)| *depth == here)
            .map(|(_, language)| language.clone());
        if let Some(entry) = self.carried.entries.last_mut() {
            entry.base = base;
            entry.language = language.or(entry.language.take());
        }
    }

    pub(super) fn finish_text(&mut self) {
        let Some(mut text) = self.text.take() else {
            return;
        };
        if text.is_cut() {
            self.repair("text-cut");
        }
        let field = text.field;
        if !field.carry.is_empty() || self.writer.is_some() {
            let mut body = text.body(self.entities);
            if body.text.len() > MAX_TEXT {
                body.text.truncate(body.text.floor_char_boundary(MAX_TEXT));
                self.irregular = true;
                self.repairs.note("text-cut", text.at);
            }
            for name in body.repairs() {
                self.irregular = true;
                self.repairs.note(name, text.at);
            }
            let blank = text.is_blank();
            self.room = text.take_room();
            self.deliver(text, body);
            if blank && field.write.starts_with("media:") {
                self.rewrite();
            }
            return;
        }
        // Looking: only what feed-rs would stumble over counts.
        let blank = text.is_blank();
        self.room = text.take_room();
        if field.single && !blank {
            let seen = if self.in_entry {
                &mut self.entry_seen
            } else {
                &mut self.feed_seen
            };
            if seen.contains(&field.write) {
                self.irregular = true;
            }
            seen.push(field.write);
        }
        if blank && field.kind == Kind::Content {
            self.irregular = true;
        }
    }

    pub(super) fn deliver(&mut self, text: OpenText<'a>, body: Body) {
        let field = text.field;
        let value = match (&text.fallback, body.text.trim().is_empty()) {
            (Some(fallback), true) => Cow::Borrowed(fallback.as_str()),
            _ => Cow::Borrowed(body.text.as_str()),
        };
        let value = match (field.write, field.carry) {
            ("link" | "logo" | "icon" | "url", _) | (_, "comments" | "uri") => {
                Cow::Owned(self.resolved(value.trim()))
            }
            _ => value,
        };
        if !field.carry.is_empty() {
            if self.person.is_some() {
                return self.name_person(field.carry, &value);
            }
            self.carry(Element {
                name: field.carry,
                text: value.clone().into_owned(),
                html: body.html,
                attributes: text.noted,
            });
        }
        if field.write.is_empty() {
            return;
        }
        if value.trim().is_empty() {
            return;
        }
        let single = field.single
            && !matches!(
                self.frames.last().map(|frame| frame.level),
                Some(Level::Media | Level::Image)
            );
        if single {
            let seen = if self.in_entry {
                &mut self.entry_seen
            } else {
                &mut self.feed_seen
            };
            if seen.contains(&field.write) {
                return;
            }
            seen.push(field.write);
        }
        let attribute = match (&text.domain, body.html, field.kind) {
            (Some(domain), ..) => Some(("domain", domain.as_str())),
            (None, true, Kind::Construct | Kind::Content) => Some(("type", "html")),
            _ => None,
        };
        self.write_text(field.write, &value, attribute);
    }

    pub(super) fn name_person(&mut self, part: &str, value: &str) {
        let Some(person) = &mut self.person else {
            return;
        };
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        person.attributes.retain(|(key, _)| key != part);
        person.attributes.push((part.to_owned(), value.to_owned()));
    }
}

/// Names that HTML and feeds share are HTML within text.
fn is_html(local: &str) -> bool {
    [
        "title", "link", "summary", "source", "image", "category", "content",
    ]
    .iter()
    .any(|name| local.eq_ignore_ascii_case(name))
}
