"""What a comparison finds: values."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from migrator.errors import MigratorError
from migrator.model import SkippedPost
from migrator.reasons import Reason
from migrator.snapshots.manifest import Shown

GONE = "it is gone"
OTHER_BYTES = "it has other bytes"


class Level(StrEnum):
    """How much a difference matters; the value is in JSON."""

    DAMAGE = "damage"  # something is lost that was there
    UNDONE = "undone"  # something is not kept, or was not compared
    NOTE = "note"


class Kind(StrEnum):
    """What a difference is; the value is in JSON."""

    MISSING = "missing"  # an object or snapshot is gone
    DAMAGED = "damaged"  # it has other bytes, or cannot be read
    UNBACKED = "unbacked"  # posts show an image that the newest snapshot does not have
    ELSEWHERE = "elsewhere"  # posts link to a store that was not compared
    UNREAD = "unread"  # a post could not be read
    DRIFTED = "drifted"  # a post no longer has a link that a run wrote
    ORPHANED = "orphaned"  # an object of ours that nothing needs
    UNPROVEN = "unproven"  # a snapshot has no checksums

    @property
    def level(self) -> Level:
        """How much it matters."""
        if self in (Kind.MISSING, Kind.DAMAGED):
            return Level.DAMAGE
        if self in (Kind.UNBACKED, Kind.ELSEWHERE, Kind.UNREAD):
            return Level.UNDONE
        return Level.NOTE


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    ``name`` is what it is about: an object or a file of the ``store`` (as people call it), else a
    post. ``url`` is the link or the image, ``places`` where posts show it, ``detail`` says more,
    ``cure`` what helps.
    """

    kind: Kind
    name: str
    store: str = ""
    url: str = ""
    size: int | None = None
    detail: str = ""
    places: tuple[Shown, ...] = ()
    cure: str = ""


def other_size(size: int, expected: int) -> str:
    """The trouble with an object of ``size`` bytes that should have another."""
    return f"its size is {size:,} instead of {expected:,} bytes"


def wrong_object(
    name: str,
    store: str,
    trouble: str,
    cure: str,
    *,
    url: str,
    size: int | None,
    places: Iterable[Shown],
) -> Difference:
    """An object that is not as it was: ``trouble`` says how; what is not gone is in the way."""
    gone = trouble == GONE
    return Difference(
        Kind.MISSING if gone else Kind.DAMAGED,
        name,
        store,
        url,
        size,
        "" if gone else trouble,
        tuple(sorted(set(places), key=lambda each: (each.path, each.line))),
        cure if gone else f"move it away from there; then {cure}",
    )


def unread(posts: Iterable[SkippedPost]) -> Iterator[Difference]:
    """Those of ``posts`` that could not be read; one that opted out was not to be."""
    for post in posts:
        if post.reason is not Reason.OPT_OUT:
            detail = f"{post.reason.words} {post.detail}".rstrip()
            yield Difference(Kind.UNREAD, post.name, detail=detail)


@dataclass(frozen=True, slots=True)
class Read:
    """How much was read in full: so many objects of so many, their bytes of so many."""

    objects: int = 0
    size: int = 0
    of_objects: int = 0
    of_size: int = 0

    def __add__(self, other: "Read") -> "Read":
        return Read(
            self.objects + other.objects,
            self.size + other.size,
            self.of_objects + other.of_objects,
            self.of_size + other.of_size,
        )


@dataclass(frozen=True, slots=True)
class Round:
    """How reading went. ``read`` is ``None`` where nothing was to be read.

    ``broke`` ended it early. ``remember`` keeps how far it came: to be called once its findings
    have been told.
    """

    read: Read | None
    broke: MigratorError | None
    remember: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared, and with what result.

    ``stores`` are the places, ``objects`` and ``size`` what posts or snapshots need there;
    ``posts`` and ``snapshots`` how many were looked at.
    """

    stores: tuple[str, ...]
    objects: int
    size: int
    posts: int
    snapshots: int
    differences: Collection[Difference]
    reading: Round

    @property
    def status(self) -> int:
        """The exit status of a comparison that came to its end."""
        levels = {each.kind.level for each in self.differences}
        return 5 if Level.DAMAGE in levels else 3 if Level.UNDONE in levels else 0
