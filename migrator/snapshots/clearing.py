"""Prunes a vault: lets go of snapshots, and a day later of the images that none names any more.

A backup that is at work elsewhere names its images when it ends. What it has put there must not go
meanwhile, nor what it has found there. So nothing is deleted that was not listed for a day, in
which no backup took it for its own (``shelf.py``), and that no snapshot names then. Every step may
be the last of a killed prune: what it left, the next one finishes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from migrator.errors import BackupDamaged
from migrator.interruption import Stop
from migrator.snapshots.manifest import OBJECT, Image
from migrator.snapshots.retention import Keep, Retention
from migrator.snapshots.vault import SNAPSHOTS, Vault, stamp, time_of

GRACE = timedelta(hours=24)
_CURE = "Nothing was deleted. migrator verify --backup says what can still be read of it."


@dataclass(frozen=True, slots=True)
class Clearance:
    """What there is to do in a vault, or what was done.

    ``dropped`` are the snapshots to delete, ``staying`` the others, both oldest first. ``due`` are
    the files that were listed long enough ago, with their bytes, ``lists`` the lists they stand in;
    ``leaving`` what is to be listed now, ``waiting`` what was listed not long ago, and ``ready``
    when the last of these two may be deleted.
    """

    staying: tuple[str, ...]
    dropped: tuple[str, ...]
    due: Mapping[str, int]
    lists: tuple[str, ...]
    leaving: Mapping[str, int]
    waiting: Mapping[str, int]
    ready: datetime

    def __bool__(self) -> bool:
        """Whether there is anything to do now."""
        return bool(self.dropped or self.lists or self.leaving)


def clearance(vault: Vault, keep: Keep, now: datetime) -> Clearance:
    """What a prune of ``vault`` would do at ``now``.

    Raises:
        BackupDamaged: a snapshot cannot be read, so it is not known what it names.
        StoreError: the store cannot say now.
    """
    young: dict[str, set[str]] = {}
    old: dict[str, set[str]] = {}
    for name in vault.lists():
        written = time_of(name)
        is_old = written is not None and now - written >= GRACE
        (old if is_old else young)[name] = vault.listed(name)
    there = {key: size for key, size in vault.objects().items() if OBJECT.fullmatch(key)}
    # after what is there was listed: what a backup adds meanwhile is named, or not looked at
    retention = Retention(keep)
    staying: list[str] = []
    dropped: list[str] = []
    kept: set[str] = set()
    named: set[str] = set()
    for name in reversed(vault.names()):
        keys: set[str] = set()
        stays = retention.stays(_began(vault, name), _noting(_proven(vault, name), keys))
        (staying if stays else dropped).append(name)
        named |= keys
        kept |= keys if stays else set()
    due = set().union(*old.values()).intersection(there).difference(named)
    waiting = set().union(*young.values()).intersection(there).difference(kept)
    leaving = set(there).difference(kept, due, waiting)
    times = [found for name in young if waiting and (found := time_of(name))]
    last = max([*times, *([now] if leaving else [])], default=now)
    return Clearance(
        tuple(reversed(staying)),
        tuple(reversed(dropped)),
        _with_sizes(due, there),
        tuple(old),
        _with_sizes(leaving, there),
        _with_sizes(waiting, there),
        last + GRACE,
    )


def clear(vault: Vault, found: Clearance, now: datetime, stop: Stop) -> None:
    """Do it: delete what is due, then snapshots; list what none of the others names.

    Raises:
        StoreError: the store cannot do it now; the next prune goes on.
        StoreRefused: it refuses.
        Interrupted: a signal came; likewise.
    """
    for key in found.due:
        stop.check()
        vault.delete(key)
    for name in found.lists:
        stop.check()
        vault.drop_list(name)
    for name in found.dropped:
        stop.check()
        vault.drop(name)
    if found.leaving:
        vault.put_list(stamp(now, vault.lists()), found.leaving)


def _began(vault: Vault, name: str) -> datetime:
    try:
        return datetime.fromisoformat(vault.header(name).started).astimezone(UTC)
    except (TypeError, ValueError) as error:
        raise BackupDamaged(f"the snapshot {name} is damaged: it has no time", _CURE) from error


def _proven(vault: Vault, name: str) -> Iterator[Image]:
    """The images of a snapshot, which is what its checksums say.

    A wrong digit in it would have us let go of what it names. One that has no checksums was written
    by a backup, or is being deleted by a prune, that was killed in between.
    """
    digest = hashlib.sha256()
    yield from vault.images(name, digest)
    if name not in vault.checksummed():
        return
    sums = vault.checksums(name)
    if digest.hexdigest() not in {sums[file] for file in sums if file.startswith(SNAPSHOTS)}:
        raise BackupDamaged(f"the snapshot {name} is not as it was written", _CURE)


def _noting(images: Iterable[Image], keys: set[str]) -> Iterator[Image]:
    """``images``; ``keys`` gets the names of their objects."""
    for image in images:
        keys.update(image.objects)
        yield image


def _with_sizes(keys: Iterable[str], sizes: Mapping[str, int]) -> dict[str, int]:
    return {key: sizes[key] for key in sorted(keys)}
