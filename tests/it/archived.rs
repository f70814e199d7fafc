//! RFC 5005: who walks from a feed through its archives gets every article, whatever happens meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::asked::get;
use crate::origin::{Origin, PATIENCE};
use crate::walk::{configure, daemon, free_address, output, reply};

/// The address of a link relation, relative to the base.
fn link(document: &str, address: &str, relation: &str) -> Option<String> {
    let start = document.find(&format!("rel=\"{relation}\""))?;
    let rest = &document[start..];
    let href = rest[rest.find("href=\"")? + 6..].split('"').next()?;
    href.strip_prefix(&format!("http://{address}/"))
        .map(str::to_owned)
}

/// Ids of the entries.
fn ids(document: &str) -> Vec<String> {
    let entries = document.split("<entry").skip(1);
    let id = |entry: &str| {
        Some(
            entry
                .split_once("<id>")?
                .1
                .split_once("</id>")?
                .0
                .to_owned(),
        )
    };
    entries.filter_map(id).collect()
}

/// The documents from one on, the newest first, by path.
async fn walk(address: &str, from: &str) -> Vec<(String, String)> {
    let mut next = Some(from.to_owned());
    let mut documents = Vec::new();
    while let Some(path) = next {
        let (status, _, body) = get(address, &path).await;
        assert_eq!(status, 200, "{path}: {body}");
        next = link(&body, address, "prev-archive");
        documents.push((path, body));
    }
    documents
}

/// The feed, once so many documents stand behind it.
async fn settled(address: &str, pages: usize) -> String {
    let ready = async {
        loop {
            let (_, _, body) = get(address, "all.atom").await;
            let newest = link(&body, address, "prev-archive");
            if newest.is_some_and(|path| path == format!("all/archive/{pages}.atom")) {
                return body;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .expect("in time")
}

fn limit(folder: &Path, more: &str) {
    let file = folder.join("feedmill.toml");
    let text = std::fs::read_to_string(&file).expect("written before");
    let text = text
        .split("[[output]]")
        .next()
        .unwrap_or_default()
        .to_owned();
    let output = format!("[[output]]\nname = \"all\"\nlimit = 5\n{more}");
    std::fs::write(file, text + &output).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walker_gets_every_article_once_also_while_new_ones_arrive() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script("/0", reply(0, 23));
    configure(folder.path(), &origin, 1, &address);
    limit(folder.path(), "");
    output(folder.path(), &["poll", "--all"]).await;
    let running = daemon(folder.path());
    let feed = settled(&address, 4).await;
    assert_eq!(ids(&feed).len(), 5, "{feed}");

    let before = walk(&address, "all.atom").await;
    assert_eq!(before.len(), 5);
    let archived: Vec<String> = before[1..].iter().flat_map(|(_, body)| ids(body)).collect();
    let unique: BTreeSet<&String> = archived.iter().collect();
    assert_eq!(
        (archived.len(), unique.len()),
        (20, 20),
        "each article in one archive"
    );
    let all: BTreeSet<String> = before.iter().flat_map(|(_, body)| ids(body)).collect();
    assert_eq!(all.len(), 23);

    // A walker who has the feed in hand goes on while eight articles arrive.
    let prev = link(&feed, &address, "prev-archive").expect("archives");
    origin.script("/0", reply(0, 31));
    output(folder.path(), &["poll", "f0"]).await;
    let newer = settled(&address, 6).await;
    let rest = walk(&address, &prev).await;
    let met: BTreeSet<String> = { ids(&feed).into_iter() }
        .chain(rest.iter().flat_map(|(_, body)| ids(body)))
        .collect();
    assert_eq!(met, all, "what there was when the walk began");
    let after = walk(&address, "all.atom").await;
    let all: BTreeSet<String> = after.iter().flat_map(|(_, body)| ids(body)).collect();
    assert_eq!((after.len(), all.len()), (7, 31), "{newer}");
    let known: BTreeMap<_, _> = after.iter().cloned().collect();
    for (path, body) in &before[1..] {
        assert_eq!(known[path], *body, "{path} never changes");
    }

    // And forwards, to the feed itself.
    let mut path = "all/archive/1.atom".to_owned();
    for _ in 0..6 {
        let (_, headers, body) = get(&address, &path).await;
        assert!(body.contains("<fh:archive/>"), "{body}");
        assert_eq!(headers["cache-control"], "public, max-age=86400");
        assert_eq!(
            link(&body, &address, "current").as_deref(),
            Some("all.atom")
        );
        assert_eq!(link(&body, &address, "self").as_ref(), Some(&path));
        path = link(&body, &address, "next-archive").expect("both ways");
    }
    let (status, headers, _) = get(&address, &path).await;
    assert_eq!(status, 307);
    assert_eq!(headers["location"], "/all.atom");
    for none in [
        "all/archive/8.atom",
        "all/archive/0.atom",
        "all/archive/01.atom",
        "no/archive/1.atom",
    ] {
        assert_eq!(get(&address, none).await.0, 404, "{none}");
    }

    // Nothing changes over a restart; another filter begins anew.
    drop(running);
    let running = daemon(folder.path());
    assert_eq!(walk(&address, "all.atom").await, after);
    drop(running);
    limit(folder.path(), "drop = ['title ~ \"[02468]$\"']\n");
    let _running = daemon(folder.path());
    let now = walk(&address, "all.atom").await;
    for (path, _) in &after[1..] {
        assert_eq!(get(&address, path).await.0, 410, "{path}");
    }
    let left: BTreeSet<String> = now.iter().flat_map(|(_, body)| ids(body)).collect();
    assert_eq!(left.len(), 15, "the odd ones: {left:?}");
    assert_eq!(
        now.last().map(|(path, _)| path.as_str()),
        Some("all/archive/7.atom")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_every_archive_as_a_file_and_withdrawn_ones_go() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    origin.script("/0", reply(0, 12));
    configure(folder.path(), &origin, 1, "127.0.0.1:0");
    limit(folder.path(), "directory = \"public\"\n");
    output(folder.path(), &["poll", "--all"]).await;
    let files = || {
        let files = std::fs::read_dir(folder.path().join("public/all/archive")).expect("a folder");
        let name = |file: std::io::Result<std::fs::DirEntry>| file.expect("listed").file_name();
        let mut names: Vec<_> = files.map(name).collect();
        names.sort();
        names
    };
    assert_eq!(files(), ["1.atom", "2.atom"]);
    for extension in ["atom", "rss", "json"] {
        assert!(
            folder
                .path()
                .join(format!("public/all.{extension}"))
                .exists()
        );
    }
    limit(
        folder.path(),
        "directory = \"public\"\ncontent = \"summary\"\n",
    );
    origin.script("/0", reply(0, 13));
    output(folder.path(), &["poll", "--all"]).await;
    assert_eq!(files(), ["3.atom", "4.atom"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_with_an_old_date_is_in_the_feed_until_it_is_archived() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    origin.script("/0", reply(0, 10));
    configure(folder.path(), &origin, 1, &address);
    limit(folder.path(), "");
    output(folder.path(), &["poll", "--all"]).await;
    let _running = daemon(folder.path());
    settled(&address, 2).await;
    let old = "<rss version=\"2.0\"><channel><title>Tides</title><item><title>Old</title><guid isPermaLink=\"false\">tag:tides.example,2020:old</guid>\
        <pubDate>Mon, 06 Jan 2020 08:00:00 GMT</pubDate></item></channel></rss>";
    origin.script("/0", crate::origin::Reply::ok(old));
    output(folder.path(), &["poll", "f0"]).await;
    let arrived = async {
        loop {
            let (_, _, body) = get(&address, "all.atom").await;
            if body.contains("tag:tides.example,2020:old") {
                return body;
            }
            tokio::task::yield_now().await;
        }
    };
    let feed = tokio::time::timeout(PATIENCE, arrived)
        .await
        .expect("in time");
    assert_eq!(ids(&feed).len(), 6, "{feed}");
}
