"""A bucket of an S3-compatible service as a store."""

import base64
import hashlib
import io
import threading
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from migrator.body import Body
from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.model import Asset
from migrator.uploader.addressing import is_usable
from migrator.uploader.answers import Refusal, is_denial, problem
from migrator.uploader.base import OWN, StoreError
from migrator.uploader.documents import Page
from migrator.uploader.providers import PRECONDITIONS, address_of
from migrator.uploader.vacancies import Vacancies

if TYPE_CHECKING:
    from migrator.uploader.s3 import Connection

_PROBE = b"Migrator sees with this object that uploads replace nothing here.\n"
_UNSETTLED = {"ConditionalRequestConflict", "OperationAborted"}  # a 409 that says: ask again
_PIECE = 256 * 1024


def _md5(body: io.BufferedIOBase) -> bytes:
    found = hashlib.md5(usedforsecurity=False)
    while piece := body.read(_PIECE):
        found.update(piece)
    return found.digest()


def _crc32(body: io.BufferedIOBase) -> bytes:
    found = 0
    while piece := body.read(_PIECE):
        found = zlib.crc32(piece, found)
    return found.to_bytes(4, "big")


# How a body is summed, by the name that store.checksums has: the header, and what it holds.
_CHECKSUMS = {"md5": ("Content-MD5", _md5), "crc32": ("x-amz-checksum-crc32", _crc32)}


class BucketStore:
    """Objects in one bucket; all threads share one connection pool, made at the first request.

    ``table`` is where the settings stand in the configuration; only ``store`` needs a public
    address. ``by_content``: see ``open_store``.

    Raises:
        ConfigError: a setting is missing or does not fit.
    """

    def __init__(
        self, settings: StoreSettings, *, table: str = "store", by_content: bool = False
    ) -> None:
        self._settings = settings
        self._address = address_of(settings, table)
        if not is_usable(self._address.endpoint):
            raise ConfigError(
                f"{table}.endpoint = {self._address.endpoint!r} cannot be used",
                f"correct it in [{table}]; names of hosts have letters, digits, hyphens and dots",
            )
        provider = self._address.provider
        self._precondition = PRECONDITIONS.get(provider.create_only)
        # whether the precondition keeps objects from being replaced; None: not known, look as well
        self._heeded = (provider.heeded or None) if self._precondition else False
        self._lock = threading.Lock()
        self._connected: Connection | None = None
        endpoint = urlsplit(self._address.endpoint)
        bucket = f"{endpoint.netloc.lower()}{endpoint.path}/{self._address.bucket}"
        self._prefix = f"{settings.prefix.strip('/')}/".lstrip("/")
        self._vacancies = Vacancies(self._prefix, self._pages) if by_content else None
        self.identity = f"s3:{bucket}/{self._prefix}".rstrip("/")

    @property
    def exclusive(self) -> bool:
        """See ``Store.exclusive``; a trial shows that it is heeded, but not that it is atomic."""
        return bool(self._address.provider.heeded and self._heeded)

    def check(self) -> None:
        """Ask for an object that is not there; what that cannot show, the first put will."""
        key = f"{self._prefix}{OWN}check"
        try:
            answer = self._connection().get(key)
            if not isinstance(answer, Refusal):
                answer.close()
                raise StoreRefused(
                    f"{self._address.endpoint} is not an S3 service: it has what nobody stored",
                    f"correct endpoint in [{self._address.table}]; "
                    "it is not the address that readers use",
                )
            # Amazon and others deny a missing object to whoever may not list the bucket.
            if not (_is_missing(answer) or is_denial(answer)):
                raise problem(answer, self._address, key)
        except StoreError as error:
            raise StoreRefused(
                f"the store cannot be used: {error.detail}",
                f"look at your connection, and at endpoint and region in [{self._address.table}]",
            ) from error

    def trial(self) -> bool | None:
        """Whether the service heeds a precondition on PUT, found out with a tiny object.

        ``None`` where that need not be asked, because the service is known to heed it; ``False``
        means that this store looks before each put, and that writers may race. The finding holds
        for ``trial_name``. It writes, so a dry run does not call it; the object stays, under a name
        that ``keys`` leaves out.

        Raises:
            StoreError: the service cannot say now; until it does, this store looks first as well.
            StoreRefused: it would refuse every image.
        """
        if self._address.provider.heeded:
            return None
        if self._precondition is None:
            return False
        self._heeded = self._is_heeded()
        return self._heeded

    def learn(self, earlier: Mapping[str, bool]) -> Mapping[str, bool]:
        """See ``Store.learn``."""
        if self._address.provider.heeded or self._precondition is None:
            return {}
        if self.trial_name in earlier:
            self._heeded = earlier[self.trial_name]
            return {}
        if self._vacancies and self._vacancies.are_known():  # then nobody needs to look
            return {}
        try:
            found = bool(self.trial())
        except StoreError:
            return {}
        with suppress(StoreError, StoreRefused):  # uploads need no right to delete
            self.delete(self.trial_key)
        return {self.trial_name: found}

    @property
    def trial_key(self) -> str:
        """Where ``trial`` leaves its object."""
        return f"{self._prefix}{OWN}probe"

    @property
    def trial_name(self) -> str:
        """What a finding of ``trial`` is about: the store, and how it was asked."""
        return f"{self.identity} {self._address.provider.create_only}"

    def put_new(self, key: str, body: Body, asset: Asset, source: str) -> bool:
        """See ``Store.put_new``."""
        is_free = self._heeded or (self._vacancies and self._vacancies.claim(key, asset))
        if not is_free and self._exists(key):
            return False
        optional = {
            "Cache-Control": self._settings.cache_control,
            "x-amz-acl": self._settings.acl,
            "x-amz-storage-class": self._settings.storage_class,
        }
        headers = {
            "Content-Type": asset.media_type,
            "x-amz-meta-source-sha256": source,
            **{name: value for name, value in optional.items() if value},
        }
        with body.open("rb") as file:
            created = self._create(key, file, asset.sha256, headers)
        if created is None:
            self._heeded = False
            return self.put_new(key, body, asset, source)
        return created

    def replace(self, key: str, content: bytes) -> None:
        """See ``Store.replace``."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"}
        refusal = self._put(key, io.BytesIO(content), _sha256(content), headers)
        if refusal:
            raise problem(refusal, self._address, key)

    def _is_heeded(self) -> bool:
        """Put the same object twice: the first put may find the one of an earlier trial."""
        for _ in range(2):
            created = self._create(
                self.trial_key, io.BytesIO(_PROBE), _sha256(_PROBE), {"Content-Type": "text/plain"}
            )
            if not created:
                return created is False
        return False

    def _create(
        self, key: str, body: io.BufferedIOBase, sha256: str, headers: Mapping[str, str]
    ) -> bool | None:
        """Put ``body`` with the precondition, unless that is known to be of no use.

        True if the object was made, False if one was there, ``None`` if the service does not know
        the precondition.
        """
        precondition = self._precondition if self._heeded is not False else None
        conditional = {**headers, **dict([precondition] if precondition else [])}
        refusal = self._put(key, body, sha256, conditional)
        if refusal is None:
            return True
        if refusal.status == HTTPStatus.PRECONDITION_FAILED:
            return False
        if refusal.status == HTTPStatus.CONFLICT and refusal.code not in _UNSETTLED:
            return False
        if precondition is not None and _is_unknown(refusal):
            return None
        raise problem(refusal, self._address, key)

    def _put(
        self, key: str, body: io.BufferedIOBase, sha256: str, headers: Mapping[str, str]
    ) -> Refusal | None:
        checksum = _CHECKSUMS.get(self._address.provider.checksums)
        if checksum:
            name, summed = checksum
            headers = {**headers, name: base64.b64encode(summed(body)).decode()}
        return self._connection().put(key, body, sha256, headers)

    def read(self, key: str) -> Generator[bytes, None, None]:
        """See ``Store.read``."""
        connection = self._connection()
        answer = connection.get(key)
        if isinstance(answer, Refusal):
            if _is_missing(answer):
                raise FileNotFoundError(key)
            raise problem(answer, self._address, key)
        yield from connection.chunks(answer)

    def delete(self, key: str) -> None:
        """See ``Store.delete``."""
        refusal = self._connection().delete(key)
        if refusal and not _is_missing(refusal):
            raise problem(refusal, self._address, key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See ``Store.keys``."""
        return (key for key, _ in self.sizes(prefix))

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """See ``Store.sizes``."""
        prefix = prefix or self._prefix
        for page in self._pages(prefix):
            if isinstance(page, Refusal):
                raise problem(page, self._address, prefix)
            for key, size in page.objects:
                if not key.rpartition("/")[2].startswith(OWN):
                    yield key, size

    def lost(self, key: str, size: int) -> bool:  # noqa: ARG002 - it is the protocol's
        """See ``Store.lost``."""
        return False

    def public_url(self, key: str) -> str | None:
        """``key`` below the bucket's public address, the user's or the service's own."""
        root = self._address.public_url
        return f"{root}/{quote(key)}" if root else None

    def close(self) -> None:
        """See ``Store.close``."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()

    def _pages(self, prefix: str) -> Iterator[Page | Refusal]:
        return self._connection().pages(prefix)

    def _exists(self, key: str) -> bool:
        refusal = self._connection().head(key)
        if refusal is None:
            return True
        if refusal.status == HTTPStatus.NOT_FOUND:
            return False
        raise problem(refusal, self._address, key)

    def _connection(self) -> "Connection":
        with self._lock:
            if self._connected is None:
                # HTTP and TLS cost more time to import than the rest of a dry run takes
                from migrator.uploader.s3 import Connection  # noqa: PLC0415

                self._connected = Connection(self._settings, self._address)
            return self._connected


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_missing(answer: Refusal) -> bool:
    return answer.status == HTTPStatus.NOT_FOUND and answer.code != "NoSuchBucket"


def _is_unknown(answer: Refusal) -> bool:
    """Whether the service says that it has not got what was asked for."""
    return answer.status == HTTPStatus.NOT_IMPLEMENTED or answer.code == "NotImplemented"
