//! What Prometheus reads: its names are frozen here, and the page and the dashboard that speak of them keep to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::asked::{get, polled};
use crate::origin::{Origin, Reply};
use crate::walk::{daemon, free_address};

/// Name → kind and label, as promised in `docs/metrics.md`.
const NAMES: &[(&str, &str, &str)] = &[
    ("feedmill_articles", "gauge", ""),
    ("feedmill_build_info", "gauge", "version"),
    ("feedmill_config_reloads_total", "counter", "result"),
    ("feedmill_config_time_seconds", "gauge", ""),
    ("feedmill_config_used", "gauge", ""),
    ("feedmill_entries_total", "counter", "kind"),
    ("feedmill_fetched_bytes_total", "counter", ""),
    ("feedmill_http_requests_total", "counter", "code"),
    ("feedmill_offline", "gauge", ""),
    ("feedmill_poll_duration_seconds", "histogram", "le"),
    ("feedmill_polls_in_flight", "gauge", ""),
    ("feedmill_polls_total", "counter", "outcome"),
    ("feedmill_schedule_overdue_seconds", "gauge", ""),
    ("feedmill_scheduler_hangs", "gauge", ""),
    ("feedmill_search_backlog_entries", "gauge", ""),
    ("feedmill_source_articles", "gauge", "source"),
    ("feedmill_source_failures", "gauge", "source"),
    (
        "feedmill_source_last_success_time_seconds",
        "gauge",
        "source",
    ),
    ("feedmill_source_next_poll_time_seconds", "gauge", "source"),
    ("feedmill_source_up", "gauge", "source"),
    ("feedmill_sources", "gauge", "state"),
    ("feedmill_sources_without_series", "gauge", ""),
    ("feedmill_start_time_seconds", "gauge", ""),
    ("feedmill_store_bytes", "gauge", ""),
];

/// Every name that a text mentions.
fn mentioned(text: &str) -> BTreeSet<&str> {
    text.match_indices("feedmill_")
        .map(|(at, _)| {
            let end = text[at..].find(|c: char| !c.is_ascii_lowercase() && c != '_');
            &text[at..end.map_or(text.len(), |end| at + end)]
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_are_as_promised_and_say_nothing_that_is_secret() {
    let (origin, folder) = (
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let address = free_address();
    let feed = "<rss version=\"2.0\"><channel><title>T</title><item><guid>1</guid><title>One</title></item></channel></rss>";
    for path in ["/open", "/private-s3cret", "/inner"] {
        origin.script(path, Reply::ok(feed));
    }
    origin.script("/bad", Reply::status(500));
    let lines = format!(
        "[[source]]\nid = \"open\"\nurl = \"{0}\"\ntags = [\"news\"]\n\
         [[source]]\nid = \"bad\"\nurl = \"{1}\"\ntags = [\"news\"]\n\
         [[source]]\nid = \"mine\"\nurl = \"{2}\"\nprivate = true\ntags = [\"news\"]\n\
         [[source]]\nid = \"inner\"\nurl = \"{3}\"\n\
         [[output]]\nname = \"all\"\ntags = [\"news\"]\n[[output]]\nname = \"club\"\ntoken = \"s3cret\"\n",
        origin.url("/open"),
        origin.url("/bad"),
        origin.url("/private-s3cret"),
        origin.url("/inner"),
    );
    polled(folder.path(), &address, &lines).await;
    let _daemon = daemon(folder.path());
    for task in [&["reload"][..], &["poll", "--all"][..]] {
        let mut command = crate::child::feedmill(folder.path(), task);
        let done = tokio::task::spawn_blocking(move || command.output());
        done.await.expect("joined").expect("ran");
    }
    get(&address, "all.atom").await;
    let (status, headers, text) = get(&address, "metrics").await;
    assert_eq!(status, 200);
    assert_eq!(
        headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let kinds: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let promised: BTreeMap<&str, &str> =
        NAMES.iter().map(|(name, kind, _)| (*name, *kind)).collect();
    assert_eq!(kinds, promised);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let Some((name, labels)) = series.split_once('{') else {
            continue;
        };
        let name = name.trim_end_matches("_bucket");
        let label = labels.split_once('=').expect("a label").0;
        assert!(
            NAMES
                .iter()
                .any(|(own, _, of)| *own == name && *of == label),
            "{line}"
        );
        assert!(!labels.contains(','), "one label: {line}");
    }
    for line in [
        "feedmill_sources{state=\"failing\"} 1",
        "feedmill_source_up{source=\"bad\"} 0",
        "feedmill_source_up{source=\"open\"} 1",
        "feedmill_source_articles{source=\"mine\"} 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} in\n{text}");
    }
    assert!(
        !text.contains("inner"),
        "an output with a token alone includes it"
    );
    assert!(
        !text.contains("s3cret") && !text.contains("127.0.0.1"),
        "{text}"
    );
}

#[test]
fn the_page_and_the_dashboard_keep_to_the_names() {
    let known: BTreeSet<&str> = NAMES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(mentioned(include_str!("../../docs/metrics.md")), known);
    let dashboard = include_str!("../../packaging/grafana/feedmill.json");
    let parsed: serde_json::Value = serde_json::from_str(dashboard).expect("JSON");
    assert!(
        parsed["panels"]
            .as_array()
            .is_some_and(|panels| panels.len() > 8)
    );
    let unknown: Vec<&str> = mentioned(dashboard)
        .into_iter()
        .filter(|name| !known.contains(name.trim_end_matches("_bucket")))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
