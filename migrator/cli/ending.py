"""How a command goes from its plan to its end: ask, carry out, show, exit status."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from migrator.cli.screen import say
from migrator.cli.session import confirmed
from migrator.errors import MigratorError
from migrator.interruption import Stop, listening
from migrator.ledger import Ledger, Run
from migrator.reasons import UNMET, Reason
from migrator.report.history import report_of
from migrator.report.json import report_json
from migrator.report.screen import width
from migrator.report.summary import Report
from migrator.report.text import plan_text, summary_text

DECLINED = 130  # as after Ctrl-C at the question

_BUGS = {Reason.INTERNAL, Reason.SELF_CHECK}
_AS_ASKED = {Reason.OPT_OUT}  # posts that stay because somebody wants them to


def agreed(planned: Report) -> bool:
    """Show what is about to happen, and ask."""
    say(plan_text(planned, width=width(sys.stderr)), err=True)
    if confirmed("Go ahead?"):
        return True
    say("Nothing was changed.", err=True)
    return False


def carried_out(
    ledger: Ledger,
    run: Run,
    work: Callable[[Stop], tuple[str, ...] | None],
    broke: Callable[[Report], None],
    *,
    store: str = "",
    warnings: tuple[str, ...] = (),
) -> Report:
    """Do ``work``, which returns more ``warnings``, as ``run``; returns what it did.

    ``store`` names the store for people.

    Raises:
        MigratorError: from ``work``, after ``broke`` was told what it did.
    """
    try:
        with listening() as stop:
            warnings += work(stop) or ()
            run = ledger.finish(run)
    except MigratorError:
        report = report_of(ledger, run, store=store)
        with suppress(OSError):  # where nobody can read it, the end is still what it is
            broke(report)
        raise
    return report_of(ledger, run, store=store, warnings=warnings)


def show(
    report: Report, *, json: bool, next_command: str | None = None, full: bool = False
) -> None:
    """Print the end of a command on standard output."""
    if json:
        for piece in report_json(report):
            say(piece, nl=False)
        say("")
    else:
        text = summary_text(report, next_command, width=width(sys.stdout), full=full)
        say(text, nl=False)


def broken(*, json: bool) -> Callable[[Report], None]:
    """What shows how far a run came that could not go on."""
    return partial(show, json=json, next_command="migrator resume")


def status(report: Report) -> int:
    """The exit status of a run that came to its end: the most severe of its parts."""
    reasons = {image.reason for image in report.unmoved} | {post.reason for post in report.posts}
    if reasons & _BUGS:
        return 1
    if Reason.BACKUP_DAMAGED in reasons:
        return 5
    if any(post.state == "conflict" for post in report.posts):
        return 4
    stayed = report.counts["failed"] + report.counts["held"]
    left = any(post.reason and post.reason not in _AS_ASKED for post in report.posts)
    return 3 if stayed or left or reasons & UNMET or report.warnings else 0


def continuing(report: Report, typed: str) -> str | None:
    """The one command that goes on, if there is anything to go on with."""
    if report.dry_run:
        todo = report.counts["planned"] or any(post.state == "planned" for post in report.posts)
        return typed if todo else None
    if report.command == "rollback":
        return None  # trying again does not help against an edit
    if any(image.reason and Reason(image.reason).retry for image in report.unmoved):
        return only_failed(report.command, typed)
    if any(post.state == "conflict" for post in report.posts):
        return typed
    return "migrator accept" if report.counts["held"] else None


def only_failed(command: str, typed: str) -> str:
    """The ``command`` that was ``typed``, for what failed or was held, if it can be told so."""
    able = command == "migrate" and "--only-failed" not in typed
    return f"{typed} --only-failed" if able else typed
