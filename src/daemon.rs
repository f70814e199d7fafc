//! Shell: due → poll → render → serve, with bounded concurrency and a graceful stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::hub::Hub;
use crate::model::{Due, Report};
use crate::poll::{Shell, poll};
use crate::publish::{Site, http};
use crate::push::Push;
use crate::service::{self, Notice, Pulse};
use crate::store::{self, Scope, Sources, Store};

pub use outputs::{passes, publish, rendered, selection, write_pages};
pub use retention::purge;

use jump::Watch;

mod album;
mod archives;
mod asked;
mod files;
mod followed;
mod happenings;
mod jump;
mod outputs;
mod retention;
mod searches;
#[cfg(test)]
mod tests;
mod web;

/// Sources claimed at once.
const CLAIM: usize = 256;
/// Changes within this time go out together.
const SETTLE: Duration = Duration::from_secs(1);
/// The due list is looked at this often at least, whatever happened to the clock.
const LOOK: Duration = Duration::from_secs(60);
/// The search index is brought up to date this often; a search does not wait for it.
const INDEX: Duration = Duration::from_secs(5);
/// What left the window of near-duplicates is let go this often.
const PRUNE: Duration = Duration::from_secs(3_600);
/// After the store refused a write nothing is claimed for this long, and twice as long each further time …
const PAUSE: Duration = Duration::from_secs(10);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// While this machine is offline one source is tried this often.
const PROBE: Duration = Duration::from_secs(30);
/// Outcome of a poll that failed by our own fault.
const OFFLINE: &str = "offline";
/// Outcome of a poll that could not be stored.
const UNSTORED: &str = "store";
/// Polls in flight may finish within this time after a stop signal.
const GRACE: Duration = Duration::from_secs(8);

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
}

/// Runs until `stop`: polls what is due, renders what changed, serves it.
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
    } = daemon;
    let config = Arc::new(config);
    let (site_sender, site) = watch::channel(Arc::new(Site::new()));
    let (ready_sender, ready) = watch::channel(false);
    let hub = Hub::new(&config, shell.clone(), site.clone());
    let (callbacks, hubs) = http::Callbacks::new(config.fetch.max_body);
    let lazy = asked::Desk::new(Arc::clone(&config), shell.clone(), sources.clone()).lazy();
    let known = Arc::clone(&config);
    let lazy = lazy.behind(move |path| web::door(path, &known));
    let served = http::Served {
        site,
        ready,
        lazy: Some(lazy.clone()),
        base: config.server.public_url.path().to_owned(),
        callbacks: Some(callbacks),
    };
    let behind = publish(&config, &shell, &sources, &site_sender).await?;
    let serving = tokio::spawn(http::serve(
        listener,
        http::router(served),
        service::connections(),
        stop.clone(),
    ));
    ready_sender.send_replace(true);
    service::tell(Notice::Ready);
    let first = lazy.clone();
    tokio::spawn(async move { first.warm("").await });
    let changed = Arc::new(Notify::new());
    if behind {
        changed.notify_one();
    }
    let served = crate::control::Served {
        shell: shell.clone(),
        sources: sources.clone(),
        concurrency: config.fetch.concurrency,
        changed: Arc::clone(&changed),
    };
    let ordering = tokio::spawn(control.serve(served, stop.clone()));
    let rendering = tokio::spawn(render_changes(
        Arc::clone(&config),
        shell.clone(),
        sources.clone(),
        Arc::clone(&changed),
        site_sender,
        lazy,
        stop.clone(),
    ));
    let pushing = tokio::spawn(
        Push {
            shell: shell.clone(),
            sources: sources.clone(),
            base: config.server.public_url.clone(),
            request: config.request.clone(),
            changed: Arc::clone(&changed),
            hub: hub.clone(),
        }
        .serve(hubs, stop.clone()),
    );
    let telling = tokio::spawn(hub.serve(stop.clone()));
    let walking = tokio::spawn(crate::archives::walk_behind(
        shell.clone(),
        sources.clone(),
        Arc::clone(&changed),
        stop.clone(),
    ));
    let reading = tokio::spawn(crate::full_text::fetch_behind(
        shell.clone(),
        sources.clone(),
        Arc::clone(&changed),
        stop.clone(),
    ));
    let indexing = tokio::spawn(index_behind(shell.store.clone(), stop.clone()));
    let comparing = tokio::spawn(compare_behind(
        shell.store.clone(),
        shell.clock.clone(),
        stop.clone(),
    ));
    let purging = tokio::spawn(retention::purge_behind(
        shell.clone(),
        config.store.retention,
        Arc::clone(&changed),
        stop.clone(),
    ));
    schedule(&shell, &sources, config.fetch.concurrency, &changed, &stop).await;
    let _ = purging.await;
    let _ = comparing.await;
    let _ = walking.await;
    let _ = reading.await;
    let _ = pushing.await;
    let _ = telling.await;
    let _ = indexing.await;
    let _ = rendering.await;
    let _ = ordering.await;
    let _ = serving.await;
    drop(ready_sender);
    Ok(())
}

/// The scheduler's own loop: claims what is due, never more than can run at once.
async fn schedule(
    shell: &Shell,
    sources: &Sources,
    concurrency: usize,
    changed: &Notify,
    stop: &CancellationToken,
) {
    let mut running: JoinSet<Report> = JoinSet::new();
    let mut trouble = Trouble::default();
    let mut probe_at = Instant::now();
    let mut watch = Watch::new(shell);
    let mut pulse = Pulse::new(longest(sources));
    let mut ended = 0;
    while !stop.is_cancelled() {
        if let Err(error) = watch.look(shell).await {
            tracing::error!(%error, "the due list cannot follow the clock");
        }
        let offline = shell.outage.is_on();
        let most = match offline {
            true if probe_at > Instant::now() => 0,
            true => 1,
            false => concurrency,
        };
        let room = trouble.room(most.saturating_sub(running.len()), running.len());
        if offline && room > 0 {
            probe_at = Instant::now() + PROBE;
        }
        match claim(shell, sources, room).await {
            Ok(claimed) => {
                for due in claimed {
                    spawn(&mut running, shell, due, true);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the due list cannot be read; trying again");
                trouble.note(false);
            }
        }
        let wait = match trouble.pause() {
            Some(pause) => pause,
            None if offline => probe_at.saturating_duration_since(Instant::now()),
            None => until_next(shell, running.len() >= concurrency),
        };
        pulse.beat(running.len(), ended, || {
            status(shell, sources, running.len(), trouble.pause())
        });
        let wait = pulse.next().map_or(wait, |next| wait.min(next));
        tokio::select! {
            () = stop.cancelled() => {}
            Some(done) = running.join_next() => {
                ended += 1;
                finished(Some(done), &mut |report| {
                trouble.note(report.outcome != UNSTORED);
                // What was reached speaks for trying the next at once.
                probe_at = Instant::now();
                if report.outcome == OFFLINE {
                    probe_at += PROBE;
                }
                if report.changed {
                    changed.notify_one();
                }
                });
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
    let _ = tokio::time::timeout(GRACE, async {
        while let Some(done) = running.join_next().await {
            finished(Some(done), &mut |_| {});
        }
    })
    .await;
}

/// The longest that a poll may take.
fn longest(sources: &Sources) -> Duration {
    let timeouts = sources.iter().map(|(_, source)| source.request.timeout);
    timeouts.max().unwrap_or_default()
}

/// One line for people: what the scheduler is at.
fn status(shell: &Shell, sources: &Sources, running: usize, pause: Option<Duration>) -> String {
    let count = sources.iter().count();
    if pause.is_some() {
        return format!("{count} sources; the store refuses writes, polls pause");
    }
    if shell.outage.is_on() {
        return format!("{count} sources; this machine is offline, one is tried now and then");
    }
    let next = match shell.store.next_due() {
        Ok(Some(next)) => format!("next due {}", next.format("%Y-%m-%d %H:%M:%S UTC")),
        _ => "none is due".to_owned(),
    };
    format!("{count} sources, {running} polls under way, {next}")
}

/// The store refuses writes. Nothing is claimed for a while, and then one source at a time until a poll is stored:
/// origins are not asked again and again for what cannot be kept.
#[derive(Debug, Default)]
struct Trouble {
    /// Pauses in a row.
    pauses: u32,
    /// End of the pause.
    until: Option<Instant>,
}

impl Trouble {
    /// Takes note of a write. What fails during a pause was under way before it.
    fn note(&mut self, stored: bool) {
        if stored {
            *self = Self::default();
        } else if self.pause().is_none() {
            let pause = PAUSE.saturating_mul(1 << self.pauses.min(10));
            self.pauses += 1;
            self.until = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        }
    }

    /// What is left of the pause.
    fn pause(&self) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// How many polls may start.
    fn room(&self, room: usize, running: usize) -> usize {
        match self.until {
            None => room,
            Some(_) if self.pause().is_some() || running > 0 => 0,
            Some(_) => room.min(1),
        }
    }
}

async fn claim(shell: &Shell, sources: &Sources, room: usize) -> Result<Vec<Due>, store::Error> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let now = shell.clock.now();
    let keys = shell.store.pending(&Scope::Due, now, room)?;
    if keys.is_empty() {
        Ok(Vec::new())
    } else {
        shell.store.claim(keys, sources, now).await
    }
}

fn until_next(shell: &Shell, full: bool) -> Duration {
    if full {
        return LOOK;
    }
    let next = shell.store.next_due().ok().flatten();
    let wait = next.map_or(LOOK, |next| {
        (next - shell.clock.now())
            .to_std()
            .unwrap_or(Duration::from_millis(50))
    });
    wait.clamp(Duration::from_millis(50), LOOK)
}

async fn render_changes(
    config: Arc<Config>,
    shell: Shell,
    sources: Sources,
    changed: Arc<Notify>,
    site: watch::Sender<Arc<Site>>,
    lazy: http::Lazy,
    stop: CancellationToken,
) {
    loop {
        write_pages(&config, &shell, &sources).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = changed.notified() => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SETTLE) => {}
        }
        let published = publish(&config, &shell, &sources, &site).await;
        lazy.renew();
        lazy.warm("").await;
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
