"""What an answer says before its body: whether it is worth reading."""

import httpx

from migrator.downloader.faults import Unfetched
from migrator.downloader.patience import retry_after
from migrator.reasons import Reason
from migrator.served import Version

NOT_MODIFIED = 304
_OK = 200
_LONGEST = 1024  # characters of an ETag that are worth keeping
_REASONS = {
    401: Reason.FORBIDDEN,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    408: Reason.TIMEOUT,
    410: Reason.GONE,
    425: Reason.RATE_LIMITED,
    429: Reason.RATE_LIMITED,
}


def check_status(response: httpx.Response) -> None:
    """Only 200 is an image.

    Raises:
        Unfetched: with the time to wait, if the host asks for one.
    """
    status = response.status_code
    if status == _OK:
        return
    reason = _REASONS.get(status, Reason.HTTP_STATUS)
    if status // 100 == 5:  # noqa: PLR2004 - 5xx
        reason = Reason.SERVER_ERROR
    after = retry_after(response.headers.get("retry-after", "")) if reason.retry else None
    asks = f", asks to wait {after:.0f} seconds" if after else ""
    raise Unfetched(reason, f"{response.url.host} answers {status}{asks}", after=after)


def check_framing(response: httpx.Response, max_bytes: int) -> bool:
    """Whether the end of the body can be told from a broken connection.

    Raises:
        Unfetched: the body is compressed, too large or of unclear length.
    """
    headers = response.headers
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Unfetched(Reason.ENCODING, f"Content-Encoding: {encoding[:40]!r}")
    chunked = "transfer-encoding" in headers
    length = declared_length(response)
    if chunked and "content-length" in headers:
        # RFC 9112, 6.3: ought to be handled as an error.
        raise Unfetched(Reason.PROTOCOL, "the answer gives two different lengths")
    if length is not None and length > max_bytes:
        raise too_large(max_bytes)
    return chunked or length is not None


def declared_length(response: httpx.Response) -> int | None:
    """Content-Length in bytes, ``None`` if there is none to speak of."""
    value = response.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None  # noqa: PLR2004 - 64 bits


def version_of(response: httpx.Response) -> Version:
    """By what the host will tell whether what it gives has changed."""
    named = (response.headers.get(name, "") for name in ("etag", "last-modified"))
    return Version(*(value if len(value) <= _LONGEST else "" for value in named))


def too_large(max_bytes: int) -> Unfetched:
    """The fault of a body that is larger than the limit."""
    return Unfetched(
        Reason.TOO_LARGE,
        f"more than {max_bytes} bytes; to take it all the same: migrator accept URL, "
        "or a larger max_bytes under [download]",
    )
