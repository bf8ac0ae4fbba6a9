"""Reading posts: what a scan finds, told to whoever listens."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from migrator.config import ScanSettings
from migrator.events import Listener, PostScanned, PostSkipped, stage
from migrator.model import Post, SkippedPost
from migrator.scanner.scan import scan
from migrator.state import Site


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
    found = scan(
        paths,
        site.root,
        settings,
        links=settings.links,
        text=settings.text,
        everything=everything,
    )

    def read() -> Iterator[Post | SkippedPost]:
        with stage(listener, "scan"):
            for post in found:
                if isinstance(post, SkippedPost):
                    listener(PostSkipped(post))
                else:
                    listener(PostScanned(post.name))
                yield post

    return read()
