"""The command that deletes what old runs kept: prune."""

from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_common(prune))


def prune(
    *,
    older_than: Annotated[
        int,
        typer.Option(metavar="DAYS", min=0, help="Only runs that ended longer ago than this."),
    ] = 90,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
    common: Common,
) -> int:
    """Delete the originals of posts that old runs kept; they can then no longer be put back.

    Nothing else deletes them. The newest run that can be rolled back keeps its own, and so does
    every file that holds what another program saved. Images and posts are not touched.

    Examples:

        migrator prune --dry-run

        migrator prune --older-than 365

    Exit status: 0, or 2 wrong usage, 6 no permission, 7 another run is at work.
    """
    from migrator.cli.session import at_site, confirmed, history
    from migrator.interruption import listening
    from migrator.pruning import old_runs
    from migrator.pruning import prune as let_go
    from migrator.report.old import old_json, old_text

    with at_site(common) as session:
        with history(session.site) as ledger:
            found = list(old_runs(session.site, ledger, older_than)) if ledger else []
        files = sum(len(each.files) for each in found)
        if files and not dry_run:
            say(old_text(found, done=False), err=True, nl=False)
            if not yes and not confirmed("Delete them for good?"):
                say("Nothing was deleted.", err=True)
                return 130
            with session.working() as ledger, listening() as stop:
                found = list(old_runs(session.site, ledger, older_than))
                for each in found:
                    let_go(session.site, ledger, each, stop)
        done = bool(files) and not dry_run
        text = old_json(found, done=done) if json else old_text(found, done=done)
        say(text.rstrip("\n"))
    return 0
