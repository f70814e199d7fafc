-- Archives of outputs (RFC 5005 section 4, docs/decisions/0012-filters-and-archives.md): what each output published, numbered
-- once and for all, and documents of full ranges whose bytes never change.

-- One row an output: the chain of archives it has now.
CREATE TABLE archives (
  output TEXT PRIMARY KEY NOT NULL,    -- its name
  settings INTEGER NOT NULL,           -- hash of the configuration that decides what stands in it; another: a new chain
  shown TEXT NOT NULL,                 -- JSON list of sources.name whose articles and addresses it may show
  first_page INTEGER NOT NULL,         -- number of its first document; earlier ones are withdrawn
  judged_article INTEGER NOT NULL      -- articles.pk up to which every article was looked at
) STRICT, WITHOUT ROWID;

-- The articles of the chain, in the order of their first publication.
CREATE TABLE archive_articles (
  output TEXT NOT NULL REFERENCES archives (output) ON DELETE CASCADE,
  number INTEGER NOT NULL,             -- from 1, without holes
  article TEXT NOT NULL,               -- articles.id, which may be gone by now
  PRIMARY KEY (output, number),
  UNIQUE (output, article)
) STRICT, WITHOUT ROWID;

-- Closed documents, those of earlier chains too: a number is never given twice.
CREATE TABLE archive_pages (
  output TEXT NOT NULL,
  page INTEGER NOT NULL,               -- from 1
  last_number INTEGER NOT NULL,        -- articles up to this number stand in it or in earlier ones
  closed_at_ms INTEGER NOT NULL,
  body BLOB,                           -- zstd; NULL: withdrawn, and gone for good
  PRIMARY KEY (output, page)
) STRICT, WITHOUT ROWID;
