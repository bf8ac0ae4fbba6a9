"""An image host on a raw socket, so that it can misbehave in any way HTTP allows or forbids."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Connection:
    """One client's connection while a scenario plays on it."""

    socket: socket.socket
    asked: Asked
    stopped: threading.Event
    open: bool = True

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        """Close with an RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


Scenario = Callable[[Connection], None]


@dataclass
class Host:
    """Serves scenarios by path on 127.0.0.1 (or ``address``); counts what happens to it."""

    address: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    connections: int = 0
    asked: list[Asked] = field(default_factory=list)
    otherwise: bytes = field(default_factory=lambda: status(404))  # where no scenario is played
    _scenarios: dict[str, list[Scenario | bytes]] = field(default_factory=dict)
    _sockets: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._listener = socket.create_server((self.address, self.port), family=family, backlog=128)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        with self._lock:
            for client in self._sockets:
                with suppress(OSError):
                    client.close()

    @property
    def authority(self) -> str:
        """HOST:PORT, as in a URL."""
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )

    def url(self, path: str = "/a.png") -> str:
        return f"http{'s' if self.tls else ''}://{self.authority}{path}"

    def on(self, path: str, *scenarios: Scenario | bytes) -> str:
        """Play ``scenarios`` for requests of ``path``, the last one for ever; returns the URL."""
        self._scenarios[path] = list(scenarios)
        return self.url(path)

    def count(self, path: str) -> int:
        return sum(asked.path == path for asked in self.asked)

    def fetched(self, path: str) -> int:
        """How often an image was asked for; a second look, with a Referer, is not counted."""
        return sum(asked.path == path and "referer" not in asked.headers for asked in self.asked)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._sockets.append(client)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client.makefile("rb") as lines:
                while asked := _request(lines):
                    connection = Connection(client, asked, self._stopped)
                    self._play(connection)
                    if not connection.open:
                        break
        with suppress(OSError):
            client.close()

    def _play(self, connection: Connection) -> None:
        path = connection.asked.path
        with self._lock:
            self.asked.append(connection.asked)
            scenarios = self._scenarios.get(path, [self.otherwise])
            scenario = scenarios.pop(0) if len(scenarios) > 1 else scenarios[0]
        if callable(scenario):
            scenario(connection)
        elif connection.asked.method == "HEAD":
            connection.send(scenario.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        else:
            connection.send(scenario)


def _request(lines: Iterable[bytes]) -> Asked | None:
    head = []
    for line in lines:
        if line == b"\r\n":
            break
        head.append(line.decode("latin-1").rstrip("\r\n"))
    if not head:
        return None
    method, path, _ = head[0].split(" ")
    headers = (line.partition(":") for line in head[1:])
    return Asked(method, path, {name.lower(): value.strip() for name, _, value in headers})


def answer(body: bytes, *headers: str, code: int = 200, length: int | None = None) -> bytes:
    """A whole answer with a Content-Length (true unless ``length`` lies)."""
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {code} X", f"Content-Length: {size}", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    return answer(body, *headers, code=code)


def versioned(body: bytes, etag: str = "", last_modified: str = "") -> Scenario:
    """``body`` in a version: who has it already is told that nothing changed (RFC 9110, 13.2.2)."""

    def play(connection: Connection) -> None:
        asked = connection.asked.headers
        named = {"ETag": etag, "Last-Modified": last_modified}
        headers = [f"{name}: {value}" for name, value in named.items() if value]
        if "if-none-match" in asked:
            same = asked["if-none-match"] == etag
        else:
            same = bool(last_modified) and asked.get("if-modified-since") == last_modified
        connection.send(status(304, *headers) if same else answer(body, *headers))

    return play


def redirect(location: str, code: int = 302) -> bytes:
    return status(code, f"Location: {location}")


def raw(*pieces: bytes) -> Scenario:
    """Send ``pieces`` and close."""

    def play(connection: Connection) -> None:
        for piece in pieces:
            connection.send(piece)
        connection.close()

    return play


FRAMINGS = ("length", "chunked", "close")


def framed(body: bytes, framing: str, keep: int | None = None) -> Scenario:
    """``body`` in one of `FRAMINGS`; only its first ``keep`` bytes are sent before the end."""
    sent = body[:keep]
    if framing == "length":
        return raw(answer(sent, length=len(body)))
    if framing == "close":
        return raw(b"HTTP/1.1 200 OK\r\n\r\n", sent)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = max(100, len(body) // 2000)
    chunks = (sent[at : at + size] for at in range(0, len(sent), size))
    wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    # A proxy that loses its origin often ends the chunks properly: then only the image can tell.
    return raw(head, wire, b"0\r\n\r\n")


def drip(data: bytes, pause: float) -> Scenario:
    """One byte at a time, with a pause after each."""

    def play(connection: Connection) -> None:
        for at in range(len(data)):
            connection.send(data[at : at + 1])
            if connection.stopped.wait(pause):
                break
        connection.close()

    return play


def after(event: threading.Event, data: bytes) -> Scenario:
    """``data`` as soon as ``event`` is set."""

    def play(connection: Connection) -> None:
        while not event.wait(0.05):
            if connection.stopped.is_set():
                return
        connection.send(data)

    return play


def endless(head: bytes, piece: bytes = bytes(65536), limit: float = 30) -> Scenario:
    """``head`` and then ``piece`` again and again, until the client has had enough."""

    def play(connection: Connection) -> None:
        end = time.monotonic() + limit
        connection.send(head)
        while not connection.stopped.is_set() and time.monotonic() < end:
            connection.send(piece)
        connection.close()

    return play


def resets(data: bytes) -> Scenario:
    """``data`` and then an RST."""

    def play(connection: Connection) -> None:
        connection.send(data)
        connection.reset()

    return play


def silence(connection: Connection) -> None:
    """Take the request and never answer."""
    connection.stopped.wait(60)
    connection.close()
