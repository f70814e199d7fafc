//! `man` and `completions`: what is made from the arguments themselves.

use std::io::Write;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use super::Failure;

/// `man [FOLDER]`: the page of the program, or a page for each command as files.
///
/// # Errors
/// [`Failure::Running`] when they cannot be written.
pub fn man(program: Command, folder: Option<&Path>) -> Result<(), Failure> {
    match folder {
        None => clap_mangen::Man::new(program)
            .render(&mut std::io::stdout())
            .map_err(Failure::running),
        Some(folder) => clap_mangen::generate_to(program, folder).map_err(|error| {
            Failure::Running(format!(
                "cannot write pages to {}: {error}",
                folder.display()
            ))
        }),
    }
}

/// `completions SHELL`.
///
/// # Errors
/// [`Failure::Running`] when they cannot be written.
pub fn completions(mut program: Command, shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "feedmill", &mut script);
    std::io::stdout()
        .write_all(&script)
        .map_err(Failure::running)
}
