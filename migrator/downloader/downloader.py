"""Fetch an image into the spool: complete, identified, and never from where it must not come."""

import ssl
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Self

from migrator import urls
from migrator.config.settings import DownloadSettings, RouteSettings, SafetySettings
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.faults import Unfetched
from migrator.downloader.inspection import Inspector
from migrator.downloader.manners import Manners
from migrator.downloader.receiving import Receiver
from migrator.downloader.routes import LocalFile, Routes
from migrator.downloader.transport import shared_tls
from migrator.downloader.wire import Deadline
from migrator.model import Asset, Failed, Fetched, Held, PublicAnswer
from migrator.reasons import Reason

_CHUNK = 64 * 1024


class Downloader:
    """Fetches images for one thread.

    Whatever happens for one image, its retries and the waits between them included, ends within
    ``settings.timeout`` seconds. ``spool`` is where fetched images stand until callers delete them;
    ``root`` is the site's folder, which routes may name folders of. ``accepted`` is what the user
    has let through (see `Inspector`). Threads must share ``manners``.

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
        manners: Manners | None = None,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = settings.timeout
        self._routes = Routes(routes, root)
        self._deadline = Deadline(now)
        self._receiver = Receiver(
            settings,
            parse_exemptions(safety.allow_private),
            Inspector(safety, accepted),
            spool=spool,
            deadline=self._deadline,
            manners=manners or Manners(),
            tls=tls or shared_tls(),
            sleep=sleep,
        )

    def fetch(self, url: str) -> Fetched | Held | Failed:
        """The image behind ``url``, in the spool, or why it is not there.

        Raises:
            EnvironmentProblem: the spool cannot be written to.
        """
        self._deadline.start(self._timeout)
        try:
            source = self._routes.source(url)
            if isinstance(source, LocalFile):
                return self._copy(url, source)
            return self._receiver.fetch(url, source)
        except Unfetched as fault:
            return fault.outcome(url)

    def peek(self, url: str, *, referer: str = "") -> Asset | None:
        """The image that the host gives for exactly ``url``, which no route changes, if any.

        Nothing of it is kept; one that would be held counts.
        """
        self._deadline.start(self._timeout)
        try:
            fetched = self._receiver.fetch(url, url, referer=referer)
        except Unfetched as fault:
            return fault.asset
        fetched.path.unlink(missing_ok=True)
        return fetched.asset

    def size(self, url: str) -> int | None:
        """The size in bytes that the host names when asked without fetching, if it does."""
        self._deadline.start(self._timeout)
        try:
            source = self._routes.source(url)
            if isinstance(source, LocalFile):
                return source.path.stat().st_size
            return self._receiver.size(source)
        except (Unfetched, OSError):
            return None

    def public_answer(self, url: str, *, referer: str = "") -> PublicAnswer:
        """What an anonymous reader gets at ``url``, a public address of the user's own store.

        ``referer`` is the page that shows it, if the reader's browser tells. Redirects are not followed; addresses are not vetted, for the user named this one.
        """
        self._deadline.start(self._timeout)
        return self._receiver.public_answer(url, referer=referer)

    def host(self, url: str) -> str:
        """The host that would be asked for the image, after routes; empty for a file."""
        try:
            source = self._routes.source(url)
        except Unfetched:
            return ""
        return "" if isinstance(source, LocalFile) else urls.host(source) or ""

    def close(self) -> None:
        """Close every connection."""
        self._receiver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _copy(self, url: str, source: LocalFile) -> Fetched:
        try:
            file = source.path.open("rb")
        except OSError as error:
            raise Unfetched(Reason.SOURCE_MISSING, f"{source.name}: {error.strerror}") from error
        with file:
            pieces = iter(lambda: file.read(_CHUNK), b"")
            return self._receiver.take(url, pieces, source.name, source.name, delimited=True)
