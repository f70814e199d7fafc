-- Pages of entries (docs/decisions/0015-full-text.md): which are still to be fetched, and what of them belongs to the entry.

CREATE TABLE pages (
  entry INTEGER PRIMARY KEY NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
  url TEXT NOT NULL,                   -- where it is asked for
  due_at_ms INTEGER,                   -- next try; NULL: none
  tries INTEGER NOT NULL,              -- failed ones since it became due
  validators_url TEXT,                 -- where the newest answer came from; NULL: none, or without validators
  etag BLOB,                           -- of that answer, verbatim
  last_modified BLOB,                  -- of that answer, verbatim
  fetched_at_ms INTEGER,               -- end of the newest answer; NULL: none
  status TEXT,                         -- 'full', 'partial', 'kept', 'failed'; NULL: not tried to the end
  reason TEXT,                         -- why the feed's content stands, or why the last try failed
  scope INTEGER NOT NULL,              -- as of entries.scope, of html; 0: there is none
  fields TEXT,                         -- JSON of what the page fills; NULL: nothing
  html BLOB                            -- zstd of the page's content in place of the feed's; NULL: the feed's stands
) STRICT;
CREATE INDEX pages_due ON pages (due_at_ms) WHERE due_at_ms IS NOT NULL;

-- The content of a page is found by searches.
CREATE TRIGGER search_page_read AFTER UPDATE OF html ON pages
WHEN old.html IS NOT new.html BEGIN
  INSERT OR IGNORE INTO search_stale VALUES (old.entry);
END;

-- What the pages of a source repeat from article to article, apart from what its feed repeats (table habits).
CREATE TABLE page_habits (
  source INTEGER PRIMARY KEY NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  furniture BLOB NOT NULL              -- as of habits.furniture
) STRICT;
