"""Between the ledger's columns and the program's values."""

import sqlite3

from migrator.ledger.records import Run
from migrator.model import Asset, Failed, Held, Outcome, Placement, Stored
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
        row["media_type"],
        row["extension"],
        row["width"],
        row["height"],
    )


def outcome_of(row: sqlite3.Row) -> Outcome:
    """The outcome in a row of ``run_image``, joined with its asset and placement."""
    match row["state"]:
        case "stored" | "reused" as state:
            asset = asset_of(row)
            placement = Placement(row["store"], row["key"], asset.sha256)
            return Stored(
                row["url"],
                asset,
                placement,
                row["source"],
                reused=state == "reused",
                final_url=row["final_url"] or row["url"],
                referer=row["referer"] or "",
                judged=bool(row["judged"]),
            )
        case "held":
            asset_or_none = asset_of(row) if row["sha256"] else None
            return Held(row["url"], Reason(row["reason"]), row["detail"], asset_or_none)
        case _:
            return Failed(row["url"], Reason(row["reason"]), row["detail"])


def insert_image(
    db: sqlite3.Connection, run: Run, url: str, state: str, reason: Reason | None
) -> None:
    """Record an image of ``run``, unless the run has recorded it already."""
    db.execute(
        "INSERT OR IGNORE INTO run_image (run, image, url, state, reason) VALUES (?, ?, ?, ?, ?)",
        (run.id, image_id(db, url), url, state, reason),
    )


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
