"""Between the ledger's columns and the program's values."""

import sqlite3

from migrator.model import Asset, Failed, Held, Linked, Outcome, Placement, Skipped, Stored
from migrator.reasons import Reason

ASSET = "asset.sha256, size, media_type, extension, width, height"


def state_of(outcome: Outcome) -> tuple[str, Reason | None, str]:
    """The state, reason and detail that the ledger and every report give an outcome."""
    match outcome:
        case Stored(reused=reused):
            return ("reused" if reused else "stored"), None, ""
        case Held(reason=reason, detail=detail):
            return "held", reason, detail
        case Failed(reason=reason, detail=detail):
            return "failed", reason, detail
        case Skipped(reason=reason, detail=detail):
            return "skipped", reason, detail
        case Linked():
            return "reused", None, ""


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
            placement = Placement(row["store"], row["key"], row["public_url"], asset.sha256)
            return Stored(row["url"], asset, placement, row["source"], reused=state == "reused")
        case "held":
            asset_or_none = asset_of(row) if row["sha256"] else None
            return Held(row["url"], Reason(row["reason"]), row["detail"], asset_or_none)
        case "failed":
            return Failed(row["url"], Reason(row["reason"]), row["detail"])
        case _:
            return Skipped(row["url"], Reason(row["reason"]), row["detail"])
