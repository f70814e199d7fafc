//! The store through its handle, on a file of its own.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::model::{
    Cadence, Candidate, ContentScope, Details, Entry, FeedDocument, FeedInfo, HttpVersion, IdKind,
    Item, Observation, RequestOptions, Rule, Signals, Source, Validators,
};
use crate::search::Query;
use crate::sketch::{Blocks, Sketch};

mod forgetting;
mod paging;

fn now() -> DateTime<Utc> {
    "2026-03-04T05:06:07Z".parse().expect("a date")
}

/// A source whose id is written down; one that begins with `-` is made from its URL.
fn source(id: &str, url: &str) -> Arc<Source> {
    Arc::new(Source {
        id: id.trim_start_matches('-').to_owned(),
        named: !id.starts_with('-'),
        url: url.parse().expect("a URL"),
        title: None,
        tags: Vec::new(),
        cadence: Cadence {
            rule: Rule::Adaptive,
            min: Duration::from_secs(900),
            max: Duration::from_secs(86_400),
            respect_hints: true,
            budget: None,
        },
        priority: 0,
        timezone: chrono_tz::UTC,
        max_items: None,
        filters: Default::default(),
        private: false,
        paused: false,
        websub: false,
        history: false,
        pages: Default::default(),
        request: Arc::new(RequestOptions {
            headers: Default::default(),
            basic_auth: None,
            cookie: None,
            user_agent: String::new(),
            proxy: None,
            timeout: Duration::from_secs(20),
            http_version: HttpVersion::Auto,
            allow_private: Vec::new(),
        }),
    })
}

/// An item of a document: its id, title and text.
type Text<'a> = (&'a str, &'a str, &'a str);

fn candidate((id, title, text): Text<'_>) -> Item {
    let hash = |text: &str| xxh3_64(text.as_bytes()).cast_signed();
    let content_html = format!("<p>{text}</p>");
    let details = Details {
        content_scope: ContentScope::Full,
        ..Details::default()
    };
    Item::Candidate(Box::new(Candidate {
        page: None,
        raw_hash: xxh3_64(format!("{id}{title}{text}").as_bytes()),
        key: hash(id),
        url_key: None,
        url_host: 0,
        trusted: true,
        content_hash: hash(&format!("{title}{text}")),
        text_hash: hash(text),
        sketch: Sketch::of(&Blocks::of(text), &|_| false),
        html: compress(&content_html),
        details: serde_json::to_string(&details).expect("JSON"),
        entry: Entry {
            id: id.to_owned(),
            id_kind: IdKind::Published,
            url: None,
            title: Some(title.to_owned()),
            published: Some(now()),
            updated: None,
            content_html: String::new(), // in `html`
            details,
        },
    }))
}

impl Store {
    /// Runs SQL on the writer's connection.
    pub(crate) async fn sql(&self, sql: &'static str) {
        let job = |connection: &mut Connection| Ok(connection.execute_batch(sql)?);
        self.write(job).await.expect(sql);
    }
}

/// A store with one source.
struct World {
    store: Store,
    sources: Sources,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("feedmill.db"), false).expect("opened");
        let configured = vec![source("mill", "https://mill.example/feed")];
        let sources = store
            .reconcile(configured, now())
            .await
            .expect("reconciled");
        Self {
            store,
            sources,
            _folder: folder,
        }
    }

    async fn poll(&self, items: &[Text<'_>]) -> Result<Report, Error> {
        self.observe(items.iter().copied().map(candidate).collect())
            .await
    }

    async fn observe(&self, items: Vec<Item>) -> Result<Report, Error> {
        let (key, source) = self.sources.iter().next().expect("one source");
        let document = FeedDocument {
            info: FeedInfo::default(),
            signals: Signals::default(),
            recovered: Vec::new(),
            validators: Validators {
                url: Some("https://mill.example/moved".to_owned()),
                ..Validators::default()
            },
            body_hash: Some([0; 16]),
            delta: false,
            prev_archive: None,
            cut: false,
            items,
            furniture: None,
            repeated: None,
        };
        let observed = Observed {
            key,
            source: Arc::clone(source),
            at: now(),
            took: Duration::ZERO,
            body_bytes: None,
            moved_to: None,
            outcome: Observation::Feed(Box::new(document)),
        };
        self.store.commit(observed).await
    }

    async fn index(&self) {
        while self.store.index_some().await.expect("indexed") > 0 {}
    }

    /// Titles of what a search finds, the best first.
    fn found(&self, query: &str) -> Result<Vec<String>, Error> {
        let selection = Selection {
            order: SelectionOrder::Relevance,
            ..Selection::default()
        };
        let query = Query::read(query, now()).expect("a search");
        let selection = selection.narrowed(query, &self.sources)?;
        let found = self.store.timeline(&selection, &self.sources)?;
        let titles = found.into_iter().filter_map(|article| article.entry.title);
        Ok(titles.collect())
    }

    fn finds(&self, query: &str, titles: &[&str]) {
        assert_eq!(self.found(query).expect(query), titles, "{query}");
    }
}

#[tokio::test]
async fn a_search_finds_what_was_indexed_the_best_first() {
    let world = World::new().await;
    world
        .poll(&[
            (
                "1",
                "Harbour news",
                "The lock gate opens at noon, says the keeper of the lock.",
            ),
            ("2", "A new gate", "Oak from the hills, for the Bäckerei."),
            ("3", "東京の水門", "今日の水門は閉じています"),
        ])
        .await
        .expect("stored");
    world.finds("gate", &[]);
    world.index().await;
    world.finds("gate", &["A new gate", "Harbour news"]);
    world.finds("gate NOT noon", &["A new gate"]);
    world.finds("title:gate", &["A new gate"]);
    world.finds("\"lock gate\" OR \"gate lock\"", &["Harbour news"]);
    world.finds("BACK* hills", &["A new gate"]);
    world.finds("水門", &["東京の水門"]);
    world.finds("門水", &[]);
}

const NEWEST_GOES: &str = "DELETE FROM entries WHERE id = 2; DELETE FROM articles WHERE pk = 2;
    UPDATE sources SET document = NULL";

#[tokio::test]
async fn revised_entries_are_indexed_again_and_gone_ones_leave() {
    let world = World::new().await;
    world
        .poll(&[("1", "One", "first wheel"), ("2", "Two", "second wheel")])
        .await
        .expect("stored");
    world.index().await;
    world
        .poll(&[("1", "One", "third axle"), ("2", "Two", "second wheel")])
        .await
        .expect("stored");
    world.index().await;
    world.finds("wheel", &["Two"]);
    world.finds("axle", &["One"]);
    // The id of a newest row that goes is given again: here after the index has seen that, below before.
    world.store.sql(NEWEST_GOES).await;
    world.index().await;
    world.finds("wheel", &[]);
    world
        .poll(&[("1", "One", "third axle"), ("3", "Three", "fourth wheel")])
        .await
        .expect("stored");
    world.index().await;
    world.finds("wheel", &["Three"]);
    world.store.sql(NEWEST_GOES).await;
    world
        .poll(&[("1", "One", "third axle"), ("4", "Four", "fifth spoke")])
        .await
        .expect("stored");
    world.index().await;
    world.finds("wheel", &[]);
    world.finds("spoke", &["Four"]);
}

#[tokio::test]
async fn the_index_goes_on_where_a_killed_process_left_it() {
    let world = World::new().await;
    let texts: Vec<String> = (0..600).map(|number| format!("sluice{number}")).collect();
    let items: Vec<Text<'_>> = texts
        .iter()
        .map(|text| (text.as_str(), text.as_str(), "wide"))
        .collect();
    world.poll(&items).await.expect("stored");
    let left = world.store.index_some().await.expect("indexed");
    assert!((1..600).contains(&left), "{left}");
    let again = Store::open(world.store.path(), false).expect("opened beside");
    while again.index_some().await.expect("indexed") > 0 {}
    assert_eq!(world.found("wide").expect("searched").len(), 600);
    world.finds("sluice599", &["sluice599"]);
}

#[tokio::test]
async fn what_is_no_search_is_refused_with_its_cure() {
    let world = World::new().await;
    let check = |query: &str, part: &str| match world.found(query) {
        Err(error @ Error::Search { .. }) => {
            let text = error.to_string();
            assert!(text.contains(part), "{query}: {text}");
            assert!(
                text.contains("double quotes") && !text.contains('\n'),
                "{text}"
            );
        }
        other => panic!("{query}: {other:?}"),
    };
    check("don't", "cannot be read at \"'\"");
    check("covid-19", "\"19\" is read as a field");
    check("writer:mill", "\"writer\" is read as a field");
    check("gate AND", "it ends where a word should follow");
    check("(gate", "it ends where a word should follow");
    check("\"gate", "a double quote is not closed");
    check("gate)", "cannot be read at \")\"");
    check("*", "");
    check("NEAR(a b, c)", "");
}

/// A text that takes many pages and does not compress.
fn large() -> String {
    let words = (0..40_000_u64).map(|number| format!("{:x} ", xxh3_64(&number.to_le_bytes())));
    words.collect()
}

#[tokio::test]
async fn a_full_disk_refuses_polls_clearly_and_whole_ones_until_there_is_room() {
    let world = World::new().await;
    let large = large();
    world.poll(&[("1", "One", "wheel")]).await.expect("stored");
    world.store.sql("PRAGMA max_page_count = 1").await; // SQLite makes it what the file has.
    let error = world
        .poll(&[("1", "One", "wheel"), ("2", "Two", &large)])
        .await
        .expect_err("full");
    assert_eq!(
        error.to_string(),
        "the database refused: the disk is full; make room and it goes on by itself"
    );
    let all = || {
        world
            .store
            .timeline(&Selection::default(), &world.sources)
            .expect("read")
            .len()
    };
    assert_eq!(all(), 1);
    world.store.sql("PRAGMA max_page_count = 1000000").await;
    let report = world
        .poll(&[("1", "One", "wheel"), ("2", "Two", &large)])
        .await
        .expect("stored");
    assert_eq!((report.new, all()), (1, 2));
}

#[tokio::test]
async fn a_database_that_became_read_only_refuses_polls_clearly_and_is_read_on() {
    let world = World::new().await;
    world.poll(&[("1", "One", "wheel")]).await.expect("stored");
    world.store.sql("PRAGMA query_only = ON").await;
    let error = world
        .poll(&[("2", "Two", "axle")])
        .await
        .expect_err("read-only");
    assert!(
        error
            .to_string()
            .starts_with("the database refused: the file or its folder is not writable"),
        "{error}"
    );
    assert_eq!(world.store.count_articles().expect("read"), 1);
    world.store.sql("PRAGMA query_only = OFF").await;
    assert_eq!(
        world
            .poll(&[("2", "Two", "axle")])
            .await
            .expect("stored")
            .new,
        1
    );
}

/// Reconciles sources in turn with a store that has `mill` under `https://mill.example/feed`, and returns whether the
/// last is that source.
async fn is_mill(steps: &[&[(&str, &str)]]) -> bool {
    let world = World::new().await;
    world.poll(&[("1", "One", "wheel")]).await.expect("stored");
    let mut sources = world.sources.clone();
    for step in steps {
        let step = step.iter().map(|(id, url)| source(id, url)).collect();
        sources = world
            .store
            .reconcile(step, now())
            .await
            .expect("reconciled");
    }
    let (mill, _) = world.sources.iter().next().expect("one");
    let keys: Vec<i64> = sources.iter().map(|(key, _)| key).collect();
    let recognized = world.store.recognize(
        &sources
            .iter()
            .map(|(_, source)| Arc::clone(source))
            .collect::<Vec<_>>(),
    );
    let recognized: Vec<i64> = recognized
        .expect("read")
        .iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(recognized, keys);
    keys.last() == Some(&mill)
}

#[tokio::test]
async fn a_source_is_found_again_by_id_then_url_then_where_redirects_led() {
    const FEED: &str = "https://mill.example/feed";
    const NEW: &str = "https://new.example/rss";
    let check = async |steps: &[&[(&str, &str)]], expected| {
        assert_eq!(is_mill(steps).await, expected, "{steps:?}")
    };
    check(&[&[("mill", NEW)]], true).await;
    check(&[&[("wheel", FEED)]], true).await;
    check(&[&[("wheel", "https://mill.example/moved")]], true).await;
    check(&[&[("-mill-example-feed", FEED)]], true).await;
    check(
        &[
            &[("-mill-example-feed", FEED)],
            &[("-mill-example-feed", "http://mill.example/feed")],
        ],
        true,
    )
    .await;
    check(
        &[
            &[("-mill-example-feed", FEED)],
            &[("-mill-example-feed", "https://mill.example/feed?of=2")],
        ],
        false,
    )
    .await;
    // A written id outranks another source's claim on its old URL.
    check(&[&[("other", FEED), ("mill", NEW)]], true).await;
    check(&[&[("mill", NEW), ("other", FEED)]], false).await;
    // Gone and back again.
    check(&[&[], &[("-mill-example-feed", FEED)]], true).await;
    // Two sources that swap their URLs keep their own history.
    check(
        &[
            &[("other", NEW), ("mill", FEED)],
            &[("other", FEED), ("mill", NEW)],
        ],
        true,
    )
    .await;
}

#[tokio::test]
async fn a_new_source_of_an_old_name_shares_no_article_id_with_it() {
    let mut world = World::new().await;
    world.poll(&[("1", "One", "wheel")]).await.expect("stored");
    let other = |id: &str, url: &str| vec![source(id, url)];
    world
        .store
        .reconcile(other("-mill", "https://mill.example/feed"), now())
        .await
        .expect("reconciled");
    world.sources = world
        .store
        .reconcile(other("-mill", "https://b.example/"), now())
        .await
        .expect("reconciled");
    assert_eq!(
        world
            .poll(&[("1", "One", "wheel")])
            .await
            .expect("stored")
            .new,
        1
    );
    assert_eq!(world.store.count_articles().expect("read"), 2);
}

#[tokio::test]
async fn the_disk_is_waited_for_as_configured_also_after_a_publication() {
    let folder = tempfile::tempdir().expect("a folder");
    for (full_sync, expected) in [(false, 1), (true, 2)] {
        let store = Store::open(&folder.path().join("feedmill.db"), full_sync).expect("opened");
        let synchronous = async || {
            let job = |connection: &mut Connection| {
                Ok(connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0))?)
            };
            store.write(job).await.expect("read")
        };
        assert_eq!(synchronous().await, expected);
        let state = OutputState {
            etag: "x".to_owned(),
            changed_at: now(),
            updated_at: now(),
        };
        let recorded = store.record_outputs(vec![("all.atom".to_owned(), state)]);
        recorded.await.expect("recorded");
        assert_eq!(synchronous().await, expected);
    }
}

const COPIED: &str = "The ferry to the outer island leaves at nine from Monday on and returns before the evening tide, \
    because the pilots asked for daylight on both crossings until the new lights on the breakwater are tested";

#[tokio::test]
async fn entries_of_an_older_release_are_brought_into_the_comparison() {
    let world = World::new().await;
    let title = "Ferry to leave an hour earlier";
    world.poll(&[("a", title, COPIED)]).await.expect("stored");
    world
        .store
        .sql("DELETE FROM sketches; DELETE FROM sketch_keys; INSERT INTO meta VALUES ('unsketched_entry', '1')")
        .await;
    let count = || {
        world.store.read(|connection| {
            let sql = "SELECT (SELECT count(*) FROM sketches), (SELECT count(*) FROM meta WHERE key = 'unsketched_entry')";
            Ok(connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
        })
    };
    assert_eq!(count().expect("read"), (0, 1));
    while world.store.sketch_some(now()).await.expect("sketched") > 0 {}
    assert_eq!(count().expect("read"), (1, 0));
    let report = world
        .poll(&[("a", title, COPIED), ("b", title, COPIED)])
        .await;
    let report = report.expect("stored");
    assert_eq!((report.new, report.merged), (0, 1), "{report}");
}

#[tokio::test]
async fn what_left_the_window_is_let_go_and_what_the_feed_holds_stays() {
    let world = World::new().await;
    world
        .poll(&[("a", "Of the ferry this week", COPIED)])
        .await
        .expect("stored");
    world
        .poll(&[(
            "b",
            "Of other things this week",
            "Cabbage was cheap on the square today",
        )])
        .await
        .expect("stored");
    let days = |days| now() + chrono::TimeDelta::days(days);
    assert_eq!(
        world.store.prune_sketches(days(4)).await.expect("pruned"),
        0
    );
    assert_eq!(
        world.store.prune_sketches(days(6)).await.expect("pruned"),
        1
    );
    assert_eq!(
        world.store.prune_sketches(days(60)).await.expect("pruned"),
        0
    );
}
