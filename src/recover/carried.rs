//! What feed-rs drops, carried past it: elements by their canonical names, in document order.

/// The feed's own elements and those of each entry, the entries in the order that feed-rs gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Outside of entries.
    pub feed: Extras,
    /// One an entry.
    pub entries: Vec<Extras>,
}

/// The carried elements of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// In document order.
    pub elements: Vec<Element>,
    /// `xml:base` in force where the body is, absolute; `None` when it is the document's own.
    pub base: Option<String>,
    /// `xml:lang` in force where the body is.
    pub language: Option<String>,
}

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Canonical name: `dc:subject`; of an attribute `guid@isPermaLink`.
    pub name: &'static str,
    /// Its text, references decoded; may be empty.
    pub text: String,
    /// The text is HTML.
    pub html: bool,
    /// The attributes that matter of it, decoded, by lower-case local name.
    pub attributes: Vec<(String, String)>,
}

impl Element {
    /// Value of an attribute; `None` when it is missing or blank.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }
}

impl Extras {
    /// Texts of all elements of a name, trimmed, the blank ones left out.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name)
            .map(|element| element.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// The first text of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.elements
            .iter()
            .filter(|element| element.name == name)
            .map(|element| element.text.trim())
            .find(|text| !text.is_empty())
    }

    /// All elements of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements
            .iter()
            .filter(move |element| element.name == name)
    }
}
