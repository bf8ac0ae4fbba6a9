"""One thread's HTTP client: a fixed set of headers, no cookies, redirects by our own rules."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import MappingProxyType

import httpx

from migrator.downloader.addresses import Exemption
from migrator.downloader.answers import NOT_MODIFIED, declared_length
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import Guard
from migrator.downloader.manners import Manners
from migrator.downloader.proxy import Proxy
from migrator.downloader.proxying import ProxiedTransport
from migrator.downloader.transport import GuardedTransport
from migrator.reasons import Reason
from migrator.redact import quiet
from migrator.urls import absolute, without_fragment

REDIRECTS = 5
URL_LIMIT = 4096
FIELDS_LIMIT = 100  # header fields in an answer
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
_SHORT = 64 * 1024  # bytes worth reading to save a connection
_PORTS = 2**16
_REDIRECTING = frozenset({301, 302, 303, 307, 308})


class HostClient:
    """Asks hosts for what is behind a URL: through ``proxy``, except for exempted ones."""

    def __init__(
        self,
        user_agent: str,
        exemptions: Sequence[Exemption] | None,
        tls: ssl.SSLContext,
        deadline: Deadline,
        manners: Manners,
        proxy: Proxy | None = None,
    ) -> None:
        quiet("httpx")
        self._user_agent = user_agent or BROWSER
        self._deadline = deadline
        self._manners = manners
        self._exemptions = exemptions
        # Not httpx's own client, which reads the environment and keeps cookies.
        self._direct = GuardedTransport(Guard(exemptions, deadline), tls, deadline)
        self._proxied = proxy and ProxiedTransport(proxy, exemptions, tls, deadline)

    @contextmanager
    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        follow: bool = True,
        referer: str = "",
        user_agent: str = "",
        asking: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[httpx.Response]:
        """The answer for ``url``, after redirects if they are to be followed; body unread.

        ``referer`` is for the origin of ``url``: a redirect to another does not carry it along.
        ``asking`` are the headers that ask for a part, or for what has changed.

        Raises:
            Unfetched: there is no answer, or none that may be used.
        """
        start = target = vetted(absolute(without_fragment(url.strip())))
        headers = {
            "User-Agent": user_agent or self._user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            **asking,
        }
        page = _as_sent(referer)
        for _ in range(REDIRECTS + 1):
            origin = _origin(target)
            meant = {"Referer": page} if page and origin == _origin(start) else {}
            with self._politely(origin), self._sent(method, target, headers | meant) as response:
                if len(response.headers.raw) > FIELDS_LIMIT:
                    raise Unfetched(Reason.PROTOCOL, "the answer has too many headers")
                if not follow or response.status_code not in _REDIRECTING:
                    yield response
                    return
                target = _next(target, response)
        raise Unfetched(Reason.REDIRECT, f"more than {REDIRECTS} redirects, the last to {target}")

    @contextmanager
    def _politely(self, origin: str) -> Iterator[None]:
        self._manners.wait_turn(origin, self._deadline.left)
        try:
            yield
        except Unfetched as fault:
            fault.origin = origin
            if fault.after or fault.reason is Reason.RATE_LIMITED:
                self._manners.leave_in_peace(origin, fault.after)
            raise
        self._manners.answered(origin)

    @contextmanager
    def _sent(
        self, method: str, target: httpx.URL, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        request = httpx.Request(method, target, headers=headers)
        response = self._transport(target.host).handle_request(request)
        response.request = request
        try:
            yield response
        finally:
            _finish(response)

    def close(self) -> None:
        """Close every connection."""
        self._direct.close()
        if self._proxied:
            self._proxied.close()

    def _transport(self, host: str) -> GuardedTransport:
        own = any(exemption.names(host) for exemption in self._exemptions or ())
        return self._direct if own or not self._proxied else self._proxied


@lru_cache(maxsize=64)  # it is nearly always the front page of the host
def _as_sent(referer: str) -> str:
    """``referer`` as browsers write it: an IDNA host, everything else that is not ASCII escaped."""
    try:
        return str(httpx.URL(without_fragment(referer)))
    except (httpx.InvalidURL, ValueError) as error:
        raise Unfetched(Reason.BAD_URL, f"a Referer that is not an address: {error}") from error


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


def _finish(response: httpx.Response) -> None:
    """Close ``response``; a short body that nobody wanted is read, to keep the connection.

    What such an answer says of a length is of a body that does not come (RFC 9110, 8.6).
    """
    bodiless = response.status_code == NOT_MODIFIED or response.request.method == "HEAD"
    length = 0 if bodiless else declared_length(response)
    if not response.is_stream_consumed and length is not None and length <= _SHORT:
        with suppress(Unfetched):
            for _ in response.iter_raw():
                pass
    response.close()


def vetted(
    url: str, base: httpx.URL | None = None, reason: Reason = Reason.BAD_URL, prefix: str = ""
) -> httpx.URL:
    """``url``, seen from ``base``, as what can be requested.

    Raises:
        Unfetched: it cannot be; for ``reason``, in words that begin with ``prefix``.
    """
    if len(url) > URL_LIMIT:
        raise Unfetched(reason, f"{prefix}an address of {len(url)} characters")
    try:
        target = base.join(url) if base else httpx.URL(url)
        host, _ = target.host, target.raw_host  # read only now; "xn--" is no name
    except (httpx.InvalidURL, ValueError) as error:
        raise Unfetched(reason, f"{prefix}what is not an address: {error}") from error
    if target.scheme not in {"http", "https"}:
        raise Unfetched(reason, f"{prefix}an address that is not http(s): {target.scheme}:")
    if target.port is not None and not 0 < target.port < _PORTS:
        raise Unfetched(reason, f"{prefix}an address with the impossible port {target.port}")
    if not host:
        raise Unfetched(reason, f"{prefix}an address without a host")
    if target.userinfo:
        raise Unfetched(reason, f"{prefix}an address with a user name or password in it")
    return target


def _next(here: httpx.URL, response: httpx.Response) -> httpx.URL:
    location = without_fragment(response.headers.get("location", ""))
    if not location:
        raise Unfetched(Reason.REDIRECT, f"{here.host} redirects, but does not say where to")
    prefix = f"{here.host} redirects to "
    target = vetted(location, here, Reason.REDIRECT, prefix)
    if here.scheme == "https" and target.scheme == "http":
        raise Unfetched(Reason.REDIRECT, f"{prefix}{target.host} without encryption (http)")
    return target
