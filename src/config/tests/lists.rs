//! `[[opml]]`.
use std::fmt::Write as _;
use std::time::Instant;

use super::*;

/// Loads a configuration beside an OPML file `list.opml` (and `more.opml`, the same but for its folder).
fn with_list(config: &str, opml: &[u8]) -> Result<Config, Problems> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("list.opml"), opml).expect("writes");
    std::fs::write(
        folder.path().join("more.opml"),
        br#"<opml><outline text="b" xmlUrl="https://b.example/"/></opml>"#,
    )
    .expect("writes");
    read_at(folder.path().join("feedmill.toml"), config)
}

const ONE: &str = "[[opml]]\npath = \"list.opml\"\ntags = [\"blogs\"]\n";

fn listed(config: &Config) -> Vec<(&str, Option<&str>, String)> {
    let entry = |source: &'_ Source| source.tags.join(" ");
    config
        .sources
        .iter()
        .map(|source| (source.url.as_str(), source.title.as_deref(), entry(source)))
        .collect()
}

#[test]
fn folders_become_tags_and_names_have_any_case() {
    let opml = r#"<?xml version="1.0"?>
        <OPML version="1.0"><head><title>x</title></head><body>
        <outline text="Science &amp; Räume">
            <outline TEXT="A" xmlurl="https://a.example/?x=1&amp;y=2" type="rss"/>
            <outline text="Deep" title="Deeper"><outline title="B" text="b" XMLURL="https://b.example/?x=1&y=2"></outline></outline>
        </outline>
        <outline text="C" type="RSS" url="https://c.example/feed"/>
        <outline text="a link" type="link" url="https://d.example/"/>
        </body></OPML>"#;
    let config = with_list(ONE, opml.as_bytes()).expect("good");
    let expected = [
        (
            "https://a.example/?x=1&y=2",
            Some("A"),
            "blogs science-r-ume".to_owned(),
        ),
        (
            "https://b.example/?x=1&y=2",
            Some("B"),
            "blogs deeper science-r-ume".to_owned(),
        ),
        ("https://c.example/feed", Some("C"), "blogs".to_owned()),
    ];
    assert_eq!(listed(&config), expected);
    assert_eq!(warnings(&config), [""; 0]);
    assert_eq!(config.sources[0].id, "a-example");
}

#[test]
fn one_address_in_lists_is_one_source_with_all_tags_and_a_source_wins() {
    let text = r#"
        [[source]]
        url = "https://a.example/"
        tags = ["own"]
        priority = 7
        [[opml]]
        path = "list.opml"
        tags = ["one"]
        [[opml]]
        path = "more.opml"
        tags = ["two"]
        "#;
    let opml = br#"<opml><body><outline text="X"><outline xmlUrl="https://b.example/"/></outline>
        <outline text="A" xmlUrl="https://a.example/"/><outline text="Y"><outline xmlUrl="https://b.example/"/></outline></body></opml>"#;
    let config = with_list(text, opml).expect("good");
    let expected = [
        ("https://a.example/", None, "one own".to_owned()),
        ("https://b.example/", Some("b"), "one two x y".to_owned()),
    ];
    assert_eq!(listed(&config), expected);
    assert_eq!(config.sources[0].priority, 7);
}

#[test]
fn a_broken_outline_costs_only_itself() {
    let opml = "<opml><body>\n\
        <outline text=\"A\" xmlUrl=\"https://a.example/\"/>\n\
        <outline text=\"open\" xmlUrl=\"https://open.example//>\n\
        <outline text=\"B\" xmlUrl=\"https://b.example/\"/>\n\
        <outline text=\"mail\" xmlUrl=\"mailto:x\"/>\n\
        <outline text=\"none\" type=\"rss\"/>\n\
        </wrong><outline text=\"C\" xmlUrl=\"file:c.xml\"/>\n\
        <outline text=\"cut\" xmlUrl=\"https://cut.exa";
    let config = with_list(ONE, opml.as_bytes()).expect("good");
    let urls: Vec<&str> = config
        .sources
        .iter()
        .map(|source| source.url.as_str())
        .collect();
    assert_eq!(urls[..2], ["https://a.example/", "https://b.example/"]);
    assert!(
        urls.len() == 3 && urls[2].starts_with("file:///") && urls[2].ends_with("/c.xml"),
        "{urls:?}"
    );
    let expected = [
        "list.opml:3:1: the tag is not closed; left out",
        "list.opml:5:1: outline \"mail\": no address of a feed; write one that begins with \"https://\", \"http://\" or \"file:\"; left out",
        "list.opml:6:1: a feed without an xmlUrl; left out",
        "list.opml:8:1: the tag is not closed; left out",
    ];
    assert_eq!(warnings(&config), expected);
}

#[test]
fn depth_and_length_are_bounded() {
    let folder = "<outline text=\"f\">";
    let deep = format!(
        "<opml>{}<outline xmlUrl=\"https://deep.example/\"/>{}<outline xmlUrl=\"https://a.example/\"/></opml>",
        folder.repeat(200),
        "</outline>".repeat(200)
    );
    let document = opml::read(&deep).expect("good");
    assert_eq!(document.outlines.len(), 1);
    assert_eq!(
        (
            document.outlines[0].url.as_str(),
            document.outlines[0].tags.len()
        ),
        ("https://a.example/", 0)
    );
    assert_eq!(
        document.broken,
        [(
            6 + 64 * folder.len(),
            "nested deeper than 64 folders; left out"
        )]
    );
    let long = format!("<opml>{}</opml>", "<outline/>".repeat(100_001));
    assert_eq!(
        opml::read(&long).expect_err("too long"),
        "has more than 100000 outlines; leave some out"
    );
    let broken = format!("<opml>{}", "<outline x=\"'".repeat(5_001));
    assert!(opml::read(&broken).is_ok());
}

#[test]
fn an_unusable_list_is_an_error() {
    let cases: [(&str, &[u8], &str); 5] = [
        (
            "path = \"list.opml\"",
            b"<rss/>",
            "2:8: opml[1].path: FOLDER/list.opml is no OPML document; export the list as OPML",
        ),
        (
            "path = \"none.opml\"",
            b"",
            "2:8: opml[1].path: FOLDER/none.opml cannot be read: No such file or directory (os error 2); give its path, relative to this file",
        ),
        (
            "tags = []",
            b"",
            "1:1: opml[1]: no `path`; write path = \"blogs.opml\"",
        ),
        (
            "path = \"list.opml\"\nurl = \"https://a.example/\"",
            b"",
            "3:7: opml[1].url: `path` is given as well; keep one of the two",
        ),
        (
            "url = \"file:list.opml\"",
            b"",
            "2:7: opml[1].url: no address of an OPML list; write \"https://…\", or `path` for a file",
        ),
    ];
    for (line, opml, expected) in cases {
        let problems = with_list(&format!("[[opml]]\n{line}\n"), opml).expect_err(line);
        let folder = problems.0[0]
            .file
            .parent()
            .expect("a folder")
            .display()
            .to_string();
        assert_eq!(problems.0.len(), 1, "{problems}");
        assert_eq!(
            brief(&problems.0[0]).replace(&folder, "FOLDER"),
            format!("feedmill.toml:{expected}")
        );
    }
}

#[test]
fn other_encodings_are_read_as_declared() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><opml><outline text='Caf\xe9' xmlUrl='https://a.example/'/></opml>";
    assert_eq!(
        with_list(ONE, latin).expect("good").sources[0]
            .title
            .as_deref(),
        Some("Café")
    );
    let wide: Vec<u8> = "\u{feff}<opml><outline text='Ω' xmlUrl='https://a.example/'/></opml>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        with_list(ONE, &wide).expect("good").sources[0]
            .title
            .as_deref(),
        Some("Ω")
    );
}

#[test]
fn five_thousand_outlines_load_quickly() {
    let mut opml = String::from("<opml version=\"2.0\"><body>\n");
    for number in 0..5_000 {
        writeln!(opml, "<outline text=\"Feed {number}\" type=\"rss\" xmlUrl=\"https://host{number}.example/feed.xml\"/>").expect("a string");
    }
    opml.push_str("</body></opml>\n");
    let start = Instant::now();
    let config = with_list(ONE, opml.as_bytes()).expect("good");
    // Far above the 100 ms of an optimized build, so that a busy machine does not fail; a square law would.
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(config.sources.len(), 5_000);
}
