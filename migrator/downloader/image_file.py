"""Reading an image file piece by piece: where it ends is where truncation shows."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

_CHUNK = 64 * 1024
_TIMES = 2  # that a file may be read over; honest parts lie side by side


class BrokenImage(Exception):
    """The file is not a whole image of its type; the message says where it breaks."""


class Cut(BrokenImage):
    """The file ends before the image does."""


class Damaged(BrokenImage):
    """The file contradicts its own format."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Width and height in pixels, ``None`` where the format does not say.

    ``end`` is the offset behind the image, ``None`` where the format does not mark its own end:
    then only the HTTP framing can tell that a file is whole. ``frames`` counts the pictures, where
    that costs nothing. ``loose`` is whether bytes had to be skipped that belong to nothing.
    """

    width: int | None
    height: int | None
    end: int | None
    frames: int = 1
    loose: bool = False


class ImageFile:
    """A seekable file of ``size`` bytes, of which every read is complete or raises `Cut`.

    The file is asked for bytes and nothing else, so that what it read ahead serves all the way.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._at = 0  # where to read on; the file goes there when that is done
        self._stands = 0
        self.size = size
        self.reach = 0  # the furthest offset that was sought
        self._left = _TIMES * size + _CHUNK
        file.seek(0)

    def tell(self) -> int:
        """The offset of the next byte to be read."""
        return self._at

    def seek(self, offset: int) -> None:
        """Go to ``offset``, which must be inside the file or at its end."""
        if offset > self.size:
            raise Cut(f"{offset - self.size} bytes are missing at least")
        self._at = offset
        self.reach = max(self.reach, offset)

    def skip(self, count: int) -> None:
        """Go on by ``count`` bytes."""
        self.seek(self.tell() + count)

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes, which should be few."""
        self._left -= count
        if self._left < 0:
            raise Damaged("its parts lie on top of each other")
        data = self._next(count)
        if len(data) < count:
            raise Cut("the file ends in the middle of the image")
        return data

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next values, as `struct.unpack` reads them."""
        return struct.unpack(layout, self.read(struct.calcsize(layout)))

    def chunks(self, count: int) -> Iterator[bytes]:
        """The next ``count`` bytes in pieces of at most 64 KiB."""
        while count > 0:
            piece = self.read(min(count, _CHUNK))
            count -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """What is left of the file, in pieces that grow to 64 KiB: the first may do."""
        size = 512
        while piece := self._next(size):
            yield piece
            size = min(2 * size, _CHUNK)

    def _next(self, count: int) -> bytes:
        if self._stands != self._at:
            self._file.seek(self._at)
        data = self._file.read(min(count, self.size - self._at))
        self._at = self._stands = self._at + len(data)
        return data
