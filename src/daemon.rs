//! Shell: due → poll → render → serve, with bounded concurrency and a graceful stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::hub::Hub;
use crate::model::{Due, Report};
use crate::poll::{Shell, poll};
use crate::publish::{Site, http};
use crate::push::Push;
use crate::service::{self, Notice};
use crate::store::{self, Scope, Sources, Store};

pub use followed::opml;
pub use lists::refresh as refresh_lists;
pub use outputs::{passes, publish, rendered, selection, write_pages};
pub use reload::Order;
pub use retention::purge;
pub use setup::{Current, Refused, Setup};
pub use status::Status;

use reload::Reloader;
use scheduler::schedule;
use setup::anew;

mod album;
mod archives;
mod asked;
mod files;
mod followed;
mod happenings;
mod jump;
mod lists;
mod metrics;
mod outputs;
mod reload;
mod retention;
mod scheduler;
mod searches;
mod setup;
mod status;
#[cfg(test)]
mod tests;
mod web;

/// Sources claimed at once.
const CLAIM: usize = 256;
/// Changes within this time go out together.
const SETTLE: Duration = Duration::from_secs(1);
/// The search index is brought up to date this often; a search does not wait for it.
const INDEX: Duration = Duration::from_secs(5);
/// What left the window of near-duplicates is let go this often.
const PRUNE: Duration = Duration::from_secs(3_600);
/// After the store refused a write nothing is claimed for this long, and twice as long each further time …
const PAUSE: Duration = Duration::from_secs(10);
/// Outcome of a poll that failed by our own fault.
const OFFLINE: &str = "offline";
/// Outcome of a poll that could not be stored.
const UNSTORED: &str = "store";

/// Polls every source of a scope once, `concurrency` at a time, and hands each report to `each`. A stop lets polls in
/// flight finish.
///
/// # Errors
/// What the store refuses to claim; a poll that cannot be stored is reported as class `store`.
pub async fn pass(
    shell: &Shell,
    sources: &Sources,
    scope: &Scope,
    concurrency: usize,
    stop: &CancellationToken,
    mut each: impl FnMut(Report),
) -> Result<(), store::Error> {
    let mut keys = shell.store.pending(scope, shell.clock.now(), usize::MAX)?;
    keys.reverse();
    let mut running = JoinSet::new();
    while !keys.is_empty() && !stop.is_cancelled() {
        let batch = keys
            .split_off(keys.len().saturating_sub(CLAIM))
            .into_iter()
            .rev()
            .collect();
        let claimed = shell.store.claim(batch, sources, shell.clock.now()).await?;
        let closing = closing(&claimed, concurrency);
        for (due, last) in claimed.into_iter().zip(closing) {
            while running.len() >= concurrency {
                finished(running.join_next().await, &mut each);
            }
            if shell.outage.is_on() && !matches!(scope, Scope::Named(_)) {
                shell.store.release(due.key).await?;
                continue;
            }
            spawn(&mut running, shell, due, last);
        }
    }
    while let Some(done) = running.join_next().await {
        finished(Some(done), &mut each);
    }
    Ok(())
}

/// Whether each poll closes its connection: it does unless the same host is asked again soon. Thousands of idle
/// connections would cost more memory than the polls themselves.
fn closing(claimed: &[Due], soon: usize) -> Vec<bool> {
    let hosts: Vec<&str> = claimed
        .iter()
        .map(|due| crate::fetch::host_key(&due.address))
        .collect();
    let again = |at: usize| {
        hosts[at + 1..]
            .iter()
            .take(soon)
            .any(|host| *host == hosts[at])
    };
    (0..hosts.len()).map(|at| !again(at)).collect()
}

fn spawn(running: &mut JoinSet<Report>, shell: &Shell, due: Due, last_of_host: bool) {
    let shell = shell.clone();
    running.spawn(async move {
        let (source, key) = (due.source.id.clone(), due.key);
        match poll(&shell, due, last_of_host).await {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(source.id = source, %error, "a poll could not be stored; it will be done again");
                let _ = shell.store.release(key).await;
                unstored(source, &error)
            }
        }
    });
}

fn unstored(source: String, error: &store::Error) -> Report {
    Report {
        source,
        outcome: UNSTORED,
        error: Some(error.to_string()),
        new: 0,
        revised: 0,
        merged: 0,
        changed: false,
        rekeyed: 0,
        moved: None,
        body_bytes: None,
        took: Duration::ZERO,
        next_due: None,
    }
}

fn finished(done: Option<Result<Report, tokio::task::JoinError>>, each: &mut impl FnMut(Report)) {
    match done {
        Some(Ok(report)) => each(report),
        Some(Err(error)) => {
            tracing::error!(%error, "a poll ended in a panic; its claim expires by itself")
        }
        None => {}
    }
}

/// Brings the search index up to date, a batch at a time, and hands to `each` how many entries are left. A stop ends
/// it early; it goes on where it was.
///
/// # Errors
/// What the store refuses.
pub async fn index(
    store: &Store,
    stop: &CancellationToken,
    mut each: impl FnMut(u64),
) -> Result<(), store::Error> {
    while !stop.is_cancelled() {
        let left = store.index_some().await?;
        each(left);
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Brings entries of an older release into the comparison, and lets go of those that left the window.
async fn compare_behind(store: Store, clock: crate::clock::Clock, stop: CancellationToken) {
    let mut left = Ok(1);
    while matches!(left, Ok(1..)) && !stop.is_cancelled() {
        if store.is_busy() {
            tokio::time::sleep(INDEX).await;
            continue;
        }
        left = store.sketch_some(clock.now()).await;
        if let Ok(left @ 1..) = left {
            tracing::info!("{left} stored entries are still to be compared with");
        }
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PRUNE) => {}
        }
        if let Err(error) = store.prune_sketches(clock.now()).await {
            tracing::warn!(%error, "what left the window cannot be let go; trying again");
        }
    }
}

/// Fills the search index behind the polls: whenever none waits for the writer.
async fn index_behind(store: Store, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INDEX) => {}
        }
        let mut left = Ok(1);
        while matches!(left, Ok(1..)) && !store.is_busy() && !stop.is_cancelled() {
            left = store.index_some().await;
        }
        if let Err(error) = left {
            tracing::warn!(%error, "the search index cannot be filled; trying again");
        }
    }
}

/// Everything the daemon needs once it is set up.
#[derive(Debug)]
pub struct Daemon {
    /// The configuration.
    pub config: Config,
    /// What polls need.
    pub shell: Shell,
    /// The configured sources.
    pub sources: Sources,
    /// Where it serves.
    pub listener: http::Listener,
    /// Where it takes orders.
    pub control: crate::control::Control,
    /// Signals that ask for the configuration to be read anew.
    pub reloads: service::Hangups,
}

/// Runs until `stop`: polls what is due, renders what changed, serves it; takes up what is edited in the configuration.
///
/// # Errors
/// When the store cannot be read at the start; later failures are logged and tried again.
pub async fn run(daemon: Daemon, stop: CancellationToken) -> Result<(), store::Error> {
    let Daemon {
        config,
        shell,
        sources,
        listener,
        control,
        reloads,
    } = daemon;
    let first = Setup {
        config: Arc::new(config),
        since: shell.clock.now(),
        shell,
        sources,
    };
    let config = Arc::clone(&first.config);
    let (reloader, current) = Reloader::new(first.clone());
    let (site_sender, site) = watch::channel(Arc::new(Site::new()));
    let (ready_sender, ready) = watch::channel(false);
    let (callbacks, inbox) = http::Callbacks::new(config.fetch.max_body);
    let lazy = asked::Desk::of(&first, &current).lazy();
    let (lazy_sender, lazy_now) = watch::channel(Some(lazy.clone()));
    let served = http::Served {
        site: site.clone(),
        ready,
        lazy: lazy_now,
        meters: first.shell.meters.clone(),
        base: config.server.public_url.path().to_owned(),
        callbacks: Some(callbacks),
    };
    let behind = publish(&config, &first.shell, &first.sources, &site_sender).await?;
    let serving = tokio::spawn(http::serve(
        listener,
        http::router(served),
        service::connections(),
        stop.clone(),
    ));
    ready_sender.send_replace(true);
    service::tell(Notice::Ready);
    tokio::spawn(async move { lazy.warm("").await });
    let changed = Arc::new(Notify::new());
    if behind {
        changed.notify_one();
    }
    let (orders, ordered) = mpsc::channel(1);
    let served = crate::control::Served {
        current: current.clone(),
        changed: Arc::clone(&changed),
        reload: orders,
    };
    let mut tasks = vec![
        serving,
        tokio::spawn(control.serve(served, stop.clone())),
        tokio::spawn(reloader.serve(ordered, reloads, stop.clone())),
        tokio::spawn(render_changes(
            current.clone(),
            Arc::clone(&changed),
            site_sender,
            lazy_sender,
            stop.clone(),
        )),
        tokio::spawn(index_behind(first.shell.store.clone(), stop.clone())),
        tokio::spawn(compare_behind(
            first.shell.store.clone(),
            first.shell.clock.clone(),
            stop.clone(),
        )),
    ];
    tasks.extend(begin(&current, &changed, site, inbox, &stop));
    drop(first);
    schedule(current.setup, &changed, &stop).await;
    for task in tasks {
        let _ = task.await;
    }
    drop(ready_sender);
    Ok(())
}

/// Begins what goes by one configuration and is begun anew with the next.
fn begin(
    current: &Current,
    changed: &Arc<Notify>,
    site: watch::Receiver<Arc<Site>>,
    inbox: mpsc::Receiver<http::Callback>,
    stop: &CancellationToken,
) -> [JoinHandle<()>; 4] {
    let setups = || current.setup.clone();
    let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
    let told = Arc::clone(changed);
    let pushing = anew(setups(), stop.clone(), move |setup, stop| {
        let hub = Hub::new(&setup.config, setup.shell.clone(), site.clone());
        let push = Push {
            shell: setup.shell.clone(),
            sources: setup.sources.clone(),
            base: setup.config.server.public_url.clone(),
            request: setup.config.request.clone(),
            changed: Arc::clone(&told),
            hub: hub.clone(),
        };
        let inbox = Arc::clone(&inbox);
        Box::pin(async move {
            let mut inbox = inbox.lock().await;
            tokio::join!(push.serve(&mut inbox, stop.clone()), hub.serve(stop));
        })
    });
    let told = Arc::clone(changed);
    let walking = anew(setups(), stop.clone(), move |setup, stop| {
        let (shell, sources) = (setup.shell.clone(), setup.sources.clone());
        Box::pin(crate::archives::walk_behind(
            shell,
            sources,
            Arc::clone(&told),
            stop,
        ))
    });
    let told = Arc::clone(changed);
    let reading = anew(setups(), stop.clone(), move |setup, stop| {
        let (shell, sources) = (setup.shell.clone(), setup.sources.clone());
        Box::pin(crate::full_text::fetch_behind(
            shell,
            sources,
            Arc::clone(&told),
            stop,
        ))
    });
    let told = Arc::clone(changed);
    let purging = anew(setups(), stop.clone(), move |setup, stop| {
        let (shell, retention) = (setup.shell.clone(), setup.config.store.retention);
        Box::pin(retention::purge_behind(
            shell,
            retention,
            Arc::clone(&told),
            stop,
        ))
    });
    [pushing, walking, reading, purging]
}

/// Renders what changed: articles, or the setup.
async fn render_changes(
    mut current: Current,
    changed: Arc<Notify>,
    site: watch::Sender<Arc<Site>>,
    lazies: watch::Sender<Option<http::Lazy>>,
    stop: CancellationToken,
) {
    let mut setup = Arc::clone(&current.setup.borrow_and_update());
    loop {
        write_pages(&setup.config, &setup.shell, &setup.sources).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = changed.notified() => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(SETTLE) => {}
                }
            }
            Ok(()) = current.setup.changed() => current.setup.mark_changed(),
        }
        let is_new = current.setup.has_changed().unwrap_or_default();
        if is_new {
            setup = Arc::clone(&current.setup.borrow_and_update());
        }
        let published = publish(&setup.config, &setup.shell, &setup.sources, &site).await;
        if is_new {
            let lazy = asked::Desk::of(&setup, &current).lazy();
            lazies.send_replace(Some(lazy));
        }
        let lazy = lazies.borrow().clone();
        if let Some(lazy) = lazy {
            lazy.renew();
            lazy.warm("").await;
        }
        if matches!(published, Ok(true)) {
            changed.notify_one();
        }
        if let Err(error) = published {
            tracing::error!(%error, "the outputs cannot be rendered; serving what there is");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
            changed.notify_one();
        }
    }
}

/// Brings the store in line with the configuration.
///
/// # Errors
/// What the store refuses.
pub async fn reconcile(
    store: &Store,
    config: &Config,
    clock: &crate::clock::Clock,
) -> Result<Sources, store::Error> {
    store.reconcile(config.sources.clone(), clock.now()).await
}
