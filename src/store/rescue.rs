//! A copy of the store as it is before a new release changes its schema (`docs/decisions/0019-care-of-the-store.md`).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Error;
use super::copy::{beside, copy, open_any};
use super::schema::version_of;

/// How many such copies stay.
const KEPT: usize = 2;

/// Copies a store that has data to `NAME.before-NNNN`, NNNN being the first migration that it lacks, and lets go of all
/// but the newest two such copies. `None`: there is nothing worth a copy, or another process has migrated meanwhile.
///
/// # Errors
/// [`Error::NoRoom`], [`Error::Copy`]: nothing is migrated then.
pub(super) fn before_migration(path: &Path, known: i64) -> Result<Option<PathBuf>, Error> {
    let connection = open_any(path)?;
    let found = version_of(&connection, path)?;
    let has_data = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM articles) OR EXISTS (SELECT 1 FROM sources)",
            [],
            |row| row.get(0),
        )
        .unwrap_or(true);
    drop(connection);
    if found >= known || !has_data {
        return Ok(None);
    }
    let to = beside(path, &format!(".before-{:04}", found + 1));
    tracing::info!(
        "the database {} is of an older release: it is copied to {} before it is brought up to date",
        path.display(),
        to.display()
    );
    let copied = copy(path, &to)?.finish(&to)?;
    tracing::warn!(
        articles = copied.articles,
        "the database as it was before this release is at {}; to go back stop Feedmill, install the release before and \
         put that file in the place of {} (`feedmill restore`, or by hand, without the files -wal and -shm)",
        to.display(),
        path.display()
    );
    thin(path);
    Ok(Some(to))
}

/// Removes all but the newest such copies.
fn thin(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let prefix = format!("{}.before-", name.to_string_lossy());
    let mut copies: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| is_copy(&entry.file_name().to_string_lossy(), &prefix))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    copies.sort();
    copies.truncate(copies.len().saturating_sub(KEPT));
    for (_, old) in copies {
        // One that stays takes room and harms nothing.
        let _ = std::fs::remove_file(old);
    }
}

/// `feedmill.db.before-0012`, and nothing else that lies beside.
fn is_copy(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_copies_of_before_a_migration_are_let_go() {
        let check = |name, expected| assert_eq!(is_copy(name, "a.db.before-"), expected, "{name}");
        check("a.db.before-0012", true);
        check("a.db.before-restore-20260101T000000.000Z", false);
        check("a.db.before-00123", false);
        check("a.db.before-0012-wal", false);
        check("b.db.before-0012", false);
        check("a.db", false);
    }
}
