//! Purging behind the polls.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::Retention;
use crate::poll::Shell;
use crate::store::{self, Purge, Store};

/// From one purge to the next.
const EVERY: Duration = Duration::from_secs(3_600);
/// Polls that wait for the writer go first; it is looked again this much later.
const STEP_ASIDE: Duration = Duration::from_millis(50);

/// Purges what the rules say goes at `now`, a short transaction at a time and none while polls wait for the writer. A
/// stop ends it early; the next one goes on.
///
/// # Errors
/// What the store refuses.
pub async fn purge(
    store: &Store,
    retention: Retention,
    now: DateTime<Utc>,
    stop: &CancellationToken,
) -> Result<Purge, store::Error> {
    let mut purge = Purge::new(retention, now);
    while !purge.is_done() && !stop.is_cancelled() {
        if store.is_busy() {
            tokio::time::sleep(STEP_ASIDE).await;
        } else {
            store.purge_some(&mut purge).await?;
        }
    }
    if purge.entries > 0 {
        tracing::info!(
            entries = purge.entries,
            articles = purge.articles,
            "purged what retention does not keep"
        );
    }
    Ok(purge)
}

/// Purges at the start and every hour, and tells when outputs may have changed.
pub(super) async fn purge_behind(
    shell: Shell,
    retention: Retention,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match purge(&shell.store, retention, shell.clock.now(), &stop).await {
            Ok(purge) if purge.changed => changed.notify_one(),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "old articles cannot be purged; trying again in an hour")
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
