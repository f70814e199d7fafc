//! The deduplication set, polled through the binary: which entries become one article is compared with the truth.
//! `$FEEDMILL_TEST_DATA/dedup` holds it; without the variable nothing is checked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What must be reached.
const PRECISION: f64 = 0.999;
const RECALL: f64 = 0.97;
const B_CUBED_F: f64 = 0.99;

#[test]
fn copies_become_one_article_and_nothing_else_does() {
    let Some(data) = std::env::var_os("FEEDMILL_TEST_DATA") else {
        return;
    };
    let data = PathBuf::from(data).join("dedup");
    let folder = tempfile::tempdir().expect("a folder");
    let articles = aggregated(&data, folder.path());
    let score = Score::of(&read(&data.join("truth.json")), &articles);
    println!(
        "deduplication: precision {:.4}, recall {:.4}, B-cubed F {:.4}",
        score.precision, score.recall, score.b_cubed_f
    );
    assert!(
        score.precision >= PRECISION,
        "precision {}",
        score.precision
    );
    assert!(score.recall >= RECALL, "recall {}", score.recall);
    assert!(
        score.b_cubed_f >= B_CUBED_F,
        "B-cubed F {}",
        score.b_cubed_f
    );
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Polls every feed of the set, one round after the other, and exports what came of it.
fn aggregated(data: &Path, folder: &Path) -> Vec<Value> {
    let manifest = read(&data.join("manifest.json"));
    let files = manifest.as_array().expect("a list");
    let mut rounds: BTreeMap<u64, Vec<(&str, &str)>> = BTreeMap::new();
    for file in files {
        let round = file["poll"].as_u64().expect("a number");
        let rounds = rounds.entry(round).or_default();
        rounds.push((text(file, "feed"), text(file, "file")));
    }
    let mut config = "[store]\npath = \"feedmill.db\"\n".to_owned();
    let names: HashSet<&str> = files.iter().map(|file| text(file, "feed")).collect();
    for name in names {
        let _ = write!(
            config,
            "[[source]]\nid = \"{name}\"\nurl = \"file:{name}.xml\"\n"
        );
    }
    let path = folder.join("feedmill.toml");
    fs::write(&path, config).expect("written");
    for files in rounds.values() {
        for (name, file) in files {
            fs::copy(data.join(file), folder.join(format!("{name}.xml"))).expect("copied");
        }
        run(&path, &["poll", "--all"]);
    }
    let lines = run(&path, &["export", "--format", "jsonl"]);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn run(config: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .output()
        .expect("started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

struct Score {
    precision: f64,
    recall: f64,
    b_cubed_f: f64,
}

impl Score {
    /// Pairs of entries that are one article, here and in truth (Bagga & Baldwin 1998 for B-cubed). An entry that is
    /// missing is an article of its own.
    fn of(truth: &Value, articles: &[Value]) -> Self {
        let mut places: HashMap<(&str, &str), Vec<(usize, &Value)>> = HashMap::new();
        for (number, article) in articles.iter().enumerate() {
            for place in article["entries"].as_array().into_iter().flatten() {
                let key = (text(place, "source"), text(place, "entry_id"));
                places.entry(key).or_default().push((number, place));
            }
        }
        let entries = truth["entries"].as_array().expect("a list");
        let ours: Vec<usize> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| found(&places, entry).unwrap_or(articles.len() + index))
            .collect();
        let theirs: Vec<&str> = entries.iter().map(|entry| text(entry, "group")).collect();
        let ignored: HashSet<(&str, &str)> = truth["ignore"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)))
            .flat_map(|(a, b)| [(a, b), (b, a)])
            .collect();
        let (mut both, mut false_merges, mut missed) = (0.0, 0.0, 0.0);
        let (mut b_precision, mut b_recall) = (0.0, 0.0);
        for a in 0..entries.len() {
            let (mut here, mut there, mut common) = (1.0, 1.0, 1.0);
            for b in (0..entries.len()).filter(|b| *b != a) {
                if theirs[a] != theirs[b] && ignored.contains(&(theirs[a], theirs[b])) {
                    continue;
                }
                match (ours[a] == ours[b], theirs[a] == theirs[b]) {
                    (true, true) => {
                        (both, here, there, common) =
                            (both + 1.0, here + 1.0, there + 1.0, common + 1.0);
                    }
                    (true, false) => (false_merges, here) = (false_merges + 1.0, here + 1.0),
                    (false, true) => (missed, there) = (missed + 1.0, there + 1.0),
                    (false, false) => {}
                }
            }
            b_precision += common / here;
            b_recall += common / there;
        }
        let count = entries.len() as f64;
        let (b_precision, b_recall) = (b_precision / count, b_recall / count);
        Self {
            precision: both / f64::max(both + false_merges, 1.0),
            recall: both / f64::max(both + missed, 1.0),
            b_cubed_f: 2.0 * b_precision * b_recall / (b_precision + b_recall),
        }
    }
}

/// The article of an entry of the truth; where one feed has several entries of one id, date, title or link tell which.
fn found(places: &HashMap<(&str, &str), Vec<(usize, &Value)>>, entry: &Value) -> Option<usize> {
    let candidates = places.get(&(text(entry, "feed"), text(entry, "entry_id")))?;
    let instant = |value: &Value| text(value, "published").replace(".000Z", "Z");
    let fits = |place: &Value| {
        usize::from(instant(place) == instant(entry)) * 4
            + usize::from(text(place, "title") == text(entry, "title")) * 2
            + usize::from(text(place, "url") == text(entry, "link"))
    };
    candidates
        .iter()
        .max_by_key(|(_, place)| fits(place))
        .map(|(number, _)| *number)
}
