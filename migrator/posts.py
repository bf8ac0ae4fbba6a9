"""Replacing posts: edits, self-check, ledger and swap in their one order."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import takewhile, tee
from pathlib import Path

from migrator import durable
from migrator.config import SafetySettings, ScanSettings
from migrator.errors import LedgerError
from migrator.events import Listener, PostDone, stage
from migrator.git import WorkTrees
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.model import Edit, Post, SkippedPost
from migrator.parallel import mapped
from migrator.plan import ImageAt
from migrator.reasons import Reason
from migrator.rewriter.check import SelfCheckFailed, check
from migrator.rewriter.edits import OverlappingEdits, apply, edits_for
from migrator.rewriter.exchange import Method
from migrator.rewriter.gate import Refused, refusal
from migrator.rewriter.swap import Conflict, Swapped, discard, inspect, prepare, swap
from migrator.scanner.syntax import syntax_of
from migrator.state import Site
from migrator.urls import identity

_FEW = 25  # posts; to rewrite so many takes longer than to start processes
_MANY = 10_000  # posts; with more, a fork would keep what we go over once more: 50 MB of 100,000


def obstacles(
    settings: SafetySettings, ledger: Ledger | None
) -> Callable[[Post], SkippedPost | None]:
    """What says why a post could not, or must not, be replaced, before any image moves for it.

    Work that git does not have yet is not touched, unless a run of ours left the post like that.
    What is returned raises UsageError in the middle of a merge.
    """
    trees = WorkTrees()

    def is_dirty(post: Post) -> bool:
        if settings.git == "ignore" or not trees.has_uncommitted(post.path):
            return False
        return ledger is None or ledger.last_result(post.name) != post.sha256

    def obstacle(post: Post) -> SkippedPost | None:
        refused = refusal(post.path)
        if refused is None and is_dirty(post):
            cure = 'commit them first, or write git = "ignore" under [safety]'
            refused = Refused(Reason.UNCOMMITTED, cure)
        if refused is None:
            return None
        return SkippedPost(post.path, post.name, refused.reason, refused.detail)

    return obstacle


def edited(
    post: Post, new_urls: Mapping[str, str], settings: ScanSettings
) -> tuple[bytes, bytes, tuple[Edit, ...]] | Refused:
    """The bytes of ``post`` as they are and with the links in ``new_urls`` (by URL), and the edits.

    The result was parsed again and compared: it differs in those links alone.
    """
    before = inspect(post.path, post.sha256)
    if isinstance(before, Refused):
        return before
    try:
        edits = edits_for(post.references, post.encoding, new_urls)
        after = apply(before, edits)
        check(before, after, syntax_of(post.path), settings, edits, new_urls)
    except (SelfCheckFailed, OverlappingEdits) as error:
        return Refused(Reason.SELF_CHECK, str(error))
    return before, after, edits


def _rewritten(
    task: tuple[Post, Mapping[str, str]], settings: ScanSettings
) -> tuple[bytes, int] | Refused:
    """What ``edited`` makes of a post with these links, and how many edits that took."""
    result = edited(*task, settings)
    if isinstance(result, Refused):
        return result
    _, after, edits = result
    return after, len(edits)


def original_of(site: Site, swap: Swap) -> bytes | None:
    """The post's bytes before ``swap``; ``None`` if our copy is gone or damaged."""
    contents = map(durable.content_at, kept_files(site, swap))
    return next((each for each in contents if each and durable.sha256(each) == swap.before), None)


def kept_files(site: Site, swap: Swap) -> Iterator[Path]:
    """What is kept of the post as it was before ``swap``; some may hold later saves of others."""
    run, name = swap.run.name, swap.name
    for kept in (site.original(run, name), site.displaced(run, name)):
        yield from takewhile(os.path.lexists, durable.names(kept))
    yield from left_beside(site, swap)


def left_beside(site: Site, swap: Swap) -> Iterator[Path]:
    """The file that came out of the post's place, if it stayed there: see ``Swapped``."""
    if swap.temporary:  # a rebuilt ledger does not know it
        folder = swap.name.rpartition("/")[0]
        path = f"{site.root}/{folder}/{swap.temporary}"  # a Path takes longer than to look
        if os.path.lexists(path):
            yield Path(path)


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
        image_at: ImageAt,
        settings: ScanSettings,
        stop: Stop,
    ) -> None:
        """Rewrite ``posts``, asking ``new_urls`` for the new links of each, by URL.

        ``image_at`` says which image a URL in a post means, for the ledger.
        A post that this run has replaced before it was interrupted is not replaced again: there is
        one original of it in a run.
        """
        done = {swap.name for swap in self.ledger.swaps(self.run, state="rewritten")}
        with stage(self.listener, "rewrite", len(posts)):
            todo = ((post, new_urls(post)) for post in posts if post.name not in done)
            mine, theirs = tee(todo)
            work = partial(_rewritten, settings=settings)
            if len(posts) > _MANY:
                results = (work(task) for task in theirs)
            else:
                results = mapped(work, theirs, few=_FEW, stop=stop)
            with closing(results):
                for (post, urls), result in zip(mine, results, strict=True):
                    stop.check()
                    self._rewrite(post, urls, image_at, result)

    def _rewrite(
        self,
        post: Post,
        new_urls: Mapping[str, str],
        image_at: ImageAt,
        result: tuple[bytes, int] | Refused,
    ) -> None:
        if isinstance(result, Refused):
            return self.leave(post.name, result.reason, result.detail)
        after, edits = result
        if not edits:
            return None
        links = [
            (identity(image), each.line, new_urls[each.url])
            for each in post.references
            if each.url in new_urls and (image := image_at(post, each.url))
        ]
        return self.replace(post.name, post.sha256, after, links, edits=edits)

    def replace(
        self,
        name: str,
        before: str,
        after: bytes,
        links: Sequence[tuple[str, int, str]] = (),
        *,
        edits: int,
    ) -> None:
        """Swap ``after`` into the place of the post whose bytes have the SHA-256 ``before``.

        ``links`` are for the ledger: image, line, new link.
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
        intent = Swap(self.run, name, before, prepared.after_sha256, prepared.temporary.name, edits)
        try:
            self.ledger.intend(intent, links)
        except LedgerError:
            discard(prepared)
            raise
        return self.settled(intent, swap(prepared, self.site.displaced(self.run.name, name)))

    def settled(self, intent: Swap, result: Swapped | Conflict | Refused) -> None:
        """Record how a swap ended."""
        match result:
            case Swapped():
                self.ledger.rewrote(self.run, intent.name, _reduced(result, intent))
                self.listener(PostDone(intent.name, intent.edits))
            case Conflict(detail=detail, kept=kept):
                others = f"; other versions: {', '.join(map(str, kept))}" if kept else ""
                self.leave(intent.name, Reason.POST_CHANGED, detail + others)
            case Refused(reason=reason, detail=detail):
                self.leave(intent.name, reason, detail)

    def leave(self, name: str, reason: Reason, detail: str = "") -> None:
        """Record that the post stays as it is."""
        self.ledger.left(self.run, name, reason, detail)
        self.listener(PostDone(name, 0, reason, detail))


def _reduced(result: Swapped, intent: Swap) -> str:
    """Where less could be done for a post than elsewhere: words for the report."""
    words = []
    if result.method is Method.REPLACE:
        words.append(
            "the file system cannot swap two files at once; a save by another program in the very"
            " moment of the swap would be lost"
        )
    if result.displaced and result.displaced.name == intent.temporary:
        words.append(
            "the state folder is on another disk, so the old file stays beside the post, hidden:"
            f" .NAME.migrator-{intent.run.name}-..."
        )
    return "; ".join(words)
