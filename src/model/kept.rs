//! What `export --format jsonl` writes beside an article so that `import` can make the same one again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ContentScope, Details, EntryRef, FeedInfo, IdKind, PageFields, Related};

/// What a store has of an article and its JSON does not show (`docs/json.md`, key `kept`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its place in the store; another where that is taken.
    pub number: i64,
    /// The id in every published format.
    pub published_id: String,
    /// The republished date.
    pub published_at: DateTime<Utc>,
    /// The republished date of change.
    pub updated_at: DateTime<Utc>,
    /// What outputs that are ordered by first sight go by.
    pub arrived_at: DateTime<Utc>,
    /// What its feed said of its own date of change when the article was last taken from it.
    pub feed_updated: Option<DateTime<Utc>>,
    /// What the feed of the entry that represents it says of itself.
    pub feed: FeedInfo,
    /// Ids of articles that were united with it.
    pub former_ids: Vec<String>,
    /// Ids of articles that the operator keeps apart from it.
    pub apart: Vec<String>,
    /// For each of the article's `entries` that is no former id of another, in the same order.
    pub entries: Vec<KeptEntry>,
}

/// The same of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptEntry {
    /// `#12`.
    pub number: i64,
    /// Hash of id kind and id.
    #[serde(with = "hex")]
    pub key: i64,
    /// Which use of its key it is.
    pub slot: i64,
    /// Where its id comes from.
    pub id_kind: IdKind,
    /// Hash of its canonical URL; `None`: no link that identifies it.
    #[serde(with = "optional_hex")]
    pub url_key: Option<i64>,
    /// Publisher's date of the last change.
    pub updated: Option<DateTime<Utc>>,
    /// Its other fields; `None`: those of the line.
    pub details: Option<Details>,
    /// Its content.
    pub content: KeptContent,
    /// How much it has, its page counted.
    pub scope: ContentScope,
    /// Hash of everything shown.
    #[serde(with = "hex")]
    pub content_hash: i64,
    /// Hash of the words.
    #[serde(with = "hex")]
    pub text_hash: i64,
    /// 1 as first seen.
    pub revision: i64,
    /// Last poll whose document held it.
    pub last_seen: DateTime<Utc>,
    /// `number` of the entry it was found equal to.
    pub joined_to: Option<i64>,
    /// JSON of what the texts share.
    pub evidence: Option<String>,
    /// Earlier states.
    pub revisions: Vec<KeptRevision>,
    /// Ids it had before.
    pub former: Vec<KeptFormer>,
    /// What is known of its page.
    pub page: Option<KeptPage>,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptContent {
    /// There is none.
    Nothing,
    /// `content_html` of the line.
    Shown,
    /// This.
    Html(String),
}

impl KeptContent {
    /// A body, written down only if the line does not show it.
    pub fn beside(html: Option<String>, shown: &str) -> Self {
        match html {
            None => Self::Nothing,
            Some(html) if html == shown => Self::Shown,
            Some(html) => Self::Html(html),
        }
    }

    /// The body, given what the line shows.
    pub fn html<'a>(&'a self, shown: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Nothing => None,
            Self::Shown => shown,
            Self::Html(html) => Some(html),
        }
    }
}

/// An earlier state of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptRevision {
    /// Which.
    pub revision: i64,
    /// When the next one took its place.
    pub replaced: DateTime<Utc>,
    /// Title.
    pub title: Option<String>,
    /// Sanitized HTML.
    pub content_html: Option<String>,
}

/// An id that an entry had before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFormer {
    /// As [`KeptEntry::key`].
    #[serde(with = "hex")]
    pub key: i64,
    /// As published.
    pub entry_id: String,
    /// Its link.
    pub url: Option<String>,
}

/// What is known of the page of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptPage {
    /// Where it is.
    pub url: String,
    /// When it is fetched next; `None`: never by itself.
    pub due: Option<DateTime<Utc>>,
    /// Failed ones since it became due.
    pub tries: i64,
    /// End of the newest answer.
    pub fetched: Option<DateTime<Utc>>,
    /// `full`, `partial`, `kept`, `failed`; `None`: not tried to the end.
    pub status: Option<String>,
    /// Why the feed's content stands.
    pub reason: Option<String>,
    /// How much the content holds.
    pub scope: ContentScope,
    /// What it fills.
    pub fields: Option<PageFields>,
    /// Its content.
    pub content: KeptContent,
}

/// A line of `export --format jsonl`, as `import` reads it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ExportedArticle {
    /// `urn:uuid:…`.
    pub id: String,
    /// Sanitized HTML.
    pub content_html: Option<String>,
    /// Of the entry that represents it.
    #[serde(flatten)]
    pub details: Details,
    /// First poll that brought it.
    pub first_seen: DateTime<Utc>,
    /// 1 for the text as first seen.
    pub revision: u32,
    /// Everywhere it was seen.
    pub entries: Vec<EntryRef>,
    /// Articles that share much with it.
    pub related: Vec<Related>,
    /// What the rest of the line does not show.
    pub kept: Kept,
}

/// Hashes as 16 digits: as numbers they would lose bits in other programs.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", hash.cast_unsigned()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16)
            .map(u64::cast_signed)
            .map_err(|_| D::Error::custom(format!("{text:?} is no hash of 16 hexadecimal digits")))
    }
}

mod optional_hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Hash(#[serde(with = "super::hex")] i64);

    pub(super) fn serialize<S: Serializer>(hash: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        hash.map(Hash).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        Ok(Option::<Hash>::deserialize(from)?.map(|hash| hash.0))
    }
}
