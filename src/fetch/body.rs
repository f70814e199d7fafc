//! Reading a body as it comes, with a cap on its size and on how many large ones are held at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Error;
use super::deadline::Deadline;
use super::error::Wait;

/// Bytes that each fetch may hold without asking.
pub(super) const FREE_BYTES: u64 = 256 * 1024;

/// What one read may cost.
#[derive(Debug)]
pub(super) struct Limits {
    /// Bytes in content coding.
    pub(super) max_body: u64,
    /// Longest silence.
    pub(super) idle_timeout: Duration,
    /// Limit of a connection's set-up, for the words of an error.
    pub(super) connect_timeout: Duration,
    /// Permits for bodies beyond [`FREE_BYTES`].
    pub(super) large: Arc<Semaphore>,
}

impl Limits {
    /// The same with at most so many bytes.
    pub(super) fn at_most(&self, max_body: Option<u64>) -> Self {
        Self {
            max_body: max_body.unwrap_or(self.max_body),
            idle_timeout: self.idle_timeout,
            connect_timeout: self.connect_timeout,
            large: Arc::clone(&self.large),
        }
    }

    pub(super) fn too_large(&self) -> Error {
        Error::TooLarge {
            part: "body",
            limit_bytes: self.max_body,
        }
    }

    /// Waits until a large body may be held. Acquiring only fails on a closed semaphore, and nobody closes it.
    pub(super) async fn large(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.large).acquire_owned().await.ok()
    }
}

/// A body in its content coding.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Bytes,
    /// The connection ended before the body did.
    pub(super) cut: bool,
    /// There was more, which was not wanted.
    pub(super) is_beginning: bool,
    /// Held while the bytes are.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// What becomes of a body that passes its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// It is refused.
    Refused,
    /// What fits is taken.
    Left,
}

/// The beginning of a body that is no feed, as much as comes easily.
pub(super) async fn beginning(
    response: &mut reqwest::Response,
    limits: &Limits,
    deadline: &Deadline,
) -> Vec<u8> {
    const ENOUGH: usize = 32 * 1024;
    let mut beginning = Vec::new();
    while beginning.len() < ENOUGH {
        let chunk = deadline
            .within_idle(limits.idle_timeout, Wait::Body, response.chunk())
            .await;
        let Ok(Ok(Some(chunk))) = chunk else { break };
        beginning.extend_from_slice(&chunk);
    }
    beginning
}

/// Reads the whole body.
///
/// # Errors
/// [`Error::TooLarge`] (a declared length is believed before anything is read), [`Error::Timeout`], and
/// [`Error::Cut`] when the connection ends before the first byte.
pub(super) async fn read(
    response: reqwest::Response,
    limits: &Limits,
    deadline: &mut Deadline,
) -> Result<Received, Error> {
    read_within(response, limits, Beyond::Refused, deadline).await
}

/// The same, with a choice of what becomes of a larger one.
///
/// # Errors
/// As of [`read`].
pub(super) async fn read_within(
    mut response: reqwest::Response,
    limits: &Limits,
    beyond: Beyond,
    deadline: &mut Deadline,
) -> Result<Received, Error> {
    let declared = response.content_length();
    if beyond == Beyond::Refused && declared.is_some_and(|length| length > limits.max_body) {
        return Err(limits.too_large());
    }
    let mut collected = Collected {
        parts: Parts::None,
        expected: declared.unwrap_or(0).min(limits.max_body),
    };
    let mut permit = None;
    loop {
        if permit.is_none() && collected.len().max(collected.expected) > FREE_BYTES {
            permit = deadline.pause(limits.large()).await;
        }
        match deadline
            .within_idle(limits.idle_timeout, Wait::Body, response.chunk())
            .await?
        {
            Ok(Some(mut chunk)) if collected.len() + chunk.len() as u64 > limits.max_body => {
                if beyond == Beyond::Refused {
                    return Err(limits.too_large());
                }
                let room = limits.max_body.saturating_sub(collected.len());
                chunk.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                collected.push(chunk);
                return Ok(Received {
                    bytes: collected.finish(),
                    cut: false,
                    is_beginning: true,
                    permit,
                });
            }
            Ok(Some(chunk)) => collected.push(chunk),
            Ok(None) => {
                return Ok(Received {
                    bytes: collected.finish(),
                    cut: false,
                    is_beginning: false,
                    permit,
                });
            }
            Err(error) if collected.len() == 0 => {
                return Err(Error::from_exchange(&error, limits.connect_timeout));
            }
            Err(_) => {
                return Ok(Received {
                    bytes: collected.finish(),
                    cut: true,
                    is_beginning: false,
                    permit,
                });
            }
        }
    }
}

/// Chunks so far; a body that comes in one is not copied.
struct Collected {
    parts: Parts,
    /// Declared length, 0 when unknown; a hint for room only.
    expected: u64,
}

enum Parts {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Collected {
    fn len(&self) -> u64 {
        match &self.parts {
            Parts::None => 0,
            Parts::One(bytes) => bytes.len() as u64,
            Parts::Many(bytes) => bytes.len() as u64,
        }
    }

    fn push(&mut self, chunk: Bytes) {
        self.parts = match std::mem::replace(&mut self.parts, Parts::None) {
            Parts::None => Parts::One(chunk),
            Parts::One(first) => {
                // `expected` is at most `max_body` here, and beyond `FREE_BYTES` a permit is held.
                let room =
                    (first.len() + chunk.len()).max(usize::try_from(self.expected).unwrap_or(0));
                let mut many = BytesMut::with_capacity(room);
                many.extend_from_slice(&first);
                many.extend_from_slice(&chunk);
                Parts::Many(many)
            }
            Parts::Many(mut many) => {
                many.extend_from_slice(&chunk);
                Parts::Many(many)
            }
        };
    }

    fn finish(self) -> Bytes {
        match self.parts {
            Parts::None => Bytes::new(),
            Parts::One(bytes) => bytes,
            Parts::Many(bytes) => bytes.freeze(),
        }
    }
}
