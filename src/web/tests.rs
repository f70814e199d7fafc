//! Pages of values that mean no good.

use super::*;
use crate::model::*;
use crate::store::{ArticleExplanation, EarlierText, Joined};

/// A frame that is served at the root.
pub(super) fn frame() -> Frame {
    Frame {
        title: "Gullhaven".to_owned(),
        public_url: "https://feeds.example/".to_owned(),
        links: Links::Served("/".to_owned()),
        outputs: vec![Listing {
            name: "all".to_owned(),
            title: "Gullhaven".to_owned(),
        }],
        images: Images::Origin,
        names: HashMap::new(),
        zone: Tz::UTC,
    }
}

#[test]
fn the_style_sheet_stays_small_and_no_asset_is_inline() {
    let [style, script] = assets();
    assert!(style.body.len() < 15_000, "{}", style.body.len());
    assert!(script.body.len() < 4_000, "{}", script.body.len());
    let page = String::from_utf8(closed(&frame())).expect("UTF-8");
    assert!(
        page.contains(&format!("href=\"/{}\"", style.path)),
        "{page}"
    );
    assert!(
        !page.contains("style=") && !page.contains("<style"),
        "{page}"
    );
}

fn article_of(title: Option<&str>, url: Option<&str>, html: &str) -> Article {
    let at = chrono::DateTime::UNIX_EPOCH;
    Article {
        id: "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001".into(),
        published_id: "x".into(),
        entry: Entry {
            id: "x".into(),
            id_kind: IdKind::Published,
            url: url.map(Into::into),
            title: title.map(Into::into),
            published: None,
            updated: None,
            content_html: html.into(),
            details: Details::default(),
        },
        origin: Origin {
            source: "mill".into(),
            iri: "x".into(),
            title: "<b>Mill</b>".into(),
            url: None,
            tags: vec![],
            info: FeedInfo::default(),
        },
        published_at: at,
        updated: at,
        first_seen: at,
        last_seen: at,
        revision: 1,
        entries: vec![],
        related: vec![],
        filled: vec![],
        page: None,
    }
}

fn river_of(articles: &[Article]) -> String {
    let page = river(
        &frame(),
        &River {
            name: "",
            feed: Some("all"),
            title: "All",
            articles,
            tag: None,
            source: None,
            next: None,
            is_later: false,
            tags: vec![Facet {
                name: "<i>",
                count: Some(1_234),
            }],
            sources: Vec::new(),
            has_articles: true,
            summary_only: false,
            progress: None,
        },
    );
    String::from_utf8(page).expect("UTF-8")
}

fn explained(entries: Vec<Joined>) -> ArticleExplanation {
    ArticleExplanation {
        id: "urn:uuid:7d4b1d5e-0000-5000-8000-000000000001".into(),
        published_id: "x".into(),
        former_ids: vec![],
        title: None,
        published: Default::default(),
        updated: Default::default(),
        revision: 1,
        entries,
        related: vec![],
        apart: vec![],
    }
}

fn told(article: &Article, earlier: &[EarlierText]) -> String {
    let explained = explained(vec![]);
    let told = Told {
        article,
        explained: &explained,
        earlier,
        related: Vec::new(),
        summary_only: false,
    };
    String::from_utf8(super::article(&frame(), &told)).expect("UTF-8")
}

#[test]
fn no_title_name_or_address_of_a_feed_is_markup() {
    let evil = "</title><script>alert(1)</script>\" onx=\"";
    let mut article = article_of(Some(evil), Some("javascript:alert(1)"), "<p>x</p>");
    let details = &mut article.entry.details;
    details.summary = Some(evil.into());
    details.categories = vec![Category {
        term: evil.into(),
        ..Category::default()
    }];
    details.image = Some(Image {
        url: "data:text/html,x".into(),
        alt: Some(evil.into()),
        ..Image::default()
    });
    details.authors = vec![Author {
        name: evil.into(),
        url: Some("javascript:alert(1)".into()),
        ..Author::default()
    }];
    details.attachments = vec![Attachment {
        url: "javascript:alert(1)".into(),
        mime_type: Some("audio/mpeg".into()),
        ..Attachment::default()
    }];
    details.license_url = Some("javascript:alert(1)".into());
    details.section = Some(evil.into());
    for page in [
        river_of(std::slice::from_ref(&article)),
        told(&article, &[]),
    ] {
        assert!(
            !page.contains("<script>alert") && !page.contains("\" onx=\""),
            "{page}"
        );
        assert!(
            !page.contains("=\"javascript:") && !page.contains("=\"data:text"),
            "{page}"
        );
        assert!(!page.contains("<b>Mill") && !page.contains("<i>"), "{page}");
    }
    assert!(river_of(&[article]).contains("1,234"));
}

#[test]
fn an_article_without_a_title_is_named_by_its_words() {
    let page = river_of(&[
        article_of(None, None, "<p>The wheel turns at noon.</p>"),
        article_of(None, None, ""),
    ]);
    assert!(
        page.contains(">The wheel turns at noon.</a>") && page.contains(labels::NO_TITLE),
        "{page}"
    );
    let long = "word ".repeat(1_000);
    let page = river_of(&[article_of(Some(&long), None, "")]);
    assert!(page.len() < 8_000, "{}", page.len());
}

#[test]
fn a_revision_shows_the_words_that_changed() {
    let article = article_of(
        Some("Gate"),
        None,
        "<p>The gate opens at noon.</p><p>Same.</p>",
    );
    let earlier = |html: &str| EarlierText {
        source: "mill".into(),
        entry_id: "x".into(),
        revision: 1,
        replaced: Default::default(),
        title: Some("Gate".into()),
        html: html.into(),
    };
    let page = told(
        &article,
        &[earlier(
            "<p>The gate opens at <em>ten</em>.</p><p>Same.</p>",
        )],
    );
    assert!(
        page.contains("The gate opens at <del>ten.</del><ins>noon.</ins>"),
        "{page}"
    );
    assert!(!page.contains("<p>Same.</p></div></details>"), "{page}");
    let page = told(
        &article,
        &[earlier("<p>The gate opens at <b>noon</b>.</p><p>Same.</p>")],
    );
    assert!(page.contains(labels::NO_CHANGE), "{page}");
}

#[test]
fn five_hundred_facets_and_as_many_sources_are_cut() {
    let names: Vec<String> = (0..500).map(|number| format!("tag {number}")).collect();
    let tags: Vec<Facet<'_>> = names
        .iter()
        .map(|name| Facet { name, count: None })
        .collect();
    let page = river(
        &frame(),
        &River {
            name: "",
            feed: Some("all"),
            title: "All",
            articles: &[article_of(Some("x"), None, "")],
            tag: None,
            source: None,
            next: None,
            is_later: false,
            sources: tags.clone(),
            tags,
            has_articles: true,
            summary_only: false,
            progress: None,
        },
    );
    assert!(page.len() < 20_000, "{}", page.len());
    assert!(String::from_utf8_lossy(&page).contains("and 460 more"));
}
