use super::*;
use crate::model::{Attachment, EntrySource, Seconds};
use crate::publish::tests::{at, plain, rich};

fn channel() -> Channel {
    Channel {
        id: "urn:uuid:0a0a0a0a-0000-4000-8000-000000000000".into(),
        title: "Everything & more".into(),
        self_url: "https://feeds.example/all.rss".into(),
        home_url: "https://feeds.example/".into(),
        updated: at("2026-03-01T10:00:00Z"),
        hubs: vec![],
        title_prefix: String::new(),
        summary_only: false,
        archive: Default::default(),
    }
}

fn rendered(channel: &Channel, articles: &[Article]) -> String {
    let document = String::from_utf8(render(channel, articles)).expect("UTF-8");
    document.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[track_caller]
fn has(document: &str, line: &str) {
    let found = document.lines().any(|found| found.trim_start() == line);
    assert!(found, "{line} is not in\n{document}");
}

#[test]
fn an_empty_channel_says_what_the_profile_wants() {
    let channel = Channel {
        hubs: vec!["https://hub.example/".into()],
        ..channel()
    };
    insta::assert_snapshot!(rendered(&channel, &[]), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel>
        <title>Everything &amp; more</title>
        <link>https://feeds.example/</link>
        <description>Everything &amp; more</description>
        <atom:link rel="self" type="application/rss+xml" href="https://feeds.example/all.rss"/>
        <atom:link rel="hub" href="https://hub.example/"/>
        <lastBuildDate>Sun, 01 Mar 2026 10:00:00 GMT</lastBuildDate>
        <generator>Feedmill VERSION</generator>
      </channel>
    </rss>
    "#);
}

#[test]
fn a_rich_article_carries_everything() {
    let mut article = rich();
    article.entry.content_html = "<p>Bread &amp; ]]&gt; butter</p>".into();
    let document = rendered(&channel(), &[article]);
    let from = document.find("    <item>").expect("an item");
    insta::assert_snapshot!(&document[from..], @r#"
        <item>
          <title>Flour &amp; water &lt; bread</title>
          <link>https://mill.example/posts/1</link>
          <description>Why a &amp;lt; b &amp;amp; c.</description>
          <content:encoded>&lt;p&gt;Bread &amp;amp; ]]&amp;gt; butter&lt;/p&gt;</content:encoded>
          <guid isPermaLink="true">https://mill.example/posts/1</guid>
          <pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate>
          <atom:updated>2026-03-01T10:00:00.250Z</atom:updated>
          <dc:creator>Ada Miller</dc:creator>
          <dc:creator>Ben Baker</dc:creator>
          <dc:contributor>Cleo Editor</dc:contributor>
          <category domain="https://mill.example/tags">Bread</category>
          <category>News</category>
          <category>Food</category>
          <comments>https://mill.example/posts/1#talk</comments>
          <slash:comments>7</slash:comments>
          <dc:language>en-GB</dc:language>
          <dc:rights>© 2026 Mill &amp; Co</dc:rights>
          <enclosure url="https://mill.example/1.mp3" length="1234567" type="audio/mpeg"/>
          <media:content url="https://mill.example/wheel.jpg?w=1200&amp;h=800" medium="image" type="image/jpeg" width="1200" height="800">
            <media:description>A wheel "at rest"</media:description>
            <media:credit>Dee Photo</media:credit>
          </media:content>
          <media:thumbnail url="https://mill.example/wheel.jpg?w=1200&amp;h=800" width="1200" height="800"/>
          <media:content url="https://mill.example/1.mp3" medium="audio" type="audio/mpeg" fileSize="1234567" duration="62">
            <media:title type="plain">Listen</media:title>
          </media:content>
          <itunes:duration>62</itunes:duration>
          <itunes:image href="https://mill.example/wheel.jpg?w=1200&amp;h=800"/>
          <source url="https://mill.example/feed.atom">Mill Notes</source>
        </item>
      </channel>
    </rss>
    "#);
}

#[test]
fn a_guid_is_a_permalink_only_when_it_is_the_link() {
    let mut article = plain();
    let link = "<guid isPermaLink=\"true\">https://mill.example/posts/1</guid>";
    has(&rendered(&channel(), &[article.clone()]), link);
    article.published_id = "tag:mill.example,2026:1".into();
    let other = "<guid isPermaLink=\"false\">tag:mill.example,2026:1</guid>";
    has(&rendered(&channel(), &[article]), other);
}

#[test]
fn text_that_html_would_obey_is_escaped_for_it_and_other_text_is_not() {
    for (title, element) in [
        ("AT&T <3", "<title>AT&amp;T &lt;3</title>"),
        (
            "<b>x</b>",
            "<title>&amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;</title>",
        ),
        ("&amp;", "<title>&amp;amp;amp;</title>"),
        ("&#60;", "<title>&amp;amp;#60;</title>"),
        ("a < b", "<title>a &lt; b</title>"),
        ("what? & why;", "<title>what? &amp; why;</title>"),
    ] {
        let mut article = plain();
        article.entry.title = Some(title.into());
        has(&rendered(&channel(), &[article]), element);
    }
}

#[test]
fn the_source_is_the_one_the_entry_names_and_a_private_one_is_not_shown() {
    let mut article = plain();
    let polled = "<source url=\"https://mill.example/feed.atom\">Mill Notes</source>";
    has(&rendered(&channel(), &[article.clone()]), polled);
    article.entry.details.source = Some(EntrySource {
        id: None,
        title: Some("River".into()),
        url: Some("https://river.example/rss".into()),
    });
    let named = "<source url=\"https://river.example/rss\">River</source>";
    has(&rendered(&channel(), &[article.clone()]), named);
    article.entry.details.source = None;
    article.origin.url = None;
    assert!(!rendered(&channel(), &[article]).contains("<source"));
}

#[test]
fn one_enclosure_is_whole_and_the_rest_is_media_rss() {
    let mut article = plain();
    let attachment = |url: &str, kind: Option<&str>| Attachment {
        url: url.into(),
        mime_type: kind.map(str::to_owned),
        ..Attachment::default()
    };
    article.entry.details.attachments = vec![
        attachment("https://mill.example/notes.pdf", None),
        Attachment {
            duration: Some(Seconds(61_500)),
            ..attachment("https://mill.example/1.mp3", Some("audio/mpeg"))
        },
    ];
    let document = rendered(&channel(), &[article.clone()]);
    for line in [
        "<enclosure url=\"https://mill.example/1.mp3\" length=\"0\" type=\"audio/mpeg\"/>",
        "<media:content url=\"https://mill.example/notes.pdf\"/>",
        "<media:content url=\"https://mill.example/1.mp3\" medium=\"audio\" type=\"audio/mpeg\" duration=\"62\"/>",
        "<itunes:duration>62</itunes:duration>",
    ] {
        has(&document, line);
    }
    assert_eq!(document.matches("<enclosure").count(), 1);
    article.entry.details.attachments.pop();
    let alone = "<enclosure url=\"https://mill.example/notes.pdf\" length=\"0\" type=\"application/octet-stream\"/>";
    has(&rendered(&channel(), &[article]), alone);
}

#[test]
fn a_summary_only_channel_has_no_content() {
    let channel = Channel {
        summary_only: true,
        ..channel()
    };
    let mut article = plain();
    article.entry.content_html = "<p>Flour &lt; water</p>".into();
    let document = rendered(&channel, &[article]);
    has(&document, "<description>Flour &amp;lt; water</description>");
    assert!(!document.contains("content:encoded>"), "{document}");
}
