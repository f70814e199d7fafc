//! People as feeds name them → authors.

use ::url::Url;

use super::{TITLE_CHARS, absolute, plain_text};
use crate::model::{Author, AuthorKind, AuthorRole};
use crate::parse::{Person, Text};

pub(super) fn authors(people: &[Person], base: &Url) -> Vec<Author> {
    let mut out: Vec<Author> = Vec::new();
    for person in people {
        let Some((name, email)) = name_and_mail(person) else {
            continue;
        };
        let author = Author {
            name,
            email,
            url: person.url.as_deref().and_then(|url| absolute(base, url)),
            kind: AuthorKind::Person,
            role: if person.contributor {
                AuthorRole::Contributor
            } else {
                AuthorRole::Author
            },
        };
        if !out
            .iter()
            .any(|known| known.name == author.name && known.role == author.role)
        {
            out.push(author);
        }
    }
    out
}

/// `mail (Name)` and `Name <mail>` come apart; what names nobody is dropped.
fn name_and_mail(person: &Person) -> Option<(String, Option<String>)> {
    const NOBODY: &[&str] = &[
        "admin",
        "administrator",
        "staff",
        "editor",
        "unknown",
        "author-image",
    ];
    let raw = plain_text(
        &Text {
            value: person.name.clone(),
            html: false,
        },
        TITLE_CHARS,
    )
    .unwrap_or_default();
    let mut email = person.email.clone();
    let mut name = raw.clone();
    if let Some((mail, rest)) = raw.split_once(" (").filter(|(mail, _)| mail.contains('@')) {
        email = email.or(Some(mail.to_owned()));
        name = rest.trim_end_matches(')').trim().to_owned();
    } else if let Some((before, mail)) = raw.split_once('<').filter(|(_, mail)| mail.contains('@'))
    {
        email = email.or(Some(mail.trim_end_matches('>').to_owned()));
        name = before.trim().to_owned();
    }
    for lead in ["By ", "by ", "BY ", "Von ", "Par ", "Por "] {
        if let Some(rest) = name.strip_prefix(lead) {
            name = rest.trim().to_owned();
        }
    }
    if let Some(inner) = name
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        name = inner.trim().to_owned(); // feed-rs splits RSS authors there.
    }
    if name.is_empty() {
        name = email.clone()?;
    }
    (!NOBODY.contains(&name.to_lowercase().as_str())).then_some((name, email))
}
