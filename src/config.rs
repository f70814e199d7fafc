//! One TOML file → a checked [`Config`].
//!
//! Every problem is reported at once, with its place and its cure. Nothing is fetched, and no value that may be
//! secret is ever put into a message.
use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use toml::de::DeTable;
use url::Url;

use crate::filter::Filters;
use crate::model::{
    Cadence, FetchedList, Library, Nearness, RequestOptions, Retention, Rule, Secret, Source,
};
use crate::schedule::{self, RuleError};

use file::{Notes, Section};
use output::Outputs;
use parts::{PART, Part, beside, conf_d, name_beside};
use roster::Roster;
use source::Defaults;

pub use edited::{Subscriptions, files, load_edited, subscriptions};
pub use sections::budget;
pub use values::humane_duration;

mod address;
pub mod edit;
mod edited;
mod file;
mod filters;
mod grammar;
pub mod opml;
mod output;
mod parts;
mod roster;
mod secret;
mod sections;
mod selector;
mod source;
mod values;

#[cfg(test)]
mod tests;

/// Everything the daemon was told, checked, with every default filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: Store,
    /// `[fetch]`: what concerns all requests.
    pub fetch: Fetch,
    /// `[fetch]`: what a request looks like where its source says nothing else.
    pub request: Arc<RequestOptions>,
    /// `[schedule]`: the cadence of a source that says nothing else.
    pub schedule: Cadence,
    /// `[dedup]`.
    pub dedup: Nearness,
    /// `[pages]`.
    pub pages: Pages,
    /// Of cron lines, where a source says nothing else; and of the days on pages.
    pub timezone: chrono_tz::Tz,
    /// `[[source]]`, then the outlines of `[[opml]]`, in file order.
    pub sources: Vec<Arc<Source>>,
    /// `[[output]]`; never empty.
    pub outputs: Vec<Output>,
    /// `[[opml]]` with a `url`: lists that are fetched, in file order.
    pub lists: Vec<FetchedList>,
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

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// `[server]`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: Listen,
    /// Base of every self link; ends in `/`.
    pub public_url: Url,
    /// The daemon gives up the right to write elsewhere than it must, where the kernel has Landlock.
    pub confine: bool,
}

impl Config {
    /// Folders that the daemon writes to: those of the store, of outputs, of its socket, and for temporary files.
    pub fn written_folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = { &self.outputs }
            .iter()
            .filter_map(|output| output.directory.clone())
            .collect();
        folders.extend(self.store.path.parent().map(Path::to_owned));
        if let Listen::Unix(path) = &self.server.listen {
            folders.extend(path.parent().map(Path::to_owned));
        }
        folders.push(std::env::temp_dir());
        folders
    }
}

/// `[store]`.
#[derive(Clone, Debug)]
pub struct Store {
    /// The SQLite file, absolute.
    pub path: PathBuf,
    /// SQLite waits for the disk after every transaction, not only before a publication.
    pub full_sync: bool,
    /// What is kept.
    pub retention: Retention,
}

/// `[fetch]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Requests at once, over all hosts.
    pub concurrency: usize,
    /// Requests at once per registrable domain.
    pub per_host: usize,
    /// Least time between two requests to one registrable domain.
    pub host_interval: Duration,
    /// A 429 quiets the address that sent it too, not only the registrable domain.
    pub hold_off_by_address: bool,
    /// TCP and TLS set-up.
    pub connect_timeout: Duration,
    /// Longest silence within a response.
    pub idle_timeout: Duration,
    /// Bytes, before as well as after content decoding.
    pub max_body: u64,
}

/// `[pages]`.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Pictures on pages come through us instead of from their origins.
    pub image_proxy: bool,
    /// Bytes of the largest picture that is passed on.
    pub image_max: u64,
    /// Bytes of pictures that are kept on the disk.
    pub image_cache: u64,
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
    /// Which of them are shown.
    pub filters: Filters,
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
    /// WebSub hubs that are told when it changes; they are named in it.
    pub hubs: Vec<Url>,
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
    /// Path of the key, counted from 1 like lines: `source[2].schedule`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and the cure.
    pub message: String,
}

/// `feedmill.toml:12:3: source[1].schedule: what is wrong; the cure`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that keeps a configuration from being used, in file order. Prints one a line.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The file to use: `explicit`, else `$FEEDMILL_CONFIG`, `./feedmill.toml`, `./config/feedmill.toml`,
/// `/etc/feedmill/feedmill.toml`. The first two are not looked for: when they do not exist, [`load`] says so.
pub fn locate(explicit: Option<&Path>) -> Result<PathBuf, Problems> {
    let environment = std::env::var_os("FEEDMILL_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let places = [
        "feedmill.toml",
        "config/feedmill.toml",
        "/etc/feedmill/feedmill.toml",
    ];
    locate_among(explicit, environment, &places.map(PathBuf::from))
}

/// Sources to share. A list that is collected from another takes over its room, a hundred times what it needs.
fn shared(sources: Vec<Source>) -> Vec<Arc<Source>> {
    let mut shared: Vec<Arc<Source>> = sources.into_iter().map(Arc::new).collect();
    shared.shrink_to_fit();
    shared
}

/// Reads and checks a configuration file, those in `conf.d` beside it, and the OPML files they name. Lists that are
/// fetched are taken from the library; what it does not have is left out, with a warning.
pub fn load(path: &Path, library: &Library) -> Result<Config, Problems> {
    let files = RefCell::default();
    load_noting(path, library, &files)
}

/// Like [`load`]; `files` gets every file and folder that was looked at, also when there are problems: who changes one
/// may have mended them.
pub fn load_noting(
    path: &Path,
    library: &Library,
    files: &RefCell<Vec<PathBuf>>,
) -> Result<Config, Problems> {
    files.borrow_mut().extend([path.to_owned(), conf_d(path)]);
    let bytes = std::fs::read(path).map_err(|error| {
        whole_file(path, format!("cannot be read: {error}; name another with --config, or write one with `feedmill init`"))
    })?;
    let more = beside(path)?;
    files
        .borrow_mut()
        .extend(more.iter().map(|(file, _)| file.clone()));
    let env = |name: &str| std::env::var(name).ok();
    check(
        path,
        &bytes,
        &more,
        &World::new(path, &env, &schedule::rule, library, files),
    )
}

/// Where the store is by a configuration that has problems elsewhere; `None`: that cannot be told.
pub fn store_of(path: &Path) -> Option<PathBuf> {
    let bytes = std::fs::read(path).ok()?;
    let text = utf8(path, &bytes).ok()?;
    let (files, library) = (RefCell::default(), Library::new());
    let world = World::new(path, &|_| None, &schedule::rule, &library, &files);
    let mut notes = Notes::new(path, text);
    let (table, _) = DeTable::parse_recoverable(text);
    let root = Section::root(table.get_ref(), "", &mut notes);
    Some(sections::store(&root, &world, &mut notes).path)
}

/// Checks a configuration given as text, as if it stood alone in `path`.
pub fn parse(text: &str, path: &Path) -> Result<Config, Problems> {
    let env = |name: &str| std::env::var(name).ok();
    check(
        path,
        text.as_bytes(),
        &[],
        &World::new(
            path,
            &env,
            &schedule::rule,
            &Library::new(),
            &RefCell::default(),
        ),
    )
}

/// What surrounds a file: where it stands, the environment, what reads schedules, and what was fetched.
struct World<'a> {
    /// Folder of the file, absolute.
    folder: PathBuf,
    env: &'a dyn Fn(&str) -> Option<String>,
    rule: &'a dyn Fn(&str, Tz) -> Result<Rule, RuleError>,
    library: &'a Library,
    /// Files that were looked at.
    files: &'a RefCell<Vec<PathBuf>>,
}

impl<'a> World<'a> {
    fn new(
        path: &Path,
        env: &'a dyn Fn(&str) -> Option<String>,
        rule: &'a dyn Fn(&str, Tz) -> Result<Rule, RuleError>,
        library: &'a Library,
        files: &'a RefCell<Vec<PathBuf>>,
    ) -> Self {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            folder: absolute.parent().map(Path::to_owned).unwrap_or_default(),
            env,
            rule,
            library,
            files,
        }
    }

    /// The same around another file.
    fn around(&self, path: &Path) -> Self {
        Self::new(path, self.env, self.rule, self.library, self.files)
    }

    fn look_at(&self, file: &Path) {
        self.files.borrow_mut().push(file.to_owned());
    }
}

fn locate_among(
    explicit: Option<&Path>,
    environment: Option<PathBuf>,
    places: &[PathBuf],
) -> Result<PathBuf, Problems> {
    if let Some(path) = explicit {
        return Ok(path.to_owned());
    }
    if let Some(path) = environment {
        return Ok(path);
    }
    if let Some(path) = places.iter().find(|path| path.is_file()) {
        return Ok(path.clone());
    }
    let looked: Vec<String> = places
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let looked = looked.join(", ");
    let message = format!(
        "no configuration: looked for {looked}; name one with --config FILE, or write one with `feedmill init`"
    );
    Err(whole_file(Path::new("feedmill.toml"), message))
}

fn check(
    path: &Path,
    bytes: &[u8],
    more: &[(PathBuf, Vec<u8>)],
    world: &World<'_>,
) -> Result<Config, Problems> {
    let mut parts = Vec::with_capacity(1 + more.len());
    let mut broken = Vec::new();
    let named = more
        .iter()
        .map(|(path, bytes)| (path.as_path(), bytes.as_slice()));
    for (path, bytes) in std::iter::once((path, bytes)).chain(named) {
        match utf8(path, bytes) {
            Ok(text) => parts.push((path, text, DeTable::parse_recoverable(text))),
            Err(Problems(problems)) => broken.extend(problems),
        }
    }
    let mut sound = Vec::with_capacity(parts.len());
    for (index, (file, text, (table, errors))) in parts.iter_mut().enumerate() {
        let is_main = index == 0 && *file == path;
        let mut notes = Notes::new(file, text);
        if !is_main {
            notes = notes.called(name_beside(file));
        }
        if !file::syntax(std::mem::take(errors), &mut notes) {
            broken.append(&mut notes.problems);
            continue;
        }
        let root = Section::root(table.get_ref(), if is_main { "" } else { PART }, &mut notes);
        let own = (!is_main).then(|| world.around(file));
        sound.push(Part { root, notes, own });
    }
    // What the rest says of sources and outputs cannot be judged while a file is missing.
    if !broken.is_empty() {
        broken.extend(sound.into_iter().flat_map(|part| part.notes.problems));
        return Err(Problems(in_file_order(broken, path)));
    }
    let config = walk(path, &mut sound, world);
    let (problems, warnings): (Vec<_>, Vec<_>) = { sound.into_iter() }
        .map(|part| (part.notes.problems, part.notes.warnings))
        .unzip();
    let problems = problems.concat();
    if problems.is_empty() {
        return Ok(Config {
            warnings: in_file_order(warnings.concat(), path),
            ..config
        });
    }
    Err(Problems(in_file_order(problems, path)))
}

fn walk(path: &Path, parts: &mut [Part<'_>], world: &World<'_>) -> Config {
    let (root, notes) = (&parts[0].root, &mut parts[0].notes);
    let (server, callbacks) = sections::server(root, world, notes);
    let store = sections::store(root, world, notes);
    let (fetch, request, contact) = sections::fetch(root, world, notes);
    let (cadence, zone) = sections::schedule(root, world, notes);
    let dedup = sections::dedup(root, notes);
    let pages = sections::pages(root, notes);
    let defaults = Defaults {
        request: Arc::new(request),
        contact,
        cadence,
        zone,
        callbacks,
    };
    let mut roster = Roster::default();
    for part in parts.iter_mut() {
        let world = part.own.as_ref().unwrap_or(world);
        roster.sources(&part.root, &defaults, world, &mut part.notes);
    }
    for part in parts.iter_mut() {
        let world = part.own.as_ref().unwrap_or(world);
        roster.lists(&part.root, &defaults, world, &mut part.notes);
    }
    let lists = std::mem::take(&mut roster.lists);
    let sources = roster.finish(&world.folder);
    let mut outputs = Outputs::of(&sources);
    for part in parts.iter_mut() {
        let world = part.own.as_ref().unwrap_or(world);
        outputs.add(&part.root, world, &mut part.notes);
    }
    let outputs = outputs.finish();
    Config {
        path: path.to_owned(),
        server,
        store,
        fetch,
        request: defaults.request,
        schedule: defaults.cadence,
        dedup,
        pages,
        timezone: zone,
        sources: shared(sources),
        outputs,
        lists,
        warnings: Vec::new(),
    }
}

fn utf8<'t>(path: &Path, bytes: &'t [u8]) -> Result<&'t str, Problems> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let at = Some(Notes::new(path, &before).place(before.len()));
            let message = "not UTF-8; save the file as UTF-8".to_owned();
            Err(Problems(vec![Problem {
                file: path.to_owned(),
                at,
                key: String::new(),
                message,
            }]))
        }
    }
}

/// The configuration file first, then the files it names.
fn in_file_order(mut problems: Vec<Problem>, path: &Path) -> Vec<Problem> {
    problems.sort_by(|a, b| (a.file != path, &a.file, a.at).cmp(&(b.file != path, &b.file, b.at)));
    problems
}

fn whole_file(path: &Path, message: String) -> Problems {
    Problems(vec![Problem {
        file: path.to_owned(),
        at: None,
        key: String::new(),
        message,
    }])
}
