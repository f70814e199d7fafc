-- Near-duplicates: what texts look like, what each source repeats, how entries were joined, and what the operator said
-- (docs/deduplication.md).

-- Entries that a new one may be a copy of. Gone with the window.
CREATE TABLE sketches (
  entry INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
  sketch BLOB NOT NULL                 -- what is compared; the first byte says in which form
) STRICT;

-- How they are found: read as a whole at the first poll, so its rows are small.
CREATE TABLE sketch_keys (
  entry INTEGER PRIMARY KEY REFERENCES sketches (entry) ON DELETE CASCADE,
  source INTEGER NOT NULL,             -- as of its entry
  dated_at_ms INTEGER NOT NULL,        -- publisher's date, else first seen
  keys BLOB NOT NULL                   -- keys of the text, its title and its picture: 4 bytes each, little-endian
) STRICT;

-- What a source repeats.
CREATE TABLE habits (
  source INTEGER PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
  furniture BLOB,                      -- blocks seen in its articles, 7 bytes each: hash, mark of the article that had it
                                       -- last, in how many articles; NULL: none
  repeated BLOB                        -- ids and links that one document gave to different entries: 8 bytes of hash
                                       -- each, little-endian; they identify nothing. NULL: none
) STRICT;

ALTER TABLE entries ADD COLUMN joined_to INTEGER;     -- entries.id it was found equal to; NULL: it founded its article
ALTER TABLE entries ADD COLUMN evidence TEXT;         -- JSON of what the texts share; NULL: they were not compared

-- Ids that entries had before.
CREATE TABLE former (
  source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  key INTEGER NOT NULL,                -- as entries.key was
  entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
  entry_id TEXT NOT NULL,
  url TEXT,
  PRIMARY KEY (source, key, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_entry ON former (entry);

-- Stories that share much and are not the same: articles.pk, a < b.
CREATE TABLE related (
  a INTEGER NOT NULL REFERENCES articles (pk) ON DELETE CASCADE,
  b INTEGER NOT NULL REFERENCES articles (pk) ON DELETE CASCADE,
  relation TEXT NOT NULL,              -- translation, follow_up, same_event
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;
CREATE INDEX related_b ON related (b);

-- Articles that the operator told apart: articles.id, a < b. They are never united again.
CREATE TABLE apart (
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- Ids of articles that were united with another.
CREATE TABLE united (
  id TEXT PRIMARY KEY NOT NULL,        -- articles.id as it was
  article INTEGER NOT NULL REFERENCES articles (pk) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX united_article ON united (article);

-- Entries up to this id have no sketch yet: they get one behind the polls.
INSERT INTO meta (key, value) SELECT 'unsketched_entry', max(id) FROM entries HAVING max(id) IS NOT NULL;
