//! Ids of articles: our own, and those of origins that may stand in our feeds.

use rusqlite::Savepoint;
use uuid::Uuid;

use crate::model::IdKind;
use crate::store::Error;

/// Namespace of article ids; random, fixed for good.
const ARTICLES: Uuid = Uuid::from_u128(0x8a0c_7f5e_3d1b_4c62_9e47_51d0_2b6f_a3c4);

/// The id of the article that an entry founds, from the entry's key: the same after a lost commit, on any machine.
pub(in crate::store) fn article_id(source: &str, key: i64, slot: i64) -> String {
    let name = format!("{source}\n{key:016x}\n{slot}");
    Uuid::new_v5(&ARTICLES, name.as_bytes()).urn().to_string()
}

pub(super) fn is_published(tx: &Savepoint<'_>, id: &str) -> Result<bool, Error> {
    Ok(tx
        .prepare_cached("SELECT 1 FROM articles WHERE published_id = ?1")?
        .exists([id])?)
}

/// The origin's id when it may stand in our feeds: an absolute IRI (RFC 4287 §4.2.6, RFC 3987).
pub(super) fn republishable<'a>(kind: IdKind, id: &'a str, url: Option<&str>) -> Option<&'a str> {
    const NEVER: &[char] = &['<', '>', '"', '{', '}', '|', '\\', '^', '`'];
    if kind != IdKind::Published
        || id.contains(NEVER)
        || id.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return None;
    }
    if url == Some(id) {
        return Some(id); // an absolute address, read before
    }
    let (scheme, rest) = id.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_iri = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(plain)
        && !rest.is_empty();
    if crate::text::is_scripting(scheme) {
        return None;
    }
    let parses =
        url::Url::parse(id).is_ok_and(|url| !url.scheme().starts_with("http") || url.has_host());
    (is_iri && parses).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_iris_are_republished_and_nothing_else() {
        for id in [
            "tag:example.org,2026:1",
            "http://example.org/?p=1",
            "urn:uuid:1",
            "yt:video:abc",
            "https://b.example/ü",
        ] {
            assert_eq!(republishable(IdKind::Published, id, None), Some(id));
        }
        for id in [
            "1234",
            "a b:c",
            "http://",
            "12:30 news",
            "/path",
            "x:",
            "http://a.example/<b>",
            ":x",
            "Re: story",
        ] {
            assert_eq!(republishable(IdKind::Published, id, None), None, "{id}");
        }
        assert_eq!(
            republishable(IdKind::Link, "http://example.org/", None),
            None
        );
    }

    #[test]
    fn article_ids_depend_on_the_first_key_alone() {
        let id = article_id("a", 1, 0);
        assert!(id.starts_with("urn:uuid:"));
        assert_eq!(id, article_id("a", 1, 0));
        assert_ne!(id, article_id("b", 1, 0));
        assert_ne!(id, article_id("a", 1, 1));
    }
}
