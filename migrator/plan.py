"""What is left to do: which images move, which stay and why. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from migrator.model import Mention, Post, Skipped, Stored, TransferTask
from migrator.reasons import Reason
from migrator.urls import absolute, canonical, is_external


@dataclass(frozen=True, slots=True)
class Plan:
    """One task an image, whatever the spellings of its URL; ``posts`` are those that would change.

    ``tasks`` and ``skipped`` are in the order in which the posts mention the images; ``mentions``
    are all places of both.
    """

    tasks: tuple[TransferTask, ...]
    skipped: tuple[Skipped, ...]
    posts: tuple[Post, ...]
    mentions: tuple[Mention, ...]


def make_plan(
    posts: Iterable[Post],
    *,
    selected: Callable[[str], bool],
    store_root: str | None,
    known: Mapping[str, Stored],
    only: Collection[str] | None = None,
    limit: int | None = None,
) -> Plan:
    """Decide for every external image URL in ``posts`` whether it moves.

    Args:
        posts: what the scanner found.
        selected: whether the user wants images like this URL moved.
        store_root: the public address of the target store; images below it are already there.
        known: where earlier runs put images, by canonical URL.
        only: if given, only these canonical URLs move (``--only-failed``).
        limit: move at most this many images.
    """
    tasks: dict[str, TransferTask] = {}
    skipped: dict[str, Skipped] = {}
    mentions: list[Mention] = []
    changing: list[Post] = []
    below = canonical(store_root.rstrip("/") + "/") if store_root else None
    for post in posts:
        changes = False
        for reference in post.references:
            if not is_external(reference.url):
                continue
            identity = canonical(reference.url)
            mentions.append(Mention(reference.url, post.name, reference.line))
            if identity not in tasks and identity not in skipped:
                reason = None
                if below and identity.startswith(below):
                    reason = Reason.ALREADY_THERE
                elif not selected(absolute(reference.url)) or (
                    only is not None and identity not in only
                ):
                    reason = Reason.NOT_SELECTED
                elif limit is not None and len(tasks) >= limit:
                    reason = Reason.OVER_LIMIT
                if reason:
                    skipped[identity] = Skipped(reference.url, reason)
                else:
                    tasks[identity] = TransferTask(reference.url, known.get(identity))
            changes = changes or identity in tasks
        if changes:
            changing.append(post)
    return Plan(tuple(tasks.values()), tuple(skipped.values()), tuple(changing), tuple(mentions))
