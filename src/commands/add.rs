//! `add`: follows a site or a feed.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::find::{About, FoundFeed, Search};
use super::{Failure, editing, load, print_json};
use crate::config::{self, Config, edit};
use crate::discover::Found;
use crate::fetch::Fetcher;
use crate::model::Source;

/// Least time between two requests to one site, as many of them may be needed.
const PACE: Duration = Duration::from_millis(200);

/// What is to be followed.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Wanted {
    /// A page, a site or a feed
    pub url: String,
    /// A tag of it; again for more
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Its id [default: made from the address of the feed]
    #[arg(long)]
    pub id: Option<String>,
    /// Your name for it [default: the feed's own]
    #[arg(long)]
    pub title: Option<String>,
    /// When it is polled: "every 30m", a crontab line, @daily, adaptive [default: that of the configuration]
    #[arg(long, value_name = "SCHEDULE")]
    pub schedule: Option<String>,
    /// Show the feed; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `add URL [--tag T]… [--id ID] [--title T] [--schedule S] [--dry-run] [--json]`.
///
/// # Errors
/// [`Failure::Setup`] for settings that cannot be, [`Failure::Running`] when there is no feed or it cannot be had.
pub async fn add(path: Option<&Path>, wanted: Wanted) -> Result<(), Failure> {
    let config = load(path)?;
    let new = edit::NewSource {
        url: whole(&wanted.url),
        id: wanted.id.clone(),
        title: wanted.title.clone(),
        tags: wanted.tags.clone(),
        schedule: wanted.schedule.clone(),
    };
    let source = settings(&config, &new)?;
    if let Some(known) = config.followed(&source.url) {
        return already(&config, known, None, wanted.json);
    }
    let mut fetch = config.fetch.clone();
    fetch.host_interval = fetch.host_interval.max(PACE);
    let search = Search {
        fetcher: Fetcher::new(&fetch),
        max_body: config.fetch.max_body,
        source,
    };
    let feed = search
        .find()
        .await
        .map_err(|failure| told_private(failure, &config))?;
    if let Some(known) = config.followed(&feed.url) {
        return already(&config, known, Some(&feed), wanted.json);
    }
    let is_file = feed.url.scheme() == "file";
    let new = edit::NewSource {
        // A file is written as it was given: relative to the configuration.
        url: if is_file {
            new.url.clone()
        } else {
            feed.url.clone().into()
        },
        ..new
    };
    let file = &config.path;
    let before = editing::text_of(file)?;
    let after = edit::add(&before, &[new]).map_err(|error| editing::unedited(file, &error))?;
    let edited = match wanted.dry_run {
        true => editing::checked(&config, file, &after)?,
        false => editing::write(&config, file, &before, &after)?,
    };
    let id = edited.followed(&feed.url).map(|source| source.id.clone());
    let id = id.unwrap_or_default();
    if wanted.json {
        return print_json(&Added::of(&feed, &id, !wanted.dry_run, false, file));
    }
    print!("{}", described(&feed));
    if wanted.dry_run {
        println!("would be added to {} as {id}", file.display());
        return Ok(());
    }
    println!("added to {} as {id}", file.display());
    editing::say_who_takes_it_up(&config);
    Ok(())
}

/// With a scheme, where it has none: `example.org` is `https://example.org`.
fn whole(url: &str) -> String {
    let url = url.trim();
    let has_scheme = url.contains("://") || url.starts_with("file:") || url.starts_with("feed:");
    match has_scheme {
        true => url.to_owned(),
        false => format!("https://{url}"),
    }
}

/// The source that it would be, asked for as `[fetch]` says. What cannot be is found here, before anything is fetched.
fn settings(config: &Config, new: &edit::NewSource) -> Result<Source, Failure> {
    let text = edit::add("", std::slice::from_ref(new)).map_err(Failure::setup)?;
    let mut lone = config::parse(&text, &config.path).map_err(|problems| {
        let words: Vec<String> = { problems.0.iter() }
            .map(|problem| {
                let key = problem.key.trim_start_matches("source[1].");
                format!("{key}: {}", problem.message)
            })
            .collect();
        Failure::Setup(words.join("\n"))
    })?;
    let mut source = lone.sources.remove(0).as_ref().clone();
    if let Some(id) = &new.id
        && config.sources.iter().any(|known| known.id == *id)
    {
        return Err(Failure::Setup(format!(
            "id: there is a source {id:?} already; give another"
        )));
    }
    source.request = config.request.clone();
    Ok(source)
}

/// A refusal of a private address says where the leave is given.
fn told_private(failure: Failure, config: &Config) -> Failure {
    match failure {
        Failure::Running(message) if message.contains("`allow_private`") => {
            Failure::Running(format!("{message} in [fetch] of {}", config.path.display()))
        }
        other => other,
    }
}

fn already(
    config: &Config,
    known: &Source,
    feed: Option<&FoundFeed>,
    json: bool,
) -> Result<(), Failure> {
    if json {
        let file = &config.path;
        return print_json(&match feed {
            Some(feed) => Added::of(feed, &known.id, false, true, file),
            None => Added {
                id: known.id.clone(),
                url: known.shown_url(),
                added: false,
                followed: true,
                config: file.display().to_string(),
                found: None,
                site: None,
                about: None,
                others: Vec::new(),
            },
        });
    }
    println!(
        "{} is followed already, as {}; nothing is written",
        known.shown_url(),
        known.id
    );
    Ok(())
}

/// What `add --json` prints (`docs/json.md`).
#[derive(Serialize)]
struct Added<'f> {
    id: String,
    url: String,
    added: bool,
    followed: bool,
    config: String,
    found: Option<Found>,
    site: Option<&'static str>,
    #[serde(rename = "feed")]
    about: Option<&'f About>,
    others: Vec<Other<'f>>,
}

#[derive(Serialize)]
struct Other<'f> {
    url: &'f str,
    title: Option<&'f str>,
    media_type: Option<&'f str>,
    comments: bool,
}

impl<'f> Added<'f> {
    fn of(feed: &'f FoundFeed, id: &str, added: bool, followed: bool, file: &Path) -> Self {
        let others = feed.others.iter().map(|other| Other {
            url: other.url.as_str(),
            title: other.title.as_deref(),
            media_type: other.media_type.as_deref(),
            comments: other.is_comments,
        });
        Self {
            id: id.to_owned(),
            url: shown(&feed.url),
            added,
            followed,
            config: file.display().to_string(),
            found: Some(feed.found),
            site: feed.site,
            about: Some(&feed.about),
            others: others.collect(),
        }
    }
}

/// Without user and password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// For people: the feed, its newest entries, and what else there is.
fn described(feed: &FoundFeed) -> String {
    let about = &feed.about;
    let how = match feed.site {
        Some(site) => format!("as {site}"),
        None => format!("by {}", feed.found.words()),
    };
    let mut lines = vec![
        about
            .title
            .clone()
            .unwrap_or_else(|| "(no title)".to_owned()),
        format!("  {} (found {how})", shown(&feed.url)),
        format!(
            "  {}, {} entries, language {}",
            about.format,
            about.entries,
            about.language.as_deref().unwrap_or("not known")
        ),
    ];
    for entry in &about.newest {
        let date = entry.published.map_or_else(
            || "no date         ".to_owned(),
            |at| at.format("%Y-%m-%d %H:%M").to_string(),
        );
        let title = entry.title.as_deref().or(entry.url.as_deref());
        lines.push(format!("  {date}  {}", title.unwrap_or("(no title)")));
    }
    if !feed.others.is_empty() {
        lines.push("  other feeds there (`feedmill add` one of them to follow it):".to_owned());
    }
    for other in &feed.others {
        let title = other.title.as_deref().unwrap_or_default();
        let kind = if other.is_comments { " [comments]" } else { "" };
        lines.push(
            format!("    {}  {title}{kind}", other.url)
                .trim_end()
                .to_owned(),
        );
    }
    lines.push(String::new());
    lines.join("\n")
}
