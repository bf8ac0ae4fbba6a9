"""Formats made of nested boxes: WebP (RIFF), AVIF and HEIC (ISO-BMFF), JPEG XL."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.downloader.image_file import Cut, Damaged, ImageFile, Shape

_BOXES = 10_000  # in one container; an image has dozens
_EXTENTS = 10_000
_HEIF = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"mfra"})


@dataclass(frozen=True, slots=True)
class _Box:
    """The payload of one box: ``[start, end)``; ``open`` if it lasts to the end of the file."""

    kind: bytes
    start: int
    end: int
    open: bool = False


def webp(image: ImageFile) -> Shape:
    """The RIFF container must be whole (RFC 9649, 2)."""
    image.seek(4)
    (length,) = image.unpack("<I")
    end = 8 + length + length % 2
    image.seek(end)
    at = 12
    size: tuple[int, int] | None = None
    frames = 0
    while at + 8 <= end:
        image.seek(at)
        kind, length = image.unpack("<4sI")
        if at + 8 + length > end:
            raise Damaged("a WebP chunk is longer than the file says it is")
        if kind in {b"VP8 ", b"VP8L", b"VP8X"} and size is None:
            size = _webp_size(kind, image)
        frames += kind in {b"VP8 ", b"VP8L", b"ANMF"}
        at += 8 + length + length % 2
    if size is None or not frames:
        raise Damaged("the WebP holds no picture")
    return Shape(*size, end, frames)


def _webp_size(kind: bytes, image: ImageFile) -> tuple[int, int]:
    head = image.read(10)
    if kind == b"VP8X":  # RFC 9649, 2.7
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8L":  # RFC 9649, 3.4
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[3:6] != b"\x9d\x01\x2a":  # RFC 6386, 9.1
        raise Damaged("the WebP does not begin with a key frame")
    return (
        int.from_bytes(head[6:8], "little") & 0x3FFF,
        int.from_bytes(head[8:10], "little") & 0x3FFF,
    )


def heif(image: ImageFile) -> Shape:
    """With the size of the largest item; all data that ``iloc`` names must be in the file.

    ISO/IEC 14496-12 (boxes, ``iloc``) and 23008-12 (``ispe``). A sequence without a still image
    has no size here. The image ends with the last box that can belong to it.
    """
    top = {box.kind: box for box in _boxes(image, 0, image.size)}
    if b"mdat" not in top and b"idat" not in _inside(image, top, b"meta", 4):
        raise Cut("the picture's data is missing")
    meta = _inside(image, top, b"meta", 4)
    if not meta and b"moov" not in top:
        raise Cut("the picture's description is missing")
    if b"iloc" in meta:
        _check_locations(image, meta[b"iloc"])
    sizes: list[tuple[int, int]] = []
    properties = _inside(image, meta, b"iprp", 0)
    if b"ipco" in properties:
        container = properties[b"ipco"]
        for box in _boxes(image, container.start, container.end):
            if box.kind == b"ispe":
                image.seek(box.start + 4)
                sizes.append(image.unpack(">II"))
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(None, None))
    return Shape(width, height, max(box.end for kind, box in top.items() if kind in _HEIF))


def jxl(image: ImageFile) -> Shape:
    """A bare codestream has no end mark, nor has a container whose last box is open.

    ISO/IEC 18181-1 and -2.
    """
    if image.read(2) == b"\xff\x0a":
        return Shape(*_jxl_size(image.read(min(16, image.size - 2))), None)
    end: int | None = None
    size: tuple[int, int] | None = None
    for box in _boxes(image, 0, image.size):
        if box.kind in {b"jxlc", b"jxlp"} and size is None:
            image.seek(box.start + (4 if box.kind == b"jxlp" else 0) + 2)
            size = _jxl_size(image.read(max(0, min(16, box.end - image.tell()))))
        end = None if box.open else box.end
    if size is None:
        raise Cut("the picture's data is missing")
    return Shape(*size, end)


def _jxl_size(data: bytes) -> tuple[int, int]:
    """SizeHeader of ISO/IEC 18181-1, D.2; bits come from the low end."""
    if len(data) < 10:  # noqa: PLR2004 - the longest size header has 67 bits
        raise Cut("the picture's data is missing")
    bits = int.from_bytes(data, "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & (1 << count) - 1, bits >> count
        return value

    small = take(1)

    def length() -> int:
        return (take(5) + 1) * 8 if small else take((9, 13, 18, 30)[take(2)]) + 1

    height = length()
    ratio = take(3)
    if not ratio:
        return length(), height
    over, under = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return height * over // under, height


def _boxes(image: ImageFile, at: int, end: int) -> Iterator[_Box]:
    """The boxes in ``[at, end)``; each must end inside it (ISO/IEC 14496-12, 4.2)."""
    for _ in range(_BOXES):
        if at == end:
            return
        image.seek(at)
        length, kind = image.unpack(">I4s")
        start = at + 8
        last = length == 0
        if last:
            length = end - at
        elif length == 1:
            (length,) = image.unpack(">Q")
            start += 8
        if at + length < start:
            raise Damaged("a box is shorter than its own header")
        if at + length > end:
            outermost = end == image.size
            raise (Cut if outermost else Damaged)("a box ends after what holds it")
        at += length
        yield _Box(kind, start, at, last)
    raise Damaged("the file consists of too many boxes")


def _inside(
    image: ImageFile, boxes: dict[bytes, _Box], kind: bytes, version: int
) -> dict[bytes, _Box]:
    """The boxes in the box of that kind, after ``version`` bytes of version and flags."""
    if kind not in boxes:
        return {}
    box = boxes[kind]
    return {inner.kind: inner for inner in _boxes(image, box.start + version, box.end)}


def _check_locations(image: ImageFile, box: _Box) -> None:
    """Extents in this file must lie in it (``iloc``, ISO/IEC 14496-12, 8.11.3)."""
    image.seek(box.start)
    version, _, sizes, more = image.unpack(">B3sBB")
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size, index_size = more >> 4, more & 15 if version else 0
    wide = version == 2  # noqa: PLR2004
    left = _EXTENTS
    for _ in range(_number(image, 4 if wide else 2)):
        image.skip(4 if wide else 2)
        method = _number(image, 2) & 15 if version else 0
        reference = _number(image, 2)
        base = _number(image, base_size)
        for _ in range(_number(image, 2)):
            left -= 1
            if not left:
                raise Damaged("the picture consists of too many pieces")
            image.skip(index_size)
            offset = base + _number(image, offset_size)
            length = _number(image, length_size)
            if method == 0 and reference == 0:
                here = image.tell()
                image.seek(offset + length)
                image.seek(here)


def _number(image: ImageFile, size: int) -> int:
    return int.from_bytes(image.read(size), "big")
