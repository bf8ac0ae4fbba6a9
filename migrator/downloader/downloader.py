"""Fetch an image into the spool: complete, identified, and never from where it must not come."""

import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from migrator import urls
from migrator.config import (
    DownloadSettings,
    SafetySettings,
    StoreSettings,
)
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.deadline import Deadline
from migrator.downloader.decoding import Decoders
from migrator.downloader.faults import Unfetched
from migrator.downloader.fetching import Bucket, Fetcher
from migrator.downloader.host_rules import HostRules
from migrator.downloader.inspection import Inspector
from migrator.downloader.manners import Manners
from migrator.downloader.media_types import HEIC, JXL, TIFF
from migrator.downloader.receiving import Receiver
from migrator.downloader.sources import DEAD, Candidate, Source, Sources, Web
from migrator.downloader.spool import discard
from migrator.downloader.transport import shared_tls
from migrator.model import Asset, Failed, Fetched, Glance, Held
from migrator.reasons import Reason
from migrator.served import Earlier, NotModified, PublicAnswer

_FORETOLD = frozenset(
    {
        Reason.BAD_URL,
        Reason.BLOCKED_ADDRESS,
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.NOT_FOUND,
        Reason.GONE,
    }
)
_RESERVE = 20.0  # seconds that one source leaves to each that may be asked after it
_UNSHOWN = frozenset(each.media_type for each in (TIFF, HEIC, JXL))  # by browsers


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a candidate was not fetched; ``own`` if it was the image's own URL or its original."""

    name: str
    fault: Unfetched
    own: bool


class Downloader:
    """Fetches images for one thread.

    Whatever happens for one image, its retries and the waits between them included, ends within
    ``settings.timeout`` seconds. ``spool`` is where fetched images stand until callers delete them.
    ``accepted`` is what the user has let through (see `Inspector`). Threads should share
    ``sources``, and ``decoders``, which are processes; without them a downloader has its own. They
    must share ``manners`` and ``hosts``. ``buckets`` are those that routes lead to.

    Raises:
        ConfigError: an exemption cannot be understood.
    """

    def __init__(  # noqa: PLR0913 - two of them are seams for tests
        self,
        settings: DownloadSettings,
        safety: SafetySettings,
        sources: Sources,
        *,
        spool: Path,
        accepted: Collection[str] = frozenset(),
        decoders: Decoders | None = None,
        manners: Manners | None = None,
        hosts: HostRules | None = None,
        buckets: Mapping[StoreSettings, Bucket] = MappingProxyType({}),
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._hosts = hosts or HostRules()
        self._sources = sources
        self._deadline = Deadline()
        self._decoders = decoders or Decoders()
        self._shares_decoders = decoders is not None
        self._receiver = Receiver(
            settings,
            parse_exemptions(safety.allow_private),
            Inspector(safety, self._decoders, accepted),
            spool=spool,
            deadline=self._deadline,
            manners=manners or Manners(),
            tls=tls or shared_tls(),
            sleep=sleep,
        )
        self._fetcher = Fetcher(
            self._receiver,
            self._sources,
            self._hosts,
            buckets,
            retries=settings.retries,
            deadline=self._deadline,
            sleep=sleep,
        )

    def fetch(
        self, url: str, *, year: int = 0, earlier: Earlier | None = None
    ) -> Fetched | NotModified | Held | Failed:
        """The image behind ``url``, in the spool, or why it is not there.

        All its sources are tried in their order. ``year`` is that of the post, for archives. What
        is said is what its own URL says; the rest is in the detail. Where it came from
        ``earlier`` is asked first, and only for what has changed.

        Raises:
            EnvironmentProblem: the spool cannot be written to.
        """
        self._start()
        sources = _in_turn(self._sources.of(url, year), earlier)
        faults: list[_Fault] = []
        for number, source in enumerate(sources, start=1):
            if source.archive and not _is_dead(faults):
                continue
            reserve = min(self._deadline.left() / 2, _RESERVE * (len(sources) - number))
            self._deadline.start(self._deadline.left() - reserve)
            fetched = self._fetch_from(url, source, faults, earlier)
            if fetched:
                return fetched
            self._deadline.start(self._deadline.left() + reserve)
        return _verdict(faults).outcome(url)

    def peek(self, url: str, *, referer: str = "") -> Asset | Reason:
        """The image that the host gives for exactly ``url``, which no route changes, or why none.

        It is asked once. Nothing of it is kept; one that would be held counts.
        """
        self._start()
        agent = self._hosts.rule(url).user_agent
        try:
            fetched = self._receiver.fetch(url, url, referer=referer, user_agent=agent, retries=0)
        except Unfetched as fault:
            return fault.asset or fault.reason
        assert isinstance(fetched, Fetched)  # noqa: S101 - it was asked for whatever it is
        discard(fetched.body)
        return fetched.asset

    def glance(self, url: str) -> Glance:
        """What the first source to answer says of the image; fetches no body.

        What may be owed to the kind of question (403, 405, 5xx) foretells nothing.
        """
        self._start()
        faults: list[Reason | None] = []
        for source in self._sources.of(url):
            if source.archive:
                faults.append(None)
                continue
            for candidate in source.candidates:
                try:
                    size = self._fetcher.size(candidate)
                except (Unfetched, OSError) as fault:
                    faults.append(fault.reason if isinstance(fault, Unfetched) else None)
                    continue
                if size is not None:
                    too_large = size > self._receiver.limit(url)
                    return Glance(size, Reason.TOO_LARGE if too_large else None)
                faults.append(None)
        return Glance(reason=faults[-1] if faults and _FORETOLD.issuperset(faults) else None)

    def public_answer(self, url: str, *, referer: str = "") -> PublicAnswer:
        """What an anonymous reader gets at ``url``, a public address of the user's own store.

        ``referer`` is the page that shows it, if the reader's browser tells. Redirects are not
        followed; addresses are not vetted, for the user named this one.
        """
        self._start()
        return self._receiver.public_answer(url, referer=referer)

    def host(self, url: str) -> str:
        """The host that would be asked first for the image; empty for a file or a bucket."""
        first = self._sources.of(url)[0].candidates[0]
        return urls.host(first.url) or "" if isinstance(first, Web) else ""

    def close(self) -> None:
        """Close every connection."""
        self._receiver.close()
        if not self._shares_decoders:
            self._decoders.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._deadline.start(self._settings.timeout)

    def _fetch_from(
        self, url: str, source: Source, faults: list[_Fault], earlier: Earlier | None
    ) -> Fetched | NotModified | None:
        for candidate in sorted(source.candidates, key=lambda each: not _is_there(earlier, each)):
            try:
                fetched = self._fetcher.fetch(url, candidate, earlier)
                if isinstance(fetched, NotModified):
                    return fetched
                if problem := _problem(fetched, source, candidate):
                    discard(fetched.body)
                    raise problem
            except Unfetched as fault:
                faults.append(_Fault(candidate.name, fault, own=source.own))
                if fault.reason.retry and fault.reason is not Reason.SERVER_ERROR:
                    break  # the host has its troubles: no reason to make do with a variant
            else:
                return fetched
        return None


def _in_turn(sources: Sequence[Source], earlier: Earlier | None) -> Sequence[Source]:
    """``sources``, first the one that gave the image ``earlier``: it can say if it is the same.

    An archive stays where it is, for it is asked only when the image is dead.
    """

    def is_first(source: Source) -> bool:
        return not source.archive and any(_is_there(earlier, each) for each in source.candidates)

    return sorted(sources, key=lambda source: not is_first(source))


def _is_there(earlier: Earlier | None, candidate: Candidate) -> bool:
    return earlier is not None and candidate.name == earlier.source


def _problem(fetched: Fetched, source: Source, candidate: Candidate) -> Unfetched | None:
    """Why an image that is one may not be taken from there."""
    if source.archive and _origin(fetched.final_url) != _origin(candidate.name):
        return Unfetched(Reason.REDIRECT, f"the archive sends us to {fetched.final_url}")
    kind = fetched.asset.media_type
    if kind in _UNSHOWN and candidate is not source.candidates[-1]:
        return Unfetched(Reason.NOT_AN_IMAGE, f"{kind}, which few browsers show")
    return None


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _is_dead(faults: Sequence[_Fault]) -> bool:
    own = [fault for fault in faults if fault.own]
    return bool(own) and own[-1].fault.cause in DEAD


def _verdict(faults: Sequence[_Fault]) -> Unfetched:
    """What to say: what the image's own URL said, else the first source that stands for it."""
    said = next((each for each in reversed(faults) if each.own), faults[0])
    others = [each for each in faults if each is not said]
    if not others:
        return said.fault
    tried = ", ".join(f"{each.name} ({each.fault.reason.words})" for each in others)
    verdict = Unfetched(said.fault.reason, f"{said.fault.detail}; also tried: {tried}")
    verdict.asset = said.fault.asset
    return verdict
