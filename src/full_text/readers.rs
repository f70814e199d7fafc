//! Threads that read pages: with a stack of their own, two at once, and no longer than allowed. A thread cannot be
//! stopped, so one that takes too long keeps its place until it ends; its result is thrown away.

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

/// Leave to read pages.
#[derive(Clone, Debug)]
pub struct Readers {
    slots: Arc<Semaphore>,
    allowance: Duration,
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
        }
    }

    /// Runs work that reads a page of so many bytes on the wire; a large one is read alone, so that two do not need
    /// twice the memory.
    ///
    /// # Errors
    /// For people: when it panics or takes too long.
    pub async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let broken = || "reading the page failed inside Feedmill; please report it".to_owned();
        // Acquiring only fails on a closed semaphore, and nobody closes it.
        let slots = if bytes > LARGE_BYTES { AT_ONCE } else { 1 };
        let slots = u32::try_from(slots).unwrap_or(1);
        let slot = Arc::clone(&self.slots).acquire_many_owned(slots).await.ok();
        let (reply, answer) = oneshot::channel();
        std::thread::Builder::new()
            .name("page".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let _ = reply.send(quietly(work)); // Nobody may be waiting any more.
                drop(slot);
            })
            .map_err(|error| error.to_string())?;
        match tokio::time::timeout(self.allowance, answer).await {
            Ok(Ok(Some(done))) => Ok(done),
            Ok(_) => Err(broken()),
            Err(_) => Err(format!(
                "reading the page took longer than {} ms",
                self.allowance.as_millis()
            )),
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
        assert!(panicked.expect_err("an error").contains("please report"));

        let hasty = Readers::new(Duration::ZERO);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let slow = hasty.run(1, move || gate.recv().is_ok()).await;
        assert!(slow.expect_err("an error").contains("took longer"));
        drop(open);
    }
}
