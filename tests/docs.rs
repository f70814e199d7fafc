//! What the documents promise about themselves: links lead somewhere, the book has every page, and the list of commands
//! is that of the program. `src/config/tests/book.rs` loads their examples of a configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

#[test]
fn every_relative_link_and_its_anchor_resolve() {
    let pages = pages();
    let mut broken = Vec::new();
    for (path, text) in &pages {
        for link in links(text) {
            if let Err(why) = resolve(path, &link, &pages, |path| root().join(path).exists()) {
                broken.push(format!("{}: {link}: {why}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn files_named_in_code_are_there() {
    let mut missing = Vec::new();
    for (path, text) in &pages() {
        // Decisions tell of their day, and the changelog of its releases.
        if path.starts_with("docs/decisions") || path == Path::new("CHANGELOG.md") {
            continue;
        }
        for name in files_in_code(text) {
            if !root().join(&name).exists() {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn the_book_lists_every_page_once() {
    let pages = pages();
    let summary = &pages[Path::new(SUMMARY)];
    let listed = links(summary);
    let once: BTreeSet<PathBuf> = { listed.iter() }
        .map(|link| Path::new("docs").join(link))
        .collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    let there: BTreeSet<PathBuf> = pages
        .into_keys()
        .filter(|path| path.starts_with("docs") && path != Path::new(SUMMARY))
        .collect();
    let unlisted: Vec<_> = there.difference(&once).collect();
    assert!(unlisted.is_empty(), "{SUMMARY} lacks {unlisted:?}");
    let unknown: Vec<_> = once.difference(&there).collect();
    assert!(unknown.is_empty(), "{SUMMARY} lists {unknown:?}");
}

/// `docs/commands.md` has a row for each command, with its arguments and options.
#[test]
fn the_list_of_commands_is_that_of_the_program() {
    let documented = documented(&pages()[Path::new("docs/commands.md")]);
    let mut known = BTreeMap::new();
    for name in names_after(&help(&[]), "Commands:") {
        if name != "help" {
            known.insert(name.clone(), taken(&help(&[&name])));
        }
    }
    assert!(known.len() > 20, "the help of the program is not read");
    assert_eq!(documented, known);
}

const SUMMARY: &str = "docs/SUMMARY.md";
/// Folders that are not ours.
const FOREIGN: [&str; 3] = ["target", "corpus", "node_modules"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file of the repository, by its path in it.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !FOREIGN.contains(&&*name) {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).expect("a readable page");
                let below = path.strip_prefix(root()).expect("below the root");
                pages.insert(below.to_owned(), text);
            }
        }
    }
    assert!(pages.len() > 20, "the pages are not found");
    pages
}

/// Why a link of the page at `from` leads nowhere; `exists` knows the files that are no pages.
fn resolve(
    from: &Path,
    link: &str,
    pages: &BTreeMap<PathBuf, String>,
    exists: impl Fn(&Path) -> bool,
) -> Result<(), String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = from.parent().unwrap_or(Path::new(""));
    let target = match path {
        "" => from.to_owned(),
        path => normal(&folder.join(path)).ok_or("it leads out of the repository")?,
    };
    if from.starts_with("docs") && !target.starts_with("docs") {
        return Err("the book has nothing outside of docs/; name the file in code".to_owned());
    }
    let Some(page) = pages.get(&target) else {
        return match exists(&target) {
            true if anchor.is_empty() => Ok(()),
            true => Err("only pages have anchors".to_owned()),
            false => Err("there is no such file".to_owned()),
        };
    };
    match anchor.is_empty() || anchors(page).contains(anchor) {
        true => Ok(()),
        false => Err(format!("the page has no heading for #{anchor}")),
    }
}

/// `docs/../README.md` is `README.md`; `None`: it leads out.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => parts.pop().then_some(())?,
            part => parts.push(part),
        }
    }
    Some(parts)
}

/// Lines outside of code blocks: those between fences, and those that four spaces make one.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let (mut fenced, mut after_blank, mut indented) = (false, true, false);
    text.lines().filter(move |line| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return false;
        }
        let is_blank = line.trim().is_empty();
        indented = line.starts_with("    ") && (after_blank || indented) && !is_list(line);
        after_blank = is_blank;
        !fenced && !indented
    })
}

fn is_list(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

/// Pieces of a line that are code, and those that are not.
fn pieces(line: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut text, mut code) = (Vec::new(), Vec::new());
    for (index, piece) in line.split('`').enumerate() {
        if index % 2 == 0 { &mut text } else { &mut code }.push(piece);
    }
    (text, code)
}

/// Targets of `[text](target)` and of `[name]: target`.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        // The text of a link may be code.
        let line = pieces(line).0.join("`");
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            links.push(target.to_owned());
        }
        let defined = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "));
        links.extend(defined.map(|(_, target)| target.trim().to_owned()));
    }
    links
}

/// Words of code that are paths of the repository: `docs/…`, `config/…`, `packaging/…`.
fn files_in_code(text: &str) -> Vec<String> {
    let is_path = |word: &&str| {
        ["docs/", "config/", "packaging/"]
            .iter()
            .any(|folder| word.starts_with(folder))
            && word.contains('.') // else it is a module
            && !word.contains(['*', '{', '…', '<'])
            && !word.ends_with(".db")
    };
    let code = prose(text).flat_map(|line| pieces(line).1);
    { code.flat_map(str::split_whitespace) }
        .filter(is_path)
        .map(|word| word.trim_end_matches(',').to_owned())
        .collect()
}

/// Names that mdBook and forges give to the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let name: String = title.trim().chars().filter(kept).collect();
        let name = name.to_lowercase().replace(' ', "-");
        let free = (0..).map(|nth| match nth {
            0 => name.clone(),
            nth => format!("{name}-{nth}"),
        });
        anchors.extend({ free }.find(|name| !anchors.contains(name)));
    }
    anchors
}

/// Help of the program, or of one of its commands.
fn help(command: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .args(command)
        .arg("--help")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// First words of the lines below a heading of a help that are not continued ones.
fn names_after(help: &str, heading: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    { lines }
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Arguments and options of a command, by its help. Those of every command do not count.
fn taken(help: &str) -> BTreeSet<String> {
    let usage = help
        .lines()
        .find(|line| line.starts_with("Usage: "))
        .unwrap_or_default();
    let arguments = usage.split_whitespace().filter_map(|word| {
        let name = word
            .trim_end_matches("...")
            .trim_matches(['<', '>', '[', ']']);
        (word.starts_with(['<', '[']) && name != "OPTIONS").then(|| name.to_owned())
    });
    let options = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let start = line.strip_prefix("-h, ").unwrap_or(line);
        let name = start.split([' ', '=']).next()?;
        (name.starts_with("--") && !["--help", "--config"].contains(&name)).then(|| name.to_owned())
    });
    arguments.chain(options).collect()
}

/// The rows of `docs/commands.md`: `feedmill NAME ARGUMENT…`, then options.
fn documented(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut commands = BTreeMap::new();
    for row in text.lines().filter(|line| line.starts_with("| `feedmill ")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let mut words = cells[0]
            .trim_start_matches("| `feedmill ")
            .split([' ', '`']);
        let name = words.next().unwrap_or_default().to_owned();
        let arguments = { words }
            .map(|word| word.trim_matches(['[', ']', '…']).to_owned())
            .filter(|word| !word.is_empty());
        let options = pieces(cells[1]).1.into_iter().filter_map(|code| {
            let name = code.split([' ', '=']).next()?;
            name.starts_with("--").then(|| name.to_owned())
        });
        let taken: BTreeSet<String> = arguments.chain(options).collect();
        assert!(
            commands.insert(name.clone(), taken).is_none(),
            "two rows of `{name}`"
        );
    }
    commands
}

#[test]
fn broken_links_are_seen() {
    let text = "# One page, `two` names\n\n[a](b.md#there) ![b](c.svg)\n\n    [code](x.md)\n\n```\n[code](y.md)\n```\n\
                `[code](z.md)` and [`code`](d.md)\n\n## Twice\n## Twice\n[r]: e.md\n";
    assert_eq!(links(text), ["b.md#there", "c.svg", "d.md", "e.md"]);
    let expected = ["one-page-two-names", "twice", "twice-1"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
    let pages = BTreeMap::from([
        (PathBuf::from("docs/a.md"), text.to_owned()),
        (PathBuf::from("README.md"), String::new()),
    ]);
    let check = |from: &str, link: &str, good: bool| {
        let exists = |path: &Path| path == Path::new("docs/picture.webp");
        let resolved = resolve(Path::new(from), link, &pages, exists);
        assert_eq!(resolved.is_ok(), good, "{link} of {from}: {resolved:?}");
    };
    check("docs/a.md", "#twice-1", true);
    check("docs/a.md", "#twice-2", false);
    check("docs/sub/b.md", "../a.md#twice", true);
    check("docs/sub/b.md", "a.md", false);
    check("docs/a.md", "picture.webp", true);
    check("docs/a.md", "pictures.webp", false);
    check("docs/a.md", "../README.md", false);
    check("README.md", "docs/a.md", true);
    check("README.md", "../elsewhere.md", false);
    check("README.md", "https://example.org/nothing", true);
}

#[test]
fn commands_are_read_from_help_and_from_the_table() {
    let help = "Find it\n\nUsage: feedmill add [OPTIONS] <URL>\n\nOptions:\n      --tag <TAG>    A tag\n      --config <FILE>  Which\n  -h, --help  Help\n";
    let expected: BTreeSet<String> = ["URL", "--tag"].map(str::to_owned).into();
    assert_eq!(taken(help), expected);
    let table = "| `feedmill add URL` | `--tag TAG` again for more | finds `--nothing` |\n";
    assert_eq!(
        documented(table),
        BTreeMap::from([("add".to_owned(), expected)])
    );
}
