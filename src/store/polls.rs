//! One poll into the store: its articles, validators, history and next due time, in one savepoint.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Savepoint, Transaction, params};

use super::Error;
use super::articles::{self, Applied, Past};
use super::claims;
use super::codec::{document, document_blob, hashes_blob, json, millis, optional_instant};
use super::events::Standing;
use super::moves::{self, Face};
use super::window::Window;
use super::{events, history, push, rhythms};
use crate::model::{
    FeedDocument, History, Item, Learned, Observation, Observed, Report, Rule, Signals, Validators,
};
use crate::schedule;

/// A second 410 this long after the first ends the polling of a source.
pub(super) const GONE_CONFIRMED_AFTER: TimeDelta = TimeDelta::hours(24);

/// Entries that a source's newest document holds at most, however many parts it is put together from.
const MOST_ENTRIES: usize = 5_000;

/// Entries of a source's first document whose pages are wanted: a new source is no flood of requests.
const FIRST_PAGES: usize = 50;

/// What is said when the address of a source changes.
const MOVED: &str = "moved for good, as three polls agree: polled at its new address; change the configured URL to keep it";
/// The same for the way back.
const BACK: &str = "its new address failed for long or is gone: back to the configured one";

/// Stores a poll inside the writer's transaction. On an error nothing of this poll stays.
pub(super) fn apply(
    tx: &mut Transaction<'_>,
    window: &mut Window,
    observed: Observed,
) -> Result<Report, Error> {
    let savepoint = tx.savepoint()?; // Rolls back when dropped.
    let report = record(&savepoint, window, observed)?;
    savepoint.commit()?;
    Ok(report)
}

/// What the polls before left.
struct Before {
    failures: u32,
    last_ok_at: Option<DateTime<Utc>>,
    error_since: Option<DateTime<Utc>>,
    gone_at: Option<DateTime<Utc>>,
    held_until: Option<DateTime<Utc>>,
    signals: Option<String>,
}

fn record(tx: &Savepoint<'_>, window: &mut Window, observed: Observed) -> Result<Report, Error> {
    let before = before(tx, observed.key)?;
    let mut report = Report {
        source: observed.source.id.clone(),
        outcome: "ok",
        error: None,
        new: 0,
        revised: 0,
        merged: 0,
        changed: false,
        rekeyed: 0,
        moved: None,
        body_bytes: observed.body_bytes,
        took: observed.took,
        next_due: None,
    };
    if claims::is_overtaken(tx, observed.key, &observed.source)? {
        report.outcome = "edited";
        tx.execute(
            "UPDATE schedule SET leased_until_at_ms = NULL WHERE source = ?1",
            [observed.key],
        )?;
        return Ok(report);
    }
    match &observed.outcome {
        Observation::HeldOff { until } => {
            return super::quiet::put_off(tx, observed.key, *until, report);
        }
        Observation::Offline { cause } => {
            return super::offline::excuse(tx, observed.key, observed.at, cause, report);
        }
        Observation::Piece { .. } => return super::pieces::record(tx, window, observed, report),
        _ => {}
    }
    let mut after = After::success(&observed, &before);
    match &observed.outcome {
        Observation::NotModified {
            validators,
            signals,
        }
        | Observation::SameBody {
            validators,
            signals,
        } => {
            report.outcome = match observed.outcome {
                Observation::SameBody { .. } => "same_body",
                _ => "not_modified",
            };
            store_validators(tx, observed.key, validators)?;
            after.signals = Some(signals.clone());
        }
        Observation::Feed(_)
        | Observation::Piece { .. }
        | Observation::HeldOff { .. }
        | Observation::Offline { .. } => {}
        Observation::Gone => {
            report.outcome = "gone";
            if moves::forsake(tx, observed.key)? {
                report.moved = Some(BACK);
            }
            report.error = Some("the origin says the feed is gone for good (410)".to_owned());
            after.fail(&before, "gone", report.error.clone());
            after.gone_at = before.gone_at.or(Some(observed.at));
        }
        Observation::Failed {
            class,
            message,
            retry_after,
        } => {
            report.outcome = class;
            report.error = Some(message.clone());
            after.fail(&before, class, report.error.clone());
            if moves::given_up(tx, observed.key, after.error_since, observed.at)? {
                report.moved = Some(BACK);
            }
            let until = retry_after
                .and_then(|wait| TimeDelta::from_std(wait).ok())
                .and_then(|wait| observed.at.checked_add_signed(wait));
            after.resumes = until.is_some();
            after.held_until = after.held_until.max(until);
        }
    }
    let (key, at) = (observed.key, observed.at);
    let source = std::sync::Arc::clone(&observed.source);
    let moved_to = observed.moved_to.as_ref().map(url::Url::as_str);
    let mut same_feed = true;
    let mut dates = Vec::new();
    if let Observation::Feed(feed) = observed.outcome {
        after.signals = Some(feed.signals.clone());
        let face = moved_to.map(|_| Face::of(tx, key)).transpose()?;
        push::offered(tx, key, &source, &feed.info, at)?;
        if before.last_ok_at.is_none() {
            history::begin(tx, key, &source, &feed, at)?;
        }
        dates = store_feed(tx, window, key, &source, at, &before, *feed, &mut report)?;
        if let Some(face) = face {
            same_feed = face.is_of(&Face::of(tx, key)?);
        }
        push::polled(tx, key, &report, before.last_ok_at, at)?;
    }
    if !after.ok {
        moves::interrupted(tx, key)?;
    } else if moves::arrived(tx, key, moved_to, same_feed)? {
        report.moved = Some(MOVED);
    }
    let stood = Standing {
        failures: before.failures,
        since: before.error_since,
        gone_at: before.gone_at,
    };
    let stands = Standing {
        failures: after.failures,
        since: after.error_since,
        gone_at: after.gone_at,
    };
    events::polled(tx, key, at, &stood, &stands, &report)?;
    let learned = learned(tx, key, &source, &dates, &before, &after)?;
    after.store(tx, key, &source, &before, learned, &mut report)?;
    Ok(report)
}

/// What is known of the source's pace after this poll. An error says nothing about it, but costs a poll too.
fn learned(
    tx: &Savepoint<'_>,
    key: i64,
    source: &crate::model::Source,
    dates: &[Option<DateTime<Utc>>],
    before: &Before,
    after: &After,
) -> Result<Option<Learned>, Error> {
    let rhythm = if after.ok {
        rhythms::learn(
            tx,
            key,
            source,
            dates,
            before.last_ok_at.is_none(),
            after.at,
        )?
    } else {
        rhythms::rhythm(tx, key)?
    };
    if !matches!(source.cadence.rule, Rule::Adaptive) {
        return Ok(None);
    }
    let price = rhythms::spend(tx, &source.cadence, after.at)?;
    Ok(rhythm.map(|rhythm| Learned { rhythm, price }))
}

fn before(tx: &Savepoint<'_>, key: i64) -> Result<Before, Error> {
    let mut statement = tx.prepare_cached(
        "SELECT failures, last_ok_at_ms, error_since_at_ms, gone_at_ms, signals, held_until_at_ms
         FROM schedule WHERE source = ?1",
    )?;
    Ok(statement.query_row([key], |row| {
        Ok(Before {
            failures: row.get(0)?,
            last_ok_at: optional_instant(row, 1)?,
            error_since: optional_instant(row, 2)?,
            gone_at: optional_instant(row, 3)?,
            signals: row.get(4)?,
            held_until: optional_instant(row, 5)?,
        })
    })?)
}

/// Validators change on nearly every 200 and hardly ever on a 304: the row is only written when they do.
fn store_validators(tx: &Savepoint<'_>, key: i64, validators: &Validators) -> Result<(), Error> {
    tx.prepare_cached(
        "UPDATE sources SET validators_url = ?2, etag = ?3, last_modified = ?4 WHERE id = ?1
         AND (validators_url IS NOT ?2 OR etag IS NOT ?3 OR last_modified IS NOT ?4)",
    )?
    .execute(params![
        key,
        validators.url,
        validators.etag,
        validators.last_modified
    ])?;
    Ok(())
}

/// Gives the dates of the entries that were not known; `None` for one without.
#[expect(
    clippy::too_many_arguments,
    reason = "one call, each argument another thing"
)]
fn store_feed(
    tx: &Savepoint<'_>,
    window: &mut Window,
    key: i64,
    source: &crate::model::Source,
    at: DateTime<Utc>,
    before: &Before,
    mut feed: FeedDocument,
    report: &mut Report,
) -> Result<Vec<Option<DateTime<Utc>>>, Error> {
    let mut dates = Vec::new();
    let old: Vec<(u64, i64)> = tx
        .prepare_cached("SELECT document FROM sources WHERE id = ?1")?
        .query_row([key], |row| row.get::<_, Option<Vec<u8>>>(0))?
        .map(|blob| document(&blob))
        .unwrap_or_default();
    if !feed.recovered.is_empty() {
        events::repaired(tx, at, key, &feed.recovered)?;
    }
    if feed.furniture.is_some() || feed.repeated.is_some() {
        tx.prepare_cached(
            "INSERT INTO habits (source, furniture, repeated) VALUES (?1, ?2, ?3) ON CONFLICT (source) DO UPDATE
             SET furniture = coalesce(?2, furniture), repeated = coalesce(?3, repeated)",
        )?
        .execute(params![key, feed.furniture, feed.repeated.as_deref().map(hashes_blob)])?;
    }
    report.rekeyed = super::rekey::rekey(tx, key, &old, &feed.items)?;
    if report.rekeyed > 0 {
        let said = format!(
            "{} entries came under new ids: they are known again, and none is new",
            report.rekeyed
        );
        tracing::warn!(source = source.id, "{said}");
        events::note(tx, at, Some(key), "re-keyed", &said)?;
    }
    let context = articles::Context {
        source: key,
        past: Past::of(tx, key)?,
        name: &source.id,
        now: at,
        first_poll: before.last_ok_at.is_none(),
        feed_updated: feed.info.updated,
        pages: if before.last_ok_at.is_none() {
            FIRST_PAGES
        } else {
            usize::MAX
        },
    };
    let mut newest = Vec::with_capacity(feed.items.len());
    let held: HashSet<i64> = old.iter().map(|(_, entry)| *entry).collect();
    let mut frozen = false;
    for (position, item) in feed.items.into_iter().enumerate() {
        match item {
            // What was forgotten while the poll was under way is known no more.
            Item::Known { raw_hash, entry } if held.contains(&entry) => {
                newest.push((raw_hash, entry));
            }
            Item::Known { .. } => {}
            Item::Candidate(candidate) => {
                let raw_hash = candidate.raw_hash;
                let published = candidate.entry.published;
                let applied = articles::apply(tx, window, &context, position, *candidate)?;
                count(&applied, report);
                frozen |= applied.frozen;
                if applied.new || applied.merged {
                    dates.push(published);
                }
                if let Some(entry) = applied.entry {
                    // What was not taken is looked at again: its hash is not remembered.
                    newest.push((if applied.frozen { !raw_hash } else { raw_hash }, entry));
                }
            }
        }
    }
    depart(
        tx,
        &old,
        &mut newest,
        feed.cut || feed.delta,
        before.last_ok_at.unwrap_or(at),
    )?;
    // A 304, or the same bytes again, would hide what was not taken.
    if frozen {
        feed.validators = Validators::default();
        feed.body_hash = None;
    }
    store_validators(tx, key, &feed.validators)?;
    let recovered = if feed.recovered.is_empty() {
        None
    } else {
        Some(json(&feed.recovered)?)
    };
    tx.prepare_cached(
        "UPDATE sources SET info = ?2, recovered = ?3, body_hash = ?4, document = ?5 WHERE id = ?1",
    )?
    .execute(params![
        key,
        json(&feed.info)?,
        recovered,
        feed.body_hash,
        document_blob(&newest)
    ])?;
    Ok(dates)
}

pub(super) fn count(applied: &Applied, report: &mut Report) {
    report.new += usize::from(applied.new);
    report.revised += usize::from(applied.revised);
    report.merged += usize::from(applied.merged);
    report.changed |= applied.shown;
}

/// Entries that left the document were last seen with the document before. What a cut document lacks may still
/// be there: it stays.
pub(super) fn depart(
    tx: &Savepoint<'_>,
    old: &[(u64, i64)],
    newest: &mut Vec<(u64, i64)>,
    cut: bool,
    last_ok_at: DateTime<Utc>,
) -> Result<(), Error> {
    let present: HashSet<i64> = newest.iter().map(|(_, entry)| *entry).collect();
    let departed = old.iter().filter(|(_, entry)| !present.contains(entry));
    if cut {
        newest.extend(departed);
        // Parts that come one after the other do not make it grow for ever.
        let beyond = newest.split_off(newest.len().min(MOST_ENTRIES));
        return last_seen(tx, beyond.iter(), last_ok_at);
    }
    last_seen(tx, departed, last_ok_at)
}

fn last_seen<'e>(
    tx: &Savepoint<'_>,
    entries: impl Iterator<Item = &'e (u64, i64)>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let mut statement =
        tx.prepare_cached("UPDATE entries SET last_seen_at_ms = ?2 WHERE id = ?1")?;
    for (_, entry) in entries {
        statement.execute(params![entry, millis(at)])?;
    }
    Ok(())
}

/// What a poll leaves in the schedule.
struct After {
    at: DateTime<Utc>,
    took_ms: i64,
    ok: bool,
    failures: u32,
    error: Option<(&'static str, String)>,
    error_since: Option<DateTime<Utc>>,
    held_until: Option<DateTime<Utc>>,
    /// The origin said when to come back: it is taken at its word, without back-off.
    resumes: bool,
    gone_at: Option<DateTime<Utc>>,
    /// `None` keeps what the last answer said.
    signals: Option<Signals>,
}

impl After {
    fn success(observed: &Observed, before: &Before) -> Self {
        Self {
            at: observed.at,
            took_ms: i64::try_from(observed.took.as_millis()).unwrap_or(i64::MAX),
            ok: true,
            failures: 0,
            error: None,
            error_since: None,
            // A request that was under way when the origin asked for quiet does not end the quiet.
            held_until: before.held_until.filter(|until| *until > observed.at),
            resumes: false,
            gone_at: None,
            signals: None,
        }
    }

    fn fail(&mut self, before: &Before, class: &'static str, message: Option<String>) {
        self.ok = false;
        self.failures = before.failures.saturating_add(1);
        self.error = Some((class, message.unwrap_or_default()));
        // Before the first failure it may be of the time when this machine was offline.
        let since = before.error_since.filter(|_| before.failures > 0);
        self.error_since = since.or(Some(self.at));
    }

    fn store(
        self,
        tx: &Savepoint<'_>,
        key: i64,
        source: &crate::model::Source,
        before: &Before,
        learned: Option<Learned>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let stored: Option<Signals> = before
            .signals
            .as_deref()
            .and_then(|text| super::codec::from_json("signals", text).ok());
        let signals = merged_signals(self.signals.as_ref(), stored, report.outcome);
        let conditional: bool = tx
            .prepare_cached("SELECT validators_url IS NOT NULL FROM sources WHERE id = ?1")?
            .query_row([key], |row| row.get(0))?;
        let next = self.next(source, &signals, conditional, learned.clone(), None);
        // While a hub pushes, polls are there in case it does not: its floor holds for every cadence.
        let next = match push::floor(tx, key, source, self.at)? {
            Some(floor) if self.ok => {
                let slow = self.next(source, &signals, conditional, learned, Some(floor));
                slow.filter(|slow| next.as_ref().is_some_and(|next| slow.at > next.at))
                    .map(|slow| schedule::Next {
                        why: push::FALLBACK.to_owned(),
                        ..slow
                    })
                    .or(next)
            }
            _ => next,
        };
        report.next_due = next.as_ref().map(|next| next.at);
        let (due_at, why) = next.map_or(
            (None, "gone: polled again only by name".to_owned()),
            |next| (Some(millis(next.at)), next.why),
        );
        let signals = if signals == Signals::default() {
            None
        } else {
            Some(json(&signals)?)
        };
        let (class, error) = self
            .error
            .map_or((None, None), |(class, error)| (Some(class), Some(error)));
        tx.prepare_cached(
            "UPDATE schedule SET due_at_ms = ?2, due_why = ?3, leased_until_at_ms = NULL, last_polled_at_ms = ?4,
             last_ok_at_ms = coalesce(?5, last_ok_at_ms), outcome = ?6, failures = ?7, error_class = ?8, error = ?9,
             error_since_at_ms = ?10, held_until_at_ms = ?11, gone_at_ms = ?12, signals = ?13 WHERE source = ?1",
        )?
        .execute(params![
            key,
            due_at,
            why,
            millis(self.at),
            self.ok.then(|| millis(self.at)),
            report.outcome,
            self.failures,
            class,
            error,
            self.error_since.map(millis),
            self.held_until.map(millis),
            self.gone_at.map(millis),
            signals,
        ])?;
        tx.prepare_cached(
            "INSERT INTO polls (source, at_ms, took_ms, outcome, new, revised, merged, body_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            key,
            millis(self.at),
            self.took_ms,
            report.outcome,
            count_of(report.new),
            count_of(report.revised),
            count_of(report.merged),
            report.body_bytes.map(u64::cast_signed),
        ])?;
        Ok(())
    }

    /// A confirmed 410 is the only thing that ends polling; a first one is asked again after a day.
    fn next(
        &self,
        source: &crate::model::Source,
        signals: &Signals,
        conditional: bool,
        learned: Option<Learned>,
        floor: Option<DateTime<Utc>>,
    ) -> Option<schedule::Next> {
        if let Some(gone_at) = self.gone_at {
            if self.at - gone_at >= GONE_CONFIRMED_AFTER {
                return None;
            }
            let at = gone_at + GONE_CONFIRMED_AFTER;
            return Some(schedule::Next {
                at,
                why: "the origin says gone: asked once more after a day".to_owned(),
            });
        }
        let history = History {
            failures: if self.resumes { 0 } else { self.failures },
            class: self.error.as_ref().map_or("", |(class, _)| class),
            unconditional: !conditional && source.url.scheme() != "file",
            last_polled_at: Some(self.at),
            held_until: self.held_until.max(floor),
            learned,
        };
        Some(schedule::next_poll(
            &source.id,
            &source.cadence,
            &history,
            signals,
            self.at,
        ))
    }
}

fn count_of(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A 304 and an unread body speak for the transport only (max-age); what the document said (ttl, skipHours, …)
/// holds on. An error says nothing about pace.
fn merged_signals(fresh: Option<&Signals>, stored: Option<Signals>, outcome: &str) -> Signals {
    match fresh {
        Some(fresh) if outcome == "ok" => fresh.clone(),
        Some(fresh) => Signals {
            max_age: fresh.max_age,
            ..stored.unwrap_or_default()
        },
        None => stored.unwrap_or_default(),
    }
}
