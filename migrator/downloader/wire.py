"""The bytes of one connection, under one deadline and with a limit on what precedes a body.

Timeouts of sockets are for one read each, so a host that drips bytes outlasts them all; and
httpcore skips any number of informational responses.
"""

import re
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpcore

from migrator.downloader import causes

HEAD_LIMIT = 64 * 1024  # bytes of status line and headers, informational responses included
INFORMATIONAL_LIMIT = 5
_HEAD_END = re.compile(rb"\n\r?\n")
_INFORMATIONAL = re.compile(rb"\s*HTTP/1\.\d 1\d\d")


class Deadline:
    """The moment at which everything done for one image must have ended."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._end = now()

    def start(self, seconds: float) -> None:
        """Count ``seconds`` from now."""
        self._end = self._now() + seconds

    def left(self) -> float:
        """Seconds that remain; not positive when time is up."""
        return self._end - self._now()

    def cap(self, timeout: float | None) -> float:
        """The time one step may take that may take ``timeout`` seconds by itself.

        Raises:
            httpcore.ReadTimeout: time is up.
        """
        left = self.left()
        if left <= 0:
            raise httpcore.ReadTimeout("no time left")
        return left if timeout is None else min(timeout, left)


class Wire(httpcore.NetworkStream):
    """A connection that knows how far the current answer has come."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self._head = bytearray()
        self._before_body: int | None = None  # bytes that preceded the body, once they have ended
        self._received = 0
        self._informational = 0
        self._retired = False
        self.ended = False  # the host has closed its side

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to ``max_bytes``; before a body no more than the limits allow."""
        if self._before_body is None:
            max_bytes = min(max_bytes, HEAD_LIMIT - self._received)
            if max_bytes <= 0:
                raise httpcore.RemoteProtocolError("the headers of the answer are too long")
        data = self._stream.read(max_bytes, self._deadline.cap(timeout))
        self.ended = not data
        self._received += len(data)
        if self._before_body is None:
            self._look_for_body(data)
        return data

    def _look_for_body(self, data: bytes) -> None:
        start = max(0, len(self._head) - 2)
        self._head += data
        while end := _HEAD_END.search(self._head, start):
            if not _INFORMATIONAL.match(self._head):
                self._before_body = self._received - (len(self._head) - end.end())
                self._head.clear()
                return
            self._informational += 1
            if self._informational > INFORMATIONAL_LIMIT:
                raise httpcore.RemoteProtocolError("too many informational responses")
            del self._head[: end.end()]
            start = 0

    def retire_unless_at(self, body: int) -> None:
        """Use this connection no more, unless the answer ended exactly after ``body`` bytes.

        Bytes beyond its end would be taken for the beginning of the answer to another request.
        (Where a body comes in chunks, its end cannot be seen from here: such connections end.)
        """
        self._retired = self._received != (self._before_body or 0) + body

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send a request; what is read from now on belongs to its answer."""
        self._head.clear()
        self._before_body = None
        self._received = self._informational = 0
        self._stream.write(buffer, self._deadline.cap(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """This connection with TLS on it.

        Raises:
            Unfetched: there is no trustworthy TLS with this host.
        """
        try:
            stream = self._stream.start_tls(
                ssl_context, server_hostname, self._deadline.cap(timeout)
            )
        except (httpcore.NetworkError, httpcore.TimeoutException, ValueError) as error:
            raise causes.of_tls(error, server_hostname or "the host") from error
        return Wire(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks; a retired connection looks like one that the host has closed."""
        return (info == "is_readable" and self._retired) or self._stream.get_extra_info(info)
