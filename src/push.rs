//! Shell: subscriptions at hubs. Asks them, answers their visits, and takes what they push (W3C WebSub).
//!
//! What the words mean is decided in [`crate::websub`], what is remembered stands in the store. A document that is
//! pushed goes the way of a polled body ([`crate::poll::piece`]): this process stays the only one that writes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fetch::{self, Payload};
use crate::hub::{self, Hub};
use crate::model::{Piece, RequestOptions};
use crate::poll::{self, Shell};
use crate::publish::http::{Callback, Reply};
use crate::store::{self, Sources};
use crate::websub::{self, Mode, Outcome, State, Subscription};

/// Hubs asked at once.
const ASKED_AT_ONCE: usize = 8;
/// What is to be done about subscriptions is looked up this often at least.
const LOOK: Duration = Duration::from_secs(60);
/// After the store refused something.
const PAUSE: Duration = Duration::from_secs(30);

/// What subscribing needs.
#[derive(Clone, Debug)]
pub struct Push {
    /// What polls need.
    pub shell: Shell,
    /// The configured sources.
    pub sources: Sources,
    /// `server.public_url`: the base of callbacks.
    pub base: Url,
    /// How requests look for a source that is configured no more.
    pub request: Arc<RequestOptions>,
    /// Told when something shown changed.
    pub changed: Arc<Notify>,
    /// The hub of our own outputs, which is asked below the same path.
    pub hub: Hub,
}

impl Push {
    /// Asks hubs and answers them until `stop`.
    pub async fn serve(self, inbox: &mut mpsc::Receiver<Callback>, stop: CancellationToken) {
        if let Err(error) = self.settle().await {
            tracing::error!(%error, "the subscriptions cannot follow the configuration");
        }
        let mut running = JoinSet::new();
        let mut look_at = Instant::now();
        let mut asking = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(callback) = inbox.recv() => {
                    let push = self.clone();
                    running.spawn(async move {
                        push.answer(callback).await;
                        false
                    });
                }
                Some(done) = running.join_next() => {
                    if done.unwrap_or(true) {
                        asking = false;
                        look_at = Instant::now() + LOOK;
                    }
                }
                () = self.shell.fed.notified() => {}
                () = tokio::time::sleep_until(look_at), if !asking => {
                    let push = self.clone();
                    asking = true;
                    running.spawn(async move {
                        push.ask_due_or_wait().await;
                        true
                    });
                }
            }
            // Never put off: hubs that come all the time do not keep us from asking.
            look_at = look_at.min(Instant::now() + self.until_next());
        }
        // A hub that got no answer comes again; a request to one is sent again after the next start.
        running.abort_all();
        while running.join_next().await.is_some() {}
    }

    /// Brings the subscriptions in line with the configuration.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn settle(&self) -> Result<(), store::Error> {
        let (store, now) = (&self.shell.store, self.shell.clock.now());
        store
            .settle_push(&self.sources, self.base.as_str(), now)
            .await
    }

    fn until_next(&self) -> Duration {
        let next = self.shell.store.next_subscription().ok().flatten();
        next.map_or(LOOK, |next| {
            let wait = next - self.shell.clock.now();
            wait.to_std()
                .unwrap_or_default()
                .clamp(Duration::from_millis(50), LOOK)
        })
    }

    async fn ask_due_or_wait(&self) {
        if self.shell.outage.is_on() {
            tokio::time::sleep(PAUSE).await;
        } else if let Err(error) = self.ask_due().await {
            tracing::error!(%error, "the subscriptions cannot be kept; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does what is due: asks hubs for subscriptions, renews leases, takes leave. Returns how many were asked.
    ///
    /// # Errors
    /// What the store refuses; whatever a hub does is remembered.
    pub async fn ask_due(&self) -> Result<usize, store::Error> {
        let due = self
            .shell
            .store
            .subscriptions_due(self.shell.clock.now(), ASKED_AT_ONCE)?;
        let mut asked = JoinSet::new();
        for subscription in due {
            let push = self.clone();
            asked.spawn(async move { push.ask(subscription.id).await });
        }
        let mut count = 0;
        while let Some(done) = asked.join_next().await {
            count += usize::from(done.unwrap_or(Ok(false))?);
        }
        Ok(count)
    }

    /// Sends one request, if it is still wanted.
    async fn ask(&self, id: i64) -> Result<bool, store::Error> {
        let (store, clock) = (&self.shell.store, &self.shell.clock);
        let Some(subscription) = store
            .asking_hub(id, self.base.as_str(), clock.now())
            .await?
        else {
            return Ok(false);
        };
        let source = self.sources.source(subscription.source);
        let request = source.map_or(&self.request, |source| &source.request);
        let asked = match (
            subscription.callback(&self.base),
            Url::parse(&subscription.hub),
        ) {
            (Some(callback), Ok(hub)) => {
                let form = subscription.request(&callback);
                let fetcher = &self.shell.fetcher;
                fetcher.ask_hub(request, &hub, &form, clock.now()).await
            }
            _ => Err(fetch::Error::Setting {
                key: "public_url".to_owned(),
            }),
        };
        let id_of_source = source.map_or("", |source| source.id.as_str());
        let verb = match subscription.mode() {
            Mode::Subscribe => "subscribe",
            Mode::Unsubscribe => "unsubscribe",
        };
        let now = clock.now();
        match asked {
            Ok(()) => {
                tracing::debug!(source.id = id_of_source, "a hub took a request to {verb}");
                return Ok(true);
            }
            Err(error) => {
                tracing::warn!(source.id = id_of_source, %error, "a hub did not take a request to {verb}");
                let wish = match &error {
                    fetch::Error::HeldOff { until } => (*until - now).to_std().ok(),
                    error => error.retry_after(),
                };
                if error.class() == "too_many_requests" {
                    store.hold_off(self.shell.fetcher.held_off(), now).await?;
                }
                store.hub_failed(id, error.to_string(), wish, now).await?;
            }
        }
        Ok(true)
    }

    /// Answers one request of a hub.
    pub async fn answer(&self, callback: Callback) {
        let (reply, answered) = match callback {
            Callback::Knock { path, reply } if path == hub::PATH => (reply, Ok(Reply::Taken)),
            Callback::Delivery {
                path, body, reply, ..
            } if path == hub::PATH => return self.follower(&body, reply).await,
            Callback::Visit { path, reply, .. } if path == hub::PATH => {
                let why = "This is a WebSub hub: it takes requests by POST (W3C WebSub, 5.1).";
                (reply, Ok(Reply::Refused(why.to_owned())))
            }
            Callback::Knock { path, reply } => (reply, self.knock(&path)),
            Callback::Visit { path, query, reply } => (reply, self.visit(&path, &query).await),
            Callback::Delivery {
                path,
                headers,
                body,
                reply,
                room: _room,
            } => (reply, self.delivery(&path, &headers, body).await),
        };
        let answered = answered.unwrap_or_else(|error| {
            tracing::error!(%error, "a hub cannot be answered");
            Reply::Later
        });
        let _ = reply.send(answered); // The hub has left, or has been answered.
    }

    /// Answers a request to our own hub, then asks back whether it was meant.
    async fn follower(&self, form: &Bytes, reply: oneshot::Sender<Reply>) {
        let (answered, intent) = self.hub.asked(form).unwrap_or_else(|error| {
            tracing::error!(%error, "a subscriber cannot be answered");
            (Reply::Later, None)
        });
        let _ = reply.send(answered); // It has left: the question whether it meant it will find nobody.
        if let Some(intent) = intent {
            self.hub.verify(intent).await;
        }
    }

    /// The subscription of a path, if its token is right.
    fn subscription(&self, path: &str) -> Result<Option<Subscription>, store::Error> {
        let Some((id, token)) = websub::place(path) else {
            return Ok(None);
        };
        let found = self.shell.store.subscription(id)?;
        Ok(found.filter(|found| found.is_token(token)))
    }

    fn knock(&self, path: &str) -> Result<Reply, store::Error> {
        Ok(match self.subscription(path)?.map(|found| found.state) {
            None => Reply::Unknown,
            Some(State::Denied | State::Leaving) => Reply::Over,
            Some(State::Wanted | State::Asked | State::Live) => Reply::Taken,
        })
    }

    async fn visit(&self, path: &str, query: &str) -> Result<Reply, store::Error> {
        let (store, now) = (&self.shell.store, self.shell.clock.now());
        let Some(subscription) = self.subscription(path)? else {
            return Ok(Reply::Unknown);
        };
        let outcome = websub::visit(query).map(|visit| subscription.visited(&visit));
        let source = self.sources.source(subscription.source);
        let source = source.map_or("", |source| source.id.as_str());
        Ok(match outcome {
            None | Some(Outcome::Unknown) => Reply::Unknown,
            Some(Outcome::Verified { challenge, lease }) => {
                store.verified(subscription.id, lease, now).await?;
                tracing::info!(
                    source.id = source,
                    lease_seconds = lease.as_secs(),
                    "a hub pushes from now on"
                );
                Reply::Echo(challenge)
            }
            Some(Outcome::Left { challenge }) => {
                store.left(subscription.id).await?;
                Reply::Echo(challenge)
            }
            Some(Outcome::Denied { reason }) => {
                store.denied(subscription.id, reason, now).await?;
                tracing::warn!(source.id = source, "a hub refused to push; polled as ever");
                Reply::Echo(String::new())
            }
        })
    }

    async fn delivery(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Reply, store::Error> {
        let Some(subscription) = self.subscription(path)? else {
            return Ok(Reply::Unknown);
        };
        let signature = headers.get("x-hub-signature").map(|field| field.as_bytes());
        let ignored = match websub::check(signature, &subscription.secret, &body) {
            Err(unsigned) => unsigned.to_string(),
            Ok(()) => match self.take(&subscription, headers, body).await? {
                Ok(()) => return Ok(Reply::Taken),
                Err(why) => why,
            },
        };
        let source = self.sources.source(subscription.source);
        let source = source.map_or("", |source| source.id.as_str());
        tracing::warn!(
            source.id = source,
            "a pushed document is ignored: {ignored}"
        );
        self.shell.store.ignored(subscription.id, ignored).await?;
        Ok(Reply::Taken)
    }

    /// Stores a document that the hub signed. The inner error says why it is none.
    async fn take(
        &self,
        subscription: &Subscription,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Result<(), String>, store::Error> {
        let Some(due) = self
            .shell
            .store
            .glance(&self.sources, subscription.source)?
        else {
            return Ok(Err("its source is not configured any more".to_owned()));
        };
        // The same base as of polls: references lead to the same places, and entries are known again.
        let base = due
            .validators
            .url
            .as_deref()
            .and_then(|url| Url::parse(url).ok());
        let base = base.unwrap_or_else(|| due.address.clone());
        let payload = match Payload::pushed(headers, body, base) {
            Ok(payload) => payload,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let piece = Piece::Pushed {
            subscription: subscription.id,
        };
        let taken = poll::piece(&self.shell, due, payload, piece).await?;
        Ok(taken.map(|report| {
            if report.changed {
                self.changed.notify_one();
            }
        }))
    }
}
