//! Rules of the configuration as a whole; what single values mean is tested through it.
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

mod bad;
mod book;
mod lists;
mod parts;
mod reference;
mod sources;

pub(super) fn some_env(name: &str) -> Option<String> {
    let value = match name {
        "TOKEN" => "s3cret",
        "LOGIN" => "ada:s3cret",
        "FEED_URL" => "https://example.org/feed?key=s3cret",
        "BAD_URL" => "s3cret",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Checks a text as if it stood in `/etc/feedmill/feedmill.toml`.
pub(super) fn read(text: &str) -> Result<Config, Problems> {
    read_at("/etc/feedmill/feedmill.toml", text)
}

pub(super) fn read_at(path: impl AsRef<Path>, text: &str) -> Result<Config, Problems> {
    check_with(path.as_ref(), text.as_bytes(), &[], &Library::new())
}

/// Checks a file, those in `conf.d` beside it, and fetched lists.
fn check_with(
    path: &Path,
    bytes: &[u8],
    more: &[(PathBuf, Vec<u8>)],
    library: &Library,
) -> Result<Config, Problems> {
    let files = RefCell::default();
    let rule = &crate::schedule::rule;
    check(
        path,
        bytes,
        more,
        &World::new(path, &some_env, rule, library, &files),
    )
}

pub(super) fn good(text: &str) -> Config {
    read(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Warnings as printed, without the name of the file.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(brief).collect()
}

/// A problem as printed, without the folder of its file.
pub(super) fn brief(problem: &Problem) -> String {
    let file = problem
        .file
        .file_name()
        .map(PathBuf::from)
        .unwrap_or_default();
    Problem {
        file,
        ..problem.clone()
    }
    .to_string()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = good("");
    assert_eq!(
        config.server.listen,
        Listen::Tcp("127.0.0.1:7878".to_owned())
    );
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:7878/");
    assert_eq!(config.store.path, Path::new("/etc/feedmill/feedmill.db"));
    assert!(!config.store.full_sync);
    assert_eq!(config.store.retention, Retention::default());
    let kept = good("[store]\nretention = { age = \"30d\", per_source = 5 }\n").store;
    assert_eq!(
        kept.retention,
        Retention {
            age: Duration::from_secs(30 * 86_400),
            per_source: 5,
            ..Retention::default()
        }
    );
    assert!(good("[store]\nsynchronous = \"full\"\n").store.full_sync);
    let Fetch {
        concurrency,
        per_host,
        host_interval,
        hold_off_by_address,
        connect_timeout,
        idle_timeout,
        max_body,
    } = config.fetch;
    assert!(!hold_off_by_address);
    assert_eq!((concurrency, per_host, max_body), (64, 2, 16 * 1024 * 1024));
    let seconds = [host_interval, connect_timeout, idle_timeout].map(|duration| duration.as_secs());
    assert_eq!(seconds, [0, 10, 15]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        config.request.user_agent,
        format!("Feedmill/{version} (+https://github.com/feedmill/feedmill)")
    );
    assert_eq!(config.request.timeout.as_secs(), 30);
    assert!(matches!(config.schedule.rule, Rule::Adaptive) && config.schedule.respect_hints);
    assert_eq!(
        [config.schedule.min, config.schedule.max].map(|bound| bound.as_secs()),
        [900, 86_400]
    );
    let [all] = config.outputs.as_slice() else {
        panic!("one output")
    };
    assert_eq!(
        (
            all.name.as_str(),
            all.title.as_str(),
            all.limit,
            all.per_source
        ),
        ("all", "Everything", 100, None)
    );
    assert!(config.sources.is_empty() && config.warnings.is_empty());
}

#[test]
fn the_own_address_follows_the_listener_and_ends_in_a_slash() {
    let cases = [
        ("listen = \"0.0.0.0:80\"", "http://localhost/"),
        ("listen = \"[::]:8080\"", "http://localhost:8080/"),
        ("listen = \"[::1]:8080\"", "http://[::1]:8080/"),
        ("listen = \"unix:/run/feedmill.sock\"", "http://localhost/"),
        (
            "public_url = \"https://example.org/feeds\"",
            "https://example.org/feeds/",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(
            good(&format!("[server]\n{line}\n"))
                .server
                .public_url
                .as_str(),
            expected,
            "{line}"
        );
    }
}

#[test]
fn hubs_are_addresses_and_do_not_go_with_a_token() {
    let config = good("[[output]]\nhubs = [\"https://hub.example.org/\"]\n");
    assert_eq!(
        config.outputs[0].hubs[0].as_str(),
        "https://hub.example.org/"
    );
    let problems =
        read("[[output]]\nname = \"a\"\ntoken = \"tok0\"\nhubs = [\"https://hub.example.org/\"]\n")
            .expect_err("not with a token")
            .to_string();
    assert!(
        problems.contains("a hub cannot read what needs a token"),
        "{problems}"
    );
}

#[test]
fn no_key_does_nothing() {
    let asked = r#"[store]
retention = { age = "365d" }
[[source]]
url = "https://example.org/"
full_text = "always"
content = ["article .text"]
keep = ['title ~ "rust"']
[[output]]
drop = ["words < 50"]
"#;
    assert_eq!(warnings(&good(asked)), [""; 0]);
}

#[test]
fn outputs_choose_sources_by_id_and_tag() {
    let config = good(
        r#"
        [[source]]
        url = "https://example.org/feed.xml"
        tags = ["tech"]
        [[output]]
        name = "tech"
        tags = ["tech", "unused"]
        sources = ["example-org-feed"]
        limit = 20
        per_source = 3
        order = "first_seen"
        content = "summary"
        title_prefix = "[{source}] "
        directory = "public"
        token = { env = "TOKEN" }
        "#,
    );
    let output = &config.outputs[0];
    assert_eq!(
        (output.title.as_str(), output.limit, output.per_source),
        ("tech", 20, Some(3))
    );
    assert_eq!(
        (output.order, output.content),
        (Order::FirstSeen, Content::Summary)
    );
    assert_eq!(
        output.directory.as_deref(),
        Some(Path::new("/etc/feedmill/public"))
    );
    assert_eq!(output.sources, ["example-org-feed"]);
    assert_eq!(
        warnings(&config),
        ["feedmill.toml:7:16: output[1].tags: no source has the tag \"unused\""]
    );
}

#[test]
fn durations_and_sizes_carry_units() {
    let durations = [
        ("30m", 1_800_000),
        ("1h 30m", 5_400_000),
        ("45s", 45_000),
        ("7d", 604_800_000),
        ("500ms", 500),
    ];
    for (text, expected_ms) in durations {
        let duration = values::duration(text).expect(text);
        assert_eq!(duration.as_millis(), expected_ms, "{text}");
        assert_eq!(humane_duration(duration), text);
    }
    assert_eq!(humane_duration(Duration::ZERO), "0s");
    let sizes = [
        ("16 MiB", 16 << 20),
        ("512 KiB", 512 << 10),
        ("10 MB", 10_000_000),
        ("10kb", 10_000),
        ("7 B", 7),
    ];
    for (text, expected) in sizes {
        assert_eq!(values::bytes(text), Ok(expected), "{text}");
    }
    for text in [
        "",
        "30",
        "m",
        "-5m",
        "1.5h",
        "30 minutes",
        "99999999999999999999s",
        "18446744073709551615w",
    ] {
        assert!(values::duration(text).is_err(), "{text}");
    }
    for text in ["", "16", "MiB", "1.5 MiB", "18446744073709551615 GiB"] {
        assert!(values::bytes(text).is_err(), "{text}");
    }
}

#[test]
fn the_file_is_looked_for_where_it_was_said_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let places = ["a.toml", "b.toml"].map(|name| folder.path().join(name));
    let found = |explicit, environment: Option<&str>| {
        locate_among(explicit, environment.map(PathBuf::from), &places)
    };
    let message = found(None, None).expect_err("nothing there").to_string();
    let looked = format!(
        "looked for {}, {}",
        places[0].display(),
        places[1].display()
    );
    assert!(
        message.contains(&looked) && message.contains("--config FILE"),
        "{message}"
    );
    std::fs::write(&places[1], "").expect("writes");
    assert_eq!(found(None, None).expect("found"), places[1]);
    assert_eq!(
        found(None, Some("env.toml")).expect("taken"),
        Path::new("env.toml")
    );
    assert_eq!(
        found(Some(Path::new("said.toml")), Some("env.toml")).expect("taken"),
        Path::new("said.toml")
    );
}

/// Lines that a configuration is made of, whole and broken.
fn some_line() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> = grammar::GRAMMAR
        .iter()
        .flat_map(|(_, keys)| keys.iter().copied())
        .collect();
    let values = prop::sample::select(vec![
        "\"\"",
        "\"30m\"",
        "1",
        "-1",
        "true",
        "[]",
        "[1]",
        "{}",
        "{ env = \"TOKEN\" }",
        "{ a = 1 }",
        "\"é\"",
        "\"file:\"",
        "1979-05-27",
        "nan",
        "\"https://example.org/\"",
        "[[\"a\"]]",
        "\"[::1]:1\"",
        "\"unix:\"",
        "\"",
        "[",
    ]);
    let heads = vec![
        "[server]",
        "[store]",
        "[fetch]",
        "[schedule]",
        "[dedup]",
        "[[source]]",
        "[[opml]]",
        "[[output]]",
        "[source]",
    ];
    prop_oneof![
        prop::sample::select(heads).prop_map(str::to_owned),
        (prop::sample::select(keys), values).prop_map(|(key, value)| format!("{key} = {value}")),
        ".{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(lines in prop::collection::vec(some_line(), 0..12), bytes in any::<Vec<u8>>()) {
        let _ = read(&lines.join("\n"));
        let _ = check_with(Path::new("x.toml"), &bytes, &[], &Library::new());
    }

    #[test]
    fn no_list_makes_it_panic(parts in prop::collection::vec("<opml>|</?outline( [a-zA-Z]{0,6}(=[\"'].{0,4})?[\"']?)?/?>?|.{0,5}", 0..20)) {
        let _ = opml::read(&opml::decode(parts.concat().as_bytes()));
    }
}
