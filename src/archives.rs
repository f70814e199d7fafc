//! Shell: walks through the archives of sources that want their history, one document after the other (RFC 5005 §4).
//!
//! Where a walk is stands in the store, in the transaction of the entries: it goes on after a restart. Archives are
//! asked for like feeds, with the host's slots, pauses and quiet, and never twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::fetch::{self, Answer};
use crate::model::{Due, Piece, Validators};
use crate::poll::{self, Shell};
use crate::store::{self, Archive, Sources};

/// What is due is looked up this often at least.
const LOOK: Duration = Duration::from_secs(60);
/// A one-shot command does not wait longer for an archive.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the store refused something, or while this machine is offline.
const PAUSE: Duration = Duration::from_secs(30);

/// Walks until `stop`, whenever an archive is due.
pub async fn walk_behind(
    shell: Shell,
    sources: Sources,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = shell.fed.notified() => {
                wait = until_next(&shell, &sources);
                continue;
            }
            () = tokio::time::sleep(wait) => {}
        }
        if shell.outage.is_on() {
            wait = PAUSE;
            continue;
        }
        let walked = tokio::select! {
            () = stop.cancelled() => return, // What was not stored is asked for again.
            walked = walk_due(&shell, &sources) => walked,
        };
        wait = match walked {
            Ok(shown) => {
                if shown {
                    changed.notify_one();
                }
                until_next(&shell, &sources)
            }
            Err(error) => {
                tracing::error!(%error, "a walk through archives cannot go on; trying again");
                PAUSE
            }
        };
    }
}

/// Walks until no walk is under way: for one-shot commands.
///
/// # Errors
/// What the store refuses.
pub async fn walk_to_the_end(
    shell: &Shell,
    sources: &Sources,
    stop: &CancellationToken,
) -> Result<bool, store::Error> {
    let mut shown = false;
    while let Some(next) = shell.store.next_archive(sources)? {
        let wait = (next - shell.clock.now()).to_std().unwrap_or_default();
        // What must wait long is for the next command.
        if wait > PATIENCE {
            break;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
        shown |= walk_due(shell, sources).await?;
    }
    Ok(shown)
}

fn until_next(shell: &Shell, sources: &Sources) -> Duration {
    let next = shell.store.next_archive(sources).ok().flatten();
    next.map_or(LOOK, |next| {
        let wait = next - shell.clock.now();
        wait.to_std().unwrap_or_default().min(LOOK)
    })
}

/// Reads one archive of each walk that is due. Returns whether something shown changed.
///
/// # Errors
/// What the store refuses; whatever an origin does is remembered.
pub async fn walk_due(shell: &Shell, sources: &Sources) -> Result<bool, store::Error> {
    let mut shown = false;
    for archive in shell.store.archives_due(sources, shell.clock.now())? {
        shown |= read(shell, sources, archive).await?;
    }
    Ok(shown)
}

async fn read(shell: &Shell, sources: &Sources, archive: Archive) -> Result<bool, store::Error> {
    let Archive { key, source, url } = archive;
    let answer = shell
        .fetcher
        .fetch(
            &source,
            &url,
            &Validators::default(),
            true,
            shell.clock.now(),
        )
        .await;
    let now = shell.clock.now();
    let (why, dead, wish) = match answer {
        Ok(Answer::Modified(payload)) => {
            let piece = Piece::Archive {
                final_url: payload.final_url.clone(),
                url,
            };
            let due = shell.store.glance(sources, key)?.map(|due| Due {
                document: Vec::new(),
                ..due
            });
            let Some(due) = due else { return Ok(false) };
            match poll::piece(shell, due, *payload, piece).await? {
                Ok(report) => return Ok(report.changed),
                Err(why) => (why, true, None),
            }
        }
        Ok(Answer::Gone) => ("the origin says it is gone (410)".to_owned(), true, None),
        Ok(Answer::NotModified(_)) => (
            "answered 304 to a request without conditions".to_owned(),
            true,
            None,
        ),
        Err(fetch::Error::HeldOff { until }) => {
            shell.store.archive_waits(key, until).await?;
            return Ok(false);
        }
        Err(error) => {
            if error.class() == "too_many_requests" {
                shell.store.hold_off(shell.fetcher.held_off(), now).await?;
            }
            let dead = matches!(
                error.class(),
                "not_found" | "gone" | "redirect" | "refused_address"
            );
            (error.to_string(), dead, error.retry_after())
        }
    };
    tracing::warn!(source.id = source.id, "an archive could not be read: {why}");
    shell
        .store
        .archive_failed(key, why, dead, wish, now)
        .await?;
    Ok(false)
}
