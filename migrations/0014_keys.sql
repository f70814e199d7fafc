-- The keys under which copies are found are made in another way: entries of the window get theirs anew, behind the
-- polls, the newest first (docs/deduplication.md).
DELETE FROM sketch_keys;
DELETE FROM sketches;
INSERT OR REPLACE INTO meta (key, value) SELECT 'unsketched_entry', max(id) FROM entries HAVING max(id) IS NOT NULL;
