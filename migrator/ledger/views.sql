-- The compact rows of the tables in full, for reading.

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
LEFT JOIN format ON format.id = asset.format
LEFT JOIN object ON object.id = run_image.object
LEFT JOIN store ON store.id = object.store;

CREATE VIEW link AS
SELECT run, image, post, line, identity AS store, object.asset,
  replace(key, char(10), lower(hex(sha256))) AS key,
  coalesce(replace(new_url, char(10), replace(key, char(10), lower(hex(sha256)))), new_url) AS new_url
FROM mention LEFT JOIN object ON object.id = mention.object
LEFT JOIN asset ON asset.id = object.asset
LEFT JOIN store ON store.id = object.store;
