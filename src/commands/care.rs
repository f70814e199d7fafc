//! The file of the store: `backup` and `restore`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, load};
use crate::clock::Clock;
use crate::store::{self, Copied};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

/// `backup FILE`: a checked copy of the store of one instant, also beside a daemon. `force` writes over a file.
///
/// # Errors
/// [`Failure::Running`], and there is no file under that name that was not there before.
pub async fn backup(path: Option<&Path>, to: &Path, force: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let store = config.store.path.clone();
    let (from, target) = (store.clone(), to.to_owned());
    let copied = watched(&store, to, move || store::back_up(&from, &target, force)).await;
    let copied = copied.map_err(|error| match error {
        store::Error::Exists { .. } => Failure::Running(format!("{error}; --force does")),
        error => Failure::running(error),
    })?;
    println!("{}: {}", to.display(), words(copied));
    Ok(())
}

/// `restore FILE`: a backup in the place of the store, which is kept beside.
///
/// # Errors
/// [`Failure::Running`], and the store is as it was.
pub async fn restore(path: Option<&Path>, from: &Path) -> Result<(), Failure> {
    let config = load(path)?;
    let store = config.store.path.clone();
    let (file, target, now) = (from.to_owned(), store.clone(), Clock::System.now());
    let restored = watched(from, &store, move || store::restore(&target, &file, now))
        .await
        .map_err(Failure::running)?;
    println!("{}: {}", store.display(), words(restored.copied));
    if let Some(kept) = restored.kept {
        println!("the store as it was before is at {}", kept.display());
    }
    Ok(())
}

fn words(copied: Copied) -> String {
    let Copied {
        bytes,
        articles,
        schema,
    } = copied;
    format!(
        "{}.{} MiB, {articles} articles, schema version {schema}",
        bytes >> 20,
        ((bytes % (1 << 20)) * 10) >> 20
    )
}

/// Runs the work on a thread of its own; on a terminal a bar shows how much of the copy is written.
async fn watched<T: Send + 'static>(
    from: &Path,
    to: &Path,
    work: impl FnOnce() -> Result<T, store::Error> + Send + 'static,
) -> Result<T, store::Error> {
    let bar = bar(from);
    let part: PathBuf = store::part_of(to);
    let mut work = tokio::task::spawn_blocking(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(TICK) => {
                let written = part.metadata().map_or(0, |part| part.len());
                bar.set_position(written.min(bar.length().unwrap_or(written)));
            }
        }
    };
    bar.finish_and_clear();
    done.map_err(|_| store::Error::Closed)?
}

fn bar(from: &Path) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {eta} left");
    let length = from.metadata().map_or(0, |file| file.len());
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
