//! What every page begins and ends with.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::links::Part;
use super::{Frame, labels};

/// One page.
pub(super) struct Sheet<'a> {
    /// Title of the page, before that of the site; empty: the site's alone.
    pub(super) title: &'a str,
    /// Class of the body: which kind of page.
    pub(super) kind: &'a str,
    /// More elements of the head.
    pub(super) head: Markup,
    /// What is marked as the current page in the navigation: the name of an output, `sources`, or nothing.
    pub(super) here: &'a str,
    /// What the search field holds.
    pub(super) query: &'a str,
    /// The page looks again by itself (script only).
    pub(super) renews: bool,
    /// Whether more may be linked than the page itself.
    pub(super) private: bool,
    /// Inside `main` and after it.
    pub(super) body: Markup,
}

/// Formats of a feed, as extension, media type and name.
pub(super) const FORMATS: [(&str, &str, &str); 3] = [
    ("atom", "application/atom+xml", "Atom"),
    ("rss", "application/rss+xml", "RSS"),
    ("json", "application/feed+json", "JSON Feed"),
];

/// A whole document.
pub(super) fn document(frame: &Frame, sheet: Sheet<'_>) -> Vec<u8> {
    let [style, script] = super::assets();
    let links = &frame.links;
    let title = match sheet.title {
        "" => frame.title.clone(),
        title => format!("{title} · {}", frame.title),
    };
    let page = html! {
        (DOCTYPE)
        html lang=(labels::LANGUAGE) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(links.file(&style.path));
                script src=(links.file(&script.path)) defer {}
                link rel="icon" href="data:,";
                @if !sheet.private {
                    @for output in &frame.outputs {
                        @for (extension, kind, name) in FORMATS {
                            link rel="alternate" type=(kind) title=(format!("{} ({name})", output.title))
                                href=(links.file(&format!("{}.{extension}", output.name)));
                        }
                    }
                }
                (sheet.head)
            }
            body class=(format!("is-{}", sheet.kind)) data-renew[sheet.renews] {
                a.skip href="#main" { (labels::SKIP) }
                header.top {
                    div.bar {
                        a.site href=(links.home()) { (frame.title) }
                        @if !sheet.private { (navigation(frame, &sheet)) }
                    }
                }
                (sheet.body)
                footer.end {
                    p { (labels::zone(frame.zone.name())) " " span.keys hidden {
                        button type="button" data-on=(labels::KEYS_ON) data-off=(labels::KEYS_OFF) { (labels::KEYS_ON) } " " (labels::KEYS_HELP) "."
                    } }
                    p { (labels::MADE_BY) "." }
                }
            }
        }
    };
    page.into_string().into_bytes()
}

fn navigation(frame: &Frame, sheet: &Sheet<'_>) -> Markup {
    let links = &frame.links;
    let here = |name: &str| (name == sheet.here).then_some("page");
    html! {
        nav.main aria-label=(labels::OUTPUTS) {
            ul {
                @if frame.outputs.len() > 1 {
                    @for output in frame.outputs.iter().take(12) {
                        li { a href=(links.river(&output.name, &Part::default())) aria-current=[here(&output.name)] { (output.title) } }
                    }
                }
                li { a href=(links.sources()) aria-current=[here("sources")] { (labels::SOURCES) } }
            }
        }
        @if links.is_served() {
            form.search role="search" action=(links.file("search")) method="get" {
                input type="search" name="q" value=(sheet.query) placeholder=(labels::SEARCH_HINT) aria-label=(labels::SEARCH_HINT) maxlength="300";
                button type="submit" { (labels::SEARCH) }
            }
        }
    }
}

/// A JSON value inside a script element: no `<` can end it.
pub(super) fn json_ld(value: &serde_json::Value) -> Markup {
    let text = value.to_string().replace('<', "\\u003c");
    html! { script type="application/ld+json" { (PreEscaped(text)) } }
}

/// The first `limit` characters of a text, with an ellipsis when cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = &text[..end];
            let end = kept
                .rfind(char::is_whitespace)
                .filter(|at| *at > end / 2)
                .unwrap_or(end);
            format!("{}…", kept[..end].trim_end())
        }
    }
}
