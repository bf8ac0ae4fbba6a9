"""What is left to do: which images move, which stay and why. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from migrator.model import Mention, Post, Skipped, SkippedPost, Stored, TransferTask
from migrator.reasons import Reason
from migrator.urls import canonical, is_external


@dataclass(frozen=True, slots=True)
class Plan:
    """One task an image, whatever the spellings of its URL; ``posts`` are those that would change.

    ``tasks`` and ``skipped`` are in the order in which the posts mention the images; ``mentions``
    are all places of both. ``left`` are the posts that are left alone as a whole.
    """

    tasks: tuple[TransferTask, ...]
    skipped: tuple[Skipped, ...]
    posts: tuple[Post, ...]
    mentions: tuple[Mention, ...]
    left: tuple[SkippedPost, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which images the user wants moved.

    ``concerned`` says which URLs are looked at at all, ``selected`` which of those may move
    (``otherwise`` is the reason of the rest). Images below ``store_root``, the public address of
    the target store, are already there. ``only`` restricts to these canonical URLs
    (``--only-failed``), ``limit`` to so many images. ``obstacle`` sees whether a post could be
    replaced at all: for one that cannot, nothing moves.
    """

    selected: Callable[[str], bool]
    otherwise: Reason = Reason.NOT_SELECTED
    concerned: Callable[[str], bool] = is_external
    store_root: str | None = None
    only: Collection[str] | None = None
    limit: int | None = None
    obstacle: Callable[[Post], SkippedPost | None] = lambda _: None

    def reason_to_stay(self, url: str) -> Reason | None:
        """Why the image at ``url`` stays; ``None``: it may move."""
        identity = canonical(url)
        if self.store_root and identity.startswith(canonical(self.store_root.rstrip("/") + "/")):
            return Reason.ALREADY_THERE
        if not self.selected(url):
            return self.otherwise
        if self.only is not None and identity not in self.only:
            return Reason.NOT_FAILED
        return None


def make_plan(
    posts: Iterable[Post | SkippedPost], wanted: Wanted, known: Mapping[str, Stored]
) -> Plan:
    """Decide for every image URL in ``posts`` whether it moves.

    ``known`` is where earlier runs put images, by canonical URL.
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
        found = {
            ref.url: canonical(ref.url) for ref in post.references if wanted.concerned(ref.url)
        }
        staying = {url: wanted.reason_to_stay(url) for url in found}
        obstacle = None if all(staying.values()) else wanted.obstacle(post)
        if obstacle:
            left.append(obstacle)
        else:
            changing.append(post)
        for url, identity in found.items():
            reason = staying[url] or (obstacle.reason if obstacle else None)
            if reason is None and identity not in tasks and len(tasks) == wanted.limit:
                reason = Reason.OVER_LIMIT
            if reason is None:
                tasks.setdefault(identity, TransferTask(url, known.get(identity)))
            else:
                skipped.setdefault(identity, Skipped(url, reason))
        mentions += [Mention(r.url, post.name, r.line) for r in post.references if r.url in found]
    return Plan(
        tasks=tuple(tasks.values()),
        skipped=tuple(each for identity, each in skipped.items() if identity not in tasks),
        posts=tuple(
            post for post in changing if any(canonical(r.url) in tasks for r in post.references)
        ),
        mentions=tuple(mentions),
        left=tuple(left),
        warnings=tuple(warnings),
    )
