-- Makes a ledger of version 2 one of version 3, which says the same in a third of the room.
-- `database.py` gives mark() and bytes().

ALTER TABLE image RENAME TO old_image;
ALTER TABLE asset RENAME TO old_asset;
ALTER TABLE placement RENAME TO old_placement;
ALTER TABLE run_image RENAME TO old_run_image;
ALTER TABLE mention RENAME TO old_mention;

CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL,
  mark INTEGER NOT NULL,
  asset INTEGER REFERENCES asset,
  source TEXT,
  final_url TEXT,
  referer TEXT NOT NULL DEFAULT '',
  judged INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX image_by_mark ON image (mark);

CREATE TABLE asset (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  width INTEGER,
  height INTEGER
) STRICT;

CREATE TABLE store (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  store INTEGER NOT NULL REFERENCES store,
  asset INTEGER NOT NULL REFERENCES asset,
  key TEXT NOT NULL
) STRICT;

CREATE INDEX object_by_asset ON object (asset);

CREATE TABLE run_image (
  run INTEGER NOT NULL REFERENCES run,
  image INTEGER NOT NULL REFERENCES image,
  url TEXT,
  state TEXT NOT NULL CHECK (state IN ('planned', 'stored', 'reused', 'skipped', 'held', 'failed')),
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  source TEXT,
  asset INTEGER REFERENCES asset,
  object INTEGER REFERENCES object,
  PRIMARY KEY (run, image)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_by_image ON run_image (image);

CREATE TABLE mention (
  run INTEGER NOT NULL,
  image INTEGER NOT NULL,
  post INTEGER NOT NULL REFERENCES post,
  line INTEGER NOT NULL,
  object INTEGER REFERENCES object,
  new_url TEXT,
  PRIMARY KEY (run, image, post, line)
) STRICT, WITHOUT ROWID;

CREATE VIEW placement AS
SELECT object.id, identity AS store, object.asset,
  replace(key, char(10), lower(hex(sha256))) AS key
FROM object JOIN store ON store.id = object.store JOIN asset ON asset.id = object.asset;

INSERT INTO asset (sha256, size, media_type, extension, width, height)
SELECT bytes(sha256), size, media_type, extension, width, height FROM old_asset;

INSERT INTO store (identity)
SELECT store FROM old_placement UNION SELECT store FROM old_run_image WHERE store IS NOT NULL;

-- Those of a run's own first: the newest of an asset is the one that it was last stored under.
INSERT INTO object (store, asset, key)
SELECT store.id, asset.id, replace(key, old.sha256, char(10))
FROM (SELECT store, sha256, key FROM old_run_image WHERE key IS NOT NULL
      EXCEPT SELECT store, sha256, key FROM old_placement) AS old
JOIN store ON identity = old.store JOIN asset ON asset.sha256 = bytes(old.sha256);
INSERT INTO object (store, asset, key)
SELECT store.id, asset.id, replace(key, old.sha256, char(10))
FROM old_placement AS old
JOIN store ON identity = old.store JOIN asset ON asset.sha256 = bytes(old.sha256);

INSERT INTO image
SELECT id, url, mark(url), (SELECT id FROM asset WHERE asset.sha256 = bytes(old_image.sha256)),
  nullif(source, url), nullif(final_url, coalesce(source, url)), coalesce(referer, ''), judged
FROM old_image;

-- The oldest runs did not keep the key of their own: theirs is where the asset was stored last.
INSERT INTO run_image
SELECT run, image, nullif(old.url, old_image.url), state, reason, detail,
  nullif(old.source, old_image.url), asset.id, object.id
FROM old_run_image AS old JOIN old_image ON old_image.id = image
LEFT JOIN old_placement ON old_placement.store = old.store AND old_placement.sha256 = old.sha256
LEFT JOIN asset ON asset.sha256 = bytes(old.sha256)
LEFT JOIN object ON object.asset = asset.id
  AND object.store = (SELECT id FROM store WHERE identity = old.store)
  AND object.key = replace(coalesce(old.key, old_placement.key), old.sha256, char(10));

INSERT INTO mention
SELECT old.run, old.image, post, line, iif(new_url IS NULL, NULL, placement.id),
  coalesce(replace(new_url, placement.key, char(10)), new_url)
FROM old_mention AS old
LEFT JOIN run_image ON run_image.run = old.run AND run_image.image = old.image
LEFT JOIN placement ON placement.id = run_image.object;

DROP TABLE old_mention;
DROP TABLE old_run_image;
DROP TABLE old_placement;
DROP TABLE old_image;
DROP TABLE old_asset;
