"""A backup, read top to bottom: which images posts show, what of them is new, a snapshot of it all.

Posts stay as they are, and so does every copy: a source that dies or changes never removes one.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from migrator import __version__
from migrator.config import Settings
from migrator.errors import BackupDamaged, UsageError
from migrator.events import ImageDone, Listener, Warned, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.judging import wrong_pictures
from migrator.ledger import now
from migrator.model import Asset, Held, PastImage, Placement, SkippedPost, Stored, TransferTask
from migrator.plan import Plan
from migrator.reasons import Reason
from migrator.snapshots import Header, Image, Vault
from migrator.snapshots.changes import (
    Event,
    after,
    blank,
    earlier_of,
    event,
    with_copy_of,
)
from migrator.snapshots.draft import Draft
from migrator.snapshots.manifest import counts, name_of, object_key
from migrator.snapshots.shelf import Shelf
from migrator.snapshots.shown import plan_of, shown_by
from migrator.snapshots.unseen import is_of_another_site, unseen_at, with_unseen
from migrator.snapshots.vault import stamp
from migrator.state import Site
from migrator.transfer import Transfer
from migrator.urls import identity, on_hosts


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup did: its snapshot, and what is worth telling.

    ``images`` are all lines of the snapshot, ``events`` what changed since the one before.
    ``held`` are the images that are probably wrong, by ``url_sha256``; ``posts`` are those that
    could not be read. Of the images, ``unseen`` are shown by posts that were not looked at.
    """

    header: Header
    images: tuple[Image, ...]
    events: tuple[Event, ...]
    held: Mapping[str, Held]
    posts: tuple[SkippedPost, ...]
    warnings: tuple[str, ...]
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of the images that the posts at ``paths`` show, into ``vault``.

    ``transfer`` stores what it fetches there, too.
    """

    site: Site
    settings: Settings
    transfer: Transfer
    vault: Vault
    listener: Listener
    paths: Sequence[Path]

    def carry_out(self, draft: Draft, stop: Stop) -> BackedUp:
        """Ask for every image what changed, keep what is new, and write a snapshot of it all.

        Raises:
            StoreError: the vault cannot be listed or written.
            StoreRefused: it refuses.
            UsageError: the backups there are of another site.
            Interrupted: a signal came; the next backup goes on.
        """
        started = datetime.now(UTC)
        plan = plan_of(self.paths, self.site, self.settings.scan, self.listener, started, stop)
        names = self.vault.names()
        previous, before = self._newest(names)
        shown = shown_by(plan)
        plan = replace(plan, posts=(), mentions=())  # all that is wanted of them
        if is_of_another_site(self.site, shown, before):
            raise UsageError(
                f"the backups in {self.vault.label} are of other posts: of those that the newest"
                " is about, none is here",
                "Each site needs a place of its own: --to STORE. If posts are missing here, bring"
                " them back first. Nothing was changed.",
            )
        if not names:
            self.vault.describe()
        images, good, shelf, vanished = self._copied(plan, previous, before, draft, stop)
        held, doubts = self._held_back(images, before, stop)
        for each in held:
            name = name_of(each.url)
            images[name] = after(
                before.get(name), _last(good, each.url), each, now(), _named(images[name])
            )
        images |= self._older_copies(images, before, names, shelf)
        images = {name: replace(each, references=shown[name]) for name, each in images.items()}
        posts = tuple(post for post in plan.left if post.reason is not Reason.OPT_OUT)
        unread = [post.name for post in posts]
        every, unseen = with_unseen(images, before, unseen_at(self.site, self.paths, unread))
        lines = tuple(every.values())
        header = Header(
            stamp(started, names),
            started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            now(),
            tuple(Path(os.path.relpath(path, self.site.root)).as_posix() for path in self.paths),
            previous,
            len(lines),
            sum({each.sha256: each.size or 0 for each in lines if each.sha256}.values()),
            counts(lines),
            f"migrator {__version__}",
        )
        stop.check()
        self.vault.put(header, lines, self.site.spool)
        draft.end()
        found = (event(before.get(name), each) for name, each in every.items() if name in images)
        events = tuple(filter(None, found))
        if not events:  # what is held is asked for each night, and its host is as it was
            doubts = ()
        return BackedUp(
            header,
            lines,
            events,
            {name_of(each.url): each for each in held},
            posts,
            (*plan.warnings, *doubts, *vanished),
            unseen,
        )

    def _newest(self, names: Sequence[str]) -> tuple[str | None, dict[str, Image]]:
        """The newest snapshot that can be read, and its images by ``url_sha256``."""
        for name in reversed(names):
            try:
                return name, {each.url_sha256: each for each in self.vault.images(name)}
            except BackupDamaged as damage:
                self.listener(Warned(f"{damage}; the one before it is compared with"))
        return None, {}

    def _copied(
        self,
        plan: Plan,
        previous: str | None,
        before: Mapping[str, Image],
        draft: Draft,
        stop: Stop,
    ) -> tuple[dict[str, Image], dict[str, Image], Shelf, tuple[str, ...]]:
        """Every image of ``plan`` with a copy that stays; ``before``; what is there; warnings.

        A large backup takes days, in which a prune elsewhere may delete what no snapshot names yet.
        So it is looked at once more at the end, and what is not there any more is fetched again.
        """
        named = {key for each in before.values() for key in each.objects}
        shelf = Shelf.of(self.vault, previous, named)
        known, gone = _known({**before, **draft.images()}, shelf)
        images = self._asked_again(plan.tasks, before, known, draft, shelf, stop)
        shelf = Shelf.of(self.vault, previous, named)
        still, gone_since = _known(images, shelf)
        again = [task for task in plan.tasks if name_of(task.url) in gone_since]
        if again:
            images |= self._asked_again(again, before, still, draft, shelf, stop)
        number = len({*gone, *gone_since})
        what = (
            "1 copy that an earlier backup had made is"
            if number == 1
            else (f"{number:,} copies that earlier backups had made are")
        )
        warning = f"{what} gone from {self.vault.label}; what was gone was asked for again"
        return images, _known(before, shelf)[0], shelf, (warning,) if number else ()

    def _older_copies(
        self,
        images: Mapping[str, Image],
        before: Mapping[str, Image],
        names: Sequence[str],
        shelf: Shelf,
    ) -> dict[str, Image]:
        """Those of ``images`` that cannot be had, and that only older snapshots have a copy of.

        Posts did not show them for a while. What the newest snapshot knows was looked for already.
        """
        found: dict[str, Image] = {}
        wanted = {name for name, each in images.items() if not each.object} - before.keys()
        for snapshot in reversed(names):
            if not wanted:
                break
            try:
                for old in self.vault.images(snapshot):
                    if old.url_sha256 in wanted and shelf.has(old.object):
                        found[old.url_sha256] = with_copy_of(images[old.url_sha256], old)
            except BackupDamaged:
                continue  # the newest that can be read was named
            wanted -= found.keys()
        return found

    def _asked_again(
        self,
        tasks: Sequence[TransferTask],
        before: Mapping[str, Image],
        known: Mapping[str, Image],
        draft: Draft,
        shelf: Shelf,
        stop: Stop,
    ) -> dict[str, Image]:
        images: dict[str, Image] = {}
        hosts = on_hosts(task.url for task in tasks)
        with stage(self.listener, "backup", len(tasks), hosts):
            tasks = [replace(task, earlier=earlier_of(_last(known, task.url))) for task in tasks]
            copy = partial(self.transfer.copy, name=shelf.name)
            for done in in_threads(copy, tasks, self.settings.download, self.transfer.host, stop):
                came = {}
                for task, outcome in done:
                    name, last = name_of(task.url), _last(known, task.url)
                    came[name] = after(before.get(name), last, outcome, now(), shelf.name)
                draft.add(came.values())
                images |= came
                for _, outcome in done:
                    self.listener(ImageDone(outcome))
        return images

    def _held_back(
        self, images: Mapping[str, Image], before: Mapping[str, Image], stop: Stop
    ) -> tuple[Sequence[Held], tuple[str, ...]]:
        """Of what is new or changed, what is probably not the image."""
        fresh = [
            stored_of(each)
            for name, each in images.items()
            if each.sha256 and (name not in before or each.sha256 != before[name].sha256)
        ]
        if not fresh:
            return (), ()
        earlier = tuple(map(_past, before.values()))
        return wrong_pictures(fresh, earlier, self.transfer, self.settings, self.listener, stop)


def stored_of(image: Image) -> Stored:
    """``image``, of which the vault has a copy, as what was stored there."""
    assert image.asset is not None  # noqa: S101 - it has a copy
    assert image.object is not None  # noqa: S101 - likewise
    placement = Placement("", image.object, image.asset.sha256)
    return Stored(
        image.url,
        image.asset,
        placement,
        image.source or image.url,
        final_url=image.final_url or "",
        referer=image.referer or "",
    )


def _named(image: Image) -> Callable[[Asset], str]:
    """What the copy that came of ``image`` is called."""
    return lambda asset: image.object or object_key(asset)


def _known(images: Mapping[str, Image], shelf: Shelf) -> tuple[dict[str, Image], set[str]]:
    """What is known of ``images``, whose copies count if they stay; and which do not."""
    gone = {name for name, each in images.items() if each.object and not shelf.has(each.object)}
    known = {
        name: replace(each, sha256=None, size=None, object=None) if name in gone else each
        for name, each in images.items()
    }
    return known, gone


def _last(known: Mapping[str, Image], url: str) -> Image:
    """What is known of the image at ``url``, under its whole URL."""
    image = known.get(name_of(url))
    return replace(image, url=identity(url)) if image else blank(url)


def _past(image: Image) -> PastImage:
    return PastImage(
        image.url,
        "stored" if image.asset else "failed",
        None,
        "",
        image.asset,
        image.source or image.url,
        image.final_url or "",
        "",
    )
