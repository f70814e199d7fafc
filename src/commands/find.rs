//! Finds the feed of an address: what `discover` names is fetched, one after the other, until one is a feed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::Failure;
use crate::clock::Clock;
use crate::discover::{self, Candidate, Found};
use crate::fetch::{Alternate, Answer, Error as FetchError, Fetcher, Payload, moved_to};
use crate::model::{Source, Validators};
use crate::normalize;
use crate::parse::{self, Context, FeedLink, feed_links};
use crate::recover::decode;

/// Links of a page that are fetched to see whether they are feeds.
const MOST_LINKS: usize = 5;
/// Newest entries that are shown.
const NEWEST: usize = 3;
/// The stack of the thread that reads: the parser recurses with the document.
const STACK_BYTES: usize = 16 << 20;

/// A feed that was found.
#[derive(Debug)]
pub(super) struct FoundFeed {
    /// Where it is, and will be: where permanent redirects led.
    pub(super) url: Url,
    /// How.
    pub(super) found: Found,
    /// What kind of site it is, where that named the feed.
    pub(super) site: Option<&'static str>,
    /// What it is.
    pub(super) about: About,
    /// Other places that the page names; not looked at.
    pub(super) others: Vec<Candidate>,
}

/// What a feed is, as `add` shows it (`docs/json.md`).
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    /// Text.
    pub(super) title: Option<String>,
    pub(super) format: &'static str,
    /// BCP 47: the feed's own, else that of most entries.
    pub(super) language: Option<String>,
    pub(super) entries: usize,
    pub(super) newest: Vec<Newest>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Newest {
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
    /// The publisher's date.
    pub(super) published: Option<DateTime<Utc>>,
}

/// What an address turned out to be.
enum Seen {
    Feed(Url, About),
    Other(Page),
}

/// No feed: perhaps a page that links some.
struct Page {
    url: Url,
    /// `an HTML page, titled …`.
    what: String,
    alternates: Vec<Alternate>,
    links: Vec<FeedLink>,
}

impl Page {
    /// Something that people read: a site is likely to be around it.
    fn is_page(&self) -> bool {
        let kinds = ["an HTML page", "plain text", "an empty document"];
        kinds.iter().any(|kind| self.what.starts_with(kind))
    }
}

/// Why an address did not do.
enum Miss {
    /// It answered, but is no feed.
    NoFeed(String),
    /// It could not be had.
    Fetch(FetchError),
    Other(Failure),
}

impl Miss {
    /// Whether another address of the site may still do: the origin answers, and did not ask for quiet.
    fn may_go_on(&self) -> bool {
        match self {
            Self::NoFeed(_) => true,
            Self::Fetch(FetchError::Status { status, .. }) => !matches!(status, 429 | 503),
            Self::Fetch(
                FetchError::Redirect(_)
                | FetchError::TooLarge { .. }
                | FetchError::BadCoding { .. },
            ) => true,
            Self::Fetch(_) | Self::Other(_) => false,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::NoFeed(what) => what.clone(),
            Self::Fetch(error) => error.to_string(),
            Self::Other(failure) => failure.to_string(),
        }
    }
}

/// Asks on behalf of a source that is not configured yet.
pub(super) struct Search {
    pub(super) fetcher: Fetcher,
    /// `source.url` is the address that was given: what it holds of user and password goes to its own origin only.
    pub(super) source: Source,
    pub(super) max_body: u64,
}

impl Search {
    /// The feed of the given address.
    ///
    /// # Errors
    /// [`Failure::Running`], which says what the address is, and where feeds were looked for.
    pub(super) async fn find(&self) -> Result<FoundFeed, Failure> {
        let given = &self.source.url;
        let site = discover::site(given);
        if let Some(site) = &site
            && let Ok(Seen::Feed(url, about)) = self.look(&site.feed).await
        {
            return Ok(FoundFeed {
                url,
                found: Found::Site,
                site: Some(site.name),
                about,
                others: Vec::new(),
            });
        }
        let page = match self.look(given).await {
            Ok(Seen::Feed(url, about)) => {
                return Ok(FoundFeed {
                    url,
                    found: Found::Given,
                    site: None,
                    about,
                    others: Vec::new(),
                });
            }
            Ok(Seen::Other(page)) => page,
            Err(miss) => {
                return Err(Failure::Running(format!(
                    "{}: {}",
                    self.source.shown_url(),
                    miss.words()
                )));
            }
        };
        self.of_page(page).await
    }

    /// The best of what a page names, else of common paths, else of the comments that it names.
    async fn of_page(&self, page: Page) -> Result<FoundFeed, Failure> {
        if page.what.starts_with("an OPML list") {
            return Err(Failure::Running(format!(
                "{} is {}; save it and `feedmill import` it, or name it in an [[opml]]",
                page.url, page.what
            )));
        }
        let named = discover::candidates(&page.url, &page.alternates, &page.links);
        let (comments, own): (Vec<_>, Vec<_>) =
            named.iter().cloned().partition(|named| named.is_comments);
        let linked = own.len() + comments.len();
        let mut paths = match page.is_page() {
            true => discover::paths(&page.url),
            false => Vec::new(),
        };
        paths.retain(|path| named.iter().all(|named| named.url != path.url));
        let asked = own.into_iter().take(MOST_LINKS).chain(paths);
        let mut last: Option<(Url, Miss)> = None;
        for candidate in asked.chain(comments.into_iter().take(1)) {
            match self.look(&candidate.url).await {
                Ok(Seen::Feed(url, about)) => {
                    let others = named.into_iter();
                    return Ok(FoundFeed {
                        found: candidate.found,
                        site: None,
                        about,
                        others: others
                            .filter(|other| other.url != candidate.url && other.url != url)
                            .collect(),
                        url,
                    });
                }
                Ok(Seen::Other(page)) => last = Some((candidate.url, Miss::NoFeed(page.what))),
                Err(miss) => {
                    let is_elsewhere = candidate.url.host() != page.url.host();
                    let may_go_on = miss.may_go_on() || is_elsewhere;
                    last = Some((candidate.url, miss));
                    if !may_go_on {
                        break;
                    }
                }
            }
        }
        let links = match linked {
            0 => "it links none".to_owned(),
            1 => "the one it links is none".to_owned(),
            count => format!("the {count} it links are none"),
        };
        let last = last.map_or_else(String::new, |(url, miss)| {
            format!("; the last place asked was {url}: {}", miss.words())
        });
        Err(Failure::Running(format!(
            "no feed found: {} is {}; {links}{last}; if you know the address of the feed, give that",
            page.url, page.what
        )))
    }

    async fn look(&self, url: &Url) -> Result<Seen, Miss> {
        let answer = self
            .fetcher
            .fetch(
                &self.source,
                url,
                &Validators::default(),
                true,
                Clock::System.now(),
            )
            .await;
        let payload = match answer.map_err(Miss::Fetch)? {
            Answer::Modified(payload) => *payload,
            Answer::NotModified(_) | Answer::Gone => {
                return Err(Miss::NoFeed("gone (410)".to_owned()));
            }
        };
        let mut place = moved_to(&payload.redirects).unwrap_or(url).clone();
        let given = &self.source.url;
        if place.origin() == given.origin() {
            // Redirects and links are without, and the polls will need them.
            let _ = place.set_username(given.username());
            let _ = place.set_password(given.password());
        }
        place.set_fragment(None);
        let max_body = self.max_body;
        let (reply, read) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || {
                // Nobody may be waiting any more.
                let _ = reply.send(seen(&payload, place, max_body));
            })
            .map_err(|error| Miss::Other(Failure::running(error)))?;
        read.await.unwrap_or_else(|_| {
            let why = "reading the document failed inside Feedmill; please report it";
            Err(Miss::NoFeed(why.to_owned()))
        })
    }
}

/// What an answer is; `place` is where a feed would be.
fn seen(payload: &Payload, place: Url, max_body: u64) -> Result<Seen, Miss> {
    let body = payload.decode(max_body).map_err(Miss::Fetch)?.body;
    let context = Context {
        content_type: payload.content_type.clone(),
        base_url: Some(payload.final_url.clone()),
        timezone: None,
    };
    match parse::parse(&body, &context) {
        Ok(feed) => Ok(Seen::Feed(place, about(&feed, &payload.final_url))),
        Err(parse::Error::NotAFeed(what)) => {
            let text = decode::decode(&body, context.content_type.as_deref()).text;
            Ok(Seen::Other(Page {
                url: payload.final_url.clone(),
                what,
                alternates: payload.links.alternates.clone(),
                links: feed_links(&text, &payload.final_url),
            }))
        }
        Err(error) => Err(Miss::NoFeed(error.to_string())),
    }
}

fn about(feed: &parse::ParsedFeed, base: &Url) -> About {
    let document = normalize::document(feed, base, &[]);
    let now = Clock::System.now();
    let mut newest = Vec::new();
    let mut languages: Vec<String> = Vec::new();
    for (index, entry) in feed.entries.iter().enumerate() {
        let identity = normalize::identity(&document, index, entry);
        let entry = normalize::entry(&document, &identity, entry, base, now).entry;
        languages.extend(entry.details.language);
        newest.push(Newest {
            title: entry.title,
            url: entry.url,
            published: entry.published,
        });
    }
    // Undated ones keep the order of the document, behind the dated ones.
    newest.sort_by_key(|entry| std::cmp::Reverse(entry.published));
    newest.truncate(NEWEST);
    let most = { languages.iter() }.max_by_key(|language| {
        languages
            .iter()
            .take(100)
            .filter(|other| other == language)
            .count()
    });
    About {
        title: document.info.title.clone(),
        format: feed.format.name(),
        language: document.info.language.clone().or_else(|| most.cloned()),
        entries: feed.entries.len(),
        newest,
    }
}
