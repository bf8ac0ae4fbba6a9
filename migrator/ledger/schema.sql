-- The ledger. Times are UTC, ISO 8601. Written only by the coordinating process, under the lock.

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,              -- what people type: 2026-11-22-1
  command TEXT NOT NULL,                  -- migrate, rewrite, restore, rollback, backup; unknown
  arguments TEXT NOT NULL,                -- JSON: what resume needs to go on
  started TEXT NOT NULL,
  finished TEXT,                          -- NULL: interrupted or still running
  undoes INTEGER REFERENCES run,          -- rollback: the run that it puts back
  pruned TEXT                             -- when its originals were let go of
) STRICT;

-- What is known of every image URL, over all runs. `url` is canonical.
CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL,                      -- unique; found by its mark
  mark INTEGER NOT NULL,                  -- of the URL: an index of URLs would hold each once more
  asset INTEGER REFERENCES asset,         -- the bytes it was last seen to serve; NULL: none to trust
  source TEXT,                            -- the URL or route that served them; NULL: `url`
  final_url TEXT,                         -- where redirects ended; NULL: as `source`
  referer TEXT NOT NULL DEFAULT '',       -- the Referer it was asked for with
  judged INTEGER NOT NULL DEFAULT 0       -- 1: a check that came to its end let it pass
) STRICT;
CREATE INDEX image_by_mark ON image (mark);

CREATE TABLE format (
  id INTEGER PRIMARY KEY,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  UNIQUE (media_type, extension)
) STRICT;

CREATE TABLE asset (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL,                   -- unique; found by how it ends
  size INTEGER NOT NULL,
  format INTEGER NOT NULL REFERENCES format,
  width INTEGER,
  height INTEGER
) STRICT;
CREATE INDEX asset_by_end ON asset (substr(sha256, -6));

CREATE TABLE store (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE
) STRICT;

-- Where assets were stored, read back and found equal; of those of one asset the last is the newest.
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  store INTEGER NOT NULL REFERENCES store,
  asset INTEGER NOT NULL REFERENCES asset,
  key TEXT NOT NULL                       -- a line feed stands for the SHA-256
) STRICT;
CREATE INDEX object_by_asset ON object (asset);

-- What the user let through although it was held: a SHA-256, or `REASON URL` with a canonical URL.
CREATE TABLE accepted (
  what TEXT PRIMARY KEY,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What stores were found to do when it was tried, by the name of the trial.
CREATE TABLE trial (
  name TEXT PRIMARY KEY,
  found INTEGER NOT NULL                  -- 0 or 1
) STRICT, WITHOUT ROWID;

-- What a run did with each image, and where it found it.
CREATE TABLE run_image (
  run INTEGER NOT NULL REFERENCES run,
  image INTEGER NOT NULL REFERENCES image,
  url TEXT,                               -- as it was asked for; NULL: as the image's
  state TEXT NOT NULL CHECK (state IN ('planned', 'stored', 'reused', 'skipped', 'held', 'failed')),
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  source TEXT,                            -- the URL or route that served it; NULL: the image's URL
  asset INTEGER REFERENCES asset,
  object INTEGER REFERENCES object,       -- its own: an asset with several URLs may have several
  PRIMARY KEY (run, image)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_image ON run_image (image);

CREATE TABLE post (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                     -- unique; found by its mark
  mark INTEGER NOT NULL
) STRICT;
CREATE INDEX post_by_mark ON post (mark);

CREATE TABLE mention (
  run INTEGER NOT NULL,
  image INTEGER NOT NULL,
  post INTEGER NOT NULL REFERENCES post,
  line INTEGER NOT NULL,
  object INTEGER REFERENCES object,       -- what the new link leads to
  new_url TEXT,                           -- the link, once it is written; a line feed: the object's key
  PRIMARY KEY (run, image, post, line)
) STRICT, WITHOUT ROWID;

-- What a run did with each post that it wanted to change.
CREATE TABLE run_post (
  run INTEGER NOT NULL REFERENCES run,
  post INTEGER NOT NULL REFERENCES post,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'intended', 'rewritten', 'skipped', 'conflict', 'rolled-back')),
  edits INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  before BLOB,                            -- SHA-256 of the post's bytes before and after
  after BLOB,
  temporary TEXT,                         -- name of the file that is swapped in, beside the post
  PRIMARY KEY (run, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled ON run_post (state) WHERE state = 'intended';
