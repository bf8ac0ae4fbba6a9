"""Puts back the posts of a run: byte for byte, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from migrator import durable
from migrator.errors import UsageError
from migrator.events import Listener, stage
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.posts import PostWriter, original_of
from migrator.reasons import Reason
from migrator.rewriter.gate import Refused, refusal
from migrator.state import Site


@dataclass(frozen=True, slots=True)
class Standing:
    """How one post of a run stands now.

    ``original`` is what the run found, ``None`` where our copy is gone or damaged; ``current`` is
    ``None`` where the post is gone, or no file. ``refused``: the file may not be replaced.
    """

    swap: Swap
    original: bytes | None
    current: bytes | None
    refused: Refused | None = None

    @property
    def obstacle(self) -> Reason | None:
        """Why the post cannot be put back; ``None``: it can, it is exactly as the run left it."""
        if self.original is None:
            return Reason.ORIGINAL_MISSING
        if self.current is None or sha256(self.current).hexdigest() != self.swap.after:
            return Reason.POST_CHANGED
        return self.refused.reason if self.refused else None


def run_to_roll_back(ledger: Ledger, name: str) -> Run:
    """The run with this name; without one the newest that changed posts and was not put back.

    Raises:
        UsageError: there is none, or it is itself a rollback.
    """
    run = ledger.run(name) if name else ledger.last_change()
    if run is None:
        raise UsageError("no run has changed posts that could be put back", "See: migrator runs")
    if run.pruned:
        raise UsageError(
            f"the originals of {run.name} were let go of (migrator prune, {run.pruned[:10]})",
            "Its posts stay as they are; newer runs can still be put back: migrator runs",
        )
    if run.undoes is not None:
        raise UsageError(
            f"{run.name} is itself a rollback", "To move the images again: migrator migrate"
        )
    return run


def standings(site: Site, ledger: Ledger, run: Run) -> Iterator[Standing]:
    """How the posts that ``run`` changed stand now."""
    for swap in ledger.swaps(run, state="rewritten"):
        post = site.post(swap.name)
        current = durable.content_at(post)
        yield Standing(swap, original_of(site, swap), current, refusal(post))


def roll_back(
    site: Site, ledger: Ledger, undoing: Run, run: Run, listener: Listener, stop: Stop
) -> None:
    """Put back the posts of ``run`` as the run ``undoing``; those with an obstacle stay.

    Safe to repeat after an interruption: what is put back is no longer among the standings.

    Raises:
        Interrupted: a signal came.
    """
    writer = PostWriter(site, ledger, undoing, listener)
    with stage(listener, "rollback"):
        for standing in standings(site, ledger, run):
            stop.check()
            swap, original, obstacle = standing.swap, standing.original, standing.obstacle
            if original is None or obstacle:
                detail = standing.refused.detail if standing.refused else ""
                writer.leave(swap.name, obstacle or Reason.ORIGINAL_MISSING, detail)
            else:
                writer.replace(swap.name, swap.after, original, edits=swap.edits)
