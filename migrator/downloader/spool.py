"""Images that are fetched and not yet stored: small ones in memory, the others in a folder.

A file there is named for the SHA-256 of its image.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from migrator.body import Body, InMemory
from migrator.durable import problems_told

_PREFIX = "tmp-"
_SMALL = 1024**2  # bytes that each thread may hold; a file costs up to 0.4 times an image more
_PIECE = 256 * 1024
_EXTRA_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Draft:
    """An image that is being written; hashed on the way.

    ``file`` is what was written so far: in memory, until it is too large for that.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._is_on_disk = False
        self.file: BinaryIO = BytesIO()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append ``data``.

        Raises:
            EnvironmentProblem: the folder cannot be written to.
        """
        self._digest.update(data)
        self.size += len(data)
        with problems_told(self._path, self.size):
            if self.size > _SMALL and not self._is_on_disk:
                self._move_to_disk()
            self.file.write(data)

    def _move_to_disk(self) -> None:
        try:
            file = self._made()
        except FileNotFoundError:  # the first one makes the folder
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self._made()
        self._is_on_disk = True
        in_memory, self.file = self.file, file
        in_memory.seek(0)
        shutil.copyfileobj(in_memory, file)

    def _made(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _EXTRA_FLAGS
        return os.fdopen(os.open(self._path, flags, 0o600), "w+b", _PIECE)

    def clear(self) -> None:
        """Begin anew."""
        if not self.size:
            return
        self._digest = hashlib.sha256()
        self.size = 0
        with problems_told(self._path, self.size):
            self.file.seek(0)
            self.file.truncate()

    def part(self, start: int, count: int) -> bytes:
        """Up to ``count`` bytes from the offset ``start`` on."""
        with problems_told(self._path, self.size):
            self.file.seek(start)
            # not beyond the end, where the file would forget what it read ahead
            return self.file.read(max(0, min(count, self.size - start)))

    def pieces(self) -> Iterator[bytes]:
        """All that was written, in pieces of at most 256 KiB."""
        for start in range(0, self.size, _PIECE):
            yield self.part(start, _PIECE)

    def keep(self) -> Body:
        """The finished image; a file gets its name.

        Two URLs may have the same bytes at the same moment, and whoever is done with one of the
        files deletes it: so the name says the SHA-256, but is of this file alone.
        """
        if not self._is_on_disk:
            self.file.seek(0)
            return InMemory(self.file.read())
        path = self._path.with_name(f"{self.sha256}.{self._path.name.removeprefix(_PREFIX)}")
        with problems_told(path):
            self.file.close()
            self._path.rename(path)
        return path

    def drop(self) -> None:
        """Remove what was not kept."""
        if self._is_on_disk:
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


def discard(body: Body) -> None:
    """Remove what is not wanted any more; the next command does where the disk refuses."""
    with suppress(OSError):
        body.unlink()
