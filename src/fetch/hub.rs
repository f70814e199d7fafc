//! Requests to WebSub hubs (W3C WebSub §5.1), under the same rules as a poll; and those of our own hub.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::deadline::Deadline;
use super::error::Wait;
use super::message::{Message, for_anybody};
use super::{Error, Fetcher, address};
use crate::model::RequestOptions;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Hops that a hub may send us on, with 307 or 308 (§5.1).
const MOST_HOPS: usize = 3;

impl Fetcher {
    /// Posts a form to a hub. Addresses are checked at each hop, the domain's slots, pauses and quiet are kept; of
    /// `options` the proxy, the timeout, the user agent and the exceptions from the address check count, as header
    /// fields and passwords are for the source's own origin.
    ///
    /// # Errors
    /// See [`Error`]: what is no 2xx is [`Error::Status`].
    pub async fn ask_hub(
        &self,
        options: &RequestOptions,
        hub: &Url,
        form: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let options = for_anybody(options);
        let mut message = Message {
            method: Method::POST,
            body: Bytes::copy_from_slice(form.as_bytes()),
            ..Message::get()
        };
        message.fields.insert(CONTENT_TYPE, FORM);
        let follows = |status, hops| matches!(status, 307 | 308) && hops < MOST_HOPS;
        let mut deadline = Deadline::new(options.timeout);
        self.exchange(&options, hub, &message, follows, &mut deadline, now)
            .await
            .map(drop)
    }

    /// Asks a subscriber of our own hub whether it meant it (W3C WebSub §5.3): at most `CHALLENGE_BYTES` of what it
    /// answers. Slots and pauses of its domain are kept: nobody is asked much by those who name its address.
    ///
    /// # Errors
    /// See [`Error`]: what is no 2xx is [`Error::Status`], a redirect too.
    pub async fn visit_subscriber(
        &self,
        options: &RequestOptions,
        callback: &Url,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, Error> {
        let options = for_anybody(options);
        let mut deadline = Deadline::new(options.timeout);
        let question = Message::get();
        let exchange = self.exchange(
            &options,
            callback,
            &question,
            |_, _| false,
            &mut deadline,
            now,
        );
        let (mut response, _pass) = exchange.await?;
        let mut answer = Vec::new();
        while answer.len() < CHALLENGE_BYTES {
            let more = deadline.within(Wait::Answer, response.chunk()).await?;
            match more.map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))? {
                Some(chunk) => answer.extend_from_slice(&chunk),
                None => break,
            }
        }
        answer.truncate(CHALLENGE_BYTES);
        Ok(answer)
    }

    /// Delivers a document to a subscriber of our own hub (W3C WebSub §7). It has agreed to it: only the check of its
    /// address stands before it, and no redirect is followed.
    ///
    /// # Errors
    /// See [`Error`]: what is no 2xx is [`Error::Status`].
    pub async fn deliver(
        &self,
        options: &RequestOptions,
        callback: &Url,
        fields: HeaderMap,
        body: Bytes,
    ) -> Result<(), Error> {
        address::check_literal(callback, &options.allow_private)?;
        let message = Message {
            method: Method::POST,
            fields,
            body,
        };
        let deadline = Deadline::new(options.timeout);
        let response = self
            .transmit(&for_anybody(options), callback, message, &deadline)
            .await?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(Error::Status {
                status,
                retry_after: None,
            }),
        }
    }
}

/// Of an answer to a challenge this much is read: challenges are ours, and shorter.
const CHALLENGE_BYTES: usize = 1_024;
