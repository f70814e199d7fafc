//! Care of the store with the real binary: backup beside a daemon, restore, upgrades, and what goes wrong with them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

use crate::origin::Origin;
use crate::walk::{configure, daemon, feedmill, free_address, output, reply};

const FEEDS: usize = 40;

/// A folder with a configuration, and a store that is filled.
struct Place {
    folder: tempfile::TempDir,
    origin: Origin,
}

impl Place {
    async fn filled() -> Self {
        let origin = Origin::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        configure(folder.path(), &origin, FEEDS, &free_address());
        let place = Self { folder, origin };
        place.grow(5).await;
        place
    }

    /// Every feed has so many items, and is polled.
    async fn grow(&self, items: usize) {
        for number in 0..FEEDS {
            self.origin
                .script(&format!("/{number}"), reply(number, items));
        }
        output(self.path(), &["poll", "--all"]).await;
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    async fn export(&self) -> Vec<u8> {
        output(self.path(), &["export", "--format", "jsonl"])
            .await
            .stdout
    }

    async fn backup(&self, name: &str) -> String {
        let file = self.file(name);
        let done = output(self.path(), &["backup", &file.to_string_lossy()]).await;
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    async fn restore(&self, name: &str) {
        let file = self.file(name);
        output(self.path(), &["restore", &file.to_string_lossy()]).await;
    }
}

/// What a command that fails says; its exit code must be 1.
fn refused(mut command: Command) -> String {
    let output = command.output().expect("ran");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    text
}

/// Commits to the store without a pause until it is stopped.
struct Writer {
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    fn start(store: &Path) -> Self {
        let connection = Connection::open(store).expect("opened");
        connection
            .execute_batch("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF;")
            .expect("set");
        let (stop, commits) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&commits));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                connection
                    .execute(
                        "INSERT INTO events (at_ms, kind, text) VALUES (0, 'test', 'x')",
                        [],
                    )
                    .expect("committed");
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            commits,
            thread: Some(thread),
        }
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_a_daemon_and_a_busy_writer_restores_every_article() {
    let place = Place::filled().await;
    let running = daemon(place.path());
    let before = place.export().await;
    let writer = Writer::start(&place.file("feedmill.db"));
    let begun = writer.commits();
    let said = place.backup("backup.db").await;
    let commits = writer.commits() - begun;
    drop(writer);
    assert!(
        commits > 20,
        "only {commits} commits came beside the backup"
    );
    assert!(
        said.contains(&format!("{} articles, schema version ", FEEDS * 5)),
        "{said}"
    );
    assert!(
        place.export().await == before,
        "the articles did not change meanwhile"
    );

    let restore = feedmill(
        place.path(),
        &["restore", &place.file("backup.db").to_string_lossy()],
    );
    let text = refused(restore);
    assert!(
        text.contains("(process ") && text.contains("stop it first"),
        "{text}"
    );
    drop(running);

    place.grow(7).await;
    assert!(place.export().await != before);
    place.restore("backup.db").await;
    assert!(
        place.export().await == before,
        "other bytes after the restore"
    );
    for gone in ["feedmill.db.part", "backup.db.part"] {
        assert!(!place.file(gone).exists(), "{gone}");
    }
    let kept = std::fs::read_dir(place.path()).expect("listed").flatten();
    let kept = kept.filter(|file| {
        file.file_name()
            .to_string_lossy()
            .contains(".before-restore-")
    });
    let kept: Vec<PathBuf> = kept.map(|file| file.path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let count: i64 = Connection::open(&kept[0])
        .and_then(|old| old.query_row("SELECT count(*) FROM articles", [], |row| row.get(0)))
        .expect("a store");
    assert_eq!(count, (FEEDS * 7) as i64);
    // The next poll finds what the backup did not know, and nothing twice.
    place.grow(7).await;
    let lines = place
        .export()
        .await
        .iter()
        .filter(|byte| **byte == b'\n')
        .count();
    assert_eq!(lines, FEEDS * 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backup_leaves_nothing_under_its_name_and_a_killed_restore_one_store_or_the_other()
{
    let place = Place::filled().await;
    place.backup("few.db").await;
    let few = place.export().await;
    place.grow(9).await;
    place.backup("many.db").await;
    let many = place.export().await;
    let mut swapped = 0;
    for round in 0..16 {
        let name = if round % 2 == 0 { "few.db" } else { "many.db" };
        let mut child = feedmill(
            place.path(),
            &["restore", &place.file(name).to_string_lossy()],
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
        // Later in each round: nothing yet, the copy begun, more and more of it, until it is over.
        let part = place.file("feedmill.db.part");
        let far = |part: &Path| part.metadata().map_or(0, |part| part.len());
        while child.try_wait().expect("a child").is_none() && far(&part) < round * 40_000 {
            std::thread::yield_now();
        }
        let _ = child.kill();
        swapped += u32::from(child.wait().expect("ended").success());
        let now = place.export().await;
        assert!(
            now == few || now == many,
            "round {round}: neither the old nor the new"
        );
    }
    assert!(swapped < 16, "none was killed in time");
    place.restore("few.db").await;
    assert!(place.export().await == few);

    let file = place.file("killed.db");
    let mut child = feedmill(place.path(), &["backup", &file.to_string_lossy()])
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    while child.try_wait().expect("a child").is_none() && !place.file("killed.db.part").exists() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    let whole = child.wait().expect("ended").success();
    assert_eq!(file.exists(), whole, "half a backup under the final name");
    output(
        place.path(),
        &["backup", "--force", &file.to_string_lossy()],
    )
    .await;
    assert!(!place.file("killed.db.part").exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_cannot_be_written_says_why_and_leaves_nothing() {
    let place = Place::filled().await;
    let file = place.file("backup.db");
    // No file may grow beyond 100 KiB: what a full disk is to the program.
    let mut narrow = Command::new("sh");
    narrow
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 200; exec \"$0\" backup \"$1\" --config \"$2\"",
        ])
        .arg(env!("CARGO_BIN_EXE_feedmill"))
        .args([&file, &place.file("feedmill.toml")]);
    let text = refused(narrow);
    assert!(
        text.contains("cannot copy the database to") && text.contains("disk"),
        "{text}"
    );
    assert!(!file.exists() && !place.file("backup.db.part").exists());

    let nowhere = place.file("nowhere/backup.db");
    let text = refused(feedmill(
        place.path(),
        &["backup", &nowhere.to_string_lossy()],
    ));
    assert!(text.contains("nowhere/backup.db: No such file"), "{text}");

    std::fs::write(&file, "precious").expect("written");
    let text = refused(feedmill(place.path(), &["backup", &file.to_string_lossy()]));
    assert!(
        text.contains("not overwritten") && text.contains("--force"),
        "{text}"
    );
    assert_eq!(std::fs::read(&file).expect("read"), b"precious");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_named_kept_and_restored() {
    let place = Place::filled().await;
    place.backup("backup.db").await;
    let before = place.export().await;
    let store = place.file("feedmill.db");
    let mut bytes = std::fs::read(&store).expect("read");
    bytes[..8192].fill(0xa5);
    std::fs::write(&store, &bytes).expect("written");
    let failed = feedmill(place.path(), &["poll"]).output().expect("ran");
    let text = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(2), "{text}");
    assert!(text.contains("feedmill.db"), "{text}");
    let text = refused(feedmill(
        place.path(),
        &["backup", &place.file("b2.db").to_string_lossy()],
    ));
    assert!(
        text.contains("feedmill.db") && !place.file("b2.db").exists(),
        "{text}"
    );
    assert!(
        std::fs::read(&store).expect("read") == bytes,
        "the damaged file changed"
    );
    place.restore("backup.db").await;
    assert!(place.export().await == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_copies_the_store_first_and_the_copy_leads_back() {
    const OLDER: [&str; 4] = [
        include_str!("../../migrations/0001_initial.sql"),
        include_str!("../../migrations/0002_search.sql"),
        include_str!("../../migrations/0003_manners.sql"),
        include_str!("../../migrations/0004_pace.sql"),
    ];
    let origin = Origin::start().await;
    origin.script("/0", reply(0, 3));
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &origin, 1, "127.0.0.1:0");
    let store = folder.path().join("feedmill.db");
    let older = Connection::open(&store).expect("opened");
    for migration in OLDER {
        older.execute_batch(migration).expect("of before");
    }
    let url = origin.url("/0");
    older
        .execute(
            "INSERT INTO sources (name, url, active, paused, priority) VALUES ('f0', ?1, 1, 0, 0)",
            [url.as_str()],
        )
        .expect("a source");
    older
        .execute_batch(
            "INSERT INTO schedule (source, due_why) VALUES (1, 'x'); PRAGMA user_version = 4;",
        )
        .expect("a schedule");
    drop(older);
    let before = std::fs::read(&store).expect("read");
    let copy = folder.path().join("feedmill.db.before-0005");
    // Who makes no room for the copy gets no upgrade: here a folder stands in its way.
    std::fs::create_dir(&copy).expect("made");
    let failed = feedmill(folder.path(), &["poll"]).output().expect("ran");
    let text = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        !failed.status.success() && text.contains("before-0005"),
        "{text}"
    );
    assert!(
        std::fs::read(&store).expect("read") == before,
        "the store changed"
    );
    std::fs::remove_dir(&copy).expect("removed");

    output(folder.path(), &["poll", "--all"]).await;
    let version = |path: &Path| -> i64 {
        Connection::open(path)
            .and_then(|file| file.query_row("PRAGMA user_version", [], |row| row.get(0)))
            .expect("a store")
    };
    assert_eq!(version(&copy), 4);
    assert!(version(&store) > 4);
    output(folder.path(), &["restore", &copy.to_string_lossy()]).await;
    assert_eq!(version(&store), 4, "back");
    output(folder.path(), &["poll", "--all"]).await;
    assert!(version(&store) > 4, "and up again");
}

/// Feeds whose entries are joined, filled from each other, revised, undated and without ids that may be published.
fn varied(round: usize) -> [(&'static str, String); 3] {
    let long = "Water came back to the race on Monday after two dry years, said the miller, and the stones turned again \
        while the whole village stood at the weir and watched the foam go down to the sea in the evening light.";
    let changed = if round > 0 {
        "<p>Later the wheel stopped once more, as a branch had come down the river.</p>"
    } else {
        ""
    };
    let rss = |title: &str, items: &str| {
        format!(
            "<rss version=\"2.0\"><channel><title>{title}</title><link>https://{title}.example/</link><language>en</language>{items}</channel></rss>"
        )
    };
    let one = rss(
        "mill",
        &format!(
            "<item><guid isPermaLink=\"false\">tag:mill.example,2026:1</guid><link>https://mill.example/1</link>\
             <title>The wheel turns again</title><author>ada@mill.example (Ada Miller)</author>\
             <pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>&lt;p&gt;{long}&lt;/p&gt;{}</description></item>\
             <item><guid isPermaLink=\"false\">2</guid><title>Undated</title><description>Short.</description></item>\
             <item><title>Without any id</title><description>&lt;p&gt;Hm.&lt;/p&gt;</description></item>",
            changed.replace('<', "&lt;").replace('>', "&gt;")
        ),
    );
    let two = rss(
        "river",
        &format!(
            "<item><guid isPermaLink=\"false\">77</guid><link>https://river.example/news/mill</link>\
             <title>The wheel turns again</title><author>ada@river.example (Ada Miller)</author><category>Water</category>\
             <pubDate>Mon, 23 Nov 2026 09:00:00 GMT</pubDate><description>&lt;p&gt;{long}&lt;/p&gt;</description></item>"
        ),
    );
    let three = rss(
        "gone",
        "<item><guid isPermaLink=\"false\">g</guid><title>Of a source that is configured no more</title></item>",
    );
    [("/0", one), ("/1", two), ("/2", three)]
}

fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_articles_make_the_same_articles_elsewhere() {
    let origin = Origin::start().await;
    let (here, there) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    configure(here.path(), &origin, 3, "127.0.0.1:0");
    for round in 0..2 {
        for (path, feed) in varied(round) {
            origin.script(path, crate::origin::Reply::ok(feed));
        }
        output(here.path(), &["poll", "f0"]).await; // first: it founds what they share
        output(here.path(), &["poll", "--all"]).await;
    }
    configure(here.path(), &origin, 2, "127.0.0.1:0");
    configure(there.path(), &origin, 2, "127.0.0.1:0");
    let export = |folder: &Path| {
        let folder = folder.to_owned();
        async move {
            output(&folder, &["export", "--format", "jsonl"])
                .await
                .stdout
        }
    };
    let before = export(here.path()).await;
    let shown = lines(&before);
    assert_eq!(shown.len(), 4);
    let joined = shown.iter().find(|article| {
        article["entries"]
            .as_array()
            .is_some_and(|all| all.len() == 2)
    });
    let joined = joined.expect("one of two sources");
    assert_eq!(joined["revision"], 2);
    assert_eq!(joined["kept"]["published_id"], "tag:mill.example,2026:1");
    assert_eq!(joined["provenance"]["categories"], "entry:f1");
    assert_eq!(
        joined["kept"]["entries"][0]["revisions"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    let file = there.path().join("articles.jsonl");
    std::fs::write(&file, &before).expect("written");
    let file = file.to_string_lossy().into_owned();
    let said = output(there.path(), &["import", &file]).await.stdout;
    assert!(String::from_utf8_lossy(&said).starts_with("4 articles imported, 0 there already"));
    let after = export(there.path()).await;
    assert_eq!(lines(&after), shown);
    assert!(after == before, "the same articles in other bytes");
    let said = output(there.path(), &["import", &file]).await.stdout;
    assert!(String::from_utf8_lossy(&said).starts_with("0 articles imported, 4 there already"));
    assert!(
        export(there.path()).await == before,
        "a second import changed something"
    );

    // What searches and the next poll make of it.
    let found = output(there.path(), &["articles", "branch"]).await.stdout;
    assert!(String::from_utf8_lossy(&found).contains("The wheel turns again"));
    let polled = output(there.path(), &["poll", "--all"]).await.stdout;
    let polled = String::from_utf8_lossy(&polled).into_owned();
    assert!(
        polled.ends_with("2 sources: 0 new, 0 revised, 0 merged, 0 failed\n"),
        "{polled}"
    );
    let ids = |bytes: &[u8]| -> Vec<(String, String)> {
        lines(bytes)
            .iter()
            .map(|line| {
                (
                    line["id"].to_string(),
                    line["kept"]["published_id"].to_string(),
                )
            })
            .collect()
    };
    assert_eq!(ids(&export(there.path()).await), ids(&before));
    // A copy that comes later is known for one.
    let [_, (_, copy), _] = varied(0);
    origin.script(
        "/1",
        crate::origin::Reply::ok(copy.replace(">77<", ">78<").replace("/news/mill", "/copy")),
    );
    let polled = output(there.path(), &["poll", "--all"]).await.stdout;
    let polled = String::from_utf8_lossy(&polled).into_owned();
    assert!(
        polled.contains("0 new") && !polled.contains("1 new"),
        "{polled}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_lines_are_named_and_the_others_imported() {
    let place = Place::filled().await;
    let before = place.export().await;
    let text = String::from_utf8(before.clone()).expect("text");
    let mut all: Vec<&str> = text.lines().collect();
    let count = all.len();
    all.insert(1, "{\"id\": \"urn:uuid:1\", \"title\": \"cut");
    all.insert(3, "");
    all.insert(5, "{\"format\": \"opml\"}");
    let file = place.file("articles.jsonl");
    std::fs::write(&file, all.join("\n")).expect("written");
    let file = file.to_string_lossy().into_owned();

    let running = daemon(place.path());
    let text = refused(feedmill(place.path(), &["import", &file]));
    assert!(
        text.contains("stop it, import, and start it again"),
        "{text}"
    );
    drop(running);

    std::fs::remove_file(place.file("feedmill.db")).expect("removed");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(place.file(&format!("feedmill.db{suffix}")));
    }
    let done = feedmill(place.path(), &["import", &file])
        .output()
        .expect("ran");
    let (said, text) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(
        said.starts_with(&format!("{count} articles imported, 0 there"))
            && said.contains("2 lines broken"),
        "{said}"
    );
    assert!(
        text.contains("articles.jsonl:2: ") && text.contains("articles.jsonl:6: "),
        "{text}"
    );
    assert!(place.export().await == before, "other bytes");
    let text = refused(feedmill(
        place.path(),
        &["import", &place.file("none.jsonl").to_string_lossy()],
    ));
    assert!(text.contains("none.jsonl"), "{text}");
}

/// The checks of `doctor --json`, by name, and the exit code.
fn doctor(folder: &Path, more: &[&str]) -> (serde_json::Value, Option<i32>) {
    let mut arguments = vec!["doctor", "--json"];
    arguments.extend(more);
    let done = feedmill(folder, &arguments).output().expect("ran");
    let checks: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).expect("JSON");
    let named =
        |check: serde_json::Value| (check["name"].as_str().expect("a name").to_owned(), check);
    let checks = checks
        .into_iter()
        .map(named)
        .collect::<serde_json::Map<_, _>>();
    (checks.into(), done.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_sound_place_sound_beside_a_daemon_and_alone() {
    let place = Place::filled().await;
    for runs in [false, true] {
        let running = runs.then(|| daemon(place.path()));
        let asked = place.origin.requests().len();
        let (checks, code) = doctor(place.path(), &[]);
        assert_eq!(code, Some(0), "{checks:#}");
        for name in [
            "configuration",
            "store",
            "search index",
            "wal",
            "permissions",
            "clock",
            "listen",
            "daemon",
            "reachability",
        ] {
            assert_eq!(checks[name]["state"], "ok", "{checks:#}");
            assert_eq!(checks[name]["cure"], serde_json::Value::Null);
        }
        let said = |name: &str| checks[name]["what"].as_str().expect("text").to_owned();
        assert!(said("store").contains(&format!("{} articles", FEEDS * 5)));
        assert_eq!(said("daemon").contains("process"), runs);
        assert_eq!(said("listen").contains("is served"), runs);
        if !runs {
            assert_eq!(
                place.origin.requests().len(),
                asked,
                "nobody is asked without --online"
            );
        }
        drop(running);
    }
    let asked = place.origin.requests().len();
    let (checks, code) = doctor(place.path(), &["--online"]);
    assert_eq!(
        checks["reachability"]["what"], "1 sources answer",
        "one a host: {checks:#}"
    );
    assert_eq!(code, Some(0));
    let requests = place.origin.requests();
    assert_eq!(requests.len(), asked + 1);
    assert!(
        requests[asked].header("if-none-match").is_some(),
        "as a poll asks"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_goes_on_with_a_broken_configuration_and_names_every_trouble() {
    let place = Place::filled().await;
    let config = place.file("feedmill.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    std::fs::write(&config, format!("{text}nonsense = 1\n")).expect("written");
    let (checks, code) = doctor(place.path(), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(checks["configuration"]["state"], "failure");
    assert!(
        checks["configuration"]["what"]
            .to_string()
            .contains("nonsense"),
        "{checks:#}"
    );
    assert_eq!(checks["store"]["state"], "ok", "{checks:#}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    configure(
        place.path(),
        &place.origin,
        1,
        &taken.local_addr().expect("bound").to_string(),
    );
    std::fs::write(
        place.file("feedmill.db"),
        "no database, but long enough to be read as one",
    )
    .expect("broken");
    let output = feedmill(place.path(), &["doctor"]).output().expect("ran");
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("FAILURE  store: ") && said.contains("not a SQLite database"),
        "{said}"
    );
    assert!(
        said.contains("FAILURE  listen: ") && said.contains("cure: end it, or set server.listen"),
        "{said}"
    );
    assert!(
        failed.contains("2 of ") && failed.contains("checks failed"),
        "{failed}"
    );

    let nothing = tempfile::tempdir().expect("a folder");
    let (checks, code) = doctor(nothing.path(), &[]);
    assert_eq!(
        (checks["configuration"]["state"].as_str(), code),
        (Some("failure"), Some(1))
    );
    assert_eq!(checks["clock"]["state"], "ok");
    assert_eq!(
        std::fs::read_dir(nothing.path()).expect("listed").count(),
        0,
        "doctor writes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_on_pages_moves_with_the_articles() {
    let origin = Origin::start().await;
    let (here, there) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    for folder in [here.path(), there.path()] {
        configure(folder, &origin, 1, "127.0.0.1:0");
        let file = folder.join("feedmill.toml");
        let text = std::fs::read_to_string(&file).expect("written before");
        std::fs::write(&file, text + "full_text = \"when-short\"\n").expect("written");
    }
    let link = origin.url("/page");
    let item = format!(
        "<item><guid isPermaLink=\"false\">1</guid><title>The ferry is back</title><link>{link}</link>\
         <description>Back.</description></item>"
    );
    origin.script(
        "/0",
        crate::origin::Reply::ok(format!(
            "<rss version=\"2.0\"><channel><title>Quay</title>{item}</channel></rss>"
        )),
    );
    let paragraphs: String = [
        "The ferry came back to the harbour on Monday after a winter in the yard, and half the town stood on the quay.",
        "Engineers had replaced both engines and the whole of the car deck, which had rusted through in three places.",
        "The boat will sail twice a day until the storms begin in October, and once a day in the winter after that.",
        "Fishing crews remain uneasy, because the new timetable crosses the hour at which they come home each evening.",
    ]
    .map(|text| format!("<p>{text}</p>"))
    .concat();
    let page = format!(
        "<html lang=\"en\"><head><title>The ferry is back</title><meta name=\"author\" content=\"Ada Byron\"></head>\
         <body><article><h1>The ferry is back</h1>{paragraphs}</article></body></html>"
    );
    origin.script(
        "/page",
        crate::origin::Reply::ok(page).header("Content-Type", "text/html"),
    );
    origin.script("/robots.txt", crate::origin::Reply::status(404));
    output(here.path(), &["poll", "--all"]).await;
    let before = output(here.path(), &["export"]).await.stdout;
    let [shown] = &lines(&before)[..] else {
        panic!("one article")
    };
    assert_eq!(shown["extraction"]["status"], "full", "{shown:#}");
    assert_eq!(shown["kept"]["entries"][0]["page"]["content"], "shown");

    let file = there.path().join("articles.jsonl");
    std::fs::write(&file, &before).expect("written");
    output(there.path(), &["import", &file.to_string_lossy()]).await;
    let after = output(there.path(), &["export"]).await.stdout;
    assert_eq!(lines(&after), lines(&before));
    assert!(after == before, "the same article in other bytes");
    let asked = |path: &str| {
        origin
            .targets()
            .iter()
            .filter(|target| *target == path)
            .count()
    };
    let pages = asked("/page");
    let polled = output(there.path(), &["poll", "--all"]).await.stdout;
    assert!(
        String::from_utf8_lossy(&polled)
            .ends_with("1 sources: 0 new, 0 revised, 0 merged, 0 failed\n")
    );
    assert_eq!(
        asked("/page"),
        pages,
        "a page that was read is not fetched again"
    );
}
