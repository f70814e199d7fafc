//! Every word that pages say by themselves, in one place: a translation is another file like this one.

use chrono::{Datelike, NaiveDate};

use crate::model::{AuthorRole, Relation, Rung};

/// Language of the words here (BCP 47).
pub const LANGUAGE: &str = "en";

pub(super) const SKIP: &str = "Skip to content";
pub(super) const OUTPUTS: &str = "Rivers";
pub(super) const SOURCES: &str = "Sources";
pub(super) const SEARCH: &str = "Search";
pub(super) const SEARCH_HINT: &str = "Search articles";
pub(super) const SUBSCRIBE: &str = "Subscribe";
pub(super) const KEYS_ON: &str = "Keys are on";
pub(super) const KEYS_OFF: &str = "Keys are off";
pub(super) const KEYS_HELP: &str = "j and k go from article to article, o opens one, / searches";
pub(super) const MADE_BY: &str = "Served by Feedmill";
pub(super) const LINK: &str = "link";
pub(super) const PAGES: &str = "Pages";
pub(super) const NEWEST: &str = "Newest articles";
pub(super) const OLDER: &str = "Older articles";
pub(super) const NEXT: &str = "Next";
pub(super) const PREVIOUS: &str = "Previous";
pub(super) const FACETS: &str = "Tags and sources";
pub(super) const TAGS: &str = "Tags";
pub(super) const SHOW_ALL: &str = "Show everything";
pub(super) const READ_AT: &str = "Read at";
pub(super) const NO_TITLE: &str = "Without a title";

pub(super) const EMPTY_TITLE: &str = "Nothing here yet";
pub(super) const EMPTY_NO_SOURCES: &str =
    "No source is followed. Add one to the configuration, a feed's address is enough:";
pub(super) const EMPTY_EXAMPLE: &str = "[[source]]\nurl = \"https://example.org/feed.xml\"";
pub(super) const EMPTY_THEN: &str =
    "Then start Feedmill again. “feedmill check” says whether the configuration is in order.";
pub(super) const EMPTY_FILTERED: &str = "No stored article is chosen by this page. Its tags, sources and filters stand in the configuration; “feedmill articles --filter” tries a filter.";
pub(super) const EMPTY_POLLED: &str =
    "Every source was polled, and none had an article. The list of sources says how each is doing.";
pub(super) const EMPTY_CLOSED: &str = "No feed is open here.";
pub(super) const FIRST_TITLE: &str = "The first polls are running";
pub(super) const FIRST_TEXT: &str = "Articles appear here as soon as a source has answered.";
pub(super) const LOOK_AGAIN: &str = "Look again";
pub(super) const WAITING: &str = "waiting";

pub(super) const ENCLOSURES: &str = "Attachments";
pub(super) const DOWNLOAD: &str = "Download";
pub(super) const SEEN_AT: &str = "Where it was seen";
pub(super) const REVISIONS: &str = "Revisions";
pub(super) const PROVENANCE: &str = "Provenance";
pub(super) const RELATED: &str = "Related";
pub(super) const COMMENTS: &str = "Comments";
pub(super) const TITLE: &str = "Title";
pub(super) const SOURCE: &str = "Source";
pub(super) const UPDATED: &str = "Updated";
pub(super) const FIRST_SEEN: &str = "First seen";
pub(super) const LAST_SEEN: &str = "Last seen";
pub(super) const PUBLISHED_ID: &str = "Published id";
pub(super) const STILL_THERE: &str = "still in its feed";
pub(super) const SHOWN: &str = "shown here";
pub(super) const SUMMARY_ONLY: &str = "Only the summary is shown here.";
pub(super) const RIGHTS: &str = "Rights";
pub(super) const LICENCE: &str = "Licence";
pub(super) const LANGUAGE_WORD: &str = "Language";
pub(super) const WORDS: &str = "Words";
pub(super) const NO_CHANGE: &str = "Dates, pictures or markup changed, not the words.";
pub(super) const DIFF_CUT: &str =
    "The text is too long to be compared whole; more may have changed further down.";

pub(super) const STATE: &str = "State";
pub(super) const LAST_POLL: &str = "Last poll";
pub(super) const NEXT_POLL: &str = "Next poll";
pub(super) const NOT_YET: &str = "not yet";
pub(super) const NEVER_BY_ITSELF: &str = "never by itself";
pub(super) const ARTICLES: &str = "Articles";
pub(super) const A_DAY: &str = "Last 30 days";
pub(super) const MERGED: &str = "Merged into others";
pub(super) const DELAYS: &str = "Delay from publication to first sight";
pub(super) const DELAY: &str = "Delay";
pub(super) const SHARE: &str = "Share";
pub(super) const VALIDATORS: &str = "Validators";
pub(super) const NO_VALIDATORS: &str = "none: every poll costs the whole feed";
pub(super) const REPAIRS: &str = "Repairs the newest document needed";
pub(super) const NONE: &str = "none";
pub(super) const HINTS: &str = "The publisher's hints";
pub(super) const PACE: &str = "Learned pace";
pub(super) const PUSH: &str = "Push";
pub(super) const HISTORY: &str = "Archives";
pub(super) const ADDRESS: &str = "Address";
pub(super) const MOVED_TO: &str = "Moved to";
pub(super) const SITE: &str = "Site";
pub(super) const POLL_LOG: &str = "Polls";
pub(super) const WHEN: &str = "When";
pub(super) const OUTCOME: &str = "Outcome";
pub(super) const TOOK: &str = "Took";
pub(super) const NEW: &str = "New";
pub(super) const REVISED: &str = "Revised";
pub(super) const MERGED_SHORT: &str = "Merged";
pub(super) const BYTES: &str = "Bytes";
pub(super) const CURE: &str = "What to do";
pub(super) const SORTED: &str = "Sort by a column, show one state or one tag.";
pub(super) const ALL: &str = "All";
pub(super) const AS_JSON: &str = "As JSON";
pub(super) const AS_OPML: &str = "As OPML";
pub(super) const NOT_USED: &str =
    "The configuration was edited and is not used; the one before runs on.";
pub(super) const NO_SOURCE_FITS: &str = "No source fits.";

pub(super) const SEARCH_HELP: &str = "Words, “whole phrases” in double quotes, AND, OR, NOT, the beginning of a word*, and the fields title:, summary:, text:, author:, category:, source:, tag: and since: (a day, or an age such as 7d).";
pub(super) const FOLLOW_SEARCH: &str = "Subscribe to this search";
pub(super) const NOTHING_FOUND: &str = "Nothing was found.";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `Tuesday, 24 November 2026`.
pub(super) fn day(day: NaiveDate) -> String {
    let weekday = match day.weekday() {
        chrono::Weekday::Mon => "Monday",
        chrono::Weekday::Tue => "Tuesday",
        chrono::Weekday::Wed => "Wednesday",
        chrono::Weekday::Thu => "Thursday",
        chrono::Weekday::Fri => "Friday",
        chrono::Weekday::Sat => "Saturday",
        chrono::Weekday::Sun => "Sunday",
    };
    format!(
        "{weekday}, {} {} {}",
        day.day(),
        MONTHS[day.month0() as usize % 12],
        day.year()
    )
}

/// `24 Nov 2026`.
pub(super) fn short_day(day: NaiveDate) -> String {
    let month = &MONTHS[day.month0() as usize % 12][..3];
    format!("{} {month} {}", day.day(), day.year())
}

/// Whole minutes, at least one.
pub(super) fn reading(seconds: u64) -> String {
    format!("{} min read", seconds.div_ceil(60).max(1))
}

/// Length of something heard or watched.
pub(super) fn running(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

pub(super) fn also_in(sources: usize) -> String {
    match sources {
        1 => "Also in 1 source:".to_owned(),
        sources => format!("Also in {sources} sources:"),
    }
}

pub(super) fn and_more(left: usize) -> String {
    format!("and {left} more")
}

pub(super) fn more_changes(left: usize) -> String {
    format!("{left} more changed paragraphs")
}

pub(super) fn zone(zone: &str) -> String {
    format!("Times are in {zone}.")
}

pub(super) fn polled(done: usize, all: usize) -> String {
    format!("{done} of {all} sources polled")
}

pub(super) fn articles(count: u64) -> String {
    match count {
        1 => "1 article".to_owned(),
        count => format!("{} articles", number(count)),
    }
}

pub(super) fn sources_count(count: usize) -> String {
    match count {
        1 => "1 source".to_owned(),
        count => format!("{} sources", number(count as u64)),
    }
}

/// `12,345`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub(super) fn table(number: usize) -> String {
    format!("Table {number}")
}

pub(super) fn player(kind: &str) -> &'static str {
    match kind {
        "video" => "Video",
        _ => "Audio",
    }
}

/// What joined an entry to its article.
pub(super) fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Entry => "founded the article",
        Rung::Alias => "another id of the same entry",
        Rung::Url => "the same link",
        Rung::Text => "the same words",
        Rung::Near => "nearly the same text",
        Rung::Manual => "the operator said so",
    }
}

pub(super) fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Translation => "A translation",
        Relation::FollowUp => "Told on by the same source",
        Relation::SameEvent => "On the same event",
    }
}

pub(super) fn role(role: AuthorRole) -> &'static str {
    match role {
        AuthorRole::Author => "",
        AuthorRole::Contributor => " (contributor)",
        AuthorRole::Editor => " (editor)",
        AuthorRole::Translator => " (translator)",
    }
}

pub(super) fn filled(field: &str, source: &str) -> String {
    format!("{field} from {source}")
}

pub(super) fn revision(number: u32) -> String {
    format!("Revision {number}")
}

pub(super) fn revised(times: u32) -> String {
    match times {
        1 => "revised once".to_owned(),
        times => format!("revised {times} times"),
    }
}

/// A state of a source: a sign and words, so that colour is never alone.
pub(super) fn state(state: &str) -> (&'static str, &'static str) {
    match state {
        "ok" => ("✓", "Fine"),
        "new" => ("…", "Not polled yet"),
        "failing" => ("✕", "Failing"),
        "offline" => ("⚠", "We are offline"),
        "gone" => ("∅", "Gone"),
        "paused" => ("‖", "Paused"),
        "repaired" => ("✎", "Fine, with repairs"),
        _ => ("?", "Unknown"),
    }
}

/// Outcome of a poll.
pub(super) fn outcome(outcome: &str) -> &str {
    match outcome {
        "ok" => "new document",
        "not_modified" => "not modified",
        "same_body" => "same body",
        other => other,
    }
}

pub(super) fn failing(failures: u64) -> String {
    match failures {
        1 => "1 failure, since".to_owned(),
        failures => format!("{failures} failures in a row, since"),
    }
}

pub(super) fn a_day(total: u64) -> String {
    format!("{} in the last 30 days", articles(total))
}

/// Buckets of delays, as the store counts them.
pub(super) const DELAY_BUCKETS: [&str; 6] = [
    "under 5 minutes",
    "5 to 15 minutes",
    "15 to 60 minutes",
    "1 to 6 hours",
    "6 to 24 hours",
    "over a day",
];

pub(super) fn found(count: usize, more: bool) -> String {
    match (count, more) {
        (count, true) => format!("The best {count} matches so far"),
        (1, _) => "1 match".to_owned(),
        (count, _) => format!("{count} matches"),
    }
}

pub(super) fn page(number: usize) -> String {
    format!("Page {number}")
}
