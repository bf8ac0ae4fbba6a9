"""Images that are right on the outside and wrong inside: cut frames, bombs, polyglots."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image
from rig import images

_LARGE = (200, 150)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def png_header(width: int, height: int) -> tuple[bytes, bytes]:
    """The header of a PNG in RGB."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def _png_cut(whole: bytes, kind: bytes = b"IDAT") -> bytes:
    """The last chunk of that kind halved, its length and checksum made good."""
    at = whole.rindex(kind)
    (length,) = struct.unpack(">I", whole[at - 4 : at])
    halved = whole[at + 4 : at + 4 + length // 2]
    return whole[: at - 4] + chunk(kind, halved) + whole[at + 8 + length :]


def _jpeg_cut(whole: bytes) -> bytes:
    """The end mark in the middle of the picture's data."""
    return whole[: (whole.rindex(b"\xff\xda") + len(whole)) // 2] + b"\xff\xd9"


def _photo(**options: bool) -> bytes:
    out = io.BytesIO()
    images.picture(0, _LARGE).save(out, "JPEG", **options)
    return out.getvalue()


def _gif_cut(whole: bytes) -> bytes:
    """The first block of the last picture halved, then the end of the picture and the file."""
    at = 13 + _color_table(whole[10])
    last = 0
    while whole[at] != ord(";"):
        if whole[at] == ord("!"):
            at += 2
        else:
            last = at = at + 11 + _color_table(whole[at + 9])
        while whole[at]:
            at += 1 + whole[at]
        at += 1
    half = whole[last] // 2
    return whole[:last] + bytes([half]) + whole[last + 1 : last + 1 + half] + b"\0;"


def first_picture(gif: bytes) -> int:
    """Where the first picture of a GIF of Pillow's begins."""
    return gif.index(b",", 13 + _color_table(gif[10]))


def _color_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp_cut(whole: bytes) -> bytes:
    """The picture's data, which comes last, halved; the lengths of what holds it made good."""
    animated = b"ANMF" in whole
    frame = whole.rindex(b"ANMF") if animated else 12
    start = frame + 24 if animated else 12
    (length,) = struct.unpack("<I", whole[start + 4 : start + 8])
    half = length // 4 * 2
    data = whole[start : start + 4] + struct.pack("<I", half) + whole[start + 8 : start + 8 + half]
    if animated:
        size = struct.pack("<I", 16 + len(data))
        data = b"ANMF" + size + whole[frame + 8 : frame + 24] + data
    body = whole[8:frame] + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _avif_cut(whole: bytes) -> bytes:
    """The picture's data, which comes last, halved; its box and its location made good."""
    at = whole.rindex(b"mdat") - 4
    length = int.from_bytes(whole[at : at + 4], "big") - 8
    half = length // 2
    head = whole[:at].replace(struct.pack(">I", length), struct.pack(">I", half))
    assert head != whole[:at], "the location of the data is not where it was"
    return head + images.box(b"mdat", whole[at + 8 : at + 8 + half])


def _ico_cut(whole: bytes) -> bytes:
    return icon_of(_png_cut(whole[whole.index(b"\x89PNG") :]))


def icon_of(picture: bytes) -> bytes:
    """An icon that says it is small, whatever the PNG in it says."""
    whole = images.image("ICO")
    return whole[:14] + struct.pack("<I", len(picture)) + whole[18:22] + picture


def _tiff_cut(whole: bytes) -> bytes:
    """Every strip said to be half as long as it is."""
    data = bytearray(whole)
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, _, number, where = struct.unpack_from("<HHII", data, entry)
        if tag == 279:
            for one in [entry + 8] if number == 1 else range(where, where + 4 * number, 4):
                struct.pack_into("<I", data, one, struct.unpack_from("<I", data, one)[0] // 2)
    return bytes(data)


def _deflated_tiff() -> bytes:
    out = io.BytesIO()
    images.picture(0, _LARGE).save(out, "TIFF", compression="tiff_adobe_deflate")
    return out.getvalue()


def strip() -> bytes:
    """A PNG that is very long, not high, full of noise, and cut inside."""
    return _png_cut(images.image("PNG", size=(30_000, 40)))


CUT_INSIDE: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: _png_cut(images.image("PNG", size=_LARGE)),
    "animated PNG": lambda: _png_cut(images.animated("PNG"), b"fdAT"),
    "JPEG": lambda: _jpeg_cut(_photo()),
    "progressive JPEG": lambda: _jpeg_cut(_photo(progressive=True)),
    "GIF": lambda: _gif_cut(images.image("GIF", size=_LARGE)),
    "animated GIF": lambda: _gif_cut(images.animated("GIF")),
    "WEBP": lambda: _webp_cut(images.image("WEBP", size=_LARGE)),
    "animated WEBP": lambda: _webp_cut(images.animated("WEBP")),
    "AVIF": lambda: _avif_cut(images.image("AVIF", size=_LARGE)),
    "ICO": lambda: _ico_cut(images.image("ICO", size=_LARGE)),
    "TIFF": lambda: _tiff_cut(_deflated_tiff()),
}


def png_bomb(side: int) -> bytes:
    """``side`` times ``side`` pixels of nothing: a thousandth of that in bytes."""
    rows = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    data = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    return png(png_header(side, side), (b"IDAT", data), (b"IEND", b""))


def claims(width: int, height: int) -> bytes:
    """A PNG that is larger by its header than by its data."""
    return png(png_header(width, height), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))


def flat(kind: str, side: int) -> bytes:
    """An image in one colour."""
    out = io.BytesIO()
    quick = {"AVIF": {"speed": 10}, "WEBP": {"method": 0}}.get(kind, {})
    Image.new("RGB", (side, side)).save(out, kind, **quick)
    return out.getvalue()


def gif_bomb(side: int, frames: int) -> bytes:
    """Frames over frames in one colour; each of ``side`` times ``side`` pixels takes few bytes."""
    one = flat("GIF", side)
    start = first_picture(one)
    return one[:start] + one[start:-1] * frames + b";"


def tiff_loop() -> bytes:
    """A TIFF whose second directory leads back to the first."""
    out = io.BytesIO()
    pages = [images.picture(seed) for seed in range(2)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    data = bytearray(out.getvalue())
    (first,) = struct.unpack_from("<I", data, 4)
    at = first
    while True:
        (count,) = struct.unpack_from("<H", data, at)
        link = at + 2 + 12 * count
        (at,) = struct.unpack_from("<I", data, link)
        if not at:
            struct.pack_into("<I", data, link, first)
            return bytes(data)


def tiff_pile(directories: int) -> bytes:
    """A TIFF whose directories lie on top of each other: a long way through a short file."""
    count = 0x4141  # fields, and so the bytes between them say: "AA" of a type that is not known
    first, step = 8, 4
    places = [first + step * number for number in range(directories)]
    links = b"".join(struct.pack("<I", place) for place in [*places[1:], 0])
    return b"II*\0" + struct.pack("<I", first) + b"A" * (2 + 12 * count) + links


def motion_photo() -> bytes:
    """A JPEG with a film behind it, as phones make them."""
    film = images.box(b"ftyp", b"mp42\0\0\0\0isommp42") + images.box(b"mdat", bytes(range(200)))
    return images.image("JPEG") + film


# JavaScript and a GIF: a name, a comment as the width and all that follows, an assignment.
GIF_SCRIPT = b"GIF89a/*" + images.image("GIF")[8:] + b"*/=1;alert(1)"
