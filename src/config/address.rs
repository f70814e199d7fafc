//! Addresses of feeds, and the ids that are made from them.
//!
//! An address may hold a token, so no message here repeats one.
use std::path::Path;

use url::Url;

use super::file::Read;
use super::values::slug;

/// Longest id made here, so that a number still fits behind it.
const LONGEST_ID: usize = 56;

/// What can be polled: http, https, or `file:` relative to a folder.
pub(super) fn feed_url(text: &str, folder: &Path) -> Read<Url> {
    let text = text.trim();
    if text
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
    {
        return file_url(&text[5..], folder);
    }
    // `feed:` is what browsers once wrote so that a click opened a feed reader.
    let text = match text.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    let url = Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        "no address of a feed; write one that begins with \"https://\", \"http://\" or \"file:\""
            .to_owned()
    })
}

/// The address without what is never sent: two sources that differ in the fragment alone are one.
pub(super) fn address_key(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

/// An id from host and path: `https://example.org/feed.xml` is `example-org-feed`. The query is left out, as
/// tokens stand there; a private source shows a hash only.
pub(super) fn default_id(url: &Url, private: bool, folder: &Path) -> String {
    if private {
        let hash = xxhash_rust::xxh3::xxh3_64(url.as_str().as_bytes());
        return format!("private-{:08x}", hash >> 32);
    }
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let path = local_path(url, folder).unwrap_or_else(|| url.path().to_owned());
    let path = path.trim_end_matches('/');
    let stem = match path.rsplit_once('.') {
        Some((stem, "xml" | "rss" | "atom" | "rdf" | "json" | "php" | "html" | "htm" | "aspx")) => {
            stem
        }
        _ => path,
    };
    let mut id = slug(&format!("{host}/{stem}"));
    id.truncate(LONGEST_ID);
    id.truncate(id.trim_end_matches('-').len());
    if id.is_empty() {
        "source".to_owned()
    } else {
        id
    }
}

/// Of a `file:` address: its path below the folder, else its file name, so that no id depends on the machine.
fn local_path(url: &Url, folder: &Path) -> Option<String> {
    let path = url.to_file_path().ok().filter(|_| url.scheme() == "file")?;
    let short = path
        .strip_prefix(folder)
        .ok()
        .or_else(|| path.file_name().map(Path::new))?;
    Some(short.to_string_lossy().into_owned())
}

fn file_url(path: &str, folder: &Path) -> Read<Url> {
    let wrong = || {
        "no address of a file; write \"file:folder/feed.xml\", relative to this file, or \"file:///folder/feed.xml\"".to_owned()
    };
    if path.trim_matches('/').is_empty() {
        return Err(wrong());
    }
    let url = if path.starts_with('/') {
        Url::parse(&format!("file:{path}"))
    } else {
        Url::from_directory_path(folder)
            .map_err(|()| wrong())?
            .join(&format!("./{path}"))
    };
    url.ok()
        .filter(|url| url.to_file_path().is_ok())
        .ok_or_else(wrong)
}
