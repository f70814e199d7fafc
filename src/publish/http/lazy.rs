//! Publications that are made when somebody first asks for them, once a change, and then shared.
//!
//! How many are kept and how many are made at once is bounded; whoever asks for one that is being made waits for it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::http::HeaderValue;
use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Secret;
use crate::publish::Publication;

/// Documents that are kept at most …
const MOST: usize = 256;
/// … and bytes in all their codings.
const MOST_BYTES: usize = 64 << 20;
/// Documents that are made at the same time.
const AT_ONCE: usize = 2;

/// What a path came to, and the token that is needed to learn it.
#[derive(Clone, Debug)]
pub enum Made {
    /// A document.
    Here(Arc<Publication>),
    /// A document that is not kept: who made it says for how long it is good.
    Brief(Arc<Publication>),
    /// There was one, and it is withdrawn for good: 410.
    Gone(Option<Secret>),
    /// For now another path below the base answers: 307.
    Elsewhere(String, Option<Secret>),
    /// Nothing: 404.
    Missing,
    /// It is asked for in a way that cannot be meant: 400, with what is wrong and the cure.
    Refused(String),
    /// It cannot be made right now: 503.
    Failed,
}

impl Made {
    /// Needed to learn of it; `None`: everybody may.
    pub(super) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Here(publication) | Self::Brief(publication) => publication.token.as_ref(),
            Self::Gone(token) | Self::Elsewhere(_, token) => token.as_ref(),
            Self::Missing | Self::Refused(_) | Self::Failed => None,
        }
    }
}

type Making = Pin<Box<dyn Future<Output = Made> + Send>>;

/// Makes what a path below the base names. It must answer cheaply that it does not know a path.
type Maker = dyn Fn(String) -> Making + Send + Sync;

/// What is known of a path before anything is made.
#[derive(Clone, Debug)]
pub enum Door {
    /// There may be something, for everybody or for whom its maker says.
    Open,
    /// Nothing is made without this token; the query takes no part in what it is.
    Locked(Secret),
    /// There is nothing: 404.
    Nowhere,
}

/// Looks at a path and its query, without making anything.
type Porter = dyn Fn(&str) -> Door + Send + Sync;

/// A picture of somebody else's, as it is passed on.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its bytes.
    pub body: Bytes,
    /// Its type, as its first bytes say.
    pub content_type: &'static str,
    /// Strong validator of its bytes.
    pub(super) etag: Option<HeaderValue>,
}

impl Picture {
    /// A picture of these bytes.
    pub fn new(body: Bytes, content_type: &'static str) -> Self {
        let etag = format!("\"{:032x}\"", xxh3_128(&body));
        Self {
            body,
            content_type,
            etag: HeaderValue::try_from(etag).ok(),
        }
    }
}

type Fetching = Pin<Box<dyn Future<Output = Option<Picture>> + Send>>;

/// Brings a picture by its path below `static/image/`; `None`: there is none to be had.
type Courier = dyn Fn(String) -> Fetching + Send + Sync;

/// Makes and keeps documents. Cloning is cheap.
#[derive(Clone)]
pub struct Lazy {
    maker: Arc<Maker>,
    porter: Option<Arc<Porter>>,
    courier: Option<Arc<Courier>>,
    shelf: Arc<Mutex<Shelf>>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Shelf {
    cells: HashMap<String, Arc<OnceCell<Made>>>,
    /// The oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}

impl Lazy {
    /// Documents of a maker.
    pub fn new<F>(maker: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Made> + Send + 'static,
    {
        Self {
            maker: Arc::new(move |path| Box::pin(maker(path)) as Making),
            porter: None,
            courier: None,
            shelf: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Asks a porter before a document is made.
    #[must_use]
    pub fn behind(self, porter: impl Fn(&str) -> Door + Send + Sync + 'static) -> Self {
        Self {
            porter: Some(Arc::new(porter)),
            ..self
        }
    }

    /// What is known of a path; without a porter it may be anything.
    pub(super) fn door(&self, path: &str) -> Door {
        self.porter
            .as_ref()
            .map_or(Door::Open, |porter| porter(path))
    }

    /// Passes pictures on as well.
    #[must_use]
    pub fn with_pictures<F>(self, courier: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Picture>> + Send + 'static,
    {
        let courier: Arc<Courier> = Arc::new(move |path| Box::pin(courier(path)) as Fetching);
        Self {
            courier: Some(courier),
            ..self
        }
    }

    /// The picture of a path.
    pub(super) async fn picture(&self, path: &str) -> Option<Picture> {
        match &self.courier {
            Some(courier) => courier(path.to_owned()).await,
            None => None,
        }
    }

    /// Makes a document before anybody asks.
    pub async fn warm(&self, path: &str) {
        self.get(path).await;
    }

    /// Something changed: everything is made anew when it is next asked for.
    pub fn renew(&self) {
        *self.shelf() = Shelf::default();
    }

    /// What a path came to. Only documents are kept.
    pub(super) async fn get(&self, path: &str) -> Made {
        let cell = Arc::clone(self.shelf().cells.entry(path.to_owned()).or_default());
        let mut is_new = false;
        let made = cell
            .get_or_init(|| async {
                is_new = true;
                match self.places.acquire().await {
                    Ok(_place) => (self.maker)(path.to_owned()).await,
                    Err(_) => Made::Failed,
                }
            })
            .await
            .clone();
        if is_new {
            self.shelf().keep(path, &cell, &made);
        }
        made
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Keeps a document that was just made, unless everything was renewed meanwhile, and lets the oldest go.
    fn keep(&mut self, path: &str, cell: &Arc<OnceCell<Made>>, made: &Made) {
        let is_here = self
            .cells
            .get(path)
            .is_some_and(|own| Arc::ptr_eq(own, cell));
        let Made::Here(publication) = made else {
            if is_here {
                self.cells.remove(path);
            }
            return;
        };
        if !is_here {
            return;
        }
        self.order.push_back(path.to_owned());
        self.bytes += publication.size();
        while self.order.len() > MOST || (self.bytes > MOST_BYTES && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(cell) = self.cells.remove(&oldest)
                && let Some(Made::Here(publication)) = cell.get()
            {
                self.bytes = self.bytes.saturating_sub(publication.size());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A maker that counts, of documents as long as `bytes`, and refuses names with an x.
    fn counted(bytes: usize) -> (Lazy, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let lazy = Lazy::new(move |path: String| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                if path.contains('x') {
                    return Made::Missing;
                }
                let body = vec![b'a'; bytes];
                Made::Here(Arc::new(Publication::new(
                    body,
                    "text/plain",
                    Default::default(),
                    60,
                    None,
                )))
            }
        });
        (lazy, count)
    }

    #[tokio::test]
    async fn a_document_is_made_once_however_many_ask_and_again_after_a_change() {
        let (lazy, count) = counted(10);
        let (one, two) = tokio::join!(lazy.get("a"), lazy.get("a"));
        assert!(matches!((one, two), (Made::Here(_), Made::Here(_))));
        lazy.get("a").await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
        lazy.renew();
        lazy.get("a").await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_and_what_is_missing_takes_no_place() {
        let (lazy, _) = counted(10);
        for number in 0..MOST + 20 {
            lazy.get(&format!("x{number}")).await;
            lazy.get(&number.to_string()).await;
        }
        let shelf = lazy.shelf();
        assert_eq!((shelf.cells.len(), shelf.order.len()), (MOST, MOST));
        assert!(shelf.cells.contains_key("200") && !shelf.cells.contains_key("0"));
    }
}
