-- What version 3 kept of the runs of version-2.sql and of one more, interrupted in its second post.
CREATE TABLE accepted (
  what TEXT PRIMARY KEY,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "accepted" VALUES('https://h.example/nothing','2026-11-22T10:00:00.000Z');
CREATE TABLE asset (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  width INTEGER,
  height INTEGER
) STRICT;
INSERT INTO "asset" VALUES(1,X'1111111111111111111111111111111111111111111111111111111111111111',5,'image/png','.png',3,4);
INSERT INTO "asset" VALUES(2,X'2222222222222222222222222222222222222222222222222222222222222222',6,'image/svg+xml','.svg',NULL,NULL);
INSERT INTO "asset" VALUES(3,X'3333333333333333333333333333333333333333333333333333333333333333',3,'image/png','.png',3,3);
INSERT INTO "asset" VALUES(4,X'4444444444444444444444444444444444444444444444444444444444444444',4,'image/png','.png',4,4);
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
INSERT INTO "image" VALUES(1,'https://h.example/a.png',-37887408589563,1,NULL,NULL,'',1);
INSERT INTO "image" VALUES(2,'https://h.example/b.png',-48756160598066,1,'s3://old/b.png','https://end.example/b','https://page.example/',1);
INSERT INTO "image" VALUES(3,'https://h.example/c.png',38378306371962,NULL,NULL,NULL,'',0);
INSERT INTO "image" VALUES(4,'https://h.example/d.svg',110915574302982,NULL,NULL,NULL,'',0);
INSERT INTO "image" VALUES(5,'https://h.example/~e.png',38122353082368,1,NULL,NULL,'',1);
INSERT INTO "image" VALUES(6,'https://h.example/f.png',-87225815110134,NULL,NULL,NULL,'',0);
INSERT INTO "image" VALUES(7,'https://h.example/g.png',46025330945761,3,NULL,NULL,'',0);
INSERT INTO "image" VALUES(8,'https://h.example/i.png',47046524430121,4,NULL,NULL,'',0);
CREATE TABLE mention (
  run INTEGER NOT NULL,
  image INTEGER NOT NULL,
  post INTEGER NOT NULL REFERENCES post,
  line INTEGER NOT NULL,
  object INTEGER REFERENCES object,
  new_url TEXT,
  PRIMARY KEY (run, image, post, line)
) STRICT, WITHOUT ROWID;
INSERT INTO "mention" VALUES(1,1,1,1,3,'https://cdn.example/
');
INSERT INTO "mention" VALUES(1,1,2,1,NULL,NULL);
INSERT INTO "mention" VALUES(1,2,1,2,1,'https://cdn.example/
');
INSERT INTO "mention" VALUES(1,2,2,2,NULL,NULL);
INSERT INTO "mention" VALUES(1,3,1,3,NULL,NULL);
INSERT INTO "mention" VALUES(1,3,2,3,NULL,NULL);
INSERT INTO "mention" VALUES(1,4,1,4,NULL,NULL);
INSERT INTO "mention" VALUES(1,4,2,4,NULL,NULL);
INSERT INTO "mention" VALUES(1,5,1,5,3,'https://cdn.example/
#x');
INSERT INTO "mention" VALUES(1,5,2,5,NULL,NULL);
INSERT INTO "mention" VALUES(1,6,1,6,NULL,NULL);
INSERT INTO "mention" VALUES(1,6,2,6,NULL,NULL);
INSERT INTO "mention" VALUES(2,3,2,3,NULL,'https://other.example/c.png');
INSERT INTO "mention" VALUES(3,7,1,1,4,'https://cdn.example/
');
INSERT INTO "mention" VALUES(3,7,3,1,4,'https://cdn.example/
');
INSERT INTO "mention" VALUES(3,8,1,2,5,'https://cdn.example/
#x');
INSERT INTO "mention" VALUES(3,8,3,2,5,'https://cdn.example/
');
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  store INTEGER NOT NULL REFERENCES store,
  asset INTEGER NOT NULL REFERENCES asset,
  key TEXT NOT NULL
) STRICT;
INSERT INTO "object" VALUES(1,2,1,'img/b.png');
INSERT INTO "object" VALUES(2,1,1,'img/11/
.png');
INSERT INTO "object" VALUES(3,2,1,'img/11/
.png');
INSERT INTO "object" VALUES(4,2,3,'img/
.png');
INSERT INTO "object" VALUES(5,2,4,'img/
.png');
CREATE TABLE post (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "post" VALUES(1,'posts/a.md');
INSERT INTO "post" VALUES(2,'posts/b.md');
INSERT INTO "post" VALUES(3,'posts/c d.md');
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  command TEXT NOT NULL,
  arguments TEXT NOT NULL,
  started TEXT NOT NULL,
  finished TEXT,
  undoes INTEGER REFERENCES run,
  pruned TEXT
) STRICT;
INSERT INTO "run" VALUES(1,'2026-11-22-1','migrate','{"paths": ["posts"]}','2026-11-22T10:00:00.000Z','2026-11-22T10:00:00.000Z',NULL,NULL);
INSERT INTO "run" VALUES(2,'2026-11-22-2','rewrite','{}','2026-11-22T10:00:00.000Z','2026-11-22T10:00:00.000Z',NULL,NULL);
INSERT INTO "run" VALUES(3,'2026-11-23-1','migrate','{"paths": ["posts"]}','2026-11-23T10:00:00.000Z',NULL,NULL,NULL);
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
INSERT INTO "run_image" VALUES(1,1,NULL,'stored',NULL,'',NULL,1,3);
INSERT INTO "run_image" VALUES(1,2,NULL,'stored',NULL,'','s3://old/b.png',1,1);
INSERT INTO "run_image" VALUES(1,3,NULL,'failed','timeout','3 s',NULL,NULL,NULL);
INSERT INTO "run_image" VALUES(1,4,NULL,'held','svg','why',NULL,2,NULL);
INSERT INTO "run_image" VALUES(1,5,NULL,'stored',NULL,'',NULL,1,3);
INSERT INTO "run_image" VALUES(1,6,NULL,'skipped','not-selected','',NULL,NULL,NULL);
INSERT INTO "run_image" VALUES(2,3,NULL,'reused',NULL,'',NULL,NULL,NULL);
INSERT INTO "run_image" VALUES(3,7,NULL,'stored',NULL,'',NULL,3,4);
INSERT INTO "run_image" VALUES(3,8,NULL,'stored',NULL,'',NULL,4,5);
CREATE TABLE run_post (
  run INTEGER NOT NULL REFERENCES run,
  post INTEGER NOT NULL REFERENCES post,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'intended', 'rewritten', 'skipped', 'conflict', 'rolled-back')),
  edits INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  detail TEXT NOT NULL DEFAULT '',
  before TEXT,
  after TEXT,
  temporary TEXT,
  PRIMARY KEY (run, post)
) STRICT, WITHOUT ROWID;
INSERT INTO "run_post" VALUES(1,1,'rewritten',3,NULL,'','0000000000000000000000000000000000000000000000000000000000000000','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','.t');
INSERT INTO "run_post" VALUES(2,2,'rewritten',1,NULL,'','1111111111111111111111111111111111111111111111111111111111111111','2222222222222222222222222222222222222222222222222222222222222222','.t');
INSERT INTO "run_post" VALUES(3,1,'rewritten',2,NULL,'','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','.a.md.migrator-2026-11-23-1-0badcafe');
INSERT INTO "run_post" VALUES(3,3,'intended',2,NULL,'','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','.c d.md.migrator-2026-11-23-1-deadbeef');
CREATE TABLE store (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "store" VALUES(1,'local:m');
INSERT INTO "store" VALUES(2,'s3:e/b');
CREATE TABLE trial (
  name TEXT PRIMARY KEY,
  found INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "trial" VALUES('s3:e/b if-none-match',1);
CREATE INDEX unsettled ON run_post (state) WHERE state = 'intended';
CREATE INDEX image_by_mark ON image (mark);
CREATE INDEX object_by_asset ON object (asset);
CREATE INDEX run_by_image ON run_image (image);
CREATE VIEW placement AS
SELECT object.id, identity AS store, object.asset,
  replace(key, char(10), lower(hex(sha256))) AS key
FROM object JOIN store ON store.id = object.store JOIN asset ON asset.id = object.asset;
CREATE VIEW outcome AS
SELECT run, run_image.image, object, image.url AS canonical,
  coalesce(run_image.url, image.url) AS url, state, reason, detail,
  iif(run_image.object IS NULL, NULL, coalesce(run_image.source, image.url)) AS source,
  coalesce(image.source, image.url) AS known_source, image.final_url, referer, judged,
  identity AS store, replace(key, char(10), lower(hex(sha256))) AS key,
  nullif(lower(hex(sha256)), '') AS sha256, size, media_type, extension, width, height
FROM run_image JOIN image ON image.id = run_image.image
LEFT JOIN asset ON asset.id = run_image.asset
LEFT JOIN object ON object.id = run_image.object
LEFT JOIN store ON store.id = object.store;
CREATE VIEW link AS
SELECT run, image, post, line, identity AS store, object.asset,
  replace(key, char(10), lower(hex(sha256))) AS key,
  coalesce(replace(new_url, char(10), replace(key, char(10), lower(hex(sha256)))), new_url) AS new_url
FROM mention LEFT JOIN object ON object.id = mention.object
LEFT JOIN asset ON asset.id = object.asset
LEFT JOIN store ON store.id = object.store;
PRAGMA user_version = 3;
