//! One TOML file → a checked [`Config`].
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::model::{Secret, Source};

/// Everything the daemon was told, checked, with every default filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: Store,
    /// `[fetch]`.
    pub fetch: Fetch,
    /// `[[source]]`, then the outlines of `[[opml]]`, in file order.
    pub sources: Vec<Source>,
    /// `[[output]]`; never empty.
    pub outputs: Vec<Output>,
    /// Keys that parse but do nothing yet, and other things worth telling.
    pub warnings: Vec<Problem>,
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `host:port`.
    Tcp(String),
    /// `unix:/path`.
    Unix(PathBuf),
}

/// `[server]`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: Listen,
    /// Base of every self link; ends in `/`.
    pub public_url: Url,
}

/// `[store]`.
#[derive(Clone, Debug)]
pub struct Store {
    /// The SQLite file, absolute.
    pub path: PathBuf,
}

/// `[fetch]`.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Requests at once, over all hosts.
    pub concurrency: usize,
    /// Requests at once per registrable domain.
    pub per_host: usize,
    /// Least time between two requests to one registrable domain.
    pub host_interval: Duration,
    /// TCP and TLS set-up.
    pub connect_timeout: Duration,
    /// Longest silence within a response.
    pub idle_timeout: Duration,
    /// Bytes, before as well as after content decoding.
    pub max_body: u64,
}

/// `[[output]]`.
#[derive(Clone, Debug)]
pub struct Output {
    /// Served at `/NAME.atom`.
    pub name: String,
    /// Title of the feed.
    pub title: String,
    /// Articles of sources with any of these tags; empty means all.
    pub tags: Vec<String>,
    /// Articles of these sources; empty means all.
    pub sources: Vec<String>,
    /// Newest articles shown.
    pub limit: usize,
    /// What "newest" means.
    pub order: Order,
    /// At most this many articles of one source; `None` is no cap.
    pub per_source: Option<usize>,
    /// Needed to read it.
    pub token: Option<Secret>,
    /// Put before each title, with placeholders.
    pub title_prefix: String,
    /// Whether content or only the summary is published.
    pub content: Content,
    /// Folder for static files, absolute.
    pub directory: Option<PathBuf>,
}

/// What an output is ordered by, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The publisher's date, but not after our first sight.
    #[default]
    Published,
    /// Our first sight.
    FirstSeen,
}

/// How much of an article an output carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    #[default]
    Full,
    /// The summary only.
    Summary,
}

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File it stands in.
    pub file: PathBuf,
    /// Line and column, from 1; `None` when it concerns the file as a whole.
    pub at: Option<(usize, usize)>,
    /// Path of the key: `source[2].schedule`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and the cure.
    pub message: String,
}

/// Everything that keeps a configuration from being used.
#[derive(Debug, thiserror::Error)]
#[error("{} problem(s) in the configuration", .0.len())]
pub struct Problems(pub Vec<Problem>);

/// The file to use: `explicit`, else `$FEEDMILL_CONFIG`, `./feedmill.toml`, `./config/feedmill.toml`,
/// `/etc/feedmill/feedmill.toml`.
pub fn locate(explicit: Option<&Path>) -> Result<PathBuf, Problems> {
    let _ = explicit;
    unimplemented!()
}

/// Reads and checks a configuration file and the OPML files it names.
pub fn load(path: &Path) -> Result<Config, Problems> {
    let _ = path;
    unimplemented!()
}
