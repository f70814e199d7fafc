//! A configuration that is about to be edited: its files, what it follows, and whether it stays good.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::address::{address_key, default_id, feed_url};
use super::edit::NewSource;
use super::file::Notes;
use super::parts::beside;
use super::source::sorted;
use super::{Config, Problem, Problems, World, check, opml, whole_file};
use crate::model::{Library, Source};
use crate::schedule;

/// The files that hold `[[source]]`, in the order in which [`Config::sources`] has those: the main one, and those in
/// `conf.d` beside it.
///
/// # Errors
/// When one cannot be read.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Problems> {
    let more = beside(path)?.into_iter().map(|(file, _)| file);
    Ok(std::iter::once(path.to_owned()).chain(more).collect())
}

/// Like [`super::load`], as if one of [`files`] held this text.
///
/// # Errors
/// Everything that would keep the configuration from being used.
pub fn load_edited(
    path: &Path,
    library: &Library,
    file: &Path,
    text: &str,
) -> Result<Config, Problems> {
    let mut more = beside(path)?;
    let main = if file == path {
        text.as_bytes().to_vec()
    } else {
        if let Some((_, bytes)) = more.iter_mut().find(|(name, _)| name == file) {
            *bytes = text.as_bytes().to_vec();
        }
        std::fs::read(path)
            .map_err(|error| whole_file(path, format!("cannot be read: {error}; try again")))?
    };
    let env = |name: &str| std::env::var(name).ok();
    let looked_at = RefCell::default();
    let world = World::new(path, &env, &schedule::rule, library, &looked_at);
    check(path, &main, &more, &world)
}

impl Config {
    /// The source that has this address already; fragments tell no two apart.
    pub fn followed(&self, url: &Url) -> Option<&Arc<Source>> {
        let key = address_key(url);
        self.sources
            .iter()
            .find(|source| address_key(&source.url) == key)
    }
}

/// An OPML list as sources to be written.
#[derive(Debug, Default)]
pub struct Subscriptions {
    /// Each address once, with the tags of all its places.
    pub sources: Vec<NewSource>,
    /// Outlines whose address is followed already.
    pub followed: usize,
    /// What cannot be taken, and where it stands.
    pub left_out: Vec<Problem>,
}

/// Reads a list that stands in `file`. Its folders become tags, after `tags`, which all get.
///
/// # Errors
/// When it is no OPML or too large; the words follow the name of the file.
pub fn subscriptions(
    bytes: &[u8],
    file: &Path,
    tags: &[String],
    config: &Config,
) -> Result<Subscriptions, String> {
    let text = opml::decode(bytes);
    let document = opml::read(&text)?;
    let mut notes = Notes::new(file, &text);
    for (at, reason) in document.broken {
        notes.warning(at, "", reason);
    }
    let mut list = Subscriptions::default();
    // An index into `list.sources`; `None`: in the configuration.
    let mut known: HashMap<String, Option<usize>> = { config.sources.iter() }
        .map(|source| (address_key(&source.url), None))
        .collect();
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = absolute.parent().unwrap_or(&absolute);
    for outline in document.outlines {
        let url = match feed_url(&outline.url, folder) {
            Ok(url) => url,
            Err(message) => {
                let title = outline.title.unwrap_or_default();
                let message = format!("outline {title:?}: {message}; left out");
                notes.warning(outline.at, "", message);
                continue;
            }
        };
        // A list must name everything: who has no title for a feed writes its id or address.
        let id = default_id(&url, false, folder);
        let title = { outline.title }.filter(|title| *title != id && title != url.as_str());
        let tags = sorted(tags.iter().cloned().chain(outline.tags).collect());
        match known.get(&address_key(&url)) {
            Some(None) => list.followed += 1,
            Some(Some(first)) => {
                let first = &mut list.sources[*first];
                first.tags = sorted(first.tags.drain(..).chain(tags).collect());
                first.title = first.title.take().or(title);
            }
            None => {
                known.insert(address_key(&url), Some(list.sources.len()));
                list.sources.push(NewSource {
                    url: url.into(),
                    title,
                    tags,
                    ..NewSource::default()
                });
            }
        }
    }
    notes.warnings.sort_by_key(|warning| warning.at);
    list.left_out = notes.warnings;
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{edit, parse};

    fn config() -> Config {
        let text = "[[source]]\nurl = \"https://a.example/feed\"\n";
        parse(text, Path::new("/etc/feedmill.toml")).expect("a configuration")
    }

    #[test]
    fn a_list_becomes_sources_with_its_folders_as_tags() {
        let text = "<opml><outline text='Sea'><outline text='Far Off'><outline text='B' xmlUrl='https://b.example/'/></outline>\
            <outline text='A' xmlUrl='https://a.example/feed#x'/></outline>\n<outline xmlUrl='gopher://c.example/' text='C'/>\
            <outline xmlUrl='https://b.example/' text='Bee'/><outline xmlUrl='file:d.xml'/></opml>";
        let tags = ["all".to_owned()];
        let list = subscriptions(
            text.as_bytes(),
            Path::new("/lists/l.opml"),
            &tags,
            &config(),
        );
        let list = list.expect("OPML");
        let shown: Vec<String> = { list.sources.iter() }
            .map(|source| {
                format!(
                    "{} {:?} {}",
                    source.url,
                    source.title,
                    source.tags.join(",")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "https://b.example/ Some(\"B\") all,far-off,sea",
                "file:///lists/d.xml None all",
            ]
        );
        assert_eq!(list.followed, 1);
        let left_out: Vec<String> = list.left_out.iter().map(ToString::to_string).collect();
        assert_eq!(
            left_out,
            [
                "/lists/l.opml:2:1: outline \"C\": no address of a feed; write one that begins with \
              \"https://\", \"http://\" or \"file:\"; left out"
            ]
        );
        let text = edit::add("", &list.sources).expect("TOML");
        let read = parse(&text, Path::new("/etc/feedmill.toml")).expect("a configuration");
        assert_eq!(read.sources.len(), 2);
    }

    #[test]
    fn an_address_is_followed_whatever_its_fragment() {
        let config = config();
        let followed = |url: &str| {
            let url = Url::parse(url).expect("a URL");
            config.followed(&url).map(|source| source.id.as_str())
        };
        assert_eq!(
            followed("https://A.example:443/feed#top"),
            Some("a-example-feed")
        );
        assert_eq!(followed("https://a.example/feed/"), None);
    }

    #[test]
    fn an_edit_is_checked_with_the_files_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let main = folder.path().join("feedmill.toml");
        let more = folder.path().join("conf.d/more.toml");
        std::fs::create_dir(folder.path().join("conf.d")).expect("made");
        std::fs::write(&main, "[[source]]\nurl = \"https://a.example/\"\n").expect("written");
        std::fs::write(&more, "[[source]]\nurl = \"https://b.example/\"\n").expect("written");
        assert_eq!(files(&main).expect("files"), [main.clone(), more.clone()]);
        let edited = |file: &Path, text: &str| {
            load_edited(&main, &Library::new(), file, text)
                .map(|config| config.sources.len())
                .map_err(|problems| problems.to_string())
        };
        assert_eq!(edited(&main, ""), Ok(1));
        assert_eq!(edited(&more, ""), Ok(1));
        let doubled = edited(&more, "[[source]]\nurl = \"https://a.example/\"\n");
        assert!(doubled.is_err_and(|problems| problems.contains("the same address as")));
    }
}
