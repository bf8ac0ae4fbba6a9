"""Asking hosts through a proxy of the user's, which resolves their names itself.

So only what the URL says can be vetted: an address in any notation, and names that never belong to
the public internet. What the proxy connects to for other names is its own affair.
"""

import ssl
from collections.abc import Iterable, Sequence

import httpcore
import httpx

from migrator.downloader.addresses import Exemption, objection_unresolved
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import GuardedBackend, check_name
from migrator.downloader.proxy import VARIABLE, Proxy
from migrator.downloader.transport import GuardedTransport, pooling
from migrator.downloader.wire import Deadline, Wire
from migrator.reasons import Reason

_LOGIN_WANTED = 407


class ProxiedTransport(GuardedTransport):
    """Sends the requests of one thread through ``proxy``; without ``exemptions`` any request."""

    def __init__(
        self,
        proxy: Proxy,
        exemptions: Sequence[Exemption] | None,
        tls: ssl.SSLContext,
        deadline: Deadline,
    ) -> None:
        self._name = str(proxy)
        self._exemptions = exemptions
        self._road = _Road(GuardedBackend(None, deadline), self._name)
        pool = httpcore.HTTPProxy if proxy.scheme == "http" else httpcore.SOCKSProxy
        super().__init__(
            pool(str(proxy), proxy_auth=proxy.auth, network_backend=self._road, **pooling(tls))
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer that comes through the proxy, its body still to be read."""
        url = request.url
        if self._exemptions is not None:
            host = url.raw_host.decode()
            check_name(host)
            port = url.port or {"http": 80, "https": 443}[url.scheme]
            refusal = objection_unresolved(host, port, self._exemptions)
            if refusal:
                raise Unfetched(Reason.BLOCKED_ADDRESS, refusal)
        try:
            response = super().handle_request(request)
        except Unfetched:
            self._road.leave()
            raise
        except Exception as error:
            # Not only ProxyError: what is no answer of SOCKS ends in assertions of httpcore's.
            self._road.leave()
            words = str(error) if isinstance(error, httpcore.ProxyError) else "no answer we know"
            raise Unfetched(Reason.CONNECT, f"the proxy {self._name}: {words}") from error
        if response.status_code == _LOGIN_WANTED:
            response.close()
            words = f"wants a user name and password: set {VARIABLE}"
            raise Unfetched(Reason.CONNECT, f"the proxy {self._name} {words}", again=False)
        return response


class _Road(httpcore.NetworkBackend):
    """Opens connections to the proxy, and says so where that fails."""

    def __init__(self, backend: GuardedBackend, name: str) -> None:
        self._backend = backend
        self._name = name
        self._newest: Wire | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Wire:
        """A connection to the proxy.

        Raises:
            Unfetched: it does not listen.
        """
        try:
            self._newest = self._backend.connect_tcp(
                host, port, timeout, local_address, socket_options
            )
        except Unfetched as fault:
            cure = "start it, or set proxy under [download] anew"
            words = f"the proxy {self._name} cannot be reached ({fault.detail}); {cure}"
            raise Unfetched(fault.reason, words, again=fault.again) from fault
        return self._newest

    def leave(self) -> None:
        """Close what was opened last: httpcore forgets a connection that SOCKS did not finish."""
        if self._newest:
            self._newest.close()
