//! The walls of the house: which module may name which, and where foreign types stop. There is one crate, so
//! the compiler does not keep them (`docs/decisions/0001-one-crate-and-walls.md`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the other modules of the crate that it may name. A stage names the words everybody shares and
/// the output of the stage just before it, never anything after it.
const ARROWS: &[(&str, &[&str])] = &[
    // a rule holds its parsed crontab line, a source its filters, a candidate what its text looks like
    ("model", &["schedule", "filter", "sketch"]),
    ("filter", &["model", "text"]),
    ("clock", &[]),
    ("meters", &[]),
    ("system", &[]),
    ("text", &[]),
    ("search", &["model", "text"]),
    ("sketch", &["text"]),
    ("config", &["model", "schedule", "filter"]), // reads schedule texts
    ("schedule", &["model"]),
    ("fetch", &["model", "config", "text"]), // the registrable domain of a host
    ("recover", &["model", "fetch", "text"]), // the names of characters
    ("parse", &["model", "fetch", "recover", "text"]), // the names of characters
    ("discover", &["fetch", "parse"]),       // what a response and a page link
    ("normalize", &["model", "parse", "text"]),
    // its parts go through the same rules as those of an entry
    (
        "extract",
        &["model", "recover", "parse", "normalize", "text"],
    ),
    ("dedup", &["model", "normalize", "sketch"]),
    ("websub", &["model"]),
    // its writer decides what is new, when next, and how a subscription stands
    (
        "store",
        &[
            "model", "text", "search", "schedule", "sketch", "dedup", "websub", "system",
        ],
    ),
    ("publish", &["model", "config", "text", "meters", "system"]),
    ("web", &["model", "text", "search", "store"]), // what the store tells of articles and sources
];

/// The shell: joins the stages, and may name all of them.
const SHELL: &[&str] = &[
    "poll",
    "push",
    "hub",
    "archives",
    "full_text",
    "service",
    "daemon",
    "control",
    "commands",
    "main",
    "lib",
];

/// Foreign crate → paths below `src/`, without `.rs`, that may name it; what lies below them may too.
const FOREIGN: &[(&str, &[&str])] = &[
    ("cron", &["schedule/crontab"]),
    ("reqwest", &["fetch"]),
    ("feed_rs", &["parse"]),
    ("ammonia", &["normalize"]),
    ("whatlang", &["normalize/language"]),
    ("markup5ever", &["text"]),
    ("trafilatura", &["extract"]),
    ("scraper", &["config/selector"]),
    ("toml_edit", &["config/edit"]),
    ("regex", &["filter"]),
    ("rusqlite", &["store"]),
    ("rusqlite_migration", &["store"]),
    ("axum", &["publish/http", "control"]),
    ("clap", &["commands", "main"]),
    ("clap_complete", &["commands", "main"]),
    ("clap_mangen", &["commands"]),
    ("indicatif", &["commands", "main"]),
    ("maud", &["web"]),
    ("similar", &["web/diff"]),
    ("prometheus", &["meters"]),
    ("sd_notify", &["system"]),
    ("listenfd", &["system"]),
    ("landlock", &["system"]),
    ("rlimit", &["system"]),
    ("rustix", &["system"]),
    ("tracing_journald", &["system"]),
];

#[test]
fn modules_name_only_what_their_arrows_allow() {
    let mut broken = Vec::new();
    for file in sources() {
        let module = module_of(&file.path);
        if SHELL.contains(&module) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            broken.push(format!(
                "{}: module `{module}` is not in ARROWS; say there what it may name",
                file.path
            ));
            continue;
        };
        for named in modules_named(&file.code) {
            if named != module && !allowed.contains(&named.as_str()) {
                broken.push(format!(
                    "{}: `{module}` may not name `crate::{named}`",
                    file.path
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn foreign_types_stop_at_their_own_module() {
    let mut broken = Vec::new();
    for file in sources() {
        for (foreign, homes) in FOREIGN {
            if names_crate(&file.code, foreign)
                && !homes.iter().any(|home| lies_in(&file.path, home))
            {
                broken.push(format!(
                    "{}: only {} may name `{foreign}`",
                    file.path,
                    homes.join(", ")
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Tests may: they run where they are run.
#[test]
fn what_one_system_has_alone_stands_in_one_module() {
    let mut broken = Vec::new();
    for file in sources() {
        let code = file.code.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.split("#[cfg(all(test").next().unwrap_or_default();
        if module_of(&file.path) == "system" || file.path.ends_with("tests") {
            continue;
        }
        for sign in [
            "cfg(unix",
            "cfg(not(unix",
            "target_os",
            "std::os::",
            "cfg(windows",
        ] {
            if code.contains(sign) {
                broken.push(format!("{}: `{sign}` belongs into `system`", file.path));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn no_file_outgrows_its_noun() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|file| file.lines > 600)
        .map(|file| format!("{}: {} lines", file.path, file.lines))
        .collect();
    assert!(
        long.is_empty(),
        "look for a second noun in\n{}\n",
        long.join("\n")
    );
}

#[test]
fn every_dependency_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("a manifest that cargo read");
    let reasons =
        fs::read_to_string(root.join("docs/dependencies.md")).expect("docs/dependencies.md");
    let first_cells = reasons
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let explained: BTreeSet<&str> = first_cells
        .flat_map(|cell| cell.split([',', ' ', '†']))
        .collect();
    for section in ["dependencies", "dev-dependencies"] {
        let crates = manifest
            .get(section)
            .and_then(|section| section.as_table())
            .expect(section);
        for name in crates.keys() {
            assert!(
                explained.contains(name.as_str()),
                "docs/dependencies.md says nothing about `{name}`"
            );
        }
    }
}

#[test]
fn the_scanner_sees_every_form_of_a_name() {
    let check = |code: &str, expected: &[&str]| {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(modules_named(&without_comments(code)), expected, "{code}");
    };
    check("use crate::model::Source;", &["model"]);
    check(
        "use crate::{\n    model::{Entry, Source},\n    store,\n};",
        &["model", "store"],
    );
    check("fn due(at: &crate::schedule::Next) {}", &["schedule"]);
    check("pub(in crate::config) fn read() {}", &["config"]);
    check(
        "/// See [`crate::store`].\n//! crate::poll\nfn nothing() {}",
        &[],
    );
    check("pub(crate) use self::inner; use mycrate::model;", &[]);
    let names_cron = |code: &str| names_crate(&without_comments(code), "cron");
    assert!(names_cron("use cron::Schedule;"));
    assert!(names_cron(
        "let schedule = <cron::Schedule>::from_str(line);"
    ));
    assert!(names_cron("use ::cron::Schedule;"));
    assert!(!names_cron(
        "use croner::Cron; // cron::Schedule is another matter\nuse crate::cron::Line;"
    ));
}

/// A file below `src/`.
struct Source {
    /// Below `src/`, with `/` between its parts and without `.rs`.
    path: String,
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty(), "no sources below {}", root.display());
    files.sort();
    files.iter().map(|file| read(&root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).expect("a readable source");
    let below = file
        .strip_prefix(root)
        .expect("a path below src")
        .with_extension("");
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    Source {
        path: parts.join("/"),
        code: without_comments(&text),
        lines: text.lines().count(),
    }
}

/// `fetch/body` belongs to `fetch`.
fn module_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn lies_in(path: &str, home: &str) -> bool {
    path.strip_prefix(home)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whole-line comments and what follows a ` //` go; a URL in a string stays as it is.
fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.trim_start().starts_with("//") {
        true => String::new(),
        false => line.split(" // ").next().unwrap_or(line).to_owned(),
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Modules named as `crate::name` or within `crate::{…}`.
fn modules_named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in occurrences(code, "crate::") {
        match rest.strip_prefix('{') {
            Some(group) => names.extend(heads_of_group(group)),
            None => names.extend(identifier(rest)),
        }
    }
    names
}

/// First names of the members of a `{…}` group, whose opening brace is already gone.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut at_head) = (1, true);
    for (index, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_head = true,
            _ if at_head && (char.is_alphanumeric() || char == '_') => {
                heads.extend(identifier(&group[index..]));
                at_head = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

fn names_crate(code: &str, name: &str) -> bool {
    let outside = |before: &str| {
        !before.ends_with("::")
            || before
                .trim_end_matches("::")
                .ends_with([' ', '<', '(', '&'])
    };
    code.match_indices(&format!("{name}::"))
        .any(|(index, _)| starts_a_word(&code[..index]) && outside(&code[..index]))
}

/// What follows each `word` that no longer word ends with.
fn occurrences<'code>(code: &'code str, word: &'static str) -> impl Iterator<Item = &'code str> {
    code.match_indices(word)
        .filter(|(index, _)| starts_a_word(&code[..*index]))
        .map(|(index, word)| &code[index + word.len()..])
}

fn starts_a_word(before: &str) -> bool {
    !before.ends_with(|char: char| char.is_alphanumeric() || char == '_')
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text
        .chars()
        .take_while(|char| char.is_alphanumeric() || *char == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}
