"""Fetch an image into the spool: complete, identified, and never from where it must not come."""

import hashlib
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

from migrator import urls
from migrator.config.settings import DownloadSettings, RouteSettings, SafetySettings
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.answers import check_framing, check_status, declared_length, too_large
from migrator.downloader.client import HostClient
from migrator.downloader.faults import Unfetched
from migrator.downloader.inspection import Inspector
from migrator.downloader.patience import patiently
from migrator.downloader.routes import LocalFile, Routes
from migrator.downloader.spool import draft
from migrator.downloader.transport import shared_tls
from migrator.downloader.wire import Deadline
from migrator.model import Failed, Fetched, Held, PublicAnswer
from migrator.reasons import Reason

_CHUNK = 64 * 1024
_OK = 200

_Result = TypeVar("_Result")


class Downloader:
    """Fetches images for one thread.

    Whatever happens for one image, its retries and the waits between them included, ends within
    ``settings.timeout`` seconds. ``spool`` is where fetched images stand until callers delete them;
    ``root`` is the site's folder, which routes may name folders of. ``accepted`` is what the user
    has let through (see `Inspector`).

    Raises:
        ConfigError: a route or an exemption cannot be understood.
    """

    def __init__(  # noqa: PLR0913 - three of them are seams for tests
        self,
        settings: DownloadSettings,
        safety: SafetySettings,
        routes: Sequence[RouteSettings],
        *,
        spool: Path,
        root: Path,
        accepted: Collection[str] = frozenset(),
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._routes = Routes(routes, root)
        self._spool = spool
        self._inspector = Inspector(safety, accepted)
        self._sleep = sleep
        self._deadline = Deadline(now)
        tls = tls or shared_tls()
        exemptions = parse_exemptions(safety.allow_private)
        self._images = HostClient(settings.user_agent, exemptions, tls, self._deadline)
        # The user chose the store, so its public address may be anywhere.
        self._store = HostClient(settings.user_agent, None, tls, self._deadline)

    def fetch(self, url: str) -> Fetched | Held | Failed:
        """The image behind ``url``, in the spool, or why it is not there.

        Raises:
            EnvironmentProblem: the spool cannot be written to.
        """
        try:
            source = self._routes.source(url)
            if isinstance(source, LocalFile):
                return self._copy(url, source)
            return self._patiently(lambda: self._download(url, source))
        except Unfetched as fault:
            return fault.outcome(url)

    def size(self, url: str) -> int | None:
        """The size in bytes that the host names when asked without fetching, if it does."""
        self._deadline.start(self._settings.timeout)
        try:
            source = self._routes.source(url)
            if isinstance(source, LocalFile):
                return source.path.stat().st_size
            with self._images.ask(source, method="HEAD") as response:
                response.read()
                return declared_length(response) if response.status_code == _OK else None
        except (Unfetched, OSError):
            return None

    def public_answer(self, url: str) -> PublicAnswer:
        """What an anonymous reader gets at ``url``, a public address of the user's own store.

        Redirects are not followed; addresses are not vetted, for the user named this one.
        """
        try:
            return self._patiently(lambda: self._read_back(url))
        except Unfetched as fault:
            return PublicAnswer(0, error=f"{fault.reason.words}: {fault.detail}")

    def host(self, url: str) -> str:
        """The host that would be asked for the image, after routes; empty for a file."""
        try:
            source = self._routes.source(url)
        except Unfetched:
            return ""
        return "" if isinstance(source, LocalFile) else urls.host(source) or ""

    def close(self) -> None:
        """Close every connection."""
        self._images.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _patiently(self, attempt: Callable[[], _Result]) -> _Result:
        self._deadline.start(self._settings.timeout)
        return patiently(
            attempt, retries=self._settings.retries, left=self._deadline.left, sleep=self._sleep
        )

    def _download(self, url: str, source: str) -> Fetched | Held:
        with self._images.ask(source) as response:
            check_status(response)
            delimited = check_framing(response, self._limit(url))
            body = response.iter_raw()
            return self._take(url, body, source, str(response.url), delimited=delimited)

    def _copy(self, url: str, source: LocalFile) -> Fetched | Held:
        try:
            file = source.path.open("rb")
        except OSError as error:
            raise Unfetched(Reason.SOURCE_MISSING, f"{source.name}: {error.strerror}") from error
        with file:
            pieces = iter(lambda: file.read(_CHUNK), b"")
            return self._take(url, pieces, source.name, source.name, delimited=True)

    def _take(
        self, url: str, pieces: Iterable[bytes], source: str, final_url: str, *, delimited: bool
    ) -> Fetched | Held:
        with draft(self._spool) as image:
            for piece in _limited(pieces, self._limit(url)):
                image.write(piece)
            asset = self._inspector.inspect(url, image, delimited=delimited)
            return Fetched(asset, image.keep(), source, final_url)

    def _limit(self, url: str) -> int:
        return self._inspector.limit_for(url, self._settings.max_bytes)

    def _read_back(self, url: str) -> PublicAnswer:
        with self._store.ask(url, follow=False) as response:
            status = response.status_code
            content_type = response.headers.get("content-type", "")
            disposition = response.headers.get("content-disposition", "")
            if status != _OK:
                return PublicAnswer(status, "", 0, content_type, disposition)
            check_framing(response, self._settings.max_bytes)
            digest = hashlib.sha256()
            size = 0
            for piece in _limited(response.iter_raw(), self._settings.max_bytes):
                digest.update(piece)
                size += len(piece)
            return PublicAnswer(status, digest.hexdigest(), size, content_type, disposition)


def _limited(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise too_large(max_bytes)
        yield piece
