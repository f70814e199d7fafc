//! `extract`: a page as one article.

use std::io::{Read, Write};
use std::path::Path;

use url::Url;

use super::{Failure, load, print_json};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::extract;
use crate::fetch::{Answer, Fetcher, Payload};
use crate::full_text::{CUT, PAGE_BYTES, Readers};
use crate::model::{PageArticle, PageStatus, Source, Validators};
use crate::publish::json;

/// More is not read of a file.
const MAX_FILE: u64 = 16 << 20;

/// What is to be extracted.
#[derive(Debug)]
pub struct Asked {
    /// A file, a URL, or `-`.
    pub input: String,
    /// Where the page is; empty: not known.
    pub url: String,
    /// `Content-Type` it came with.
    pub content_type: Option<String>,
    /// Configured source that it belongs to.
    pub source: Option<String>,
    /// What gave each field goes to standard error.
    pub explain: bool,
}

/// `extract FILE|URL|- [--url U] [--source ID] [--explain]`.
///
/// # Errors
/// [`Failure::Running`] for what is no page or cannot be had, [`Failure::Setup`] for an unknown source.
pub async fn extract(path: Option<&Path>, asked: Asked) -> Result<(), Failure> {
    let (config, source) = settings(path, &asked)?;
    let payload = payload(&config, &source, &asked).await?;
    let place = place(&asked.url)?;
    let work = move || {
        let decoded = payload
            .decode(4 * MAX_FILE)
            .map_err(|error| error.to_string())?;
        if decoded.cut {
            return Err(format!("{CUT}; try again"));
        }
        let page = extract::Page {
            body: &decoded.body,
            content_type: payload.content_type.as_deref(),
            url: place.as_ref().unwrap_or(&payload.final_url),
            asked: None,
            fetched_at: Clock::System.now(),
            zone: Some(source.timezone),
        };
        extract::extract(&page, &source.pages.rules).map_err(|refused| refused.to_string())
    };
    let read = Readers::default().run(0, work).await;
    let name = &asked.input;
    let page = read
        .unwrap_or_else(|not_read| Err(not_read.to_string()))
        .map_err(|why| Failure::Running(format!("{name}: {why}")))?;
    if asked.explain {
        std::io::stderr()
            .write_all(explanation(&page).as_bytes())
            .map_err(Failure::running)?;
    } else if let Some(reason) = &page.extraction.reason
        && page.extraction.status == PageStatus::Kept
    {
        eprintln!("{name}: no article: {reason}");
    }
    print_json(&json::page(&page))
}

/// The address that was given, if one was.
fn place(given: &str) -> Result<Option<Url>, Failure> {
    if given.is_empty() {
        return Ok(None);
    }
    Url::parse(given).map(Some).map_err(|error| {
        Failure::Setup(format!(
            "--url {given}: {error}; write it whole, as in https://example.org/a"
        ))
    })
}

/// The source that the page belongs to; without one, what a source would be by default.
fn settings(path: Option<&Path>, asked: &Asked) -> Result<(Config, Source), Failure> {
    let configured = match (&asked.source, path) {
        (None, None) => load(None).ok(),
        _ => Some(load(path)?),
    };
    let lone = || {
        let text = "[[source]]\nurl = \"https://example.org/\"\n";
        config::parse(text, Path::new("extract.toml")).map_err(Failure::setup)
    };
    if let Some(id) = &asked.source {
        let config = configured.ok_or_else(|| Failure::Setup("no configuration".to_owned()))?;
        let found = config.sources.iter().find(|source| source.id == *id);
        let source = found.map(|source| source.as_ref().clone()).ok_or_else(|| {
            Failure::Setup(format!(
                "there is no source \"{id}\"; `feedmill sources` lists them"
            ))
        })?;
        return Ok((config, source));
    }
    let mut config = lone()?;
    let mut source = config.sources.remove(0).as_ref().clone();
    if let Some(configured) = configured {
        source.request = configured.request.clone();
        config.fetch = configured.fetch;
    }
    Ok((config, source))
}

async fn payload(config: &Config, source: &Source, asked: &Asked) -> Result<Payload, Failure> {
    let input = &asked.input;
    if input.starts_with("http://") || input.starts_with("https://") {
        let url = Url::parse(input)
            .map_err(|error| Failure::Setup(format!("cannot read {input}: {error}")))?;
        let answer = Fetcher::new(&config.fetch)
            .page(
                source,
                &url,
                &Validators::default(),
                PAGE_BYTES,
                Clock::System.now(),
            )
            .await;
        return match answer.map_err(Failure::running)? {
            Answer::Modified(payload) => Ok(*payload),
            Answer::NotModified(_) | Answer::Gone => {
                Err(Failure::Running(format!("{input} is gone (410)")))
            }
        };
    }
    let mut bytes = Vec::new();
    let read = if input == "-" {
        std::io::stdin()
            .lock()
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(input).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::Setup(format!("cannot read {input}: {error}")))?;
    let place = std::path::absolute(input).ok();
    let place = place.and_then(|path| Url::from_file_path(path).ok());
    let place = place.unwrap_or_else(|| {
        Url::parse("file:///").unwrap_or_else(|_| unreachable!("a constant URL"))
    });
    Ok(Payload::new(bytes, asked.content_type.clone(), place))
}

/// What gave each field, a line each.
fn explanation(page: &PageArticle) -> String {
    let entry = &page.entry;
    let details = &entry.details;
    let extraction = &page.extraction;
    let score = extraction.score.map_or_else(String::new, |score| {
        format!(", {:.0} % of the page's text", score * 100.0)
    });
    let reason = extraction
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    let status = serde_json::to_value(extraction.status).unwrap_or_default();
    let mut out = format!(
        "{:<10} {}{reason}{score} ({}, rules {})\n",
        "status",
        status.as_str().unwrap_or_default(),
        extraction.extractor,
        extraction.version
    );
    let names: Vec<&str> = details
        .authors
        .iter()
        .map(|author| author.name.as_str())
        .collect();
    let values = [
        ("url", entry.url.clone()),
        ("title", entry.title.clone()),
        ("summary", details.summary.clone()),
        (
            "authors",
            Some(names.join(", ")).filter(|names| !names.is_empty()),
        ),
        ("published", entry.published.map(|at| at.to_rfc3339())),
        ("updated", entry.updated.map(|at| at.to_rfc3339())),
        ("language", details.language.clone()),
        (
            "image",
            details.image.as_ref().map(|image| image.url.clone()),
        ),
        (
            "publisher",
            page.publisher
                .as_ref()
                .map(|publisher| publisher.name.clone()),
        ),
        (
            "content",
            Some(format!("{} words", crate::text::word_count(&page.text)))
                .filter(|_| !page.text.is_empty()),
        ),
    ];
    for (field, value) in values {
        let from = page.provenance.get(field).map_or("", |from| from.name());
        let value = value.unwrap_or_else(|| "not found".to_owned());
        out.push_str(format!("{field:<10} {from:<16} {value}").trim_end());
        out.push('\n');
    }
    for section in &details.sections {
        out.push_str(&format!(
            "{:<10} {:<16} {} ({} items)\n",
            "section",
            section.kind,
            section.label,
            section.items.len()
        ));
    }
    out
}
