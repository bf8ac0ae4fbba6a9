"""A wire that breaks: connections through it are cut after so many bytes, or altered on the way."""

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Cutter:
    """Leads to a port of this machine. The first connections end after ``cuts`` bytes of answer,
    one each, with an RST if ``rst``; ``flips`` are the offsets of bytes that arrive altered.
    """

    port: int
    cuts: list[int] = field(default_factory=list)
    rst: bool = False
    flips: frozenset[int] = frozenset()
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

    def url(self, path: str) -> str:
        return f"http://{self.authority}{path}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                inner = socket.create_connection(("127.0.0.1", self.port))
                self._sockets += [client, inner]
                left = self.cuts.pop(0) if self.cuts else None
                threading.Thread(target=self._ask, args=(client, inner), daemon=True).start()
                threading.Thread(
                    target=self._answer, args=(inner, client, left), daemon=True
                ).start()

    def _ask(self, client: socket.socket, inner: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                inner.sendall(data)

    def _answer(self, inner: socket.socket, client: socket.socket, left: int | None) -> None:
        at = 0
        with suppress(OSError):
            while data := inner.recv(65536):
                altered = bytearray(data)
                for offset in self.flips:
                    if at <= offset < at + len(data):
                        altered[offset - at] ^= 0x20
                client.sendall(altered[: None if left is None else max(0, left - at)])
                at += len(data)
                if left is not None and at >= left:
                    break
            client.shutdown(socket.SHUT_RD)  # whoever still reads from it would keep it open
            if self.rst:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                client.shutdown(socket.SHUT_RDWR)
        client.close()
        inner.close()
