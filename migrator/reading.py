"""Reading posts: what a scan finds, told to whoever listens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from migrator.config import ScanSettings
from migrator.events import Listener, PostScanned, PostSkipped, stage
from migrator.model import Post, SkippedPost
from migrator.parallel import mapped
from migrator.scanner.files import File, walk
from migrator.scanner.scan import scan, scan_file
from migrator.state import Site

Digest = TypeVar("Digest")

_CHUNK = 100  # posts
_FEW = 15  # chunks; to read so many takes as long as to start processes


def read_posts(
    paths: Sequence[Path],
    site: Site,
    settings: ScanSettings,
    listener: Listener,
    *,
    everything: bool = False,
) -> Iterator[Post | SkippedPost]:
    """Scan the posts at ``paths``, and say so; ``everything`` adds local paths (``scanner.scan``).

    Raises:
        UsageError: at once, if one of ``paths`` does not exist.
    """
    found = scan(paths, site.root, settings, everything=everything)

    def read() -> Iterator[Post | SkippedPost]:
        with stage(listener, "scan"):
            for post in found:
                listener(_told(post))
                yield post

    return read()


def digest_posts(
    paths: Sequence[Path],
    site: Site,
    settings: ScanSettings,
    listener: Listener,
    digest: Callable[[Iterable[Post | SkippedPost]], Digest],
    *,
    everything: bool = False,
) -> Iterator[Digest]:
    """Like ``read_posts``, but what ``digest`` makes of some posts at a time, in their order.

    Where there are many posts they are read, and digested, by several processes: ``digest`` and
    what it returns must be values that can be sent from one to another, and should be small.
    """
    files = walk(paths, settings, site.root, text=settings.text)
    work = partial(
        _digested, digest=digest, root=site.root, settings=settings, everything=everything
    )

    def read() -> Iterator[Digest]:
        with stage(listener, "scan"):
            for part in mapped(work, _chunks(files), few=_FEW):
                for name in part.scanned:
                    listener(PostScanned(name))
                for post in part.skipped:
                    listener(PostSkipped(post))
                yield part.digest

    return read()


@dataclass(frozen=True, slots=True)
class _Part(Generic[Digest]):
    """A digest, and the posts that it is of."""

    digest: Digest
    scanned: list[str]
    skipped: list[SkippedPost]


def _digested(
    files: Sequence[File | SkippedPost],
    *,
    digest: Callable[[Iterable[Post | SkippedPost]], Digest],
    root: Path,
    settings: ScanSettings,
    everything: bool,
) -> _Part[Digest]:
    scanned: list[str] = []
    skipped: list[SkippedPost] = []

    def posts() -> Iterator[Post | SkippedPost]:
        for file in files:
            post = file if isinstance(file, SkippedPost) else read_file(file)
            if isinstance(post, SkippedPost):
                skipped.append(post)
            else:
                scanned.append(post.name)
            yield post

    read_file = partial(scan_file, root=root, settings=settings, everything=everything)
    return _Part(digest(posts()), scanned, skipped)


def _chunks(files: Iterator[File | SkippedPost]) -> Iterator[list[File | SkippedPost]]:
    while chunk := list(islice(files, _CHUNK)):
        yield chunk


def _told(post: Post | SkippedPost) -> PostScanned | PostSkipped:
    return PostSkipped(post) if isinstance(post, SkippedPost) else PostScanned(post.name)
