"""How httpx reaches hosts: through the guard, and with every error in our words."""

import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpcore
import httpx

from migrator.downloader import causes

_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


@cache
def shared_tls() -> ssl.SSLContext:
    """The one TLS context of this process: loading certificates takes longer than an image."""
    return httpx.create_ssl_context()


def pooling(tls: ssl.SSLContext) -> dict[str, Any]:
    """How one worker keeps connections; it uses one at a time."""
    return {"ssl_context": tls, "max_connections": 4, "keepalive_expiry": 10.0}  # seconds


class GuardedTransport(httpx.BaseTransport):
    """Sends the requests of one thread; raises `Unfetched` and nothing of httpcore's.

    The backend of ``pool`` opens a `Wire` for each connection.
    """

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read."""
        url = request.url
        try:
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions,
                )
            )
        except _ERRORS as error:
            raise causes.of_answer(error) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer; decides at its end whether the connection may be used again."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        wire = self._answer.extensions["network_stream"]  # a Wire: the guard opened it
        received = 0
        try:
            for piece in self._answer.iter_stream():
                received += len(piece)
                yield piece
        except _ERRORS as error:
            raise causes.of_body(error, ended=wire.ended) from error
        wire.retire_unless_at(received)

    def close(self) -> None:
        self._answer.close()
