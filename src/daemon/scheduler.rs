//! The scheduler: claims what is due, never more than can run at once, by the setup of the moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::jump::Watch;
use super::setup::Setup;
use super::{OFFLINE, PAUSE, UNSTORED, finished, spawn};
use crate::model::{Due, Report};
use crate::poll::Shell;
use crate::service::Pulse;
use crate::store::{self, Scope, Sources};

/// The due list is looked at this often at least, whatever happened to the clock.
const LOOK: Duration = Duration::from_secs(60);
/// While this machine is offline one source is tried this often.
const PROBE: Duration = Duration::from_secs(30);
/// … up to this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Polls in flight may finish within this time after a stop signal.
const GRACE: Duration = Duration::from_secs(8);

/// The scheduler's own loop: claims what is due, never more than can run at once.
pub(super) async fn schedule(
    mut setups: watch::Receiver<Arc<Setup>>,
    changed: &Notify,
    stop: &CancellationToken,
) {
    let mut setup = Arc::clone(&setups.borrow_and_update());
    let mut running: JoinSet<Report> = JoinSet::new();
    let mut trouble = Trouble::default();
    let mut probe_at = Instant::now();
    let mut watch = Watch::new(&setup.shell);
    let mut pulse = Pulse::new(longest(&setup.sources));
    let mut ended = 0;
    while !stop.is_cancelled() {
        if setups.has_changed().unwrap_or_default() {
            setup = Arc::clone(&setups.borrow_and_update());
            pulse.expect(longest(&setup.sources));
        }
        let (shell, sources, concurrency) =
            (&setup.shell, &setup.sources, setup.config.fetch.concurrency);
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
        let is_stuck = pulse.beat(running.len(), ended, || {
            status(shell, sources, running.len(), trouble.pause())
        });
        shell.meters.turned(is_stuck);
        let wait = pulse.next().map_or(wait, |next| wait.min(next));
        tokio::select! {
            () = stop.cancelled() => {}
            // Sources that were added are not waited for.
            Ok(()) = setups.changed() => setups.mark_changed(),
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
pub(super) struct Trouble {
    /// Pauses in a row.
    pauses: u32,
    /// End of the pause.
    until: Option<Instant>,
}

impl Trouble {
    /// Takes note of a write. What fails during a pause was under way before it.
    pub(super) fn note(&mut self, stored: bool) {
        if stored {
            *self = Self::default();
        } else if self.pause().is_none() {
            let pause = PAUSE.saturating_mul(1 << self.pauses.min(10));
            self.pauses += 1;
            self.until = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        }
    }

    /// What is left of the pause.
    pub(super) fn pause(&self) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// How many polls may start.
    pub(super) fn room(&self, room: usize, running: usize) -> usize {
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
