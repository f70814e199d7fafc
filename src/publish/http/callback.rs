//! What hubs send to `websub/…` (W3C WebSub): bounded, and handed on. What it means is decided elsewhere.
//!
//! A document is read only once somebody has said that its place is theirs, so that strangers cost no memory.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use axum::body::Body;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{NOSNIFF, note, only};

/// Requests of hubs that are answered at once.
const AT_ONCE: usize = 64;
/// Bytes that each of them may send without asking.
const FREE_BYTES: u64 = 256 * 1024;
/// Documents beyond that which are held at once.
const LARGE: usize = 4;
/// A document must be here within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// A hub is answered by then, whatever is still to be done.
const QUICKLY: Duration = Duration::from_secs(5);

/// A request of a hub, and where its answer goes.
pub enum Callback {
    /// Is this somebody's place, before a document is read for it?
    Knock {
        /// Below `websub/`.
        path: String,
        /// [`Reply::Taken`] lets it in.
        reply: oneshot::Sender<Reply>,
    },
    /// A `GET`.
    Visit {
        /// Below `websub/`.
        path: String,
        /// As it came.
        query: String,
        /// Goes out.
        reply: oneshot::Sender<Reply>,
    },
    /// A `POST`, after its knock.
    Delivery {
        /// Below `websub/`.
        path: String,
        /// As they came.
        headers: HeaderMap,
        /// In its content coding.
        body: Bytes,
        /// Goes out.
        reply: oneshot::Sender<Reply>,
        /// To be dropped after the body.
        room: Room,
    },
}

/// What a request takes of the bounds, until it is dropped: the hub may have been answered long before.
pub struct Room {
    _place: OwnedSemaphorePermit,
    _large: Option<OwnedSemaphorePermit>,
}

/// What a hub is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// 200 with these very bytes: a challenge.
    Echo(String),
    /// 202: a document is taken, or ignored; the hub learns nothing else.
    Taken,
    /// 400, with what is wrong.
    Refused(String),
    /// 404.
    Unknown,
    /// 410: no more, please.
    Over,
    /// 503: later, please.
    Later,
}

/// Where requests of hubs go, and what they may cost. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Callbacks {
    callbacks: mpsc::Sender<Callback>,
    max_body: u64,
    at_once: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Callbacks {
    /// The route's end and the end of who answers. `max_body` caps a document, in bytes before decoding.
    pub fn new(max_body: u64) -> (Self, mpsc::Receiver<Callback>) {
        let (callbacks, inbox) = mpsc::channel(AT_ONCE);
        let route = Self {
            callbacks,
            max_body,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            large: Arc::new(Semaphore::new(LARGE)),
        };
        (route, inbox)
    }

    /// Answers a request; `path` is what follows `websub/`.
    pub(super) async fn answer(&self, path: String, request: Request<Body>) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.at_once).try_acquire_owned() else {
            return response(Reply::Later);
        };
        match *request.method() {
            Method::GET => {
                let query = request.uri().query().unwrap_or_default().to_owned();
                let visit = |reply| Callback::Visit { path, query, reply };
                response(self.ask(visit, Reply::Later).await)
            }
            Method::POST => self.delivery(path, request, place).await,
            _ => only("Only hubs are answered here.\n", "GET, POST"),
        }
    }

    async fn delivery(
        &self,
        path: String,
        request: Request<Body>,
        place: OwnedSemaphorePermit,
    ) -> Response<Body> {
        let door = path.clone();
        let knock = |reply| Callback::Knock { path: door, reply };
        match self.ask(knock, Reply::Later).await {
            Reply::Taken => {}
            other => return response(other),
        }
        let (head, body) = request.into_parts();
        let declared: Option<u64> = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length| length > self.max_body) {
            return note(StatusCode::PAYLOAD_TOO_LARGE, "Too large.\n");
        }
        let large = match declared {
            Some(..=FREE_BYTES) => None,
            _ => match Arc::clone(&self.large).try_acquire_owned() {
                Ok(large) => Some(large),
                Err(_) => return response(Reply::Later),
            },
        };
        let room = Room {
            _place: place,
            _large: large,
        };
        let limit = usize::try_from(self.max_body).unwrap_or(usize::MAX);
        let read = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, limit)).await;
        let body = match read {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return note(StatusCode::PAYLOAD_TOO_LARGE, "Too large, or cut.\n"),
            Err(_) => return note(StatusCode::REQUEST_TIMEOUT, "Too slow.\n"),
        };
        let delivery = |reply| Callback::Delivery {
            path,
            headers: head.headers,
            body,
            reply,
            room,
        };
        response(self.ask(delivery, Reply::Taken).await)
    }

    /// Hands a request on and waits for what is said, but not for long: then `late` is.
    async fn ask(
        &self,
        callback: impl FnOnce(oneshot::Sender<Reply>) -> Callback,
        late: Reply,
    ) -> Reply {
        let (reply, answer) = oneshot::channel();
        if self.callbacks.try_send(callback(reply)).is_err() {
            return Reply::Later;
        }
        match tokio::time::timeout(QUICKLY, answer).await {
            Ok(answer) => answer.unwrap_or(Reply::Later),
            Err(_) => late,
        }
    }
}

fn response(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Echo(challenge) => echo(challenge),
        Reply::Taken => note(StatusCode::ACCEPTED, ""),
        Reply::Refused(why) => note(StatusCode::BAD_REQUEST, format!("{why}\n")),
        Reply::Unknown => note(StatusCode::NOT_FOUND, "Nobody asked for this.\n"),
        Reply::Over => note(StatusCode::GONE, "This subscription is over.\n"),
        Reply::Later => {
            let mut response = note(StatusCode::SERVICE_UNAVAILABLE, "Later, please.\n");
            let wait = HeaderValue::from_static("60");
            response.headers_mut().insert(RETRY_AFTER, wait);
            response
        }
    }
}

/// The challenge byte for byte, as text that no browser takes for anything else.
fn echo(challenge: String) -> Response<Body> {
    let mut response = Response::new(Body::from(challenge));
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, text);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who takes what comes to `1/ours`, and what of it was said.
    fn callbacks(max_body: u64) -> (Callbacks, mpsc::UnboundedReceiver<String>) {
        let (callbacks, mut inbox) = Callbacks::new(max_body);
        let (said, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(callback) = inbox.recv().await {
                let (reply, answer) = match callback {
                    Callback::Knock { path, reply } if path == "1/ours" => (reply, Reply::Taken),
                    Callback::Knock { reply, .. } => (reply, Reply::Unknown),
                    Callback::Visit { query, reply, .. } => (reply, Reply::Echo(query)),
                    Callback::Delivery { body, reply, .. } => {
                        let text = String::from_utf8_lossy(&body).into_owned();
                        said.send(text).expect("the test listens");
                        (reply, Reply::Taken)
                    }
                };
                let _ = reply.send(answer);
            }
        });
        (callbacks, heard)
    }

    async fn status(callbacks: &Callbacks, method: Method, path: &str, body: Body) -> u16 {
        let request = Request::builder().method(method).uri("/websub/x?a=b");
        let request = request.body(body).expect("a request");
        let answer = callbacks.answer(path.to_owned(), request).await;
        answer.status().as_u16()
    }

    #[tokio::test]
    async fn documents_are_read_for_places_that_exist_and_up_to_their_size() {
        let (callbacks, mut heard) = callbacks(10);
        let post = async |path: &str, body: &'static str| {
            status(&callbacks, Method::POST, path, Body::from(body)).await
        };
        assert_eq!(post("1/ours", "0123456789").await, 202);
        assert_eq!(heard.recv().await.as_deref(), Some("0123456789"));
        assert_eq!(post("1/theirs", "short").await, 404);
        assert_eq!(post("1/ours", "01234567890").await, 413);
        assert!(heard.try_recv().is_err(), "nothing else was handed on");
        let delete = status(&callbacks, Method::DELETE, "1/ours", Body::empty()).await;
        assert_eq!(delete, 405);
    }

    #[tokio::test]
    async fn a_challenge_goes_back_byte_for_byte_as_plain_text() {
        let (callbacks, _heard) = callbacks(10);
        let request = Request::builder().uri("/websub/1/ours?%3Cscript%3E%26");
        let request = request.body(Body::empty()).expect("a request");
        let answer = callbacks.answer("1/ours".to_owned(), request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let body = axum::body::to_bytes(answer.into_body(), 100).await;
        assert_eq!(body.expect("a body"), "%3Cscript%3E%26");
    }

    #[tokio::test]
    async fn hubs_wait_when_too_many_come_at_once() {
        let (callbacks, _heard) = callbacks(10);
        let _all = callbacks.at_once.acquire_many(AT_ONCE as u32).await;
        let get = status(&callbacks, Method::GET, "1/ours", Body::empty()).await;
        assert_eq!(get, 503);
    }
}
