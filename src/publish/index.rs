//! The page at the base: a plain list of the open outputs, through which browsers and feed readers find them.

use super::Format;

/// An output to list. One that needs a token must not be.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// Its name: it is at `NAME.atom`, `NAME.rss` and `NAME.json`, relative to the base.
    pub name: &'a str,
    /// Title of the output.
    pub title: &'a str,
}

/// `Content-Type` of the page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Renders the page. Deterministic; it loads nothing and holds no script.
pub fn render(listings: &[Listing<'_>]) -> Vec<u8> {
    let mut discovery = String::new();
    let mut items = String::new();
    for Listing { name, title } in listings {
        let (name, title) = (escaped(name), escaped(title));
        let mut links = Vec::new();
        for (format, label) in [
            (Format::Atom, "Atom"),
            (Format::Rss, "RSS"),
            (Format::Json, "JSON Feed"),
        ] {
            let path = format!("{name}.{}", format.extension());
            let kind = format.content_type().split(';').next().unwrap_or_default();
            discovery += &format!(
                "<link rel=\"alternate\" type=\"{kind}\" title=\"{title}\" href=\"{path}\">\n"
            );
            links.push(format!("<a href=\"{path}\">{label}</a>"));
        }
        items += &format!("<li>{title}: {}</li>\n", links.join(", "));
    }
    let list = if items.is_empty() {
        "<p>No feed is open here.</p>\n".to_owned()
    } else {
        format!("<ul>\n{items}</ul>\n")
    };
    let head = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Feedmill</title>\n";
    let begin = "</head>\n<body>\n<h1>Feeds published here</h1>\n<p>Subscribe to one of these addresses in a feed reader.</p>\n";
    format!("{head}{discovery}{begin}{list}</body>\n</html>\n").into_bytes()
}

/// Text for element content and double-quoted attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
