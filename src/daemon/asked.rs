//! What is rendered when somebody first asks for it: a feed for every tag and source that an open output includes.
//!
//! Such a feed shows of these sources what the open outputs show of them: their filters hold, and where all of them carry
//! summaries only, so does it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::{Config, Content, Output};
use crate::model::{Article, Source};
use crate::poll::Shell;
use crate::publish::http::{Lazy, Made};
use crate::publish::{Channel, Format, Publication, without_content};
use crate::store::{self, ArchivePage, Selection, Sources};

use super::followed::{self, List};
use super::setup::{Current, Refused, Setup};
use super::web::{self, Known, Page};
use super::{outputs, searches};

/// Articles of such a feed, as of an output that says nothing else.
pub(super) const LIMIT: usize = 100;

/// How long a client may keep a document of an archive, in seconds. It never changes, but may be withdrawn.
const ARCHIVE_AGE: u64 = 86_400;

/// How long a list of sources is good.
const LIST_AGE: Duration = Duration::from_secs(15);

/// By path.
type Lists = HashMap<&'static str, (Instant, Arc<Publication>)>;

/// A feed, and its state when that is news.
type Rendered = (Publication, Vec<(String, store::OutputState)>);

/// Who makes them.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) config: Arc<Config>,
    pub(super) shell: Shell,
    pub(super) sources: Sources,
    /// An edited configuration that is not used; `None`: there is none.
    pub(super) refused: watch::Receiver<Option<Arc<Refused>>>,
    /// When the daemon started.
    pub(super) started: DateTime<Utc>,
    /// Since when the configuration is in force.
    pub(super) since: DateTime<Utc>,
    /// Lists of sources, and until when they are good.
    lists: Arc<Mutex<Lists>>,
    /// What pages know.
    pub(super) known: Known,
}

impl Desk {
    pub(super) fn new(config: Arc<Config>, shell: Shell, sources: Sources) -> Self {
        let now = shell.clock.now();
        Self {
            config,
            shell,
            sources,
            refused: watch::channel(None).1,
            started: now,
            since: now,
            lists: Arc::default(),
            known: Known::default(),
        }
    }

    /// For the server.
    pub(super) fn of(setup: &Setup, current: &Current) -> Self {
        Self {
            refused: current.refused.clone(),
            started: current.started,
            since: setup.since,
            ..Self::new(
                Arc::clone(&setup.config),
                setup.shell.clone(),
                setup.sources.clone(),
            )
        }
    }

    /// Makes documents for the server.
    pub(super) fn lazy(self) -> Lazy {
        let desk = Arc::new(self);
        let (album, config) = (desk.album(), Arc::clone(&desk.config));
        let lazy = Lazy::new(move |path| Arc::clone(&desk).make(path))
            .behind(move |path| web::door(path, &config));
        match album {
            Some(album) => lazy.with_pictures(move |path| Arc::clone(&album).picture(path)),
            None => lazy,
        }
    }

    async fn make(self: Arc<Self>, path: String) -> Made {
        if let Some((output, page)) = archived(&path, &self.config) {
            let (desk, output) = (Arc::clone(&self), output.clone());
            let made = tokio::task::spawn_blocking(move || desk.archive(&output, page)).await;
            return match made {
                Ok(Ok(made)) => made,
                Ok(Err(error)) => failed(&path, &error),
                Err(error) => failed(&path, &error),
            };
        }
        if let Some(list) = List::read(&path) {
            let desk = Arc::clone(&self);
            let made = tokio::task::spawn_blocking(move || desk.list(list)).await;
            return match made {
                Ok(Ok(publication)) => Made::Brief(publication),
                Ok(Err(error)) => failed(&path, &error),
                Err(error) => failed(&path, &error),
            };
        }
        if let Some((format, text)) = searches::read(&path) {
            let desk = Arc::clone(&self);
            let made =
                tokio::task::spawn_blocking(move || searches::make(&desk, format, &text)).await;
            return match made {
                Ok(Ok(publication)) => Made::Brief(Arc::new(publication)),
                Ok(Err(error @ store::Error::Search { .. })) => Made::Refused(format!("{error}\n")),
                Ok(Err(error)) => failed(&path, &error),
                Err(error) => failed(&path, &error),
            };
        }
        if let Some(page) = Page::read(&path, &self.config) {
            let desk = Arc::clone(&self);
            let made = tokio::task::spawn_blocking(move || web::make(&desk, &page)).await;
            return match made {
                Ok(Ok(made)) => made,
                Ok(Err(error)) => failed(&path, &error),
                Err(error) => failed(&path, &error),
            };
        }
        let Some(wanted) = Wanted::read(&path, &self.config) else {
            return Made::Missing;
        };
        let desk = Arc::clone(&self);
        // Reading and rendering block: not on a thread that serves.
        let made = tokio::task::spawn_blocking(move || desk.feed(&wanted)).await;
        let (publication, news) = match made {
            Ok(Ok(Some(made))) => made,
            Ok(Ok(None)) => return Made::Missing,
            Ok(Err(error)) => return failed(&path, &error),
            Err(error) => return failed(&path, &error),
        };
        if !news.is_empty()
            && let Err(error) = self.shell.store.record_outputs(news).await
        {
            return failed(&path, &error);
        }
        Made::Here(Arc::new(publication))
    }

    /// A list of sources, not older than [`LIST_AGE`]: how they are changes with every poll.
    fn list(&self, list: List) -> Result<Arc<Publication>, store::Error> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, known)) = lists.get(list.path())
            && *until > Instant::now()
        {
            return Ok(Arc::clone(known));
        }
        let body = followed::render(self, list)?;
        let age = LIST_AGE.as_secs();
        let now = self.shell.clock.now();
        let made = Publication::new(body, list.content_type(), now, age, None);
        let made = Arc::new(made);
        lists.insert(list.path(), (Instant::now() + LIST_AGE, Arc::clone(&made)));
        Ok(made)
    }

    /// A document of the archive of an output: its bytes as they were stored.
    fn archive(&self, output: &Output, page: i64) -> Result<Made, store::Error> {
        let token = output.token.clone();
        Ok(match self.shell.store.archive_page(&output.name, page)? {
            Some(ArchivePage::Closed(body, at)) => {
                let kind = Format::Atom.content_type();
                Made::Here(Arc::new(Publication::new(
                    body,
                    kind,
                    at,
                    ARCHIVE_AGE,
                    token,
                )))
            }
            Some(ArchivePage::Withdrawn) => Made::Gone(token),
            Some(ArchivePage::Next) => Made::Elsewhere(format!("{}.atom", output.name), token),
            None => Made::Missing,
        })
    }

    fn feed(&self, wanted: &Wanted) -> Result<Option<Rendered>, store::Error> {
        let output = wanted.output();
        let selection = self.open_selection(&output);
        if selection.sources.as_ref().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        let articles = self.as_shown(self.visible(&selection)?);
        let path = wanted.path();
        let channel = Channel {
            title: self.title(wanted, &articles),
            self_url: self.address(wanted),
            hubs: Vec::new(),
            ..outputs::channel(&self.config, &output, &self.shell)?
        };
        let states = self.shell.store.output_states()?;
        let before = states.get(&path);
        let (publication, state) = outputs::render(
            &channel,
            &articles,
            wanted.format,
            &output,
            &self.shell,
            before,
        );
        let news = (before != Some(&state)).then_some((path, state));
        Ok(Some((publication, news.into_iter().collect())))
    }

    /// What an output would show of the sources that open outputs include, before their filters.
    pub(super) fn open_selection(&self, output: &Output) -> Selection {
        let mut selection = outputs::selection(&self.config, output, &self.sources);
        selection.sources.get_or_insert_default().retain(|key| {
            let source = self.sources.source(*key);
            source.is_some_and(|source| !self.open_outputs(source).is_empty())
        });
        selection
    }

    /// The open outputs that show an article: of one of its places, and their filters let it pass.
    fn showing(&self, article: &Article) -> impl Iterator<Item = &Output> {
        let sources =
            { article.entries.iter() }.filter_map(|place| self.known.source(self, &place.source));
        let outputs = sources.flat_map(|source| self.open_outputs(source));
        outputs.filter(|output| outputs::passes(output, article))
    }

    /// Whether open outputs show no more of an article than its summary.
    pub(super) fn is_cut(&self, article: &Article) -> bool {
        { self.showing(article) }.all(|output| output.content == Content::Summary)
    }

    /// Articles with as much of each as an open output shows.
    pub(super) fn as_shown(&self, mut articles: Vec<Article>) -> Vec<Article> {
        for article in &mut articles {
            if self.is_cut(article) {
                *article = without_content(article);
            }
        }
        articles
    }

    /// The open outputs that include a source.
    pub(super) fn open_outputs(&self, source: &Source) -> Vec<&Output> {
        if outputs::is_hidden(&self.config, source) {
            return Vec::new();
        }
        let all = self.config.outputs.iter();
        all.filter(|output| output.token.is_none() && outputs::chooses(output, source))
            .collect()
    }

    /// Of a selection, what an open output lets pass.
    pub(super) fn visible(&self, selection: &Selection) -> Result<Vec<Article>, store::Error> {
        let filtered = self.config.outputs.iter();
        if { filtered }.all(|output| output.filters.is_empty()) {
            return self.shell.store.timeline(selection, &self.sources);
        }
        let most = selection.limit.unwrap_or(LIMIT);
        let all = Selection {
            limit: Some(outputs::MOST_JUDGED),
            ..selection.clone()
        };
        let mut shown = Vec::new();
        self.shell
            .store
            .each_article(&all, &self.sources, |article| {
                if self.showing(&article).next().is_some() {
                    shown.push(article);
                }
                shown.len() < most
            })?;
        Ok(shown)
    }

    /// The tag, or what the source is called.
    fn title(&self, wanted: &Wanted, articles: &[Article]) -> String {
        let Kind::Source(id) = &wanted.kind else {
            return wanted.name().to_owned();
        };
        let mut represented = articles
            .iter()
            .filter(|article| article.origin.source == *id);
        let known = represented
            .next()
            .map(|article| article.origin.title.clone());
        let given = self.sources.iter().find(|(_, source)| source.id == *id);
        let given = given.and_then(|(_, source)| source.title.clone());
        given.or(known).unwrap_or_else(|| id.clone())
    }

    /// Without its extension.
    fn address(&self, wanted: &Wanted) -> String {
        let mut url = self.config.server.public_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend([wanted.folder(), wanted.name()]);
        }
        url.into()
    }
}

fn failed(path: &str, error: &dyn std::error::Error) -> Made {
    tracing::error!(path, %error, "a feed cannot be made");
    Made::Failed
}

/// The output and page that `NAME/archive/N.atom` names.
fn archived<'c>(path: &str, config: &'c Config) -> Option<(&'c Output, i64)> {
    let (name, rest) = path.split_once('/')?;
    let number = rest.strip_prefix("archive/")?.strip_suffix(".atom")?;
    let page = number
        .parse()
        .ok()
        .filter(|page: &i64| page.to_string() == number)?;
    let output = config.outputs.iter().find(|output| output.name == name)?;
    Some((output, page))
}

/// A feed that is asked for.
struct Wanted {
    kind: Kind,
    format: Format,
}

enum Kind {
    Tag(String),
    Source(String),
}

impl Wanted {
    /// What a path below the base names, when the configuration knows it.
    fn read(path: &str, config: &Config) -> Option<Self> {
        let (folder, file) = path.split_once('/')?;
        let (name, extension) = file.rsplit_once('.')?;
        let format = Format::ALL
            .into_iter()
            .find(|format| format.extension() == extension)?;
        let name = decoded(name)?;
        let mut sources = config.sources.iter();
        let kind = match folder {
            "tag" if sources.any(|source| source.tags.contains(&name)) => Kind::Tag(name),
            "source" if sources.any(|source| source.id == name) => Kind::Source(name),
            _ => return None,
        };
        Some(Self { kind, format })
    }

    fn folder(&self) -> &'static str {
        match self.kind {
            Kind::Tag(_) => "tag",
            Kind::Source(_) => "source",
        }
    }

    fn name(&self) -> &str {
        match &self.kind {
            Kind::Tag(name) | Kind::Source(name) => name,
        }
    }

    /// As its state is kept.
    fn path(&self) -> String {
        let extension = self.format.extension();
        format!("{}/{}.{extension}", self.folder(), self.name())
    }

    /// The output that it would be.
    fn output(&self) -> Output {
        let (tags, sources) = match &self.kind {
            Kind::Tag(tag) => (vec![tag.clone()], Vec::new()),
            Kind::Source(id) => (Vec::new(), vec![id.clone()]),
        };
        Output {
            tags,
            sources,
            limit: LIMIT,
            ..Output::everything(format!("{}/{}", self.folder(), self.name()))
        }
    }
}

/// A segment of a path without its percent-encoding (RFC 3986 §2.1); `None` when that is broken or no UTF-8.
pub(super) fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(
            u8::from_str_radix(digits, 16)
                .ok()
                .filter(|_| !digits.starts_with('+'))?,
        );
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_tag_or_source_of_the_configuration_and_nothing_else() {
        let text = "[[source]]\nid = \"mill\"\nurl = \"file:a\"\ntags = [\"a b\", \"é.x\"]";
        let config = crate::config::parse(text, std::path::Path::new("f.toml")).expect("valid");
        let read = |path: &str| Wanted::read(path, &config).map(|wanted| wanted.path());
        for (path, expected) in [
            ("tag/a%20b.atom", Some("tag/a b.atom")),
            ("tag/%C3%A9.x.json", Some("tag/é.x.json")),
            ("source/mill.rss", Some("source/mill.rss")),
            ("source/m%69ll.rss", Some("source/mill.rss")),
            ("source/mill", None),
            ("source/mill.xml", None),
            ("source/other.atom", None),
            ("tag/mill.atom", None),
            ("tag/a%2.atom", None),
            ("tag/%+a.atom", None),
            ("tag/%ff.atom", None),
            ("tag/../source/mill.atom", None),
        ] {
            assert_eq!(read(path).as_deref(), expected, "{path}");
        }
    }
}
