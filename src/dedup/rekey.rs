//! Entries that come again under another id: found once more in place, so that nothing is new (rung 0b).

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};

/// So many entries of a document, and half of it, under new ids are a storm.
const STORM: usize = 5;

/// An entry as far as its identity goes: one that left the document, or one that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// As published, else derived.
    pub id: String,
    /// Hash of its canonical link; `None`: none, or one that identifies nothing.
    pub url_key: Option<i64>,
    /// Hash of its title's words; `None`: a title of under four words, or none.
    pub title: Option<u64>,
    /// The publisher's date.
    pub published: Option<DateTime<Utc>>,
    /// Hash of the words of title and text.
    pub text_hash: i64,
}

/// Which of the entries that came are which of those that left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// Index into what came, and into what left.
    pub pairs: Vec<(usize, usize)>,
    /// Most of the document came under new ids: the source moved, or changed how it makes them.
    pub storm: bool,
}

/// Compares what left a document with what came in its place. `entries` is how many entries the document has. A name
/// counts only where it is unique on both sides: the id without scheme and `www.`, the link unless it is reused, title
/// and date together, and in a storm title and text.
pub fn rekeyed(left: &[Identified], came: &[Identified], entries: usize) -> Rekeyed {
    let mut pairs = Pairs {
        left,
        came,
        found: Vec::new(),
    };
    pairs.by(|one| Some(alias(&one.id)), |_, _| true);
    pairs.by(|one| one.url_key, is_one);
    pairs.by(|one| Some((one.title?, one.published?)), |_, _| true);
    let is_storm = |found: usize| found >= STORM && found * 2 >= entries;
    let sure = pairs.found.len();
    pairs.by(|one| one.title.map(|_| one.text_hash), |_, _| true);
    let storm = is_storm(pairs.found.len());
    if !storm {
        pairs.found.truncate(sure);
    }
    Rekeyed {
        storm,
        pairs: pairs.found,
    }
}

struct Pairs<'a> {
    left: &'a [Identified],
    came: &'a [Identified],
    found: Vec<(usize, usize)>,
}

impl Pairs<'_> {
    fn by<K: Eq + Hash>(
        &mut self,
        name: impl Fn(&Identified) -> Option<K>,
        agrees: impl Fn(&Identified, &Identified) -> bool,
    ) {
        let taken = |at: &dyn Fn(&(usize, usize)) -> usize| -> Vec<usize> {
            self.found.iter().map(at).collect()
        };
        let left = unique(self.left, &taken(&|pair| pair.1), &name);
        let came = unique(self.came, &taken(&|pair| pair.0), &name);
        let mut more: Vec<(usize, usize)> = came
            .into_iter()
            .filter_map(|(name, new)| Some((new, *left.get(&name)?)))
            .filter(|(new, old)| agrees(&self.came[*new], &self.left[*old]))
            .collect();
        more.sort_unstable();
        self.found.append(&mut more);
    }
}

/// Where each name stands that only one entry has.
fn unique<K: Eq + Hash>(
    all: &[Identified],
    taken: &[usize],
    name: impl Fn(&Identified) -> Option<K>,
) -> HashMap<K, usize> {
    let mut places: HashMap<K, Option<usize>> = HashMap::new();
    for (at, one) in all.iter().enumerate() {
        if let Some(name) = name(one).filter(|_| !taken.contains(&at)) {
            places
                .entry(name)
                .and_modify(|place| *place = None)
                .or_insert(Some(at));
        }
    }
    places
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?)))
        .collect()
}

/// The same text, or dates so near that the link was not used for another article.
fn is_one(a: &Identified, b: &Identified) -> bool {
    let near = match (a.published, b.published) {
        (Some(a), Some(b)) => (a - b).abs() < TimeDelta::hours(18),
        _ => true,
    };
    near || a.text_hash == b.text_hash
}

/// An id without scheme and `www.`, its host in lower case.
fn alias(id: &str) -> String {
    let Some((scheme, rest)) = id.split_once("://") else {
        return id.to_owned();
    };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return id.to_owned();
    }
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    format!("{}{path}", host.strip_prefix("www.").unwrap_or(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(n: usize, id: &str, link: Option<&str>) -> Identified {
        let hash = |text: &str| xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        Identified {
            id: id.to_owned(),
            url_key: link.map(|link| hash(link).cast_signed()),
            title: Some(n as u64),
            published: Some(DateTime::UNIX_EPOCH + TimeDelta::hours(n as i64)),
            text_hash: n as i64,
        }
    }

    fn all(make: impl Fn(usize) -> Identified) -> Vec<Identified> {
        (0..20).map(make).collect()
    }

    #[test]
    fn each_kind_of_storm_is_recognized_whole() {
        let old = all(|n| {
            one(
                n,
                &format!("http://www.mill.example/{n}"),
                Some(&format!("l{n}")),
            )
        });
        let pairs: Vec<_> = (0..20).map(|n| (n, n)).collect();
        let storms = [
            all(|n| one(n, &format!("https://Mill.example/{n}"), None)),
            all(|n| one(n, &format!("guid-{n}"), Some(&format!("l{n}")))),
            all(|n| {
                one(
                    n,
                    &format!("https://new.example/{n}/"),
                    Some(&format!("new{n}")),
                )
            }),
        ];
        for came in storms {
            let found = rekeyed(&old, &came, 20);
            assert_eq!((found.storm, &found.pairs), (true, &pairs), "{came:?}");
        }
    }

    #[test]
    fn what_is_not_unique_names_nothing() {
        let twins = |id: &str| {
            all(|n| Identified {
                title: None,
                ..one(n, &format!("{id}{}", n / 2), None)
            })
        };
        assert_eq!(
            rekeyed(&twins("a://x/"), &twins("b://x/"), 20),
            Rekeyed::default()
        );
    }

    #[test]
    fn a_reused_link_and_a_few_new_ids_are_no_storm() {
        let old = [one(0, "a", Some("today"))];
        let next_day = [one(24, "b", Some("today"))];
        assert_eq!(rekeyed(&old, &next_day, 20), Rekeyed::default());
        let edited = [one(0, "b", Some("today"))];
        let found = rekeyed(&old, &edited, 20);
        assert_eq!((found.pairs, found.storm), (vec![(0, 0)], false));
    }

    #[test]
    fn in_a_storm_the_same_text_under_another_date_is_found_too() {
        let old = all(|n| one(n, &format!("a{n}"), Some(&format!("l{n}"))));
        let came = all(|n| Identified {
            published: None,
            ..one(
                n,
                &format!("b{n}"),
                (n < 15).then(|| format!("l{n}")).as_deref(),
            )
        });
        assert_eq!(rekeyed(&old, &came, 20).pairs.len(), 20);
        assert_eq!(rekeyed(&old, &came, 45).pairs.len(), 15, "no storm");
    }
}
