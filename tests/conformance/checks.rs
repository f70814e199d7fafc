//! One document's expectations against what was read. A field that the expectations leave out is not looked at.

use serde_json::Value;

use crate::compare::{begins, instant, text, unescape, url};

/// One expectation.
pub(crate) struct Check {
    pub(crate) field: &'static str,
    /// What is wrong; `None` when it is met.
    pub(crate) failure: Option<String>,
}

/// Every check of a document.
pub(crate) fn of(expected: &Value, result: &Result<Value, String>) -> Vec<Check> {
    let mut checks = Checks(Vec::new());
    if expected["not_a_feed"] == true {
        let none = |read: &Value| {
            read["entries"].as_array().is_none_or(Vec::is_empty) && read["format"].is_null()
        };
        checks.add(
            "refused",
            result.as_ref().err().is_some() || result.as_ref().is_ok_and(none),
            || "accepted".to_owned(),
        );
        return checks.0;
    }
    checks.add("accepted", result.is_ok(), || {
        result.as_ref().err().cloned().unwrap_or_default()
    });
    let nothing = Value::Null;
    let read = result.as_ref().unwrap_or(&nothing);
    if expected["format"] == "opml" {
        checks.outlines(expected, read);
    } else {
        checks.feed(expected, read);
    }
    checks.0
}

struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, field: &'static str, passed: bool, failure: impl FnOnce() -> String) {
        self.0.push(Check {
            field,
            failure: (!passed).then(failure),
        });
    }

    /// A check whose failure shows both sides.
    fn compare(&mut self, field: &'static str, passed: bool, expected: &Value, got: &Value) {
        self.add(field, passed, || {
            let short = |value: &Value| value.to_string().chars().take(100).collect::<String>();
            format!("wanted {}, got {}", short(expected), short(got))
        });
    }

    fn outlines(&mut self, expected: &Value, read: &Value) {
        let (wanted, got) = (&expected["outlines"], &read["outlines"]);
        let count = got.as_array().map_or(0, Vec::len);
        let right = expected["outline_count"].as_u64() == u64::try_from(count).ok();
        self.compare(
            "outline_count",
            right,
            &expected["outline_count"],
            &count.into(),
        );
        for (at, wanted) in list(wanted).iter().enumerate() {
            let got = &got[at];
            let fields: [(_, _, Form); 3] = [
                ("title", "outline.title", text),
                ("xml_url", "outline.xml_url", url),
                ("html_url", "outline.html_url", url),
            ];
            for (key, field, form) in fields {
                self.same(field, &wanted[key], &got[key], form);
            }
        }
    }

    /// Two strings in one form; a field that nothing is expected of is no check.
    fn same(&mut self, field: &'static str, wanted: &Value, got: &Value, form: Form) {
        if let Some(text) = wanted.as_str() {
            let is_same = form(text) == form(got.as_str().unwrap_or_default());
            self.compare(field, is_same, wanted, got);
        }
    }

    fn feed(&mut self, expected: &Value, read: &Value) {
        if let Some(family) = expected["format"].as_str() {
            let got = &read["format"];
            let is_same = got.as_str().is_some_and(|name| family_of(name) == family);
            self.compare("format", is_same, &expected["format"], got);
        }
        self.same("feed.title", &expected["title"], &read["title"], text);
        self.same(
            "feed.home_url",
            &expected["home_url"],
            &read["home_url"],
            url,
        );
        let entries = list(&read["entries"]);
        let wanted = &expected["entry_count"];
        let count = u64::try_from(entries.len()).unwrap_or_default();
        if !wanted.is_null() {
            let right = match wanted["min"].as_u64() {
                Some(least) => !read.is_null() && count >= least,
                None => !read.is_null() && wanted.as_u64() == Some(count),
            };
            self.compare("entry_count", right, wanted, &count.into());
        }
        self.unwanted(list(&expected["html_must_not_match"]), entries, read);
        for (at, wanted) in list(&expected["entries"]).iter().enumerate() {
            self.entry(wanted, entries.get(at).unwrap_or(&Value::Null));
        }
    }

    /// What the sanitizer has to remove.
    fn unwanted(&mut self, patterns: &[Value], entries: &[Value], read: &Value) {
        if patterns.is_empty() {
            return;
        }
        let shown = |entry: &Value| {
            ["title", "summary", "content_html"]
                .map(|key| entry[key].as_str().unwrap_or_default().to_lowercase())
                .join(" ")
        };
        let all = entries.iter().map(shown).collect::<Vec<_>>().join(" ");
        let found: Vec<&Value> = patterns
            .iter()
            .filter(|pattern| occurs(pattern.as_str().unwrap_or_default(), &all))
            .collect();
        self.add("sanitized", !read.is_null() && found.is_empty(), || {
            format!("still there: {found:?}")
        });
    }

    fn entry(&mut self, wanted: &Value, got: &Value) {
        let summary = got["summary"].as_str().unwrap_or_default();
        let content = got["content_html"].as_str().unwrap_or_default();
        for (key, value) in wanted.as_object().into_iter().flatten() {
            match key.as_str() {
                "published" => self.date("entry.published", wanted, got, ["published", "updated"]),
                "updated" => self.date("entry.updated", wanted, got, ["updated", "published"]),
                "published_day" => {
                    let passed =
                        distance(value, &got["published"]).is_some_and(|ms| ms <= 14 * 3_600_000);
                    self.compare("entry.published_day", passed, value, &got["published"]);
                }
                "id" => {
                    let (want, have) = (
                        value.as_str().unwrap_or_default(),
                        got["id"].as_str().unwrap_or_default(),
                    );
                    self.compare(
                        "entry.id",
                        text(want) == text(have) || url(want) == url(have),
                        value,
                        &got["id"],
                    );
                }
                "url" => self.same("entry.url", value, &got["url"], url),
                "title" => self.same("entry.title", value, &got["title"], text),
                "title_strict" => {
                    let title = got["title"].as_str().unwrap_or_default();
                    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                    let passed = value
                        .as_str()
                        .is_some_and(|wanted| wanted == title || wanted == unescape(&title));
                    self.compare("entry.title_strict", passed, value, &got["title"]);
                }
                "authors" => {
                    let all = forms(value, "name", text);
                    let have = forms(&got["authors"], "name", text);
                    let together = text(&all.join(", "));
                    let passed =
                        all.iter().all(|name| have.contains(name)) || have.contains(&together);
                    self.compare("entry.authors", passed, value, &got["authors"]);
                }
                "categories" => {
                    self.holds("entry.categories", value, &got["categories"], "term", text)
                }
                "enclosures" => {
                    self.holds("entry.enclosures", value, &got["attachments"], "url", url)
                }
                "summary_text_prefix" => self.begins("entry.summary", value, [summary, content]),
                "content_text_prefix" => self.begins("entry.content", value, [content, summary]),
                "html_contains" => {
                    let title = got["title"].as_str().unwrap_or_default();
                    let address = got["url"].as_str().unwrap_or_default();
                    let all =
                        format!("{summary} {content} {title} {address}").replace("&amp;", "&");
                    let passed = list(value)
                        .iter()
                        .all(|piece| all.contains(piece.as_str().unwrap_or_default()));
                    self.compare("entry.resolved_urls", passed, value, &all.into());
                }
                _ => {}
            }
        }
    }

    /// Within a second. Where only one of the two dates is expected, it may be found as the other.
    fn date(&mut self, field: &'static str, wanted: &Value, got: &Value, [own, other]: [&str; 2]) {
        let near = |key: &str| distance(&wanted[own], &got[key]).is_some_and(|ms| ms <= 1_000);
        let alone = wanted[other].is_null();
        self.compare(
            field,
            near(own) || (alone && near(other)),
            &wanted[own],
            &got[own],
        );
    }

    /// Every expected value is among those that were read.
    fn holds(&mut self, field: &'static str, wanted: &Value, got: &Value, key: &str, form: Form) {
        let have = forms(got, key, form);
        let passed = forms(wanted, key, form)
            .iter()
            .all(|value| have.contains(value));
        self.compare(field, passed, wanted, got);
    }

    /// One body an article: summary and content may stand for each other.
    fn begins(&mut self, field: &'static str, wanted: &Value, bodies: [&str; 2]) {
        let passed = bodies
            .iter()
            .any(|body| begins(wanted.as_str().unwrap_or_default(), body));
        self.compare(field, passed, wanted, &bodies[0].into());
    }
}

type Form = fn(&str) -> String;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The strings of a list, or those under `key` of its objects, in a form.
fn forms(value: &Value, key: &str, form: Form) -> Vec<String> {
    let named = |item: &Value| {
        let own = [key, "email", "label"]
            .into_iter()
            .find_map(|key| item[key].as_str().filter(|text| !text.is_empty()));
        item.as_str().or(own).map(form)
    };
    list(value).iter().filter_map(named).collect()
}

/// Milliseconds between two instants.
fn distance(one: &Value, other: &Value) -> Option<i64> {
    Some(
        (instant(one.as_str()?)? - instant(other.as_str()?)?)
            .num_milliseconds()
            .abs(),
    )
}

/// Dialects that count as one.
fn family_of(format: &str) -> &'static str {
    match format {
        name if name.contains("json") => "json",
        name if name.contains("atom") => "atom",
        name if name.contains("cdf") => "cdf",
        "rss-0.90" | "rss-1.0" | "rss-1.1" => "rdf",
        name if name.contains("rss") => "rss",
        _ => "none",
    }
}

/// Whether a pattern occurs in lower-case text: a plain text, or the one expression there is, an event handler.
fn occurs(pattern: &str, text: &str) -> bool {
    if pattern != r"\bon[a-z]+\s*=" {
        assert!(
            !pattern.contains(['\\', '[', '*']),
            "no plain text: {pattern}"
        );
        return text.contains(&pattern.to_lowercase());
    }
    text.match_indices("on").any(|(at, _)| {
        let rest = text[at + 2..].trim_start_matches(|c: char| c.is_ascii_lowercase());
        let is_longer = rest.len() < text.len() - at - 2;
        let begins_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        begins_word && is_longer && rest.trim_start().starts_with('=')
    })
}
