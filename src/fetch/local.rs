//! `file:` sources: what a program on this machine writes. Never reached by a redirect.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use url::Url;

use super::body::{FREE_BYTES, Limits};
use super::deadline::Deadline;
use super::error::{Wait, words};
use super::{Answer, Error, NotModified, Payload};
use crate::model::{Source, Validators};

/// Reads the file of a source on a thread that may block. Its validator is made from time of change and length.
///
/// # Errors
/// [`Error::File`], [`Error::TooLarge`], [`Error::Timeout`].
pub(super) async fn read(
    source: &Source,
    validators: &Validators,
    limits: &Limits,
) -> Result<Answer, Error> {
    let Ok(path) = source.url.to_file_path() else {
        return Err(failed(
            source,
            "the URL names no local path; write `file:///` and an absolute path".to_owned(),
        ));
    };
    let mut deadline = Deadline::new(source.request.timeout);
    let opened = deadline
        .within(Wait::Body, off_thread(move || open(&path)))
        .await?;
    let (file, metadata) = opened.map_err(|error| failed(source, cure(&error)))?;
    let found = of(&metadata, &source.url);
    if found.etag.is_some() && found == *validators {
        return Ok(Answer::NotModified(NotModified {
            validators: found,
            ..NotModified::default()
        }));
    }
    if metadata.len() > limits.max_body {
        return Err(limits.too_large());
    }
    let permit = if metadata.len() > FREE_BYTES {
        deadline.pause(limits.large()).await
    } else {
        None
    };
    let max_body = limits.max_body;
    let read = deadline
        .within(
            Wait::Body,
            off_thread(move || contents(file, &metadata, max_body)),
        )
        .await?;
    let bytes = read.map_err(|error| failed(source, cure(&error)))?;
    if bytes.len() as u64 > max_body {
        return Err(limits.too_large());
    }
    let mut payload = Payload::new(bytes, None, source.url.clone());
    payload.validators = found;
    payload.permit = permit;
    Ok(Answer::Modified(Box::new(payload)))
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Asked first, because opening a named pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// At most one byte more than allowed, however the file has grown since.
fn contents(file: File, metadata: &Metadata, max_body: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(max_body)).unwrap_or(0));
    file.take(max_body.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The validators of a file as it lies there; none where the system keeps no time of change.
fn of(metadata: &Metadata, url: &Url) -> Validators {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let Some(modified) = modified else {
        return Validators::default();
    };
    let etag = format!("\"{}-{}\"", modified.as_nanos(), metadata.len());
    Validators {
        url: Some(url.as_str().to_owned()),
        etag: Some(etag.into_bytes()),
        last_modified: None,
    }
}

fn cure(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; correct the source's `url` or let it be written".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; let the user that runs feedmill read it".to_owned()
        }
        _ => words(error),
    }
}

fn failed(source: &Source, cause: String) -> Error {
    let path = match source.url.to_file_path() {
        _ if source.private => "(private)".to_owned(),
        Ok(path) => path.display().to_string(),
        Err(()) => source.shown_url(),
    };
    Error::File { path, cause }
}
