//! What is stored, listed: `sources` and `articles`.

use std::path::Path;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{Failure, daemon_beside, load, print_json, progress, stored};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{self, Task};
use crate::daemon;
use crate::filter::{Filter, Filters, Subject};
use crate::model::Article;
use crate::publish::json;
use crate::search::{self, Query};
use crate::store::{self, Selection, SelectionOrder, Sources, Store};
use crate::text::text_of;

/// `sources`.
///
/// # Errors
/// As of the store.
pub async fn sources(path: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let (store, sources) = stored(&config).await?;
    let health = store.health(&sources).map_err(Failure::running)?;
    if as_json {
        return print_json(&health);
    }
    let time = |at: Option<DateTime<Utc>>| {
        at.map_or_else(
            || "never".to_owned(),
            |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        )
    };
    let now = Clock::System.now();
    for source in health {
        println!(
            "{}  {}  {} articles  last poll {}  next {} ({})",
            source.id,
            source.state,
            source.articles,
            time(source.last_poll),
            time(source.next_poll),
            source.next_poll_why
        );
        if let Some(url) = source.adopted_url {
            println!("    moved for good to {url}");
        }
        if let Some(push) = &source.push {
            println!("    push: {}", push.words(now));
        }
        if let Some(history) = &source.history {
            println!("    history: {}", history.words());
        }
        if let Some(pages) = &source.pages {
            println!("    pages: {}", pages.words());
        }
        if let Some(error) = source.error {
            println!("    failing since {}: {error}", time(source.error_since));
            if let Some(cure) = source.cure {
                println!("    {cure}");
            }
        }
    }
    Ok(())
}

/// Those of a selection that any of the filters matches, as `keep` would have it: a dry run on what is stored.
fn matching(
    store: &Store,
    selection: &Selection,
    sources: &Sources,
    keep: Vec<Filter>,
    limit: usize,
) -> Result<Vec<Article>, store::Error> {
    if keep.is_empty() {
        return store.timeline(selection, sources);
    }
    let filters = Filters {
        keep,
        drop: Vec::new(),
    };
    let all = Selection {
        limit: None,
        ..selection.clone()
    };
    let mut found = Vec::new();
    store.each_article(&all, sources, |article| {
        let age = article.first_seen - article.published_at;
        if filters.pass(&Subject::new(&article.entry, age)) {
            found.push(article);
        }
        found.len() < limit
    })?;
    Ok(found)
}

/// Points at the character of a filter that cannot be read.
fn filter(text: &String) -> Result<Filter, Failure> {
    text.parse().map_err(|error: crate::filter::Error| {
        let before = text.get(..error.at).unwrap_or_default().chars().count();
        let pointer = " ".repeat(before);
        Failure::Setup(format!("--filter: {error}\n    {text}\n    {pointer}^"))
    })
}

/// `articles [QUERY]`: the best matches of a search, else the newest.
///
/// # Errors
/// [`Failure::Setup`] for an unknown source, an unreadable date, search or filter.
pub async fn articles(
    path: Option<&Path>,
    query: &[String],
    source: Option<String>,
    since: Option<&str>,
    filters: &[String],
    limit: usize,
    as_json: bool,
) -> Result<(), Failure> {
    let config = load(path)?;
    let filters = filters.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
    let (store, sources) = stored(&config).await?;
    let key_of = |id: String| {
        let key = sources.iter().find(|(_, source)| source.id == id);
        key.map(|(key, _)| vec![key]).ok_or_else(|| {
            Failure::Setup(format!(
                "there is no source \"{id}\"; `feedmill sources` lists them"
            ))
        })
    };
    let query = match query.join(" ") {
        text if text.trim().is_empty() => None,
        text => Some(Query::read(&text, Clock::System.now()).map_err(|error| {
            Failure::setup(store::Error::Search {
                reason: error.to_string(),
            })
        })?),
    };
    let selection = Selection {
        sources: source.map(key_of).transpose()?,
        order: SelectionOrder::Relevance,
        since: since.map(since_of).transpose()?,
        limit: Some(limit),
        ..Selection::default()
    };
    let selection = match query.clone() {
        Some(query) => selection
            .narrowed(query, &sources)
            .map_err(Failure::setup)?,
        None => selection,
    };
    if query.is_some() {
        index(&config, &store).await?;
    }
    let found =
        matching(&store, &selection, &sources, filters, limit).map_err(|error| match error {
            store::Error::Search { .. } => Failure::setup(error),
            _ => Failure::running(error),
        })?;
    if as_json {
        let rows: Vec<_> = found.iter().map(json::article).collect();
        return print_json(&rows);
    }
    for article in &found {
        println!("{}", line(article));
        let snippet = query.as_ref().map(|query| snippet(query, article));
        if let Some(snippet) = snippet.filter(|snippet| !snippet.is_empty()) {
            println!("    {snippet}");
        }
    }
    Ok(())
}

/// Brings the index up to date, or has the daemon do it.
async fn index(config: &Config, store: &Store) -> Result<(), Failure> {
    if let Some(holder) = daemon_beside(config)? {
        let mut failed = None;
        control::ask(&holder, Task::Index, |_, line| {
            failed = Some(line.to_owned())
        })
        .await
        .map_err(|error| super::unanswered(&holder, &error))?;
        return failed.map_or(Ok(()), |error| Err(Failure::Running(error)));
    }
    let mut bar = None;
    let stop = CancellationToken::new();
    daemon::index(store, &stop, |left| {
        let total = left as usize;
        let bar = bar.get_or_insert_with(|| progress(total, "entries"));
        bar.set_position(bar.length().unwrap_or_default().saturating_sub(left));
    })
    .await
    .map_err(Failure::running)?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}

fn line(article: &Article) -> String {
    format!(
        "{}  {}  {}  {}",
        article.published_at.format("%Y-%m-%d %H:%M"),
        article.origin.source,
        article.entry.title.as_deref().unwrap_or("(no title)"),
        article.entry.url.as_deref().unwrap_or("")
    )
}

fn snippet(query: &Query, article: &Article) -> String {
    let text = match article.entry.content_html.as_str() {
        "" => article.entry.details.summary.clone().unwrap_or_default(),
        html => text_of(html),
    };
    query.snippet(&text)
}

fn since_of(text: &str) -> Result<DateTime<Utc>, Failure> {
    search::instant(text, Clock::System.now())
        .map_err(|error| Failure::Setup(format!("--since: {error}")))
}
