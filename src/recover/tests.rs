use super::*;

const FEED: &str = "<rss version=\"2.0\"><channel><title>Café</title></channel></rss>";

#[test]
fn well_formed_utf8_is_not_copied() {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- hello -->\n<!DOCTYPE rss [<!ENTITY a \"b>\">]>\n{FEED}"
    );
    let recovered = recover(body.as_bytes(), Some("application/rss+xml"));
    assert!(matches!(recovered.text, Cow::Borrowed(_)));
    assert_eq!(
        (recovered.text.as_ref(), recovered.repairs.len()),
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
        let recovered = recover(&body, content_type);
        assert_eq!(
            (recovered.text.as_ref(), recovered.repairs.as_slice()),
            (FEED, repairs),
            "{name}"
        );
    }
}

#[test]
fn japanese_in_escapes_is_read_by_its_label() {
    let body = b"<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><rss><title>\x1b$BF|K\\\x1b(B</title></rss>";
    assert_eq!(recover(body, None).text, "<rss><title>日本</title></rss>");
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
        let recovered = recover(body.as_bytes(), None);
        assert_eq!(
            (recovered.text.as_ref(), recovered.repairs),
            (FEED, repairs)
        );
    }
}

#[test]
fn pages_are_left_as_pages() {
    let page = "<!DOCTYPE html><html><body><rss></rss></body></html>";
    assert_eq!(recover(page.as_bytes(), None).text, page);
}

#[test]
fn forbidden_characters_are_dropped() {
    let recovered = recover("<rss>a\0b\u{b}c\u{ffff}\td</rss>".as_bytes(), None);
    assert_eq!(
        (recovered.text.as_ref(), recovered.repairs.as_slice()),
        ("<rss>abc\td</rss>", &["control-characters"][..])
    );
}

#[test]
fn depth_counts_tags_and_nothing_else() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(limits::census(&nested(limits::MAX_DEPTH)).is_ok());
    assert_eq!(
        limits::census(&nested(limits::MAX_DEPTH + 1)),
        Err(limits::Error::Depth {
            position: limits::MAX_DEPTH * 3
        })
    );
    for flat in [
        "<br/>",
        "<![CDATA[<a>]]>",
        "<!-- <a> -->",
        "<?a <a> ?>",
        "<x y='>'></x>",
        "< a ",
    ] {
        assert!(limits::census(&flat.repeat(1_000)).is_ok(), "{flat}");
    }
}

#[test]
fn entries_beyond_the_cap_are_cut_off() {
    let text = format!(
        "<rss><channel>{}</channel></rss>",
        "<item/>".repeat(limits::MAX_ENTRIES + 10)
    );
    let census = limits::census(&text).unwrap();
    let (at, tail) = census.cut.unwrap();
    assert_eq!(
        (census.entries, at, tail.as_str()),
        (
            limits::MAX_ENTRIES,
            14 + 7 * limits::MAX_ENTRIES,
            "</channel></rss>"
        )
    );
}

#[test]
fn attributes_are_bounded() {
    let element = |count: usize| format!("<a {}/>", "b='=' ".repeat(count));
    assert!(limits::census(&element(limits::MAX_ATTRIBUTES)).is_ok());
    assert_eq!(
        limits::census(&element(limits::MAX_ATTRIBUTES + 1)),
        Err(limits::Error::Attributes { position: 0 })
    );
}
