//! The page of one article, and of one source.

use crate::model::Article;
use crate::publish::http::Made;
use crate::store::{self, ArticleExplanation, EarlierText, Explanation, Hints, Selection};
use crate::web::{self, Frame, SourcePage, Told};

use super::super::asked::Desk;
use super::super::followed;
use super::{BRIEF_AGE, frame, here, publication};
use crate::config::{Output, humane_duration};

/// Polls of the past that a source's page shows.
const POLLS: u32 = 20;
/// Newest articles that it shows.
const NEWEST: usize = 15;

/// The page of an article, by its UUID.
pub(super) fn article(desk: &Desk, uuid: &str) -> Result<Made, store::Error> {
    let id = format!("urn:uuid:{uuid}");
    let explained = match desk.shell.store.explain_article(&id) {
        Ok(explained) => explained,
        Err(store::Error::NoArticle { .. }) => return Ok(Made::Missing),
        Err(error) => return Err(error),
    };
    let Some(article) = visible(desk, vec![explained.id.clone()])?.pop() else {
        return Ok(Made::Missing);
    };
    if explained.id != id {
        // It was united with another since.
        let uuid = explained.id.trim_start_matches("urn:uuid:");
        return Ok(Made::Elsewhere(format!("articles/{uuid}"), None));
    }
    let body = told(desk, &frame(desk)?, &article, explained)?;
    Ok(here(desk, body, None))
}

/// The page of an article that an open output shows, as a file; `None`: it went meanwhile.
pub(in crate::daemon) fn article_file(
    desk: &Desk,
    frame: &Frame,
    article: &Article,
) -> Result<Option<Vec<u8>>, store::Error> {
    match desk.shell.store.explain_article(&article.id) {
        Ok(explained) => told(desk, frame, article, explained).map(Some),
        Err(store::Error::NoArticle { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn told(
    desk: &Desk,
    frame: &Frame,
    article: &Article,
    mut explained: ArticleExplanation,
) -> Result<Vec<u8>, store::Error> {
    let is_open = |id: &str| {
        desk.known
            .source(desk, id)
            .is_some_and(|source| !desk.open_outputs(source).is_empty())
    };
    explained.entries.retain(|joined| is_open(&joined.source));
    for joined in &mut explained.entries {
        joined.represents =
            joined.source == article.origin.source && joined.entry_id == article.entry.id;
    }
    explained.entries.sort_by_key(|joined| !joined.represents);
    let mut earlier: Vec<EarlierText> = desk.shell.store.earlier_texts(&article.id)?;
    earlier
        .retain(|text| text.source == article.origin.source && text.entry_id == article.entry.id);
    // A folder has no pages of articles that its outputs do not show.
    let most = if frame.links.is_served() { 20 } else { 0 };
    let relations: Vec<_> = article.related.iter().take(most).cloned().collect();
    let near = visible(
        desk,
        relations
            .iter()
            .map(|related| related.article.clone())
            .collect(),
    )?;
    let related = relations.iter().filter_map(|related| {
        let found = near.iter().find(|near| near.id == related.article)?;
        let title = found
            .entry
            .title
            .clone()
            .unwrap_or_else(|| found.origin.title.clone());
        Some((found.id.clone(), title, related.relation))
    });
    let told = Told {
        article,
        explained: &explained,
        earlier: &earlier,
        related: related.collect(),
        summary_only: desk.is_cut(article),
    };
    Ok(web::article(frame, &told))
}

/// Of these articles, those that an open output shows.
fn visible(desk: &Desk, ids: Vec<String>) -> Result<Vec<Article>, store::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection {
        limit: Some(ids.len()),
        articles: Some(ids),
        ..desk.open_selection(&Output::everything("all".to_owned()))
    };
    desk.visible(&selection)
}

/// The page of a source, by its id.
pub(super) fn source(desk: &Desk, id: &str) -> Result<Made, store::Error> {
    let Some(source) = desk
        .known
        .source(desk, id)
        .filter(|source| !desk.open_outputs(source).is_empty())
    else {
        return Ok(Made::Missing);
    };
    let now = desk.shell.clock.now();
    let (Some(mut explained), Some(mut figures)) = (
        desk.shell.store.explain(&desk.sources, id, POLLS)?,
        desk.shell.store.figures(&desk.sources, id, now)?,
    ) else {
        return Ok(Made::Missing);
    };
    followed::redact(desk, &mut explained.health);
    if followed::is_secret(source) {
        figures.etag = figures.etag.map(|_| "(private)".to_owned());
    }
    let key = desk
        .sources
        .iter()
        .find(|(_, own)| own.id == id)
        .map(|(key, _)| key);
    let selection = Selection {
        sources: Some(key.into_iter().collect()),
        limit: Some(NEWEST),
        gather: true,
        ..desk.open_selection(&Output::everything("all".to_owned()))
    };
    let articles = desk.visible(&selection)?;
    let page = page(&explained, &figures, &articles, now);
    Ok(Made::Brief(publication(
        desk,
        web::source(&frame(desk)?, &page),
        BRIEF_AGE,
        None,
    )))
}

fn page<'a>(
    explained: &'a Explanation,
    figures: &'a store::Figures,
    articles: &'a [Article],
    now: chrono::DateTime<chrono::Utc>,
) -> SourcePage<'a> {
    SourcePage {
        explained,
        figures,
        articles,
        push: explained.health.push.as_ref().map(|push| push.words(now)),
        history: explained
            .health
            .history
            .as_ref()
            .map(|history| history.words()),
        hints: hints(&explained.hints),
    }
}

/// The publisher's hints in words.
fn hints(hints: &Hints) -> String {
    let length = |name: &str, seconds: Option<u64>| {
        let length = std::time::Duration::from_secs(seconds?);
        Some(format!("{name} {}", humane_duration(length)))
    };
    let list = |name: &str, values: &[u8]| {
        let values: Vec<String> = values.iter().map(u8::to_string).collect();
        (!values.is_empty()).then(|| format!("{name} {}", values.join(" ")))
    };
    let said = [
        length("max-age", hints.max_age_seconds),
        length("ttl", hints.ttl_seconds),
        length("update period", hints.update_period_seconds),
        list("skipHours", &hints.skip_hours),
        list("skipDays (0 is Monday)", &hints.skip_days),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    match said.is_empty() {
        true => "none".to_owned(),
        false => said.join(", "),
    }
}
