//! The page at the base: a plain list of the open outputs, through which browsers and feed readers find them.

/// An output to list. One that needs a token must not be.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// Relative to the base: `all.atom`.
    pub path: &'a str,
    /// Title of the output.
    pub title: &'a str,
}

/// `Content-Type` of the page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Renders the page. Deterministic; it loads nothing and holds no script.
pub fn render(listings: &[Listing<'_>]) -> Vec<u8> {
    let mut discovery = String::new();
    let mut items = String::new();
    for Listing { path, title } in listings {
        let (path, title) = (escaped(path), escaped(title));
        discovery += &format!(
            "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"{title}\" href=\"{path}\">\n"
        );
        items += &format!("<li><a href=\"{path}\">{title}</a></li>\n");
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
