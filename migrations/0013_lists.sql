-- Lists of sources that somebody else keeps (`[[opml]]` with a `url`), as they came last: a start needs no network.
CREATE TABLE lists (
    url           TEXT PRIMARY KEY,
    -- Of the answer that `body` came with.
    validators_url TEXT,
    etag          BLOB,
    last_modified BLOB,
    -- Of the last request, whatever came of it.
    asked_at_ms   INTEGER NOT NULL,
    -- What was wrong with the last answer; NULL: nothing.
    error         TEXT,
    -- The document, compressed (zstd); NULL: none was had yet.
    body          BLOB
) STRICT, WITHOUT ROWID;
