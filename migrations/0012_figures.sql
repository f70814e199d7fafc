-- What the pages ask of a source: its newest articles, how many a day, and in how many articles it stands. A covering
-- index, as rows of entries are wide (docs/decisions/0016-pages.md).
CREATE INDEX entries_seen ON entries (source, first_seen_at_ms, article);
