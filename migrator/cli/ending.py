"""How a command ends: what it shows, the command that continues, the exit status."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import typer

from migrator.errors import MigratorError
from migrator.ledger import Ledger, Run
from migrator.reasons import Reason
from migrator.report.history import report_of
from migrator.report.json import report_json
from migrator.report.summary import Report
from migrator.report.text import summary_text

_BUGS = {Reason.INTERNAL, Reason.SELF_CHECK}
_AS_ASKED = {Reason.OPT_OUT}  # posts that stay because somebody wants them to


def width(stream: TextIO) -> int:
    """How many columns text on ``stream`` may have."""
    return shutil.get_terminal_size().columns if stream.isatty() else 80


def color(stream: TextIO) -> bool:
    """Whether text on ``stream`` may be coloured (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def show(report: Report, typed: Sequence[str], *, json: bool, full: bool) -> None:
    """Print the end of a command on standard output; ``typed`` are its arguments."""
    if json:
        typer.echo(report_json(report))
    else:
        _print(report, _continuing(report, typed), full=full)


def status(report: Report) -> int:
    """The exit status of a run that came to its end: the most severe of its parts."""
    reasons = {image.reason for image in report.images} | {post.reason for post in report.posts}
    if reasons & _BUGS:
        return 1
    if any(post.state == "conflict" for post in report.posts):
        return 4
    stayed = report.counts["failed"] + report.counts["held"]
    left = any(post.reason and post.reason not in _AS_ASKED for post in report.posts)
    return 3 if stayed or left else 0


def declined() -> int:
    """The user said no to the question."""
    typer.echo("Nothing was changed.", err=True)
    return 130


@contextmanager
def telling(ledger: Ledger, run: Run, *, json: bool, store: str = "") -> Iterator[None]:
    """When something ends ``run`` early, show what it did and how to go on."""
    try:
        yield
    except MigratorError:
        report = report_of(ledger, run, store=store)
        if json:
            typer.echo(report_json(report))
        else:
            _print(report, "migrator resume", full=False)
        raise


def _print(report: Report, next_command: str | None, *, full: bool) -> None:
    typer.echo(summary_text(report, next_command, width=width(sys.stdout), full=full), nl=False)


def _continuing(report: Report, typed: Sequence[str]) -> str | None:
    command = " ".join(["migrator", report.command, *map(shlex.quote, typed)])
    if report.command == "rollback" and not report.dry_run:
        return None  # trying again does not help against an edit
    if report.dry_run:
        planned = any(post.state == "planned" for post in report.posts)
        return command if planned else None
    if any(image.reason and Reason(image.reason).retry for image in report.images):
        return f"{command} --only-failed"
    return command if any(post.state == "conflict" for post in report.posts) else None
