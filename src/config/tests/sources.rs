//! `[[source]]`: addresses, ids, secrets and what is inherited.
use std::fmt::Write as _;

use super::*;
use crate::model::HttpVersion;

#[test]
fn a_source_takes_what_it_does_not_say_from_the_sections() {
    let config = good(
        r#"
        [fetch]
        timeout = "1m 30s"
        contact = "mailto:ada@example.org"
        user_agent = "Mill/{version} ({contact})"
        proxy = "socks5://127.0.0.1:9050"
        allow_private = ["10.1.0.0/16"]
        [schedule]
        default = "every 2h"
        max = "2d"
        [[source]]
        url = "https://example.org/feed.xml"
        [[source]]
        url = "https://www.example.com/blog/?format=rss"
        title = "Blog"
        tags = ["b", "a", "b"]
        schedule = "every 10m"
        respect_hints = false
        priority = -3
        timezone = "Europe/Berlin"
        max_items = 20
        http_version = "1.1"
        timeout = "5s"
        user_agent = "Other/1 {contact}"
        proxy = ""
        allow_private = ["192.168.7.9"]
        headers = { Authorization = { env = "TOKEN" }, x-mode = "full" }
        cookie = "a=b"
        paused = true
        "#,
    );
    let [plain, other] = config.sources.as_slice() else {
        panic!("two sources")
    };
    assert_eq!(plain.id, "example-org-feed");
    assert_eq!(plain.request, config.request);
    assert_eq!(
        plain.request.user_agent,
        format!(
            "Mill/{} (mailto:ada@example.org)",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(
        plain.request.proxy.as_ref().map(Secret::expose),
        Some("socks5://127.0.0.1:9050")
    );
    assert!(matches!(plain.cadence.rule, Rule::Every(period) if period.as_secs() == 7_200));
    assert_eq!(plain.cadence.max.as_secs(), 2 * 86_400);
    assert!(!plain.private && !plain.paused && plain.title.is_none());

    assert_eq!(
        (other.id.as_str(), other.title.as_deref()),
        ("example-com-blog", Some("Blog"))
    );
    assert_eq!(other.tags, ["a", "b"]);
    assert!(matches!(other.cadence.rule, Rule::Every(period) if period.as_secs() == 600));
    assert!(!other.cadence.respect_hints && other.paused);
    assert_eq!(
        (other.priority, other.max_items, other.timezone),
        (-3, Some(20), Tz::Europe__Berlin)
    );
    let request = &other.request;
    assert_eq!(
        (request.http_version, request.timeout.as_secs()),
        (HttpVersion::Http1, 5)
    );
    assert_eq!(request.user_agent, "Other/1 mailto:ada@example.org");
    assert_eq!(request.proxy, None);
    let networks: Vec<String> = request
        .allow_private
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(networks, ["10.1.0.0/16", "192.168.7.9/32"]);
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(headers, [("authorization", "s3cret"), ("x-mode", "full")]);
    assert_eq!(request.cookie.as_ref().map(Secret::expose), Some("a=b"));
}

#[test]
fn an_address_that_is_a_secret_makes_the_source_private_and_prints_nowhere() {
    let text = "[[source]]\nurl = { env = \"FEED_URL\" }\nprivate = false\nbasic_auth = { env = \"LOGIN\" }\n";
    let config = good(text);
    let source = &config.sources[0];
    assert_eq!(source.url.as_str(), "https://example.org/feed?key=s3cret");
    assert!(source.private);
    assert!(
        source.id.starts_with("private-") && source.id.len() == 16,
        "{}",
        source.id
    );
    assert_eq!(
        warnings(&config),
        [
            "feedmill.toml:3:11: source[1].private: the source stays private, as its address is a secret"
        ]
    );
    let printed = format!("{config:?}");
    assert!(
        !printed.contains("s3cret")
            && printed.contains("<redacted>")
            && printed.contains("\"(private)\""),
        "{printed}"
    );
}

#[test]
fn a_secret_file_loses_one_newline_and_is_relative_to_the_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("token"), "s3cret\n\n").expect("writes");
    let text = "[[output]]\ntoken = { file = \"token\" }\n[[output]]\nname = \"b\"\ntoken = { file = \"missing\" }\n";
    let problems =
        read_at(folder.path().join("feedmill.toml"), text).expect_err("one file is missing");
    let [problem] = problems.0.as_slice() else {
        panic!("{problems}")
    };
    assert!(
        problem.message.contains("missing: No such file") && problem.key == "output[2].token",
        "{problem}"
    );
    let config = read_at(
        folder.path().join("feedmill.toml"),
        &text[..text.find("[[output]]\nname").expect("second")],
    );
    let token = config.expect("good").outputs[0].token.clone();
    assert_eq!(token.as_ref().map(Secret::expose), Some("s3cret\n"));
}

#[test]
fn file_addresses_are_relative_to_the_configuration() {
    let cases = [
        (
            "file:demo/my feed.xml",
            "file:///etc/feedmill/demo/my%20feed.xml",
            "demo-my-feed",
        ),
        ("file:../a:b.xml", "file:///etc/a:b.xml", "a-b"),
        (
            "file:///srv/out/news.rss",
            "file:///srv/out/news.rss",
            "news",
        ),
        (
            "feed://example.org/rss",
            "http://example.org/rss",
            "example-org-rss",
        ),
    ];
    for (url, expected, id) in cases {
        let source = &good(&format!("[[source]]\nurl = {url:?}\n")).sources[0];
        assert_eq!((source.url.as_str(), source.id.as_str()), (expected, id));
    }
}

#[test]
fn ids_are_numbered_in_file_order_and_explicit_ones_come_first() {
    let mut text = String::new();
    for query in 1..=3 {
        writeln!(
            text,
            "[[source]]\nurl = \"https://example.org/feed?{query}\""
        )
        .expect("a string takes it");
    }
    text.push_str("[[source]]\nurl = \"https://example.org/other\"\nid = \"example-org-feed-2\"\n");
    let ids: Vec<(String, bool)> = good(&text)
        .sources
        .into_iter()
        .map(|source| (source.id.clone(), source.named))
        .collect();
    let ids: Vec<(&str, bool)> = ids
        .iter()
        .map(|(id, named)| (id.as_str(), *named))
        .collect();
    assert_eq!(
        ids,
        [
            ("example-org-feed", false),
            ("example-org-feed-3", false),
            ("example-org-feed-4", false),
            ("example-org-feed-2", true)
        ]
    );
}

#[test]
fn hubs_push_what_is_open_to_those_they_can_reach() {
    let check = |server: &str, source: &str, expected: bool| {
        let text = format!("[server]\n{server}\n[[source]]\n{source}\n");
        assert_eq!(good(&text).sources[0].websub, expected, "{text}");
    };
    let url = "url = \"https://example.org/feed\"";
    let (here, there) = (
        "public_url = \"http://127.0.0.1:7878/\"",
        "public_url = \"https://feeds.example.org/\"",
    );
    check("", url, false);
    check(here, url, false);
    check("public_url = \"http://[::1]/\"", url, false);
    check("public_url = \"http://localhost:80/\"", url, false);
    check(here, &format!("{url}\nwebsub = true"), true);
    check(there, url, true);
    check(there, &format!("{url}\nwebsub = false"), false);
    check(there, "url = \"file:///var/feed\"\nwebsub = true", false);
    for secret in [
        "private = true",
        "cookie = \"a=b\"",
        "basic_auth = { env = \"LOGIN\" }",
        "headers = { Authorization = { env = \"TOKEN\" } }",
    ] {
        check(there, &format!("{url}\n{secret}"), false);
        check(there, &format!("{url}\n{secret}\nwebsub = true"), true);
    }
    check(there, "url = { env = \"FEED_URL\" }", false);
    let problems = read(&format!("[[source]]\n{url}\nwebsub = true\n")).expect_err("a problem");
    let problems = problems.to_string();
    assert!(
        problems.contains("3:10: source[1].websub: hubs cannot reach this machine"),
        "{problems}"
    );
    assert!(!good(&format!("[[source]]\n{url}")).sources[0].history);
    assert!(good(&format!("[[source]]\n{url}\nhistory = true")).sources[0].history);
}
