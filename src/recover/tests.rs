use super::*;

const FEED: &str = "<rss version=\"2.0\"><channel><title>Café</title></channel></rss>";

fn read<'a>(body: &'a [u8], content_type: Option<&str>) -> Recovered<'a> {
    recover(body, content_type, None, false)
}

fn names(recovered: &Recovered<'_>) -> Vec<&'static str> {
    recovered.repairs.iter().map(|repair| repair.name).collect()
}

/// The children of the channel as they are written anew, and the repairs.
fn mended(inside: &str) -> (String, Vec<&'static str>) {
    let text = format!("<rss version=\"2.0\"><channel>{inside}</channel></rss>");
    let recovered = recover(text.as_bytes(), None, None, true);
    let written = recovered.text.replace('\n', "");
    let start = written.find("<channel>").expect("a channel") + "<channel>".len();
    let end = written.rfind("</channel>").expect("its end");
    (written[start..end].to_owned(), names(&recovered))
}

#[test]
fn well_formed_utf8_is_not_copied() {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- hello -->\n<!DOCTYPE rss [<!ENTITY a \"b>\">]>\n{FEED}"
    );
    let recovered = read(body.as_bytes(), Some("application/rss+xml"));
    assert!(matches!(recovered.text, Cow::Borrowed(_)));
    assert_eq!(
        (recovered.text.as_ref(), names(&recovered).len()),
        (FEED, 0)
    );
}

#[test]
fn encodings_are_found_by_bytes_then_labels() {
    let utf16 = |to: fn(u16) -> [u8; 2], bom: bool| -> Vec<u8> {
        let bom = bom.then_some(0xfeff);
        bom.into_iter()
            .chain(FEED.encode_utf16())
            .flat_map(to)
            .collect()
    };
    let utf32 = |bom: bool| -> Vec<u8> {
        let bom = bom.then_some('\u{feff}');
        bom.into_iter()
            .chain(FEED.chars())
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect()
    };
    let latin: Vec<u8> = FEED.chars().map(|c| c as u8).collect();
    let with = |head: &str, tail: &[u8]| [head.as_bytes(), tail].concat();
    let padded = format!(
        "<!--{}--><?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "x".repeat(90)
    );
    type Case<'a> = (&'a str, Vec<u8>, Option<&'a str>, &'a [&'a str]);
    let cases: Vec<Case<'_>> = vec![
        (
            "UTF-8 mark wins over the declaration",
            with(
                "\u{feff}<?xml version='1.0' encoding='iso-8859-1'?>",
                FEED.as_bytes(),
            ),
            None,
            &[],
        ),
        (
            "UTF-16LE with mark",
            utf16(u16::to_le_bytes, true),
            None,
            &[],
        ),
        (
            "UTF-16BE with mark",
            utf16(u16::to_be_bytes, true),
            None,
            &[],
        ),
        (
            "UTF-16LE by pattern",
            utf16(u16::to_le_bytes, false),
            None,
            &["encoding-utf-16"],
        ),
        (
            "UTF-16BE by pattern",
            utf16(u16::to_be_bytes, false),
            None,
            &["encoding-utf-16"],
        ),
        ("UTF-32 with mark", utf32(true), None, &[]),
        (
            "UTF-32 by pattern",
            utf32(false),
            None,
            &["encoding-utf-32"],
        ),
        (
            "declared UTF-16, really UTF-8",
            with(
                "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
                FEED.as_bytes(),
            ),
            None,
            &[],
        ),
        (
            "charset of the header",
            latin.clone(),
            Some("text/xml; Charset=\"ISO-8859-1\""),
            &[],
        ),
        (
            "declaration after a comment",
            with(&padded, &latin),
            None,
            &[],
        ),
        (
            "nothing declared",
            latin.clone(),
            None,
            &["encoding-windows-1252"],
        ),
        (
            "wrongly declared UTF-8",
            with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", &latin),
            Some("text/xml; charset=utf-8"),
            &["encoding-windows-1252"],
        ),
    ];
    for (name, body, content_type, repairs) in cases {
        let recovered = read(&body, content_type);
        assert_eq!(
            (recovered.text.as_ref(), names(&recovered).as_slice()),
            (FEED, repairs),
            "{name}"
        );
    }
}

#[test]
fn japanese_in_escapes_is_read_by_its_label() {
    let body =
        b"<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><rdf><title>\x1b$BF|K\\\x1b(B</title></rdf>";
    assert!(read(body, None).text.contains("<title>日本</title>"));
}

#[test]
fn one_stray_byte_spoils_only_itself() {
    let decoded = decode::decode(b"<rss>caf\xc3\xa9 \x93x\x94</rss>", None);
    assert_eq!(decoded.text, "<rss>café “x”</rss>");
}

#[test]
fn junk_before_the_root_is_cut() {
    let cases = [
        (format!("\n\n  {FEED}"), vec![]),
        (format!("{}{FEED}", " ".repeat(9_000)), vec![]),
        (
            format!("Notice: undefined index in /x.php on line 3\n<?xml version=\"1.0\"?>{FEED}"),
            vec!["leading-junk"],
        ),
        (
            format!("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>{FEED}"),
            vec![],
        ),
    ];
    for (body, repairs) in cases {
        let recovered = read(body.as_bytes(), None);
        assert_eq!(
            (recovered.text.as_ref(), names(&recovered)),
            (FEED, repairs)
        );
    }
}

#[test]
fn pages_are_left_as_pages() {
    let page = "<!DOCTYPE html><html><body><rss></rss></body></html>";
    assert!(read(page.as_bytes(), None).feed.is_none());
}

#[test]
fn forbidden_characters_are_dropped() {
    let recovered = read("{a\0b\u{b}c\u{ffff}\td}".as_bytes(), None);
    assert_eq!(
        (recovered.text.as_ref(), names(&recovered)),
        ("{abc\td}", vec!["control-characters"])
    );
}

#[test]
fn broken_markup_is_written_anew() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "<title>Fish & chips &eacute; &#146;</title>",
            "<title>Fish &amp; chips é ’</title>",
            &["undefined-entity", "bare-ampersand", "impossible-reference"],
        ),
        (
            "<title>3 < 4</title>",
            "<title>3 &lt; 4</title>",
            &["bare-less-than"],
        ),
        (
            "<item><title>a <b>b</b> c</title></item>",
            "<item><title>a &lt;b&gt;b&lt;/b&gt; c</title></item>",
            &["unescaped-markup"],
        ),
        (
            "<item><title>one</title><item><title>two</title></item>",
            "<item><title>one</title></item><item><title>two</title></item>",
            &["unclosed-element"],
        ),
        (
            "<item><title>one<guid>1</guid></item>",
            "<item><title>one</title><guid>1</guid></item>",
            &["unclosed-element"],
        ),
        (
            "<item><description><![CDATA[one</description></item><item><title><![CDATA[two]]></title></item>",
            "<item><description>one</description></item><item><title>two</title></item>",
            &["unclosed-cdata"],
        ),
        (
            "<item><enclosure url=http://x.example/a.mp3 length='12' length='13' type=\"audio/mpeg\"></item>",
            "<item><enclosure url=\"http://x.example/a.mp3\" length=\"12\" type=\"audio/mpeg\"/></item>",
            &[
                "duplicate-attribute",
                "broken-attribute",
                "unclosed-element",
            ],
        ),
        (
            "<item><media:title>no</media:title><title>yes</title></item>",
            "<item><media:title>no</media:title><title>yes</title></item>",
            &["undeclared-prefix"],
        ),
        (
            "<ITEM><Title>x</Title></item>",
            "<item><title>x</title></item>",
            &["stray-end-tag"],
        ),
        (
            "<item><p/></wrong><title>x</title></item>",
            "<item><title>x</title></item>",
            &["stray-end-tag"],
        ),
        ("<!-- a -- b --><title>x</title>", "<title>x</title>", &[]),
    ];
    for (given, want, repairs) in cases {
        assert_eq!(
            mended(given),
            ((*want).to_owned(), repairs.to_vec()),
            "{given}"
        );
    }
}

#[test]
fn a_cut_document_keeps_its_whole_items() {
    let body = "<rss version=\"2.0\"><channel><item><title>one</title></item><item><title>tw";
    let recovered = read(body.as_bytes(), None);
    let feed = recovered.feed.as_ref().expect("a feed");
    assert!(feed.cut && feed.carried.entries.len() == 1);
    assert!(
        recovered
            .text
            .ends_with("<item><title>one</title></item>\n</channel></rss>")
    );
    assert_eq!(names(&recovered), ["truncated"]);
    let unclosed = read(
        b"<rss version=\"2.0\"><channel><item><title>one</title></item>",
        None,
    );
    assert!(!unclosed.feed.expect("a feed").cut);
}

#[test]
fn dialects_come_down_to_two() {
    let cases = [
        (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>\
             <channel rdf:about='http://x.example/'><title>t</title></channel>\
             <item rdf:about='http://x.example/1'><title>one</title></item></rdf:RDF>",
            Format::Rss10,
            "<item><guid>http://x.example/1</guid><title>one</title></item>",
        ),
        (
            "<CHANNEL HREF='http://x.example/'><ITEM HREF='/1'><ABSTRACT>a</ABSTRACT></ITEM></CHANNEL>",
            Format::Cdf,
            "<item><link>/1</link><description>a</description></item>",
        ),
        (
            "<feed xmlns='http://purl.org/atom/ns#' version='0.3'><entry><title mode='escaped' type='text/html'>a \
             &amp;amp; b</title></entry></feed>",
            Format::Atom03,
            "<entry><title type=\"html\">a &amp;amp; b</title></entry>",
        ),
        (
            "<a:feed xmlns:a='https://www.w3.org/2005/Atom/' xml:base='http://x.example/a/'><a:entry>\
             <a:link href='b'/><a:content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x<br/><i/></div>\
             </a:content></a:entry></a:feed>",
            Format::Atom10,
            "<entry><link href=\"http://x.example/a/b\"/><content type=\"html\">x&lt;br/&gt;&lt;i&gt;&lt;/i&gt;</content></entry>",
        ),
    ];
    for (body, format, want) in cases {
        let recovered = read(body.as_bytes(), None);
        assert_eq!(
            recovered.feed.as_ref().map(|feed| feed.format),
            Some(format)
        );
        assert!(recovered.text.contains(want), "{}", recovered.text);
    }
}

#[test]
fn what_the_parser_drops_is_carried() {
    let body = "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>t</title>\
                <item xml:lang=\"fr\"><guid isPermaLink=\"false\">1</guid><dc:subject>mills</dc:subject>\
                <dc:subject> </dc:subject><source url=\"http://o.example/f\">Other</source></item></channel></rss>";
    let recovered = read(body.as_bytes(), None);
    assert!(matches!(recovered.text, Cow::Borrowed(_)));
    let feed = recovered.feed.expect("a feed");
    let entry = &feed.carried.entries[0];
    assert_eq!(entry.texts("dc:subject").collect::<Vec<_>>(), ["mills"]);
    assert_eq!(entry.text("guid@isPermaLink"), Some("false"));
    assert_eq!(
        entry
            .all("source")
            .next()
            .and_then(|source| source.attribute("url")),
        Some("http://o.example/f")
    );
    assert_eq!(entry.language.as_deref(), Some("fr"));
}

#[test]
fn depth_and_numbers_are_bounded() {
    let deep = format!(
        "<item>{}<title>x</title></item>",
        "<media:group>".repeat(5_000)
    );
    assert!(mended(&deep).0.matches("<media:group>").count() <= 200);
    let many = format!(
        "<rss version=\"2.0\"><channel>{}</channel></rss>",
        "<item/>".repeat(MAX_ENTRIES + 10)
    );
    let recovered = read(many.as_bytes(), None);
    let feed = recovered.feed.as_ref().expect("a feed");
    assert_eq!(feed.carried.entries.len(), MAX_ENTRIES);
    assert_eq!(recovered.text.matches("<item>").count(), MAX_ENTRIES);
    assert_eq!(names(&recovered), ["entries-capped"]);
}

#[test]
fn an_empty_root_holds_what_follows_it() {
    let text = "<rss version=\"2.0\"/><channel><title>a</title><item><title>b</title></item></channel></rss>";
    let recovered = read(text.as_bytes(), None);
    assert_eq!(recovered.text.matches("<rss").count(), 1);
    assert_eq!(recovered.feed.expect("a feed").carried.entries.len(), 1);
}

#[test]
fn what_was_left_open_too_deep_costs_its_entry_alone() {
    let (written, _) = mended(&format!(
        "<item>{}</item><item><title>b</title></item>",
        "<x>".repeat(1_000)
    ));
    assert!(
        written.ends_with("<item><title>b</title></item>"),
        "{written}"
    );
}

#[test]
fn the_uses_of_an_entity_are_bounded_together() {
    let uses = "&a;".repeat(5_000);
    let text = format!(
        "<!DOCTYPE rss [<!ENTITY a \"{}\">]><rss version=\"2.0\"><channel><title>{uses}</title></channel></rss>",
        "b".repeat(900)
    );
    let recovered = read(text.as_bytes(), None);
    assert!(
        (1_000_000..1_100_000).contains(&recovered.text.len()),
        "{}",
        recovered.text.len()
    );
}
