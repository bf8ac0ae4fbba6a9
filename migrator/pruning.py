"""Lets go of what old runs keep: the originals of posts, and the files taken out of their place.

The only code that deletes what a run kept. A file whose bytes are nowhere else stays: a save that
another program made into a file we had taken out of its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator import durable
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.posts import kept_files
from migrator.state import Site


@dataclass(frozen=True, slots=True)
class Old:
    """One old run: the files it keeps, their size in bytes, and those that stay even so."""

    run: Run
    files: tuple[Path, ...]
    size: int
    staying: tuple[Path, ...]


def old_runs(site: Site, ledger: Ledger, days: int) -> Iterator[Old]:
    """The runs that ended more than ``days`` days ago and still keep something, oldest first.

    The newest run that could be rolled back is not among them, however old it is.
    """
    limit = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    newest = ledger.last_change()
    for run in ledger.runs():
        if run.finished is None or run.finished >= limit or (newest and run.id == newest.id):
            continue
        files: list[Path] = []
        staying: list[Path] = []
        for swap in ledger.swaps(run):
            keep, drop = _sorted(site, swap)
            staying += keep
            files += drop
        if files or staying:
            size = sum(path.stat().st_size for path in files)
            yield Old(run, tuple(files), size, tuple(staying))


def prune(site: Site, ledger: Ledger, old: Old, stop: Stop) -> None:
    """Delete the files of ``old``; from then on its run cannot be rolled back.

    Raises:
        Interrupted: a signal came; pruning again goes on.
    """
    stop.check()
    ledger.pruned(old.run)  # first, so that a crash here leaves files too many and none too few
    for path in old.files:
        stop.check()
        path.unlink(missing_ok=True)
        if path.is_relative_to(site.state):
            _remove_empty(path.parent, site.state)


def _sorted(site: Site, swap: Swap) -> tuple[list[Path], list[Path]]:
    """The kept files of a post whose bytes nobody else has, and the others."""
    keep: list[Path] = []
    drop: list[Path] = []
    for path in kept_files(site, swap):
        (drop if durable.sha256_at(path) == swap.before else keep).append(path)
    return keep, drop


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top:
        try:
            folder.rmdir()
        except OSError:  # not empty
            return
        folder = folder.parent
