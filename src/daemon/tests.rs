//! A whole daemon on a file, with a store that refuses for a while.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{advance, timeout};
use xxhash_rust::xxh3::xxh3_64;

use super::scheduler::{LONGEST_PAUSE, Trouble};
use super::*;
use crate::clock::Clock;
use crate::control::{Control, Task, ask};
use crate::fetch::Fetcher;
use crate::poll::Observers;
use crate::store::Holder;

/// Longest wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn write_feed(folder: &Path, texts: &[&str]) {
    let items: String = texts
        .iter()
        .enumerate()
        .map(|(id, text)| {
            format!("<item><guid>{id}</guid><description>{text}</description></item>")
        })
        .collect();
    let feed = format!("<rss version=\"2.0\"><channel><title>Mill</title>{items}</channel></rss>");
    std::fs::write(folder.join("mill.xml"), feed).expect("written");
}

/// Starts a daemon on `mill.xml` in a folder, which it polls only when asked to; gives its store, who to ask, and where it serves.
async fn start(folder: &Path, stop: &CancellationToken) -> (Store, Holder, String) {
    let text = "[[source]]\nid = \"mill\"\nurl = \"file:mill.xml\"\npaused = true\n";
    let config = crate::config::parse(text, &folder.join("feedmill.toml")).expect("valid");
    let store = Store::open(&config.store.path, false).expect("opened");
    let sources = reconcile(&store, &config, &Clock::System)
        .await
        .expect("reconciled");
    let shell = Shell {
        fetcher: Arc::new(Fetcher::new(&config.fetch)),
        observers: Observers::start(1, config.fetch.max_body).expect("threads"),
        store: store.clone(),
        clock: Clock::System,
        outage: Arc::default(),
        fed: Arc::default(),
        meters: Default::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let control = Control::bind().await.expect("a port");
    let holder = control.holder().expect("bound");
    let daemon = Daemon {
        config,
        shell,
        sources,
        listener: http::Listener::Tcp(listener),
        control,
        reloads: service::Hangups::default(),
    };
    tokio::spawn(run(daemon, stop.clone()));
    (store, holder, address)
}

/// Has the daemon poll, and returns its one line.
async fn ordered(holder: &Holder) -> String {
    let mut lines = Vec::new();
    let task = Task::Poll {
        names: vec!["mill".to_owned()],
        all: false,
    };
    let asked = ask(holder, task, |well, line| {
        lines.push(format!("{well} {line}"))
    });
    timeout(PATIENCE, asked)
        .await
        .expect("in time")
        .expect("answered");
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

/// The merged feed, as soon as it holds that many entries.
async fn served(address: &str, entries: usize) -> String {
    let ask = async {
        loop {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            let request = b"GET /all.atom HTTP/1.1\r\nHost: mill\r\nConnection: close\r\n\r\n";
            stream.write_all(request).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("answered");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            if answer.matches("<entry").count() == entries {
                return answer;
            }
        }
    };
    timeout(PATIENCE, ask).await.expect("in time")
}

#[tokio::test]
async fn a_full_disk_stops_news_but_not_serving_and_room_brings_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let stop = CancellationToken::new();
    write_feed(folder.path(), &["One"]);
    let (store, holder, address) = start(folder.path(), &stop).await;
    assert!(ordered(&holder).await.starts_with("true mill: ok"));
    let before = served(&address, 1).await;
    store.sql("PRAGMA max_page_count = 1").await; // SQLite makes it what the file has.
    // Text that does not compress takes pages.
    let words = (0..40_000_u64).map(|number| xxh3_64(&number.to_le_bytes()).to_string());
    let long = words.collect::<Vec<_>>().join(" ");
    write_feed(folder.path(), &["One", &long]);
    let line = ordered(&holder).await;
    assert!(
        line.starts_with("false mill: store: ") && line.contains("the disk is full"),
        "{line}"
    );
    let body = |answer: &str| {
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
    };
    assert_eq!(body(&served(&address, 1).await), body(&before));
    store.sql("PRAGMA max_page_count = 1000000").await;
    assert_eq!(
        ordered(&holder).await,
        "true mill: ok, 1 new, 0 revised, 0 merged"
    );
    served(&address, 2).await;
    store.sql("PRAGMA query_only = ON").await;
    let line = ordered(&holder).await;
    assert!(
        line.starts_with("false ") && line.contains("not writable"),
        "{line}"
    );
    served(&address, 2).await;
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn while_the_store_refuses_ever_fewer_polls_try_it() {
    let mut trouble = Trouble::default();
    assert_eq!(trouble.room(64, 3), 64);
    trouble.note(false);
    trouble.note(false); // Was under way as well.
    assert_eq!((trouble.room(64, 0), trouble.pause()), (0, Some(PAUSE)));
    advance(PAUSE).await;
    assert_eq!((trouble.room(64, 2), trouble.room(64, 0)), (0, 1));
    trouble.note(false);
    assert_eq!(trouble.pause(), Some(PAUSE * 2));
    for _ in 0..40 {
        advance(LONGEST_PAUSE).await;
        trouble.note(false);
    }
    assert_eq!(trouble.pause(), Some(LONGEST_PAUSE));
    trouble.note(true);
    assert_eq!((trouble.room(64, 3), trouble.pause()), (64, None));
}

#[tokio::test]
async fn what_is_forgotten_is_served_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let stop = CancellationToken::new();
    write_feed(folder.path(), &["One", "Two"]);
    let (_store, holder, address) = start(folder.path(), &stop).await;
    ordered(&holder).await;
    let before = served(&address, 2).await;
    let entry = before.split("<entry").nth(1).expect("an entry");
    let id = entry
        .split_once("<id>")
        .and_then(|(_, rest)| rest.split_once("</id>"))
        .map(|(id, _)| id.to_owned())
        .expect("an id");
    let mut lines = Vec::new();
    for article in [id.clone(), id.clone()] {
        ask(
            &holder,
            Task::Correct(crate::model::Correction::Forget { article }),
            |well, line| {
                lines.push((well, line.contains(&id)));
            },
        )
        .await
        .expect("answered");
    }
    assert_eq!(lines, [(true, true), (false, true)]);
    assert!(!served(&address, 1).await.contains(&id));
    write_feed(folder.path(), &["One", "Two", "Three"]);
    let line = ordered(&holder).await;
    assert_eq!(line, "true mill: ok, 1 new, 0 revised, 0 merged");
    assert!(!served(&address, 2).await.contains(&id));
    stop.cancel();
}
