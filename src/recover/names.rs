//! Namespaces as feeds spell them → the few that matter, and their well-known prefixes.

/// A namespace that a feed element can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ns {
    /// RSS of any version, and everything without a namespace.
    Plain,
    Atom,
    Content,
    Dc,
    DcTerms,
    FeedBurner,
    Itunes,
    License,
    Media,
    Rdf,
    Slash,
    Syndication,
    Thread,
    Wfw,
    Xhtml,
    /// One that says nothing we read.
    Other,
}

/// Spellings without scheme, `www.`, case, final `/` and `#`; the prefix people use; and the one spelling that
/// feed-rs reads, where it reads any.
const NAMESPACES: &[(&str, &str, Ns, &str)] = &[
    (
        "w3.org/2005/atom",
        "atom",
        Ns::Atom,
        "http://www.w3.org/2005/Atom",
    ),
    ("purl.org/atom/ns", "atom03", Ns::Atom, ""),
    ("purl.org/atom/app", "app", Ns::Other, ""),
    ("example.com/newformat", "", Ns::Atom, ""),
    ("example.com/necho", "", Ns::Atom, ""),
    ("purl.org/echo", "", Ns::Atom, ""),
    ("purl.org/pie", "", Ns::Atom, ""),
    ("uri/of/echo/namespace", "", Ns::Atom, ""),
    ("backend.userland.com/rss", "", Ns::Plain, ""),
    ("backend.userland.com/rss2", "", Ns::Plain, ""),
    ("blogs.law.harvard.edu/tech/rss", "", Ns::Plain, ""),
    ("cyber.law.harvard.edu/rss", "", Ns::Plain, ""),
    ("purl.org/rss/1.0", "rss", Ns::Plain, ""),
    ("purl.org/net/rss1.1", "", Ns::Plain, ""),
    ("purl.org/rss/1.0/modules/rss091", "rss091", Ns::Plain, ""),
    ("my.netscape.com/rdf/simple/0.9", "", Ns::Plain, ""),
    ("channel.netscape.com/rdf/simple/0.9", "", Ns::Plain, ""),
    ("my.theinfo.org/changed/1.0/rss", "", Ns::Plain, ""),
    (
        "purl.org/rss/1.0/modules/content",
        "content",
        Ns::Content,
        "http://purl.org/rss/1.0/modules/content/",
    ),
    (
        "purl.org/dc/elements/1.1",
        "dc",
        Ns::Dc,
        "http://purl.org/dc/elements/1.1/",
    ),
    ("purl.org/dc/elements/1.0", "", Ns::Dc, ""),
    ("purl.org/dc/terms", "dcterms", Ns::DcTerms, ""),
    (
        "rssnamespace.org/feedburner/ext/1.0",
        "feedburner",
        Ns::FeedBurner,
        "",
    ),
    (
        "itunes.com/dtds/podcast-1.0.dtd",
        "itunes",
        Ns::Itunes,
        "http://www.itunes.com/dtds/podcast-1.0.dtd",
    ),
    ("example.com/dtds/podcast-1.0.dtd", "", Ns::Itunes, ""),
    ("creativecommons.org/ns", "cc", Ns::License, ""),
    ("web.resource.org/cc", "", Ns::License, ""),
    (
        "backend.userland.com/creativecommonsrssmodule",
        "creativecommons",
        Ns::License,
        "",
    ),
    (
        "search.yahoo.com/mrss",
        "media",
        Ns::Media,
        "http://search.yahoo.com/mrss/",
    ),
    ("search.yahoo.com/rss", "", Ns::Media, ""),
    ("video.search.yahoo.com/mrss", "", Ns::Media, ""),
    ("tools.search.yahoo.com/mrss", "", Ns::Media, ""),
    ("w3.org/1999/02/22-rdf-syntax-ns", "rdf", Ns::Rdf, ""),
    ("purl.org/rss/1.0/modules/slash", "slash", Ns::Slash, ""),
    (
        "purl.org/rss/1.0/modules/syndication",
        "sy",
        Ns::Syndication,
        "",
    ),
    ("purl.org/syndication/thread/1.0", "thr", Ns::Thread, ""),
    (
        "wellformedweb.org/commentapi",
        "wfw",
        Ns::Wfw,
        "http://wellformedweb.org/CommentAPI/",
    ),
    ("w3.org/1999/xhtml", "xhtml", Ns::Xhtml, ""),
    ("w3.org/tr/xhtml1", "", Ns::Xhtml, ""),
];

/// The namespace of a URI, and whether it is spelled the way feed-rs reads it.
pub(super) fn of_uri(uri: &str) -> (Ns, bool) {
    let trimmed = uri.trim();
    if let Some((.., ns, _)) = NAMESPACES
        .iter()
        .find(|known| known.3 == trimmed && !trimmed.is_empty())
    {
        return (*ns, true);
    }
    let lower = trimmed.to_ascii_lowercase();
    let bare = lower
        .strip_prefix("http://")
        .or_else(|| lower.strip_prefix("https://"))
        .unwrap_or(&lower);
    let bare = bare
        .strip_prefix("www.")
        .unwrap_or(bare)
        .trim_end_matches(['/', '#']);
    if bare.is_empty() {
        return (Ns::Plain, false);
    }
    let found = NAMESPACES.iter().find(|(spelling, ..)| *spelling == bare);
    (found.map_or(Ns::Other, |(_, _, ns, _)| *ns), false)
}

/// What a prefix that nobody declared stands for.
pub(super) fn of_prefix(prefix: &str) -> Ns {
    let found = NAMESPACES
        .iter()
        .find(|(_, known, ..)| !known.is_empty() && known.eq_ignore_ascii_case(prefix));
    found.map_or(Ns::Other, |(_, _, ns, _)| *ns)
}

/// Attributes that declare, on a root of ours, every prefix that [`super::walk`] writes.
pub(super) const DECLARATIONS: &str = " xmlns:atom=\"http://www.w3.org/2005/Atom\" \
     xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
     xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" \
     xmlns:media=\"http://search.yahoo.com/mrss/\" \
     xmlns:wfw=\"http://wellformedweb.org/CommentAPI/\"";

/// Prefix and local part of a name as written.
pub(super) fn split(name: &str) -> (&str, &str) {
    match name.bytes().rposition(|byte| byte == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => ("", name),
    }
}
