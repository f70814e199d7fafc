//! What tries to run something, in every field of an entry: nothing of it would, in any format, even in a reader that
//! takes text for HTML.

use feedmill::daemon;

use crate::mill::{Mill, source};
use crate::origin::{Origin, Reply};

const VECTORS: [&str; 12] = [
    "<script>run()</script>",
    "\"><img src=x onerror=run()>",
    "<svg/onload=run()>",
    "</title><script>run()</script>",
    "<scr<script>ipt>run()</scr</script>ipt>",
    "<iframe srcdoc=\"<script>run()</script>\"></iframe>",
    "<a href=\"java&#10;script:run()\">a</a>",
    "<!--><img src=x onerror=run()>-->",
    "javascript:run()",
    " JaVaScRiPt:run()",
    "vbscript:run()",
    "data:text/html,<script>run()</script>",
];

fn quoted(text: &str) -> String {
    { text.replace('&', "&amp;").replace('<', "&lt;") }.replace('"', "&quot;")
}

/// An item whose every field is the vector, and Atom's own fields too.
fn item(number: usize, vector: &str) -> String {
    let v = quoted(vector);
    format!(
        "<item><guid isPermaLink=\"false\">{v}</guid><title>{v} {number}</title><link>https://x.example/{number}</link>\
         <description>{v} {number}</description><content:encoded>{v} &lt;p&gt;Body {number}&lt;/p&gt;</content:encoded>\
         <dc:creator>{v}</dc:creator><category domain=\"{v}\">{v}</category><comments>{v}</comments>\
         <enclosure url=\"{v}\" type=\"{v}\" length=\"5\"/><source url=\"{v}\">{v}</source><dc:rights>{v}</dc:rights>\
         <dc:language>{v}</dc:language><media:content url=\"https://x.example/{number}.png\" type=\"{v}\">\
         <media:title>{v}</media:title><media:credit>{v}</media:credit><media:description>{v}</media:description>\
         </media:content></item>"
    )
}

/// Places where HTML would see the beginning of a tag that is none of ours.
fn tags(text: &str) -> Vec<&str> {
    let ours = ["p>", "/p>", "a>", "a ", "/a>", "img "];
    text.match_indices('<')
        .map(|(at, _)| &text[at + 1..])
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)))
        .filter(|rest| !ours.iter().any(|tag| rest.starts_with(tag)))
        .collect()
}

#[tokio::test]
async fn nothing_of_it_would_run() {
    let origin = Origin::start().await;
    let items: String = { VECTORS.iter().enumerate() }
        .map(|(number, vector)| item(number, vector))
        .collect();
    origin.script(
        "/feed",
        Reply::ok(format!(
            "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:media=\"http://search.yahoo.com/mrss/\">\
             <channel><title>{}</title>{items}</channel></rss>",
            quoted(VECTORS[1])
        )),
    );
    let mill = Mill::new(vec![source("feed", origin.url("/feed"))]).await;
    assert_eq!(mill.outcome("feed").await, "ok");
    let config = feedmill::config::parse("", "feedmill.toml".as_ref()).expect("defaults");
    let (site, _) = daemon::rendered(&config, &mill.shell, &mill.sources).expect("rendered");
    for extension in ["atom", "rss"] {
        let text =
            String::from_utf8(site[&format!("all.{extension}")].body().to_vec()).expect("UTF-8");
        assert_eq!(text.matches("Body ").count(), VECTORS.len(), "{text}");
        let read = feed_rs::parser::parse(text.as_bytes()).expect("a feed");
        for entry in read.entries {
            let texts = { entry.authors.iter() }
                .filter_map(|person| person.name.as_deref())
                .chain(
                    entry
                        .categories
                        .iter()
                        .flat_map(|one| [&one.term[..], one.label.as_deref().unwrap_or("")]),
                )
                .chain(
                    entry
                        .content
                        .iter()
                        .filter_map(|content| content.body.as_deref()),
                )
                .chain(
                    entry
                        .title
                        .iter()
                        .filter(|_| extension == "rss")
                        .map(|title| &title.content[..]),
                )
                .chain(
                    entry
                        .media
                        .iter()
                        .flat_map(|media| media.description.iter().map(|text| &text.content[..])),
                );
            for text in texts {
                assert_eq!(tags(text), [""; 0], "{extension}: {text}");
            }
            let links = { entry.links.iter() }
                .map(|link| &link.href[..])
                .chain(
                    entry
                        .categories
                        .iter()
                        .filter_map(|one| one.scheme.as_deref()),
                )
                .chain([&entry.id[..]]);
            for link in links {
                let scheme = link
                    .trim()
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                assert!(
                    !["javascript", "vbscript", "data"].contains(&&scheme[..]),
                    "{extension}: {link}"
                );
            }
        }
    }
    let json: serde_json::Value = serde_json::from_slice(site["all.json"].body()).expect("JSON");
    let items = json["items"].as_array().expect("items");
    assert_eq!(items.len(), VECTORS.len());
    for item in items {
        let mut item = item.clone();
        item.as_object_mut().expect("an item").remove("_article");
        check(&item);
    }
}

/// Every string below a value.
fn check(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            assert_eq!(tags(text), [""; 0], "{text}");
        }
        serde_json::Value::Array(all) => all.iter().for_each(check),
        serde_json::Value::Object(all) => all.values().for_each(check),
        _ => {}
    }
}
