//! `forget`: an article out of everything, for good.

use std::path::Path;

use super::poll::write_outputs;
use super::{Failure, load, opened, shell, sign, take_lock, unanswered};
use crate::config::Config;
use crate::control::{self, Task};
use crate::store::{self, Holder, Store};

/// `forget ARTICLE`: by its id, the beginning of its UUID, or its published id.
///
/// # Errors
/// [`Failure::Setup`] when no one article is meant, [`Failure::Running`] when it could not be forgotten.
pub async fn forget(path: Option<&Path>, article: &str) -> Result<(), Failure> {
    let config = load(path)?;
    let mut lock = match take_lock(&config)? {
        Ok(lock) => lock,
        Err(holder) => return order(&config, &holder, article).await,
    };
    sign(&mut lock)?;
    let (store, sources) = opened(&config).await?;
    let shell = shell(&config, store)?;
    let id = shell.store.article_id(article).map_err(failure)?;
    println!("{}", shell.store.forget(id).await.map_err(failure)?);
    write_outputs(&config, &shell, &sources).await
}

/// `forget` beside a daemon: the daemon forgets, and renders its outputs anew.
async fn order(config: &Config, holder: &Holder, article: &str) -> Result<(), Failure> {
    let store = Store::open_to_read(&config.store.path).map_err(Failure::setup)?;
    let id = store.article_id(article).map_err(failure)?;
    let mut refused = None;
    control::ask(holder, Task::Forget { article: id }, |well, line| {
        if well {
            println!("{line}");
        } else {
            refused = Some(line.to_owned());
        }
    })
    .await
    .map_err(|error| unanswered(holder, &error))?;
    refused.map_or(Ok(()), |reason| Err(Failure::Running(reason)))
}

/// What was typed is wrong, or the store is.
fn failure(error: store::Error) -> Failure {
    match error {
        store::Error::NoArticle { .. } | store::Error::ManyArticles { .. } => Failure::setup(error),
        _ => Failure::running(error),
    }
}
