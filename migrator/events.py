"""What happens during a run, for whoever listens: progress, logs, tests.

Durability never depends on a listener; the ledger is written first.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from migrator.model import Outcome, SkippedPost
from migrator.reasons import Reason
from migrator.served import NotModified


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; ``total`` is the number of its steps, ``None`` while unknown.

    ``hosts`` says how many of them are up to which host, where hosts are asked for images.
    """

    name: str  # "scan", "sizes", "transfer" ...: `report.stage` has words for each
    total: int | None
    hosts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageEnded:
    """The stage is over, or broke: whoever draws on the terminal leaves it to others."""


@dataclass(frozen=True, slots=True)
class PostScanned:
    """A post was read."""

    name: str


@dataclass(frozen=True, slots=True)
class PostSkipped:
    """A file was left alone as a whole."""

    post: SkippedPost


@dataclass(frozen=True, slots=True)
class SizeAsked:
    """A host was asked for the size of an image, in a dry run or before the question."""

    url: str


@dataclass(frozen=True, slots=True)
class HostChecked:
    """A host was asked once more, to see whether what it gave is to be trusted."""

    url: str


@dataclass(frozen=True, slots=True)
class Examining:
    """The doctor looks at this now."""

    what: str


@dataclass(frozen=True, slots=True)
class ImageDone:
    """An image reached its state, or a backup has it already."""

    outcome: Outcome | NotModified


@dataclass(frozen=True, slots=True)
class ObjectRead:
    """An object of a store was read in full, to see whether it is as it was; its size in bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class ThumbnailDone:
    """A small picture of this asset was made for a report, or cannot be made."""

    sha256: str


@dataclass(frozen=True, slots=True)
class PostDone:
    """A post was rewritten (``reason`` is ``None``) or left alone."""

    name: str
    edits: int
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know."""

    text: str


Event = (
    StageStarted
    | StageEnded
    | PostScanned
    | PostSkipped
    | SizeAsked
    | HostChecked
    | Examining
    | ImageDone
    | ObjectRead
    | ThumbnailDone
    | PostDone
    | Warned
)
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """A listener that does not listen."""


@contextmanager
def stage(
    listener: Listener,
    name: str,
    total: int | None = None,
    hosts: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[None]:
    """Announce a stage and, however it goes, its end."""
    listener(StageStarted(name, total, hosts))
    try:
        yield
    finally:
        listener(StageEnded())
