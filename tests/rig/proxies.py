"""A proxy on loopback, HTTP or SOCKS5, that leads every name to one place and notes who asked."""

import base64
import http.client
import socket
import threading
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Self

Address = tuple[str, int]


@dataclass
class TestProxy:
    """Leads to ``to``, whatever it is asked for; with ``login`` ("user:password") only whoever
    knows it. ``says`` replaces all answers.
    """

    __test__ = False

    scheme: str
    to: Address
    login: str = ""
    says: bytes | None = None
    asked: list[str] = field(default_factory=list)  # HOST:PORT
    heads: list[bytes] = field(default_factory=list)  # what HTTP proxies are sent
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.close()

    @property
    def url(self) -> str:
        login = f"{self.login}@" if self.login else ""
        return f"{self.scheme}://{login}{self.authority}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                serve = self._http if self.scheme == "http" else self._socks
                threading.Thread(target=self._serve, args=(serve, client), daemon=True).start()

    def _serve(self, serve, client: socket.socket) -> None:
        with suppress(OSError, IndexError), client:
            if self.says is not None:
                client.recv(65536)
                client.sendall(self.says)
            else:
                serve(client)

    def _http(self, client: socket.socket) -> None:
        with client.makefile("rb") as lines:
            while head := _head(lines):
                self.heads.append(head)
                token = base64.b64encode(self.login.encode())
                if self.login and b"Proxy-Authorization: Basic " + token not in head:
                    client.sendall(b"HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n")
                    continue
                method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
                if method == "CONNECT":
                    self.asked.append(target)
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    self._join(client)
                    return
                self._forward(client, method, target, head)

    def _forward(self, client: socket.socket, method: str, target: str, head: bytes) -> None:
        host, _, path = target.removeprefix("http://").partition("/")
        self.asked.append(host if ":" in host else f"{host}:80")
        fields = (line.decode("latin-1").partition(": ") for line in head.split(b"\r\n")[1:-2])
        with closing(http.client.HTTPConnection(*self.to)) as inner:
            inner.request(
                method,
                f"/{path}",
                headers={name: value for name, _, value in fields if not name.startswith("Proxy-")},
            )
            answer = inner.getresponse()
            lines = [f"HTTP/1.1 {answer.status} X"]
            lines += [f"{name}: {value}" for name, value in answer.getheaders()]
            client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.read())

    def _socks(self, client: socket.socket) -> None:
        client.recv(512)
        if self.login:
            client.sendall(b"\5\2")
            given = client.recv(512)
            user = given[2 : 2 + given[1]]
            word = given[3 + given[1] :]
            fine = f"{user.decode()}:{word.decode()}" == self.login
            client.sendall(b"\1\0" if fine else b"\1\1")
            if not fine:
                return
        else:
            client.sendall(b"\5\0")
        asked = client.recv(512)
        port = int.from_bytes(asked[-2:], "big")
        name = asked[5:-2].decode() if asked[3] == 3 else str(asked[4:-2].hex())
        self.asked.append(f"{name}:{port}")
        client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        self._join(client)

    def _join(self, client: socket.socket) -> None:
        with socket.create_connection(self.to) as inner:
            self._sockets.append(inner)
            back = threading.Thread(target=_pump, args=(inner, client), daemon=True)
            back.start()
            _pump(client, inner)
            back.join()


def _head(lines: Iterable[bytes]) -> bytes:
    head = b""
    for line in lines:
        head += line
        if line == b"\r\n":
            break
    return head


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
