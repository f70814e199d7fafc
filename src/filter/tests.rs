use proptest::prelude::*;

use super::*;
use crate::model::{Author, Category, Details, IdKind};

fn entry() -> Entry {
    Entry {
        id: "1".into(),
        id_kind: IdKind::Published,
        url: Some("https://mill.example/posts/1".into()),
        title: Some("The Wheel turns in \"Rust\"".into()),
        published: None,
        updated: None,
        content_html: "<p>Flour &amp; water,<br>four words</p>".into(),
        details: Details {
            summary: Some("On bread.".into()),
            authors: vec![
                Author {
                    name: "Ada Miller".into(),
                    email: Some("ada@mill.example".into()),
                    ..Author::default()
                },
                Author {
                    name: "Ben Baker".into(),
                    ..Author::default()
                },
            ],
            categories: vec![Category {
                term: "bread".into(),
                label: Some("Bread & more".into()),
                ..Category::default()
            }],
            language: Some("en-GB".into()),
            ..Details::default()
        },
    }
}

fn filter(text: &str) -> Filter {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn matches(text: &str) -> bool {
    filter(text).matches(&Subject::new(&entry(), TimeDelta::hours(30)))
}

#[test]
fn each_field_and_operator_says_what_it_says() {
    for text in [
        "title ~ \"W.eel\"",
        "title ~ \"(?i)rust\"",
        "title!~\"rust\"",
        "title contains \"RUST\"",
        "title contains \"in \\\"Rust\\\"\"",
        "title contains 'in \"Rust\"'",
        "title ~ '\\bin\\b'",
        "title !contains \"python\"",
        "title = \"the wheel turns in \\\"rust\\\"\"",
        "title != \"the wheel\"",
        "summary = 'on bread.'",
        "content ~ \"water,\\s+four\"",
        "content contains \"flour & water\"",
        "author = \"ben baker\"",
        "author ~ \"@mill\"",
        "author !~ \"Cleo\"",
        "category = \"bread & more\"",
        "url ~ \"^https://mill\\.example/\"",
        "language = \"en\"",
        "language = \"EN-gb\"",
        "language != \"e\"",
        "age > 1d",
        "age >= \"30h\"",
        "age < 1d 7h",
        "words = 4",
        "words <= 4",
        "words != 5",
        "  words  >  \"3\"  ",
    ] {
        assert!(matches(text), "{text}");
    }
    for text in [
        "title ~ \"rust\"",
        "title !~ \"Rust\"",
        "title = \"the wheel\"",
        "author !~ \"Ben\"",
        "author != \"ben baker\"",
        "category = \"food\"",
        "language = \"en-US\"",
        "age < 30h",
        "words > 5",
    ] {
        assert!(!matches(text), "{text}");
    }
}

#[test]
fn what_is_not_there_is_empty_text() {
    let bare = Entry {
        title: None,
        url: None,
        content_html: String::new(),
        details: Details {
            summary: Some("three words long".into()),
            ..Details::default()
        },
        ..entry()
    };
    let subject = Subject::new(&bare, TimeDelta::hours(-1));
    for text in [
        "title = \"\"",
        "title !~ \".\"",
        "author = \"\"",
        "category !contains \"x\"",
        "language != \"en\"",
        "content = ''",
        "words = 3",
        "age = 0s",
    ] {
        assert!(filter(text).matches(&subject), "{text}");
    }
    for text in [
        "title ~ \".\"",
        "author contains \"a\"",
        "language = \"en\"",
    ] {
        assert!(!filter(text).matches(&subject), "{text}");
    }
}

#[test]
fn kept_is_what_any_keep_and_no_drop_matches() {
    let entry = entry();
    let passes = |keep: &[&str], drop: &[&str]| {
        let read = |texts: &[&str]| texts.iter().map(|text| filter(text)).collect();
        let filters = Filters {
            keep: read(keep),
            drop: read(drop),
        };
        filters.pass(&Subject::new(&entry, TimeDelta::zero()))
    };
    let (yes, no) = ("words > 1", "words > 100");
    assert!(passes(&[], &[]));
    assert!(passes(&[no, yes], &[no]));
    assert!(!passes(&[no], &[]));
    assert!(!passes(&[], &[no, yes]));
    assert!(!passes(&[yes], &[yes]), "drop wins");
}

#[test]
fn an_error_points_at_the_character_and_names_the_cure() {
    for (text, at, part) in [
        ("", 0, "is no field"),
        ("  titel ~ \"x\"", 2, "the fields are title, summary"),
        ("title", 5, "write one of ~ !~ ="),
        ("title > \"x\"", 6, "does not go with `title`"),
        ("title == \"x\"", 6, "does not go with"),
        ("title has \"x\"", 6, "\"has\""),
        (
            "words ~ \"5\"",
            6,
            "does not go with `words`; write one of < <=",
        ),
        ("title ~ rust", 8, "double quotes"),
        ("title ~", 7, "double quotes"),
        ("title ~ \"rust", 8, "not closed"),
        ("title ~ \"rust\\\"", 8, "not closed"),
        ("title ~ \"a\" and words > 5", 12, "a filter of its own"),
        ("title ~ \"ab(c\"", 11, "unclosed group"),
        ("title ~ \"a**\" x", 14, "a filter of its own"),
        ("title ~ \"é[z-a]\"", 12, "the pattern is wrong here"),
        ("title ~ \"\\w{1000}{1000}\"", 9, "too large"),
        ("words > many", 8, "no number of words"),
        ("words > -1", 8, "no number of words"),
        ("age > 30", 6, "no length of time"),
        ("age > \"30x\"", 6, "no length of time"),
        ("age > 99999999999999999999d", 6, "no length of time"),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_a_filter_or_an_error_within_it(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(text.is_char_boundary(error.at), "{} in {text:?}", error.at);
        }
    }

    #[test]
    fn likely_text_is_a_filter_or_an_error_within_it(
        field in "(title|words|age|author)", operator in " ?(~|!~|=|<|contains) ?", value in "[\"']?[a-c0-9()\\[*\\\\\"é -]{0,12}[\"']?",
    ) {
        let text = format!("{field}{operator}{value}");
        match text.parse::<Filter>() {
            Ok(filter) => prop_assert_eq!(filter.to_string(), text.trim()),
            Err(error) => prop_assert!(text.is_char_boundary(error.at), "{} in {text:?}", error.at),
        }
    }

    #[test]
    fn a_quoted_title_is_equal_to_itself_and_contained_and_not_is_the_opposite(title in "\\PC{1,30}") {
        let quoted = title.replace('\\', "\\\\").replace('"', "\\\"");
        let with_title = Entry { title: Some(title.clone()), ..entry() };
        let subject = Subject::new(&with_title, TimeDelta::zero());
        for (is, is_not) in [("=", "!="), ("contains", "!contains")] {
            let says = |operator: &str| filter(&format!("title {operator} \"{quoted}\"")).matches(&subject);
            prop_assert!(says(is), "{operator} {title:?}", operator = is);
            prop_assert!(!says(is_not));
        }
    }

    #[test]
    fn a_comparison_and_its_opposite_divide_all_numbers(words in 0usize..60, value in 0u64..60) {
        let counted = Entry { content_html: "w ".repeat(words), ..entry() };
        let mut counted = counted;
        counted.details.summary = None;
        let subject = Subject::new(&counted, TimeDelta::zero());
        let says = |operator: &str| filter(&format!("words {operator} {value}")).matches(&subject);
        prop_assert_ne!(says("<"), says(">="));
        prop_assert_ne!(says(">"), says("<="));
        prop_assert_ne!(says("="), says("!="));
    }
}
