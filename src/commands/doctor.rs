//! `doctor`: what is wrong here, and what to do about it.

use std::path::Path;

use super::{Failure, print_json};
use checks::State;

mod checks;
mod look;

/// `doctor [--json] [--online]`. Works with a broken configuration, and beside a daemon; writes nothing.
///
/// # Errors
/// [`Failure::Running`] when a check failed.
pub async fn doctor(path: Option<&Path>, online: bool, as_json: bool) -> Result<(), Failure> {
    let checks = checks::all(&look::look(path, online).await);
    if as_json {
        print_json(&checks)?;
    } else {
        for check in &checks {
            let state = match check.state {
                State::Ok => "ok     ",
                State::Warning => "warning",
                State::Failure => "FAILURE",
            };
            println!("{state}  {}: {}", check.name, check.what);
            if let Some(cure) = &check.cure {
                println!("         cure: {cure}");
            }
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    match (count(State::Failure), count(State::Warning)) {
        (0, _) => Ok(()),
        (failures, warnings) => Err(Failure::Running(format!(
            "{failures} of {} checks failed, {warnings} warn",
            checks.len()
        ))),
    }
}
