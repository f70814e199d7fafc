//! Shell: one source, once, through every stage.
//!
//! Fetching is async; parsing, cleaning, hashing and compressing run on a few threads of their own with a large
//! stack ([`Observers`]), so that the network never waits for a parser; the store's writer decides about duplicates.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, mpsc, oneshot};
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use crate::clock::Clock;
use crate::fetch::{self, Answer, Fetcher, Payload};
use crate::filter::Subject;
use crate::meters::Meters;
use crate::model::{
    Candidate, ContentScope, Due, Entry, FeedDocument, FeedInfo, FullText, Item, Observation,
    Observed, PIPELINE_VERSION, PageWish, Piece, Report, Source, Validators,
};
use crate::normalize::{self, Normalized};
use crate::parse::{self, ParsedFeed};
use crate::sketch::{Blocks, Learned, Sketch, Title};
use crate::store::{self, Store, compress};
use crate::text::word_count;

pub use outage::{Network, Outage, Try};

mod outage;

/// feed-rs recurses with the depth of a document, which is capped; this is ample for it.
const STACK_BYTES: usize = 16 << 20;
/// Documents that may wait for a thread.
const WAITING_DOCUMENTS: usize = 8;

/// What every poll needs.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The network.
    pub fetcher: Arc<Fetcher>,
    /// The parsing threads.
    pub observers: Observers,
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// What was seen of our own network.
    pub outage: Arc<Outage>,
    /// Told when a poll stored a document: a hub or an archive may have been found.
    pub fed: Arc<Notify>,
    /// What is counted.
    pub meters: Meters,
}

/// Polls one source once: I/O, pure, I/O. `last_of_host` closes the connection afterwards.
///
/// # Errors
/// Only what the store refuses; whatever the origin does is part of the [`Report`].
pub async fn poll(shell: &Shell, due: Due, last_of_host: bool) -> Result<Report, store::Error> {
    let started = Instant::now();
    let before = shell.clock.now();
    let answer = shell
        .fetcher
        .fetch(
            &due.source,
            &due.address,
            &due.validators,
            last_of_host,
            before,
        )
        .await;
    let at = shell.clock.now();
    let network = network(shell, &due, &answer, at).await?;
    let (key, source, took) = (due.key, Arc::clone(&due.source), started.elapsed());
    let redirects: &[fetch::Hop] = match &answer {
        Ok(Answer::Modified(payload)) => &payload.redirects,
        Ok(Answer::NotModified(news)) => &news.redirects,
        _ => &[],
    };
    let moved_to = fetch::moved_to(redirects).cloned();
    let body_bytes = match &answer {
        Ok(Answer::Modified(payload)) => Some(payload.encoded.len() as u64),
        _ => None,
    };
    let outcome = match answer {
        Ok(Answer::Modified(payload)) => shell.observers.observe(due, payload, at).await,
        Ok(Answer::NotModified(news)) => Observation::NotModified {
            validators: news.validators,
            signals: news.signals,
        },
        Ok(Answer::Gone) => Observation::Gone,
        Err(fetch::Error::HeldOff { until }) => Observation::HeldOff { until },
        Err(error) if matches!(network, Network::Lost(_) | Network::Down) => Observation::Offline {
            cause: error.to_string(),
        },
        Err(error) => failed(&error),
    };
    if matches!(
        outcome,
        Observation::Failed {
            class: "too_many_requests",
            ..
        }
    ) {
        shell.store.hold_off(shell.fetcher.held_off(), at).await?;
    }
    let report = shell
        .store
        .commit(Observed {
            key,
            source,
            at,
            took,
            body_bytes,
            moved_to,
            outcome,
        })
        .await?;
    let meters = &shell.meters;
    meters.polled(report.outcome, report.took, report.body_bytes);
    meters.stored(report.new, report.revised, report.merged);
    tracing::info!(
        source.id = report.source,
        outcome = report.outcome,
        new = report.new,
        revised = report.revised,
        merged = report.merged,
        duration_ms = report.took.as_millis() as u64,
        error = report.error.as_deref(),
        "polled {report}"
    );
    if report.outcome == "ok" {
        shell.fed.notify_waiters();
    }
    if let Some(moved) = report.moved {
        tracing::warn!(source.id = report.source, "{moved}");
    }
    Ok(report)
}

/// Takes a document beside the polls through the same stages: what was pushed, or an archive. `due` is the source as
/// [`Store::glance`] saw it. `Err` of the inner result: it is no feed; for people.
///
/// # Errors
/// Only what the store refuses.
pub async fn piece(
    shell: &Shell,
    due: Due,
    payload: Payload,
    piece: Piece,
) -> Result<Result<Report, String>, store::Error> {
    let started = Instant::now();
    let at = shell.clock.now();
    let body_bytes = Some(payload.encoded.len() as u64);
    let (key, source) = (due.key, Arc::clone(&due.source));
    let due = Due {
        body_hash: None,
        ..due
    };
    let document = match shell.observers.observe(due, Box::new(payload), at).await {
        Observation::Feed(document) => document,
        Observation::Failed { message, .. } => return Ok(Err(message)),
        _ => return Ok(Err("it is no feed".to_owned())),
    };
    let report = shell
        .store
        .commit(Observed {
            key,
            source,
            at,
            took: started.elapsed(),
            body_bytes,
            moved_to: None,
            outcome: Observation::Piece { document, piece },
        })
        .await?;
    { &shell.meters }.stored(report.new, report.revised, report.merged);
    tracing::info!(
        source.id = report.source,
        outcome = report.outcome,
        new = report.new,
        revised = report.revised,
        merged = report.merged,
        duration_ms = report.took.as_millis() as u64,
        "read {report}"
    );
    Ok(Ok(report))
}

/// What a poll says about our own network, and what follows from it for the other sources.
async fn network(
    shell: &Shell,
    due: &Due,
    answer: &Result<Answer, fetch::Error>,
    at: DateTime<Utc>,
) -> Result<Network, store::Error> {
    let reached = match answer {
        _ if due.source.url.scheme() == "file" => None,
        Ok(_) => Some(true),
        Err(error) => error.reached_host(),
    };
    let Some(reached) = reached else {
        return Ok(Network::Up);
    };
    let tried = Try {
        host: fetch::host_key(&due.address),
        source: due.key,
        failing: due.failing,
        reached,
    };
    let network = shell.outage.note(tried, at);
    match &network {
        Network::Lost(blamed) => {
            tracing::error!(
                "hardly a host can be reached: this machine seems to be offline; trying one source at a time"
            );
            shell.store.pardon(blamed.clone(), at).await?;
        }
        Network::Back => {
            tracing::info!("hosts can be reached again");
            shell.store.back_online(at).await?;
        }
        Network::Up | Network::Down => {}
    }
    Ok(network)
}

fn failed(error: &fetch::Error) -> Observation {
    Observation::Failed {
        class: error.class(),
        message: error.to_string(),
        retry_after: error.retry_after(),
    }
}

struct Job {
    due: Due,
    payload: Box<Payload>,
    at: DateTime<Utc>,
    reply: oneshot::Sender<Observation>,
}

/// The threads that turn bodies into observations. They end with the last handle.
#[derive(Clone, Debug)]
pub struct Observers {
    jobs: mpsc::Sender<Job>,
}

impl Observers {
    /// Starts `threads` threads. `max_body` caps a decoded body, in bytes.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(threads: usize, max_body: u64) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(WAITING_DOCUMENTS);
        let queue = Arc::new(std::sync::Mutex::new(queue));
        for number in 0..threads.max(1) {
            let queue: Arc<std::sync::Mutex<mpsc::Receiver<Job>>> = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("parse-{number}"))
                .stack_size(STACK_BYTES)
                .spawn(move || {
                    loop {
                        let next = queue
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .blocking_recv();
                        let Some(job) = next else { break };
                        let observe = || observe(&job.due, &job.payload, job.at, max_body);
                        let observed =
                            std::panic::catch_unwind(std::panic::AssertUnwindSafe(observe));
                        let outcome = observed.unwrap_or_else(|_| Observation::Failed {
                            class: "internal",
                            message:
                                "reading the document failed inside Feedmill; please report it"
                                    .to_owned(),
                            retry_after: None,
                        });
                        let _ = job.reply.send(outcome); // The poll was cancelled.
                    }
                })?;
        }
        Ok(Self { jobs })
    }

    async fn observe(&self, due: Due, payload: Box<Payload>, at: DateTime<Utc>) -> Observation {
        let (reply, answer) = oneshot::channel();
        let closed = || Observation::Failed {
            class: "internal",
            message: "the program is stopping".to_owned(),
            retry_after: None,
        };
        match self
            .jobs
            .send(Job {
                due,
                payload,
                at,
                reply,
            })
            .await
        {
            Ok(()) => answer.await.unwrap_or_else(|_| closed()),
            Err(_) => closed(),
        }
    }
}

/// A body → what it says: pure. A body like the last one is not parsed, an entry like a stored one not cleaned.
fn observe(due: &Due, payload: &Payload, at: DateTime<Utc>, max_body: u64) -> Observation {
    let decoded = match payload.decode(max_body) {
        Ok(decoded) => decoded,
        Err(error) => return failed(&error),
    };
    let cut = payload.cut || decoded.cut;
    let salt = salt(&due.source, payload);
    let body_hash = xxh3_128_with_seed(&decoded.body, salt).to_le_bytes();
    if due.body_hash == Some(body_hash) && !cut {
        return Observation::SameBody {
            validators: payload.validators.clone(),
            signals: payload.signals.clone(),
        };
    }
    let context = parse::Context {
        content_type: payload.content_type.clone(),
        base_url: Some(payload.final_url.clone()),
        timezone: Some(due.source.timezone),
    };
    match parse::parse(&decoded.body, &context) {
        Err(_) if let Some(whose) = fetch::wall(&decoded.body) => failed(&fetch::Error::BotWall {
            status: 200,
            whose,
            retry_after: None,
        }),
        Err(error) => Observation::Failed {
            class: "not_a_feed",
            message: error.to_string(),
            retry_after: None,
        },
        Ok(parsed) => Observation::Feed(Box::new(feed(
            due, payload, parsed, salt, at, body_hash, cut,
        ))),
    }
}

fn feed(
    due: &Due,
    payload: &Payload,
    parsed: ParsedFeed,
    salt: u64,
    at: DateTime<Utc>,
    body_hash: [u8; 16],
    cut: bool,
) -> FeedDocument {
    let base = &payload.final_url;
    let document = normalize::document(&parsed, base, &due.repeated);
    let filters = &due.source.filters;
    let take = due.source.max_items.unwrap_or(usize::MAX);
    let known: std::collections::HashMap<u64, i64> = due.document.iter().copied().collect();
    let mut seen = std::collections::HashSet::new();
    let mut items = Vec::with_capacity(parsed.entries.len().min(take));
    let mut furniture = Learned::decode(&due.furniture);
    let mut texts = Vec::new();
    for (index, entry) in parsed.entries.iter().enumerate().take(take) {
        let identity = normalize::identity(&document, index, entry);
        let raw_hash = normalize::raw_hash(&document, &identity, entry, salt);
        let key = xxh3_64(identity.key.as_bytes()).cast_signed();
        if !seen.insert(key) {
            continue; // The very same item twice in one document.
        }
        if let Some(entry) = known.get(&raw_hash) {
            items.push(Item::Known {
                raw_hash,
                entry: *entry,
            });
            continue;
        }
        let Normalized { mut entry, text } =
            normalize::entry(&document, &identity, entry, base, at);
        if !filters.is_empty() {
            // One without a date is as old as its first sight.
            let age = entry.published.map_or(TimeDelta::zero(), |date| at - date);
            if !filters.pass(&Subject::new(&entry, age)) {
                continue;
            }
        }
        let details = serde_json::to_string(&entry.details).unwrap_or_default();
        let title = Title::of(entry.title.as_deref());
        let blocks = Blocks::of(if text.is_empty() {
            entry.details.summary.as_deref().unwrap_or_default()
        } else {
            &text
        });
        furniture.see(title.hash, blocks.hashes());
        texts.push((title.hash, blocks));
        let content_hash = normalize::content_hash(&entry, &details).cast_signed();
        let page = page_wish(&due.source, &entry, &text);
        let html = compress(&std::mem::take(&mut entry.content_html));
        let url_key = identity.url_key.as_deref();
        items.push(Item::Candidate(Box::new(Candidate {
            raw_hash,
            key,
            url_key: url_key.map(|key| xxh3_64(key.as_bytes()).cast_signed()),
            url_host: url_key.map_or(0, host_hash),
            trusted: identity.trusted,
            content_hash,
            details,
            text_hash: 0,
            sketch: Sketch::default(),
            html,
            page,
            entry,
        })));
    }
    // Only now it is known what the document repeats.
    let seen_texts = !texts.is_empty();
    let mut texts = texts.into_iter();
    for item in &mut items {
        if let Item::Candidate(candidate) = item
            && let Some((title, blocks)) = texts.next()
        {
            candidate.sketch = Sketch::of(&blocks, &|block| furniture.is_furniture(block));
            candidate.text_hash = text_hash(title, candidate.sketch.exact);
        }
    }
    let prev_archive = prev_archive(&parsed, base);
    let mut signals = parsed.signals;
    signals.max_age = payload.signals.max_age;
    // A later 304, or the same bytes again, would hide what was lost (RFC 9111 §3.3).
    let cut = cut || parsed.cut;
    let delta = payload.delta;
    FeedDocument {
        info: linked(document.info, &payload.links),
        signals,
        recovered: parsed
            .recovered
            .iter()
            .map(|repair| repair.name.to_owned())
            .collect(),
        validators: match payload.validators.etag {
            // A delta that is not whole, or names no instance, leaves its base: the next one starts from there again.
            _ if cut && delta => due.validators.clone(),
            None if delta => due.validators.clone(),
            _ if cut => Validators::default(),
            _ => payload.validators.clone(),
        },
        // The hash of a part says nothing about the whole.
        body_hash: (!cut && !delta).then_some(body_hash),
        cut,
        delta,
        prev_archive,
        items,
        furniture: seen_texts.then(|| furniture.encode()),
        repeated: (document.repeated.len() > due.repeated.len())
            .then(|| document.repeated.iter().copied().collect()),
    }
}

/// A feed's text of fewer words is none.
const SHORT_WORDS: u64 = 120;
/// No mark of a text that breaks off is longer, in characters.
const MARK_CHARS: usize = 40;

/// Hash of the host of a canonical key, 32 bits and never 0.
fn host_hash(key: &str) -> i64 {
    i64::from(xxh3_64(normalize::key_host(key).as_bytes()) as u32 | 1)
}

/// The page of an entry, when the source wants it: always, or because the feed gives no text, a short one or one that
/// breaks off.
fn page_wish(source: &Source, entry: &Entry, text: &str) -> Option<PageWish> {
    const ENDS: &[&str] = &[
        "…",
        "...",
        "[…]",
        "[...]",
        "continue reading",
        "read more",
        "weiterlesen",
        "lire la suite",
    ];
    let breaks_off = || {
        let end = text.trim_end_matches([' ', '→', '»', '>', '.']);
        let from = end.char_indices().rev().nth(MARK_CHARS - 1);
        let end = end[from.map_or(0, |(at, _)| at)..].to_lowercase();
        text.ends_with(['…', ']'])
            && text.contains(['…', '['])
            && ENDS.iter().any(|mark| text.ends_with(mark))
            || text.ends_with("...")
            || ENDS.iter().any(|mark| end.ends_with(mark))
    };
    let wanted = match source.pages.full_text {
        FullText::Never => return None,
        FullText::Always => true,
        FullText::WhenShort => {
            entry.details.content_scope <= ContentScope::Summary
                || word_count(text) < SHORT_WORDS
                || breaks_off()
        }
    };
    let url = Url::parse(entry.url.as_deref().filter(|_| wanted)?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(PageWish {
        url,
        even_if_full: source.pages.full_text == FullText::Always,
    })
}

/// Hash of the words of title and text.
fn text_hash(title: u64, text: u64) -> i64 {
    (title.rotate_left(32) ^ text).cast_signed()
}

/// What the head of the answer names goes before what the document names (W3C WebSub §4).
fn linked(info: FeedInfo, links: &fetch::Links) -> FeedInfo {
    FeedInfo {
        hub_urls: match links.hubs.is_empty() {
            true => info.hub_urls,
            false => links.hubs.clone(),
        },
        self_url: links.own.clone().or(info.self_url),
        ..info
    }
}

/// The link to the archive before this document (RFC 5005 §4); `None`: it names none that could be fetched.
fn prev_archive(parsed: &ParsedFeed, base: &Url) -> Option<Url> {
    let is_it = |rel: &str| {
        let name = rel
            .strip_prefix("http://www.iana.org/assignments/relation/")
            .unwrap_or(rel);
        name.eq_ignore_ascii_case("prev-archive")
    };
    let mut links = parsed.links.iter();
    let link = links.find(|link| link.rel.as_deref().is_some_and(is_it))?;
    let mut url = base.join(&link.href).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Everything outside a document that decides what becomes of it: after a filter was edited, every entry is judged anew.
fn salt(source: &Source, payload: &Payload) -> u64 {
    let settings = format!(
        "{PIPELINE_VERSION}\n{}\n{:?}\n{}{}",
        source.timezone, source.max_items, payload.final_url, source.filters
    );
    xxh3_64(settings.as_bytes())
}
