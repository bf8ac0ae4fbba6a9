"""What posts link to, as the ledger knows it and as posts stand now. Pure."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from migrator.ledger import Link
from migrator.model import Asset, Post, SkippedPost
from migrator.snapshots.manifest import Shown
from migrator.urls import is_external, without_fragment
from migrator.verification.differences import Difference, Kind, unread


@dataclass(frozen=True, slots=True)
class Standing:
    """A link that a run wrote and that posts have now, and the places that do."""

    link: Link
    asset: Asset
    places: list[Shown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing posts with the ledger gives; ``targets`` is all that posts show or link to."""

    standing: tuple[Standing, ...]
    targets: frozenset[str]
    posts: int
    differences: tuple[Difference, ...]


def compare(
    links: Iterable[Link], posts: Iterable[Post | SkippedPost], *, expected: Collection[str]
) -> Compared:
    """Look for ``links`` in ``posts``, wherever a run wrote them.

    ``expected`` are the names of the posts that should be among ``posts``.
    A post whose links cannot be seen is taken to have those that it had. That a link is not there
    any more is told of the newest run of each post only: it may have replaced those of older ones.
    """
    by_post: dict[str, list[Link]] = defaultdict(list)
    by_target: dict[str, Link] = {}
    for link in links:
        if link.post in expected:
            by_post[link.post].append(link)
        by_target[target_of(link.post, link.new_url)] = link
    standing = {
        target: Standing(link, link.asset) for target, link in by_target.items() if link.asset
    }
    differences: list[Difference] = []
    seen, targets = 0, set[str]()
    for post in posts:
        seen += 1
        if isinstance(post, SkippedPost):
            differences += unread([post])
            links = by_post.pop(post.name, ())
            shown = {target_of(post.name, link.new_url): [link.line] for link in links}
        else:
            shown = _shown(post)
            differences += _drifted(by_post.pop(post.name, ()), shown)
        targets.update(shown)
        for target, lines in shown.items():
            if target in standing:
                standing[target].places.extend(Shown(post.name, line) for line in lines)
    differences += (
        Difference(Kind.DRIFTED, name, detail="it is not there any more") for name in by_post
    )
    found = (each for each in standing.values() if each.places)
    return Compared(tuple(found), frozenset(targets), seen, tuple(differences))


def _shown(post: Post) -> dict[str, list[int]]:
    """The lines of ``post`` by what stands there."""
    lines: dict[str, list[int]] = defaultdict(list)
    for reference in post.references:
        found = lines[target_of(post.name, reference.url)]
        if reference.line not in found:
            found.append(reference.line)
    return lines


def _drifted(links: Iterable[Link], shown: Mapping[str, object]) -> list[Difference]:
    links = list(links)
    return [
        Difference(
            Kind.DRIFTED,
            link.post,
            url=link.new_url,
            detail=f"run {link.run} wrote it in line {link.line}",
        )
        for link in links
        if link.run == links[-1].run
        and link.asset
        and target_of(link.post, link.new_url) not in shown
    ]


def target_of(post: str, url: str) -> str:
    """What ``url`` in ``post`` leads to: the same for all posts and spellings."""
    bare = unquote(without_fragment(url))
    if is_external(bare) or bare.startswith("/"):
        return bare
    return posixpath.normpath(PurePosixPath(post).parent / bare)
