"""Talks S3: the few requests to a bucket that are needed here."""

import hashlib
import os
import ssl
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from io import BufferedIOBase
from urllib.parse import urlsplit

from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.http1 import FAILURES, Answer
from migrator.http_dates import http_date
from migrator.reasons import Reason
from migrator.uploader.access import Access
from migrator.uploader.addressing import host_of, root_of, url_of, url_to_list
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.connections import Connections, Proxy
from migrator.uploader.documents import Page, error_in, page_in
from migrator.uploader.providers import Address
from migrator.uploader.signing import UNSIGNED, signed

_TIMEOUTS = (10, 60)  # seconds: to connect; between two pieces of an answer
_NOTHING = hashlib.sha256(b"").hexdigest()
_ERROR_SIZE = 64 * 1024
_PAGE_SIZE = 16 * 1024 * 1024  # a thousand keys of a kilobyte, each byte as three, and words
# Where the region may be what is wrong, if another one is named; an answer to HEAD has no code.
_ELSEWHERE = {301, 302, 307, 400}
_METHODS = {"LIST": "GET"}  # what is called otherwise than its method


@dataclass(frozen=True, slots=True)
class _Request:
    """``operation`` is a method, or LIST; ``sha256`` (hex) is the body's."""

    operation: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: BufferedIOBase | None = None
    sha256: str = _NOTHING


class Connection:
    """Requests to one bucket; safe to share between threads. None is sent again after a failure.

    Every request raises:
        StoreError: the service could not be reached.
        StoreRefused: there are no credentials, or its certificate is not to be trusted.

    Raises:
        ConfigError: the profile, an environment variable or the endpoint is not usable.
    """

    def __init__(self, settings: StoreSettings, address: Address) -> None:
        self._address = address
        self._region = address.region
        self._root = root_of(address)
        self._host = host_of(self._root)
        self._access = Access(settings, address.endpoint, address.table)
        endpoint = urlsplit(address.endpoint)
        try:
            proxy = Proxy.for_host(endpoint.scheme, endpoint.netloc)
        except ValueError as error:
            raise ConfigError(
                f"the proxy for {endpoint.scheme} cannot be used here: {error}",
                "write for example http://127.0.0.1:7890 into "
                f"{endpoint.scheme.upper()}_PROXY, or the host of the service into NO_PROXY",
            ) from None  # urlsplit tells what may be a part of a password
        self._connections = Connections(self._root, proxy, self._access.trusted, _TIMEOUTS)

    def head(self, key: str) -> Refusal | None:
        """Ask for what is known of an object; ``None`` where it is there."""
        return self._done(_Request("HEAD", url_of(self._root, key)))

    def get(self, key: str) -> Answer | Refusal:
        """Ask for an object, whose bytes ``chunks`` then gives; else close it."""
        return self._ask(_Request("GET", url_of(self._root, key)))

    def put(
        self, key: str, body: BufferedIOBase, sha256: str, headers: Mapping[str, str]
    ) -> Refusal | None:
        """Put an object; ``sha256`` (hex) is its body's. ``None`` if that was done."""
        return self._done(_Request("PUT", url_of(self._root, key), headers, body, sha256))

    def delete(self, key: str) -> Refusal | None:
        """Delete an object; ``None`` if that was done."""
        return self._done(_Request("DELETE", url_of(self._root, key)))

    def pages(self, prefix: str) -> Iterator[Page | Refusal]:
        """A list of the keys that begin with ``prefix``; the last part may be a refusal.

        Raises:
            StoreError: also where the list cannot be read, or has no end.
        """
        provider = self._address.provider
        query = {"prefix": prefix}
        if provider.listing == "v2":
            query["list-type"] = "2"
        if provider.list_encoding == "url":
            query["encoding-type"] = "url"
        onward: Mapping[str, str] = {}
        while True:
            url = url_to_list(self._root, {**query, **onward})
            answer = self._ask(_Request("LIST", url))
            if isinstance(answer, Refusal):
                yield answer
                return
            try:
                page = page_in(self._whole(answer, _PAGE_SIZE), provider)
            except ValueError as error:
                raise StoreError(
                    Reason.STORE_UNAVAILABLE, f"{self._address.endpoint} answers with no list"
                ) from error
            yield page
            if not page.onward:
                return
            before, onward = onward, page.onward
            if onward == before:
                raise StoreError(
                    Reason.STORE_UNAVAILABLE,
                    f"{self._address.endpoint} lists the same objects again and again; "
                    f'write list_encoding = "plain" or listing = "v1" into [{self._address.table}]',
                )

    def chunks(self, answer: Answer) -> Generator[bytes, None, None]:
        """The bytes of an object that was got.

        Raises:
            StoreError: the connection broke.
        """
        with closing(answer):
            try:
                yield from answer.pieces()
            except FAILURES as error:
                raise self._trouble(error) from error

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    def _done(self, request: _Request) -> Refusal | None:
        answer = self._ask(request)
        if isinstance(answer, Refusal):
            return answer
        self._whole(answer, _ERROR_SIZE)
        return None

    def _ask(self, request: _Request) -> Answer | Refusal:
        """The answer, of which the body was not read, or a refusal.

        A service that names another region than ours is asked once more, where it is, with that.
        """
        region = self._region
        answer = self._sent(request, region)
        if not isinstance(answer, Refusal) or answer.status not in _ELSEWHERE:
            return answer
        if answer.region in ("", region):
            return answer
        self._region = answer.region
        return self._sent(request, answer.region)

    def _sent(self, request: _Request, region: str) -> Answer | Refusal:
        method = _METHODS.get(request.operation, request.operation)
        url, body = urlsplit(request.url), request.body
        with_body = self._address.provider.payload_signing == "on"
        headers = signed(
            method,
            url.path,
            url.query,
            {"Host": self._host, **request.headers},
            request.sha256 if with_body else UNSIGNED,
            self._access.keys(),
            region,
            datetime.now(UTC),
        )
        headers |= {"user-agent": "migrator", "accept-encoding": "identity"}
        if body is not None:
            headers["content-length"] = str(body.seek(0, os.SEEK_END))
            body.seek(0)
        try:
            answer = self._connections.ask(method, request.url, headers, body)
        except FAILURES as error:
            raise self._trouble(error) from error
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        return self._refusal(answer, request.operation)

    def _whole(self, answer: Answer, limit: int) -> bytes:
        """Its body up to ``limit`` bytes; what is longer costs the connection, and is cut."""
        with closing(answer):
            try:
                return answer.read(limit)
            except FAILURES as error:
                raise self._trouble(error) from error

    def _refusal(self, answer: Answer, operation: str) -> Refusal:
        said = error_in(self._whole(answer, _ERROR_SIZE))
        return Refusal(
            status=answer.status,
            code=said.get("Code", ""),
            message=said.get("Message", ""),
            clock=_ahead(answer.headers.get("date", "")),
            region=said.get("Region") or answer.headers.get("x-amz-bucket-region", ""),
            operation=operation,
        )

    def _trouble(self, error: Exception) -> StoreError | StoreRefused:
        """What to raise for ``error``, which is not an answer of the service."""
        endpoint, table = self._address.endpoint, self._address.table
        if isinstance(error, ssl.SSLCertVerificationError):
            return StoreRefused(
                f"the certificate of {endpoint} is not to be trusted: {error.verify_message}",
                f"look at endpoint in [{table}] and at the clock; for a certificate of your own, "
                "name its authority's file in AWS_CA_BUNDLE",
            )
        return StoreError(
            Reason.STORE_UNAVAILABLE, f"{endpoint} cannot be reached: {_words(error)}"
        )


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _ahead(date: str) -> float | None:
    """How many seconds the clock that wrote ``date`` is ahead of ours."""
    moment = http_date(date)
    return moment.timestamp() - time.time() if moment else None
