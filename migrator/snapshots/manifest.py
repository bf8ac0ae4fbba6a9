"""The manifest of a snapshot: JSON Lines, one header and then one line for each image. Pure.

``docs/reference/backup-format.md`` describes it for people who read it without us.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import PurePosixPath
from sys import intern
from typing import Any, TypeVar

from migrator.errors import BackupDamaged, UsageError
from migrator.model import Asset
from migrator.redact import redact
from migrator.urls import identity

FORMAT = "migrator-snapshot"
VERSION = 1
OBJECTS = "objects/"
OBJECT = re.compile(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}(?:\.[a-z0-9]+){0,2}")  # and no other
_Kind = TypeVar("_Kind")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class State(StrEnum):
    """How an image of a snapshot stands to the snapshot before; the value is in the manifest."""

    NEW = "new"  # seen for the first time, and copied
    UNCHANGED = "unchanged"
    CHANGED = "changed"  # its URL gives other bytes than before; both are kept
    LOST = "lost"  # could not be had
    HELD = "held"  # what came is probably not the image


@dataclass(frozen=True, slots=True)
class Shown:
    """A place of a post that shows an image; ``path`` as posts are named, ``line`` from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Image:
    """One line of a manifest: an image URL, and the copy of it that is kept.

    ``url`` is canonical and shorn of secrets, ``url_sha256`` the SHA-256 of it with them, which
    tells images apart. ``sha256``, ``size``, ``media_type``, ``width``, ``height`` and ``object``
    (its key in the vault) are of the newest good copy, ``None`` where there never was one;
    ``changed_from`` is the one before. ``source``, ``final_url`` and ``referer`` say where it came
    from, ``etag`` and ``last_modified`` what that host compares it by, ``fetched`` when its bytes
    came. ``reason`` and ``detail`` are why an image is lost or held, ``since`` from when on,
    ``suspect`` the key of what came in its place. Times are UTC, ISO 8601.
    """

    url: str
    url_sha256: str
    state: State
    sha256: str | None = None
    size: int | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    object: str | None = None
    changed_from: str | None = None
    source: str | None = None
    final_url: str | None = None
    referer: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    fetched: str | None = None
    reason: str | None = None
    detail: str | None = None
    since: str | None = None
    suspect: str | None = None
    references: tuple[Shown, ...] = ()

    @property
    def asset(self) -> Asset | None:
        """The good copy."""
        if self.sha256 is None or self.object is None:
            return None
        return Asset(
            self.sha256,
            self.size or 0,
            self.media_type or "",
            PurePosixPath(self.object).suffix,
            self.width,
            self.height,
        )

    @property
    def objects(self) -> Iterator[str]:
        """The keys of all objects that this line needs."""
        yield from filter(None, (self.object, self.suspect))


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a manifest.

    ``images`` is how many lines follow, ``counts`` how many of them are in each state, ``size``
    the bytes of the different copies they name, ``previous`` the name of the snapshot that states
    are relative to, ``paths`` what was scanned, from the site root.
    """

    name: str
    started: str
    finished: str
    paths: tuple[str, ...]
    previous: str | None
    images: int
    size: int
    counts: dict[str, int]
    program: str


# what is in JSON under these names; all others are text
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("images", "size", "width", "height"), int),
    "paths": list,
    "references": tuple,
    "counts": dict,
    "previous": (str, type(None)),
}
_NAMES = tuple(each.name for each in fields(Image))
_HEADER, _IMAGE = {each.name for each in fields(Header)}, set(_NAMES)


def name_of(url: str) -> str:
    """The ``url_sha256`` of the image that any spelling of ``url`` means."""
    return hashlib.sha256(identity(url).encode("utf-8", "surrogatepass")).hexdigest()


def object_key(asset: Asset, number: int = 1) -> str:
    """What a vault calls ``asset``: its first name, or the one with a ``number``."""
    more = f".{number}" if number > 1 else ""
    return f"{OBJECTS}{asset.sha256[:2]}/{asset.sha256}{more}{asset.extension}"


def sha256_of(key: str) -> str:
    """The SHA-256 of the object that a vault calls ``key``."""
    return key.rpartition("/")[2].partition(".")[0]


def with_copy(image: Image, asset: Asset, key: str = "") -> Image:
    """``image`` with ``asset`` as its good copy; ``key`` is its name where it is not the first."""
    return replace(
        image,
        sha256=asset.sha256,
        size=asset.size,
        media_type=asset.media_type,
        width=asset.width,
        height=asset.height,
        object=key or object_key(asset),
    )


def values_of(image: Image) -> dict[str, Any]:
    """``image`` by the names that it has in JSON; URLs are shorn of secrets."""
    # not asdict(), which takes most of the time that a manifest takes to write
    values = {name: getattr(image, name) for name in _NAMES}
    shown = image.references
    values["references"] = tuple({"path": each.path, "line": each.line} for each in shown)
    for name in ("url", "source", "final_url", "referer", "detail"):
        if values[name] is not None:
            values[name] = redact(values[name])
    return values


def header_line(header: Header) -> str:
    """``header`` as the first line of a manifest, with its end."""
    return _line({"format": FORMAT, "version": VERSION, **asdict(header)})


def image_line(image: Image) -> str:
    """``image`` as a line of a manifest, with its end; URLs are shorn of secrets."""
    values = values_of(image).items()
    return _line({name: value for name, value in values if value not in (None, ())})


def read_header(line: str, where: str) -> Header:
    """The header in ``line``; ``where`` names the manifest in errors.

    Raises:
        BackupDamaged: it is none.
        UsageError: it is of a newer version.
    """
    values = _object(line, where)
    if values.get("format") != FORMAT:
        raise _damaged(where, "it does not begin as a snapshot of Migrator does")
    if values.get("version") != VERSION:
        raise UsageError(
            f"{where} was written by a newer version of Migrator",
            "Update Migrator; nothing is lost.",
        )
    return _read(Header, _HEADER, values, where)


def read_image(line: str, where: str) -> Image:
    """The image in ``line``; ``where`` names the manifest in errors.

    Raises:
        BackupDamaged: there is none.
    """
    values = _object(line, where)
    try:
        values["state"] = State(values["state"])
        seen = tuple(_shown(**each) for each in values.pop("references", ()))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(where, error) from error
    return _read(Image, _IMAGE, {**values, "references": seen}, where)


def _shown(path: str, line: int) -> Shown:
    return Shown(intern(path), line)  # one text for all places in a post


def counts(images: Iterable[Image]) -> dict[str, int]:
    """How many of ``images`` are in each state."""
    found = Counter(image.state for image in images)
    return {state.value: found[state] for state in State}


def _line(values: dict[str, Any]) -> str:
    # What is not valid text (a surrogate) becomes a JSON escape, so that the file is UTF-8.
    return _encode(values).encode("utf-8", "backslashreplace").decode() + "\n"


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise _damaged(where, error) from error
    if not isinstance(values, dict):
        raise _damaged(where, "a line is no object")
    return values


def _read(kind: Callable[..., _Kind], names: set[str], values: dict[str, Any], where: str) -> _Kind:
    """What a line holds; a later version of the format may have more fields."""
    known = {name: values[name] for name in names & values.keys()}
    for name, value in known.items():
        if not isinstance(value, _KINDS.get(name, str)):
            raise _damaged(where, f"{name} cannot be {value!r}")
    texts = {value: value for value in known.values() if isinstance(value, str)}
    known |= {n: texts[v] for n, v in known.items() if isinstance(v, str)}  # one where all agree
    try:
        return kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in known.items()})
    except TypeError as error:
        raise _damaged(where, error) from error


def _damaged(where: str, what: object) -> BackupDamaged:
    return BackupDamaged(
        f"the snapshot {where} is damaged: {what}",
        "Older snapshots are whole: migrator snapshots lists them; migrator verify --backup says"
        " what is missing.",
    )
