//! The grammar: every key and where it may stand, and what was meant by one that is unknown.

/// Every key, by the kind of table it may stand in; `""` is the top of the file.
pub(super) const GRAMMAR: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "server", "store", "fetch", "schedule", "dedup", "pages", "source", "opml", "output",
        ],
    ),
    ("conf.d", &["source", "opml", "output"]),
    ("server", &["listen", "public_url", "confine"]),
    ("store", &["path", "url", "synchronous", "retention"]),
    ("store.retention", &["age", "articles", "per_source"]),
    (
        "fetch",
        &[
            "user_agent",
            "contact",
            "concurrency",
            "per_host",
            "host_interval",
            "timeout",
            "connect_timeout",
            "idle_timeout",
            "max_body",
            "allow_private",
            "proxy",
            "hold_off_by_address",
        ],
    ),
    (
        "schedule",
        &[
            "default",
            "min",
            "max",
            "timezone",
            "respect_hints",
            "budget",
        ],
    ),
    ("dedup", &["near_duplicates", "window"]),
    ("pages", &["image_proxy", "image_max", "image_cache"]),
    (
        "source",
        &[
            "url",
            "id",
            "title",
            "tags",
            "schedule",
            "respect_hints",
            "priority",
            "full_text",
            "content",
            "remove",
            "keep",
            "drop",
            "headers",
            "basic_auth",
            "cookie",
            "user_agent",
            "proxy",
            "timeout",
            "timezone",
            "max_items",
            "http_version",
            "allow_private",
            "private",
            "paused",
            "websub",
            "history",
        ],
    ),
    ("opml", &["path", "url", "tags"]),
    (
        "output",
        &[
            "name",
            "title",
            "tags",
            "sources",
            "keep",
            "drop",
            "limit",
            "order",
            "per_source",
            "token",
            "title_prefix",
            "content",
            "directory",
            "hubs",
        ],
    ),
    ("secret", &["env", "file"]),
];

/// Keys of a kind of table.
pub(super) fn keys(kind: &str) -> &'static [&'static str] {
    GRAMMAR
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or(&[], |(_, keys)| keys)
}

/// What to do about an unknown key in a table of this kind.
pub(super) fn unknown_key(key: &str, kind: &str) -> String {
    let known = keys(kind);
    if let Some(near) = nearest(key, known.iter().copied()) {
        return format!("unknown key; did you mean `{near}`?");
    }
    let elsewhere = GRAMMAR
        .iter()
        .filter(|(name, _)| !["", "secret", "conf.d", kind].contains(name));
    if kind == "conf.d" && keys("").contains(&key) {
        return "unknown key here; it belongs in the main file".to_owned();
    }
    if let Some((section, _)) = elsewhere.into_iter().find(|(_, keys)| keys.contains(&key)) {
        return format!("unknown key here; it belongs in `{section}`");
    }
    format!("unknown key; known here: {}", known.join(", "))
}

/// The known name most like `name`, when one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let reach = name.chars().count().div_ceil(3).min(3);
    known
        .into_iter()
        .map(|known| (distance(&name, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
