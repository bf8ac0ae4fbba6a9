"""A new ledger, where the old one is gone: from the originals that runs kept, and the posts.

What is not certain is not made up. A post counts as rewritten by a run only if what stands there
now (or what the next run found there) is the run's original with links replaced and every other
byte equal; else a rollback refuses it. Whether it was we who replaced them cannot be told. Images
are not known any more: the next migration finds them in the store, or fetches them again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from migrator import durable
from migrator.config import ScanSettings
from migrator.ledger import Ledger, Relic
from migrator.scanner import find_references
from migrator.scanner.syntax import syntax_of
from migrator.state import Site

_CONTEXT = 16  # bytes behind a link by which its end is found: more than `)` alone


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one run found at one post."""

    run: str
    post: str
    content: bytes


def rebuild(site: Site, ledger: Ledger) -> list[Relic]:
    """Fill the empty ``ledger`` with the runs whose originals ``site`` has; returns their posts.

    Each run is dated by its name.
    """
    runs = site.runs()
    after: dict[str, bytes | None] = {}
    relics: list[Relic] = []
    for run in reversed(runs):
        for kept in _kept(site, run):
            if kept.post not in after:
                after[kept.post] = durable.content_at(site.post(kept.post))
            result = after[kept.post]
            edits = _links_replaced(kept, result)
            sure = durable.sha256(result) if result is not None and edits is not None else ""
            relics.append(Relic(run, kept.post, durable.sha256(kept.content), sure, edits or 0))
            after[kept.post] = kept.content
    ledger.exhume(runs, relics)
    return relics


def _kept(site: Site, run: str) -> Iterator[_Kept]:
    for post in site.kept_posts(run):
        yield _Kept(run, post, site.original(run, post).read_bytes())


def _links_replaced(kept: _Kept, after: bytes | None) -> int | None:
    """How many links of the original were replaced to make ``after``; ``None`` if not only links.

    What stands between the links must follow in the same order; where that could be read in
    more than one way, the answer may be ``None`` for a post that is right.
    """
    if after is None:
        return None
    found = find_references(
        kept.content, syntax_of(kept.post), ScanSettings(), links=True, everything=True
    )
    replaced = at = start = 0
    spans = sorted(reference.span for reference in found.references)
    for span, behind in zip_longest(spans, spans[1:]):
        between = kept.content[at : span.start]
        if not after.startswith(between, start):
            return None
        start += len(between)
        limit = span.end + _CONTEXT  # but the next link may have changed as well
        following = kept.content[span.end : min(limit, behind.start) if behind else limit]
        end = after.find(following, start) if following else len(after)
        if end < start:
            return None
        replaced += after[start:end] != kept.content[span.start : span.end]
        at, start = span.end, end
    return replaced if after[start:] == kept.content[at:] else None
