//! `/metrics`: what was counted, and how the store and the sources are at this moment.
//!
//! Of single sources it names those that an open output includes, by id: ids are no secrets, addresses may be.

use chrono::{DateTime, Utc};

use super::asked::Desk;
use super::followed::open_health;
use crate::meters::{Gauge, MOST_SOURCES};
use crate::store::{self, SourceHealth};

/// Renders it.
///
/// # Errors
/// What the store refuses.
pub(super) fn render(desk: &Desk) -> Result<Vec<u8>, store::Error> {
    let (store, now) = (&desk.shell.store, desk.shell.clock.now());
    let all = store.health(&desk.sources)?;
    let tally = store.tally(now)?;
    let overdue = store
        .next_due()?
        .map_or(0.0, |due| seconds(now) - seconds(due));
    let yes = |is: bool| f64::from(u8::from(is));
    let mut gauges = vec![
        Gauge {
            name: "build_info",
            help: "The release that runs",
            label: "version",
            values: vec![(env!("CARGO_PKG_VERSION").to_owned(), 1.0)],
        },
        Gauge::one(
            "start_time_seconds",
            "When the daemon started",
            seconds(desk.started),
        ),
        Gauge::one(
            "config_used",
            "1: the configuration is in force as it is written; 0: an edit is refused",
            yes(desk.refused.borrow().is_none()),
        ),
        Gauge::one(
            "config_time_seconds",
            "When the configuration came into force",
            seconds(desk.since),
        ),
        Gauge {
            name: "sources",
            help: "Configured sources, by state",
            label: "state",
            values: states(&all),
        },
        Gauge::one("polls_in_flight", "Polls under way", tally.polls as f64),
        Gauge::one(
            "schedule_overdue_seconds",
            "How long the source that is due first has been waiting",
            overdue.max(0.0),
        ),
        Gauge::one(
            "offline",
            "1: this machine seems to have no network",
            yes(desk.shell.outage.is_on()),
        ),
        Gauge::one("articles", "Stored articles", tally.articles as f64),
        Gauge::one(
            "store_bytes",
            "Size of the database with its write-ahead log",
            store.bytes() as f64,
        ),
        Gauge::one(
            "search_backlog_entries",
            "Entries that the search does not know yet",
            tally.unindexed as f64,
        ),
        Gauge::one(
            "scheduler_hangs",
            "1: the scheduler does not get on",
            yes(desk.shell.meters.hang().is_some()),
        ),
    ];
    gauges.extend(of_sources(open_health(desk, all)));
    Ok(desk.shell.meters.render(&gauges))
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// How many sources are in each state, those with none too: a series that is not there warns nobody.
fn states(all: &[SourceHealth]) -> Vec<(String, f64)> {
    let count = |state: &&str| all.iter().filter(|source| source.state == *state).count();
    let states = [
        "failing", "gone", "new", "offline", "ok", "paused", "repaired",
    ];
    states
        .iter()
        .map(|state| ((*state).to_owned(), count(state) as f64))
        .collect()
}

/// Series of single sources; of too many, those that fail first.
fn of_sources(mut all: Vec<SourceHealth>) -> Vec<Gauge> {
    let left_out = all.len().saturating_sub(MOST_SOURCES);
    all.sort_by_key(|source| source.failures == 0);
    all.truncate(MOST_SOURCES);
    let each = |name, help, value: &dyn Fn(&SourceHealth) -> Option<f64>| Gauge {
        name,
        help,
        label: "source",
        values: { all.iter() }
            .filter_map(|source| Some((source.id.clone(), value(source)?)))
            .collect(),
    };
    vec![
        each(
            "source_up",
            "1: the last poll went well; no series before the first",
            &|source| {
                source
                    .last_poll
                    .map(|_| f64::from(u8::from(source.failures == 0)))
            },
        ),
        each("source_failures", "Failed polls in a row", &|source| {
            Some(source.failures as f64)
        }),
        each(
            "source_last_success_time_seconds",
            "End of the last poll that went well",
            &|source| source.last_success.map(seconds),
        ),
        each(
            "source_next_poll_time_seconds",
            "When the source is due",
            &|source| source.next_poll.map(seconds),
        ),
        each(
            "source_articles",
            "Articles that the source carries",
            &|source| Some(source.articles as f64),
        ),
        Gauge::one(
            "sources_without_series",
            "Sources beyond the most that have series",
            left_out as f64,
        ),
    ]
}
