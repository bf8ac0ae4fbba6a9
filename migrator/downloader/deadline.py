"""How long one image may take, and sockets that keep to that."""

import socket
import time
from collections.abc import Callable


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

    def cap(self, timeout: float) -> float:
        """The time one step may take that may take ``timeout`` seconds by itself.

        Raises:
            TimeoutError: time is up.
        """
        left = self.left()
        if left <= 0:
            raise TimeoutError("no time left")
        return min(timeout, left)


class Timed:
    """A socket none of whose steps outlasts ``deadline``, nor ``seconds`` by itself.

    Timeouts of sockets are for one step each, so a host that drips bytes outlasts them all.
    """

    def __init__(self, peer: socket.socket, deadline: Deadline, seconds: float) -> None:
        self._peer, self._deadline, self._seconds = peer, deadline, seconds
        self._set: float | None = None
        self.fileno = peer.fileno
        self.close = peer.close

    def recv(self, most: int, /) -> bytes:
        """See ``socket.recv``."""
        self._limit()
        return self._peer.recv(most)

    def sendall(self, data: bytes, /) -> None:
        """See ``socket.sendall``."""
        self._limit()
        self._peer.sendall(data)

    def _limit(self) -> None:
        seconds = self._deadline.cap(self._seconds)
        if seconds != self._set:  # each time it is set the system is called
            self._peer.settimeout(seconds)
            self._set = seconds
