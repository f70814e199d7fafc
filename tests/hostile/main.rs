//! Hostile documents through the real binary, each under a limit of processor time and of memory.
//!
//! The limits are meant for a release build: `cargo test --release --test hostile -- --ignored`. The kernel keeps
//! them (`ulimit`), so a busy machine does not fail the test and a memory bomb does not fail the machine.
#![cfg(target_os = "linux")]

mod documents;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};

use documents::{Document, Outcome};

/// Seconds of processor time.
const CPU_SECONDS: u32 = 2;
/// Private writable memory, stacks included.
const MEMORY_KIB: u32 = 256 * 1024;
/// A process that waits for something it will never get uses no processor time.
const WALL_SECONDS: u32 = 60;

#[test]
#[ignore = "measures a release build: cargo test --release --test hostile -- --ignored"]
fn hostile_documents_cost_little_and_end_as_they_should() {
    let all = documents::all();
    assert!(all.len() > 51, "only {} documents", all.len());
    let folder = tempfile::tempdir().expect("a folder");
    let wanted = std::env::var("FEEDMILL_HOSTILE").unwrap_or_default();
    let chosen = all
        .iter()
        .filter(|document| document.name.contains(&wanted));
    let failures: Vec<String> = chosen
        .filter_map(|document| {
            Some(format!(
                "{}: {}",
                document.name,
                failure(document, folder.path())?
            ))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What went wrong with a document.
fn failure(document: &Document, folder: &Path) -> Option<String> {
    let (input, output, errors) = (folder.join("in"), folder.join("out"), folder.join("errors"));
    fs::write(&input, (document.body)()).expect("the document is written");
    let limited =
        format!("ulimit -d {MEMORY_KIB} -t {CPU_SECONDS} -c 0; exec timeout {WALL_SECONDS} \"$@\"");
    let status = Command::new("bash")
        .args([
            "-c",
            &limited,
            "bash",
            env!("CARGO_BIN_EXE_feedmill"),
            "parse",
        ])
        .arg(&input)
        .args(["--base-url", "https://hostile.example/feed"])
        .stdout(File::create(&output).expect("a file"))
        .stderr(File::create(&errors).expect("a file"))
        .status()
        .expect("bash runs");
    let errors = String::from_utf8_lossy(&fs::read(&errors).expect("standard error")).into_owned();
    outcome(status, &output, &errors, &document.outcome)
}

fn outcome(status: ExitStatus, output: &Path, errors: &str, expected: &Outcome) -> Option<String> {
    let errors = errors.trim();
    let shown = &errors[..errors.floor_char_boundary(300)];
    match (status.code(), expected) {
        (Some(1), Outcome::Refused(why)) if errors.contains(why) => None,
        (Some(0), Outcome::Entries(expected)) => {
            let json: serde_json::Value =
                serde_json::from_slice(&fs::read(output).expect("the output")).expect("JSON");
            let found = json["entries"].as_array().map_or(0, Vec::len);
            (found != *expected).then(|| format!("{found} entries in place of {expected}"))
        }
        (code, _) => Some(format!(
            "expected {expected:?}, not {code:?} ({status}): {shown}"
        )),
    }
}
