use super::*;
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
    let document = document(&parsed, &base());
    let one = |parsed: &ParsedEntry| {
        entry(
            &document,
            &identity(&document, parsed, &base()),
            parsed,
            &base(),
            now(),
        )
    };
    parsed.entries.iter().map(one).collect()
}

#[test]
fn titles_are_text_decoded_once() {
    for (given, want) in [
        ("AT&amp;amp;T &amp;lt;3", "AT&T <3"),
        ("<![CDATA[The <i>Tide</i> turns]]>", "The Tide turns"),
        ("  two\n  lines ", "two lines"),
        ("3 &lt; 4", "3 < 4"),
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
    let entries = entries(items);
    assert!(entries.iter().all(|entry| entry.id_kind == IdKind::Content));
    assert_ne!(entries[0].id, entries[1].id);
}

#[test]
fn an_item_without_an_id_is_known_by_its_link() {
    let entry = &entries(
        "<item><title>a</title><link>https://www.example.org/a/?utm_source=x</link></item>",
    )[0];
    assert_eq!(
        (entry.id.as_str(), entry.id_kind),
        ("example.org/a", IdKind::Link)
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
fn authors_come_apart_from_their_addresses() {
    let entry =
        &entries("<item><guid>1</guid><author>desk@example.org (Harbour Desk)</author></item>")[0];
    let author = &entry.details.authors[0];
    assert_eq!(
        (author.name.as_str(), author.email.as_deref()),
        ("Harbour Desk", Some("desk@example.org"))
    );
}

#[test]
fn xhtml_content_is_content() {
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>a:b</id><title>Quay</title><entry><id>a:c</id><title>x</title>\
                <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>A mile</p></div></content></entry></feed>";
    let parsed = parse(atom.as_bytes(), &Context::default()).expect("a feed");
    let document = document(&parsed, &base());
    let identity = identity(&document, &parsed.entries[0], &base());
    let entry = entry(&document, &identity, &parsed.entries[0], &base(), now());
    assert_eq!(entry.content_html, "<p>A mile</p>");
}
