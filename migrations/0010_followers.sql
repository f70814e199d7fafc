-- Who is told when an output changes: subscribers of our own WebSub hub, and the hubs of the configuration
-- (docs/decisions/0014-hub.md).
CREATE TABLE followers (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,                 -- path of the document below the base
  address TEXT NOT NULL,               -- callback of the subscriber, or URL of the hub
  is_hub INTEGER NOT NULL,             -- 1: a hub of the configuration, which fetches the document itself
  secret TEXT,                         -- signs what is delivered; NULL: nothing does
  until_ms INTEGER,                    -- end of the lease; NULL: none ends it
  delivered TEXT,                      -- ETag of what it was told of last; NULL: nothing yet
  failures INTEGER NOT NULL DEFAULT 0, -- in a row
  next_at_ms INTEGER NOT NULL DEFAULT 0, -- told nothing before
  UNIQUE (topic, address)
) STRICT;
