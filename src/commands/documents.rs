//! Documents in and out: `parse` and `export`.

use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use url::Url;

use super::{Failure, load, shell, stored};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::daemon;
use crate::fetch::{Answer, Fetcher, Payload};
use crate::model::Validators;
use crate::normalize;
use crate::parse::{self, Context};
use crate::publish::{Format, json};
use crate::recover::decode;
use crate::store::{Selection, Sources};

/// `parse FILE|URL|- [--explain]`.
///
/// # Errors
/// [`Failure::Running`] for what is no feed; the message says what it is.
pub async fn parse(
    path: Option<&Path>,
    input: &str,
    base_url: Option<Url>,
    content_type: Option<String>,
    explain: bool,
) -> Result<(), Failure> {
    let payload = payload(path, input, base_url, content_type).await?;
    let name = input.to_owned();
    // The parser recurses with the document: it gets a stack of its own.
    let worker = std::thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(move || {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            parsed(&payload, explain.then_some(name.as_str()), &mut out)?;
            out.flush().map_err(Failure::running)
        })
        .map_err(Failure::running)?;
    worker
        .join()
        .map_err(|_| Failure::Running("reading the document failed inside Feedmill".to_owned()))?
}

/// The document as JSON. With a name for it, each repair goes to standard error as `NAME:LINE:COLUMN: what`.
fn parsed(payload: &Payload, explain: Option<&str>, out: &mut impl Write) -> Result<(), Failure> {
    let body = payload.decode(MAX_BODY).map_err(Failure::running)?.body;
    let context = Context {
        content_type: payload.content_type.clone(),
        base_url: Some(payload.final_url.clone()),
        timezone: None,
    };
    let feed = match parse::parse(&body, &context) {
        Ok(feed) => feed,
        Err(error) => {
            let list = outlines(&body, &context).ok_or_else(|| Failure::running(error))?;
            return written(&list, out);
        }
    };
    for repair in feed.recovered.iter().filter(|_| explain.is_some()) {
        let times = match repair.count {
            1 => String::new(),
            count => format!(", {count} times"),
        };
        eprintln!(
            "{}:{}:{}: {}{times}: {}",
            explain.unwrap_or_default(),
            repair.line,
            repair.column,
            repair.name,
            repair.what()
        );
    }
    let document = normalize::document(&feed, &payload.final_url, &[]);
    let now = Clock::System.now();
    let entries: Vec<_> = feed
        .entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let identity = normalize::identity(&document, index, entry);
            normalize::entry(&document, &identity, entry, &payload.final_url, now).entry
        })
        .collect();
    let shown = json::feed(
        feed.format.name(),
        &document.info,
        &feed.signals,
        feed.recovered.iter().map(|repair| repair.name).collect(),
        &entries,
    );
    written(&shown, out)
}

/// Straight to the output: the JSON of a large document is not held as well.
fn written(value: &impl Serialize, out: &mut impl Write) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(Failure::running)?;
    out.write_all(b"\n").map_err(Failure::running)
}

/// An OPML document: feeds, and the folders they lie in as tags.
#[derive(Serialize)]
struct List {
    format: &'static str,
    title: Option<String>,
    outlines: Vec<Outline>,
}

#[derive(Serialize)]
struct Outline {
    title: Option<String>,
    xml_url: String,
    html_url: Option<String>,
    tags: Vec<String>,
}

/// What is no feed may be OPML. Outlines that cannot be read are counted on standard error.
fn outlines(body: &[u8], context: &Context) -> Option<List> {
    let text = decode::decode(body, context.content_type.as_deref()).text;
    let document = config::opml::read(&text).ok()?;
    if !document.broken.is_empty() {
        tracing::warn!("{} outlines left out: broken", document.broken.len());
    }
    let outline = |outline: config::opml::Outline| Outline {
        title: outline.title,
        xml_url: outline.url,
        html_url: outline.html_url,
        tags: outline.tags,
    };
    Some(List {
        format: "opml",
        title: document.title,
        outlines: document.outlines.into_iter().map(outline).collect(),
    })
}

const MAX_BODY: u64 = 16 << 20;

async fn payload(
    path: Option<&Path>,
    input: &str,
    base_url: Option<Url>,
    content_type: Option<String>,
) -> Result<Payload, Failure> {
    if input.starts_with("http://") || input.starts_with("https://") {
        return fetched(path, input).await;
    }
    let mut bytes = Vec::new();
    let read = if input == "-" {
        std::io::stdin()
            .lock()
            .take(MAX_BODY + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(input).and_then(|file| file.take(MAX_BODY + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::Setup(format!("cannot read {input}: {error}")))?;
    let base = base_url.or_else(|| Url::from_file_path(std::path::absolute(input).ok()?).ok());
    let base = base.unwrap_or_else(|| {
        Url::parse("file:///").unwrap_or_else(|_| unreachable!("a constant URL"))
    });
    Ok(Payload::new(bytes, content_type, base))
}

/// A URL is fetched as a source of the configuration would be, or with the defaults when there is none.
async fn fetched(path: Option<&Path>, input: &str) -> Result<Payload, Failure> {
    let text = format!(
        "[[source]]\nurl = {}\n",
        serde_json::to_string(input).map_err(Failure::running)?
    );
    let mut lone = config::parse(&text, Path::new("parse.toml")).map_err(Failure::setup)?;
    let mut source = lone.sources.remove(0).as_ref().clone();
    if let Ok(config) = load(path) {
        source.request = config.request.clone();
        lone.fetch = config.fetch;
    }
    let answer = Fetcher::new(&lone.fetch)
        .fetch(
            &source,
            &source.url,
            &Validators::default(),
            true,
            Clock::System.now(),
        )
        .await;
    match answer.map_err(Failure::running)? {
        Answer::Modified(payload) => Ok(*payload),
        Answer::NotModified(_) | Answer::Gone => {
            Err(Failure::Running(format!("{input} is gone (410)")))
        }
    }
}

fn chosen(config: &Config, sources: &Sources, output: Option<&str>) -> Result<Selection, Failure> {
    let Some(name) = output else {
        return Ok(Selection::default());
    };
    let output = config.outputs.iter().find(|output| output.name == name);
    let output = output.ok_or_else(|| Failure::Setup(format!("there is no output \"{name}\"")))?;
    Ok(daemon::selection(config, output, sources))
}

/// `export --format jsonl`.
///
/// # Errors
/// [`Failure::Running`] when standard output closes or the store fails.
pub async fn export_jsonl(path: Option<&Path>, output: Option<&str>) -> Result<(), Failure> {
    let config = load(path)?;
    let (store, sources) = stored(&config).await?;
    let mut selection = chosen(&config, &sources, output)?;
    selection.limit = None;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut written = Ok(());
    let output = output.and_then(|name| config.outputs.iter().find(|known| known.name == name));
    let read = store.each_kept(&selection, &sources, |article, kept| {
        if output.is_some_and(|output| !daemon::passes(output, &article)) {
            return true;
        }
        written = serde_json::to_writer(&mut out, &json::exported(&article, &kept))
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"));
        written.is_ok()
    });
    read.map_err(Failure::running)?;
    written.and_then(|()| out.flush()).map_err(Failure::running)
}

/// `export --format atom`, `rss` and `json`: an output as it would be served; nothing is remembered of it.
///
/// # Errors
/// As [`export_jsonl`].
pub async fn export_feed(
    path: Option<&Path>,
    format: Format,
    output: Option<&str>,
) -> Result<(), Failure> {
    let config = load(path)?;
    let (store, sources) = stored(&config).await?;
    let name = output.unwrap_or(&config.outputs[0].name);
    chosen(&config, &sources, Some(name))?;
    let shell = shell(&config, store)?;
    let (site, _) = daemon::rendered(&config, &shell, &sources).map_err(Failure::running)?;
    let body = site
        .get(&format!("{name}.{}", format.extension()))
        .map(|publication| publication.body().clone())
        .unwrap_or_default();
    std::io::stdout().write_all(&body).map_err(Failure::running)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(body: &[u8], content_type: Option<&str>) -> Result<String, String> {
        let base = Url::parse("https://example.org/").expect("a constant URL");
        let payload = Payload::new(body.to_vec(), content_type.map(str::to_owned), base);
        let mut shown = Vec::new();
        parsed(&payload, None, &mut shown).map_err(|failure| failure.to_string())?;
        let value: serde_json::Value = serde_json::from_slice(&shown).expect("JSON");
        Ok(value.to_string())
    }

    #[test]
    fn a_list_of_feeds_shows_its_outlines() {
        let body = b"<opml><head><title>Caf\xe9s</title></head><body><outline text='Sea'>\
            <outline text='Quay' xmlUrl='https://a.example/feed'/></outline></body></opml>";
        let shown = show(body, Some("text/x-opml; charset=iso-8859-1"));
        let expected = serde_json::json!({
            "format": "opml",
            "title": "Cafés",
            "outlines": [{
                "title": "Quay", "xml_url": "https://a.example/feed", "html_url": null, "tags": ["sea"],
            }],
        });
        assert_eq!(shown, Ok(expected.to_string()));
    }

    #[test]
    fn what_is_no_feed_says_what_it_is() {
        let cases: [(&[u8], &str); 3] = [
            (b"<html><body>Sign in</body></html>", "an HTML page"),
            (b"", "an empty document"),
            (b"PK\x03\x04\0\0", "a zip archive"),
        ];
        for (body, expected) in cases {
            assert_eq!(show(body, None), Err(expected.to_owned()));
        }
    }
}
