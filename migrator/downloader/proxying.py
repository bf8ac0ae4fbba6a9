"""Asking hosts through a proxy of the user's, which resolves their names itself.

So only what the URL says can be vetted: an address in any notation, and names that never belong to
the public internet. What the proxy connects to for other names is its own affair.
"""

import ssl
from base64 import b64encode
from collections.abc import Sequence
from socket import socket
from typing import Any

import httpx
from socksio import socks5
from socksio.exceptions import SOCKSError

from migrator.downloader.addresses import Exemption, objection_unresolved
from migrator.downloader.deadline import Deadline, Timed
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import CONNECTING, Guard, check_name
from migrator.downloader.proxy import VARIABLE, Proxy
from migrator.downloader.transport import GuardedTransport, Origin
from migrator.http1 import PORTS, Fields, NoAnswer, Peer, Wire, tunnel
from migrator.reasons import Reason

_LOGIN_WANTED = 407
_REPLY = 4096  # bytes; none of SOCKS is longer
_CONNECT = socks5.SOCKS5Command.CONNECT
# What socksio raises besides its own: for names that are too long, for answers that are cut off.
_NOT_SOCKS = (ValueError, LookupError, ArithmeticError, NotImplementedError, AssertionError)


class ProxiedTransport(GuardedTransport):
    """Sends the requests of one thread through ``proxy``; without ``exemptions`` any request."""

    def __init__(
        self,
        proxy: Proxy,
        exemptions: Sequence[Exemption] | None,
        tls: ssl.SSLContext,
        deadline: Deadline,
    ) -> None:
        super().__init__(Guard(None, deadline), tls, deadline)
        self._proxy = proxy
        self._exemptions = exemptions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer that comes through the proxy, its body still to be read."""
        url = request.url
        if self._exemptions is not None:
            host = url.raw_host.decode()
            check_name(host)
            port = url.port or PORTS[url.scheme]
            refusal = objection_unresolved(host, port, self._exemptions)
            if refusal:
                raise Unfetched(Reason.BLOCKED_ADDRESS, refusal)
        response = super().handle_request(request)
        if response.status_code == _LOGIN_WANTED:
            response.close()
            raise self._login_wanted()
        return response

    def _tunnel(self, wire: Wire, origin: Origin) -> None:
        status = tunnel(wire, *origin[1:], self._login)
        if status == _LOGIN_WANTED:
            raise self._login_wanted()
        if status != httpx.codes.OK:
            raise NoAnswer(f"it answers {status}")

    def _login_wanted(self) -> Unfetched:
        words = f"wants a user name and password ({_LOGIN_WANTED}): set {VARIABLE}"
        return Unfetched(Reason.CONNECT, f"the proxy {self._proxy} {words}", again=False)

    def _as_asked(self, url: httpx.URL) -> tuple[bytes, Fields]:
        if self._proxy.scheme == "http" and url.scheme == "http":
            return b"http://%b%b" % (url.netloc, url.raw_path), self._login
        return super()._as_asked(url)

    def _connected(self, origin: Origin) -> socket:
        peer = self._reached()
        try:
            timed = Timed(peer, self._deadline, CONNECTING)
            if self._proxy.scheme == "socks5":
                _through_socks(timed, self._proxy, origin)
            elif origin[0] == "https":
                self._tunnel(Wire(timed), origin)
        except TimeoutError as error:
            peer.close()
            raise Unfetched(Reason.TIMEOUT, f"the proxy {self._proxy} does not answer") from error
        except (OSError, NoAnswer, SOCKSError) as error:
            peer.close()
            raise Unfetched(Reason.CONNECT, f"the proxy {self._proxy}: {error}") from error
        except BaseException:
            peer.close()
            raise
        return peer

    def _reached(self) -> socket:
        """A connection to the proxy.

        Raises:
            Unfetched: it does not listen.
        """
        try:
            return self._guard.connect(self._proxy.host, self._proxy.port)
        except Unfetched as fault:
            cure = "start it, or set proxy under [download] anew"
            words = f"the proxy {self._proxy} cannot be reached ({fault.detail}); {cure}"
            raise Unfetched(fault.reason, words, again=fault.again) from fault

    @property
    def _login(self) -> Fields:
        if self._proxy.auth is None:
            return []
        return [(b"Proxy-Authorization", b"Basic " + b64encode(b":".join(self._proxy.auth)))]


def _through_socks(peer: Peer, proxy: Proxy, origin: Origin) -> None:
    """Let a SOCKS5 proxy connect us (RFC 1928, 1929).

    Raises:
        OSError, NoAnswer, SOCKSError: it does not.
    """
    _, host, port = origin
    talk = socks5.SOCKS5Connection()

    def said(request: Any) -> object:  # of any of its types
        try:
            talk.send(request)
            peer.sendall(talk.data_to_send())
            return talk.receive_data(peer.recv(_REPLY))
        except _NOT_SOCKS as error:
            raise NoAnswer("this cannot be said in SOCKS5, or it is no answer of it") from error

    methods = socks5.SOCKS5AuthMethod
    method = methods.USERNAME_PASSWORD if proxy.auth else methods.NO_AUTH_REQUIRED
    reply = said(socks5.SOCKS5AuthMethodsRequest([method]))
    if not isinstance(reply, socks5.SOCKS5AuthReply) or reply.method != method:
        raise NoAnswer("it wants another way to log in")
    if proxy.auth:
        reply = said(socks5.SOCKS5UsernamePasswordRequest(*proxy.auth))
        if not isinstance(reply, socks5.SOCKS5UsernamePasswordReply) or not reply.success:
            raise NoAnswer("it refuses this user name and password")
    reply = said(socks5.SOCKS5CommandRequest.from_address(_CONNECT, (host, port)))
    if not isinstance(reply, socks5.SOCKS5Reply):
        raise NoAnswer("no answer we know")
    if reply.reply_code != socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise NoAnswer(reply.reply_code.name.replace("_", " ").lower())
