"""What a backup did, and which backups there are, in words and as JSON. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from migrator.backup import BackedUp
from migrator.held import group_name
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.report.escape import encoded, for_terminal, short_url, wrapped
from migrator.report.quantities import counted, size
from migrator.report.summary import ImageReport, Images, Place, PostReport, Report, tally
from migrator.snapshots import Header, Image, State
from migrator.snapshots.changes import Change, Event
from migrator.snapshots.manifest import sha256_of, values_of

_ROOM = 20  # lines of one kind of event; --verbose shows all
_ORDER = (Change.LOST, Change.HELD, Change.CHANGED, Change.BACK, Change.NEW)


def backup_text(done: BackedUp, place: str, *, width: int = 80, full: bool = False) -> str:
    """The end of a backup: one line for what there is, one for each event.

    New images of a first backup are only counted, unless ``full``.
    """
    header = done.header
    lines = wrapped(_achievement(done, for_terminal(place)), width)
    by_change = {change: [e for e in done.events if e.change is change] for change in _ORDER}
    if header.previous is None and not full:
        by_change[Change.NEW] = []
    for events in by_change.values():
        shown = events if full else events[:_ROOM]
        lines += [line for each in shown for line in _told(each, width)]
        if len(events) > len(shown):
            lines.append(f"  ... and {len(events) - len(shown):,} more (--verbose shows all)")
    lines += [
        f"  {for_terminal(post.name)}: {post.reason.words} {for_terminal(post.detail)}".rstrip()
        for post in done.posts
    ]
    lines += [for_terminal(redact(warning)) for warning in done.warnings]
    if done.unseen:
        others = counted(done.unseen, "image")
        lines.append(f"Of these, {others} of posts that were not looked at: as before.")
    lines += _standing(done)
    return "\n".join(lines) + "\n"


def backup_json(done: BackedUp, place: str) -> str:
    """The same as one JSON object; ``events`` are what changed, each with its line of the snapshot.

    See ``docs/reference/json.md``.
    """
    header = asdict(done.header)
    header["snapshot"] = header.pop("name")
    events = [{"change": each.change.value, **values_of(each.image)} for each in done.events]
    posts = [
        {"path": post.name, "reason": post.reason, "detail": post.detail} for post in done.posts
    ]
    warnings = [redact(warning) for warning in done.warnings]
    return encoded(
        {"command": "backup", "store": place, **header, "events": events, "posts": posts}
        | {"unseen": done.unseen, "warnings": warnings}
    )


_STATES = {
    State.NEW: "stored",
    State.CHANGED: "stored",
    State.UNCHANGED: "reused",
    State.LOST: "failed",
    State.HELD: "held",
}


def backup_report(done: BackedUp, place: str) -> Report:
    """All of it as a report of a run, for a page to look at; ``place`` names the vault."""
    images = Images(lambda: map(_image, done.images))
    posts = tuple(
        PostReport(post.name, "skipped", 0, post.reason, post.detail) for post in done.posts
    )
    return Report(
        run=done.header.name,
        command="backup",
        dry_run=False,
        started=done.header.started,
        finished=done.header.finished,
        counts=tally((image.state for image in images), posts),
        images=images,
        posts=posts,
        warnings=done.warnings,
        store=place,
    )


def snapshots_text(headers: Sequence[Header], place: str) -> str:
    """The snapshots, oldest first, a line for each; times are UTC."""
    if not headers:
        return f"There is no backup in {for_terminal(place)} yet.\n"
    lines = [
        f"{header.name:20} {counted(header.images, 'image'):>14}  {size(header.size):>9}"
        f"  {_counted(header.counts)}"
        for header in headers
    ]
    return "\n".join(map(for_terminal, lines)) + "\n"


def snapshots_json(headers: Iterable[Header]) -> str:
    """The same as a JSON array."""
    return encoded([asdict(header) for header in headers])


def _image(image: Image) -> ImageReport:
    """What posts show is a copy, and where something else came in its place, that."""
    suspect = sha256_of(image.suspect) if image.suspect else None
    copied = f"the copy of {(image.fetched or '')[:10]} is kept" if image.sha256 else ""
    detail = "; ".join(filter(None, [image.detail, copied if image.reason else ""]))
    return ImageReport(
        url=image.url,
        state=_STATES[image.state],
        reason=image.reason,
        detail=detail,
        sha256=suspect if image.state is State.HELD else image.sha256,
        size=None if suspect else image.size,
        media_type=image.media_type,
        width=None if suspect else image.width,
        height=None if suspect else image.height,
        key=image.suspect or image.object,
        references=tuple(Place(each.path, each.line) for each in image.references),
        source=image.source,
    )


def _achievement(done: BackedUp, place: str) -> str:
    header = done.header
    fetched = [e.image for e in done.events if e.change in (Change.NEW, Change.CHANGED)]
    new = sum({each.sha256: each.size or 0 for each in fetched}.values())
    moved = f", {size(new)} fetched" if new else ""
    return (
        f"Backed up {counted(header.images, 'image')} to {place}: "
        f"{_counted(header.counts) or 'posts show none'}{moved}."
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts.get(state, 0):,} {state}" for state in State if counts.get(state))


def _told(event: Event, width: int) -> list[str]:
    image = event.image
    place = "".join(f" in {each.path}:{each.line}" for each in image.references[:1])
    head = f"  {event.change.value:8}"
    lines = [head + short_url(image.url, max(20, width - len(head)))]
    if place:
        lines.append(f"{'':10}{for_terminal(place.strip())}")
    if event.change in (Change.LOST, Change.HELD):
        kept = f"; the copy of {(image.fetched or '')[:10]} is kept" if image.sha256 else ""
        words = Reason(image.reason).words if image.reason else ""
        lines.append(f"{'':10}{words}{kept}")
    if event.change is Change.HELD:
        suspect = sha256_of(image.suspect) if image.suspect else None
        name = group_name(image.reason, image.url, suspect)
        lines.append(f"{'':10}if it is right: migrator accept {for_terminal(name)}")
    return lines


def _standing(done: BackedUp) -> list[str]:
    """What was lost or held before already."""
    told = {each.image.url_sha256 for each in done.events}
    old = [each for each in done.images if each.state in (State.LOST, State.HELD)]
    states = Counter(each.state for each in old if each.url_sha256 not in told)
    since = min((each.since or "" for each in old if each.url_sha256 not in told), default="")
    if not states:
        return []
    words = " and ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
    return [f"As before: {words}, the first since {since[:10]}."]
