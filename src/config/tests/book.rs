//! The examples of README and book: every block of TOML is a whole configuration, and loads.
use super::*;

/// What the examples name beside them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [
        (
            "blogs.opml",
            r#"<opml><outline text="a" xmlUrl="https://a.example/"/></opml>"#,
        ),
        ("example.cookie", "session=s3cret"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("writes");
    }
    folder
}

/// A value for every name in the environment, of the kind that its end promises.
fn any_env(name: &str) -> Option<String> {
    let value = match name.rsplit('_').next() {
        Some("URL") => "https://example.org/feed?key=s3cret",
        Some("LOGIN") => "ada:s3cret",
        _ => "s3cret",
    };
    Some(value.to_owned())
}

/// Problems and warnings of a text that would stand in `folder`, but for lists that were not fetched yet.
fn wrong(text: &str, folder: &Path) -> Option<String> {
    let path = folder.join("feedmill.toml");
    let (files, library) = (RefCell::default(), Library::new());
    let rule = &crate::schedule::rule;
    let world = World::new(&path, &any_env, rule, &library, &files);
    match check(&path, text.as_bytes(), &[], &world) {
        Err(problems) => Some(problems.to_string()),
        Ok(config) => {
            let mut warnings = warnings(&config);
            warnings.retain(|warning| !warning.contains("the list is not here yet"));
            (!warnings.is_empty()).then(|| warnings.join("\n"))
        }
    }
}

/// Blocks of TOML and the lines where they begin. A line `{{#include …}}` is the file that it names, as in mdBook.
fn blocks(page: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(page).expect("a readable page");
    let mut blocks = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut block, line.trim()) {
            (None, "```toml") => block = Some((index + 1, String::new())),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some((_, code)), line) => {
                let included = line
                    .strip_prefix("{{#include ")
                    .and_then(|rest| rest.strip_suffix("}}"));
                match included {
                    Some(file) => {
                        let file = page.parent().unwrap_or(Path::new("")).join(file.trim());
                        code.push_str(&std::fs::read_to_string(file).expect("an included file"));
                    }
                    None => code.push_str(line),
                }
                code.push('\n');
            }
            (None, _) => {}
        }
    }
    assert!(block.is_none(), "{}: a block has no end", page.display());
    blocks
}

#[test]
fn every_configuration_in_the_book_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs")).expect("a readable folder") {
        pages.push(entry.expect("a readable entry").path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let folder = folder();
    let (mut loaded, mut broken) = (0, Vec::new());
    for page in &pages {
        for (line, block) in blocks(page) {
            loaded += 1;
            if let Some(wrong) = wrong(&block, folder.path()) {
                broken.push(format!(
                    "{}, block at line {line}:\n{wrong}",
                    page.display()
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    assert!(loaded >= 20, "only {loaded} blocks are found");
}

#[test]
fn a_wrong_key_value_or_filter_in_an_example_is_seen() {
    let folder = folder();
    let good = "[[source]]\nurl = \"https://example.org/\"\nkeep = ['words > 5']\n";
    assert_eq!(wrong(good, folder.path()), None);
    for (from, to) in [
        ("keep", "kept"),
        ("words >", "wordy >"),
        ("https:", "htps:"),
    ] {
        let bad = good.replace(from, to);
        assert!(wrong(&bad, folder.path()).is_some(), "{bad}");
    }
}
