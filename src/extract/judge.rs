//! Whether what came out of a page is an article, and the one that was asked for.

use std::collections::HashSet;

use url::Url;

use crate::model::{ContentScope, Entry, PageArticle, PageStatus};
use crate::normalize::page;
use crate::text::word_count;

/// Titles of pages that stand in an article's place, as `page::key` writes them: with why they do.
const TITLES: &[(&str, &str)] = &[
    ("just a moment", "a bot check"),
    ("attention required", "a bot check"),
    ("are you a robot", "a bot check"),
    ("verifying you are human", "a bot check"),
    ("access denied", "a page that denies access"),
    ("forbidden", "a page that denies access"),
    ("403 forbidden", "a page that denies access"),
    ("page not found", "an error page"),
    ("not found", "an error page"),
    ("404", "an error page"),
    ("404 not found", "an error page"),
    ("error 404", "an error page"),
    ("error", "an error page"),
    ("oops", "an error page"),
    ("seite nicht gefunden", "an error page"),
    ("page introuvable", "an error page"),
    ("página no encontrada", "an error page"),
    ("pagina non trovata", "an error page"),
    ("página não encontrada", "an error page"),
    ("pagina niet gevonden", "an error page"),
    ("service unavailable", "an error page"),
    ("internal server error", "an error page"),
    ("before you continue", "a consent wall"),
    ("your privacy choices", "a consent wall"),
    ("we value your privacy", "a consent wall"),
    ("cookie consent", "a consent wall"),
    ("sign in", "a page to sign in"),
    ("log in", "a page to sign in"),
    ("login", "a page to sign in"),
    ("anmelden", "a page to sign in"),
    ("connexion", "a page to sign in"),
];
const SCRIPTS: &str = "a page that demands scripts";
/// Sentences that a page says in an article's place, when it says little else.
const SENTENCES: &[(&str, &str)] = &[
    ("we and our partners", "a consent wall"),
    ("we use cookies", "a consent wall"),
    ("cookies and similar technologies", "a consent wall"),
    ("manage your privacy", "a consent wall"),
    ("accept all cookies", "a consent wall"),
    ("agree to the use of cookies", "a consent wall"),
    ("mit werbung weiterlesen", "a consent wall"),
    ("wir und unsere partner", "a consent wall"),
    ("wir verwenden cookies", "a consent wall"),
    ("nos partenaires", "a consent wall"),
    ("nous utilisons des cookies", "a consent wall"),
    ("nosotros y nuestros socios", "a consent wall"),
    ("utilizamos cookies", "a consent wall"),
    ("noi e i nostri partner", "a consent wall"),
    ("wij en onze partners", "a consent wall"),
    ("enable cookies", "a page that demands cookies"),
    ("cookies are disabled", "a page that demands cookies"),
    ("cookies are required", "a page that demands cookies"),
    ("enable javascript", SCRIPTS),
    ("javascript is disabled", SCRIPTS),
    ("javascript is required", SCRIPTS),
    ("verify you are human", "a bot check"),
    ("checking your browser", "a bot check"),
    ("unusual traffic", "a bot check"),
    ("page you are looking for", "an error page"),
    ("page you requested", "an error page"),
    ("page could not be found", "an error page"),
    ("seite existiert nicht", "an error page"),
    ("page que vous cherchez", "an error page"),
    ("página que buscas", "an error page"),
];
/// A page of more words says more than such a sentence.
const WALL_WORDS: u64 = 180;
/// Sentences at the end of what a paywall leaves.
const PAYWALLS: &[&str] = &[
    "subscribe to continue",
    "subscribe to read",
    "subscribe now to read",
    "continue reading with a subscription",
    "to continue reading",
    "to read the full article",
    "to read the full story",
    "to read the rest of this",
    "already a subscriber",
    "this article is for subscribers",
    "for subscribers only",
    "exclusive to subscribers",
    "register to continue",
    "create a free account to continue",
    "jetzt weiterlesen",
    "weiterlesen mit",
    "sie haben bereits ein abo",
    "nur für abonnenten",
    "article réservé aux abonnés",
    "réservé aux abonnés",
    "il vous reste",
    "la suite est réservée",
    "déjà abonné",
    "suscríbete para seguir leyendo",
    "contenido exclusivo para suscriptores",
    "solo para suscriptores",
    "abbonati per continuare",
    "contenuto riservato agli abbonati",
    "assine para continuar",
    "exclusivo para assinantes",
    "abonneer je om verder te lezen",
    "alleen voor abonnees",
];
/// How much of the end of a text is looked at for such a sentence, in characters.
const PAYWALL_TAIL: usize = 500;
/// Share of a described length that is the whole.
const WHOLE: f64 = 0.8;

/// Why a page is not an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoArticle {
    /// Another page stands in its place: what its head says is not the article's either.
    InItsPlace(String),
    /// Its text is not there; its head may be its own.
    WithoutText(String),
}

/// Why the page at `found`, asked for at `asked`, is not an article at all; `None` when it may be one.
pub(super) fn is_none(page: &PageArticle, asked: &Url, found: &Url) -> Option<NoArticle> {
    let instead = |what: &str| Some(NoArticle::InItsPlace(what.to_owned()));
    let is_home = |url: &Url| matches!(url.path(), "" | "/") && url.query().is_none();
    if is_home(found) && !is_home(asked) {
        return instead("redirected to the home page");
    }
    let host = found.host_str().unwrap_or_default();
    if asked.host_str() != Some(host)
        && (host.starts_with("consent.") || host.starts_with("privacy."))
    {
        return instead("redirected to a consent wall");
    }
    let words = word_count(&page.text);
    let title = page
        .entry
        .title
        .as_deref()
        .map(page::key)
        .unwrap_or_default();
    let names = |name: &str| {
        title == name
            || title
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(' ') && title.split(' ').count() <= 6)
    };
    if words < WALL_WORDS {
        if let Some((_, what)) = TITLES.iter().find(|(name, _)| names(name)) {
            return instead(what);
        }
        let text = page::key(&page.text);
        if let Some((_, what)) = SENTENCES
            .iter()
            .find(|(sentence, _)| text.contains(sentence))
        {
            // A page that scripts fill has its own head.
            return match *what == SCRIPTS {
                true => Some(NoArticle::WithoutText((*what).to_owned())),
                false => instead(what),
            };
        }
    }
    let says_title_only = page::key(&page.text) == title;
    (words == 0 || says_title_only)
        .then(|| NoArticle::WithoutText("no article was found on the page".to_owned()))
}

/// Whether a paywall cut the text: the page says so, and the text is not as long as it says; or the text ends in one.
pub(super) fn is_cut(text: &str, is_free: Option<bool>, described_words: Option<u32>) -> bool {
    let words = word_count(text);
    let is_whole = described_words
        .is_some_and(|described| words as f64 >= WHOLE * f64::from(described) && described > 100);
    let start = text
        .char_indices()
        .rev()
        .nth(PAYWALL_TAIL)
        .map_or(0, |(at, _)| at);
    let tail = page::key(&text[start..]);
    is_free == Some(false) && !is_whole || PAYWALLS.iter().any(|sentence| tail.contains(sentence))
}

/// What the feed's content is compared by.
pub(super) struct Verdict {
    /// The page's content stands in place of the feed's.
    pub(super) takes_content: bool,
    /// The page is about something else: nothing of it is taken.
    pub(super) is_other: bool,
    /// Why the feed's content stays.
    pub(super) reason: Option<String>,
}

/// How much longer a page must be than the feed.
const LONGER: f64 = 1.5;

/// Whether the page's content stands in place of the feed's: longer, and about the same.
pub(super) fn compare(feed: &Entry, feed_text: &str, found: &PageArticle) -> Verdict {
    let verdict = |takes_content, is_other, reason: Option<&str>| Verdict {
        takes_content,
        is_other,
        reason: reason.map(str::to_owned),
    };
    if found.extraction.status == PageStatus::Kept {
        return verdict(
            false,
            !is_about(feed, found),
            found.extraction.reason.as_deref(),
        );
    }
    if !is_about(feed, found) {
        return verdict(false, true, Some("the page is about something else"));
    }
    let own = match feed.details.content_scope {
        ContentScope::Full | ContentScope::Partial => word_count(feed_text),
        ContentScope::None | ContentScope::Summary => 0,
    };
    let summary = feed.details.summary.as_deref().map_or(0, word_count);
    let words = word_count(&found.text);
    if (words as f64) < LONGER * own as f64 || words < summary {
        return verdict(false, false, Some("the page has no more than the feed"));
    }
    verdict(true, false, None)
}

/// Half the words of the title, or half the three-word runs of the summary, are on the page.
fn is_about(feed: &Entry, found: &PageArticle) -> bool {
    let mut title = feed.title.as_deref().map(page::words).unwrap_or_default();
    // Short words stand on every page, unless there are no others.
    let telling = title.iter().filter(|word| is_telling(word)).count();
    if telling >= 2 {
        title.retain(|word| is_telling(word));
    }
    let summary = feed
        .details
        .summary
        .as_deref()
        .map(runs)
        .unwrap_or_default();
    if title.is_empty() && summary.is_empty() {
        return true;
    }
    let mut all = found.text.clone();
    for own in [&found.entry.title, &found.entry.details.summary]
        .into_iter()
        .flatten()
    {
        all.push('\n');
        all.push_str(own);
    }
    let words = page::words(&all);
    let shared = title.iter().filter(|word| words.contains(*word)).count();
    if !title.is_empty() && 2 * shared >= title.len() {
        return true;
    }
    let there = runs(&all);
    let shared = summary.iter().filter(|run| there.contains(*run)).count();
    !summary.is_empty() && 2 * shared >= summary.len()
}

fn is_telling(word: &str) -> bool {
    word.chars().count() > 3
}

/// Runs of three words.
fn runs(text: &str) -> HashSet<String> {
    let key = page::key(text);
    let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
    words.windows(3).map(|run| run.join(" ")).collect()
}
