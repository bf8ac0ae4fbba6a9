"""A backup, read top to bottom: which images posts show, what of them is new, a snapshot of it all.

Posts stay as they are, and so does every copy: a source that dies or changes never removes one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from migrator import __version__
from migrator.config import Settings
from migrator.errors import BackupDamaged
from migrator.events import ImageDone, Listener, Warned, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.judging import wrong_pictures
from migrator.ledger import now
from migrator.model import Held, PastImage, Placement, SkippedPost, Stored
from migrator.plan import Plan
from migrator.reasons import Reason
from migrator.snapshots import Header, Image, State, Vault
from migrator.snapshots.changes import Event, after, blank, earlier_of, event
from migrator.snapshots.draft import Draft
from migrator.snapshots.manifest import counts, name_of, object_key
from migrator.snapshots.shown import plan_of, shown_by
from migrator.state import Site
from migrator.transfer import Transfer
from migrator.urls import identity

_FRESH = (State.NEW, State.CHANGED)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup did: its snapshot, and what is worth telling.

    ``images`` are all lines of the snapshot, ``events`` what changed since the one before.
    ``held`` are the images that are probably wrong, by ``url_sha256``; ``posts`` are those that
    could not be read.
    """

    header: Header
    images: tuple[Image, ...]
    events: tuple[Event, ...]
    held: Mapping[str, Held]
    posts: tuple[SkippedPost, ...]
    warnings: tuple[str, ...]


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
            Interrupted: a signal came; the next backup goes on.
        """
        started = datetime.now(UTC)
        plan = plan_of(self.paths, self.site, self.settings.scan, self.listener, started)
        names = self.vault.names()
        previous, before = self._newest(names)
        known, vanished = self._known({**before, **draft.images()})
        images = self._asked_again(plan, before, known, draft, stop)
        held, doubts = self._held_back(images, before, stop)
        for each in held:
            name = name_of(each.url)
            images[name] = after(before.get(name), _last(known, each.url), each, now())
        shown = shown_by(plan)
        lines = tuple(replace(each, references=shown[name]) for name, each in images.items())
        header = Header(
            _unused(f"{started:%Y-%m-%dT%H%M%SZ}", names),
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
        found = (event(before.get(each.url_sha256), each) for each in lines)
        return BackedUp(
            header,
            lines,
            tuple(filter(None, found)),
            {name_of(each.url): each for each in held},
            tuple(post for post in plan.left if post.reason is not Reason.OPT_OUT),
            (*plan.warnings, *doubts, *vanished),
        )

    def _newest(self, names: Sequence[str]) -> tuple[str | None, dict[str, Image]]:
        """The newest snapshot that can be read, and its images by ``url_sha256``."""
        for name in reversed(names):
            try:
                return name, {each.url_sha256: each for each in self.vault.images(name)}
            except BackupDamaged as damage:
                self.listener(Warned(f"{damage}; the one before it is compared with"))
        return None, {}

    def _known(self, images: Mapping[str, Image]) -> tuple[dict[str, Image], tuple[str, ...]]:
        """What is known of ``images``, whose copies count if the vault has them; and a warning."""
        present = self.vault.objects()
        known = {
            name: each
            if each.object in present
            else replace(each, sha256=None, size=None, object=None)
            for name, each in images.items()
        }
        gone = sum(
            each.object is not None and known[n].object is None for n, each in images.items()
        )
        words = f"{gone} copies that earlier backups had made are gone from {self.vault.label}"
        return known, ((f"{words}; these images were asked for again",) if gone else ())

    def _asked_again(
        self,
        plan: Plan,
        before: Mapping[str, Image],
        known: Mapping[str, Image],
        draft: Draft,
        stop: Stop,
    ) -> dict[str, Image]:
        images: dict[str, Image] = {}
        with stage(self.listener, "backup", len(plan.tasks)):
            tasks = [
                replace(task, earlier=earlier_of(_last(known, task.url))) for task in plan.tasks
            ]
            for task, outcome in in_threads(
                self.transfer.copy, tasks, self.settings.download, self.transfer.host, stop
            ):
                name = name_of(task.url)
                image = after(before.get(name), _last(known, task.url), outcome, now())
                draft.add(image)
                images[name] = image
                self.listener(ImageDone(outcome))
        return images

    def _held_back(
        self, images: Mapping[str, Image], before: Mapping[str, Image], stop: Stop
    ) -> tuple[Sequence[Held], tuple[str, ...]]:
        """Of what is new or changed, what is probably not the image."""
        fresh = [stored_of(each) for each in images.values() if each.state in _FRESH]
        if not fresh:
            return (), ()
        earlier = map(_past, before.values())
        return wrong_pictures(fresh, earlier, self.transfer, self.settings, self.listener, stop)


def stored_of(image: Image) -> Stored:
    """``image``, of which the vault has a copy, as what was stored there."""
    assert image.asset is not None  # noqa: S101 - it has a copy
    placement = Placement("", object_key(image.asset), image.asset.sha256)
    return Stored(
        image.url,
        image.asset,
        placement,
        image.source or image.url,
        final_url=image.final_url or "",
        referer=image.referer or "",
    )


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


def _unused(name: str, names: Sequence[str]) -> str:
    """``name``, or with a number where a snapshot of the same second has it."""
    more = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain([name], more) if each not in names)
