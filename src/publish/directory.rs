//! Writes finished publications as files, atomically: a reader sees the old file or the new one, never a part.
//!
//! File names come from the configuration, never from a feed. Files that nobody asked for any more are left alone.

use crate::system;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Why a file could not be written. Whatever stood there before still stands.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}", .path.display(), cure(.source))]
pub struct Error {
    /// What was tried.
    action: &'static str,
    /// On what.
    path: PathBuf,
    /// What the system answered.
    source: io::Error,
}

/// Writes several files into one folder and removes temporary files that a crash left there. Gives the number of
/// files that changed; stops at the first that cannot be written.
pub fn write_site<'a>(
    dir: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<usize, Error> {
    create(dir)?;
    sweep(dir);
    let mut changed = 0;
    for (name, bytes) in files {
        changed += usize::from(write(dir, name, bytes)?);
    }
    Ok(changed)
}

/// Writes one file, readable by everybody, into a folder that is made when missing. `false` means that it held
/// these bytes already and was not touched.
///
/// The bytes are on disk before the name points to them, and the name is on disk before this returns.
pub fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<bool, Error> {
    let path = dir.join(name);
    if !is_file_name(name) {
        let source = io::Error::new(ErrorKind::InvalidInput, "not a plain file name");
        return Err(Error {
            action: "write",
            path,
            source,
        });
    }
    create(dir)?;
    if holds(&path, bytes) {
        return Ok(false);
    }
    let temporary = dir.join(format!(".{name}{SUFFIX}"));
    let written = fill(&temporary, bytes).map_err(failed("write", &temporary));
    let replaced =
        written.and_then(|()| fs::rename(&temporary, &path).map_err(failed("replace", &path)));
    if let Err(error) = replaced {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(dir).map_err(failed("flush", dir))?;
    Ok(true)
}

/// End of the names of temporary files; they begin with a dot.
const SUFFIX: &str = ".feedmill-tmp";

/// Removes temporary files of writes that a crash interrupted. Whatever cannot be removed now is in nobody's way.
fn sweep(dir: &Path) {
    for file in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = file.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with('.') && name.ends_with(SUFFIX))
        {
            let _ = fs::remove_file(file.path());
        }
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Makes a missing folder, one that others may read whatever the umask of the process.
fn create(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(failed("create the folder", dir))?;
    system::set_mode(dir, 0o755).map_err(failed("set permissions of", dir))
}

/// Whether a file holds exactly these bytes; lengths are compared before contents.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let same_length = fs::metadata(path).is_ok_and(|found| found.len() == bytes.len() as u64);
    same_length && fs::read(path).is_ok_and(|found| found == bytes)
}

/// Writes a temporary file anew, never through a link that somebody put in its place.
fn fill(temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary)?;
    file.write_all(bytes)?;
    system::set_mode(temporary, 0o644)?;
    file.sync_all()
}

/// Makes a rename durable. Systems that cannot open folders flush them by themselves.
fn sync_folder(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error {
        action,
        path: path.to_owned(),
        source,
    }
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "give the user Feedmill runs as write access, or choose another `directory`"
        }
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; choose another `directory`",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some disk space; it is written again at the next change"
        }
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            "a file stands where a folder is needed; move it away"
        }
        ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => {
            "a folder stands where a file is needed; move it away"
        }
        ErrorKind::InvalidInput => "the name must be a plain file name",
        _ => "what stood there before is unchanged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let files = fs::read_dir(dir).expect("the folder is there");
        let mut names: Vec<String> = files
            .map(|file| {
                file.expect("listed")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_once_and_again_only_when_it_changes() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(write(dir.path(), "all.atom", b"one").expect("written"));
        assert!(!write(dir.path(), "all.atom", b"one").expect("seen to be the same"));
        assert!(write(dir.path(), "all.atom", b"two").expect("replaced"));
        assert_eq!(fs::read(dir.path().join("all.atom")).expect("read"), b"two");
        assert_eq!(names(dir.path()), ["all.atom"]);
    }

    #[test]
    fn an_unchanged_file_keeps_its_identity() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let inode = || fs::metadata(dir.path().join("a")).expect("there").ino();
        write(dir.path(), "a", b"same").expect("written");
        let before = inode();
        write(dir.path(), "a", b"same").expect("left alone");
        assert_eq!(inode(), before);
    }

    #[test]
    fn a_missing_folder_is_made_and_everybody_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let public = dir.path().join("deep/public");
        write(&public, "all.atom", b"x").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&public), 0o755);
        assert_eq!(mode(&public.join("all.atom")), 0o644);
    }

    #[test]
    fn what_a_crash_left_is_removed_and_other_files_stay() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in [
            ".all.atom.feedmill-tmp",
            ".old.atom.feedmill-tmp",
            ".htaccess",
            "index.html",
        ] {
            fs::write(dir.path().join(name), "part").expect("prepared");
        }
        let files = [("all.atom", b"whole".as_slice()), ("index.html", b"part")];
        assert_eq!(write_site(dir.path(), files).expect("written"), 1);
        assert_eq!(names(dir.path()), [".htaccess", "all.atom", "index.html"]);
    }

    #[test]
    fn a_link_in_place_of_the_temporary_file_is_not_followed() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let victim = dir.path().join("victim");
        fs::write(&victim, "precious").expect("prepared");
        std::os::unix::fs::symlink(&victim, dir.path().join(".a.feedmill-tmp")).expect("linked");
        write(dir.path(), "a", b"new").expect("written");
        assert_eq!(fs::read(&victim).expect("read"), b"precious");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["", ".", "..", "../up", "a/b", "a\\b", ".hidden", "nul\0"] {
            assert!(write(dir.path(), name, b"x").is_err(), "{name:?}");
        }
        assert_eq!(names(dir.path()), [""; 0]);
    }

    #[test]
    fn an_error_names_the_path_and_the_cure() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(dir.path().join("all.atom/inside")).expect("prepared");
        let error = write(dir.path(), "all.atom", b"x").expect_err("a folder is in the way");
        let expected = format!(
            "cannot replace {}: a folder stands where a file is needed",
            dir.path().join("all.atom").display()
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert_eq!(names(dir.path()), ["all.atom"]);

        fs::write(dir.path().join("file"), "x").expect("prepared");
        let error =
            write(&dir.path().join("file/below"), "a", b"x").expect_err("a file is in the way");
        assert!(
            error
                .to_string()
                .contains("a file stands where a folder is needed"),
            "{error}"
        );
    }
}
