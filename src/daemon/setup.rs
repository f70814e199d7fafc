//! What a running daemon goes by, swapped whole when the configuration is edited.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Problems};
use crate::poll::Shell;
use crate::store::Sources;

/// One configuration in force. Whoever holds it keeps to it; the next one is another value.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// What polls need: of all setups the same store, clock and outage.
    pub shell: Shell,
    /// The configured sources.
    pub sources: Sources,
    /// When it came into force.
    pub since: DateTime<Utc>,
}

/// An edited configuration that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// What is wrong, a line each, with places by the names of the files alone.
    pub problems: Vec<String>,
}

impl Refused {
    pub(super) fn of(problems: &Problems, at: DateTime<Utc>) -> Self {
        let named = |problem: &crate::config::Problem| {
            let mut problem = problem.clone();
            if let Some(name) = problem.file.file_name() {
                problem.file = name.into();
            }
            problem.to_string()
        };
        Self {
            at,
            problems: problems.0.iter().map(named).collect(),
        }
    }
}

/// Setups as they come, and what was refused since the last.
#[derive(Clone, Debug)]
pub struct Current {
    /// The one in force.
    pub setup: watch::Receiver<Arc<Setup>>,
    /// `None`: the files say what is in force.
    pub refused: watch::Receiver<Option<Arc<Refused>>>,
    /// When the first came into force.
    pub started: DateTime<Utc>,
}

impl Current {
    /// The setup in force.
    pub fn get(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.borrow())
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Keeps some work going until `stop`: when another setup comes into force it is stopped and begun anew with that.
pub(super) fn anew(
    mut setups: watch::Receiver<Arc<Setup>>,
    stop: CancellationToken,
    mut work: impl FnMut(Arc<Setup>, CancellationToken) -> Work + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            let setup = Arc::clone(&setups.borrow_and_update());
            let turn = stop.child_token();
            let working = work(setup, turn.clone());
            let watching = async {
                tokio::select! {
                    () = turn.cancelled() => {}
                    changed = setups.changed() => match changed {
                        Ok(()) => turn.cancel(),
                        // Nobody edits any more.
                        Err(_) => turn.cancelled().await,
                    },
                }
            };
            tokio::join!(working, watching);
        }
    })
}
