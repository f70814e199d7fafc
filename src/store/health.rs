//! How each source is doing.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::codec::{from_json, optional_instant};
use super::{Error, HistoryState, PagesState, PushState, Sources, Store, full_text, history, push};
use crate::model::FeedInfo;

/// The health of one configured source, as `sources` shows it. JSON names are those of `docs/json.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceHealth {
    /// Configured id.
    pub id: String,
    /// The operator's title, else the feed's; `None` before the first success.
    pub title: Option<String>,
    /// Where the feed is, as it may be shown.
    pub url: String,
    /// Where it moved to for good, and is polled; `None`: at `url`.
    pub adopted_url: Option<String>,
    /// The site, as the feed says; not in JSON.
    #[serde(skip)]
    pub home_url: Option<String>,
    /// The operator's tags.
    pub tags: Vec<String>,
    /// `ok`, `new`, `failing`, `offline`, `gone`, `paused` or `repaired`.
    pub state: &'static str,
    /// End of the last poll; `None` before the first.
    pub last_poll: Option<DateTime<Utc>>,
    /// End of the last poll that went well.
    pub last_success: Option<DateTime<Utc>>,
    /// Of the last poll: `ok`, `not_modified`, `same_body` or the class of an error.
    pub outcome: Option<String>,
    /// When it is due; `None`: never by itself.
    pub next_poll: Option<DateTime<Utc>>,
    /// Which rule decided that.
    pub next_poll_why: String,
    /// No request before this, by the origin's wish.
    pub held_until: Option<DateTime<Utc>>,
    /// Entries that are stored of it.
    pub entries: u64,
    /// Articles it carries.
    pub articles: u64,
    /// Failures in a row.
    pub failures: u64,
    /// Class of the last error.
    pub error_class: Option<String>,
    /// The last error.
    pub error: Option<String>,
    /// What the operator can do about it; `None`: nothing, or the error says it.
    pub cure: Option<&'static str>,
    /// First failure in a row.
    pub error_since: Option<DateTime<Utc>>,
    /// Repairs the newest document needed.
    pub recovered: Vec<String>,
    /// How a hub pushes it; `None`: none was asked to.
    pub push: Option<PushState>,
    /// How the walk through its archives stands; `None`: there was none.
    pub history: Option<HistoryState>,
    /// How the pages of its entries stand; `None`: none were wanted.
    pub pages: Option<PagesState>,
}

impl Store {
    /// Health of every configured source, in the order of the configuration.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn health(&self, sources: &Sources) -> Result<Vec<SourceHealth>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.info, s.recovered, c.last_polled_at_ms, c.last_ok_at_ms, c.outcome, c.due_at_ms, c.due_why,
                 c.held_until_at_ms, c.failures, c.error_class, c.error, c.error_since_at_ms, c.gone_at_ms,
                 (SELECT count(*) FROM entries e WHERE e.source = s.id),
                 (SELECT count(DISTINCT e.article) FROM entries e WHERE e.source = s.id), s.adopted_url
                 FROM sources s JOIN schedule c ON c.source = s.id WHERE s.id = ?1",
            )?;
            let mut pages = full_text::states(connection)?;
            let mut all = Vec::new();
            for (key, source) in sources.iter() {
                let mut rows = statement.query([key])?;
                let Some(row) = rows.next()? else { continue };
                let info: Option<FeedInfo> =
                    row.get::<_, Option<String>>(0)?.map(|text| from_json("feed", &text)).transpose()?;
                let recovered: Vec<String> = row
                    .get::<_, Option<String>>(1)?
                    .map(|text| from_json("repairs", &text))
                    .transpose()?
                    .unwrap_or_default();
                let (title, home_url) = info.map_or((None, None), |info| (info.title, info.home_url));
                let mut health = SourceHealth {
                    id: source.id.clone(),
                    title: source.title.clone().or(title),
                    home_url,
                    url: source.shown_url(),
                    adopted_url: row.get::<_, Option<String>>(15)?.map(|url| match source.private {
                        true => "(private)".to_owned(),
                        false => url,
                    }),
                    tags: source.tags.clone(),
                    state: "ok",
                    last_poll: optional_instant(row, 2)?,
                    last_success: optional_instant(row, 3)?,
                    outcome: row.get(4)?,
                    next_poll: optional_instant(row, 5)?,
                    next_poll_why: row.get(6)?,
                    held_until: optional_instant(row, 7)?,
                    failures: row.get::<_, i64>(8)?.unsigned_abs(),
                    error_class: row.get(9)?,
                    error: row.get(10)?,
                    cure: None,
                    error_since: optional_instant(row, 11)?,
                    entries: row.get::<_, i64>(13)?.unsigned_abs(),
                    articles: row.get::<_, i64>(14)?.unsigned_abs(),
                    recovered,
                    push: push::state(connection, key, source)?,
                    history: history::state(connection, key)?,
                    pages: pages.remove(&key),
                };
                health.cure = health.error_class.as_deref().and_then(cure);
                health.state = state(&health, source.paused, optional_instant(row, 12)?.is_some());
                all.push(health);
            }
            Ok(all)
        })
    }
}

/// What an operator can do about a class of errors that does not pass by itself.
pub(super) fn cure(class: &str) -> Option<&'static str> {
    Some(match class {
        "unauthorized" => {
            "set `basic_auth`, `headers` or `cookie` of this source to what the publisher gave you"
        }
        "forbidden" => {
            "ask the publisher to let feed readers in; or set `user_agent`, `cookie` or `proxy` of this source"
        }
        "bot_wall" => {
            "ask the publisher to exempt the feed from the challenge, which only browsers pass; or find another address of the feed, or set `cookie`, `http_version` or `proxy` of this source"
        }
        "not_found" | "gone" => {
            "look on the site for the feed's new address and change `url`; without one, remove the source"
        }
        "not_a_feed" => {
            "open the address in a browser: a page may link the feed, whose address belongs into `url`; a log-in page needs `cookie` or `basic_auth`"
        }
        "redirect" => "open the address in a browser and put where it ends into `url`",
        "tls" => {
            "the publisher has to repair the certificate; if many sources fail so, update this machine's CA certificates and clock"
        }
        "dns" => {
            "check the spelling of the host in `url`; if many sources fail so, this machine's name server"
        }
        "offline" => "check the network and the name server of this machine; it goes on by itself",
        "too_large" => "raise `fetch.max_body` if so much is expected",
        _ => return None,
    })
}

fn state(health: &SourceHealth, paused: bool, gone: bool) -> &'static str {
    match health {
        _ if paused => "paused",
        _ if gone => "gone",
        SourceHealth {
            error_class: Some(class),
            ..
        } if class == "offline" => "offline",
        SourceHealth {
            error_class: Some(_),
            ..
        } => "failing",
        SourceHealth {
            last_poll: None, ..
        } => "new",
        SourceHealth { recovered, .. } if !recovered.is_empty() => "repaired",
        _ => "ok",
    }
}
