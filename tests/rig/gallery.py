"""Image hosts in a process of their own: any number of pictures, and faults by a seeded chance.

Every picture is made from its number when it is asked for, so a hundred thousand of them take no
room; anybody who knows the number knows the bytes (`picture`).

    python gallery.py PORT SEED FAULTS
"""

import asyncio
import io
import json
import random
import socket
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.request import urlopen

from PIL import Image, PngImagePlugin

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from rig.ports import end, free_port, wait_until_open

FAULTS = ("reset", "503", "truncated", "slow")
GONE, NO_IMAGE = 200, 500  # one picture in so many
_FORMATS = (("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"))
_SIZES = (16, 24, 32, 48, 64, 78)  # pixels: files of 1 to 19 KB
_GAP = b"number:0000000000"
_SLOW = (0.2, 1.0)  # seconds
_PAGE = b"<!doctype html><title>Sorry</title><p>Too many visitors."


def extension(number: int) -> str:
    return _FORMATS[number % len(_FORMATS)][1]


def fate(number: int) -> str:
    """What becomes of a picture for ever: ``there``, ``gone`` (404), ``page`` (200, no image)."""
    if number % GONE == GONE - 1:
        return "gone"
    return "page" if number % NO_IMAGE == NO_IMAGE // 2 else "there"


def picture(number: int) -> bytes:
    """The bytes of a picture: a valid image that no other number has."""
    before, after = _mould(number % (len(_FORMATS) * len(_SIZES)))
    label = b"number:%010d" % number
    if number % len(_FORMATS):
        return before + label + after
    return before + label + struct.pack(">I", zlib.crc32(before[-12:] + label)) + after[4:]


@cache
def _mould(kind: int) -> tuple[bytes, bytes]:
    """What stands before and behind the number in pictures of one kind."""
    size = _SIZES[kind // len(_FORMATS)]
    noise = random.Random(kind).randbytes(size * size * 3)
    out = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", _GAP.decode())
    options = ({"pnginfo": info}, {"comment": _GAP, "quality": 95}, {"exif": b"Exif\0\0" + _GAP})
    Image.frombytes("RGB", (size, size), noise).save(
        out, _FORMATS[kind % len(_FORMATS)][0], **options[kind % len(_FORMATS)]
    )
    before, _, after = out.getvalue().partition(_GAP)
    return before, after


def fault(seed: int, path: str, attempt: int, share: float) -> str | None:
    """What goes wrong when ``path`` is asked for the ``attempt``-th time, if anything does."""
    chance = random.Random(f"{seed} {path} {attempt}")
    return chance.choice(FAULTS) if chance.random() < share else None


class _Host(asyncio.Protocol):
    """One connection: requests without bodies, one at a time."""

    def __init__(self, seed: int, share: float, asked: Counter[str], seen: Counter[str]) -> None:
        self._seed, self._share, self._asked, self._seen = seed, share, asked, seen
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            self._answer(head.split(b" ", 2)[1].decode("latin-1"))

    def _answer(self, path: str) -> None:
        if path == "/seen":
            return self._send(json.dumps(self._seen).encode())
        self._seen["requests"] += 1
        stem = path[1:].partition(".")[0]
        number = int(stem) if stem.isdigit() else None
        if number is None or fate(number) == "gone":
            return self._send(b"", "404 Not Found")
        if fate(number) == "page":
            return self._send(_PAGE)
        self._asked[path] += 1
        trouble = fault(self._seed, path, self._asked[path], self._share)
        if trouble is None:
            return self._send(picture(number))
        self._seen[trouble] += 1
        return self._misbehave(trouble, picture(number))

    def _misbehave(self, trouble: str, data: bytes) -> None:
        match trouble:
            case "reset":
                linger = struct.pack("ii", 1, 0)
                sock = self._transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._transport.abort()
            case "503":
                self._send(b"", "503 Service Unavailable\r\nRetry-After: 0")
            case "truncated":
                self._send(data[: len(data) // 2], length=len(data))
                self._transport.close()
            case "slow":
                pause = random.uniform(*_SLOW)
                asyncio.get_running_loop().call_later(pause, self._send, data)

    def _send(self, body: bytes, status: str = "200 OK", length: int | None = None) -> None:
        size = len(body) if length is None else length
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), size, body)
        )


async def _serve(port: int, seed: int, share: float) -> None:
    asked: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Host(seed, share, asked, seen), "0.0.0.0", port, backlog=256
    )
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class Gallery:
    """Hosts at work: every address of 127.0.0.0/8 is one, at one port."""

    port: int

    def url(self, host: int, number: int) -> str:
        return f"http://127.0.1.{host}:{self.port}/{number}{extension(number)}"

    def seen(self) -> dict[str, int]:
        """How many requests came, and how many faults of each kind were made."""
        with urlopen(f"http://127.0.0.1:{self.port}/seen", timeout=60) as answer:
            found: dict[str, int] = json.load(answer)
            return found


@contextmanager
def running(seed: int, share: float) -> Iterator[Gallery]:
    """Serve, with a fault in this share of the requests for pictures."""
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, str(port), str(seed), str(share)])
    try:
        wait_until_open(port, process)
        yield Gallery(port)
    finally:
        end(process)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
