-- Who wrote it and what it is about are searched too. An index without text of its own cannot gain columns: it is
-- filled anew, behind the polls.

DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
  title, summary, text, author, category, -- rowid is entries.id
  content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 1.0, 4.0, 4.0)');
DELETE FROM search_stale;
DELETE FROM meta WHERE key = 'indexed_entry';
