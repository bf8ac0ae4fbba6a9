"""What went wrong on the way to an answer, in our words."""

import socket
import ssl

from migrator.downloader.faults import Unfetched
from migrator.http1 import BrokenOff
from migrator.reasons import Reason


def of_connecting(error: Exception, where: str) -> Unfetched:
    """What an exception means that ended an attempt to connect to ``where``."""
    if isinstance(error, TimeoutError):
        return Unfetched(Reason.TIMEOUT, f"{where} does not answer")
    return Unfetched(Reason.CONNECT, f"{where}: {_words(error)}")


def of_tls(error: Exception, host: str) -> Unfetched:
    """What an exception means that ended a TLS handshake with ``host``."""
    if isinstance(error, TimeoutError):
        return Unfetched(Reason.TIMEOUT, f"{host} does not complete the TLS handshake")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unfetched(Reason.TLS, f"the certificate of {host}: {error.verify_message}")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or not isinstance(
        error, ssl.SSLError
    ):
        return Unfetched(Reason.CONNECT, f"{host} breaks off the TLS handshake")
    return Unfetched(Reason.TLS, f"{host} and we have no TLS in common: {_words(error)}")


def of_answer(error: Exception) -> Unfetched:
    """What an exception means that came instead of an answer."""
    if isinstance(error, TimeoutError):
        return Unfetched(Reason.TIMEOUT, "the host does not answer in time")
    if isinstance(error, OSError):
        return Unfetched(Reason.CONNECT, "the connection broke before an answer came")
    return Unfetched(Reason.PROTOCOL, _words(error))


def of_body(error: Exception) -> Unfetched:
    """What an exception means that broke off a body."""
    if isinstance(error, TimeoutError):
        return Unfetched(Reason.TIMEOUT, "the host stopped sending in the middle of the image")
    if isinstance(error, BrokenOff | OSError):
        return Unfetched(Reason.TRUNCATED, "the connection broke in the middle of the image")
    return Unfetched(Reason.PROTOCOL, _words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, socket.gaierror | OSError) and error.strerror:
        return error.strerror
    return str(error)
