//! Files in `conf.d`, and lists that are fetched.
use super::*;

const MAIN: &str = "/etc/feedmill/feedmill.toml";

fn with_parts(main: &str, parts: &[(&str, &str)]) -> Result<Config, Problems> {
    let more = |(name, text): &(&str, &str)| {
        (
            Path::new("/etc/feedmill/conf.d").join(name),
            text.as_bytes().to_vec(),
        )
    };
    let more: Vec<_> = parts.iter().map(more).collect();
    check_with(Path::new(MAIN), main.as_bytes(), &more, &Library::new())
}

fn said(result: Result<Config, Problems>) -> Vec<String> {
    let problems = result.expect_err("has problems").0;
    problems.iter().map(brief).collect()
}

#[test]
fn parts_add_sources_and_outputs() {
    let config = with_parts(
        "[[source]]\nurl = \"https://a.example/\"\n",
        &[
            (
                "10.toml",
                "[[source]]\nurl = \"file:b.xml\"\ntags = [\"b\"]\n",
            ),
            ("20.toml", "[[output]]\nname = \"mine\"\ntags = [\"b\"]\n"),
        ],
    )
    .expect("good");
    let urls: Vec<&str> = config
        .sources
        .iter()
        .map(|source| source.url.as_str())
        .collect();
    assert_eq!(
        urls,
        ["https://a.example/", "file:///etc/feedmill/conf.d/b.xml"],
        "relative to its own file"
    );
    assert_eq!(config.outputs.len(), 1);
    assert_eq!(config.outputs[0].name, "mine");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn what_two_files_say_twice_names_both() {
    let one = "[[source]]\nurl = \"https://a.example/\"\nid = \"a\"\n[[output]]\nname = \"x\"\n";
    let problems = said(with_parts(
        one,
        &[(
            "more.toml",
            "\n[[output]]\nname = \"x\"\n[[source]]\nid = \"a\"\nurl = \"https://a.example\"\n",
        )],
    ));
    assert_eq!(
        problems,
        [
            "more.toml:3:8: output[1].name: \"x\" is also the name of the output in line 4; give one of them another",
            "more.toml:5:6: source[1].id: \"a\" is also source[1].id in line 3; give one of the two another id",
            "more.toml:6:7: source[1].url: the same address as source[1].url in line 2; keep one of the two sources",
        ]
    );
    let problems = said(with_parts(
        "",
        &[
            ("a.toml", "[[source]]\nurl = \"https://a.example\"\n"),
            ("b.toml", "[[source]]\nurl = \"https://a.example\"\n"),
        ],
    ));
    assert_eq!(
        problems,
        [
            "b.toml:2:7: source[1].url: the same address as source[1].url in line 2 of conf.d/a.toml; keep one of the two sources"
        ]
    );
}

#[test]
fn parts_hold_nothing_else_and_a_broken_one_is_not_passed_over() {
    assert_eq!(
        said(with_parts("", &[("a.toml", "[server]\nlisten = \"x\"\n")])),
        ["a.toml:1:2: server: unknown key here; it belongs in the main file"]
    );
    // An output that names a source of the file that cannot be read is no mistake of its own.
    let problems = said(with_parts(
        "[[output]]\nsources = [\"a\"]\n[[source]]\nurl = \"ftp://x\"\n",
        &[(
            "a.toml",
            "[[source]]\nid = \"a\nurl = \"https://a.example\"\n",
        )],
    ));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("a.toml:2:"), "{problems:?}");
}

#[test]
fn files_beside_a_configuration_are_read_by_name_and_all_are_noted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (main, parts) = (
        folder.path().join("feedmill.toml"),
        folder.path().join("conf.d"),
    );
    std::fs::create_dir(&parts).expect("made");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("feedmill.toml", "[[opml]]\npath = \"list.opml\"\n");
    write(
        "list.opml",
        "<opml><outline xmlUrl='https://l.example/'/></opml>",
    );
    write(
        "conf.d/b.toml",
        "[[source]]\nurl = \"https://b.example/\"\n",
    );
    write(
        "conf.d/a.toml",
        "[[source]]\nurl = \"https://a.example/\"\nbasic_auth = { file = \"secret\" }\n",
    );
    write("conf.d/secret", "user:word\n");
    write("conf.d/.hidden.toml", "not toml");
    write("conf.d/notes.txt", "not toml");
    let files = RefCell::default();
    let config = load_noting(&main, &Library::new(), &files).expect("good");
    let hosts: Vec<_> = config
        .sources
        .iter()
        .filter_map(|source| source.url.host_str())
        .collect();
    assert_eq!(hosts, ["a.example", "b.example", "l.example"]);
    let files = files.into_inner();
    for name in [
        "feedmill.toml",
        "conf.d",
        "conf.d/a.toml",
        "conf.d/b.toml",
        "conf.d/secret",
        "list.opml",
    ] {
        assert!(
            files.contains(&folder.path().join(name)),
            "{name} in {files:?}"
        );
    }
    write("list.opml", "no list");
    let files = RefCell::default();
    load_noting(&main, &Library::new(), &files).expect_err("broken");
    assert!(
        files
            .into_inner()
            .contains(&folder.path().join("list.opml")),
        "it may be mended"
    );
}

#[test]
fn a_fetched_list_counts_once_it_is_here() {
    let text = "[[opml]]\nurl = \"https://lists.example/a.opml\"\ntags = [\"t\"]\n";
    let config = check_with(Path::new(MAIN), text.as_bytes(), &[], &Library::new()).expect("good");
    assert_eq!(config.lists.len(), 1);
    assert!(config.sources.is_empty());
    assert_eq!(
        warnings(&config),
        ["feedmill.toml:2:7: opml[1].url: the list is not here yet; `feedmill run` fetches it"]
    );
    let list = "<opml>\n<outline text='A' xmlUrl='https://a.example/'/>\n<outline text='F' xmlUrl='file:/etc/passwd'/></opml>";
    let library = Library::from([(config.lists[0].url.clone(), list.into())]);
    let config = check_with(Path::new(MAIN), text.as_bytes(), &[], &library).expect("good");
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.sources[0].tags, ["t"]);
    assert_eq!(
        warnings(&config),
        ["opml[1].url:3:1: outline \"F\": a list that is fetched may name no files; left out"]
    );
}

#[test]
fn the_address_of_a_list_may_be_a_secret_and_stays_one() {
    let text = "[[opml]]\nurl = { env = \"FEED_URL\" }\n";
    let config = read(text).expect("good");
    assert!(config.lists[0].private);
    assert!(
        !format!("{:?}", config.warnings).contains("s3cret"),
        "{:?}",
        config.warnings
    );
}
