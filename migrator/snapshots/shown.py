"""What posts show now: the images that a backup is about, and where they stand."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from migrator.config import ScanSettings
from migrator.events import Listener
from migrator.interruption import Stop
from migrator.model import Post, SkippedPost
from migrator.plan import Plan, Wanted, make_plan
from migrator.reading import read_posts
from migrator.scanner.hosts import selected
from migrator.snapshots.manifest import Shown, name_of
from migrator.state import Site


def plan_of(
    paths: Sequence[Path],
    site: Site,
    settings: ScanSettings,
    listener: Listener,
    now: datetime,
    stop: Stop,
) -> Plan:
    """The images that posts at ``paths`` show: its tasks are those that a backup keeps.

    Raises:
        Interrupted: a signal came.
    """

    def posts() -> Iterator[Post | SkippedPost]:
        for post in read_posts(paths, site, settings, listener):
            stop.check()
            yield post

    wanted = Wanted(
        selected=lambda url: selected(url, settings.hosts, settings.skip_hosts), now=now
    )
    return make_plan(posts(), wanted, {})


def shown_by(plan: Plan) -> Mapping[str, tuple[Shown, ...]]:
    """Where posts show each image of ``plan``, by ``url_sha256``."""
    places: dict[str, list[Shown]] = defaultdict(list)
    for mention in plan.mentions:
        places[name_of(mention.image)].append(Shown(mention.post, mention.line))
    return {name: tuple(found) for name, found in places.items()}
