//! Shell: fetches the pages of entries whose source wants the whole article, each once, and stores what belongs to the
//! entry.
//!
//! Which pages are wanted stands in the store, written with the entry; a page in flight when the program ends is asked for
//! again. Pages are asked for like feeds, with the host's slots, pauses and quiet, and only where robots.txt lets us; at
//! most one of a host is in flight here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::extract;
use crate::fetch::{self, Answer, Payload, ROBOTS_BYTES, Robots, host_key, product};
use crate::model::{Source, Validators};
use crate::poll::Shell;
use crate::store::{self, PageDue, PageGave, Sources};
use crate::text::text_of;

pub use readers::Readers;

mod habits;
mod readers;

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
/// Bytes of a page on the wire.
pub const PAGE_BYTES: u64 = 4 << 20;
/// A robots.txt is believed this long (RFC 9309 §2.4).
const ROBOTS_LIFE: TimeDelta = TimeDelta::hours(24);
/// Hosts whose robots.txt is remembered.
const MOST_HOSTS: usize = 10_000;

/// The robots.txt of scheme, host and port, and until when it is believed.
type Known = HashMap<String, (Robots, DateTime<Utc>)>;

/// What fetching pages needs besides the shell.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    readers: Readers,
    robots: Arc<Mutex<Known>>,
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

/// Why a page was not had.
struct Trouble {
    why: String,
    /// Another try would change nothing.
    dead: bool,
    /// How long the origin wants to be left alone.
    wish: Option<Duration>,
}

impl Trouble {
    /// Another try would change nothing.
    fn dead(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            dead: true,
            wish: None,
        }
    }
}

async fn fetch(shell: &Shell, desk: &Desk, due: PageDue) -> Result<bool, store::Error> {
    let store = &shell.store;
    let mut asked_for = "";
    let answer = match may_fetch(shell, desk, &due.source, &due.url).await {
        Ok(true) => {
            let now = shell.clock.now();
            shell
                .fetcher
                .page(&due.source, &due.url, &due.validators, PAGE_BYTES, now)
                .await
        }
        Ok(false) => {
            let why = "robots.txt of its host does not let programs fetch it".to_owned();
            return failed(shell, &due, Trouble::dead(why)).await;
        }
        Err(error) => {
            asked_for = "robots.txt of its host: ";
            Err(error)
        }
    };
    let now = shell.clock.now();
    // Where a redirect led counts too, though only afterwards: nothing is taken from where we may not fetch.
    if let Ok(Answer::Modified(payload)) = &answer
        && host_key(&payload.final_url) != host_key(&due.url)
        && matches!(
            may_fetch(shell, desk, &due.source, &payload.final_url).await,
            Ok(false)
        )
    {
        let why = "robots.txt of the host it redirects to does not let programs fetch it";
        return failed(shell, &due, Trouble::dead(why)).await;
    }
    match answer {
        Ok(Answer::Modified(payload)) => match read(desk, &due, *payload, now).await {
            Ok(gave) => {
                let status = gave.fields.extraction.status;
                tracing::debug!(
                    source.id = due.source.id,
                    entry = due.entry,
                    ?status,
                    "read a page"
                );
                store.page_read(due.entry, gave).await
            }
            Err(why) => failed(shell, &due, Trouble::dead(why)).await,
        },
        Ok(Answer::NotModified(news)) => {
            store
                .page_unchanged(due.entry, news.validators, now)
                .await?;
            Ok(false)
        }
        Ok(Answer::Gone) => {
            let why = "the origin says it is gone (410)".to_owned();
            failed(shell, &due, Trouble::dead(why)).await
        }
        Err(fetch::Error::HeldOff { until }) => {
            store.page_waits(due.entry, until).await?;
            Ok(false)
        }
        Err(error) if error.reached_host() == Some(false) && shell.outage.is_on() => {
            store.page_waits(due.entry, now + OFFLINE).await?;
            Ok(false)
        }
        Err(error) => {
            if error.class() == "too_many_requests" {
                store.hold_off(shell.fetcher.held_off(), now).await?;
            }
            let dead = matches!(
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
            let (why, wish) = (format!("{asked_for}{error}"), error.retry_after());
            failed(shell, &due, Trouble { why, dead, wish }).await
        }
    }
}

async fn failed(shell: &Shell, due: &PageDue, trouble: Trouble) -> Result<bool, store::Error> {
    let Trouble { why, dead, wish } = trouble;
    tracing::info!(source.id = due.source.id, "a page could not be read: {why}");
    let now = shell.clock.now();
    shell
        .store
        .page_failed(due.entry, why, dead, wish, now)
        .await?;
    Ok(false)
}

/// What of a page belongs to its entry, off the async threads.
async fn read(
    desk: &Desk,
    due: &PageDue,
    payload: Payload,
    now: DateTime<Utc>,
) -> Result<PageGave, String> {
    let validators = payload.validators.clone();
    // What is compressed is several times as large as it looks.
    let bytes = payload.encoded.len() * if payload.coding.is_some() { 6 } else { 1 };
    let furniture = due.furniture.clone();
    let (source, asked, feed) = (Arc::clone(&due.source), due.url.clone(), due.feed.clone());
    let work = move || {
        // A bomb is let grow to a few times a page, so that its head can still be told.
        let body = payload
            .decode(4 * PAGE_BYTES)
            .map_err(|error| error.to_string())?
            .body;
        let page = extract::Page {
            body: &body,
            content_type: payload.content_type.as_deref(),
            url: &payload.final_url,
            asked: Some(&asked),
            fetched_at: now,
            zone: Some(source.timezone),
        };
        let found =
            extract::extract(&page, &source.pages.rules).map_err(|refused| refused.to_string())?;
        let (found, furniture) = habits::without_furniture(found, &furniture, &payload.final_url);
        let text = text_of(&feed.content_html);
        Ok::<_, String>((extract::merge(&feed, &text, found), furniture))
    };
    let (fields, furniture) = desk.readers.run(bytes, work).await??;
    Ok(PageGave {
        fields,
        validators,
        furniture,
    })
}

/// Whether the robots.txt of a page's host lets us fetch it. Where there is none, it does (RFC 9309 §2.3.1).
///
/// # Errors
/// When it cannot be had just now: then nothing is fetched (RFC 9309 §2.3.1.4).
async fn may_fetch(
    shell: &Shell,
    desk: &Desk,
    source: &Source,
    url: &Url,
) -> Result<bool, fetch::Error> {
    let now = shell.clock.now();
    let host = url[..url::Position::BeforePath].to_owned();
    let known = {
        let robots = desk.robots.lock().unwrap_or_else(PoisonError::into_inner);
        robots
            .get(&host)
            .filter(|(_, until)| now < *until)
            .map(|(robots, _)| robots.allow(url))
    };
    if let Some(allowed) = known {
        return Ok(allowed);
    }
    let mut place = url.clone();
    place.set_path("/robots.txt");
    place.set_query(None);
    place.set_fragment(None);
    let answer = shell
        .fetcher
        .page(source, &place, &Validators::default(), ROBOTS_BYTES, now)
        .await;
    let robots = match answer {
        Ok(Answer::Modified(payload)) => {
            let body = payload.decode(ROBOTS_BYTES)?.body;
            let agent = product(&source.request.user_agent);
            Robots::read(&String::from_utf8_lossy(&body), agent)
        }
        Ok(Answer::NotModified(_) | Answer::Gone) => Robots::open(),
        Err(fetch::Error::Status { status, .. })
            if (400..500).contains(&status) && status != 429 =>
        {
            Robots::open()
        }
        Err(fetch::Error::Redirect(_)) => Robots::open(),
        Err(error) => return Err(error),
    };
    let allowed = robots.allow(url);
    let mut all = desk.robots.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MOST_HOSTS {
        all.clear();
    }
    all.insert(host, (robots, now + ROBOTS_LIFE));
    Ok(allowed)
}
