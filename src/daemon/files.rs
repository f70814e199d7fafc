//! Pages as files, for outputs with a folder: the river and its articles, so that any web server can serve them.
//!
//! Only open outputs have them. A folder gets `NAME.html`, `NAME.2.html` …, `articles/UUID.html`, `sources.html`, the style
//! sheet and the script, and `index.html`, the river of the first output there. No name of an output holds a `.`, and
//! none is `index`: no two pages have one file. Pages that are there no more go, those of an output too that was taken out
//! or got a token; a folder that the configuration no longer names is left as it is.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, Output};
use crate::model::Article;
use crate::poll::Shell;
use crate::publish::directory;
use crate::store::{self, Sources};
use crate::web::{self, Chosen, Frame, Images, Line, Links, Listing, River};

use super::asked::Desk;
use super::{outputs, web as served};

/// Writes the pages of every open output with a folder, and takes left ones away. What fails is logged: the feeds are
/// written already.
pub(super) fn write(config: &Config, shell: &Shell, sources: &Sources) {
    let mut folders: BTreeMap<PathBuf, Vec<&Output>> = BTreeMap::new();
    for output in &config.outputs {
        if let Some(folder) = &output.directory {
            // Two names of one folder are one.
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            let fellows = folders.entry(folder).or_default();
            fellows.extend(Some(output).filter(|output| output.token.is_none()));
        }
    }
    let desk =
        LazyCell::new(|| Desk::new(Arc::new(config.clone()), shell.clone(), sources.clone()));
    for (folder, fellows) in &folders {
        if fellows.is_empty() {
            sweep(folder, &BTreeSet::new(), &BTreeSet::new());
            continue;
        }
        match folder_of(&desk, folder, fellows) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "pages could not be written as files"),
            Err(error) => tracing::error!(%error, "pages could not be made"),
        }
    }
}

type Written = Result<(), directory::Error>;

fn folder_of(desk: &Desk, folder: &Path, fellows: &[&Output]) -> Result<Written, store::Error> {
    let frame = frame(desk, fellows)?;
    let within = Frame {
        links: Links::Files { top: "../" },
        ..frame.clone()
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    let articles_folder = folder.join("articles");
    let mut written: Written = Ok(());
    for output in fellows {
        let articles = outputs::articles(&desk.config, output, &desk.shell, &desk.sources)?;
        let river = river(&frame, output, &articles);
        if files.is_empty() {
            let first = river.iter().take(1);
            files.extend(first.map(|(_, body)| ("index.html".to_owned(), body.clone())));
        }
        files.extend(river);
        for article in &articles {
            let uuid = article.id.trim_start_matches("urn:uuid:");
            let name = format!("{uuid}.html");
            if told.contains(&name) {
                continue;
            }
            // After a failure nothing more is written, but what is shown must be known.
            if written.is_err() {
                told.insert(name);
            } else if let Some(body) = served::article_file(desk, &within, article)? {
                written = directory::write(&articles_folder, &name, &body).map(|_| ());
                told.insert(name);
            }
        }
    }
    files.push(("sources.html".to_owned(), sources(desk, &frame)?));
    written = written.and_then(|()| write_all(folder, &files));
    // What nobody should see must not wait until all can be written.
    let names = files.into_iter().map(|(name, _)| name).collect();
    sweep(folder, &names, &told);
    Ok(written)
}

fn frame(desk: &Desk, fellows: &[&Output]) -> Result<Frame, store::Error> {
    let listings = fellows.iter().map(|output| Listing {
        name: output.name.clone(),
        title: output.title.clone(),
    });
    Ok(Frame {
        links: Links::Files { top: "" },
        images: Images::Origin,
        outputs: listings.collect(),
        title: { fellows.first() }.map_or_else(String::new, |output| output.title.clone()),
        ..served::frame(desk)?
    })
}

/// Writes the style sheet and the script, then the pages.
fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Written {
    for asset in web::assets() {
        if let Some(name) = asset.path.strip_prefix("static/") {
            directory::write(&folder.join("static"), name, asset.body.as_bytes())?;
        }
    }
    for (name, body) in files {
        directory::write(folder, name, body)?;
    }
    Ok(())
}

/// The pages of a river, by the names of their files.
fn river(frame: &Frame, output: &Output, articles: &[Article]) -> Vec<(String, Vec<u8>)> {
    let mut chunks: Vec<&[Article]> = articles.chunks(web::ARTICLES).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let all = chunks.len();
    let page = |(at, articles): (usize, &&[Article])| {
        let number = at + 1;
        let name = if at == 0 {
            format!("{}.html", output.name)
        } else {
            format!("{}.{number}.html", output.name)
        };
        let body = web::river(
            frame,
            &River {
                name: &output.name,
                feed: Some(&output.name),
                title: &output.title,
                articles,
                tag: None,
                source: None,
                next: (number < all).then(|| (number + 1).to_string()),
                is_later: at > 0,
                tags: Vec::new(),
                sources: Vec::new(),
                has_articles: true,
                summary_only: output.content == crate::config::Content::Summary,
                progress: None,
            },
        );
        (name, body)
    };
    chunks.iter().enumerate().map(page).collect()
}

fn sources(desk: &Desk, frame: &Frame) -> Result<Vec<u8>, store::Error> {
    let all = served::open_health(desk)?;
    let lines: Vec<Line<'_>> = all
        .iter()
        .map(|health| Line {
            health,
            figures: None,
        })
        .collect();
    Ok(web::sources(
        frame,
        &Chosen {
            page: 1,
            ..Chosen::default()
        },
        &lines,
        0,
        &[],
        &[],
        None,
    ))
}

/// Removes all pages of a folder but these, and these of articles. Files of others stay.
fn sweep(folder: &Path, pages: &BTreeSet<String>, articles: &BTreeSet<String>) {
    for (folder, shown) in [
        (folder.to_owned(), pages),
        (folder.join("articles"), articles),
    ] {
        for file in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = file.file_name();
            let is_left = name.to_str().is_some_and(|name| !shown.contains(name));
            if is_left && is_page(&file.path()) {
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

/// Bytes at the beginning of a file in which a page of ours links its style sheet.
const HEAD: u64 = 16_384;

/// Whether a file is a page that we wrote, of this version or another: it loads our style sheet.
fn is_page(path: &Path) -> bool {
    let is_file = path.extension().is_some_and(|end| end == "html")
        && fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
    let mut head = Vec::new();
    let read = is_file
        .then(|| fs::File::open(path).ok())
        .flatten()
        .map(|file| file.take(HEAD).read_to_end(&mut head));
    let links = |top: &str| {
        let link = format!("<link rel=\"stylesheet\" href=\"{top}static/feedmill-");
        head.windows(link.len()).any(|part| part == link.as_bytes())
    };
    matches!(read, Some(Ok(_))) && (links("") || links("../"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_left_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let own = "<!DOCTYPE html><link rel=\"stylesheet\" href=\"static/feedmill-00ff.css\">";
        for (name, text) in [
            ("all-2.html", own),
            ("inner.html", own),
            ("all.html", own),
            ("about.html", "<!DOCTYPE html><p>static/feedmill-00ff.css"),
            ("all.atom", own),
        ] {
            fs::write(path(name), text).expect("written");
        }
        let shown = BTreeSet::from(["all.html".to_owned()]);
        sweep(folder.path(), &shown, &BTreeSet::new());
        let left = [
            "all-2.html",
            "inner.html",
            "all.html",
            "about.html",
            "all.atom",
        ]
        .map(|name| path(name).exists());
        assert_eq!(left, [false, false, true, true, true]);
    }
}
