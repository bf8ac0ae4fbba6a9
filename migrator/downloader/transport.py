"""How httpx reaches hosts: through the guard, and with every error in our words."""

import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from socket import socket

import httpx

from migrator.downloader import causes
from migrator.downloader.deadline import Deadline, Timed
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import CONNECTING, Guard
from migrator.http1 import FAILURES, PORTS, Answer, BrokenOff, Fields, NoAnswer, Wire, head_of
from migrator.reasons import Reason

Origin = tuple[str, str, int]  # scheme, host, port

_QUESTIONS = {"GET", "HEAD"}
_STEP = 15.0  # seconds for a part of a request or an answer; the deadline is for all together
_KEPT = 4  # connections of one worker, which uses one at a time
_IDLE = 10.0  # seconds that one is kept


@cache
def shared_tls() -> ssl.SSLContext:
    """The one TLS context of this process: loading certificates takes longer than an image."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.BaseTransport):
    """Sends the requests of one thread within ``deadline``; raises `Unfetched` and nothing else.

    ``guard`` opens its sockets.
    """

    def __init__(self, guard: Guard, tls: ssl.SSLContext, deadline: Deadline) -> None:
        self._guard, self._tls, self._deadline = guard, tls, deadline
        tls.set_alpn_protocols(["http/1.1"])
        self._idle: dict[Origin, tuple[Wire, float]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read."""
        url = request.url
        origin = url.scheme, url.raw_host.decode(), url.port or PORTS[url.scheme]
        target, more = self._as_asked(url)
        line = b"%b %b HTTP/1.1" % (request.method.encode(), target)
        try:
            head = head_of(line, [*request.headers.raw, *more]) + request.read()
        except NoAnswer as error:
            raise Unfetched(Reason.BAD_URL, str(error)) from error
        kept = self._free(origin) if request.method in _QUESTIONS else None
        try:
            if kept:
                # The host may close it in this very moment; then a question may be asked again
                # (RFC 9110, 9.2.2). Nothing else is sent over a connection that was kept.
                with suppress(BrokenOff, ConnectionError):
                    return self._asked(kept, origin, request.method, head)
            return self._asked(self._opened(origin), origin, request.method, head)
        except FAILURES as error:
            raise causes.of_answer(error) from error

    def _asked(self, wire: Wire, origin: Origin, method: str, head: bytes) -> httpx.Response:
        try:
            was_sent = wire.send(head)
            answer = Answer(method, wire, partial(self._keep, origin))
        except BaseException:
            wire.close()
            raise
        if not was_sent:
            answer.end()
        return httpx.Response(answer.status, headers=answer.fields, stream=_Body(answer))

    def close(self) -> None:
        """Close every connection."""
        while self._idle:
            self._idle.popitem()[1][0].close()

    def _as_asked(self, url: httpx.URL) -> tuple[bytes, Fields]:
        """What is asked for, and what is said besides."""
        return url.raw_path, []

    def _connected(self, origin: Origin) -> socket:
        """A connection on which the host hears what we say."""
        _, host, port = origin
        return self._guard.connect(host, port)

    def _free(self, origin: Origin) -> Wire | None:
        wire, since = self._idle.pop(origin, (None, 0.0))
        if wire and (time.monotonic() - since > _IDLE or not wire.is_quiet()):
            wire.close()
            return None
        return wire

    def _keep(self, origin: Origin, wire: Wire) -> None:
        before, _ = self._idle.pop(origin, (None, 0.0))
        if before:
            before.close()
        self._idle[origin] = wire, time.monotonic()
        while len(self._idle) > _KEPT:
            self._idle.pop(next(iter(self._idle)))[0].close()

    def _opened(self, origin: Origin) -> Wire:
        scheme, host, _ = origin
        peer = self._connected(origin)
        if scheme == "https":
            try:
                peer.settimeout(self._deadline.cap(CONNECTING))
                peer = self._tls.wrap_socket(peer, server_hostname=host)
            except (OSError, ValueError) as error:
                peer.close()
                raise causes.of_tls(error, host) from error
        return Wire(Timed(peer, self._deadline, _STEP))


class _Body(httpx.SyncByteStream):
    """The body of an answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.pieces()
        except FAILURES as error:
            raise causes.of_body(error) from error

    def close(self) -> None:
        self._answer.close()
