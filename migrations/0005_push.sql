-- Who pushes to us (WebSub), and the one walk through a source's archives (RFC 5005).

-- Subscriptions at hubs. A source has at most one that is wanted; others of it are being given up.
CREATE TABLE push (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the callback's path; never used again
  source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  hub TEXT NOT NULL,                     -- URL
  topic TEXT NOT NULL,                   -- URL: the feed's self link
  token TEXT NOT NULL,                   -- secret: the unguessable part of the callback's path
  secret TEXT NOT NULL,                  -- secret: hub.secret
  base TEXT,                             -- server.public_url that the hub was told; NULL: not asked yet
  state TEXT NOT NULL,                   -- wanted, asked, live, denied, leaving
  action_at_ms INTEGER,                  -- when something is to be done about it; NULL: never by itself
  asked_at_ms INTEGER,                   -- a request that the hub has not verified yet; NULL: none
  failures INTEGER NOT NULL DEFAULT 0,   -- requests in a row that led to nothing
  error TEXT,                            -- the last failure or the hub's reason, for people; NULL: none
  -- of the lease
  since_at_ms INTEGER,                   -- live without a break since; NULL: not live
  lease_until_at_ms INTEGER,             -- NULL: never verified
  -- what came
  delivered INTEGER NOT NULL DEFAULT 0,  -- documents that were taken
  delivered_at_ms INTEGER,               -- the last of them; NULL: none yet
  missed_at_ms INTEGER,                  -- a poll found what was not pushed, and nothing was pushed since; NULL: no
  ignored INTEGER NOT NULL DEFAULT 0,    -- documents that were not taken
  ignored_why TEXT                       -- why the last of them was not; NULL: none
) STRICT;
CREATE UNIQUE INDEX push_source ON push (source) WHERE state <> 'leaving';
CREATE INDEX push_action ON push (action_at_ms) WHERE action_at_ms IS NOT NULL;

-- Walks through archives. A source has a row once its first document was imported while `history` was on.
CREATE TABLE history (
  source INTEGER PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
  next_url TEXT,                         -- the archive to read next; NULL: the walk is over
  visited TEXT NOT NULL,                 -- JSON list of the URLs that were read, the feed's own first
  action_at_ms INTEGER,                  -- when to read on; NULL: the walk is over
  begun_at_ms INTEGER NOT NULL,
  documents INTEGER NOT NULL DEFAULT 0,  -- archives read
  entries INTEGER NOT NULL DEFAULT 0,    -- stored from them
  body_bytes INTEGER NOT NULL DEFAULT 0, -- of them, on the wire
  failures INTEGER NOT NULL DEFAULT 0,   -- in a row, of the archive to read next
  why TEXT                               -- the last failure, or why the walk is over, for people; NULL: neither
) STRICT;
CREATE INDEX history_action ON history (action_at_ms) WHERE action_at_ms IS NOT NULL;
