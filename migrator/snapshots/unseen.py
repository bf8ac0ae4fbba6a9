"""Images of posts that one backup does not look at: what the snapshot before has of them stays.

A backup of `posts/b`, or one that cannot read a post, is a whole snapshot all the same: else the
next one would not know the other images any more, and a prune would let go of their copies.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from migrator.snapshots.manifest import Image, Shown, State
from migrator.state import Site


def unseen_at(
    site: Site, paths: Sequence[Path], unread: Collection[str]
) -> Callable[[Shown], bool]:
    """Whether a place is in a post that is there, and that a backup of ``paths`` did not read.

    ``unread`` names the posts and folders below ``paths`` that could not be read.
    """
    root = os.path.realpath(site.root)
    looked_at = [os.path.relpath(_real(path), root) for path in paths]

    def unseen(place: Shown) -> bool:
        if any(_is_in(place.path, each) for each in unread):
            return True
        if any(_is_in(place.path, each) for each in looked_at):
            return False
        return os.path.lexists(site.post(place.path))

    return unseen


def with_unseen(
    images: Mapping[str, Image], before: Mapping[str, Image], unseen: Callable[[Shown], bool]
) -> tuple[dict[str, Image], int]:
    """``images`` and those of ``before`` that posts show which were not read; how many these are.

    Of an image that other posts show as well, the places in those that were not read are kept.
    """
    all_ = dict(images)
    for name, image in before.items():
        places = tuple(filter(unseen, image.references))
        if name in images:
            seen = images[name].references
            if more := tuple(place for place in places if place not in seen):
                all_[name] = replace(images[name], references=seen + more)
        elif places:
            trouble = image.state in (State.LOST, State.HELD)
            state = image.state if trouble else State.UNCHANGED
            all_[name] = replace(image, state=state, changed_from=None, references=places)
    return all_, len(all_) - len(images)


def is_of_another_site(site: Site, shown: Collection[str], before: Mapping[str, Image]) -> bool:
    """Whether ``before`` is about other posts than those here, which show the images ``shown``.

    Posts may have moved: then they still show most of the images.
    """
    if not before or 2 * sum(name in shown for name in before) >= len(before):
        return False
    posts = {place.path for image in before.values() for place in image.references}
    return not any(os.path.lexists(site.post(post)) for post in posts)


def _real(path: Path) -> str:
    """``path`` as posts are named: without symbolic links, except for a file that is one."""
    if path.is_dir():
        return os.path.realpath(path)
    return str(Path(os.path.realpath(path.parent), path.name))


def _is_in(post: str, place: str) -> bool:
    return (place == os.curdir and not post.startswith("../")) or Path(post).is_relative_to(place)
