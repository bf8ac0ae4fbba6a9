"""What a run did, as values: the one source of every report."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that refers to an image; ``new_url`` is ``None`` where the link stayed."""

    path: str
    line: int
    new_url: str | None = None


@dataclass(frozen=True, slots=True)
class ImageReport:
    """One image URL and its one state.

    ``state`` is stored, reused, skipped, held, failed or planned; ``reason`` is a value of
    ``migrator.reasons.Reason`` where the image stayed. ``size`` is in bytes; in a dry run it is what
    the host says.
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
    references: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class PostReport:
    """One post: ``state`` is rewritten, planned, unchanged, skipped, conflict or rolled-back."""

    path: str
    state: str
    edits: int = 0
    reason: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One run. Times are UTC in ISO 8601; ``run`` is ``None`` where nothing was recorded.

    ``counts`` maps each image state to its number, and ``posts`` and ``posts_rewritten`` to theirs.
    """

    run: str | None
    command: str
    dry_run: bool
    started: str
    finished: str | None
    counts: dict[str, int]
    images: tuple[ImageReport, ...] = ()
    posts: tuple[PostReport, ...] = ()
    warnings: tuple[str, ...] = field(default=())
