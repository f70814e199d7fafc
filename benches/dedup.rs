//! What finding copies costs an entry, and whether that grows with the store.
//!
//!     cargo bench --bench dedup -- [FOLDER]
//!
//! A store of 10,000 and one of 1,000,000 old entries (in FOLDER, by default a temporary one), each with 50,000 entries in
//! the window, take 2,000 new entries of about 465 words; one in ten is a cut or wrapped copy of a stored one. CPU time of
//! reading the texts (words, furniture, sketch) and of the writer with and without near-duplicates; rounds alternate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use feedmill::model::{
    Candidate, Details, Entry, FeedDocument, FeedInfo, IdKind, Item, Nearness, Observation,
    Observed, Signals, Source, Validators,
};
use feedmill::sketch::{Blocks, Learned, Sketch};
use feedmill::store::{Sources, Store, compress};

const WINDOW: u64 = 50_000;
const NEW: u64 = 2_000;
const WORDS: u64 = 465;

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = folder.map_or_else(|| temporary.path().to_owned(), Into::into);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut texts = Duration::MAX;
    for _ in 0..3 {
        let bodies: Vec<String> = (0..NEW).map(|n| text(n + 7_000_000)).collect();
        let before = cpu();
        let mut furniture = Learned::default();
        for (n, body) in bodies.iter().enumerate() {
            let blocks = Blocks::of(body);
            furniture.see((n as u64) << 48, blocks.hashes());
            std::hint::black_box(Sketch::of(&blocks, &|block| furniture.is_furniture(block)));
        }
        texts = texts.min(cpu() - before);
    }
    println!(
        "| stored | in the window | words, furniture, sketch | writer | writer without near-duplicates |"
    );
    println!("|--|--|--|--|--|");
    for stored in [10_000_u64, 1_000_000] {
        let mut writer = [Duration::MAX; 2];
        for round in 0..2 {
            for (way, window) in [Some(TimeDelta::hours(96)), None].into_iter().enumerate() {
                let path = folder.join(format!("bench-{stored}-{round}-{way}.db"));
                writer[way] = writer[way].min(runtime.block_on(grown(&path, stored, window)));
                for end in ["", "-wal", "-shm", ".lock"] {
                    let mut name = path.clone().into_os_string();
                    name.push(end);
                    let _ = std::fs::remove_file(name);
                }
            }
        }
        let each = |whole: Duration| format!("{:.3} ms", whole.as_secs_f64() * 1e3 / NEW as f64);
        println!(
            "| {stored} | {WINDOW} | {} | {} | {} |",
            each(texts),
            each(writer[0]),
            each(writer[1])
        );
    }
}

/// CPU time of the process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    // The threads of the process, in nanoseconds each.
    let own = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next()?.parse::<u64>().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").map(|tasks| {
        let tasks = tasks.filter_map(|task| own(task.ok()?.path()));
        tasks.sum::<u64>()
    });
    let main = || stat.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(tasks.ok().or_else(main).unwrap_or(0))
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_500)
}

/// A text of its own words.
fn text(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::new();
    for word in 0..WORDS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let common = ["the", "of", "and", "to", "in", "that", "was", "for"];
        if state >> 62 == 0 {
            out.push_str(common[(state >> 40) as usize % common.len()]);
        } else {
            out.push_str(&format!("w{}", (state >> 33) % 20_000));
        }
        out.push(if word % 90 == 89 { '\n' } else { ' ' });
    }
    out
}

/// The text of a new entry: one in ten is a copy of one in the window.
fn new_text(number: u64) -> String {
    if !number.is_multiple_of(10) {
        return text(number + 9_000_000);
    }
    let original = text(number % WINDOW);
    let cut = original.len() * if number.is_multiple_of(20) { 1 } else { 2 } / 2;
    format!(
        "By our own staff\n{}",
        &original[..original.floor_char_boundary(cut)]
    )
}

async fn grown(path: &Path, stored: u64, window: Option<TimeDelta>) -> Duration {
    let store = Store::open_with(path, false, Nearness { window }).expect("opened");
    let names: Vec<String> = (0..200).map(|n| format!("source-{n}")).collect();
    let sources = names.iter().map(|name| Arc::new(source(name))).collect();
    let sources = store.reconcile(sources, now()).await.expect("reconciled");
    older(path, stored);
    for first in (0..WINDOW).step_by(50) {
        poll(&store, &sources, (first..first + 50).map(|n| (n, text(n)))).await;
    }
    let before = cpu();
    let mut spent = Duration::ZERO;
    for first in (0..NEW).step_by(50) {
        let numbers = first..first + 50;
        let items: Vec<Item> = numbers
            .map(|n| candidate(n + WINDOW, &new_text(n)))
            .collect();
        let made = cpu();
        commit(&store, &sources, first / 50, items).await;
        spent += cpu() - made;
    }
    assert!(before > Duration::ZERO, "no CPU times here");
    spent
}

/// Entries and articles that left the window long ago, written straight into the file.
fn older(path: &Path, stored: u64) {
    let file = rusqlite::Connection::open(path).expect("opened");
    file.execute_batch(&format!(
        "BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {stored})
         INSERT INTO articles (pk, id, published_id, representative, published_at_ms, first_seen_at_ms, updated_at_ms,
           revision, arrived_at_ms)
         SELECT i, 'urn:uuid:old-' || i, 'tag:old.example,2020:' || i, i, i, i, i, 1, i FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {stored})
         INSERT INTO entries (id, source, key, slot, article, rung, entry_id, id_kind, url_key, title, published_at_ms,
           details, scope, content_hash, text_hash, revision, first_seen_at_ms, last_seen_at_ms)
         SELECT i, 1 + i % 200, i * 7919, 0, i, 'entry', 'tag:old.example,2020:' || i, 'published', i * 104729,
           'Of old ' || i, i, '{{}}', 3, i, i, 1, i, i FROM n;
         COMMIT;"
    ))
    .expect("written");
}

async fn poll(store: &Store, sources: &Sources, texts: impl Iterator<Item = (u64, String)>) {
    let items: Vec<Item> = texts.map(|(n, text)| candidate(n, &text)).collect();
    let first = match items.first() {
        Some(Item::Candidate(candidate)) => candidate.key.unsigned_abs(),
        _ => 0,
    };
    commit(store, sources, first, items).await;
}

async fn commit(store: &Store, sources: &Sources, number: u64, items: Vec<Item>) {
    let (key, source) = sources.iter().nth(number as usize % 200).expect("a source");
    let document = FeedDocument {
        info: FeedInfo::default(),
        signals: Signals::default(),
        recovered: Vec::new(),
        validators: Validators::default(),
        body_hash: None,
        cut: true, // What is missing may still be there: nothing leaves the window.
        delta: false,
        prev_archive: None,
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
    store.commit(observed).await.expect("stored");
}

fn candidate(number: u64, text: &str) -> Item {
    let sketch = Sketch::of(&Blocks::of(text), &|_| false);
    let content_html = format!("<p>{}</p>", text.replace('\n', "</p><p>"));
    let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes()).cast_signed();
    Item::Candidate(Box::new(Candidate {
        page: None,
        raw_hash: hash.unsigned_abs(),
        key: hash,
        url_key: Some(hash ^ 1),
        url_host: 1,
        trusted: true,
        content_hash: hash,
        text_hash: hash,
        sketch,
        html: compress(&content_html),
        details: serde_json::to_string(&Details::default()).expect("JSON"),
        entry: Entry {
            id: format!("tag:new.example,2026:{number}"),
            id_kind: IdKind::Published,
            url: Some(format!("https://new.example/{number}")),
            title: Some(format!("What happened in matter w{number} on that day")),
            published: Some(now()),
            updated: None,
            content_html,
            details: Details::default(),
        },
    }))
}

fn source(name: &str) -> Source {
    let text = format!("[[source]]\nid = \"{name}\"\nurl = \"https://{name}.example/feed\"\n");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("feedmill.toml");
    std::fs::write(&path, text).expect("written");
    let config = feedmill::config::load(&path, &Default::default()).expect("a configuration");
    (*config.sources[0]).clone()
}
