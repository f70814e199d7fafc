//! Files of the configuration, rewritten: `remove`, `pause`, `resume`, and what `add` and `import` share with them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use url::Url;

use super::{Failure, daemon_beside, library, load};
use crate::config::{self, Config, edit};
use crate::system;

/// `remove SOURCE`.
///
/// # Errors
/// [`Failure::Setup`] for an unknown source, one of an `[[opml]]`, and a configuration that would not be good without it.
pub fn remove(path: Option<&Path>, name: &str) -> Result<(), Failure> {
    let config = load(path)?;
    let place = place(&config, name, "take it out of that list")?;
    let after = edit::remove(&place.text, place.index).map_err(Failure::setup)?;
    write(&config, &place.file, &place.text, &after)?;
    println!(
        "removed {} from {}; its stored articles stay, as long as [store] retention keeps them",
        place.id,
        place.file.display()
    );
    say_who_takes_it_up(&config);
    Ok(())
}

/// `pause SOURCE` and `resume SOURCE`.
///
/// # Errors
/// As [`remove`].
pub fn pause(path: Option<&Path>, name: &str, paused: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let cure = "write a [[source]] with its `url` and `paused = true` beside the list";
    let place = place(&config, name, cure)?;
    let after = edit::set_paused(&place.text, place.index, paused).map_err(Failure::setup)?;
    let word = if paused { "paused" } else { "not paused" };
    if after == place.text {
        println!("{} is {word} already", place.id);
        return Ok(());
    }
    write(&config, &place.file, &place.text, &after)?;
    println!("{} is {word} now, in {}", place.id, place.file.display());
    say_who_takes_it_up(&config);
    Ok(())
}

/// Where a source is written.
struct Place {
    id: String,
    file: PathBuf,
    /// What the file holds.
    text: String,
    /// Of the source among those of the file.
    index: usize,
}

/// Finds a source by id or URL. `cure` is what to do about one of a list.
fn place(config: &Config, name: &str, cure: &str) -> Result<Place, Failure> {
    let by_id = config.sources.iter().position(|source| source.id == name);
    let by_url = || {
        let source = config.followed(&Url::parse(name).ok()?)?;
        { config.sources.iter() }.position(|other| other.id == source.id)
    };
    let position = by_id.or_else(by_url).ok_or_else(|| {
        Failure::Setup(format!(
            "there is no source \"{name}\"; `feedmill sources` lists them"
        ))
    })?;
    let id = config.sources[position].id.clone();
    let mut index = position;
    for file in config::files(&config.path).map_err(Failure::setup)? {
        let text = text_of(&file)?;
        let count = edit::count(&text).map_err(|error| unedited(&file, &error))?;
        if index < count {
            return Ok(Place {
                id,
                file,
                text,
                index,
            });
        }
        index -= count;
    }
    Err(Failure::Setup(format!(
        "{id} comes from an [[opml]] list, not from a [[source]] of {}; {cure}",
        config.path.display()
    )))
}

/// The text of a file of the configuration.
pub(super) fn text_of(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::Setup(format!("cannot read {}: {error}", file.display())))
}

/// A file that cannot be edited.
pub(super) fn unedited(file: &Path, error: &edit::Error) -> Failure {
    Failure::Setup(format!("{}: {error}; nothing is written", file.display()))
}

/// Replaces a file of the configuration when the whole stays good with its new text and it still holds `before`. Gives the
/// new configuration.
pub(super) fn write(
    config: &Config,
    file: &Path,
    before: &str,
    after: &str,
) -> Result<Config, Failure> {
    let edited = checked(config, file, after)?;
    let failed = |error: io::Error| {
        Failure::Running(format!(
            "{} is left as it was: {error}; check who may write to it and to its folder",
            file.display()
        ))
    };
    if fs::read(file).map_err(failed)? != before.as_bytes() {
        return Err(Failure::Running(format!(
            "{} was changed meanwhile; nothing is written, try again",
            file.display()
        )));
    }
    replace(file, after).map_err(failed)?;
    Ok(edited)
}

/// The configuration that it would be with this text in a file.
pub(super) fn checked(config: &Config, file: &Path, text: &str) -> Result<Config, Failure> {
    let library = library(config).unwrap_or_default();
    config::load_edited(&config.path, &library, file, text).map_err(|problems| {
        Failure::Setup(format!(
            "{problems}\nnothing is written: the configuration would have these errors"
        ))
    })
}

/// Says when the change comes into force.
pub(super) fn say_who_takes_it_up(config: &Config) {
    // Asking for the lock would make the folder of a store that is not there yet.
    let daemon = { config.store.path.exists() }
        .then(|| daemon_beside(config).ok().flatten())
        .flatten();
    if let Some(holder) = daemon {
        println!(
            "the daemon (process {}) takes it up by itself within seconds",
            holder.pid
        );
    }
}

/// Atomically: who reads the file sees the old text or the new one. A symbolic link stays one, permissions and owner stay
/// as they are, and the text is on the disk before it is the file.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let real = fs::canonicalize(file)?;
    let folder = real.parent().unwrap_or(Path::new("/"));
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = written(&real, &temporary, text).and_then(|()| fs::rename(&temporary, &real));
    if written.is_err() {
        // What cannot be removed either is named after us, and harmless.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // Not every system can sync a folder; the rename itself is done.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn written(real: &Path, temporary: &Path, text: &str) -> io::Result<()> {
    let like = fs::metadata(real)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary)?;
    file.set_permissions(like.permissions())?;
    system::take_owner(&file, &like)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_and_permissions_stay_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().join("real.toml");
        let link = folder.path().join("feedmill.toml");
        fs::write(&real, "old").expect("written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
        symlink("real.toml", &link).expect("linked");
        replace(&link, "new").expect("replaced");
        assert_eq!(fs::read_to_string(&real).expect("read"), "new");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        let mode = fs::metadata(&real).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 2);
    }
}
