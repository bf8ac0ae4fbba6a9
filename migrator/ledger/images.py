"""What the ledger keeps of images: where each run put them, or why it did not."""

from collections.abc import Iterable

from migrator.ledger.database import Database
from migrator.ledger.records import Run
from migrator.ledger.rows import ASSET, KEY, asset_of, insert_outcome, outcome_of
from migrator.model import Held, Outcome, Placement, Skipped, Stored
from migrator.reasons import Reason
from migrator.urls import identity


class Images(Database):
    """The images of runs, and what is known of them."""

    def record(self, run: Run, outcome: Outcome) -> None:
        """Record the state that an image of ``run`` reached."""
        with self._change() as db:
            image = insert_outcome(db, run.id, outcome)
            if isinstance(outcome, Stored):
                db.execute(
                    "UPDATE image SET sha256 = ?, source = ?, final_url = ?, referer = ?,"
                    " judged = ? WHERE id = ?",
                    (
                        outcome.asset.sha256,
                        outcome.source,
                        outcome.final_url,
                        outcome.referer,
                        outcome.judged,
                        image,
                    ),
                )
                db.executemany(
                    "INSERT OR REPLACE INTO placement VALUES (?, ?, ?)",
                    (
                        (each.store, each.sha256, each.key)
                        for each in (outcome.placement, *outcome.mirrors)
                    ),
                )
            elif isinstance(outcome, Held):  # what it served is not to be trusted any more
                db.execute("UPDATE image SET sha256 = NULL WHERE id = ?", (image,))

    def passed(self, images: Iterable[str]) -> None:
        """Record that these images, by canonical URL, were judged with all others and passed."""
        with self._change() as db:
            db.executemany("UPDATE image SET judged = 1 WHERE url = ?", ((url,) for url in images))

    def known(self, store: str) -> dict[str, Stored]:
        """What earlier runs put into ``store``, by canonical URL.

        An image that is there under several names has the one that its URL was given.
        """
        rows = self._rows(
            f"SELECT image.url, source, final_url, referer, judged,"  # noqa: S608 - our own text
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

    def settled(self, run: Run) -> dict[str, Outcome]:
        """The images of ``run`` that reached their state, by canonical URL."""
        rows = self._rows(
            f"SELECT image.url AS canonical, run_image.url, state, reason, detail,"  # noqa: S608 - our own text
            f" run_image.source, final_url, referer, judged, run_image.store, {KEY}, {ASSET}"
            " FROM run_image JOIN image ON image.id = image"
            " LEFT JOIN asset ON asset.sha256 = run_image.sha256"
            " LEFT JOIN placement ON placement.store = run_image.store"
            " AND placement.sha256 = asset.sha256"
            " WHERE run = ? AND state IN ('stored', 'reused', 'held', 'failed')",
            (run.id,),
        )
        return {row["canonical"]: outcome_of(row) for row in rows}

    def chosen(self, run: Run) -> set[str]:
        """Canonical URLs of the images that ``run`` set out to move, or has moved."""
        rows = self._rows(
            "SELECT image.url FROM run_image JOIN image ON image.id = image"
            " WHERE run = ? AND state <> 'skipped'",
            (run.id,),
        )
        return {row["url"] for row in rows}

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
