//! Shell: fetches the pages of entries whose source wants the whole article, each once, and stores what belongs to the
//! entry.
//!
//! Which pages are wanted stands in the store, written with the entry; a page in flight when the program ends is asked for
//! again. Pages are asked for like feeds, with the host's slots, pauses and quiet, and only where robots.txt lets us; at
//! most one of a host is in flight here.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::extract;
use crate::fetch::{self, Answer, Payload, host_key};
use crate::poll::Shell;
use crate::store::{self, PageDue, PageGave, Sources};
use crate::text::text_of;

pub use readers::{NotRead, Readers};

use robots::{Book, Leave};

mod habits;
mod readers;
mod robots;

/// What is due is looked up this often at least.
const LOOK: Duration = Duration::from_secs(60);
/// A one-shot command does not wait longer for a page.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the store refused something, or while this machine is offline.
const PAUSE: Duration = Duration::from_secs(30);
/// A page that was not reached while this machine is offline waits so long; no try is counted.
const OFFLINE: TimeDelta = TimeDelta::minutes(10);
/// Pages fetched at once, of as many hosts.
const AT_ONCE: usize = 8;
/// A page that no thread had time for waits so long; no try is counted.
const BUSY: TimeDelta = TimeDelta::minutes(1);
/// Why half a page is none.
pub const CUT: &str = "the connection broke before the end of the page";
/// Bytes of a page on the wire.
pub const PAGE_BYTES: u64 = extract::MOST_BYTES as u64;
/// What fetching pages needs besides the shell.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    readers: Readers,
    robots: Book,
}

/// Fetches until `stop`, whenever a page is due.
pub async fn fetch_behind(
    shell: Shell,
    sources: Sources,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    let desk = Desk::default();
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = shell.fed.notified() => {
                wait = until_next(&shell, &sources);
                continue;
            }
            () = tokio::time::sleep(wait) => {}
        }
        if shell.outage.is_on() {
            wait = PAUSE;
            continue;
        }
        let fetched = tokio::select! {
            () = stop.cancelled() => return, // What was not stored is asked for again.
            fetched = fetch_due(&shell, &sources, &desk) => fetched,
        };
        wait = match fetched {
            Ok(shown) => {
                if shown {
                    changed.notify_one();
                }
                until_next(&shell, &sources)
            }
            Err(error) => {
                tracing::error!(%error, "pages cannot be fetched; trying again");
                PAUSE
            }
        };
    }
}

/// Fetches until no page is due soon: for one-shot commands. True when something shown changed.
///
/// # Errors
/// What the store refuses.
pub async fn fetch_to_the_end(
    shell: &Shell,
    sources: &Sources,
    stop: &CancellationToken,
) -> Result<bool, store::Error> {
    let desk = Desk::default();
    let mut shown = false;
    while let Some(next) = shell.store.next_page(sources)? {
        let wait = (next - shell.clock.now()).to_std().unwrap_or_default();
        // What must wait long is for the next command.
        if wait > PATIENCE || shell.outage.is_on() {
            break;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
        shown |= fetch_due(shell, sources, &desk).await?;
    }
    Ok(shown)
}

fn until_next(shell: &Shell, sources: &Sources) -> Duration {
    let next = shell.store.next_page(sources).ok().flatten();
    next.map_or(LOOK, |next| {
        let wait = next - shell.clock.now();
        wait.to_std().unwrap_or_default().min(LOOK)
    })
}

/// Fetches one page of each host where one is due. True when something shown changed.
///
/// # Errors
/// What the store refuses; whatever an origin does is remembered.
pub async fn fetch_due(
    shell: &Shell,
    sources: &Sources,
    desk: &Desk,
) -> Result<bool, store::Error> {
    let host = |url: &Url| host_key(url).to_owned();
    let due = shell
        .store
        .pages_due(sources, shell.clock.now(), AT_ONCE, host)?;
    let mut running = JoinSet::new();
    for page in due {
        let (shell, desk) = (shell.clone(), desk.clone());
        running.spawn(async move { fetch(&shell, &desk, page).await });
    }
    let mut shown = false;
    while let Some(done) = running.join_next().await {
        match done {
            Ok(changed) => shown |= changed?,
            Err(error) => tracing::error!(%error, "fetching a page ended in a panic"),
        }
    }
    Ok(shown)
}

/// Why a page was not had, in words for people.
enum Trouble {
    /// Another try would change nothing.
    Dead(String),
    /// It is tried again; `wish`: how long the origin wants to be left alone.
    Again { why: String, wish: Option<Duration> },
    /// It was not asked for, or nobody had time for it: no try is counted.
    Waits {
        why: Option<String>,
        until: DateTime<Utc>,
    },
}

async fn fetch(shell: &Shell, desk: &Desk, due: PageDue) -> Result<bool, store::Error> {
    match try_to_fetch(shell, desk, &due).await? {
        Ok(changed) => Ok(changed),
        Err(trouble) => {
            note(shell, &due, trouble).await?;
            Ok(false)
        }
    }
}

async fn try_to_fetch(
    shell: &Shell,
    desk: &Desk,
    due: &PageDue,
) -> Result<Result<bool, Trouble>, store::Error> {
    let (store, source) = (&shell.store, &due.source);
    if let Some(trouble) = shut(
        desk.robots.leave(shell, source, &due.url).await?,
        "its host",
    ) {
        return Ok(Err(trouble));
    }
    let answer = shell
        .fetcher
        .page(
            source,
            &due.url,
            &due.validators,
            PAGE_BYTES,
            shell.clock.now(),
        )
        .await;
    let now = shell.clock.now();
    let payload = match answer {
        Ok(Answer::Modified(payload)) => *payload,
        Ok(Answer::NotModified(news)) => {
            let validators = news.validators;
            store.page_unchanged(due.entry, validators, now).await?;
            return Ok(Ok(false));
        }
        Ok(Answer::Gone) => {
            let why = "the origin says it is gone (410)".to_owned();
            return Ok(Err(Trouble::Dead(why)));
        }
        Err(error) => return refused(shell, error, now).await.map(Err),
    };
    // Where a redirect led counts too, though only afterwards: nothing is taken from where we may not fetch.
    if payload.final_url != due.url {
        let leave = desk.robots.leave(shell, source, &payload.final_url).await?;
        if let Some(trouble) = shut(leave, "the host it redirects to") {
            return Ok(Err(trouble));
        }
    }
    match read(desk, due, payload, now).await {
        Ok(gave) => {
            let status = gave.fields.extraction.status;
            tracing::debug!(
                source.id = source.id,
                entry = due.entry,
                ?status,
                "read a page"
            );
            Ok(Ok(store.page_read(due.entry, gave).await?))
        }
        Err(trouble) => Ok(Err(trouble)),
    }
}

/// What follows from the robots.txt of `whose`; `None`: the page may be fetched.
fn shut(leave: Leave, whose: &str) -> Option<Trouble> {
    match leave {
        Leave::Given => None,
        Leave::Refused => Some(Trouble::Dead(format!(
            "robots.txt of {whose} does not let programs fetch it"
        ))),
        Leave::Unsaid { why, until } => Some(Trouble::Waits {
            why: Some(format!("robots.txt of {whose}: {why}")),
            until,
        }),
    }
}

/// What follows from an answer that gave no page.
async fn refused(
    shell: &Shell,
    error: fetch::Error,
    now: DateTime<Utc>,
) -> Result<Trouble, store::Error> {
    if let fetch::Error::HeldOff { until } = error {
        return Ok(Trouble::Waits { why: None, until });
    }
    if error.reached_host() == Some(false) && shell.outage.is_on() {
        let until = now + OFFLINE;
        return Ok(Trouble::Waits { why: None, until });
    }
    if error.class() == "too_many_requests" {
        let held_off = shell.fetcher.held_off();
        shell.store.hold_off(held_off, now).await?;
    }
    let is_dead = matches!(
        error.class(),
        "not_found"
            | "gone"
            | "unauthorized"
            | "forbidden"
            | "bot_wall"
            | "redirect"
            | "refused_address"
            | "too_large"
            | "bad_coding"
            | "setting"
    );
    let (why, wish) = (error.to_string(), error.retry_after());
    Ok(match is_dead {
        true => Trouble::Dead(why),
        false => Trouble::Again { why, wish },
    })
}

/// Stores why a page was not had.
async fn note(shell: &Shell, due: &PageDue, trouble: Trouble) -> Result<(), store::Error> {
    let (why, is_dead, wish) = match trouble {
        Trouble::Waits { why, until } => {
            return shell.store.page_waits(due.entry, until, why).await;
        }
        Trouble::Dead(why) => (why, true, None),
        Trouble::Again { why, wish } => (why, false, wish),
    };
    tracing::info!(source.id = due.source.id, "a page could not be read: {why}");
    let now = shell.clock.now();
    let store = &shell.store;
    store.page_failed(due.entry, why, is_dead, wish, now).await
}

/// What of a page belongs to its entry, off the async threads.
async fn read(
    desk: &Desk,
    due: &PageDue,
    payload: Payload,
    now: DateTime<Utc>,
) -> Result<PageGave, Trouble> {
    let validators = payload.validators.clone();
    // What is compressed is several times as large as it looks.
    let bytes = payload.encoded.len() * if payload.coding.is_some() { 6 } else { 1 };
    let furniture = due.furniture.clone();
    let (source, asked, feed) = (Arc::clone(&due.source), due.url.clone(), due.feed.clone());
    let work = move || {
        let dead = |why: String| Trouble::Dead(why);
        // A bomb is let grow to a few times a page, so that its head can still be told.
        let decoded = payload
            .decode(4 * PAGE_BYTES)
            .map_err(|error| dead(error.to_string()))?;
        if decoded.cut {
            let why = CUT.to_owned();
            return Err(Trouble::Again { why, wish: None });
        }
        let page = extract::Page {
            body: &decoded.body,
            content_type: payload.content_type.as_deref(),
            url: &payload.final_url,
            asked: Some(&asked),
            fetched_at: now,
            zone: Some(source.timezone),
        };
        let found = extract::extract(&page, &source.pages.rules)
            .map_err(|refused| dead(refused.to_string()))?;
        let (found, furniture) = habits::without_furniture(found, &furniture, &payload.final_url);
        let text = text_of(&feed.content_html);
        Ok((extract::merge(&feed, &text, found), furniture))
    };
    let (fields, furniture) = match desk.readers.run(bytes, work).await {
        Ok(done) => done?,
        Err(error @ NotRead::Busy) => {
            return Err(Trouble::Waits {
                why: Some(error.to_string()),
                until: now + BUSY,
            });
        }
        Err(error @ NotRead::Failed(_)) => return Err(Trouble::Dead(error.to_string())),
    };
    Ok(PageGave {
        fields,
        validators,
        furniture,
    })
}
