"""Why a fetch did not succeed, in our words instead of five libraries'."""

import socket
import ssl

import httpcore

from migrator.model import Asset, Failed, Held
from migrator.reasons import Reason
from migrator.redact import redact

_HELD = frozenset(
    {
        Reason.TOO_LARGE,
        Reason.SVG,
        Reason.TOO_MANY_PIXELS,
        Reason.TINY,
        Reason.SUSPICIOUS,
        Reason.UNCHECKED,
    }
)


class Unfetched(Exception):
    """One image was not fetched. Stays inside this package: callers get values.

    ``again`` is whether the same request is worth repeating within this run, ``after`` the seconds
    the host asked for, ``origin`` (``SCHEME://HOST[:PORT]``) whom we were talking to.
    ``asset`` is the image that is held, if it was fetched. ``cause`` is the reason, or what is
    behind it: why a host that is not asked any more was given up.
    """

    def __init__(
        self, reason: Reason, detail: str, *, again: bool | None = None, after: float | None = None
    ) -> None:
        super().__init__(reason, detail)  # all of it, so that it can be pickled
        self.reason = reason
        self.detail = redact(detail)
        self.again = reason.retry if again is None else again
        self.after = after
        self.asset: Asset | None = None
        self.origin = ""
        self.cause = reason

    def __str__(self) -> str:
        return self.detail

    @property
    def held(self) -> bool:
        """Whether the user's word would do."""
        return self.reason in _HELD

    def outcome(self, url: str) -> Held | Failed:
        """The value that stands for this."""
        if self.held:
            return Held(url, self.reason, self.detail, self.asset)
        return Failed(url, self.reason, self.detail)


def of_connecting(error: Exception, where: str) -> Unfetched:
    """What an exception means that ended an attempt to connect to ``where``."""
    cause = error.__cause__ or error
    if isinstance(error, httpcore.TimeoutException):
        return Unfetched(Reason.TIMEOUT, f"{where} does not answer")
    return Unfetched(Reason.CONNECT, f"{where}: {_words(cause)}")


def of_tls(error: Exception, host: str) -> Unfetched:
    """What an exception means that ended a TLS handshake with ``host``."""
    cause = error.__cause__ or error
    if isinstance(error, httpcore.TimeoutException):
        return Unfetched(Reason.TIMEOUT, f"{host} does not complete the TLS handshake")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unfetched(Reason.TLS, f"the certificate of {host}: {cause.verify_message}")
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError) or not isinstance(
        cause, ssl.SSLError
    ):
        return Unfetched(Reason.CONNECT, f"{host} breaks off the TLS handshake")
    return Unfetched(Reason.TLS, f"{host} and we have no TLS in common: {_words(cause)}")


def of_answer(error: Exception) -> Unfetched:
    """What an exception means that came instead of an answer."""
    if isinstance(error, httpcore.TimeoutException):
        return Unfetched(Reason.TIMEOUT, "the host does not answer in time")
    if isinstance(error, httpcore.NetworkError):
        return Unfetched(Reason.CONNECT, "the connection broke before an answer came")
    if isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol):
        return Unfetched(Reason.BAD_URL, _words(error))
    return Unfetched(Reason.PROTOCOL, _words(error))


def of_body(error: Exception, *, ended: bool) -> Unfetched:
    """What an exception means that broke off a body; ``ended`` if the host had hung up."""
    if isinstance(error, httpcore.TimeoutException):
        return Unfetched(Reason.TIMEOUT, "the host stopped sending in the middle of the image")
    if ended or isinstance(error, httpcore.NetworkError):
        return Unfetched(Reason.TRUNCATED, "the connection broke in the middle of the image")
    return Unfetched(Reason.PROTOCOL, _words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, socket.gaierror | OSError) and error.strerror:
        return error.strerror
    return str(error)
