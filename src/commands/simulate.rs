//! `simulate`: publication times of the past under several policies.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::Serialize;

use super::{Failure, load, print_json, stored};
use crate::config::{self, humane_duration};
use crate::model::{Budget, Cadence, Rule};
use crate::schedule::{self, Outcome, Policy, Trace, replay, same_polls};

/// What is compared when nothing is asked for.
const POLICIES: [&str; 3] = ["every 60m", "entry-frequency", "adaptive"];

/// As `simulate --json` prints it (`docs/json.md`).
#[derive(Serialize)]
struct Row {
    policy: String,
    polls: u64,
    mean_delay_seconds: f64,
    median_delay_seconds: f64,
    p90_delay_seconds: f64,
    polls_per_source_day: f64,
    requests_per_day: f64,
    /// The same of fixed intervals with as many polls.
    fixed_mean_delay_seconds: f64,
    fixed_p90_delay_seconds: f64,
}

/// `simulate [TRACE.csv] [--policy P]… [--budget N/h]`.
///
/// # Errors
/// [`Failure::Setup`] for a policy, budget or trace that cannot be read, and a store without dated entries; as of the store.
pub async fn simulate(
    path: Option<&Path>,
    trace: Option<&Path>,
    policies: &[String],
    budget: Option<&str>,
    as_json: bool,
) -> Result<(), Failure> {
    // A trace needs no configuration; one that is there gives the bounds.
    let config = match (trace, config::locate(path)) {
        (Some(_), Err(_)) if path.is_none() => None,
        _ => Some(load(path)?),
    };
    let mut cadence = match &config {
        Some(config) => config.schedule.clone(),
        None => standard(),
    };
    let zone = config.as_ref().map_or(Tz::UTC, |config| config.timezone);
    if let Some(text) = budget {
        let read =
            config::budget(text).map_err(|why| Failure::Setup(format!("--budget: {why}")))?;
        cadence.budget = read;
    }
    let trace = match trace {
        Some(file) => read(file)?,
        None => history(config.as_ref()).await?,
    };
    let named: Vec<&str> = match policies {
        [] => POLICIES.to_vec(),
        named => named.iter().map(String::as_str).collect(),
    };
    let mut rows = Vec::new();
    for name in named {
        let policy = policy(name, zone)?;
        rows.push(row(&trace, name, &replay(&trace, &policy, &cadence)));
    }
    if as_json {
        return print_json(&rows);
    }
    print!("{}", text(&trace, &rows, cadence.budget));
    Ok(())
}

/// The defaults of `[schedule]`.
fn standard() -> Cadence {
    Cadence {
        rule: Rule::Adaptive,
        min: Duration::from_secs(900),
        max: Duration::from_secs(86_400),
        respect_hints: true,
        budget: None,
    }
}

fn read(file: &Path) -> Result<Trace, Failure> {
    let wrong = |why: String| Failure::Setup(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Trace::read(&text).map_err(|error| wrong(error.to_string()))
}

/// What the store knows of the past.
async fn history(config: Option<&config::Config>) -> Result<Trace, Failure> {
    let nothing = || {
        Failure::Setup(
            "the store has no dated entries yet: poll first, or name a trace (rows `feed,instant`)"
                .to_owned(),
        )
    };
    let config = config.ok_or_else(nothing)?;
    let (store, sources) = stored(config).await?;
    let entries = store.publications(&sources).map_err(Failure::running)?;
    Trace::over_days(entries).ok_or_else(nothing)
}

fn policy(name: &str, zone: Tz) -> Result<Policy, Failure> {
    if name.trim().eq_ignore_ascii_case("entry-frequency") {
        return Ok(Policy::EntryFrequency);
    }
    match schedule::rule(name, zone) {
        Ok(Rule::Adaptive) => Ok(Policy::Adaptive),
        Ok(Rule::Every(interval)) => Ok(Policy::Every(interval)),
        Ok(Rule::Cron(line)) => Ok(Policy::Cron(line)),
        Err(error) => Err(Failure::Setup(format!(
            "--policy: {error}; or entry-frequency"
        ))),
    }
}

fn row(trace: &Trace, name: &str, outcome: &Outcome) -> Row {
    let fixed = same_polls(trace, outcome.polls);
    let per_source_day = outcome.polls as f64 / trace.source_days();
    Row {
        policy: name.to_owned(),
        polls: outcome.polls,
        mean_delay_seconds: seconds(outcome.mean()),
        median_delay_seconds: seconds(outcome.quantile(0.5)),
        p90_delay_seconds: seconds(outcome.quantile(0.9)),
        polls_per_source_day: per_source_day,
        requests_per_day: per_source_day * trace.sources.len() as f64,
        fixed_mean_delay_seconds: seconds(fixed.mean()),
        fixed_p90_delay_seconds: seconds(fixed.quantile(0.9)),
    }
}

fn seconds(length: TimeDelta) -> f64 {
    length.num_milliseconds() as f64 / 1e3
}

fn text(trace: &Trace, rows: &[Row], budget: Option<Budget>) -> String {
    let entries: usize = trace.sources.values().map(Vec::len).sum();
    let budget = budget.map_or_else(
        || "no budget".to_owned(),
        |budget| format!("a budget of {:.0} polls an hour", budget.polls_per_hour),
    );
    let mut text = format!(
        "{} sources, {entries} entries, {} days from {}; {budget}\n\n\
         {:<20} {:>9} {:>11} {:>12} {:>9} {:>9} {:>9}   beside a fixed interval with as many polls\n",
        trace.sources.len(),
        (trace.end - trace.start).num_days(),
        trace.start.format("%Y-%m-%d"),
        "policy",
        "polls",
        "/source-day",
        "requests/day",
        "mean",
        "median",
        "p90",
    );
    for row in rows {
        let length = |seconds: f64| humane_duration(Duration::from_secs(seconds.round() as u64));
        let beside = |own: f64, fixed: f64| if fixed > 0.0 { own / fixed } else { 1.0 };
        text.push_str(&format!(
            "{:<20} {:>9} {:>11.2} {:>12.0} {:>9} {:>9} {:>9}   mean {:.2}, p90 {:.2}\n",
            row.policy,
            row.polls,
            row.polls_per_source_day,
            row.requests_per_day,
            length(row.mean_delay_seconds),
            length(row.median_delay_seconds),
            length(row.p90_delay_seconds),
            beside(row.mean_delay_seconds, row.fixed_mean_delay_seconds),
            beside(row.p90_delay_seconds, row.fixed_p90_delay_seconds),
        ));
    }
    text
}
