//! How long a poll may take. Only the origin's time counts: waiting in our own queues stops the watch.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::error::Wait;

/// A limit beyond which nobody waits, used where adding a configured one would overflow.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The end of a poll's time.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
    total: Duration,
}

impl Deadline {
    /// The watch starts now.
    pub(super) fn new(total: Duration) -> Self {
        Self {
            at: later(Instant::now(), total),
            total,
        }
    }

    /// Waits until the deadline at most.
    ///
    /// # Errors
    /// [`Error::Timeout`].
    pub(super) async fn within<T>(
        &self,
        wait: Wait,
        step: impl Future<Output = T>,
    ) -> Result<T, Error> {
        timeout_at(self.at, step).await.map_err(|_| Error::Timeout {
            wait,
            after: self.total,
        })
    }

    /// Waits until the deadline, and for `idle` at most.
    ///
    /// # Errors
    /// [`Error::Timeout`].
    pub(super) async fn within_idle<T>(
        &self,
        idle: Duration,
        wait: Wait,
        step: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let idle_at = later(Instant::now(), idle);
        let (at, after) = if idle_at < self.at {
            (idle_at, idle)
        } else {
            (self.at, self.total)
        };
        timeout_at(at, step)
            .await
            .map_err(|_| Error::Timeout { wait, after })
    }

    /// Waits with the watch stopped.
    pub(super) async fn pause<T>(&mut self, step: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let value = step.await;
        self.at = later(self.at, begin.elapsed());
        value
    }
}

fn later(start: Instant, length: Duration) -> Instant {
    start.checked_add(length).unwrap_or_else(|| start + FOREVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn our_own_queues_do_not_count() {
        let mut deadline = Deadline::new(HOUR);
        let before = deadline.at;
        let begin = Instant::now();
        let queued = async {
            while begin.elapsed() < Duration::from_millis(1) {
                tokio::task::yield_now().await;
            }
        };
        deadline.pause(queued).await;
        assert!(deadline.at > before);
    }

    #[tokio::test]
    async fn the_shorter_limit_is_the_one_that_is_named() {
        let never = std::future::pending::<()>;
        let idle = Deadline::new(HOUR)
            .within_idle(Duration::ZERO, Wait::Body, never())
            .await;
        assert_eq!(
            idle,
            Err(Error::Timeout {
                wait: Wait::Body,
                after: Duration::ZERO
            })
        );
        let total = Deadline::new(Duration::ZERO)
            .within_idle(HOUR, Wait::Body, never())
            .await;
        assert_eq!(
            total,
            Err(Error::Timeout {
                wait: Wait::Body,
                after: Duration::ZERO
            })
        );
    }

    #[tokio::test]
    async fn absurd_limits_do_not_overflow() {
        let mut deadline = Deadline::new(Duration::MAX);
        deadline.pause(async {}).await;
        assert_eq!(
            deadline
                .within_idle(Duration::MAX, Wait::Body, async { 1 })
                .await,
            Ok(1)
        );
    }
}
