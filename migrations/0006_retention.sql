-- Retention (docs/decisions/0011-retention.md): what was purged stays away, what a new source brings does not flood,
-- and what the operator should know is written down.

-- What was purged, split or forgotten and must not come back: hashes only. What stood here before buries always.
CREATE TABLE graves (
  kind TEXT NOT NULL,                  -- key, url, text
  source INTEGER NOT NULL,             -- sources.id for kind key, else 0
  hash INTEGER NOT NULL,
  nth INTEGER NOT NULL DEFAULT 0,      -- tells several of one hash apart: entries.slot of kind key, else half days of
                                       -- dated_at_ms, 0 when that is NULL
  dated_at_ms INTEGER,                 -- date of what was purged: only what is dated near it is buried; NULL: always
  PRIMARY KEY (kind, source, hash, nth)
) STRICT, WITHOUT ROWID;
INSERT INTO graves (kind, source, hash) SELECT kind, source, hash FROM tombstones;
DROP TABLE tombstones;
ALTER TABLE graves RENAME TO tombstones;

-- Purging asks who left a document first, of all and of one source.
CREATE INDEX entries_departed ON entries (last_seen_at_ms) WHERE last_seen_at_ms IS NOT NULL;
CREATE INDEX entries_departed_of ON entries (source, last_seen_at_ms) WHERE last_seen_at_ms IS NOT NULL;
CREATE INDEX polls_of ON polls (source, id);

-- What outputs that are ordered by first sight go by: first seen, but the publisher's date for what a source's first
-- document brought.
ALTER TABLE articles ADD COLUMN arrived_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET arrived_at_ms = first_seen_at_ms;
DROP INDEX articles_first_seen;
CREATE INDEX articles_arrived ON articles (arrived_at_ms DESC, pk DESC);

-- What the operator should know, one row an event.
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  source INTEGER REFERENCES sources (id) ON DELETE CASCADE, -- NULL: of no single source
  kind TEXT NOT NULL,                  -- frozen, re-keyed, …
  text TEXT NOT NULL                   -- for people
) STRICT;
CREATE INDEX events_of ON events (source, kind, at_ms);
