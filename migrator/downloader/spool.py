"""The folder for images that are fetched and not yet stored, each named for its SHA-256."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from migrator.errors import EnvironmentProblem

_PREFIX = "tmp-"
_BUFFER = 256 * 1024  # most images fit: written at once, and read again at once to be checked
_EXTRA_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Draft:
    """An image that is being written; hashed on the way.

    Its file is made when something is written: of what did not change, nothing comes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self.size = 0

    @cached_property
    def file(self) -> BinaryIO:
        """What was written so far.

        Raises:
            EnvironmentProblem: the folder cannot be written to.
        """
        with _disk(self._path.parent):
            try:
                return self._made()
            except FileNotFoundError:  # the first one makes the folder
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                return self._made()

    def _made(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _EXTRA_FLAGS
        return os.fdopen(os.open(self._path, flags, 0o600), "w+b", _BUFFER)

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        self._digest.update(data)
        self.size += len(data)
        with _disk(self._path.parent):
            self.file.write(data)

    def clear(self) -> None:
        """Begin anew."""
        if not self.size:
            return
        self._digest = hashlib.sha256()
        self.size = 0
        with _disk(self._path.parent):
            self.file.seek(0)
            self.file.truncate()

    def part(self, start: int, count: int) -> bytes:
        """Up to ``count`` bytes from the offset ``start`` on."""
        with _disk(self._path.parent):
            self.file.seek(start)
            # not beyond the end, where the file would forget what it read ahead
            return self.file.read(max(0, min(count, self.size - start)))

    def pieces(self) -> Iterator[bytes]:
        """All that was written, in pieces of at most 256 KiB."""
        for start in range(0, self.size, _BUFFER):
            yield self.part(start, _BUFFER)

    def keep(self) -> Path:
        """Give the finished image its name.

        Two URLs may have the same bytes at the same moment, and whoever is done with one of the
        files deletes it: so the name says the SHA-256, but is of this file alone.
        """
        path = self._path.with_name(f"{self.sha256}.{self._path.name.removeprefix(_PREFIX)}")
        with _disk(self._path.parent):
            self.file.close()
            self._path.rename(path)
        return path

    def drop(self) -> None:
        """Remove what was not kept."""
        if "file" in self.__dict__:  # it was made
            with suppress(OSError):  # a full disk fails here again; nothing is lost with a draft
                self.file.close()
            discard(self._path)


@contextmanager
def draft(spool: Path) -> Iterator[Draft]:
    """A new draft in the folder; removed at the end unless it was kept."""
    new = Draft(spool / f"{_PREFIX}{secrets.token_hex(8)}")
    try:
        yield new
    finally:
        new.drop()


def discard(path: Path) -> None:
    """Remove a file that is not wanted any more; the next command does where the disk refuses."""
    with suppress(OSError):
        path.unlink()


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: images cannot be kept here: {error.strerror}",
            "make room on this disk or fix the permissions of this folder, then run it again",
        ) from error
