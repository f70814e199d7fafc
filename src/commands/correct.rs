//! `split`, `merge`, `forget`: what the operator says about articles, for good.

use std::path::Path;

use super::poll::write_outputs;
use super::{Failure, load, opened, shell, sign, take_lock, unanswered};
use crate::control::{self, Task};
use crate::model::Correction;
use crate::store::{self, Holder};

/// Does what is said, in the daemon where one runs. An article is named by its id, the beginning of its UUID, or its
/// published id; an entry by its number, id, link or source, as `explain` shows them.
///
/// # Errors
/// [`Failure::Setup`] when no one article or entry is meant, [`Failure::Running`] when it could not be done.
pub async fn correct(path: Option<&Path>, correction: Correction) -> Result<(), Failure> {
    let config = load(path)?;
    let mut lock = match take_lock(&config)? {
        Ok(lock) => lock,
        Err(holder) => return order(&holder, correction).await,
    };
    sign(&mut lock)?;
    let (store, sources) = opened(&config).await?;
    let shell = shell(&config, store)?;
    println!(
        "{}",
        shell.store.correct(correction).await.map_err(failure)?
    );
    write_outputs(&config, &shell, &sources).await
}

/// Beside a daemon: it does it, and renders its outputs anew.
async fn order(holder: &Holder, correction: Correction) -> Result<(), Failure> {
    let mut refused = None;
    control::ask(holder, Task::Correct(correction), |well, line| {
        if well {
            println!("{line}");
        } else {
            refused = Some(line.to_owned());
        }
    })
    .await
    .map_err(|error| unanswered(holder, &error))?;
    refused.map_or(Ok(()), |reason| Err(Failure::Setup(reason)))
}

/// What was typed is wrong, or the store is.
pub(super) fn failure(error: store::Error) -> Failure {
    match error {
        store::Error::NoArticle { .. }
        | store::Error::ManyArticles { .. }
        | store::Error::NoEntry { .. } => Failure::setup(error),
        _ => Failure::running(error),
    }
}
