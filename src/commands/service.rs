//! `reload` and `status`: what is asked of a running daemon.

use std::path::Path;

use super::{Failure, load, print_json, unanswered};
use crate::config;
use crate::control::{self, Task};
use crate::daemon::Status;
use crate::store::{Holder, Lock};

/// `reload`.
///
/// # Errors
/// [`Failure::Setup`] when no daemon runs or the edited configuration is not used.
pub async fn reload(path: Option<&Path>) -> Result<(), Failure> {
    let holder = daemon(path)?;
    let mut problems = Vec::new();
    ask(&holder, Task::Reload, |well, line| {
        if well {
            println!("reloaded: {line}");
        } else {
            problems.push(line.to_owned());
        }
    })
    .await?;
    if problems.is_empty() {
        Ok(())
    } else {
        problems.push("the configuration before it runs on".to_owned());
        Err(Failure::Setup(problems.join("\n")))
    }
}

/// `status [--json]`.
///
/// # Errors
/// [`Failure::Running`] when no daemon runs or it cannot tell.
pub async fn status(path: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let holder = daemon(path)?;
    let (mut told, mut refused) = (None, None);
    ask(&holder, Task::Status, |well, line| {
        let to = if well { &mut told } else { &mut refused };
        *to = Some(line.to_owned());
    })
    .await?;
    if let Some(refused) = refused {
        return Err(Failure::Running(refused));
    }
    let status: Status = serde_json::from_str(&told.unwrap_or_default()).map_err(|error| {
        Failure::Running(format!(
            "the daemon (process {}) does not say how it is: {error}",
            holder.pid
        ))
    })?;
    if as_json {
        return print_json(&status);
    }
    print!("{}", text(&status));
    Ok(())
}

/// The daemon on the store of a configuration. One that is edited and not used names its store all the same, where that
/// can be read.
fn daemon(path: Option<&Path>) -> Result<Holder, Failure> {
    let store = match load(path) {
        Ok(config) => config.store.path,
        Err(failure) => {
            let path = config::locate(path).map_err(Failure::setup)?;
            config::store_of(&path).ok_or(failure)?
        }
    };
    let taken = Lock::try_take(&store).map_err(Failure::setup)?;
    let holder = taken.err().filter(|holder| holder.control.is_some());
    holder.ok_or_else(|| {
        Failure::Running(format!(
            "no daemon runs on {}; start one with `feedmill run`",
            store.display()
        ))
    })
}

async fn ask(holder: &Holder, task: Task, each: impl FnMut(bool, &str)) -> Result<(), Failure> {
    let asked = control::ask(holder, task, each).await;
    asked.map_err(|error| unanswered(holder, &error))
}

/// For people, a line a matter.
fn text(status: &Status) -> String {
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let next = status
        .next_poll
        .map_or_else(|| "none is due".to_owned(), time);
    let mut lines = vec![
        format!(
            "feedmill {}, process {}, since {}, serves {}",
            status.version,
            status.pid,
            time(status.started),
            status.public_url
        ),
        format!(
            "configuration: {}, in force since {}",
            status.config,
            time(status.config_since)
        ),
    ];
    if let Some(at) = status.config_refused {
        lines.push(format!("  edited, and NOT used (looked at {}):", time(at)));
        lines.extend(
            status
                .config_problems
                .iter()
                .map(|problem| format!("  {problem}")),
        );
    }
    lines.push(format!(
        "sources: {}, of them {} failing or gone, {} paused",
        status.sources, status.failing, status.paused
    ));
    lines.push(match status.offline {
        true => "polls: this machine seems to be offline, one is tried now and then".to_owned(),
        false => format!("polls: {} under way, next {next}", status.polls),
    });
    lines.push(format!(
        "store: {}, {:.1} MB, {} articles",
        status.store,
        status.store_bytes as f64 / 1e6,
        status.articles
    ));
    if status.unindexed > 0 {
        lines.push(format!(
            "search: {} entries are not in the index yet",
            status.unindexed
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}
