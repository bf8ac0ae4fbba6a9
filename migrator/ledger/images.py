"""What the ledger keeps of images: where each run put them, or why it did not."""

import sqlite3
from collections.abc import Iterable

from migrator.ledger.database import Database, Read
from migrator.ledger.records import Run
from migrator.ledger.rows import ASSET, KEY, asset_of, insert_outcome, outcome_of, stored_of
from migrator.model import Held, Outcome, Placement, Skipped, Stored
from migrator.reasons import Reason
from migrator.urls import identity

_OUTCOMES = (
    f"SELECT run_image.url, state, reason, detail, run_image.source, final_url, referer, judged,"  # noqa: S608 - our own text
    f" run_image.store, {KEY}, {ASSET} FROM run_image JOIN image ON image.id = image"
    " LEFT JOIN asset ON asset.sha256 = run_image.sha256"
    " LEFT JOIN placement ON placement.store = run_image.store"
    " AND placement.sha256 = asset.sha256"
    " WHERE run = ? AND state IN ('stored', 'reused', 'held', 'failed')"
)


class Images(Database):
    """The images of runs, and what is known of them."""

    def record(self, run: Run, outcomes: Iterable[Outcome]) -> None:
        """Record the states that images of ``run`` reached, all of them or none."""
        with self._change() as db:
            for outcome in outcomes:
                image = insert_outcome(db, run.id, outcome)
                if isinstance(outcome, Stored):
                    _remember(db, image, outcome)
                elif isinstance(outcome, Held):  # what it served is not to be trusted any more
                    db.execute("UPDATE image SET sha256 = NULL WHERE id = ?", (image,))

    def passed(self, run: Run) -> None:
        """Record that what ``run`` stored was judged with all others and passed."""
        with self._change() as db:
            db.execute(
                "UPDATE image SET judged = 1 WHERE id IN (SELECT image FROM run_image"
                " WHERE run = ? AND state IN ('stored', 'reused'))",
                (run.id,),
            )

    def known(self, store: str) -> dict[str, Stored]:
        """What earlier runs put into ``store``, by canonical URL.

        An image that is there under several names has the one that its URL was given.
        """
        rows = self._each_row(
            f"SELECT image.url, nullif(source, image.url) AS source,"  # noqa: S608 - our own text
            f" nullif(final_url, image.url) AS final_url, referer, judged,"
            f" coalesce(own.key, placement.key) AS key, {ASSET} FROM image"
            # CROSS, or SQLite goes through all images for each placement.
            " CROSS JOIN asset USING (sha256) CROSS JOIN placement USING (sha256) LEFT JOIN"
            " (SELECT image, sha256, key, max(run) FROM run_image"
            " WHERE store = ?1 AND key IS NOT NULL GROUP BY image) AS own"
            " ON own.image = image.id AND own.sha256 = asset.sha256 WHERE placement.store = ?1",
            (store,),
        )
        return {
            row["url"]: Stored(
                row["url"],
                asset_of(row),
                Placement(store, row["key"], row["sha256"]),
                row["source"] or row["url"],
                reused=True,
                final_url=row["final_url"] or row["url"],
                referer=row["referer"] or "",
                judged=bool(row["judged"]),
            )
            for row in rows
        }

    def outcome(self, run: Run, image: str) -> Outcome | None:
        """The state that the image with this canonical URL reached in ``run``, if it did."""
        found = self._rows(f"{_OUTCOMES} AND image.url = ?", (run.id, image))
        return outcome_of(found[0]) if found else None

    def stored(self, run: Run) -> Read[Stored]:
        """What ``run`` stored, or found stored."""
        sql = f"{_OUTCOMES} AND state IN ('stored', 'reused')"
        return Read(lambda: self._each_row(sql, (run.id,)), stored_of)

    def chose(self, run: Run, image: str) -> bool:
        """Whether ``run`` set out to move the image with this canonical URL, or has moved it."""
        rows = self._rows(
            "SELECT 1 FROM run_image JOIN image ON image.id = image"
            " WHERE run = ? AND image.url = ? AND state <> 'skipped'",
            (run.id, image),
        )
        return bool(rows)

    def forgo(self, run: Run, staying: Iterable[Skipped] = ()) -> None:
        """Record that what ``run`` had still planned to move stays: for the reason in ``staying``.

        Of the rest, no post shows it any more.
        """
        skip = (
            "UPDATE run_image SET state = 'skipped', reason = ? WHERE run = ? AND state = 'planned'"
        )
        with self._change() as db:
            db.executemany(
                f"{skip} AND image = (SELECT id FROM image WHERE url = ?)",  # noqa: S608 - our own text
                ((each.reason, run.id, identity(each.url)) for each in staying),
            )
            db.execute(skip, (Reason.NOT_MENTIONED, run.id))

    def relinked(self, run: Run) -> None:
        """Record that every planned image of ``run`` is, as its map says, somewhere already."""
        with self._change() as db:
            db.execute(
                "UPDATE run_image SET state = 'reused' WHERE run = ? AND state = 'planned'",
                (run.id,),
            )


def _remember(db: sqlite3.Connection, image: int, stored: Stored) -> None:
    db.execute(
        "UPDATE image SET sha256 = ?, source = ?, final_url = ?, referer = ?, judged = ?"
        " WHERE id = ?",
        (
            stored.asset.sha256,
            stored.source,
            stored.final_url,
            stored.referer,
            stored.judged,
            image,
        ),
    )
    db.executemany(
        "INSERT OR REPLACE INTO placement VALUES (?, ?, ?)",
        ((each.store, each.sha256, each.key) for each in (stored.placement, *stored.mirrors)),
    )
