"""Puts back the posts of a run: byte for byte, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from migrator.errors import UsageError
from migrator.events import Listener, stage
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.posts import PostWriter
from migrator.reasons import Reason
from migrator.rewriter import durable
from migrator.state import Site


@dataclass(frozen=True, slots=True)
class Standing:
    """How one post of a run stands now.

    ``original`` is what the run found, ``None`` where our copy is gone or damaged; ``current`` is
    ``None`` where the post is gone.
    """

    swap: Swap
    original: bytes | None
    current: bytes | None

    @property
    def obstacle(self) -> Reason | None:
        """Why the post cannot be put back; ``None``: it can, it is exactly as the run left it."""
        if self.original is None:
            return Reason.ORIGINAL_MISSING
        ours = self.current is not None and sha256(self.current).hexdigest() == self.swap.after
        return None if ours else Reason.POST_CHANGED


def run_to_roll_back(ledger: Ledger, name: str | None) -> Run:
    """The run with this name, or the newest that changed posts and was not put back.

    Raises:
        UsageError: there is none.
    """
    run = ledger.run(name) if name else ledger.last_change()
    if run is None:
        raise UsageError("no run has changed posts that could be put back", "See: migrator runs")
    return run


def standings(site: Site, ledger: Ledger, run: Run) -> Iterator[Standing]:
    """How the posts that ``run`` changed stand now."""
    for swap in ledger.swaps(run, state="rewritten"):
        original = _original(site.original(run.name, swap.name), swap.before)
        yield Standing(swap, original, _read(site.post(swap.name)))


def roll_back(
    site: Site, ledger: Ledger, undoing: Run, run: Run, listener: Listener, stop: Stop
) -> None:
    """Put back the posts of ``run`` as the run ``undoing``; those with an obstacle stay.

    Safe to repeat after an interruption: what is put back is no longer among the standings.
    """
    writer = PostWriter(site, ledger, undoing, listener)
    with stage(listener, "rollback"):
        for standing in standings(site, ledger, run):
            stop.check()
            swap, original, obstacle = standing.swap, standing.original, standing.obstacle
            if original is None or obstacle:
                writer.leave(swap.name, obstacle or Reason.ORIGINAL_MISSING)
            else:
                writer.replace(swap.name, swap.after, original, {}, edits=swap.edits)


def _original(place: Path, before: str) -> bytes | None:
    """The bytes with this SHA-256 that were kept at ``place``, or there under a number."""
    for path in durable.names(place):
        found = durable.sha256_at(path)
        if found in {before, None}:
            return path.read_bytes() if found else None
    return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
