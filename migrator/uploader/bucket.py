"""A bucket of an S3-compatible service as a store."""

import base64
import hashlib
import threading
from collections.abc import Generator, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from migrator.config.settings import StoreSettings
from migrator.errors import StoreRefused
from migrator.model import Asset
from migrator.uploader.answers import Refusal, is_denial, problem
from migrator.uploader.base import OWN, StoreError
from migrator.uploader.providers import address_of

if TYPE_CHECKING:
    from migrator.uploader.s3 import Connection

_UNSETTLED = {"ConditionalRequestConflict", "OperationAborted"}  # a 409 that says: ask again


class BucketStore:
    """Objects in one bucket; all threads share one connection pool, made at the first request."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._address = address_of(settings)
        self._lock = threading.Lock()
        self._connected: Connection | None = None
        endpoint = urlsplit(self._address.endpoint)
        bucket = f"{endpoint.netloc.lower()}{endpoint.path}/{self._address.bucket}"
        self.identity = f"s3:{bucket}/{settings.prefix.strip('/')}".rstrip("/")

    def check(self) -> None:
        """Ask for an object that is not there; what that cannot show, the first put will."""
        key = f"{self._settings.prefix.strip('/')}/.migrator-check".lstrip("/")
        try:
            answer = self._connection().ask("get_object", Key=key)
            if not isinstance(answer, Refusal):
                answer["Body"].close()
                raise StoreRefused(
                    f"{self._address.endpoint} is not an S3 service: it has what nobody stored",
                    "correct endpoint in [store]; it is not the address that readers use",
                )
            # Amazon and others deny a missing object to whoever may not list the bucket.
            if not (_is_missing(answer) or is_denial(answer)):
                raise problem(answer, self._address, key)
        except StoreError as error:
            raise StoreRefused(
                f"the store cannot be used: {error.detail}",
                "look at your connection, and at endpoint and region in [store]",
            ) from error

    def put_new(self, key: str, path: Path, asset: Asset, source: str) -> bool:
        """See ``Store.put_new``."""
        connection = self._connection()
        if self._address.provider.look_first and self._exists(key):
            return False
        optional = {
            "CacheControl": self._settings.cache_control,
            "ACL": self._settings.acl,
            "StorageClass": self._settings.storage_class,
        }
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False))
            file.seek(0)
            answer = connection.ask(
                "put_object",
                Key=key,
                Body=file,
                ContentMD5=base64.b64encode(digest.digest()).decode(),
                ContentType=asset.media_type,
                Metadata={"source-sha256": source},
                **{name: value for name, value in optional.items() if value},
            )
        if not isinstance(answer, Refusal):
            return True
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            return False
        if answer.status == HTTPStatus.CONFLICT and answer.code not in _UNSETTLED:
            return False
        unknown = answer.status == HTTPStatus.NOT_IMPLEMENTED and connection.create_only is not None
        if unknown and self._address.provider.look_first:
            connection.create_only = None  # looking first has to do
            return self.put_new(key, path, asset, source)
        raise problem(answer, self._address, key)

    def read(self, key: str) -> Generator[bytes, None, None]:
        """See ``Store.read``."""
        connection = self._connection()
        answer = connection.ask("get_object", Key=key)
        if isinstance(answer, Refusal):
            if _is_missing(answer):
                raise FileNotFoundError(key)
            raise problem(answer, self._address, key)
        yield from connection.chunks(answer["Body"])

    def delete(self, key: str) -> None:
        """See ``Store.delete``."""
        answer = self._connection().ask("delete_object", Key=key)
        if isinstance(answer, Refusal) and not _is_missing(answer):
            raise problem(answer, self._address, key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See ``Store.keys``."""
        prefix = prefix or f"{self._settings.prefix.strip('/')}/".lstrip("/")
        for page in self._connection().pages(prefix):
            if isinstance(page, Refusal):
                raise problem(page, self._address, prefix)
            for each in page.get("Contents", ()):
                if not each["Key"].rpartition("/")[2].startswith(OWN):
                    yield each["Key"]

    def public_url(self, key: str) -> str:
        """``key`` below the bucket's public address, the user's or the service's own."""
        return f"{self._address.public_url}/{quote(key)}"

    def close(self) -> None:
        """See ``Store.close``."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()

    def _exists(self, key: str) -> bool:
        answer = self._connection().ask("head_object", Key=key)
        if not isinstance(answer, Refusal):
            return True
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        raise problem(answer, self._address, key)

    def _connection(self) -> "Connection":
        with self._lock:
            if self._connected is None:
                # boto3 costs more time to import than the rest of a dry run takes
                from migrator.uploader.s3 import Connection  # noqa: PLC0415

                self._connected = Connection(self._settings, self._address)
            return self._connected


def _is_missing(answer: Refusal) -> bool:
    return answer.status == HTTPStatus.NOT_FOUND and answer.code != "NoSuchBucket"
