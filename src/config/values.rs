//! What single values mean: flags, numbers, durations, sizes, networks, time zones, names.
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono_tz::Tz;
use ipnet::IpNet;

use super::file::{Read, Value};
use super::grammar::nearest;

const DURATION_UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

const SIZE_UNITS: [(&str, u64); 7] = [
    ("b", 1),
    ("kb", 1_000),
    ("kib", 1 << 10),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
];

/// `true` or `false`.
pub(super) fn flag(value: &Value<'_>) -> Read<bool> {
    value
        .raw
        .as_bool()
        .ok_or_else(|| value.unlike("true or false"))
}

/// Text that says something, without the white space around it.
pub(super) fn words(value: &Value<'_>) -> Read<String> {
    let text = value.text()?.trim();
    if text.is_empty() {
        Err("empty; write something or leave the key out".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A whole number within bounds.
pub(super) fn whole(bounds: RangeInclusive<i64>) -> impl Fn(&Value<'_>) -> Read<i64> {
    move |value| {
        let expected = || format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let integer = value
            .raw
            .as_integer()
            .ok_or_else(|| value.unlike(&expected()))?;
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| format!("{integer} is out of bounds; write {}", expected()))
    }
}

/// Like [`whole`], for counts: `most` is the upper bound.
pub(super) fn count(least: u32, most: u32) -> impl Fn(&Value<'_>) -> Read<usize> {
    // The bounds are those of u32, which fits into usize on every supported target.
    move |value| whole(i64::from(least)..=i64::from(most))(value).map(|number| number as usize)
}

/// A duration within bounds.
pub(super) fn length(bounds: RangeInclusive<Duration>) -> impl Fn(&Value<'_>) -> Read<Duration> {
    move |value| {
        let text = value
            .raw
            .as_str()
            .ok_or_else(|| value.unlike("a duration such as \"30m\""))?;
        let duration = duration(text)?;
        if bounds.contains(&duration) {
            return Ok(duration);
        }
        let (least, most) = (
            humane_duration(*bounds.start()),
            humane_duration(*bounds.end()),
        );
        Err(format!(
            "{text:?} is out of bounds; write a duration from \"{least}\" to \"{most}\""
        ))
    }
}

/// A size within bounds, in bytes.
pub(super) fn size(bounds: RangeInclusive<u64>) -> impl Fn(&Value<'_>) -> Read<u64> {
    move |value| {
        let text = value
            .raw
            .as_str()
            .ok_or_else(|| value.unlike("a size such as \"16 MiB\""))?;
        let bytes = bytes(text)?;
        if bounds.contains(&bytes) {
            return Ok(bytes);
        }
        Err(format!(
            "{text:?} is out of bounds; write a size from {} to {} bytes",
            bounds.start(),
            bounds.end()
        ))
    }
}

/// One of a few words, and what it stands for.
pub(super) fn choice<T: Copy>(
    options: &'static [(&'static str, T)],
) -> impl Fn(&Value<'_>) -> Read<T> {
    move |value| {
        let listed = || {
            options
                .iter()
                .map(|(word, _)| format!("{word:?}"))
                .collect::<Vec<_>>()
                .join(" or ")
        };
        let text = value.raw.as_str().ok_or_else(|| value.unlike(&listed()))?;
        let chosen = options
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, chosen)| *chosen);
        chosen.ok_or_else(|| format!("{text:?} is not known here; write {}", listed()))
    }
}

/// A network as CIDR, or a single address.
pub(super) fn network(value: &Value<'_>) -> Read<IpNet> {
    let text = value.text()?.trim();
    let single = || {
        text.parse()
            .ok()
            .map(|address: std::net::IpAddr| IpNet::from(address))
    };
    text.parse()
        .ok()
        .or_else(single)
        .map(|network: IpNet| network.trunc())
        .ok_or_else(|| format!("{text:?} is no network; write CIDR notation such as \"192.168.0.0/16\" or \"fd00::/8\""))
}

/// A time zone of the tz database.
pub(super) fn timezone(value: &Value<'_>) -> Read<Tz> {
    let text = value.text()?.trim();
    let unknown = || {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let near = nearest(text, names).unwrap_or("Europe/Berlin");
        format!(
            "{text:?} is no time zone; write a name of the tz database such as {near:?}, or \"UTC\""
        )
    };
    text.parse().map_err(|_| unknown())
}

/// A tag: free words, as long as they can stand in a path.
pub(super) fn tag(value: &Value<'_>) -> Read<String> {
    let tag = words(value)?;
    if tag.contains(['/', '?', '#', '%', '\\']) || tag.contains(char::is_control) {
        return Err(format!("{tag:?} cannot be a tag; write {:?}", slug(&tag)));
    }
    Ok(tag)
}

/// An id or name of `[a-z0-9-]`, at most 64 long.
pub(super) fn name(value: &Value<'_>) -> Read<String> {
    let text = value.text()?;
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let cure = match slug(text) {
        slug if slug.is_empty() => "news".to_owned(),
        slug => slug,
    };
    Err(format!(
        "{text:?} has other letters than a-z, 0-9 and \"-\", or is not 1 to 64 long; write {cure:?}"
    ))
}

/// Words brought down to `[a-z0-9-]`, at most 64 long; empty when nothing is left.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len().min(64));
    for letter in text.chars().flat_map(char::to_lowercase) {
        if slug.len() == 64 {
            break;
        }
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// `"30m"`, `"1h 30m"`, `"45s"`, `"7d"`, `"500ms"`.
pub(super) fn duration(text: &str) -> Read<Duration> {
    let wrong = || {
        format!(
            "{text:?} is no duration; write a number and ms, s, m, h, d or w: \"30m\", \"1h 30m\""
        )
    };
    let mut rest = text.trim();
    let mut total_ms: u64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, tail) = leading_number(rest).ok_or_else(wrong)?;
        let letters = tail
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, unit_ms) = DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        total_ms = number
            .checked_mul(*unit_ms)
            .and_then(|part| total_ms.checked_add(part))
            .ok_or_else(wrong)?;
        rest = tail.trim_start();
    }
    Ok(Duration::from_millis(total_ms))
}

/// `"16 MiB"`, `"512 KiB"`, `"10 MB"`.
pub(super) fn bytes(text: &str) -> Read<u64> {
    let wrong = || {
        format!(
            "{text:?} is no size; write a number and B, KB, KiB, MB, MiB, GB or GiB: \"16 MiB\""
        )
    };
    let (number, unit) = leading_number(text.trim()).ok_or_else(wrong)?;
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = SIZE_UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(wrong)?;
    number.checked_mul(*factor).ok_or_else(wrong)
}

/// A duration as one would write it in the configuration: `1h 30m`, `45s`, `500ms`.
pub fn humane_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, unit_ms) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        if rest >= unit_ms {
            parts.push(format!("{}{unit}", rest / unit_ms));
            rest %= unit_ms;
        }
    }
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.join(" ")
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest.trim_start()))
}
