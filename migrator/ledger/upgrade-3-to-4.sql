-- Makes a ledger of version 3 one of version 4, which has less to say for each post and asset.
-- `database.py` gives mark() and bytes(), and makes the views.

DROP VIEW IF EXISTS link;
DROP VIEW IF EXISTS outcome;
DROP VIEW IF EXISTS placement;

CREATE TABLE format (
  id INTEGER PRIMARY KEY,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  UNIQUE (media_type, extension)
) STRICT;

INSERT INTO format (media_type, extension) SELECT DISTINCT media_type, extension FROM asset;

CREATE TABLE new_asset (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL,
  size INTEGER NOT NULL,
  format INTEGER NOT NULL REFERENCES format,
  width INTEGER,
  height INTEGER
) STRICT;

INSERT INTO new_asset
SELECT asset.id, sha256, size, format.id, width, height FROM asset JOIN format USING (media_type, extension);
DROP TABLE asset;
ALTER TABLE new_asset RENAME TO asset;

CREATE INDEX asset_by_end ON asset (substr(sha256, -6));

CREATE TABLE new_run_post (
  run INTEGER NOT NULL REFERENCES run,
  post INTEGER NOT NULL REFERENCES post,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'intended', 'rewritten', 'skipped', 'conflict', 'rolled-back')),
  edits INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  before BLOB,
  after BLOB,
  temporary TEXT,
  PRIMARY KEY (run, post)
) STRICT, WITHOUT ROWID;

INSERT INTO new_run_post
SELECT run, post, state, edits, reason, detail, bytes(before), bytes(after), temporary FROM run_post;
DROP TABLE run_post;
ALTER TABLE new_run_post RENAME TO run_post;

CREATE INDEX unsettled ON run_post (state) WHERE state = 'intended';

CREATE TABLE new_post (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  mark INTEGER NOT NULL
) STRICT;

INSERT INTO new_post SELECT id, name, mark(name) FROM post;
DROP TABLE post;
ALTER TABLE new_post RENAME TO post;

CREATE INDEX post_by_mark ON post (mark);
