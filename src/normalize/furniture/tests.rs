use proptest::prelude::*;
use url::Url;

use super::*;
use crate::model::{Entry, SummaryKind};
use crate::normalize::html::sanitize;
use crate::normalize::tests::entries;

const TITLE: &str = "Gullhaven Counts Its Gulls";
const SUMMARY: &str = "A census on the quays finds one gull for every chimney.";
/// Pictures stay and are passed over; what follows the first paragraph is never furniture.
const BODY: &str = "<p>The census took nine mornings.</p><p>Share</p><p>Ada Quill</p>";

fn strip_from(head: &str, summary: Option<&str>) -> Stripped<'static> {
    let author = |name: &str| Author {
        name: name.to_owned(),
        ..Author::default()
    };
    let authors = [author("Ada Quill"), author("Ben Oar")];
    let given = Head {
        title: Some(TITLE),
        summary,
        authors: &authors,
    };
    let whole = format!("{head}{BODY}");
    let stripped = strip(&whole, &given);
    let again = strip(&stripped.html, &given);
    assert_eq!(again.html, stripped.html, "twice: {head}");
    Stripped {
        html: stripped.html.into_owned().into(),
        standfirst: stripped.standfirst,
    }
}

#[test]
fn what_belongs_to_the_page_goes() {
    for head in [
        "<h1>Gullhaven counts its gulls!</h1>",
        "<h1>Gullhaven Counts Its Gulls</h1><p>Gullhaven Counts Its Gulls</p>",
        "<div><div><h2>Gullhaven Counts Its Gulls</h2></div><p>By Ada Quill</p></div>",
        "<p>Ada Quill and Ben Oar</p>",
        "<p>By Ada Quill, Quay Desk</p><p>5 min read</p>",
        "<p>Von Ada Quill</p><p>Lesezeit 3 Minuten</p><p>Teilen</p>",
        "<img src=\"/static/x.png\" alt=\"author-image\">",
        "<img src=\"/avatar/7.png\"><p>Updated On</p><p>New Update</p>",
        "<p>Updated On Mar 11, 2026 16:05 IST</p>",
        "<p>11 mars 2026 à 9h30</p><p>Mis à jour le 12/03/2026</p>",
        "<p>Listen to this article</p><p>Follow Us</p>",
    ] {
        let left = strip_from(head, None).html;
        let text = crate::text::text_of(&left);
        assert_eq!(
            text, "The census took nine mornings.\n\nShare\n\nAda Quill",
            "{head}"
        );
        assert!(!left.contains("<img"), "{head}");
    }
}

#[test]
fn what_belongs_to_the_article_stays() {
    for head in [
        "<figure><img src=\"/a.jpg\" alt=\"Gullhaven Counts Its Gulls\"></figure>",
        "<p><img src=\"/a.jpg\">Gullhaven Counts Its Gulls</p>",
        "<p>By the end of March, Ada Quill had counted them all.</p>",
        "<p>Share of gulls</p>",
        "<p>2026</p>",
        "<p>3.8.11</p>",
        "<p>12506916----12506930</p>",
        "<p>May 2026 was wet.</p>",
        "<blockquote><p>Ada Quill wrote this on 3 March 2026.</p></blockquote>",
        "<h2>Monday</h2>",
    ] {
        assert_eq!(
            strip_from(head, None).html,
            format!("{head}{BODY}"),
            "{head}"
        );
    }
    let only = Head {
        title: Some(TITLE),
        summary: None,
        authors: &[],
    };
    assert_eq!(
        strip(&format!("<p>{TITLE}</p>"), &only).html,
        format!("<p>{TITLE}</p>")
    );
}

#[test]
fn a_standfirst_stands_between_headline_and_byline() {
    let standfirst = format!("<h1>{TITLE}</h1><p>{SUMMARY}</p>");
    let byline = "<p>Ada Quill</p>";
    let found = strip_from(&format!("{standfirst}{byline}"), None);
    assert_eq!(
        (found.html.as_ref(), found.standfirst.as_deref()),
        (BODY, Some(SUMMARY))
    );
    let no_byline = strip_from(&standfirst, None);
    assert_eq!(
        (no_byline.html, no_byline.standfirst),
        (format!("<p>{SUMMARY}</p>{BODY}").into(), None)
    );
    let other = strip_from(&format!("{standfirst}{byline}"), Some("Of gulls."));
    assert_eq!(
        (other.html, other.standfirst),
        (format!("<p>{SUMMARY}</p>{BODY}").into(), None)
    );
    // The feed's own summary goes only where a page's frame surrounds it.
    let same = |head: &str| strip_from(head, Some(SUMMARY)).html;
    assert_eq!(same(&format!("<p>{SUMMARY}</p>{byline}")), BODY);
    assert_eq!(
        same(&format!("<p>{SUMMARY}</p>")),
        format!("<p>{SUMMARY}</p>{BODY}")
    );
}

/// Laid out as a page of a news site is when it is poured into a feed whole.
const ITEM: &str = r#"<item>
  <title>Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight</title>
  <link>https://quay.example/transport/sunlight-ferry</link>
  <guid isPermaLink="false">quay-311</guid>
  <pubDate>Mon, 23 Nov 2026 07:40:00 +0000</pubDate>
  <dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Nell Harrow</dc:creator>
  <content:encoded><![CDATA[
<div class="head"><h1>Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight</h1>
<h2>Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight</h2>
<p>One vote decided that the old boat gets new cells on its roof instead of a new engine below.</p></div>
<img src="/static/default-avatar.png" alt="author-image" width="48" height="48"><p>Nell Harrow</p>
<p>Updated On</p><p>23 Nov 2026, 08:15 GMT</p><p>New Update</p>
<figure><img src="data:image/gif;base64,R0" data-src="/img/ferry-1200x675.jpg"
  alt="Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight" width="1200" height="675"></figure>
<p>The ferry across the Saltmarsh will carry forty square metres of cells from next summer on.</p>
<p>Its engine, which is older than its captain, goes to the <a href="/museum">museum</a>.</p>
<p><strong>Why this matters:</strong> The crossing is the only one that bicycles can take.</p>
<p><strong>Key Takeaways</strong></p>
<ul><li>Nine votes to eight</li><li>Forty square metres of cells</li></ul>
<img src="https://pixel.quay.example/count.gif?id=311" width="1" height="1">
]]></content:encoded>
</item>"#;

#[test]
fn an_article_poured_out_of_its_page_is_put_in_order() {
    let entry: &Entry = &entries(ITEM)[0];
    assert_eq!(entry.details.summary_kind, Some(SummaryKind::Author));
    let fields = serde_json::to_string_pretty(entry).expect("an entry");
    insta::assert_snapshot!(fields, @r#"
    {
      "id": "quay-311",
      "id_kind": "published",
      "url": "https://quay.example/transport/sunlight-ferry",
      "title": "Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight",
      "published": "2026-11-23T07:40:00Z",
      "updated": null,
      "summary": "One vote decided that the old boat gets new cells on its roof instead of a new engine below.",
      "summary_kind": "author",
      "content_scope": "full",
      "authors": [
        {
          "name": "Nell Harrow",
          "url": null,
          "email": null,
          "kind": "person",
          "role": "author"
        }
      ],
      "date_precision": "instant",
      "language": "en",
      "image": {
        "url": "https://example.org/img/ferry-1200x675.jpg",
        "alt": "Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight",
        "caption": null,
        "credit": null,
        "width": 1200,
        "height": 675,
        "mime_type": null
      },
      "attachments": [],
      "categories": [],
      "section": null,
      "sections": [
        {
          "kind": "why_it_matters",
          "label": "Why this matters",
          "text": "The crossing is the only one that bicycles can take.",
          "items": [],
          "anchor": null
        },
        {
          "kind": "key_takeaways",
          "label": "Key Takeaways",
          "text": "",
          "items": [
            "Nine votes to eight",
            "Forty square metres of cells"
          ],
          "anchor": null
        }
      ],
      "rights": null,
      "license_url": null,
      "comments": null,
      "source": null,
      "related_urls": []
    }
    "#);
    insta::assert_snapshot!(entry.content_html, @r#"
    <figure><img src="https://example.org/img/ferry-1200x675.jpg" alt="Saltmarsh Ferry to Run on Sunlight After a Vote of Nine to Eight" width="1200" height="675"></figure>
    <p>The ferry across the Saltmarsh will carry forty square metres of cells from next summer on.</p>
    <p>Its engine, which is older than its captain, goes to the <a href="https://example.org/museum" rel="noopener noreferrer">museum</a>.</p>
    <section data-kind="why_it_matters"><p><strong>Why this matters:</strong> The crossing is the only one that bicycles can take.</p></section>
    <section data-kind="key_takeaways"><p><strong>Key Takeaways</strong></p>
    <ul><li>Nine votes to eight</li><li>Forty square metres of cells</li></ul></section>
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn stripping_twice_is_stripping_once(pieces in proptest::collection::vec(proptest::sample::select(&[
        "<h1>Gullhaven Counts Its Gulls</h1>", "Gullhaven Counts Its Gulls", "<p>", "</p>", "<div>", "</div>", "<br>", "Ada Quill",
        "<p>By Ada Quill</p>", "<p>Share</p>", "<p>Updated On</p>", "<img src=/avatar.png>", "<img src=/#.jpg>", "<hr>", "text",
        "<p>The census took nine mornings.</p>", "<p>One gull for every chimney.</p>", "<h2>Numbers</h2>", "3 min read", "<figure>",
        "</figure>", "<ul><li>one</ul>", "<section data-kind=faq><h3>Asked</h3><p>a</p></section>",
    ][..]), 0..14), has_summary in any::<bool>()) {
        // Each picture is another one: of twins without text between them the sanitizer keeps one.
        let given: String = pieces.iter().enumerate().map(|(at, piece)| piece.replace('#', &at.to_string())).collect();
        let base = Url::parse("https://example.org/").expect("fixture");
        let authors = [Author { name: "Ada Quill".to_owned(), ..Author::default() }];
        let summary = has_summary.then_some("One gull for every chimney.");
        let head = Head { title: Some(TITLE), summary, authors: &authors };
        let once = sanitize(&strip(&sanitize(&given, &base), &head).html, &base);
        prop_assert_eq!(sanitize(&strip(&once, &head).html, &base), once);
    }
}
