-- Entries of one site stand together in the index of addresses: a poll changes one page of it, not one for each entry.
ALTER TABLE entries ADD COLUMN url_host INTEGER NOT NULL DEFAULT 0; -- hash of the host in the canonical URL, never 0;
                                     -- 0: not known, or no link
DROP INDEX entries_url;
CREATE INDEX entries_url ON entries (url_host, url_key) WHERE url_key IS NOT NULL;
