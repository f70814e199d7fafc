//! Lists of sources that somebody else keeps: the last good copy of each, and when it was asked for.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, params};
use url::Url;

use super::codec::{compress, decompress, instant, millis};
use super::{Error, Store};
use crate::model::{FetchedList, Library, Validators};

/// A list is asked for again after this time …
const FRESH: TimeDelta = TimeDelta::hours(6);
/// … and after this when that failed, or none is here yet.
const RETRY: TimeDelta = TimeDelta::minutes(10);

/// A list that should be asked for.
#[derive(Clone, Debug)]
pub struct DueList {
    /// Which.
    pub list: FetchedList,
    /// Of the copy that is here; empty: none is.
    pub validators: Validators,
}

/// What asking for a list came to.
#[derive(Debug)]
pub enum ListNews {
    /// Another document, in UTF-8.
    Document(String, Validators),
    /// The copy that is here is still the one.
    Same,
    /// None could be had, with the reason.
    Failed(String),
}

impl Store {
    /// The copies of all lists.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn library(&self) -> Result<Library, Error> {
        self.read(|connection| {
            let mut library = Library::new();
            let mut statement =
                connection.prepare("SELECT url, body FROM lists WHERE body IS NOT NULL")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let Ok(url) = Url::parse(&row.get::<_, String>(0)?) {
                    library.insert(url, decompress(&row.get::<_, Vec<u8>>(1)?)?.into());
                }
            }
            Ok(library)
        })
    }

    /// Those of some lists that should be asked for by `now`, or `all`, and when the next of the others should be; `None`: never.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn lists_due(
        &self,
        lists: &[FetchedList],
        now: DateTime<Utc>,
        all: bool,
    ) -> Result<(Vec<DueList>, Option<DateTime<Utc>>), Error> {
        self.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT validators_url, etag, last_modified, asked_at_ms, error IS NULL AND body IS NOT NULL
                 FROM lists WHERE url = ?1",
            )?;
            let (mut due, mut next) = (Vec::new(), None::<DateTime<Utc>>);
            for list in lists {
                let known = statement
                    .query_row([list.url.as_str()], |row| {
                        let validators = Validators {
                            url: row.get(0)?,
                            etag: row.get(1)?,
                            last_modified: row.get(2)?,
                        };
                        Ok((validators, instant(row.get(3)?), row.get(4)?))
                    })
                    .optional()?;
                let (validators, at) = match known {
                    // A clock that was set back does not put it off for longer.
                    Some((validators, asked, is_good)) => {
                        let wait = if is_good { FRESH } else { RETRY };
                        (validators, (asked + wait).min(now + wait))
                    }
                    None => (Validators::default(), now),
                };
                if all || at <= now {
                    let list = list.clone();
                    due.push(DueList { list, validators });
                } else {
                    next = Some(next.map_or(at, |next| next.min(at)));
                }
            }
            Ok((due, next))
        })
    }

    /// Remembers what asking for a list came to; the last good copy stays whatever it was. Lists that are not among
    /// `kept` are forgotten.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn keep_list(
        &self,
        url: Url,
        news: ListNews,
        kept: Vec<FetchedList>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.write(move |connection| {
            let tx = connection.transaction()?;
            let error = match &news {
                ListNews::Failed(why) => Some(why.as_str()),
                _ => None,
            };
            tx.execute(
                "INSERT INTO lists (url, asked_at_ms, error) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET asked_at_ms = excluded.asked_at_ms, error = excluded.error",
                params![url.as_str(), millis(now), error],
            )?;
            if let ListNews::Document(body, validators) = news {
                tx.execute(
                    "UPDATE lists SET body = ?2, validators_url = ?3, etag = ?4, last_modified = ?5 WHERE url = ?1",
                    params![
                        url.as_str(),
                        compress(&body),
                        validators.url,
                        validators.etag,
                        validators.last_modified
                    ],
                )?;
            }
            let kept: Vec<&str> = kept.iter().map(|list| list.url.as_str()).collect();
            tx.execute(
                "DELETE FROM lists WHERE url NOT IN (SELECT value FROM json_each(?1))",
                [serde_json::to_string(&kept).unwrap_or_default()],
            )?;
            tx.commit()?;
            Ok(())
        })
        .await
    }
}
