//! What a document needed before it could be read: named, counted, and told where.

/// What a document needed before it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs(Vec<Repair>);

/// One kind of repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// `bare-ampersand`, `unclosed-element`, …
    pub name: &'static str,
    /// Byte of the decoded document where it was first needed.
    at: usize,
    /// Line where it was first needed, from 1.
    pub line: usize,
    /// Character in that line, from 1.
    pub column: usize,
    /// How often it was needed.
    pub count: usize,
}

impl Repair {
    /// A repair whose place is nowhere in particular.
    pub fn of_document(name: &'static str) -> Self {
        Self {
            name,
            at: 0,
            line: 1,
            column: 1,
            count: 1,
        }
    }

    /// What was done, for people.
    pub fn what(&self) -> &'static str {
        match self.name {
            "attributes-capped" => "an element has more attributes than are read",
            "bad-base" => "an xml:base is no URL and was ignored",
            "bad-reference" | "impossible-reference" => {
                "a character reference is no character of XML and was mapped or dropped"
            }
            "bare-ampersand" => "an & begins no reference and was taken as text",
            "bare-less-than" => "a < begins no tag and was taken as text",
            "broken-attribute" => "an attribute lacks quotes, a value or a space",
            "broken-tag" => "a tag, comment or instruction has a stray quote or no end",
            "control-characters" => "characters that XML forbids were dropped",
            "depth" => "elements are nested deeper than is read",
            "duplicate-attribute" => "an element has an attribute twice; the first counts",
            "entries-capped" => "there are more entries than are read",
            "leading-junk" => "something that is no XML stands before the feed",
            "missing-root" => "the channel has no rss element around it",
            "namespace" => "the namespace of the feed is spelled in a way of its own",
            "stray-end-tag" => "an end tag closes nothing that is open under its name",
            "text-cut" => "the texts are longer than is read; what follows was cut",
            "truncated" => "the document ends within an entry, which was left out",
            "unclosed-cdata" => "a CDATA section has no end",
            "unclosed-element" => "an element is not closed",
            "unclosed-root" => "the document ends before the feed does",
            "undeclared-prefix" => {
                "a prefix is declared nowhere and was taken for what it usually means"
            }
            "undefined-entity" => "an entity is not one of XML's five and not declared",
            "unescaped-markup" => "markup stands unescaped where text belongs",
            "version" => "the rss element has no version, or one that was never published",
            name if name.starts_with("encoding-") => {
                "the bytes are not in the encoding they claim; another was found by looking at them"
            }
            _ => "the document was mended",
        }
    }
}

impl Repairs {
    pub(super) fn note(&mut self, name: &'static str, at: usize) {
        match self.0.iter_mut().find(|known| known.name == name) {
            Some(known) => known.count += 1,
            None => self.0.push(Repair {
                at,
                ..Repair::of_document(name)
            }),
        }
    }

    /// Takes over repairs of what begins at byte `offset`.
    pub(super) fn append(&mut self, others: Self, offset: usize) {
        self.0.extend(others.0.into_iter().map(|repair| Repair {
            at: repair.at + offset,
            ..repair
        }));
    }

    /// Finds the lines and columns of all repairs in the document they are of.
    pub(super) fn locate(&mut self, text: &str) {
        for repair in &mut self.0 {
            let before = &text[..text.floor_char_boundary(repair.at)];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            repair.line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
            repair.column = before[line_start..].chars().count() + 1;
        }
    }

    /// Each kind once.
    pub fn into_vec(self) -> Vec<Repair> {
        self.0
    }

    /// The same, to look at.
    pub fn iter(&self) -> impl Iterator<Item = &Repair> {
        self.0.iter()
    }
}
