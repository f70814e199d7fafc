//! `poll`: one pass, here or by the daemon that runs.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Failure, load, opened, progress, shell, sign, take_lock, unanswered};
use crate::archives;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::control::{self, Task};
use crate::daemon::{self, Setup};
use crate::full_text;
use crate::model::Report;
use crate::poll::Shell;
use crate::service::stop_on_signal;
use crate::store::{Holder, Sources, Store, plan_without_store};

/// `poll [SOURCE…] [--all] [--dry-run]`.
///
/// # Errors
/// [`Failure::Running`] when a named source, or every source, failed.
pub async fn poll(
    path: Option<&Path>,
    names: Vec<String>,
    all: bool,
    dry_run: bool,
) -> Result<(), Failure> {
    let config = load(path)?;
    if let Some(unknown) = names
        .iter()
        .find(|name| config.sources.iter().all(|source| source.id != **name))
    {
        return Err(Failure::Setup(format!(
            "there is no source \"{unknown}\"; `feedmill sources` lists them"
        )));
    }
    if dry_run {
        return plan(&config, names, all);
    }
    let mut lock = match take_lock(&config)? {
        Ok(lock) => lock,
        Err(holder) => return order(&holder, names, all).await,
    };
    sign(&mut lock)?;
    let (store, sources) = opened(&config).await?;
    store.release_claims().await.map_err(Failure::setup)?;
    let scope = control::scope(names.clone(), all);
    let shell = shell(&config, store)?;
    let (config, sources) = with_lists(config, sources, &shell).await?;
    let stop = CancellationToken::new();
    stop_on_signal(&stop).map_err(Failure::running)?;
    let count = shell
        .store
        .pending(&scope, shell.clock.now(), usize::MAX)
        .map_err(Failure::running)?
        .len();
    let bar = progress(count, "sources");
    let mut totals = Totals::default();
    let polled = daemon::pass(
        &shell,
        &sources,
        &scope,
        config.fetch.concurrency,
        &stop,
        |report| {
            totals.add(&report);
            let line = report.to_string();
            if bar.is_hidden() {
                let _ = writeln!(std::io::stdout(), "{line}");
            } else {
                bar.println(line);
            }
            bar.inc(1);
        },
    )
    .await;
    bar.finish_and_clear();
    polled.map_err(Failure::running)?;
    totals.changed |= archives::walk_to_the_end(&shell, &sources, &stop)
        .await
        .map_err(Failure::running)?;
    totals.changed |= full_text::fetch_to_the_end(&shell, &sources, &stop)
        .await
        .map_err(Failure::running)?;
    let now = shell.clock.now();
    let purged = daemon::purge(&shell.store, config.store.retention, now, &stop)
        .await
        .map_err(Failure::running)?;
    if totals.changed || purged.changed {
        write_outputs(&config, &shell, &sources).await?;
    }
    println!("{totals}");
    verdict(totals.failed, totals.sources, !names.is_empty())
}

/// With the lists that others keep, as they are now where it is time to ask for them.
async fn with_lists(
    config: Config,
    sources: Sources,
    shell: &Shell,
) -> Result<(Config, Sources), Failure> {
    let setup = Setup {
        config: Arc::new(config.clone()),
        shell: shell.clone(),
        sources: sources.clone(),
        since: shell.clock.now(),
    };
    if !daemon::refresh_lists(&setup, false).await {
        return Ok((config, sources));
    }
    let library = shell.store.library().map_err(Failure::running)?;
    let config = config::load(&config.path, &library).map_err(Failure::setup)?;
    let sources = daemon::reconcile(&shell.store, &config, &shell.clock)
        .await
        .map_err(Failure::setup)?;
    Ok((config, sources))
}

/// Outputs with a folder are written as files; the others are rendered by the daemon when it starts.
pub(super) async fn write_outputs(
    config: &Config,
    shell: &Shell,
    sources: &Sources,
) -> Result<(), Failure> {
    if config
        .outputs
        .iter()
        .all(|output| output.directory.is_none())
    {
        return Ok(());
    }
    let (site, _receiver) = tokio::sync::watch::channel(Arc::default());
    while daemon::publish(config, shell, sources, &site)
        .await
        .map_err(Failure::running)?
    {}
    daemon::write_pages(config, shell, sources).await;
    Ok(())
}

/// `--dry-run`: what would be polled, and why; nothing is written and nobody asked.
fn plan(config: &Config, names: Vec<String>, all: bool) -> Result<(), Failure> {
    let (scope, now) = (control::scope(names, all), Clock::System.now());
    let planned = if config.store.path.exists() {
        let store = Store::open_to_read(&config.store.path).map_err(Failure::setup)?;
        store
            .plan(&config.sources, &scope, now)
            .map_err(Failure::running)?
    } else {
        plan_without_store(&config.sources, &scope, now)
    };
    for source in &planned {
        let verb = if source.polled { "poll" } else { "skip" };
        println!("{verb} {}: {}", source.source, source.why);
    }
    let polled = planned.iter().filter(|source| source.polled).count();
    println!("{polled} sources would be polled");
    Ok(())
}

/// `poll` beside a daemon: the daemon polls, its lines are shown.
async fn order(holder: &Holder, names: Vec<String>, all: bool) -> Result<(), Failure> {
    let named = !names.is_empty();
    let (mut polled, mut failed) = (0, 0);
    control::ask(holder, Task::Poll { names, all }, |well, line| {
        polled += 1;
        failed += usize::from(!well);
        println!("{line}");
    })
    .await
    .map_err(|error| unanswered(holder, &error))?;
    println!("{polled} sources polled by the daemon, {failed} failed");
    verdict(failed, polled, named)
}

/// A pass failed when all its sources did, or one that was named.
fn verdict(failed: usize, polled: usize, named: bool) -> Result<(), Failure> {
    if failed > 0 && (failed == polled || named) {
        return Err(Failure::Running(format!(
            "{failed} of {polled} sources failed"
        )));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Totals {
    sources: usize,
    failed: usize,
    new: usize,
    revised: usize,
    merged: usize,
    changed: bool,
}

impl Totals {
    fn add(&mut self, report: &Report) {
        self.sources += 1;
        self.failed += usize::from(report.error.is_some());
        self.new += report.new;
        self.revised += report.revised;
        self.merged += report.merged;
        self.changed |= report.changed;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            sources,
            failed,
            new,
            revised,
            merged,
            ..
        } = self;
        write!(
            f,
            "{sources} sources: {new} new, {revised} revised, {merged} merged, {failed} failed"
        )
    }
}
