-- The ledger. Times are UTC, ISO 8601. Written only by the coordinating process, under the lock.

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,              -- what people type: 2026-11-22-1
  command TEXT NOT NULL,                  -- migrate, rewrite, rollback
  arguments TEXT NOT NULL,                -- JSON: what resume needs to go on
  started TEXT NOT NULL,
  finished TEXT,                          -- NULL: interrupted or still running
  undoes INTEGER REFERENCES run,          -- rollback: the run that it puts back
  pruned TEXT                             -- when its originals were let go of
) STRICT;

-- What is known of every image URL, over all runs. `url` is canonical.
CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  sha256 TEXT REFERENCES asset,           -- the bytes it was last seen to serve; NULL: none to trust
  source TEXT,                            -- the URL or route that served them
  final_url TEXT,                         -- where redirects ended
  referer TEXT,                           -- the Referer it was asked for with
  judged INTEGER NOT NULL DEFAULT 0       -- 1: a check that came to its end let it pass
) STRICT;

CREATE TABLE asset (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  width INTEGER,
  height INTEGER
) STRICT, WITHOUT ROWID;

-- Where an asset was last stored, read back and found equal.
CREATE TABLE placement (
  store TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES asset,
  key TEXT NOT NULL,
  PRIMARY KEY (store, sha256)
) STRICT, WITHOUT ROWID;

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
  url TEXT NOT NULL,                      -- as first written in a post
  state TEXT NOT NULL CHECK (state IN ('planned', 'stored', 'reused', 'skipped', 'held', 'failed')),
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  source TEXT,                            -- the URL or route that served it
  sha256 TEXT,
  store TEXT,
  key TEXT,                               -- its own: an asset with several URLs may have several
  PRIMARY KEY (run, image)
) STRICT, WITHOUT ROWID;

CREATE TABLE post (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE mention (
  run INTEGER NOT NULL,
  image INTEGER NOT NULL,
  post INTEGER NOT NULL REFERENCES post,
  line INTEGER NOT NULL,
  new_url TEXT,                           -- the new link, once the post is rewritten
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
  before TEXT,                            -- SHA-256 of the post's bytes before and after
  after TEXT,
  temporary TEXT,                         -- name of the file that is swapped in, beside the post
  PRIMARY KEY (run, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled ON run_post (state) WHERE state = 'intended';
