//! Requests to WebSub hubs (W3C WebSub §5.1), under the same rules as a poll; and those of our own hub.

use std::borrow::Cow;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::deadline::Deadline;
use super::error::Wait;
use super::redirect::{self, Hop, plain};
use super::{Error, Fetcher, UNSAID_QUIET, address, head, later};
use crate::model::{HttpVersion, RequestOptions};

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
        self.quiet.tick(now);
        let begun = Instant::now();
        let options = RequestOptions {
            http_version: HttpVersion::Auto,
            ..options.clone()
        };
        let start = plain(hub);
        let mut deadline = Deadline::new(options.timeout);
        let mut hops: Vec<Hop> = Vec::new();
        loop {
            let url: Cow<'_, Url> = match hops.last() {
                Some(hop) => Cow::Owned(hop.url.clone()),
                None => Cow::Borrowed(start.as_ref()),
            };
            address::check_literal(&url, &options.allow_private)?;
            if let Some(until) = self.quiet.url(&url) {
                return Err(Error::HeldOff { until });
            }
            let _pass = deadline.pause(self.gates.enter(&url)).await;
            let mut fields = HeaderMap::new();
            fields.insert(CONTENT_TYPE, FORM);
            let message = Message {
                method: Method::POST,
                fields,
                body: Bytes::copy_from_slice(form.as_bytes()),
            };
            let response = self
                .send_message(&options, &url, message, &deadline)
                .await?;
            head::check_size(response.headers())?;
            let status = response.status().as_u16();
            match status {
                200..=299 => return Ok(()),
                307 | 308 if hops.len() < MOST_HOPS => {
                    let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
                    hops.push(redirect::next(status, location, &start, &url, &hops)?);
                }
                429 | 503 => {
                    let retry_after = head::retry_after(response.headers(), now);
                    if status == 429 {
                        let address = response.remote_addr().filter(|_| options.proxy.is_none());
                        let until = later(now, begun, retry_after.unwrap_or(UNSAID_QUIET));
                        self.quiet
                            .hold_all(&url, address.map(|address| address.ip()), until);
                    }
                    return Err(Error::Status {
                        status,
                        retry_after,
                    });
                }
                status => {
                    return Err(Error::Status {
                        status,
                        retry_after: None,
                    });
                }
            }
        }
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
        self.quiet.tick(now);
        address::check_literal(callback, &options.allow_private)?;
        if let Some(until) = self.quiet.url(callback) {
            return Err(Error::HeldOff { until });
        }
        let mut deadline = Deadline::new(options.timeout);
        let _pass = deadline.pause(self.gates.enter(callback)).await;
        let question = Message {
            method: Method::GET,
            fields: HeaderMap::new(),
            body: Bytes::new(),
        };
        let mut response = self
            .send_message(options, callback, question, &deadline)
            .await?;
        taken(&response)?;
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
        taken(
            &self
                .send_message(options, callback, message, &deadline)
                .await?,
        )
    }

    async fn send_message(
        &self,
        options: &RequestOptions,
        url: &Url,
        message: Message,
        deadline: &Deadline,
    ) -> Result<reqwest::Response, Error> {
        let unusable = |key: &str| Error::Setting {
            key: key.to_owned(),
        };
        let client = self.clients.of(url, options)?;
        let agent = HeaderValue::from_bytes(options.user_agent.as_bytes())
            .map_err(|_| unusable("user_agent"))?;
        let request = client
            .request(message.method, url.clone())
            .headers(message.fields)
            .header(USER_AGENT, agent)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(message.body)
            .build()
            .map_err(|_| unusable("hub"))?;
        deadline
            .within(Wait::Answer, client.execute(request))
            .await?
            .map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))
    }
}

/// What is sent but for what every request carries.
struct Message {
    method: Method,
    fields: HeaderMap,
    body: Bytes,
}

/// Of an answer to a challenge this much is read: challenges are ours, and shorter.
const CHALLENGE_BYTES: usize = 1_024;

fn taken(response: &reqwest::Response) -> Result<(), Error> {
    match response.status().as_u16() {
        200..=299 => Ok(()),
        status => Err(Error::Status {
            status,
            retry_after: None,
        }),
    }
}
