"""What is left to do: which images move, which stay and why. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from migrator.model import Mention, Post, Skipped, SkippedPost, Stored, TransferTask
from migrator.reasons import Reason
from migrator.signed import expires
from migrator.urls import identity, is_external, is_local

_FIRST = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """One task an image, whatever the spellings of its URL; ``posts`` are those that would change.

    ``tasks`` and ``skipped`` are in the order in which the posts mention the images, but what
    expires comes first, the soonest before all, and what a limit leaves comes last; ``mentions``
    are all places of both. ``left`` are the posts that are left alone as a whole. ``known`` is
    where the images are of which a task says that it is known.
    """

    tasks: tuple[TransferTask, ...]
    skipped: tuple[Skipped, ...]
    posts: tuple[Post, ...]
    mentions: tuple[Mention, ...]
    left: tuple[SkippedPost, ...] = ()
    warnings: tuple[str, ...] = ()
    known: Mapping[str, Stored] = field(default_factory=dict)

    def ready(self, task: TransferTask) -> TransferTask:
        """``task`` as it is carried out: with where its image is known to be."""
        if not task.is_known or task.known:
            return task
        return replace(task, known=self.known[identity(task.url)])


ImageAt = Callable[[Post, str], str | None]


def image_elsewhere(_post: Post, url: str) -> str | None:
    """The image that ``url`` means in any post, if it is on another host."""
    return url if is_external(url) else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which images the user wants moved.

    ``image_at`` says which image a URL in a post means (a local path: a file of the site), ``None``
    if it is not looked at at all; ``selected`` says which images may move (``otherwise`` is the
    reason of the rest). Images below ``store_root``, the public address of the target store, are
    already there. ``only`` says which identities may (``--only-failed``); ``limit`` restricts to so
    many images: first those that are not in ``tried``, which failed or were held before, then
    these, the lowest number first. ``obstacle`` sees whether a post could be replaced at all: for
    one that cannot, nothing moves; ``hindrance`` knows what keeps one image where it is. ``now``
    decides between the spellings of one image: signed and not yet expired is best, and that which
    holds longest; expired is worst.
    """

    selected: Callable[[str], bool]
    otherwise: Reason = Reason.NOT_SELECTED
    image_at: ImageAt = image_elsewhere
    store_root: str | None = None
    only: Callable[[str], bool] = lambda _: True
    limit: int | None = None
    tried: Mapping[str, int] = field(default_factory=dict)
    obstacle: Callable[[Post], SkippedPost | None] = lambda _: None
    hindrance: Callable[[str], Reason | None] = lambda _: None
    now: datetime = _FIRST

    def reason_to_stay(self, url: str) -> Reason | None:
        """Why the image at ``url`` stays; ``None``: it may move."""
        image = identity(url)
        if self.store_root and image.startswith(identity(self.store_root.rstrip("/") + "/")):
            return Reason.ALREADY_THERE
        if not self.selected(url):
            return self.otherwise
        if not self.only(image):
            return Reason.NOT_FAILED
        return self.hindrance(image)


def make_plan(
    posts: Iterable[Post | SkippedPost], wanted: Wanted, known: Mapping[str, Stored]
) -> Plan:
    """Decide for every image URL in ``posts`` whether it moves.

    ``known`` is where earlier runs put images, by identity. Files of the site are read again, for
    they may have changed.
    """
    tasks: dict[str, TransferTask] = {}
    skipped: dict[str, Skipped] = {}
    mentions: list[Mention] = []
    changing: list[Post] = []
    left: list[SkippedPost] = []
    warnings: list[str] = []
    for post in posts:
        if isinstance(post, SkippedPost):
            left.append(post)
            continue
        warnings += [f"{post.name}:{note.line}: {note.text}" for note in post.notes]
        found = _images(post, wanted.image_at)
        staying = {url: wanted.reason_to_stay(url) for url in found.values()}
        obstacle = None if all(staying.values()) else wanted.obstacle(post)
        if obstacle:
            left.append(obstacle)
        elif found:  # the others, of which there may be very many, are not held
            changing.append(post)
        for url, reason_to_stay in staying.items():
            image = identity(url)
            reason = reason_to_stay or (obstacle.reason if obstacle else None)
            if reason is None:
                task = tasks.get(image) or TransferTask(
                    url, image in known and not is_local(image), post.name
                )
                best = max(task.url, url, key=lambda each: _promise(each, wanted.now))
                tasks[image] = replace(task, url=best)
            else:
                skipped.setdefault(image, Skipped(url, reason))
        mentions += [
            Mention(found[each.url], post.name, each.line)
            for each in post.references
            if each.url in found
        ]
    if wanted.limit is not None:
        for image in sorted(tasks, key=lambda each: wanted.tried.get(each, 0))[wanted.limit :]:
            skipped.setdefault(image, Skipped(tasks.pop(image).url, Reason.OVER_LIMIT))
    return Plan(
        tasks=tuple(sorted(tasks.values(), key=lambda task: expires(task.url) or _NEVER)),
        skipped=tuple(each for image, each in skipped.items() if image not in tasks),
        posts=tuple(
            post
            for post in changing
            if tasks
            and any(identity(url) in tasks for url in _images(post, wanted.image_at).values())
        ),
        mentions=tuple(mentions),
        left=tuple(left),
        warnings=tuple(warnings),
        known=known,
    )


def _promise(url: str, now: datetime) -> tuple[int, datetime]:
    """How much a spelling of an image promises to be answered: more is better."""
    end = expires(url)
    return (1, _NEVER) if end is None else (2 if end > now else 0, end)


def _images(post: Post, image_at: ImageAt) -> dict[str, str]:
    """The images that ``post`` shows, by the URL that stands there."""
    urls = dict.fromkeys(reference.url for reference in post.references)
    images = ((url, image_at(post, url)) for url in urls)
    return {url: image for url, image in images if image is not None}
