"""All the stores of a site: links go to the first, every mirror gets every image too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrator.config import MirrorSettings, Settings
from migrator.errors import ConfigError, EnvironmentProblem, StoreRefused
from migrator.model import Asset, Fetched, Placement, Stored, TransferTask
from migrator.reasons import Reason
from migrator.uploader.base import Store, StoreError
from migrator.uploader.claims import Claims
from migrator.uploader.keys import key_for, own_keys
from migrator.uploader.open_store import open_store
from migrator.uploader.placing import confirm, copied, place


@dataclass(frozen=True, slots=True)
class Place:
    """One of the stores, and what stands before its keys.

    ``label`` is where it is, for people, ``name`` how messages begin that are about it (a mirror).
    """

    store: Store
    prefix: str
    label: str
    name: str = ""

    def keys(self, name: str, homes: Sequence[str]) -> list[str]:
        """The keys of the copies of an object that lives with its posts, else its one key."""
        key = self.key(name)
        return [f"{home}/{key}".lstrip("/") for home in homes] or [key]

    def key(self, name: str) -> str:
        """The key of an object that does not live with posts."""
        return f"{self.prefix}/{name}".lstrip("/")

    @contextmanager
    def named(self) -> Iterator[None]:
        """Let what goes wrong with a mirror say so."""
        try:
            yield
        except StoreError as error:
            raise StoreError(error.reason, f"{self.name}{error.detail}") from error
        except (StoreRefused, EnvironmentProblem) as error:
            raise type(error)(f"{self.name}{error}", error.hint) from error


class Stores:
    """Where images go, opened; relative paths start at the site root ``root``.

    ``alone`` says that no other process stores images of the same run; ``table`` is where the
    settings of the first store stand in the configuration.

    Raises:
        ConfigError: a setting is missing or does not fit; names it and the cure.
    """

    def __init__(
        self, settings: Settings, root: Path, *, alone: bool = True, table: str = "store"
    ) -> None:
        self._settings = settings.store
        self._alone = alone
        self._claims = Claims()
        for mirror in settings.mirror:
            if mirror.key != MirrorSettings().key:
                raise ConfigError(
                    f"mirror.key = {mirror.key!r}: objects have the same names in every store",
                    "remove key from [[mirror]]; the one of [store] counts",
                )
        by_content = own_keys(settings.store.key, "") is not None
        first = Place(
            open_store(settings.store, root, table=table, by_content=by_content),
            settings.store.prefix.strip("/"),
            settings.store.label,
        )
        mirrors = (
            Place(
                open_store(each, root, table="mirror", by_content=by_content),
                each.prefix.strip("/"),
                each.label,
                f"the mirror {each.label}: ",
            )
            for each in settings.mirror
        )
        self._all = [first, *mirrors]
        seen = set()
        for each in self._all:
            if each.store.identity in seen:
                raise ConfigError(
                    f"{each.name}it is the place of [store] or of another mirror",
                    "give every mirror a place of its own",
                )
            seen.add(each.store.identity)

    @property
    def first(self) -> Store:
        """The store that links go to."""
        return self._all[0].store

    @property
    def places(self) -> Sequence[Place]:
        """All of them, the one that links go to first."""
        return self._all

    def copies(self, key: str, homes: Sequence[str]) -> Iterator[tuple[Place, str]]:
        """Where the object is that has ``key`` in the first store: in each store, at these keys."""
        name = key.removeprefix(self._all[0].key(""))
        yield from ((each, copy) for each in self._all for copy in each.keys(name, homes))

    def check(self) -> None:
        """See whether every store would take images (``Store.check``).

        Mirrors come first, for a folder is made here, and without them nothing shall be.
        """
        for each in reversed(self._all):
            with each.named():
                each.store.check()

    def learn(self, earlier: Mapping[str, bool]) -> dict[str, bool]:
        """Try what is not known of the stores (``Store.learn``); returns what was found now."""
        found: dict[str, bool] = {}
        for each in self._all:
            with each.named():
                found |= each.store.learn(earlier)
        return found

    def close(self) -> None:
        """Give every connection back."""
        for each in self._all:
            each.store.close()

    def place(
        self, fetched: Fetched, task: TransferTask, name: str | None = None
    ) -> tuple[Placement, ...]:
        """Put ``fetched`` into every store, proven by reading back; the first is to be linked.

        Where its key is taken by another image, it gets one that holds more of its hash. ``name``
        is its name where the template of the settings has no say.

        Raises:
            StoreError: one of the stores does not have it for certain (see ``placing.place``).
        """
        if name is not None:
            return self._place(fetched, name, task)
        name, distinct = (
            key_for(self._settings.key, "", fetched.asset, task, distinct=distinct)
            for distinct in (False, True)
        )
        if name != distinct and not self._may_take(name, task.homes, fetched.asset):
            name = distinct
        try:
            return self._place(fetched, name, task)
        except StoreError as error:
            if error.reason is not Reason.STORE_CONFLICT or name == distinct:
                raise
            return self._place(fetched, distinct, task)

    def confirm(self, known: Stored, homes: Sequence[str]) -> bool:
        """Whether the first store still holds ``known``, in all its ``homes``."""
        first = self._all[0]
        keys = first.keys(self.name(known), homes)
        return all(confirm(first.store, known.asset, key) for key in keys)

    def lost(self, stored: Stored, homes: Sequence[str]) -> bool:
        """Whether a copy of ``stored`` is gone from the first store since (``Store.lost``)."""
        first = self._all[0]
        keys = first.keys(self.name(stored), homes)
        return any(first.store.lost(key, stored.asset.size) for key in keys)

    def mirror(self, known: Stored, homes: Sequence[str], spool: Path) -> tuple[Placement, ...]:
        """See that every mirror has ``known`` as well, from the first store's copy if need be.

        Raises:
            StoreError: one of them does not.
        """
        name = self.name(known)
        lacking: list[tuple[Place, str]] = []
        for each in self._all[1:]:
            with each.named():
                keys = each.keys(name, homes)
                lacking += [(each, k) for k in keys if not confirm(each.store, known.asset, k)]
        if lacking:
            key = self._all[0].keys(name, homes)[0]
            with copied(self.first, known.asset, key, spool) as path:
                fetched = Fetched(known.asset, path, known.source, known.final_url)
                for each, key in lacking:
                    with each.named():
                        place(each.store, fetched, key, url=known.url)
        return self._placements(known.asset, name)[1:]

    def _may_take(self, name: str, homes: Sequence[str], asset: Asset) -> bool:
        """Whether no other image of this run can take ``name`` at the same time."""
        alone = self._alone or all(each.store.exclusive for each in self._all)
        return alone and self._claims.granted(self._all[0].keys(name, homes), asset.sha256)

    def _place(self, fetched: Fetched, name: str, task: TransferTask) -> tuple[Placement, ...]:
        for each in self._all:
            with each.named():
                for key in each.keys(name, task.homes):
                    place(each.store, fetched, key, url=task.url)
        return self._placements(fetched.asset, name)

    def _placements(self, asset: Asset, name: str) -> tuple[Placement, ...]:
        return tuple(
            Placement(each.store.identity, each.key(name), asset.sha256) for each in self._all
        )

    def name(self, known: Stored) -> str:
        """What ``known`` is called in every store."""
        return known.placement.key.removeprefix(self._all[0].key(""))
