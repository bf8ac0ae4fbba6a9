"""Posts against ledger against stores: which objects must be there, and are they?"""

import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from migrator.config import Settings
from migrator.ledger import Ledger, Link
from migrator.model import Asset, Post, SkippedPost
from migrator.reading import read_posts
from migrator.rewriter.links import WITH_POST, folder_of_images, link_for
from migrator.snapshots.manifest import Shown
from migrator.state import Site
from migrator.uploader import Stores
from migrator.uploader.keys import own_keys
from migrator.uploader.stores import Place
from migrator.urls import without_fragment
from migrator.verification.differences import (
    GONE,
    Difference,
    Kind,
    Verified,
    other_size,
    wrong_object,
)
from migrator.verification.links import Standing, compare, target_of
from migrator.verification.reading import Lap, Reading, together
from migrator.verification.turns import Cursor

_FEW = 100  # folders that are listed one by one


@dataclass(frozen=True, slots=True)
class _Needed:
    """An object that posts need: what it is, and by which links."""

    asset: Asset
    link: Link
    places: list[Shown]


@dataclass(frozen=True, slots=True)
class StoreVerification:
    """One comparison of what runs stored with what posts link to and what stores have.

    ``paths`` restrict it to posts there; without them it is about all that the ledger knows.
    """

    site: Site
    settings: Settings
    stores: Stores
    paths: Sequence[Path]

    def carry_out(self, ledger: Ledger, reading: Reading) -> Verified:
        """Compare; changes nothing.

        Raises:
            StoreError: a store cannot be listed.
            StoreRefused: it refuses.
        """
        links = ledger.links()
        names = {link.post for link in links if self._is_meant(self.site.post(link.post))}
        compared = compare(links, self._posts(names, reading), expected=names)
        differences = list(compared.differences)
        needed: dict[str, dict[str, _Needed]] = defaultdict(dict)  # by store and key
        for standing in compared.standing:
            copies = list(self._copies(standing))
            if not copies:
                differences.append(_elsewhere(standing))
            for place, key, shown in copies:
                new = _Needed(standing.asset, standing.link, [])
                needed[place.store.identity].setdefault(key, new).places.extend(shown)
        known = ledger.keys()

        def is_known(key: str) -> bool:
            return key in known or not compared.targets.isdisjoint(self._links_to(key))

        present = []
        for place in self.stores.places:
            there, found = self._listed(place, needed[place.store.identity], is_known, reading)
            present.append(there)
            differences += found
        laps: list[Lap] = []
        for place, keys in zip(self.stores.places, present, strict=True):
            wanted = needed[place.store.identity]
            assets = {key: wanted[key].asset for key in keys}
            cursor = Cursor(self.site, place.store.identity)
            lap = reading.of(place.store, place.label, assets, cursor, parts=len(present))
            differences += (_wrong(place, key, wanted[key], what) for key, what in lap.troubles)
            laps.append(lap)
            if lap.broke:
                break
        sizes = [each.asset.size for wanted in needed.values() for each in wanted.values()]
        return Verified(
            tuple(place.label for place in self.stores.places),
            len(sizes),
            sum(sizes),
            compared.posts,
            0,
            differences,
            together(laps),
        )

    def _is_meant(self, post: Path) -> bool:
        return not self.paths or any(map(_real(post).is_relative_to, map(_real, self.paths)))

    def _posts(self, names: Iterable[str], reading: Reading) -> Iterator[Post | SkippedPost]:
        """The posts below ``paths``, and those with ``names``, which runs changed."""
        changed = [path for path in map(self.site.post, sorted(names)) if os.path.lexists(path)]
        seen = set()
        for paths, text in ((self.paths, False), (changed, True)):  # runs change data files, too
            scanning = replace(self.settings.scan, links=True, text=text)
            if not paths:
                continue
            for post in read_posts(paths, self.site, scanning, reading.listener, everything=True):
                reading.stop.check()
                if post.name not in seen:
                    seen.add(post.name)
                    yield post

    def _copies(self, standing: Standing) -> Iterator[tuple[Place, str, list[Shown]]]:
        """Where the copies of what a link leads to must be; nothing if not in these stores."""
        link, first = standing.link, self.stores.first
        bare = without_fragment(link.new_url)
        root = self.site.root
        if self.settings.rewrite.links in WITH_POST and unquote(bare) == link.key:
            for shown in standing.places:
                home = folder_of_images(shown.path, self.settings, root)
                if home is not None:
                    for place, key in self.stores.copies(link.key, [home]):
                        yield place, key, [shown]
            return
        public_url = first.public_url(link.key)
        expected = link_for(link.key, public_url, link.post, self.settings, root)
        if bare != expected and (link.store != first.identity or unquote(bare) == link.key):
            return
        for place, key in self.stores.copies(link.key, []):
            yield place, key, standing.places

    def _links_to(self, key: str) -> Iterator[str]:
        """What links to an object of the first store may say, whatever run or site wrote them."""
        if public_url := self.stores.first.public_url(key):
            yield target_of("", public_url)
        if self.settings.store.type == "local":
            path = posixpath.normpath(posixpath.join(self.settings.store.path, key))
            yield from (path, f"/{path}")

    def _listed(
        self,
        place: Place,
        wanted: Mapping[str, _Needed],
        is_known: Callable[[str], bool],
        reading: Reading,
    ) -> tuple[list[str], list[Difference]]:
        """Of ``wanted`` what the store has, in the right size; and what is different there."""
        store = place.store
        own = own_keys(self.settings.store.key, place.prefix)
        with_posts = self.settings.rewrite.links in WITH_POST
        whole = not self.paths and not with_posts
        tops = {""} if whole else {key.rpartition("/")[0] for key in wanted}
        if "" in tops or (len(tops) > _FEW and not with_posts):
            tops = {""}
        present: list[str] = []
        differences: list[Difference] = []
        listed: set[str] = set()
        for top in sorted(tops):
            for key, size in store.sizes(f"{top}/" if top else ""):
                reading.stop.check()
                if each := wanted.get(key):
                    if key not in listed and size == each.asset.size:
                        present.append(key)
                    elif key not in listed:
                        trouble = other_size(size, each.asset.size)
                        differences.append(_wrong(place, key, each, trouble))
                    listed.add(key)
                elif whole and own and own.fullmatch(key) and not is_known(key):
                    differences.append(Difference(Kind.ORPHANED, key, place.label, size=size))
        differences += (
            _wrong(place, key, each, GONE) for key, each in wanted.items() if key not in listed
        )
        return present, differences


def _wrong(place: Place, key: str, needed: _Needed, trouble: str) -> Difference:
    again = (
        "migrator restore brings it back if a backup has it; else "
        f"migrator rollback {needed.link.run} puts the old links back, and migrator migrate stores "
        "it anew"
    )
    return wrong_object(
        key,
        place.label,
        trouble,
        again,
        url=needed.link.new_url,
        size=needed.asset.size,
        places=needed.places,
    )


def _elsewhere(standing: Standing) -> Difference:
    link = standing.link
    return Difference(
        Kind.ELSEWHERE,
        link.key,
        link.store,
        link.new_url,
        detail=f"run {link.run} stored it there",
        places=tuple(standing.places),
        cure="name that store: migrator verify --from STORE",
    )


def _real(path: Path) -> Path:
    """``path`` without symbolic links, except for a file that is one."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name
