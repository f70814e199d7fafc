//! Shell: a WebSub hub of our own outputs, and word to the hubs of the configuration when one changes.
//!
//! Who follows stands in the store, with what each was told of last: after a crash nobody misses a change. It is told
//! after the documents are committed and served, and never waits for, or delays, a poll.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::model::RequestOptions;
use crate::poll::Shell;
use crate::publish::http::Reply;
use crate::publish::{Format, Publication, Site};
use crate::store::{self, Follower, Told};
use crate::websub::Mode;
use crate::websub::hub::{self, Wish};

/// Told at the same time.
const AT_ONCE: usize = 8;
/// Looked up at a time.
const BATCH: usize = 64;
/// Wishes verified at the same time; who comes meanwhile is asked to come later.
const VERIFIED_AT_ONCE: usize = 16;
/// Subscribers at most, of all outputs.
const MOST_SUBSCRIBERS: u64 = 10_000;
/// Who waits is looked up this often at least.
const LOOK: Duration = Duration::from_secs(60);
/// After the store refused something.
const PAUSE: Duration = Duration::from_secs(30);

/// The path of the hub below `websub/`.
pub const PATH: &str = "hub";

/// The hub's address: what feeds name as `rel=hub`.
pub fn address(base: &Url) -> String {
    format!("{base}websub/{PATH}")
}

/// What the hub needs.
#[derive(Clone, Debug)]
pub struct Hub {
    shell: Shell,
    base: Url,
    request: Arc<RequestOptions>,
    site: watch::Receiver<Arc<Site>>,
    /// Pairs of a topic (path below the base) and a hub that is told of it.
    hubs: Vec<(String, String)>,
    /// Topics that everybody may follow.
    open: BTreeSet<String>,
    verifying: Arc<Semaphore>,
}

impl Hub {
    /// A hub of the outputs of a configuration, which are published in `site`.
    pub fn new(config: &Config, shell: Shell, site: watch::Receiver<Arc<Site>>) -> Self {
        let (mut hubs, mut open) = (Vec::new(), BTreeSet::new());
        for output in { &config.outputs }
            .iter()
            .filter(|output| output.token.is_none())
        {
            for format in Format::ALL {
                let topic = format!("{}.{}", output.name, format.extension());
                let named = { &output.hubs }
                    .iter()
                    .map(|hub| (topic.clone(), hub.to_string()));
                hubs.extend(named);
                open.insert(topic);
            }
        }
        Self {
            shell,
            base: config.server.public_url.clone(),
            request: config.request.clone(),
            site,
            hubs,
            open,
            verifying: Arc::new(Semaphore::new(VERIFIED_AT_ONCE)),
        }
    }

    /// Tells who follows until `stop`.
    pub async fn serve(mut self, stop: CancellationToken) {
        let (hubs, open) = (self.hubs.clone(), self.open.iter().cloned().collect());
        if let Err(error) = self.shell.store.settle_followers(hubs, open).await {
            tracing::error!(%error, "the hubs that are told cannot follow the configuration");
        }
        while !stop.is_cancelled() {
            let wait = match self.tell_due(&stop).await {
                Ok(()) => self.until_next(),
                Err(error) => {
                    tracing::error!(%error, "who follows the outputs cannot be told; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                changed = self.site.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// The topics and what is served of each.
    fn topics(&self) -> Vec<(String, Publication)> {
        let site = Arc::clone(&self.site.borrow());
        let served = |topic: &String| Some((topic.clone(), site.get(topic)?.clone()));
        self.open.iter().filter_map(served).collect()
    }

    fn until_next(&self) -> Duration {
        let now = self.shell.clock.now();
        let topics = self.topics();
        let next = { topics.iter() }
            .filter_map(|(topic, document)| {
                let next = self.shell.store.next_follower(topic, &document.etag());
                (next.ok().flatten()? - now).to_std().ok()
            })
            .min();
        next.unwrap_or(LOOK).clamp(Duration::from_millis(50), LOOK)
    }

    /// Tells everybody who was not told of the newest documents and may be.
    ///
    /// # Errors
    /// What the store refuses.
    async fn tell_due(&self, stop: &CancellationToken) -> Result<(), store::Error> {
        let store = &self.shell.store;
        for (topic, document) in self.topics() {
            let etag = document.etag();
            loop {
                let now = self.shell.clock.now();
                let due = store.followers_due(&topic, &etag, now, BATCH)?;
                if due.is_empty() || stop.is_cancelled() || self.shell.outage.is_on() {
                    break;
                }
                let mut outcomes = Vec::new();
                let mut running: JoinSet<(i64, Told)> = JoinSet::new();
                for follower in due {
                    if running.len() >= AT_ONCE {
                        outcomes.extend(running.join_next().await.and_then(Result::ok));
                    }
                    let (hub, document) = (self.clone(), document.clone());
                    running.spawn(async move {
                        let told = hub.tell(&follower, &document).await;
                        (follower.id, told)
                    });
                }
                while let Some(done) = running.join_next().await {
                    outcomes.extend(done.ok());
                }
                let outcomes = outcomes
                    .into_iter()
                    .map(|(id, told)| (id, etag.clone(), told));
                store
                    .told(outcomes.collect(), self.shell.clock.now())
                    .await?;
            }
        }
        Ok(())
    }

    async fn tell(&self, follower: &Follower, document: &Publication) -> Told {
        let Ok(address) = Url::parse(&follower.address) else {
            return Told::NoMore;
        };
        let topic = format!("{}{}", self.base, follower.topic);
        let fetcher = &self.shell.fetcher;
        let told = if follower.is_hub {
            let form = news(&topic);
            let now = self.shell.clock.now();
            fetcher.ask_hub(&self.request, &address, &form, now).await
        } else {
            let fields = self.fields(follower, document, &topic);
            let body = document.body().clone();
            fetcher.deliver(&self.request, &address, fields, body).await
        };
        match told {
            Ok(()) => Told::Yes,
            Err(error) => {
                let host = address.host_str().unwrap_or_default();
                tracing::info!(topic = follower.topic, host, %error, "a follower could not be told");
                match error {
                    crate::fetch::Error::Status { status: 410, .. } => Told::NoMore,
                    _ => Told::Failed,
                }
            }
        }
    }

    /// Header fields of a delivery (§7).
    fn fields(&self, follower: &Follower, document: &Publication, topic: &str) -> HeaderMap {
        let mut fields = HeaderMap::new();
        let kind = HeaderValue::from_static(document.content_type);
        fields.insert(CONTENT_TYPE, kind);
        let links = format!(
            "<{}>; rel=\"hub\", <{topic}>; rel=\"self\"",
            address(&self.base)
        );
        if let Ok(links) = HeaderValue::from_str(&links) {
            fields.insert(LINK, links);
        }
        let signature =
            { follower.secret.as_ref() }.map(|secret| hub::signature(secret, document.body()));
        if let Some(Ok(signature)) = signature.map(|text| HeaderValue::from_str(&text)) {
            fields.insert(HeaderName::from_static("x-hub-signature"), signature);
        }
        fields
    }

    /// Reads a request to the hub: how it is answered, and what is to be verified then.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn asked(&self, form: &Bytes) -> Result<(Reply, Option<Intent>), store::Error> {
        let refuse = |why: &str| Ok((Reply::Refused(why.to_owned()), None));
        let wish = match hub::wish(form) {
            Ok(wish) => wish,
            Err(why) => return refuse(why),
        };
        let topic = wish.topic.strip_prefix(self.base.as_str());
        let Some(topic) = topic.filter(|topic| self.open.contains(*topic)) else {
            return refuse(
                "hub.topic is no feed of this hub; take the rel=self address of the feed",
            );
        };
        let topic = topic.to_owned();
        if wish.mode == Mode::Subscribe && self.shell.store.count_subscribers()? >= MOST_SUBSCRIBERS
        {
            return Ok((Reply::Later, None));
        }
        let Ok(place) = Arc::clone(&self.verifying).try_acquire_owned() else {
            return Ok((Reply::Later, None));
        };
        Ok((
            Reply::Taken,
            Some(Intent {
                wish,
                topic,
                _place: place,
            }),
        ))
    }

    /// Asks a subscriber whether it meant it, and does as it wished if so (§5.3).
    pub async fn verify(&self, intent: Intent) {
        let Intent { wish, topic, .. } = intent;
        let challenge = uuid::Uuid::new_v4().simple().to_string();
        let (shell, url) = (&self.shell, wish.intent(&challenge));
        let host = url.host_str().unwrap_or_default().to_owned();
        let answer = { &shell.fetcher }.visit_subscriber(&self.request, &url, shell.clock.now());
        match answer.await {
            Ok(answer) if answer == challenge.as_bytes() => {}
            Ok(_) => {
                tracing::info!(topic, host, "a wish to follow was not confirmed");
                return;
            }
            Err(error) => {
                tracing::info!(topic, host, %error, "a wish to follow could not be confirmed");
                return;
            }
        }
        let done = match wish.mode {
            Mode::Unsubscribe => {
                let callback = wish.callback.to_string();
                shell.store.unfollow(topic.clone(), callback).await
            }
            Mode::Subscribe => {
                let etag = self.site.borrow().get(&topic).map(Publication::etag);
                let etag = etag.unwrap_or_default();
                shell
                    .store
                    .follow(topic.clone(), wish, etag, shell.clock.now())
                    .await
            }
        };
        match done {
            Ok(()) => tracing::info!(
                topic,
                host,
                "a wish to follow, or to follow no more, is confirmed"
            ),
            Err(error) => tracing::error!(topic, %error, "a follower could not be written down"),
        }
    }
}

/// What a hub is told when a topic changed; some know it by `hub.topic`, others by `hub.url`.
fn news(topic: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic)
        .append_pair("hub.topic", topic)
        .finish()
}

/// A wish that is to be verified, and the place it takes until then.
#[derive(Debug)]
pub struct Intent {
    wish: Wish,
    topic: String,
    _place: tokio::sync::OwnedSemaphorePermit,
}
