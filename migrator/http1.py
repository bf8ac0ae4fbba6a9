"""HTTP/1.1 over one connection (RFC 9112): a request is sent, an answer is read.

Libraries take several times as long for a request (docs/performance.md), and what they add is not
wanted where images are moved: nothing is sent again after a failure, no redirect is followed, no
body is unpacked.
"""

import errno
import re
import select
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from io import BufferedIOBase
from typing import Protocol


class NoAnswer(Exception):
    """What came is not HTTP, or no more than that may be."""


class BrokenOff(NoAnswer):
    """The connection ended before the answer did."""


PORTS = {"http": 80, "https": 443}
FAILURES = (OSError, NoAnswer)  # what sending and reading may raise
Fields = list[tuple[bytes, bytes]]

_PIECE = 256 * 1024  # bytes that are received at once
_RECORD = 16 * 1024  # bytes that TLS may have decrypted: what is left there nobody sees
_SENT = 64 * 1024  # bytes that are sent within one timeout of the socket
_HEAD = 64 * 1024  # bytes of a status line and headers, informational responses included
_LINE = 1024  # bytes of what precedes a chunk
_TRAILERS = 100  # lines that may follow the last one
_INFORMATIONAL = 5  # responses that only announce another
_WENT_AWAY = {errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE}  # the last is macOS's EPIPE
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")  # RFC 9112, 5.2: is one line
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t -~\x80-\xff]*)?(?:\r?(?=\n)|\Z)")
# A line that is a field; of the line end before it too, or what is none could be passed over.
_FIELD = re.compile(rb"\n((?>[!#$%&'*+.^_`|~0-9A-Za-z-]+)):((?>[\t -~\x80-\xff]*))(?:\r?(?=\n)|\Z)")
_DIGITS = {10: re.compile(rb"[0-9]{1,19}"), 16: re.compile(rb"[0-9A-Fa-f]{1,15}")}


class Peer(Protocol):
    """A socket, or what does as one does."""

    def recv(self, most: int, /) -> bytes: ...  # noqa: D102
    def sendall(self, data: bytes, /) -> None: ...  # noqa: D102
    def fileno(self) -> int: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Wire:
    """One connection, and what came of the current answer before it was asked for."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._ahead = b""
        self.close = peer.close

    def send(self, head: bytes, body: BufferedIOBase | None = None) -> bool:
        """Send a request; whether all of it could be.

        Who is asked may have answered before: that it refuses what it did not hear to the end.

        Raises:
            OSError: the connection broke.
        """
        try:
            self._peer.sendall(head + (body.read(_SENT) if body else b""))
            while body and (piece := body.read(_SENT)):
                self._peer.sendall(piece)
        except OSError as error:
            if error.errno not in _WENT_AWAY and not isinstance(error, ssl.SSLEOFError):
                raise
            return False
        return True

    def until(self, mark: re.Pattern[bytes], most: int) -> bytes:
        """What comes before ``mark``, which is taken as well; up to ``most`` bytes of both.

        Raises:
            OSError, NoAnswer: it does not come.
        """
        start = 0
        while not (end := mark.search(self._ahead, start)):
            start = max(0, len(self._ahead) - 3)  # a mark may have begun
            if len(self._ahead) > most:
                raise NoAnswer("the headers of the answer are too long")
            self._ahead += self._received(_RECORD)
        if end.end() > most:
            raise NoAnswer("the headers of the answer are too long")
        found, self._ahead = self._ahead[: end.start()], self._ahead[end.end() :]
        return found

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes, as they come.

        Raises:
            OSError, BrokenOff: fewer came.
        """
        left = size
        while left:
            piece = self._ahead or self._peer.recv(min(max(left, _RECORD), _PIECE))
            if not piece:
                raise BrokenOff(f"it broke off after {size - left} of {size} bytes")
            self._ahead = piece[left:]
            if self._ahead:
                piece = piece[:left]
            left -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """What comes until the connection ends."""
        piece, self._ahead = self._ahead, b""
        while piece := piece or self._peer.recv(_PIECE):
            yield piece
            piece = b""

    def is_quiet(self) -> bool:
        """Whether nothing comes that nobody asked for: its end, or what belongs to no answer."""
        if self._ahead:
            return False
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self._peer, select.POLLIN)
            return not poll.poll(0)
        return not select.select([self._peer], [], [], 0)[0]  # Windows

    def _received(self, most: int) -> bytes:
        data = self._peer.recv(most)
        if not data:
            raise BrokenOff("the connection ended before an answer came")
        return data


class Answer:
    """The answer to the ``method`` that was sent: ``status``, ``fields``, and a body to be read.

    To be closed; ``keep`` takes a connection that may be used again.

    Raises:
        OSError, NoAnswer: there is none.
    """

    def __init__(self, method: str, wire: Wire, keep: Callable[[Wire], None]) -> None:
        self._wire, self._keep = wire, keep
        self.status, fields, self._lasts = _final_head(wire)
        self._size, self._coding, self.fields = _framed(fields)
        self._is_read = method == "HEAD" or self.status in _BODILESS

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """``fields`` by their names in lower case; of two there is one, with a comma."""
        found: dict[str, str] = {}
        for field, text in self.fields:
            name, value = field.decode().lower(), text.decode("latin-1")
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def pieces(self) -> Iterator[bytes]:
        """The body, once, as it comes.

        Raises:
            OSError, NoAnswer: the connection broke.
        """
        if self._is_read:
            return
        if self._coding:
            if self._coding.lower() != b"chunked":
                coding = self._coding.decode("latin-1")
                raise NoAnswer(f"the answer comes as {coding}, which nobody asked for")
            yield from self._chunks()
        elif self._size is not None:
            yield from self._wire.pieces(self._size)
        else:
            self._lasts = False
            yield from self._wire.rest()
        self._is_read = True

    def read(self, most: int) -> bytes:
        """The first ``most`` bytes of the body, or all of it.

        Raises:
            OSError, NoAnswer: the connection broke.
        """
        found = bytearray()
        for piece in self.pieces():
            found += piece
            if len(found) > most:
                break
        return bytes(found[:most])

    def end(self) -> None:
        """See that the connection is not used again."""
        self._lasts = False

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        if self._is_read and self._lasts:
            self._keep(self._wire)
        else:
            self._wire.close()

    def _chunks(self) -> Iterator[bytes]:
        while size := _number(self._wire.until(_LINE_END, _LINE).partition(b";")[0], 16):
            yield from self._wire.pieces(size)
            if self._wire.until(_LINE_END, _LINE):
                raise NoAnswer("a part of the answer is longer than it says")
        for _ in range(_TRAILERS):
            if not self._wire.until(_LINE_END, _HEAD):
                return
        raise NoAnswer("too much follows the answer")


def head_of(line: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A request without its body.

    Raises:
        NoAnswer: a field holds a line end, and would be two.
    """
    lines = [line, *(b"%b: %b" % field for field in fields), b"", b""]
    head = b"\r\n".join(lines)
    ends = len(lines) - 1
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise NoAnswer("a line end in a header cannot be sent")
    return head


def tunnel(wire: Wire, host: str, port: int, fields: Iterable[tuple[bytes, bytes]]) -> int:
    """Ask a proxy to connect us to ``host``; the status that it answers: 200 if it did.

    Raises:
        OSError, NoAnswer: it does not answer.
    """
    where = f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode()
    wire.send(head_of(b"CONNECT %b HTTP/1.1" % where, [(b"Host", where), *fields]))
    return _final_head(wire)[0]


def _final_head(wire: Wire) -> tuple[int, Fields, bool]:
    """Status and fields of an answer, and whether its connection may be used once more."""
    left = _HEAD
    for _ in range(_INFORMATIONAL + 1):
        head = wire.until(_HEAD_END, left)
        left -= len(head)
        if b"\n " in head or b"\n\t" in head:
            head = _FOLDED.sub(b" ", head)
        status = _STATUS.match(head)
        if not status:
            raise NoAnswer("what answers does not speak HTTP/1")
        if status[2] < b"200":
            continue
        fields = [(name, text.strip(b" \t")) for name, text in _FIELD.findall(head, status.end())]
        if len(fields) != head.count(b"\n"):
            raise NoAnswer("a header of the answer is none")
        closes = any(
            name.lower() == b"connection" and b"close" in text.lower() for name, text in fields
        )
        return int(status[2]), fields, status[1] == b"1" and not closes
    raise NoAnswer("too many informational responses")


def _framed(fields: Fields) -> tuple[int | None, bytes, Fields]:
    """The body's length and coding, if told, and ``fields`` with the length once at most."""
    others, codings, lengths = [], [], set()
    for field in fields:
        name, text = field[0].lower(), field[1]
        if name == b"content-length":
            lengths |= {each.strip() for each in text.split(b",")}
            continue
        others.append(field)
        if name == b"transfer-encoding":
            codings.append(text)
    if len(lengths) > 1:
        raise NoAnswer("the answer gives two different lengths")
    size = None
    for length in lengths:
        size = _number(length, 10)
        others.append((b"Content-Length", length))
    return size, b", ".join(codings), others


def _number(text: bytes, base: int) -> int:
    """The size of a body or chunk; int() would take more than digits."""
    if not _DIGITS[base].fullmatch(text.strip()):
        raise NoAnswer("the length of the answer is no number")
    return int(text, base)
