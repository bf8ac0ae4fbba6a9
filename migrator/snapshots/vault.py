"""Where backups are kept: images named by their SHA-256, snapshots, and the name of the newest.

A store of any kind holds it, in this order of writing: images, the snapshot that names them, its
checksums, ``latest``. So whatever ends a backup, every snapshot that is there is whole. What no
snapshot names any more is listed for a day before it is deleted (``clearing.py``).
"""

import hashlib
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from migrator.body import Body, InMemory
from migrator.config import StoreSettings
from migrator.errors import BackupDamaged
from migrator.model import Asset, Fetched
from migrator.scanner.files import VAULT_SAYS
from migrator.snapshots.manifest import (
    OBJECTS,
    Header,
    Image,
    header_line,
    image_line,
    read_header,
    read_image,
    sha256_of,
)
from migrator.uploader import Store
from migrator.uploader.placing import place

SNAPSHOTS = "snapshots/"
PRUNING = "pruning/"
LATEST = "latest"
KEYS = OBJECTS + "{sha256:2}/{sha256}{ext}"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MANIFEST, _SUMS, _LIST = ".jsonl", ".sha256", ".txt"
_STAMP = "%Y-%m-%dT%H%M%SZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d{6}Z).*")
_README = "README.txt"
_TELLS = f"""\
{VAULT_SAYS} You can read it without.

objects/      every image, named by the SHA-256 of its bytes; nothing here ever changes
snapshots/    for each backup NAME: NAME.jsonl says which URL had which image, and which posts
              and lines show it (one JSON object a line, the first about the backup itself), and
              NAME.sha256 proves that all of it is as it was: sha256sum -c snapshots/NAME.sha256
latest        the name of the newest snapshot
pruning/      what no snapshot names any more, and when that was found out: it will be deleted
"""


def settings_of(store: StoreSettings) -> StoreSettings:
    """``store`` with the settings of a vault there: names are not the user's to choose."""
    return replace(store, key=KEYS, public_url="", check_public=False, cache_control="")


def stamp(time: datetime, earlier: Iterable[str]) -> str:
    """A name for what begins at ``time``, after all ``earlier`` names.

    Names are times to the second. Where the clock went back, or two begin in one second, a name is
    the second after the newest one, so that the order of names is that in which they were given.
    """
    times = (found + timedelta(seconds=1) for name in earlier if (found := time_of(name)))
    return f"{max([time, *times]):{_STAMP}}"


def time_of(name: str) -> datetime | None:
    """The time that ``name`` says; ``None``: we gave no such name."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


class Vault:
    """The backups in ``store``, below ``prefix``; ``label`` is how people call the place."""

    def __init__(self, store: Store, prefix: str, label: str) -> None:
        self.store = store
        self.label = label
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")

    def key(self, name: str) -> str:
        """The store's key of what is called ``name`` in the vault."""
        return self._prefix + name

    def names(self) -> list[str]:
        """The names of all snapshots, oldest first.

        Raises:
            StoreError: the store cannot say now.
        """
        return self._named(SNAPSHOTS, _MANIFEST)

    def checksummed(self) -> list[str]:
        """The names of all snapshots whose checksums are there, oldest first.

        Raises: as ``names`` does.
        """
        return self._named(SNAPSHOTS, _SUMS)

    def latest(self) -> str:
        """The name that is said to be the newest snapshot's; empty where nothing is said.

        Raises: as ``names`` does.
        """
        try:
            with closing(self.store.read(self.key(LATEST))) as chunks:
                return b"".join(chunks).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    def objects(self) -> dict[str, int]:
        """All images that are there, by name (see ``manifest.object_key``), with their sizes.

        Raises:
            StoreError: the store cannot say now.
        """
        return {self._name(key): size for key, size in self.store.sizes(self.key(OBJECTS))}

    def header(self, name: str) -> Header:
        """The header of the snapshot ``name``.

        Raises:
            BackupDamaged: it is not whole, or there is none.
            StoreError: the store cannot say now.
        """
        with closing(self._lines(name)) as lines:
            return read_header(next(lines, ""), self._where(name))

    def images(self, name: str, digest: "hashlib._Hash | None" = None) -> Iterator[Image]:
        """The images of the snapshot ``name``, one at a time.

        ``digest``, if given, has seen all bytes of the manifest when the last image was given.

        Raises: as ``header`` does.
        """
        where = self._where(name)
        with closing(self._lines(name, digest)) as lines:
            left = read_header(next(lines, ""), where).images
            for line in lines:
                yield read_image(line, where)
                left -= 1
        if left:
            raise BackupDamaged(
                f"the snapshot {where} is damaged: it does not have as many lines as it says",
                "Older snapshots are whole: migrator snapshots",
            )

    def checksums(self, name: str) -> dict[str, str]:
        """The SHA-256 of each file that the snapshot ``name`` is made of, itself included.

        Raises:
            BackupDamaged: they cannot be read, or there are none.
            StoreError: the store cannot say now.
        """
        where = f"{SNAPSHOTS}{name}{_SUMS}"
        try:
            with closing(self.store.read(self.key(where))) as chunks:
                *lines, rest = b"".join(chunks).decode("utf-8", "replace").split("\n")
        except FileNotFoundError as error:
            raise BackupDamaged(f"there is no {where} in {self.label}") from error
        parts = [line.partition("  ") for line in lines]
        if rest or not all(_SHA256.fullmatch(sha256) and file for sha256, _, file in parts):
            raise BackupDamaged(f"{where} in {self.label} has lines that are no checksums")
        return {file: sha256 for sha256, _, file in parts}

    def put(self, header: Header, images: Iterable[Image], spool: Path) -> None:
        """Write a snapshot: its manifest, its checksums, and then that it is the newest.

        Every image that it names is there already. ``spool`` is a folder for the manifest.

        Raises:
            StoreError: one of them could not be stored; the snapshot counts once its manifest is.
            EnvironmentProblem: the disk is full or read-only.
        """
        objects: set[tuple[str, str]] = set()
        manifest = spool / f"{header.name}{_MANIFEST}"
        digest = hashlib.sha256()
        with manifest.open("wb") as file:
            for line in _manifest(header, images, objects):
                digest.update(line)
                file.write(line)
        name = f"{SNAPSHOTS}{header.name}{_MANIFEST}"
        sums = [f"{digest.hexdigest()}  {name}\n"]
        sums += [f"{sha256}  {key}\n" for key, sha256 in sorted(objects)]
        size = manifest.stat().st_size
        self._put(name, manifest, digest.hexdigest(), size, "application/jsonl")
        manifest.unlink()
        self._put_text(f"{SNAPSHOTS}{header.name}{_SUMS}", "".join(sums))
        self.store.replace(self.key(LATEST), f"{header.name}\n".encode())

    def describe(self) -> None:
        """Write for people, and for scans that come across it, what this place is."""
        self._put_text(_README, _TELLS)

    def drop(self, name: str) -> None:
        """Delete the snapshot ``name``; its images stay."""
        for ending in (_SUMS, _MANIFEST):  # checksums alone tell that a manifest was lost
            self.store.delete(self.key(f"{SNAPSHOTS}{name}{ending}"))

    def lists(self) -> list[str]:
        """The names of all lists of what is to be deleted, oldest first."""
        return [name for name in self._named(PRUNING, _LIST) if time_of(name)]

    def listed(self, name: str) -> set[str]:
        """What stands in the list ``name``; nothing if it is gone."""
        try:
            return set(b"".join(self.store.read(self._list(name))).decode().splitlines())
        except FileNotFoundError:
            return set()

    def put_list(self, name: str, keys: Iterable[str]) -> None:
        """Write the list ``name`` of what is to be deleted."""
        text = "".join(f"{key}\n" for key in sorted(keys))
        self._put_text(f"{PRUNING}{name}{_LIST}", text)

    def drop_list(self, name: str) -> None:
        """Delete the list ``name``; what stood in it stays, or is deleted already."""
        self.store.delete(self._list(name))

    def delete(self, name: str) -> None:
        """Delete the file called ``name`` in the vault."""
        self.store.delete(self.key(name))

    def _list(self, name: str) -> str:
        return self.key(f"{PRUNING}{name}{_LIST}")

    def _named(self, folder: str, ending: str) -> list[str]:
        """The names of the files in ``folder``, without their ``ending``; in order."""
        files = self.store.keys(self.key(folder))
        found = (self._name(file).removeprefix(folder) for file in files)
        return sorted(name.removesuffix(ending) for name in found if name.endswith(ending))

    def _put_text(self, name: str, text: str) -> None:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        self._put(name, InMemory(data), digest, len(data), "text/plain; charset=utf-8")

    def _put(self, name: str, body: Body, sha256: str, size: int, media_type: str) -> None:
        asset = Asset(sha256, size, media_type, PurePosixPath(name).suffix)
        place(self.store, Fetched(asset, body, name, name), self.key(name))

    def _lines(
        self, name: str, digest: "hashlib._Hash | None" = None
    ) -> Generator[str, None, None]:
        rest = b""
        try:
            with closing(self.store.read(self.key(f"{SNAPSHOTS}{name}{_MANIFEST}"))) as chunks:
                for chunk in chunks:
                    if digest:
                        digest.update(chunk)
                    *lines, rest = (rest + chunk).split(b"\n")
                    yield from (line.decode("utf-8", "replace") for line in lines)
        except FileNotFoundError as error:
            raise BackupDamaged(
                f"there is no snapshot {name} in {self.label}", "See the list: migrator snapshots"
            ) from error
        if rest:
            raise BackupDamaged(
                f"the snapshot {self._where(name)} is damaged: it breaks off in a line",
                "Older snapshots are whole: migrator snapshots",
            )

    def _where(self, name: str) -> str:
        return f"{name} in {self.label}"

    def _name(self, key: str) -> str:
        return key.removeprefix(self._prefix)


def _manifest(
    header: Header, images: Iterable[Image], objects: set[tuple[str, str]]
) -> Iterator[bytes]:
    """The lines of a manifest; ``objects`` gets the name and SHA-256 of every copy it names."""
    yield header_line(header).encode()
    for image in images:
        objects |= {(key, sha256_of(key)) for key in image.objects}
        yield image_line(image).encode()
