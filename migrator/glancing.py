"""Asks hosts what they say of images before these are asked for: sizes, and what will fail."""

from collections import Counter
from collections.abc import Iterable

from migrator.config import Settings
from migrator.events import Listener, SizeAsked, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.model import Glance, TransferTask
from migrator.transfer import Transfer
from migrator.urls import identity, on_hosts


def glances(
    tasks: Iterable[TransferTask],
    transfer: Transfer,
    settings: Settings,
    listener: Listener,
    seconds: float,
) -> dict[str, Glance]:
    """What is said of each image that is new, by canonical URL; no body is fetched.

    After so many ``seconds`` nobody is asked any more, and the others are not in it.
    """
    new = [task for task in tasks if not task.is_known]
    said: dict[str, Glance] = {}
    with stage(listener, "sizes", len(new), asked_hosts(new)):
        for asked in in_threads(
            transfer.glance, new, settings.download, transfer.host, Stop(seconds)
        ):
            for task, glance in asked:
                said[identity(task.url)] = glance
                listener(SizeAsked(task.url))
    return said


def asked_hosts(tasks: Iterable[TransferTask]) -> Counter[str]:
    """How many images each host is asked for."""
    return on_hosts(task.url for task in tasks if not task.is_known and not task.kept)
