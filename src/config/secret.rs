//! Values that must never be printed: a string, `{ env = "NAME" }` or `{ file = "path" }`.
//!
//! Messages name the variable or the file, never the value.
use crate::model::Secret;

use super::World;
use super::file::{Notes, Read, Section, Value};

/// A text that may be secret, and whether it was said to be by standing elsewhere.
pub(super) struct Hidden {
    pub(super) value: Secret,
    /// It came from the environment or a file.
    pub(super) elsewhere: bool,
}

/// Looks a value up; `check` says what is wrong with it without repeating it.
pub(super) fn hidden<'t>(
    section: &Section<'t>,
    key: &'static str,
    world: &World<'_>,
    notes: &mut Notes<'_>,
    check: impl FnOnce(&str) -> Read<()>,
) -> Option<Hidden> {
    section.optional(key, notes, |value| resolve(value, world, check))
}

/// Like [`hidden`], when it does not matter where the value stood.
pub(super) fn secret<'t>(
    section: &Section<'t>,
    key: &'static str,
    world: &World<'_>,
    notes: &mut Notes<'_>,
    check: impl FnOnce(&str) -> Read<()>,
) -> Option<Secret> {
    hidden(section, key, world, notes, check).map(|hidden| hidden.value)
}

/// Looks one value up.
pub(super) fn resolve(
    value: &Value<'_>,
    world: &World<'_>,
    check: impl FnOnce(&str) -> Read<()>,
) -> Read<Hidden> {
    let (text, place) = match value.raw.as_str() {
        Some(text) => (text.to_owned(), None),
        None => elsewhere(value, world).map(|(text, place)| (text, Some(place)))?,
    };
    let blame = |message: String| match &place {
        Some(place) => format!("the value of {place}: {message}"),
        None => message,
    };
    check(&text).map_err(blame)?;
    Ok(Hidden {
        value: Secret::new(text),
        elsewhere: place.is_some(),
    })
}

/// A text that can be the value of a header field (RFC 9110 §5.5).
pub(super) fn header_value(text: &str) -> Read<()> {
    match http::HeaderValue::from_str(text) {
        Ok(_) if text.is_ascii() && !text.trim().is_empty() => Ok(()),
        _ => Err("cannot be sent in a header field; write printable ASCII on one line".to_owned()),
    }
}

/// `user:password` (RFC 7617 §2: the user has no colon).
pub(super) fn basic_auth(text: &str) -> Read<()> {
    if text.chars().any(char::is_control) || !text.contains(':') {
        return Err("is no user and password; write \"user:password\"".to_owned());
    }
    Ok(())
}

/// The address of a proxy; empty means none.
pub(super) fn proxy(text: &str) -> Read<()> {
    let known = |url: &url::Url| {
        matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host()
    };
    if text.is_empty() || url::Url::parse(text).is_ok_and(|url| known(&url)) {
        return Ok(());
    }
    Err(
        "is no proxy; write \"http://host:port\" or \"socks5://host:port\", or \"\" for none"
            .to_owned(),
    )
}

/// Any text but the empty one.
pub(super) fn token(text: &str) -> Read<()> {
    if text.trim().is_empty() {
        Err("is empty; write a token or leave the key out".to_owned())
    } else {
        Ok(())
    }
}

fn elsewhere(value: &Value<'_>, world: &World<'_>) -> Read<(String, String)> {
    let form = "a string, { env = \"NAME\" } or { file = \"path\" }";
    let entries = if value.raw.is_table() {
        value.entries()?
    } else {
        return Err(value.unlike(form));
    };
    let [(key, place)] = entries.as_slice() else {
        return Err(format!("not clear; write {form}"));
    };
    match *key {
        "env" => variable(place.text()?, world),
        "file" => content(place.text()?, world),
        other => Err(format!("unknown key `{other}`; write {form}")),
    }
}

fn variable(name: &str, world: &World<'_>) -> Read<(String, String)> {
    let text = (world.env)(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        format!("the environment variable {name} is not set; set it before the start")
    })?;
    Ok((text, format!("the environment variable {name}")))
}

fn content(path: &str, world: &World<'_>) -> Read<(String, String)> {
    let file = world.folder.join(path);
    world.look_at(&file);
    let mut text = std::fs::read_to_string(&file).map_err(|error| {
        format!(
            "cannot read {}: {error}; give the daemon's user leave to read it",
            file.display()
        )
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok((text, file.display().to_string()))
}
