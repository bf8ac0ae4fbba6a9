"""The network as seen from below the guard: every socket and every name server is made up."""

import atexit
import socket
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.addresses import objection_unresolved, parse_exemptions
from migrator.downloader.client import vetted
from migrator.downloader.deadline import Deadline
from migrator.downloader.decoding import Finding
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import Guard
from migrator.downloader.inspection import Inspector
from migrator.downloader.manners import Manners
from migrator.downloader.patience import retry_after
from migrator.downloader.receiving import Receiver
from migrator.errors import ConfigError
from migrator.model import Fetched
from migrator.report.escape import for_terminal
from migrator.urls import absolute

BETWEEN = b"\n--\n"  # what one host sends over one connection, and what the next
PUBLIC = IPv4Address("93.184.216.34")
_RETRIES = 2


class NoDecoders:
    """Decoding happens in a process of its own; here every image passes."""

    def decode(self, *_, **__):
        return SimpleNamespace(finding=Finding.WHOLE, detail="")


class _Sockets:
    """Connects to nothing, and notes to whom; each connection gives one of ``answers``."""

    def __init__(self, answers: list[bytes], step: int) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = iter(answers)
        self._step = step

    def connect(self, where, _seconds):
        self.asked.append(where)
        return _Stream(next(self._answers, b""), self._step)


class _Stream:
    def __init__(self, answer: bytes, step: int) -> None:
        self._answer, self._at, self._step = answer, 0, step
        self._quiet, self._other = socket.socketpair()

    def recv(self, most):
        start = self._at
        self._at = min(len(self._answer), start + min(most, self._step))
        return self._answer[start : self._at]

    def sendall(self, _data):
        pass

    def settimeout(self, _seconds):
        pass

    def setsockopt(self, *_):
        pass

    def fileno(self):
        return self._quiet.fileno()

    def close(self):
        self._quiet.close()
        self._other.close()


class NoTLS:
    """Nothing is encrypted here."""

    def wrap_socket(self, peer, **_):
        return peer

    def set_alpn_protocols(self, _names):
        pass


def assert_only_public_addresses(data: bytes) -> None:
    """A URL, a line end, and the addresses that its host resolves to: 4 or 16 bytes each."""
    first, _, rest = data.partition(b"\n")
    text = first.decode("utf-8", "surrogateescape")
    with suppress(ConfigError):
        parse_exemptions([text])
    try:
        target = vetted(absolute(text))
    except Unfetched as fault:
        fault.detail.encode("utf-8", "surrogateescape")
        return
    size = 16 if rest[:1] < b"\x80" else 4
    pieces = [rest[at : at + size] for at in range(1, len(rest) - size + 1, size)]
    addresses = [ip_address(piece) for piece in pieces][:8]
    host = target.raw_host.decode()
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    sockets = _Sockets([], 1)
    guard = Guard((), _deadline(), lambda *_: addresses, sockets.connect)
    with suppress(Unfetched):
        guard.connect(host, port).close()
    for asked, at in sockets.asked:
        assert at in {80, 443}
        assert _is_public(ip_address(asked)), asked
    try:
        number = IPv4Address(socket.inet_aton(host))  # in any notation
    except (OSError, ValueError):
        return
    with suppress(Unfetched):
        assert objection_unresolved(host, port, ()) or _is_public(number)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """A second opinion: none of these may ever be connected to."""
    inner = isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour)
    return not address.is_multicast and address.is_global and (not inner or inner.is_global)


def assert_answers_end(data: bytes) -> None:
    """The first byte chooses what is asked for and how the rest, answers, comes in pieces."""
    which, answers = data[0] if data else 0, data[1:].split(BETWEEN)
    for text in answers[0].decode("latin-1").splitlines()[:8]:
        after = retry_after(text)
        assert after is None or after >= 0
    clock = count()
    deadline = Deadline(lambda: next(clock) / 1000)
    deadline.start(120)
    manners = Manners(now=lambda: next(clock) / 1000, sleep=lambda _: None)
    settings = DownloadSettings(retries=_RETRIES, max_bytes=4096)
    receiver = Receiver(
        settings, (), Inspector(SafetySettings(), NoDecoders()),
        spool=folder("spool"), deadline=deadline, manners=manners, tls=NoTLS(),
        sleep=lambda _: None,
    )  # fmt: skip
    sockets = _Sockets(answers, (1, 7, 4096, 1 << 20)[which % 4])
    for client in (receiver._images, receiver._store):
        guard = client._direct._guard
        guard._connect, guard._resolve = sockets.connect, lambda *_: [PUBLIC]
    source = (f"http://{PUBLIC}/a.png", f"https://{PUBLIC}/a")[which // 4 % 2]
    try:
        if which // 8 % 4 == 0:
            receiver.public_answer(source)
        elif which // 8 % 4 == 1:
            receiver.size(source)
        else:
            fetched = receiver.fetch(source, source, referer=source)
            assert isinstance(fetched, Fetched)
            assert fetched.asset.size == len(fetched.body.open("rb").read()) <= settings.max_bytes
            fetched.body.unlink()
    except Unfetched as fault:
        for_terminal(fault.detail).encode()
    finally:
        receiver.close()
    assert len(sockets.asked) <= (_RETRIES + 1) * 6
    for asked, port in sockets.asked:
        assert _is_public(ip_address(asked)), asked
        assert port in {80, 443} or which // 8 % 4 == 0
    assert not list(folder("spool").iterdir())


def _deadline() -> Deadline:
    deadline = Deadline()
    deadline.start(60)
    return deadline


@cache
def folder(name: str) -> Path:
    """An empty folder for the files of a target."""
    path = Path(_scratch().name) / name
    path.mkdir()
    return path


@cache
def _scratch() -> TemporaryDirectory:
    scratch = TemporaryDirectory(prefix="fuzz-")
    atexit.register(scratch.cleanup)
    return scratch
