//! WebSub: a hub and a feed on loopback, our callback on a real socket, the clock in the test's hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use feedmill::config::{self, Listen};
use feedmill::hub::Hub;
use feedmill::model::{Cadence, Rule, Source};
use feedmill::publish::{Site, http};
use feedmill::push::Push;
use feedmill::store::{PushState, Scope};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Response};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fetching;
use crate::mill::{Mill, source};
use crate::origin::{Origin, PATIENCE, Reply, Request};
use crate::walk::{daemon, free_address, output};

/// Ten days: what we ask for.
const LEASE: i64 = 864_000;

/// A mill whose callbacks are served.
struct Pushed {
    origin: Origin,
    mill: Mill,
    push: Push,
    /// Where the callbacks are.
    at: SocketAddr,
    /// Stops serving when dropped.
    _serving: DropGuard,
}

fn wanted(origin: &Origin) -> Source {
    let source = source("feed", origin.url("/feed"));
    Source {
        websub: true,
        cadence: Cadence {
            rule: Rule::Every(std::time::Duration::from_secs(3_600)),
            ..source.cadence
        },
        ..source
    }
}

/// A feed that names hub and topic, with an item for each id.
fn feed(origin: &Origin, hub: &str, ids: &[&str]) -> String {
    let head = format!(
        "<link rel=\"hub\" href=\"{hub}\"/><link rel=\"self\" href=\"{}\"/>",
        origin.url("/feed?topic")
    );
    let entries: String = ids
        .iter()
        .map(|id| {
            format!(
                "<entry><id>tag:mill.example,2026:{id}</id><title>About {id}</title><updated>2026-01-01T00:00:00Z</updated></entry>"
            )
        })
        .collect();
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>tag:mill.example,2026:feed</id><title>Mill</title>\
         <updated>2026-01-01T00:00:00Z</updated>{head}{entries}</feed>"
    )
}

fn tagged(body: &str, ids: &[&str]) -> Reply {
    let tag = format!("\"{}\"", ids.join("-"));
    Reply::ok(body).header("ETag", tag).revalidates()
}

impl Pushed {
    /// A source that was polled once, with a hub that takes every request.
    async fn new() -> Self {
        let origin = Origin::start().await;
        origin.script("/hub", Reply::status(202));
        let source = wanted(&origin);
        let pushed = Self::with(origin, source, fetching::settings()).await;
        pushed.publish(&["a"]);
        assert_eq!(pushed.mill.outcome("feed").await, "ok");
        pushed
    }

    async fn with(origin: Origin, source: Source, settings: config::Fetch) -> Self {
        let mill = Mill::with(vec![source], settings).await;
        Self::serve(origin, mill).await
    }

    async fn serve(origin: Origin, mill: Mill) -> Self {
        Self::serve_at(origin, mill, None).await
    }

    /// With another `public_url` than where it is served.
    async fn serve_at(origin: Origin, mill: Mill, base: Option<url::Url>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let any = Listen::Tcp("127.0.0.1:0".to_owned());
        let listener = http::Listener::bind(&any).await.expect("bound");
        let http::Listener::Tcp(tcp) = &listener else {
            panic!("no TCP")
        };
        let at = tcp.local_addr().expect("bound");
        let (callbacks, mut inbox) = http::Callbacks::new(100_000);
        let served = http::Served {
            site: watch::channel(Arc::new(Site::new())).1,
            ready: watch::channel(true).1,
            lazy: watch::channel(None).1,
            meters: Default::default(),
            base: "/mill/".to_owned(),
            callbacks: Some(callbacks),
        };
        let stop = CancellationToken::new();
        let router = http::router(served);
        tokio::spawn(http::serve(
            listener,
            router,
            http::CONNECTIONS,
            stop.clone(),
        ));
        let config = config::parse("", "feedmill.toml".as_ref()).expect("defaults");
        let push = Push {
            shell: mill.shell.clone(),
            sources: mill.sources.clone(),
            base: base.unwrap_or_else(|| format!("http://{at}/mill/").parse().expect("a URL")),
            request: fetching::source(origin.url("/")).request,
            changed: Arc::default(),
            hub: Hub::new(
                &config,
                mill.shell.clone(),
                watch::channel(Arc::default()).1,
            ),
        };
        let answering = push.clone();
        tokio::spawn(async move {
            while let Some(callback) = inbox.recv().await {
                answering.answer(callback).await;
            }
        });
        push.settle().await.expect("settled");
        Self {
            origin,
            mill,
            push,
            at,
            _serving: stop.drop_guard(),
        }
    }

    /// What is left when the process ends.
    fn ended(self) -> (Origin, Mill) {
        (self.origin, self.mill)
    }

    /// What the feed is from now on.
    fn publish(&self, ids: &[&str]) {
        let body = feed(&self.origin, self.origin.url("/hub").as_str(), ids);
        self.origin.script("/feed", tagged(&body, ids));
    }

    /// Requests that the hub got so far.
    fn asked(&self) -> Vec<Request> {
        let requests = self.origin.requests().into_iter();
        requests
            .filter(|request| request.method == "POST")
            .collect()
    }

    /// Asks the hub if it is time, and returns what that got.
    async fn ask(&self) -> Option<Vec<(String, String)>> {
        let before = self.asked().len();
        self.push.ask_due().await.expect("asked");
        let asked = self.asked().get(before)?.body.clone();
        Some(url::form_urlencoded::parse(&asked).into_owned().collect())
    }

    /// Visits the callback as the hub does.
    async fn visit(&self, form: &[(String, String)], change: &[(&str, &str)]) -> Response {
        let challenge = ("hub.challenge", "ch4llenge &=+");
        let mut query = vec![
            ("hub.mode", value(form, "hub.mode")),
            ("hub.topic", value(form, "hub.topic")),
            challenge,
            ("hub.lease_seconds", "864000"),
        ];
        for (key, value) in change {
            query.retain(|(known, _)| known != key);
            query.push((key, value));
        }
        let mut url: url::Url = value(form, "hub.callback").parse().expect("a URL");
        url.query_pairs_mut().extend_pairs(query);
        Client::new().get(url).send().await.expect("answered")
    }

    /// Subscribed, with the form that did it.
    async fn live() -> (Self, Vec<(String, String)>) {
        let pushed = Self::new().await;
        let form = pushed.ask().await.expect("asked");
        let answer = pushed.visit(&form, &[]).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.expect("a body"), "ch4llenge &=+");
        assert_eq!(pushed.state().state, "live");
        (pushed, form)
    }

    /// Pushes a document; `None` signs it rightly.
    async fn deliver(
        &self,
        form: &[(String, String)],
        ids: &[&str],
        signature: Option<&str>,
    ) -> u16 {
        let body = feed(&self.origin, self.origin.url("/hub").as_str(), ids);
        let secret = value(form, "hub.secret");
        let signature = signature.map_or_else(|| signed(secret, &body), str::to_owned);
        let post = Client::new()
            .post(value(form, "hub.callback"))
            .header("Content-Type", "application/atom+xml")
            .header("X-Hub-Signature", signature)
            .body(body);
        post.send().await.expect("answered").status().as_u16()
    }

    /// The same form, its callback where it is served now.
    fn moved(&self, form: &[(String, String)]) -> Vec<(String, String)> {
        let callback: url::Url = value(form, "hub.callback").parse().expect("a URL");
        let moved = format!("http://{}{}", self.at, callback.path());
        let pairs = form.iter().cloned();
        pairs
            .map(|(key, value)| match key.as_str() {
                "hub.callback" => (key, moved.clone()),
                _ => (key, value),
            })
            .collect()
    }

    fn state(&self) -> PushState {
        self.mill.health("feed").push.expect("a subscription")
    }

    fn entries(&self) -> u64 {
        self.mill.health("feed").entries
    }

    /// Hours until the next poll, rounded down.
    fn due_in_hours(&self) -> i64 {
        self.mill.due_in("feed").expect("due").num_hours()
    }
}

fn value<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

fn signed(secret: &str, body: &str) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    let digest = mac.chain_update(body.as_bytes()).finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[tokio::test]
async fn a_hub_is_asked_in_the_words_of_the_recommendation() {
    let pushed = Pushed::new().await;
    assert_eq!(pushed.origin.targets(), ["/feed"], "not within the poll");
    let form = pushed.ask().await.expect("asked");
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "hub.callback",
            "hub.topic",
            "hub.mode",
            "hub.secret",
            "hub.lease_seconds"
        ]
    );
    assert_eq!(
        value(&form, "hub.topic"),
        pushed.origin.url("/feed?topic").as_str()
    );
    assert_eq!(value(&form, "hub.mode"), "subscribe");
    assert_eq!(value(&form, "hub.lease_seconds"), LEASE.to_string());
    let base = format!("http://{}/mill/websub/1/", pushed.at);
    let token = value(&form, "hub.callback")
        .strip_prefix(&base)
        .expect("ours");
    assert!(token.len() == 64 && value(&form, "hub.secret").len() == 64);
    let request = pushed.asked().remove(0);
    let mut fields: Vec<(&str, String)> = request
        .headers
        .iter()
        .filter(|(name, _)| name != "content-length" && name != "host")
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    fields.sort();
    let expected = [
        ("accept", "*/*"),
        ("connection", "close"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", "Feedmill/test (+https://example.org/)"),
    ];
    assert_eq!(
        fields,
        expected.map(|(name, value)| (name, value.to_owned()))
    );
    assert_eq!(pushed.ask().await, None, "asked once");
}

#[tokio::test]
async fn only_an_intent_of_ours_is_verified() {
    let pushed = Pushed::new().await;
    let form = pushed.ask().await.expect("asked");
    let status =
        async |change: &[(&str, &str)]| pushed.visit(&form, change).await.status().as_u16();
    assert_eq!(
        status(&[("hub.topic", "http://example.org/other")]).await,
        404
    );
    assert_eq!(status(&[("hub.mode", "unsubscribe")]).await, 404);
    assert_eq!(status(&[("hub.mode", "publish")]).await, 404);
    assert_eq!(status(&[("hub.challenge", "")]).await, 404);
    let callback = value(&form, "hub.callback");
    for wrong in [
        callback.replace("/websub/1/", "/websub/2/"),
        callback[..callback.len() - 1].to_owned(),
        format!("{callback}0"),
        format!("{callback}/"),
    ] {
        let form: Vec<_> = form
            .iter()
            .map(|(key, value)| match key.as_str() {
                "hub.callback" => (key.clone(), wrong.clone()),
                _ => (key.clone(), value.clone()),
            })
            .collect();
        assert_eq!(pushed.visit(&form, &[]).await.status(), 404, "{wrong}");
        assert_eq!(pushed.deliver(&form, &["x"], None).await, 404, "{wrong}");
    }
    assert_eq!(pushed.state().state, "asked");
    assert_eq!(status(&[]).await, 200);
    assert_eq!(
        pushed.state().until,
        Some(pushed.mill.now() + TimeDelta::seconds(LEASE))
    );
}

#[tokio::test]
async fn a_push_is_stored_like_a_poll_and_concludes_nothing() {
    let (pushed, form) = Pushed::live().await;
    assert_eq!(pushed.deliver(&form, &["b"], None).await, 202);
    assert_eq!(pushed.entries(), 2);
    let left = "SELECT count(*) FROM entries WHERE last_seen_at_ms IS NOT NULL";
    assert_eq!(
        pushed.mill.count(left),
        0,
        "what was not pushed is not missing"
    );
    assert_eq!(pushed.deliver(&form, &["b"], None).await, 202);
    assert_eq!((pushed.entries(), pushed.state().delivered), (2, 2));
    // Validators are those of the poll.
    pushed.mill.later(TimeDelta::hours(2));
    assert_eq!(pushed.mill.outcome("feed").await, "not_modified");
    // A poll after it finds nothing new.
    pushed.publish(&["b", "a"]);
    pushed.mill.later(TimeDelta::hours(2));
    let report = pushed.mill.poll("feed").await.expect("polled");
    assert_eq!((report.outcome, report.new, report.revised), ("ok", 0, 0));
    assert_eq!(pushed.state().missed, None);
    assert_eq!(
        pushed.mill.count("SELECT count(*) FROM polls"),
        3,
        "pushes are no polls"
    );
}

#[tokio::test]
async fn what_is_not_signed_by_the_hub_is_taken_and_ignored() {
    let (pushed, form) = Pushed::live().await;
    let secret = value(&form, "hub.secret");
    let other = signed(secret, "another body");
    for (ignored, signature) in ["", "sha256=00", "md5=00", &other, &signed("guess", "x")]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            pushed.deliver(&form, &["b"], Some(signature)).await,
            202,
            "{signature}"
        );
        assert_eq!(
            (pushed.entries(), pushed.state().ignored),
            (1, ignored as u64 + 1)
        );
    }
    let why = pushed.state().ignored_why.expect("a reason");
    assert_eq!(why, "its signature is wrong");
    assert_eq!(pushed.deliver(&form, &["b"], None).await, 202);
    assert_eq!(pushed.entries(), 2);
}

#[tokio::test]
async fn documents_are_bounded_and_what_is_no_feed_is_ignored() {
    let (pushed, form) = Pushed::live().await;
    let post = async |body: String| {
        let signature = signed(value(&form, "hub.secret"), &body);
        let post = Client::new()
            .post(value(&form, "hub.callback"))
            .header("X-Hub-Signature", signature)
            .body(body);
        post.send().await.expect("answered").status().as_u16()
    };
    assert_eq!(post("x".repeat(100_001)).await, 413);
    assert_eq!(pushed.state().ignored, 0);
    assert_eq!(post("no feed at all".to_owned()).await, 202);
    assert_eq!(pushed.state().ignored, 1);
    assert_eq!(pushed.entries(), 1);
}

#[tokio::test]
async fn polls_are_seldom_while_a_hub_pushes_and_as_ever_when_it_does_not() {
    let (pushed, form) = Pushed::live().await;
    assert_eq!(
        pushed.due_in_hours(),
        1,
        "what was due before the subscription stays due"
    );
    pushed.mill.later(TimeDelta::hours(1));
    assert_eq!(pushed.mill.outcome("feed").await, "not_modified");
    assert_eq!(pushed.due_in_hours(), 24);
    assert!(
        pushed
            .mill
            .health("feed")
            .next_poll_why
            .contains("a hub pushes")
    );
    // A poll finds what was not pushed.
    pushed.mill.later(TimeDelta::hours(24));
    pushed.publish(&["b", "a"]);
    assert_eq!(pushed.mill.poll("feed").await.expect("polled").new, 1);
    assert_eq!(pushed.state().missed, Some(pushed.mill.now()));
    assert_eq!(pushed.due_in_hours(), 1);
    // The hub comes back to life.
    assert_eq!(pushed.deliver(&form, &["c"], None).await, 202);
    assert_eq!(pushed.state().missed, None);
    pushed.mill.later(TimeDelta::hours(2));
    pushed.mill.outcome("feed").await;
    assert_eq!(pushed.due_in_hours(), 24);
}

#[tokio::test]
async fn what_is_older_than_the_subscription_was_not_missed() {
    let (pushed, _) = Pushed::live().await;
    pushed.publish(&["b", "a"]);
    pushed.mill.later(TimeDelta::hours(2));
    assert_eq!(pushed.mill.poll("feed").await.expect("polled").new, 1);
    assert_eq!(pushed.state().missed, None, "it may be of before");
}

#[tokio::test]
async fn a_lease_is_renewed_before_it_ends() {
    let (pushed, first) = Pushed::live().await;
    pushed.mill.later(TimeDelta::seconds(LEASE * 69 / 100));
    assert_eq!(pushed.ask().await, None);
    pushed.mill.later(TimeDelta::seconds(LEASE * 12 / 100));
    let again = pushed.ask().await.expect("asked in time");
    assert_eq!(again, first, "the same callback, topic and secret");
    assert_eq!(pushed.state().state, "live");
    assert_eq!(pushed.visit(&again, &[]).await.status(), 200);
    assert_eq!(
        pushed.state().until,
        Some(pushed.mill.now() + TimeDelta::seconds(LEASE))
    );
    assert_eq!(pushed.deliver(&again, &["b"], None).await, 202);
    assert_eq!(pushed.entries(), 2);
}

#[tokio::test]
async fn a_lease_that_runs_out_ends_the_push_and_polls_are_as_ever() {
    let (pushed, form) = Pushed::live().await;
    pushed
        .mill
        .later(TimeDelta::seconds(LEASE) - TimeDelta::hours(3));
    pushed.mill.outcome("feed").await;
    assert_eq!(
        pushed.due_in_hours(),
        3,
        "no later than the end of the lease"
    );
    // Nobody verifies the renewal.
    pushed.ask().await.expect("asked");
    pushed.mill.later(TimeDelta::minutes(16));
    assert_eq!(pushed.ask().await, None);
    assert_eq!(pushed.state().failures, 1);
    assert!(
        pushed.due_in_hours() < 1,
        "a renewal that failed is a doubt"
    );
    pushed.mill.later(TimeDelta::hours(4));
    assert_eq!(pushed.mill.outcome("feed").await, "not_modified");
    assert_eq!(pushed.due_in_hours(), 1);
    pushed.ask().await.expect("asked again");
    assert_eq!(pushed.state().state, "asked");
    // The hub is back, and so is the push.
    assert_eq!(pushed.visit(&form, &[]).await.status(), 200);
    pushed.mill.later(TimeDelta::hours(1));
    pushed.mill.outcome("feed").await;
    assert_eq!((pushed.state().failures, pushed.due_in_hours()), (0, 24));
}

#[tokio::test]
async fn a_hub_that_is_down_is_asked_ever_more_seldom_and_polls_are_as_ever() {
    let pushed = Pushed::new().await;
    pushed.origin.script("/hub", Reply::status(500));
    for (failures, minutes) in [(1, 15), (2, 30), (3, 60)] {
        pushed.ask().await.expect("asked");
        let state = pushed.state();
        assert_eq!((state.state, state.failures), ("wanted", failures));
        assert!(state.error.expect("an error").contains("status 500"));
        assert_eq!(
            state.next_request,
            Some(pushed.mill.now() + TimeDelta::minutes(minutes))
        );
        pushed.mill.later(TimeDelta::minutes(minutes - 1));
        assert_eq!(pushed.ask().await, None);
        pushed.mill.later(TimeDelta::minutes(1));
    }
    pushed.mill.outcome("feed").await;
    assert_eq!(pushed.due_in_hours(), 1);
    // As long as it wishes, and nothing else of its host is asked either.
    let busy = Reply::status(429).header("Retry-After", "86400");
    pushed.origin.script("/hub", busy);
    pushed.ask().await.expect("asked");
    assert_eq!(
        pushed.state().next_request,
        Some(pushed.mill.now() + TimeDelta::days(1))
    );
    assert_eq!(pushed.mill.outcome("feed").await, "held_off");
}

#[tokio::test]
async fn after_three_failures_another_hub_of_the_feed_is_tried() {
    let pushed = Pushed::new().await;
    let body = feed(&pushed.origin, pushed.origin.url("/hub").as_str(), &["a"]);
    let second = format!(
        "<link rel=\"hub\" href=\"{}\"/><entry>",
        pushed.origin.url("/second")
    );
    pushed
        .origin
        .script("/feed", Reply::ok(body.replacen("<entry>", &second, 1)));
    pushed.origin.script("/hub", Reply::status(500));
    pushed.origin.script("/second", Reply::status(202));
    pushed.mill.later(TimeDelta::hours(2));
    pushed.mill.outcome("feed").await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        let form = pushed.ask().await.expect("asked");
        asked.push(pushed.asked().last().expect("a request").target.clone());
        if asked.len() == 4 {
            assert_eq!(pushed.visit(&form, &[]).await.status(), 200);
        }
        pushed.mill.later(TimeDelta::hours(1));
    }
    assert_eq!(asked, ["/hub", "/hub", "/hub", "/second"]);
    assert_eq!((pushed.state().state, pushed.state().failures), ("live", 0));
    // It stays there, though the feed names the other first.
    pushed.mill.later(TimeDelta::hours(1));
    pushed.mill.outcome("feed").await;
    assert_eq!(pushed.ask().await, None);
}

#[tokio::test]
async fn a_hub_that_says_no_is_not_asked_again() {
    let pushed = Pushed::new().await;
    let form = pushed.ask().await.expect("asked");
    let no = [("hub.mode", "denied"), ("hub.reason", "no such\ntopic")];
    assert_eq!(pushed.visit(&form, &no).await.status(), 200);
    let state = pushed.state();
    assert_eq!(
        (state.state, state.error.as_deref()),
        ("denied", Some("no such topic"))
    );
    assert!(
        state
            .words(pushed.mill.now())
            .starts_with("denied: no such topic")
    );
    pushed.mill.later(TimeDelta::days(30));
    pushed.mill.outcome("feed").await;
    assert_eq!(pushed.ask().await, None);
    assert_eq!(pushed.deliver(&form, &["b"], None).await, 410);
    assert_eq!(pushed.entries(), 1);
    // A live one can be ended too.
    let (live, form) = Pushed::live().await;
    live.mill.later(TimeDelta::hours(2));
    live.mill.outcome("feed").await;
    assert_eq!(live.due_in_hours(), 24);
    assert_eq!(live.visit(&form, &no).await.status(), 200);
    assert_eq!(live.due_in_hours(), 0);
}

#[tokio::test]
async fn another_hub_or_topic_is_another_subscription() {
    let (pushed, form) = Pushed::live().await;
    let other = pushed.origin.url("/other");
    pushed.origin.script("/other", Reply::status(202));
    let body = feed(&pushed.origin, other.as_str(), &["a"]);
    pushed.origin.script("/feed", Reply::ok(body));
    pushed.mill.later(TimeDelta::hours(2));
    pushed.mill.outcome("feed").await;
    pushed.push.ask_due().await.expect("asked");
    let mut asked: Vec<(String, String)> = pushed.asked()[1..]
        .iter()
        .map(|request| {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
                .into_owned()
                .collect();
            (request.target.clone(), value(&form, "hub.mode").to_owned())
        })
        .collect();
    asked.sort();
    let expected = [("/hub", "unsubscribe"), ("/other", "subscribe")];
    assert_eq!(
        asked,
        expected.map(|(target, mode)| (target.to_owned(), mode.to_owned()))
    );
    let gone = [("hub.mode", "unsubscribe")];
    assert_eq!(pushed.visit(&form, &gone).await.status(), 200);
    assert_eq!(pushed.visit(&form, &gone).await.status(), 404, "forgotten");
    assert_eq!(pushed.mill.count("SELECT count(*) FROM push"), 1);
}

#[tokio::test]
async fn a_source_that_wants_no_push_any_more_leaves_its_hub() {
    let (pushed, form) = Pushed::live().await;
    let Pushed { origin, mill, .. } = &pushed;
    let same = wanted(origin);
    let off = Source {
        websub: false,
        ..same
    };
    let off = mill
        .shell
        .store
        .reconcile(vec![Arc::new(off)], mill.now())
        .await
        .expect("reconciled");
    let mut push = pushed.push.clone();
    push.sources = off;
    push.settle().await.expect("settled");
    assert_eq!(pushed.deliver(&form, &["b"], None).await, 410);
    assert_eq!(pushed.visit(&form, &[]).await.status(), 404);
    let leave = pushed.ask().await.expect("asked");
    assert_eq!(value(&leave, "hub.mode"), "unsubscribe");
    assert_eq!(value(&leave, "hub.callback"), value(&form, "hub.callback"));
    // A hub that does not answer is told three times, and then forgotten.
    for _ in 0..10 {
        mill.later(TimeDelta::hours(1));
        pushed.push.ask_due().await.expect("asked");
    }
    assert_eq!(mill.count("SELECT count(*) FROM push"), 0);
    assert_eq!(pushed.asked().len(), 1 + 3);
}

#[tokio::test]
async fn a_source_that_is_removed_leaves_its_hub() {
    let (pushed, form) = Pushed::live().await;
    let mill = &pushed.mill;
    let none = mill
        .shell
        .store
        .reconcile(Vec::new(), mill.now())
        .await
        .expect("reconciled");
    let mut push = pushed.push.clone();
    push.sources = none;
    push.settle().await.expect("settled");
    assert_eq!(push.ask_due().await.expect("asked"), 1);
    let leave = pushed.asked().remove(1);
    assert!(String::from_utf8_lossy(&leave.body).contains("hub.mode=unsubscribe"));
    assert_eq!(
        pushed
            .visit(&form, &[("hub.mode", "unsubscribe")])
            .await
            .status(),
        200
    );
    assert_eq!(mill.count("SELECT count(*) FROM push"), 0);
}

#[tokio::test]
async fn a_subscription_outlives_the_process() {
    let (pushed, form) = Pushed::live().await;
    let (until, base) = (pushed.state().until, pushed.push.base.clone());
    let (origin, mill) = pushed.ended();
    let mill = mill.restarted(vec![wanted(&origin)]).await;
    let mut again = Pushed::serve_at(origin, mill, Some(base)).await;
    assert_eq!((again.state().state, again.state().until), ("live", until));
    assert_eq!(again.deliver(&again.moved(&form), &["b"], None).await, 202);
    assert_eq!(again.entries(), 2);
    // With another `public_url` the hub must learn where we are.
    again.push.base = format!("http://{}/mill/", again.at).parse().expect("a URL");
    again.push.settle().await.expect("settled");
    assert_eq!(again.state().state, "wanted");
    let told = again.ask().await.expect("asked");
    assert_eq!(
        value(&told, "hub.callback"),
        value(&again.moved(&form), "hub.callback")
    );
    assert_eq!(again.visit(&told, &[]).await.status(), 200);
}

#[tokio::test]
async fn a_hub_on_a_private_address_is_refused_unless_it_is_allowed() {
    for (networks, refused) in [("127.0.0.1/32", true), ("127.0.0.0/8", false)] {
        for by_redirect in [false, true] {
            let origin = Origin::start().await;
            let mut source = wanted(&origin);
            Arc::make_mut(&mut source.request).allow_private =
                vec![networks.parse().expect("a net")];
            let pushed = Pushed::with(origin, source, fetching::settings()).await;
            // A port on which nobody listens.
            let private = "http://127.0.0.2:9/hub";
            let hub = match by_redirect {
                true => pushed.origin.url("/hub").to_string(),
                false => private.to_owned(),
            };
            pushed.origin.script("/hub", Reply::redirect(307, private));
            pushed
                .origin
                .script("/feed", Reply::ok(feed(&pushed.origin, &hub, &["a"])));
            pushed.mill.outcome("feed").await;
            pushed.push.ask_due().await.expect("asked");
            let error = pushed.state().error.expect("an error");
            assert_eq!(
                error.contains("127.0.0.2 is not public"),
                refused,
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn links_in_the_head_go_before_those_in_the_feed() {
    let pushed = Pushed::new().await;
    pushed.origin.script("/better", Reply::status(202));
    let body = feed(&pushed.origin, pushed.origin.url("/hub").as_str(), &["a"]);
    let links = "</better>; rel=\"hub\", </topic>; rel=self";
    pushed
        .origin
        .script("/feed", Reply::ok(body + "\n").header("Link", links));
    pushed.mill.later(TimeDelta::hours(2));
    pushed.mill.outcome("feed").await;
    let form = pushed.ask().await.expect("asked");
    assert_eq!(pushed.asked()[0].target, "/better");
    assert_eq!(
        value(&form, "hub.topic"),
        pushed.origin.url("/topic").as_str()
    );
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let (pushed, form) = Pushed::live().await;
    pushed.deliver(&form, &["b"], Some("sha256=00")).await;
    let explained = pushed
        .mill
        .shell
        .store
        .explain(&pushed.mill.sources, "feed", 10);
    let shown = serde_json::to_string(&explained.expect("read")).expect("JSON");
    let words = pushed.state().words(pushed.mill.now());
    let token = value(&form, "hub.callback")
        .rsplit('/')
        .next()
        .expect("a token");
    for secret in [token, value(&form, "hub.secret")] {
        assert!(
            !shown.contains(secret) && !words.contains(secret),
            "{shown}\n{words}"
        );
    }
    assert!(
        words.starts_with("subscribed until 2026-03-14 05:06:07Z"),
        "{words}"
    );
}

#[tokio::test]
async fn a_source_that_was_polled_before_it_wanted_push_is_subscribed_at_the_next_start() {
    let origin = Origin::start().await;
    let hub = origin.url("/hub");
    let quiet = Source {
        websub: false,
        ..wanted(&origin)
    };
    origin.script(
        "/feed",
        tagged(&feed(&origin, hub.as_str(), &["a"]), &["a"]),
    );
    origin.script("/hub", Reply::status(202));
    let mill = Mill::new(vec![quiet]).await;
    mill.pass(&Scope::All).await;
    assert_eq!(mill.health("feed").push, None);
    let mill = mill.restarted(vec![wanted(&origin)]).await;
    let pushed = Pushed::serve(origin, mill).await;
    assert!(pushed.ask().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_subscribes_takes_what_is_pushed_and_reads_archives() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let body = feed(&origin, origin.url("/hub").as_str(), &["a"]);
    let link = "<link rel=\"prev-archive\" href=\"/old\"/><entry>";
    let first = body.replacen("<entry>", link, 1);
    origin.script("/feed", tagged(&first, &["a"]));
    let old = feed(&origin, origin.url("/hub").as_str(), &["z"]);
    origin.script("/old", Reply::ok(old));
    origin.script("/hub", Reply::status(202));
    let text = format!(
        "[server]\nlisten = \"{address}\"\npublic_url = \"http://{address}/\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n\
         [[source]]\nid = \"feed\"\nurl = \"{}\"\nwebsub = true\nhistory = true\n",
        origin.url("/feed")
    );
    std::fs::write(folder.path().join("feedmill.toml"), text).expect("written");
    let _daemon = daemon(folder.path());
    origin.has_been_asked(3).await;
    let asked = origin
        .requests()
        .into_iter()
        .find(|request| request.method == "POST")
        .expect("a request to the hub");
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked.body)
        .into_owned()
        .collect();
    let mut visit: url::Url = value(&form, "hub.callback").parse().expect("a URL");
    visit.query_pairs_mut().extend_pairs([
        ("hub.mode", "subscribe"),
        ("hub.topic", value(&form, "hub.topic")),
        ("hub.challenge", "c"),
        ("hub.lease_seconds", "864000"),
    ]);
    let answer = Client::new().get(visit).send().await.expect("answered");
    assert_eq!(answer.text().await.expect("a body"), "c");
    let news = feed(&origin, origin.url("/hub").as_str(), &["b"]);
    let post = Client::new()
        .post(value(&form, "hub.callback"))
        .header("X-Hub-Signature", signed(value(&form, "hub.secret"), &news))
        .body(news);
    assert_eq!(post.send().await.expect("answered").status(), 202);
    // The archive was asked for; it is stored soon.
    let started = Instant::now();
    loop {
        let exported = output(folder.path(), &["export", "--format", "jsonl"]).await;
        if String::from_utf8_lossy(&exported.stdout).lines().count() == 3 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "an archive or a push is lost");
    }
    let explained = output(folder.path(), &["explain", "feed"]).await;
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(
        explained.contains("push        subscribed until"),
        "{explained}"
    );
    assert!(explained.contains("; 1 pushed, last"), "{explained}");
    let listed = output(folder.path(), &["sources"]).await;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("    push: subscribed until"), "{listed}");
    assert!(
        listed.contains("    history: over, 1 entries of 1 archives"),
        "{listed}"
    );
}
