-- What the adaptive schedule has learned (docs/schedule.md).

-- When a source publishes. Written by every poll of an adaptive source that went well.
CREATE TABLE rhythms (
  source INTEGER PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
  state BLOB NOT NULL                  -- schedule::Rhythm: a version byte, then little-endian numbers; 320 bytes at most
) STRICT;

-- The price of a poll while a budget steers it: one row for all sources, none without a budget.
CREATE TABLE price (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  minutes REAL NOT NULL,               -- minutes of waiting of one entry that a poll costs
  polls_per_hour REAL NOT NULL,        -- the budget it was steered for
  since_at_ms INTEGER NOT NULL,        -- start of the hour that runs
  spent INTEGER NOT NULL,              -- polls of adaptive sources in it
  debt_hours REAL NOT NULL             -- polls beyond the budget before, in hours of budget
) STRICT;
