//! A request that is no poll: to a hub, of a subscriber, of a picture.

use std::borrow::Cow;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONNECTION, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::deadline::Deadline;
use super::error::Wait;
use super::gate::Pass;
use super::redirect::{self, Hop, plain};
use super::{Error, Fetcher, UNSAID_QUIET, address, head, later};
use crate::model::{HttpVersion, RequestOptions};

/// What is sent, but for what every request carries.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) method: Method,
    pub(super) fields: HeaderMap,
    pub(super) body: Bytes,
}

impl Message {
    /// A `GET`.
    pub(super) fn get() -> Self {
        Self {
            method: Method::GET,
            fields: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// Settings of a source as far as they hold for others than its own origin: header fields and passwords do not.
pub(super) fn for_anybody(options: &RequestOptions) -> RequestOptions {
    RequestOptions {
        headers: Default::default(),
        basic_auth: None,
        cookie: None,
        http_version: HttpVersion::Auto,
        ..options.clone()
    }
}

impl Fetcher {
    /// Sends a message and gives the answer, a 2xx, with the place of its host, to be kept while the answer is read.
    /// Addresses are checked at each hop, slots, pauses and quiet of the domain are kept. `follows` says of a status,
    /// and of how many hops there were, whether it leads on.
    ///
    /// # Errors
    /// See [`Error`]: what is no 2xx is [`Error::Status`].
    pub(super) async fn exchange(
        &self,
        options: &RequestOptions,
        start: &Url,
        message: &Message,
        follows: impl Fn(u16, usize) -> bool,
        deadline: &mut Deadline,
        now: DateTime<Utc>,
    ) -> Result<(reqwest::Response, Pass), Error> {
        self.quiet.tick(now);
        let begun = Instant::now();
        let start = plain(start);
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
            let pass = deadline.pause(self.gates.enter(&url)).await;
            let response = self
                .transmit(options, &url, message.clone(), deadline)
                .await?;
            head::check_size(response.headers())?;
            let status = response.status().as_u16();
            if (200..300).contains(&status) {
                return Ok((response, pass));
            }
            if follows(status, hops.len()) {
                let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
                hops.push(redirect::next(status, location, &start, &url, &hops)?);
                continue;
            }
            let retry_after =
                head::retry_after(response.headers(), now).filter(|_| matches!(status, 429 | 503));
            if status == 429 {
                let address = response.remote_addr().filter(|_| options.proxy.is_none());
                let until = later(now, begun, retry_after.unwrap_or(UNSAID_QUIET));
                let address = address.map(|address| address.ip());
                self.quiet.hold_all(&url, address, until);
            }
            return Err(Error::Status {
                status,
                retry_after,
            });
        }
    }

    /// Sends a message to a place that was looked at, and gives the head of the answer, whatever it is.
    ///
    /// # Errors
    /// See [`Error`].
    pub(super) async fn transmit(
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
        let mut fields = message.fields;
        fields
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        let request = client
            .request(message.method, url.clone())
            .headers(fields)
            .header(USER_AGENT, agent)
            .header(CONNECTION, "close")
            .body(message.body)
            .build()
            .map_err(|_| unusable("url"))?;
        deadline
            .within(Wait::Answer, client.execute(request))
            .await?
            .map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))
    }
}
