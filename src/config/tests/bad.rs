//! Every wrong input gives its one message, with place, key and cure.
use super::*;

/// Messages of a text, without `feedmill.toml:`.
fn problems(text: &str) -> Vec<String> {
    let problems = read(text).expect_err(text);
    problems
        .0
        .iter()
        .map(|problem| {
            brief(problem)
                .trim_start_matches("feedmill.toml:")
                .to_owned()
        })
        .collect()
}

fn check_one(text: &str, expected: &str) {
    assert_eq!(problems(text), [expected], "{text}");
}

/// A line within a source that is otherwise fine.
fn check_source(line: &str, expected: &str) {
    check_one(
        &format!("[[source]]\nurl = \"https://example.org/\"\n{line}\n"),
        expected,
    );
}

#[test]
fn unknown_keys_name_what_was_meant() {
    check_one(
        "[sever]\n",
        "1:2: sever: unknown key; did you mean `server`?",
    );
    check_one(
        "[fetch]\n  per-host = 3\n",
        "2:3: fetch.per-host: unknown key; did you mean `per_host`?",
    );
    check_one(
        "[server]\ntimeout = \"3s\"\n",
        "2:1: server.timeout: unknown key here; it belongs in `fetch`",
    );
    check_one(
        "[server]\ncolour = 1\n",
        "2:1: server.colour: unknown key; known here: listen, public_url, confine",
    );
    check_source(
        "titel = \"x\"",
        "3:1: source[1].titel: unknown key; did you mean `title`?",
    );
    check_one(
        "[store]\nretention = { ages = \"3d\" }\n",
        "2:15: store.retention.ages: unknown key; did you mean `age`?",
    );
}

#[test]
fn wrong_types_say_what_to_write() {
    check_one(
        "server = 3\n",
        "1:10: server: an integer stands here; write a table",
    );
    check_one(
        "[source]\nurl = \"x\"\n",
        "1:1: source: a table stands here; write a list: [[source]]",
    );
    check_one(
        "source = [1]\n",
        "1:11: source[1]: an integer stands here; write a table",
    );
    check_one(
        "[fetch]\nconcurrency = \"64\"\n",
        "2:15: fetch.concurrency: a string stands here; write a whole number from 1 to 10000",
    );
    check_one(
        "[fetch]\nconcurrency = 0\n",
        "2:15: fetch.concurrency: 0 is out of bounds; write a whole number from 1 to 10000",
    );
    check_one(
        "[fetch]\ntimeout = 30\n",
        "2:11: fetch.timeout: an integer stands here; write a duration such as \"30m\"",
    );
    check_one(
        "[fetch]\nmax_body = 1_000\n",
        "2:12: fetch.max_body: an integer stands here; write a size such as \"16 MiB\"",
    );
    check_source(
        "paused = \"yes\"",
        "3:10: source[1].paused: a string stands here; write true or false",
    );
    check_source(
        "tags = \"a\"",
        "3:8: source[1].tags: a string stands here; write a list: [\"…\"]",
    );
    check_source(
        "tags = [\"a\", 2]",
        "3:14: source[1].tags[2]: an integer stands here; write a string in quotes",
    );
    check_source(
        "title = \" \"",
        "3:9: source[1].title: empty; write something or leave the key out",
    );
    check_source(
        "headers = \"a: b\"",
        "3:11: source[1].headers: a string stands here; write a table: { Name = \"…\" }",
    );
}

#[test]
fn values_that_mean_nothing_show_one_that_does() {
    check_one(
        "[fetch]\ntimeout = \"30 minutes\"\n",
        "2:11: fetch.timeout: \"30 minutes\" is no duration; write a number and ms, s, m, h, d or w: \"30m\", \"1h 30m\"",
    );
    check_one(
        "[fetch]\ntimeout = \"2h\"\n",
        "2:11: fetch.timeout: \"2h\" is out of bounds; write a duration from \"100ms\" to \"1h\"",
    );
    check_one(
        "[fetch]\nmax_body = \"16 megs\"\n",
        "2:12: fetch.max_body: \"16 megs\" is no size; write a number and B, KB, KiB, MB, MiB, GB or GiB: \"16 MiB\"",
    );
    check_one(
        "[fetch]\nallow_private = [\"10.0.0.0/8\", \"10.0.0.0/33\"]\n",
        "2:32: fetch.allow_private[2]: \"10.0.0.0/33\" is no network; write CIDR notation such as \"192.168.0.0/16\" or \"fd00::/8\"",
    );
    check_one(
        "[schedule]\ntimezone = \"Europe/Berln\"\n",
        "2:12: schedule.timezone: \"Europe/Berln\" is no time zone; write a name of the tz database such as \"Europe/Berlin\", or \"UTC\"",
    );
    check_one(
        "[schedule]\nmin = \"2d\"\n",
        "2:7: schedule.min: `min` is longer than `max`; make it shorter",
    );
    check_one(
        "[schedule]\nbudget = \"lots\"\n",
        "2:10: schedule.budget: \"lots\" is no budget; write polls a time such as \"2000/h\", or \"\" for none",
    );
    check_one(
        "[fetch]\nuser_agent = \"Mill/{verson}\"\n",
        "2:14: fetch.user_agent: has an unknown placeholder; there are {version} and {contact}",
    );
    check_one(
        "[fetch]\nproxy = \"ftp://x\"\n",
        "2:9: fetch.proxy: is no proxy; write \"http://host:port\" or \"socks5://host:port\", or \"\" for none",
    );
    check_one(
        "[store]\nurl = \"postgres://x\"\n",
        "2:7: store.url: only SQLite can be used so far; write `path` instead",
    );
    check_one(
        "[server]\npublic_url = \"example.org\"\n",
        "2:14: server.public_url: no address of a site; write \"https://feeds.example.org/\"",
    );
    for listen in [
        "7878",
        ":7878",
        "127.0.0.1",
        "::1:80",
        "127.0.0.1:70000",
        "a b:80",
        "a/b:80",
        "a@b:80",
    ] {
        let cure = "is no address; write \"127.0.0.1:7878\", \"[::1]:7878\" or \"unix:/run/feedmill.sock\"";
        check_one(
            &format!("[server]\nlisten = {listen:?}\n"),
            &format!("2:10: server.listen: {listen:?} {cure}"),
        );
    }
}

#[test]
fn a_bad_schedule_says_so_once() {
    check_source(
        "  schedule = \"61 * * * *\"",
        "3:14: source[1].schedule: \"61 * * * *\": minute 61 is out of range 0-59",
    );
    check_one(
        "[schedule]\ndefault = \"every x\"\n",
        "2:11: schedule.default: `every x` is no interval: write every 30m, every 1h 30m or every 10s, with units s, m, h, d or w",
    );
}

#[test]
fn sources_need_an_address_and_an_id_of_their_own() {
    check_one(
        "[[source]]\nid = \"a\"\n",
        "1:1: source[1].url: missing; write url = \"https://…\", the address of the feed",
    );
    let cure =
        "no address of a feed; write one that begins with \"https://\", \"http://\" or \"file:\"";
    for url in [
        "example.org/feed",
        "ftp://example.org/",
        "https://",
        "mailto:a@example.org",
        "",
    ] {
        check_one(
            &format!("[[source]]\nurl = {url:?}\n"),
            &format!("2:7: source[1].url: {cure}"),
        );
    }
    for url in ["file:", "file:///", "file://host/feed.xml"] {
        check_one(
            &format!("[[source]]\nurl = {url:?}\n"),
            "2:7: source[1].url: no address of a file; write \"file:folder/feed.xml\", relative to this file, or \"file:///folder/feed.xml\"",
        );
    }
    check_one(
        "[[source]]\nurl = \"https://example.org/feed\"\n[[source]]\nurl = \"https://EXAMPLE.org:443/feed#top\"\n",
        "4:7: source[2].url: the same address as source[1].url in line 2; keep one of the two sources",
    );
    check_one(
        "[[source]]\nurl = \"file:a\"\nid = \"x\"\n[[source]]\nurl = \"file:b\"\nid = \"x\"\n",
        "6:6: source[2].id: \"x\" is also source[1].id in line 3; give one of the two another id",
    );
    check_source(
        "id = \"My Feed\"",
        "3:6: source[1].id: \"My Feed\" has other letters than a-z, 0-9 and \"-\", or is not 1 to 64 long; write \"my-feed\"",
    );
    check_source(
        "tags = [\"a/b\"]",
        "3:9: source[1].tags[1]: \"a/b\" cannot be a tag; write \"a-b\"",
    );
    check_source(
        "full_text = \"sometimes\"",
        "3:13: source[1].full_text: \"sometimes\" is not known here; write \"never\" or \"when-short\" or \"always\"",
    );
}

#[test]
fn header_fields_are_checked_without_showing_them() {
    let value = "cannot be sent in a header field; write printable ASCII on one line";
    check_source(
        "headers = { A = \"s3cret\\n\" }",
        &format!("3:17: source[1].headers.A: {value}"),
    );
    check_source(
        "cookie = \"é\"",
        &format!("3:10: source[1].cookie: {value}"),
    );
    check_source(
        "headers = { \"a b\" = \"s3cret\" }",
        "3:21: source[1].headers.a b: \"a b\" is no name of a header field; write one such as \"Authorization\"",
    );
    check_source(
        "headers = { User-Agent = \"x\" }",
        "3:26: source[1].headers.User-Agent: Feedmill sets this header field itself; write the key `user_agent`",
    );
    check_source(
        "headers = { A = \"x\", a = \"y\" }",
        "3:26: source[1].headers.a: given twice, as case does not matter; keep one of them",
    );
    check_source(
        "basic_auth = \"s3cret\"",
        "3:14: source[1].basic_auth: is no user and password; write \"user:password\"",
    );
    check_source(
        "headers = { Authorization = \"x\" }\nbasic_auth = \"a:b\"",
        "4:14: source[1].basic_auth: `headers` has an Authorization already; keep one of the two",
    );
}

#[test]
fn secrets_that_are_not_there_are_named_and_never_shown() {
    check_source(
        "cookie = { env = \"UNSET\" }",
        "3:10: source[1].cookie: the environment variable UNSET is not set; set it before the start",
    );
    check_source(
        "cookie = { env = \"EMPTY\" }",
        "3:10: source[1].cookie: the environment variable EMPTY is not set; set it before the start",
    );
    check_one(
        "[[source]]\nurl = { env = \"BAD_URL\" }\n",
        "2:7: source[1].url: the value of the environment variable BAD_URL: no address of a feed; write one that begins with \
         \"https://\", \"http://\" or \"file:\"",
    );
    let form = "write a string, { env = \"NAME\" } or { file = \"path\" }";
    check_source(
        "cookie = { evn = \"TOKEN\" }",
        &format!("3:10: source[1].cookie: unknown key `evn`; {form}"),
    );
    check_source(
        "cookie = {}",
        &format!("3:10: source[1].cookie: not clear; {form}"),
    );
    check_source(
        "cookie = 7",
        &format!("3:10: source[1].cookie: an integer stands here; {form}"),
    );
    let path = "/etc/feedmill/no-such-file";
    check_source(
        "cookie = { file = \"no-such-file\" }",
        &format!(
            "3:10: source[1].cookie: cannot read {path}: No such file or directory (os error 2); give the daemon's user leave to read it"
        ),
    );
}

#[test]
fn outputs_cannot_take_the_paths_of_the_server_or_of_each_other() {
    for name in [
        "search", "sources", "source", "tag", "articles", "health", "healthz", "readyz", "metrics",
        "websub", "static", "index",
    ] {
        check_one(
            &format!("[[output]]\nname = {name:?}\n"),
            &format!(
                "2:8: output[1].name: {name:?} is a path of the server itself; write another name, such as \"{name}-feed\""
            ),
        );
    }
    check_one(
        "[[output]]\nname = \"../x\"\n",
        "2:8: output[1].name: \"../x\" has other letters than a-z, 0-9 and \"-\", or is not 1 to 64 long; write \"x\"",
    );
    check_one(
        "[[output]]\n[[output]]\nname = \"all\"\n",
        "3:8: output[2].name: \"all\" is also the name of the output in line 1; give one of them another",
    );
    check_one(
        "[[source]]\nurl = \"https://example.org/feed\"\n[[output]]\nsources = [\"exmple-org-feed\"]\n",
        "4:12: output[1].sources[1]: no source has the id \"exmple-org-feed\"; did you mean \"example-org-feed\"?",
    );
    check_one(
        "[[output]]\ntoken = \"\"\n",
        "2:9: output[1].token: is empty; write a token or leave the key out",
    );
    check_one(
        "[[output]]\norder = \"updated\"\n",
        "2:9: output[1].order: \"updated\" is not known here; write \"published\" or \"first_seen\"",
    );
}

#[test]
fn what_is_no_toml_is_reported_once_a_line() {
    check_one(
        "title = \"abc\n",
        "1:13: not TOML: invalid basic string, expected `\"`",
    );
    check_one(
        "[fetch]\ntimeout = 30m\n",
        "2:11: not TOML: string values must be quoted, expected literal string",
    );
    let twice = problems("[fetch]\nper_host = 1\nper_host = 2\ntimeout = \"x\"\n");
    assert_eq!(
        twice[0],
        "3:1: this key or table is given twice; keep one of them"
    );
    assert!(
        twice[1].starts_with("4:11: fetch.timeout:") && twice.len() == 2,
        "{twice:?}"
    );
}

#[test]
fn unreadable_files_are_one_message() {
    let bytes = b"# a\n# \xc3\xa9\xff";
    let problems =
        check_with(Path::new("f.toml"), bytes, &[], &Library::new()).expect_err("bad byte");
    assert_eq!(
        problems.to_string(),
        "f.toml:2:4: not UTF-8; save the file as UTF-8"
    );
    let problems =
        load(Path::new("/nonexistent/feedmill.toml"), &Library::new()).expect_err("no file");
    let expected = "/nonexistent/feedmill.toml: cannot be read: No such file or directory (os error 2); name another with \
                    --config, or write one with `feedmill init`";
    assert_eq!(problems.to_string(), expected);
}

#[test]
fn all_problems_are_reported_at_once_in_file_order() {
    let text = r#"
[[output]]
name = "static"
[[source]]
title = "no address"
[fetch]
per_host = 0
colour = "red"
[[source]]
url = "https://example.org/"
schedule = "61 * * * *"
timezone = "Mars"
[server]
listen = "here"
"#;
    let printed = read(text).expect_err("many").to_string();
    let places: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    let expected = [
        "output[1].name",
        "source[1].url",
        "fetch.per_host",
        "fetch.colour",
        "source[2].schedule",
        "source[2].timezone",
        "server.listen",
    ];
    assert_eq!(places, expected, "{printed}");
    assert!(
        printed
            .starts_with("/etc/feedmill/feedmill.toml:3:8: output[1].name: \"static\" is a path"),
        "{printed}"
    );
}

#[test]
fn a_bad_filter_is_pointed_at_within_its_string() {
    let source = "[[source]]\nurl = \"file:a\"\n";
    for (filter, expected) in [
        (
            "keep = ['titel ~ \"x\"']",
            "3:10: source[1].keep[1]: \"titel\" is no field",
        ),
        (
            "drop = ['words < 5', 'title ~ \"é(\"']",
            "3:33: source[1].drop[2]: the pattern is wrong here: unclosed group",
        ),
        (
            "keep = [\"title ~ \\\"\\u00e9(\\\"\"]",
            "3:26: source[1].keep[1]: the pattern is wrong here: unclosed group",
        ),
        (
            "keep = [\"\"\"\n titel\"\"\"]",
            "3:9: source[1].keep[1]: \"titel\" is no field",
        ),
        (
            "keep = [5]",
            "3:9: source[1].keep[1]: an integer stands here",
        ),
        (
            "keep = 'words > 1'",
            "3:8: source[1].keep: a string stands here",
        ),
    ] {
        let problems = problems(&format!("{source}{filter}\n"));
        assert!(
            problems.len() == 1 && problems[0].starts_with(expected),
            "{problems:?}"
        );
    }
}
