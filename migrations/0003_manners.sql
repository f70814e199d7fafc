-- What origins asked for beyond one source, where sources moved to, and which settings their requests had.

ALTER TABLE sources ADD COLUMN settings INTEGER;     -- 16 bits of a hash of what its requests look like: too few to
                                                     -- guess a secret by; NULL: not seen since this column exists
ALTER TABLE sources ADD COLUMN adopted_url TEXT;     -- polled instead of url; NULL: none
ALTER TABLE sources ADD COLUMN moving_to TEXT;       -- where the last polls were sent for good; NULL: nowhere
ALTER TABLE sources ADD COLUMN moving_polls INTEGER NOT NULL DEFAULT 0; -- polls in a row that agreed on moving_to

-- Places that asked for quiet (429).
CREATE TABLE quiet (
  place TEXT PRIMARY KEY NOT NULL,                   -- registrable domain, host:port, or address
  until_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
