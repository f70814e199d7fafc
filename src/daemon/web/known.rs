//! What pages know besides articles: counts, titles, the health of sources; read now and then, as it costs time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Source;
use crate::publish::http::Made;
use crate::store::{self, SourceHealth};

use super::super::asked::Desk;
use super::Page;

/// Counting may take this share of the time: one part in fifty.
const SHARE: u32 = 50;
/// What is counted in less time is counted anew for each page.
const QUICK: Duration = Duration::from_millis(20);
/// How long the health of sources is good, at least.
const HEALTH_AGE: Duration = Duration::from_secs(2);
/// How long a page that changes with every poll is good.
const BRIEF_AGE: Duration = Duration::from_secs(15);
/// How old one may be that takes long to make.
const STALE_AGE: Duration = Duration::from_secs(120);
/// Such pages that are kept.
const BRIEF_PAGES: usize = 64;
/// Tags that are counted, of all outputs.
const TAGS: usize = 400;

/// What was counted, and the titles of sources.
#[derive(Debug, Default)]
pub(super) struct Counted {
    sources: HashMap<i64, u64>,
    /// By output and tag.
    tags: HashMap<(String, String), u64>,
    titles: HashMap<String, String>,
}

impl Counted {
    pub(super) fn of_source(&self, key: i64) -> Option<u64> {
        self.sources.get(&key).copied()
    }

    pub(super) fn of_tag(&self, output: &str, tag: &str) -> Option<u64> {
        self.tags.get(&(output.to_owned(), tag.to_owned())).copied()
    }
}

/// Something read, when, and how long that took.
#[derive(Debug)]
struct Read<T> {
    value: Arc<T>,
    at: Instant,
    took: Duration,
}

impl<T> Read<T> {
    fn new(value: T, begun: Instant) -> Self {
        let at = Instant::now();
        Self {
            value: Arc::new(value),
            at,
            took: at - begun,
        }
    }
}

/// A page that is good for a while.
#[derive(Debug)]
struct Brief {
    made: Made,
    at: Instant,
    took: Duration,
    /// Somebody makes it anew.
    is_remade: bool,
}

/// Makes such a page.
type Maker = fn(&Desk, &Page) -> Result<Made, store::Error>;

#[derive(Debug, Default)]
struct Inner {
    counted: Mutex<Option<Read<Counted>>>,
    /// Somebody counts.
    counting: Mutex<()>,
    health: Mutex<Option<Read<Vec<SourceHealth>>>>,
    brief: Mutex<HashMap<String, Brief>>,
    by_id: Mutex<HashMap<String, i64>>,
}

/// What pages know. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(in crate::daemon) struct Known(Arc<Inner>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// Counts of articles. What takes long is counted behind the pages, which show the counts before.
    pub(super) fn counted(&self, desk: &Desk) -> Result<Arc<Counted>, store::Error> {
        let (known, is_due, is_quick) = match &*locked(&self.0.counted) {
            Some(read) => (
                Some(Arc::clone(&read.value)),
                read.at.elapsed() > read.took * SHARE,
                read.took < QUICK,
            ),
            None => (None, true, true),
        };
        match known {
            Some(known) if !is_due => Ok(known),
            Some(known) if !is_quick => {
                if let (Ok(handle), Ok(_)) = (
                    tokio::runtime::Handle::try_current(),
                    self.0.counting.try_lock(),
                ) {
                    let (own, desk) = (self.clone(), desk.clone());
                    handle.spawn_blocking(move || {
                        let Ok(_counting) = own.0.counting.try_lock() else {
                            return;
                        };
                        if let Err(error) = own.count(&desk) {
                            tracing::warn!(%error, "articles cannot be counted");
                        }
                    });
                }
                Ok(known)
            }
            _ => self.count(desk),
        }
    }

    fn count(&self, desk: &Desk) -> Result<Arc<Counted>, store::Error> {
        let begun = Instant::now();
        let open: Vec<(i64, &Arc<Source>)> = { desk.sources.iter() }
            .filter(|(_, source)| !desk.open_outputs(source).is_empty())
            .collect();
        let mut sets: Vec<((String, String), Vec<usize>)> = Vec::new();
        for output in desk
            .config
            .outputs
            .iter()
            .filter(|output| output.token.is_none())
        {
            let mut of_tag: HashMap<&str, Vec<usize>> = HashMap::new();
            for (place, (_, source)) in open.iter().enumerate() {
                if super::outputs::chooses(output, source) {
                    for tag in &source.tags {
                        of_tag.entry(tag).or_default().push(place);
                    }
                }
            }
            sets.extend(
                of_tag
                    .into_iter()
                    .map(|(tag, places)| ((output.name.clone(), tag.to_owned()), places)),
            );
        }
        sets.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        sets.truncate(TAGS);
        let keys: Vec<i64> = open.iter().map(|(key, _)| *key).collect();
        let (names, sets): (Vec<_>, Vec<_>) = sets.into_iter().unzip();
        let counts = desk.shell.store.counts(&keys, &sets)?;
        let mut titles = desk.shell.store.feed_titles()?;
        for (_, source) in desk.sources.iter() {
            if let Some(title) = &source.title {
                titles.insert(source.id.clone(), title.clone());
            }
        }
        let counted = Counted {
            sources: keys.into_iter().zip(counts.sources).collect(),
            tags: names.into_iter().zip(counts.sets).collect(),
            titles,
        };
        let read = Read::new(counted, begun);
        let value = Arc::clone(&read.value);
        *locked(&self.0.counted) = Some(read);
        Ok(value)
    }

    /// Titles of the sources that open outputs include, by id.
    pub(super) fn names(&self, desk: &Desk) -> Result<HashMap<String, String>, store::Error> {
        let counted = self.counted(desk)?;
        let open = { desk.sources.iter() }.filter(|(key, _)| counted.sources.contains_key(key));
        Ok(open
            .filter_map(|(_, source)| {
                Some((source.id.clone(), counted.titles.get(&source.id)?.clone()))
            })
            .collect())
    }

    /// What a source is called, whether it may be shown or not.
    pub(super) fn title(&self, desk: &Desk, id: &str) -> String {
        let title = self
            .counted(desk)
            .ok()
            .and_then(|counted| counted.titles.get(id).cloned());
        title.unwrap_or_else(|| id.to_owned())
    }

    /// A configured source by its id.
    pub(in crate::daemon) fn source<'d>(
        &self,
        desk: &'d Desk,
        id: &str,
    ) -> Option<&'d Arc<Source>> {
        let mut by_id = locked(&self.0.by_id);
        if by_id.is_empty() {
            by_id.extend(
                desk.sources
                    .iter()
                    .map(|(key, source)| (source.id.clone(), key)),
            );
        }
        desk.sources.source(*by_id.get(id)?)
    }

    /// Health of all sources, some seconds old at most.
    pub(super) fn health(&self, desk: &Desk) -> Result<Vec<SourceHealth>, store::Error> {
        let mut known = locked(&self.0.health);
        if let Some(read) = &*known
            && read.at.elapsed() < HEALTH_AGE.max(read.took * SHARE)
        {
            return Ok(read.value.to_vec());
        }
        let begun = Instant::now();
        let health = desk.shell.store.health(&desk.sources)?;
        *known = Some(Read::new(health.clone(), begun));
        Ok(health)
    }

    /// A page that changes with every poll, [`BRIEF_AGE`] old at most. One that takes long is made anew behind the requests,
    /// which get the one before, up to [`STALE_AGE`] old.
    pub(super) fn brief(
        &self,
        desk: &Desk,
        page: &Page,
        make: Maker,
    ) -> Result<Made, store::Error> {
        let key = format!("{page:?}");
        if let Some(kept) = locked(&self.0.brief).get_mut(&key) {
            let age = kept.at.elapsed();
            if age < BRIEF_AGE {
                return Ok(kept.made.clone());
            }
            if kept.took > QUICK
                && age < STALE_AGE
                && let Ok(handle) = tokio::runtime::Handle::try_current()
            {
                if !std::mem::replace(&mut kept.is_remade, true) {
                    let (own, desk, page) = (self.clone(), desk.clone(), page.clone());
                    handle.spawn_blocking(move || {
                        if let Err(error) = own.made(&desk, &page, make) {
                            tracing::warn!(%error, "a page cannot be made anew");
                        }
                    });
                }
                return Ok(kept.made.clone());
            }
        }
        self.made(desk, page, make)
    }

    fn made(&self, desk: &Desk, page: &Page, make: Maker) -> Result<Made, store::Error> {
        let begun = Instant::now();
        let made = make(desk, page)?;
        let at = Instant::now();
        let kept = Brief {
            made: made.clone(),
            at,
            took: at - begun,
            is_remade: false,
        };
        let mut brief = locked(&self.0.brief);
        if brief.len() >= BRIEF_PAGES {
            brief.clear();
        }
        brief.insert(format!("{page:?}"), kept);
        Ok(made)
    }
}
