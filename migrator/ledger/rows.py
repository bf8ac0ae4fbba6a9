"""Between the ledger's columns and the program's values."""

import json
import sqlite3
from collections.abc import Iterable
from sys import intern
from typing import Any

from migrator.ledger.records import Run
from migrator.model import Asset, Failed, Held, Mention, Outcome, PastImage, Placement, Stored
from migrator.reasons import Reason
from migrator.urls import identity

ASSET = "asset.sha256, size, media_type, extension, width, height"
KEY = "coalesce(run_image.key, placement.key) AS key"  # older runs did not keep their own


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
    """The outcome in a row of ``run_image``, joined with its asset and placement."""
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
        Placement(row["store"], row["key"], asset.sha256),
        row["source"],
        reused=row["state"] == "reused",
        final_url=row["final_url"] or row["url"],
        referer=row["referer"] or "",
        judged=bool(row["judged"]),
    )


def past_image_of(row: sqlite3.Row) -> PastImage:
    """What is known of an image, in a row of its newest ``run_image``."""
    return PastImage(
        row["url"],
        row["state"],
        Reason(row["reason"]) if row["reason"] else None,
        row["detail"],
        asset_of(row) if row["sha256"] and row["size"] is not None else None,
        row["source"],
        row["final_url"] or "",
        row["run"],
    )


def insert_image(
    db: sqlite3.Connection, run: Run, url: str, state: str, reason: Reason | None
) -> None:
    """Record an image of ``run``, unless the run has recorded it already."""
    db.execute(
        "INSERT OR IGNORE INTO run_image (run, image, url, state, reason) VALUES (?, ?, ?, ?, ?)",
        (run.id, image_id(db, url), url, state, reason),
    )


def insert_outcome(db: sqlite3.Connection, run: int, outcome: Outcome) -> int:
    """Record the state that an image reached in the run of this number; returns its row."""
    state, reason, detail = state_of(outcome)
    asset = outcome.asset if isinstance(outcome, Stored | Held) else None
    placement = outcome.placement if isinstance(outcome, Stored) else None
    image = image_id(db, outcome.url)
    if asset:
        db.execute(
            "INSERT OR IGNORE INTO asset VALUES (?, ?, ?, ?, ?, ?)",
            (
                asset.sha256,
                asset.size,
                asset.media_type,
                asset.extension,
                asset.width,
                asset.height,
            ),
        )
    db.execute(
        "INSERT OR REPLACE INTO run_image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            image,
            outcome.url,
            state,
            reason,
            detail,
            outcome.source if isinstance(outcome, Stored) else None,
            asset.sha256 if asset else None,
            placement.store if placement else None,
            placement.key if placement else None,
        ),
    )
    return image


def insert_mentions(db: sqlite3.Connection, run: int, mentions: Iterable[Mention]) -> None:
    """Record where posts show images of the run of this number; what is recorded stays."""
    db.executemany(
        "INSERT OR IGNORE INTO mention (run, image, post, line) VALUES (?, ?, ?, ?)",
        ((run, image_id(db, each.url), post_id(db, each.post), each.line) for each in mentions),
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
    cursor = db.execute(
        "INSERT INTO run (name, command, arguments, started, undoes) VALUES (?, ?, ?, ?, ?)",
        (name, command, json.dumps(arguments), started, undoes.id if undoes else None),
    )
    assert cursor.lastrowid is not None  # noqa: S101 - an INSERT has one
    return cursor.lastrowid


def image_id(db: sqlite3.Connection, url: str) -> int:
    """The row of the image that any spelling of ``url`` means, made if need be."""
    return _id(db, "image", "url", identity(url))


def post_id(db: sqlite3.Connection, name: str) -> int:
    """The row of the post, made if need be."""
    return _id(db, "post", "name", name)


def _id(db: sqlite3.Connection, table: str, column: str, value: str) -> int:
    find = f"SELECT id FROM {table} WHERE {column} = ?"  # noqa: S608 - our own words
    row = db.execute(find, (value,)).fetchone()
    if row is None:
        db.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (value,))  # noqa: S608 - likewise
        row = db.execute(find, (value,)).fetchone()
    found: int = row[0]
    return found
