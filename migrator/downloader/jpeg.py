"""JPEG, followed from marker to marker to its end (ITU-T T.81, annex B)."""

import re

from migrator.downloader.image_file import Cut, Damaged, ImageFile, Shape

_SOS, _EOI = 0xDA, 0xD9
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0 to RST7, SOI: no length follows
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
# In a scan FF 00 is a data byte, FF D0 to FF D7 are restarts and FF FF is filling.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def jpeg(image: ImageFile) -> Shape:
    """Segments and scans are followed to the end-of-image marker."""
    image.seek(2)
    size: tuple[int, int] | None = None
    scanned = False
    marker = _next_marker(image)
    while marker != _EOI:
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
        if marker == _SOS:
            scanned = True
            marker = _after_scan(image)
        else:
            marker = _next_marker(image)
    if size is None or not size[0] or not scanned:
        raise Damaged("the JPEG holds no picture")
    # A height of 0 is defined later, by a DNL segment.
    return Shape(size[0], size[1] or None, image.tell())


def _next_marker(image: ImageFile) -> int:
    if image.read(1) != b"\xff":
        raise Damaged("a JPEG segment is not where it should be")
    marker = 0xFF
    while marker == 0xFF:  # noqa: PLR2004 - a marker may be preceded by any number of FF
        (marker,) = image.read(1)
    if not marker:
        raise Damaged("a JPEG segment is not where it should be")
    return marker


def _after_scan(image: ImageFile) -> int:
    start = image.tell()
    last = b""
    for piece in image.rest():
        data = last + piece
        if found := _MARKER.search(data):
            image.seek(start - len(last) + found.end())
            return found[0][1]
        start += len(piece)
        last = data[-1:]
    raise Cut("the JPEG has no end mark")
