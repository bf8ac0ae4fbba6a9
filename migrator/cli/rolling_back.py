"""How a rollback goes: show what can be put back and what not, ask, put back."""

import sys

import typer

from migrator.cli import ending
from migrator.cli.options import Common
from migrator.cli.session import Session, confirmed, history, opened
from migrator.errors import UsageError
from migrator.ledger import Ledger, Run
from migrator.report.diff import unified
from migrator.report.history import intention, report_of
from migrator.report.summary import PostReport, Report
from migrator.report.text import plan_text
from migrator.rollback import Standing, roll_back, run_to_roll_back, standings


def rolled_back(
    name: str,
    common: Common,
    *,
    json: bool,
    yes: bool,
    dry_run: bool = False,
    run: Run | None = None,
) -> int:
    """Put back the posts of the run ``name``; ``run``, if given, was interrupted in it.

    Returns the exit status.
    """
    with opened(common) as session:
        with history(session.site) as past:
            if past is None:
                raise UsageError("no run has changed anything here yet")
            if dry_run:
                report = _intended(session, past, run_to_roll_back(past, name), dry_run=True)
                ending.show(report, [], json=json, full=common.verbose)
                return ending.status(report)
        with session.working() as ledger:
            undone = run_to_roll_back(ledger, name)
            report = _intended(session, ledger, undone, dry_run=False)
            if run or any(post.state == "planned" for post in report.posts):
                if not yes:
                    typer.echo(plan_text(report, width=ending.width(sys.stderr)), err=True)
                if not confirmed("Go ahead?", yes=yes):
                    return ending.declined()
                arguments = {"run": undone.name, "common": common.kept()}
                run = run or ledger.begin("rollback", arguments, undoes=undone)
                with ending.telling(ledger, run, json=json):
                    roll_back(session.site, ledger, run, undone, session.listener, session.stop)
                    run = ledger.finish(run)
                report = report_of(ledger, run)
            ending.show(report, [], json=json, full=common.verbose)
            return ending.status(report)


def _intended(session: Session, ledger: Ledger, run: Run, *, dry_run: bool) -> Report:
    """What would be put back; shows how the posts that must stay differ from their originals."""
    posts = []
    for standing in standings(session.site, ledger, run):
        swap, obstacle = standing.swap, standing.obstacle
        state = "conflict" if obstacle else "planned"
        posts.append(PostReport(swap.name, state, swap.edits, obstacle))
        if obstacle:
            typer.echo(_difference(standing), err=True, nl=False)
    return intention("rollback", posts, dry_run=dry_run)


def _difference(standing: Standing) -> str:
    name, original, current = standing.swap.name, standing.original, standing.current
    if original is None:
        return f"{name}: our copy of the original is gone or damaged.\n"
    if current is None:
        return f"{name}: the post was deleted or renamed since.\n"
    diff = unified(name, original, current, color=ending.color(sys.stderr))
    return f"{name} was edited since; from the original to the post as it is now:\n{diff}"
