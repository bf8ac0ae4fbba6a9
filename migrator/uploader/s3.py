"""Talks S3: the one home of boto3."""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from contextvars import ContextVar
from io import BufferedIOBase
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, and used for nothing else here
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    ProfileNotFound,
    SSLError,
)
from botocore.handlers import set_list_objects_encoding_type_url
from urllib3.exceptions import HTTPError

from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.http_dates import http_date
from migrator.reasons import Reason
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.credentials import check_variables, key_from
from migrator.uploader.providers import Address

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.response import StreamingBody

_CHUNK = 256 * 1024
_PRECONDITION: ContextVar[tuple[str, str] | None] = ContextVar("precondition", default=None)
_CONNECTIONS = 128  # more than there are workers; they are opened as needed

# At lower levels botocore writes access keys and signatures into the log.
for _logger in map(logging.getLogger, ("boto3", "botocore", "urllib3")):
    _logger.setLevel(max(_logger.level, logging.WARNING))


class Connection:
    """Requests to one bucket; safe to share between threads.

    Raises:
        ConfigError: the profile, an environment variable or the endpoint is not usable.
    """

    def __init__(self, settings: StoreSettings, address: Address) -> None:
        self._address = address
        provider = address.provider
        virtual = provider.addressing == "virtual" and not address.cname
        style: Literal["virtual", "path"] = "virtual" if virtual else "path"
        # Trailers in chunks, the default of boto3, are refused or stored by most services.
        when: Literal["when_supported", "when_required"] = (
            "when_supported" if provider.checksums == "crc32" else "when_required"
        )
        check_variables(settings)
        try:
            session = boto3.session.Session(profile_name=settings.profile or None)
            self._client = session.client(
                "s3",
                endpoint_url=address.endpoint,
                aws_access_key_id=key_from(
                    "access_key_env", settings.access_key_env, address.table
                ),
                aws_secret_access_key=key_from(
                    "secret_key_env", settings.secret_key_env, address.table
                ),
                config=Config(
                    region_name=address.region,
                    signature_version="s3v4",
                    request_checksum_calculation=when,
                    response_checksum_validation="when_required",  # we compare the bytes
                    s3={
                        "addressing_style": style,
                        "payload_signing_enabled": provider.payload_signing == "on",
                    },
                    user_agent="migrator",  # boto3's own is composed anew for every request
                    max_pool_connections=_CONNECTIONS,
                    connect_timeout=10,
                    read_timeout=60,
                    retries={"total_max_attempts": 1},  # who calls tries again
                ),
            )
        except ProfileNotFound as error:
            raise ConfigError(
                f"{address.table}.profile = {settings.profile!r} is not in ~/.aws",
                "correct the name, or run: aws configure --profile NAME",
            ) from error
        except ValueError as error:
            raise ConfigError(
                f"{address.table}.endpoint = {address.endpoint!r} or region = {address.region!r} "
                f"cannot be used: {error}",
                f"correct them in [{address.table}]",
            ) from error
        except BotoCoreError as error:
            raise self._trouble(error) from error
        self._client.meta.events.register("before-sign.s3.PutObject", _shape_put)
        if address.cname:
            self._client.meta.events.register("before-sign.s3", self._leave_bucket_out)
        if provider.list_encoding == "plain":
            for operation in ("ListObjects", "ListObjectsV2"):
                self._client.meta.events.unregister(
                    f"before-parameter-build.s3.{operation}", set_list_objects_encoding_type_url
                )

    def ask(self, operation: str, **parameters: Any) -> Any:
        """boto3's answer to ``operation`` on the bucket, or a ``Refusal``.

        Raises:
            StoreError: the service could not be reached.
            StoreRefused: there are no credentials, or its certificate is not to be trusted.
            ConfigError: the bucket's name is longer than one can be.
        """
        try:
            return getattr(self._client, operation)(Bucket=self._address.bucket, **parameters)
        except ClientError as error:
            return _refusal(error.response, operation)
        except BotoCoreError as error:
            raise self._trouble(error) from error

    def put(
        self, key: str, body: BufferedIOBase, precondition: tuple[str, str] | None, **headers: Any
    ) -> Any:
        """``ask`` to put an object; ``precondition`` is one more header and its value."""
        _PRECONDITION.set(precondition)
        return self.ask("put_object", Key=key, Body=body, **headers)

    def pages(self, prefix: str) -> Iterator[Any]:
        """boto3's answers that list the keys beginning with ``prefix``; the last may be a refusal.

        Raises: as ``ask`` does.
        """
        first = self._address.provider.listing == "v1"
        operation = "list_objects" if first else "list_objects_v2"
        position: dict[str, str] = {}
        while True:
            page = self.ask(operation, Prefix=prefix, **position)
            yield page
            if isinstance(page, Refusal) or not page.get("IsTruncated"):
                return
            before, position = position, _next(page, first=first)
            if position == before:
                raise StoreError(
                    Reason.STORE_UNAVAILABLE,
                    f"{self._address.endpoint} lists the same objects again and again; "
                    f'write list_encoding = "plain" or listing = "v1" into [{self._address.table}]',
                )

    def chunks(self, body: "StreamingBody") -> Generator[bytes, None, None]:
        """The bytes of an answer's body.

        Raises:
            StoreError: the connection broke.
        """
        with closing(body):
            try:
                yield from body.iter_chunks(_CHUNK)
            except (BotoCoreError, HTTPError) as error:
                raise self._trouble(error) from error

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _leave_bucket_out(self, request: "AWSRequest", **_event: object) -> None:
        """The host is the bucket, which botocore puts into the path; the signature comes later."""
        parts = urlsplit(str(request.url))
        root = urlsplit(self._address.endpoint).path
        path = root + parts.path.removeprefix(f"{root}/{self._address.bucket}")
        request.url = urlunsplit(parts._replace(path=path or "/"))

    def _trouble(self, error: Exception) -> Exception:
        """What to raise for ``error``, which is not an answer of the service."""
        endpoint, table = self._address.endpoint, self._address.table
        if isinstance(error, ParamValidationError):
            return ConfigError(
                f"{table}.bucket = {self._address.bucket!r} is not a name for a bucket",
                f"correct it in [{table}]",
            )
        if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return StoreRefused(
                f"the certificate of {endpoint} is not to be trusted: {_last(error)}",
                f"look at endpoint in [{table}] and at the clock; for a certificate of your own, "
                "name its authority's file in AWS_CA_BUNDLE",
            )
        reachable = (HTTPClientError, ConnectionError, IncompleteReadError, HTTPError)
        if isinstance(error, reachable):
            return StoreError(
                Reason.STORE_UNAVAILABLE, f"{endpoint} cannot be reached: {_last(error)}"
            )
        return StoreRefused(
            f"there are no usable credentials for {endpoint}: {error}",
            f"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in [{table}]",
        )


def _last(error: Exception) -> str:
    """The words of the innermost error, without what libraries put in front of them."""
    inner = getattr(error, "kwargs", {}).get("error", error)
    words = str(inner).rstrip(".").rpartition(": ")[2].rpartition("] ")[2]
    return words.removesuffix(")") if ")" in words and "(" not in words else words


def _shape_put(request: "AWSRequest", **_event: object) -> None:
    """What is added here is signed like the other headers."""
    if precondition := _PRECONDITION.get():
        name, value = precondition
        request.headers[name] = value
    # costs a round trip, and some services answer it late
    del request.headers["Expect"]


def _next(page: Any, *, first: bool) -> dict[str, str]:
    """What to ask for the page after ``page`` with; without a delimiter v1 names no marker."""
    if not first:
        return {"ContinuationToken": page["NextContinuationToken"]}
    return {"Marker": page.get("NextMarker") or page["Contents"][-1]["Key"]}


def _refusal(response: Any, operation: str) -> Refusal:
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    return Refusal(
        status=metadata.get("HTTPStatusCode", 0),
        # an answer to HEAD has no body, and then the status stands here
        code="" if (code := str(error.get("Code", ""))).isdigit() else code,
        message=str(error.get("Message", "")),
        clock=_ahead(headers.get("date", "")),
        region=str(error.get("Region") or headers.get("x-amz-bucket-region", "")),
        operation=operation,
    )


def _ahead(date: str) -> float | None:
    """How many seconds the clock that wrote ``date`` is ahead of ours."""
    moment = http_date(date)
    return moment.timestamp() - time.time() if moment else None
