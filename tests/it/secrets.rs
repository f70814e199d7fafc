//! What only an output with a token shows, and what outputs carry in summary only, stands nowhere else.

use crate::asked::{get, polled};
use crate::origin::{Origin, Reply};
use crate::walk::{daemon, free_address, output};

fn rss(item: &str) -> Reply {
    Reply::ok(format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>T</title>{item}</channel></rss>"
    ))
}

/// Paths of the first article's page.
async fn article_page(address: &str) -> String {
    let (_, _, json) = get(address, "all.json").await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let id = json["items"][0]["_article"]["id"].as_str().expect("an id");
    format!("articles/{}", id.trim_start_matches("urn:uuid:"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_source_lends_nothing_to_the_story_it_shares() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script(
        "/inner",
        rss("<item><guid isPermaLink=\"false\">i</guid><title>Shared</title><link>https://x.example/shared</link>\
             <dc:creator>Hidden Author</dc:creator><category>Hidden Category</category>\
             <enclosure url=\"https://x.example/hidden.mp3\" type=\"audio/mpeg\" length=\"5\"/>\
             <media:content url=\"https://x.example/hidden.jpg\" type=\"image/jpeg\" width=\"900\" height=\"600\"/>\
             <description>Inner words.</description></item>"),
    );
    origin.script(
        "/open",
        rss("<item><guid isPermaLink=\"false\">o</guid><title>Shared</title><link>https://x.example/shared</link>\
             <description>Open words.</description></item>"),
    );
    let source = |id: &str, tag: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{tag}\"]\n")
    };
    let lines = source("inner", "members")
        + &source("open", "news")
        + "[[output]]\nname = \"all\"\n[[output]]\nname = \"club\"\ntags = [\"members\"]\ntoken = \"tok0\"\n";
    polled(folder.path(), &address, &lines).await;
    output(folder.path(), &["articles", "words"]).await; // brings the index up to date
    let _daemon = daemon(folder.path());
    let page = article_page(&address).await;
    for path in [
        "all.atom",
        "all.rss",
        "all.json",
        "all",
        "tag/news.json",
        "source/open.json",
        "search.json?q=shared",
        "search?q=shared",
        &page,
    ] {
        let (status, _, body) = get(&address, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body.contains("Shared"), "{path}: {body}");
        for hidden in ["Hidden", "hidden.", "Inner", "inner", "tok0"] {
            assert!(!body.contains(hidden), "{hidden} in {path}: {body}");
        }
    }
    let (_, _, body) = get(&address, "club.json?token=tok0").await;
    assert!(
        body.contains("Hidden Author") && body.contains("hidden.jpg"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_outputs_carry_in_summary_only_is_whole_nowhere() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let body = format!(
        "<p>The beginning.</p>{}<p>At the end a zebratail.</p>",
        "<p>Words between them.</p>".repeat(60)
    );
    let item = |id: &str| {
        let text = body.replace('<', "&lt;");
        format!(
            "<item><guid isPermaLink=\"false\">{id}</guid><title>About {id}</title><link>https://x.example/{id}</link>\
             <description>A standfirst.</description><content:encoded>{text}</content:encoded></item>"
        )
    };
    origin.script("/cut", rss(&item("cut")));
    origin.script(
        "/whole",
        rss(&item("whole").replace("zebratail", "lionmane")),
    );
    let source = |id: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntags = [\"{id}\"]\n")
    };
    let lines = source("cut")
        + &source("whole")
        + "[[output]]\nname = \"all\"\ncontent = \"summary\"\n\
           [[output]]\nname = \"full\"\ndrop = ['title = \"About cut\"']\n";
    polled(folder.path(), &address, &lines).await;
    output(folder.path(), &["articles", "words"]).await;
    let _daemon = daemon(folder.path());
    let (_, _, json) = get(&address, "source/cut.json").await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let id = json["items"][0]["_article"]["id"].as_str().expect("an id");
    let page = format!("articles/{}", id.trim_start_matches("urn:uuid:"));
    for path in [
        "all.atom",
        "all.rss",
        "all.json",
        "all",
        "full.json",
        "tag/cut.atom",
        "source/cut.json",
        "search.atom?q=between",
        "search.json?q=zebratail",
        "search?q=zebratail",
        &page,
    ] {
        let (status, _, text) = get(&address, path).await;
        assert_eq!(status, 200, "{path}: {text}");
        assert!(
            !text
                .replace("q=zebratail", "")
                .replace("\"zebratail\"", "")
                .contains("a zebratail"),
            "{path}: {text}"
        );
    }
    for path in [
        "full.atom",
        "source/whole.json",
        "tag/whole.rss",
        "search.json?q=lionmane",
    ] {
        let (_, _, text) = get(&address, path).await;
        assert!(text.contains("a lionmane"), "{path}: {text}");
    }
}

/// Everything that is secret here has this in it.
const SECRET: &str = "s3cr3t";

/// The log as loud as it gets, every page, list, feed, metric and export, with sources that answer and that fail.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_the_configuration_is_told_anywhere() {
    let (origin, folder) = (
        Origin::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let address = free_address();
    let feed = || {
        rss(
            "<item><guid isPermaLink=\"false\">1</guid><title>One</title><description>Words.</description></item>",
        )
    };
    for path in ["/a?key=s3cr3t-a", "/b", "/user", "/s3cr3t-file"] {
        origin.script(path, feed());
    }
    origin.script("/s3cr3t-gone", Reply::status(404));
    origin.script("/s3cr3t-moved", Reply::redirect(302, "/s3cr3t-gone"));
    origin.script("/s3cr3t-list", Reply::ok("<html>no list</html>"));
    std::fs::write(folder.path().join("word"), "s3cr3t-word\n").expect("written");
    std::fs::write(
        folder.path().join("url"),
        format!("{}\n", origin.url("/s3cr3t-file")),
    )
    .expect("written");
    let at = |path: &str| origin.url(path).to_string();
    let with_user = at("/user").replace("http://", "http://me:s3cr3t-pass@");
    let lines = format!(
        "[server]\nlisten = \"{address}\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n\
         [[source]]\nid = \"a\"\nurl = {{ env = \"FEED_A\" }}\n\
         [[source]]\nid = \"b\"\nurl = \"{}\"\nbasic_auth = {{ file = \"word\" }}\ncookie = \"id=s3cr3t-cookie\"\nheaders = {{ X-Key = \"s3cr3t-header\" }}\n\
         [[source]]\nid = \"user\"\nurl = \"{with_user}\"\n\
         [[source]]\nid = \"file\"\nurl = {{ file = \"url\" }}\n\
         [[source]]\nid = \"gone\"\nurl = \"{}\"\nprivate = true\n\
         [[source]]\nid = \"moved\"\nurl = \"{}\"\nprivate = true\n\
         [[source]]\nid = \"refused\"\nurl = \"http://127.0.0.1:1/s3cr3t-refused\"\nprivate = true\n\
         [[opml]]\nurl = {{ env = \"LIST\" }}\n\
         [[output]]\nname = \"all\"\n[[output]]\nname = \"club\"\ntoken = \"s3cr3t-token\"\n",
        at("/b"),
        at("/s3cr3t-gone"),
        at("/s3cr3t-moved"),
    );
    // `basic_auth` wants a user.
    std::fs::write(folder.path().join("word"), "me:s3cr3t-word\n").expect("written");
    std::fs::write(folder.path().join("feedmill.toml"), lines).expect("written");
    let environment = [
        ("FEED_A", at("/a?key=s3cr3t-a")),
        ("LIST", at("/s3cr3t-list")),
        ("FEEDMILL_LOG", "trace".to_owned()),
    ];
    let log = folder.path().join("log");
    let mut run = crate::child::feedmill(folder.path(), &["run"]);
    run.envs(environment.clone())
        .stderr(std::fs::File::create(&log).expect("made"));
    let _daemon = crate::child::Daemon(run.spawn().expect("started"));
    let waiting = async {
        while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains("serving at")) {
            tokio::task::yield_now().await;
        }
    };
    let started = tokio::time::timeout(crate::origin::PATIENCE, waiting).await;
    started.expect("it serves in time");
    let mut told: Vec<(String, String)> = Vec::new();
    for arguments in [
        &["poll", "--all"][..],
        &["reload"],
        &["check", "--json"],
        &["check"],
        &["sources", "--json"],
        &["sources"],
        &["explain", "a", "--json"],
        &["explain", "gone"],
        &["explain", "user"],
        &["explain", "refused"],
        &["status", "--json"],
        &["doctor", "--json"],
        &["articles", "--json"],
        &["poll", "gone", "moved", "user"],
        &["export", "--format", "opml"],
        &["export", "--format", "jsonl"],
        &["export", "--format", "atom"],
        &["simulate", "--json"],
    ] {
        let mut command = crate::child::feedmill(folder.path(), arguments);
        command.envs(environment.clone());
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("joined").expect("ran");
        for part in [output.stdout, output.stderr] {
            told.push((
                arguments.join(" "),
                String::from_utf8_lossy(&part).into_owned(),
            ));
        }
    }
    let published = async {
        while !get(&address, "all.json").await.2.contains("_article") {
            tokio::task::yield_now().await;
        }
    };
    let published = tokio::time::timeout(crate::origin::PATIENCE, published).await;
    published.expect("published in time");
    let article = article_page(&address).await;
    for path in [
        "",
        "all",
        "all.atom",
        "all.rss",
        "all.json",
        "sources",
        "sources.json",
        "sources.opml",
        "sources/a",
        "sources/b",
        "sources/user",
        "sources/gone",
        "sources/moved",
        "sources/refused",
        "health.atom",
        "metrics",
        "search?q=words",
        "search.atom?q=words",
        "source/a.atom",
        "source/gone.atom",
        "healthz",
        "nowhere",
        "club.atom",
        &article,
    ] {
        let (status, headers, body) = get(&address, path).await;
        told.push((format!("/{path} {status}"), format!("{headers:?}\n{body}")));
    }
    told.push((
        "the log".to_owned(),
        std::fs::read_to_string(&log).expect("read"),
    ));
    assert!(
        told.iter().any(|(_, text)| text.contains("Words.")),
        "it was polled"
    );
    let leaks: Vec<String> = told
        .iter()
        .flat_map(|(whence, text)| {
            text.lines()
                .filter(|line| line.contains(SECRET))
                .map(move |line| {
                    format!("{whence}: {}", line.chars().take(300).collect::<String>())
                })
        })
        .collect();
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks[..leaks.len().min(20)].join("\n")
    );
}
