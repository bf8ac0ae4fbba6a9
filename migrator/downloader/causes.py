"""What the exceptions of five libraries mean, in our words."""

import socket
import ssl

import httpcore

from migrator.downloader.faults import Unfetched
from migrator.reasons import Reason


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
