//! One polite, conditional, size-bounded GET.
//!
//! A fetch is one request and the redirects it meets. It sends no cookies of its own and no `Referer`,
//! asks for nothing beside the feed, and gives the body as it came: [`Payload::decode`] undoes the content coding,
//! off the async threads. How many fetches run at once over all hosts, and when a source is asked again, is the
//! caller's to decide.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use http::header::LOCATION;
use tokio::sync::Semaphore;
use url::Url;

use crate::config;
use crate::model::{Signals, Source, Validators};

mod address;
mod body;
mod client;
mod deadline;
mod decode;
mod error;
mod gate;
mod head;
mod hub;
mod image;
mod link;
mod local;
mod message;
mod payload;
mod quiet;
mod redirect;
mod request;
mod robots;
mod wall;

pub use decode::Decoded;
pub use error::{BadRedirect, Error, Wait};
pub use gate::host_key;
pub use head::Coding;
pub use link::{Alternate, Links};
pub use payload::Payload;
pub use redirect::{Hop, moved_to};
pub use robots::{ROBOTS_BYTES, Robots, product};
pub use wall::wall;

use body::Beyond;
use client::IDLE_CONNECTION;
use deadline::Deadline;
use gate::Pass;
use quiet::Quiet;
use redirect::{is_redirect, plain};

/// Bodies beyond the free size that are held at once, from their reading until their payload is dropped.
const LARGE_BODIES: usize = 4;

/// Quiet for a domain that wants fewer requests and does not say until when.
const UNSAID_QUIET: Duration = Duration::from_secs(60);

/// What an origin answered.
#[derive(Debug)]
pub enum Answer {
    /// A new body (200), or what is new in it (226).
    Modified(Box<Payload>),
    /// Nothing new (304).
    NotModified(NotModified),
    /// Gone for good (410), at the configured URL or where only permanent redirects led.
    Gone,
}

/// A 304's news.
#[derive(Clone, Debug, Default)]
pub struct NotModified {
    /// Validators to keep from now on.
    pub validators: Validators,
    /// `max_age` only.
    pub signals: Signals,
    /// How it was reached; empty without redirects.
    pub redirects: Vec<Hop>,
}

/// The HTTP side: clients, per-host gates, byte budget.
#[derive(Debug)]
pub struct Fetcher {
    clients: client::Clients,
    gates: gate::Gates,
    quiet: Arc<Quiet>,
    limits: body::Limits,
    /// Hosts whose parts were none: they are asked for the whole from then on.
    whole: Mutex<HashSet<String>>,
}

impl Fetcher {
    /// Sets up. Clients are built when a source first needs them, so a machine without CA certificates costs only
    /// its `https` sources.
    pub fn new(settings: &config::Fetch) -> Self {
        let quiet = Arc::new(Quiet::new(settings.hold_off_by_address));
        Self {
            clients: client::Clients::new(settings, Arc::clone(&quiet)),
            quiet,
            gates: gate::Gates::new(settings.per_host, settings.host_interval),
            whole: Mutex::default(),
            limits: body::Limits {
                max_body: settings.max_body,
                idle_timeout: settings.idle_timeout,
                connect_timeout: settings.connect_timeout,
                large: Arc::new(Semaphore::new(LARGE_BODIES)),
            },
        }
    }

    /// The one that follows when the settings change: it keeps the peace with whoever asked for it. What is under way
    /// ends by the old settings.
    #[must_use]
    pub fn after(&self, settings: &config::Fetch) -> Self {
        let next = Self::new(settings);
        next.hold_off(self.held_off());
        next
    }

    /// Holds off places, as [`Fetcher::held_off`] named them in an earlier process.
    pub fn hold_off(&self, places: impl IntoIterator<Item = (String, DateTime<Utc>)>) {
        for (place, until) in places {
            self.quiet.hold(place, until);
        }
    }

    /// Places that want no requests now, and until when: registrable domains, `host:port` where there is none, and
    /// addresses.
    pub fn held_off(&self) -> Vec<(String, DateTime<Utc>)> {
        self.quiet.all()
    }

    /// Fetches one source, from `start` on: its own URL, or the one it moved to. `last_of_host` closes the connection afterwards. `now` stands in for a missing `Date` where
    /// dates of the response are measured.
    ///
    /// # Errors
    /// See [`Error`]; "not modified" and "gone" are answers.
    pub async fn fetch(
        &self,
        source: &Source,
        start: &Url,
        validators: &Validators,
        last_of_host: bool,
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        match source.url.scheme() {
            "http" | "https" => {}
            "file" => return local::read(source, validators, &self.limits).await,
            _ => {
                return Err(Error::Setting {
                    key: "url".to_owned(),
                });
            }
        }
        let order = Order {
            source,
            validators,
            last_of_host,
            now,
            begun: Instant::now(),
            page_limit: None,
            beyond: Beyond::Refused,
        };
        self.walk(&order, start).await
    }

    /// Fetches a page that an entry of a source links, or a file beside it, of at most `max_body` bytes: with the same manners and guards, whatever the
    /// source itself is. Its secrets go to its own origin only.
    ///
    /// # Errors
    /// As of [`Fetcher::fetch`]; [`Error::Setting`] for a URL that is not http(s).
    pub async fn page(
        &self,
        source: &Source,
        url: &Url,
        validators: &Validators,
        max_body: u64,
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Setting {
                key: "url".to_owned(),
            });
        }
        let order = Order {
            source,
            validators,
            last_of_host: true,
            now,
            begun: Instant::now(),
            page_limit: Some(max_body.min(self.limits.max_body)),
            beyond: Beyond::Refused,
        };
        self.walk(&order, url).await
    }

    /// Fetches the robots.txt that stands for `url` (RFC 9309 §2.3), as [`Fetcher::page`] would; of one larger than
    /// [`ROBOTS_BYTES`] the beginning (§2.5).
    ///
    /// # Errors
    /// As of [`Fetcher::page`].
    pub async fn robots(
        &self,
        source: &Source,
        url: &Url,
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Setting {
                key: "url".to_owned(),
            });
        }
        let mut place = url.clone();
        place.set_path("/robots.txt");
        place.set_query(None);
        place.set_fragment(None);
        let order = Order {
            source,
            validators: &Validators::default(),
            last_of_host: true,
            now,
            begun: Instant::now(),
            page_limit: Some(ROBOTS_BYTES.min(self.limits.max_body)),
            beyond: Beyond::Left,
        };
        self.walk(&order, &place).await
    }

    async fn walk(&self, order: &Order<'_>, start: &Url) -> Result<Answer, Error> {
        let source = order.source;
        self.quiet.tick(order.now);
        let start = plain(start);
        address::check_literal(&start, &source.request.allow_private)?;
        let mut deadline = Deadline::new(source.request.timeout);
        let mut pass = deadline.pause(self.gates.enter(&start)).await;
        let mut walk = Walk {
            start: &start,
            redirects: Vec::new(),
        };
        loop {
            let response = self.ask(order, walk.url(), &pass, &mut deadline).await?;
            let status = response.status().as_u16();
            if !is_redirect(status) {
                return self.answer(order, walk, response, &mut deadline).await;
            }
            walk.follow(status, response)?;
            address::check_literal(walk.url(), &source.request.allow_private)?;
            if pass.covers(walk.url()) {
                deadline.pause(pass.pause()).await;
            } else {
                drop(pass);
                pass = deadline.pause(self.gates.enter(walk.url())).await;
            }
        }
    }

    /// One request up to the head of its response. A second one is sent only when the first may have met a
    /// kept connection that the origin was just closing (RFC 9112 §9.3.1).
    async fn ask(
        &self,
        order: &Order<'_>,
        url: &Url,
        pass: &Pass,
        deadline: &mut Deadline,
    ) -> Result<reqwest::Response, Error> {
        if let Some(until) = self.quiet.url(url) {
            return Err(Error::HeldOff { until });
        }
        let may_be_stale = pass.may_reuse();
        let response = match self.send(order, url, deadline).await {
            Err(Error::Cut { .. }) if may_be_stale => {
                deadline.pause(pass.pause()).await;
                self.send(order, url, deadline).await?
            }
            sent => sent?,
        };
        if !order.last_of_host {
            pass.keeps_connection(IDLE_CONNECTION);
        }
        head::check_size(response.headers())?;
        Ok(response)
    }

    fn whole(&self) -> MutexGuard<'_, HashSet<String>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(
        &self,
        order: &Order<'_>,
        url: &Url,
        deadline: &Deadline,
    ) -> Result<reqwest::Response, Error> {
        let client = self.clients.of(url, &order.source.request)?;
        let request = request::build(
            &client,
            order.source,
            url,
            order.conditions(url),
            order.wants(!self.whole().contains(gate::host_key(url))),
            order.last_of_host,
        )?;
        let sent = deadline
            .within(Wait::Answer, client.execute(request))
            .await?;
        sent.map_err(|error| Error::from_exchange(&error, self.limits.connect_timeout))
    }

    /// Turns the last response into an answer.
    async fn answer(
        &self,
        order: &Order<'_>,
        walk: Walk<'_>,
        response: reqwest::Response,
        deadline: &mut Deadline,
    ) -> Result<Answer, Error> {
        let headers = response.headers();
        match (response.status().as_u16(), order.conditions(walk.url())) {
            (200, _) => self.modified(order, walk, response, deadline).await,
            (226, conditions) => {
                if let Err(error) = head::check_delta(headers, conditions) {
                    self.whole().insert(gate::host_key(walk.url()).to_owned());
                    return Err(error);
                }
                self.modified(order, walk, response, deadline).await
            }
            (304, Some(validators)) => Ok(Answer::NotModified(NotModified {
                validators: head::merged(validators, headers),
                signals: head::signals(headers, order.now),
                redirects: walk.redirects,
            })),
            (410, _) if walk.redirects.iter().all(Hop::is_permanent) => Ok(Answer::Gone),
            (status @ (429 | 503), _) => {
                let retry_after = head::retry_after(headers, order.now);
                if status == 429 {
                    let direct = order.source.request.proxy.is_none();
                    let address = response.remote_addr().filter(|_| direct);
                    let until = order.after(retry_after.unwrap_or(UNSAID_QUIET));
                    self.quiet
                        .hold_all(walk.url(), address.map(|address| address.ip()), until);
                }
                let error = Error::Status {
                    status,
                    retry_after,
                };
                Err(self.refusal(error, response, deadline).await)
            }
            (status, _) => {
                let error = Error::Status {
                    status,
                    retry_after: None,
                };
                Err(self.refusal(error, response, deadline).await)
            }
        }
    }

    /// What a refusal is: a page that only browsers pass gets its own name.
    async fn refusal(
        &self,
        error: Error,
        mut response: reqwest::Response,
        deadline: &Deadline,
    ) -> Error {
        let Error::Status {
            status: status @ (202 | 403 | 405 | 503),
            retry_after,
        } = error
        else {
            return error;
        };
        let found = match wall::by_head(response.headers()) {
            Some(whose) => Some(whose),
            None => {
                let beginning = body::beginning(&mut response, &self.limits, deadline).await;
                match head::coding(response.headers()) {
                    Ok(Some(coding)) => decode::decode(coding, &beginning, self.limits.max_body)
                        .ok()
                        .and_then(|decoded| wall::wall(&decoded.body)),
                    Ok(None) => wall::wall(&beginning),
                    Err(_) => None,
                }
            }
        };
        match found {
            Some(whose) => Error::BotWall {
                status,
                whose,
                retry_after,
            },
            None => error,
        }
    }

    async fn modified(
        &self,
        order: &Order<'_>,
        walk: Walk<'_>,
        response: reqwest::Response,
        deadline: &mut Deadline,
    ) -> Result<Answer, Error> {
        let headers = response.headers();
        let coding = head::coding(headers)?;
        let content_type = head::content_type(headers);
        let delta = response.status().as_u16() == 226;
        let links = link::links(headers, walk.url());
        let validators = head::validators(headers, walk.url().as_str());
        let signals = head::signals(headers, order.now);
        let limits = self.limits.at_most(order.page_limit);
        let received = body::read_within(response, &limits, order.beyond, deadline).await?;
        Ok(Answer::Modified(Box::new(Payload {
            encoded: received.bytes,
            coding,
            content_type,
            final_url: walk.url().clone(),
            // A later 304 would hide what was lost (RFC 9111 §3.3).
            validators: if received.cut {
                Validators::default()
            } else {
                validators
            },
            signals,
            redirects: walk.redirects,
            cut: received.cut,
            is_beginning: received.is_beginning,
            delta,
            links,
            permit: received.permit,
        })))
    }
}

/// What is wanted.
struct Order<'o> {
    source: &'o Source,
    validators: &'o Validators,
    last_of_host: bool,
    now: DateTime<Utc>,
    /// The same instant.
    begun: Instant,
    /// It is a page, of so many bytes at most; `None`: a feed.
    page_limit: Option<u64>,
    /// What becomes of a larger body.
    beyond: Beyond,
}

impl<'o> Order<'o> {
    /// What a request asks for; `part`: of a feed what is new is enough.
    fn wants(&self, part: bool) -> request::Wanted {
        match self.page_limit {
            Some(_) => request::Wanted::Page,
            None if part => request::Wanted::Part,
            None => request::Wanted::Feed,
        }
    }

    /// So long after the present.
    fn after(&self, wait: Duration) -> DateTime<Utc> {
        later(self.now, self.begun, wait)
    }

    /// The validators that a request of this URL carries: they belong to the URL that gave them.
    fn conditions(&self, url: &Url) -> Option<&'o Validators> {
        let given = self.validators.etag.is_some() || self.validators.last_modified.is_some();
        (given && self.validators.url.as_deref() == Some(url.as_str())).then_some(self.validators)
    }
}

/// So long after the present; `now` was when `begun` was.
fn later(now: DateTime<Utc>, begun: Instant, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(begun.elapsed().saturating_add(wait))
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The way from the configured URL to the one that answers.
struct Walk<'s> {
    start: &'s Url,
    redirects: Vec<Hop>,
}

impl Walk<'_> {
    /// The URL to ask.
    fn url(&self) -> &Url {
        self.redirects.last().map_or(self.start, |hop| &hop.url)
    }

    fn follow(&mut self, status: u16, response: reqwest::Response) -> Result<(), Error> {
        let location = response
            .headers()
            .get(LOCATION)
            .map(|value| value.as_bytes());
        let hop = redirect::next(status, location, self.start, self.url(), &self.redirects)?;
        self.redirects.push(hop);
        Ok(())
    }
}
