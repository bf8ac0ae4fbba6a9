"""One source over HTTP: asked for, tried again, limited, inspected, in the spool."""

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from migrator.config import DownloadSettings
from migrator.downloader.addresses import Exemption
from migrator.downloader.answers import (
    NOT_MODIFIED,
    check_framing,
    check_status,
    declared_length,
    too_large,
    version_of,
)
from migrator.downloader.client import HostClient
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.downloader.inspection import Inspector
from migrator.downloader.manners import Manners
from migrator.downloader.patience import patiently
from migrator.downloader.proxy import proxy_for
from migrator.downloader.published import read_back
from migrator.downloader.resuming import Resumption
from migrator.downloader.spool import Draft, draft
from migrator.model import Fetched
from migrator.served import NO_VERSION, NotModified, PublicAnswer, Version

_Result = TypeVar("_Result")


class Receiver:
    """Receives images for one thread, into the folder ``spool``.

    Whoever asks starts ``deadline``: everything done until it is started again ends within it, the
    retries and the waits between them included.

    Raises:
        ConfigError: what is said about a proxy cannot be understood.
    """

    def __init__(
        self,
        settings: DownloadSettings,
        exemptions: tuple[Exemption, ...],
        inspector: Inspector,
        *,
        spool: Path,
        deadline: Deadline,
        manners: Manners,
        tls: ssl.SSLContext,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._inspector = inspector
        self._spool = spool
        self._deadline = deadline
        self._manners = manners
        self._sleep = sleep
        proxy = proxy_for(settings.proxy)
        self._images = HostClient(settings.user_agent, exemptions, tls, deadline, manners, proxy)
        # The user chose the store, so its public address may be anywhere.
        self._store = HostClient(settings.user_agent, None, tls, deadline, manners, proxy)

    def fetch(
        self,
        url: str,
        source: str,
        *,
        referer: str = "",
        user_agent: str = "",
        retries: int | None = None,
        known: Version = NO_VERSION,
    ) -> Fetched | NotModified:
        """The image ``url``, received from the http(s) URL ``source``; not if it is ``known``.

        ``referer`` is for the host of ``source`` and goes to no other; an empty ``user_agent``
        means the one of the settings, and so do no ``retries``.

        Raises:
            Unfetched: it is not to be had there, or needs the user's word.
            EnvironmentProblem: the spool cannot be written to.
        """

        def attempt() -> Fetched | NotModified:
            asking = resumption.headers() or known.conditions
            with self._images.ask(
                source, referer=referer, user_agent=user_agent, asking=asking
            ) as response:
                if response.status_code == NOT_MODIFIED and asking.keys() & known.conditions:
                    return NotModified(url)
                resumption.begin(response)
                delimited = check_framing(response, self.limit(url))
                self._write(url, image, response.iter_raw())
                fetched = self._kept(
                    url, image, source, str(response.url), referer, delimited=delimited
                )
                return replace(fetched, version=version_of(response))

        with draft(self._spool) as image:
            resumption = Resumption(image)
            return self._patiently(attempt, retries)

    def take(self, url: str, pieces: Iterable[bytes], source: str) -> Fetched:
        """The image ``url`` made of ``pieces``, of which the end is known to be the end.

        Raises:
            Unfetched: it is too large, not a whole image, or needs the user's word.
            EnvironmentProblem: the spool cannot be written to.
        """
        with draft(self._spool) as image:
            self._write(url, image, pieces)
            return self._kept(url, image, source, source, "", delimited=True)

    def size(self, source: str, *, referer: str = "", user_agent: str = "") -> int | None:
        """The size in bytes that the host names when asked without fetching, if it does.

        Raises:
            Unfetched: there is no answer.
        """

        def attempt() -> int | None:
            with self._images.ask(
                source, method="HEAD", referer=referer, user_agent=user_agent
            ) as response:
                check_status(response)
                return declared_length(response)

        return self._patiently(attempt, retries=0)

    def public_answer(self, url: str, *, referer: str = "") -> PublicAnswer:
        """What an anonymous reader gets at ``url``, a public address of the user's own store.

        ``referer`` is the page that shows it, if the reader's browser tells. Redirects are not
        followed; addresses are not vetted, for the user named this one.
        """
        answer: PublicAnswer | None = None

        def attempt() -> PublicAnswer:
            nonlocal answer
            answer = None
            with self._store.ask(url, follow=False, referer=referer) as response:
                answer = read_back(response, self._settings.max_bytes)
                try:
                    check_status(response)
                except Unfetched as fault:
                    if fault.again:
                        raise
                return answer

        try:
            return self._patiently(attempt)
        except Unfetched as fault:
            return answer or PublicAnswer(0, error=f"{fault.reason.words}: {fault.detail}")

    def close(self) -> None:
        """Close every connection."""
        self._images.close()
        self._store.close()

    def _patiently(self, attempt: Callable[[], _Result], retries: int | None = None) -> _Result:
        retries = self._settings.retries if retries is None else retries
        try:
            return patiently(attempt, retries=retries, left=self._deadline.left, sleep=self._sleep)
        except Unfetched as fault:
            self._manners.failed(fault)
            raise

    def _write(self, url: str, image: Draft, pieces: Iterable[bytes]) -> None:
        limit = self.limit(url)
        for piece in pieces:
            if image.size + len(piece) > limit:
                raise too_large(limit)
            image.write(piece)

    def _kept(
        self, url: str, image: Draft, source: str, final_url: str, referer: str, *, delimited: bool
    ) -> Fetched:
        left = self._deadline.left()
        asset = self._inspector.inspect(url, image, delimited=delimited, seconds=left)
        return Fetched(asset, image.keep(), source, final_url, referer)

    def limit(self, url: str) -> int:
        """How many bytes the image at ``url`` may have."""
        return self._inspector.limit_for(url, self._settings.max_bytes)
