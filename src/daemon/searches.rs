//! Any search as a feed: `search.atom?q=`, of what the open outputs show.
//!
//! It is made at every request: the index, which is filled behind the polls, changes it too.

use crate::config::Output;
use crate::publish::{Channel, Draft, Format, Publication};
use crate::search::Query;
use crate::store::{self, Selection};

use super::asked::{Desk, LIMIT};
use super::outputs;

/// How long a client may keep it, in seconds.
const MAX_AGE: u64 = 60;

/// The format and the search of `search.EXTENSION?q=TEXT`.
pub(super) fn read(path: &str) -> Option<(Format, String)> {
    let (file, query) = path.split_once('?')?;
    let extension = file.strip_prefix("search.")?;
    let format = { Format::ALL }
        .into_iter()
        .find(|format| format.extension() == extension)?;
    let (_, text) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "q")?;
    Some((format, text.into_owned()))
}

/// The newest of what a search finds.
///
/// # Errors
/// [`store::Error::Search`] when the text is no search; what the store refuses.
pub(super) fn make(desk: &Desk, format: Format, text: &str) -> Result<Publication, store::Error> {
    let output = Output {
        limit: LIMIT,
        ..Output::everything("search".to_owned())
    };
    let articles = desk.as_shown(desk.visible(&selection(desk, &output, text)?)?);
    let address = address(desk, format, text);
    let channel = Channel {
        id: uuid::Uuid::new_v5(&desk.shell.store.id()?, address.as_bytes())
            .urn()
            .to_string(),
        title: format!("Search: {text}"),
        self_url: address,
        home_url: page(desk, text),
        hubs: Vec::new(),
        updated: { &articles }
            .iter()
            .map(|article| article.updated)
            .max()
            .unwrap_or_default(),
        ..outputs::channel(&desk.config, &output, &desk.shell)?
    };
    let draft = Draft::new(format.render(&channel, &articles), format.content_type());
    Ok(draft.finish(channel.updated, MAX_AGE, None))
}

/// What a search finds of the sources that an open output includes.
pub(super) fn selection(
    desk: &Desk,
    output: &Output,
    text: &str,
) -> Result<Selection, store::Error> {
    let refused = |reason| store::Error::Search { reason };
    if text.is_empty() {
        return Err(refused(
            "there is nothing to search for; write what to find, as in /search.atom?q=rust"
                .to_owned(),
        ));
    }
    let query = Query::read(text, desk.shell.clock.now());
    let query = query.map_err(|error| refused(error.to_string()))?;
    desk.open_selection(output).narrowed(query, &desk.sources)
}

/// Where the feed itself is.
fn address(desk: &Desk, format: Format, text: &str) -> String {
    below(desk, &format!("search.{}", format.extension()), text)
}

/// The page of the same search.
fn page(desk: &Desk, text: &str) -> String {
    below(desk, "search", text)
}

fn below(desk: &Desk, file: &str, text: &str) -> String {
    let mut url = desk.config.server.public_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(file);
    }
    url.query_pairs_mut().append_pair("q", text);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_format_and_a_search() {
        let read = |path| read(path).map(|(format, text)| (format.extension(), text));
        assert_eq!(
            read("search.atom?q=gate+tide"),
            Some(("atom", "gate tide".to_owned()))
        );
        assert_eq!(read("search.json?q=%C3%A9"), Some(("json", "é".to_owned())));
        assert_eq!(read("search.rss?q="), Some(("rss", String::new())));
        assert_eq!(read("search.xml?q=a"), None);
        assert_eq!(read("search.atom"), None);
    }
}
