//! `explain`: why a source is polled when it is, and why an article is one.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::correct::failure;
use super::{Failure, load, print_json, rule_text, stored};
use crate::clock::Clock;
use crate::config::humane_duration;
use crate::fetch::host_key;
use crate::model::Source;
use crate::store::{self, Explanation, Hints};

mod article;

/// Polls of the past that are shown.
const POLLS: u32 = 10;

/// As `explain --json` prints it (`docs/json.md`).
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    facts: Explanation,
    schedule: String,
    respect_hints: bool,
    /// Until when its whole domain wants no requests.
    host_held_until: Option<DateTime<Utc>>,
}

/// `explain SOURCE` and `explain ARTICLE`.
///
/// # Errors
/// [`Failure::Setup`] for what is neither; as of the store.
pub async fn explain(path: Option<&Path>, what: &str, as_json: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let Some(source) = config.sources.iter().find(|source| source.id == what) else {
        let (store, _) = stored(&config).await?;
        let article = store.explain_article(what).map_err(|error| match error {
            store::Error::NoArticle { .. } => Failure::Setup(format!(
                "there is no source and no article {what:?}; `feedmill sources` and `feedmill articles` list them"
            )),
            error => failure(error),
        })?;
        if as_json {
            return print_json(&article);
        }
        print!("{}", article::text(&article));
        return Ok(());
    };
    let id = what;
    let unknown = || Failure::Setup(format!("the store does not know source {id:?} yet"));
    let (store, sources) = stored(&config).await?;
    let facts = store
        .explain(&sources, id, POLLS)
        .map_err(Failure::running)?
        .ok_or_else(unknown)?;
    let now = Clock::System.now();
    let held = store.held_off().map_err(Failure::running)?;
    let place = host_key(&source.url);
    let explained = Explained {
        schedule: rule_text(&source.cadence.rule),
        respect_hints: source.cadence.respect_hints,
        host_held_until: held
            .into_iter()
            .find(|(held, until)| held == place && *until > now)
            .map(|(_, until)| until),
        facts,
    };
    if as_json {
        return print_json(&explained);
    }
    print!("{}", text(&explained, source, now));
    Ok(())
}

fn text(explained: &Explained, source: &Source, now: DateTime<Utc>) -> String {
    let health = &explained.facts.health;
    let mut lines = vec![
        (
            "source",
            format!(
                "{} ({})",
                health.id,
                health.title.as_deref().unwrap_or("no title yet")
            ),
        ),
        ("address", health.url.clone()),
    ];
    if let Some(url) = &health.adopted_url {
        lines.push((
            "moved to",
            format!("{url}, where it is polled; change `url` to keep it"),
        ));
    }
    if explained.facts.moving_polls > 0 {
        let polls = explained.facts.moving_polls;
        lines.push((
            "moving",
            format!("{polls} polls in a row were sent elsewhere for good; the third adopts it"),
        ));
    }
    lines.push(("state", health.state.to_owned()));
    if let Some(error) = &health.error {
        let since = health.error_since.map_or_else(|| "?".to_owned(), time);
        lines.push((
            "error",
            format!("{error} ({} in a row since {since})", health.failures),
        ));
    }
    if let Some(cure) = health.cure {
        lines.push(("cure", cure.to_owned()));
    }
    if let Some(pace) = &explained.facts.pace {
        lines.push((
            "pace",
            format!(
                "{}; a poll is worth {:.1} minutes of an entry's waiting",
                pace.learned, pace.price_minutes
            ),
        ));
    }
    let hints = hints(&explained.facts.hints);
    lines.push((
        "schedule",
        format!(
            "{}, never later than {} by hints or failures",
            explained.schedule,
            humane_duration(source.cadence.max)
        ),
    ));
    let lifted = if explained.respect_hints {
        ""
    } else {
        ", not respected here"
    };
    lines.push(("hints", format!("{hints}{lifted}")));
    lines.push((
        "conditional",
        match explained.facts.conditional {
            false if health.last_success.is_none() => "not known yet".to_owned(),
            true => "yes: an unchanged feed costs a 304".to_owned(),
            false => "no: the feed gave no ETag or Last-Modified".to_owned(),
        },
    ));
    if let Some(push) = &health.push {
        lines.push(("push", push.words(now)));
    } else if let Some(hub) = explained.facts.hub_urls.first() {
        let why = match source.websub {
            true => "the feed names no self link to ask for, or was not polled since it is wanted",
            false => {
                "`websub` of the source is off, or `public_url` of [server] is not set to where hubs reach it"
            }
        };
        lines.push(("push", format!("no, though the feed names {hub}: {why}")));
    }
    if let Some(history) = &health.history {
        lines.push(("history", history.words()));
    }
    if let Some(pages) = &health.pages {
        lines.push(("pages", pages.words()));
    }
    if let Some(until) = health.held_until {
        lines.push((
            "held off",
            format!(
                "no request before {}, by its own answer or its host's",
                time(until)
            ),
        ));
    }
    if let Some(until) = explained.host_held_until {
        lines.push((
            "quiet",
            format!("its host wants no requests before {}", time(until)),
        ));
    }
    let next = health
        .next_poll
        .map_or_else(|| "never by itself".to_owned(), time);
    lines.push(("next poll", format!("{next}: {}", health.next_poll_why)));
    let mut text: String = lines
        .into_iter()
        .map(|(name, value)| format!("{name:<12}{value}\n"))
        .collect();
    for poll in &explained.facts.polls {
        text.push_str(&format!(
            "  {}  {}  {} ms  {} new, {} revised, {} merged{}\n",
            time(poll.at),
            poll.outcome,
            poll.duration_ms,
            poll.new,
            poll.revised,
            poll.merged,
            poll.body_bytes
                .map_or_else(String::new, |bytes| format!("  {bytes} bytes"))
        ));
    }
    text
}

fn hints(hints: &Hints) -> String {
    let length = |name: &str, seconds: Option<u64>| {
        let length = std::time::Duration::from_secs(seconds?);
        Some(format!("{name} {}", humane_duration(length)))
    };
    let list = |name: &str, values: &[u8]| {
        let values: Vec<String> = values.iter().map(u8::to_string).collect();
        (!values.is_empty()).then(|| format!("{name} {}", values.join(" ")))
    };
    let said: Vec<String> = [
        length("max-age", hints.max_age_seconds),
        length("ttl", hints.ttl_seconds),
        length("update period", hints.update_period_seconds),
        list("skipHours", &hints.skip_hours),
        list("skipDays (0 is Monday)", &hints.skip_days),
    ]
    .into_iter()
    .flatten()
    .collect();
    if said.is_empty() {
        "none".to_owned()
    } else {
        said.join(", ")
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}
