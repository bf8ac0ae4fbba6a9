"""Between the ledger's columns and the program's values."""

import json
import sqlite3
from collections.abc import Iterable
from sys import intern
from typing import Any

from migrator.ledger.database import mark
from migrator.ledger.records import Run
from migrator.model import Asset, Failed, Held, Mention, Outcome, PastImage, Placement, Stored
from migrator.reasons import Reason
from migrator.urls import identity

ASSET = "lower(hex(asset.sha256)) AS sha256, size, media_type, extension, width, height"

# The row of an image, by its mark and canonical URL; of a post, by its mark and name; of an asset,
# by its SHA-256, the first value.
IMAGE = "(SELECT id FROM image WHERE mark = ? AND url = ?)"
POST = "(SELECT id FROM post WHERE mark = ? AND name = ?)"
ASSET_ROW = "(SELECT id FROM asset WHERE substr(sha256, -6) = substr(?1, -6) AND sha256 = ?1)"


def state_of(outcome: Outcome) -> tuple[str, Reason | None, str]:
    """The state, reason and detail that the ledger and every report give an outcome."""
    match outcome:
        case Stored(reused=reused):
            return ("reused" if reused else "stored"), None, ""
        case Held(reason=reason, detail=detail):
            return "held", reason, detail
        case Failed(reason=reason, detail=detail):
            return "failed", reason, detail


def asset_of(row: sqlite3.Row) -> Asset:
    """The asset in a row that selects ``ASSET``."""
    return Asset(
        row["sha256"],
        row["size"],
        intern(row["media_type"]),  # there are few, and many images
        intern(row["extension"]),
        row["width"],
        row["height"],
    )


def outcome_of(row: sqlite3.Row) -> Outcome:
    """The outcome in a row of the view ``outcome``."""
    match row["state"]:
        case "stored" | "reused":
            return stored_of(row)
        case "held":
            asset_or_none = asset_of(row) if row["sha256"] else None
            return Held(row["url"], Reason(row["reason"]), row["detail"], asset_or_none)
        case _:
            return Failed(row["url"], Reason(row["reason"]), row["detail"])


def stored_of(row: sqlite3.Row) -> Stored:
    """What was stored, in such a row."""
    asset = asset_of(row)
    return Stored(
        row["url"],
        asset,
        Placement(intern(row["store"]), row["key"], asset.sha256),
        row["source"],
        reused=row["state"] == "reused",
        final_url=row["final_url"] or row["source"],
        referer=row["referer"],
        judged=bool(row["judged"]),
    )


def past_image_of(row: sqlite3.Row) -> PastImage:
    """What is known of an image, in the newest such row of it, with the name of its run."""
    source = row["source"] or row["known_source"]
    return PastImage(
        row["canonical"],
        row["state"],
        Reason(row["reason"]) if row["reason"] else None,
        row["detail"],
        asset_of(row) if row["sha256"] else None,
        source,
        row["final_url"] or source,
        row["name"],
    )


def insert_image(
    db: sqlite3.Connection, run: Run, url: str, state: str, reason: Reason | None
) -> None:
    """Record an image of ``run``, unless the run has recorded it already."""
    canonical = identity(url)
    db.execute(
        "INSERT OR IGNORE INTO run_image (run, image, url, state, reason) VALUES (?, ?, ?, ?, ?)",
        (run.id, image_id(db, canonical), _unless(url, canonical), state, reason),
    )


def insert_outcome(db: sqlite3.Connection, run: int, outcome: Outcome) -> int:
    """Record the state that an image reached in the run of this number; returns its row."""
    state, reason, detail = state_of(outcome)
    asset = outcome.asset if isinstance(outcome, Stored | Held) else None
    stored = outcome if isinstance(outcome, Stored) else None
    canonical = identity(outcome.url)
    image = image_id(db, canonical)
    db.execute(
        "INSERT OR REPLACE INTO run_image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            image,
            _unless(outcome.url, canonical),
            state,
            reason,
            detail,
            _unless(stored.source, canonical) if stored else None,
            _asset_id(db, asset) if asset else None,
            _object_id(db, stored.placement) if stored else None,
        ),
    )
    return image


def update_image(db: sqlite3.Connection, image: int, outcome: Outcome) -> None:
    """Record what an outcome says for later runs of its image, which is in this row."""
    if isinstance(outcome, Stored):
        db.execute(
            "UPDATE image SET asset = ?, source = ?, final_url = ?, referer = ?, judged = ?"
            " WHERE id = ?",
            (
                _asset_id(db, outcome.asset),
                _unless(outcome.source, identity(outcome.url)),
                _unless(outcome.final_url, outcome.source),
                outcome.referer,
                outcome.judged,
                image,
            ),
        )
        for mirrored in outcome.mirrors:
            _object_id(db, mirrored)
    elif isinstance(outcome, Held):  # what it served is not to be trusted any more
        db.execute("UPDATE image SET asset = NULL WHERE id = ?", (image,))


def insert_mentions(db: sqlite3.Connection, run: int, mentions: Iterable[Mention]) -> None:
    """Record where posts show images of the run of this number; what is recorded stays."""
    db.executemany(
        "INSERT OR IGNORE INTO mention (run, image, post, line) VALUES (?, ?, ?, ?)",
        ((run, image_id(db, each.image), post_id(db, each.post), each.line) for each in mentions),
    )


def insert_run(
    db: sqlite3.Connection,
    command: str,
    arguments: dict[str, Any],
    started: str,
    *,
    undoes: Run | None = None,
) -> int:
    """Record a run under a new name, the day and a number; returns its row."""
    last = db.execute(  # not their count: a rebuilt ledger may lack some
        "SELECT max(CAST(substr(name, 12) AS INTEGER)) FROM run WHERE name LIKE ?",
        (started[:10] + "-%",),
    ).fetchone()[0]
    name = f"{started[:10]}-{(last or 0) + 1}"
    return _added(
        db,
        "INSERT INTO run (name, command, arguments, started, undoes) VALUES (?, ?, ?, ?, ?)",
        (name, command, json.dumps(arguments), started, undoes.id if undoes else None),
    )


def image_id(db: sqlite3.Connection, canonical: str) -> int:
    """The row of the image with this canonical URL, made if need be."""
    values = (mark(canonical), canonical)
    found = _first(db, f"SELECT {IMAGE}", values)
    return found or _added(db, "INSERT INTO image (mark, url) VALUES (?, ?)", values)


def post_id(db: sqlite3.Connection, name: str) -> int:
    """The row of the post, made if need be."""
    values = (mark(name), name)
    found = _first(db, f"SELECT {POST}", values)
    return found or _added(db, "INSERT INTO post (mark, name) VALUES (?, ?)", values)


def _asset_id(db: sqlite3.Connection, asset: Asset) -> int:
    sha256 = bytes.fromhex(asset.sha256)
    found = _first(db, f"SELECT {ASSET_ROW}", (sha256,))
    return found or _added(
        db,
        "INSERT INTO asset (sha256, size, format, width, height) VALUES (?, ?, ?, ?, ?)",
        (sha256, asset.size, _format_id(db, asset), asset.width, asset.height),
    )


def _format_id(db: sqlite3.Connection, asset: Asset) -> int:
    values = (asset.media_type, asset.extension)
    found = _first(db, "SELECT id FROM format WHERE media_type = ? AND extension = ?", values)
    return found or _added(db, "INSERT INTO format (media_type, extension) VALUES (?, ?)", values)


def _object_id(db: sqlite3.Connection, placement: Placement) -> int:
    """The row of an object in a store; its asset has one."""
    store = _first(db, "SELECT id FROM store WHERE identity = ?", (placement.store,))
    store = store or _added(db, "INSERT INTO store (identity) VALUES (?)", (placement.store,))
    asset = _first(db, f"SELECT {ASSET_ROW}", (bytes.fromhex(placement.sha256),))
    values = (store, asset, placement.key.replace(placement.sha256, "\n"))
    found = _first(db, "SELECT id FROM object WHERE store = ? AND asset = ? AND key = ?", values)
    return found or _added(db, "INSERT INTO object (store, asset, key) VALUES (?, ?, ?)", values)


def _first(db: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> int | None:
    row = db.execute(sql, values).fetchone()
    return row[0] if row else None


def _added(db: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> int:
    row = db.execute(sql, values).lastrowid
    assert row is not None  # noqa: S101 - an INSERT has one
    return row


def _unless(value: str, default: str) -> str | None:
    """``value``, but ``None`` stands for what a reader takes in its absence."""
    return None if value == default else value
