"""Talks S3: the one home of boto3."""

import email.utils
import logging
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

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
from urllib3.exceptions import HTTPError

from migrator.config.settings import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.reasons import Reason
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.providers import Address

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.response import StreamingBody

_CHUNK = 256 * 1024
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
        self.create_only = address.provider.create_only
        style: Literal["virtual", "path"] = "virtual" if address.provider.virtual_host else "path"
        try:
            session = boto3.session.Session(profile_name=settings.profile or None)
            self._client = session.client(
                "s3",
                endpoint_url=address.endpoint,
                aws_access_key_id=_from_environment("access_key_env", settings.access_key_env),
                aws_secret_access_key=_from_environment("secret_key_env", settings.secret_key_env),
                config=Config(
                    region_name=address.region,
                    signature_version="s3v4",
                    # the chunked trailers of the default are refused or stored by other services
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={"addressing_style": style, "payload_signing_enabled": True},
                    user_agent="migrator",  # boto3's own is composed anew for every request
                    max_pool_connections=_CONNECTIONS,
                    connect_timeout=10,
                    read_timeout=60,
                    retries={"total_max_attempts": 1},  # who calls tries again
                ),
            )
        except ProfileNotFound as error:
            raise ConfigError(
                f"store.profile = {settings.profile!r} is not in ~/.aws",
                "correct the name, or run: aws configure --profile NAME",
            ) from error
        except ValueError as error:
            raise ConfigError(
                f"store.endpoint = {address.endpoint!r} or store.region = {address.region!r} "
                f"cannot be used: {error}",
                "correct them in [store]",
            ) from error
        except BotoCoreError as error:
            raise self._trouble(error) from error
        self._client.meta.events.register("before-sign.s3.PutObject", self._shape_put)

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
            return _refusal(error.response)
        except BotoCoreError as error:
            raise self._trouble(error) from error

    def pages(self, prefix: str) -> Iterator[Any]:
        """boto3's answers that list the keys beginning with ``prefix``; the last may be a refusal.

        Raises: as ``ask`` does.
        """
        position: dict[str, str] = {}
        while True:
            page = self.ask("list_objects_v2", Prefix=prefix, **position)
            yield page
            if isinstance(page, Refusal) or not page.get("IsTruncated"):
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}

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

    def _shape_put(self, request: "AWSRequest", **_event: object) -> None:
        """What is added here is signed like the other headers."""
        if self.create_only is not None:
            name, value = self.create_only
            request.headers[name] = value
        # costs a round trip, and some services answer it late
        del request.headers["Expect"]

    def _trouble(self, error: Exception) -> Exception:
        """What to raise for ``error``, which is not an answer of the service."""
        endpoint = self._address.endpoint
        if isinstance(error, ParamValidationError):
            return ConfigError(
                f"store.bucket = {self._address.bucket!r} is not a name for a bucket",
                "correct it in [store]",
            )
        if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return StoreRefused(
                f"the certificate of {endpoint} is not to be trusted: {_last(error)}",
                "look at endpoint in [store] and at the clock; for a certificate of your own, "
                "name its authority's file in AWS_CA_BUNDLE",
            )
        reachable = (HTTPClientError, ConnectionError, IncompleteReadError, HTTPError)
        if isinstance(error, reachable):
            return StoreError(
                Reason.STORE_UNAVAILABLE, f"{endpoint} cannot be reached: {_last(error)}"
            )
        return StoreRefused(
            f"there are no usable credentials for {endpoint}: {error}",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in [store]",
        )


def _last(error: Exception) -> str:
    """The words of the innermost error, without what libraries put in front of them."""
    inner = getattr(error, "kwargs", {}).get("error", error)
    return str(inner).rstrip(".").rpartition(": ")[2].rpartition("] ")[2]


def _from_environment(setting: str, name: str) -> str | None:
    if not name:
        return None
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"store.{setting} names the environment variable {name}, which is not set",
            f"set {name}, or correct store.{setting}",
        )
    return value


def _refusal(response: Any) -> Refusal:
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    return Refusal(
        status=metadata.get("HTTPStatusCode", 0),
        # an answer to HEAD has no body, and then the status stands here
        code="" if (code := str(error.get("Code", ""))).isdigit() else code,
        message=str(error.get("Message", "")),
        clock=_ahead(headers.get("date", "")),
        region=str(error.get("Region") or headers.get("x-amz-bucket-region", "")),
    )


def _ahead(date: str) -> float | None:
    """How many seconds the clock that wrote ``date`` is ahead of ours."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return None
