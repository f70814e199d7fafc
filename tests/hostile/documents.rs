//! The documents. Sizes stay below the 16 MiB that are read of a body, save where that limit is meant.

/// A document that wants to cost more than it should.
pub(crate) struct Document {
    pub(crate) name: &'static str,
    pub(crate) body: Box<dyn Fn() -> Vec<u8>>,
    pub(crate) outcome: Outcome,
}

/// How `feedmill parse` ends with it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A feed of so many entries.
    Entries(usize),
    /// Exit code 1, the message containing this.
    Refused(&'static str),
}

use self::Outcome::{Entries, Refused};

const MAX_ENTRIES: usize = 5_000;
/// Bytes of a document that is as large as it may be.
const FULL: usize = 15 << 20;

const NAMESPACES: &str = "xmlns:media=\"http://search.yahoo.com/mrss/\" \
    xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
    xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:a=\"http://www.w3.org/2005/Atom\"";

pub(crate) fn all() -> Vec<Document> {
    let mut all = of_the_parser();
    all.extend(of_sizes());
    all.extend(of_entities());
    all.extend(of_the_tokenizer());
    all.extend(of_growth());
    all.extend(of_json());
    all.extend(of_other_kinds());
    all
}

fn document(name: &'static str, outcome: Outcome, body: impl Fn() -> String + 'static) -> Document {
    Document {
        name,
        body: Box::new(move || body().into_bytes()),
        outcome,
    }
}

/// An RSS feed of this inside of its channel.
fn rss(channel: &str) -> String {
    format!(
        "<rss version=\"2.0\" {NAMESPACES}><channel><title>Mill</title>{channel}</channel></rss>"
    )
}

/// An RSS feed of two items, the first with this in it.
fn item(inside: &str) -> String {
    rss(&format!(
        "<item><title>One</title>{inside}</item><item><title>Two</title></item>"
    ))
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

/// As often as a full document holds it.
fn filled(piece: &str) -> String {
    piece.repeat(FULL / piece.len())
}

/// So many pieces, each made of its number.
fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// What stops, crashes or drowns feed-rs itself.
fn of_the_parser() -> Vec<Document> {
    let deep = |name, open: &'static str, close: &'static str, depth| {
        document(name, Entries(2), move || item(&nested(open, close, depth)))
    };
    vec![
        deep(
            "media groups nested",
            "<media:group>",
            "</media:group>",
            100_000,
        ),
        deep(
            "media contents nested",
            "<media:content url=\"http://a.example/\">",
            "</media:content>",
            100_000,
        ),
        deep(
            "podcast categories nested",
            "<itunes:category text=\"a\">",
            "</itunes:category>",
            100_000,
        ),
        deep("elements nested", "<x>", "</x>", 1_000_000),
        deep(
            "blocks in a description nested",
            "<description><div>",
            "</div></description>",
            100_000,
        ),
        document("blocks of XHTML nested", Entries(1), || {
            let blocks = nested("<div>", "</div>", 100_000);
            format!(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><title>One</title>\
                 <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">{blocks}</div></content></entry></feed>"
            )
        }),
        document("items nested", Entries(MAX_ENTRIES), || {
            rss(&nested("<item><title>a</title>", "</item>", 300_000))
        }),
        document("people beside wide characters", Entries(2), || {
            item(
                "<author>taro@example.com（山田太郎）</author><dc:creator>\u{a0}a@b.example—、</dc:creator>\
                  <author>（）@、</author><itunes:author>\u{301}\u{200f}@\u{301}</itunes:author>",
            )
        }),
        document("numbers without end", Entries(2), || {
            let digits = "9".repeat(100_000);
            item(&format!(
                "<itunes:duration>{digits}</itunes:duration><itunes:duration>٣٣:٣٣</itunes:duration>\
                 <media:thumbnail url=\"u\" time=\"{digits}\" width=\"{digits}\" height=\"-1\"/>\
                 <enclosure url=\"http://a.example/\" length=\"{digits}\" type=\"audio/mpeg\"/><pubDate>{digits}</pubDate>"
            ))
        }),
        document("media elements that are empty", Entries(2), || {
            item(
                "<media:description/><media:title/><media:credit/><media:thumbnail/><media:content/><media:player/>",
            )
        }),
        document("items that are empty", Entries(MAX_ENTRIES), || {
            rss(&"<item/>".repeat(700_000))
        }),
        document("more items than are read", Refused("larger"), || {
            rss(&"<item/>".repeat(7_000_000))
        }),
        document("bases nested", Entries(2), || {
            item(&nested("<x xml:base=\"a/\">", "</x>", 10_000))
        }),
        document("long bases nested", Entries(2), || {
            let base = format!("<x xml:base=\"{}/\">", "a".repeat(75_000));
            item(&nested(&base, "</x>", 190))
        }),
    ]
}

/// One thing that is very large.
fn of_sizes() -> Vec<Document> {
    let large = |name, open: &'static str, piece: &'static str, close: &'static str| {
        document(name, Entries(2), move || {
            item(&format!("{open}{}{close}", filled(piece)))
        })
    };
    vec![
        large("text", "<description>", "wheat and rye ", "</description>"),
        large("a title", "<title>", "wheat", "</title>"),
        large(
            "a CDATA section",
            "<description><![CDATA[",
            "wheat &amp; <b>rye</b> ",
            "]]></description>",
        ),
        large(
            "an attribute",
            "<enclosure url=\"http://a.example/",
            "a",
            "\"/>",
        ),
        large("a name", "<", "wheat", "/>"),
        large("ampersands", "<description>", "&amp;", "</description>"),
        large("numbers", "<description>", "&#38;", "</description>"),
        large("lines", "<description>", "\n", "</description>"),
        large("a date", "<pubDate>", "1 Jan ", "</pubDate>"),
        large("an author", "<author>", "Ann Lee, ", "</author>"),
        large("a link", "<link>http://a.example/", "../a", "</link>"),
        large("a language", "<dc:language>", "en-", "</dc:language>"),
        large(
            "combining marks in a title",
            "<title>a",
            "\u{301}",
            "</title>",
        ),
        document("attributes", Entries(2), || {
            let attributes = numbered(100_000, |n| format!(" a{n}=\"v\""));
            item(&format!("<enclosure{attributes}/>"))
        }),
        document("the same attribute", Entries(2), || {
            item(&format!("<enclosure{}/>", filled(" a=\"\"")))
        }),
        document("namespaces", Entries(2), || {
            let declared = numbered(50_000, |n| format!(" xmlns:n{n}=\"urn:n{n}\""));
            item(&format!("<x{declared}/>"))
        }),
        document(
            "as many namespaces as are read, asked for often",
            Entries(2),
            || {
                let declared =
                    |level| numbered(99, move |n| format!(" xmlns:n{level}a{n}=\"urn:n\""));
                let open = numbered(5, |level| format!("<x{}>", declared(level)));
                item(&format!(
                    "{open}{}{}",
                    "<q:y/>".repeat(FULL / 6 - 20_000),
                    "</x>".repeat(5)
                ))
            },
        ),
        document("zero bytes", Refused(""), || "\0".repeat(FULL)),
        document("white space", Refused("empty"), || " ".repeat(FULL)),
    ]
}

/// Document types.
fn of_entities() -> Vec<Document> {
    let with_type = |subset: &str, text: &str| {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE rss [{subset}]>{}",
            item(text)
        )
    };
    vec![
        document("a billion laughs", Entries(2), move || {
            let level =
                |n: usize| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
            let subset = format!(
                "<!ENTITY l0 \"ha\">{}",
                (1..10).map(level).collect::<String>()
            );
            with_type(&subset, "<description>&l9;</description>")
        }),
        document("one long entity, often", Entries(2), move || {
            let subset = format!("<!ENTITY a \"{}\">", "a".repeat(999));
            with_type(
                &subset,
                &format!("<description>{}</description>", "&a;".repeat(4_000_000)),
            )
        }),
        document("one long entity in attributes", Entries(2), move || {
            let subset = format!("<!ENTITY a \"{}\">", "a".repeat(999));
            let link = format!("<a:link href=\"{}\"/>", "&a;".repeat(1_000));
            with_type(&subset, &link.repeat(4_000))
        }),
        document("one huge entity", Entries(2), move || {
            let subset = format!("<!ENTITY a \"{}\">", "a".repeat(1_000_000));
            with_type(
                &subset,
                &format!("<description>{}</description>", "&a;".repeat(1_000_000)),
            )
        }),
        document("entities from outside", Entries(2), move || {
            let subset = "<!ENTITY f SYSTEM \"file:///etc/passwd\"><!ENTITY h SYSTEM \"http://127.0.0.1:9/\">\
                          <!ENTITY % p SYSTEM \"http://127.0.0.1:9/p\">%p;";
            with_type(subset, "<description>&f;&h;</description>")
        }),
        document("entities without number", Entries(2), move || {
            let subset = numbered(300_000, |n| format!("<!ENTITY e{n} \"wheat\">"));
            with_type(&subset, "<description>&e1;&e299999;</description>")
        }),
        document("entities that never begin", Entries(0), || {
            format!("<!DOCTYPE rss [{}]>{}", filled("<!ENTITYa>"), rss(""))
        }),
        document("entities without white space", Entries(2), || {
            let names = "<!ENTITY>".repeat(FULL / 9);
            format!("<!DOCTYPE rss [{names}]>{}", item(""))
        }),
        document("entities without quotes", Entries(2), || {
            let names = "<!ENTITY a \"b>".repeat(1_000);
            let names = format!("{names}{}", "'".repeat(10_000_000));
            format!("<!DOCTYPE rss [{names}]>{}", item(""))
        }),
        document("a document type without end", Refused(""), || {
            format!("<!DOCTYPE rss [{}", filled("<!ELEMENT a (b)>"))
        }),
        document("document types", Refused(""), || filled("<!DOCTYPE rss>")),
        document("names that nobody knows", Entries(2), || {
            item(&format!(
                "<description>{}</description>",
                filled("&wheatandrye;")
            ))
        }),
        document("ampersands that begin nothing", Entries(2), || {
            item(&format!("<description>{}</description>", filled("&")))
        }),
        document("ampersands before long words", Entries(2), || {
            item(&format!(
                "<description>{}</description>",
                filled("&wheatandryeandbarleyandoatsandmilletandriceandspeltandmaize")
            ))
        }),
    ]
}

/// What the lenient reading has to look ahead for.
fn of_the_tokenizer() -> Vec<Document> {
    let soup = |name, piece: &'static str, entries| {
        document(name, Entries(entries), move || item(&filled(piece)))
    };
    let text = |name, piece: &'static str, entries| {
        document(name, Entries(entries), move || {
            item(&format!("<description>{}</description>", filled(piece)))
        })
    };
    vec![
        text("CDATA sections without end", "<![CDATA[", 2),
        document("CDATA sections with one end far away", Entries(2), || {
            let sections = "<x><![CDATA[</x>".repeat(FULL / 16);
            item(&format!("{sections}<item>]]></item>"))
        }),
        document(
            "CDATA sections in descriptions, one end far away",
            Entries(2),
            || {
                let sections = "<description><![CDATA[</description>".repeat(FULL / 36);
                item(&format!("{sections}]]>"))
            },
        ),
        soup("comments without end", "<!--", 2),
        soup("comments that end in a tag", "<!-->", 2),
        soup("instructions without end", "<?a ", 2),
        soup("declarations without end", "<!A ", 2),
        soup("tags without end", "<a ", 2),
        soup("tags without name", "<", 2),
        soup("end tags without end", "</x", 2),
        soup("end tags of nothing", "</x>", 2),
        soup("end tags with junk", "</x y=\"", 2),
        soup("quotes without end", "<a b=\"", 2),
        soup("quotes of two kinds", "<a b=\"' c='\" >", 2),
        soup("quotes across tags", "<a x=\" <a y=' z=\" w=' ", 2),
        soup("stray quotes", "<a \">", 2),
        soup("attributes that are signs", "<a ==='=\"=>", 2),
        soup("elements without end", "<x>", 2),
        soup("elements without end and end tags of others", "<x></y>", 2),
        text("markup", "<b>a", 2),
        text("markup in text without end", "<b a", 2),
        text("end tags in text", "</b>", 2),
        text("the same element in itself", "<description>", 2),
        text("greater-than signs", ">", 2),
        document("deep elements and end tags of nothing", Entries(2), || {
            item(&format!(
                "{}{}",
                "<x>".repeat(195),
                "</yyyy>".repeat(FULL / 7)
            ))
        }),
        document("deep elements and end tags in text", Entries(2), || {
            let open = "<channel>".repeat(190);
            rss(&format!(
                "{open}<item><title>One</title><description>{}</description></item><item/>",
                "</yyyyyy>".repeat(FULL / 9)
            ))
        }),
        document("names in an author", Entries(2), || {
            item(&format!("<author>{}</author>", filled("<name>A")))
        }),
        document("people in an author", Entries(2), || {
            item(&format!(
                "<a:author>{}</a:author>",
                filled("<a:name>A</a:name>")
            ))
        }),
        document("authors", Entries(2), || {
            item(&filled("<author>Ann Lee</author>"))
        }),
        document("titles", Entries(2), || item(&filled("<title>a</title>"))),
        document("a feed that never ends", Entries(1), || {
            let whole = item("");
            format!(
                "{}<item><description>{}",
                whole.split("<item><title>Two").next().unwrap_or_default(),
                filled("<b>")
            )
        }),
        document("junk before the root", Refused(""), || {
            filled("<br>Warning: wheat ")
        }),
        document("instructions before the root", Entries(2), || {
            format!("{}{}", "<?a?>".repeat(FULL / 5), item(""))
        }),
        document("comments before the root", Entries(2), || {
            format!("{}{}", "<!-- -->".repeat(FULL / 8), item(""))
        }),
        document("names with a thousand colons", Entries(2), || {
            item(&filled(&format!("<{}x/>", "a:".repeat(1_000))))
        }),
    ]
}

/// Few bytes that say much: counts and inherited values.
fn of_growth() -> Vec<Document> {
    let many = |name, piece: fn(usize) -> String, count| {
        document(name, Entries(2), move || item(&numbered(count, piece)))
    };
    let items = |piece: &str| format!("<item><title>a</title>{piece}</item>").repeat(MAX_ENTRIES);
    vec![
        many(
            "categories",
            |n| format!("<category>{n}</category>"),
            500_000,
        ),
        many(
            "subjects",
            |n| format!("<dc:subject>{n}</dc:subject>"),
            450_000,
        ),
        many(
            "enclosures",
            |n| format!("<enclosure url=\"{n}\"/>"),
            550_000,
        ),
        many(
            "media contents",
            |n| format!("<media:content url=\"{n}\"/>"),
            480_000,
        ),
        many(
            "thumbnails",
            |n| format!("<media:thumbnail url=\"{n}\"/>"),
            450_000,
        ),
        many(
            "links",
            |n| format!("<a:link rel=\"related\" href=\"{n}\"/>"),
            400_000,
        ),
        many(
            "links of the feed's kind",
            |n| format!("<link>{n}</link>"),
            600_000,
        ),
        many("groups", |_| "<media:group/>".to_owned(), 1_000_000),
        many(
            "podcast pictures",
            |n| format!("<itunes:image href=\"{n}\"/>"),
            500_000,
        ),
        document("keywords", Entries(2), || {
            let words = numbered(2_000_000, |n| format!("{n},"));
            item(&format!("<media:keywords>{words}</media:keywords>"))
        }),
        document("media in every entry", Entries(MAX_ENTRIES), move || {
            rss(&items(&"<media:content url=\"a\"/>".repeat(115)))
        }),
        document("hubs of a feed", Entries(1), || {
            let hubs = numbered(350_000, |n| format!("<a:link rel=\"hub\" href=\"{n}\"/>"));
            rss(&format!("{hubs}<item><title>One</title></item>"))
        }),
        document(
            "a long language for all entries",
            Entries(MAX_ENTRIES),
            move || {
                let language = "en-".repeat(1_000_000);
                format!(
                    "<rss version=\"2.0\"><channel xml:lang=\"{language}\">{}</channel></rss>",
                    items("")
                )
            },
        ),
        document(
            "a long base for all entries",
            Entries(MAX_ENTRIES),
            move || {
                let base = "a".repeat(3_000_000);
                format!(
                    "<rss version=\"2.0\"><channel xml:base=\"http://a.example/{base}/\">{}</channel></rss>",
                    items("<link>b</link>")
                )
            },
        ),
        document("a long base for all links", Entries(2), || {
            let base = format!("<x xml:base=\"http://a.example/{}/\">", "a".repeat(4_000));
            let links = "<a:link href=\"b\"/>".repeat(700_000);
            rss(&format!(
                "<item xml:base=\"http://a.example/{}/\"><title>a</title>{links}</item><item/>{base}",
                "a".repeat(1_900)
            ))
        }),
        document(
            "many authors for all entries",
            Entries(MAX_ENTRIES),
            move || {
                let name = "Wheat".repeat(190);
                let authors = numbered(1_000, |n| {
                    format!("<a:author><a:name>{name}{n}</a:name></a:author>")
                });
                rss(&format!("{authors}{}", items("")))
            },
        ),
    ]
}

fn of_json() -> Vec<Document> {
    let feed = |inside: &str| {
        format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Mill\",{inside}}}")
    };
    let item = move |inside: &str| feed(&format!("\"items\":[{{\"id\":\"1\"{inside}}}]"));
    let list = |piece: &str| {
        format!(
            "[{}0]",
            format!("{piece},").repeat(FULL / (piece.len() + 1))
        )
    };
    vec![
        document(
            "JSON items that are empty",
            Entries(MAX_ENTRIES),
            move || feed(&format!("\"items\":[{}{{}}]", "{},".repeat(5_000_000))),
        ),
        document("JSON items that are none", Entries(0), move || {
            feed(&format!("\"items\":{}", list("0")))
        }),
        document("JSON lists of the feed", Entries(1), move || {
            feed(&format!("\"items\":[{{\"id\":\"1\"}}],\"x\":{}", list("0")))
        }),
        document("JSON hubs", Entries(1), move || {
            feed(&format!(
                "\"items\":[{{\"id\":\"1\"}}],\"hubs\":{}",
                list("{\"\":0}")
            ))
        }),
        document("JSON lists of an item", Entries(1), move || {
            item(&format!(",\"x\":{}", list("{\"\":0}")))
        }),
        document("JSON tags", Entries(1), move || {
            item(&format!(",\"tags\":{}", list("\"a\"")))
        }),
        document("JSON keys", Entries(1), move || {
            let keys = numbered(1_000_000, |n| format!(",\"{n}\":[]"));
            item(&keys)
        }),
        document("JSON attachments", Entries(1), move || {
            let all = numbered(600_000, |n| format!("{{\"url\":\"{n}\"}},"));
            item(&format!(",\"attachments\":[{all}0]"))
        }),
        document("JSON authors", Entries(1), move || {
            let all = numbered(600_000, |n| format!("{{\"name\":\"{n}\"}},"));
            item(&format!(",\"authors\":[{all}0]"))
        }),
        document(
            "JSON authors for all entries",
            Entries(MAX_ENTRIES),
            move || {
                let name = "Wheat".repeat(190);
                let all = numbered(1_000, |n| format!("{{\"name\":\"{name}{n}\"}},"));
                feed(&format!(
                    "\"authors\":[{all}0],\"items\":[{}{{}}]",
                    "{},".repeat(MAX_ENTRIES - 1)
                ))
            },
        ),
        document("JSON nested", Refused("malformed"), move || {
            feed(&format!("\"x\":{}", "[".repeat(200_000)))
        }),
        document("JSON nested in an item", Refused("recursion"), move || {
            item(&format!(",\"x\":{}", "{\"a\":".repeat(200_000)))
        }),
        document("JSON escapes", Entries(1), move || {
            item(&format!(",\"title\":\"{}\"", "\\u0026".repeat(2_000_000)))
        }),
        document("JSON without end", Refused(""), move || {
            feed(&"\"a\":\"".repeat(2_000_000))
        }),
    ]
}

/// Encodings, pages, lists and archives.
fn of_other_kinds() -> Vec<Document> {
    let bytes = |name, outcome, body: fn() -> Vec<u8>| Document {
        name,
        body: Box::new(body),
        outcome,
    };
    vec![
        document("an encoding declared late", Entries(2), || {
            format!(
                "<?xml version=\"1.0\"{}encoding=\"ISO-8859-1\"?>{}",
                " ".repeat(500),
                item("")
            )
        }),
        document("an encoding declared in text", Entries(2), || {
            item("<description><?xml version=\"1.0\" encoding=\"windows-1251\"?>a</description>")
        }),
        bytes("a comment before a declared encoding", Entries(2), || {
            let mut body = format!(
                "<!-- {} --><?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
                "a".repeat(100)
            )
            .into_bytes();
            body.extend(item("").into_bytes());
            let at = body.len() - 40;
            body.insert(at, 0xe9);
            body
        }),
        bytes("UTF-16, big end first", Entries(2), || {
            let text = format!("\u{feff}{}", item(""));
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
        bytes("UTF-16 cut within a character", Entries(2), || {
            let text = format!("\u{feff}{}", item("<description>\u{1f33e}</description>"));
            let mut body: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            body.push(0xd8);
            body
        }),
        bytes("bytes that are no text", Entries(2), || {
            let mut body = item("").into_bytes();
            let at = body.len() - 40;
            body.splice(at..at, std::iter::repeat_n(0x81, FULL));
            body
        }),
        document("a page of links", Refused("HTML page"), || {
            format!(
                "<html>{}",
                filled("<link rel=alternate type=application/rss+xml href=a>")
            )
        }),
        document("a page of tags without end", Refused("HTML page"), || {
            format!("<html>{}", filled("<link "))
        }),
        document("a list nested", Refused(""), || {
            format!("<opml><body>{}", "<outline text=\"a\">".repeat(500_000))
        }),
        document("a list of feeds", Refused("OPML"), || {
            let outlines = numbered(200_000, |n| {
                format!("<outline xmlUrl=\"http://a.example/{n}\"/>")
            });
            format!("<opml version=\"2.0\"><body>{outlines}</body></opml>")
        }),
        document("a root that is all name", Refused(""), || {
            format!("<{}", filled("rss:"))
        }),
        document("a root that is all attributes", Entries(0), || {
            format!(
                "<rss version=\"2.0\" {}><channel/></rss>",
                filled("a=\"b\" ")
            )
        }),
    ]
}
