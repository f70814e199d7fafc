//! `health.atom`: what happened to the sources that needs the operator, in the reader that is open already.
//!
//! Of sources that only an output with a token includes it says nothing, and of private ones and files no details.

use uuid::Uuid;

use super::asked::Desk;
use super::followed::is_secret;
use crate::publish::health::{self, Happening};
use crate::store::{self, Event};

/// Events of the feed, at most.
const MOST: usize = 100;
/// Events looked at for it.
const LOOKED_AT: usize = 1_000;

/// Renders the feed.
///
/// # Errors
/// What the store refuses.
pub(super) fn render(desk: &Desk) -> Result<Vec<u8>, store::Error> {
    let of = desk.shell.store.id()?;
    let base = desk.config.server.public_url.as_str();
    let events = desk.shell.store.events(LOOKED_AT)?;
    let happenings: Vec<Happening> = { events.into_iter() }
        .filter_map(|event| happening(desk, &of, event))
        .take(MOST)
        .collect();
    let id = Uuid::new_v5(&of, b"health").urn().to_string();
    Ok(health::render(
        &id,
        &format!("{base}health.atom"),
        &format!("{base}sources"),
        &happenings,
    ))
}

/// An event as everybody may see it; `None`: not at all.
fn happening(desk: &Desk, of: &Uuid, event: Event) -> Option<Happening> {
    let mut text = event.text;
    let base = &desk.config.server.public_url;
    let mut url = format!("{base}sources");
    let whose = match event.source {
        None => "Feedmill".to_owned(),
        Some(key) => {
            let source = desk.sources.source(key)?;
            if desk.open_outputs(source).is_empty() {
                return None;
            }
            if is_secret(source) {
                text = "Details are not shown of a private source; `feedmill sources` says more."
                    .to_owned();
            }
            url = format!("{url}/{}", source.id);
            source.title.clone().unwrap_or_else(|| source.id.clone())
        }
    };
    let name = format!("event {} {}", event.key, event.at.timestamp_millis());
    Some(Happening {
        id: Uuid::new_v5(of, name.as_bytes()).urn().to_string(),
        at: event.at,
        title: format!("{whose}: {}", event.kind),
        kind: event.kind,
        text,
        url: Some(url),
    })
}
