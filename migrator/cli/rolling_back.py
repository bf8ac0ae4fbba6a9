"""How a rollback goes: show what can be put back and what not, ask, put back, report."""

import sys
from dataclasses import asdict, replace

from migrator.cli import ending
from migrator.cli.asked import Asked
from migrator.cli.change import Show
from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import Session, at_site, history, nothing_recorded
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run
from migrator.reasons import Reason
from migrator.report.diff import unified
from migrator.report.escape import for_terminal
from migrator.report.history import intention
from migrator.report.screen import color
from migrator.report.summary import PostReport, Report
from migrator.rollback import Standing, roll_back, run_to_roll_back, standings
from migrator.state import Site


def rolled_back(asked: Asked, common: Common, show: Show, *, run: Run | None = None) -> int:
    """Put back the posts of the run that was asked for; ``run``, if given, was interrupted in it.

    Returns the exit status.
    """
    with at_site(common) as session:
        with history(session.site) as past:  # where nothing ran, no state folder is made
            if past is None:
                raise nothing_recorded()
            if show.dry_run:
                report = _intended(session, past, asked, dry_run=True)
                return _shown(report, asked, common, show)
        with session.working() as ledger:
            report = _intended(session, ledger, asked, dry_run=False)
            if run or any(post.state == "planned" for post in report.posts):
                if not asked.yes and not ending.agreed(report):
                    return ending.DECLINED
                undone = run_to_roll_back(ledger, asked.run)
                kept = asdict(replace(asked, run=undone.name))
                undoing = run or ledger.begin("rollback", kept, undoes=undone)

                def work(stop: Stop) -> None:
                    roll_back(session.site, ledger, undoing, undone, session.listener, stop)
                    if undone.finished is None:  # there is nothing to go on with any more
                        ledger.finish(undone)

                report = ending.carried_out(ledger, undoing, work, ending.broken(json=show.json))
            return _shown(report, asked, common, show)


def _shown(report: Report, asked: Asked, common: Common, show: Show) -> int:
    """Show the end of the command; returns its exit status."""
    next_command = ending.continuing(report, asked.typed)
    ending.show(report, json=show.json, next_command=next_command, full=common.verbose)
    return ending.status(report)


def _intended(session: Session, ledger: Ledger, asked: Asked, *, dry_run: bool) -> Report:
    """What would be put back; shows how the posts that must stay differ from their originals."""
    posts = []
    for standing in standings(session.site, ledger, run_to_roll_back(ledger, asked.run)):
        swap, obstacle = standing.swap, standing.obstacle
        state = obstacle.state if obstacle else "planned"
        posts.append(PostReport(swap.name, state, swap.edits, obstacle))
        if obstacle:
            say(_difference(standing, session.site, ledger), err=True, nl=False, styled=True)
    return intention("rollback", posts, dry_run=dry_run)


def _difference(standing: Standing, site: Site, ledger: Ledger) -> str:
    original, current = standing.original, standing.current
    name = for_terminal(standing.swap.name)
    if later := ledger.changed_later(standing.swap):
        return f"{name} was changed again by {later}; first: migrator rollback {later}\n"
    if original is None:
        return f"{name}: our copy of the original is gone or damaged.\n"
    if current is None:
        return f"{name}: the post was deleted or renamed since.\n"
    if current == original:
        return f"{name} is as it was before the run already.\n"
    if standing.obstacle != Reason.POST_CHANGED:
        return ""  # the report has it
    diff = unified(standing.swap.name, original, current, color=color(sys.stderr))
    kept = for_terminal(str(site.original(standing.swap.run.name, standing.swap.name)))
    return (
        f"{name} was edited since, and so it stays. What it was before: {kept}\n"
        f"From there to the post as it is now:\n{diff}"
    )
