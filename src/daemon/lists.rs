//! Shell: lists of sources that somebody else keeps (`[[opml]]` with a `url`), asked for as politely as a feed and kept
//! in the store: the last good copy of each counts, whatever becomes of its origin.

use std::time::Duration;

use crate::config::opml;
use crate::fetch::{Answer, Fetcher};
use crate::model::{FetchedList, Source};
use crate::store::{DueList, ListNews};

use super::setup::Setup;

/// Looked at this often at least.
const LOOK: Duration = Duration::from_secs(3_600);

/// Until the next list should be asked for.
pub(super) fn wait(setup: &Setup) -> Duration {
    let now = setup.shell.clock.now();
    let Ok((due, next)) = setup.shell.store.lists_due(&setup.config.lists, now, false) else {
        return LOOK;
    };
    if !due.is_empty() {
        return Duration::ZERO;
    }
    let wait = next.and_then(|next| (next - now).to_std().ok());
    wait.unwrap_or(LOOK).min(LOOK)
}

/// Asks for the lists that it is time for, or for `all`, one after the other; true when one is another than before.
pub async fn refresh(setup: &Setup, all: bool) -> bool {
    let (store, lists) = (&setup.shell.store, &setup.config.lists);
    let due = match store.lists_due(lists, setup.shell.clock.now(), all) {
        Ok((due, _)) => due,
        Err(error) => {
            tracing::error!(%error, "the lists of sources cannot be looked up");
            return false;
        }
    };
    let mut is_news = false;
    for due in due {
        let news = ask(setup, &due).await;
        let name = shown(&due.list);
        match &news {
            ListNews::Document(..) => tracing::info!("the list of sources {name} is new"),
            ListNews::Same => {}
            ListNews::Failed(why) => {
                tracing::warn!(
                    "the list of sources {name} cannot be had: {why}; the copy that is here counts"
                );
            }
        }
        let is_document = matches!(news, ListNews::Document(..));
        let now = setup.shell.clock.now();
        match store
            .keep_list(due.list.url, news, lists.clone(), now)
            .await
        {
            Ok(()) => is_news |= is_document,
            Err(error) => tracing::error!(%error, "the list of sources {name} cannot be stored"),
        }
    }
    is_news
}

/// How a list may be called.
fn shown(list: &FetchedList) -> String {
    if list.private {
        return "(private)".to_owned();
    }
    let mut url = list.url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

async fn ask(setup: &Setup, due: &DueList) -> ListNews {
    let source = Source::lone(
        due.list.url.clone(),
        setup.config.schedule.clone(),
        setup.config.request.clone(),
    );
    let fetcher: &Fetcher = &setup.shell.fetcher;
    let now = setup.shell.clock.now();
    let payload = match fetcher
        .fetch(&source, &due.list.url, &due.validators, true, now)
        .await
    {
        Ok(Answer::Modified(payload)) => payload,
        Ok(Answer::NotModified(_)) => return ListNews::Same,
        Ok(Answer::Gone) => return ListNews::Failed("it is gone (410)".to_owned()),
        Err(error) => return ListNews::Failed(error.to_string()),
    };
    let max_body = setup.config.fetch.max_body;
    let reading = tokio::task::spawn_blocking(move || {
        let decoded = payload
            .decode(max_body)
            .map_err(|error| error.to_string())?;
        if decoded.cut {
            return Err("it ended too early".to_owned());
        }
        let text = opml::decode(&decoded.body).into_owned();
        let list = opml::read(&text).map_err(|why| format!("it {why}"))?;
        if list.outlines.is_empty() {
            return Err("it names no feed".to_owned());
        }
        Ok((text, payload.validators))
    });
    match reading.await {
        Ok(Ok((text, validators))) => ListNews::Document(text, validators),
        Ok(Err(why)) => ListNews::Failed(why),
        Err(error) => ListNews::Failed(error.to_string()),
    }
}
