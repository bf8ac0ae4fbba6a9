"""Decoding images, in child processes that a hostile image may crash, fill or occupy."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Self

SECONDS = 30.0  # that one image may take by the clock
_CHILD = Path(__file__).with_name("decoder.py")
_NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH")  # of our environment, to start Python at all
_ANSWER = 4096  # bytes of an answer at most
_SMALL = 256 * 1024  # bytes of a thumbnail at most
_WORDS = 200  # characters of a decoder's own words


class Finding(StrEnum):
    """What decoding an image showed; the value is the decoder's word for it."""

    WHOLE = "whole"  # every frame was decoded to its end
    DAMAGED = "damaged"
    PIXELS = "pixels"  # there are more of them than allowed
    UNKNOWN = "unknown"  # a format that this installation cannot decode
    NOTHING = "nothing"  # the decoder died, hung, or made no sense


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding; ``detail`` is safe on a terminal and may be empty."""

    finding: Finding
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PixelLimits:
    """How many pixels one frame and all frames of an image may have."""

    frame: int
    total: int


class Decoders:
    """Child processes that decode for all threads of this process, started when first needed.

    At most ``count`` run at a time. A child that does not answer is ended and replaced.
    """

    def __init__(self, count: int = min(4, os.cpu_count() or 1), *, script: Path = _CHILD) -> None:
        self._script = script
        self._free = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._closed = False

    def decode(
        self,
        image: Iterable[bytes],
        size: int,
        media_type: str,
        limits: PixelLimits,
        *,
        end: int | None = None,
        seconds: float = SECONDS,
    ) -> Verdict:
        """What decoding ``image`` shows, which has ``size`` bytes; within ``seconds``.

        ``end`` is the offset behind its end mark, where other bytes follow.
        """
        deadline = time.monotonic() + min(seconds, SECONDS)
        left = deadline - time.monotonic()
        if left <= 0 or not self._free.acquire(timeout=left):
            return Verdict(Finding.NOTHING)
        request = f"{media_type} {size} {end or size} {limits.frame} {limits.total} 0"
        try:
            return self._asked(image, request, deadline)[0]
        finally:
            self._free.release()

    def thumbnail(self, image: bytes, media_type: str, pixels: int, side: int) -> bytes | None:
        """A thumbnail of ``image``, at most ``side`` pixels wide and high: WebP or JPEG.

        ``None`` where none can be made: it has more than so many ``pixels``, or cannot be decoded.
        """
        size = len(image)
        request = f"{media_type} {size} {size} {pixels} {pixels} {side}"
        with self._free:
            _, small = self._asked([image], request, time.monotonic() + SECONDS)
        return small or None

    def _asked(
        self, image: Iterable[bytes], request: str, deadline: float
    ) -> tuple[Verdict, bytes]:
        try:
            child = self._idle_child() or _Child(self._script)
        except OSError:  # no process to be had
            return _NO_ANSWER
        try:
            return child.asked(image, request, deadline - time.monotonic())
        finally:
            with self._lock:
                kept = child.usable and not self._closed
                if kept:
                    self._idle.append(child)
            if not kept:
                child.end()

    def _idle_child(self) -> "_Child | None":
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is None or child.alive:
            return child
        child.end()
        return None

    def close(self) -> None:
        """End every child; one that is at work ends when its image is done."""
        with self._lock:
            self._closed = True
            children, self._idle = self._idle, []
        for child in children:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Child:
    """One decoder process, for one image at a time."""

    def __init__(self, script: Path) -> None:
        pillow = find_spec("PIL")
        folder = Path(pillow.origin).parents[1] if pillow and pillow.origin else ""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-I", "-S", script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            cwd=script.parent,
            start_new_session=True,  # Ctrl-C lets images at work be finished
        )
        self.usable = True  # for another image

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def asked(self, image: Iterable[bytes], request: str, seconds: float) -> tuple[Verdict, bytes]:
        """What it says of ``image``, and a thumbnail if the request is for one."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        self.usable = False
        clock = threading.Timer(max(0.0, seconds), give_up)
        clock.start()
        try:
            verdict, small = self._answer(image, request)
        except OSError:  # it died
            return _NO_ANSWER
        finally:
            clock.cancel()
            clock.join()
        self.usable = verdict.finding is not Finding.NOTHING and not late.is_set()
        return verdict, small

    def _answer(self, image: Iterable[bytes], request: str) -> tuple[Verdict, bytes]:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise AssertionError("both are pipes")
        requests.write(f"{request}\n".encode())
        for piece in image:
            requests.write(piece)
        requests.flush()
        verdict = _verdict(answers.readline(_ANSWER))
        if verdict.finding is not Finding.WHOLE or not verdict.detail:
            return verdict, b""
        length = int(verdict.detail) if verdict.detail.isdecimal() else _SMALL + 1
        small = answers.read(length) if length <= _SMALL else b""
        return (verdict, small) if small and len(small) == length else _NO_ANSWER

    def end(self) -> None:
        self._process.kill()
        with suppress(OSError):  # what it was sent and did not read
            self._process.communicate()


def _verdict(answer: bytes) -> Verdict:
    words, end, _ = answer.decode(errors="replace").partition("\n")
    word, _, detail = words.partition(" ")
    try:
        finding = Finding(word) if end else Finding.NOTHING
    except ValueError:
        return Verdict(Finding.NOTHING)
    plain = "".join(char if char.isprintable() else "?" for char in detail)
    return Verdict(finding, plain[:_WORDS])


_NO_ANSWER = (Verdict(Finding.NOTHING), b"")
