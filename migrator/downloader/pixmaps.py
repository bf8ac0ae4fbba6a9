"""PNG, GIF, BMP and ICO, followed to their ends."""

import zlib

from migrator.downloader.image_file import Damaged, ImageFile, Shape

_MAX_CHUNK = 2**31 - 1  # PNG, 5.3: lengths must not exceed 2^31-1
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B
_BI_RGB, _BI_BITFIELDS, _BI_ALPHABITFIELDS = 0, 3, 6
_CORE_HEADER = 12


def png(image: ImageFile) -> Shape:
    """Every chunk's CRC is checked up to IEND (W3C PNG, 5.3)."""
    image.seek(8)
    size: tuple[int, int] | None = None
    pixels = False
    frames = 0  # of an animation, to which the still image need not belong
    while True:
        length, kind = image.unpack(">I4s")
        if length > _MAX_CHUNK or not kind.isalpha():
            raise Damaged("a PNG chunk has an impossible header")
        if size is None:
            if kind != b"IHDR" or length != 13:  # noqa: PLR2004 - W3C PNG, 11.2.2
                raise Damaged("the PNG does not begin with its header")
            header = image.read(length)
            size = _sized(*(int.from_bytes(header[at : at + 4], "big") for at in (0, 4)))
            crc = zlib.crc32(header, zlib.crc32(kind))
        else:
            crc = zlib.crc32(kind)
            for piece in image.chunks(length):
                crc = zlib.crc32(piece, crc)
        if image.unpack(">I") != (crc,):
            raise Damaged(f"the checksum of a PNG chunk ({kind.decode()}) does not match")
        pixels = pixels or kind == b"IDAT"
        frames += kind == b"fcTL"
        if kind == b"IEND":
            if not pixels:
                raise Damaged("the PNG holds no pixels")
            return Shape(*size, image.tell(), max(1, frames))


def gif(image: ImageFile) -> Shape:
    """Blocks are followed to the trailer (GIF89a, 15 to 27)."""
    image.seek(6)
    width, height, flags, _, _ = image.unpack("<HHBBB")
    _skip_color_table(image, flags)
    frames = 0
    while True:
        (introducer,) = image.read(1)
        if introducer == _GIF_TRAILER:
            if not frames:
                raise Damaged("the GIF holds no picture")
            return Shape(*_sized(width, height), image.tell(), frames)
        if introducer == _GIF_EXTENSION:
            image.skip(1)
        elif introducer == _GIF_IMAGE:
            *_, flags = image.unpack("<HHHHB")
            _skip_color_table(image, flags)
            image.skip(1)  # LZW minimum code size
            frames += 1
        else:
            raise Damaged("the GIF has a block of an unknown kind")
        while length := image.read(1)[0]:
            image.skip(length)


def _skip_color_table(image: ImageFile, flags: int) -> None:
    if flags & 0x80:
        image.skip(3 << ((flags & 7) + 1))


def bmp(image: ImageFile) -> Shape:
    """The pixels promised by the header must be there.

    The header's own file size is not used: many programs leave it 0.
    """
    image.seek(10)
    offset, header = image.unpack("<II")
    if header == _CORE_HEADER:
        width, height, _, depth = image.unpack("<HHHH")
        compression = stored = 0
    else:
        width, height, _, depth, compression, stored = image.unpack("<iiHHII")
        height = abs(height)  # negative: rows from top to bottom
    if width <= 0 or not 0 < depth <= 32:  # noqa: PLR2004 - bits a pixel
        raise Damaged("the BMP header is impossible")
    if compression in {_BI_RGB, _BI_BITFIELDS, _BI_ALPHABITFIELDS}:
        stored = (width * depth + 31) // 32 * 4 * height
    if not stored:
        raise Damaged("the BMP does not say how long its pixels are")
    image.seek(offset + stored)
    return Shape(*_sized(width, height), offset + stored)


def ico(image: ImageFile) -> Shape:
    """With the size of the largest picture; all must lie inside the file."""
    image.seek(4)
    (count,) = image.unpack("<H")
    pictures = [image.unpack("<BBBBHHII") for _ in range(count)]
    for *_, length, offset in pictures:
        if not length or offset < 6 + 16 * count:
            raise Damaged("an icon has an impossible entry")
        image.seek(offset + length)
    if not pictures:
        raise Damaged("the icon holds no picture")
    size = max((width or 256, height or 256) for width, height, *_ in pictures)
    return Shape(*size, image.reach, len(pictures))


def _sized(width: int, height: int) -> tuple[int, int]:
    if not width or not height:
        raise Damaged("the picture has no width or no height")
    return width, height
