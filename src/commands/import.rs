//! `import`: what was followed elsewhere, or the articles of another store.

use std::io::Read;
use std::path::Path;

use super::import_articles::import_articles;
use super::{Failure, editing, load};
use crate::config::{self, Config, edit};

/// More is not read of a list.
const MAX_FILE: u64 = 32 << 20;

/// `import FILE [--tag T]… [--dry-run]`: an OPML list, or lines of articles.
///
/// # Errors
/// [`Failure::Running`] for a list that is none, [`Failure::Setup`] for one that cannot be read and for tags that cannot be; as
/// `import_articles`.
pub async fn import(
    path: Option<&Path>,
    input: &Path,
    tags: &[String],
    dry_run: bool,
) -> Result<(), Failure> {
    if is_list(input) {
        return list(path, input, &read(input)?, tags, dry_run);
    }
    if dry_run || !tags.is_empty() {
        return Err(Failure::Setup(format!(
            "{} is no OPML list; --tag and --dry-run are for lists of feeds",
            input.display()
        )));
    }
    import_articles(path, input).await
}

/// XML is a list, and an object at the beginning is an article. What is neither is what its name says.
fn is_list(input: &Path) -> bool {
    let mut head = Vec::new();
    let looked =
        std::fs::File::open(input).and_then(|file| file.take(4_096).read_to_end(&mut head));
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&head)
        .trim_ascii_start();
    match head.first() {
        Some(b'<') => true,
        Some(b'{') => false,
        _ => {
            let names_list = |name: &std::ffi::OsStr| name == "opml" || name == "xml";
            looked.is_ok() && input.extension().is_some_and(names_list)
        }
    }
}

fn read(input: &Path) -> Result<Vec<u8>, Failure> {
    let shown = input.display();
    let mut bytes = Vec::new();
    std::fs::File::open(input)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::Setup(format!("cannot read {shown}: {error}")))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Failure::Running(format!(
            "{shown} is larger than {} MiB; leave some out",
            MAX_FILE >> 20
        )));
    }
    Ok(bytes)
}

/// An OPML list: its outlines become `[[source]]` of the main file.
fn list(
    path: Option<&Path>,
    input: &Path,
    bytes: &[u8],
    tags: &[String],
    dry_run: bool,
) -> Result<(), Failure> {
    let config = load(path)?;
    check_tags(&config, tags)?;
    let shown = input.display();
    let list = config::subscriptions(bytes, input, tags, &config)
        .map_err(|why| Failure::Running(format!("{shown} {why}; nothing is written")))?;
    for problem in &list.left_out {
        eprintln!("feedmill: {problem}");
    }
    let file = &config.path;
    let before = editing::text_of(file)?;
    let after =
        edit::add(&before, &list.sources).map_err(|error| editing::unedited(file, &error))?;
    let verb = if dry_run { "would be added" } else { "added" };
    if dry_run {
        editing::checked(&config, file, &after)?;
        for source in &list.sources {
            println!("{}  {}", source.url, source.tags.join(" "));
        }
    } else if !list.sources.is_empty() {
        editing::write(&config, file, &before, &after)?;
    }
    println!(
        "{shown}: {} {verb} to {}, {} followed already, {} left out",
        list.sources.len(),
        file.display(),
        list.followed,
        list.left_out.len()
    );
    if !dry_run && !list.sources.is_empty() {
        editing::say_who_takes_it_up(&config);
    }
    Ok(())
}

/// Tags are checked before a list of thousands repeats what is wrong with them.
fn check_tags(config: &Config, tags: &[String]) -> Result<(), Failure> {
    let probe = edit::NewSource {
        url: "https://example.org/".to_owned(),
        tags: tags.to_vec(),
        ..edit::NewSource::default()
    };
    let text = edit::add("", &[probe]).map_err(Failure::setup)?;
    match config::parse(&text, &config.path) {
        Ok(_) => Ok(()),
        Err(problems) => {
            let words: Vec<String> = { problems.0.iter() }
                .map(|problem| format!("--tag: {}", problem.message))
                .collect();
            Err(Failure::Setup(words.join("\n")))
        }
    }
}
