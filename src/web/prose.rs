//! The body of an article as a page shows it.
//!
//! What `normalize` stored is well nested, of an allow list, with every value in double quotes. It is gone over once more
//! all the same: only elements and attributes named here come out, so that a page would stay whole were the store wrong.
//! Beside that it fits a body into a page: headings go below the page's own without a gap, pictures get a text, load late
//! and keep their place, landmarks and empty links go.

use super::{Frame, labels, language};

/// Elements that are shown as they are.
const KEPT: &[&str] = &[
    "p",
    "br",
    "strong",
    "em",
    "div",
    "span",
    "ul",
    "ol",
    "b",
    "i",
    "figure",
    "figcaption",
    "blockquote",
    "code",
    "pre",
    "tbody",
    "tr",
    "td",
    "thead",
    "tfoot",
    "caption",
    "colgroup",
    "col",
    "hr",
    "abbr",
    "bdi",
    "bdo",
    "cite",
    "data",
    "del",
    "dfn",
    "ins",
    "kbd",
    "mark",
    "picture",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "strike",
    "sub",
    "sup",
    "time",
    "tt",
    "u",
    "var",
    "wbr",
];
/// Elements that would be landmarks, or whose rules a body may break: shown as `div`.
const PLAIN: &[&str] = &[
    "article", "aside", "center", "details", "footer", "header", "hgroup", "nav", "summary", "dl",
    "dt", "dd",
];
/// Elements that are left out with everything in them.
const WITHHELD: &[&str] = &[
    "script",
    "style",
    "iframe",
    "object",
    "template",
    "svg",
    "math",
    "textarea",
    "title",
    "noscript",
    "select",
    "xmp",
    "plaintext",
];
const VOID: &[&str] = &["br", "col", "hr", "img", "source", "wbr"];
/// Attributes of any element; addresses are looked at one by one.
const ATTRIBUTES: &[&str] = &[
    "title",
    "dir",
    "hreflang",
    "datetime",
    "start",
    "reversed",
    "colspan",
    "rowspan",
    "span",
    "align",
    "data-kind",
];

/// The body of an article as HTML for a page.
pub(super) fn prose(frame: &Frame, html: &str) -> String {
    let mut writer = Writer {
        frame,
        out: String::with_capacity(html.len() + html.len() / 8),
        open: Vec::new(),
        heading: 1,
        tables: 0,
        drop_depth: 0,
    };
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        writer.text(&rest[..start]);
        let after = &rest[start..];
        let Some(end) = tag_end(after) else {
            rest = "";
            break;
        };
        writer.tag(&after[1..end]);
        rest = &after[end + 1..];
    }
    writer.text(rest);
    while let Some(open) = writer.open.pop() {
        writer.close(open);
    }
    writer.out
}

/// Where the `>` of a tag stands: the first outside of quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

/// An element that is open.
struct Open {
    /// As it was read.
    read: String,
    /// As it was written; empty: it was left out.
    written: String,
    /// Where its tag begins in what was written.
    at: usize,
    /// Where its tag ends there.
    inner: usize,
    /// Words, or something to hear or with a text, stand in it.
    filled: bool,
    /// A picture stands in it.
    pictured: bool,
    /// Level of the last heading before it.
    heading: usize,
    /// Of an `a`: where it leads, in words.
    host: Option<String>,
}

struct Writer<'a> {
    frame: &'a Frame,
    out: String,
    open: Vec<Open>,
    /// Level of the last heading; that of the page itself is 1.
    heading: usize,
    tables: usize,
    /// How many open elements are left out with what is in them.
    drop_depth: usize,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        if self.drop_depth > 0 {
            return;
        }
        if !text.trim().is_empty() {
            self.fill();
        }
        // A stray `>` or quote is text; `<` cannot be here.
        self.out.push_str(text);
    }

    fn fill(&mut self) {
        for open in &mut self.open {
            open.filled = true;
        }
    }

    fn tag(&mut self, tag: &str) {
        if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim().to_ascii_lowercase();
            if let Some(at) = self.open.iter().rposition(|open| open.read == name) {
                while self.open.len() > at {
                    if let Some(open) = self.open.pop() {
                        self.close(open);
                    }
                }
            }
            return;
        }
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect::<String>()
            .to_ascii_lowercase();
        if name.is_empty() {
            return; // A comment or a declaration.
        }
        let attributes = attributes(&tag[name.len()..]);
        if VOID.contains(&name.as_str()) {
            if self.drop_depth == 0 {
                self.void(&name, &attributes);
            }
            return;
        }
        let (at, heading) = (self.out.len(), self.heading);
        let mut host = None;
        let dropped = WITHHELD.contains(&name.as_str());
        if dropped {
            self.drop_depth += 1;
        }
        let written = match name.as_str() {
            _ if self.drop_depth > 0 => String::new(),
            "a" => {
                let link = attributes
                    .iter()
                    .find(|(key, _)| *key == "href")
                    .map(|(_, value)| *value);
                let link = link.filter(|link| follows(link));
                host = Some(link.map_or_else(|| labels::LINK.to_owned(), host_of));
                self.out.push_str("<a");
                if let Some(link) = link {
                    self.attribute("href", link);
                    self.attribute("rel", "noopener noreferrer");
                }
                self.common(&attributes);
                "a".to_owned()
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let wanted = usize::from(name.as_bytes()[1] - b'0') + 1;
                self.heading = wanted.clamp(2, (self.heading + 1).min(6));
                let name = format!("h{}", self.heading);
                self.begin(&name, &attributes);
                name
            }
            "li" if !self
                .open
                .last()
                .is_some_and(|open| matches!(open.written.as_str(), "ul" | "ol")) =>
            {
                self.begin("div", &attributes);
                "div".to_owned()
            }
            "li" => {
                self.begin("li", &attributes);
                name.clone()
            }
            "table" => {
                self.tables += 1;
                let label = labels::table(self.tables);
                self.out
                    .push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\"");
                self.attribute("aria-label", &label);
                self.out.push('>');
                self.begin("table", &attributes);
                name.clone()
            }
            "th" => {
                self.begin("th", &attributes);
                let scope = attributes.iter().find(|(key, _)| *key == "scope");
                if let Some((_, scope)) = scope {
                    self.attribute("scope", scope);
                }
                name.clone()
            }
            "audio" | "video" => {
                self.begin(&name, &attributes);
                self.out.push_str(" controls preload=\"none\"");
                if let Some((_, source)) = attributes.iter().find(|(key, _)| *key == "src")
                    && Frame::outward(source).is_some()
                {
                    self.attribute("src", source);
                }
                self.attribute("aria-label", labels::player(&name));
                name.clone()
            }
            known if KEPT.contains(&known) => {
                self.begin(known, &attributes);
                name.clone()
            }
            known if PLAIN.contains(&known) => {
                self.begin("div", &attributes);
                "div".to_owned()
            }
            _ => String::new(),
        };
        if !written.is_empty() {
            self.out.push('>');
        }
        let filled = matches!(written.as_str(), "audio" | "video");
        if filled {
            self.fill();
        }
        self.open.push(Open {
            read: name,
            written,
            at,
            inner: self.out.len(),
            filled,
            pictured: false,
            heading,
            host,
        });
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        self.common(attributes);
    }

    fn common(&mut self, attributes: &[(&str, &str)]) {
        for (key, value) in attributes {
            if *key == "lang" {
                if let Some(lang) = language::lang(Some(value)) {
                    self.attribute("lang", lang);
                }
            } else if ATTRIBUTES.contains(key) {
                self.attribute(key, value);
            }
        }
    }

    /// A value is written as it was read: it has no double quote, and references in it stay as they are.
    fn attribute(&mut self, key: &str, value: &str) {
        let value = value.replace('<', "&lt;").replace('"', "&quot;");
        self.out.push_str(&format!(" {key}=\"{value}\""));
    }

    fn close(&mut self, open: Open) {
        if WITHHELD.contains(&open.read.as_str()) {
            self.drop_depth -= 1;
        }
        match open.written.as_str() {
            "" => return,
            // Nobody hears or follows what is empty; a picture without a text in it is shown all the same.
            "h2" | "h3" | "h4" | "h5" | "h6" | "th" | "figcaption" if !open.filled => {
                let inside = self.out.split_off(open.inner);
                let tag = self.out.split_off(open.at);
                if open.written == "th" {
                    let rest = tag.strip_prefix("<th").unwrap_or(">");
                    let rest = rest.split(" scope=\"").next().unwrap_or_default();
                    let rest = rest.trim_end_matches('>');
                    let inside = if open.pictured { inside.as_str() } else { "" };
                    self.out.push_str(&format!("<td{rest}>{inside}</td>"));
                    return;
                }
                if open.written != "figcaption" {
                    self.heading = open.heading;
                }
                if open.pictured {
                    self.out.push_str(&format!("<div>{inside}</div>"));
                }
                return;
            }
            "a" if !open.filled => {
                let host = open.host.unwrap_or_default();
                self.out.push_str(&escaped(&host));
                self.fill();
            }
            _ => {}
        }
        self.out.push_str(&format!("</{}>", open.written));
        if open.written == "table" {
            self.out.push_str("</div>");
        }
    }

    fn void(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let value = |wanted: &str| {
            let found = attributes.iter().find(|(key, _)| *key == wanted);
            found.map(|(_, value)| *value)
        };
        match name {
            "img" => {
                let plain = value("src").map(unescaped);
                let Some(address) =
                    plain.and_then(|src| self.frame.images.address(&self.frame.links, &src))
                else {
                    return;
                };
                let is_own = Some(address.as_str()) == value("src").map(unescaped).as_deref();
                self.out.push_str("<img");
                self.attribute("src", &escaped(&address));
                if let Some(set) = value("srcset").filter(|_| is_own) {
                    self.attribute("srcset", set);
                    self.attribute(
                        "sizes",
                        value("sizes").unwrap_or("(max-width: 44rem) 100vw, 44rem"),
                    );
                }
                let alt = value("alt").unwrap_or_default();
                self.attribute("alt", alt);
                let number = |key| {
                    value(key)
                        .and_then(|value| value.parse::<u32>().ok())
                        .filter(|side| *side > 0)
                };
                if let (Some(width), Some(height)) = (number("width"), number("height")) {
                    self.out
                        .push_str(&format!(" width=\"{width}\" height=\"{height}\""));
                }
                self.out.push_str(
                    " loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">",
                );
                for open in &mut self.open {
                    open.pictured = true;
                }
                if !alt.trim().is_empty() {
                    self.fill();
                }
            }
            "source" => {
                let in_picture = self.open.last().is_some_and(|open| open.read == "picture");
                let key = if in_picture { "srcset" } else { "src" };
                let proxied = self.frame.images != super::Images::Origin;
                let Some(address) = value(key).filter(|_| !(in_picture && proxied)) else {
                    return;
                };
                if Frame::outward(address).is_none() {
                    return;
                }
                self.out.push_str("<source");
                self.attribute(key, address);
                for key in ["type", "media", "sizes"] {
                    if let Some(value) = value(key) {
                        self.attribute(key, value);
                    }
                }
                self.out.push('>');
            }
            _ => {
                self.begin(name, attributes);
                self.out.push('>');
            }
        }
    }
}

/// Names and raw values of a tag's attributes; a value without quotes is empty.
fn attributes(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (name, tail) = rest.split_at(end);
        rest = tail.trim_start();
        let mut value = "";
        if let Some(tail) = rest.strip_prefix('=') {
            let tail = tail.trim_start();
            if let Some(quoted) = tail.strip_prefix('"') {
                let end = quoted.find('"').unwrap_or(quoted.len());
                value = &quoted[..end];
                rest = quoted.get(end + 1..).unwrap_or_default();
            } else {
                let end = tail
                    .find(|c: char| c.is_ascii_whitespace())
                    .unwrap_or(tail.len());
                rest = &tail[end..];
            }
        }
        found.push((name, value));
    }
}

/// Whether a reader may follow an address: anywhere but into a script.
fn follows(link: &str) -> bool {
    let lower = link.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:"]
        .iter()
        .any(|start| lower.starts_with(start))
}

fn host_of(link: &str) -> String {
    let host = url::Url::parse(&unescaped(link)).ok();
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| labels::LINK.to_owned())
}

/// Text for element content and double-quoted attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The references that an attribute of ours can hold.
fn unescaped(value: &str) -> String {
    value
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::super::tests::frame;
    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(prose(&frame(), html), expected, "{html}");
    }

    #[test]
    fn headings_follow_the_page_without_a_gap_and_empty_ones_go() {
        check(
            "<h4>A</h4><h1>B</h1><h2>C</h2><h6>D</h6><h3> </h3>",
            "<h2>A</h2><h2>B</h2><h3>C</h3><h4>D</h4>",
        );
    }

    #[test]
    fn what_is_not_known_does_not_come_out() {
        check(
            "<p onclick=\"x()\" style=\"color:red\" id=\"a\">One<script>two()</script><b title=\"t\">3</b></p><form><input>4</form>",
            "<p>One<b title=\"t\">3</b></p>4",
        );
        check("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>");
        check(
            "<img src=\"javascript:alert(1)\"><img src=\"data:image/png;base64,AA\">",
            "",
        );
        check(
            "<nav>a</nav><article>b</article><li>c</li>",
            "<div>a</div><div>b</div><div>c</div>",
        );
        check(
            "<ul><li>a</li></ul><p>open <b>end",
            "<ul><li>a</li></ul><p>open <b>end</b></p>",
        );
        check("<!-- x --><p lang=\"xx\">a</p>", "<p>a</p>");
        check("<p>a", "<p>a</p>");
        check("<p title=\"a>b\">a</p", "<p title=\"a>b\">a</p>");
    }

    #[test]
    fn pictures_have_a_text_and_empty_links_a_name() {
        let late = " loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">";
        check(
            "<img src=\"https://a.example/?b=1&amp;c\" width=\"10\" height=\"20\">",
            &format!(
                "<img src=\"https://a.example/?b=1&amp;c\" alt=\"\" width=\"10\" height=\"20\"{late}"
            ),
        );
        check(
            "<a href=\"https://b.example/x\"><img src=\"https://a.example/i\" width=\"10\"></a>",
            &format!(
                "<a href=\"https://b.example/x\" rel=\"noopener noreferrer\"><img src=\"https://a.example/i\" alt=\"\"{late}b.example</a>"
            ),
        );
        check(
            "<table><tr><th></th><th scope=\"col\">a</th></tr></table>",
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table 1\"><table><tr><td></td><th scope=\"col\">a</th></tr></table></div>",
        );
    }

    #[test]
    fn a_picture_without_a_text_stays_where_words_are_expected() {
        let image = "<img src=\"https://a.example/i\" alt=\"\" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">";
        let read = "<img src=\"https://a.example/i\">";
        check(
            &format!("<h2>{read}</h2><h3>A</h3>"),
            &format!("<div>{image}</div><h2>A</h2>"),
        );
        check(
            &format!("<figure><figcaption><span>{read}</span></figcaption></figure>"),
            &format!("<figure><div><span>{image}</span></div></figure>"),
        );
        check(
            &format!("<table><tr><th colspan=\"2\" scope=\"col\">{read}</th></tr></table>"),
            &format!(
                "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table 1\"><table><tr><td colspan=\"2\">{image}</td></tr></table></div>"
            ),
        );
        check("<h4>A</h4><h2> </h2><h5>B</h5>", "<h2>A</h2><h3>B</h3>");
    }
}
