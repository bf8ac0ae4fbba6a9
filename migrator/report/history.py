"""From the ledger, or from a plan, to a report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import Any

from migrator.ledger import Ledger, Run, now
from migrator.model import Asset, Failed, Glance
from migrator.plan import Plan
from migrator.report.quantities import counted
from migrator.report.summary import (
    ImageReport,
    Images,
    PastRun,
    Place,
    PostReport,
    Report,
    tally,
)
from migrator.urls import identity, is_external, without_fragment

_NO_GLANCE = Glance()
_NONE: tuple[str, Iterator[Any]] = ("", iter(()))


def report_of(
    ledger: Ledger, run: Run, *, store: str = "", warnings: tuple[str, ...] = ()
) -> Report:
    """What ``run`` did, as the ledger has it; ``store`` names the store for people."""
    images = Images(lambda: _images(ledger, run))
    posts = tuple(
        PostReport(
            row["name"],
            "interrupted" if row["state"] == "intended" else row["state"],
            row["edits"],
            row["reason"],
            row["detail"],
        )
        for row in ledger.post_rows(run)
    )
    return Report(
        run=run.name,
        command=run.command,
        dry_run=False,
        started=run.started,
        finished=run.finished,
        counts=tally(ledger.tallies(run)[0], posts),
        images=images,
        posts=posts,
        warnings=warnings,
        store=store,
        notes=_notes(posts),
    )


def _notes(posts: Iterable[PostReport]) -> tuple[str, ...]:
    details = Counter(post.detail for post in posts if post.state == "rewritten" and post.detail)
    return tuple(f"{counted(number, 'post')}: {detail}" for detail, number in details.items())


def _images(ledger: Ledger, run: Run) -> Iterator[ImageReport]:
    """The images of ``run``, each with its mentions, for both come in the same order."""
    mentions = groupby(ledger.mention_rows(run), lambda row: row["url"])
    url, rows = next(mentions, _NONE)
    for row in ledger.image_rows(run):
        places: tuple[Place, ...] = ()
        if url == row["canonical"]:
            places = tuple(Place(each["name"], each["line"], each["new_url"]) for each in rows)
            url, rows = next(mentions, _NONE)
        yield ImageReport(
            url=row["url"],
            state=row["state"],
            reason=row["reason"],
            detail=row["detail"],
            sha256=row["sha256"],
            size=row["size"],
            media_type=row["media_type"],
            width=row["width"],
            height=row["height"],
            key=row["key"],
            new_url=_address(places),
            references=places,
            source=row["source"],
        )


def _address(places: Sequence[Place]) -> str | None:
    """The image's new address, if it is one that readers everywhere can use."""
    new_urls = (without_fragment(place.new_url) for place in places if place.new_url)
    return next(filter(is_external, new_urls), None)


def plan_report(
    plan: Plan,
    command: str,
    *,
    dry_run: bool,
    store: str,
    origin: str = "",
    glances: Mapping[str, Glance] = MappingProxyType({}),
    failing: Iterable[Failed] = (),
) -> Report:
    """What a run would do; ``glances`` is what hosts say of images, by canonical URL.

    ``failing`` are tasks of which it is known already that they fail.
    """
    mentions: dict[str, list[Place]] = defaultdict(list)
    edits: Counter[str] = Counter()
    hopeless = {identity(each.url): each for each in failing}
    moving = {image for task in plan.tasks if (image := identity(task.url)) not in hopeless}
    for image, post, line in plan.mentions:
        mentions[image].append(Place(post, line))
        if image in moving:
            edits[post] += 1
    images = [
        _planned(task.url, glances, mentions, known.asset if known else None)
        for task in plan.tasks
        if identity(task.url) in moving
        for known in [plan.ready(task).known]
    ]
    images += [
        ImageReport(each.url, "failed", each.reason, each.detail, references=tuple(mentions[image]))
        for image, each in hopeless.items()
    ]
    images += [
        ImageReport(
            each.url,
            "skipped",
            each.reason,
            references=tuple(mentions[identity(each.url)]),
        )
        for each in plan.skipped
    ]
    posts = [
        PostReport(each.name, "planned", edits[each.name])
        for each in plan.posts
        if edits[each.name]
    ]
    posts += [PostReport(each.name, "skipped", 0, each.reason, each.detail) for each in plan.left]
    report = intention(command, posts, images, dry_run=dry_run, warnings=plan.warnings, store=store)
    return replace(report, origin=origin)


def intention(
    command: str,
    posts: Sequence[PostReport],
    images: Sequence[ImageReport] = (),
    *,
    dry_run: bool,
    warnings: tuple[str, ...] = (),
    store: str = "",
) -> Report:
    """A report of what is not, or not yet, a run."""
    return Report(
        run=None,
        command=command,
        dry_run=dry_run,
        started=now(),
        finished=now(),
        counts=tally((image.state for image in images), posts),
        images=images,
        posts=tuple(posts),
        warnings=warnings,
        store=store,
    )


def past_runs(ledger: Ledger) -> list[PastRun]:
    """The history, oldest first."""
    return [_past(run, *ledger.tallies(run)) for run in ledger.runs()]


def _past(run: Run, images: Counter[str], posts: Counter[str]) -> PastRun:
    put_back = posts["rolled-back"] and not posts["rewritten"]
    ended = "pruned" if run.pruned else "finished" if run.finished else "interrupted"
    return PastRun(
        run=run.name,
        command=run.command,
        state="rolled-back" if put_back else ended,
        started=run.started,
        finished=run.finished,
        images=images["stored"] + images["reused"],
        posts=posts["rewritten"] + posts["rolled-back"],
    )


def _planned(
    url: str,
    glances: Mapping[str, Glance],
    mentions: Mapping[str, list[Place]],
    asset: Asset | None,
) -> ImageReport:
    image = identity(url)
    glance = glances.get(image, _NO_GLANCE)
    return ImageReport(
        url,
        "planned",
        reason=None if asset else glance.reason,
        sha256=asset.sha256 if asset else None,
        size=asset.size if asset else glance.size,
        media_type=asset.media_type if asset else None,
        width=asset.width if asset else None,
        height=asset.height if asset else None,
        references=tuple(mentions[image]),
    )
