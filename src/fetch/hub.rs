//! A request to a WebSub hub (W3C WebSub §5.1): a form is posted under the same rules as a poll.

use std::borrow::Cow;
use std::time::Instant;

use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, LOCATION, USER_AGENT};
use url::Url;

use super::deadline::Deadline;
use super::error::Wait;
use super::redirect::{self, Hop, plain};
use super::{Error, Fetcher, UNSAID_QUIET, address, head, later};
use crate::model::{HttpVersion, RequestOptions};

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
            let response = self.post(&options, &url, form, &deadline).await?;
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

    async fn post(
        &self,
        options: &RequestOptions,
        url: &Url,
        form: &str,
        deadline: &Deadline,
    ) -> Result<reqwest::Response, Error> {
        let unusable = |key: &str| Error::Setting {
            key: key.to_owned(),
        };
        let client = self.clients.of(url, options)?;
        let agent = HeaderValue::from_bytes(options.user_agent.as_bytes())
            .map_err(|_| unusable("user_agent"))?;
        let request = client
            .post(url.clone())
            .header(USER_AGENT, agent)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .build()
            .map_err(|_| unusable("hub"))?;
        deadline
            .within(Wait::Answer, client.execute(request))
            .await?
            .map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))
    }
}
