"""What a run did, as values: the one source of every report."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

IMAGE_STATES = ("stored", "reused", "skipped", "held", "failed", "planned")
_MOVED = {"stored", "reused"}


@dataclass(frozen=True, slots=True)
class Place:
    """One place that refers to an image; ``new_url`` is ``None`` where the link stayed."""

    path: str
    line: int
    new_url: str | None = None


@dataclass(frozen=True, slots=True)
class ImageReport:
    """One image URL and its one state.

    ``state`` is stored, reused, skipped, held, failed or planned; ``reason`` is a value of
    ``migrator.reasons.Reason`` where the image stayed; of a planned one, why it probably will.
    ``size`` is in bytes; in a dry run it is what the host says. ``source`` is the URL or route that
    served it.
    """

    url: str
    state: str
    reason: str | None = None
    detail: str = ""
    sha256: str | None = None
    size: int | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    key: str | None = None
    new_url: str | None = None
    references: tuple[Place, ...] = ()
    source: str | None = None


@dataclass(frozen=True, slots=True)
class PostReport:
    """One post: ``state`` is rewritten, planned, skipped, conflict, rolled-back or interrupted.

    ``interrupted``: it was being replaced when the run ended; the next command sees to it.
    """

    path: str
    state: str
    edits: int = 0
    reason: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a run, made anew whenever somebody goes over them: never all at once."""

    make: Callable[[], Iterator[ImageReport]]

    def __iter__(self) -> Iterator[ImageReport]:
        return self.make()


@dataclass(frozen=True, slots=True)
class Report:
    """One run. Times are UTC in ISO 8601; ``run`` is ``None`` where nothing was recorded.

    ``counts`` maps each image state to its number, and ``posts`` and ``posts_rewritten`` to theirs
    (see ``tally``). There may be more ``images`` than memory should hold: see `Images`.
    ``store`` names where images go, for people, and ``origin`` where all of them come from, if that
    is one place. ``notes`` are what a person should know of posts that were rewritten; unlike
    ``warnings`` they take nothing away from success.
    """

    run: str | None
    command: str
    dry_run: bool
    started: str
    finished: str | None
    counts: dict[str, int]
    images: Iterable[ImageReport] = ()
    posts: tuple[PostReport, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    store: str = ""
    notes: tuple[str, ...] = ()
    origin: str = ""

    @property
    def unmoved(self) -> Iterator[ImageReport]:
        """The images that are not in the store; where there are none, nobody goes over all."""
        if not any(self.counts[state] for state in IMAGE_STATES if state not in _MOVED):
            return iter(())
        return (image for image in self.images if image.state not in _MOVED)


@dataclass(frozen=True, slots=True)
class PastRun:
    """One line of the history; ``state`` is finished, interrupted, rolled-back or pruned.

    ``images`` is how many were moved, ``posts`` how many were changed.
    """

    run: str
    command: str
    state: str
    started: str
    finished: str | None
    images: int
    posts: int


def tally(states: Iterable[str] | Mapping[str, int], posts: Iterable[PostReport]) -> dict[str, int]:
    """The ``counts`` of a report: every image state, ``posts`` and ``posts_rewritten``.

    ``states`` are those of all images, or how many images are in each.
    """
    states = Counter(states)
    changed = Counter(post.state for post in posts)
    return {state: states[state] for state in IMAGE_STATES} | {
        "posts": changed.total(),
        "posts_rewritten": changed["rewritten"],
    }


def total_size(images: Iterable[ImageReport]) -> int:
    """The bytes of images, each asset counted once however many URLs it has."""
    seen: set[int] = set()  # hashes, for they are small
    total = 0
    for image in images:
        if (mark := hash(image.sha256 or image.url)) not in seen:
            seen.add(mark)
            total += image.size or 0
    return total
