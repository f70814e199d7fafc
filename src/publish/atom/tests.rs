use proptest::prelude::*;
use quick_xml::events::Event;

use super::*;
use crate::model::{Author, EntrySource, SummaryKind};
use crate::publish::tests::{at, plain, rich};
use crate::publish::text::{is_obeyed, unobeyed};

fn channel() -> Channel {
    Channel {
        id: "urn:uuid:0a0a0a0a-0000-4000-8000-000000000000".into(),
        title: "Everything".into(),
        self_url: "https://feeds.example/all.atom".into(),
        home_url: "https://feeds.example/".into(),
        updated: at("2026-03-01T10:00:00Z"),
        hubs: vec![],
        title_prefix: String::new(),
        summary_only: false,
        archive: Default::default(),
    }
}

fn rendered(channel: &Channel, articles: &[Article]) -> String {
    String::from_utf8(render(channel, articles)).expect("UTF-8")
}

/// The lines of the only entry, without their indentation.
fn entry_lines(article: Article) -> Vec<String> {
    entry_lines_in(&channel(), article)
}

fn entry_lines_in(channel: &Channel, article: Article) -> Vec<String> {
    let document = rendered(channel, &[article]);
    let lines = document.lines().map(|line| line.trim_start().to_owned());
    lines
        .skip_while(|line| !line.starts_with("<entry"))
        .take_while(|line| line != "</feed>")
        .collect()
}

#[track_caller]
fn has(lines: &[String], line: &str) {
    assert!(
        lines.iter().any(|found| found == line),
        "{line} is not in\n{}",
        lines.join("\n")
    );
}

#[track_caller]
fn has_none(lines: &[String], part: &str) {
    assert!(
        !lines.iter().any(|found| found.contains(part)),
        "{part} is in\n{}",
        lines.join("\n")
    );
}

#[test]
fn an_empty_feed_is_valid_and_names_no_author() {
    let channel = Channel {
        hubs: vec!["https://hub.example/".into()],
        ..channel()
    };
    let version = env!("CARGO_PKG_VERSION");
    let document =
        rendered(&channel, &[]).replace(&format!("version=\"{version}\""), "version=\"VERSION\"");
    insta::assert_snapshot!(document, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom">
      <id>urn:uuid:0a0a0a0a-0000-4000-8000-000000000000</id>
      <title>Everything</title>
      <updated>2026-03-01T10:00:00Z</updated>
      <link rel="self" type="application/atom+xml" href="https://feeds.example/all.atom"/>
      <link rel="alternate" type="text/html" href="https://feeds.example/"/>
      <link rel="hub" href="https://hub.example/"/>
      <generator version="VERSION">Feedmill</generator>
    </feed>
    "#);
}

#[test]
fn a_rich_article_carries_everything_and_its_source() {
    let mut article = rich();
    article.entry.content_html = "<p>Bread &amp; ]]&gt; butter</p>".into();
    let document = rendered(&channel(), &[article]);
    let from = document.find("  <entry").expect("an entry");
    insta::assert_snapshot!(&document[from..], @r#"
      <entry xml:lang="en-GB">
        <id>https://mill.example/posts/1</id>
        <title type="html">Flour &amp;amp; water &amp;lt; bread</title>
        <updated>2026-03-01T10:00:00.250Z</updated>
        <published>2026-03-01T08:00:00Z</published>
        <link rel="alternate" href="https://mill.example/posts/1"/>
        <link rel="related" href="https://river.example/story"/>
        <link rel="related" href="https://mill.example/amp/1"/>
        <link rel="enclosure" type="audio/mpeg" length="1234567" title="Listen" href="https://mill.example/1.mp3"/>
        <link rel="replies" type="text/html" href="https://mill.example/posts/1#talk" thr:count="7"/>
        <thr:total>7</thr:total>
        <link rel="license" href="https://creativecommons.org/licenses/by/4.0/"/>
        <author>
          <name>Ada Miller</name>
          <uri>https://mill.example/ada</uri>
          <email>ada@mill.example</email>
        </author>
        <author>
          <name>Ben Baker</name>
        </author>
        <contributor>
          <name>Cleo Editor</name>
        </contributor>
        <category term="Bread" scheme="https://mill.example/tags" label="Bread &amp; more"/>
        <category term="News"/>
        <category term="Food"/>
        <summary type="text">Why a &lt; b &amp; c.</summary>
        <content type="html">&lt;p&gt;Bread &amp;amp; ]]&amp;gt; butter&lt;/p&gt;</content>
        <rights type="html">© 2026 Mill &amp;amp; Co</rights>
        <media:content url="https://mill.example/wheel.jpg?w=1200&amp;h=800" medium="image" type="image/jpeg" width="1200" height="800">
          <media:description>A wheel "at rest"</media:description>
          <media:credit>Dee Photo</media:credit>
        </media:content>
        <media:thumbnail url="https://mill.example/wheel.jpg?w=1200&amp;h=800" width="1200" height="800"/>
        <media:content url="https://mill.example/1.mp3" medium="audio" type="audio/mpeg" fileSize="1234567" duration="62">
          <media:title type="plain">Listen</media:title>
        </media:content>
        <source xml:lang="en">
          <id>https://mill.example/feed.atom</id>
          <title>Mill Notes</title>
          <updated>2026-03-01T10:05:00Z</updated>
          <link rel="self" href="https://mill.example/feed.atom"/>
          <link rel="alternate" type="text/html" href="https://mill.example/"/>
          <author>
            <name>The Mill</name>
          </author>
          <rights>All rights reserved</rights>
        </source>
      </entry>
    </feed>
    "#);
}

#[test]
fn namespaces_are_declared_when_they_are_used() {
    let root = |article| {
        rendered(&channel(), &[article])
            .lines()
            .nth(1)
            .expect("a root")
            .to_owned()
    };
    assert_eq!(
        root(plain()),
        r#"<feed xmlns="http://www.w3.org/2005/Atom">"#
    );
    assert_eq!(
        root(rich()),
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xmlns:thr="http://purl.org/syndication/thread/1.0">"#
    );
}

#[test]
fn markup_in_a_title_is_shown_and_not_obeyed() {
    for (title, element) in [
        (
            "Bread > butter 'n' \"jam\"",
            "<title>Bread &gt; butter 'n' \"jam\"</title>",
        ),
        (
            "AT&T <3",
            "<title type=\"html\">AT&amp;amp;T &amp;lt;3</title>",
        ),
        ("&amp;", "<title type=\"html\">&amp;amp;amp;</title>"),
        (
            "<b>x</b>",
            "<title type=\"html\">&amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;</title>",
        ),
    ] {
        let mut article = plain();
        article.entry.title = Some(title.into());
        has(&entry_lines(article), element);
    }
}

#[test]
fn an_entry_without_a_title_is_called_by_its_beginning() {
    let long = "The quick brown fox jumps over the lazy dog,\n\nand then does it again and again until nobody looks any more.";
    for (summary, url, element) in [
        (
            Some(long),
            None,
            "<title>The quick brown fox jumps over the lazy dog, and then does it again and again…</title>",
        ),
        (Some("Short"), None, "<title>Short</title>"),
        (
            Some(" \n "),
            Some("https://a.example/1"),
            "<title>https://a.example/1</title>",
        ),
        (None, None, "<title>https://mill.example/posts/1</title>"),
    ] {
        let mut article = plain();
        article.entry.title = None;
        article.entry.url = url.map(str::to_owned);
        article.entry.details.summary = summary.map(str::to_owned);
        has(&entry_lines(article), element);
    }
}

#[test]
fn a_beginning_ends_between_words_within_its_limit() {
    for (text, limit, expected) in [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 7, "one two…"),
        ("  one\t\ttwo  ", 80, "one two"),
        ("水車は回る", 3, "水車は…"),
        ("", 3, ""),
    ] {
        assert_eq!(text::beginning(text, limit), expected, "{text:?}");
    }
}

#[test]
fn a_prefix_names_the_source() {
    let channel = Channel {
        title_prefix: "[{source}] ".into(),
        ..channel()
    };
    let mut article = plain();
    article.origin.title = "Mill & Sons".into();
    has(
        &entry_lines_in(&channel, article),
        "<title type=\"html\">[Mill &amp;amp; Sons] The wheel turns</title>",
    );
}

#[test]
fn an_author_is_always_explicit() {
    let person = |name: &str| Author {
        name: name.into(),
        ..Author::default()
    };
    let mut article = plain();
    article.origin.info.authors = vec![person("Feed Author")];
    for (own, inherited, expected) in [
        (vec![person("Own")], true, "Own"),
        (vec![], true, "Feed Author"),
        (vec![], false, "Mill Notes"),
        (vec![person("  ")], false, "Mill Notes"),
    ] {
        let mut article = article.clone();
        article.entry.details.authors = own;
        if !inherited {
            article.origin.info.authors.clear();
        }
        let lines = entry_lines(article);
        let author = lines
            .iter()
            .position(|line| line == "<author>")
            .expect("an author");
        assert_eq!(lines[author + 1], format!("<name>{expected}</name>"));
    }
}

#[test]
fn an_excerpt_is_left_out_beside_its_content() {
    for (kind, content, summary_is_shown) in [
        (SummaryKind::Excerpt, "<p>All</p>", false),
        (SummaryKind::Author, "<p>All</p>", true),
        (SummaryKind::Excerpt, "", true),
    ] {
        let mut article = plain();
        article.entry.content_html = content.into();
        article.entry.details.summary = Some("Part".into());
        article.entry.details.summary_kind = Some(kind);
        let lines = entry_lines(article);
        assert_eq!(
            lines
                .iter()
                .any(|line| line == "<summary type=\"text\">Part</summary>"),
            summary_is_shown
        );
        assert_eq!(
            lines.iter().any(|line| line.starts_with("<content")),
            !content.is_empty()
        );
    }
}

#[test]
fn a_summary_output_carries_no_content() {
    let channel = Channel {
        summary_only: true,
        ..channel()
    };
    let mut article = plain();
    article.entry.content_html = "<p>All</p>".into();
    article.entry.details.summary = Some("Part".into());
    article.entry.details.summary_kind = Some(SummaryKind::Excerpt);
    let lines = entry_lines_in(&channel, article);
    has(&lines, "<summary type=\"text\">Part</summary>");
    has_none(&lines, "<content");
}

#[test]
fn an_entry_without_link_has_content_whatever_happens() {
    let mut article = plain();
    article.entry.url = None;
    has(
        &entry_lines(article.clone()),
        "<content type=\"text\">The wheel turns</content>",
    );
    article.entry.details.summary = Some("Part".into());
    let lines = entry_lines(article);
    has(&lines, "<content type=\"text\">Part</content>");
    has_none(&lines, "<summary");
}

#[test]
fn a_copied_entry_keeps_the_source_it_came_with() {
    let mut article = plain();
    let url = Some("https://first.example/feed".to_owned());
    article.entry.details.source = Some(EntrySource {
        id: None,
        title: Some("First".into()),
        url,
    });
    let lines = entry_lines(article);
    let source = lines
        .iter()
        .position(|line| line == "<source>")
        .expect("a source");
    let expected = [
        "<source>",
        "<id>https://first.example/feed</id>",
        "<title>First</title>",
        "<updated>2026-03-01T08:00:00Z</updated>",
        "<link rel=\"self\" href=\"https://first.example/feed\"/>",
        "</source>",
    ];
    assert_eq!(lines[source..source + expected.len()], expected);
    has_none(&lines, "Mill Notes</title>");
}

#[test]
fn a_private_source_shows_no_address() {
    let mut article = plain();
    article.origin.url = None;
    article.origin.iri = "urn:uuid:7d4b1d5e-0000-5000-8000-000000000009".into();
    article.origin.info.self_url = Some("https://mill.example/feed?key=secret".into());
    let lines = entry_lines(article);
    has(
        &lines,
        "<id>urn:uuid:7d4b1d5e-0000-5000-8000-000000000009</id>",
    );
    has_none(&lines, "secret");
    has_none(&lines, "rel=\"self\"");
}

#[test]
fn a_language_that_is_none_is_left_out() {
    for (language, entry) in [
        ("de", "<entry xml:lang=\"de\">"),
        ("deutsch!", "<entry>"),
        ("", "<entry>"),
        ("1", "<entry>"),
    ] {
        let mut article = plain();
        article.entry.details.language = Some(language.into());
        assert_eq!(entry_lines(article)[0], entry);
    }
}

#[test]
fn instants_show_milliseconds_only_when_there_are_any() {
    for (given, shown) in [
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00.250Z", "2026-03-01T10:00:00.250Z"),
        ("2026-03-01T10:00:00.000400Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z"),
    ] {
        assert_eq!(instant(at(given)), shown);
    }
}

/// Texts of all elements of a document with their names, in order; `None` when it is not well-formed.
fn read_back(document: &str) -> Option<Vec<(String, String)>> {
    let mut reader = quick_xml::Reader::from_str(document);
    let (mut open, mut read) = (Vec::<(String, String)>::new(), Vec::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                for attribute in start.attributes() {
                    attribute.ok()?;
                }
                open.push((start.name().as_ref().to_owned(), String::new()));
            }
            Event::Text(text) => {
                if let Some((_, so_far)) = open.last_mut() {
                    so_far.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let decoded = quick_xml::escape::unescape(&format!("&{};", &*reference))
                    .ok()?
                    .into_owned();
                open.last_mut()?.1.push_str(&decoded);
            }
            Event::End(_) => read.push(open.pop()?),
            Event::Eof => break,
            _ => {}
        }
    }
    open.is_empty().then_some(read)
}

fn without_forbidden(text: &str) -> String {
    text.chars()
        .filter(|character| !crate::publish::xml::forbidden(*character))
        .collect()
}

/// Text that likes to break XML.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        proptest::sample::select(vec![
            "]]>",
            "<![CDATA[",
            "<!--",
            "&amp;",
            "&#0;",
            "\"",
            "'",
            "\r\n",
            "\t",
            "\u{0}",
            "\u{b}",
            "\u{ffff}",
            "👩‍🌾",
            "<b>"
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_renders_to_xml_that_reads_back_the_same(
        (id, title, summary) in (nasty(), nasty(), nasty()),
        (content, name, href, term) in (nasty(), nasty(), nasty(), nasty()),
    ) {
        let mut article = rich();
        article.published_id = id.clone();
        article.entry.title = Some(format!("t{title}"));
        article.entry.url = Some(href);
        article.entry.content_html = content.clone();
        article.entry.details.summary = Some(summary.clone());
        article.entry.details.authors = vec![Author { name: format!("n{name}"), ..Author::default() }];
        article.entry.details.categories[0].term = term;
        let document = rendered(&channel(), &[article.clone()]);
        let read = read_back(&document).expect("well-formed");
        let texts = |name: &str| read.iter().filter(|(found, _)| found == name).map(|(_, text)| text.clone()).collect::<Vec<_>>();
        prop_assert_eq!(&texts("id")[1], &without_forbidden(&id));
        let unquoted = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let summary_back = match is_obeyed(&summary) {
            false => texts("summary")[0].clone(),
            true => unquoted(&texts("summary")[0]),
        };
        prop_assert_eq!(summary_back, without_forbidden(&summary));
        prop_assert_eq!(&texts("content")[0], &without_forbidden(&content));
        prop_assert_eq!(&texts("name")[0], &without_forbidden(&unobeyed(&format!("n{name}"))));
        let title_back = &texts("title")[1];
        let shown = if title.contains(['<', '&']) {
            unquoted(title_back)
        } else {
            title_back.clone()
        };
        prop_assert_eq!(shown, without_forbidden(&format!("t{title}")));
        prop_assert_eq!(rendered(&channel(), &[article]), document);
    }
}
