"""A whole internet on one loopback interface, inside a network namespace of its own.

There every address there is belongs to this machine, so a forbidden connection succeeds and is
counted, and nothing can reach the real network. Start programs in it with `inside`.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:4700:4700::1111"
_A, _CNAME, _AAAA = 1, 5, 28
_SERVFAIL, _NXDOMAIN = 2, 3

_SETUP = """
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
mount --bind "$1" /etc/resolv.conf
mount --bind "$2" /etc/nsswitch.conf
shift 2
exec "$@"
"""


def why_not() -> str:
    """Why no such namespace can be made here; the empty string if it can."""
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return "needs Linux with unshare and ip"
    tried = subprocess.run(_command(["true"]), capture_output=True, text=True, check=False)
    return tried.stderr.strip() and f"no network namespace here: {tried.stderr.strip()}"


def inside(module: str, *arguments: str) -> str:
    """What ``python -m module`` prints in a namespace of its own."""
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        _command([sys.executable, "-m", module, *arguments]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=tests,
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}"},
    )
    return done.stdout


def _command(command: Sequence[str]) -> list[str]:
    folder = Path(tempfile.gettempdir()) / f"migrator-internet-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    resolv, nsswitch = folder / "resolv.conf", folder / "nsswitch.conf"
    resolv.write_text("nameserver 127.0.0.53\n")
    nsswitch.write_text("hosts: files dns\n")
    return ["unshare", "-rnm", "sh", "-ec", _SETUP, "sh", str(resolv), str(nsswitch), *command]


@dataclass
class Everywhere:
    """Listens on port 80 of every address; ``/to/URL`` redirects there, all else is ``body``."""

    body: bytes
    hits: list[str] = field(default_factory=list)  # the addresses that were connected to

    def start(self) -> None:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            listener = socket.create_server((address, 80), family=family, backlog=128)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            self.hits.append(str(client.getsockname()[0]))
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            path = client.recv(65536).split(b" ")[1].decode("latin-1")
            if path.startswith("/to/"):
                to = unquote(path.removeprefix("/to/")).encode()
                client.sendall(b"HTTP/1.1 302 X\r\nLocation: %b\r\nConnection: close\r\n\r\n" % to)
            else:
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                client.sendall(head % len(self.body) + self.body)


Answers = Callable[[str], Sequence[str] | int | None]  # addresses, an error code, or no answer


@dataclass
class NameServer:
    """A DNS server on 127.0.0.53 that says what ``answers`` says for a name.

    An answer that is not an address is taken for a CNAME that the next one belongs to.
    """

    answers: Answers

    def start(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.53", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            end = query.index(0, 12)
            labels, at = [], 12
            while at < end:
                labels.append(query[at + 1 : at + 1 + query[at]].decode())
                at += 1 + query[at]
            (kind,) = struct.unpack(">H", query[end + 1 : end + 3])
            found = self.answers(".".join(labels).lower())
            if found is not None:
                self._socket.sendto(_reply(query[: end + 5], kind, found), client)


def _reply(query: bytes, kind: int, found: Sequence[str] | int) -> bytes:
    code, records = (found, []) if isinstance(found, int) else (0, _records(kind, found))
    counts = struct.pack(">HHHH", 1, len(records), 0, 0)
    return query[:2] + struct.pack(">H", 0x8180 | code) + counts + query[12:] + b"".join(records)


def _records(kind: int, found: Sequence[str]) -> list[bytes]:
    records = []
    name = b"\xc0\x0c"  # the name that was asked for
    for value in found:
        try:
            address = ip_address(value)
        except ValueError:
            target = b"".join(bytes([len(part)]) + part.encode() for part in value.split("."))
            records.append(_record(name, _CNAME, target + b"\0"))
            name = target + b"\0"
            continue
        if kind == (_A if address.version == 4 else _AAAA):
            records.append(_record(name, kind, address.packed))
    return records


def _record(name: bytes, kind: int, data: bytes) -> bytes:
    return name + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
