-- The first shape of the store. Append-only: a change is a new file.
-- Instants are Unix milliseconds UTC and end in _at_ms; lengths of time are milliseconds and end in _ms.
-- Hashes are xxh3: 64 bits as INTEGER (two's complement), 128 bits as BLOB.

-- Facts about the store itself: 'store_id' is a random UUID from which the ids of outputs are derived.
CREATE TABLE meta (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a source that was ever configured. Identity, and what its newest 200 said.
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,           -- the configured id, [a-z0-9-]
  url TEXT NOT NULL,                   -- the configured URL
  active INTEGER NOT NULL,             -- 1 while the configuration names it
  paused INTEGER NOT NULL,             -- 1 while the configuration pauses it
  priority INTEGER NOT NULL,           -- higher represents a story seen in several sources
  -- facts from the feed
  info TEXT,                           -- JSON FeedInfo; NULL before the first success
  recovered TEXT,                      -- JSON list of the repairs the newest document needed; NULL: none
  -- validators and hashes of the newest 200
  validators_url TEXT,                 -- URL that gave the validators; NULL: there are none
  etag BLOB,                           -- verbatim; NULL: not given
  last_modified BLOB,                  -- verbatim; NULL: not given
  body_hash BLOB,                      -- salted hash of the decoded body; NULL: nothing to skip by
  document BLOB                        -- entries of the newest document in order: 16 bytes each, the salted hash of
                                       -- the raw entry and entries.id, both little-endian; NULL: none
) STRICT;
CREATE INDEX sources_url ON sources (url);

-- When each source is next due and how its polls went. Written by every poll, so its rows are small.
CREATE TABLE schedule (
  source INTEGER PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
  due_at_ms INTEGER,                   -- NULL: never again by itself (gone)
  due_why TEXT NOT NULL,               -- which rule decided, in words
  leased_until_at_ms INTEGER,          -- a poll is in flight; NULL: none
  last_polled_at_ms INTEGER,           -- end of the last response; NULL: never polled
  last_ok_at_ms INTEGER,               -- end of the last 200 or 304; NULL: never
  outcome TEXT,                        -- of the last poll; NULL: never polled
  failures INTEGER NOT NULL DEFAULT 0, -- since the last success
  error_class TEXT,                    -- NULL: the last poll went well
  error TEXT,                          -- the same for people
  error_since_at_ms INTEGER,           -- first failure since the last success
  held_until_at_ms INTEGER,            -- Retry-After; NULL: no hold-off
  gone_at_ms INTEGER,                  -- first 410 in a row; NULL: not gone
  signals TEXT                         -- JSON Signals of the last answer; NULL: none
) STRICT;
CREATE INDEX schedule_due ON schedule (due_at_ms);

-- One row a poll, newest last.
CREATE TABLE polls (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,              -- end of the response
  took_ms INTEGER NOT NULL,            -- request to end of response
  outcome TEXT NOT NULL,
  new INTEGER NOT NULL,                -- articles
  revised INTEGER NOT NULL,            -- entries whose content changed
  merged INTEGER NOT NULL,             -- entries that joined another source's article
  body_bytes INTEGER                   -- on the wire; NULL: no body
) STRICT;

-- One row an article: a projection of its entries that can be computed again.
CREATE TABLE articles (
  pk INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,             -- urn:uuid:, UUIDv5 of the first entry's key
  published_id TEXT NOT NULL UNIQUE,   -- id in every published format; never changes
  representative INTEGER NOT NULL,     -- entries.id whose fields are shown
  published_at_ms INTEGER NOT NULL,    -- republished date, fixed: the publisher's, not after first sight
  first_seen_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,      -- republished; moves on real change, never backwards
  revision INTEGER NOT NULL,           -- 1 as first seen
  source_updated_at_ms INTEGER         -- atom:source/updated when last accepted; NULL: the feed gave none
) STRICT;
CREATE INDEX articles_published ON articles (published_at_ms DESC, pk DESC);
CREATE INDEX articles_first_seen ON articles (first_seen_at_ms DESC, pk DESC);

-- One row an item as one source published it.
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources (id),
  key INTEGER NOT NULL,                -- hash of id kind and id
  slot INTEGER NOT NULL,               -- 0; one more each time the source reuses the id for another article
  article INTEGER NOT NULL REFERENCES articles (pk),
  rung TEXT NOT NULL,                  -- what joined it: entry, alias, url, text, near, manual
  -- facts from the feed, normalized
  entry_id TEXT NOT NULL,              -- as published, else derived
  id_kind TEXT NOT NULL,               -- published, link, content
  url TEXT,                            -- NULL: no link
  url_key INTEGER,                     -- hash of the canonical URL; NULL: no link, or one that identifies nothing
  title TEXT,                          -- NULL: none given
  published_at_ms INTEGER,             -- earliest date ever given; NULL: none that can be believed
  updated_at_ms INTEGER,               -- NULL: none given
  details TEXT NOT NULL,               -- JSON Details
  scope INTEGER NOT NULL,              -- 0 none, 1 summary, 2 partial, 3 full
  -- facts of ours
  content_hash INTEGER NOT NULL,       -- everything shown
  text_hash INTEGER NOT NULL,          -- words of title and text only
  revision INTEGER NOT NULL,           -- 1 as first seen
  first_seen_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER,             -- NULL: the newest document of the source holds it
  UNIQUE (source, key, slot)
) STRICT;
CREATE INDEX entries_article ON entries (article);
CREATE INDEX entries_url ON entries (url_key) WHERE url_key IS NOT NULL;

-- Bodies, apart so that rows that are scanned stay small.
CREATE TABLE contents (
  entry INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
  html BLOB NOT NULL                   -- zstd of sanitized UTF-8 HTML
) STRICT;

-- Earlier states of entries; the newest five an entry are kept.
CREATE TABLE revisions (
  entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  replaced_at_ms INTEGER NOT NULL,
  title TEXT,
  html BLOB,                           -- zstd; NULL: no content
  PRIMARY KEY (entry, revision)
) STRICT, WITHOUT ROWID;

-- What was purged, split or forgotten and must not come back: hashes only.
CREATE TABLE tombstones (
  kind TEXT NOT NULL,                  -- key, url, text
  source INTEGER NOT NULL,             -- sources.id for kind key, else 0
  hash INTEGER NOT NULL,
  PRIMARY KEY (kind, source, hash)
) STRICT, WITHOUT ROWID;

-- What each output last published.
CREATE TABLE outputs (
  path TEXT PRIMARY KEY NOT NULL,      -- all.atom
  etag TEXT NOT NULL,
  changed_at_ms INTEGER NOT NULL,      -- when its bytes last changed
  updated_at_ms INTEGER NOT NULL       -- high-water mark of its entries' updated
) STRICT, WITHOUT ROWID;
