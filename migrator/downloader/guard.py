"""No connection to an address that was not vetted for this very connection.

The guard sits where sockets are opened, below every library that might resolve a name again: a
name is resolved once, all its addresses are vetted, and the socket goes to one of these. SNI, Host
and the certificate check still see the name. A check made before the request would be fooled by
a name that resolves differently the second time.
"""

import socket
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from migrator.downloader import causes
from migrator.downloader.addresses import Address, Exemption, literal, objection
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.reasons import Reason

Resolve = Callable[[str, int], Sequence[Address]]
Connect = Callable[[tuple[str, int], float], socket.socket]  # address and port, seconds

CONNECTING = 10.0  # seconds to open a connection, and again for TLS on it
_RESOLVE_SECONDS = 5.0
_TRIES = 4  # addresses of one host that are tried


class Guard:
    """Opens sockets to vetted addresses only; without ``exemptions`` (``None``) to any."""

    def __init__(
        self,
        exemptions: Sequence[Exemption] | None,
        deadline: Deadline,
        resolve: Resolve | None = None,
        connect: Connect = socket.create_connection,
    ) -> None:
        self._exemptions = exemptions
        self._deadline = deadline
        self._resolve = resolve or system_resolve
        self._connect = connect

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to ``host``.

        Raises:
            Unfetched: the host is unknown, must not be or cannot be connected to.
        """
        addresses = self._addresses(host, port)
        if self._exemptions is not None:
            refusal = objection(host, addresses, port, self._exemptions)
            if refusal:
                raise Unfetched(Reason.BLOCKED_ADDRESS, refusal)
        fault = Unfetched(Reason.DNS, f"{host} has no address")
        for address in addresses[:_TRIES]:
            try:
                peer = self._connect((str(address), port), self._deadline.cap(CONNECTING))
            except OSError as error:
                fault = causes.of_connecting(error, f"{host} ({address}) at port {port}")
                continue
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return peer
        raise fault

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        check_name(host)
        address = literal(host)
        if address:
            return [address]
        # getaddrinfo has no time limit, so it runs in a thread that may be left behind.
        answers: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()
        threading.Thread(
            target=_answer, args=(self._resolve, host, port, answers), daemon=True, name="resolver"
        ).start()
        try:
            answer = answers.get(timeout=self._deadline.cap(_RESOLVE_SECONDS))
        except Empty:
            raise Unfetched(Reason.DNS, f"no name server answers for {host}") from None
        if isinstance(answer, Exception):
            raise Unfetched(
                Reason.DNS, f"{host} cannot be resolved", again=_may_pass(answer)
            ) from answer
        return answer


def check_name(host: str) -> None:
    """Resolvers take more for a name than there are names, and some of it for an address.

    Raises:
        Unfetched: ``host`` is not the name of a host.
    """
    if "%" in host or not host.isprintable() or not host.strip("._- "):
        raise Unfetched(Reason.BAD_URL, f"{host!r} is not the name of a host")


def _answer(
    resolve: Resolve, host: str, port: int, answers: SimpleQueue[Sequence[Address] | Exception]
) -> None:
    try:
        answers.put(resolve(host, port))
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker waits for it
        answers.put(error)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return isinstance(error, OSError)


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses of ``host``, as this machine resolves it.

    Raises:
        OSError: the resolver says no.
        UnicodeError: the name is not one.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = (literal(str(address[0])) for *_, address in found)
    return list(dict.fromkeys(address for address in addresses if address))
