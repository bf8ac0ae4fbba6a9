"""How an image stands to the snapshot before, and what is worth telling of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from migrator.held import JUDGED
from migrator.model import Asset, Failed, Held, Outcome, Stored
from migrator.reasons import Reason
from migrator.served import Earlier, NotModified, Version
from migrator.snapshots.manifest import Image, State, name_of, object_key, with_copy
from migrator.urls import identity


class Change(StrEnum):
    """What happened to an image since the last time; the value is in JSON."""

    NEW = "new"
    CHANGED = "changed"
    LOST = "lost"
    HELD = "held"
    BACK = "back"  # it was lost or held, and is as before


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what a backup tells."""

    change: Change
    image: Image


def blank(url: str) -> Image:
    """An image of which nothing is known yet."""
    return Image(identity(url), name_of(url), State.NEW)


def earlier_of(image: Image) -> Earlier | None:
    """How ``image`` came, by which its host can say that it did not change."""
    if image.sha256 is None or image.source is None:
        return None
    return Earlier(image.source, image.sha256, Version(image.etag or "", image.last_modified or ""))


def after(
    before: Image | None,
    known: Image,
    outcome: Outcome | NotModified,
    now: str,
    name: Callable[[Asset], str] = object_key,
) -> Image:
    """The image's line in the next snapshot.

    ``before`` is its line in the last one, ``known`` the newest that is known of it, which may be
    from a backup that was interrupted since. ``name`` is what the vault calls what came.
    """
    had = before.sha256 if before else None
    match outcome:
        case NotModified(version=version):
            same = replace(known, reason=None, detail=None, since=None, suspect=None)
            return _compared(had, same if version is None else _with_version(same, version))
        case Stored():
            fresh = Image(
                known.url,
                known.url_sha256,
                State.NEW,
                source=outcome.source,
                final_url=outcome.final_url,
                referer=outcome.referer or None,
                fetched=now,
            )
            asset = outcome.asset
            fresh = with_copy(_with_version(fresh, outcome.version), asset, name(asset))
            return _compared(had, fresh)
        case Held(reason=reason, detail=detail, asset=asset):
            suspect = name(asset) if asset and reason in JUDGED else None
            return _without(before, known, State.HELD, reason, detail, now, suspect)
        case Failed(reason=reason, detail=detail):
            return _without(before, known, State.LOST, reason, detail, now)


def with_copy_of(image: Image, old: Image) -> Image:
    """``image``, which cannot be had, with the copy that its ``old`` line has."""
    trouble = ("url", "state", "reason", "detail", "since", "suspect", "references")
    return replace(old, changed_from=None, **{name: getattr(image, name) for name in trouble})


def event(before: Image | None, image: Image) -> Event | None:
    """What is worth telling: ``None`` where all is as it was."""
    was = before.state if before else None
    trouble = {State.LOST: Change.LOST, State.HELD: Change.HELD}
    if image.state in trouble:
        same = was is image.state
        return None if same else Event(trouble[image.state], image)
    if image.state is State.UNCHANGED:
        return Event(Change.BACK, image) if was in trouble else None
    return Event(Change(image.state.value), image)


def _compared(had: str | None, image: Image) -> Image:
    """``image`` with its state, where the last snapshot ``had`` a copy with this SHA-256."""
    if had is None:
        return replace(image, state=State.NEW, changed_from=None)
    if had == image.sha256:
        return replace(image, state=State.UNCHANGED, changed_from=None)
    return replace(image, state=State.CHANGED, changed_from=had)


def _with_version(image: Image, version: Version) -> Image:
    etag, last_modified = version.etag or None, version.last_modified or None
    return replace(image, etag=etag, last_modified=last_modified)


def _without(
    before: Image | None,
    known: Image,
    state: State,
    reason: Reason,
    detail: str,
    now: str,
    suspect: str | None = None,
) -> Image:
    """``known`` with its good copy kept, for what came now is none."""
    since = before.since if before and before.state is state else None
    return replace(
        known,
        state=state,
        changed_from=None,
        reason=reason.value,
        detail=detail,
        since=since or now,
        suspect=suspect,
    )
