//! The files of a configuration: the main one, and those in `conf.d` beside it that add sources, lists and outputs.
use std::path::{Path, PathBuf};

use super::file::{Notes, Section};
use super::{Problems, World, whole_file};

/// One file of a configuration.
pub(super) struct Part<'t> {
    pub(super) root: Section<'t>,
    pub(super) notes: Notes<'t>,
    /// What surrounds it, when that is not what surrounds the main file.
    pub(super) own: Option<World<'t>>,
}

/// Kind of the top of a file that adds to the main one.
pub(super) const PART: &str = "conf.d";

/// `conf.d/more.toml`.
pub(super) fn name_beside(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("{PART}/{name}")
}

/// The files `conf.d/*.toml` beside a file, by name.
pub(super) fn beside(path: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Problems> {
    let folder = conf_d(path);
    let listed = match std::fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(error) => return Err(unread(&folder, &error)),
    };
    let mut files = Vec::new();
    for entry in listed {
        let file = entry.map_err(|error| unread(&folder, &error))?.path();
        let is_hidden =
            { file.file_name() }.is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
            && !is_hidden
        {
            files.push(file);
        }
    }
    files.sort();
    let read = |file: PathBuf| match std::fs::read(&file) {
        Ok(bytes) => Ok((file, bytes)),
        Err(error) => Err(unread(&file, &error)),
    };
    files.into_iter().map(read).collect()
}

/// The folder whose files add to a configuration.
pub(super) fn conf_d(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).join(PART)
}

fn unread(path: &Path, error: &std::io::Error) -> Problems {
    whole_file(
        path,
        format!("cannot be read: {error}; give the daemon's user leave to read it"),
    )
}
