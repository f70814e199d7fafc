use proptest::prelude::*;

use super::*;

const A: &str = "[[source]]\nurl = \"https://a.example/\"\n";

fn new(url: &str) -> NewSource {
    NewSource {
        url: url.to_owned(),
        ..NewSource::default()
    }
}

/// Adding gives the second text, and taking out again the first.
fn check_added(before: &str, after: &str) {
    let added = add(before, &[new("https://n.example/")]).expect(before);
    assert_eq!(added, after, "{before:?}");
    let index = count(before).expect(before);
    assert_eq!(remove(&added, index).expect(after), before, "{after:?}");
}

#[test]
fn a_source_is_added_behind_the_last_one() {
    let n = "[[source]]\nurl = \"https://n.example/\"\n";
    check_added("", n);
    check_added("# mine\n", &format!("# mine\n\n{n}"));
    check_added("\n", &format!("\n\n{n}"));
    check_added(
        "[fetch]\nper_host = 1\n\n\n",
        &format!("[fetch]\nper_host = 1\n\n{n}\n\n"),
    );
    check_added(A, &format!("{A}\n{n}"));
    check_added(A.trim_end(), &format!("{A}\n{}", n.trim_end()));
    check_added(
        &format!("{A}# paused = true\n\n# All of it.\n[[output]]\nname = \"all\"\n"),
        &format!("{A}# paused = true\n\n{n}\n# All of it.\n[[output]]\nname = \"all\"\n"),
    );
    check_added(
        &format!("{A}# All of it.\n[[output]]\nname = \"all\"\n"),
        &format!("{A}\n{n}# All of it.\n[[output]]\nname = \"all\"\n"),
    );
    check_added(
        &format!(
            "{A}[[output]]\nname = \"all\"\n[source.headers]\nA = \"\"\"\n# no comment\"\"\" # one\n"
        ),
        &format!(
            "{A}[[output]]\nname = \"all\"\n[source.headers]\nA = \"\"\"\n# no comment\"\"\" # one\n\n{n}"
        ),
    );
    check_added(
        "\u{feff}[server]\r\n[[output]]\r\nname = \"all\"\r\n",
        &format!(
            "\u{feff}[server]\r\n[[output]]\r\nname = \"all\"\r\n\r\n{}",
            n.replace('\n', "\r\n")
        ),
    );
    check_added(
        "source = []\n",
        "source = [{ url = \"https://n.example/\" }]\n",
    );
    check_added(
        "source = [\n  { url = \"a\" }, # first\n]\n",
        "source = [\n  { url = \"a\" }, # first\n  { url = \"https://n.example/\" },\n]\n",
    );
    check_added(
        "source = [\n  { url = \"a\" } # first, one\n  # more\n]\n",
        "source = [\n  { url = \"a\" }, # first, one\n  { url = \"https://n.example/\" }\n  # more\n]\n",
    );
    check_added(
        "source = [\n  { url = \"a\" }\n, # odd\n]\n",
        "source = [\n  { url = \"a\" }, { url = \"https://n.example/\" }\n, # odd\n]\n",
    );
    check_added(
        "source = [{ url = \"a\" }]",
        "source = [{ url = \"a\" }, { url = \"https://n.example/\" }]",
    );
}

#[test]
fn every_key_is_written_as_toml() {
    let source = NewSource {
        url: "https://n.example/?a=\"b\"".to_owned(),
        id: Some("n".to_owned()),
        title: Some("Say \"it's\"\\ \u{7} now".to_owned()),
        tags: vec!["a b".to_owned(), "ü".to_owned()],
        schedule: Some("@daily".to_owned()),
    };
    let text = add("", std::slice::from_ref(&source)).expect("TOML");
    let read: toml::Table = text.parse().expect("TOML");
    let read = &read["source"][0];
    assert_eq!(read["url"].as_str(), Some(source.url.as_str()));
    assert_eq!(read["title"].as_str(), source.title.as_deref());
    assert_eq!(read["tags"][1].as_str(), Some("ü"));
    assert_eq!(read["schedule"].as_str(), Some("@daily"));
    assert_eq!(read["id"].as_str(), Some("n"));
}

#[test]
fn a_source_goes_with_its_comments_and_tables_alone() {
    let text = "# Top.\n\n# The sea.\n# Tides.\n[[source]]\nurl = \"https://sea.example/\" # salty\n# within\n\
                tags = [\n  \"a\", # one\n]\n# below\n\n# Apart.\n\n[[source]]\nurl = \"https://b.example/\"\n\n\
                [source.headers]\nA = \"b\"\n# Out.\n[[output]]\nname = \"all\"\n";
    let without_sea = "# Top.\n\n# Apart.\n\n[[source]]\nurl = \"https://b.example/\"\n\n\
                [source.headers]\nA = \"b\"\n# Out.\n[[output]]\nname = \"all\"\n";
    assert_eq!(remove(text, 0).as_deref(), Ok(without_sea));
    let without_both = "# Top.\n\n# Apart.\n# Out.\n[[output]]\nname = \"all\"\n";
    assert_eq!(remove(without_sea, 0).as_deref(), Ok(without_both));
    assert_eq!(remove(without_both, 0), Err(Error::NoSource(0)));
    assert_eq!(
        remove(&format!("{A}\n[server]\n"), 0).as_deref(),
        Ok("[server]\n")
    );
    let inline = "source = [\n  { url = \"a\" },\n  { url = \"b\" },\n]\n";
    assert_eq!(
        remove(inline, 0).as_deref(),
        Ok("source = [\n  { url = \"b\" },\n]\n")
    );
    assert_eq!(
        remove("source = [{ url = \"a\" } , ]", 0).as_deref(),
        Ok("source = [ ]")
    );
}

#[test]
fn pausing_writes_a_line_and_resuming_takes_it_out() {
    let check = |text: &str, index: usize, paused: &str| {
        assert_eq!(set_paused(text, index, true).as_deref(), Ok(paused));
        assert_eq!(set_paused(paused, index, true).as_deref(), Ok(paused));
        assert_eq!(set_paused(paused, index, false).as_deref(), Ok(text));
        assert_eq!(set_paused(text, index, false).as_deref(), Ok(text));
    };
    let b = "[[source]]\n  url = \"b\" # bee\n# more\n[source.headers]\nA = \"b\"\n";
    check(
        &format!("{A}{b}"),
        1,
        &format!("{A}{}", b.replace("# bee\n", "# bee\n  paused = true\n")),
    );
    check(
        "[[source]]\r\nurl = \"a\"\r\n",
        0,
        "[[source]]\r\nurl = \"a\"\r\npaused = true\r\n",
    );
    check(
        "[[source]]\nurl = \"a\"",
        0,
        "[[source]]\nurl = \"a\"\npaused = true",
    );
    check(
        "source = [{ url = \"a\" }]",
        0,
        "source = [{ url = \"a\", paused = true }]",
    );
    let off = format!("{A}paused = false # not now\n");
    let on = format!("{A}paused = true # not now\n");
    assert_eq!(set_paused(&off, 0, true), Ok(on.clone()));
    assert_eq!(set_paused(&off, 0, false), Ok(off));
    assert_eq!(set_paused(&on, 0, false).as_deref(), Ok(A));
    assert_eq!(
        set_paused("source = [{ paused = true, url = \"a\" }]", 0, false).as_deref(),
        Ok("source = [{ url = \"a\" }]")
    );
    assert_eq!(set_paused(A, 1, true), Err(Error::NoSource(1)));
    assert!(matches!(set_paused("[[", 0, true), Err(Error::NotToml(_))));
}

/// Pieces of which texts are made: tables, comments, empty lines.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[[source]]\nurl = \"u\"\n",
        "[[source]] # one\n\turl = 'u' # two\ntags = [\n# three\n'a',\n]\n",
        "[[source]]\nurl = \"u\"\nheaders.A = \"\"\"x\n\n# y\"\"\"\n",
        "[[source]]\nurl = \"u\"\n[source.headers]\nA = \"b\"\n",
        "[[output]]\nname = \"n\"\n",
        "[[opml]]\n",
        "# a note\n",
        "\n",
        "  \n",
    ])
}

fn text() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(piece(), 0..12),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(pieces, windows, open)| {
            let mut text = pieces.concat();
            if open && text.ends_with('\n') {
                text.pop();
            }
            if windows {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
}

/// `source = [ … ]` in many shapes.
fn inline() -> impl Strategy<Value = String> {
    let item = (0..4_usize, any::<bool>(), any::<bool>());
    let items = prop::collection::vec(item, 0..5);
    (items, any::<bool>(), any::<bool>()).prop_map(|(items, trailing, open)| {
        let mut text = "# top\nsource = [".to_owned();
        let count = items.len();
        for (index, (shape, comment, lone)) in items.into_iter().enumerate() {
            let comma = if index + 1 < count || trailing {
                ","
            } else {
                ""
            };
            let comment = if comment { " # a, note\n" } else { "" };
            let item = [
                "{ url = \"u\" }",
                "{url='u', tags=[\"a\"]}",
                "{ url = \"#,\" }",
                "{ url = \"v\" } ",
            ][shape];
            let before = if lone { "\n  " } else { " " };
            text.push_str(&format!("{before}{item}{comma}{comment}"));
        }
        text.push_str(if open { "\n]\n" } else { " ]\n" });
        text
    })
}

proptest! {
    #[test]
    fn what_was_added_and_removed_leaves_no_trace(text in prop_oneof![text(), inline()], more in 1..4_usize) {
        let before = count(&text).expect("TOML");
        let added = add(&text, &vec![new("https://n.example/"); more]).expect("TOML");
        prop_assert_eq!(count(&added), Ok(before + more));
        let read: toml::Table = added.parse().expect("TOML");
        let sources = read["source"].as_array().expect("sources");
        for source in &sources[before..] {
            prop_assert_eq!(source.as_table().map(|table| table.len()), Some(1));
        }
        let mut gone = added;
        for index in (before..before + more).rev() {
            gone = remove(&gone, index).expect("a source");
        }
        prop_assert_eq!(gone, text);
    }

    #[test]
    fn removing_and_pausing_touch_one_source(text in prop_oneof![text(), inline()], which in any::<prop::sample::Index>()) {
        let count = count(&text).expect("TOML");
        prop_assume!(count > 0);
        let index = which.index(count);
        let mut wanted: toml::Table = text.parse().expect("TOML");
        let paused = set_paused(&text, index, true).expect("a source");
        prop_assert_eq!(&set_paused(&paused, index, false).expect("a source"), &text);
        let read: toml::Table = paused.parse().expect("TOML");
        let sources = |table: &mut toml::Table| {
            table.remove("source").and_then(|sources| sources.as_array().cloned()).unwrap_or_default()
        };
        let mut left = sources(&mut wanted);
        let mut both = left.clone();
        both[index].as_table_mut().expect("a table").insert("paused".into(), true.into());
        prop_assert_eq!(sources(&mut read.clone()), both);
        left.remove(index);
        let mut removed: toml::Table = remove(&text, index).expect("a source").parse().expect("TOML");
        prop_assert_eq!(sources(&mut removed), left);
        prop_assert_eq!(removed, wanted);
    }
}
