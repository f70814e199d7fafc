//! CSS selectors of `content` and `remove`.

use super::file::{Read, Value};

/// A selector that can be read.
pub(super) fn selector(value: &Value<'_>) -> Read<String> {
    let text = value.text()?.trim();
    if text.is_empty() {
        return Err("empty; write a CSS selector such as \"article .text\"".to_owned());
    }
    match scraper::Selector::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!(
            "{text:?} is no CSS selector; write one such as \"article .text\", and try it with `feedmill extract URL --source ID`"
        )),
    }
}
