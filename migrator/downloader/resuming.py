"""A body that broke off is gone on with, where what remains can be trusted to belong to it.

RFC 9110, sections 14 (ranges) and 13.1.5 (If-Range).
"""

from dataclasses import dataclass
from typing import Self

import httpx

from migrator.downloader.answers import check_status, declared_length
from migrator.downloader.faults import Unfetched
from migrator.downloader.spool import Draft
from migrator.http_dates import http_date
from migrator.reasons import Reason

WORTH_IT = 256 * 1024  # bytes received; less is sooner fetched again
_PARTIAL, _NO_SUCH_RANGE = 206, 416
# A file may change twice in one second, so a date is proof only some time later (RFC 9110,
# 8.8.2.2); clocks of one host may differ by so many seconds.
_SETTLED = 60


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of what a host serves: where, how large, and what it is recognized by."""

    url: str
    size: int
    field: str  # "etag" or "last-modified"
    value: str

    @classmethod
    def of(cls, response: httpx.Response) -> Self | None:
        """What ``response`` begins to give, if a part of it can be recognized later."""
        size, headers = declared_length(response), response.headers
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        if size is None:
            return None
        if etag.startswith('"'):  # W/"..." promises only something similar
            return cls(str(response.url), size, "etag", etag)
        ranges = headers.get("accept-ranges", "").strip().lower() == "bytes"
        if ranges and _is_settled(modified, headers.get("date", "")):
            return cls(str(response.url), size, "last-modified", modified)
        return None

    def goes_on(self, response: httpx.Response, at: int) -> bool:
        """Whether ``response`` is all that follows the first ``at`` bytes of this version."""
        headers = response.headers
        return (
            response.status_code == _PARTIAL
            and str(response.url) == self.url
            and headers.get("content-range") == f"bytes {at}-{self.size - 1}/{self.size}"
            and declared_length(response) == self.size - at
            and headers.get(self.field) == self.value
        )


class Resumption:
    """Decides, attempt by attempt, whether an answer goes on with a draft or begins it anew."""

    def __init__(self, image: Draft) -> None:
        self._image = image
        self._first: httpx.Response | None = None  # the answer whose body the draft begins with
        self._version: _Version | None = None  # what was asked for the rest of

    def headers(self) -> dict[str, str]:
        """What to ask for in the next attempt: nothing special, or only what is missing."""
        self._version = None
        if self._first and self._image.size >= WORTH_IT:
            version = _Version.of(self._first)
            if version and self._image.size < version.size:
                self._version = version
                return {"Range": f"bytes={self._image.size}-", "If-Range": version.value}
        return {}

    def begin(self, response: httpx.Response) -> None:
        """Make the draft ready for the body of ``response``, which answers such a request.

        Raises:
            Unfetched: the body is of no use.
        """
        version = self._version
        if version and version.goes_on(response, self._image.size):
            return
        if version and response.status_code in {_PARTIAL, _NO_SUCH_RANGE}:
            self._first = None
            raise Unfetched(Reason.PROTOCOL, f"{response.url.host} gives another part than asked")
        check_status(response)
        self._image.clear()
        self._first = response


def _is_settled(modified: str, date: str) -> bool:
    sent, changed = http_date(date), http_date(modified)
    return bool(sent and changed and (sent - changed).total_seconds() >= _SETTLED)
