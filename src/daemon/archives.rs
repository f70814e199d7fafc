//! Archives of outputs (RFC 5005 §4): numbers what is published for the first time and closes full ranges.
//!
//! A closed document never changes. Its `next-archive` is known before that one is closed: until then the server sends
//! whoever follows it to the feed itself.

use xxhash_rust::xxh3::xxh3_64;

use crate::config::{Config, Order, Output};
use crate::model::Article;
use crate::poll::Shell;
use crate::publish::{ArchiveLinks, Channel, Format, directory};
use crate::store::{self, ArchivePage, ArchiveTerms, Chain, Selection, Sources};

use super::outputs;

/// Articles of a document at most; fewer where the output itself shows fewer.
const PAGE: usize = 100;
/// Articles that one publication looks at …
const BATCH: usize = 2_000;
/// … and documents that it closes at most: the rest is for the next, so that a first start is not long.
const PAGES: usize = 20;
/// So many are looked at again each time: the key of an article that went may have been given to another.
const OVERLAP: i64 = 64;

/// Articles of each document of an output.
pub(super) fn page_size(output: &Output) -> usize {
    output.limit.min(PAGE)
}

/// Brings the archive of an output up to date. True when there is more to do.
///
/// # Errors
/// What the store refuses.
pub(super) async fn extend(
    config: &Config,
    output: &Output,
    shell: &Shell,
    sources: &Sources,
) -> Result<bool, store::Error> {
    let store = &shell.store;
    let chain = store.continue_archive(terms(config, output)).await?;
    let batch = store.articles_after(chain.judged - OVERLAP, BATCH)?;
    let judged = batch.last().map_or(chain.judged, |(key, _)| *key);
    let mut ids: Vec<String> = batch.iter().map(|(_, id)| id.clone()).collect();
    // An article may come to the output later than into the store: another source joins it, its words change.
    let shown = outputs::articles(config, output, shell, sources)?;
    ids.extend(shown.into_iter().map(|article| article.id));
    ids.sort_unstable();
    ids.dedup();
    let new = store.unnumbered(&output.name, ids)?;
    let mut articles = of_ids(config, output, shell, sources, new)?;
    articles.retain(|article| outputs::passes(output, article));
    articles.reverse();
    if !articles.is_empty() || judged != chain.judged {
        let ids = articles.into_iter().map(|article| article.id).collect();
        store
            .number_articles(output.name.clone(), ids, judged)
            .await?;
    }
    let is_full = close(config, output, shell, sources).await?;
    Ok(is_full || batch.len() == BATCH)
}

/// Closes full ranges. True when there are more.
async fn close(
    config: &Config,
    output: &Output,
    shell: &Shell,
    sources: &Sources,
) -> Result<bool, store::Error> {
    let size = page_size(output);
    let Some(chain) = shell.store.chain(&output.name)? else {
        return Ok(false);
    };
    let ranges = chain.open.chunks_exact(size).take(PAGES);
    for (range, page) in ranges.zip(chain.next_page()..) {
        let articles = of_ids(config, output, shell, sources, range.to_vec())?;
        let own = outputs::channel(config, output, shell)?;
        let address = |page: i64| format!("{}/archive/{page}.atom", own.self_url);
        let channel = Channel {
            self_url: address(page),
            updated: { articles.iter().map(|article| article.updated) }
                .max()
                .unwrap_or_default(),
            archive: ArchiveLinks {
                current: Some(format!("{}.atom", own.self_url)),
                previous: (page > chain.first_page).then(|| address(page - 1)),
                next: Some(address(page + 1)),
            },
            ..own
        };
        let body = Format::Atom.render(&channel, &articles);
        let body = String::from_utf8_lossy(&body).into_owned();
        let now = shell.clock.now();
        let closed = shell
            .store
            .close_page(output.name.clone(), page, size, body, now);
        closed.await?;
    }
    Ok(chain.open.len() >= size * (PAGES + 1))
}

/// Articles of an output by id, newest first; those that are no longer there, or of no source of it, are left out.
fn of_ids(
    config: &Config,
    output: &Output,
    shell: &Shell,
    sources: &Sources,
    ids: Vec<String>,
) -> Result<Vec<Article>, store::Error> {
    let selection = Selection {
        articles: Some(ids),
        limit: None,
        per_source: None,
        ..outputs::selection(config, output, sources)
    };
    shell.store.timeline(&selection, sources)
}

/// Adds to what an output shows the articles that stand in no archive yet: an old date must not hide what is new here
/// from who follows the feed. An output with a cap for each source keeps to it.
pub(super) fn with_open(
    config: &Config,
    output: &Output,
    shell: &Shell,
    sources: &Sources,
    chain: &Chain,
    mut articles: Vec<Article>,
) -> Result<Vec<Article>, store::Error> {
    // A longer list is still being closed.
    if output.per_source.is_some() || chain.open.len() >= page_size(output) {
        return Ok(articles);
    }
    let shown = |id: &String| articles.iter().any(|article| article.id == *id);
    let missing: Vec<String> = chain.open.iter().filter(|id| !shown(id)).cloned().collect();
    if missing.is_empty() {
        return Ok(articles);
    }
    let late = of_ids(config, output, shell, sources, missing)?;
    articles.extend({ late.into_iter() }.filter(|article| outputs::passes(output, article)));
    articles.sort_by_key(|article| {
        std::cmp::Reverse(match output.order {
            Order::Published => article.published_at,
            Order::FirstSeen => article.first_seen,
        })
    });
    Ok(articles)
}

/// Writes the closed documents of an output that its folder lacks, and takes withdrawn ones away.
///
/// # Errors
/// What the store or the folder refuses.
pub(super) fn write(output: &Output, shell: &Shell) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(folder), Some(chain)) = (&output.directory, shell.store.chain(&output.name)?) else {
        return Ok(());
    };
    let folder = folder.join(&output.name).join("archive");
    for page in 1..chain.next_page() {
        let name = format!("{page}.atom");
        let stands = folder.join(&name).exists();
        if page < chain.first_page {
            if stands {
                std::fs::remove_file(folder.join(&name))?;
            }
        } else if !stands
            && let Some(ArchivePage::Closed(body, _)) =
                shell.store.archive_page(&output.name, page)?
        {
            directory::write(&folder, &name, body.as_bytes())?;
        }
    }
    Ok(())
}

/// What decides the articles of an output and their form. A new source is no change; one that may no longer be shown is.
fn terms(config: &Config, output: &Output) -> ArchiveTerms {
    let settings = format!(
        "{:?}\n{:?}\n{}\n{:?}\n{}\n{}\n{}",
        output.tags,
        output.sources,
        output.filters,
        output.content,
        output.title_prefix,
        output.token.is_some(),
        config.server.public_url,
    );
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    for source in &config.sources {
        let is_open = output.token.is_some() || !outputs::is_hidden(config, source);
        if !is_open || source.private {
            hidden.push(source.id.clone());
        } else if outputs::chooses(output, source) {
            shown.push(source.id.clone());
        }
    }
    ArchiveTerms {
        output: output.name.clone(),
        settings: xxh3_64(settings.as_bytes()).cast_signed(),
        shown,
        hidden,
    }
}
