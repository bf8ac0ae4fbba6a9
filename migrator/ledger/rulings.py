"""What holds for every run: what the user let through, what stores were found to do."""

import re
from collections.abc import Iterable, Mapping

from migrator.ledger.database import Database, now
from migrator.ledger.rows import ASSET_ROW

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Rulings(Database):
    """What the user and the stores said."""

    def accept(self, what: Iterable[str]) -> None:
        """Remember that the user lets these through (see `migrator.held.meant`).

        A picture that is in a store already needs no second download.
        """
        accepted = tuple(what)
        with self._change() as db:
            db.executemany(
                "INSERT OR IGNORE INTO accepted VALUES (?, ?)", ((each, now()) for each in accepted)
            )
            db.executemany(
                f"UPDATE image SET asset = {ASSET_ROW}"  # noqa: S608 - our own text
                " WHERE asset IS NULL AND id IN (SELECT image FROM"
                " (SELECT image, asset, max(run) FROM run_image"
                " WHERE state IN ('stored', 'reused', 'held', 'failed') GROUP BY image)"
                f" WHERE asset = {ASSET_ROW})",
                ((bytes.fromhex(each),) for each in accepted if _SHA256.fullmatch(each)),
            )

    def accepted(self) -> frozenset[str]:
        """Everything that the user let through."""
        return frozenset(row["what"] for row in self._rows("SELECT what FROM accepted"))

    def learn(self, found: Mapping[str, bool]) -> None:
        """Remember what trials of stores found, by their names."""
        with self._change() as db:
            db.executemany("INSERT OR REPLACE INTO trial VALUES (?, ?)", found.items())

    def trials(self) -> dict[str, bool]:
        """What earlier trials of stores found, by their names."""
        return {name: bool(found) for name, found in self._rows("SELECT name, found FROM trial")}
