"""All the stores of a site: links go to the first, every mirror gets every image too."""

import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from migrator.config import Settings
from migrator.config.settings import MirrorSettings
from migrator.errors import ConfigError
from migrator.model import Asset, Fetched, Placement, Stored, TransferTask
from migrator.reasons import Reason
from migrator.uploader.base import Store, StoreError
from migrator.uploader.keys import key_for
from migrator.uploader.open_store import open_store
from migrator.uploader.placing import confirm, place


class Stores:
    """Where images go, opened; relative paths start at the site root ``root``.

    ``alone`` says that no other process stores images of the same run.

    Raises:
        ConfigError: a setting is missing or does not fit; names it and the cure.
    """

    def __init__(self, settings: Settings, root: Path, *, alone: bool = True) -> None:
        self._settings = settings.store
        self._alone = alone
        self._claims: dict[str, str] = {}  # names that do not hold the hash, and for which image
        self._prefixes = [each.prefix.strip("/") for each in (settings.store, *settings.mirror)]
        for mirror in settings.mirror:
            if mirror.key != MirrorSettings().key:
                raise ConfigError(
                    f"mirror.key = {mirror.key!r}: objects have the same names in every store",
                    "remove key from [[mirror]]; the one of [store] counts",
                )
        self._all = [open_store(each, root) for each in (settings.store, *settings.mirror)]

    @property
    def first(self) -> Store:
        """The store that links go to."""
        return self._all[0]

    def check(self) -> None:
        """See whether every store would take images (``Store.check``)."""
        for store in self._all:
            store.check()

    def close(self) -> None:
        """Give every connection back."""
        for store in self._all:
            store.close()

    def place(self, fetched: Fetched, task: TransferTask) -> tuple[Placement, ...]:
        """Put ``fetched`` into every store, proven by reading back; the first is to be linked.

        Where its key is taken by another image, it gets one that holds more of its hash.

        Raises:
            StoreError: one of the stores does not have it for certain (see ``placing.place``).
        """
        name, distinct = (
            key_for(self._settings.key, "", fetched.asset, task, distinct=distinct)
            for distinct in (False, True)
        )
        if name != distinct and not self._claimed(name, fetched.asset):
            name = distinct
        try:
            return self._place(fetched, name, task.homes)
        except StoreError as error:
            if error.reason is not Reason.STORE_CONFLICT or name == distinct:
                raise
            return self._place(fetched, distinct, task.homes)

    def confirm(self, known: Stored, homes: Sequence[str]) -> bool:
        """Whether the first store still holds ``known``, in all its ``homes``."""
        keys = _at_homes(known.placement.key, homes)
        return all(confirm(self.first, known.asset, key) for key in keys)

    def mirror(self, known: Stored, homes: Sequence[str], spool: Path) -> tuple[Placement, ...]:
        """See that every mirror has ``known`` as well, from the first store's copy if need be.

        Raises:
            StoreError: one of them does not.
        """
        name = known.placement.key.removeprefix(f"{self._prefixes[0]}/")
        placements = []
        for store, prefix in list(zip(self._all, self._prefixes, strict=True))[1:]:
            for key in _at_homes(_joined(prefix, name), homes):
                if not confirm(store, known.asset, key):
                    self._copy(known, homes, store, key, spool)
            placements.append(Placement(store.identity, _joined(prefix, name), known.asset.sha256))
        return tuple(placements)

    def _claimed(self, name: str, asset: Asset) -> bool:
        """Whether ``asset`` may try to take ``name``: no other image of this run has tried.

        Some stores let the last of two writers win, so two must not try at once. Names that differ
        in case alone are one name on many disks.
        """
        if not (self._alone or all(store.exclusive for store in self._all)):
            return False
        folded = unicodedata.normalize("NFC", name).casefold()
        return self._claims.setdefault(folded, asset.sha256) == asset.sha256

    def _place(self, fetched: Fetched, name: str, homes: Sequence[str]) -> tuple[Placement, ...]:
        placements = []
        for store, prefix in zip(self._all, self._prefixes, strict=True):
            for key in _at_homes(_joined(prefix, name), homes):
                place(store, fetched, key)
            key = _joined(prefix, name)
            placements.append(Placement(store.identity, key, fetched.asset.sha256))
        return tuple(placements)

    def _copy(
        self, known: Stored, homes: Sequence[str], store: Store, key: str, spool: Path
    ) -> None:
        first_key = _at_homes(known.placement.key, homes)[0]
        with tempfile.NamedTemporaryFile(dir=spool) as file:
            with closing(self.first.read(first_key)) as chunks:
                file.writelines(chunks)
            file.flush()
            fetched = Fetched(known.asset, Path(file.name), known.source, known.final_url)
            place(store, fetched, key)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _at_homes(key: str, homes: Sequence[str]) -> list[str]:
    """The keys of the copies of an object that lives with its posts, else its one key."""
    return [_joined(home, key) for home in homes] or [key]
