"""The command that deletes what old runs and old backups keep: prune."""

from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.keeping import From
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_common(prune))


def _kept(what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="N", min=0, help=f"Keep a snapshot of each of the last N {what} that have one."
    )
    return option


def prune(
    *,
    older_than: Annotated[
        int,
        typer.Option(
            metavar="DAYS", min=0, max=99_999, help="Only runs that ended longer ago than this."
        ),
    ] = 90,
    keep_daily: Annotated[int | None, _kept("days")] = None,
    keep_weekly: Annotated[int | None, _kept("weeks")] = None,
    keep_monthly: Annotated[int | None, _kept("months")] = None,
    place: From = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
    common: Common,
) -> int:
    """Delete what old runs keep, and old backups nobody needs.

    Nothing else deletes them. Of posts, originals go, so that these runs cannot be rolled back; the
    newest that can be keeps its own, and so does every file that holds what another program saved.
    Of a backup, snapshots go that no --keep option or [backup] keep_daily, keep_weekly or
    keep_monthly wants, never the newest, nor the last to mention an image that is lost or held. The
    images that only they had go with the next prune, a day later. Without any such number, backups
    are left alone.

    Examples:

        migrator prune --dry-run

        migrator prune --keep-daily 7 --keep-weekly 5 --keep-monthly 12

        migrator prune --older-than 365

    Exit status: 0, or 2 wrong usage, 5 a snapshot is damaged (then nothing is deleted), 6 no
    permission, 7 another run is at work, 8 the store refused.
    """
    from migrator.cli import ending
    from migrator.cli.asked import Asked, stored_at
    from migrator.cli.pruning import Pruning
    from migrator.cli.session import confirmed, opened
    from migrator.interruption import listening
    from migrator.snapshots.retention import Keep

    vault = stored_at("--from", place)
    with opened(common, Asked("prune", "", **common.kept())) as session:
        given = (keep_daily, keep_weekly, keep_monthly)
        own = session.settings.backup
        keep = Keep(own.keep_daily, own.keep_weekly, own.keep_monthly)
        if any(number is not None for number in given):
            keep = Keep(*(number or 0 for number in given))
        with Pruning.of(session, older_than, keep, vault) as pruning:
            found = pruning.found()
            if found and not dry_run:
                say(found.text(done=False), err=True, nl=False)
                if not yes and not confirmed("Delete them for good?"):
                    say("Nothing was deleted.", err=True)
                    return ending.DECLINED
                with session.working() as ledger, listening() as stop:
                    found = pruning.carried_out(ledger, stop)
            done = bool(found) and not dry_run
            text = found.json(done=done) if json else found.text(done=done)
            say(text.rstrip("\n"))
    return 0
