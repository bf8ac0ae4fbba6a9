"""A backup against itself and posts: snapshots, the objects that they name, what posts show."""

import hashlib
import os
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from migrator.config import Settings
from migrator.errors import BackupDamaged
from migrator.model import Asset
from migrator.snapshots import Image, Vault
from migrator.snapshots.manifest import OBJECT, Shown, name_of, sha256_of
from migrator.snapshots.shown import plan_of, shown_by
from migrator.snapshots.vault import SNAPSHOTS
from migrator.state import Site
from migrator.uploader import StoreError
from migrator.uploader.placing import patiently
from migrator.verification.differences import (
    GONE,
    Difference,
    Kind,
    Level,
    Verified,
    other_size,
    unread,
    wrong_object,
)
from migrator.verification.reading import Reading, together
from migrator.verification.turns import Cursor


@dataclass(frozen=True, slots=True)
class _Named:
    """An object as the newest snapshot that names it says; ``size`` is ``None`` if it does not."""

    size: int | None
    snapshot: str


@dataclass(slots=True)
class _Snapshots:
    """What all snapshots say: the objects they name, by key, and the images of the newest."""

    names: list[str]
    objects: dict[str, _Named] = field(default_factory=dict)
    newest: str = ""
    paths: tuple[str, ...] = ()
    images: set[str] = field(default_factory=set)
    whole: bool = True
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BackupVerification:
    """One comparison of a vault with what its snapshots say, and with the posts at ``paths``.

    ``to`` is what ``migrator backup`` needs to be told to find the vault, for cures.
    """

    site: Site
    settings: Settings
    vault: Vault
    paths: Sequence[Path]
    to: str = ""

    def carry_out(self, reading: Reading) -> Verified:
        """Compare; changes nothing.

        Raises:
            StoreError: the vault cannot be listed.
            StoreRefused: it refuses.
            Interrupted: a signal came before anything was read in full.
        """
        said = self._snapshots(reading)
        present = self.vault.objects()
        wanted: dict[str, Asset] = {}
        troubles: dict[str, str] = {}
        for name, each in said.objects.items():
            size = present.get(name)
            if size is None:
                troubles[name] = GONE
            elif each.size is not None and each.size != size:
                troubles[name] = other_size(size, each.size)
            else:
                wanted[self.vault.key(name)] = Asset(sha256_of(name), size, "", "")
        cursor = Cursor(self.site, f"backup {self.vault.store.identity}")
        lap = reading.of(self.vault.store, self.vault.label, wanted, cursor)
        troubles |= {key.removeprefix(self.vault.key("")): what for key, what in lap.troubles}
        differences = [*said.differences, *self._wrong(said, troubles)]
        if said.whole:
            differences += (
                Difference(Kind.ORPHANED, name, self.vault.label, size=size)
                for name, size in present.items()
                if name not in said.objects and OBJECT.fullmatch(name)
            )
        posts = 0
        if self.paths:
            posts, found = self._posts(said, reading)
            differences += found
        return Verified(
            (self.vault.label,),
            len(said.objects),
            sum(each.size or present.get(name, 0) for name, each in said.objects.items()),
            posts,
            len(said.names),
            differences,
            together([lap]),
        )

    def _snapshots(self, reading: Reading) -> _Snapshots:
        """Read every snapshot, and see whether it is as its checksums say."""
        checksummed = self.vault.checksummed()
        said = _Snapshots(self.vault.names())
        again = partial(patiently, sleep=reading.sleep)
        for name in said.names:
            reading.stop.check()
            try:
                digest, keys = again(partial(self._read, name, said))
            except (BackupDamaged, StoreError) as error:
                self._say(said, name, ".jsonl", error)
                said.whole = False
                continue
            if name not in checksummed:
                why = "it has no checksums: the backup was interrupted then, or they are lost"
                self._say(said, name, ".jsonl", why, kind=Kind.UNPROVEN)
                continue
            try:
                sums = again(partial(self.vault.checksums, name))
            except (BackupDamaged, StoreError) as error:
                self._say(said, name, ".sha256", error)
                continue
            if sums.pop(f"{SNAPSHOTS}{name}.jsonl", "") != digest:
                self._say(said, name, ".jsonl", "it is not what its checksums say")
            elif sums != {key: sha256_of(key) for key in keys}:
                self._say(said, name, ".sha256", "it does not name the images of the snapshot")
        for name in sorted({*checksummed, self.vault.latest()} - {*said.names, ""}):
            self._say(said, name, ".jsonl", "", kind=Kind.MISSING)
        if not said.names and not said.differences:
            where, detail = self.vault.label, "there is no backup here"
            said.differences.append(Difference(Kind.MISSING, SNAPSHOTS, where, detail=detail))
        if said.newest:
            said.paths = again(partial(self.vault.header, said.newest)).paths
        cure = f"{self._backup(said)} makes a new one, and needs none of the old"
        said.differences = [
            replace(each, cure=cure) if each.kind.level is Level.DAMAGE else each
            for each in said.differences
        ]
        return said

    def _read(self, name: str, said: _Snapshots) -> tuple[str, set[str]]:
        """Note what the snapshot ``name`` says; returns its SHA-256 and the keys it names."""
        digest, images, keys = hashlib.sha256(), set(), set()
        for image in self.vault.images(name, digest):
            images.add(image.url_sha256)
            for key in image.objects:
                keys.add(key)
                said.objects[key] = _Named(image.size if key == image.object else None, name)
        said.newest, said.images = name, images
        return digest.hexdigest(), keys

    def _say(
        self, said: _Snapshots, name: str, ending: str, what: object, *, kind: Kind = Kind.DAMAGED
    ) -> None:
        key = f"{SNAPSHOTS}{name}{ending}"
        if isinstance(what, StoreError):
            next(iter(self.vault.store.keys(self.vault.key(key))), None)  # raises if all is away
            what = f"it cannot be read: {what.detail}"
        said.differences.append(Difference(kind, key, self.vault.label, detail=str(what)))

    def _wrong(self, said: _Snapshots, troubles: Mapping[str, str]) -> Iterator[Difference]:
        """What to tell of objects that are not as they were, with the posts that show them."""
        if not troubles:
            return
        still = set(self.vault.names())  # what a snapshot named that is pruned by now may go
        places: dict[str, set[Shown]] = defaultdict(set)
        urls: dict[str, str] = {}
        for snapshot in {said.objects[name].snapshot for name in troubles} & still:
            for image in self._images(snapshot):
                for key in troubles.keys() & set(image.objects):
                    urls[key] = image.url
                    places[key].update(image.references)
        for name, trouble in troubles.items():
            named = said.objects[name]
            if named.snapshot not in still:
                continue
            if named.snapshot == said.newest:
                cure = f"{self._backup(said)} fetches it anew if its host has it still"
            else:
                cure = "another copy of this backup may have it; no host is asked for old images"
            yield wrong_object(
                name,
                self.vault.label,
                trouble,
                cure,
                url=urls.get(name, ""),
                size=named.size,
                places=places[name],
            )

    def _images(self, snapshot: str) -> Iterator[Image]:
        with suppress(BackupDamaged, StoreError):  # told already
            yield from self.vault.images(snapshot)

    def _posts(self, said: _Snapshots, reading: Reading) -> tuple[int, list[Difference]]:
        """How many posts show images, and the images that the newest snapshot does not have."""
        scanning = self.settings.scan
        now = datetime.now(UTC)
        plan = plan_of(self.paths, self.site, scanning, reading.listener, now, reading.stop)
        places = shown_by(plan)
        found = [
            Difference(
                Kind.UNBACKED,
                places[name][0].path,
                url=task.url,
                places=places[name],
                cure=self._backup(said),
            )
            for task in plan.tasks
            if (name := name_of(task.url)) not in said.images
        ]
        return len({mention.post for mention in plan.mentions}), [*found, *unread(plan.left)]

    def _backup(self, said: _Snapshots) -> str:
        """The command that makes a new backup."""
        scanned = [os.path.relpath(self.site.root / path) for path in said.paths]
        paths = [str(path) for path in self.paths] or scanned or ["PATH"]
        return shlex.join(["migrator", "backup", *paths, *(["--to", self.to] if self.to else [])])
