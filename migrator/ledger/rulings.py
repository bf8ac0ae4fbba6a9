"""What holds for every run: what the user let through, what stores were found to do."""

from collections.abc import Iterable

from migrator.ledger.database import now
from migrator.ledger.history import History


class Rulings(History):
    """What the user and the stores said."""

    def accept(self, what: Iterable[str]) -> None:
        """Remember that the user lets these through: canonical URLs and SHA-256s.

        A picture that is in a store already needs no second download.
        """
        accepted = tuple(what)
        with self._change() as db:
            db.executemany(
                "INSERT OR IGNORE INTO accepted VALUES (?, ?)", ((each, now()) for each in accepted)
            )
            db.executemany(
                "UPDATE image SET sha256 = ?1 WHERE sha256 IS NULL AND id IN (SELECT image FROM"
                " (SELECT image, sha256, max(run) FROM run_image"
                " WHERE state IN ('stored', 'reused', 'held', 'failed') GROUP BY image)"
                " WHERE sha256 = ?1)",
                ((each,) for each in accepted),
            )

    def accepted(self) -> frozenset[str]:
        """Everything that the user let through: canonical URLs and SHA-256s."""
        return frozenset(row["what"] for row in self._rows("SELECT what FROM accepted"))

    def learn(self, store: str, name: str, value: str) -> None:
        """Remember what was found out about ``store`` by trying."""
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO trait VALUES (?, ?, ?)", (store, name, value))

    def learnt(self, store: str, name: str) -> str | None:
        """What was found out about ``store``, ``None`` if it was not tried yet."""
        rows = self._rows("SELECT value FROM trait WHERE store = ? AND name = ?", (store, name))
        return rows[0]["value"] if rows else None
