//! The vocabulary of feeds: what an element means where it stands, in every dialect.

use super::names::Ns;

/// The part of a feed that an element stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Feed,
    Entry,
    /// `author`, `contributor`, `itunes:owner`.
    Person,
    /// `atom:source`.
    Source,
    /// A channel's `image`.
    Image,
    /// `skipHours`, `skipDays`.
    Skip,
    /// `media:group`, `media:content`.
    Media,
    /// Nothing that is read.
    Nothing,
}

/// What is done with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Its children are read as if they stood outside, at this level.
    Through(Level),
    /// An item or entry begins.
    Entry,
    /// Its text is taken, tags within it and all.
    Text(Field),
    /// Its attributes are what counts: written anew under this name.
    Attributes(&'static str),
    /// Its attributes are what counts: carried under this name.
    Noted(&'static str),
    /// A person: carried under this name, its parts as attributes.
    Person(&'static str),
    /// It groups others and is written anew under this name (not when empty).
    Nest(&'static str, Level),
    /// It and all within it is passed over.
    Ignore,
}

/// A text element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Name to write; empty: not for feed-rs.
    pub(super) write: &'static str,
    /// Name to carry; empty: feed-rs reads it.
    pub(super) carry: &'static str,
    /// How its text is read.
    pub(super) kind: Kind,
    /// The first that says something counts.
    pub(super) single: bool,
}

/// How the text of an element is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An address, a date, a name: any tag ends it that is not HTML.
    Word,
    /// HTML, as RSS has it.
    Html,
    /// An Atom text construct (RFC 4287 §3.1): its attributes say what it is.
    Construct,
    /// Atom content (RFC 4287 §4.1.3).
    Content,
}

const fn written(name: &'static str, kind: Kind) -> Rule {
    Rule::Text(Field {
        write: name,
        carry: "",
        kind,
        single: true,
    })
}

const fn carried(name: &'static str, kind: Kind) -> Rule {
    Rule::Text(Field {
        write: "",
        carry: name,
        kind,
        single: false,
    })
}

const fn both(name: &'static str, kind: Kind) -> Rule {
    Rule::Text(Field {
        write: name,
        carry: name,
        kind,
        single: false,
    })
}

const fn repeated(name: &'static str, kind: Kind) -> Rule {
    Rule::Text(Field {
        write: name,
        carry: "",
        kind,
        single: false,
    })
}

/// The family whose rules hold in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Rss,
    Atom,
    Cdf,
}

/// The rule for an element of namespace `ns` and lower-case name `local` at `level`.
pub(super) fn rule(family: Family, level: Level, ns: Ns, local: &str) -> Rule {
    let core = ns == Ns::Plain || (family == Family::Atom && ns == Ns::Atom);
    match (level, family) {
        (Level::Nothing, _) => Rule::Ignore,
        (Level::Feed | Level::Entry, _) if core && matches!(local, "item" | "entry") => Rule::Entry,
        (Level::Feed, Family::Atom) if ns == Ns::Atom && local == "entry" => Rule::Entry,
        (Level::Feed | Level::Entry, Family::Cdf) => cdf(level, local),
        (Level::Feed, Family::Rss) if core => rss_feed(local),
        (Level::Entry, Family::Rss) if core => rss_item(local),
        (Level::Feed | Level::Entry | Level::Source, Family::Atom) if core => atom(level, local),
        (Level::Feed | Level::Entry, _) => extension(level, family, ns, local),
        (Level::Source, _) => Rule::Ignore,
        (Level::Person, _) => person(local),
        (Level::Image, _) if core && local == "url" => written("url", Kind::Word),
        (Level::Skip, _) if local == "hour" => carried("hour", Kind::Word),
        (Level::Skip, _) if local == "day" => carried("day", Kind::Word),
        (Level::Media, _) if ns == Ns::Media => media(local),
        _ => Rule::Ignore,
    }
}

fn rss_feed(local: &str) -> Rule {
    match local {
        "channel" | "items" => Rule::Through(Level::Feed),
        "title" => written("title", Kind::Html),
        "link" => repeated("link", Kind::Word),
        "description" => written("description", Kind::Html),
        "language" => written("language", Kind::Word),
        "copyright" => written("copyright", Kind::Html),
        "ttl" => written("ttl", Kind::Word),
        "image" => Rule::Nest("image", Level::Image),
        "pubdate" => carried("pubDate", Kind::Word),
        "lastbuilddate" => carried("lastBuildDate", Kind::Word),
        "managingeditor" => carried("managingEditor", Kind::Word),
        "webmaster" => carried("webMaster", Kind::Word),
        "author" => carried("author", Kind::Word),
        "cloud" => Rule::Noted("cloud"),
        "skiphours" | "skipdays" => Rule::Nest("", Level::Skip),
        _ => Rule::Ignore,
    }
}

fn rss_item(local: &str) -> Rule {
    match local {
        "title" => written("title", Kind::Html),
        "link" => repeated("link", Kind::Word),
        "description" => written("description", Kind::Html),
        "guid" => written("guid", Kind::Word),
        "category" => repeated("category", Kind::Word),
        "comments" => carried("comments", Kind::Word),
        "enclosure" => Rule::Attributes("enclosure"),
        "author" => carried("author", Kind::Word),
        "pubdate" => carried("pubDate", Kind::Word),
        "updated" => carried("atom:updated", Kind::Word),
        "source" => carried("source", Kind::Word),
        "body" | "fulltext" | "fullitem" => carried("body", Kind::Html),
        "summary" => carried("atom:summary", Kind::Html),
        _ => Rule::Ignore,
    }
}

fn atom(level: Level, local: &str) -> Rule {
    let at_source = level == Level::Source;
    match local {
        "title" if at_source => carried("source:title", Kind::Construct),
        "id" if at_source => carried("source:id", Kind::Word),
        "link" if at_source => Rule::Noted("source:link"),
        _ if at_source => Rule::Ignore,
        "title" => written("title", Kind::Construct),
        "id" => written("id", Kind::Word),
        "link" => Rule::Attributes("link"),
        "author" => Rule::Person("atom:author"),
        "contributor" => Rule::Person("atom:contributor"),
        "category" => Rule::Attributes("category"),
        "rights" | "copyright" => written("rights", Kind::Construct),
        "updated" | "modified" => carried("atom:updated", Kind::Word),
        "published" | "issued" | "pubdate" => carried("atom:published", Kind::Word),
        "created" => carried("dcterms:created", Kind::Word),
        "summary" if level == Level::Entry => written("summary", Kind::Construct),
        "description" if level == Level::Entry => carried("description", Kind::Html),
        "content" if level == Level::Entry => written("content", Kind::Content),
        "source" if level == Level::Entry => Rule::Nest("", Level::Source),
        "enclosure" if level == Level::Entry => Rule::Attributes("link"),
        "logo" if level == Level::Feed => written("logo", Kind::Word),
        "icon" if level == Level::Feed => written("icon", Kind::Word),
        _ => Rule::Ignore,
    }
}

/// Channel Definition Format (W3C note of 1997).
fn cdf(level: Level, local: &str) -> Rule {
    match (level, local) {
        (Level::Feed, "channel") => Rule::Through(Level::Feed),
        (_, "title") => written("title", Kind::Html),
        (_, "abstract") => written("description", Kind::Html),
        (Level::Feed, "logo") => Rule::Noted("logo"),
        _ => Rule::Ignore,
    }
}

fn person(local: &str) -> Rule {
    match local {
        "name" => carried("name", Kind::Word),
        "uri" | "url" | "homepage" => carried("uri", Kind::Word),
        "email" => carried("email", Kind::Word),
        _ => Rule::Ignore,
    }
}

fn media(local: &str) -> Rule {
    match local {
        "content" => Rule::Nest("media:content", Level::Media),
        "group" => Rule::Nest("media:group", Level::Media),
        "thumbnail" => Rule::Attributes("media:thumbnail"),
        "player" => Rule::Attributes("media:player"),
        "title" => both("media:title", Kind::Construct),
        "description" => both("media:description", Kind::Construct),
        "credit" => repeated("media:credit", Kind::Word),
        "keywords" => carried("media:keywords", Kind::Word),
        "category" => carried("media:category", Kind::Word),
        "license" => Rule::Noted("media:license"),
        _ => Rule::Ignore,
    }
}

fn extension(level: Level, family: Family, ns: Ns, local: &str) -> Rule {
    let at_entry = level == Level::Entry;
    match (ns, local) {
        // Atom within RSS.
        (Ns::Atom, "link") => Rule::Attributes("atom:link"),
        (Ns::Atom, "updated" | "modified") => carried("atom:updated", Kind::Word),
        (Ns::Atom, "published" | "issued") => carried("atom:published", Kind::Word),
        (Ns::Atom, "id") => carried("atom:id", Kind::Word),
        (Ns::Atom, "title") => carried("atom:title", Kind::Construct),
        (Ns::Atom, "summary") if at_entry => carried("atom:summary", Kind::Construct),
        (Ns::Atom, "content") if at_entry => carried("atom:content", Kind::Content),
        (Ns::Atom, "author") => Rule::Person("atom:author"),
        (Ns::Atom, "contributor") => Rule::Person("atom:contributor"),
        (Ns::Atom, "source") if at_entry => Rule::Nest("", Level::Source),
        (Ns::Content, "encoded") if at_entry && family == Family::Rss => {
            written("content:encoded", Kind::Html)
        }
        (Ns::Content, "encoded") if at_entry => carried("body", Kind::Html),
        (Ns::Xhtml, "body" | "div") if at_entry => carried("body", Kind::Html),
        (Ns::Dc, "title") => carried("dc:title", Kind::Html),
        (Ns::Dc, "description") => carried("dc:description", Kind::Html),
        (Ns::Dc, "creator" | "author") => carried("dc:creator", Kind::Word),
        (Ns::Dc, "contributor") => carried("dc:contributor", Kind::Word),
        (Ns::Dc, "publisher") => carried("dc:publisher", Kind::Word),
        (Ns::Dc, "date") => carried("dc:date", Kind::Word),
        (Ns::Dc, "subject") => carried("dc:subject", Kind::Word),
        (Ns::Dc, "language") => carried("dc:language", Kind::Word),
        (Ns::Dc, "rights") => carried("dc:rights", Kind::Html),
        (Ns::Dc, "identifier") => carried("dc:identifier", Kind::Word),
        (Ns::DcTerms, "created") => carried("dcterms:created", Kind::Word),
        (Ns::DcTerms, "issued") => carried("dcterms:issued", Kind::Word),
        (Ns::DcTerms, "modified") => carried("dcterms:modified", Kind::Word),
        (Ns::FeedBurner, "origlink") => carried("feedburner:origLink", Kind::Word),
        (Ns::Itunes, "author") => carried("itunes:author", Kind::Word),
        (Ns::Itunes, "summary") => carried("itunes:summary", Kind::Html),
        (Ns::Itunes, "subtitle") => carried("itunes:subtitle", Kind::Html),
        (Ns::Itunes, "keywords") => carried("itunes:keywords", Kind::Word),
        (Ns::Itunes, "duration") if at_entry => carried("itunes:duration", Kind::Word),
        (Ns::Itunes, "image") => Rule::Noted("itunes:image"),
        (Ns::Itunes, "category") => Rule::Noted("itunes:category"),
        (Ns::Itunes, "owner") => Rule::Person("itunes:owner"),
        (Ns::License, "license") => carried("license", Kind::Word),
        (Ns::Media, _) if at_entry => media(local),
        (Ns::Slash, "comments") => carried("slash:comments", Kind::Word),
        (Ns::Slash, "section") => carried("slash:section", Kind::Word),
        (Ns::Syndication, "updateperiod") => carried("sy:updatePeriod", Kind::Word),
        (Ns::Syndication, "updatefrequency") => carried("sy:updateFrequency", Kind::Word),
        (Ns::Thread, "total") => carried("thr:total", Kind::Word),
        _ => Rule::Ignore,
    }
}
