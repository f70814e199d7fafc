//! What came, and how its content coding is undone.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::decode::{self, Decoded};
use super::{Coding, Error, Hop, Links, head};
use crate::model::{Signals, Validators};

/// A 200's body, still in its content coding, and what its head said.
#[derive(Debug)]
pub struct Payload {
    /// As received; decode with [`Payload::decode`] off the async threads.
    pub encoded: Bytes,
    /// The coding `encoded` is in; `None` means that it is the document itself.
    pub coding: Option<Coding>,
    /// `Content-Type` as it came; `None` when there was none, or none in text.
    pub content_type: Option<String>,
    /// URL that gave it, after redirects and without user, password and fragment: the base of relative references.
    pub final_url: Url,
    /// Validators of this answer; none when the body was cut.
    pub validators: Validators,
    /// `max_age` only.
    pub signals: Signals,
    /// How it was reached; empty without redirects.
    pub redirects: Vec<Hop>,
    /// The body ended before its declared length: parse what is whole, keep no validators.
    pub cut: bool,
    /// There was more of it than was wanted, as of [`super::Fetcher::robots`].
    pub is_beginning: bool,
    /// It holds only what is new since the validators that were sent (226, RFC 3229 §10.4.1): to be merged, not to be
    /// taken for the whole.
    pub delta: bool,
    /// What the `Link` header fields name.
    pub links: Links,
    /// Its share of the large bodies, given back when the payload is dropped.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Payload {
    /// A document that came without HTTP: from a file or from standard input.
    pub fn new(document: impl Into<Bytes>, content_type: Option<String>, base: Url) -> Self {
        Self {
            encoded: document.into(),
            coding: None,
            content_type,
            final_url: base,
            validators: Validators::default(),
            signals: Signals::default(),
            redirects: Vec::new(),
            cut: false,
            is_beginning: false,
            delta: false,
            links: Links::default(),
            permit: None,
        }
    }

    /// A document that a hub pushed: the body of its request and what the head says about that.
    ///
    /// # Errors
    /// [`Error::BadCoding`].
    pub fn pushed(headers: &http::HeaderMap, body: Bytes, base: Url) -> Result<Self, Error> {
        Ok(Self {
            coding: head::coding(headers)?,
            ..Self::new(body, head::content_type(headers), base)
        })
    }

    /// The body without its content coding, at most `max_body` bytes. Costs CPU time in proportion to its size.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [`Error::BadCoding`] when the body is not what `Content-Encoding` says.
    pub fn decode(&self, max_body: u64) -> Result<Decoded, Error> {
        let Some(coding) = self.coding else {
            if self.encoded.len() as u64 > max_body {
                return Err(Error::TooLarge {
                    part: "body",
                    limit_bytes: max_body,
                });
            }
            return Ok(Decoded {
                body: self.encoded.clone(),
                cut: self.cut,
            });
        };
        let decoded = decode::decode(coding, &self.encoded, max_body)?;
        Ok(Decoded {
            cut: decoded.cut || self.cut,
            ..decoded
        })
    }

    /// The first `max_body` bytes without the content coding, and whether there is more. Where only the beginning was
    /// read, its end is no cut.
    ///
    /// # Errors
    /// [`Error::BadCoding`].
    pub fn decode_beginning(&self, max_body: u64) -> Result<(Decoded, bool), Error> {
        let (decoded, more) = match self.coding {
            Some(coding) => decode::beginning(coding, &self.encoded, max_body)?,
            None => {
                let most = usize::try_from(max_body).unwrap_or(usize::MAX);
                let body = self.encoded.slice(..self.encoded.len().min(most));
                (Decoded { body, cut: false }, self.encoded.len() > most)
            }
        };
        let cut = self.cut || decoded.cut && !self.is_beginning;
        Ok((Decoded { cut, ..decoded }, more || self.is_beginning))
    }
}
