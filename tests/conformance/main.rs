//! The conformance corpus, read through the library: every expectation is a check, and the shares of checks and of
//! clean files may not fall. `$FEEDMILL_TEST_DATA/corpus` holds it; without the variable nothing is checked.
//!
//! `cargo test --test conformance -- --nocapture` prints the table of `docs/conformance.md`.

mod checks;
mod compare;
mod dedup;
mod extraction;
mod schedule;
mod urls;

use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use checks::Check;
use feedmill::clock::Clock;
use feedmill::parse::{self, Context};
use feedmill::publish::json;
use feedmill::{config, normalize};
use serde_json::{Value, json};
use url::Url;

/// Shares in per mille that must be reached.
const CLEAN_FILES: usize = 940;
const PASSED_CHECKS: usize = 985;

/// Gates nothing: what to guess is a matter of taste.
const STRETCH: &str = "stretch-charset-guess";

#[derive(Default)]
struct Tally {
    files: usize,
    clean: usize,
    checks: usize,
    passed: usize,
    crashes: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.clean += other.clean;
        self.checks += other.checks;
        self.passed += other.passed;
        self.crashes += other.crashes;
    }

    fn row(&self, name: &str) -> String {
        let share = |part: usize, whole: usize| {
            let tenths = (part * 1_000 + whole / 2) / whole.max(1);
            format!("{}.{} %", tenths / 10, tenths % 10)
        };
        format!(
            "| {name} | {} | {} | {} | {} | {} |",
            self.files,
            self.clean,
            share(self.clean, self.files),
            self.checks,
            share(self.passed, self.checks)
        )
    }
}

#[test]
fn the_corpus_is_read_as_it_expects() {
    let Some(data) = std::env::var_os("FEEDMILL_TEST_DATA") else {
        println!("skipped: FEEDMILL_TEST_DATA is not set");
        return;
    };
    let corpus = Path::new(&data).join("corpus");
    assert!(corpus.is_dir(), "no corpus in {}", corpus.display());
    // feed-rs recurses, and this is no release build.
    let worker = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || read(&corpus));
    let (tallies, failures) = worker
        .expect("a thread")
        .join()
        .expect("the corpus is read");

    let mut all = Tally::default();
    println!("| category | files | clean | share | checks | passed |\n|---|---|---|---|---|---|");
    for (name, tally) in &tallies {
        println!("{}", tally.row(name));
        if name != STRETCH {
            all.add(tally);
        }
    }
    println!("{}\n", all.row("all that count"));
    for failure in &failures {
        println!("{failure}");
    }
    assert!(all.files > 1_000, "only {} files", all.files);
    assert_eq!(all.crashes, 0, "files that crash the parser");
    assert!(
        all.clean * 1_000 >= all.files * CLEAN_FILES,
        "{} of {} files are clean",
        all.clean,
        all.files
    );
    assert!(
        all.passed * 1_000 >= all.checks * PASSED_CHECKS,
        "{} of {} checks pass",
        all.passed,
        all.checks
    );
}

/// Every file by its category, and a line for each check that failed.
fn read(corpus: &Path) -> (BTreeMap<String, Tally>, Vec<String>) {
    parse::silence_panics();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    for (category, path) in expectations(corpus) {
        let document = path.with_extension("").with_extension("");
        let name = document
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let expected: Value = serde_json::from_slice(&fs::read(&path).expect("an expectation"))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let result = catch_unwind(|| feedmill_reads(&document, &expected["input"]));
        let tally = tallies.entry(category.clone()).or_default();
        tally.crashes += usize::from(result.is_err());
        let result = result.unwrap_or_else(|_| Err("it crashed".to_owned()));
        let checks: Vec<Check> = checks::of(&expected, &result);
        let failed = checks
            .iter()
            .filter(|check| check.failure.is_some())
            .count();
        tally.files += 1;
        tally.clean += usize::from(failed == 0);
        tally.checks += checks.len();
        tally.passed += checks.len() - failed;
        failures.extend(checks.into_iter().filter_map(|check| {
            Some(format!(
                "{category}/{name}: {}: {}",
                check.field, check.failure?
            ))
        }));
    }
    (tallies, failures)
}

fn expectations(corpus: &Path) -> Vec<(String, PathBuf)> {
    let names = |folder: &Path| {
        let mut names: Vec<PathBuf> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        names.sort();
        names
    };
    let categories = names(corpus).into_iter().filter(|path| path.is_dir());
    categories
        .flat_map(|folder| {
            let category = folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let files = names(&folder).into_iter();
            files.map(move |path| (category.clone(), path))
        })
        .filter(|(_, path)| path.to_string_lossy().ends_with(".expect.json"))
        .collect()
}

/// What `feedmill parse` would print, or why it refuses.
fn feedmill_reads(document: &Path, input: &Value) -> Result<Value, String> {
    let body = fs::read(document).map_err(|error| error.to_string())?;
    let base = input["base_url"].as_str().map_or_else(
        || Url::from_file_path(document).map_err(|()| "not absolute".to_owned()),
        |url| Url::parse(url).map_err(|error| error.to_string()),
    )?;
    let context = Context {
        content_type: input["content_type"].as_str().map(str::to_owned),
        base_url: Some(base.clone()),
        timezone: None,
    };
    let feed = match parse::parse(&body, &context) {
        Ok(feed) => feed,
        Err(error) => return outlines(&body, &context).ok_or_else(|| error.to_string()),
    };
    let whole = normalize::document(&feed, &base, &[]);
    let now = Clock::System.now();
    let entries: Vec<_> = feed
        .entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let identity = normalize::identity(&whole, index, entry);
            normalize::entry(&whole, &identity, entry, &base, now).entry
        })
        .collect();
    let shown = json::feed(
        feed.format.name(),
        &whole.info,
        &feed.signals,
        feed.recovered.iter().map(|repair| repair.name).collect(),
        &entries,
    );
    serde_json::to_value(&shown).map_err(|error| error.to_string())
}

/// An OPML list in the words that `feedmill parse` has for it.
fn outlines(body: &[u8], context: &Context) -> Option<Value> {
    let text = feedmill::recover::decode::decode(body, context.content_type.as_deref()).text;
    let list = config::opml::read(&text).ok()?;
    let outline = |outline: &config::opml::Outline| json!({"title": outline.title, "xml_url": outline.url, "html_url": outline.html_url});
    Some(json!({
        "format": "opml",
        "outlines": list.outlines.iter().map(outline).collect::<Vec<_>>(),
    }))
}
