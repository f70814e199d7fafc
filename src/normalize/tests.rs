use super::*;
use crate::model::DatePrecision;
use crate::parse::{Context, parse};

fn base() -> Url {
    Url::parse("https://example.org/feed.xml").expect("fixture")
}

fn now() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().expect("fixture")
}

pub(super) fn entries(items: &str) -> Vec<Entry> {
    let xml = format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
         <title>Quay</title><link>https://example.org/</link>{items}</channel></rss>"
    );
    let parsed = parse(
        xml.as_bytes(),
        &Context {
            base_url: Some(base()),
            ..Context::default()
        },
    )
    .expect("a feed");
    let document = document(&parsed, &base(), &[]);
    let one = |(index, parsed): (usize, &ParsedEntry)| {
        entry(
            &document,
            &identity(&document, index, parsed),
            parsed,
            &base(),
            now(),
        )
        .entry
    };
    parsed.entries.iter().enumerate().map(one).collect()
}

#[test]
fn titles_are_text_decoded_once() {
    for (given, want) in [
        ("AT&amp;amp;T &amp;lt;3", "AT&T <3"),
        ("<![CDATA[The <i>Tide</i> turns]]>", "The Tide turns"),
        ("  two\n  lines ", "two lines"),
        ("3 &lt; 4", "3 < 4"),
        ("&lt;i&gt;x&lt;/i&gt; A&lt;B", "x A<B"),
    ] {
        let items = format!("<item><title>{given}</title><guid>1</guid></item>");
        assert_eq!(entries(&items)[0].title.as_deref(), Some(want), "{given}");
    }
}

#[test]
fn a_short_description_is_the_summary_and_a_long_one_the_content() {
    let short = &entries("<item><guid>1</guid><description>Boats return.</description></item>")[0];
    assert_eq!(short.details.content_scope, ContentScope::Summary);
    assert_eq!(short.details.summary.as_deref(), Some("Boats return."));
    let long = &entries(
        "<item><guid>1</guid><description>&lt;p&gt;Boats&lt;/p&gt;&lt;p&gt;return.&lt;/p&gt;</description></item>",
    )[0];
    assert_eq!(long.details.content_scope, ContentScope::Full);
    assert_eq!(long.content_html, "<p>Boats</p><p>return.</p>");
}

#[test]
fn ids_and_links_that_several_items_share_identify_none() {
    let items = "<item><title>a</title><guid isPermaLink=\"false\">x</guid><link>https://example.org/</link></item>\
                 <item><title>b</title><guid isPermaLink=\"false\">x</guid><link>https://example.org/</link></item>";
    let body = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
    let parsed = parse(body.as_bytes(), &Context::default()).expect("a feed");
    let document = document(&parsed, &base(), &[]);
    let of = |index: usize| identity(&document, index, &parsed.entries[index]);
    assert!(of(0).key.starts_with('c') && of(1).key.starts_with('c'));
    assert_ne!(of(0).key, of(1).key);
    // The id is still shown as published, but not republished.
    assert_eq!((of(0).id.as_str(), of(0).trusted), ("x", false));
}

#[test]
fn an_item_without_an_id_is_known_by_its_link() {
    let entry = &entries(
        "<item><title>a</title><link>https://www.example.org/a/?utm_source=x</link></item>",
    )[0];
    assert_eq!(
        (entry.id.as_str(), entry.id_kind),
        ("https://www.example.org/a/?utm_source=x", IdKind::Link)
    );
}

#[test]
fn dates_that_cannot_be_are_none() {
    for date in [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 24 Nov 2099 00:00:00 GMT",
        "soon",
    ] {
        let entry = &entries(&format!(
            "<item><guid>1</guid><pubDate>{date}</pubDate></item>"
        ))[0];
        assert_eq!(
            (entry.published, entry.details.date_precision),
            (None, DatePrecision::Inferred),
            "{date}"
        );
    }
    let same =
        "<item><guid>1</guid><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate></item>".to_owned();
    let three = [
        &same,
        &same.replace(">1<", ">2<"),
        &same.replace(">1<", ">3<"),
    ]
    .map(String::as_str)
    .concat();
    assert!(
        entries(&three)
            .iter()
            .all(|entry| entry.published.is_none())
    );
    assert!(entries(&same)[0].published.is_some());
}

#[test]
fn one_instant_for_all_entries_is_the_build_time_and_one_day_is_not() {
    let items = |dates: [&str; 3]| {
        let item = |(id, date): (usize, &str)| {
            format!("<item><guid>{id}</guid><pubDate>{date}</pubDate></item>")
        };
        let items: String = dates.into_iter().enumerate().map(item).collect();
        let read = entries(&items);
        read.iter()
            .filter(|entry| entry.published.is_some())
            .count()
    };
    let instant = "Mon, 23 Nov 2026 08:00:00 GMT";
    assert_eq!(items([instant; 3]), 0);
    assert_eq!(
        items([instant, instant, "Mon, 23 Nov 2026 08:00:01 GMT"]),
        3
    );
    assert_eq!(items(["2026-11-23"; 3]), 3);
    assert_eq!(items([""; 3]), 0);
}

#[test]
fn a_change_is_no_publication_unless_nothing_else_is_known() {
    let cases = [
        (
            "<published>2026-11-02T08:00:00Z</published><updated>2026-11-03T08:00:00Z</updated>",
            "02 03 instant",
        ),
        (
            "<published>2026-11-03T08:00:00Z</published><updated>2026-11-02T08:00:00Z</updated>",
            "03 - instant",
        ),
        ("<published>2026-11-03</published>", "03 - day"),
        ("<updated>2026-11-03T08:00:00Z</updated>", "03 03 inferred"),
        (
            "<published>1970-01-01T00:00:00Z</published><updated>2026-11-03T08:00:00Z</updated>",
            "- 03 inferred",
        ),
        (
            "<published>2026-11-25T11:00:00Z</published>",
            "25 - instant",
        ),
        (
            "<published>2026-11-25T13:00:00Z</published>",
            "- - inferred",
        ),
    ];
    for (dates, expected) in cases {
        let atom = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>a:b</id><title>Quay</title>\
             <entry><id>a:c</id><title>x</title>{dates}</entry></feed>"
        );
        let parsed = parse(atom.as_bytes(), &Context::default()).expect("a feed");
        let document = document(&parsed, &base(), &[]);
        let (published, updated, precision) = dates::dates(&document, &parsed.entries[0], now());
        let day =
            |at: Option<DateTime<Utc>>| at.map_or("-".to_owned(), |at| at.format("%d").to_string());
        let precision = format!("{precision:?}").to_lowercase();
        assert_eq!(
            format!("{} {} {precision}", day(published), day(updated)),
            expected,
            "{dates}"
        );
    }
}

#[test]
fn a_summary_tells_the_language_where_there_is_no_content() {
    let summary = "Die Boote kehren vor den Stürmen des Winters in den Hafen zurück. ".repeat(5);
    let items = format!("<item><guid>1</guid><description>{summary}</description></item>");
    let entry = &entries(&items)[0];
    assert_eq!(entry.content_html, "");
    assert_eq!(entry.details.language.as_deref(), Some("de"));
}

#[test]
fn xhtml_content_is_content() {
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>a:b</id><title>Quay</title><entry><id>a:c</id><title>x</title>\
                <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>A mile</p></div></content></entry></feed>";
    let parsed = parse(atom.as_bytes(), &Context::default()).expect("a feed");
    let document = document(&parsed, &base(), &[]);
    let identity = identity(&document, 0, &parsed.entries[0]);
    let entry = entry(&document, &identity, &parsed.entries[0], &base(), now()).entry;
    assert_eq!(entry.content_html, "<p>A mile</p>");
}

#[test]
fn a_lone_summary_keeps_its_links_as_content() {
    let entry = &entries(
        "<item><title>t</title><description>Read &lt;a href=\"/log\"&gt;the log&lt;/a&gt;.</description></item>",
    )[0];
    assert_eq!(entry.details.summary.as_deref(), Some("Read the log."));
    assert_eq!(
        entry.content_html,
        "Read <a href=\"https://example.org/log\" rel=\"noopener noreferrer\">the log</a>."
    );
    assert_eq!(entry.details.content_scope, ContentScope::Summary);
    assert_eq!(entry.details.summary_kind, Some(SummaryKind::Excerpt));
}
