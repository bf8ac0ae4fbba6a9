"""One candidate for an image: a URL, a file of the site, or an object in a bucket."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Protocol

from migrator.config import StoreSettings
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.downloader.host_rules import HostRules
from migrator.downloader.patience import patiently
from migrator.downloader.receiving import Receiver
from migrator.downloader.sources import Candidate, File, Object, Sources, Web
from migrator.model import Fetched
from migrator.reasons import Reason
from migrator.served import NO_VERSION, Earlier, NotModified, Version

_CHUNK = 64 * 1024
_LONGEST_KEY = 1024  # bytes; Amazon S3 User Guide, "Naming Amazon S3 objects"
_REFUSALS = frozenset({Reason.FORBIDDEN, Reason.NOT_AN_IMAGE})  # what another Referer may help


class Bucket(Protocol):
    """A bucket that is read from."""

    def read(self, key: str) -> Iterator[bytes]:
        """The bytes of an object.

        Raises:
            FileNotFoundError: there is none.
            PermissionError: it may not be read; not worth repeating.
            OSError: the bucket cannot be reached.
        """
        ...


class Fetcher:
    """Fetches candidates for one thread, through its ``receiver`` and within its ``deadline``."""

    def __init__(
        self,
        receiver: Receiver,
        sources: Sources,
        hosts: HostRules,
        buckets: Mapping[StoreSettings, Bucket],
        *,
        retries: int,
        deadline: Deadline,
        sleep: Callable[[float], None],
    ) -> None:
        self._receiver = receiver
        self._sources = sources
        self._hosts = hosts
        self._buckets = buckets
        self._retries = retries
        self._deadline = deadline
        self._sleep = sleep

    def fetch(
        self, url: str, candidate: Candidate, earlier: Earlier | None = None
    ) -> Fetched | NotModified:
        """The image ``url``, as ``candidate`` gives it; not if it is as ``earlier``.

        Raises:
            Unfetched: it does not.
            EnvironmentProblem: the spool cannot be written to.
        """
        match candidate:
            case Web():
                known = (
                    earlier.version if earlier and earlier.source == candidate.url else NO_VERSION
                )
                return self._ask(url, candidate.url, known)
            case File():
                return self._copy(url, candidate)
            case Object():
                return patiently(
                    lambda: self._read(url, candidate),
                    retries=self._retries,
                    left=self._deadline.left,
                    sleep=self._sleep,
                )

    def _ask(self, url: str, source: str, known: Version) -> Fetched | NotModified:
        """The image, asked for with one Referer after the other while the host refuses it."""
        refusals = []
        agent = self._hosts.rule(source).user_agent
        for referer in self._hosts.referers(source):
            try:
                fetched = self._receiver.fetch(
                    url, source, referer=referer, user_agent=agent, known=known
                )
            except Unfetched as fault:
                if fault.reason not in _REFUSALS:
                    raise
                refusals.append(fault)
            else:
                self._hosts.worked(source, referer)
                return fetched
        raise refusals[0]

    def _copy(self, url: str, file: File) -> Fetched:
        path = self._sources.path(file)
        try:
            stream = path.open("rb")
        except OSError as error:
            raise Unfetched(Reason.SOURCE_MISSING, f"{file.name}: {error.strerror}") from error
        with stream:
            pieces = iter(lambda: stream.read(_CHUNK), b"")
            return self._receiver.take(url, pieces, file.name)

    def _read(self, url: str, source: Object) -> Fetched:
        name = source.name
        bucket = self._buckets.get(source.bucket)
        if bucket is None:
            raise Unfetched(Reason.SOURCE_MISSING, f"{name}: buckets are not read here")
        if not 0 < len(source.key.encode("utf-8", "replace")) <= _LONGEST_KEY:
            raise Unfetched(Reason.SOURCE_MISSING, f"{name}: no object has such a name")
        try:
            with closing(self._in_time(bucket.read(source.key))) as pieces:
                return self._receiver.take(url, pieces, name)
        except FileNotFoundError as error:
            raise Unfetched(Reason.SOURCE_MISSING, f"there is no object {name}") from error
        except PermissionError as error:
            raise Unfetched(Reason.BUCKET_REFUSED, f"{name}: {error}") from error
        except OSError as error:
            raise Unfetched(Reason.CONNECT, f"{name}: {error}") from error

    def _in_time(self, pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
        for piece in pieces:
            if self._deadline.left() <= 0:
                raise Unfetched(Reason.TIMEOUT, "the bucket took too long")
            yield piece

    def size(self, candidate: Candidate) -> int | None:
        """The size in bytes, if it can be had without fetching.

        Raises:
            Unfetched: there is no such candidate.
            OSError: the file cannot be looked at.
        """
        match candidate:
            case Web(url):
                referer = self._hosts.referers(url)[0]
                agent = self._hosts.rule(url).user_agent
                return self._receiver.size(url, referer=referer, user_agent=agent)
            case File():
                return self._sources.path(candidate).stat().st_size
            case Object():
                return None
