"""What images of one host share: found in two goes over all of them, holding few. Pure."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from migrator.redact import redact
from migrator.second_look import Seen

_NAMED = 3  # other images of a group that are named

Mark = tuple[str, str, str]


def marks_of(image: Seen) -> list[Mark]:
    """What other images of its host may share: the bytes, and the place it redirected to."""
    marks = [("bytes", image.host, image.asset.sha256)]
    if image.is_redirected:
        marks.append(("target", image.host, image.target_thing))
    return marks


class Group:
    """Images of one host that have something in common."""

    def __init__(self) -> None:
        self._urls: set[str] = set()
        self._things: set[str] = set()

    def add(self, image: Seen) -> None:
        """Note one more."""
        self._urls.add(image.url)
        self._things.add(image.thing)

    @property
    def things(self) -> int:
        """How many different images there are, all variants of one counted once."""
        return len(self._things)

    @cached_property
    def _first(self) -> list[str]:
        return heapq.nsmallest(_NAMED + 1, self._urls)

    def beside(self, image: Seen) -> str:
        """The others: some of them, and how many more."""
        named = [url for url in self._first if url != image.url][:_NAMED]
        more = len(self._urls) - 1 - len(named)
        if not named:
            return ""
        return f", also for {', '.join(map(redact, named))}{f' and {more} more' if more else ''}"


class Common:
    """What images have in common: hashes, which are small, noted while somebody goes over them."""

    def __init__(self) -> None:
        self._once: set[int] = set()
        self._several: set[int] = set()

    def noted(self, images: Iterable[Seen]) -> Iterator[Seen]:
        """The same images."""
        for each in images:
            for mark in marks_of(each):
                (self._several if hash(mark) in self._once else self._once).add(hash(mark))
            yield each

    def groups(self, images: Iterable[Seen]) -> dict[Mark, Group]:
        """Those of ``images`` that share something, by that; nothing is noted afterwards."""
        self._once.clear()
        groups: dict[Mark, Group] = defaultdict(Group)
        for each in images if self._several else ():
            for mark in marks_of(each):
                if hash(mark) in self._several:
                    groups[mark].add(each)
        return groups
