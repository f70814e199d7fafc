-- Full-text search over entries. The index holds no text of its own and is filled behind the polls, never inside
-- their transaction (docs/decisions/0007-search-index.md): entries up to the watermark, key 'indexed_entry' of table
-- meta (absent: none), are in it but for those in search_stale.

CREATE VIRTUAL TABLE search USING fts5 (
  title, summary, text,                -- rowid is entries.id
  content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 1.0)');

-- Entries that changed or went since they were indexed.
CREATE TABLE search_stale (
  entry INTEGER PRIMARY KEY            -- entries.id; the row may be gone, or another by now
) STRICT;
CREATE TRIGGER search_revised AFTER UPDATE OF content_hash ON entries
WHEN old.content_hash <> new.content_hash BEGIN
  INSERT OR IGNORE INTO search_stale VALUES (old.id);
END;
CREATE TRIGGER search_gone AFTER DELETE ON entries BEGIN
  INSERT OR IGNORE INTO search_stale VALUES (old.id);
END;
