"""The SQLite file under the ledger: opening, transactions, errors in plain words."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Self

from migrator.errors import LedgerError

_VERSION = 1


class Database:
    """An open ledger file: WAL, synchronous=FULL, one durable transaction for each change."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._db = connection
        connection.row_factory = sqlite3.Row
        self._file = file

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open or create the ledger; the caller holds the lock of the site."""
        with _translated(file):
            connection = sqlite3.connect(file, isolation_level=None)
            ledger = cls(connection, file)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                if ledger._version() == 0:
                    schema = resources.files("migrator.ledger").joinpath("schema.sql").read_text()
                    connection.executescript(
                        f"BEGIN; {schema} PRAGMA user_version = {_VERSION}; COMMIT"
                    )
                    file.chmod(0o600)
            except BaseException:
                ledger.close()
                raise
        return ledger

    @classmethod
    def look(cls, file: Path) -> Self | None:
        """The ledger for reading only, or ``None`` where there is none; changes nothing."""
        if not file.exists():
            return None
        with _translated(file):
            connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
            ledger = cls(connection, file)
            try:
                if ledger._version():
                    return ledger
            except BaseException:
                ledger.close()
                raise
            ledger.close()
            return None

    def close(self) -> None:
        """Close the file; everything recorded is already durable."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _version(self) -> int:
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise LedgerError(
                f"{self._file} was written by a newer version of Migrator",
                "Update Migrator; the ledger was not touched.",
            )
        return version

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with _translated(self._file):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with _translated(self._file):
            return self._db.execute(sql, values).fetchall()


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(
            f"the ledger {file} cannot be used: {error}",
            "No post is lost: one that was being replaced is whole, old or new, and the next"
            " command sees to it. If the disk is full, free some space and run `migrator resume`."
            " If the file is damaged, move it away: the originals of every changed post lie beside"
            " it, under runs/RUN/originals.",
        ) from error
