//! Whole pages, written for one fact each.

use chrono::{DateTime, Utc};
use url::Url;

use super::*;
use crate::model::{Image, PageFields};

mod places;

const TITLE: &str = "Ferry returns to the harbour after a winter in the yard";
const TEXTS: [&str; 4] = [
    "The ferry came back to the harbour on Monday after a winter in the yard, and half the town stood on the quay to see it tie up at its old berth beside the market hall.",
    "Engineers had replaced both engines and the whole of the car deck, which had rusted through in three places since the last refit, the harbour office said in a statement.",
    "The boat will sail twice a day until the storms begin in October, and once a day in the winter months after that, as long as the ice on the northern channel allows it.",
    "Fishing crews remain uneasy, because the new timetable crosses the hour at which they come home, and they have asked the council for a second gate at the eastern mole.",
];

fn now() -> DateTime<Utc> {
    "2026-03-04T05:06:07Z".parse().expect("a date")
}

fn paragraphs() -> String {
    TEXTS.iter().map(|text| format!("<p>{text}</p>")).collect()
}

/// A page with this in its head, above its text and below it.
fn page(head: &str, above: &str, body: &str, below: &str) -> String {
    format!(
        "<html><head><title>{TITLE} | Quay Gazette</title>{head}</head><body><nav><a href=\"/\">Home</a></nav>\
         <article><h1>{TITLE}</h1>{above}<div class=\"post-content\">{body}</div>{below}</article>\
         <footer>All rights reserved</footer></body></html>"
    )
}

fn read_at(html: &str, asked: &str, found: &str, rules: &PageRules) -> PageArticle {
    let (asked, url) = (
        Url::parse(asked).expect("a URL"),
        Url::parse(found).expect("a URL"),
    );
    let given = Page {
        body: html.as_bytes(),
        content_type: Some("text/html"),
        url: &url,
        asked: Some(&asked),
        fetched_at: now(),
        zone: None,
    };
    extract(&given, rules).expect("a page")
}

fn read(html: &str) -> PageArticle {
    let place = "https://quay.example/news/ferry";
    read_at(html, place, place, &PageRules::default())
}

fn names(page: &PageArticle) -> Vec<&str> {
    let authors = page.entry.details.authors.iter();
    authors.map(|author| author.name.as_str()).collect()
}

fn ld(json: &str) -> String {
    format!("<script type=\"application/ld+json\">{json}</script>")
}

#[test]
fn the_heading_of_the_site_is_not_the_headline() {
    let html = page("", "", &paragraphs(), "").replace("<nav>", "<h1>Quay Gazette</h1><nav>");
    assert_eq!(read(&html).entry.title.as_deref(), Some(TITLE));
}

#[test]
fn a_plain_page_gives_its_text_and_nothing_of_its_frame() {
    let found = read(&page(
        "",
        "",
        &paragraphs(),
        "<div>Tags: <a href=\"/t\">sea</a></div>",
    ));
    assert_eq!(found.text, TEXTS.join("\n\n"));
    assert_eq!(found.entry.title.as_deref(), Some(TITLE));
    assert_eq!(found.extraction.status, PageStatus::Full);
    assert_eq!(found.entry.details.content_scope, ContentScope::Full);
    assert_eq!(found.provenance.get("title"), Some(&PageField::Dom));
    assert_eq!(found.provenance.get("content"), Some(&PageField::Extractor));
}

#[test]
fn json_ld_is_read_through_graphs_and_mistakes() {
    let graph = r##"{"@context": "https://schema.org", "@graph": [
        {"@type": "Person", "@id": "#a", "name": "Ada Byron"}, {"@type": "Person", "@id": "#b", "name": "Bo Li"},
        {"@type": "ImageObject", "@id": "#i", "url": "/i.jpg", "width": "1200"},
        {"@type": ["Article", "NewsArticle"], "headline": "Ferry &amp; harbour", "author": [{"@id": "#a"}, {"@id": "#b"}],
         "image": {"@id": "#i"}, "datePublished": "2026-03-01T08:00:00+01:00", "dateModified": "2026-03-02T08:00:00Z",
         "articleSection": "Town", "keywords": "sea, boats", "publisher": {"@type": "Organization", "name": "Quay Gazette"}}]}"##;
    let broken = graph.replacen("Ferry &amp;", "Ferry\n&amp;", 1);
    for script in [
        graph.to_owned(),
        broken,
        format!("<!--\n{graph};\n-->"),
        format!("[{graph}]"),
    ] {
        let found = read(&page(&ld(&script), "", &paragraphs(), ""));
        assert_eq!(
            found.entry.title.as_deref(),
            Some("Ferry & harbour"),
            "{script}"
        );
        assert_eq!(names(&found), ["Ada Byron", "Bo Li"]);
        let details = &found.entry.details;
        assert_eq!(found.entry.published, "2026-03-01T07:00:00Z".parse().ok());
        assert_eq!(found.entry.updated, "2026-03-02T08:00:00Z".parse().ok());
        assert_eq!(details.section.as_deref(), Some("Town"));
        assert_eq!(details.categories.len(), 2);
        let image = details.image.as_ref().expect("a picture");
        assert_eq!(
            (image.url.as_str(), image.width),
            ("https://quay.example/i.jpg", Some(1200))
        );
        assert_eq!(
            found
                .publisher
                .as_ref()
                .map(|publisher| publisher.name.as_str()),
            Some("Quay Gazette")
        );
        assert_eq!(found.provenance.get("published"), Some(&PageField::Jsonld));
    }
}

#[test]
fn of_several_articles_in_json_ld_the_one_of_the_page_counts() {
    let script = r#"[{"@type": "NewsArticle", "headline": "Another story", "url": "https://quay.example/news/other"},
        {"@type": "NewsArticle", "headline": "The ferry is back", "mainEntityOfPage": {"@id": "https://quay.example/news/ferry/"}}]"#;
    let found = read(&page(&ld(script), "", &paragraphs(), ""));
    assert_eq!(found.entry.title.as_deref(), Some("The ferry is back"));
}

#[test]
fn authors_are_found_wherever_they_stand() {
    let two = ["Ada Byron", "Bo Li"];
    let cases = [
        ("<meta name=\"author\" content=\"Ada Byron and Bo Li\">", ""),
        (
            "<meta property=\"article:author\" content=\"https://social.example/ada\"><meta name=\"author\" content=\"Ada Byron, Bo Li\">",
            "",
        ),
        (
            "",
            "<div class=\"author\"><span>Written by</span> <span>Ada Byron and Bo Li</span></div>",
        ),
        (
            "",
            "<p>By <a rel=\"author\" href=\"/a\">Ada Byron</a> and <a rel=\"author\" href=\"/b\">Bo Li</a></p>",
        ),
        (
            "",
            "<span itemprop=\"author\"><b itemprop=\"name\">Ada Byron</b></span><span itemprop=\"author\">Bo Li</span>",
        ),
        (
            "",
            "<div class=\"author-image\"><img src=\"/x.png\" alt=\"author-image\"></div><div class=\"byline\">By Ada Byron and Bo Li</div>",
        ),
    ];
    for (head, above) in cases {
        let found = read(&page(head, above, &paragraphs(), ""));
        assert_eq!(names(&found), two, "{head}{above}");
        assert_eq!(found.text, TEXTS.join("\n\n"), "{above}");
    }
    let script = ld(r#"{"@type": "Article", "headline": "x", "author": "By Ada Byron and Bo Li"}"#);
    assert_eq!(names(&read(&page(&script, "", &paragraphs(), ""))), two);
}

#[test]
fn visible_dates_are_told_apart_by_their_labels() {
    let (day, instant) = ("2026-01-20T12:00:00Z", "2026-01-20T08:30:00Z");
    let later = "2026-01-21T09:00:00Z";
    let cases = [
        (
            "<p class=\"date\">Published on 20 January 2026</p>",
            Some(day),
            None,
        ),
        (
            "<span>Updated On</span> <time>20 January 2026</time>",
            Some(day),
            None,
        ),
        (
            "<span>Mis à jour le</span> <time>20 janvier 2026</time>",
            Some(day),
            None,
        ),
        (
            "<time datetime=\"2026-01-20T08:30:00Z\">Tuesday</time>",
            Some(instant),
            None,
        ),
        (
            "<p>Published <time datetime=\"2026-01-20T08:30:00Z\">20 Jan</time>, updated <time datetime=\"2026-01-21T09:00:00Z\">21 Jan</time></p>",
            Some(instant),
            Some(later),
        ),
        (
            "<p class=\"dates\">Published: January 20, 2026 08:30 GMT | Updated: January 21, 2026 09:00 GMT</p>",
            Some(instant),
            Some(later),
        ),
        (
            "<div class=\"comment\"><time datetime=\"2020-01-20T08:30:00Z\">x</time></div>",
            None,
            None,
        ),
        (
            "<time datetime=\"2036-01-20T08:30:00Z\">in the future</time>",
            None,
            None,
        ),
    ];
    for (above, published, updated) in cases {
        let found = read(&page("", above, &paragraphs(), ""));
        let date =
            |text: Option<&str>| text.map(|text| text.parse::<DateTime<Utc>>().expect("a date"));
        assert_eq!(found.entry.published, date(published), "{above}");
        assert_eq!(found.entry.updated, date(updated), "{above}");
    }
    let found = read(&page("", cases[0].0, &paragraphs(), ""));
    assert_eq!(found.entry.details.date_precision, DatePrecision::Day);
}

#[test]
fn the_lead_picture_comes_with_its_words() {
    let open_graph = "<meta property=\"og:image\" content=\"/lead.jpg?w=1200\"><meta property=\"og:image:alt\" content=\"from the head\">";
    let figure = "<figure><img src=\"/lead.jpg\" alt=\"The ferry at dusk\" width=\"1200\" height=\"675\">\
                  <figcaption>It came home on Monday. Photo: Cy Young</figcaption></figure>";
    let found = read(&page(open_graph, figure, &paragraphs(), ""));
    let expected = Image {
        url: "https://quay.example/lead.jpg?w=1200".to_owned(),
        alt: Some("The ferry at dusk".to_owned()),
        caption: Some("It came home on Monday.".to_owned()),
        credit: Some("Cy Young".to_owned()),
        width: Some(1200),
        height: Some(675),
        ..Image::default()
    };
    assert_eq!(found.entry.details.image, Some(expected));
    let cases = [
        (
            open_graph,
            "",
            Some("https://quay.example/lead.jpg?w=1200"),
            Some("from the head"),
        ),
        (
            "<meta property=\"og:image\" content=\"/logo.png\">",
            figure,
            Some("https://quay.example/lead.jpg"),
            Some("The ferry at dusk"),
        ),
        (
            "<meta property=\"og:image\" content=\"/small.jpg\"><meta property=\"og:image:width\" content=\"120\">",
            "",
            None,
            None,
        ),
        (
            "",
            "<img src=\"data:image/gif;base64,x\" data-src=\"/late.jpg\" alt=\"Late\">",
            Some("https://quay.example/late.jpg"),
            Some("Late"),
        ),
        (
            "",
            "<img src=\"/default-avatar.png\" alt=\"author-image\">",
            None,
            None,
        ),
    ];
    for (head, above, url, alt) in cases {
        let found = read(&page(head, above, &paragraphs(), ""));
        let image = found.entry.details.image.as_ref();
        assert_eq!(image.map(|image| image.url.as_str()), url, "{head}{above}");
        assert_eq!(
            image.and_then(|image| image.alt.as_deref()),
            alt,
            "{head}{above}"
        );
    }
    let same = format!(
        "<figure><img src=\"/lead.jpg\" alt=\"{TITLE}\"><figcaption>{TITLE}</figcaption></figure>"
    );
    let found = read(&page(open_graph, &same, &paragraphs(), ""));
    let image = found.entry.details.image.expect("a picture");
    assert_eq!((image.alt.as_deref(), image.caption), (Some(TITLE), None));
    assert!(!found.text.contains(TITLE));
}

#[test]
fn labelled_parts_become_sections_whatever_they_stand_in() {
    let list = "<ul><li>Both engines are new</li><li>Two boats a day</li></ul>";
    let lines = "• Both engines are new<br>• Two boats a day";
    let body = paragraphs();
    let broken = TEXTS.join("<br><br>");
    let cases = [
        (
            format!("<aside class=\"summary-box\"><h2>Key Takeaways</h2>{list}</aside>{body}"),
            "",
        ),
        (
            format!("<div class=\"key-points\"><p>Key Takeaways</p>{list}</div>{body}"),
            "",
        ),
        (
            format!("{body}<details><summary>Key Takeaways</summary>{list}</details>"),
            "",
        ),
        (
            format!("{body}<p><strong>Key Takeaways</strong></p>{list}"),
            "",
        ),
        (format!("{body}<h3>Key Takeaways</h3>{list}"), ""),
        (
            format!("{broken}<br><br><b>Key Takeaways</b><br>{lines}"),
            "",
        ),
        (
            body.clone(),
            "<aside><div>Key Takeaways</div><ul><li>Both engines are new</li><li>Two boats a day</li></ul></aside>",
        ),
    ];
    for (body, below) in cases {
        let found = read(&page("", "", &body, below));
        let sections = &found.entry.details.sections;
        let [section] = &sections[..] else {
            panic!("{sections:?} of {body}");
        };
        assert_eq!(
            (section.kind.as_str(), section.label.as_str()),
            ("key_takeaways", "Key Takeaways"),
            "{body}"
        );
        assert_eq!(
            section.items,
            ["Both engines are new", "Two boats a day"],
            "{body}"
        );
        let mut at = 0;
        for text in TEXTS {
            at += found.text[at..]
                .find(text)
                .unwrap_or_else(|| panic!("{text} of {body}"));
        }
        assert_eq!(
            found.text.matches("Both engines are new").count(),
            1,
            "{}",
            found.text
        );
    }
}

#[test]
fn boxes_that_belong_to_the_site_are_no_sections() {
    let links = "<aside><h2>Highlights</h2><ul><li><a href=\"/1\">Orchestra goes by boat</a></li><li><a href=\"/2\">Snow plough named</a></li></ul></aside>";
    let found = read(&page("", "", &paragraphs(), links));
    assert_eq!(found.entry.details.sections, []);
    assert_eq!(found.text, TEXTS.join("\n\n"));
}

#[test]
fn a_page_that_is_too_much_still_gives_its_head() {
    let head = "<meta property=\"og:image\" content=\"/lead.jpg\"><meta property=\"og:description\" content=\"It is back.\">";
    let found = read(&page(head, "", &"<div>".repeat(5_000), ""));
    assert_eq!(found.extraction.status, PageStatus::Kept);
    assert_eq!(
        found.extraction.reason.as_deref(),
        Some("elements nested deeper than 256")
    );
    assert_eq!(found.entry.details.summary.as_deref(), Some("It is back."));
    assert!(found.entry.details.image.is_some());
}

#[test]
fn selectors_replace_the_rules() {
    let html = page(
        "",
        "",
        &format!("<p class=\"ad\">Buy a boat</p>{}", paragraphs()),
        "<p id=\"more\">One more line.</p>",
    );
    let rules = PageRules {
        content: vec![".post-content".to_owned(), "#more".to_owned()],
        remove: vec![".ad".to_owned()],
    };
    let place = "https://quay.example/news/ferry";
    let found = read_at(&html, place, place, &rules);
    assert_eq!(
        found.text,
        format!("{}\n\nOne more line.", TEXTS.join("\n\n"))
    );
    assert_eq!(found.provenance.get("content"), Some(&PageField::Dom));
}

#[test]
fn canonical_addresses_stay_on_the_site_and_are_no_home_pages() {
    let cases = [
        (
            "https://quay.example/news/ferry-2",
            "https://quay.example/news/ferry-2",
        ),
        (
            "https://amp.quay.example/ferry",
            "https://amp.quay.example/ferry",
        ),
        (
            "https://other.example/ferry",
            "https://quay.example/news/ferry",
        ),
        ("https://quay.example/", "https://quay.example/news/ferry"),
    ];
    for (given, expected) in cases {
        let found = read(&page(
            &format!("<link rel=\"canonical\" href=\"{given}\">"),
            "",
            &paragraphs(),
            "",
        ));
        assert_eq!(found.entry.url.as_deref(), Some(expected), "{given}");
    }
}

/// The entry of a feed with this title, summary and content.
fn feed(title: &str, summary: Option<&str>, content: &str) -> Entry {
    let scope = match (content, summary) {
        ("", None) => ContentScope::None,
        ("", Some(_)) => ContentScope::Summary,
        _ => ContentScope::Full,
    };
    Entry {
        id: "1".to_owned(),
        id_kind: IdKind::Published,
        url: Some("https://quay.example/news/ferry".to_owned()),
        title: Some(title.to_owned()),
        published: None,
        updated: None,
        content_html: content.to_owned(),
        details: Details {
            summary: summary.map(str::to_owned),
            content_scope: scope,
            ..Details::default()
        },
    }
}

fn merged(feed: &Entry, html: &str) -> (PageFields, Entry) {
    let mut fields = merge(feed, &text_of(&feed.content_html), read(html));
    let kept = fields.clone();
    let mut entry = feed.clone();
    fields.apply(&mut entry);
    (kept, entry)
}

#[test]
fn the_page_fills_and_lengthens_and_the_feed_keeps_its_own() {
    let head = "<meta name=\"author\" content=\"Ada Byron and Bo Li\"><meta name=\"description\" content=\"Of the page.\">";
    let html = page(
        head,
        "<time datetime=\"2026-03-01T08:00:00Z\">x</time>",
        &paragraphs(),
        "",
    );
    let mut own = feed(TITLE, Some("Of the feed."), "");
    own.published = "2026-02-01T00:00:00Z".parse().ok();
    let (fields, entry) = merged(&own, &html);
    assert_eq!(entry.details.summary.as_deref(), Some("Of the feed."));
    assert_eq!(entry.published, own.published);
    assert_eq!(entry.details.authors.len(), 2);
    assert_eq!(text_of(&entry.content_html), TEXTS.join("\n\n"));
    assert_eq!(entry.details.content_scope, ContentScope::Full);
    let from: Vec<(&str, &str)> = fields
        .provenance
        .iter()
        .map(|(field, from)| (field.as_str(), from.as_str()))
        .collect();
    assert!(
        from.contains(&("authors", "page:dom")) && from.contains(&("content", "page:extractor"))
    );
    assert!(
        !from
            .iter()
            .any(|(field, _)| matches!(*field, "summary" | "published" | "title"))
    );

    let cut = feed("Ferry returns to the harbour after…", None, "");
    let (_, entry) = merged(&cut, &html);
    assert_eq!(entry.title.as_deref(), Some(TITLE));
    assert_eq!(entry.details.summary.as_deref(), Some("Of the page."));
}

#[test]
fn the_feeds_content_stands_when_the_page_says_no_more_or_something_else() {
    let whole = feed(TITLE, None, &paragraphs());
    let (fields, entry) = merged(&whole, &page("", "", &paragraphs(), ""));
    assert_eq!(fields.extraction.status, PageStatus::Kept);
    assert_eq!(
        fields.extraction.reason.as_deref(),
        Some("the page has no more than the feed")
    );
    assert_eq!(entry.content_html, whole.content_html);

    let other = feed(
        "Mayor lowers every parking charge",
        Some("Drivers pay less from June."),
        "",
    );
    let html = page(
        "<meta property=\"og:image\" content=\"/lead.jpg\">",
        "",
        &paragraphs(),
        "",
    );
    let (fields, entry) = merged(&other, &html);
    assert_eq!(
        fields.extraction.reason.as_deref(),
        Some("the page is about something else")
    );
    assert_eq!(entry, other, "nothing of another article is taken");
}
