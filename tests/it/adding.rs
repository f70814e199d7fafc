//! Sources without an editor: `init`, `add`, `import`, `export --format opml`, `remove`, `pause`, `resume`, with the real
//! binary and a loopback origin.

use std::path::Path;

use crate::child::{feedmill, free_address};
use crate::origin::{Origin, Reply};
use crate::walk::daemon;

const COMMENTED: &str = "# My mill.\n[store]\npath = \"feedmill.db\" # here\n\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n\n\
                         # All of it.\n[[output]]\nname = \"all\"\n";

const FEED: &str = "<rss version=\"2.0\"><channel><title>Mill Notes</title><link>https://mill.example/</link><language>en</language>\
    <item><title>Wheel</title><guid>1</guid><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate></item>\
    <item><title>Race</title><guid>2</guid><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>";

struct Mill {
    origin: Origin,
    folder: tempfile::TempDir,
}

/// How a command ended: exit code, standard output, standard error.
type Ended = (i32, String, String);

impl Mill {
    async fn start(config: &str) -> Self {
        let mill = Self {
            origin: Origin::start().await,
            folder: tempfile::tempdir().expect("a folder"),
        };
        mill.write("feedmill.toml", config);
        mill
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("read")
    }

    fn config(&self) -> String {
        self.read("feedmill.toml")
    }

    fn url(&self, path: &str) -> String {
        self.origin.url(path).into()
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        run(self.folder.path(), arguments).await
    }

    /// Adds an address of the origin and checks what is written behind the rest, and what was asked for.
    async fn check_added(&self, given: &str, feed: &str, asked: &[&str]) -> String {
        let before = self.config();
        let (code, out, err) = self.run(&["add", &self.url(given)]).await;
        assert_eq!(code, 0, "{given}: {out}{err}");
        let added = format!("\n[[source]]\nurl = \"{}\"\n", self.url(feed));
        assert_eq!(self.config(), before + &added, "{given}");
        let targets = self.origin.targets();
        assert_eq!(targets[targets.len() - asked.len()..], *asked, "{given}");
        out
    }
}

async fn run(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = feedmill(folder, arguments);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("joined")
        .expect("started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("no signal"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_of_a_page_is_found_and_polled_and_the_file_keeps_its_comments() {
    let mill = Mill::start(COMMENTED).await;
    let page = "<!doctype html><title>Mill</title><link rel=alternate type=application/rss+xml title='Comments' href=/comments/feed/>\
                <link rel=alternate type=application/rss+xml href=feed.xml>";
    mill.origin.script(
        "/blog/",
        Reply::ok(page).header("Content-Type", "text/html"),
    );
    mill.origin.script("/blog/feed.xml", Reply::ok(FEED));
    let feed = mill.url("/blog/feed.xml");
    let (code, out, _) = mill
        .run(&["add", &mill.url("/blog/"), "--dry-run", "--tag", "sea"])
        .await;
    assert_eq!((code, mill.config().as_str()), (0, COMMENTED));
    assert!(out.contains("would be added to"), "{out}");
    let more = [
        "--tag",
        "sea",
        "--title",
        "The \"Mill\"",
        "--schedule",
        "@daily",
        "--id",
        "mill",
    ];
    let page_url = mill.url("/blog/");
    let (code, out, err) = mill.run(&[&["add", &page_url][..], &more].concat()).await;
    assert_eq!(code, 0, "{err}");
    for line in [
        "Mill Notes\n",
        &format!("{feed} (found by the page's link element)"),
        "rss-2.0, 2 entries, language en",
        "2026-11-24 08:00  Race\n  2026-11-23 08:00  Wheel",
        &format!("{}  Comments [comments]", mill.url("/comments/feed/")),
        "as mill\n",
    ] {
        assert!(out.contains(line), "{line:?} in {out}");
    }
    let source = format!(
        "\n[[source]]\nurl = \"{feed}\"\nid = \"mill\"\ntitle = 'The \"Mill\"'\ntags = [\"sea\"]\nschedule = \"@daily\"\n"
    );
    assert_eq!(mill.config(), format!("{COMMENTED}{source}"));
    let (code, out, err) = mill.run(&["poll", "--all"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("1 sources: 2 new"), "{out}");
    let asked = mill.origin.requests().len();
    let (code, out, _) = mill.run(&["add", &feed]).await;
    assert_eq!((code, mill.origin.requests().len()), (0, asked));
    assert!(out.contains("is followed already, as mill"), "{out}");
    let (code, out, _) = mill.run(&["add", &mill.url("/blog/")]).await;
    assert_eq!(code, 0);
    assert!(out.contains("is followed already, as mill"), "{out}");
    assert_eq!(mill.config(), format!("{COMMENTED}{source}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_found_by_header_path_anchor_and_redirect() {
    let mill = Mill::start(COMMENTED).await;
    let html = |text: &str| Reply::ok(text).header("Content-Type", "text/html");
    for feed in [
        "/given",
        "/a/headed",
        "/b/feed.xml",
        "/c/atom.xml",
        "/moved",
        "/visited",
        "/e/main.rss",
    ] {
        mill.origin.script(feed, Reply::ok(FEED));
    }
    mill.origin.script(
        "/a/",
        html("<p>no links").header(
            "Link",
            "<headed>; rel=alternate; type=\"application/rss+xml\"",
        ),
    );
    mill.origin
        .script("/b/", html("<a href='feed.xml'>News by RSS</a>"));
    mill.origin.script("/c/", html("<p>A page without links."));
    mill.origin.script("/old", Reply::redirect(301, "/moved"));
    mill.origin
        .script("/brief", Reply::redirect(302, "/visited"));
    mill.origin.script(
        "/e/",
        html("<link rel=feed href=gone.rss><link rel=feed href=main.rss>"),
    );
    mill.check_added("/given", "/given", &["/given"]).await;
    mill.check_added("/a/", "/a/headed", &["/a/", "/a/headed"])
        .await;
    mill.check_added("/b/", "/b/feed.xml", &["/b/", "/b/feed.xml"])
        .await;
    let asked = ["/c/", "/c/feed", "/c/index.xml", "/c/atom.xml"];
    mill.check_added("/c/", "/c/atom.xml", &asked).await;
    mill.check_added("/old", "/moved", &["/old", "/moved"])
        .await;
    mill.check_added("/brief", "/brief", &["/brief", "/visited"])
        .await;
    // A password is sent to its own site, and written for the polls.
    mill.origin
        .script("/f/", html("<link rel=feed href=/f/feed>"));
    mill.origin.script("/f/feed", Reply::ok(FEED));
    let login = mill.url("/f/").replace("//", "//ada:s3cret@");
    let before = mill.config();
    let (code, out, err) = mill.run(&["add", &login]).await;
    assert_eq!(code, 0, "{err}");
    assert!(!out.contains("s3cret"), "{out}");
    let written = login + "feed";
    assert_eq!(
        mill.config(),
        format!("{before}\n[[source]]\nurl = \"{written}\"\n")
    );
    for request in &mill.origin.requests()[mill.origin.requests().len() - 2..] {
        assert_eq!(
            request.header("authorization").as_deref(),
            Some("Basic YWRhOnMzY3JldA==")
        );
    }
    let asked = ["/e/", "/e/gone.rss", "/e/main.rss"];
    mill.check_added("/e/", "/e/main.rss", &asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_says_why_and_writes_nothing() {
    let mill = Mill::start(COMMENTED).await;
    let page = "<title>Quay</title><p>No feed.";
    mill.origin
        .script("/", Reply::ok(page).header("Content-Type", "text/html"));
    mill.origin.script(
        "/busy/",
        Reply::ok("<html>").header("Content-Type", "text/html"),
    );
    mill.origin.script("/busy/feed", Reply::status(429));
    mill.origin.script(
        "/list",
        Reply::ok("<opml><outline xmlUrl='https://a.example/'/></opml>"),
    );
    mill.origin.script("/feed.json", Reply::ok("{}"));
    let check = async |arguments: &[&str], code: i32, words: &[&str]| {
        let before = mill.config();
        let (ended, out, err) = mill.run(arguments).await;
        assert_eq!(ended, code, "{arguments:?}: {out}{err}");
        for words in words {
            assert!(err.contains(words), "{words:?} in {err}");
        }
        assert_eq!(mill.config(), before, "{arguments:?}");
    };
    let [root, none, list] = ["/", "/none", "/list"].map(|path| mill.url(path));
    let words = [
        "no feed found",
        "titled \"Quay\"",
        "it links none",
        "give that",
    ];
    check(&["add", &root], 1, &words).await;
    let asked = mill.origin.targets();
    assert_eq!(
        asked,
        [
            "/",
            "/feed",
            "/rss",
            "/atom.xml",
            "/feed.xml",
            "/index.xml",
            "/rss.xml",
            "/feed.json"
        ]
    );
    check(&["add", &none], 1, &["/none: answered status 404"]).await;
    check(
        &["add", &list],
        1,
        &["is an OPML list of 1 feed", "feedmill import"],
    )
    .await;
    check(
        &["add", &root, "--id", "No Id"],
        2,
        &["id: ", "write \"no-id\""],
    )
    .await;
    check(
        &["add", &root, "--tag", "a/b"],
        2,
        &["tags[1]", "write \"a-b\""],
    )
    .await;
    check(
        &["add", &root, "--schedule", "61 * * * *"],
        2,
        &["schedule: "],
    )
    .await;
    check(
        &["add", "gopher://a.example/"],
        2,
        &["url: no address of a feed"],
    )
    .await;
    check(
        &["remove", "nobody"],
        2,
        &["no source \"nobody\"", "feedmill sources"],
    )
    .await;
    mill.origin.script(
        "/picture",
        Reply::ok(b"\x89PNG\r\n".to_vec()).header("Content-Type", "image/png"),
    );
    let before = mill.origin.requests().len();
    check(&["add", &mill.url("/picture")], 1, &["no feed found"]).await;
    assert_eq!(mill.origin.requests().len(), before + 1);
    let before = mill.origin.requests().len();
    check(&["add", &mill.url("/busy/")], 1, &["no feed found", "429"]).await;
    // It asked for quiet: nothing more was sent.
    assert_eq!(mill.origin.requests().len(), before + 2);
    mill.write("feedmill.toml", "[[output]]\nname = \"all\"\n");
    let words = ["127.0.0.1 is not public", "`allow_private` in [fetch] of"];
    check(&["add", &root], 1, &words).await;
    mill.write("feedmill.toml", "[[output]]\nname = \n");
    check(&["add", &root], 2, &["feedmill.toml:2", "not TOML"]).await;
    std::fs::remove_file(mill.folder.path().join("feedmill.toml")).expect("removed");
    let (code, _, err) = mill.run(&["add", &root]).await;
    assert_eq!(code, 2);
    assert!(err.contains("feedmill init"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_configuration_is_written_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, err) = run(folder.path(), &["init"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("feedmill add") && out.contains("feedmill run"),
        "{out}"
    );
    let (code, _, _) = run(folder.path(), &["check"]).await;
    assert_eq!(code, 0);
    let file = folder.path().join("feedmill.toml");
    std::fs::write(&file, "# mine\n").expect("written");
    let (code, _, err) = run(folder.path(), &["init"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("exists and is left as it is"), "{err}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "# mine\n");
    let nowhere = folder.path().join("none/feedmill.toml");
    let (code, _, err) = run(folder.path(), &["init", &nowhere.to_string_lossy()]).await;
    assert_eq!(code, 2);
    assert!(err.contains("its folder does not exist"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_and_go_out_without_secrets() {
    let own = "[[source]]\nurl = \"https://a.example/feed\"\n\n[[source]]\nurl = \"https://ada:pw@b.example/feed\"\n\n\
               [[source]]\nurl = \"https://c.example/s3cret\"\nprivate = true\n\n[[source]]\nurl = \"file:local.xml\"\n";
    let mill = Mill::start(&format!("{COMMENTED}\n{own}")).await;
    let list = "<opml><body><outline text='Tall Ships'><outline text='D &amp; D' xmlUrl='https://d.example/feed'/>\
                <outline xmlUrl='https://a.example/feed'/></outline>\n<outline text='X' xmlUrl='mailto:x'/></body></opml>";
    mill.write("list.opml", list);
    let file = mill.folder.path().join("list.opml");
    let file = file.to_str().expect("UTF-8");
    let before = mill.config();
    let (code, out, _) = mill.run(&["import", file, "--dry-run"]).await;
    assert_eq!((code, mill.config()), (0, before.clone()));
    assert!(
        out.contains("https://d.example/feed  tall-ships\n"),
        "{out}"
    );
    let (code, out, err) = mill.run(&["import", file, "--tag", "old list"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("1 added to") && out.contains("1 followed already, 1 left out"),
        "{out}"
    );
    assert!(err.contains("list.opml:2:1: outline \"X\""), "{err}");
    let added = "\n[[source]]\nurl = \"https://d.example/feed\"\ntitle = \"D & D\"\ntags = [\"old list\", \"tall-ships\"]\n";
    assert_eq!(mill.config(), format!("{before}{added}"));
    let (code, out, err) = mill.run(&["export", "--format", "opml"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("2 private sources or files are left out"),
        "{err}"
    );
    for secret in ["pw", "s3cret", "local.xml"] {
        assert!(!out.contains(secret), "{out}");
    }
    assert!(
        out.contains("text=\"D &amp; D\"") && out.contains("https://b.example/feed"),
        "{out}"
    );
    mill.write("list.opml", &out);
    mill.write("feedmill.toml", "");
    let (code, out, err) = mill.run(&["import", file]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("3 added to"), "{out}");
    assert_eq!(
        mill.config().matches("title = ").count(),
        1,
        "an id is no title"
    );
    let check = async |text: &str, more: &[&str], code: i32, words: &str| {
        mill.write("list.opml", text);
        let before = mill.config();
        let (ended, _, err) = mill.run(&[&["import", file], more].concat()).await;
        assert_eq!((ended, mill.config()), (code, before), "{text}");
        assert!(err.contains(words), "{words:?} in {err}");
    };
    check("<html>", &[], 1, "is no OPML document").await;
    check("", &[], 1, "is no OPML document").await;
    check(list, &["--tag", "a/b"], 2, "--tag: \"a/b\" cannot be a tag").await;
    // Articles: they go into the store, and have no tags.
    check(" \n{\"id\": 1}\n", &[], 1, "could not be imported").await;
    check("{\"id\": 1}\n", &["--tag", "a"], 2, "is no OPML list").await;
    // What is broken costs itself only.
    mill.write(
        "list.opml",
        "<opml><outline xmlUrl='https://cut.example/ text=x>\n<outline xmlUrl='https://e.example/'/>",
    );
    let (code, out, err) = mill.run(&["import", file]).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("1 added to") && out.contains("1 left out"),
        "{out}"
    );
    assert!(
        err.contains("list.opml:1:7: the tag is not closed"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_removed_paused_and_resumed_where_they_stand() {
    let a = "# The first.\n[[source]]\nurl = \"https://a.example/feed\" # a\n\n";
    let config = format!(
        "# Mine.\n\n{a}[[opml]]\npath = \"l.opml\"\n\n[[source]]\nid = \"b\"\nurl = \"https://b.example/\"\n"
    );
    let mill = Mill::start(&config).await;
    mill.write(
        "l.opml",
        "<opml><outline xmlUrl='https://l.example/'/></opml>",
    );
    std::fs::create_dir(mill.folder.path().join("conf.d")).expect("made");
    let beside = "[[source]]\nurl = \"https://n.example/\"\n\n[[source]]\nid = \"m\"\nurl = \"https://m.example/\"\n";
    mill.write("conf.d/more.toml", beside);
    let good = async |arguments: &[&str], words: &str| {
        let (code, out, err) = mill.run(arguments).await;
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(words), "{words:?} in {out}");
    };
    good(
        &["pause", "https://a.example/feed"],
        "a-example-feed is paused now",
    )
    .await;
    assert_eq!(
        mill.config(),
        config.replace("# a\n", "# a\npaused = true\n")
    );
    good(&["pause", "a-example-feed"], "is paused already").await;
    good(&["resume", "a-example-feed"], "is not paused now").await;
    assert_eq!(mill.config(), config);
    good(&["pause", "m"], "conf.d/more.toml").await;
    assert_eq!(
        mill.read("conf.d/more.toml"),
        format!("{beside}paused = true\n")
    );
    good(&["remove", "m"], "removed m from").await;
    assert_eq!(
        mill.read("conf.d/more.toml"),
        "[[source]]\nurl = \"https://n.example/\"\n"
    );
    for command in ["remove", "pause", "resume"] {
        let (code, _, err) = mill.run(&[command, "https://l.example/"]).await;
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("comes from an [[opml]] list"), "{err}");
    }
    good(&["remove", "a-example-feed"], "its stored articles stay").await;
    assert_eq!(mill.config(), config.replace(a, ""));
    // An output that names a source keeps it: the rest would be no good configuration.
    let named = format!(
        "{}[[output]]\nname = \"all\"\nsources = [\"b\"]\n",
        mill.config()
    );
    mill.write("feedmill.toml", &named);
    let (code, _, err) = mill.run(&["remove", "b"]).await;
    assert_eq!((code, mill.config()), (2, named));
    assert!(
        err.contains("output[1].sources[1]") && err.contains("nothing is written"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_polls_what_is_added() {
    let server = format!("[server]\nlisten = \"{}\"\n", free_address());
    let mill = Mill::start(&format!("{server}{COMMENTED}")).await;
    mill.origin.script("/feed", Reply::ok(FEED));
    let folder = mill.folder.path().to_owned();
    let daemon = tokio::task::spawn_blocking(move || daemon(&folder));
    let _daemon = daemon.await.expect("started");
    let (code, out, err) = mill.run(&["add", &mill.url("/feed")]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("takes it up by itself"), "{out}");
    // Once by `add`, then by the daemon.
    mill.origin.has_been_asked(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_add_prints_as_json_is_documented() {
    let mill = Mill::start(COMMENTED).await;
    let page = "<link rel=feed href=/f title=Main><link rel=feed href=/comments>";
    mill.origin
        .script("/p", Reply::ok(page).header("Content-Type", "text/html"));
    mill.origin.script("/f", Reply::ok(FEED));
    let (code, out, err) = mill.run(&["add", &mill.url("/p"), "--json"]).await;
    assert_eq!(code, 0, "{err}");
    let printed: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let docs = include_str!("../../docs/json.md");
    let (_, chapter) = docs.split_once("\n## `add --json`\n").expect("a chapter");
    let example: String = chapter
        .lines()
        .skip_while(|line| *line != "```json")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect();
    let example: serde_json::Value = serde_json::from_str(&example).expect("JSON");
    let shape = |value: &serde_json::Value| -> Vec<String> {
        let mut keys = Vec::new();
        for (key, value) in value.as_object().expect("an object") {
            keys.push(key.clone());
            let inner = value
                .as_array()
                .and_then(|list| list.first())
                .unwrap_or(value);
            keys.extend(
                inner
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(inner, _)| format!("{key}.{inner}")),
            );
        }
        keys
    };
    assert_eq!(shape(&printed), shape(&example));
    assert_eq!(printed["found"], "link");
    assert_eq!(printed["feed"]["entries"], 2);
    assert_eq!(printed["others"][0]["comments"], true);
    assert_eq!(printed["added"], true);
}
