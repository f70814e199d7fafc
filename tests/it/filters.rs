//! Filters of sources act when an entry is seen, those of outputs when it is published.

use std::path::Path;

use chrono::TimeDelta;
use feedmill::daemon;
use feedmill::filter::Filters;
use feedmill::model::Source;

use crate::mill::{Mill, feed, source};
use crate::origin::{Origin, Reply};

fn filters(keep: &[&str], drop: &[&str]) -> Filters {
    let read = |texts: &[&str]| {
        let filters = texts.iter().map(|text| text.parse().expect("a filter"));
        filters.collect()
    };
    Filters {
        keep: read(keep),
        drop: read(drop),
    }
}

fn filtered(origin: &Origin, filters: Filters) -> Vec<Source> {
    vec![Source {
        filters,
        ..source("feed", origin.url("/feed"))
    }]
}

fn titles(mill: &Mill, config: &str) -> Vec<String> {
    let config = feedmill::config::parse(config, Path::new("feedmill.toml")).expect("valid");
    let (site, _) = daemon::rendered(&config, &mill.shell, &mill.sources).expect("rendered");
    let feed: serde_json::Value =
        serde_json::from_slice(site["all.json"].body()).expect("a JSON Feed");
    let items = feed["items"].as_array().expect("items").iter();
    let mut titles: Vec<String> = items
        .map(|item| item["title"].as_str().expect("a title").to_owned())
        .collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn what_a_source_filters_is_not_stored_and_is_judged_at_each_sight() {
    let origin = Origin::start().await;
    origin.script("/feed", Reply::ok(feed("Mill", &["tea", "rye", "oats"])));
    let rye_only = filters(&["title contains 'rye'"], &[]);
    let mill = Mill::new(filtered(&origin, rye_only)).await;
    assert_eq!(mill.poll("feed").await.map(|report| report.new), Some(1));
    mill.later(TimeDelta::hours(1));
    let longer = feed("Mill", &["hay", "tea", "rye", "oats"]);
    origin.script("/feed", Reply::ok(longer));
    assert_eq!(mill.poll("feed").await.map(|report| report.new), Some(0));
    assert_eq!(titles(&mill, ""), ["About rye"]);
}

#[tokio::test]
async fn an_edited_filter_judges_the_newest_document_again_past_its_validators() {
    let origin = Origin::start().await;
    let tagged = || crate::mill::tagged("Mill", &["tea", "rye"]);
    origin.script("/feed", tagged());
    let mill = Mill::new(filtered(&origin, filters(&[], &["title ~ \"rye\""]))).await;
    assert_eq!(mill.poll("feed").await.map(|report| report.new), Some(1));
    let mill = mill.restarted(filtered(&origin, Filters::default())).await;
    mill.later(TimeDelta::hours(1));
    let report = mill.poll("feed").await.expect("polled");
    assert_eq!((report.outcome, report.new), ("ok", 1));
    // What is stored stays; the filter is about what comes.
    let mill = mill
        .restarted(filtered(&origin, filters(&["title ~ \"oats\""], &[])))
        .await;
    mill.later(TimeDelta::hours(1));
    mill.poll("feed").await.expect("polled");
    assert_eq!(titles(&mill, ""), ["About rye", "About tea"]);
}

#[tokio::test]
async fn age_is_judged_at_ingest() {
    let origin = Origin::start().await;
    let mill = Mill::new(filtered(&origin, filters(&["age < 2d"], &[]))).await;
    let dated = |id: &str, days: i64| {
        let date = (mill.now() - TimeDelta::days(days)).to_rfc2822();
        format!("<item><guid>{id}</guid><title>{id}</title><pubDate>{date}</pubDate></item>")
    };
    let items = dated("old", 3) + &dated("new", 1) + "<item><title>undated</title></item>";
    let document =
        format!("<rss version=\"2.0\"><channel><title>Mill</title>{items}</channel></rss>");
    origin.script("/feed", Reply::ok(document));
    mill.poll("feed").await.expect("polled");
    let output = "[[output]]\nname = \"all\"\nkeep = ['age < 2d']";
    assert_eq!(titles(&mill, output), ["new", "undated"]);
    mill.later(TimeDelta::days(30));
    assert_eq!(titles(&mill, output), ["new", "undated"], "not by the hour");
}

#[tokio::test]
async fn an_output_shows_up_to_its_limit_of_what_its_filters_let_pass() {
    let origin = Origin::start().await;
    origin.script(
        "/feed",
        Reply::ok(feed("Mill", &["tea", "rye 1", "rye 2", "rye 3"])),
    );
    let mill = Mill::new(filtered(&origin, Filters::default())).await;
    mill.poll("feed").await.expect("polled");
    let output =
        |more: &str| format!("[[output]]\nname = \"all\"\nkeep = ['title ~ \"rye\"']\n{more}");
    let (all, two) = (output(""), output("drop = ['title ~ \"2\"']\nlimit = 2"));
    assert_eq!(
        titles(&mill, &all),
        ["About rye 1", "About rye 2", "About rye 3"]
    );
    assert_eq!(titles(&mill, &two), ["About rye 1", "About rye 3"]);
    let one_each = output("per_source = 1");
    assert_eq!(titles(&mill, &one_each).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_tried_on_what_is_stored() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    origin.script("/0", crate::walk::reply(0, 3));
    crate::walk::configure(folder.path(), &origin, 1, "127.0.0.1:0");
    crate::walk::output(folder.path(), &["poll", "--all"]).await;
    let filter = ["articles", "--filter", "title ~ '-[12]$'", "--limit", "5"];
    let found = crate::walk::output(folder.path(), &filter).await;
    assert_eq!(String::from_utf8_lossy(&found.stdout).lines().count(), 2);
    let wrong = crate::walk::feedmill(folder.path(), &["articles", "--filter", "words < few"])
        .output()
        .expect("ran");
    assert_eq!(wrong.status.code(), Some(2));
    let message = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        message.contains("\n    words < few\n            ^\n"),
        "{message}"
    );
}
