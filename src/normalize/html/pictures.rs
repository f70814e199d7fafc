//! `img` and `source`: lazy loading undone, candidates resolved, counters dropped.

use std::borrow::Cow;

use memchr::memchr_iter;
use url::Url;

use crate::normalize::absolute;
use crate::normalize::url::{Parts, parts};

/// Where pages keep the address until a script moves it to `src`; the first that can be used wins.
pub(super) const LAZY: &[&str] = &[
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-orig-src",
    "data-lazy",
];
/// As [`LAZY`], for `srcset`.
pub(super) const LAZY_SETS: &[&str] = &["data-srcset", "data-lazy-srcset"];

/// Hosts (and all below them) that only count.
const COUNTING_HOSTS: &[&str] = &[
    "2o7.net",
    "doubleclick.net",
    "feedsportal.com",
    "google-analytics.com",
    "ivwbox.de",
    "pheedo.com",
    "quantserve.com",
    "scorecardresearch.com",
    "statcounter.com",
    "stats.wordpress.com",
    "vgwort.de",
];
/// First labels of hosts that only count.
const COUNTING_LABELS: &[&str] = &[
    "beacon", "counter", "pixel", "pixels", "track", "tracker", "tracking",
];
/// Parts of addresses that only count: feed flares, page counters, mail beacons.
const COUNTING_PARTS: &[&str] = &[
    "://blogger.googleusercontent.com/tracker/",
    "://feedproxy.google.com/~",
    "://feeds.feedburner.com/~",
    "://feeds.wordpress.com/1.0/",
    "://www.facebook.com/tr?",
    "/_/stat?",
    "/b.gif?",
    "/g.gif?",
    "/matomo.php",
    "/piwik.php",
    "/track/open.php",
    "/track-rss-story-loaded",
];
/// Names of files that stand where a picture is to be loaded.
const STAND_INS: &[&str] = &[
    "1x1",
    "blank",
    "clear",
    "grey",
    "lazy",
    "lazyload",
    "loading",
    "pixel",
    "placeholder",
    "spacer",
    "trans",
    "transparent",
];

/// Longest `srcset` that is read, in candidates.
const CANDIDATES: usize = 32;
/// Width in pixels up to which a candidate may stand in for a missing `src`.
const WIDEST: u32 = 2_048;

/// Whether a picture at this absolute address shows nothing: a counter or a stand-in.
fn shows_nothing(url: &str) -> bool {
    let Some(Parts { host, path, .. }) = parts(url) else {
        return true;
    };
    let is_below = |known: &&str| {
        host.strip_suffix(*known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let file = path.rsplit('/').next().unwrap_or_default();
    let is_stand_in = file.rsplit_once('.').is_some_and(|(stem, kind)| {
        matches!(kind, "gif" | "png" | "svg") && STAND_INS.contains(&stem)
    });
    COUNTING_HOSTS.iter().any(is_below)
        || host
            .split_once('.')
            .is_some_and(|(label, _)| COUNTING_LABELS.contains(&label))
        || counts_by_its_parts(url)
        || is_stand_in
}

/// Whether one of [`COUNTING_PARTS`] stands in an address; all begin with a slash or a colon in front of one.
fn counts_by_its_parts(url: &str) -> bool {
    memchr_iter(b'/', url.as_bytes()).any(|slash| {
        let colon = slash.saturating_sub(1);
        let starts = |part: &&str| {
            let from = if part.starts_with(':') { colon } else { slash };
            url[from..].starts_with(*part)
        };
        COUNTING_PARTS.iter().any(starts)
    })
}

fn usable(reference: &str, base: &Url) -> Option<String> {
    absolute(base, reference).filter(|url| !shows_nothing(url))
}

/// Candidates of a `srcset` (HTML §4.8.4.2.1): absolute address and descriptor.
fn candidates(set: &str, base: &Url) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = set;
    while out.len() < CANDIDATES {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        let end = rest
            .find(|c: char| c.is_ascii_whitespace())
            .unwrap_or(rest.len());
        let (reference, tail) = rest.split_at(end);
        let (descriptor, tail) = if reference.ends_with(',') {
            ("", tail)
        } else {
            let end = tail.find(',').unwrap_or(tail.len());
            (tail[..end].trim(), &tail[end..])
        };
        rest = tail;
        let is_known = descriptor.is_empty()
            || (descriptor.ends_with(['w', 'x'])
                && descriptor[..descriptor.len() - 1]
                    .parse::<f32>()
                    .is_ok_and(|size| size > 0.0));
        if let Some(url) = usable(reference.trim_end_matches(','), base).filter(|_| is_known) {
            out.push((url, descriptor.to_owned()));
        }
    }
    out
}

/// A picture whose addresses are settled.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// Where it is; always there for an `img`.
    pub(super) src: Option<String>,
    /// Other sizes, as a `srcset`.
    pub(super) srcset: Option<String>,
}

/// The decoded value of an attribute; of repeated ones the first counts.
pub(super) fn given<'a>(attributes: &'a [(&str, Cow<'_, str>)], name: &str) -> Option<&'a str> {
    let mut all = attributes.iter();
    all.find(|(known, _)| *known == name)
        .map(|(_, value)| value.as_ref())
}

/// Settles the addresses of an `img`, or with `is_source` of a `source` in a `picture`. `None` when nothing is to be
/// shown: no address, a counter, a stand-in, a side of at most one pixel.
pub(super) fn picture(
    attributes: &[(&str, Cow<'_, str>)],
    base: &Url,
    is_source: bool,
) -> Option<Picture> {
    let side = |name: &str| given(attributes, name).and_then(super::number);
    let longest = [side("width"), side("height")].into_iter().flatten().max();
    if longest.is_some_and(|pixels| pixels <= 1) {
        return None;
    }
    let set = LAZY_SETS
        .iter()
        .chain(&["srcset"])
        .filter_map(|name| given(attributes, name))
        .map(|set| candidates(set, base))
        .find(|set| !set.is_empty())
        .unwrap_or_default();
    let address = LAZY
        .iter()
        .chain(&["src"])
        .filter_map(|name| given(attributes, name))
        .find_map(|reference| usable(reference, base));
    let width = |descriptor: &str| descriptor.strip_suffix('w')?.parse::<u32>().ok();
    let src = address.or_else(|| {
        if is_source {
            return None;
        }
        set.iter()
            .filter(|(_, descriptor)| width(descriptor).is_none_or(|width| width <= WIDEST))
            .max_by_key(|(_, descriptor)| width(descriptor))
            .or(set.first())
            .map(|(url, _)| url.clone())
    });
    let srcset = set
        .iter()
        .map(|(url, descriptor)| format!("{url} {descriptor}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join(", ");
    let srcset = Some(srcset).filter(|set| !set.is_empty());
    (src.is_some() || is_source && srcset.is_some()).then_some(Picture { src, srcset })
}

/// A picture's address without what only asks for another size of it.
pub(super) fn file_of(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let is_file = [".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp"]
        .iter()
        .any(|kind| path.ends_with(kind));
    if is_file { path } else { url }
}

/// Where a reader sees the video that a frame plays; `None` for other frames.
pub(super) fn page_of_player(src: &str, base: &Url) -> Option<String> {
    let url = absolute(base, src)?;
    let Parts { host, path, .. } = parts(&url)?;
    let (page, player) = match host.trim_start_matches("www.") {
        "youtube.com" | "youtube-nocookie.com" => ("https://www.youtube.com/watch?v=", "/embed/"),
        "player.vimeo.com" => ("https://vimeo.com/", "/video/"),
        "dailymotion.com" => ("https://www.dailymotion.com/video/", "/embed/video/"),
        _ => return None,
    };
    let id = path.strip_prefix(player)?;
    let is_id = !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_id.then(|| format!("{page}{id}"))
}
