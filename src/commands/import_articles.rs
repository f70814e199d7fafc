//! `import ARTICLES.jsonl`: what `export --format jsonl` wrote, back into a store.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use url::Url;

use super::{Failure, load, opened, sign, take_lock};
use crate::model::{ExportedArticle, KeptContent};
use crate::normalize::page::sanitized;
use crate::store::{Imported, Store};
use crate::text;

/// A transaction has at most this many articles …
const BATCH: usize = 200;
/// … or a little more than this many bytes of lines.
const BATCH_BYTES: usize = 4 << 20;
/// No line of ours is longer.
const LONGEST_LINE: u64 = 64 << 20;

/// `import ARTICLES.jsonl`: every article that is not there yet, as it was. Lines that are none are named and skipped.
///
/// # Errors
/// [`Failure::Running`] while a daemon runs, when the file or the store fails, and, after all other lines are stored, when
/// some were broken.
pub(super) async fn import_articles(config: Option<&Path>, file: &Path) -> Result<(), Failure> {
    let config = load(config)?;
    let mut lock = take_lock(&config)?.map_err(|holder| {
        Failure::Running(format!(
            "a daemon (process {}) runs on {}; stop it, import, and start it again",
            holder.pid,
            config.store.path.display()
        ))
    })?;
    sign(&mut lock)?;
    let cannot = |error: std::io::Error| {
        Failure::Running(format!("cannot read {}: {error}", file.display()))
    };
    let input = File::open(file).map_err(cannot)?;
    let bar = bar(input.metadata().map_err(cannot)?.len());
    let (store, _) = opened(&config).await?;
    let mut import = Import {
        store,
        file,
        waiting: Vec::new(),
        bytes: 0,
        done: Done::default(),
    };
    let mut lines = Lines::of(BufReader::with_capacity(1 << 18, input));
    while let Some((number, line)) = lines.next().map_err(cannot)? {
        bar.inc(line.len() as u64);
        import.line(number, line).await?;
    }
    import.store_waiting().await?;
    bar.finish_and_clear();
    println!("{}", import.done);
    match import.done.broken {
        0 => Ok(()),
        broken => Err(Failure::Running(format!(
            "{broken} lines of {} could not be imported; all others were",
            file.display()
        ))),
    }
}

fn bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[derive(Debug, Default)]
struct Done {
    added: u64,
    known: u64,
    buried: u64,
    broken: u64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            added,
            known,
            buried,
            broken,
        } = self;
        write!(
            f,
            "{added} articles imported, {known} there already, {buried} purged or forgotten here, {broken} lines broken"
        )
    }
}

/// An import on its way.
struct Import<'a> {
    store: Store,
    file: &'a Path,
    /// Numbers of lines, and what they hold.
    waiting: Vec<(u64, ExportedArticle)>,
    bytes: usize,
    done: Done,
}

impl Import<'_> {
    async fn line(&mut self, number: u64, line: &[u8]) -> Result<(), Failure> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match read(line) {
            Ok(article) => self.waiting.push((number, article)),
            Err(why) => self.broken(number, &why),
        }
        self.bytes += line.len();
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.store_waiting().await?;
        }
        Ok(())
    }

    async fn store_waiting(&mut self) -> Result<(), Failure> {
        self.bytes = 0;
        let (numbers, articles): (Vec<u64>, Vec<ExportedArticle>) = self.waiting.drain(..).unzip();
        let stored = self.store.import(articles).await.map_err(|error| {
            Failure::Running(format!(
                "{error}; what came before line {} of {} is imported, a second import goes on there",
                numbers.first().copied().unwrap_or_default(),
                self.file.display()
            ))
        })?;
        for (number, imported) in numbers.into_iter().zip(stored) {
            match imported {
                Imported::Added => self.done.added += 1,
                Imported::Known => self.done.known += 1,
                Imported::Buried => self.done.buried += 1,
                Imported::Refused(why) => self.broken(number, &why),
            }
        }
        Ok(())
    }

    fn broken(&mut self, number: u64, why: &str) {
        self.done.broken += 1;
        eprintln!("{}:{number}: {why}", self.file.display());
    }
}

/// Lines with their numbers, from 1. One that is too long comes cut, and so broken.
struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn of(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
        }
    }

    fn next(&mut self) -> std::io::Result<Option<(u64, &[u8])>> {
        self.line.clear();
        let mut limited = (&mut self.input).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.line)?;
        if read as u64 == LONGEST_LINE && !self.line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
        }
        self.number += 1;
        Ok((read > 0).then_some((self.number, self.line.as_slice())))
    }
}

/// An article of a line; `Err`: what is wrong with it. Its HTML is cleaned once more, as nobody knows who wrote the file.
fn read(line: &[u8]) -> Result<ExportedArticle, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("no JSON: {error}"))?;
    if value.get("kept").is_none_or(Value::is_null) {
        return Err("no article of `export --format jsonl`: it has no key `kept`".to_owned());
    }
    if let Some(address) = scripting(&value, "") {
        return Err(format!("{address:?} is an address that would run a script"));
    }
    let mut article: ExportedArticle =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    if !article.id.starts_with("urn:uuid:") {
        return Err(format!("{:?} is no id of an article", article.id));
    }
    let is_id = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if let Some(entry) = { article.entries.iter() }.find(|entry| !is_id(&entry.source)) {
        return Err(format!("{:?} is no id of a source", entry.source));
    }
    clean(&mut article);
    Ok(article)
}

/// The first address, wherever it stands, that is more than a place.
fn scripting<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    match value {
        Value::String(address)
            if key.ends_with("url") || key.ends_with("urls") || key == "logo" =>
        {
            let (scheme, _) = address.split_once(':')?;
            let scheme: String = { scheme.chars() }
                .filter(|char| !char.is_whitespace() && !char.is_control())
                .collect();
            text::is_scripting(&scheme).then_some(address)
        }
        Value::Array(values) => values.iter().find_map(|value| scripting(value, key)),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| scripting(value, key)),
        _ => None,
    }
}

fn clean(article: &mut ExportedArticle) {
    let base =
        Url::parse("https://invalid.invalid/").unwrap_or_else(|_| unreachable!("a constant URL"));
    let again = |html: &mut String| *html = sanitized(html, &base);
    { article.content_html.as_mut() }.map(again);
    for entry in &mut article.kept.entries {
        let bodies = [
            Some(&mut entry.content),
            { entry.page.as_mut() }.map(|page| &mut page.content),
        ];
        for body in bodies.into_iter().flatten() {
            if let KeptContent::Html(html) = body {
                again(html);
            }
        }
        for earlier in &mut entry.revisions {
            { earlier.content_html.as_mut() }.map(again);
        }
        if let Some(fields) = { entry.page.as_mut() }.and_then(|page| page.fields.as_mut()) {
            fields.content_html = None; // It stands apart.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Value {
        serde_json::json!({
            "id": "urn:uuid:7d4b1d5e-0f3a-5c1e-9a77-3f0c5b6a2d10", "content_html": "<p>Water</p>",
            "summary": "Of water", "content_scope": "full",
            "first_seen": "2026-03-01T08:05:12Z", "revision": 1, "related": [],
            "entries": [{"source": "mill", "entry_id": "1", "url": "https://mill.example/1", "title": "Water",
                "published": null, "first_seen": "2026-03-01T08:05:12Z", "rung": "entry"}],
            "kept": {"number": 3, "published_id": "x", "published_at": "2026-03-01T08:05:12Z",
                "updated_at": "2026-03-01T08:05:12Z", "arrived_at": "2026-03-01T08:05:12Z", "feed_updated": null,
                "feed": {}, "former_ids": [], "apart": [],
                "entries": [{"number": 4, "key": "ffffffffffffffff", "slot": 0, "id_kind": "published",
                    "url_key": "00000000000000ff", "updated": null, "details": null, "content": "shown", "scope": "full",
                    "content_hash": "8000000000000000", "text_hash": "0000000000000001", "revision": 1,
                    "last_seen": "2026-03-01T08:05:12Z", "joined_to": null, "evidence": null, "revisions": [],
                    "former": [], "page": null}]}
        })
    }

    fn read_value(value: &Value) -> Result<ExportedArticle, String> {
        read(value.to_string().as_bytes())
    }

    #[test]
    fn hashes_keep_every_bit() {
        let read = read_value(&line()).expect("an article");
        let entry = &read.kept.entries[0];
        assert_eq!(
            (entry.key, entry.content_hash, entry.url_key),
            (-1, i64::MIN, Some(255))
        );
        assert_eq!(read.details.summary.as_deref(), Some("Of water"));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let check = |change: &dyn Fn(&mut Value), expected: &str| {
            let mut value = line();
            change(&mut value);
            let said = read_value(&value).expect_err("refused");
            assert!(said.contains(expected), "{said}");
        };
        check(&|value| value["kept"] = Value::Null, "no key `kept`");
        check(
            &|value| {
                value.as_object_mut().map(|line| line.remove("kept"));
            },
            "no key `kept`",
        );
        check(
            &|value| {
                value.as_object_mut().map(|line| line.remove("revision"));
            },
            "missing field `revision`",
        );
        check(&|value| value["id"] = "7d4b".into(), "no id of an article");
        check(
            &|value| value["entries"][0]["source"] = "../up".into(),
            "no id of a source",
        );
        check(
            &|value| value["entries"][0]["url"] = "Java\tScript:alert(1)".into(),
            "would run a script",
        );
        check(
            &|value| value["related_urls"] = serde_json::json!(["data:text/html,x"]),
            "would run a script",
        );
        check(
            &|value| value["kept"]["entries"][0]["key"] = "xyz".into(),
            "no hash",
        );
        assert!(
            read(b"{\"id\": \"cut of")
                .expect_err("refused")
                .contains("no JSON")
        );
        assert!(read(b"[]").is_err());
    }

    #[test]
    fn html_is_cleaned_once_more() {
        let mut value = line();
        value["content_html"] = "<p onclick=\"x()\">Water<script>alert(1)</script></p>".into();
        value["kept"]["entries"][0]["content"] =
            serde_json::json!({"html": "<p>a</p><iframe srcdoc=x></iframe>"});
        let read = read_value(&value).expect("an article");
        assert_eq!(read.content_html.as_deref(), Some("<p>Water</p>"));
        assert_eq!(
            read.kept.entries[0].content,
            KeptContent::Html("<p>a</p>".to_owned())
        );
    }

    #[test]
    fn lines_have_numbers_and_an_end() {
        let mut lines = Lines::of(&b"one\n\nthree"[..]);
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().expect("read") {
            seen.push((number, String::from_utf8_lossy(line).into_owned()));
        }
        let expected = [(1, "one\n"), (2, "\n"), (3, "three")];
        assert_eq!(
            seen,
            expected.map(|(number, line)| (number, line.to_owned()))
        );
    }
}
