//! Pages as files, for outputs with a folder: the river and its articles, so that any web server can serve them.
//!
//! Only open outputs have them. A folder gets `NAME.html`, `NAME-2.html` …, `articles/UUID.html`, `sources.html`, the style
//! sheet and the script, and `index.html`, the river of the first output there. What the output shows no more goes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, Output};
use crate::model::Article;
use crate::poll::Shell;
use crate::publish::directory;
use crate::store::{self, Sources};
use crate::web::{self, Chosen, Frame, Images, Line, Links, Listing, River};

use super::asked::Desk;
use super::{outputs, web as served};

/// Writes the pages of every open output with a folder. What fails is logged: the feeds are written already.
pub(super) fn write(config: &Config, shell: &Shell, sources: &Sources) {
    if config
        .outputs
        .iter()
        .all(|output| output.directory.is_none() || output.token.is_some())
    {
        return;
    }
    let desk = Desk::new(Arc::new(config.clone()), shell.clone(), sources.clone());
    let mut done: BTreeSet<&Path> = BTreeSet::new();
    for output in &config.outputs {
        if let Some(folder) = output
            .directory
            .as_deref()
            .filter(|folder| output.token.is_none() && done.insert(folder))
        {
            let fellows: Vec<&Output> = config
                .outputs
                .iter()
                .filter(|other| other.token.is_none() && other.directory.as_deref() == Some(folder))
                .collect();
            match folder_of(&desk, folder, &fellows) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "pages could not be written as files"),
                Err(error) => tracing::error!(%error, "pages could not be made"),
            }
        }
    }
}

type Written = Result<(), directory::Error>;

fn folder_of(desk: &Desk, folder: &Path, fellows: &[&Output]) -> Result<Written, store::Error> {
    let listings = fellows.iter().map(|output| Listing {
        name: output.name.clone(),
        title: output.title.clone(),
    });
    let frame = Frame {
        links: Links::Files { top: "" },
        images: Images::Origin,
        outputs: listings.collect(),
        title: fellows
            .first()
            .map(|output| output.title.clone())
            .unwrap_or_default(),
        ..served::frame(desk)?
    };
    let within = Frame {
        links: Links::Files { top: "../" },
        ..frame.clone()
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let articles_folder = folder.join("articles");
    let written = (|| -> Result<Written, store::Error> {
        for (at, output) in fellows.iter().enumerate() {
            let articles = outputs::articles(&desk.config, output, &desk.shell, &desk.sources)?;
            for (name, body) in river(&frame, output, &articles) {
                if at == 0 && name == format!("{}.html", output.name) {
                    files.push(("index.html".to_owned(), body.clone()));
                }
                files.push((name, body));
            }
            for article in &articles {
                let uuid = article.id.trim_start_matches("urn:uuid:");
                let name = format!("{uuid}.html");
                if !shown.insert(name.clone()) {
                    continue;
                }
                if let Some(body) = served::article_file(desk, &within, article)?
                    && let Err(error) = directory::write(&articles_folder, &name, &body)
                {
                    return Ok(Err(error));
                }
            }
        }
        files.push(("sources.html".to_owned(), sources(desk, &frame)?));
        Ok(files
            .iter()
            .try_for_each(|(name, body)| directory::write(folder, name, body).map(|_| ())))
    })()?;
    if written.is_ok() {
        sweep(&articles_folder, &shown);
        for asset in web::assets() {
            if let Some(name) = asset.path.strip_prefix("static/")
                && let Err(error) =
                    directory::write(&folder.join("static"), name, asset.body.as_bytes())
            {
                return Ok(Err(error));
            }
        }
    }
    Ok(written)
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
            format!("{}-{number}.html", output.name)
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
    ))
}

/// Removes pages of articles that are shown no more. Other files are left alone.
fn sweep(folder: &Path, shown: &BTreeSet<String>) {
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name();
        let is_ours = name
            .to_str()
            .and_then(|name| name.strip_suffix(".html"))
            .is_some_and(|stem| uuid::Uuid::parse_str(stem).is_ok());
        if is_ours && !name.to_str().is_some_and(|name| shown.contains(name)) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}
