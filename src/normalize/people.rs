//! People as feeds name them → authors.
//!
//! One field may hold an address and a name in several orders, or several people. A name is only split where every
//! part looks like a person's, so that `Marks & Spencer`, `Doe, Jane` and `José Ortega y Gasset` stay whole.

use std::borrow::Cow;

use ::url::Url;

use super::{TITLE_CHARS, absolute, plain};
use crate::model::{Author, AuthorKind, AuthorRole};
use crate::parse::Person;
use crate::text::is_evenly_spaced;

/// Authors in published order, each once. One who bears the name of the `publisher` is an organization.
pub(super) fn authors(people: &[Person], base: &Url, publisher: Option<&str>) -> Vec<Author> {
    let publisher = publisher.map(str::to_lowercase);
    let mut out: Vec<Author> = Vec::new();
    for person in people {
        let role = if person.contributor {
            AuthorRole::Contributor
        } else {
            AuthorRole::Author
        };
        let url = person.url.as_deref().and_then(|url| absolute(base, url));
        let names = names(person);
        let alone = names.len() == 1;
        for (name, email) in names {
            if let Some(known) = out
                .iter_mut()
                .find(|known| known.name == name && known.role == role)
            {
                known.email = known.email.take().or(email);
                continue;
            }
            let is_publisher = publisher.as_deref() == Some(name.to_lowercase().as_str());
            out.push(Author {
                name,
                email,
                url: url.clone().filter(|_| alone),
                kind: if is_publisher {
                    AuthorKind::Organization
                } else {
                    AuthorKind::Person
                },
                role,
            });
        }
    }
    out
}

type Named = (String, Option<String>);

/// Every name of one field, with its address.
fn names(person: &Person) -> Vec<Named> {
    let raw = plain(&person.name, TITLE_CHARS).unwrap_or_default();
    let raw = match raw.is_ascii() {
        true => raw,
        false => raw
            .replace(['（', '［'], " (")
            .replace(['）', '］'], ")")
            .replace('＜', " <")
            .replace('＞', ">"),
    };
    let mut named: Vec<Named> = split(&raw).into_iter().map(name_and_mail).collect();
    if let [(name, email)] = &mut named[..] {
        *email = email.take().or_else(|| person.email.clone());
        if name.is_empty() {
            *name = email.clone().unwrap_or_default();
        }
    }
    named.retain(|(name, _)| !is_nobody(name));
    named
}

/// The people of a field, unread; the whole field when it may be one.
fn split(raw: &str) -> Vec<&str> {
    if !raw.contains([';', '；']) {
        return list(raw);
    }
    let groups = parts(raw, |_| false, ';');
    let group_is_named = |group: &str| {
        let (name, email) = name_and_mail(group);
        email.is_some() || is_name(&name.replace(',', " ")) || list(group).len() > 1
    };
    if groups.len() > 1 && groups.iter().all(|group| group_is_named(group)) {
        groups.into_iter().flat_map(list).collect()
    } else {
        list(raw)
    }
}

/// The people between commas and conjunctions; the whole text unless all of them are names.
fn list(text: &str) -> Vec<&str> {
    let people = parts(text, is_conjunction, ',');
    let are_names = || people.iter().all(|part| is_name(&name_and_mail(part).0));
    if people.len() > 1 && are_names() {
        people
    } else {
        vec![text]
    }
}

fn is_conjunction(word: &str) -> bool {
    ["&", "and", "et", "und", "y"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

/// Cuts at words that `stands_between` and behind `mark` (or the form it has in Chinese and Japanese), outside of
/// brackets. No part is empty.
fn parts(text: &str, stands_between: impl Fn(&str) -> bool, mark: char) -> Vec<&str> {
    let wide: &[char] = match mark {
        ';' => &['；'],
        _ => &['，', '、'],
    };
    let mut out = Vec::new();
    let (mut start, mut depth) = (0, 0);
    let mut cut = |from: usize, to: usize| {
        let part = text[from..to].trim();
        if !part.is_empty() {
            out.push(part);
        }
    };
    let mut word_at = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '<' | '"' if depth == 0 => depth = 1,
            ')' | '>' | '"' => depth = 0,
            _ => {}
        }
        if c == ' ' {
            if depth == 0 && stands_between(&text[word_at..at]) {
                cut(start, word_at);
                start = at;
            }
            word_at = at + 1;
        } else if depth == 0 && (c == mark || wide.contains(&c)) {
            cut(start, at);
            start = at + c.len_utf8();
            word_at = start;
        }
    }
    cut(start, text.len());
    out
}

/// Whether a text looks like the name of one person: two to five words with capitals (or a short one in a script
/// that has none), and nothing that organizations are called.
fn is_name(name: &str) -> bool {
    const PARTICLES: &str = "af al av bin da das de del della den der des di do dos du el ibn la le ten ter van von y zu";
    const ORGANIZATIONS: &str = "the inc ltd llc gmbh ag corp co company group team staff news press media agency \
        department ministry university institute council office society association foundation center centre \
        editors editorial contributors authors";
    if name.contains(|c: char| c.is_numeric() || matches!(c, '@' | '/' | '|' | ':' | ',' | ';')) {
        return false;
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    let has_no_case = |word: &str| {
        word.chars()
            .all(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase())
    };
    if let [word] = words[..] {
        return has_no_case(word) && (2..=6).contains(&word.chars().count());
    }
    let is_listed = |word: &str, list: &str| {
        let word = word.trim_end_matches('.');
        list.split(' ')
            .any(|known| known.eq_ignore_ascii_case(word))
    };
    (2..=5).contains(&words.len())
        && words.iter().all(|word| {
            !is_listed(word, ORGANIZATIONS)
                && (word.starts_with(char::is_uppercase)
                    || has_no_case(word)
                    || is_listed(word, PARTICLES))
        })
}

/// `mail (Name)`, `Name <mail>`, `mail`, `By Name`: the name, empty when only an address is there, and the address.
fn name_and_mail(raw: &str) -> Named {
    let is_edge =
        |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | ',' | ';');
    let is_address = |word: &&str| {
        let address = word.strip_prefix("mailto:").unwrap_or(word);
        let parts = address.split_once('@');
        parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    };
    let address = match raw.contains('@') {
        true => raw.split(is_edge).find(is_address),
        false => None,
    };
    let rest = match address {
        Some(word) => Cow::Owned(raw.replacen(word, " ", 1)),
        None => Cow::Borrowed(raw),
    };
    let rest = match rest.contains(['<', '(']) {
        true => Cow::Owned(rest.replace("< >", " ").replace("( )", " ")),
        false => rest,
    };
    let rest = match is_evenly_spaced(&rest) {
        true => rest,
        false => rest.split_whitespace().collect::<Vec<_>>().join(" ").into(),
    };
    let name = rest.trim();
    let name = name.trim_matches(|c| matches!(c, '"' | ',' | ';' | '-' | ' '));
    let name = match name
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
    {
        Some(inner) if !inner.contains(['(', ')']) => inner.trim(),
        _ => name,
    };
    (
        without_lead(name).to_owned(),
        address.map(|word| word.strip_prefix("mailto:").unwrap_or(word).to_owned()),
    )
}

/// Drops the `By` of a byline. German `Von` also begins family names, so it goes before a whole name only.
fn without_lead(name: &str) -> &str {
    let Some((lead, rest)) = name.split_once(' ') else {
        return name;
    };
    let is_lead = ["by", "by:", "par", "por"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(lead));
    if is_lead || lead == "Von" && rest.contains(' ') {
        rest.trim_start()
    } else {
        name
    }
}

/// What stands in an author field without naming anybody.
fn is_nobody(name: &str) -> bool {
    const NOBODY: &[&str] = &[
        "",
        "admin",
        "administrator",
        "staff",
        "editor",
        "unknown",
        "author-image",
        "webmaster",
        "none",
        "null",
        "undefined",
    ];
    let name = name.to_lowercase();
    let local = name.split('@').next().unwrap_or_default();
    NOBODY.contains(&name.as_str())
        || name.contains('@') && matches!(local, "noreply" | "no-reply" | "donotreply" | "nobody")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Name <mail>` of every author, with `!` before an organization.
    fn read(name: &str, email: Option<&str>) -> Vec<String> {
        let person = Person {
            name: name.to_owned(),
            email: email.map(str::to_owned),
            ..Person::default()
        };
        let base = Url::parse("https://example.org/").expect("a constant URL");
        let show = |author: Author| {
            let mark = match author.kind {
                AuthorKind::Organization => "!",
                AuthorKind::Person => "",
            };
            let mail = author
                .email
                .map_or(String::new(), |mail| format!(" <{mail}>"));
            format!("{mark}{}{mail}", author.name)
        };
        authors(&[person], &base, Some("Harbour News"))
            .into_iter()
            .map(show)
            .collect()
    }

    #[test]
    fn names_and_addresses_come_apart() {
        let cases = [
            (
                "desk@example.org (Ada Byron)",
                "Ada Byron <desk@example.org>",
            ),
            (
                "desk@example.org（山田太郎）",
                "山田太郎 <desk@example.org>",
            ),
            (
                "Ada Byron <desk@example.org>",
                "Ada Byron <desk@example.org>",
            ),
            (
                "\"Byron, Ada\" <desk@example.org>",
                "Byron, Ada <desk@example.org>",
            ),
            (
                "Ada Byron (desk@example.org)",
                "Ada Byron <desk@example.org>",
            ),
            ("<desk@example.org>", "desk@example.org <desk@example.org>"),
            (
                "mailto:desk@example.org",
                "desk@example.org <desk@example.org>",
            ),
            ("desk@example.org Ada Byron", "Ada Byron <desk@example.org>"),
            ("(Ada Byron)", "Ada Byron"),
            ("Ada Byron (Quay Gazette)", "Ada Byron (Quay Gazette)"),
            ("ada @ home", "ada @ home"),
            ("By Ada Byron", "Ada Byron"),
            ("Par Ada Byron", "Ada Byron"),
            ("Von Ada Byron", "Ada Byron"),
            ("Von Neumann", "Von Neumann"),
            ("Barbara Byers", "Barbara Byers"),
            ("harbour news", "!harbour news"),
        ];
        for (given, expected) in cases {
            assert_eq!(read(given, None), [expected], "{given}");
        }
        // feed-rs hands the two halves over apart.
        assert_eq!(
            read("(Ada Byron)", Some("desk@example.org")),
            ["Ada Byron <desk@example.org>"]
        );
        assert_eq!(
            read("", Some("desk@example.org")),
            ["desk@example.org <desk@example.org>"]
        );
    }

    #[test]
    fn several_people_in_one_field_come_apart() {
        let cases: [(&str, &[&str]); 9] = [
            ("Ada Byron and Bo Li", &["Ada Byron", "Bo Li"]),
            (
                "By Ada Byron, Bo Li, and Cy Young",
                &["Ada Byron", "Bo Li", "Cy Young"],
            ),
            (
                "Ada Byron & Ludwig van Beck",
                &["Ada Byron", "Ludwig van Beck"],
            ),
            ("Ada Byron y Bo Li", &["Ada Byron", "Bo Li"]),
            (
                "Ada Byron und Bo Li; Cy Young",
                &["Ada Byron", "Bo Li", "Cy Young"],
            ),
            ("Byron, Ada; Li, Bo", &["Byron, Ada", "Li, Bo"]),
            ("山田太郎、鈴木花子", &["山田太郎", "鈴木花子"]),
            ("Ada Byron, Ada Byron", &["Ada Byron"]),
            (
                "a@example.org (Ada Byron), b@example.org (Bo Li)",
                &["Ada Byron <a@example.org>", "Bo Li <b@example.org>"],
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(read(given, None), expected, "{given}");
        }
    }

    #[test]
    fn what_may_be_one_name_stays_whole() {
        for name in [
            "Marks & Spencer",
            "Byron, Ada",
            "José Ortega y Gasset",
            "Ada Byron, Jr.",
            "Ada Byron, PhD",
            "Department of Energy and Climate Change",
            "The Guardian and Ada Byron",
            "Ada Byron, reporter in Lisbon",
            "Sand, Gravel; and so on",
        ] {
            assert_eq!(read(name, None), [name]);
        }
    }

    #[test]
    fn nobody_is_no_author() {
        for name in [
            "admin",
            "Unknown",
            "author-image",
            "noreply@example.org",
            " ",
            "()",
        ] {
            assert!(read(name, None).is_empty(), "{name}");
        }
        assert_eq!(read("admin and Ada Byron", None), ["admin and Ada Byron"]);
        assert_eq!(read("admin", Some("desk@example.org")), [""; 0]);
    }
}
