//! Pictures that pages pass on: fetched once, kept on the disk up to a cap, served to whoever has the page's address.
//!
//! Off by default. Only addresses that we signed are fetched ([`crate::web::Images`]), by the rules of the fetch stage
//! and into the public Internet (and `fetch.allow_private`) only; only what begins like a picture is passed on.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_128;

use crate::config::Config;
use crate::poll::Shell;
use crate::publish::directory;
use crate::publish::http::Picture;
use crate::web::Images;

use super::asked::Desk;

/// Pictures that are fetched at the same time.
const AT_ONCE: usize = 8;
/// What could not be had is not asked for again for this long.
const PAUSE: Duration = Duration::from_secs(600);
/// So many of these are remembered, and pictures that are on their way.
const REMEMBERED: usize = 10_000;

type Coming = Arc<OnceCell<Option<Picture>>>;

/// Fetches and keeps pictures.
#[derive(Debug)]
pub(super) struct Album {
    config: Arc<Config>,
    shell: Shell,
    images: Images,
    folder: PathBuf,
    places: Semaphore,
    /// Pictures that somebody waits for: who asks for one that is fetched waits for it as well.
    coming: Mutex<HashMap<u128, Coming>>,
    /// Until when what is not asked for.
    missing: Mutex<HashMap<u128, Instant>>,
    /// Bytes on the disk; `None`: not looked yet.
    kept: Mutex<Option<u64>>,
}

impl Desk {
    /// The album, when pictures are passed on.
    pub(super) fn album(&self) -> Option<Arc<Album>> {
        if !self.config.pages.image_proxy {
            return None;
        }
        let id = self.shell.store.id().ok()?;
        Some(Arc::new(Album {
            config: Arc::clone(&self.config),
            shell: self.shell.clone(),
            images: Images::Proxied(id),
            folder: folder(&self.config.store.path),
            places: Semaphore::new(AT_ONCE),
            coming: Mutex::default(),
            missing: Mutex::default(),
            kept: Mutex::default(),
        }))
    }
}

/// `feedmill.db` → `feedmill-images` beside it.
fn folder(database: &Path) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{stem}-images"))
}

impl Album {
    /// The picture of a path below `static/image/`; `None`: not ours, not to be had, or no picture.
    pub(super) async fn picture(self: Arc<Self>, path: String) -> Option<Picture> {
        let url = self.images.asked(&path)?;
        let hash = xxh3_128(url.as_bytes());
        if let Some(found) = self.at_hand(hash).await {
            return found;
        }
        let coming = self.coming(hash);
        let found = coming
            .get_or_init(|| async {
                // It came, or was found to be missing, between the look and the waiting.
                match self.at_hand(hash).await {
                    Some(found) => found,
                    None => self.bring(hash, &url).await,
                }
            })
            .await
            .clone();
        let mut all = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&hash).is_some_and(|own| Arc::ptr_eq(own, &coming)) {
            all.remove(&hash);
        }
        found
    }

    /// The cell that everybody who wants a picture waits for.
    fn coming(&self, hash: u128) -> Coming {
        let mut all = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            // Those that all who waited for them gave up.
            all.retain(|_, cell| Arc::strong_count(cell) > 1);
        }
        Arc::clone(all.entry(hash).or_default())
    }

    /// What is known of a picture without asking anybody: it is on the disk, or known to be missing. `None`: nothing.
    async fn at_hand(self: &Arc<Self>, hash: u128) -> Option<Option<Picture>> {
        let own = Arc::clone(self);
        if let Ok(Some(body)) = tokio::task::spawn_blocking(move || own.read(hash)).await {
            return Some(picture(body));
        }
        self.is_missing(hash).then_some(None)
    }

    /// Fetches a picture and keeps it.
    async fn bring(self: &Arc<Self>, hash: u128, url: &str) -> Option<Picture> {
        let start = url::Url::parse(url).ok()?;
        let _place = self.places.acquire().await.ok()?;
        let (most, now) = (self.config.pages.image_max, self.shell.clock.now());
        let fetched = self
            .shell
            .fetcher
            .image(&self.config.request, &start, most, now)
            .await;
        let found = match fetched {
            Ok(body) => picture(body),
            Err(error) => {
                tracing::debug!(%error, "a picture cannot be had");
                None
            }
        };
        let Some(found) = found else {
            self.note_missing(hash);
            return None;
        };
        let (own, body) = (Arc::clone(self), found.body.clone());
        let kept = tokio::task::spawn_blocking(move || own.keep(hash, &body)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, "a picture cannot be kept");
        }
        Some(found)
    }

    fn read(&self, hash: u128) -> Option<Bytes> {
        let path = self.folder.join(name(hash));
        let body = fs::read(&path).ok()?;
        // Its age counts from when it was last wanted.
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            let _ = file.set_times(fs::FileTimes::new().set_modified(now()));
        }
        Some(body.into())
    }

    /// Writes a picture, after those that were not wanted for longest have made room. One of more than a tenth of the
    /// cap is not kept: it would take the place of many.
    fn keep(&self, hash: u128, body: &Bytes) -> Result<(), directory::Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        keep(
            &self.folder,
            self.config.pages.image_cache,
            &mut kept,
            hash,
            body,
        )
    }

    fn is_missing(&self, hash: u128) -> bool {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing
            .get(&hash)
            .is_some_and(|until| *until > Instant::now())
    }

    fn note_missing(&self, hash: u128) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.len() >= REMEMBERED {
            missing.clear();
        }
        missing.insert(hash, Instant::now() + PAUSE);
    }
}

fn name(hash: u128) -> String {
    format!("{hash:032x}")
}

/// File times are the machine's, whatever the clock of the polls says.
fn now() -> SystemTime {
    crate::clock::Clock::System.now().into()
}

fn keep(
    folder: &Path,
    cap: u64,
    kept: &mut Option<u64>,
    hash: u128,
    body: &Bytes,
) -> Result<(), directory::Error> {
    let bytes = body.len() as u64;
    if bytes > cap / 10 {
        return Ok(());
    }
    if kept.is_none_or(|kept| kept + bytes > cap) {
        // Down to nine tenths, so that this is not done for each picture.
        *kept = Some(make_room(folder, (cap / 10 * 9).saturating_sub(bytes)));
    }
    directory::write(folder, &name(hash), body)?;
    *kept = kept.map(|kept| kept + bytes);
    Ok(())
}

/// Removes the pictures that were not wanted for longest until `room` bytes are left at most; how many are.
fn make_room(folder: &Path, room: u64) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = files
        .filter_map(|file| {
            let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((about.modified().ok()?, about.len(), file.path()))
        })
        .collect();
    files.sort();
    let mut kept: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in files {
        if kept <= room {
            break;
        }
        if fs::remove_file(path).is_ok() {
            kept -= bytes;
        }
    }
    kept
}

/// What begins like a picture that browsers show; its type is what it begins like, whatever its origin said.
fn picture(body: Bytes) -> Option<Picture> {
    let content_type = match body.as_ref() {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'a',
            b'v',
            b'i',
            b'f' | b's',
            ..,
        ] => "image/avif",
        _ => return None,
    };
    Some(Picture::new(body, content_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_passed_on() {
        let kind = |bytes: &'static [u8]| {
            picture(Bytes::from_static(bytes)).map(|found| found.content_type)
        };
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(kind(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), None);
        assert_eq!(kind(b"<!DOCTYPE html>"), None);
        assert_eq!(kind(b""), None);
    }

    #[test]
    fn what_was_not_wanted_for_longest_makes_room() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, age) in [("a", 3), ("b", 2), ("c", 1)] {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).expect("written");
            let file = fs::File::options()
                .append(true)
                .open(&path)
                .expect("opened");
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000 - age);
            file.set_times(fs::FileTimes::new().set_modified(at))
                .expect("set");
        }
        assert_eq!(make_room(folder.path(), 250), 200);
        assert!(!folder.path().join("a").exists() && folder.path().join("c").exists());
        assert_eq!(make_room(Path::new("/nowhere/at/all"), 1), 0);
    }

    #[test]
    fn a_picture_that_is_too_large_to_keep_drives_no_other_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut kept = None;
        let mut keep = |hash, bytes| {
            let body = Bytes::from(vec![0; bytes]);
            super::keep(folder.path(), 1_000, &mut kept, hash, &body).expect("written");
        };
        (0..9).for_each(|hash| keep(hash, 100));
        keep(9, 900);
        let there = |hash| folder.path().join(name(hash)).exists();
        assert!((0..9).all(there) && !there(9));
        keep(10, 100);
        keep(11, 100);
        assert!(there(11) && !(0..9).all(there));
    }
}
