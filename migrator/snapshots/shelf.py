"""Which images of a vault a backup may rely on, while a prune is at work elsewhere."""

from collections.abc import Collection
from itertools import count
from typing import Self

from migrator.model import Asset
from migrator.snapshots.manifest import object_key
from migrator.snapshots.vault import Vault


class Shelf:
    """The objects that are there and stay.

    What a prune has listed may be gone at any moment, unless a snapshot names it. So such an object
    counts as gone, and its name is not used: who needs the same image stores it under the next.
    """

    def __init__(self, present: Collection[str], doomed: Collection[str]) -> None:
        self._present = present
        self._doomed = doomed

    @classmethod
    def of(cls, vault: Vault, newest: str | None, named: Collection[str]) -> Self:
        """What ``vault`` has now; the snapshot ``newest`` names the objects ``named``.

        Raises:
            StoreError: the store cannot say now.
        """
        listed = {key for name in vault.lists() for key in vault.listed(name)}
        # asked for later than the lists: a prune deletes first what it listed, then snapshots
        doomed = listed.difference(named) if listed and newest in vault.names() else listed
        return cls(set(vault.objects()), doomed)

    def has(self, key: str | None) -> bool:
        """Whether the object called ``key`` is there and stays."""
        return key in self._present and key not in self._doomed

    def name(self, asset: Asset) -> str:
        """What to call ``asset``: as ever, but for a name that a prune is about to delete."""
        names = (object_key(asset, number) for number in count(1))
        return next(name for name in names if name not in self._doomed)
