//! `init`: a configuration to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Failure;

/// What is written.
const START: &str = include_str!("../../config/start.toml");

/// `init [FILE]`. Without a file: the one of `--config`, else `$FEEDMILL_CONFIG`, else `feedmill.toml` here.
///
/// # Errors
/// [`Failure::Setup`] when the file exists or its folder does not.
pub fn init(config: Option<&Path>, file: Option<PathBuf>) -> Result<(), Failure> {
    let environment = || {
        std::env::var_os("FEEDMILL_CONFIG")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    let file = {
        file.or_else(|| config.map(Path::to_owned))
            .or_else(environment)
    }
    .unwrap_or_else(|| PathBuf::from("feedmill.toml"));
    let shown = file.display();
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    let written = opened.and_then(|mut new| {
        new.write_all(START.as_bytes())?;
        new.sync_all()
    });
    written.map_err(|error| {
        Failure::Setup(match error.kind() {
            ErrorKind::AlreadyExists => format!(
                "{shown} exists and is left as it is; name another file, or add feeds to it with `feedmill add URL`"
            ),
            ErrorKind::NotFound => format!(
                "{shown} cannot be written: its folder does not exist; make it first, or name another file"
            ),
            _ => format!("{shown} cannot be written: {error}; name another file"),
        })
    })?;
    let is_found = ["feedmill.toml", "./feedmill.toml"]
        .map(PathBuf::from)
        .contains(&file)
        || std::env::var_os("FEEDMILL_CONFIG").is_some_and(|found| file == found);
    let named = if is_found {
        String::new()
    } else {
        format!(" --config {shown}")
    };
    println!("wrote {shown}. Next:");
    println!("  feedmill add{named} URL    a site or feed to follow, as often as you like");
    println!("  feedmill run{named}        then subscribe to http://127.0.0.1:7878/all.atom");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_written_is_good_and_follows_nothing_yet() {
        let config = config::parse(START, Path::new("/etc/feedmill.toml")).expect("good");
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        assert!(config.sources.is_empty());
        assert_eq!(config.outputs.len(), 1);
        assert_eq!(config.outputs[0].name, "all");
    }
}
