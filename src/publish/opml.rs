//! What is followed → an OPML 2.0 subscription list (<http://opml.org/spec2.opml>).
//!
//! Tags are folders and stand in `category` as well; a source with several tags lies in several folders, as readers keep it,
//! and one without any lies outside. Pure and total.

use std::collections::BTreeMap;

use super::xml::Xml;

/// `Content-Type` of an OPML document.
pub const CONTENT_TYPE: &str = "text/x-opml; charset=utf-8";

/// A source that everybody may know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Title.
    pub title: String,
    /// Where the feed is.
    pub xml_url: String,
    /// The site; `None`: not known.
    pub html_url: Option<String>,
    /// The operator's tags.
    pub tags: Vec<String>,
}

/// Renders a list. Deterministic: sources in the order given, folders by name.
pub fn render(title: &str, sources: &[Followed]) -> Vec<u8> {
    let mut folders: BTreeMap<&str, Vec<&Followed>> = BTreeMap::new();
    for source in sources {
        for tag in &source.tags {
            folders.entry(tag).or_default().push(source);
        }
    }
    let mut xml = Xml::new();
    xml.open("opml", &[("version", Some("2.0"))]);
    xml.open("head", &[]);
    xml.text("title", &[], title);
    xml.close("head");
    xml.open("body", &[]);
    for (tag, sources) in folders {
        xml.open("outline", &[("text", Some(tag)), ("title", Some(tag))]);
        for source in sources {
            outline(&mut xml, source);
        }
        xml.close("outline");
    }
    for source in sources.iter().filter(|source| source.tags.is_empty()) {
        outline(&mut xml, source);
    }
    xml.close("body");
    xml.close("opml");
    xml.finish()
}

/// `category` is a list with commas, which a tag may hold too: in it they become spaces.
fn outline(xml: &mut Xml, source: &Followed) {
    let tags: Vec<String> = { source.tags.iter() }
        .map(|tag| tag.replace(',', " "))
        .collect();
    let category = tags.join(",");
    xml.empty(
        "outline",
        &[
            ("type", Some("rss")), // whatever its format, as the specification says
            ("text", Some(&source.title)),
            ("title", Some(&source.title)),
            ("xmlUrl", Some(&source.xml_url)),
            ("htmlUrl", source.html_url.as_deref()),
            (
                "category",
                Some(category.as_str()).filter(|list| !list.is_empty()),
            ),
        ],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_folders_and_categories() {
        let source = |title: &str, tags: &[&str]| Followed {
            title: title.into(),
            xml_url: format!("https://{}.example/feed?a=1&b=2", title.to_lowercase()),
            html_url: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let river = Followed {
            html_url: Some("https://river.example/".into()),
            ..source("River", &["water", "news, daily"])
        };
        let document = render(
            "Mine & yours",
            &[river, source("Mill", &["water"]), source("Hill", &[])],
        );
        insta::assert_snapshot!(String::from_utf8(document).expect("UTF-8"), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <opml version="2.0">
      <head>
        <title>Mine &amp; yours</title>
      </head>
      <body>
        <outline text="news, daily" title="news, daily">
          <outline type="rss" text="River" title="River" xmlUrl="https://river.example/feed?a=1&amp;b=2" htmlUrl="https://river.example/" category="water,news  daily"/>
        </outline>
        <outline text="water" title="water">
          <outline type="rss" text="River" title="River" xmlUrl="https://river.example/feed?a=1&amp;b=2" htmlUrl="https://river.example/" category="water,news  daily"/>
          <outline type="rss" text="Mill" title="Mill" xmlUrl="https://mill.example/feed?a=1&amp;b=2" category="water"/>
        </outline>
        <outline type="rss" text="Hill" title="Hill" xmlUrl="https://hill.example/feed?a=1&amp;b=2"/>
      </body>
    </opml>
    "#);
    }
}
