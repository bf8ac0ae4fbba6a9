"""A tiny image of our own, which no store has yet: what goes in must come out. Pure."""

import hashlib
import struct
import uuid
import zlib
from dataclasses import dataclass

from migrator.model import Asset

PROBE_URL = "https://doctor.example/migrator-doctor.png"  # RFC 2606: nobody's
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Probe:
    """The bytes of a PNG, what is known of them, and the SHA-256 of where they are said to be."""

    content: bytes
    asset: Asset
    source: str


def make_probe() -> Probe:
    """A PNG of one pixel (W3C PNG, 5 and 11) whose comment makes it unlike every other."""
    comment = b"Comment\0Migrator doctor " + uuid.uuid4().hex.encode()
    content = _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
            _chunk(b"tEXt", comment),
            _chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff")),
            _chunk(b"IEND", b""),
        )
    )
    digest = hashlib.sha256(content).hexdigest()
    asset = Asset(digest, len(content), "image/png", ".png", 1, 1)
    return Probe(content, asset, hashlib.sha256(PROBE_URL.encode()).hexdigest())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
