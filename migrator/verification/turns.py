"""Which objects it is the turn of: a little every night, all of them after some."""

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile

from migrator.durable import problems_told
from migrator.state import Site, make_state

_ALL = 100.0


def due(sizes: Mapping[str, int], after: str, share: float = _ALL) -> list[str]:
    """The names in ``sizes`` behind ``after`` in their order, and then from the first one on.

    So many that they are ``share`` percent of all bytes, at least: twenty nights of 5 percent see
    everything.
    """
    names = sorted(sizes)
    begin = bisect_right(names, after)
    names = names[begin:] + names[:begin]
    if share >= _ALL:
        return names
    left = sum(sizes.values()) * share / _ALL
    wanted = []
    for name in names:
        if left <= 0:
            break
        wanted.append(name)
        left -= sizes[name]
    return wanted


def reached(order: Sequence[str], done: Collection[str]) -> str | None:
    """The last name of ``order`` before which all are ``done``, and it is; ``None``: none is."""
    last = None
    for last in takewhile(done.__contains__, order):  # noqa: B007 - the last one counts
        pass
    return last


class Cursor:
    """How far the reading of one store came, in a file of the site's state folder.

    It is a help, not a proof: without it the reading begins at the first object.
    """

    def __init__(self, site: Site, store: str) -> None:
        self._site = site
        name = hashlib.sha256(store.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        self._path = site.state / f"verify-{name}"

    @property
    def after(self) -> str:
        """The name of the object that was read last; empty where none was."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
        except FileNotFoundError:
            return ""

    def move(self, name: str) -> None:
        """Remember that everything up to ``name`` was read."""
        with problems_told(self._path):
            make_state(self._site)
            new = self._path.with_name(f"new-{self._path.name}")
            new.write_text(f"{name}\n", encoding="utf-8", errors="replace")
            new.replace(self._path)
