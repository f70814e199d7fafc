//! The walk from fetch to store inside the test: real sockets and files, the clock in the test's hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::clock::Clock;
use feedmill::config;
use feedmill::daemon;
use feedmill::fetch::Fetcher;
use feedmill::model::{Report, Source};
use feedmill::poll::{Observers, Shell};
use feedmill::store::{Scope, SourceHealth, Sources, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::fetching;
use crate::origin::{Origin, Reply};

/// A store and what polls need, without a daemon.
pub(crate) struct Mill {
    pub(crate) shell: Shell,
    pub(crate) sources: Sources,
    settings: config::Fetch,
    folder: TempDir,
}

/// A source of that id and URL.
pub(crate) fn source(id: &str, url: url::Url) -> Source {
    Source {
        id: id.to_owned(),
        ..fetching::source(url)
    }
}

/// A feed with a title and an item for each id.
pub(crate) fn feed(title: &str, ids: &[&str]) -> String {
    let items: String = ids
        .iter()
        .map(|id| {
            format!("<item><guid isPermaLink=\"false\">{id}</guid><title>About {id}</title></item>")
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>{title}</title>{items}</channel></rss>")
}

/// A feed with a validator that is honoured.
pub(crate) fn tagged(title: &str, ids: &[&str]) -> Reply {
    let tag = format!("\"{}\"", ids.join("-"));
    Reply::ok(feed(title, ids))
        .header("ETag", tag)
        .revalidates()
}

impl Mill {
    /// A new store with these sources.
    pub(crate) async fn new(sources: Vec<Source>) -> Self {
        Self::with(sources, fetching::settings()).await
    }

    /// The same with other settings of `[fetch]`.
    pub(crate) async fn with(sources: Vec<Source>, settings: config::Fetch) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::fixed(fetching::now());
        Self::open(folder, sources, settings, clock).await
    }

    async fn open(
        folder: TempDir,
        sources: Vec<Source>,
        settings: config::Fetch,
        clock: Clock,
    ) -> Self {
        let store = Store::open(&folder.path().join("feedmill.db"), false).expect("opened");
        let fetcher = Fetcher::new(&settings);
        fetcher.hold_off(store.held_off().expect("read"));
        let shell = Shell {
            fetcher: Arc::new(fetcher),
            observers: Observers::start(1, settings.max_body).expect("threads"),
            store,
            clock,
            outage: Arc::default(),
            fed: Arc::default(),
            meters: Default::default(),
        };
        let sources = sources.into_iter().map(Arc::new).collect();
        let sources = shell
            .store
            .reconcile(sources, shell.clock.now())
            .await
            .expect("reconciled");
        Self {
            shell,
            sources,
            settings,
            folder,
        }
    }

    /// Ended and started again, with these sources.
    pub(crate) async fn restarted(self, sources: Vec<Source>) -> Self {
        let Self {
            shell,
            settings,
            folder,
            ..
        } = self;
        let clock = shell.clock.clone();
        drop(shell);
        Self::open(folder, sources, settings, clock).await
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.shell.clock.now()
    }

    /// Moves the clock on.
    pub(crate) fn later(&self, by: TimeDelta) {
        self.shell.clock.set(self.now() + by);
    }

    /// Polls by name; `None` when it may not be asked now.
    pub(crate) async fn poll(&self, id: &str) -> Option<Report> {
        self.pass(&Scope::Named(vec![id.to_owned()])).await.pop()
    }

    /// One pass over a scope.
    pub(crate) async fn pass(&self, scope: &Scope) -> Vec<Report> {
        let mut reports = Vec::new();
        let stop = CancellationToken::new();
        daemon::pass(&self.shell, &self.sources, scope, 4, &stop, |report| {
            reports.push(report);
        })
        .await
        .expect("a pass");
        reports
    }

    /// The outcome of a poll by name.
    pub(crate) async fn outcome(&self, id: &str) -> &'static str {
        self.poll(id).await.map_or("held", |report| report.outcome)
    }

    /// How a source is doing.
    pub(crate) fn health(&self, id: &str) -> SourceHealth {
        let all = self.shell.store.health(&self.sources).expect("health");
        let found = all.into_iter().find(|source| source.id == id);
        found.expect("a configured source")
    }

    /// What SQL on the file answers: one number.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let row = self.database().query_row(sql, [], |row| row.get(0));
        row.expect(sql)
    }

    /// What SQL on the file answers: a column of text.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| row.get(0)).expect(sql);
        rows.collect::<Result<_, _>>().expect(sql)
    }

    /// Changes the file.
    pub(crate) fn change(&self, sql: &str) {
        let file = self.database();
        file.execute_batch("PRAGMA foreign_keys = ON").expect("set");
        file.execute_batch(sql).expect(sql);
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.shell.store.path()).expect("opened")
    }

    /// Due how long from now.
    pub(crate) fn due_in(&self, id: &str) -> Option<TimeDelta> {
        Some(self.health(id).next_poll? - self.now())
    }
}

/// A mill with one source, `feed`, at `/feed` of an origin.
pub(crate) async fn one() -> (Origin, Mill) {
    let origin = Origin::start().await;
    let mill = Mill::new(vec![source("feed", origin.url("/feed"))]).await;
    (origin, mill)
}
