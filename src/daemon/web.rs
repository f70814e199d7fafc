//! Pages: what a path asks for, read from the store and given to [`crate::web`].
//!
//! A page shows what open outputs show, and no more: articles of sources that an open output includes, as their filters let
//! them pass; what an output with a token chooses shows on its own page only, which needs the token. Pages are made when
//! somebody asks, once a change ([`crate::publish::http::Lazy`]); lists of sources are good for some seconds.

mod known;
mod told;
mod wanted;

use std::sync::Arc;

use crate::config::Output;
use crate::model::{Article, Source};
use crate::publish::Publication;
use crate::publish::http::Made;
use crate::search::Query;
use crate::store::{self, Selection, SelectionOrder, SourceHealth};
use crate::web::{
    self, Chosen, Facet, Found, Frame, Images, Line, Links, Listing, Progress, River,
};

use super::asked::Desk;
use super::outputs::{self, MAX_AGE};
use super::{followed, searches};

pub(super) use known::Known;
pub(super) use told::article_file;
pub(super) use wanted::{Page, door};

/// Sources whose articles are gathered, at most so many, instead of walking over all.
const GATHERED: u64 = 20_000;
/// Pages of a search: one costs as many articles as all before it have together.
const SEARCH_PAGES: usize = 10;
/// How long a style sheet may be kept: its name changes with it.
const ASSET_AGE: u64 = 31_536_000;
/// How long a page that changes with every poll may be kept, in seconds.
const BRIEF_AGE: u64 = 15;

/// Pages load the style sheet and the script, pictures and sounds from anywhere, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src http: https: data:; media-src http: https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same where pictures come through us.
const POLICY_PROXIED: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src http: https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Makes a page.
///
/// # Errors
/// What the store refuses.
pub(super) fn make(desk: &Desk, page: &Page) -> Result<Made, store::Error> {
    Ok(match page {
        Page::Asset(path) => asset(path),
        Page::Elsewhere(path) => Made::Elsewhere(path.clone(), None),
        Page::River {
            output,
            tag,
            source,
            before,
        } => {
            let found = desk.config.outputs.iter().find(|found| match output {
                Some(name) => found.name == *name,
                None => found.token.is_none(),
            });
            match found {
                Some(found) => river(
                    desk,
                    found,
                    output.is_none(),
                    (tag.as_deref(), source.as_deref()),
                    before.as_ref(),
                )?,
                None => here(desk, web::closed(&frame(desk)?), None),
            }
        }
        Page::Article(uuid) => told::article(desk, uuid)?,
        Page::Sources { .. } | Page::Source(_) => desk.known.brief(desk, page, brief)?,
        Page::Search { text, page } => search(desk, text, *page)?,
    })
}

/// A page that changes with every poll.
fn brief(desk: &Desk, page: &Page) -> Result<Made, store::Error> {
    match page {
        Page::Sources {
            sort,
            state,
            tag,
            page,
        } => {
            let chosen = Chosen {
                sort: *sort,
                state: state.as_deref(),
                tag: tag.as_deref(),
                page: *page,
            };
            sources(desk, &chosen)
        }
        Page::Source(id) => told::source(desk, id),
        _ => Ok(Made::Missing),
    }
}

/// A page that is kept until something changes.
pub(super) fn here(desk: &Desk, body: Vec<u8>, output: Option<&Output>) -> Made {
    let token = output.and_then(|output| output.token.clone());
    Made::Here(publication(desk, body, MAX_AGE, token))
}

pub(super) fn publication(
    desk: &Desk,
    body: Vec<u8>,
    age: u64,
    token: Option<crate::model::Secret>,
) -> Arc<Publication> {
    let now = desk.shell.clock.now();
    let mut made = Publication::new(body, web::CONTENT_TYPE, now, age, token);
    made.policy = Some(if desk.config.pages.image_proxy {
        POLICY_PROXIED
    } else {
        POLICY
    });
    Arc::new(made)
}

fn asset(path: &str) -> Made {
    match web::assets().into_iter().find(|asset| asset.path == path) {
        Some(asset) => Made::Here(Arc::new(Publication::new(
            asset.body,
            asset.content_type,
            Default::default(),
            ASSET_AGE,
            None,
        ))),
        None => Made::Missing,
    }
}

/// What surrounds pages that are served.
pub(super) fn frame(desk: &Desk) -> Result<Frame, store::Error> {
    let config = &desk.config;
    let images = match config.pages.image_proxy {
        true => Images::Proxied(desk.shell.store.id()?),
        false => Images::Origin,
    };
    let outputs = open(desk).map(|output| Listing {
        name: output.name.clone(),
        title: output.title.clone(),
    });
    let outputs: Vec<Listing> = outputs.collect();
    Ok(Frame {
        title: outputs
            .first()
            .map_or_else(|| "Feedmill".to_owned(), |output| output.title.clone()),
        public_url: config.server.public_url.to_string(),
        links: Links::Served(config.server.public_url.path().to_owned()),
        outputs,
        images,
        names: desk.known.names(desk)?,
        zone: config.timezone,
    })
}

fn open(desk: &Desk) -> impl Iterator<Item = &Output> {
    desk.config
        .outputs
        .iter()
        .filter(|output| output.token.is_none())
}

/// A page of a river.
fn river(
    desk: &Desk,
    output: &Output,
    is_home: bool,
    (tag, source): (Option<&str>, Option<&str>),
    before: Option<&(chrono::DateTime<chrono::Utc>, String)>,
) -> Result<Made, store::Error> {
    let is_private = output.token.is_some();
    let mut frame = frame(desk)?;
    let counted = desk.known.counted(desk)?;
    let fits = |own: &Source| {
        tag.is_none_or(|tag| own.tags.iter().any(|own| own == tag))
            && source.is_none_or(|source| own.id == source)
    };
    let mut selection = outputs::selection(&desk.config, output, &desk.sources);
    let all = selection.sources.clone().unwrap_or_default();
    if tag.is_some() || source.is_some() {
        let keys = selection.sources.get_or_insert_default();
        keys.retain(|key| desk.sources.source(*key).is_some_and(|own| fits(own)));
        if keys.is_empty() {
            return Ok(Made::Missing);
        }
        let entries: u64 = keys
            .iter()
            .map(|key| counted.of_source(*key).unwrap_or(u64::MAX / 4))
            .fold(0, u64::saturating_add);
        selection.gather = entries < GATHERED;
    }
    let shown = if is_private {
        output.limit
    } else {
        web::ARTICLES
    };
    selection.order = SelectionOrder::Published;
    selection.per_source = None;
    selection.behind = before.cloned();
    let mut articles = judged(desk, output, selection, shown + 1)?;
    let more = articles.len() > shown;
    articles.truncate(shown);
    if is_private {
        return Ok(private(desk, &mut frame, output, &articles));
    }
    if articles.is_empty() && before.is_none() && desk.shell.store.count_articles()? == 0 {
        return first_run(desk, &frame, output);
    }
    let next = articles.last().filter(|_| more).map(wanted::cursor);
    let (tags, sources) = facets(desk, output, &all, &counted);
    let body = web::river(
        &frame,
        &River {
            name: if is_home { "" } else { &output.name },
            feed: Some(&output.name),
            title: &output.title,
            articles: &articles,
            tag,
            source,
            next,
            is_later: before.is_some(),
            tags: tags
                .iter()
                .map(|(name, count)| Facet {
                    name,
                    count: *count,
                })
                .collect(),
            sources: sources
                .iter()
                .map(|(name, count)| Facet {
                    name,
                    count: *count,
                })
                .collect(),
            has_articles: true,
            summary_only: output.content == crate::config::Content::Summary,
            progress: None,
        },
    );
    Ok(here(desk, body, None))
}

/// The page of an output with a token: all of it on one page, without a link that would need the token.
fn private(desk: &Desk, frame: &mut Frame, output: &Output, articles: &[Article]) -> Made {
    frame.title.clone_from(&output.title);
    for article in articles {
        for place in &article.entries {
            let title = desk.known.title(desk, &place.source);
            frame.names.entry(place.source.clone()).or_insert(title);
        }
    }
    let body = web::river(
        frame,
        &River {
            name: &output.name,
            feed: None,
            title: &output.title,
            articles,
            tag: None,
            source: None,
            next: None,
            is_later: false,
            tags: Vec::new(),
            sources: Vec::new(),
            has_articles: false,
            summary_only: output.content == crate::config::Content::Summary,
            progress: None,
        },
    );
    here(desk, body, Some(output))
}

/// Articles of an output that its filters let pass, at most so many.
pub(super) fn judged(
    desk: &Desk,
    output: &Output,
    mut selection: Selection,
    most: usize,
) -> Result<Vec<Article>, store::Error> {
    let is_filtered = !output.filters.is_empty();
    selection.limit = Some(if is_filtered {
        outputs::MOST_JUDGED
    } else {
        most
    });
    let mut shown = Vec::new();
    desk.shell
        .store
        .each_article(&selection, &desk.sources, |article| {
            if !is_filtered || outputs::passes(output, &article) {
                shown.push(article);
            }
            shown.len() < most
        })?;
    Ok(shown)
}

fn first_run(desk: &Desk, frame: &Frame, output: &Output) -> Result<Made, store::Error> {
    let health = open_health(desk)?;
    let sources = health.iter().map(|source| {
        (
            source.title.clone().unwrap_or_else(|| source.id.clone()),
            source.state,
        )
    });
    let body = web::river(
        frame,
        &River {
            name: "",
            feed: Some(&output.name),
            title: &output.title,
            articles: &[],
            tag: None,
            source: None,
            next: None,
            is_later: false,
            tags: Vec::new(),
            sources: Vec::new(),
            has_articles: true,
            summary_only: false,
            progress: Some(Progress {
                sources: sources.collect(),
            }),
        },
    );
    Ok(Made::Brief(publication(desk, body, 0, None)))
}

type Counted<'a> = Vec<(&'a str, Option<u64>)>;

/// Tags and sources of an output, those with the most articles first.
fn facets<'a>(
    desk: &'a Desk,
    output: &Output,
    keys: &[i64],
    counted: &known::Counted,
) -> (Counted<'a>, Counted<'a>) {
    let is_counted = output.filters.is_empty();
    let own: Vec<(i64, &Arc<Source>)> = keys
        .iter()
        .filter_map(|key| Some((*key, desk.sources.source(*key)?)))
        .collect();
    let mut tags: Vec<&str> = own
        .iter()
        .flat_map(|(_, source)| source.tags.iter().map(String::as_str))
        .collect();
    tags.sort_unstable();
    tags.dedup();
    let mut tags: Counted<'_> = tags
        .into_iter()
        .map(|tag| {
            (
                tag,
                counted.of_tag(&output.name, tag).filter(|_| is_counted),
            )
        })
        .collect();
    let mut sources: Counted<'_> = own
        .iter()
        .map(|(key, source)| {
            (
                source.id.as_str(),
                counted.of_source(*key).filter(|_| is_counted),
            )
        })
        .collect();
    for list in [&mut tags, &mut sources] {
        list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    (tags, sources)
}

/// Health of the sources that an open output includes, without secrets.
pub(super) fn open_health(desk: &Desk) -> Result<Vec<SourceHealth>, store::Error> {
    Ok(followed::open_health(desk, desk.known.health(desk)?))
}

fn sources(desk: &Desk, chosen: &Chosen<'_>) -> Result<Made, store::Error> {
    let all = open_health(desk)?;
    let (states, tags) = (
        count(all.iter().map(|health| health.state)),
        count(
            all.iter()
                .flat_map(|health| health.tags.iter().map(String::as_str)),
        ),
    );
    let mut shown: Vec<&SourceHealth> = all.iter().filter(|health| chosen.shows(health)).collect();
    let matching = shown.len();
    chosen.sort.sort(&mut shown);
    let page: Vec<&SourceHealth> = shown
        .into_iter()
        .skip((chosen.page - 1) * web::SOURCES)
        .take(web::SOURCES)
        .collect();
    if page.is_empty() && chosen.page > 1 {
        return Ok(Made::Missing);
    }
    let now = desk.shell.clock.now();
    let figures = page
        .iter()
        .map(|health| desk.shell.store.figures(&desk.sources, &health.id, now))
        .collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<Line<'_>> = page
        .iter()
        .zip(&figures)
        .map(|(health, figures)| Line {
            health,
            figures: figures.as_ref(),
        })
        .collect();
    let refused = desk.refused.borrow().clone();
    let refused = { refused.as_deref() }.map(|refused| (refused.at, refused.problems.as_slice()));
    let frame = frame(desk)?;
    let body = web::sources(&frame, chosen, &lines, matching, &states, &tags, refused);
    Ok(Made::Brief(publication(desk, body, BRIEF_AGE, None)))
}

/// How often each word comes, the most frequent first.
fn count<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// What a search finds of what open outputs show, the best first.
fn search(desk: &Desk, text: &str, page: usize) -> Result<Made, store::Error> {
    let frame = frame(desk)?;
    let mut found = Found {
        text,
        query: None,
        articles: &[],
        so_far: 0,
        more: false,
        page,
        error: None,
        feed: None,
    };
    if text.is_empty() {
        return Ok(here(desk, web::search(&frame, &found), None));
    }
    let output = Output::everything("search".to_owned());
    let wanted = page * web::ARTICLES;
    let selected = searches::selection(desk, &output, text).and_then(|selection| {
        desk.visible(&Selection {
            order: SelectionOrder::Relevance,
            limit: Some(wanted + 1),
            per_source: None,
            ..selection
        })
    });
    let articles = match selected {
        Ok(articles) => desk.as_shown(articles),
        Err(error @ store::Error::Search { .. }) => {
            found.error = Some(error.to_string());
            return Ok(Made::Brief(publication(
                desk,
                web::search(&frame, &found),
                0,
                None,
            )));
        }
        Err(error) => return Err(error),
    };
    let query = Query::read(text, desk.shell.clock.now()).ok();
    let shown = articles
        .get(wanted - web::ARTICLES..articles.len().min(wanted))
        .unwrap_or_default();
    found.query = query.as_ref();
    found.articles = shown;
    found.so_far = articles.len().min(wanted);
    found.more = articles.len() > wanted && page < SEARCH_PAGES;
    found.feed = Some(frame.links.search_feed(text));
    // The index grows behind the polls: what is found is good for a while only.
    Ok(Made::Brief(publication(
        desk,
        web::search(&frame, &found),
        MAX_AGE,
        None,
    )))
}
