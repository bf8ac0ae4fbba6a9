"""JPEG, followed from marker to marker to its end (ITU-T T.81, annex B)."""

import re

from migrator.downloader.image_file import Cut, Damaged, ImageFile, Shape

_SOS, _EOI = 0xDA, 0xD9
_PARTS = 100_000  # segments and scans; an image has dozens
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0 to RST7, SOI: no length follows
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
# In a scan FF 00 is a data byte, FF D0 to FF D7 are restarts and FF FF is filling.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ANY = re.compile(rb"\xff[^\x00\xff]")


def jpeg(image: ImageFile) -> Shape:
    """Segments and scans are followed to the end-of-image marker.

    What stands between them and is neither is skipped, as libjpeg does, and browsers with it.
    """
    image.seek(2)
    size: tuple[int, int] | None = None
    scanned = loose = False
    marker, skipped = _next_marker(image)
    for _ in range(_PARTS):
        if marker == _EOI:
            break
        if marker not in _STANDALONE:
            (length,) = image.unpack(">H")
            if length < 2:  # noqa: PLR2004 - it counts itself
                raise Damaged("a JPEG segment has an impossible length")
            if marker in _FRAMES and size is None:
                _, height, width = image.unpack(">BHH")
                size = width, height
                image.skip(length - 7)
            else:
                image.skip(length - 2)
        loose = loose or skipped
        if marker == _SOS:
            scanned = True
            marker, skipped = _search(image, _AFTER_SCAN), False
        else:
            marker, skipped = _next_marker(image)
    else:
        raise Damaged("the JPEG consists of too many parts")
    if size is None or not size[0] or not scanned:
        raise Damaged("the JPEG holds no picture")
    # A height of 0 is defined later, by a DNL segment.
    return Shape(size[0], size[1] or None, image.tell(), loose=loose or skipped)


def _next_marker(image: ImageFile) -> tuple[int, bool]:
    """The marker, and whether it had to be searched for."""
    start = image.tell()
    if image.read(1) == b"\xff":
        marker = 0xFF
        while marker == 0xFF:  # noqa: PLR2004 - a marker may be preceded by any number of FF
            (marker,) = image.read(1)
        if marker:
            return marker, False
    image.seek(start)
    return _search(image, _ANY), True


def _search(image: ImageFile, pattern: re.Pattern[bytes]) -> int:
    start = image.tell()
    last = b""
    for piece in image.rest():
        data = last + piece
        if found := pattern.search(data):
            image.seek(start - len(last) + found.end())
            return found[0][1]
        start += len(piece)
        last = data[-1:]
    raise Cut("the JPEG has no end mark")
