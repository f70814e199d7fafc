//! Bytes → entries, on the feeds of a folder: feed-rs alone, our parse stage, and the same with normalizing.
//!
//!     cargo bench --bench parse -- FOLDER
//!
//! Every file that ends in `.xml`, `.rss`, `.atom` or `.rdf` in the folder and below is read. CPU time of the best of
//! several rounds; rounds of the three alternate, so that a noisy machine disturbs all alike.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use feedmill::normalize;
use feedmill::parse::{Context, parse, silence_panics};

const ROUNDS: usize = 7;

/// A document → how many entries it gives; `None` when it is refused.
type Way = fn(&[u8]) -> Option<usize>;

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let Some(folder) = folder else {
        eprintln!("which feeds? cargo bench --bench parse -- FOLDER");
        return;
    };
    silence_panics();
    let bodies = bodies(Path::new(&folder));
    // Only what feed-rs reads as well, so that all do the same work.
    let bodies: Vec<Vec<u8>> = bodies
        .into_iter()
        .filter(|body| theirs(body).is_some())
        .collect();
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let mut best = [Duration::MAX; 3];
    let mut entries = [0; 3];
    let ways: [Way; 3] = [theirs, ours, ours_normalized];
    for _ in 0..ROUNDS {
        for (way, run) in ways.iter().enumerate() {
            let started = Instant::now();
            entries[way] = bodies.iter().filter_map(|body| run(body)).sum();
            best[way] = best[way].min(started.elapsed());
        }
    }
    println!("{} feeds, {:.1} MB", bodies.len(), bytes as f64 / 1e6);
    for (name, way) in [
        "feed-rs alone",
        "recover + parse",
        "recover + parse + normalize",
    ]
    .iter()
    .zip(0..)
    {
        let seconds = best[way].as_secs_f64();
        println!(
            "{name:28} {:8.1} ms {:8.1} MB/s {:8.0} entries/s ({} entries)",
            seconds * 1e3,
            bytes as f64 / 1e6 / seconds,
            entries[way] as f64 / seconds,
            entries[way],
        );
    }
}

fn bodies(folder: &Path) -> Vec<Vec<u8>> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("a readable folder")
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if ["xml", "rss", "atom", "rdf"]
                .iter()
                .any(|kind| path.extension().is_some_and(|end| end == *kind))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
        .iter()
        .map(|path| std::fs::read(path).expect("a readable file"))
        .collect()
}

fn theirs(body: &[u8]) -> Option<usize> {
    let parser = feed_rs::parser::Builder::new()
        .sanitize_content(false)
        .build();
    let parsed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parser.parse(body)));
    parsed.ok()?.ok().map(|feed| feed.entries.len())
}

fn ours(body: &[u8]) -> Option<usize> {
    parse(body, &Context::default())
        .ok()
        .map(|feed| feed.entries.len())
}

fn ours_normalized(body: &[u8]) -> Option<usize> {
    let base = url::Url::parse("https://example.org/feed").expect("a URL");
    let parsed = parse(body, &Context::default()).ok()?;
    let document = normalize::document(&parsed, &base, &[]);
    let now = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
    let entry = |(index, entry)| {
        normalize::entry(
            &document,
            &normalize::identity(&document, index, entry),
            entry,
            &base,
            now,
        )
    };
    Some(
        parsed
            .entries
            .iter()
            .enumerate()
            .map(entry)
            .map(|made| std::hint::black_box(made).text.len().min(1))
            .fold(0, |n, _| n + 1),
    )
}
