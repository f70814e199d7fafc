//! A picture for the pages: fetched under the same rules as a feed, but for nobody in particular.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::{ACCEPT, ACCEPT_ENCODING};
use url::Url;

use super::deadline::Deadline;
use super::message::{Message, for_anybody};
use super::redirect::is_redirect;
use super::{Error, Fetcher, body};
use crate::model::RequestOptions;

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
        let limits = body::Limits {
            max_body: most,
            idle_timeout: self.limits.idle_timeout,
            connect_timeout: self.limits.connect_timeout,
            large: Arc::clone(&self.limits.large),
        };
        let options = for_anybody(options);
        let mut deadline = Deadline::new(options.timeout);
        let mut picture = Message::get();
        picture.fields.insert(ACCEPT, ACCEPTED);
        let plain = HeaderValue::from_static("identity");
        picture.fields.insert(ACCEPT_ENCODING, plain);
        let follows = |status, _| is_redirect(status);
        let exchange = self.exchange(&options, start, &picture, follows, &mut deadline, now);
        let (response, _pass) = exchange.await?;
        match response.status().as_u16() {
            200 => Ok(body::read(response, &limits, &mut deadline).await?.bytes),
            status => Err(Error::Status {
                status,
                retry_after: None,
            }),
        }
    }
}
