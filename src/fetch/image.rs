//! A picture for the pages: fetched under the same rules as a feed, but for nobody in particular.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, LOCATION, USER_AGENT};
use url::Url;

use super::deadline::Deadline;
use super::error::Wait;
use super::redirect::{self, Hop, is_redirect, plain};
use super::{Error, Fetcher, UNSAID_QUIET, address, body, head, later};
use crate::model::{HttpVersion, RequestOptions};

/// What browsers show and pages pass on; no SVG, which can hold scripts.
const ACCEPTED: HeaderValue =
    HeaderValue::from_static("image/avif, image/webp, image/png, image/jpeg, image/gif");

impl Fetcher {
    /// Fetches a picture of at most `most` bytes. Addresses are checked at each hop, slots, pauses and quiet of the domain
    /// are kept; no cookie, password or header field of a source is sent.
    ///
    /// # Errors
    /// See [`Error`]: what is no 200 is [`Error::Status`].
    pub async fn image(
        &self,
        options: &RequestOptions,
        start: &Url,
        most: u64,
        now: DateTime<Utc>,
    ) -> Result<Bytes, Error> {
        self.quiet.tick(now);
        let begun = std::time::Instant::now();
        let options = RequestOptions {
            headers: Default::default(),
            basic_auth: None,
            cookie: None,
            http_version: HttpVersion::Auto,
            ..options.clone()
        };
        let limits = body::Limits {
            max_body: most,
            idle_timeout: self.limits.idle_timeout,
            connect_timeout: self.limits.connect_timeout,
            large: Arc::clone(&self.limits.large),
        };
        let start = plain(start);
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
            let response = self.look(&options, &url, &deadline).await?;
            head::check_size(response.headers())?;
            match response.status().as_u16() {
                200 => return Ok(body::read(response, &limits, &mut deadline).await?.bytes),
                status if is_redirect(status) => {
                    let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
                    hops.push(redirect::next(status, location, &start, &url, &hops)?);
                }
                status => {
                    let retry_after = head::retry_after(response.headers(), now)
                        .filter(|_| matches!(status, 429 | 503));
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
            }
        }
    }

    async fn look(
        &self,
        options: &RequestOptions,
        url: &Url,
        deadline: &Deadline,
    ) -> Result<reqwest::Response, Error> {
        let unusable = |key: &str| Error::Setting {
            key: key.to_owned(),
        };
        let agent = HeaderValue::from_bytes(options.user_agent.as_bytes())
            .map_err(|_| unusable("user_agent"))?;
        let request = self
            .clients
            .of(url, options)?
            .get(url.clone())
            .header(USER_AGENT, agent)
            .header(ACCEPT, ACCEPTED)
            .header(ACCEPT_ENCODING, "identity")
            .header(CONNECTION, "close")
            .build()
            .map_err(|_| unusable("url"))?;
        let client = self.clients.of(url, options)?;
        deadline
            .within(Wait::Answer, client.execute(request))
            .await?
            .map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))
    }
}
