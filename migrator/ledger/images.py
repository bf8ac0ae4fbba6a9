"""What the ledger keeps of images: where each run put them, or why it did not."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from migrator.ledger.database import Database, Read, mark
from migrator.ledger.records import Run
from migrator.ledger.rows import (
    ASSET,
    IMAGE,
    asset_of,
    insert_outcome,
    outcome_of,
    stored_of,
    update_image,
)
from migrator.model import Outcome, Placement, Skipped, Stored
from migrator.reasons import Reason
from migrator.urls import identity

_ENDED = "SELECT * FROM outcome WHERE run = ? AND state IN ('stored', 'reused', 'held', 'failed')"
# An image that is in a store under several names has the one that its URL was given last.
_KNOWN = f"""
SELECT url, coalesce(source, url) AS source, final_url, referer, judged, store, key, {ASSET}
FROM image JOIN asset ON asset.id = image.asset JOIN format ON format.id = asset.format
JOIN placement ON placement.id = coalesce(
  (SELECT object.id FROM run_image JOIN object ON object.id = run_image.object
   WHERE run_image.image = image.id AND object.asset = image.asset AND object.store =
     (SELECT id FROM store WHERE identity = :store) ORDER BY run DESC LIMIT 1),
  (SELECT max(id) FROM object WHERE asset = image.asset AND store =
     (SELECT id FROM store WHERE identity = :store)))
"""  # noqa: S608 - our own text


class Images(Database):
    """The images of runs, and what is known of them."""

    def record(self, run: Run, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Record the states that images of ``run`` reached, all of them or none.

        Returns them as the run has them: what it stored itself before it was interrupted, and only
        found again, was stored by it. What it knew already is not written again.
        """
        recorded: list[Outcome] = []
        with self._change() as db:
            for outcome in outcomes:
                before = self.outcome(run, identity(outcome.url))
                if isinstance(outcome, Stored) and isinstance(before, Stored):
                    outcome = replace(outcome, reused=before.reused)  # noqa: PLW2901 - as it was
                if outcome != before:
                    update_image(db, insert_outcome(db, run.id, outcome), outcome)
                recorded.append(outcome)
        return recorded

    def passed(self, run: Run) -> None:
        """Record that what ``run`` stored was judged with all others and passed."""
        with self._change() as db:
            db.execute(
                "UPDATE image SET judged = 1 WHERE id IN (SELECT image FROM run_image"
                " WHERE run = ? AND state IN ('stored', 'reused'))",
                (run.id,),
            )

    def known(self, store: str) -> "Known":
        """What earlier runs put into ``store``, by canonical URL; read when it is asked for."""
        return Known(self, store)

    def outcome(self, run: Run, image: str) -> Outcome | None:
        """The state that the image with this canonical URL reached in ``run``, if it did."""
        found = self._rows(f"{_ENDED} AND image = {IMAGE}", (run.id, mark(image), image))
        return outcome_of(found[0]) if found else None

    def key(self, run: Run, image: str) -> str | None:
        """Under which key ``run`` has stored, or found, the image with this canonical URL."""
        rows = self._rows(
            "SELECT key FROM outcome WHERE run = ? AND state IN ('stored', 'reused')"  # noqa: S608 - our own text
            f" AND image = {IMAGE}",
            (run.id, mark(image), image),
        )
        return rows[0]["key"] if rows else None

    def stored(self, run: Run) -> Read[Stored]:
        """What ``run`` stored, or found stored."""
        sql = f"{_ENDED} AND state IN ('stored', 'reused')"
        return Read(lambda: self._each_row(sql, (run.id,)), stored_of)

    def chose(self, run: Run, image: str) -> bool:
        """Whether ``run`` set out to move the image with this canonical URL, or has moved it."""
        rows = self._rows(
            f"SELECT 1 FROM run_image WHERE run = ? AND image = {IMAGE} AND state <> 'skipped'",  # noqa: S608 - our own text
            (run.id, mark(image), image),
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
                f"{skip} AND image = {IMAGE}",
                (
                    (each.reason, run.id, mark(image), image)
                    for each in staying
                    for image in [identity(each.url)]
                ),
            )
            db.execute(skip, (Reason.NOT_MENTIONED, run.id))

    def relinked(self, run: Run) -> None:
        """Record that every planned image of ``run`` is, as its map says, somewhere already."""
        with self._change() as db:
            db.execute(
                "UPDATE run_image SET state = 'reused' WHERE run = ? AND state = 'planned'",
                (run.id,),
            )


@dataclass(frozen=True, slots=True, eq=False)  # equal to a mapping of the same, as any mapping
class Known(Mapping[str, Stored]):
    """What runs put into ``store``, by canonical URL: of each image in turn, never all at once."""

    images: Images
    store: str

    def __getitem__(self, image: str) -> Stored:
        sql = f"{_KNOWN} WHERE mark = :mark AND url = :url"
        values = {"store": self.store, "mark": mark(image), "url": image}
        found = self.images._rows(sql, values)  # noqa: SLF001 - of one room
        if not found:
            raise KeyError(image)
        return _known_of(found[0])

    def __iter__(self) -> Iterator[str]:
        rows = self.images._each_row(_KNOWN, {"store": self.store})  # noqa: SLF001 - likewise
        return (row["url"] for row in rows)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _known_of(row: sqlite3.Row) -> Stored:
    return Stored(
        row["url"],
        asset_of(row),
        Placement(row["store"], row["key"], row["sha256"]),
        row["source"],
        reused=True,
        final_url=row["final_url"] or row["source"],
        referer=row["referer"],
        judged=bool(row["judged"]),
    )
