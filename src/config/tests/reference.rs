//! The files of `config/`.
use super::*;

fn from_repository(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("it stands in the repository");
    (path, text)
}

#[test]
fn the_starting_point_loads_without_a_warning() {
    let (path, text) = from_repository("feedmill.toml");
    let config = read_at(path, &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(warnings(&config), [""; 0]);
    assert!(config.sources.len() >= 5 && config.outputs[0].name == "all");
}

#[test]
fn the_reference_equals_the_defaults() {
    let (path, text) = from_repository("reference.toml");
    let reference = read_at(&path, &text).unwrap_or_else(|problems| panic!("{problems}"));
    let defaults = read_at(&path, "").expect("an empty file is fine");
    assert_eq!(format!("{reference:#?}"), format!("{defaults:#?}"));
}

#[test]
fn the_reference_shows_every_key() {
    let (_, text) = from_repository("reference.toml");
    for (kind, keys) in grammar::GRAMMAR
        .iter()
        .filter(|(kind, _)| !["", "secret", "conf.d"].contains(kind))
    {
        let shown = match kind.split_once('.') {
            // The keys of an inline table stand on its own line.
            Some((_, table)) => text
                .lines()
                .filter(|line| line.contains(&format!("{table} =")))
                .collect::<String>(),
            None => section(&text, kind),
        };
        for key in *keys {
            assert!(
                shown.contains(&format!("{key} =")),
                "{kind}.{key} is missing"
            );
        }
    }
}

#[test]
fn the_reference_can_be_uncommented() {
    let (path, text) = from_repository("reference.toml");
    let all: String = text
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' ') && !rest.starts_with("url = \"postgres"))
                .unwrap_or(line)
        })
        .fold(String::new(), |all, line| all + line + "\n");
    let problems = read_at(path, &all).expect_err("its secrets and lists are not there");
    let keys: Vec<&str> = problems
        .0
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "source[1].basic_auth",
            "source[1].cookie",
            "opml[1].path",
            "output[1].token"
        ],
        "{problems}"
    );
}

/// The lines below the headers of a section, commented or not; array tables may be shown more than once.
fn section(text: &str, kind: &str) -> String {
    let headers = [format!("[{kind}]"), format!("[[{kind}]]")];
    let mut within = false;
    let mut lines = String::new();
    for line in text.lines() {
        let bare = line.trim_start_matches('#');
        if bare.starts_with('[') {
            within = headers.iter().any(|header| bare == header);
        } else if within {
            lines.push_str(bare);
            lines.push('\n');
        }
    }
    lines
}
