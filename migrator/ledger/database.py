"""The SQLite file under the ledger: opening, transactions, errors in plain words."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from migrator.errors import LedgerDamaged, LedgerError

Value = TypeVar("Value")

_VERSION = 4


@dataclass(frozen=True, slots=True)
class Read(Generic[Value]):
    """Values that are read from the ledger whenever somebody goes over them: never all at once.

    Nothing may be written while somebody does.
    """

    rows: Callable[[], Iterable[sqlite3.Row]]
    value: Callable[[sqlite3.Row], Value]

    def __iter__(self) -> Iterator[Value]:
        return map(self.value, self.rows())


class Database:
    """An open ledger file: WAL, synchronous=FULL, one durable transaction for each change."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._db = connection
        connection.row_factory = sqlite3.Row
        self._file = file

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open or create the ledger; the caller holds the lock of the site."""
        unclean = _is_left(file.with_name(f"{file.name}-wal"))
        _must_be_a_file(file)
        with _translated(file):
            connection = sqlite3.connect(file, isolation_level=None)
            ledger = cls(connection, file)
            try:
                if unclean:
                    ledger._check()
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                if ledger._version() == 0:
                    file.chmod(0o600)
                    ledger._become(_VERSION, _script("schema.sql") + _script("views.sql"))
                ledger._upgrade()
                connection.execute("PRAGMA foreign_keys = ON")
            except BaseException:
                ledger.close()
                raise
        return ledger

    @classmethod
    def look(cls, file: Path) -> Self | None:
        """The ledger for reading only, or ``None`` where there is none; changes nothing.

        A file with a rollback journal is not one yet, for WAL is the first thing it gets. After a
        kill in that moment nobody may read it who may not write, and whoever opens it begins anew.
        """
        if not file.exists() or file.with_name(f"{file.name}-journal").exists():
            return None
        _must_be_a_file(file)
        with _translated(file):
            connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
            ledger = cls(connection, file)
            try:
                if version := ledger._version():
                    if version < _VERSION:
                        ledger._read_upgraded()
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

    def _check(self) -> None:
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damaged(self._file, found)

    def _read_upgraded(self) -> None:
        """Go on with an upgraded copy in memory; the file stays as it is."""
        memory = sqlite3.connect(":memory:", isolation_level=None)
        memory.row_factory = sqlite3.Row
        self._db.backup(memory)
        self._db.close()
        self._db = memory
        self._upgrade()

    def _upgrade(self) -> None:
        older = self._version()
        if older < _VERSION:
            self._db.create_function("mark", 1, mark)
            self._db.create_function("bytes", 1, _bytes)
        for version in range(older + 1, _VERSION + 1):
            views = _script("views.sql") if version == _VERSION else ""
            self._become(version, _script(f"upgrade-{version - 1}-to-{version}.sql") + views)

    def _become(self, version: int, script: str) -> None:
        self._db.executescript(f"BEGIN; {script} PRAGMA user_version = {version}; COMMIT")

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

    def _each_row(
        self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> Iterator[sqlite3.Row]:
        """Like ``_rows``, one at a time."""
        with _translated(self._file):
            yield from self._db.execute(sql, values)


def _is_left(wal: Path) -> bool:
    """Whether something was left in a write-ahead log; who only looks leaves an empty one."""
    try:
        return wal.stat().st_size > 0
    except FileNotFoundError:
        return False


def _script(name: str) -> str:
    return resources.files("migrator.ledger").joinpath(name).read_text()


def _must_be_a_file(file: Path) -> None:
    if file.is_dir():
        raise damaged(file, "it is a folder")


def damaged(file: Path, what: str) -> LedgerDamaged:
    """The error of a ledger that cannot be read any more."""
    return LedgerDamaged(
        f"the ledger {file} is damaged: {what}",
        "No post is lost: the originals of every changed post lie beside it, under"
        " runs/RUN/originals. `migrator resume` makes a new ledger from them.",
    )


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LedgerError(
            f"the ledger {file} cannot be used: {error}",
            "No post is lost: one that was being replaced is whole, old or new, and the next"
            " command sees to it. If the disk is full, free some space; if this folder cannot be"
            " written, make it writable. Then run `migrator resume`.",
        ) from error
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # a bug of ours; the file is as good as before
    except sqlite3.DatabaseError as error:
        raise damaged(file, str(error)) from error


def _bytes(digest: str | None) -> bytes | None:
    return None if digest is None else bytes.fromhex(digest)


def mark(name: str) -> int:
    """A number of 48 bits that stands for a URL or a post in an index; others may have it, too."""
    return int.from_bytes(blake2b(name.encode(), digest_size=6).digest(), signed=True)


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
