//! `explain ARTICLE`: where it was seen, and why its entries are one.

use chrono::SecondsFormat;

use crate::model::{Relation, Rung};
use crate::store::{ArticleExplanation, Joined, PageSeen};

/// The explanation for people.
pub(super) fn text(article: &ArticleExplanation) -> String {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut out = format!(
        "article      {}\ntitle        {}\npublished    {} as {}\nupdated      {}, revision {}\n",
        article.id,
        article.title.as_deref().unwrap_or("none"),
        time(article.published),
        article.published_id,
        time(article.updated),
        article.revision,
    );
    for id in &article.former_ids {
        out += &format!("united with  {id}\n");
    }
    for related in &article.related {
        let what = match related.relation {
            Relation::Translation => "a translation, by its picture",
            Relation::FollowUp => "the same source tells on",
            Relation::SameEvent => "shares much of the text",
        };
        out += &format!("related      {} ({what})\n", related.article);
    }
    for id in &article.apart {
        out += &format!("kept apart   {id}, as the operator said\n");
    }
    out += "\nentries\n";
    for entry in &article.entries {
        let title = entry.title.as_deref().unwrap_or("no title");
        let shown = if entry.represents { ", shown" } else { "" };
        out += &format!("  #{} {} {}\n", entry.number, entry.source, entry.entry_id);
        out += &format!("      {title}\n      {}{shown}\n", reason(entry));
        if let Some(url) = &entry.url {
            out += &format!("      {url}\n");
        }
        for id in &entry.former_ids {
            out += &format!("      before under the id {id}\n");
        }
        let last = match entry.last_seen {
            Some(at) => format!("last in its feed {}", time(at)),
            None => "still in its feed".to_owned(),
        };
        out += &format!("      first seen {}, {last}\n", time(entry.first_seen));
        if let Some(page) = &entry.page {
            out += &page_lines(page);
        }
        for earlier in &entry.revisions {
            let title = earlier.title.as_deref().unwrap_or("no title");
            let (number, at) = (earlier.revision, time(earlier.replaced));
            out += &format!("      revision {number} until {at}: {title}\n");
        }
    }
    out
}

/// What became of the page of an entry, and which fields it gave.
fn page_lines(page: &PageSeen) -> String {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut out = format!("      page {}", page.status);
    if let Some(at) = page.fetched {
        out += &format!(", fetched {}", time(at));
    }
    if let Some(at) = page.next_try {
        out += &format!(", next try {} ({} failed)", time(at), page.tries);
    }
    if let Some(reason) = &page.reason {
        out += &format!(": {reason}");
    }
    out.push('\n');
    for (field, from) in &page.provenance {
        out += &format!("        {field} from {from}\n");
    }
    out
}

fn reason(entry: &Joined) -> String {
    let other = entry
        .joined_to
        .map_or_else(String::new, |number| format!(" #{number}"));
    let why = match entry.rung {
        Rung::Entry => "founded the article".to_owned(),
        Rung::Alias => format!("another id of{other}"),
        Rung::Url => format!("the same canonical link as{other}"),
        Rung::Text => format!("the same words as{other}"),
        Rung::Near => format!("nearly the same text as{other}"),
        Rung::Manual => "the operator said so".to_owned(),
    };
    let share = |name: &str| {
        let share = entry.evidence.as_ref()?.get(name)?.as_f64()?;
        Some(format!("{name} {share:.2}"))
    };
    let shares: Vec<String> = ["containment", "jaccard", "lead", "title"]
        .into_iter()
        .filter_map(share)
        .collect();
    if shares.is_empty() {
        why
    } else {
        format!("{why} ({})", shares.join(", "))
    }
}
