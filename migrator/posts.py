"""Reading posts, and replacing them: edits, self-check, ledger and swap in their one order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.config import ScanSettings
from migrator.errors import LedgerError
from migrator.events import Listener, PostDone, PostScanned, PostSkipped, stage
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.model import Edit, Post, SkippedPost
from migrator.reasons import Reason
from migrator.rewriter.check import SelfCheckFailed, check
from migrator.rewriter.edits import apply, edits_for
from migrator.rewriter.gate import Refused, refusal
from migrator.rewriter.swap import Conflict, discard, exchange, inspect, prepare
from migrator.scanner.scan import scan
from migrator.scanner.syntax import syntax_of
from migrator.state import Site
from migrator.urls import canonical


def read_posts(
    paths: Sequence[str],
    site: Site,
    settings: ScanSettings,
    listener: Listener,
    stop: Stop,
    *,
    links: bool = False,
    text: bool = False,
    everything: bool = False,
) -> Iterator[Post | SkippedPost]:
    """Scan the posts at ``paths``, and say so; the options are those of ``scanner.scan``."""
    found = scan(
        [Path(path) for path in paths],
        site.root,
        settings,
        links=links,
        text=text,
        everything=everything,
    )
    with stage(listener, "scan"):
        for post in found:
            stop.check()
            listener(PostSkipped(post) if isinstance(post, SkippedPost) else PostScanned(post.name))
            yield post


def obstacle(post: Post) -> SkippedPost | None:
    """Why ``post`` could not be replaced, seen before any image moves for it."""
    refused = refusal(post.path)
    if refused is None:
        return None
    return SkippedPost(post.path, post.name, refused.reason, refused.detail)


def edited(
    post: Post, before: bytes, new_urls: Mapping[str, str], settings: ScanSettings
) -> tuple[bytes, tuple[Edit, ...]]:
    """The bytes of ``post`` with the links in ``new_urls`` (by URL) replaced, and the edits.

    The result is parsed again and compared with the original.

    Raises:
        SelfCheckFailed: more than those links would have changed.
    """
    edits = edits_for(post.references, post.encoding, new_urls)
    after = apply(before, edits)
    check(before, after, syntax_of(post.path), settings, edits, new_urls)
    return after, edits


@dataclass(frozen=True, slots=True)
class PostWriter:
    """Replaces posts on behalf of one run, and records what became of each."""

    site: Site
    ledger: Ledger
    run: Run
    listener: Listener

    def rewrite_all(
        self,
        posts: Sequence[Post],
        new_urls: Callable[[Post], Mapping[str, str]],
        settings: ScanSettings,
        stop: Stop,
    ) -> None:
        """Rewrite ``posts``, asking ``new_urls`` for the new links of each, by URL."""
        with stage(self.listener, "rewrite", len(posts)):
            for post in posts:
                stop.check()
                self.rewrite(post, new_urls(post), settings)

    def rewrite(self, post: Post, new_urls: Mapping[str, str], settings: ScanSettings) -> None:
        """Replace the links in ``new_urls`` (by URL as the post has it), if the post allows it."""
        before = inspect(post.path, post.sha256)
        if isinstance(before, Refused):
            return self.leave(post.name, before.reason, before.detail)
        try:
            after, edits = edited(post, before, new_urls, settings)
        except SelfCheckFailed as error:
            return self.leave(post.name, Reason.SELF_CHECK, str(error))
        if not edits:
            return None
        links = {canonical(url): new for url, new in new_urls.items()}
        return self.replace(post.name, post.sha256, after, links, edits=len(edits))

    def replace(
        self, name: str, before: str, after: bytes, links: Mapping[str, str], *, edits: int
    ) -> None:
        """Swap ``after`` into the place of the post whose bytes have the SHA-256 ``before``.

        ``links`` are the new links by canonical URL, for the ledger.
        """
        prepared = prepare(
            self.site.post(name),
            before,
            after,
            original=self.site.original(self.run.name, name),
            run=self.run.name,
        )
        if isinstance(prepared, Refused):
            return self.leave(name, prepared.reason, prepared.detail)
        swap = Swap(self.run, name, before, prepared.after_sha256, prepared.temporary.name, edits)
        try:
            self.ledger.intend(swap, links)
        except LedgerError:
            discard(prepared)
            raise
        match exchange(prepared, self.site.displaced(self.run.name, name)):
            case Refused(reason=reason, detail=detail):
                self.leave(name, reason, detail)
            case Conflict(detail=detail):
                self.leave(name, Reason.POST_CHANGED, detail)
            case _:
                self.ledger.rewrote(self.run, name)
                self.listener(PostDone(name, edits))
        return None

    def leave(self, name: str, reason: Reason, detail: str = "") -> None:
        """Record that the post stays as it is."""
        state = "conflict" if reason is Reason.POST_CHANGED else "skipped"
        self.ledger.left(self.run, name, state, reason, detail)
        self.listener(PostDone(name, 0, reason, detail))
