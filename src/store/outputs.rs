//! What each output last published, so that its dates survive restarts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::codec::{instant, millis};
use super::{Error, Store};

/// The state of one published document (`docs/decisions/0006-output-state.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputState {
    /// Validator of its bytes.
    pub etag: String,
    /// When its bytes last changed.
    pub changed_at: DateTime<Utc>,
    /// High-water mark of its entries' `updated`.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// A random UUID that names this store; ids of outputs derive from it.
    ///
    /// # Errors
    /// [`Error::Sql`], [`Error::Damaged`].
    pub fn id(&self) -> Result<uuid::Uuid, Error> {
        self.read(|connection| {
            let text: String = connection.query_row(
                "SELECT value FROM meta WHERE key = 'store_id'",
                [],
                |row| row.get(0),
            )?;
            text.parse().map_err(|error: uuid::Error| Error::Damaged {
                what: "store id",
                reason: error.to_string(),
            })
        })
    }

    /// States of all published documents, by path.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub fn output_states(&self) -> Result<HashMap<String, OutputState>, Error> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT path, etag, changed_at_ms, updated_at_ms FROM outputs")?;
            let states = statement
                .query_map([], |row| {
                    let state = OutputState {
                        etag: row.get(1)?,
                        changed_at: instant(row.get(2)?),
                        updated_at: instant(row.get(3)?),
                    };
                    Ok((row.get(0)?, state))
                })?
                .collect::<Result<_, _>>()?;
            Ok(states)
        })
    }

    /// Remembers what is about to be served. The commit is synced to the disk, and with it every commit before:
    /// what subscribers see is never lost to a power cut.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn record_outputs(&self, states: Vec<(String, OutputState)>) -> Result<(), Error> {
        self.write(move |connection| {
            let before: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
            connection.execute_batch("PRAGMA synchronous = FULL")?;
            let written = (|| {
                let tx = connection.transaction()?;
                for (path, state) in &states {
                    tx.execute(
                        "INSERT INTO outputs (path, etag, changed_at_ms, updated_at_ms) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (path) DO UPDATE SET etag = ?2, changed_at_ms = ?3, updated_at_ms = ?4",
                        params![path, state.etag, millis(state.changed_at), millis(state.updated_at)],
                    )?;
                }
                tx.commit()
            })();
            connection.execute_batch(&format!("PRAGMA synchronous = {before}"))?;
            Ok(written?)
        })
        .await
    }
}
