"""The connections to one service: those that nobody uses are kept for the next request."""

import socket
import ssl
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BufferedIOBase
from typing import Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from migrator.http1 import PORTS, Answer, Fields, NoAnswer, Peer, Wire, head_of, tunnel

_SLOWEST = 1000  # bytes a second; nobody waits for less


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy listens, and what it wants to hear of us."""

    host: str
    port: int
    fields: Fields

    @classmethod
    def for_host(cls, scheme: str, host: str) -> Self | None:
        """The one that the environment names for ``host``, as other programs read it.

        Raises:
            ValueError: it is not an HTTP proxy.
        """
        text = "" if proxy_bypass(host) else getproxies().get(scheme, "")
        if not text:
            return None
        parts = urlsplit(text if "://" in text else f"http://{text.removeprefix('//')}")
        try:
            port = parts.port or PORTS["http"]
        except ValueError:
            raise ValueError("its port is no number") from None  # but maybe half a password
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"it is spoken to as {parts.scheme}://")
        fields = []
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            fields.append((b"Proxy-Authorization", b"Basic " + b64encode(login.encode())))
        return cls(parts.hostname, port, fields)


class Connections:
    """To the service at an http(s) URL; through ``proxy``, if there is one.

    ``tls`` makes a context when it is needed. ``timeouts`` are seconds: to connect, and for each
    piece of an answer, which may take as long in all and a second more for each kilobyte. They may
    be shared between threads.
    """

    def __init__(
        self,
        url: str,
        proxy: Proxy | None,
        tls: Callable[[], ssl.SSLContext],
        timeouts: tuple[float, float],
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._tls = tls() if parts.scheme == "https" else None
        self._proxy = proxy
        self._timeouts = timeouts
        self._idle: deque[Wire] = deque()
        self._is_closed = False

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: BufferedIOBase | None = None
    ) -> Answer:
        """The answer to a request, its body still to be read; ``headers`` are all that is sent.

        Raises:
            OSError, NoAnswer: there is none; nobody knows whether the service heard of it.
        """
        target = "/" + url.split("/", 3)[3]
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        if self._proxy and not self._tls:
            target = url
            fields += self._proxy.fields
        head = head_of(f"{method} {target} HTTP/1.1".encode(), fields)
        wire = self._free() or self._opened()
        try:
            was_sent = wire.send(head, body)
            answer = Answer(method, wire, self._keep)
        except BaseException:
            wire.close()
            raise
        if not was_sent:
            answer.end()
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                answer.close()
                raise NoAnswer("the service hung up before it heard all")
        return answer

    def close(self) -> None:
        """Close what nobody uses now, and later what is in use."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _keep(self, wire: Wire) -> None:
        self._idle.append(wire)
        if self._is_closed:
            self.close()

    def _free(self) -> Wire | None:
        """A connection that nobody uses and that the service has not closed."""
        while True:
            try:
                wire = self._idle.pop()
            except IndexError:
                return None
            if wire.is_quiet():
                return wire
            wire.close()

    def _opened(self) -> Wire:
        try:
            return Wire(self._connected())
        except UnicodeError as error:  # a name that no host can have
            raise NoAnswer(str(error)) from error

    def _connected(self) -> Peer:
        connect, read = self._timeouts
        where = (self._proxy.host, self._proxy.port) if self._proxy else (self._host, self._port)
        peer = socket.create_connection(where, timeout=connect)
        try:
            # else the end of a body may wait for 40 ms
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                if self._proxy:
                    self._through(self._proxy, Wire(peer))
                peer = self._tls.wrap_socket(peer, server_hostname=self._host)
            peer.settimeout(read)
            return _Paced(peer, read)
        except BaseException:
            peer.close()
            raise

    def _through(self, proxy: Proxy, wire: Wire) -> None:
        status = tunnel(wire, self._host, self._port, proxy.fields)
        if status != HTTPStatus.OK:
            raise NoAnswer(f"the proxy {proxy.host} answers {status}")


class _Paced:
    """A socket that is not listened to without end: who drips bytes outlasts its timeout.

    An answer has ``seconds``, from what was sent last, and more with each byte that comes.
    """

    def __init__(self, peer: socket.socket, seconds: float) -> None:
        self._peer, self._seconds, self._until = peer, seconds, float("inf")
        self.fileno = peer.fileno
        self.close = peer.close

    def recv(self, most: int, /) -> bytes:
        """See ``socket.recv``."""
        data = self._peer.recv(most)
        self._until += len(data) / _SLOWEST
        if time.monotonic() > self._until:
            raise TimeoutError("it answers too slowly")
        return data

    def sendall(self, data: bytes, /) -> None:
        """See ``socket.sendall``."""
        self._peer.sendall(data)
        self._until = time.monotonic() + self._seconds
