//! What needs the operator → an Atom document (RFC 4287), one entry an event. Pure and total.

use chrono::{DateTime, Utc};

use super::atom::instant;
use super::xml::Xml;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Permanent `urn:uuid:`.
    pub id: String,
    /// When; it never changes.
    pub at: DateTime<Utc>,
    /// Of whom, and what: `Harbour News: failing`.
    pub title: String,
    /// The kind alone, as the term of a category.
    pub kind: String,
    /// For people.
    pub text: String,
    /// A page about it; `None`: there is none.
    pub url: Option<String>,
}

/// Renders a feed of events, in the order given. `id` is a `urn:uuid:`, `self_url` its own address, `home_url` the page
/// about all sources. Deterministic.
pub fn render(id: &str, self_url: &str, home_url: &str, happenings: &[Happening]) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.open("feed", &[("xmlns", Some("http://www.w3.org/2005/Atom"))]);
    xml.text("id", &[], id);
    xml.text("title", &[], "Feedmill: what needs the operator");
    let newest = happenings.iter().map(|happening| happening.at).max();
    xml.text("updated", &[], &instant(newest.unwrap_or_default()));
    let links = [
        ("self", "application/atom+xml", self_url),
        ("alternate", "text/html", home_url),
    ];
    for (relation, kind, address) in links {
        xml.empty(
            "link",
            &[
                ("rel", Some(relation)),
                ("type", Some(kind)),
                ("href", Some(address)),
            ],
        );
    }
    xml.open("author", &[]);
    xml.text("name", &[], "Feedmill");
    xml.close("author");
    for happening in happenings {
        xml.open("entry", &[]);
        xml.text("id", &[], &happening.id);
        xml.text("title", &[], &happening.title);
        xml.text("updated", &[], &instant(happening.at));
        xml.text("published", &[], &instant(happening.at));
        if let Some(url) = &happening.url {
            xml.empty("link", &[("rel", Some("alternate")), ("href", Some(url))]);
        }
        xml.empty("category", &[("term", Some(&happening.kind))]);
        xml.text("content", &[("type", Some("text"))], &happening.text);
        xml.close("entry");
    }
    xml.close("feed");
    xml.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_an_entry_whatever_stands_in_it() {
        let happening = Happening {
            id: "urn:uuid:1".to_owned(),
            at: DateTime::UNIX_EPOCH,
            title: "A & B: failing".to_owned(),
            kind: "failing".to_owned(),
            text: "<script>\u{0}".to_owned(),
            url: None,
        };
        let feed = render(
            "urn:uuid:0",
            "http://x.example/health.atom",
            "http://x.example/",
            &[happening],
        );
        let feed = String::from_utf8(feed).expect("UTF-8");
        for part in [
            "<title>A &amp; B: failing</title>",
            "<updated>1970-01-01T00:00:00Z</updated>",
            "<content type=\"text\">&lt;script&gt;</content>",
        ] {
            assert!(feed.contains(part), "{part} in {feed}");
        }
        let none = render("urn:uuid:0", "s", "h", &[]);
        let none = String::from_utf8(none).expect("UTF-8");
        assert!(none.contains("<updated>1970") && !none.contains("<entry>"));
    }
}
