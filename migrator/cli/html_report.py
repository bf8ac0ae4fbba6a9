"""The report as a file: see that it can be written, write it, and say so."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from migrator import durable
from migrator.cli.screen import say
from migrator.errors import UsageError
from migrator.ledger import Ledger
from migrator.posts import original_of
from migrator.redact import redact
from migrator.report.diff import unified
from migrator.report.escape import for_terminal
from migrator.report.html import MARK, Picture, page
from migrator.report.quantities import size
from migrator.report.summary import Report
from migrator.scanner.source import decode
from migrator.state import Site

_HEAD = 2048  # bytes in which a page of ours says what it is


def check(file: Path) -> None:
    """See that a report can go to ``file``, before any work is done for it.

    Raises:
        UsageError: its folder is not there, or something else is there that would be lost.
    """
    if not file.parent.is_dir():
        raise UsageError(f"--html {file}: there is no folder {file.parent}", "Make it first.")
    if not os.path.lexists(file):
        return
    content = durable.content_at(file)
    if content is None or (content and MARK.encode() not in content[:_HEAD]):
        raise UsageError(
            f"--html {file}: a file of that name is there, and it is no report of Migrator",
            "Choose another name, such as --html report.html",
        )


def write(
    file: Path,
    report: Report,
    next_command: str | None,
    diffs: Iterable[tuple[str, str]],
    pictured: AbstractContextManager[tuple[Picture, str]],
) -> None:
    """Write ``report`` to ``file``, whole or not at all, and say where it is.

    ``pictured`` gives its pictures, and why some are missing.

    Raises:
        EnvironmentProblem: it cannot be written.
        Interrupted: a signal came while pictures were made.
    """
    with pictured as (picture, trouble), durable.problems_told(file):
        parts = page(report, next_command, picture=picture, diffs=diffs, trouble=trouble)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as out:
                out.writelines(parts)
            draft.chmod(0o666 & ~_umask())
            draft.replace(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    if trouble:
        say(f"Note: {for_terminal(redact(trouble))}", err=True)
    say(f"Report: {for_terminal(str(file))} ({size(file.stat().st_size)})", err=True)


def diffs_of(site: Site, ledger: Ledger, run: str | None) -> Iterator[tuple[str, str]]:
    """What the run of this name changed in each post, if both versions are still there."""
    if run is None:
        return
    later = {(swap.name, swap.before): swap for swap in ledger.swaps()}
    for swap in ledger.swaps(ledger.run(run)):
        before, after = original_of(site, swap), durable.content_at(site.post(swap.name))
        if after is None or durable.sha256(after) != swap.after:
            again = later.get((swap.name, swap.after))
            after = original_of(site, again) if again else None
        if before is not None and after is not None:
            yield swap.name, diff_of(swap.name, before, after)


def diff_of(name: str, before: bytes, after: bytes) -> str:
    """The unified diff of the post of this name."""
    return unified(name, before, after, encoding=decode(before).encoding)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
