"""TIFF, directory by directory (TIFF 6.0, section 2; BigTIFF)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.downloader.image_file import Cut, Damaged, ImageFile, Shape

_WIDTH, _HEIGHT = 256, 257
_DATA = {273: 279, 324: 325, 513: 514}  # offsets and lengths of strips, tiles, an embedded JPEG
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)  # bytes of each field type
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_DIRECTORIES = 10_000
_BIG = 43


@dataclass(frozen=True, slots=True)
class _Field:
    """A directory entry: ``count`` values of a type, standing at ``offset``."""

    kind: int
    count: int
    offset: int


def tiff(image: ImageFile) -> Shape:
    """With the size of the first page; every directory and all its data must be in the file."""
    order = {b"II": "<", b"MM": ">"}[image.read(2)]
    (version,) = image.unpack(order + "H")
    big = version == _BIG
    if big:
        image.skip(4)
    (at,) = image.unpack(order + ("Q" if big else "I"))
    size: tuple[int, int] | None = None
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) == _DIRECTORIES:
            raise Damaged("the TIFF's directories go round in circles")
        seen.add(at)
        image.seek(at)
        fields, at = _directory(image, order, big=big)
        if size is None:
            size = _first(image, order, fields, _WIDTH), _first(image, order, fields, _HEIGHT)
        for offsets, lengths in _DATA.items():
            if offsets in fields and lengths in fields:
                _check_data(image, order, fields[offsets], fields[lengths])
    if not size or not all(size):
        raise Damaged("the TIFF holds no picture")
    return Shape(*size, image.reach, len(seen))


def _directory(image: ImageFile, order: str, *, big: bool) -> tuple[dict[int, _Field], int]:
    count_layout, entry_layout, word = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    (count,) = image.unpack(order + count_layout)
    if count * (12 + 8 * big) > image.size:
        raise Cut("a TIFF directory is longer than the file")
    fields = {}
    for _ in range(count):
        tag, kind, values = image.unpack(order + entry_layout)
        here = image.tell()
        length = values * (_SIZES[kind] if kind < len(_SIZES) else 0)
        (there,) = image.unpack(order + ("Q" if big else "I"))
        if length > word:
            after = image.tell()
            image.seek(there + length)
            image.seek(after)
        fields[tag] = _Field(kind, values, there if length > word else here)
    (following,) = image.unpack(order + ("Q" if big else "I"))
    image.skip(0)  # the directory counts for how far the image reaches
    return fields, following


def _first(image: ImageFile, order: str, fields: dict[int, _Field], tag: int) -> int:
    return next(_values(image, order, fields[tag]), 0) if tag in fields else 0


def _values(image: ImageFile, order: str, field: _Field) -> Iterator[int]:
    if field.kind not in _INTEGERS:
        raise Damaged("a TIFF field has a type it cannot have")
    layout = order + _INTEGERS[field.kind]
    size = struct.calcsize(layout)
    step = 4096
    for start in range(0, field.count, step):
        image.seek(field.offset + start * size)
        data = image.read(min(step, field.count - start) * size)
        for (value,) in struct.iter_unpack(layout, data):
            yield value


def _check_data(image: ImageFile, order: str, offsets: _Field, lengths: _Field) -> None:
    if offsets.count != lengths.count:
        raise Damaged("the TIFF says where its data is, but not how long")
    for offset, length in zip(
        _values(image, order, offsets), _values(image, order, lengths), strict=True
    ):
        image.seek(offset + length)
