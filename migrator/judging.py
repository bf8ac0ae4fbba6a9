"""Asks hosts again where that shows which of a run's images are not what posts mean."""

import secrets
from collections.abc import Iterable, Sequence

from migrator.config import Settings
from migrator.events import HostChecked, Listener, stage
from migrator.executors import in_threads
from migrator.interruption import Stop
from migrator.model import Asset, Held, PastImage, Stored
from migrator.placeholders import held_back
from migrator.reasons import Reason
from migrator.served import Probe
from migrator.transfer import Transfer
from migrator.urls import host


def wrong_pictures(
    stored: Iterable[Stored],
    earlier: Iterable[PastImage],
    transfer: Transfer,
    settings: Settings,
    listener: Listener,
    stop: Stop,
) -> tuple[Sequence[Held], tuple[str, ...]]:
    """What came for an image and is probably another, judged over all that came.

    Beside it what the user should know of hosts that could not be judged well. ``earlier`` is what
    is known of other images; see `migrator.placeholders.held_back`.

    Raises:
        Interrupted: a signal came.
    """
    safety = settings.safety
    if safety.placeholders == "allow":
        return (), ()

    def ask(probes: Sequence[Probe]) -> dict[Probe, Asset | Reason]:
        answers = {}
        with stage(listener, "check", len(probes)):
            for asked in in_threads(transfer.peek, probes, settings.download, _host_asked, stop):
                for probe, answer in asked:
                    answers[probe] = answer
                    listener(HostChecked(probe.url))
        return answers

    return held_back(
        stored,
        earlier,
        ask,
        hosts=transfer.hosts,
        known=safety.known_placeholders,
        accepted=transfer.accepted,
        made_up=lambda: secrets.token_hex(8),
    )


def _host_asked(probe: Probe) -> str:
    return host(probe.url) or ""
