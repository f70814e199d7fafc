//! What is read, stored and published: an [`Entry`] with its parts, the [`FeedInfo`] it came under, and the [`Article`]
//! that one or more entries make.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use seconds::Seconds;

/// Where an entry's id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// `atom:id`, RSS `guid`, `rdf:about` or JSON Feed `id`, trimmed.
    Published,
    /// The entry's link, canonical.
    Link,
    /// A hash of title and date, or of the content when both are missing.
    Content,
}

/// Whether a summary was written or cut from the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SummaryKind {
    /// A standfirst in its own words.
    Author,
    /// A prefix of the content; not republished when the content is.
    Excerpt,
}

/// How much of the article the content holds. Ordered: more is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentScope {
    /// Nothing.
    #[default]
    None,
    /// A summary only.
    Summary,
    /// Cut by a paywall.
    Partial,
    /// All of it, as far as the feed shows.
    Full,
}

/// How far a date can be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePrecision {
    /// The publisher gave an instant.
    Instant,
    /// The publisher gave a day.
    Day,
    /// The publisher gave nothing usable: first seen, or taken from `updated`.
    #[default]
    Inferred,
}

/// What an author is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// A human being.
    #[default]
    Person,
    /// A publisher, agency or group.
    Organization,
}

/// What an author did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorRole {
    /// Wrote it (RFC 4287 §4.2.1).
    #[default]
    Author,
    /// Helped (RFC 4287 §4.2.3).
    Contributor,
    /// Edited it.
    Editor,
    /// Translated it.
    Translator,
}

/// A person or organization behind an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Author {
    /// As it should be shown; never empty in an [`Entry`].
    pub name: String,
    /// Home page.
    pub url: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Person or organization.
    pub kind: AuthorKind,
    /// What they did.
    pub role: AuthorRole,
}

/// A lead picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Absolute http(s) URL.
    pub url: String,
    /// Alternative text.
    pub alt: Option<String>,
    /// Caption.
    pub caption: Option<String>,
    /// Photographer or agency.
    pub credit: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Media type.
    pub mime_type: Option<String>,
}

/// Attached media: an enclosure (RFC 4287 §4.2.7.2, RSS 2.0).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Attachment {
    /// Absolute http(s) URL.
    pub url: String,
    /// Media type.
    pub mime_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Seconds.
    pub duration: Option<Seconds>,
    /// Name of the file or episode.
    pub title: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

/// A subject of an entry (RFC 4287 §4.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// The term itself, as published.
    pub term: String,
    /// IRI of the scheme or RSS `domain`.
    pub scheme: Option<String>,
    /// Label for people.
    pub label: Option<String>,
}

/// A labelled part of an article, such as its key takeaways.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Section {
    /// `key_takeaways`, `why_it_matters`, … or `other`.
    pub kind: String,
    /// The label as published.
    pub label: String,
    /// The text below the label, without markup and without the list; paragraphs separated by a blank line.
    pub text: String,
    /// Its list items.
    pub items: Vec<String>,
    /// Fragment that leads to it.
    pub anchor: Option<String>,
}

/// Where readers talk about an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Comments {
    /// Page of the comments.
    pub url: Option<String>,
    /// How many there are.
    pub count: Option<u64>,
}

/// The feed an entry was copied from, as its `atom:source` or RSS `source` says (RFC 4287 §4.2.11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct EntrySource {
    /// `atom:id` of the origin feed.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// One item as one source published it, normalized: text is NFC without markup, HTML is sanitized, URLs are
/// absolute, dates are believable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// As published, else derived (see `id_kind`).
    pub id: String,
    /// Where `id` comes from.
    pub id_kind: IdKind,
    /// Where a reader should go: absolute http(s).
    pub url: Option<String>,
    /// Text of at most 1,000 characters.
    pub title: Option<String>,
    /// Publisher's date; `None` when it gave none that can be believed.
    pub published: Option<DateTime<Utc>>,
    /// Publisher's date of the last change, not before `published`.
    pub updated: Option<DateTime<Utc>>,
    /// Sanitized HTML; empty when there is none.
    #[serde(skip)]
    pub content_html: String,
    /// Everything that is not needed to find, order or compare entries.
    #[serde(flatten)]
    pub details: Details,
}

/// The fields of an [`Entry`] that the store keeps as one JSON value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Text of at most 4,000 characters.
    pub summary: Option<String>,
    /// Written or cut.
    pub summary_kind: Option<SummaryKind>,
    /// How much `content_html` holds.
    pub content_scope: ContentScope,
    /// In published order.
    pub authors: Vec<Author>,
    /// How far `published` can be believed.
    pub date_precision: DatePrecision,
    /// BCP 47.
    pub language: Option<String>,
    /// Lead picture.
    pub image: Option<Image>,
    /// Enclosures.
    pub attachments: Vec<Attachment>,
    /// At most 50.
    pub categories: Vec<Category>,
    /// `articleSection`.
    pub section: Option<String>,
    /// Labelled parts.
    pub sections: Vec<Section>,
    /// Rights statement.
    pub rights: Option<String>,
    /// Licence.
    pub license_url: Option<String>,
    /// Where readers talk.
    pub comments: Option<Comments>,
    /// The origin, when the entry itself is a copy.
    pub source: Option<EntrySource>,
    /// Other addresses that belong to the entry.
    pub related_urls: Vec<String>,
}

/// What a feed says of itself, normalized. Needed for `atom:source` and to fill what entries lack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedInfo {
    /// `atom:id`, when the feed is Atom and gives one.
    pub id: Option<String>,
    /// Text.
    pub title: Option<String>,
    /// The site: `link rel=alternate`, RSS `link`, `home_page_url`.
    pub home_url: Option<String>,
    /// `link rel=self`, `feed_url`.
    pub self_url: Option<String>,
    /// WebSub hubs.
    pub hub_urls: Vec<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Its own date of change.
    pub updated: Option<DateTime<Utc>>,
    /// Logo or icon.
    pub image_url: Option<String>,
    /// Rights statement.
    pub rights: Option<String>,
    /// Feed-level authors: they fill entries that name none.
    pub authors: Vec<Author>,
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// A length of media in milliseconds; a number of seconds in JSON.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Seconds(
        /// Milliseconds.
        pub u64,
    );

    impl Serialize for Seconds {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0.is_multiple_of(1000) {
                serializer.serialize_u64(self.0 / 1000)
            } else {
                serializer.serialize_f64(self.0 as f64 / 1000.0)
            }
        }
    }

    impl<'de> Deserialize<'de> for Seconds {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(
                (f64::deserialize(deserializer)? * 1000.0).round() as u64
            ))
        }
    }
}

/// Who publishes an article, as its page says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Publisher {
    /// Name.
    pub name: String,
    /// Home page.
    pub url: Option<String>,
    /// Address of a logo.
    pub logo: Option<String>,
}

/// Which rule joined an entry to its article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The entry's own key: it founded the article.
    Entry,
    /// Another spelling of a known key.
    Alias,
    /// The canonical URL.
    Url,
    /// The exact text.
    Text,
    /// Nearly the same text.
    Near,
    /// The operator said so.
    Manual,
}

/// What links two articles that are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same picture under another language.
    Translation,
    /// One source tells on, with much of the text before.
    FollowUp,
    /// Two sources share much of a text.
    SameEvent,
}

/// A link to another article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// Its id, `urn:uuid:…`.
    pub article: String,
    /// What it is to this one.
    pub relation: Relation,
}

/// Where a field of an article that its representative entry lacks was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// Name of the field.
    pub field: &'static str,
    /// Id of the configured source whose entry has it.
    pub source: String,
}

/// One place an article was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRef {
    /// Id of the configured source.
    pub source: String,
    /// Id of the entry there.
    pub entry_id: String,
    /// Its link.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its date.
    pub published: Option<DateTime<Utc>>,
    /// When a poll first brought it.
    pub first_seen: DateTime<Utc>,
    /// What joined it.
    pub rung: Rung,
}

/// The source that represents an article, as `atom:source` needs it (RFC 4287 §4.2.11).
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Id of the configured source.
    pub source: String,
    /// An IRI that never changes: the feed's `atom:id`, else its URL, else (private) a `urn:uuid:`.
    pub iri: String,
    /// The operator's title, else the feed's, else the host.
    pub title: String,
    /// The feed's URL; `None` for a private source and for `file:`.
    pub url: Option<String>,
    /// The operator's tags.
    pub tags: Vec<String>,
    /// What the feed says of itself; `updated` is what it was when the article was last accepted.
    pub info: FeedInfo,
}

/// What is stored and published: one story, whatever the number of places that carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// `urn:uuid:…`, derived from the first entry's key.
    pub id: String,
    /// The id in every published format, fixed at first publication.
    pub published_id: String,
    /// Fields of the representative entry.
    pub entry: Entry,
    /// Source of the representative entry.
    pub origin: Origin,
    /// Republished date, fixed at first publication: the publisher's, but not after our first sight.
    pub published_at: DateTime<Utc>,
    /// Republished change date: moves on real change only, never backwards.
    pub updated: DateTime<Utc>,
    /// First poll that brought it.
    pub first_seen: DateTime<Utc>,
    /// Last poll whose document held it.
    pub last_seen: DateTime<Utc>,
    /// 1 for the text as first seen.
    pub revision: u32,
    /// Everywhere it was seen; the representative first.
    pub entries: Vec<EntryRef>,
    /// Articles that share much with it and are not the same.
    pub related: Vec<Related>,
    /// Fields of `entry` that the representative lacks and another entry has.
    pub filled: Vec<Filled>,
    /// What its page said; its fields stand in `entry` already. `None`: none was read.
    pub page: Option<super::PageSaid>,
}

/// What the operator says about articles. An article is named by its id, the beginning of its UUID, or its published id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Out of everything, for good.
    Forget {
        /// Which.
        article: String,
    },
    /// An entry becomes an article of its own.
    Split {
        /// Out of which.
        article: String,
        /// Its number, id, link or source.
        entry: String,
    },
    /// Two articles become one.
    Merge {
        /// One.
        into: String,
        /// The other.
        article: String,
    },
}
