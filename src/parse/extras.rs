//! What the recovery layer carried past feed-rs → the fields it belongs to, each by its precedence.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use super::{Context, Link, Media, ParsedEntry, ParsedFeed, Person, Text, date, pace};
use crate::model::{Category, EntrySource};
use crate::recover::{Carried, Element, Extras};

/// Puts the carried elements where they belong. What feed-rs read itself stays.
pub(super) fn fill(parsed: &mut ParsedFeed, carried: Carried, context: &Context) {
    let home = context.timezone.unwrap_or(chrono_tz::UTC);
    feed(parsed, &carried.feed, home);
    for (entry, extras) in parsed.entries.iter_mut().zip(carried.entries) {
        fill_entry(entry, &extras, home);
    }
}

fn feed(parsed: &mut ParsedFeed, extras: &Extras, home: Tz) {
    pace::fill(&mut parsed.signals, extras);
    let word = |name| extras.text(name).map(str::to_owned);
    parsed.language = extras
        .language
        .clone()
        .or(parsed.language.take())
        .or_else(|| word("dc:language"));
    parsed.title = parsed
        .title
        .take()
        .filter(|title| !title.value.trim().is_empty())
        .or_else(|| first(extras, &["dc:title", "atom:title"]));
    let dates = [
        "lastBuildDate",
        "atom:updated",
        "dcterms:modified",
        "pubDate",
        "dc:date",
        "atom:published",
    ];
    parsed.updated = instant(extras, &dates, home).map(|stamp| stamp.0);
    parsed.rights = parsed
        .rights
        .take()
        .or_else(|| first(extras, &["dc:rights"]));
    let picture = |name| {
        extras
            .all(name)
            .find_map(|element| element.attribute("href").map(str::to_owned))
    };
    parsed.image_url = parsed
        .image_url
        .take()
        .or_else(|| picture("itunes:image"))
        .or_else(|| picture("logo"));
    let classes: [&[&str]; 5] = [
        &["atom:author"],
        &["dc:creator"],
        &["managingEditor", "author"],
        &["itunes:author"],
        &["itunes:owner"],
    ];
    parsed.authors = people(extras, &classes);
}

fn fill_entry(entry: &mut ParsedEntry, extras: &Extras, home: Tz) {
    let word = |name| extras.text(name).map(str::to_owned);
    entry.id = entry.id.take().or_else(|| word("atom:id"));
    entry.title = entry
        .title
        .take()
        .filter(|title| !title.value.trim().is_empty())
        .or_else(|| first(extras, &["dc:title", "atom:title", "media:title"]));
    let summaries = [
        "atom:summary",
        "description",
        "dc:description",
        "itunes:summary",
        "media:description",
        "itunes:subtitle",
    ];
    entry.summary = entry
        .summary
        .take()
        .filter(|summary| !summary.value.trim().is_empty())
        .or_else(|| first(extras, &summaries));
    entry.content = entry
        .content
        .take()
        .or_else(|| first(extras, &["atom:content", "body"]));
    let published = [
        "atom:published",
        "dcterms:created",
        "dcterms:issued",
        "pubDate",
        "dc:date",
    ];
    if let Some((at, is_day)) = instant(extras, &published, home) {
        entry.published = Some(at);
        entry.published_is_day = is_day;
    }
    entry.updated =
        instant(extras, &["atom:updated", "dcterms:modified"], home).map(|stamp| stamp.0);
    let classes: [&[&str]; 4] = [
        &["atom:author"],
        &["dc:creator"],
        &["author"],
        &["itunes:author"],
    ];
    entry.authors = people(extras, &classes);
    entry.authors.extend(
        people(extras, &[&["atom:contributor"], &["dc:contributor"]])
            .into_iter()
            .map(|person| Person {
                contributor: true,
                ..person
            }),
    );
    entry.language = extras.language.clone().or_else(|| word("dc:language"));
    entry.base.clone_from(&extras.base);
    entry.rights = entry
        .rights
        .take()
        .or_else(|| first(extras, &["dc:rights"]));
    entry.section = word("slash:section");
    entry.comments_count = ["slash:comments", "thr:total"]
        .iter()
        .find_map(|name| extras.text(name)?.parse().ok());
    comments(entry, extras);
    links(entry, extras);
    subjects(entry, extras);
    entry.source = source(extras);
    media(entry, extras);
}

/// The first text of the first of these elements that says something.
fn first(extras: &Extras, names: &[&str]) -> Option<Text> {
    let said = |element: &&Element| !element.text.trim().is_empty();
    names
        .iter()
        .find_map(|name| extras.all(name).find(said))
        .map(|element| Text {
            value: element.text.clone(),
            html: element.html,
        })
}

/// The first of these elements that is a date, and whether it is a bare day.
fn instant(extras: &Extras, names: &[&str], home: Tz) -> Option<(DateTime<Utc>, bool)> {
    let read = |text: &str| date::parse(text, home).map(|stamp| (stamp.at, stamp.is_day));
    names
        .iter()
        .find_map(|name| extras.texts(name).find_map(read))
}

/// Everybody of the first class that names somebody.
fn people(extras: &Extras, classes: &[&[&str]]) -> Vec<Person> {
    let person = |element: &Element| {
        let part = |name| element.attribute(name).map(str::to_owned);
        let name = part("name").unwrap_or_else(|| element.text.trim().to_owned());
        let email = part("email");
        (!name.is_empty() || email.is_some()).then(|| Person {
            name,
            url: part("uri"),
            email,
            contributor: false,
        })
    };
    let class = |names: &&[&str]| {
        let named = extras
            .elements
            .iter()
            .filter(|element| names.contains(&element.name));
        Some(named.filter_map(person).collect::<Vec<_>>()).filter(|people| !people.is_empty())
    };
    classes.iter().find_map(class).unwrap_or_default()
}

fn comments(entry: &mut ParsedEntry, extras: &Extras) {
    let own = |url: &str| {
        entry
            .links
            .iter()
            .any(|link| link.href == url && link.rel.as_deref() != Some("replies"))
    };
    let replies = || {
        entry
            .links
            .iter()
            .find(|link| link.rel.as_deref() == Some("replies"))
            .map(|link| link.href.as_str())
    };
    entry.comments_url = extras
        .text("comments")
        .filter(|url| !own(url))
        .or_else(replies)
        .map(str::to_owned);
}

fn links(entry: &mut ParsedEntry, extras: &Extras) {
    let link = |href: &str, rel: &str| Link {
        href: href.to_owned(),
        rel: Some(rel.to_owned()),
        ..Link::default()
    };
    if let Some(original) = extras.text("feedburner:origLink") {
        entry.links.insert(0, link(original, "alternate"));
    }
    let has_page = entry.links.iter().any(|link| {
        matches!(link.rel.as_deref(), None | Some("alternate")) && !link.href.trim().is_empty()
    });
    // An Atom id that is an address is where the entry is as long as nothing else says so.
    let is_permalink = extras
        .text("guid@isPermaLink")
        .is_none_or(|says| !says.eq_ignore_ascii_case("false"));
    if !has_page
        && is_permalink
        && let Some(id) = &entry.id
        && Url::parse(id).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        entry.links.push(link(id, "alternate"));
    }
    let licences = extras.texts("license").map(str::to_owned).chain(
        extras
            .all("media:license")
            .filter_map(|element| element.attribute("href").map(str::to_owned)),
    );
    let licences: Vec<String> = licences.collect();
    entry
        .links
        .extend(licences.iter().map(|href| link(href, "license")));
}

/// Subjects that are looked at: each is compared with all before it.
const MAX_SUBJECTS: usize = 500;

/// Subjects that are not in elements feed-rs reads; keyword lists are split, single subjects are not.
fn subjects(entry: &mut ParsedEntry, extras: &Extras) {
    let one = extras
        .texts("dc:subject")
        .chain(extras.texts("media:category"));
    let labelled = extras
        .all("itunes:category")
        .filter_map(|element| element.attribute("text"));
    let lists = extras
        .texts("media:keywords")
        .chain(extras.texts("itunes:keywords"));
    let split = lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|term| !term.is_empty());
    for term in one.chain(labelled).chain(split).take(MAX_SUBJECTS) {
        if entry.categories.iter().all(|known| known.term != term) {
            entry.categories.push(Category {
                term: term.to_owned(),
                ..Category::default()
            });
        }
    }
}

/// `atom:source` (RFC 4287 §4.2.11) or the `source` of RSS 2.0.
fn source(extras: &Extras) -> Option<EntrySource> {
    let link = |wanted: &str| {
        extras
            .all("source:link")
            .find(|element| element.attribute("rel").unwrap_or("alternate") == wanted)
            .and_then(|element| element.attribute("href"))
    };
    let rss = extras.all("source").next();
    let owned = |value: &str| value.to_owned();
    let source = EntrySource {
        id: extras.text("source:id").map(owned),
        title: extras
            .text("source:title")
            .or_else(|| extras.text("source"))
            .map(owned),
        url: link("self")
            .or_else(|| link("alternate"))
            .or_else(|| rss.and_then(|element| element.attribute("url")))
            .map(owned),
    };
    (source != EntrySource::default()).then_some(source)
}

fn media(entry: &mut ParsedEntry, extras: &Extras) {
    let enclosures = entry
        .links
        .iter()
        .filter(|link| link.rel.as_deref() == Some("enclosure"));
    let enclosures = enclosures.map(|link| Media {
        url: link.href.clone(),
        mime_type: link.media_type.clone(),
        size: link.length.filter(|bytes| *bytes > 0),
        title: link.title.clone(),
        ..Media::default()
    });
    entry.media.extend(enclosures.collect::<Vec<_>>());
    let picture = extras
        .all("itunes:image")
        .find_map(|element| element.attribute("href"));
    if let Some(url) = picture.filter(|url| entry.media.iter().all(|media| media.url != *url)) {
        entry.media.push(Media {
            url: url.to_owned(),
            picture: true,
            thumbnail: true,
            ..Media::default()
        });
    }
    if let Some(duration) = extras.text("itunes:duration").and_then(play_time)
        && let Some(media) = entry
            .media
            .iter_mut()
            .find(|media| !media.picture && !media.url.is_empty())
        && media.duration_ms.is_none()
    {
        media.duration_ms = u64::try_from(duration.as_millis()).ok();
    }
}

/// `H:M:S`, `M:S` or seconds.
fn play_time(text: &str) -> Option<Duration> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let part = |part: &&str| {
        part.trim()
            .split('.')
            .next()?
            .parse::<u64>()
            .ok()
            .filter(|number| *number < 1_000_000)
    };
    let numbers: Option<Vec<u64>> = parts.iter().map(part).collect();
    let seconds = numbers?
        .into_iter()
        .fold(0, |total, number| total * 60 + number);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}
