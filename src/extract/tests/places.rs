//! Pages where something else stands in the article's place, or part of it is missing.

use super::*;

#[test]
fn what_stands_in_an_articles_place_is_named() {
    let cases = [
        (
            "<title>Just a moment...</title><p>Checking your browser before you go on.</p>",
            "a bot check",
        ),
        (
            "<title>Quay Gazette</title><p>We and our partners use cookies to show you advertisements and more.</p>",
            "a consent wall",
        ),
        (
            "<title>404 Not Found</title><h1>404 Not Found</h1><p>Nothing is here.</p>",
            "an error page",
        ),
        (
            "<title>Quay Gazette</title><p>Please enable cookies and load the page again to go on reading here.</p>",
            "a page that demands cookies",
        ),
        (
            "<title>Quay Gazette</title><div id=\"app\"></div>",
            "no article was found on the page",
        ),
    ];
    for (html, expected) in cases {
        let found = read(&format!("<html><body>{html}</body></html>"));
        assert_eq!(found.extraction.reason.as_deref(), Some(expected), "{html}");
        assert_eq!(found.extraction.status, PageStatus::Kept);
        assert_eq!(
            (found.entry.content_html.as_str(), found.text.as_str()),
            ("", "")
        );
    }
    let home = read_at(
        &page("", "", &paragraphs(), ""),
        "https://quay.example/news/ferry",
        "https://quay.example/",
        &PageRules::default(),
    );
    assert_eq!(
        home.extraction.reason.as_deref(),
        Some("redirected to the home page")
    );
}

#[test]
fn what_stands_in_an_articles_place_gives_an_entry_without_title_nothing() {
    let own = "<meta property=\"og:image\" content=\"/wall.jpg\"><meta property=\"og:url\" content=\"https://quay.example/consent\">\
               <meta property=\"og:site_name\" content=\"Consent Inc\"><meta name=\"author\" content=\"Consent Desk\">";
    let place = "https://quay.example/news/ferry";
    let many = "<span>a</span>".repeat(50_001);
    for (title, text, found) in [
        (
            "Before you continue",
            "Choose how your data is used.",
            place,
        ),
        (
            "Quay Gazette",
            "We and our partners use cookies to show you advertisements.",
            place,
        ),
        ("404 Not Found", "Nothing is here.", place),
        ("Sign in", "Your name and your password, please.", place),
        ("Before you continue", many.as_str(), place),
        ("Quay Gazette", "All the news.", "https://quay.example/"),
        (
            "Choose",
            "How is your data used?",
            "https://consent.quay.example/a",
        ),
    ] {
        let html = format!(
            "<html><head><title>{title}</title>{own}</head><body><p>{text}</p></body></html>"
        );
        let page = read_at(&html, place, found, &PageRules::default());
        let entry = Entry {
            title: None,
            ..feed("", None, "")
        };
        let mut fields = merge(&entry, "", page);
        assert_eq!(fields.extraction.status, PageStatus::Kept);
        assert_eq!(fields.publisher, None, "{title}");
        assert!(
            fields.provenance.is_empty(),
            "{title}: {:?}",
            fields.provenance
        );
        let mut shown = entry.clone();
        fields.apply(&mut shown);
        assert_eq!(shown, entry, "{title}");
    }
}

#[test]
fn paywalls_leave_part_of_an_article() {
    let closed = ld(
        r#"{"@type": "NewsArticle", "headline": "x", "isAccessibleForFree": "False", "wordCount": 900}"#,
    );
    let whole = ld(
        r#"{"@type": "NewsArticle", "headline": "x", "isAccessibleForFree": false, "wordCount": 120}"#,
    );
    let body = format!(
        "{}<p>Subscribe to continue reading this article and all others.</p>",
        paragraphs()
    );
    let cases = [
        (closed.as_str(), paragraphs(), PageStatus::Partial),
        (whole.as_str(), paragraphs(), PageStatus::Full),
        ("", body, PageStatus::Partial),
    ];
    for (head, body, status) in cases {
        let found = read(&page(head, "", &body, ""));
        assert_eq!(found.extraction.status, status, "{head}");
        let is_partial = found.entry.details.content_scope == ContentScope::Partial;
        assert_eq!(is_partial, status == PageStatus::Partial);
    }
}
