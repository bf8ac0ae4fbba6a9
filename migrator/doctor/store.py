"""Does a store take an image, give it back, and let go of it? Tried with a tiny one of our own."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from migrator.body import InMemory
from migrator.config import BackupSettings, MirrorSettings, StoreSettings
from migrator.doctor.guarded import failed
from migrator.doctor.probe import PROBE_URL, Probe, make_probe
from migrator.errors import MigratorError
from migrator.finding import Area, Finding, note, ok, problem
from migrator.model import Asset, TransferTask
from migrator.report.quantities import size
from migrator.uploader import Store, StoreError
from migrator.uploader.base import OWN
from migrator.uploader.bucket import BucketStore
from migrator.uploader.keys import key_for
from migrator.uploader.local import LocalStore

LITTLE_ROOM = 1024**3  # bytes
NO_ROOM = 64 * 1024**2  # bytes: two of the largest images
_AS_WRITTEN = ("{stem}", "{path}", "{post}")  # fields that may hold capitals
Seen = Callable[[str, Asset], Iterator[Finding]]  # what readers see at an address
_TABLES: dict[type, str] = {MirrorSettings: "[[mirror]]", BackupSettings: "[backup]"}


def check_store(
    store: Store, settings: StoreSettings, where: str, seen: Seen | None
) -> Iterator[Finding]:
    """Put a probe into ``store``, get it back, and delete it.

    ``seen`` looks at its public address while it is there, if posts will link to it.
    """
    with closing(store):
        if isinstance(store, LocalStore):
            yield from _check_folder(store, settings, where)
            return
        store.check()
        yield ok(Area.STORE, "the service knows the bucket and the keys, and the clock is right")
        if isinstance(store, BucketStore):
            yield from _check_create_only(store)
        probe = make_probe()
        task = TransferTask(PROBE_URL, post="migrator-doctor.md")
        key = key_for(settings.key, settings.prefix, probe.asset, task, distinct=True)
        public_url = store.public_url(key)
        look = partial(seen, public_url, probe.asset) if seen and public_url else _nothing
        yield from _check_round_trip(store, key, probe, where, look)


def check_room(area: Area, folder: Path) -> Iterator[Finding]:
    """How much space is left where ``folder`` is or will be."""
    free = shutil.disk_usage(_existing(folder)).free
    if free < NO_ROOM:
        yield problem(
            area, f"the disk is full: {size(free)} are free", str(folder), "Free some space."
        )
    elif free < LITTLE_ROOM:
        yield note(
            area, f"only {size(free)} are free", str(folder), "See that all images will fit."
        )
    else:
        yield ok(area, f"{size(free)} are free")


def _check_round_trip(
    store: Store, key: str, probe: Probe, where: str, look: Callable[[], Iterator[Finding]]
) -> Iterator[Finding]:
    """Put, get back, ``look``, delete."""
    try:
        store.put_new(key, InMemory(probe.content), probe.asset, probe.source)
        if b"".join(store.read(key)) == probe.content:
            yield ok(Area.STORE, "it takes an image and gives the same bytes back")
            yield from look()
        else:
            yield problem(
                Area.STORE,
                "it gives back other bytes than it was given",
                where,
                "Does a proxy or the service convert images on the way? Turn that off.",
            )
    except FileNotFoundError:
        yield problem(
            Area.STORE,
            "it took an image but does not have it",
            where,
            "Is this address a cache or a mirror? Name the service itself in endpoint.",
        )
    except (MigratorError, StoreError) as error:
        yield failed(Area.STORE, where, error)
    finally:
        left = _remove(store, key, where)
    if left:
        yield left


def _nothing() -> Iterator[Finding]:
    return iter(())


def _remove(store: Store, key: str, where: str) -> Finding | None:
    """Take our object away; a finding if it stays."""
    try:
        store.delete(key)
    except (MigratorError, StoreError) as error:
        if not _is_there(store, key):
            return None
        return note(
            Area.STORE,
            f"our trial object could not be deleted and stays: {key} ({error})",
            where,
            "Migrator needs no right to delete. You may delete that object in the console.",
        )
    return None


def _is_there(store: Store, key: str) -> bool:
    try:
        with closing(store.read(key)) as chunks:
            next(chunks, b"")
    except FileNotFoundError:
        return False
    except (MigratorError, StoreError):
        return True  # nobody knows
    return True


def _check_create_only(store: BucketStore) -> Iterator[Finding]:
    """Whether the service keeps two uploads from replacing each other."""
    try:
        heeded = store.trial()
    finally:
        left = _remove(store, store.trial_key, store.identity)
    if left:
        yield left
    if heeded is False:
        yield note(
            Area.STORE,
            "the service has no upload that never replaces; Migrator looks before each one instead",
            store.identity,
            "Nothing to do, unless two programs write the same names there at the same time.",
        )
    else:
        yield ok(Area.STORE, "an upload there never replaces an object")


def _check_folder(store: LocalStore, settings: StoreSettings, where: str) -> Iterator[Finding]:
    label, folder = settings.label, Path(store.identity.removeprefix("local:"))
    table = _TABLES.get(type(settings), "[store]")
    cure = f"Make it writable for you, or choose another path in {table}."
    yield from check_room(Area.STORE, folder)
    if not folder.exists():
        above = _existing(folder)
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            yield problem(Area.STORE, f"cannot be made: {above} is not writable", label, cure)
        else:
            yield ok(Area.STORE, f"the folder {label}/ will be made")
        return
    if not folder.is_dir():
        what = f"{label} is a file, not a folder"
        yield problem(Area.STORE, what, label, f"Move it away, or choose another path in {table}.")
        return
    probe = make_probe()
    key = f"{OWN}probe-{uuid.uuid4().hex}.png"
    merged = False

    def look() -> Iterator[Finding]:
        nonlocal merged
        merged = os.path.lexists(folder / key.upper())
        return iter(())

    yield from _check_round_trip(store, key, probe, where, look)
    if merged and any(field in settings.key for field in _AS_WRITTEN):
        yield note(
            Area.STORE,
            "its file system does not tell A from a: images whose names differ in that alone get "
            "longer names",
            label,
            'Nothing to do; key = "{sha256:2}/{sha256}{ext}" has small letters only.',
        )


def _existing(folder: Path) -> Path:
    """``folder``, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())
