//! How long the daemon takes for a page over a large store.
//!
//!     cargo bench --bench pages -- [ARTICLES [SOURCES]] [FOLDER]
//!
//! A store of 1,000,000 articles (or so many, in FOLDER, by default a temporary one) of 1,000 sources (or so many) in 50
//! tags, one in ten articles in two sources. The daemon serves it on loopback and polls nothing. Each page is asked for once when nothing of it
//! is ready (`first`), and 300 times more (`median`, `slowest`); times are from sending the request to the last byte.

#[path = "../tests/it/child.rs"]
mod child;

use std::path::Path;
use std::time::{Duration, Instant};

use child::{daemon_within, free_address};
use rusqlite::Connection;

const TAGS: u64 = 50;
const REPEATS: usize = 300;
/// Longest wait until the daemon serves.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<u64>().ok());
    let (articles, sources) = (
        numbers.next().unwrap_or(1_000_000),
        numbers.next().unwrap_or(1_000),
    );
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = words.iter().find(|word| word.parse::<u64>().is_err());
    let folder = folder.map_or_else(|| temporary.path().to_owned(), Into::into);
    let address = free_address();
    configure(&folder, &address, sources);
    if !folder.join("feedmill.db").exists() {
        // Once without articles: the sources and the (empty) archives of the output come to be.
        drop(daemon_within(&folder, PATIENCE));
        fill(&folder.join("feedmill.db"), articles, sources);
    }
    let _daemon = daemon_within(&folder, PATIENCE);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&folder, &address));
}

fn configure(folder: &Path, address: &str, sources: u64) {
    let mut text = format!(
        "[server]\nlisten = \"{address}\"\n[store]\nretention = {{ age = \"3650d\", articles = 9_000_000, per_source = 1_000_000 }}\n"
    );
    for source in 0..sources {
        text += &format!(
            "[[source]]\nid = \"s{source}\"\nurl = \"https://s{source}.example/feed\"\ntitle = \"Source {source}\"\ntags = [\"tag{}\"]\npaused = true\n",
            source % TAGS
        );
    }
    std::fs::write(folder.join("feedmill.toml"), text).expect("written");
}

fn fill(path: &Path, articles: u64, sources: u64) {
    let mut file = Connection::open(path).expect("opened");
    file.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
        .expect("set");
    let bodies: Vec<Vec<u8>> = (0..200)
        .map(|n| zstd::bulk::compress(body(n).as_bytes(), 1).expect("compressed"))
        .collect();
    let newest = 1_764_000_000_000_i64;
    let tx = file.transaction().expect("a transaction");
    {
        let mut article = tx.prepare("INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms, updated_at_ms, revision, arrived_at_ms) VALUES (?1, ?2, ?2, ?3, ?4, ?4, ?4, 1, ?4)").expect("articles");
        let mut entry = tx.prepare("INSERT INTO entries (id, source, key, slot, article, rung, entry_id, id_kind, url, title, published_at_ms, details, scope, content_hash, text_hash, revision, first_seen_at_ms, last_seen_at_ms) VALUES (?1, ?2, ?1, 0, ?3, ?4, ?5, 'published', ?6, ?7, ?8, ?9, 3, ?1, ?1, 1, ?8, ?8)").expect("entries");
        let mut content = tx
            .prepare("INSERT INTO contents (entry, html) VALUES (?1, ?2)")
            .expect("contents");
        let details = r#"{"summary":"What the harbour said of it, in two lines that a reader may skip or not, as the day allows.","summary_kind":"author","content_scope":"full","date_precision":"instant","language":"en","authors":[{"name":"Ada Quill"}],"categories":[{"term":"Harbour"},{"term":"Town"}],"image":{"url":"https://img.example/a.jpg","alt":"A harbour","width":1200,"height":675}}"#;
        let mut id = 0_i64;
        for number in 0..articles {
            let pk = number as i64 + 1;
            let at = newest - (articles - number) as i64 * 31_000;
            let uuid =
                uuid::Uuid::from_u128(u128::from(number) << 20 | 0x8000_0000_0000_5000_0000_0000);
            let places = if number % 10 == 0 { 2 } else { 1 };
            article
                .execute(rusqlite::params![pk, uuid.urn().to_string(), id + 1, at])
                .expect("an article");
            for place in 0..places {
                id += 1;
                let source = ((number * 7 + place * 13) % sources) as i64 + 1;
                let rung = if place == 0 { "entry" } else { "url" };
                let title = format!("Notice {number}: the tide was higher than the table said");
                entry
                    .execute(rusqlite::params![
                        id,
                        source,
                        pk,
                        rung,
                        format!("tag:x,2026:{id}"),
                        format!("https://x.example/{number}"),
                        title,
                        at,
                        details
                    ])
                    .expect("an entry");
                content
                    .execute(rusqlite::params![id, bodies[id as usize % bodies.len()]])
                    .expect("a body");
            }
        }
        tx.execute("INSERT INTO meta (key, value) VALUES ('indexed_entry', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1", [id.to_string()]).expect("marked");
        tx.execute("UPDATE archives SET judged_article = ?1", [articles as i64])
            .expect("judged");
    }
    tx.commit().expect("committed");
}

fn body(number: u64) -> String {
    let sentence = format!(
        "<p>At {number} minutes past the hour the gate was opened and the water of the upper basin ran out into the sea as it does on such days.</p>"
    );
    sentence.repeat(8)
        + "<p><strong>Key takeaways</strong></p><ul><li>The gate opened</li><li>The water ran</li></ul>"
}

async fn measure(folder: &Path, address: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let ask = async |path: &str| {
        let begun = Instant::now();
        let answer = client
            .get(format!("http://{address}/{path}"))
            .header("accept-encoding", "br")
            .send()
            .await
            .expect("answered");
        let status = answer.status();
        let bytes = answer.bytes().await.expect("a body").len();
        assert!(status.is_success(), "{path}: {status}");
        (begun.elapsed(), bytes)
    };
    let file = Connection::open(folder.join("feedmill.db")).expect("opened");
    let middle: (String, i64) = file.query_row("SELECT id, published_at_ms FROM articles WHERE pk = (SELECT max(pk) / 2 FROM articles)", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("an article");
    let uuid = middle.0.trim_start_matches("urn:uuid:").to_owned();
    println!("| page | first | median | slowest | bytes (br) |\n|--|--|--|--|--|");
    let pages = [
        ("the river, `/`", String::new()),
        (
            "its second half, `/?before=`",
            format!("?before={}-{uuid}", middle.1),
        ),
        ("a tag, `/?tag=`", "?tag=tag7".to_owned()),
        ("a source, `/?source=`", "?source=s77".to_owned()),
        ("an article", format!("articles/{uuid}")),
        ("`/sources`", "sources".to_owned()),
        ("`/sources/ID`", "sources/s5".to_owned()),
    ];
    for (name, path) in pages {
        let (first, bytes) = ask(&path).await;
        let mut times = Vec::with_capacity(REPEATS);
        for _ in 0..REPEATS {
            times.push(ask(&path).await.0);
        }
        times.sort_unstable();
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        println!(
            "| {name} | {} | {} | {} | {bytes} |",
            ms(first),
            ms(times[REPEATS / 2]),
            ms(times[REPEATS - 1])
        );
    }
}
