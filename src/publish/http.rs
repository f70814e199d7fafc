//! Serves finished publications: a request is a look-up and a comparison of strings (RFC 9110).
//!
//! Nothing here queries, renders or compresses, and no writer can hold a request up; what is too much to have ready
//! ([`Lazy`]) is made by others, once. Pages and the other formats
//! are publications like any other; what they need beyond bytes is a layer around [`router`].

mod callback;
mod conditional;
mod lazy;
mod listen;
mod token;

use std::sync::Arc;

use ::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_ENCODING,
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LAST_MODIFIED, LINK, LOCATION,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use tokio::sync::watch;

use super::{Coding, Publication, Site};
use crate::meters::Meters;
pub use callback::{Callback, Callbacks, Reply, Room};
pub use lazy::{Door, Lazy, Made, Picture};
pub use listen::{CONNECTIONS, Listener, serve};

/// What is served, and where.
#[derive(Clone, Debug)]
pub struct Served {
    /// The publications of the moment; a new value is served from the next request on.
    pub site: watch::Receiver<Arc<Site>>,
    /// Whether `/readyz` says yes.
    pub ready: watch::Receiver<bool>,
    /// What is made when it is asked for; `None`: nothing. A new value serves from the next request on.
    pub lazy: watch::Receiver<Option<Lazy>>,
    /// Path of all routes, beginning and ending in `/`: that of `public_url`.
    pub base: String,
    /// What is counted; it also knows whether the scheduler gets on, for `/healthz`.
    pub meters: Meters,
    /// Who answers hubs below `websub/`; `None`: nobody.
    pub callbacks: Option<Callbacks>,
}

/// The routes: every publication of the site, `healthz` and `readyz`, and the callbacks of hubs, all below the base.
pub fn router(served: Served) -> Router {
    let served = Arc::new(served);
    Router::new().fallback(move |request: Request<Body>| {
        let served = Arc::clone(&served);
        async move {
            let answer = match served.callback(&request) {
                Some((callbacks, path)) => callbacks.answer(path, request).await,
                None => {
                    let (head, _) = request.into_parts();
                    served.respond(&Request::from_parts(head, ())).await
                }
            };
            served.meters.answered(answer.status().as_u16());
            answer
        }
    })
}

impl Served {
    /// Who answers a request of a hub, and its path below `websub/`.
    fn callback<B>(&self, request: &Request<B>) -> Option<(&Callbacks, String)> {
        let callbacks = self.callbacks.as_ref()?;
        let path = request.uri().path().strip_prefix(&self.base)?;
        Some((callbacks, path.strip_prefix("websub/")?.to_owned()))
    }

    /// Answers one request, of what is ready at once, of the rest when it is made.
    async fn respond(&self, request: &Request<()>) -> Response<Body> {
        let path = request.uri().path().strip_prefix(&self.base);
        let is_lazy = |path: &&str| {
            !matches!(*path, "healthz" | "readyz") && !self.site.borrow().contains_key(*path)
        };
        let lazy = self.lazy.borrow().clone();
        let (Some(path), Some(lazy)) = (path.filter(is_lazy), lazy) else {
            return self.answer(request);
        };
        if let Some(picture) = path.strip_prefix("static/image/") {
            if !is_read(request) {
                return method_not_allowed();
            }
            return match lazy.picture(picture).await {
                Some(picture) => self::picture(&picture, request),
                None => note(StatusCode::NOT_FOUND, "There is no such picture.\n"),
            };
        }
        let mut asked = named(path, request.uri().query());
        match lazy.door(&asked) {
            Door::Nowhere => return self.missing(&self.site.borrow()),
            Door::Locked(token) if !token::allows(Some(&token), request) => {
                return self.missing(&self.site.borrow());
            }
            Door::Locked(_) => path.clone_into(&mut asked),
            Door::Open => {}
        }
        let made = lazy.get(&asked).await;
        let head_only = request.method() == Method::HEAD;
        match made {
            _ if !token::allows(made.token(), request) => self.missing(&self.site.borrow()),
            Made::Missing => self.missing(&self.site.borrow()),
            _ if !is_read(request) => method_not_allowed(),
            Made::Here(publication) | Made::Brief(publication) => {
                document(&publication, request.headers(), head_only)
            }
            Made::Gone(_) => note(
                StatusCode::GONE,
                "This was withdrawn; begin again at the feed itself.\n",
            ),
            Made::Elsewhere(path, _) => see(&format!("{}{path}", self.base)),
            Made::Refused(why) => note(StatusCode::BAD_REQUEST, why),
            Made::Failed => note(
                StatusCode::SERVICE_UNAVAILABLE,
                "This cannot be made right now; ask again in a minute.\n",
            ),
        }
    }

    /// Answers one request. The body of the request is not read.
    fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        let site = self.site.borrow();
        let Some(path) = request.uri().path().strip_prefix(&self.base) else {
            return self.missing(&site);
        };
        let probe = match path {
            "healthz" => Some(match self.meters.hang() {
                None => (StatusCode::OK, "ok\n"),
                Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
            }),
            "readyz" if *self.ready.borrow() => Some((StatusCode::OK, "ready\n")),
            "readyz" => Some((StatusCode::SERVICE_UNAVAILABLE, "not ready\n")),
            _ => None,
        };
        let publication = site
            .get(path)
            .filter(|publication| token::allows(publication.token.as_ref(), request));
        match (probe, publication) {
            (None, None) => self.missing(&site),
            _ if !is_read(request) => method_not_allowed(),
            (Some((status, text)), _) => note(status, text),
            (None, Some(publication)) => document(
                publication,
                request.headers(),
                request.method() == Method::HEAD,
            ),
        }
    }

    /// 404, naming what there is. An output with a token is not named, and without the token it is missing too.
    fn missing(&self, site: &Site) -> Response<Body> {
        let open = site
            .iter()
            .filter(|(path, publication)| publication.token.is_none() && !path.is_empty());
        let names: Vec<String> = open
            .map(|(path, _)| format!("{}{path}", self.base))
            .take(LISTED)
            .collect();
        let there = if names.is_empty() {
            "nothing yet".to_owned()
        } else {
            names.join(" ")
        };
        note(
            StatusCode::NOT_FOUND,
            format!("Nothing is published at this address. There is: {there}\n"),
        )
    }
}

/// What a path is asked as: of a query, only what the path takes is left (`q` of a search).
fn named(path: &str, query: Option<&str>) -> String {
    let is_page = !path.rsplit('/').next().unwrap_or_default().contains('.');
    if is_page {
        // What a page takes, its maker knows; a token is none of its business.
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in pairs.filter(|(key, _)| key != "token").take(PARAMETERS) {
            kept.append_pair(&key, &value);
        }
        return match kept.finish() {
            kept if kept.is_empty() || kept.len() > LONGEST_QUERY => path.to_owned(),
            kept => format!("{path}?{kept}"),
        };
    }
    if !path.starts_with("search.") {
        return path.to_owned();
    }
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let asked = { pairs }
        .find(|(key, _)| key == "q")
        .map(|(_, value)| value);
    let mut named = url::form_urlencoded::Serializer::new(format!("{path}?"));
    named.append_pair("q", asked.as_deref().unwrap_or_default().trim());
    named.finish()
}

/// Parameters of a query that are looked at …
const PARAMETERS: usize = 8;
/// … and the longest query, in bytes.
const LONGEST_QUERY: usize = 2_000;

/// Publications that a 404 names at most.
const LISTED: usize = 50;

/// A publication in the coding that the client takes, 304 when it has that already (RFC 9110 §13.2.2), or 406 when it
/// takes no coding there is, not even none.
fn document(publication: &Publication, request: &HeaderMap, head_only: bool) -> Response<Body> {
    let Some(coding) = conditional::wanted(request.get_all(ACCEPT_ENCODING)) else {
        return not_acceptable();
    };
    let form = publication.form(coding);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(ETAG, form.etag.clone());
    headers.insert(LAST_MODIFIED, publication.fields.last_modified.clone());
    headers.insert(CACHE_CONTROL, publication.fields.cache_control.clone());
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if publication.content_type.contains("json") && publication.token.is_none() {
        // Scripts of any page may read what everybody may read.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if conditional::is_fresh(request, &form.etag, publication.last_modified) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(publication.content_type),
    );
    headers.insert(CONTENT_LENGTH, HeaderValue::from(form.body.len()));
    if let Some(link) = &publication.fields.link {
        headers.insert(LINK, link.clone());
    }
    if coding != Coding::Identity {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if publication.content_type.starts_with("text/html") {
        let policy = publication.policy.unwrap_or(NOTHING_ELSE);
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if !head_only {
        *response.body_mut() = Body::from(form.body.clone());
    }
    response
}

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A document loads nothing, runs nothing, is framed nowhere and sends no form.
const NOTHING_ELSE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Somebody else's picture: whatever it is, it runs nothing. What it is asked as never changes its bytes' meaning, so it
/// may be kept for a day, and after that for as long as its bytes are the same (RFC 9110 §8.8.3).
fn picture(picture: &Picture, request: &Request<()>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let age = HeaderValue::from_static("public, max-age=86400");
    headers.insert(CACHE_CONTROL, age);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if let Some(etag) = &picture.etag {
        headers.insert(ETAG, etag.clone());
        if conditional::has(request.headers(), etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(picture.content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(picture.body.len()));
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if request.method() != Method::HEAD {
        *response.body_mut() = Body::from(picture.body.clone());
    }
    response
}

/// A line of text that no cache keeps.
fn note(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let text = text.into();
    let headers: [(HeaderName, HeaderValue); 4] = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (CONTENT_LENGTH, HeaderValue::from(text.len())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, NOSNIFF),
    ];
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

/// 307: for now the answer is at another path (RFC 9110 §15.4.8).
fn see(path: &str) -> Response<Body> {
    let mut response = note(StatusCode::TEMPORARY_REDIRECT, format!("See {path}\n"));
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// Whether nothing but reading is asked for.
fn is_read<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// 405 with what is allowed (RFC 9110 §15.5.6).
fn method_not_allowed() -> Response<Body> {
    only("Only GET and HEAD are answered here.\n", "GET, HEAD")
}

fn only(text: &'static str, allowed: &'static str) -> Response<Body> {
    let mut response = note(StatusCode::METHOD_NOT_ALLOWED, text);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// 406: `identity` is refused, and every coding there is (RFC 9110 §12.5.3).
fn not_acceptable() -> Response<Body> {
    let mut response = note(
        StatusCode::NOT_ACCEPTABLE,
        "There are the content codings gzip, br and zstd, and none.\n",
    );
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().insert(VARY, vary);
    response
}

#[cfg(test)]
mod tests;
