"""Tiny valid images of every format, and larger ones on request."""

import io
import os
import struct
import zlib
from functools import cache

from PIL import Image

from migrator.body import Body

SVG = (
    b'<?xml version="1.0"?>\n<!-- a dot -->\n'
    b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><circle r="2"/></svg>\n'
)
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "ICO", "TIFF")


def picture(seed: int = 0, size: tuple[int, int] = (24, 16)) -> Image.Image:
    """A picture that does not compress to nothing and differs by ``seed``."""
    noise = Image.effect_noise((size[0], size[1]), 40)
    base = Image.new("RGB", size, (seed * 37 % 256, seed * 101 % 256, seed * 17 % 256))
    return Image.blend(base, noise.convert("RGB"), 0.5)


@cache
def image(kind: str = "PNG", seed: int = 0, size: tuple[int, int] = (24, 16)) -> bytes:
    """A whole image of one of `FORMATS`; the same arguments give the same bytes."""
    out = io.BytesIO()
    options: dict[str, object] = {"sizes": [size]} if kind == "ICO" else {}
    picture(seed, size).save(out, kind, **options)
    return out.getvalue()


@cache
def animated(kind: str = "GIF", frames: int = 3) -> bytes:
    """An animation (GIF, PNG, WEBP or AVIF)."""
    out = io.BytesIO()
    first, *others = [picture(seed) for seed in range(frames)]
    first.save(out, kind, save_all=True, append_images=others, duration=50)
    return out.getvalue()


@cache
def large_png(size: int) -> bytes:
    """A valid PNG of about ``size`` bytes: a small picture and a private chunk of noise."""
    small = image("PNG")
    noise = os.urandom(size - len(small))
    body = b"noIs" + noise
    chunk = struct.pack(">I", len(noise)) + body + struct.pack(">I", zlib.crc32(body))
    return small[:-12] + chunk + small[-12:]


def content(body: Body) -> bytes:
    """The bytes of an image."""
    with body.open("rb") as file:
        return file.read()


def box(kind: bytes, payload: bytes) -> bytes:
    """A box of ISO-BMFF."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def heic() -> bytes:
    """A HEIC container: the pixels are nonsense, all the rest is right."""
    ispe = box(b"iprp", box(b"ipco", box(b"ispe", struct.pack(">III", 0, 640, 480))))
    ftyp = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(offset: int) -> bytes:
        one = struct.pack(">B3sBBHHHHII", 0, bytes(3), 0x44, 0, 1, 1, 0, 1, offset, 40)
        return box(b"meta", bytes(4) + ispe + box(b"iloc", one))

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", bytes(range(40)))


# Pillow writes neither of these.
HEIC = heic()
JXL_CODESTREAM = b"\xff\x0a" + (1 | 15 << 1 | 1 << 6).to_bytes(2, "little") + bytes(30)
JXL_CONTAINER = (
    box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"jxlc", JXL_CODESTREAM)
)
