"""Talks S3: the one home of boto3, which finds credentials, and of botocore, which signs and sends.

Their client would cost twice the CPU for each image (docs/performance.md).
"""

import hashlib
import logging
import os
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any

from botocore.auth import UNSIGNED_PAYLOAD, S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, and used for nothing else here
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies, is_valid_uri
from urllib3.exceptions import HTTPError

from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.http_dates import http_date
from migrator.reasons import Reason
from migrator.uploader.addressing import root_of, url_of, url_to_list
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.credentials import check_variables, key_from
from migrator.uploader.documents import Page, error_in, page_in
from migrator.uploader.providers import Address

_CHUNK = 256 * 1024
_CONNECTIONS = 128  # more than there are workers; they are opened as needed
_TIMEOUTS = (10, 60)  # seconds: to connect; between two pieces of an answer
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a body's end may wait for 40 ms
_NOTHING = hashlib.sha256(b"").hexdigest()
_ERROR_SIZE = 64 * 1024
_PAGE_SIZE = 16 * 1024 * 1024  # a thousand keys of a kilobyte, each byte as three, and words
# Where the region may be what is wrong, if another one is named; an answer to HEAD has no code.
_ELSEWHERE = {301, 302, 307, 400}
_METHODS = {"LIST": "GET"}  # what is called otherwise than its method

# At lower levels botocore writes access keys and signatures into the log.
for _logger in map(logging.getLogger, ("boto3", "botocore", "urllib3")):
    _logger.setLevel(max(_logger.level, logging.WARNING))


@dataclass(frozen=True, slots=True)
class _Request:
    """``operation`` is a method, or LIST; ``sha256`` (hex) is the body's."""

    operation: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: BufferedIOBase | None = None
    sha256: str = _NOTHING


class _Signer(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        """What is known is not counted once more."""
        return str(request.context["payload"])


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
        check_variables(settings)
        if not is_valid_uri(address.endpoint):
            raise ConfigError(
                f"{address.table}.endpoint = {address.endpoint!r} cannot be used",
                f"correct it in [{address.table}]",
            )
        session = Session(profile=settings.profile or None)
        try:
            self._credentials = _credentials(session, settings, address)
            bundle = session.get_config_variable("ca_bundle")
        except ProfileNotFound as error:
            raise ConfigError(
                f"{address.table}.profile = {settings.profile!r} is not in ~/.aws",
                "correct the name, or run: aws configure --profile NAME",
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise self._trouble(error) from error
        options: dict[str, Any] = {  # of types that its stubs do not know
            "verify": bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True,
            "proxies": get_environ_proxies(address.endpoint),
            "timeout": _TIMEOUTS,
            "max_pool_connections": _CONNECTIONS,
            "socket_options": [_NO_DELAY],
        }
        self._http = URLLib3Session(**options)

    def head(self, key: str) -> Refusal | None:
        """Ask for what is known of an object; ``None`` where it is there."""
        return self._done(_Request("HEAD", url_of(self._root, key)))

    def get(self, key: str) -> AWSResponse | Refusal:
        """Ask for an object, whose bytes ``chunks`` then gives; else close its ``raw``."""
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

    def chunks(self, answer: AWSResponse) -> Generator[bytes, None, None]:
        """The bytes of an object that was got.

        Raises:
            StoreError: the connection broke.
        """
        promised, size = answer.headers.get("content-length"), 0
        with closing(answer.raw):
            try:
                while chunk := answer.raw.read(_CHUNK):
                    size += len(chunk)
                    yield chunk
            except HTTPError as error:
                raise self._trouble(error) from error
        if promised is not None and str(size) != promised:
            raise StoreError(
                Reason.STORE_UNAVAILABLE,
                f"{self._address.endpoint} broke off after {size} of {promised} bytes",
            )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _done(self, request: _Request) -> Refusal | None:
        answer = self._ask(request)
        if isinstance(answer, Refusal):
            return answer
        self._whole(answer, _ERROR_SIZE)
        return None

    def _ask(self, request: _Request) -> AWSResponse | Refusal:
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

    def _sent(self, request: _Request, region: str) -> AWSResponse | Refusal:
        method = _METHODS.get(request.operation, request.operation)
        signed = AWSRequest(method, request.url, {**request.headers, "User-Agent": "migrator"})
        with_body = self._address.provider.payload_signing == "on"
        signed.context["payload"] = request.sha256 if with_body else UNSIGNED_PAYLOAD
        try:
            frozen = self._credentials.get_frozen_credentials()
            _Signer(frozen, "s3", region).add_auth(signed)
            headers: Any = {name: value.encode() for name, value in signed.headers.items()}
            body: Any = request.body
            if body is not None:
                headers["Content-Length"] = str(body.seek(0, os.SEEK_END)).encode()
                body.seek(0)
            answer = self._http.send(
                AWSPreparedRequest(method, request.url, headers, body, stream_output=True)
            )
        except (BotoCoreError, ClientError) as error:
            raise self._trouble(error) from error
        if answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        return self._refusal(answer, request.operation)

    def _whole(self, answer: AWSResponse, limit: int) -> bytes:
        """Its body up to ``limit`` bytes; what is longer costs the connection, and is cut."""
        try:
            body: bytes = answer.raw.read(limit + 1)
        except HTTPError as error:
            raise self._trouble(error) from error
        if len(body) > limit:
            answer.raw.close()
        return body[:limit]

    def _refusal(self, answer: AWSResponse, operation: str) -> Refusal:
        said = error_in(self._whole(answer, _ERROR_SIZE))
        return Refusal(
            status=answer.status_code,
            code=said.get("Code", ""),
            message=said.get("Message", ""),
            clock=_ahead(answer.headers.get("date", "")),
            region=said.get("Region") or answer.headers.get("x-amz-bucket-region", ""),
            operation=operation,
        )

    def _trouble(self, error: Exception) -> Exception:
        """What to raise for ``error``, which is not an answer of the service."""
        endpoint, table = self._address.endpoint, self._address.table
        if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return StoreRefused(
                f"the certificate of {endpoint} is not to be trusted: {_last(error)}",
                f"look at endpoint in [{table}] and at the clock; for a certificate of your own, "
                "name its authority's file in AWS_CA_BUNDLE",
            )
        if isinstance(error, HTTPClientError | ConnectionError | HTTPError):
            return StoreError(
                Reason.STORE_UNAVAILABLE, f"{endpoint} cannot be reached: {_last(error)}"
            )
        return StoreRefused(
            f"there are no usable credentials for {endpoint}: {error}",
            f"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in [{table}]",
        )


def _credentials(session: Session, settings: StoreSettings, address: Address) -> Credentials:
    """Those that the settings name, else the first that boto3 finds; they may renew themselves.

    Raises: what boto3 raises, where there are none or half of them.
    """
    access = key_from("access_key_env", settings.access_key_env, address.table)
    secret = key_from("secret_key_env", settings.secret_key_env, address.table)
    if access and secret:
        return Credentials(access, secret)
    if access or secret:
        lacking = "secret_key_env" if access else "access_key_env"
        raise PartialCredentialsError(provider=address.table, cred_var=lacking)
    import boto3  # noqa: PLC0415 - with what it does besides it takes 60 ms to import

    found = boto3.session.Session(botocore_session=session).get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def _last(error: Exception) -> str:
    """The words of the innermost error, without what libraries put in front of them."""
    inner = getattr(error, "kwargs", {}).get("error", error)
    words = str(inner).rstrip(".").rpartition(": ")[2].rpartition("] ")[2]
    return words.removesuffix(")") if ")" in words and "(" not in words else words


def _ahead(date: str) -> float | None:
    """How many seconds the clock that wrote ``date`` is ahead of ours."""
    moment = http_date(date)
    return moment.timestamp() - time.time() if moment else None
