//! What a request looks like: exactly the header fields a polite reader sends, and secrets only to their own origin.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, COOKIE, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::Error;
use crate::model::{HttpVersion, RequestOptions, Source, Validators};

const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1",
);

const ACCEPTED_PAGES: HeaderValue =
    HeaderValue::from_static("text/html, application/xhtml+xml, */*;q=0.1");

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A feed.
    Feed,
    /// A feed, or what is new in it.
    Part,
    /// A page.
    Page,
}

const ACCEPTED_CODINGS: HeaderValue = HeaderValue::from_static("gzip, br, zstd");

/// New entries alone are welcome (RFC 3229 §10.5.3); a server that does not know this answers 200 as ever.
const DELTA: HeaderValue = HeaderValue::from_static("feed");

/// A GET of `url` on behalf of `source`, conditional if `validators` are given; then what is new
/// is enough of a feed that is wanted in part.
///
/// # Errors
/// [`Error::Setting`] when a configured value cannot stand in a header field.
pub(super) fn build(
    client: &reqwest::Client,
    source: &Source,
    url: &Url,
    validators: Option<&Validators>,
    wanted: Wanted,
    last_of_host: bool,
) -> Result<reqwest::Request, Error> {
    let at_home = same_origin(url, &source.url);
    let mut request = authorized(client, source, url, at_home)?;
    let headers = request.headers_mut();
    headers.insert(
        USER_AGENT,
        value(&source.request.user_agent, || "user_agent".to_owned())?,
    );
    let accepted = match wanted {
        Wanted::Page => ACCEPTED_PAGES,
        Wanted::Feed | Wanted::Part => ACCEPTED,
    };
    headers.insert(ACCEPT, accepted);
    headers.insert(ACCEPT_ENCODING, ACCEPTED_CODINGS);
    if last_of_host && source.request.http_version != HttpVersion::Http2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if at_home {
        add_own(headers, &source.request)?;
    }
    if let Some(validators) = validators {
        add_conditions(headers, validators);
        if wanted == Wanted::Part && headers.contains_key(IF_NONE_MATCH) {
            headers.insert("a-im", DELTA);
        }
    }
    Ok(request)
}

/// The bare request, with HTTP Basic authentication (RFC 7617) when the source has it and is at home: `basic_auth`,
/// else user and password of the configured URL.
fn authorized(
    client: &reqwest::Client,
    source: &Source,
    url: &Url,
    at_home: bool,
) -> Result<reqwest::Request, Error> {
    let mut url = url.clone();
    let mut pair = None;
    if at_home {
        pair = source.request.basic_auth.as_ref().map(|pair| pair.expose());
        if pair.is_none() && (!source.url.username().is_empty() || source.url.password().is_some())
        {
            // The client moves them from the URL into the header field.
            let _ = url.set_username(source.url.username());
            let _ = url.set_password(source.url.password());
        }
    }
    let mut builder = client.get(url);
    if let Some(pair) = pair {
        let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
        builder = builder.basic_auth(user, Some(password));
    }
    builder.build().map_err(|_| Error::Setting {
        key: "url".to_owned(),
    })
}

/// What the operator set for this source; it replaces what we would say.
fn add_own(headers: &mut HeaderMap, options: &RequestOptions) -> Result<(), Error> {
    if let Some(cookie) = &options.cookie {
        headers.insert(
            COOKIE,
            sensitive(value(cookie.expose(), || "cookie".to_owned())?),
        );
    }
    for (name, secret) in &options.headers {
        let key = || format!("headers.{name}");
        let field =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::Setting { key: key() })?;
        headers.insert(field, sensitive(value(secret.expose(), key)?));
    }
    if let Some(authorization) = headers.get_mut(AUTHORIZATION) {
        authorization.set_sensitive(true);
    }
    Ok(())
}

/// Both conditions, byte for byte (RFC 9110 §13.1.2, §13.1.3): some servers know only one of them.
fn add_conditions(headers: &mut HeaderMap, validators: &Validators) {
    let fields = [
        (IF_NONE_MATCH, &validators.etag),
        (IF_MODIFIED_SINCE, &validators.last_modified),
    ];
    for (name, bytes) in fields {
        if let Some(Ok(value)) = bytes.as_deref().map(HeaderValue::from_bytes) {
            headers.insert(name, value);
        }
    }
}

fn value(text: &str, key: impl FnOnce() -> String) -> Result<HeaderValue, Error> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Error::Setting { key: key() })
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Scheme, host and port (RFC 6454 §5), without the allocations of [`Url::origin`].
fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}
