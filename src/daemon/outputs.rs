//! What is published: every output rendered from the store, remembered, served and written.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::archives;
use crate::config::{Config, Order, Output};
use crate::filter::Subject;
use crate::hub;
use crate::model::{Article, Source};
use crate::poll::Shell;
use crate::publish::{Channel, Draft, Format, Publication, Site, directory};
use crate::store::{self, OutputState, Selection, SelectionOrder, Sources};

/// Brings the archives up to date, renders every output, remembers what is published (synced to the disk), then writes
/// the documents and serves them. True when archives are behind, and another publication should follow soon.
///
/// # Errors
/// What the store refuses. A folder that cannot be written is logged, not an error.
pub async fn publish(
    config: &Config,
    shell: &Shell,
    sources: &Sources,
    site: &watch::Sender<Arc<Site>>,
) -> Result<bool, store::Error> {
    let mut more = false;
    for output in &config.outputs {
        match archives::extend(config, output, shell, sources).await {
            Ok(behind) => more |= behind,
            // The feed itself may still be served.
            Err(error) => {
                tracing::error!(output = output.name, %error, "archives stay as they are")
            }
        }
    }
    let (fresh, recorded) = rendered(config, shell, sources)?;
    if !recorded.is_empty() {
        shell.store.record_outputs(recorded).await?;
    }
    write_directories(config, shell, &fresh);
    site.send_replace(Arc::new(fresh));
    Ok(more)
}

/// Writes the pages of outputs with a folder. They are many and nobody waits for them: to be done after [`publish`], and
/// off the threads that serve.
pub async fn write_pages(config: &Config, shell: &Shell, sources: &Sources) {
    let mut outputs = config.outputs.iter();
    if outputs.any(|output| output.directory.is_some()) {
        let (config, shell, sources) = (config.clone(), shell.clone(), sources.clone());
        let writing = tokio::task::spawn_blocking(move || {
            super::files::write(&config, &shell, &sources);
        });
        if let Err(error) = writing.await {
            tracing::error!(%error, "pages could not be written as files");
        }
    }
}

/// Every output, and the states that differ from what was published last.
///
/// # Errors
/// What the store refuses.
pub fn rendered(
    config: &Config,
    shell: &Shell,
    sources: &Sources,
) -> Result<(Site, Vec<(String, OutputState)>), store::Error> {
    let states = shell.store.output_states()?;
    let mut site = Site::new();
    let mut news = Vec::new();
    for output in &config.outputs {
        let mut articles = articles(config, output, shell, sources)?;
        let mut channel = channel(config, output, shell)?;
        if let Some(chain) = shell.store.chain(&output.name)? {
            articles = archives::with_open(config, output, shell, sources, &chain, articles)?;
            let address = |page| format!("{}/archive/{page}.atom", channel.self_url);
            channel.archive.previous = chain.newest_page.map(address);
        }
        for format in Format::ALL {
            let path = format!("{}.{}", output.name, format.extension());
            let before = states.get(&path);
            let (publication, state) = render(&channel, &articles, format, output, shell, before);
            if before != Some(&state) {
                news.push((path.clone(), state));
            }
            site.insert(path, publication);
        }
    }
    Ok((site, news))
}

/// Articles that are looked at for an output with filters, the newest: bounds what one costs that hardly lets any pass.
pub(super) const MOST_JUDGED: usize = 20_000;

/// The articles that an output shows, after its filters.
pub(super) fn articles(
    config: &Config,
    output: &Output,
    shell: &Shell,
    sources: &Sources,
) -> Result<Vec<Article>, store::Error> {
    let mut selection = selection(config, output, sources);
    if output.filters.is_empty() {
        return shell.store.timeline(&selection, sources);
    }
    let cap = selection.per_source.take().unwrap_or(usize::MAX);
    selection.limit = Some(MOST_JUDGED);
    let mut shown = Vec::new();
    let mut shown_of: HashMap<String, usize> = HashMap::new();
    shell.store.each_article(&selection, sources, |article| {
        if passes(output, &article) {
            let count = shown_of.entry(article.origin.source.clone()).or_default();
            *count += 1;
            if *count <= cap {
                shown.push(article);
            }
        }
        shown.len() < output.limit
    })?;
    Ok(shown)
}

/// Whether the filters of an output let an article pass. Its age is what it was at first sight.
pub fn passes(output: &Output, article: &Article) -> bool {
    output.filters.is_empty()
        || output.filters.pass(&Subject::new(
            &article.entry,
            article.first_seen - article.published_at,
        ))
}

/// How long a client may keep an output, in seconds: a change shows within a minute.
pub(super) const MAX_AGE: u64 = 60;

pub(super) fn channel(
    config: &Config,
    output: &Output,
    shell: &Shell,
) -> Result<Channel, store::Error> {
    Ok(Channel {
        id: uuid::Uuid::new_v5(&shell.store.id()?, output.name.as_bytes())
            .urn()
            .to_string(),
        title: output.title.clone(),
        self_url: format!("{}{}", config.server.public_url, output.name),
        home_url: config.server.public_url.to_string(),
        updated: Default::default(),
        hubs: hubs(config, output),
        title_prefix: output.title_prefix.clone(),
        summary_only: output.content == crate::config::Content::Summary,
        archive: Default::default(),
    })
}

/// The hubs of an output: those of the configuration and our own. What needs a token has none.
fn hubs(config: &Config, output: &Output) -> Vec<String> {
    if output.token.is_some() {
        return Vec::new();
    }
    let configured = output.hubs.iter().map(ToString::to_string);
    configured
        .chain([hub::address(&config.server.public_url)])
        .collect()
}

/// One document of a channel, whose `self_url` has no extension yet, and its state; `before` is what was published
/// last.
pub(super) fn render(
    channel: &Channel,
    articles: &[Article],
    format: Format,
    output: &Output,
    shell: &Shell,
    before: Option<&OutputState>,
) -> (Publication, OutputState) {
    let newest = articles.iter().map(|article| article.updated).max();
    let updated_at = newest
        .max(before.map(|state| state.updated_at))
        .unwrap_or_default();
    let channel = Channel {
        self_url: format!("{}.{}", channel.self_url, format.extension()),
        updated: updated_at,
        ..channel.clone()
    };
    let draft = Draft::new(format.render(&channel, articles), format.content_type());
    let etag = draft.etag();
    let changed_at = before
        .filter(|state| state.etag == etag)
        .map_or(shell.clock.now(), |state| state.changed_at);
    let state = OutputState {
        etag,
        changed_at,
        updated_at,
    };
    let publication = draft.finish(changed_at, MAX_AGE, output.token.clone());
    (publication.linked(&channel.hubs, &channel.self_url), state)
}

/// Articles of an output: of its tags or sources, configured ones only. What an output with a token chooses by tags
/// or sources shows in no open one: not its entries either, where an open source has the story as well.
pub fn selection(config: &Config, output: &Output, sources: &Sources) -> Selection {
    let (mut keys, mut hidden) = (Vec::new(), Vec::new());
    for (key, source) in sources.iter() {
        if output.token.is_none() && is_hidden(config, source) {
            hidden.push(key);
        } else if chooses(output, source) {
            keys.push(key);
        }
    }
    Selection {
        sources: Some(keys),
        articles: None,
        hidden,
        matching: None,
        order: match output.order {
            Order::Published => SelectionOrder::Published,
            Order::FirstSeen => SelectionOrder::FirstSeen,
        },
        limit: Some(output.limit),
        per_source: output.per_source,
        ..Selection::default()
    }
}

/// Whether an output is of a source.
pub(super) fn chooses(output: &Output, source: &Source) -> bool {
    is_of_all(output)
        || output.sources.contains(&source.id)
        || output.tags.iter().any(|tag| source.tags.contains(tag))
}

fn is_of_all(output: &Output) -> bool {
    output.tags.is_empty() && output.sources.is_empty()
}

/// Whether a source is chosen by an output with a token, and so is shown in no open one.
pub(super) fn is_hidden(config: &Config, source: &Source) -> bool {
    config
        .outputs
        .iter()
        .any(|other| other.token.is_some() && !is_of_all(other) && chooses(other, source))
}

fn write_directories(config: &Config, shell: &Shell, site: &Site) {
    for output in &config.outputs {
        if let Err(error) = archives::write(output, shell) {
            tracing::error!(%error, "archives could not be written as files");
        }
        for format in Format::ALL {
            let path = format!("{}.{}", output.name, format.extension());
            if let (Some(folder), Some(publication)) = (&output.directory, site.get(&path))
                && let Err(error) = directory::write(folder, &path, publication.body())
            {
                tracing::error!(%error, "an output could not be written as a file");
            }
        }
    }
}
