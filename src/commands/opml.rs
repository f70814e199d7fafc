//! `export --format opml`: what is followed, to import elsewhere.

use std::io::Write;
use std::path::Path;

use super::{Failure, load, stored};
use crate::daemon;

/// `export --format opml [--output NAME]`: configured sources, paused ones too, with the titles and sites that their feeds gave.
/// Private sources and files are left out, and counted on standard error; no address shows a user or password.
///
/// # Errors
/// As of the store; [`Failure::Setup`] for an unknown output.
pub async fn export_opml(path: Option<&Path>, output: Option<&str>) -> Result<(), Failure> {
    let config = load(path)?;
    let output = match output {
        None => None,
        Some(name) => {
            let found = config.outputs.iter().find(|output| output.name == name);
            Some(found.ok_or_else(|| Failure::Setup(format!("there is no output \"{name}\"")))?)
        }
    };
    let (store, sources) = stored(&config).await?;
    let health = store.health(&sources).map_err(Failure::running)?;
    let (list, left_out) = daemon::opml(&config, health, output);
    if left_out > 0 {
        eprintln!("feedmill: {left_out} private sources or files are left out");
    }
    std::io::stdout().write_all(&list).map_err(Failure::running)
}
