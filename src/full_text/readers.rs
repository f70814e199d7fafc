//! Threads that read pages: with a stack of their own, two at once, and no longer than allowed. A thread cannot be
//! stopped, so one that takes too long keeps its place until it ends; its result is thrown away, and who gets no place
//! meanwhile is told to come again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::extract::STACK_BYTES;
use crate::parse::quietly;

/// Pages read at once.
const AT_ONCE: usize = 2;
/// A page of more bytes is read alone.
const LARGE_BYTES: usize = 512 << 10;
/// How long reading one may take; most take a hundredth of it.
const ALLOWANCE: Duration = Duration::from_millis(1_500);
/// How long a page waits for a place, in allowances: all that may be before it in a round, and more.
const WAITS: u32 = 10;

/// Why a page was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Others kept the places; later there may be one.
    #[error("other pages took too long to read")]
    Busy,
    /// It took too long itself, or something broke.
    #[error("{0}")]
    Failed(String),
}

/// Leave to read pages.
#[derive(Clone, Debug)]
pub struct Readers {
    slots: Arc<Semaphore>,
    allowance: Duration,
    patience: Duration,
}

impl Default for Readers {
    fn default() -> Self {
        Self::new(ALLOWANCE)
    }
}

impl Readers {
    /// Two at once, each allowed so long.
    pub fn new(allowance: Duration) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            allowance,
            patience: allowance * WAITS,
        }
    }

    /// Runs work that reads a page of so many bytes on the wire; a large one is read alone, so that two do not need
    /// twice the memory.
    ///
    /// # Errors
    /// [`NotRead`]: when it panics, takes too long, or gets no place.
    pub async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotRead> {
        let broken = || {
            let why = "reading the page failed inside Feedmill; please report it";
            NotRead::Failed(why.to_owned())
        };
        let slots = if bytes > LARGE_BYTES { AT_ONCE } else { 1 };
        let slots = u32::try_from(slots).unwrap_or(1);
        // A large page that waits for both places keeps those behind it waiting, too.
        let place = Arc::clone(&self.slots).acquire_many_owned(slots);
        let slot = tokio::time::timeout(self.patience, place).await;
        // Acquiring only fails on a closed semaphore, and nobody closes it.
        let slot = slot.map_err(|_| NotRead::Busy)?.ok();
        let (reply, answer) = oneshot::channel();
        std::thread::Builder::new()
            .name("page".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let _ = reply.send(quietly(work)); // Nobody may be waiting any more.
                drop(slot);
            })
            .map_err(|error| NotRead::Failed(error.to_string()))?;
        match tokio::time::timeout(self.allowance, answer).await {
            Ok(Ok(Some(done))) => Ok(done),
            Ok(_) => Err(broken()),
            Err(_) => Err(NotRead::Failed(format!(
                "reading the page took longer than {} ms",
                self.allowance.as_millis()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_and_slow_pages_are_errors() {
        let readers = Readers::new(Duration::from_secs(20));
        assert_eq!(readers.run(1 << 20, || 1).await, Ok(1));
        let panicked = readers.run(1, || -> u8 { panic!("odd input") }).await;
        let panicked = panicked.expect_err("an error").to_string();
        assert!(panicked.contains("please report"));

        let hasty = Readers::new(Duration::ZERO);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let slow = hasty.run(1, move || gate.recv().is_ok()).await;
        let slow = slow.expect_err("an error").to_string();
        assert!(slow.contains("took longer"));
        drop(open);
    }

    #[tokio::test]
    async fn a_stuck_page_and_a_waiting_large_one_do_not_keep_the_others_for_ever() {
        let readers = Readers {
            patience: Duration::ZERO,
            ..Readers::new(Duration::from_secs(20))
        };
        let hasty = Readers {
            allowance: Duration::ZERO,
            ..readers.clone()
        };
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let stuck = hasty.run(1, move || gate.recv().is_ok()).await;
        assert!(matches!(stuck, Err(NotRead::Failed(_))));
        assert_eq!(readers.run(1 << 20, || 1).await, Err(NotRead::Busy));
        assert_eq!(readers.run(1, || 1).await, Ok(1));
        drop(open);
    }
}
